// SPDX-License-Identifier: MIT
#include "mem/table.h"

#include "lib/memory.h"
#include "mem/flush.h"
#include "object/address_space.h"
#include "object/pool.h"
#include "panic/panic.h"
#include "sched/processors.h"

// How many entries are looked at to find out whether tables are there already.
constexpr unsigned LOOKS_MOST = 256;

// Entries that are looked at in the time of one step of a long operation.
constexpr unsigned ENTRIES_A_STEP = 4;

// Steps that it takes to zero a table.
constexpr unsigned RELEASE_STEPS = TABLE_ENTRIES / 8;

// Steps that it takes to make a table, and to fill it with the parts of a large page.
constexpr unsigned MAKE_STEPS = TABLE_ENTRIES / 32;
constexpr unsigned SPLIT_STEPS = TABLE_ENTRIES / 12;

struct table_place table_split(struct cpu *cpu, struct address_space *space, struct table_place at,
                               uint64_t address)
{
    physical_t table = pool_take(link_target(space->pool));
    arch_entry_t *part = arch_window(table);

    space->tables++;
    cpu->work += MAKE_STEPS;
    if (arch_entry_present(*at.entry)) {
        cpu->work += SPLIT_STEPS;
        arch_entry_t leaf = arch_entry_split(*at.entry, at.level);
        for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
            part[i] = leaf;
            leaf += table_span(at.level - 1);
        }
        // A processor must not find pages of one size while it remembers another (Intel SDM volume
        // 3, section 4.10.2.3; break before make in the Arm manual).
        *at.entry = 0;
        flush_note(cpu, processors_in(space->root), address, table_span(at.level));
        flush_finish(cpu);
    }
    *at.entry = arch_entry_table(table);
    return (struct table_place){table_entry(table, address, at.level - 1), at.level - 1};
}

bool table_allows(physical_t root, uint64_t address, unsigned rights)
{
    if (root == 0 || address >= ARCH_USER_END) {
        return false;
    }
    arch_entry_t entry = *table_walk(root, address).entry;

    return arch_entry_present(entry) && (rights & ~arch_entry_rights(entry)) == 0;
}

// Tables that changing [address, end) takes below an entry of `level`, or some of them, that are no
// tables. Where a page of a level fits, one needs a table of it only at the ends.
static uint64_t tables_below(uint64_t address, uint64_t end, uint64_t shift, unsigned level)
{
    uint64_t sum = 0;

    for (unsigned i = level; i > 0; i--) {
        uint64_t span = table_span(i);
        uint64_t first = address / span;
        uint64_t last = (end - 1) / span;
        sum += last - first + 1;
        if (i <= arch_large_level() && shift % span == 0) {
            uint64_t whole_first = (address + span - 1) / span;
            uint64_t whole_end = end / span;
            sum -= whole_end > whole_first ? whole_end - whole_first : 0;
        }
    }
    return sum;
}

static uint64_t tables_missing(physical_t root, uint64_t address, uint64_t end, uint64_t shift,
                               bool fills)
{
    uint64_t missing = 0;

    for (unsigned looks = 0; address < end; looks++) {
        struct table_place at = table_walk(root, address);
        uint64_t next = (address / table_span(at.level) + 1) * table_span(at.level);
        if (at.level == 0) {
            next = (address / table_span(1) + 1) * table_span(1);
        }
        if (looks == LOOKS_MOST) {
            at.level = fills ? ARCH_LEVELS - 1 : arch_large_level();
            next = end;
        }
        if (next > end) {
            next = end;
        }
        if (looks == LOOKS_MOST || fills || arch_entry_present(*at.entry)) {
            missing += tables_below(address, next, shift, at.level);
        }
        address = next;
    }
    return missing;
}

bool tables_suffice(const struct address_space *space, uint64_t address, uint64_t end,
                    uint64_t shift, bool fills)
{
    uint64_t available = pool_available(link_target(space->pool));
    unsigned level = fills ? ARCH_LEVELS - 1 : arch_large_level();

    // What is no longer than a table covers touches two of each level at most.
    if (end - address <= table_span(1) && available >= UINT64_C(2) * (ARCH_LEVELS - 1)) {
        return true;
    }
    return tables_below(address, end, shift, level) <= available ||
           tables_missing(space->root, address, end, shift, fills) <= available;
}

// Gives a table without entries back.
static void give(struct address_space *space, physical_t table)
{
    address_space_forget(space);
    pool_give(link_target(space->pool), table);
    space->tables--;
}

