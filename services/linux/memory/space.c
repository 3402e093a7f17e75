// SPDX-License-Identifier: MIT
// Areas: their tree, and what splits, joins, moves and copies them. What is on the sheets is in sheet.c, what
// brings pages in bring.c.
#include "space.h"

#include "../core/errno.h"
#include "../core/objects.h"
#include "../core/store.h"
#include "../file/file.h"
#include "../file/node.h"
#include "sheet.h"

// --- The tree ---------------------------------------------------------------------------------------

static struct area *area_of(struct tree_node *node)
{
    return TREE_OWNER(node, struct area, node);
}

struct area *space_area(struct space *space, uint64_t address)
{
    struct area *last = space->last_area;
    if (last != nullptr && address >= last->start && address < last->end) {
        return last;
    }
    struct area *area = area_of(tree_floor(&space->areas, address));
    if (area == nullptr || address >= area->end) {
        return nullptr;
    }
    space->last_area = area;
    return area;
}

struct area *space_area_above(const struct space *space, uint64_t address)
{
    struct area *area = area_of(tree_floor(&space->areas, address));
    if (area != nullptr && area->end > address) {
        return area;
    }
    return area_of(tree_ceiling(&space->areas, address));
}

static struct area *next_of(const struct area *area)
{
    return area_of(tree_next(&area->node));
}

// Where new areas are put, highest first: below what exec put at the top.
static uint64_t top_of(const struct space *space)
{
    return space->top;
}

// How much is free below an area, of what space_find may give.
static uint64_t free_below(const struct space *space, const struct area *area)
{
    if (area->start > top_of(space)) {
        return 0;
    }
    const struct area *previous = area_of(tree_previous(&area->node));
    return area->start - (previous == nullptr ? SPACE_START : previous->end);
}

// After the start or end of an area, or what lies below, has changed.
static void renew(struct space *space, struct area *area)
{
    if (area != nullptr) {
        tree_set_value(&area->node, free_below(space, area));
    }
}

static void area_insert(struct space *space, struct area *area)
{
    area->node.key = area->start;
    area->node.value = 0;
    tree_insert(&space->areas, &area->node);
    renew(space, area);
    renew(space, next_of(area));
    space->size += area->end - area->start;
}

static void area_remove(struct space *space, struct area *area)
{
    struct area *next = next_of(area);
    tree_remove(&space->areas, &area->node);
    renew(space, next);
    space->size -= area->end - area->start;
    space->last_area = nullptr;
}

// Counts the file of a new area.
static void keep_file(const struct area *area)
{
    if (area->file != nullptr) {
        file_keep(area->file);
        if (area->file->node != nullptr) {
            area->file->node->mappings++;
        }
    }
}

static void area_free(struct area *area)
{
    if (area->file != nullptr) {
        if (area->file->node != nullptr) {
            area->file->node->mappings--;
        }
        file_drop(area->file);
    }
    store_give(area, sizeof *area);
}

// Its program has it no more.
static void area_end(struct area *area)
{
    if (area->file != nullptr && (area->kind & AREA_SHARED) != 0 &&
        area->file->operations->unmapped != nullptr) {
        area->file->operations->unmapped(area->file);
    }
    area_free(area);
}

bool space_is_free(const struct space *space, uint64_t address, uint64_t size)
{
    const struct area *above = space_area_above(space, address);
    return above == nullptr || above->start >= address + size;
}

uint64_t space_find(const struct space *space, uint64_t size)
{
    uint64_t top = top_of(space);
    const struct area *below = area_of(tree_floor(&space->areas, top - 1));
    uint64_t end = below == nullptr ? SPACE_START : below->end;
    if (end < top && top - end >= size) {
        return top - size;
    }
    const struct area *area = area_of(tree_last_with(&space->areas, size));
    return area == nullptr ? 0 : area->start - size;
}

// --- Splitting and joining --------------------------------------------------------------------------

// Makes two areas of one, at an address inside it.
static bool split(struct space *space, struct area *area, uint64_t at)
{
    struct area *upper = store_take(sizeof *upper);
    if (upper == nullptr) {
        return false;
    }
    *upper = *area;
    upper->start = at;
    upper->offset += at - area->start;
    keep_file(upper);
    space->size -= area->end - at;
    area->end = at;
    area_insert(space, upper);
    return true;
}

static bool split_at(struct space *space, uint64_t address)
{
    struct area *area = space_area(space, address);
    return area == nullptr || area->start == address || split(space, area, address);
}

static bool go_together(const struct area *lower, const struct area *upper)
{
    return lower->end == upper->start && lower->rights == upper->rights &&
           lower->kind == upper->kind && lower->file == upper->file && lower->name == upper->name &&
           (lower->file == nullptr ? (lower->kind & AREA_SHARED) == 0
                                   : lower->offset + (lower->end - lower->start) == upper->offset);
}

