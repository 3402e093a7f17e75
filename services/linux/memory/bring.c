// SPDX-License-Identifier: MIT
// Brings pages: what a page fault of a program asks for, and linuxd's own look at a program's memory. Around the page that is
// needed others come along, the more the longer a program goes upward through an area.
#include "../core/errno.h"
#include "../core/store.h"
#include "../file/file.h"
#include "pages.h"
#include "sheet.h"

#include <kozo/rights.h>

// What is to be brought: the page at `address`, and others in its sheet that are not there, around it.
struct errand {
    struct space *space;
    struct area *area;
    struct sheet *sheet;
    uint64_t address; // of the page
    area_rights access;
};

static bool is_shared(const struct area *area)
{
    return (area->kind & AREA_SHARED) != 0;
}

// The rights of a page that may be written, or of one that may not. The kernel maps nothing to be written and executed: an area
// that is both shows each page the way it was touched last.
static uint32_t rights_of(const struct errand *errand, bool writable)
{
    area_rights rights = errand->area->rights;
    if (writable && (rights & AREA_WRITE) != 0 &&
        ((rights & AREA_EXECUTE) == 0 || errand->access != AREA_EXECUTE)) {
        return KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
    }
    return KOZO_RIGHT_READ | ((rights & AREA_EXECUTE) != 0 ? KOZO_RIGHT_EXECUTE : 0);
}

// How many pages from the one that is needed may come along: in its sheet and area, and not there yet.
static uint32_t room_above(const struct errand *errand, uint32_t most)
{
    size_t index = sheet_index(errand->address);
    uint64_t left = (errand->area->end - errand->address) / PAGE_BYTES;
    uint64_t taken = errand->sheet->present >> index;
    uint64_t room = SHEET_PAGES - index;
    if (taken != 0 && (uint64_t)__builtin_ctzl(taken) < room) {
        room = (uint64_t)__builtin_ctzl(taken);
    }
    room = room < left ? room : left;
    return (uint32_t)(room < most ? room : most);
}

static uint32_t room_below(const struct errand *errand, uint32_t most)
{
    size_t index = sheet_index(errand->address);
    uint32_t room = 0;
    while (room < most && room < index && (errand->sheet->present >> (index - room - 1) & 1) == 0 &&
           errand->address - room * PAGE_BYTES > errand->area->start) {
        room++;
    }
    return room;
}

static bool show(const struct errand *errand, size_t index, page_number page, uint32_t count,
                 bool writable)
{
    return sheet_show(errand->space, errand->sheet,
                      &(struct show){.index = index,
                                     .page = page,
                                     .count = count,
                                     .rights = rights_of(errand, writable),
                                     .shared = is_shared(errand->area)}) == 0;
}

// --- Anonymous memory -------------------------------------------------------------------------------

// As many pages as there are in one run, at most `count`; fewer when memory is short.
static page_number take_run(uint32_t *count)
{
    unsigned order = 31u - (unsigned)__builtin_clz(*count);
    while (true) {
        page_number page = pages_take(order);
        if (page != 0 || order == 0) {
            *count = 1u << order;
            return page;
        }
        order--;
    }
}

static enum bring bring_zeros(struct errand *errand)
{
    struct area *area = errand->area;
    if (errand->address == area->next_touch && area->window < AREA_WINDOW_MOST) {
        area->window = (uint16_t)(area->window * 2);
    }
    uint32_t count = room_above(errand, area->window);
    page_number page = take_run(&count);
    if (page == 0) {
        return BRING_NO_MEMORY;
    }
    pages_clear(page_bytes(page), count);
    area->next_touch = errand->address + count * PAGE_BYTES;
    return show(errand, sheet_index(errand->address), page, count, true) ? BRING_DONE
                                                                         : BRING_NO_MEMORY;
}

// A page that others see too becomes the program's own.
static enum bring bring_copy(struct errand *errand, page_number from)
{
    page_number page = pages_take(0);
    if (page == 0) {
        return BRING_NO_MEMORY;
    }
    page_copy(page, from);
    return show(errand, sheet_index(errand->address), page, 1, true) ? BRING_DONE : BRING_NO_MEMORY;
}

// --- Files ------------------------------------------------------------------------------------------

// The same page as is there, with more rights: its own Mapping gives them, unless they are beyond its bound.
static enum bring show_again(const struct errand *errand, const struct page_run *run)
{
    pages_drop(run->page, (uint32_t)(run->size / PAGE_BYTES));
    bool writable = is_shared(errand->area) && run->writable;
    return sheet_allow(errand->space, errand->sheet, sheet_index(errand->address),
                       rights_of(errand, writable), is_shared(errand->area)) == 0
               ? BRING_DONE
               : BRING_NO_MEMORY;
}

static bool is_there(const struct errand *errand, page_number page)
{
    size_t index = sheet_index(errand->address);
    return (errand->sheet->present >> index & 1) != 0 && errand->sheet->page[index] == page;
}

// Shows what lies around the address of pages of a file. Takes over the counts of the whole run.
static enum bring show_file(struct errand *errand, const struct page_run *run)
{
    const struct area *area = errand->area;
    uint64_t offset = area->offset + (errand->address - area->start);
    uint32_t before = (uint32_t)((offset - run->start) / PAGE_BYTES);
    if (is_there(errand, run->page + before)) {
        return show_again(errand, run);
    }
    uint32_t pages = (uint32_t)(run->size / PAGE_BYTES);
    constexpr uint32_t most = 16;
    uint32_t below = room_below(errand, before < most ? before : most);
    uint32_t after = pages - before;
    uint32_t count = below + room_above(errand, after < most ? after : most);
    if (count == below) {
        // The page is there already, to be shown anew with more rights.
        below = 0;
        count = 1;
    }
    uint32_t first = before - below;
    pages_drop(run->page, first);
    pages_drop(run->page + first + count, pages - first - count);
    bool writable = is_shared(area) && run->writable;
    return show(errand, sheet_index(errand->address) - below, run->page + first, count, writable)
               ? BRING_DONE
               : BRING_NO_MEMORY;
}

