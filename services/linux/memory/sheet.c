// SPDX-License-Identifier: MIT
#include "sheet.h"

#include "../core/errno.h"
#include "../core/objects.h"
#include "../core/store.h"
#include "pages.h"

#include <kozo/rights.h>

constexpr unsigned SPACE_ORDER = 7; // log2 of the bytes of an AddressSpace

// The memory of an AddressSpace, used again and again.
struct nest {
    struct nest *next;
    uint64_t untyped;
    uint64_t space;
};

static struct nest *nests;

// --- The kernel's objects ---------------------------------------------------------------------------

static struct nest *take_nest(void)
{
    struct nest *nest = nests;
    if (nest != nullptr) {
        nests = nest->next;
        return nest;
    }
    nest = store_take(sizeof *nest);
    if (nest == nullptr) {
        return nullptr;
    }
    nest->untyped = objects_nest(SPACE_ORDER);
    nest->space = objects_slot();
    if (nest->untyped == 0 || nest->space == 0) {
        store_give(nest, sizeof *nest);
        return nullptr;
    }
    return nest;
}

static void give_nest(struct nest *nest)
{
    // Also takes what threads hold of it; revoking in slots of one's own can't fail.
    (void)kozo_cnode_revoke((struct kozo_slot){nest->untyped});
    nest->next = nests;
    nests = nest;
}

bool space_open(struct space *space)
{
    struct nest *nest = take_nest();
    if (nest == nullptr) {
        return false;
    }
    enum kozo_error error =
        kozo_untyped_retype((struct kozo_untyped){nest->untyped}, KOZO_TYPE_ADDRESS_SPACE, 0,
                            (struct kozo_slot){nest->space}, 1);
    space->handle.handle = nest->space;
    if (error == KOZO_OK) {
        error = kozo_pool_attach(held.pool, space->handle);
    }
    if (error == KOZO_NO_MEMORY && objects_feed(held.pool)) {
        error = kozo_pool_attach(held.pool, space->handle);
    }
    if (error != KOZO_OK) {
        give_nest(nest);
        return false;
    }
    space->nest = nest;
    return true;
}

// --- Blocks of Mappings -----------------------------------------------------------------------------

static void block_link(struct space *space, struct block *block)
{
    struct block **first = &space->blocks[block->shared];
    block->previous = nullptr;
    block->next = *first;
    if (*first != nullptr) {
        (*first)->previous = block;
    }
    *first = block;
}

static void block_unlink(struct space *space, struct block *block)
{
    *(block->previous == nullptr ? &space->blocks[block->shared] : &block->previous->next) =
        block->next;
    if (block->next != nullptr) {
        block->next->previous = block->previous;
    }
}

constexpr mapping_number NO_MAPPING = 0;

// A free slot. Blocks with free ones stand first.
static mapping_number mapping_take(struct space *space, bool shared)
{
    struct block *block = space->blocks[shared];
    if (block == nullptr || block->taken == UINT64_MAX) {
        block = block_make(shared);
        if (block == nullptr) {
            return NO_MAPPING;
        }
        block_link(space, block);
    }
    uint32_t slot = (uint32_t)__builtin_ctzl(~block->taken);
    block->taken |= 1ul << slot;
    if (block->taken == UINT64_MAX && block->next != nullptr && block->next->taken != UINT64_MAX) {
        struct block *next = block->next;
        block_unlink(space, next);
        block_link(space, next);
    }
    return block->first + slot;
}

static void mapping_give(struct space *space, mapping_number number)
{
    struct block *block = block_of(number);
    bool full = block->taken == UINT64_MAX;
    block->taken &= ~(1ul << number % BLOCK_SLOTS);
    if (full && block->previous != nullptr) {
        block_unlink(space, block);
        block_link(space, block);
    }
}

static void mapping_delete(struct space *space, mapping_number number)
{
    // Deleting from a slot of linuxd's own can't fail.
    (void)kozo_cnode_delete((struct kozo_slot){mapping_slot(number)});
    mapping_give(space, number);
}

// A program's page is no more shown by a Mapping, whose entry there is gone by now.
static void mapping_leave(struct space *space, mapping_number number)
{
    struct mapping *mapping = mapping_at(number);
    mapping->live--;
    if (mapping->live == 0) {
        mapping_delete(space, number);
    }
}

static enum kozo_error mapping_change(mapping_number number, uint64_t address, uint64_t length,
                                      uint32_t rights)
{
    struct kozo_mapping mapping = {mapping_slot(number)};
    uint64_t offset = address - mapping_at(number)->address;
    enum kozo_error error = kozo_mapping_set(mapping, offset, length, rights);
    if (error == KOZO_NO_MEMORY && objects_feed(held.pool)) {
        error = kozo_mapping_set(mapping, offset, length, rights);
    }
    return error;
}

