// SPDX-License-Identifier: MIT
// System calls about signals.
#include "../core/call.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "../process/process.h"

constexpr uint64_t MASK_BYTES = 8;

static bool is_signal(int64_t signal)
{
    return signal >= 1 && signal <= SIGNALS;
}

static int argument_int(const struct call *call, size_t number)
{
    return (int)call->argument[number];
}

int64_t call_rt_sigaction(const struct call *call)
{
    int signal = argument_int(call, 0);
    struct user new = {call->argument[1]};
    struct user old = {call->argument[2]};
    if (!is_signal(signal) || call->argument[3] != MASK_BYTES) {
        return -EINVAL;
    }
    struct action *action = &process_now()->handlers->action[signal];
    struct action before = *action;
    if (new.address != 0) {
        struct action wanted;
        if (user_read(&wanted, new, sizeof wanted) != 0) {
            return -EFAULT;
        }
        if (signal == SIGNAL_KILL || signal == SIGNAL_STOP) {
            return -EINVAL;
        }
        wanted.mask &= ~(signal_bit(SIGNAL_KILL) | signal_bit(SIGNAL_STOP));
        *action = wanted;
        signals_forget_ignored(process_now(), signal);
    }
    if (old.address != 0 && user_write(old, &before, sizeof before) != 0) {
        return -EFAULT;
    }
    return 0;
}

int64_t call_rt_sigprocmask(const struct call *call)
{
    enum how : int { BLOCK = 0, UNBLOCK = 1, SET = 2 };
    struct thread *thread = call->thread;
    struct user new = {call->argument[1]};
    struct user old = {call->argument[2]};
    uint64_t before = thread->signals.blocked;
    if (call->argument[3] != MASK_BYTES) {
        return -EINVAL;
    }
    if (new.address != 0) {
        uint64_t mask;
        if (user_read(&mask, new, sizeof mask) != 0) {
            return -EFAULT;
        }
        switch (argument_int(call, 0)) {
        case BLOCK:
            signal_block(thread, before | mask);
            break;
        case UNBLOCK:
            signal_block(thread, before & ~mask);
            break;
        case SET:
            signal_block(thread, mask);
            break;
        default:
            return -EINVAL;
        }
    }
    if (old.address != 0 && user_write(old, &before, sizeof before) != 0) {
        return -EFAULT;
    }
    return 0;
}

int64_t call_rt_sigreturn(const struct call *call)
{
    if (frame_pop(call->thread) != 0) {
        signal_by_fault(call->thread, SIGNAL_SEGMENT, CODE_KERNEL, 0);
    }
    return CALL_RESUME;
}

int64_t call_rt_sigpending(const struct call *call)
{
    if (call->argument[1] > MASK_BYTES) {
        return -EINVAL;
    }
    const struct thread *thread = call->thread;
    uint64_t pending = (thread->signals.queue.pending | thread->process->signals.queue.pending) &
                       thread->signals.blocked;
    return user_write((struct user){call->argument[0]}, &pending, call->argument[1]);
}

void signals_mask_for_call(struct thread *thread, uint64_t mask)
{
    thread->signals.saved = thread->signals.blocked;
    thread->signals.restore_saved = true;
    signal_block(thread, mask);
}

int64_t call_rt_sigsuspend(const struct call *call)
{
    uint64_t mask;
    if (call->argument[1] != MASK_BYTES) {
        return -EINVAL;
    }
    if (user_read(&mask, (struct user){call->argument[0]}, sizeof mask) != 0) {
        return -EFAULT;
    }
    signals_mask_for_call(call->thread, mask);
    struct wait_queue nothing = {};
    while (wait_on(&nothing, NO_DEADLINE) != WAKE_INTERRUPT) {
    }
    return RESTART_NO_HANDLER;
}

int64_t call_pause(const struct call *call)
{
    (void)call;
    struct wait_queue nothing = {};
    while (wait_on(&nothing, NO_DEADLINE) != WAKE_INTERRUPT) {
    }
    return RESTART_NO_HANDLER;
}