static void release(struct address_space *space, physical_t table)
{
    memory_zero(arch_window(table), TABLE_ENTRIES * sizeof(arch_entry_t));
    give(space, table);
}

// The first entry of a table, at or after that of *cursor, that is a table itself; null when there
// is none. The cursor moves to where its addresses begin.
static arch_entry_t *find_table(struct cpu *cpu, physical_t table, unsigned level, uint64_t *cursor)
{
    arch_entry_t *entry = table_entry(table, *cursor, level);
    uint64_t covered = table_span(level) * TABLE_ENTRIES;
    uint64_t rest = covered - *cursor % covered;
    uint64_t user = ARCH_USER_END - *cursor;
    const arch_entry_t *end =
        entry + ((rest < user ? rest : user) + table_span(level) - 1) / table_span(level);
    const arch_entry_t *first = entry;

    while (entry < end && !arch_entry_is_table(*entry, level)) {
        entry++;
    }
    cpu->work += (uint32_t)(entry - first) / ENTRIES_A_STEP;
    if (entry == end) {
        return nullptr;
    }
    if (entry != first) {
        *cursor = (*cursor / table_span(level) + (uint64_t)(entry - first)) * table_span(level);
    }
    return entry;
}

// Gives the first table back that has no table below it, at or after the cursor.
static void release_first(struct cpu *cpu, struct address_space *space, uint64_t *cursor)
{
    physical_t table = space->root;
    arch_entry_t *leads = nullptr; // to `table`
    unsigned level = ARCH_LEVELS - 1;

    // When no more tables are left than those on the way here, there is none below this one.
    while (level > 0 && space->tables > ARCH_LEVELS - level) {
        arch_entry_t *entry = find_table(cpu, table, level, cursor);
        if (entry == nullptr) {
            break;
        }
        leads = entry;
        table = arch_entry_address(*entry, level);
        level--;
    }
    ASSERT(leads != nullptr);
    *leads = 0;
    release(space, table);
}

bool tables_release(struct cpu *cpu, struct address_space *space, uint64_t *cursor)
{
    while (space->tables > 1) {
        release_first(cpu, space, cursor);
        cpu->work += RELEASE_STEPS;
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    release(space, space->root);
    space->root = 0;
    return true;
}

static bool is_empty(physical_t table)
{
    const arch_entry_t *entry = arch_window(table);
    uint64_t i = 0;

    while (i < TABLE_ENTRIES && (entry[i] | entry[i + 1] | entry[i + 2] | entry[i + 3]) == 0) {
        i += 4;
    }
    return i == TABLE_ENTRIES;
}

// Gives back, lowest first, those of the tables on the way to `address` that end at `end` and are empty.
// False when a preemption point is due before all of them were looked at.
static bool trim_way(struct cpu *cpu, struct address_space *space, uint64_t address, uint64_t end)
{
    for (unsigned level = 1; level < ARCH_LEVELS; level++) {
        struct table_place at = {table_entry(space->root, address, ARCH_LEVELS - 1),
                                 ARCH_LEVELS - 1};
        while (at.level > level && arch_entry_is_table(*at.entry, at.level)) {
            at.entry = table_entry(arch_entry_address(*at.entry, at.level), address, at.level - 1);
            at.level--;
        }
        if (at.level > level || !arch_entry_is_table(*at.entry, level)) {
            continue;
        }
        physical_t table = arch_entry_address(*at.entry, level);
        if (end < ARCH_USER_END && end % table_span(level) != 0) {
            return true;
        }
        cpu->work += TABLE_ENTRIES / ENTRIES_A_STEP;
        if (!is_empty(table)) {
            return true;
        }
        *at.entry = 0;
        flush_note(cpu, processors_in(space->root), address, table_span(level));
        flush_finish(cpu);
        give(space, table);
        if (cpu->work >= ARCH_WORK_LIMIT) {
            return false;
        }
    }
    return true;
}

bool tables_trim(struct cpu *cpu, struct address_space *space, uint64_t *cursor)
{
    while (*cursor < ARCH_USER_END) {
        uint64_t address = *cursor;
        unsigned level = table_walk(space->root, address).level;
        uint64_t span = table_span(level == 0 ? 1 : level);
        uint64_t next = (address / span + 1) * span;
        if (!trim_way(cpu, space, address, next)) {
            return false;
        }
        *cursor = next;
        cpu->work++;
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    return true;
}