// --- Sheets -----------------------------------------------------------------------------------------

static struct sheet *sheet_of(struct tree_node *node)
{
    return TREE_OWNER(node, struct sheet, node);
}

static uint64_t base_of(uint64_t address)
{
    return address & ~(SHEET_BYTES - 1);
}

struct sheet *sheet_find(struct space *space, uint64_t address)
{
    uint64_t base = base_of(address);
    struct sheet *sheet = space->last_sheet;
    if (sheet != nullptr && sheet->node.key == base) {
        return sheet;
    }
    sheet = sheet_of(tree_floor(&space->sheets, base));
    if (sheet == nullptr || sheet->node.key != base) {
        return nullptr;
    }
    space->last_sheet = sheet;
    return sheet;
}

struct sheet *sheet_make(struct space *space, uint64_t address)
{
    struct sheet *sheet = sheet_find(space, address);
    if (sheet == nullptr) {
        sheet = store_take(sizeof *sheet);
        if (sheet == nullptr) {
            return nullptr;
        }
        sheet->node.key = base_of(address);
        tree_insert(&space->sheets, &sheet->node);
        space->last_sheet = sheet;
    }
    return sheet;
}

static void sheet_free(struct space *space, struct sheet *sheet)
{
    tree_remove(&space->sheets, &sheet->node);
    if (space->last_sheet == sheet) {
        space->last_sheet = nullptr;
    }
    store_give(sheet, sizeof *sheet);
}

static uint64_t address_of(const struct sheet *sheet, size_t index)
{
    return sheet->node.key + index * PAGE_BYTES;
}

static uint64_t bits(size_t first, size_t count)
{
    if (count == 0 || first >= SHEET_PAGES) {
        return 0;
    }
    return (count >= SHEET_PAGES ? UINT64_MAX : (1ul << count) - 1) << first;
}

int64_t sheet_show(struct space *space, struct sheet *sheet, const struct show *show)
{
    mapping_number number = mapping_take(space, show->shared);
    if (number == NO_MAPPING) {
        pages_drop(show->page, show->count);
        return -ENOMEM;
    }
    struct kozo_slot slot = {mapping_slot(number)};
    uint64_t address = address_of(sheet, show->index);
    enum kozo_error error;
    int attempts = 0;
    do {
        error = kozo_frame_map(page_frame(show->page), slot, space->handle, address,
                               page_offset(show->page), show->count * PAGE_BYTES,
                               kozo_rights(show->rights));
    } while (error == KOZO_NO_MEMORY && attempts++ < 2 && objects_feed(held.pool));
    if (error != KOZO_OK) {
        mapping_give(space, number);
        pages_drop(show->page, show->count);
        return -ENOMEM;
    }
    *mapping_at(number) = (struct mapping){
        .address = address,
        .pages = show->count,
        .live = (uint16_t)show->count,
        .rights = (uint8_t)show->rights,
    };
    for (size_t i = 0; i < show->count; i++) {
        size_t at = show->index + i;
        if ((sheet->present >> at & 1) != 0) {
            mapping_leave(space, sheet->mapping[at]);
            page_drop(sheet->page[at]);
        } else {
            space->resident++;
        }
        sheet->page[at] = show->page + (page_number)i;
        sheet->mapping[at] = number;
    }
    uint64_t all = bits(show->index, show->count);
    sheet->present |= all;
    sheet->writable =
        (show->rights & KOZO_RIGHT_WRITE) != 0 ? sheet->writable | all : sheet->writable & ~all;
    return 0;
}

int64_t sheet_allow(struct space *space, struct sheet *sheet, size_t index, uint32_t rights,
                    bool shared)
{
    mapping_number number = sheet->mapping[index];
    if ((rights & ~(uint32_t)mapping_at(number)->rights) != 0) {
        page_keep(sheet->page[index]);
        return sheet_show(space, sheet,
                          &(struct show){.index = index,
                                         .page = sheet->page[index],
                                         .count = 1,
                                         .rights = rights,
                                         .shared = shared});
    }
    if (mapping_change(number, address_of(sheet, index), PAGE_BYTES, rights) != KOZO_OK) {
        return -ENOMEM;
    }
    uint64_t bit = 1ul << index;
    sheet->writable =
        (rights & KOZO_RIGHT_WRITE) != 0 ? sheet->writable | bit : sheet->writable & ~bit;
    return 0;
}

