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
        slot_remove(mapping);
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
    if (!drop_mappings(cpu, space)) {
        return false;
    }
    leave_pool(space);
    return true;
}

void address_space_mapping_add(struct address_space *space, struct slot *mapping)
{
    mapping->object = link_to(space);
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

// Steps that it takes to make a Mapping beside its entries.
constexpr unsigned CLONE_STEPS = 5;

// What clone was given, in the order of the definition.
struct clone {
    enum kozo_error error;
    uint64_t done, offset;
    struct slot *source, *destination;
    uint64_t count;
    unsigned rights;
};

// A run of slots of one CNode: its first, or null when there is no such run.
static struct slot *run_of(const struct place *place, uint64_t count)
{
    bool inside = place->error == KOZO_OK && count <= cnode_slots(place->cnode) - place->index;

    return inside ? place_slot(place) : nullptr;
}

static struct clone clone_decode(struct call *call)
{
    const uint64_t *argument = call->argument;
    struct clone clone = {
        .done = argument[0],
        .offset = argument[1],
        .count = argument[4],
        .rights = (unsigned)mapping_rights(argument[5]),
    };
    struct place source = lookup_place(call->caller, argument[2]);
    struct place destination = lookup_place(call->caller, argument[3]);

    clone.source = run_of(&source, clone.count);
    clone.destination = run_of(&destination, clone.count);
    if (clone.source == nullptr || clone.destination == nullptr) {
        clone.error = KOZO_BAD_HANDLE;
    } else if ((destination.rights & KOZO_RIGHT_WRITE) == 0) {
        clone.error = KOZO_NO_RIGHT;
    } else if (clone.done >= clone.count || clone.offset % ARCH_PAGE_SIZE != 0 ||
               (argument[5] & ~LOWERING_RIGHTS) != 0) {
        clone.error = KOZO_BAD_ARGUMENT;
    } else if (address_space_of(call->slot)->root == 0) {
        clone.error = KOZO_BAD_STATE;
    }
    return clone;
}

// Whether a slot holds what clone_begin makes of the source, so that a clone may go on with it.
static bool is_clone(const struct slot *slot, const struct slot *source, link_t space)
{
    return slot->type == KOZO_TYPE_MAPPING && slot->object == space &&
           slot->value == source->value && slot->base == source->base &&
           slot->size == source->size && slot->rights == source->rights && slot->lowering == 0;
}

static enum kozo_error clone_begin(struct address_space *space, struct slot *source,
                                   struct slot *destination)
{
    const struct address_space *from = address_space_of(source);

    if (source->type != KOZO_TYPE_MAPPING) {
        return KOZO_BAD_TYPE;
    }
    if (from == nullptr || from->root == 0) {
        return KOZO_BAD_STATE;
    }
    if (destination->type == KOZO_TYPE_NONE) {
        slot_insert_after(destination, source, source);
        destination->lowering = 0;
        address_space_mapping_add(space, destination);
        return KOZO_OK;
    }
    return is_clone(destination, source, link_to(space)) ? KOZO_OK : KOZO_SLOT_TAKEN;
}

enum kozo_error address_space_clone_call(struct call *call)
{
    struct clone clone = clone_decode(call);
    struct address_space *space = address_space_of(call->slot);

    // One Mapping at a time, each of which is checked, then done; the first that can't be ends the call.
    while (clone.error == KOZO_OK && clone.done < clone.count) {
        struct slot *source = clone.source + clone.done;
        struct slot *destination = clone.destination + clone.done;
        if (source->type != KOZO_TYPE_NONE) {
            call->cpu->work += CLONE_STEPS;
            clone.error = clone_begin(space, source, destination);
        }
        if (clone.error == KOZO_OK && clone.offset < source->size) {
            clone.error = mapping_copy(call->cpu, source, destination, &clone.offset, clone.rights);
        }
        if (clone.error == KOZO_OK) {
            clone.done++;
            clone.offset = 0;
            if (cpu_work_is_due(call->cpu) && clone.done < clone.count) {
                clone.error = KOZO_WOULD_BLOCK;
            }
        }
    }
    call->argument[0] = clone.done;
    call->argument[1] = clone.offset;
    return clone.error == KOZO_WOULD_BLOCK ? call_again(call) : clone.error;
}
