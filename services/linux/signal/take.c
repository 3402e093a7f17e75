// SPDX-License-Identifier: MIT
// Taking signals: what is done before a thread goes on. A thread that is to end, ends here; one that is to stop waits here.
#include "../core/call.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/trace.h"
#include "../process/process.h"
#include "../process/sandbox.h"
#include "signal.h"

constexpr uint64_t CALL_BYTES = 2; // of the SYSCALL instruction

// How a thread goes on, while it is being found out.
struct turn {
    struct thread *thread;
    bool of_call; // it made a call that has `result`, which is not in its registers yet
    int64_t result;
    bool loaded; // `registers` are known
    bool changed;
    struct kozo_x86_general registers;
};

static void load(struct turn *turn)
{
    if (!turn->loaded) {
        thread_read(turn->thread, &turn->registers);
        turn->loaded = true;
    }
}

// Makes the call once more when the thread goes on. Its number is in rax still.
static void call_again(struct turn *turn)
{
    load(turn);
    turn->registers.rip -= CALL_BYTES;
    turn->changed = true;
    turn->of_call = false;
}

static void finish_call(struct turn *turn, int64_t result)
{
    load(turn);
    turn->registers.rax = (uint64_t)result;
    turn->changed = true;
    turn->of_call = false;
}

// What becomes of the call when a handler is about to run.
static void settle_call(struct turn *turn, const struct action *action)
{
    if (!turn->of_call) {
        return;
    }
    bool again = turn->result == RESTART_CALL && (action->flags & FLAG_RESTART) != 0;
    if (again) {
        call_again(turn);
        return;
    }
    bool restart = turn->result == RESTART_CALL || turn->result == RESTART_ALWAYS;
    turn->thread->restart_deadline = 0;
    finish_call(turn, restart ? -EINTR : turn->result);
}

static void run_handler(struct turn *turn, struct action *action, const struct signal_info *info)
{
    struct thread *thread = turn->thread;
    struct thread_signals *signals = &thread->signals;
    struct action taken = *action;
    settle_call(turn, action);
    load(turn);
    uint64_t mask = signals->restore_saved ? signals->saved : signals->blocked;
    signals->restore_saved = false;
    if (!frame_push(thread, &turn->registers, &taken, info, mask)) {
        // No stack to run it on: as if by a fault that nobody handles.
        process_end(thread->process, SIGNAL_SEGMENT | 0x80);
        return;
    }
    turn->changed = true;
    if ((taken.flags & FLAG_RESET) != 0) {
        *action = (struct action){.handler = ACTION_DEFAULT};
    }
    uint64_t blocked = signals->blocked | taken.mask;
    if ((taken.flags & FLAG_NO_DEFER) == 0) {
        blocked |= signal_bit(info->signal);
    }
    signal_block(thread, blocked);
}

static bool dumps(int signal)
{
    constexpr uint64_t cores =
        1ul << (SIGNAL_QUIT - 1) | 1ul << (SIGNAL_ILLEGAL - 1) | 1ul << (SIGNAL_TRAP - 1) |
        1ul << (SIGNAL_ABORT - 1) | 1ul << (SIGNAL_BUS - 1) | 1ul << (SIGNAL_FLOAT - 1) |
        1ul << (SIGNAL_SEGMENT - 1) | 1ul << (31 - 1) | 1ul << (24 - 1) | 1ul << (25 - 1);
    return (cores & signal_bit(signal)) != 0;
}

static void stop(struct process *process, int signal)
{
    constexpr int stopped = 5;
    if (process->stopped) {
        return;
    }
    process->stopped = true;
    process->continued = false;
    process->stop_signal = signal;
    process->stop_told = false;
    for (struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        thread_alert(thread);
    }
    struct process *parent = process->parent;
    if (parent == nullptr || parent->state != PROCESS_LIVES) {
        return;
    }
    if ((parent->handlers->action[SIGNAL_CHILD].flags & FLAG_NO_CHILD_STOP) == 0) {
        struct signal_info info = child_info(process, 0);
        info.code = stopped;
        info.from.value = (uint64_t)signal;
        signal_to_process(parent, &info);
    }
    (void)wait_wake(&parent->children_changed, SIZE_MAX);
}

// A group that no process outside of it but in its session looks after can't be made to go on: it isn't stopped by a terminal.
static bool is_orphaned(uint32_t group)
{
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        const struct process *parent = process->parent;
        if (process->caller.group == group && process->state == PROCESS_LIVES &&
            parent != nullptr && parent->caller.group != group &&
            parent->caller.session == process->caller.session) {
            return false;
        }
    }
    return true;
}

static void do_default(struct process *process, int signal)
{
    switch (signal) {
    case SIGNAL_CHILD:
    case SIGNAL_CONTINUE:
    case SIGNAL_URGENT:
    case SIGNAL_WINDOW:
        return;
    case SIGNAL_STOP:
        stop(process, signal);
        return;
    case SIGNAL_TERMINAL_STOP:
    case SIGNAL_TERMINAL_IN:
    case SIGNAL_TERMINAL_OUT:
        if (!is_orphaned(process->caller.group)) {
            stop(process, signal);
        }
        return;
    default:
        process_end(process, signal | (dumps(signal) ? 0x80 : 0));
    }
}

// Takes one signal; false when there is none.
static bool take_one(struct turn *turn)
{
    struct thread *thread = turn->thread;
    struct process *process = thread->process;
    struct signal_info info;
    if (!signal_take_of(thread, ~thread->signals.blocked, &info)) {
        return false;
    }
    struct action *action = &process->handlers->action[info.signal];
    if (sandbox.traces) {
        load(turn);
        trace_signal(thread, &info, turn->registers.rip);
    }
    // The first process of all is not to be ended by others' default actions in Linux; here it is an ordinary program.
    if (info.signal == SIGNAL_KILL || info.signal == SIGNAL_STOP ||
        action->handler == ACTION_DEFAULT) {
        do_default(process, info.signal);
    } else if (action->handler != ACTION_IGNORE) {
        run_handler(turn, action, &info);
    }
    return true;
}

static void wait_to_go_on(struct process *process)
{
    struct wait wait = {};
    wait_enter(&wait, &process->go_on);
    (void)wait_through(NO_DEADLINE);
    wait_leave(&wait);
}

// Takes what there is to take; false when the thread is to end.
static bool take_all(struct turn *turn)
{
    struct thread *thread = turn->thread;
    struct thread_signals *signals = &thread->signals;
    while (!thread->ends) {
        if (thread->process->stopped) {
            wait_to_go_on(thread->process);
        } else if (!take_one(turn)) {
            if (!signals->restore_saved) {
                return true;
            }
            // No handler has run that would have brought the mask back.
            signals->restore_saved = false;
            signal_block(thread, signals->saved);
        }
    }
    return false;
}

int64_t signals_take(struct thread *thread, bool of_call, int64_t result)
{
    struct turn turn = {.thread = thread, .of_call = of_call, .result = result};
    if (!take_all(&turn)) {
        thread_end(thread);
        return CALL_SILENT;
    }
    if (turn.of_call && (turn.result == RESTART_CALL || turn.result == RESTART_ALWAYS)) {
        call_again(&turn);
    }
    if (turn.changed && !thread_write(thread, &turn.registers)) {
        process_end(thread->process, SIGNAL_SEGMENT);
        thread_end(thread);
        return CALL_SILENT;
    }
    signals_recount(thread);
    return turn.of_call ? turn.result : CALL_RESUME;
}
