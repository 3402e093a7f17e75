// SPDX-License-Identifier: MIT
// The ELF file of init, as the kernel reads it. It may panic; when it does not, no segment may reach
// out of the file, out of user memory, or be writable and executable.
#include "boot/init_image.h"

#include <stdlib.h>

#include "arch/host/host.h"
#include "input.h"
#include "kozo/abi.h"

constexpr physical_t BASE = 4 * ARCH_PAGE_SIZE;

static physical_t end;
static struct init_image image;

static void read_image(void)
{
    image = init_image_read(BASE, end);
}

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_segment(const struct init_segment *segment)
{
    constexpr unsigned write_execute = KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;

    demand(segment->file >= BASE && segment->file <= end);
    demand(segment->file_size <= end - segment->file);
    demand(segment->address < ARCH_USER_END && segment->file_size < ARCH_USER_END);
    demand(segment->zero_size < ARCH_USER_END);
    demand(segment->address + segment->file_size + segment->zero_size <= ARCH_USER_END);
    demand((segment->address | segment->file_size | segment->zero_size) % ARCH_PAGE_SIZE == 0);
    demand((segment->rights & write_execute) != write_execute);
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size < 16 * ARCH_PAGE_SIZE ? size : 16 * ARCH_PAGE_SIZE};

    end = BASE + (input.left + ARCH_PAGE_SIZE - 1) / ARCH_PAGE_SIZE * ARCH_PAGE_SIZE;
    (void)input_take(&input, arch_window(BASE), end - BASE);
    if (host_panic_of(read_image) != nullptr) {
        return 0;
    }
    demand(image.segments <= INIT_SEGMENTS);
    for (unsigned i = 0; i < image.segments; i++) {
        check_segment(&image.segment[i]);
    }
    return 0;
}