struct time_spec {
    int64_t seconds;
    int64_t nanoseconds;
};

int64_t call_rt_sigtimedwait(const struct call *call)
{
    constexpr int64_t second = 1'000'000'000;
    struct thread *thread = call->thread;
    struct user to = {call->argument[1]};
    struct user timeout = {call->argument[2]};
    uint64_t wanted;
    uint64_t deadline = NO_DEADLINE;
    if (call->argument[3] != MASK_BYTES) {
        return -EINVAL;
    }
    if (user_read(&wanted, (struct user){call->argument[0]}, sizeof wanted) != 0) {
        return -EFAULT;
    }
    if (timeout.address != 0) {
        struct time_spec time;
        if (user_read(&time, timeout, sizeof time) != 0) {
            return -EFAULT;
        }
        if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= second) {
            return -EINVAL;
        }
        deadline = clock_monotonic() + (uint64_t)(time.seconds * second + time.nanoseconds);
    }
    wanted &= ~(signal_bit(SIGNAL_KILL) | signal_bit(SIGNAL_STOP));
    struct signal_info info;
    enum wake why = WAKE_EVENT;
    bool taken = signal_take_of(thread, wanted, &info);
    while (!taken && why == WAKE_EVENT) {
        struct wait_queue nothing = {};
        thread->signals.wanted = wanted;
        why = wait_on(&nothing, deadline);
        thread->signals.wanted = 0;
        taken = signal_take_of(thread, wanted, &info);
    }
    signals_recount(thread);
    if (!taken) {
        return why == WAKE_TIME ? -EAGAIN : -EINTR;
    }
    if (to.address != 0 && user_write(to, &info, sizeof info) != 0) {
        return -EFAULT;
    }
    return info.signal;
}

int64_t call_sigaltstack(const struct call *call)
{
    constexpr int32_t on_stack = 1, disabled = 2;
    constexpr uint64_t least = 2048;
    struct thread_signals *signals = &call->thread->signals;
    struct user new = {call->argument[0]};
    struct user old = {call->argument[1]};
    uint64_t pointer = thread_stack_pointer(call->thread);
    bool in_use = signals->stack.size != 0 && pointer > signals->stack.start &&
                  pointer - signals->stack.start <= signals->stack.size;
    struct alternate_stack before = signals->stack;
    before.flags = before.size == 0 ? disabled : in_use ? on_stack : 0;
    if (new.address != 0) {
        struct alternate_stack wanted;
        if (user_read(&wanted, new, sizeof wanted) != 0) {
            return -EFAULT;
        }
        if (in_use) {
            return -EPERM;
        }
        constexpr int32_t autodisarm = INT32_MIN;
        if ((wanted.flags & ~(on_stack | disabled | autodisarm)) != 0) {
            return -EINVAL;
        }
        if ((wanted.flags & disabled) != 0) {
            wanted = (struct alternate_stack){.flags = disabled};
        } else if (wanted.size < least) {
            return -ENOMEM;
        }
        signals->stack = wanted;
    }
    if (old.address != 0 && user_write(old, &before, sizeof before) != 0) {
        return -EFAULT;
    }
    return 0;
}

// --- Sending ----------------------------------------------------------------------------------------

static bool may_signal(const struct process *target, int signal)
{
    const struct process *self = process_now();
    const struct credentials *own = &self->caller.credentials;
    const struct credentials *other = &target->caller.credentials;
    return own->effective_user == 0 || own->user == other->user || own->user == other->saved_user ||
           own->effective_user == other->user || own->effective_user == other->saved_user ||
           (signal == SIGNAL_CONTINUE && self->caller.session == target->caller.session);
}

static struct signal_info from_user(int signal, int code)
{
    const struct caller *self = caller();
    struct signal_info info = {.signal = signal, .code = code};
    info.from.process = self->process;
    info.from.user = self->credentials.user;
    return info;
}

