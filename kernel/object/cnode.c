// SPDX-License-Identifier: MIT
// CNode, and the operations that act on any capability by its slot.
//
// These look their slot up themselves (call->slot is null): delete and inspect must reach an empty
// slot too, and all that change a slot need WRITE on the CNode that it stands in.
#include "object/cnode.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "object/irq_handler.h"
#include "object/lease.h"
#include "object/thread.h"
#include "syscall/call.h"

// Empty slots that count as one step of work.
constexpr unsigned EMPTY_A_STEP = 4;

bool cnode_reap(struct cpu *cpu, struct object *object)
{
    struct cnode *cnode = (struct cnode *)object;
    uint64_t slots = cnode_slots(cnode);
    uint64_t *progress = &object->grave.header.progress;

    // Slot 0 is the header.
    for (uint64_t index = *progress + 1; index < slots; index++) {
        struct slot *slot = &cnode->slot[index];
        if (slot->type != KOZO_TYPE_NONE) {
            *progress = index - 1;
            (void)slot_delete(cpu, slot);
            return false;
        }
        if (index % EMPTY_A_STEP == 0 && cpu_work_is_due(cpu)) {
            *progress = index;
            return false;
        }
    }
    return true;
}

void capability_copy(struct slot *source, struct slot *destination, uint8_t flags)
{
    destination->head = source->head;
    destination->flags = flags | (source->flags & (SLOT_DEVICE | SLOT_WATCHED));
    destination->value = source->value;
    destination->base = source->base;
    destination->size = source->size;
    if (source->object != 0) {
        slot_object(source)->grave.header.references++;
    }
    slot_join(destination, destination, source);
    if ((source->flags & SLOT_LEASED) != 0) {
        lease_join(lease_at(source->lease), destination);
    }
}

// What is narrower in a minted capability than in its source: the badge, or the range.
struct minted {
    enum kozo_error error;
    uint64_t value, base, size;
};

// `count` units of a range of `size`, from `first` on: as an offset.
static struct minted mint_range(uint64_t first, uint64_t count, uint64_t unit, uint64_t size)
{
    uint64_t units = size / unit;

    if (count == 0 || first >= units || count > units - first) {
        return (struct minted){.error = KOZO_BAD_ARGUMENT};
    }
    return (struct minted){.value = first * unit, .size = count * unit};
}

// What a capability becomes when it is minted with `value`, which is not 0; BAD_ARGUMENT when it
// can't.
static struct minted mint_value(const struct slot *source, uint64_t value)
{
    struct minted minted = {.error = KOZO_BAD_ARGUMENT};

    switch (source->type) {
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        if (source->value == 0) {
            minted = (struct minted){.value = value};
        }
        break;
    case KOZO_TYPE_FRAME:
        minted = mint_range((uint32_t)value, value >> 32, ARCH_PAGE_SIZE, source->size);
        minted.base = source->base + minted.value;
        minted.value = source->value;
        break;
    case KOZO_TYPE_IO_PORT:
        // Ports are named by their own numbers, so that one below the range wraps to far above it.
        minted =
            mint_range((uint64_t)(uint16_t)value - source->value, value >> 16, 1, source->size);
        minted.value += source->value;
        break;
    default:
        break;
    }
    return minted;
}

static enum kozo_error derive(struct call *call, uint64_t rights, uint64_t value)
{
    struct slot *source = lookup(call->caller, call->caller->registers.handle);
    if (source == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    call_about(call, source);
    if (!object_types[source->type].can_copy) {
        return KOZO_BAD_TYPE;
    }
    struct minted minted = {};
    if (value != 0) {
        minted = mint_value(source, value);
        if (minted.error != KOZO_OK) {
            return minted.error;
        }
    }
    struct place place = lookup_empty(call->caller, call->argument[0]);
    if (place.error != KOZO_OK) {
        return place.error;
    }

    struct slot *destination = place_slot(&place);
    capability_copy(source, destination, 0);
    destination->rights &= (uint16_t)rights;
    if (value != 0) {
        destination->value = minted.value;
        destination->base = minted.base;
        destination->size = minted.size;
    }
    return KOZO_OK;
}

enum kozo_error cnode_copy_call(struct call *call)
{
    return derive(call, UINT64_MAX, 0);
}

enum kozo_error cnode_mint_call(struct call *call)
{
    return derive(call, call->argument[1], call->argument[2]);
}

enum kozo_error cnode_watch_call(struct call *call)
{
    enum kozo_error error = derive(call, call->argument[1], call->argument[2]);

