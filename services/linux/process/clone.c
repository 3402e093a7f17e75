// SPDX-License-Identifier: MIT
// New threads and processes: clone in all its forms.
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "../file/descriptors.h"
#include "../file/file.h"
#include "../file/lease.h"
#include "../file/path.h"
#include "../memory/space.h"
#include "number.h"
#include "process.h"
#include "timer.h"

#include <string.h>
#include <sys/resource.h>

enum clone_flags : uint64_t {
    CLONE_SIGNAL = 0xff,
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_PIDFD = 0x1000,
    CLONE_VFORK = 0x4000,
    CLONE_PARENT = 0x8000,
    CLONE_THREAD = 0x10000,
    CLONE_NEWNS = 0x20000,
    CLONE_SETTLS = 0x80000,
    CLONE_PARENT_SETTID = 0x10'0000,
    CLONE_CHILD_CLEARTID = 0x20'0000,
    CLONE_CHILD_SETTID = 0x100'0000,
    CLONE_NAMESPACES = 0x7e02'0000, // all that make namespaces
    CLONE_CLEAR_SIGHAND = 0x1'0000'0000,
};

// What clone and clone3 ask for.
struct wish {
    uint64_t flags;
    uint64_t stack; // 0: the caller's
    uint64_t parent_number, child_number, thread_pointer, descriptor;
    int exit_signal;
};

static int64_t check(const struct wish *wish)
{
    uint64_t flags = wish->flags;
    if ((flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0) {
        return -EINVAL;
    }
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0) {
        return -EINVAL;
    }
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_CLEAR_SIGHAND) != 0) {
        return -EINVAL;
    }
    if ((flags & CLONE_NAMESPACES) != 0) {
        return -EPERM;
    }
    if ((flags & CLONE_PIDFD) != 0) {
        return -EINVAL;
    }
    return 0;
}

static struct handlers *handlers_for(const struct process *parent, uint64_t flags)
{
    if ((flags & CLONE_SIGHAND) != 0) {
        handlers_keep(parent->handlers);
        return parent->handlers;
    }
    struct handlers *handlers = handlers_copy(parent->handlers);
    if (handlers != nullptr && (flags & CLONE_CLEAR_SIGHAND) != 0) {
        handlers_reset(handlers);
    }
    return handlers;
}

static bool fill_process(struct process *child, struct process *parent, uint64_t flags)
{
    child->caller.lease = parent->caller.lease;
    lease_keep(child->caller.lease);
    child->handlers = handlers_for(parent, flags);
    if ((flags & CLONE_FILES) != 0) {
        descriptors_keep(parent->caller.descriptors);
        child->caller.descriptors = parent->caller.descriptors;
    } else {
        child->caller.descriptors = descriptors_copy(parent->caller.descriptors);
    }
    if ((flags & CLONE_FS) != 0) {
        folders_keep(parent->caller.folders);
        child->caller.folders = parent->caller.folders;
    } else {
        child->caller.folders = folders_copy(parent->caller.folders);
    }
    if ((flags & CLONE_VM) != 0) {
        space_keep(parent->space);
        child->space = parent->space;
    } else {
        child->space = space_fork(parent->space);
    }
    child->program = parent->program;
    if (child->program != nullptr) {
        file_keep(child->program);
    }
    return child->handlers != nullptr && child->caller.descriptors != nullptr &&
           child->caller.folders != nullptr && child->space != nullptr;
}

static struct process *process_for(struct process *self, const struct wish *wish)
{
    if ((wish->flags & CLONE_THREAD) != 0) {
        return self;
    }
    bool beside = (wish->flags & CLONE_PARENT) != 0 && self->parent != nullptr;
    struct process *child = process_make(beside ? self->parent : self);
    if (child == nullptr) {
        return nullptr;
    }
    if (!fill_process(child, self, wish->flags)) {
        process_unmake(child);
        return nullptr;
    }
    child->exit_signal = beside ? self->exit_signal : wish->exit_signal;
    child->caller.group = self->caller.group;
    child->caller.session = self->caller.session;
    child->caller.terminal = self->caller.terminal;
    child->dumpable = self->dumpable;
    return child;
}

// The new thread goes on where the caller does, with 0 as the result.
static bool set_registers(struct thread *child, struct thread *self, const struct wish *wish)
{
    struct kozo_x86_general registers;
    struct kozo_x86_bases bases;
    thread_read(self, &registers);
    thread_read_bases(self, &bases);
    registers.rax = 0;
    if (wish->stack != 0) {
        registers.rsp = wish->stack;
    }
    if ((wish->flags & CLONE_SETTLS) != 0) {
        bases.fs = wish->thread_pointer;
    }
    if (!thread_enter(child) || !thread_write(child, &registers) ||
        !thread_write_bases(child, &bases)) {
        return false;
    }
    thread_copy_extended(child, self);
    return true;
}

static void inherit_signals(struct thread *child, const struct thread *self, uint64_t flags)
{
    constexpr int32_t disabled = 2;
    child->signals.blocked = self->signals.blocked;
    // A thread that shares its memory has no alternate stack: that of its maker is in use there.
    bool keeps = (flags & CLONE_VM) == 0 || (flags & CLONE_VFORK) != 0;
    child->signals.stack =
        keeps ? self->signals.stack : (struct alternate_stack){.flags = disabled};
}

static void forget(struct process *process, struct thread *child, struct process *self)
{
    if (child != nullptr) {
        thread_unmake(child);
    }
    if (process != self) {
        process_unmake(process);
    }
}

