// SPDX-License-Identifier: MIT
// AddressSpace.clone: the Mappings of a run of slots once more, in another AddressSpace. A process is forked by it, so
// Mappings that are alike are made in a loop of their own.
#include "cap/lookup.h"
#include "mem/flush.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/mapping.h"
#include "sched/processors.h"
#include "syscall/call.h"

// Steps that it takes to make a Mapping beside its entries.
constexpr unsigned CLONE_STEPS = 5;

// One in so many steps goes for what Mappings that are alike take beyond a step each.
constexpr unsigned ALIKE_MORE = 4;

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

static inline enum kozo_error clone_begin(struct address_space *space, struct slot *source,
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
        destination->head = source->head;
        destination->value = source->value;
        destination->base = source->base;
        destination->size = source->size;
        slot_join_after(destination, source);
        address_space_mapping_add(space, destination);
        return KOZO_OK;
    }
    return is_clone(destination, source, link_to(space)) ? KOZO_OK : KOZO_SLOT_TAKEN;
}

// Clones Mappings as long as all of them are as the first: of one page, with the same bound, in the table that was found
// last in both spaces, with an empty slot to fill, an entry that shows all that the bound allows, and none in the other
// space. Gives how many that were; the next, if any, is clone_one's.
static uint64_t clone_alike(struct cpu *cpu, struct address_space *space, const struct clone *clone)
{
    struct slot *source = clone->source + clone->done;
    struct slot *destination = clone->destination + clone->done;
    const struct address_space *from = link_target(source->object);
    unsigned rights = clone->rights & source->rights;
    if (source->type != KOZO_TYPE_MAPPING || from == nullptr || clone->offset != 0 || rights == 0 ||
        space->near_end == 0 || from->near_end != space->near_end) {
        return 0;
    }

    uint64_t steps = ARCH_WORK_LIMIT - cpu->work;
    uint64_t most = steps - steps / ALIKE_MORE;
    uint64_t end = clone->count - clone->done;
    if (end > most) {
        end = most;
    }
    struct slot made = {.head = source->head};
    made.object = link_of(space);
    const uint64_t head = source->head;
    const uint64_t last = space->near_end - 1;
    const arch_entry_t own = mapping_own_leaf(source, 0, 0) - source->base;
    const arch_entry_t kept = arch_entry_limit(own, rights);
    const uint64_t processors = own != kept ? processors_in(from->root) : 0;
    arch_entry_t *from_table = arch_window(from->near);
    arch_entry_t *to_table = arch_window(space->near);
    uint64_t done = 0;
    for (; done < end; done++) {
        uint64_t address = source->value;
        uint64_t index = address / ARCH_PAGE_SIZE % TABLE_ENTRIES;
        if (source->head != head || source->size != ARCH_PAGE_SIZE || source->lowering != 0 ||
            destination->type != KOZO_TYPE_NONE || last - address >= table_span(1) ||
            from_table[index] != source->base + own || to_table[index] != 0) {
            break;
        }
        from_table[index] = source->base + kept;
        to_table[index] = source->base + kept;
        if (processors != 0) {
            flush_note(cpu, processors, address, ARCH_PAGE_SIZE);
        }
        destination->head = made.head;
        destination->value = address;
        destination->base = source->base;
        destination->size = ARCH_PAGE_SIZE;
        slot_join_after(destination, source);
        slot_list_push(&space->mappings, destination);
        source++;
        destination++;
    }
    space->mapping_count += (uint32_t)done;
    cpu->work += (uint32_t)(done + done / (ALIKE_MORE - 1));
    return done;
}

// Clones the next Mapping, whatever it is, or goes on with it.
static void clone_one(struct cpu *cpu, struct address_space *space, struct clone *clone)
{
    struct slot *source = clone->source + clone->done;
    struct slot *destination = clone->destination + clone->done;

    if (source->type != KOZO_TYPE_NONE) {
        cpu->work += CLONE_STEPS;
        clone->error = clone_begin(space, source, destination);
    }
    if (clone->error == KOZO_OK && clone->offset < source->size) {
        clone->error = mapping_copy(cpu, source, destination, &clone->offset, clone->rights);
    }
    if (clone->error == KOZO_OK) {
        clone->done++;
        clone->offset = 0;
    }
}

enum kozo_error address_space_clone_call(struct call *call)
{
    struct cpu *cpu = call->cpu;
    struct clone clone = clone_decode(call);
    struct address_space *space = address_space_of(call->slot);

    // One Mapping at a time, each of which is checked, then done; the first that can't be ends the call.
    while (clone.error == KOZO_OK && clone.done < clone.count) {
        uint64_t alike = clone_alike(cpu, space, &clone);
        clone.done += alike;
        if (alike == 0) {
            clone_one(cpu, space, &clone);
        }
        if (clone.error == KOZO_OK && cpu_work_is_due(cpu) && clone.done < clone.count) {
            clone.error = KOZO_WOULD_BLOCK;
        }
    }
    call->argument[0] = clone.done;
    call->argument[1] = clone.offset;
    return clone.error == KOZO_WOULD_BLOCK ? call_again(call) : clone.error;
}
