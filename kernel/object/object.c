// SPDX-License-Identifier: MIT
// The life of objects, and the one table of their types.
#include "object/object.h"

#include "kernel.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/extended_state.h"
#include "object/irq_handler.h"
#include "object/lease.h"
#include "object/notification.h"
#include "object/pool.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/timer.h"
#include "sched/cpu.h"

constexpr uint16_t RIGHTS_MEMORY =
    KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE | KOZO_RIGHT_PHYS;
constexpr uint16_t RIGHTS_MESSAGE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT;
constexpr uint16_t RIGHTS_STORAGE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
constexpr uint16_t RIGHTS_OBJECT = KOZO_RIGHT_READ | KOZO_RIGHT_CONTROL;

#define OBJECT(TYPE, name_, rights_, copy_)                                                        \
    .name = (name_), .bits = TYPE##_BITS, .has_object = true, .can_copy = (copy_),                 \
    .rights = (rights_)

const struct object_type object_types[OBJECT_TYPES] = {
    [KOZO_TYPE_UNTYPED] = {.name = "Untyped", .rights = RIGHTS_MEMORY},
    [KOZO_TYPE_CNODE] = {.name = "CNode",
                         .has_object = true,
                         .can_copy = true,
                         .rights = RIGHTS_STORAGE,
                         .reap = cnode_reap},
    [KOZO_TYPE_ENDPOINT] = {OBJECT(ENDPOINT, "Endpoint", RIGHTS_MESSAGE, true),
                            .at_rest = endpoint_at_rest, .reap = endpoint_reap},
    [KOZO_TYPE_REPLY] = {OBJECT(REPLY, "Reply", RIGHTS_OBJECT, false), .at_rest = reply_at_rest,
                         .reap = reply_reap},
    [KOZO_TYPE_NOTIFICATION] = {OBJECT(NOTIFICATION, "Notification", RIGHTS_STORAGE, true),
                                .at_rest = notification_at_rest, .reap = notification_reap},
    [KOZO_TYPE_THREAD] = {OBJECT(THREAD, "Thread", RIGHTS_OBJECT, true), .create = thread_create,
                          .reap = thread_reap},
    [KOZO_TYPE_SCHED_CONTEXT] = {OBJECT(SCHED_CONTEXT, "SchedContext", RIGHTS_OBJECT, true),
                                 .at_rest = sched_context_at_rest, .reap = sched_context_reap},
    [KOZO_TYPE_POOL] = {OBJECT(POOL, "Pool", RIGHTS_OBJECT, true), .reap = pool_reap},
    [KOZO_TYPE_ADDRESS_SPACE] = {OBJECT(ADDRESS_SPACE, "AddressSpace", RIGHTS_OBJECT, true),
                                 .reap = address_space_reap},
    [KOZO_TYPE_FRAME] = {.name = "Frame", .can_copy = true, .rights = RIGHTS_MEMORY},
    [KOZO_TYPE_MAPPING] = {.name = "Mapping"},
    [KOZO_TYPE_IRQ_CONTROL] = {.name = "IrqControl",
                               .can_copy = true,
                               .rights = KOZO_RIGHT_CONTROL},
    [KOZO_TYPE_IRQ_HANDLER] = {OBJECT(IRQ_HANDLER, "IrqHandler", RIGHTS_OBJECT, true),
                               .reap = irq_handler_reap},
    [KOZO_TYPE_IO_PORT] = {.name = "IoPort", .can_copy = true, .rights = RIGHTS_STORAGE},
    [KOZO_TYPE_EXTENDED_STATE] = {.name = "ExtendedState",
                                  .has_object = true,
                                  .can_copy = true,
                                  .rights = RIGHTS_OBJECT,
                                  .create = extended_state_create,
                                  .reap = extended_state_reap},
    [KOZO_TYPE_SCHED_CONTROL] = {.name = "SchedControl",
                                 .can_copy = true,
                                 .rights = KOZO_RIGHT_CONTROL},
    [KOZO_TYPE_AUDIT_LOG] = {.name = "AuditLog",
                             .can_copy = true,
                             .rights = KOZO_RIGHT_READ | KOZO_RIGHT_CONTROL},
    [KOZO_TYPE_AUDIT_DIGEST] = {.name = "AuditDigest", .can_copy = true, .rights = KOZO_RIGHT_READ},
    [KOZO_TYPE_ENTROPY] = {.name = "Entropy", .can_copy = true, .rights = KOZO_RIGHT_WRITE},
    [KOZO_TYPE_TIMER] = {OBJECT(TIMER, "Timer", RIGHTS_OBJECT, true), .reap = timer_reap},
    [SLOT_REVOCATION] = {.name = "Revocation"},
    [KOZO_TYPE_LEASE] = {OBJECT(LEASE, "Lease", RIGHTS_OBJECT, true), .at_rest = lease_at_rest,
                         .reap = lease_reap},
};

static_assert(SLOT_REVOCATION < OBJECT_TYPES);

// Steps of a long operation that the end of an object takes, beside what it holds.
constexpr unsigned REAP_STEPS = 6;

void object_create(struct object *object, enum kozo_object_type type, unsigned bits)
{
    object->grave.header = (struct object_header){.type = (uint8_t)type, .bits = (uint8_t)bits};
    if (object_types[type].create != nullptr) {
        object_types[type].create(object);
    }
}

void object_bury(struct slot *last)
{
    struct object *object = slot_object(last);

    if ((last->flags & SLOT_LEASED) != 0) {
        lease_leave(last);
    }
    slot_move(last, &object->grave, SLOT_GRAVE);
    slot_list_push(&kernel.dying, &object->grave);
}

bool object_reap(struct cpu *cpu, struct object *object)
{
    const struct object_type *type = &object_types[object->grave.header.type];

    while (type->reap != nullptr && !type->reap(cpu, object)) {
        if (cpu_work_is_due(cpu)) {
            return false;
        }
    }
    cpu->work += REAP_STEPS;
    slot_list_unlink(&kernel.dying, &object->grave);
    slot_remove(&object->grave);
    return true;
}