static enum bring failure(int64_t error)
{
    return error == -ENOMEM ? BRING_NO_MEMORY : BRING_BEYOND;
}

// Asks the file, which may wait. Whatever was known of the space is looked up again afterwards.
static enum bring bring_file(struct errand *errand)
{
    struct space *space = errand->space;
    struct file *file = errand->area->file;
    uint64_t offset = errand->area->offset + (errand->address - errand->area->start);
    bool write = errand->access == AREA_WRITE;
    bool shared = is_shared(errand->area);
    struct page_run run = {};
    file_keep(file);
    int64_t error = file_pages(file, offset, write && shared, &run);
    file_drop(file);
    if (error != 0) {
        return failure(error);
    }
    struct area *area = space_area(space, errand->address);
    bool same = area != nullptr && area->file == file && is_shared(area) == shared &&
                area->offset + (errand->address - area->start) == offset;
    errand->area = area;
    errand->sheet = same ? sheet_make(space, errand->address) : nullptr;
    if (errand->sheet == nullptr) {
        pages_drop(run.page, (uint32_t)(run.size / PAGE_BYTES));
        return same ? BRING_NO_MEMORY : BRING_DONE;
    }
    if (write && !shared) {
        page_number page = run.page + (page_number)((offset - run.start) / PAGE_BYTES);
        enum bring result = bring_copy(errand, page);
        pages_drop(run.page, (uint32_t)(run.size / PAGE_BYTES));
        return result;
    }
    return show_file(errand, &run);
}

// --- What is there ----------------------------------------------------------------------------------

static enum bring bring_present(struct errand *errand)
{
    struct sheet *sheet = errand->sheet;
    size_t index = sheet_index(errand->address);
    page_number page = sheet->page[index];
    bool shared = is_shared(errand->area);
    if (errand->access != AREA_WRITE) {
        // It has the right in its area, but is mapped without: after a change of rights, or in an area that is both.
        bool writable = (sheet->writable >> index & 1) != 0 && errand->access != AREA_EXECUTE;
        return sheet_allow(errand->space, sheet, index, rights_of(errand, writable), shared) == 0
                   ? BRING_DONE
                   : BRING_NO_MEMORY;
    }
    if (shared) {
        return bring_file(errand);
    }
    if (page_count(page) == 1) {
        return sheet_allow(errand->space, sheet, index, rights_of(errand, true), false) == 0
                   ? BRING_DONE
                   : BRING_NO_MEMORY;
    }
    page_keep(page);
    enum bring result = bring_copy(errand, page);
    page_drop(page);
    return result;
}

static bool allows(const struct area *area, area_rights access)
{
    // Whoever may write or execute may read, on x86.
    return access == AREA_READ ? area->rights != 0 : (area->rights & access) != 0;
}

enum bring space_bring(struct space *space, uint64_t address, area_rights access)
{
    struct area *area = space_area(space, address);
    if (area == nullptr) {
        return BRING_UNMAPPED;
    }
    if (!allows(area, access)) {
        return BRING_FORBIDDEN;
    }
    struct errand errand = {
        .space = space,
        .area = area,
        .sheet = sheet_make(space, address),
        .address = address & ~(PAGE_BYTES - 1),
        .access = access,
    };
    space->faults++;
    if (errand.sheet == nullptr) {
        return BRING_NO_MEMORY;
    }
    if ((errand.sheet->present >> sheet_index(address) & 1) != 0) {
        return bring_present(&errand);
    }
    return area->file != nullptr ? bring_file(&errand) : bring_zeros(&errand);
}

bool space_is_present(struct space *space, uint64_t address)
{
    const struct sheet *sheet = sheet_find(space, address);
    return sheet != nullptr && (sheet->present >> sheet_index(address) & 1) != 0;
}

// What is on a sheet has at least the right to be read, unless its area lost it.
static inline uint8_t *reach_present(struct space *space, uint64_t address, bool write)
{
    const struct sheet *sheet = sheet_find(space, address);
    size_t index = sheet_index(address);
    if (sheet == nullptr || ((write ? sheet->writable : sheet->present) >> index & 1) == 0) {
        return nullptr;
    }
    if (!write) {
        const struct area *area = space_area(space, address);
        if (area == nullptr || area->rights == 0) {
            return nullptr;
        }
    }
    return (uint8_t *)page_bytes(sheet->page[index]) + address % PAGE_BYTES;
}

// By bringing what is not there yet, or is there for reading only.
[[gnu::noinline]] static uint8_t *bring_and_reach(struct space *space, uint64_t address, bool write)
{
    constexpr int attempts = 8; // others may take away what was brought, while this waited for more
    for (int i = 0; i < attempts; i++) {
        if (space_bring(space, address, write ? AREA_WRITE : AREA_READ) != BRING_DONE) {
            return nullptr;
        }
        uint8_t *byte = reach_present(space, address, write);
        if (byte != nullptr) {
            return byte;
        }
    }
    return nullptr;
}

uint8_t *space_reach(struct space *space, uint64_t address, bool write)
{
    uint8_t *byte = reach_present(space, address, write);
    return byte != nullptr ? byte : bring_and_reach(space, address, write);
}
