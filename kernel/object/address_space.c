// SPDX-License-Identifier: MIT
#include "object/address_space.h"

#include "cap/lookup.h"
#include "mem/table.h"
#include "object/cnode.h"
#include "object/mapping.h"
#include "object/pool.h"
#include "sched/processors.h"
#include "syscall/call.h"

// No Mapping is cleared page by page here: the tables go as a whole. False when a preemption point
// is due.
static bool drop_mappings(struct cpu *cpu, struct address_space *space)
{
    // The list as a whole goes with its members, and is put right only where this is left.
    bool due = false;
    while (space->mappings != 0 && !due) {
        struct slot *mapping = slot_at(space->mappings);
        space->mappings = mapping->list_next;
        space->mapping_count--;
        [[clang::always_inline]] slot_remove(mapping);
        due = cpu_work_is_due(cpu);
    }
    if (space->mappings != 0) {
        slot_at(space->mappings)->list_previous = 0;
    }
    return !due;
}

static void leave_pool(struct address_space *space)
{
    struct pool *pool = link_target(space->pool);
    struct address_space *next = link_target(space->pool_next);
    struct address_space *previous = link_target(space->pool_previous);

    if (previous != nullptr) {
        previous->pool_next = space->pool_next;
    } else {
        pool->spaces = space->pool_next;
    }
    if (next != nullptr) {
        next->pool_previous = space->pool_previous;
    }
    space->pool = 0;
    space->pool_next = 0;
    space->pool_previous = 0;
    pool_space_left(pool);
}

bool address_space_reap(struct cpu *cpu, struct object *object)
{
    struct address_space *space = (struct address_space *)object;

    if (space->pool == 0) {
        return true;
    }
    // Nothing may run or be looked up in these tables from here on.
    processors_leave_space(cpu, space->root);
    if (!drop_mappings(cpu, space)) {
        return false;
    }
    // One that is being abandoned has no root any more.
    if (space->root != 0 && !tables_release(cpu, space, &object->grave.header.progress)) {
        return false;
    }
    leave_pool(space);
    return true;
}

void address_space_attach(struct address_space *space, struct pool *pool)
{
    struct address_space *first = link_target(pool->spaces);

    space->root = pool_take(pool);
    space->tables = 1;
    arch_root_prepare(arch_window(space->root));
    space->pool = link_to(pool);
    space->pool_next = pool->spaces;
    if (first != nullptr) {
        first->pool_previous = link_to(space);
    }
    pool->spaces = link_to(space);
    pool->space_count++;
}

bool address_space_abandon(struct cpu *cpu, struct address_space *space)
{
    // Without a root no thread can be chosen to run in it, even if this is left half done.
    processors_leave_space(cpu, space->root);
    space->root = 0;
    space->tables = 0;
    address_space_forget(space);
    if (!drop_mappings(cpu, space)) {
        return false;
    }
    leave_pool(space);
    return true;
}

[[gnu::noinline]] struct table_place address_space_walk_far(struct address_space *space,
                                                            uint64_t address)
{
    struct table_place at = table_walk(space->root, address);

    if (at.level == 0) {
        space->near = arch_window_address(at.entry) & ~(ARCH_PAGE_SIZE - 1);
        space->near_end = (address / table_span(1) + 1) * table_span(1);
    }
    return at;
}

void address_space_mapping_add(struct address_space *space, struct slot *mapping)
{
    mapping->object = link_of(space);
    slot_list_push(&space->mappings, mapping);
    space->mapping_count++;
}

void address_space_mapping_drop(struct address_space *space, struct slot *mapping)
{
    slot_list_unlink(&space->mappings, mapping);
    mapping->object = 0;
    space->mapping_count--;
}

void address_space_mapping_moved(const struct slot *from, struct slot *to)
{
    struct address_space *space = address_space_of(from);

    if (space != nullptr) {
        slot_list_moved(&space->mappings, from, to);
    }
}

enum kozo_error address_space_info_call(struct call *call)
{
    const struct address_space *space = address_space_of(call->slot);

    call->argument[0] = space->mapping_count;
    call->argument[1] = space->tables;
    return KOZO_OK;
}