// How many pages from `index` on, of those in `wanted`, are shown by the same Mapping.
static size_t run_length(const struct sheet *sheet, uint64_t wanted, size_t index)
{
    size_t end = index + 1;
    while (end < SHEET_PAGES && (wanted >> end & 1) != 0 &&
           sheet->mapping[end] == sheet->mapping[index]) {
        end++;
    }
    return end - index;
}

// Of those, how many are pages that follow one another.
static size_t page_run(const struct sheet *sheet, size_t index, size_t length)
{
    size_t count = 1;
    while (count < length && sheet->page[index + count] == sheet->page[index] + count) {
        count++;
    }
    return count;
}

static void drop_pages(const struct sheet *sheet, size_t index, size_t length)
{
    while (length > 0) {
        size_t count = page_run(sheet, index, length);
        pages_drop(sheet->page[index], (uint32_t)count);
        index += count;
        length -= count;
    }
}

static void release_run(struct space *space, struct sheet *sheet, size_t index, size_t length)
{
    mapping_number number = sheet->mapping[index];
    struct mapping *mapping = mapping_at(number);
    mapping->live = (uint16_t)(mapping->live - length);
    if (mapping->live == 0) {
        mapping_delete(space, number);
    } else {
        // A part of one's own Mapping is cleared; nothing is split but what Mapping.set may take from the Pool, and
        // then the whole of it is taken away, and its other pages come back as they are touched.
        (void)mapping_change(number, address_of(sheet, index), length * PAGE_BYTES, 0);
    }
    drop_pages(sheet, index, length);
    sheet->present &= ~bits(index, length);
    sheet->writable &= ~bits(index, length);
    space->resident -= length;
}

static void release(struct space *space, struct sheet *sheet, uint64_t wanted)
{
    wanted &= sheet->present;
    while (wanted != 0) {
        size_t index = (size_t)__builtin_ctzl(wanted);
        size_t length = run_length(sheet, wanted, index);
        release_run(space, sheet, index, length);
        wanted &= ~bits(index, length);
    }
    if (sheet->present == 0) {
        sheet_free(space, sheet);
    }
}

// The pages of a sheet that lie in a range.
static uint64_t part_of(const struct sheet *sheet, uint64_t start, uint64_t end)
{
    uint64_t base = sheet->node.key;
    size_t first = start <= base ? 0 : (start - base) / PAGE_BYTES;
    size_t last = end >= base + SHEET_BYTES ? SHEET_PAGES : (end - base) / PAGE_BYTES;
    return bits(first, last - first);
}

static struct sheet *first_sheet(const struct space *space, uint64_t start, uint64_t end)
{
    struct sheet *sheet = sheet_of(tree_ceiling(&space->sheets, base_of(start)));
    return sheet != nullptr && sheet->node.key < end ? sheet : nullptr;
}

static struct sheet *next_sheet(const struct sheet *sheet, uint64_t end)
{
    struct sheet *next = sheet_of(tree_next(&sheet->node));
    return next != nullptr && next->node.key < end ? next : nullptr;
}

uint64_t space_resident(const struct space *space, uint64_t start, uint64_t end)
{
    uint64_t count = 0;
    for (const struct sheet *sheet = first_sheet(space, start, end); sheet != nullptr;
         sheet = next_sheet(sheet, end)) {
        count += (uint64_t)__builtin_popcountl(part_of(sheet, start, end) & sheet->present);
    }
    return count;
}

void sheets_release(struct space *space, uint64_t start, uint64_t end)
{
    struct sheet *sheet = first_sheet(space, start, end);
    while (sheet != nullptr) {
        struct sheet *next = next_sheet(sheet, end);
        release(space, sheet, part_of(sheet, start, end));
        sheet = next;
    }
}

// --- Rights -----------------------------------------------------------------------------------------

// The rights that a page gets when its area has these. What is to be noticed first is left out.
static uint32_t rights_of(const struct area *area, const struct sheet *sheet, size_t index)
{
    if (area->rights == 0) {
        return 0;
    }
    uint32_t rights = KOZO_RIGHT_READ;
    if ((area->rights & AREA_EXECUTE) != 0) {
        return rights | KOZO_RIGHT_EXECUTE;
    }
    if ((area->rights & AREA_WRITE) != 0) {
        bool own = (area->kind & AREA_SHARED) != 0 ? (sheet->writable >> index & 1) != 0
                                                   : page_count(sheet->page[index]) == 1;
        rights |= own ? KOZO_RIGHT_WRITE : 0;
    }
    return rights;
}

