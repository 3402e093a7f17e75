// SPDX-License-Identifier: MIT
// All changes of entries are passes over a part of a Mapping, in steps: one step is a large page, or
// a run of pages within one table, or a hole. Only between steps may a pass be left.
#include "object/mapping.h"

#include "mem/flush.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/pool.h"
#include "sched/processors.h"
#include "syscall/call.h"

// Entries that are changed in the time of one step.
constexpr unsigned FILLS_A_STEP = 8;
constexpr unsigned LIMITS_A_STEP = 2;

// Entries of some bytes were present and have changed.
static inline void forget(struct cpu *cpu, const struct address_space *space, uint64_t address,
                          uint64_t bytes)
{
    uint64_t processors = processors_in(space->root);

    if (processors != 0) {
        flush_note(cpu, processors, address, bytes);
    }
}

struct pass {
    struct cpu *cpu;
    const struct slot *mapping;
    struct address_space *space;
    uint64_t offset, end; // what is left, in the Mapping
    unsigned rights;      // that are set, or kept
    bool splits;          // large pages that lie in the part but partly
    bool stale;           // an entry that was present has changed
};

static inline uint64_t pass_address(const struct pass *pass)
{
    return pass->mapping->value + pass->offset;
}

// Moves over `count` entries of a level, or what is left of the first.
static inline void pass_move(struct pass *pass, uint64_t count, unsigned level, unsigned a_step)
{
    pass->cpu->work += (uint32_t)((count + a_step - 1) / a_step);
    pass->offset += count * table_span(level);
}

// Bytes from the pass's place to the end of what an entry of this level covers, or of the pass.
static inline uint64_t rest_of(const struct pass *pass, unsigned level)
{
    uint64_t left = pass->end - pass->offset;
    uint64_t rest = table_span(level) - pass_address(pass) % table_span(level);

    return rest < left ? rest : left;
}

// How many pages are done in one go: those of one table, but no more than there are steps left for.
static inline uint64_t run_of(const struct pass *pass, unsigned a_step)
{
    uint64_t run = rest_of(pass, 1) / ARCH_PAGE_SIZE;
    uint64_t work = pass->cpu->work;
    uint64_t steps = work < ARCH_WORK_LIMIT ? ARCH_WORK_LIMIT - work : 1;

    return run / a_step < steps ? run : steps * a_step;
}

// Whether a leaf above level 0, found at an address, is the Mapping's own.
static bool is_own_large(const struct slot *mapping, struct table_place at, uint64_t address)
{
    uint64_t span = table_span(at.level);
    uint64_t offset = address - address % span - mapping->value;

    // A page that begins before the Mapping has an offset far above its size.
    return offset < mapping->size && span <= mapping->size - offset &&
           arch_entry_is_within(*at.entry, mapping_own_leaf(mapping, offset, at.level));
}

bool mapping_has_tables(const struct address_space *space, const struct slot *mapping,
                        uint64_t offset, uint64_t length, unsigned rights)
{
    uint64_t address = mapping->value + offset;
    uint64_t shift = rights != 0 ? mapping->value - mapping->base : 0;

    return tables_suffice(space, address, address + length, shift, rights != 0);
}

// A large page fits where all of its range is filled, with memory that is aligned as well.
static bool fits(const struct pass *pass, unsigned level)
{
    uint64_t places = pass_address(pass) | (pass->mapping->base + pass->offset);

    return level <= arch_large_level() && places % table_span(level) == 0 &&
           pass->end - pass->offset >= table_span(level);
}

[[gnu::noinline]] static void fill_step(struct pass *pass)
{
    uint64_t address = pass_address(pass);
    struct table_place at = address_space_walk(pass->space, address);

    while (at.level > 0 && !fits(pass, at.level)) {
        at = table_split(pass->cpu, pass->space, at, address);
    }
    uint64_t count = at.level > 0 ? 1 : run_of(pass, FILLS_A_STEP);
    arch_entry_t leaf = mapping_leaf(pass->mapping, pass->offset, at.level, pass->rights);
    arch_entry_t old = 0;
    for (uint64_t i = 0; i < count; i++) {
        old |= at.entry[i];
        at.entry[i] = leaf;
        leaf += ARCH_PAGE_SIZE;
    }
    pass->stale |= arch_entry_present(old);
    pass_move(pass, count, at.level, FILLS_A_STEP);
}

