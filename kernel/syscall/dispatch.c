// SPDX-License-Identifier: MIT
// The entries of entry.h. A system call is looked up in the table that abi/ generates: its
// number leads to the type and the rights that the capability must have, and to the function that
// does the rest.
//
// The way of a call that succeeds at once is short on purpose: it ends in the tail call of its
// function, so that what is rare (a long path, a lease, the audit log, another thread to run) costs
// nothing where it is not needed.
#include "entry.h"

#include "audit/audit.h"
#include "cap/lookup.h"
#include "entropy/entropy.h"
#include "ipc/fast.h"
#include "kernel.h"
#include "kozo/operations.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/extended_state.h"
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
#include "sched/processors.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

// What has to be done before the function of an operation is called.
enum operation_kind : uint8_t {
    ABSENT,  // there is no such operation
    ALONE,   // nothing: it has no handle, or looks it up itself
    TYPED,   // to look up its handle
    AUDITED, // the same if it has a type, and to note the call for the audit log
};

struct operation {
    // What the first 32 bits of a slot must be, where `mask` has bits, for the short way: the type, all
    // of the rights, and nothing special.
    uint32_t mask, wanted;
    enum kozo_error (*function)(struct call *call);
    enum operation_kind kind;
    uint8_t type;    // of its handle; NONE: the function looks its handle up itself
    uint16_t rights; // all of which the capability must have
    uint32_t spare[3];
};
static_assert(sizeof(struct operation) == 32);

// The first 32 bits of a slot.
#define SLOT_HEAD(type, flags, rights) ((type) | (uint32_t)(flags) << 8 | (uint32_t)(rights) << 16)
static_assert(offsetof(struct slot, flags) == 1 && offsetof(struct slot, rights) == 2);

#define OPERATION(number, object, operation, type_, rights_, debug, audited)                       \
    [number] = {.mask = SLOT_HEAD(UINT8_MAX, SLOT_SPECIAL, (rights_)),                             \
                .wanted = SLOT_HEAD((type_), 0, (rights_)),                                        \
                .function = object##_##operation##_call,                                           \
                .kind = (audited)                   ? AUDITED                                      \
                        : (type_) == KOZO_TYPE_NONE ? ALONE                                        \
                                                    : TYPED,                                       \
                .type = (type_),                                                                   \
                .rights = (rights_)},

static const struct operation operations[] = {KOZO_OPERATIONS(OPERATION)};

constexpr uint64_t OPERATIONS = sizeof(operations) / sizeof(operations[0]);

// A use counts when the operation was accepted.
static enum kozo_error dispatch_leased(struct call *call, const struct operation *operation)
{
    struct lease *lease = lease_at(call->slot->lease);

    if (!lease_allows(lease)) {
        return KOZO_EXPIRED;
    }
    // The fast path would not come back to count the use.
    enum kozo_error error =
        operation->function == endpoint_call_call         ? endpoint_call_generally(call)
        : operation->function == endpoint_reply_recv_call ? endpoint_reply_recv_generally(call)
                                                          : operation->function(call);
    if (error == KOZO_OK) {
        lease_use(lease);
    }
    return error;
}

// Object and badge come by call_about, before a call that is audited can succeed.
static inline void call_note(struct cpu *cpu, const struct arch_registers *registers)
{
    uint64_t number = registers->operation;
    uint64_t handle = registers->handle;

    cpu->pending |= PENDING_AUDIT;
    cpu->call.number = number;
    cpu->call.handle = handle;
}

// Calls the function of an operation that is audited. What succeeded, and leaves nothing else to be done, goes to
// the audit log here, since that is the short way out.
[[gnu::noinline]] static enum kozo_error call_audited(struct call *call,
                                                      const struct operation *operation)
{
    enum kozo_error error = operation->function(call);

    if (error == KOZO_OK && call->cpu->pending == PENDING_AUDIT) {
        call->cpu->pending = 0;
        audit_note(call);
    }
    return error;
}

// What is noted for the use of a watched capability is not what is noted for the operation.
static void call_watch(struct call *call)
{
    uint32_t pending = call->cpu->pending;

    call_note(call->cpu, &call->caller->registers);
    call_about(call, call->slot);
    audit_use(call);
    call->cpu->pending = pending;
}

// Any operation of a capability, however that is found.
[[gnu::noinline]] static enum kozo_error dispatch(struct call *call,
                                                  const struct operation *operation)
{
    struct lookup found = lookup_typed(call->caller, call->caller->registers.handle,
                                       operation->type, operation->rights);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    call->slot = found.slot;
    if (operation->kind == AUDITED) {
        call_about(call, found.slot);
    }
    if ((found.slot->flags & SLOT_WATCHED) != 0) {
        call_watch(call);
    }
    if ((found.slot->flags & SLOT_LEASED) != 0) {
        return dispatch_leased(call, operation);
    }
    return operation->function(call);
}

