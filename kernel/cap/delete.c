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

static void delete_reference(struct slot *slot)
{
    struct object *object = slot_object(slot);

    if (object->grave.header.references > 1) {
        object->grave.header.references--;
        slot_remove(slot);
    } else {
        object_bury(slot);
    }
}

// What an object has to do before one of its own slots is emptied.
static bool owner_let_go(struct cpu *cpu, struct slot *slot)
{
    if ((slot->flags & SLOT_IN_THREAD) != 0) {
        thread_let_go(cpu, slot);
    } else if ((slot->flags & SLOT_IN_POOL) != 0) {
        return pool_let_go(cpu, slot);
    }
    return true;
}

bool slot_delete(struct cpu *cpu, struct slot *slot)
{
    if (slot->type == KOZO_TYPE_NONE) {
        return true;
    }
    if ((slot->flags & SLOT_GRAVE) != 0) {
        return object_reap(cpu, (struct object *)slot);
    }
    if (!owner_let_go(cpu, slot)) {
        return false;
    }
    if (slot->type == KOZO_TYPE_MAPPING && !mapping_clear(cpu, slot)) {
        return false;
    }
    if (object_types[slot->type].has_object) {
        delete_reference(slot);
    } else {
        slot_remove(slot);
    }
    return true;
}

bool slot_revoke(struct cpu *cpu, struct slot *slot)
{
    while (slot->child != 0) {
        if (!slot_delete(cpu, slot_at(slot->child))) {
            return false;
        }
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    return true;
}

bool dying_finish(struct cpu *cpu)
{
    while (kernel.dying != 0) {
        if (!object_reap(cpu, link_target(kernel.dying))) {
            return false;
        }
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    return true;
}

enum kozo_error call_finish(struct call *call)
{
    if (kernel.dying == 0 || dying_finish(call->cpu)) {
        return KOZO_OK;
    }
    call->caller->registers.operation = KOZO_OP_KERNEL_NULL;
    return call_again(call);
}
