// SPDX-License-Identifier: MIT
// Deleting and revoking. Nesting needs no stack: an object that is met inside a dying one goes to
// its own grave and queues up in kernel.dying.
#include "cap/delete.h"

#include "kernel.h"
#include "object/mapping.h"
#include "object/object.h"
#include "object/pool.h"
#include "object/thread.h"
#include "syscall/call.h"

// Steps of a long operation: a capability that is not just a leaf of a revoke, and an object that is put where it dies.
constexpr unsigned DELETE_STEPS = 2;
constexpr unsigned BURY_STEPS = 2;

// Takes the reference of a capability that is about to go. False for the last one of an object that
// has to be taken apart.
static bool reference_drop(const struct slot *slot)
{
    if (slot->object == 0) {
        return true;
    }
    struct object *object = slot_object(slot);
    if (object->grave.header.references == 1) {
        bool (*at_rest)(const struct object *object) = object_types[slot->type].at_rest;
        return at_rest != nullptr && at_rest(object);
    }
    object->grave.header.references--;
    return true;
}

// What has to happen before a slot is emptied whose end concerns others: the object that it stands
// in, or page tables. False when it has to go on later.
static bool slot_let_go(struct cpu *cpu, struct slot *slot)
{
    switch (slot->flags & SLOT_PLACE) {
    case SLOT_IN_THREAD:
        thread_let_go(cpu, slot);
        return true;
    case SLOT_IN_POOL:
        return pool_let_go(cpu, slot);
    default:
        audit_let_go(slot);
        return true;
    }
}

static bool is_plain(const struct slot *slot)
{
    return (slot->flags & (SLOT_PLACE | SLOT_GRAVE)) == 0 && slot->type != KOZO_TYPE_MAPPING;
}

void slot_drop_within(struct cpu *cpu, struct slot *slot)
{
    if (reference_drop(slot)) {
        slot_remove(slot);
    } else {
        cpu->work += BURY_STEPS;
        object_bury(slot);
    }
}

// The capability goes; its object is put where it dies if this was the last one.
static inline void slot_drop(struct cpu *cpu, struct slot *slot)
{
    if (reference_drop(slot) ||
        (slot->type == KOZO_TYPE_THREAD && thread_end(cpu, thread_of(slot)))) {
        [[clang::always_inline]] slot_remove(slot);
    } else {
        cpu->work += BURY_STEPS;
        object_bury(slot);
    }
}

[[gnu::noinline]] static bool slot_delete_plain(struct cpu *cpu, struct slot *slot)
{
    slot_drop(cpu, slot);
    return true;
}

// The same for one that concerns others than its object, or is a grave. False when it has to go on later.
[[gnu::noinline]] static bool slot_delete_slowly(struct cpu *cpu, struct slot *slot)
{
    if ((slot->flags & SLOT_GRAVE) != 0) {
        return object_reap(cpu, (struct object *)slot);
    }
    if ((slot->flags & SLOT_PLACE) == 0) {
        // A Mapping, which is never part of an object, and has none when it is cleared.
        if (!mapping_clear(cpu, slot)) {
            return false;
        }
        [[clang::always_inline]] slot_remove(slot);
        return true;
    }
    return slot_let_go(cpu, slot) && slot_delete_plain(cpu, slot);
}

bool slot_delete(struct cpu *cpu, struct slot *slot)
{
    if (slot->type == KOZO_TYPE_NONE) {
        return true;
    }
    cpu->work += DELETE_STEPS;
    return is_plain(slot) ? slot_delete_plain(cpu, slot) : slot_delete_slowly(cpu, slot);
}

// Empties as many of the first children as are leaves that concern nobody else, up to the next
// preemption point. Only at the end is the ring closed again.
static void revoke_leaves(struct cpu *cpu, struct slot *parent)
{
    link_t at = parent->child;
    link_t youngest = slot_at(at)->previous;

    while (cpu->work < ARCH_WORK_LIMIT) {
        struct slot *slot = slot_at(at);
        bool leaf = is_plain(slot) && slot->child == 0 && (slot->flags & SLOT_LEASED) == 0;
        if (!leaf || !reference_drop(slot)) {
            break;
        }
        link_t next = slot->next;
        slot_clear(slot);
        cpu->work++;
        if (at == youngest) {
            parent->child = 0;
            return;
        }
        at = next;
    }
    struct slot *first = slot_at(at);
    parent->child = at;
    first->up = link_of(parent);
    first->previous = youngest;
    slot_at(youngest)->next = at;
}

// The first child goes to the end of its ring.
static void ring_turn(struct slot *parent, struct slot *first)
{
    parent->child = first->next;
    slot_at(first->next)->up = link_of(parent);
    first->up = 0;
}

// Deletes what a thread has condemned, but for the thread's own grave: it may be among that, and
// would take the node along. False when it has to go on later.
static bool revocation_finish(struct cpu *cpu, struct thread *thread)
{
    struct slot *node = &thread->revocation;

    while (node->child != 0) {
        uint32_t before = cpu->work;
        revoke_leaves(cpu, node);
        node->value += cpu->work - before;
        if (node->child == 0) {
            break;
        }
        struct slot *first = slot_at(node->child);
        if (first == &thread->object.grave) {
            if (first->next == node->child) {
                break;
            }
            ring_turn(node, first);
            continue;
        }
        if (cpu->work >= ARCH_WORK_LIMIT) {
            return false;
        }
        bool alive = (first->flags & SLOT_GRAVE) == 0;
        bool gone = slot_delete(cpu, first);
        if (node->type == KOZO_TYPE_NONE) {
            return true;
        }
        node->value += alive && gone;
        if (!gone) {
            return false;
        }
        cpu->work++;
    }
    if (node->type != KOZO_TYPE_NONE) {
        audit_revoked(cpu, thread, node);
        slot_remove(node);
    }
    return true;
}

bool slot_revoke(struct call *call, struct slot *slot)
{
    struct slot *node = &call->caller->revocation;

    if (!revocation_finish(call->cpu, call->caller)) {
        return false;
    }
    // Nobody sees more of it than the end: how much went, in one record.
    call->cpu->pending &= ~(uint32_t)PENDING_AUDIT;
    node->handle = call->caller->registers.handle;
    node->badge = call->badge;
    node->about = call->object;
    if (slot->child == 0) {
        audit_revoked(call->cpu, call->caller, node);
        slot_clear(node);
        return true;
    }
    slot_condemn(slot, node);
    return true;
}

// A thread that has condemned itself dies in the middle of its revoke, which is to get to its end.
static bool last_will(struct cpu *cpu, struct object *object)
{
    return object->grave.type != KOZO_TYPE_THREAD ||
           revocation_finish(cpu, (struct thread *)object);
}

bool dying_finish(struct cpu *cpu)
{
    while (kernel.dying != 0) {
        struct object *object = link_known(kernel.dying);
        if (!last_will(cpu, object) || !object_reap(cpu, object)) {
            return false;
        }
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    return true;
}

enum kozo_error call_finish_slowly(struct call *call)
{
    if (revocation_finish(call->cpu, call->caller) && dying_finish(call->cpu)) {
        return KOZO_OK;
    }
    call->caller->registers.operation = KOZO_OP_KERNEL_NULL;
    return call_again(call);
}