// Waits until the child has called exec or has ended. A signal that ends this process ends the wait, too.
static void wait_for_exec(struct thread *self, struct let_go *let_go)
{
    while (let_go->child != nullptr && !self->ends) {
        struct wait wait = {};
        wait_enter(&wait, &let_go->queue);
        if (wait_through(NO_DEADLINE) == WAKE_INTERRUPT) {
            break;
        }
        wait_leave(&wait);
    }
    if (let_go->child != nullptr) {
        let_go->child->let_go = nullptr;
    }
}

// Whether the user of a process has as many threads as it may have; one that has ended and was not waited for counts. Who may do
// everything is not bound. There is no need to count them as long as all users together have fewer.
static bool is_at_limit(const struct process *self)
{
    const struct credentials *who = &self->caller.credentials;
    uint64_t limit = self->caller.limit[RLIMIT_NPROC].soft;
    if (who->user == 0 || who->effective_user == 0 || numbers_taken() < limit) {
        return false;
    }
    uint64_t count = 0;
    for (const struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        if (process->caller.credentials.user == who->user) {
            count += process->thread_count > 0 ? process->thread_count : 1;
        }
    }
    return count >= limit;
}

// In a crowd, who makes a process waits a while, the longer the more threads there are; so does who asks for more than there is room for.
// Many that fork without end would leave no time to other sandboxes: linuxd comes before all programs.
static int64_t slow_down(int64_t result)
{
    constexpr uint64_t FOR_EACH = 5'000'000; // nanoseconds
    constexpr size_t CROWD = 64;
    size_t threads = threads_there();
    if (threads > CROWD) {
        (void)wait_until(clock_monotonic() + (threads - CROWD) * FOR_EACH);
    }
    return result;
}

static int64_t clone(struct thread *self, const struct wish *wish)
{
    int64_t error = check(wish);
    if (error != 0) {
        return error;
    }
    if (is_at_limit(self->process)) {
        return slow_down(-EAGAIN);
    }
    struct process *process = process_for(self->process, wish);
    if (process == nullptr) {
        return slow_down(-ENOMEM);
    }
    struct thread *child = thread_make(process);
    if (child == nullptr || !set_registers(child, self, wish)) {
        forget(process, child, self->process);
        return slow_down(-EAGAIN);
    }
    uint32_t number = child->number;
    inherit_signals(child, self, wish->flags);
    memcpy(child->name, self->name, sizeof child->name);
    if ((wish->flags & CLONE_CHILD_CLEARTID) != 0) {
        child->clear_number = wish->child_number;
    }
    if ((wish->flags & CLONE_PARENT_SETTID) != 0) {
        (void)user_write((struct user){wish->parent_number}, &number, sizeof number);
    }
    if ((wish->flags & CLONE_CHILD_SETTID) != 0) {
        (void)space_write(process->space, wish->child_number, &number, sizeof number);
    }
    struct let_go let_go = {.child = child};
    bool waits = (wish->flags & CLONE_VFORK) != 0;
    if (waits) {
        child->let_go = &let_go;
    }
    thread_run(child);
    if (waits) {
        wait_for_exec(self, &let_go);
    }
    return process != self->process ? slow_down(number) : number;
}

int64_t call_clone(const struct call *call)
{
    struct wish wish = {
        .flags = call->argument[0] & ~CLONE_SIGNAL & UINT32_MAX,
        .exit_signal = (int)(call->argument[0] & CLONE_SIGNAL),
        .stack = call->argument[1],
        .parent_number = call->argument[2],
        .child_number = call->argument[3],
        .thread_pointer = call->argument[4],
    };
    return clone(call->thread, &wish);
}

int64_t call_fork(const struct call *call)
{
    struct wish wish = {.exit_signal = SIGNAL_CHILD};
    return clone(call->thread, &wish);
}

int64_t call_vfork(const struct call *call)
{
    struct wish wish = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGNAL_CHILD};
    return clone(call->thread, &wish);
}

struct clone_arguments {
    uint64_t flags, descriptor, child_number, parent_number, exit_signal, stack, stack_size,
        thread_pointer, numbers, numbers_count, group;
};

int64_t call_clone3(const struct call *call)
{
    constexpr uint64_t least = 64;
    struct clone_arguments asked = {};
    uint64_t size = call->argument[1];
    if (size < least) {
        return -EINVAL;
    }
    if (size > PAGE_BYTES) {
        return -E2BIG;
    }
    uint64_t part = size < sizeof asked ? size : sizeof asked;
    if (user_read(&asked, (struct user){call->argument[0]}, part) != 0) {
        return -EFAULT;
    }
    for (uint64_t i = sizeof asked; i < size; i++) {
        uint8_t byte;
        if (user_read(&byte, (struct user){call->argument[0] + i}, 1) != 0) {
            return -EFAULT;
        }
        if (byte != 0) {
            return -E2BIG;
        }
    }
    if ((asked.stack == 0) != (asked.stack_size == 0) || asked.exit_signal > SIGNALS ||
        (asked.flags & CLONE_SIGNAL) != 0 || asked.numbers_count != 0) {
        return -EINVAL;
    }
    struct wish wish = {
        .flags = asked.flags,
        .stack = asked.stack + asked.stack_size,
        .parent_number = asked.parent_number,
        .child_number = asked.child_number,
        .thread_pointer = asked.thread_pointer,
        .exit_signal = (int)asked.exit_signal,
    };
    return clone(call->thread, &wish);
}