static int64_t kill_one(struct process *process, int signal)
{
    if (!may_signal(process, signal)) {
        return -EPERM;
    }
    if (signal != 0) {
        struct signal_info info = from_user(signal, CODE_USER);
        signal_to_process(process, &info);
    }
    return 0;
}

// Everybody in a group, or, without one, everybody but the first process and the caller.
static int64_t kill_many(uint32_t group, int signal)
{
    int64_t result = -ESRCH;
    uint32_t next = 1;
    for (struct process *process = process_from(next); process != nullptr;
         process = process_from(next)) {
        next = process->caller.process + 1;
        bool meant = group != 0 ? process->caller.group == group
                                : process != process_first && process != process_now();
        if (meant) {
            int64_t one = kill_one(process, signal);
            result = one == 0 || result == -ESRCH ? (result == 0 ? 0 : one) : result;
        }
    }
    return result;
}

int64_t call_kill(const struct call *call)
{
    int number = argument_int(call, 0);
    int signal = argument_int(call, 1);
    if (signal != 0 && !is_signal(signal)) {
        return -EINVAL;
    }
    if (number == -1) {
        return kill_many(0, signal);
    }
    if (number <= 0) {
        return kill_many(number == 0 ? caller()->group : (uint32_t)-number, signal);
    }
    struct process *process = process_find((uint32_t)number);
    return process == nullptr ? -ESRCH : kill_one(process, signal);
}

static int64_t kill_thread(int group, int number, const struct signal_info *info)
{
    if (number <= 0 || (info->signal != 0 && !is_signal(info->signal))) {
        return -EINVAL;
    }
    struct thread *thread = thread_find((uint32_t)number);
    if (thread == nullptr || (group > 0 && thread->process->caller.process != (uint32_t)group)) {
        return -ESRCH;
    }
    if (!may_signal(thread->process, info->signal)) {
        return -EPERM;
    }
    if (info->signal != 0) {
        signal_to_thread(thread, info);
    }
    return 0;
}

int64_t call_tgkill(const struct call *call)
{
    struct signal_info info = from_user(argument_int(call, 2), CODE_THREAD);
    if (argument_int(call, 0) <= 0) {
        return -EINVAL;
    }
    return kill_thread(argument_int(call, 0), argument_int(call, 1), &info);
}

int64_t call_tkill(const struct call *call)
{
    struct signal_info info = from_user(argument_int(call, 1), CODE_THREAD);
    return kill_thread(0, argument_int(call, 0), &info);
}

// The caller says itself what the particulars are; only others must not be deceived about who sent it.
static int64_t read_info(const struct call *call, size_t at, int signal, struct signal_info *info)
{
    if (user_read(info, (struct user){call->argument[at]}, sizeof *info) != 0) {
        return -EFAULT;
    }
    info->signal = signal;
    bool as_kernel = info->code >= 0 || info->code == CODE_THREAD;
    return as_kernel && call->argument[0] != caller()->process ? -EPERM : 0;
}

int64_t call_rt_sigqueueinfo(const struct call *call)
{
    int signal = argument_int(call, 1);
    struct signal_info info;
    int64_t error = read_info(call, 2, signal, &info);
    if (error != 0) {
        return error;
    }
    struct process *process = process_find((uint32_t)call->argument[0]);
    if (process == nullptr) {
        return -ESRCH;
    }
    if (signal != 0 && !is_signal(signal)) {
        return -EINVAL;
    }
    if (!may_signal(process, signal)) {
        return -EPERM;
    }
    if (signal != 0) {
        signal_to_process(process, &info);
    }
    return 0;
}

int64_t call_rt_tgsigqueueinfo(const struct call *call)
{
    struct signal_info info;
    int64_t error = read_info(call, 3, argument_int(call, 2), &info);
    return error != 0 ? error : kill_thread(argument_int(call, 0), argument_int(call, 1), &info);
}