// Finds the next own entries; false when there were none, and the pass has moved on or split a large page.
static bool find_own(struct pass *pass, struct table_place *at)
{
    uint64_t address = pass_address(pass);

    *at = address_space_walk(pass->space, address);
    if (at->level == 0) {
        return true;
    }
    uint64_t part = rest_of(pass, at->level);
    bool whole = part == table_span(at->level);
    bool own = arch_entry_present(*at->entry) && is_own_large(pass->mapping, *at, address);
    if (own && !whole && pass->splits) {
        (void)table_split(pass->cpu, pass->space, *at, address);
    } else if (!own || !whole) {
        pass->offset += part;
    }
    return own && whole;
}

// A row of pages, which most often are shown alike: all that the bound allows, of consecutive memory.
constexpr uint64_t ROW = 8;

static inline bool row_is(const arch_entry_t *row, arch_entry_t first)
{
    for (uint64_t i = 0; i < ROW; i++) {
        if (row[i] != first + i * ARCH_PAGE_SIZE) {
            return false;
        }
    }
    return true;
}

static inline void row_set(arch_entry_t *row, arch_entry_t first)
{
    for (uint64_t i = 0; i < ROW; i++) {
        row[i] = first + i * ARCH_PAGE_SIZE;
    }
}

[[gnu::noinline]] static void limit_step(struct pass *pass)
{
    struct table_place at;
    if (!find_own(pass, &at)) {
        return;
    }
    uint64_t count = at.level > 0 ? 1 : run_of(pass, LIMITS_A_STEP);
    arch_entry_t own = mapping_own_leaf(pass->mapping, pass->offset, at.level);
    arch_entry_t changed = 0;
    for (uint64_t i = 0; i < count; i++) {
        arch_entry_t entry = at.entry[i];
        if (arch_entry_is_within(entry, own)) {
            at.entry[i] = arch_entry_limit(entry, pass->rights);
            changed |= entry ^ at.entry[i];
        }
        own += ARCH_PAGE_SIZE;
    }
    pass->stale |= changed != 0;
    pass_move(pass, count, at.level, LIMITS_A_STEP);
}

static void pass_flush(const struct pass *pass, uint64_t start, uint64_t end)
{
    if (pass->stale) {
        forget(pass->cpu, pass->space, pass->mapping->value + start, end - start);
    }
}

// Makes steps until the end, or until a preemption point is due.
[[gnu::always_inline]] static inline void pass_run(struct pass *pass,
                                                   void (*step)(struct pass *pass))
{
    uint64_t start = pass->offset;

    do {
        step(pass);
    } while (!cpu_work_is_due(pass->cpu) && pass->offset < pass->end);
    pass_flush(pass, start, pass->offset);
}

// --- One page -----------------------------------------------------------------------------------
// Most Mappings are of one page, whose table is there: that takes no pass. Each of these gives false, and has changed
// nothing, when there is no table.

constexpr unsigned PAGE_STEPS = 1;

bool mapping_fill_page(struct cpu *cpu, const struct slot *mapping, uint64_t offset,
                       unsigned rights)
{
    struct address_space *space = link_known(mapping->object);
    struct table_place at = address_space_walk(space, mapping->value + offset);
    if (at.level != 0) {
        return false;
    }

    arch_entry_t old = *at.entry;
    *at.entry = mapping_leaf(mapping, offset, 0, rights);
    if (arch_entry_present(old)) {
        forget(cpu, space, mapping->value + offset, ARCH_PAGE_SIZE);
    }
    cpu->work += PAGE_STEPS;
    return true;
}

static bool page_clear(struct cpu *cpu, struct address_space *space, const struct slot *mapping)
{
    if (address_space_near(space, mapping->value) == 0 &&
        (space->root == 0 || address_space_walk_far(space, mapping->value).level != 0)) {
        return false;
    }

    arch_entry_t *entry = table_entry(space->near, mapping->value, 0);
    arch_entry_t own = mapping_own_leaf(mapping, 0, 0);
    if (*entry == own || arch_entry_is_within(*entry, own)) {
        *entry = 0;
        forget(cpu, space, mapping->value, ARCH_PAGE_SIZE);
    }
    cpu->work += PAGE_STEPS;
    return true;
}

// --- Any part -----------------------------------------------------------------------------------

uint64_t mapping_fill(struct cpu *cpu, const struct slot *mapping, uint64_t offset, uint64_t length,
                      unsigned rights)
{
    if (length == ARCH_PAGE_SIZE && rights != 0 &&
        mapping_fill_page(cpu, mapping, offset, rights)) {
        return length;
    }
    struct pass pass = {
        .cpu = cpu,
        .mapping = mapping,
        .space = address_space_of(mapping),
        .offset = offset,
        .end = offset + length,
        .rights = rights,
        .splits = true,
    };

    if (rights != 0) {
        pass_run(&pass, fill_step);
    } else {
        pass_run(&pass, limit_step);
    }
    return pass.offset - offset;
}

