// SPDX-License-Identifier: MIT
// The four entries of entry.h. A system call is looked up in the table that abi/ generates: its
// number leads to the type and the rights that the capability must have, and to the function that
// does the rest.
#include "entry.h"

#include "audit/audit.h"
#include "cap/lookup.h"
#include "entropy/entropy.h"
#include "kozo/operations.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/frame.h"
#include "object/io_port.h"
#include "object/irq_handler.h"
#include "object/kernel_object.h"
#include "object/lease.h"
#include "object/mapping.h"
#include "object/notification.h"
#include "object/pool.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/timer.h"
#include "object/untyped.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

struct operation {
    enum kozo_error (*function)(struct call *call);
    uint8_t type;    // NONE: the function looks its handle up itself
    bool audited;    // its success goes to the audit log
    uint16_t rights; // all of which the capability must have
};

#define OPERATION(number, object, operation, type, rights, debug, audited)                         \
    [number] = {object##_##operation##_call, type, audited, rights},

static const struct operation operations[] = {KOZO_OPERATIONS(OPERATION)};

constexpr uint64_t OPERATIONS = sizeof(operations) / sizeof(operations[0]);

// A use counts when the operation was accepted.
static enum kozo_error dispatch_leased(struct call *call, const struct operation *operation)
{
    struct lease *lease = lease_at(call->slot->lease);

    if (!lease_allows(lease)) {
        return KOZO_EXPIRED;
    }
    enum kozo_error error = operation->function(call);
    if (error == KOZO_OK) {
        lease_use(lease);
    }
    return error;
}

static enum kozo_error dispatch(struct call *call, const struct operation *operation)
{
    const struct arch_registers *registers = &call->caller->registers;

    if (operation->function == nullptr) {
        return KOZO_BAD_OPERATION;
    }
    if (operation->type != KOZO_TYPE_NONE) {
        struct lookup found =
            lookup_typed(call->caller, registers->handle, operation->type, operation->rights);
        if (found.error != KOZO_OK) {
            return found.error;
        }
        call->slot = found.slot;
        if (operation->audited) {
            call_about(call, found.slot);
        }
        if ((found.slot->flags & SLOT_LEASED) != 0) {
            return dispatch_leased(call, operation);
        }
    }
    return operation->function(call);
}

static const struct operation *find_operation(uint64_t number)
{
    static const struct operation none;

    return number < OPERATIONS ? &operations[number] : &none;
}

// Errors that mean that somebody tried what he may not do.
static bool is_refusal(enum kozo_error error)
{
    return error == KOZO_NO_RIGHT || error == KOZO_EXPIRED || error == KOZO_DEADLOCK ||
           error == KOZO_TOO_DEEP;
}

static struct thread *native_syscall(struct cpu *cpu, struct thread *caller)
{
    struct call call = {
        .cpu = cpu,
        .caller = caller,
        .argument = caller->registers.argument,
    };
    uint64_t number = caller->registers.operation;
    uint64_t handle = caller->registers.handle;
    const struct operation *operation = find_operation(number);

    enum kozo_error error = dispatch(&call, operation);
    // A call that is to start again is not over yet, unless it goes on as another operation.
    bool over = !cpu->restart || caller->registers.operation != number;
    if (over && (error == KOZO_OK ? operation->audited : is_refusal(error))) {
        audit_note(&call, number, handle, error);
    }
    if (cpu->restart) {
        cpu->restart = false;
        arch_registers_restart(&caller->registers);
    } else {
        caller->registers.operation = error;
    }
    return scheduler_is_settled(cpu, caller) ? caller : scheduler_choose(cpu);
}

struct thread *kernel_syscall(struct cpu *cpu)
{
    struct thread *caller = cpu->current;

    cpu->work = 0;
    if (!caller->foreign) {
        return native_syscall(cpu, caller);
    }
    foreign_syscall(cpu, caller);
    return scheduler_is_settled(cpu, caller) ? caller : scheduler_choose(cpu);
}

struct thread *kernel_fault(struct cpu *cpu, const struct fault *fault)
{
    cpu->work = 0;
    thread_fault(cpu, cpu->current, fault);
    return scheduler_choose(cpu);
}

struct thread *kernel_interrupt(struct cpu *cpu, unsigned interrupt)
{
    cpu->work = 0;
    irq_handler_fire(cpu, interrupt);
    return scheduler_choose(cpu);
}

struct thread *kernel_timer(struct cpu *cpu)
{
    cpu->work = 0;
    scheduler_tick(cpu);
    return scheduler_choose(cpu);
}