// Joins an area with the one below, if they are alike.
static struct area *join(struct space *space, struct area *area)
{
    struct area *lower = area_of(tree_previous(&area->node));
    if (lower == nullptr || !go_together(lower, area)) {
        return area;
    }
    area_remove(space, area);
    space->size += area->end - lower->end;
    lower->end = area->end;
    renew(space, next_of(lower));
    area_free(area);
    return lower;
}

// The same with the one above, too.
static void join_both(struct space *space, struct area *area)
{
    area = join(space, area);
    struct area *upper = next_of(area);
    if (upper != nullptr) {
        (void)join(space, upper);
    }
}

// --- What programs ask for --------------------------------------------------------------------------

static bool is_inside(uint64_t address, uint64_t size)
{
    return address >= SPACE_START && address < SPACE_END && size <= SPACE_END - address;
}

int64_t space_unmap(struct space *space, uint64_t address, uint64_t size)
{
    uint64_t end = address + size;
    if (!split_at(space, address) || !split_at(space, end)) {
        return -ENOMEM;
    }
    struct area *area = space_area_above(space, address);
    bool any = area != nullptr && area->start < end;
    while (area != nullptr && area->start < end) {
        struct area *next = next_of(area);
        area_remove(space, area);
        area_end(area);
        area = next;
    }
    if (any) {
        sheets_release(space, address, end);
    }
    return 0;
}

static int64_t choose(struct space *space, uint64_t address, uint64_t size, enum place place)
{
    bool usable = is_inside(address, size);
    if (place == PLACE_HINT) {
        if (address != 0 && usable && space_is_free(space, address, size)) {
            return (int64_t)address;
        }
        uint64_t found = space_find(space, size);
        return found == 0 ? -ENOMEM : (int64_t)found;
    }
    if (!usable) {
        return address < SPACE_START ? -EPERM : -ENOMEM;
    }
    if (space_is_free(space, address, size)) {
        return (int64_t)address;
    }
    if (place == PLACE_NEW) {
        return -EEXIST;
    }
    int64_t error = space_unmap(space, address, size);
    return error != 0 ? error : (int64_t)address;
}

int64_t space_map(struct space *space, uint64_t address, uint64_t size, enum place place,
                  area_rights rights, area_kind kind, struct file *file, uint64_t offset)
{
    struct area *area = store_take(sizeof *area);
    if (area == nullptr) {
        return -ENOMEM;
    }
    int64_t chosen = choose(space, address, size, place);
    if (chosen < 0) {
        store_give(area, sizeof *area);
        return chosen;
    }
    *area = (struct area){
        .start = (uint64_t)chosen,
        .end = (uint64_t)chosen + size,
        .rights = rights,
        .kind = kind,
        .file = file,
        .offset = offset,
        .window = AREA_WINDOW_FIRST,
    };
    keep_file(area);
    area_insert(space, area);
    join_both(space, area);
    return chosen;
}

// Whether all of a range belongs to areas.
static bool is_covered(struct space *space, uint64_t address, uint64_t end)
{
    const struct area *area = space_area(space, address);
    while (area != nullptr && area->end < end) {
        const struct area *next = next_of(area);
        if (next == nullptr || next->start != area->end) {
            return false;
        }
        area = next;
    }
    return area != nullptr;
}

int64_t space_protect(struct space *space, uint64_t address, uint64_t size, area_rights rights)
{
    uint64_t end = address + size;
    if (!is_covered(space, address, end) || !split_at(space, address) || !split_at(space, end)) {
        return -ENOMEM;
    }
    struct area *area = space_area(space, address);
    while (area != nullptr && area->start < end) {
        if (area->file != nullptr && (area->kind & AREA_SHARED) != 0 &&
            (rights & AREA_WRITE) != 0 && !file_writes(area->file)) {
            return -EACCES;
        }
        area_rights before = area->rights;
        area->rights = rights;
        if (before != rights && sheets_protect(space, area) != 0) {
            return -ENOMEM;
        }
        area = next_of(join(space, area));
    }
    if (area != nullptr) {
        (void)join(space, area);
    }
    return 0;
}

void space_forget(struct space *space, uint64_t address, uint64_t size)
{
    sheets_release(space, address, address + size);
}

int64_t space_move(struct space *space, uint64_t from, uint64_t size, uint64_t to)
{
    struct area *area = space_area(space, from);
    struct area *moved = store_take(sizeof *moved);
    if (area == nullptr || moved == nullptr) {
        store_give(moved, sizeof *moved);
        return -ENOMEM;
    }
    *moved = *area;
    moved->start = to;
    moved->end = to + size;
    moved->offset += from - area->start;
    moved->next_touch = 0;
    keep_file(moved);
    area_insert(space, moved);
    if (sheets_move(space, from, size, to, (moved->kind & AREA_SHARED) != 0) != 0) {
        (void)space_unmap(space, to, size);
        return -ENOMEM;
    }
    int64_t error = space_unmap(space, from, size);
    join_both(space, moved);
    return error;
}