    if (error == KOZO_OK) {
        lookup(call->caller, call->argument[0])->flags |= SLOT_WATCHED;
    }
    return error;
}

// The Lease of a lend, if the source may be lent under it.
static struct lookup lend_lease(struct call *call, const struct slot *source)
{
    struct lookup found =
        lookup_typed(call->caller, call->argument[3], KOZO_TYPE_LEASE, KOZO_RIGHT_CONTROL);
    if (found.error != KOZO_OK) {
        return found;
    }
    const struct lease *lease = lease_of(found.slot);
    bool leased = (source->flags & SLOT_LEASED) != 0;
    if (source->type != KOZO_TYPE_ENDPOINT && source->type != KOZO_TYPE_NOTIFICATION) {
        found.error = KOZO_BAD_TYPE;
    } else if (!lease_allows(lease)) {
        found.error = KOZO_EXPIRED;
    } else if (leased && !lease_is_inside(lease, lease_at(source->lease))) {
        found.error = KOZO_BAD_ARGUMENT;
    }
    return found;
}

enum kozo_error cnode_lend_call(struct call *call)
{
    const struct slot *source = lookup(call->caller, call->caller->registers.handle);
    if (source == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    struct lookup lease = lend_lease(call, source);
    if (lease.error != KOZO_OK) {
        return lease.error;
    }
    enum kozo_error error = derive(call, call->argument[1], call->argument[2]);
    if (error != KOZO_OK) {
        return error;
    }

    struct slot *lent = lookup(call->caller, call->argument[0]);
    lease_leave(lent);
    lease_join(lease_of(lease.slot), lent);
    return KOZO_OK;
}

enum kozo_error cnode_move_call(struct call *call)
{
    struct place from = lookup_place(call->caller, call->caller->registers.handle);
    if (from.error != KOZO_OK || place_slot(&from)->type == KOZO_TYPE_NONE) {
        return KOZO_BAD_HANDLE;
    }
    if ((from.rights & KOZO_RIGHT_WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    struct place to = lookup_empty(call->caller, call->argument[0]);
    if (to.error != KOZO_OK) {
        return to.error;
    }

    call_about(call, place_slot(&from));
    slot_move(place_slot(&from), place_slot(&to), 0);
    return KOZO_OK;
}

enum kozo_error cnode_delete_call(struct call *call)
{
    struct place place = lookup_place(call->caller, call->caller->registers.handle);
    if (place.error != KOZO_OK) {
        return place.error;
    }
    if ((place.rights & KOZO_RIGHT_WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    call_about(call, place_slot(&place));
    if (!slot_delete(call->cpu, place_slot(&place))) {
        return call_again(call);
    }
    return call_finish(call);
}

enum kozo_error cnode_delete_run_call(struct call *call)
{
    uint64_t *done = &call->argument[0];
    uint64_t count = call->argument[1];
    struct place place = lookup_place(call->caller, call->caller->registers.handle);
    if (place.error != KOZO_OK || count > cnode_slots(place.cnode) - place.index) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & KOZO_RIGHT_WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    if (*done >= count) {
        return KOZO_BAD_ARGUMENT;
    }

    struct slot *slot = place_slot(&place);
    call_about(call, slot + *done);
    // A CNode that the run itself destroys empties the rest by itself.
    while (*done < count && place.cnode->slot[0].type == KOZO_TYPE_NONE) {
        if (!slot_delete(call->cpu, slot + *done)) {
            return call_again(call);
        }
        *done += 1;
        if (cpu_work_is_due(call->cpu) && *done < count) {
            return call_again(call);
        }
    }
    return call_finish(call);
}

enum kozo_error cnode_revoke_call(struct call *call)
{
    struct place place = lookup_place(call->caller, call->caller->registers.handle);
    if (place.error != KOZO_OK || place_slot(&place)->type == KOZO_TYPE_NONE) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & KOZO_RIGHT_WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    call_about(call, place_slot(&place));
    if (!slot_revoke(call, place_slot(&place))) {
        return call_again(call);
    }
    return call_finish(call);
}

// The one number that tells a person most about a capability.
static uint64_t inspect_value(const struct slot *slot)
{
    switch (slot->type) {
    case KOZO_TYPE_CNODE:
        return cnode_bits(cnode_of(slot));
    case KOZO_TYPE_UNTYPED:
    case KOZO_TYPE_FRAME:
        return slot->size;
    case KOZO_TYPE_IO_PORT:
        return slot->value | slot->size << 16;
    case KOZO_TYPE_IRQ_HANDLER:
        return irq_handler_of(slot)->claimed - 1;
    default:
        return slot->value;
    }
}

// How far inspect looks for a parent among siblings.
constexpr unsigned INSPECT_STEPS = 256;

static uint64_t inspect_parent(const struct place *place)
{
    const struct slot *parent = slot_parent(place_slot(place), INSPECT_STEPS);
    const struct slot *first = &place->cnode->slot[0];

    if (parent <= first || parent >= first + cnode_slots(place->cnode)) {
        return 0;
    }
    return (uint64_t)(parent - first);
}

enum kozo_error cnode_inspect_call(struct call *call)
{
    struct place place = lookup_place(call->caller, call->caller->registers.handle);
    if (place.error != KOZO_OK) {
        return place.error;
    }

    const struct slot *slot = place_slot(&place);
    bool empty = slot->type == KOZO_TYPE_NONE;
    struct lease_terms terms = lease_terms(slot);
    call->argument[0] = slot->type;
    call->argument[1] = slot->rights;
    call->argument[2] = empty ? 0 : inspect_value(slot);
    call->argument[3] = slot->child != 0;
    call->argument[4] = empty ? 0 : inspect_parent(&place);
    call->argument[5] = terms.deadline;
    call->argument[6] = terms.uses;
    call->argument[7] = (slot->flags & SLOT_WATCHED) != 0;
    return KOZO_OK;
}