static int64_t protect_run(struct space *space, struct sheet *sheet, size_t index, size_t length,
                           uint32_t rights, bool shared)
{
    mapping_number number = sheet->mapping[index];
    if ((rights & ~(uint32_t)mapping_at(number)->rights) != 0) {
        while (length > 0) {
            size_t count = page_run(sheet, index, length);
            for (size_t i = 0; i < count; i++) {
                page_keep(sheet->page[index + i]);
            }
            int64_t error = sheet_show(space, sheet,
                                       &(struct show){.index = index,
                                                      .page = sheet->page[index],
                                                      .count = (uint32_t)count,
                                                      .rights = rights,
                                                      .shared = shared});
            if (error != 0) {
                return error;
            }
            index += count;
            length -= count;
        }
        return 0;
    }
    if (mapping_change(number, address_of(sheet, index), length * PAGE_BYTES, rights) != KOZO_OK) {
        return -ENOMEM;
    }
    uint64_t all = bits(index, length);
    sheet->writable =
        (rights & KOZO_RIGHT_WRITE) != 0 ? sheet->writable | all : sheet->writable & ~all;
    return 0;
}

static int64_t protect(struct space *space, struct sheet *sheet, const struct area *area)
{
    uint64_t wanted = part_of(sheet, area->start, area->end) & sheet->present;
    while (wanted != 0) {
        size_t index = (size_t)__builtin_ctzl(wanted);
        size_t most = run_length(sheet, wanted, index);
        uint32_t rights = rights_of(area, sheet, index);
        size_t length = 1;
        while (length < most && rights_of(area, sheet, index + length) == rights) {
            length++;
        }
        int64_t error =
            protect_run(space, sheet, index, length, rights, (area->kind & AREA_SHARED) != 0);
        if (error != 0) {
            return error;
        }
        wanted &= ~bits(index, length);
    }
    return 0;
}