bool space_extend(struct space *space, struct area *area, uint64_t end)
{
    if (!space_is_free(space, area->end, end - area->end) || end > SPACE_END) {
        return false;
    }
    space->size += end - area->end;
    area->end = end;
    renew(space, next_of(area));
    return true;
}

// --- Spaces -----------------------------------------------------------------------------------------

static struct space *all_spaces;

struct space *space_next(const struct space *space)
{
    return space == nullptr ? all_spaces : space->next;
}

struct space *space_make(void)
{
    struct space *space = store_take(sizeof *space);
    if (space == nullptr) {
        return nullptr;
    }
    space->users = 1;
    space->top = SPACE_END - (1ul << 30);
    if (!space_open(space)) {
        store_give(space, sizeof *space);
        return nullptr;
    }
    space->next = all_spaces;
    if (all_spaces != nullptr) {
        all_spaces->previous = space;
    }
    all_spaces = space;
    return space;
}

void space_keep(struct space *space)
{
    space->users++;
}

static void free_areas(struct space *space)
{
    struct area *area = area_of(tree_first(&space->areas));
    while (area != nullptr) {
        struct area *next = next_of(area);
        tree_remove(&space->areas, &area->node);
        area_end(area);
        area = next;
    }
}

void space_drop(struct space *space)
{
    if (--space->users > 0) {
        return;
    }
    *(space->previous == nullptr ? &all_spaces : &space->previous->next) = space->next;
    if (space->next != nullptr) {
        space->next->previous = space->previous;
    }
    space_close(space);
    free_areas(space);
    store_give(space, sizeof *space);
}

static bool copy_areas(struct space *to, const struct space *from)
{
    for (const struct area *area = area_of(tree_first(&from->areas)); area != nullptr;
         area = next_of(area)) {
        struct area *copy = store_take(sizeof *copy);
        if (copy == nullptr) {
            return false;
        }
        *copy = *area;
        keep_file(copy);
        area_insert(to, copy);
    }
    return true;
}

struct space *space_fork(struct space *from)
{
    struct space *space = space_make();
    if (space == nullptr) {
        return nullptr;
    }
    space->top = from->top;
    space->vdso = from->vdso;
    space->heap_start = from->heap_start;
    space->heap_end = from->heap_end;
    space->told = from->told;
    if (!copy_areas(space, from) || !sheets_clone(space, from)) {
        space_drop(space);
        return nullptr;
    }
    return space;
}

// --- Files that are mapped ---------------------------------------------------------------------------

// What of an area shows a file from an offset on, up to another one, as addresses; empty when nothing does.
struct shown {
    uint64_t start, end;
};

static struct shown shown_of(const struct area *area, const struct node *node, uint64_t offset,
                             uint64_t end)
{
    if (area->file == nullptr || area->file->node != node || end <= area->offset) {
        return (struct shown){};
    }
    uint64_t before = offset > area->offset ? offset - area->offset : 0;
    uint64_t last = end - area->offset;
    uint64_t size = area->end - area->start;
    return before < size
               ? (struct shown){area->start + before, last < size ? area->start + last : area->end}
               : (struct shown){};
}

void mappings_cut(struct node *node, uint64_t offset)
{
    if (node->mappings == 0) {
        return;
    }
    for (struct space *space = all_spaces; space != nullptr; space = space->next) {
        for (const struct area *area = area_of(tree_first(&space->areas)); area != nullptr;
             area = next_of(area)) {
            struct shown shown = shown_of(area, node, offset, UINT64_MAX);
            if (shown.start < shown.end) {
                sheets_release(space, shown.start, shown.end);
            }
        }
    }
}

void mappings_guard(struct node *node, uint64_t offset, uint64_t size)
{
    if (node->mappings == 0) {
        return;
    }
    uint64_t end = size > UINT64_MAX - offset ? UINT64_MAX : offset + size;
    for (struct space *space = all_spaces; space != nullptr; space = space->next) {
        for (const struct area *area = area_of(tree_first(&space->areas)); area != nullptr;
             area = next_of(area)) {
            struct shown shown = shown_of(area, node, offset, end);
            if (shown.start < shown.end && (area->kind & AREA_SHARED) != 0) {
                sheets_guard(space, shown.start, shown.end);
            }
        }
    }
}

bool mappings_write(const struct node *node)
{
    if (node->mappings == 0) {
        return false;
    }
    for (const struct space *space = all_spaces; space != nullptr; space = space->next) {
        for (const struct area *area = area_of(tree_first(&space->areas)); area != nullptr;
             area = next_of(area)) {
            if (area->file != nullptr && area->file->node == node &&
                (area->kind & AREA_SHARED) != 0 && (area->rights & AREA_WRITE) != 0) {
                return true;
            }
        }
    }
    return false;
}