// Keeps of own entries, from an offset on, only some rights. Gives the offset that it came to.
static uint64_t mapping_limit(struct cpu *cpu, const struct slot *mapping, uint64_t offset,
                              unsigned rights)
{
    struct pass pass = {
        .cpu = cpu,
        .mapping = mapping,
        .space = address_space_of(mapping),
        .offset = offset,
        .end = mapping->size,
        .rights = rights,
    };

    pass_run(&pass, limit_step);
    return pass.offset;
}

bool mapping_clear(struct cpu *cpu, struct slot *mapping)
{
    struct address_space *space = address_space_of(mapping);
    if (space == nullptr) {
        return true;
    }
    bool cleared = mapping->size == ARCH_PAGE_SIZE && page_clear(cpu, space, mapping);
    if (!cleared && space->root != 0) {
        uint64_t done = mapping_limit(cpu, mapping, 0, 0);
        if (done < mapping->size) {
            mapping->value += done;
            mapping->base += done;
            mapping->size -= done;
            mapping->lowering &= LOWERING_RIGHTS | LOWERING;
            return false;
        }
    }
    address_space_mapping_drop(space, mapping);
    return true;
}

// Copies rows as long as they are as `own`, and shows them as `kept`. Gives how many that were.
[[gnu::noinline]] static uint64_t copy_rows(arch_entry_t *from, arch_entry_t *to, uint64_t rows,
                                            arch_entry_t own, arch_entry_t kept)
{
    uint64_t left = rows;

    for (; left > 0 && row_is(from, own); left--) {
        row_set(from, kept);
        row_set(to, kept);
        from += ROW;
        to += ROW;
        own += ROW * ARCH_PAGE_SIZE;
        kept += ROW * ARCH_PAGE_SIZE;
    }
    return rows - left;
}

// What copying a row takes, and one that is not all alike; so much is a step.
constexpr uint64_t ROW_COST = 3;
constexpr uint64_t MIXED_COST = 10;
constexpr uint64_t COSTS_A_STEP = 4;

// Copies `count` pages of one table, or fewer when there are no steps left. Gives how many.
static uint64_t copy_pages(struct pass *pass, arch_entry_t *from, arch_entry_t *to, uint64_t count)
{
    uint64_t work = pass->cpu->work;
    uint64_t left = work < ARCH_WORK_LIMIT ? (ARCH_WORK_LIMIT - work) * COSTS_A_STEP : 1;
    uint64_t cost = 0;
    uint64_t done = 0;

    while (done < count && cost < left) {
        arch_entry_t own = mapping_own_leaf(pass->mapping, pass->offset, 0) + done * ARCH_PAGE_SIZE;
        uint64_t rows = (count - done) / ROW;
        uint64_t most = (left - cost) / ROW_COST + 1;
        rows = copy_rows(from + done, to + done, rows < most ? rows : most, own,
                         arch_entry_limit(own, pass->rights));
        done += rows * ROW;
        own += rows * ROW * ARCH_PAGE_SIZE;
        cost += rows * ROW_COST;
        if (rows == most) {
            break;
        }
        cost += MIXED_COST;
        for (uint64_t end = count - done < ROW ? count : done + ROW; done < end; done++) {
            if (arch_entry_is_within(from[done], own)) {
                from[done] = arch_entry_limit(from[done], pass->rights);
                to[done] = from[done];
            }
            own += ARCH_PAGE_SIZE;
        }
    }
    pass->cpu->work += (uint32_t)(cost / COSTS_A_STEP);
    return done;
}

// Copies the pages of one table. False when the Pool of the copy's space lacks one.
static bool copy_table(struct pass *pass, struct pass *copy, struct table_place from)
{
    uint64_t address = pass_address(pass);
    struct table_place to = address_space_walk(copy->space, address);

    if (to.level > pool_available(link_target(copy->space->pool))) {
        return false;
    }
    while (to.level > 0) {
        to = table_split(copy->cpu, copy->space, to, address);
    }
    uint64_t count = rest_of(pass, 1) / ARCH_PAGE_SIZE;
    pass->offset += copy_pages(pass, from.entry, to.entry, count) * ARCH_PAGE_SIZE;
    // What was there before, if anything, is seldom in use meanwhile.
    pass->stale = true;
    copy->stale = true;
    return true;
}