int64_t sheets_protect(struct space *space, const struct area *area)
{
    for (struct sheet *sheet = first_sheet(space, area->start, area->end); sheet != nullptr;
         sheet = next_sheet(sheet, area->end)) {
        int64_t error = protect(space, sheet, area);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

// What can't be changed for want of memory is taken away, and comes back as it is touched.
static void guard(struct space *space, struct sheet *sheet, uint64_t wanted)
{
    wanted &= sheet->writable;
    while (wanted != 0) {
        size_t index = (size_t)__builtin_ctzl(wanted);
        size_t length = run_length(sheet, wanted, index);
        if (protect_run(space, sheet, index, length, KOZO_RIGHT_READ, true) != 0) {
            release_run(space, sheet, index, length);
        }
        wanted &= ~bits(index, length);
    }
    if (sheet->present == 0) {
        sheet_free(space, sheet);
    }
}

void sheets_guard(struct space *space, uint64_t start, uint64_t end)
{
    struct sheet *sheet = first_sheet(space, start, end);
    while (sheet != nullptr) {
        struct sheet *next = next_sheet(sheet, end);
        guard(space, sheet, part_of(sheet, start, end));
        sheet = next;
    }
}

// --- Moving -----------------------------------------------------------------------------------------

static int64_t move_one(struct space *space, struct sheet *sheet, size_t index, uint64_t to,
                        bool shared)
{
    struct sheet *target = sheet_make(space, to);
    if (target == nullptr) {
        return -ENOMEM;
    }
    const struct area *area = space_area(space, to);
    bool writable = (sheet->writable >> index & 1) != 0;
    bool executable = (area->rights & AREA_EXECUTE) != 0;
    uint32_t rights = KOZO_RIGHT_READ | (writable ? KOZO_RIGHT_WRITE : 0) |
                      (executable && !writable ? KOZO_RIGHT_EXECUTE : 0);
    page_keep(sheet->page[index]);
    return sheet_show(space, target,
                      &(struct show){.index = sheet_index(to),
                                     .page = sheet->page[index],
                                     .count = 1,
                                     .rights = rights,
                                     .shared = shared});
}

int64_t sheets_move(struct space *space, uint64_t from, uint64_t size, uint64_t to, bool shared)
{
    struct sheet *sheet = first_sheet(space, from, from + size);
    while (sheet != nullptr) {
        struct sheet *next = next_sheet(sheet, from + size);
        uint64_t wanted = part_of(sheet, from, from + size) & sheet->present;
        for (; wanted != 0; wanted &= wanted - 1) {
            size_t index = (size_t)__builtin_ctzl(wanted);
            uint64_t target = to + (address_of(sheet, index) - from);
            int64_t error = move_one(space, sheet, index, target, shared);
            if (error != 0) {
                return error;
            }
        }
        sheet = next;
    }
    return 0;
}

// --- Fork -------------------------------------------------------------------------------------------

static bool clone_block(struct space *to, struct block *block)
{
    struct block *twin = block_make(block->shared);
    if (twin == nullptr) {
        return false;
    }
    block->twin = twin;
    twin->taken = block->taken;
    block_link(to, twin);
    for (size_t i = 0; i < BLOCK_SLOTS; i++) {
        twin->mapping[i] = block->mapping[i];
    }
    uint64_t count = BLOCK_SLOTS - (uint64_t)__builtin_clzl(block->taken);
    uint32_t rights = KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE | (block->shared ? KOZO_RIGHT_WRITE : 0);
    uint64_t done = 0;
    uint64_t offset = 0;
    while (true) {
        struct kozo_address_space_clone_result result = kozo_address_space_clone(
            to->handle, done, offset, (struct kozo_slot){mapping_slot(block->first)},
            (struct kozo_slot){mapping_slot(twin->first)}, count, rights);
        if (result.error == KOZO_OK) {
            return true;
        }
        if (result.error != KOZO_NO_MEMORY || !objects_feed(held.pool)) {
            return false;
        }
        done = result.done;
        offset = result.offset;
    }
}

static bool clone_blocks(struct space *to, struct space *from)
{
    for (size_t kind = 0; kind < 2; kind++) {
        for (struct block *block = from->blocks[kind]; block != nullptr; block = block->next) {
            if (block->taken != 0 && !clone_block(to, block)) {
                return false;
            }
        }
    }
    return true;
}

// Copies a sheet; private pages may be written by neither any more.
static bool clone_sheet(struct space *to, struct sheet *sheet)
{
    struct sheet *copy = store_take(sizeof *copy);
    if (copy == nullptr) {
        return false;
    }
    copy->node.key = sheet->node.key;
    for (uint64_t left = sheet->present; left != 0; left &= left - 1) {
        size_t index = (size_t)__builtin_ctzl(left);
        mapping_number number = sheet->mapping[index];
        const struct block *block = block_of(number);
        copy->page[index] = sheet->page[index];
        copy->mapping[index] = block->twin->first + number % BLOCK_SLOTS;
        page_keep(sheet->page[index]);
        if (!block->shared) {
            sheet->writable &= ~(1ul << index);
        }
    }
    copy->present = sheet->present;
    copy->writable = sheet->writable;
    tree_insert(&to->sheets, &copy->node);
    to->resident += (uint64_t)__builtin_popcountl(copy->present);
    return true;
}

// Nothing of the parent is given up when memory runs out half way: its pages are then merely mapped with fewer rights than
// they could have, and a write finds that they are its own.
static void withdraw(struct space *from)
{
    for (struct tree_node *node = tree_first(&from->sheets); node != nullptr;
         node = tree_next(node)) {
        struct sheet *sheet = sheet_of(node);
        for (uint64_t left = sheet->writable; left != 0; left &= left - 1) {
            size_t index = (size_t)__builtin_ctzl(left);
            if (!block_of(sheet->mapping[index])->shared) {
                sheet->writable &= ~(1ul << index);
            }
        }
    }
}

bool sheets_clone(struct space *to, struct space *from)
{
    if (!clone_blocks(to, from)) {
        withdraw(from);
        return false;
    }
    for (struct tree_node *node = tree_first(&from->sheets); node != nullptr;
         node = tree_next(node)) {
        if (!clone_sheet(to, sheet_of(node))) {
            withdraw(from);
            return false;
        }
    }
    return true;
}

void space_close(struct space *space)
{
    give_nest(space->nest);
    for (size_t kind = 0; kind < 2; kind++) {
        struct block *block = space->blocks[kind];
        while (block != nullptr) {
            struct block *next = block->next;
            block_destroy(block);
            block = next;
        }
    }
    struct sheet *sheet = sheet_of(tree_first(&space->sheets));
    while (sheet != nullptr) {
        struct sheet *next = sheet_of(tree_next(&sheet->node));
        uint64_t left = sheet->present;
        while (left != 0) {
            size_t index = (size_t)__builtin_ctzl(left);
            uint64_t gap = ~(left >> index);
            size_t length = gap == 0 ? SHEET_PAGES : (size_t)__builtin_ctzl(gap);
            drop_pages(sheet, index, length);
            left &= ~bits(index, length);
        }
        tree_remove(&space->sheets, &sheet->node);
        store_give(sheet, sizeof *sheet);
        sheet = next;
    }
}