// Whether the slot is one for the short way.
static inline bool suits(const struct slot *slot, const struct operation *operation)
{
    return ((uint32_t)slot->head & operation->mask) == operation->wanted;
}

static inline enum kozo_error begin_audited(struct cpu *cpu, const struct operation *operation)
{
    struct call *call = &cpu->call;
    const struct arch_registers *registers = &call->caller->registers;

    call_note(cpu, registers);
    if (operation->type == KOZO_TYPE_NONE) {
        return call_audited(call, operation);
    }
    struct slot *slot = lookup_near(call->caller, registers->handle);
    if (slot == nullptr || !suits(slot, operation)) {
        return dispatch(call, operation);
    }
    call->slot = slot;
    call_about(call, slot);
    return call_audited(call, operation);
}

enum kozo_error syscall_begin(struct call *call)
{
    struct cpu *cpu = cpu_of_call(call);
    const struct arch_registers *registers = &call->caller->registers;

    cpu->work = 0;
    if (cpu->detour != 0) [[clang::unlikely]] {
        return fast_foreign_call(call);
    }
    if (registers->operation >= OPERATIONS) [[clang::unlikely]] {
        return KOZO_BAD_OPERATION;
    }
    const struct operation *operation = &operations[registers->operation];
    if (operation->kind == TYPED) [[clang::likely]] {
        struct slot *near = lookup_near(call->caller, registers->handle);
        if (near == nullptr || !suits(near, operation)) {
            return dispatch(call, operation);
        }
        call->slot = near;
        return operation->function(call);
    }
    if (operation->kind == ALONE) {
        return operation->function(call);
    }
    return operation->kind == AUDITED ? begin_audited(cpu, operation) : KOZO_BAD_OPERATION;
}

// Errors that mean that somebody tried what he may not do.
static bool is_refusal(enum kozo_error error)
{
    return error == KOZO_NO_RIGHT || error == KOZO_EXPIRED || error == KOZO_DEADLOCK ||
           error == KOZO_TOO_DEEP;
}

// Tells the audit log, if it is to know. A call that is to start again is not over yet, unless it
// goes on as another operation.
static void syscall_audit(struct call *call, uint32_t pending, enum kozo_error error)
{
    if (is_refusal(error)) {
        call_note(call->cpu, &call->caller->registers);
        audit_refused(call, error);
    } else if (error == KOZO_OK && (pending & PENDING_AUDIT) != 0 &&
               ((pending & PENDING_RESTART) == 0 ||
                call->caller->registers.operation != call->number)) {
        audit_note(call);
    }
}

struct thread *syscall_end(struct cpu *cpu, enum kozo_error error)
{
    struct thread *caller = cpu->call.caller;
    uint32_t pending = cpu->pending;

    syscall_audit(&cpu->call, pending, error);
    cpu->pending = 0;
    if ((pending & PENDING_RESTART) != 0) {
        arch_registers_restart(&caller->registers);
    } else if ((pending & PENDING_ANSWERED) == 0) {
        caller->registers.operation = error;
    }
    return (pending & PENDING_CHOICE) == 0 ? caller : scheduler_choose(cpu);
}

// Whether another processor has made the memory there, since the thread faulted.
static bool is_there_by_now(const struct thread *thread, const struct fault *fault)
{
    return kernel.lock.needed && fault->kind == KOZO_FAULT_PAGE &&
           table_allows(thread_root(thread), fault->address, fault->access);
}

struct thread *kernel_fault(struct cpu *cpu, const struct fault *fault)
{
    if (lock_take(cpu) && !is_there_by_now(cpu->current, fault)) {
        cpu->work = 0;
        cpu->current->fault = *fault;
        struct thread *handler = fast_tell(cpu, cpu->current);
        if (handler != nullptr) {
            return arch_exit_early(handler);
        }
        thread_tell(cpu, cpu->current);
    }
    return scheduler_choose(cpu);
}

// What a device, the clock or another processor says holds whoever runs.

struct thread *kernel_interrupt(struct cpu *cpu, unsigned interrupt)
{
    (void)lock_take(cpu);
    cpu->work = 0;
    if (arch_interrupt_accept(interrupt)) {
        irq_handler_fire(cpu, interrupt);
    }
    return scheduler_choose(cpu);
}

struct thread *kernel_timer(struct cpu *cpu)
{
    (void)lock_take(cpu);
    cpu->work = 0;
    scheduler_tick(cpu);
    return scheduler_choose(cpu);
}

struct thread *kernel_reschedule(struct cpu *cpu)
{
    (void)lock_take(cpu);
    return scheduler_choose(cpu);
}
