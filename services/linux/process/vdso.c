// SPDX-License-Identifier: MIT
// The vDSO as a file of two pages, which all processes map.
#include "vdso.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../file/file.h"
#include "../memory/backing.h"
#include "../memory/space.h"

#include <kozo/abi.h>
#include <kozo/clock.h>
#include <string.h>

extern const uint8_t vdso_image_start[], vdso_image_end[];

constexpr size_t PAGES = 2;

static page_number pages[PAGES];

static int64_t vdso_pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    (void)file;
    (void)write;
    size_t number = offset / PAGE_BYTES;
    if (number >= PAGES) {
        return -ENXIO;
    }
    page_keep(pages[number]);
    *run = (struct page_run){
        .start = number * PAGE_BYTES,
        .size = PAGE_BYTES,
        .page = pages[number],
    };
    return 0;
}

static const struct file_operations operations = {.kind = "[vdso]", .pages = vdso_pages};

static void fill(void)
{
    struct kozo_clock_fraction fraction = kozo_clock_fraction();
    struct kozo_linux_process_page *page = page_bytes(pages[1]);
    memcpy(page_bytes(pages[0]), vdso_image_start, (size_t)(vdso_image_end - vdso_image_start));
    page->version = KOZO_LINUX_PAGE_VERSION;
    page->clock = (struct kozo_linux_clock){
        .scale = fraction.scale,
        .shift = fraction.shift,
        .realtime = clock_realtime_base(),
    };
}

// Made once, and kept.
static struct file *vdso_file(void)
{
    static struct file *file;
    if (file != nullptr) {
        return file;
    }
    pages[0] = page_take();
    pages[1] = page_take();
    if (pages[0] == 0 || pages[1] == 0) {
        return nullptr;
    }
    fill();
    file = file_make(&operations, 0, nullptr);
    return file;
}

int64_t vdso_map(struct space *space)
{
    struct file *file = vdso_file();
    if (file == nullptr) {
        return -ENOMEM;
    }
    int64_t at = space_map(space, 0, PAGES * PAGE_BYTES, PLACE_HINT, AREA_READ,
                           AREA_SHARED | AREA_SYSTEM, file, 0);
    if (at < 0) {
        return at;
    }
    space->vdso = (uint64_t)at;
    return space_protect(space, (uint64_t)at, PAGE_BYTES, AREA_READ | AREA_EXECUTE);
}