// Copies as much of a large page as one step fills. It is limited as a whole by the first of them.
static bool copy_large(struct pass *pass, struct pass *copy, struct table_place from)
{
    arch_entry_t old = *from.entry;

    copy->offset = pass->offset;
    copy->end = pass->offset + rest_of(pass, from.level);
    copy->rights = arch_entry_rights(arch_entry_limit(old, pass->rights));
    if (!mapping_has_tables(copy->space, copy->mapping, copy->offset, copy->end - copy->offset,
                            copy->rights)) {
        return false;
    }
    *from.entry = arch_entry_limit(old, pass->rights);
    pass->stale |= old != *from.entry;
    fill_step(copy);
    pass->offset = copy->offset;
    return true;
}

static bool copy_step(struct pass *pass, struct pass *copy)
{
    uint64_t address = pass_address(pass);
    struct table_place from = address_space_walk(pass->space, address);

    if (from.level == 0) {
        return copy_table(pass, copy, from);
    }
    if (arch_entry_present(*from.entry) && is_own_large(pass->mapping, from, address)) {
        return copy_large(pass, copy, from);
    }
    pass->offset += rest_of(pass, from.level);
    return true;
}

enum kozo_error mapping_copy(struct cpu *cpu, const struct slot *mapping, const struct slot *copy,
                             uint64_t *offset, unsigned rights)
{
    struct pass from = {
        .cpu = cpu,
        .mapping = mapping,
        .space = address_space_of(mapping),
        .offset = *offset,
        .end = mapping->size,
        .rights = rights & mapping->rights,
    };
    struct pass to = {.cpu = cpu, .mapping = copy, .space = address_space_of(copy)};
    enum kozo_error error = KOZO_OK;

    while (error == KOZO_OK && from.offset < from.end) {
        if (from.rights == 0) {
            limit_step(&from);
        } else if (!copy_step(&from, &to)) {
            error = KOZO_NO_MEMORY;
        }
        if (cpu_work_is_due(cpu) && error == KOZO_OK && from.offset < from.end) {
            error = KOZO_WOULD_BLOCK;
        }
    }
    pass_flush(&from, *offset, from.offset);
    pass_flush(&to, *offset, from.offset);
    *offset = from.offset;
    return error;
}

static bool is_part(const struct slot *mapping, uint64_t offset, uint64_t length)
{
    return offset % ARCH_PAGE_SIZE == 0 && length % ARCH_PAGE_SIZE == 0 && length != 0 &&
           offset < mapping->size && length <= mapping->size - offset;
}

enum kozo_error mapping_set_call(struct call *call)
{
    const struct slot *mapping = call->slot;
    uint64_t offset = call->argument[0];
    uint64_t length = call->argument[1];
    uint64_t rights = mapping_rights(call->argument[2]);
    const struct address_space *space = address_space_of(mapping);

    if (!is_part(mapping, offset, length)) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)mapping->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (space == nullptr || space->root == 0) {
        return KOZO_BAD_STATE;
    }
    if (!mapping_has_tables(space, mapping, offset, length, (unsigned)rights)) {
        return KOZO_NO_MEMORY;
    }

    uint64_t done = mapping_fill(call->cpu, mapping, offset, length, (unsigned)rights);
    if (done == length) {
        return KOZO_OK;
    }
    call->argument[0] = offset + done;
    call->argument[1] = length - done;
    return call_again(call);
}

enum kozo_error mapping_lower_call(struct call *call)
{
    struct slot *mapping = call->slot;
    const struct address_space *space = address_space_of(mapping);
    unsigned rights = mapping->rights & (unsigned)mapping_rights(call->argument[0]);

    if ((call->argument[0] & ~LOWERING_RIGHTS) != 0) {
        return KOZO_BAD_ARGUMENT;
    }
    if (space == nullptr || space->root == 0) {
        return KOZO_BAD_STATE;
    }

    // From now on nothing can be set beyond the new bound; what is there already follows. A call that goes on
    // finds the bound as it wants it.
    if (rights != mapping->rights) {
        mapping->lowering = LOWERING | mapping_ceiling(mapping);
        mapping->rights = (uint16_t)rights;
    }
    if (mapping->lowering != 0) {
        uint64_t offset = mapping->lowering & ~(ARCH_PAGE_SIZE - 1);
        offset = mapping_limit(call->cpu, mapping, offset, rights);
        if (offset < mapping->size) {
            mapping->lowering = offset | (mapping->lowering & (ARCH_PAGE_SIZE - 1));
            return call_again(call);
        }
        mapping->lowering = 0;
    }
    return KOZO_OK;
}

enum kozo_error mapping_info_call(struct call *call)
{
    call->argument[0] = call->slot->value;
    call->argument[1] = call->slot->size;
    call->argument[2] = call->slot->rights;
    return KOZO_OK;
}
