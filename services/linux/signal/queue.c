// SPDX-License-Identifier: MIT
// Sending: into the queue of a thread or of a process, and alerting who is to take it.
#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "../process/process.h"
#include "signal.h"

// A signal that waits to be taken.
struct queued {
    struct queued *next;
    struct signal_info info;
};

constexpr uint32_t QUEUE_MOST = 1024; // of one process or thread

// --- Handlers ---------------------------------------------------------------------------------------

struct handlers *handlers_make(void)
{
    struct handlers *handlers = store_take(sizeof *handlers);
    if (handlers != nullptr) {
        handlers->users = 1;
    }
    return handlers;
}

struct handlers *handlers_copy(const struct handlers *from)
{
    struct handlers *handlers = handlers_make();
    if (handlers != nullptr) {
        *handlers = *from;
        handlers->users = 1;
    }
    return handlers;
}

void handlers_keep(struct handlers *handlers)
{
    handlers->users++;
}

void handlers_drop(struct handlers *handlers)
{
    if (--handlers->users == 0) {
        store_give(handlers, sizeof *handlers);
    }
}

void handlers_reset(struct handlers *handlers)
{
    for (int signal = 1; signal <= SIGNALS; signal++) {
        uint64_t handler = handlers->action[signal].handler;
        handlers->action[signal] =
            (struct action){.handler = handler == ACTION_IGNORE ? ACTION_IGNORE : ACTION_DEFAULT};
    }
}

// --- Queues -----------------------------------------------------------------------------------------

void signals_forget(struct signal_queue *queue)
{
    while (queue->first != nullptr) {
        struct queued *next = queue->first->next;
        store_give(queue->first, sizeof *queue->first);
        queue->first = next;
    }
    *queue = (struct signal_queue){};
}

// Takes all of some signals out of a queue.
static void discard(struct signal_queue *queue, uint64_t signals)
{
    struct queued **link = &queue->first;
    queue->last = nullptr;
    while (*link != nullptr) {
        struct queued *queued = *link;
        if ((signals & signal_bit(queued->info.signal)) != 0) {
            *link = queued->next;
            store_give(queued, sizeof *queued);
            queue->count--;
        } else {
            queue->last = queued;
            link = &queued->next;
        }
    }
    queue->pending &= ~signals;
}

// Puts a signal into a queue. One that is pending already is merged, unless it is one of those that queue up. Without memory
// for its particulars it is pending all the same.
static bool put(struct signal_queue *queue, const struct signal_info *info)
{
    uint64_t bit = signal_bit(info->signal);
    if (info->signal < SIGNAL_REALTIME && (queue->pending & bit) != 0) {
        return false;
    }
    queue->pending |= bit;
    struct queued *queued = queue->count < QUEUE_MOST ? store_take(sizeof *queued) : nullptr;
    if (queued == nullptr) {
        return true;
    }
    queued->info = *info;
    if (queue->last != nullptr) {
        queue->last->next = queued;
    } else {
        queue->first = queued;
    }
    queue->last = queued;
    queue->count++;
    return true;
}

// Takes one that is pending.
static struct signal_info take(struct signal_queue *queue, int signal)
{
    struct signal_info info = {.signal = signal};
    bool found = false;
    bool more = false;
    struct queued **link = &queue->first;
    struct queued *before = nullptr;
    while (*link != nullptr) {
        struct queued *queued = *link;
        if (queued->info.signal != signal) {
            before = queued;
            link = &queued->next;
        } else if (found) {
            more = true;
            break;
        } else {
            found = true;
            info = queued->info;
            *link = queued->next;
            if (queue->last == queued) {
                queue->last = before;
            }
            store_give(queued, sizeof *queued);
            queue->count--;
        }
    }
    if (!more) {
        queue->pending &= ~signal_bit(signal);
    }
    return info;
}

// The signals that come first: those that the thread's own instructions caused, then by number.
static int first_of(uint64_t signals)
{
    constexpr uint64_t synchronous = 1ul << (SIGNAL_SEGMENT - 1) | 1ul << (SIGNAL_BUS - 1) |
                                     1ul << (SIGNAL_ILLEGAL - 1) | 1ul << (SIGNAL_TRAP - 1) |
                                     1ul << (SIGNAL_FLOAT - 1);
    constexpr uint64_t kill = 1ul << (SIGNAL_KILL - 1);
    if ((signals & kill) != 0) {
        return SIGNAL_KILL;
    }
    uint64_t first = (signals & synchronous) != 0 ? signals & synchronous : signals;
    return __builtin_ctzl(first) + 1;
}

bool signal_take_of(struct thread *thread, uint64_t wanted, struct signal_info *info)
{
    struct signal_queue *own = &thread->signals.queue;
    struct signal_queue *shared = &thread->process->signals.queue;
    if ((own->pending & wanted) != 0) {
        *info = take(own, first_of(own->pending & wanted));
        return true;
    }
    if ((shared->pending & wanted) != 0) {
        *info = take(shared, first_of(shared->pending & wanted));
        return true;
    }
    return false;
}

// --- Who is to take it ------------------------------------------------------------------------------

static uint64_t pending_of(const struct thread *thread)
{
    return thread->signals.queue.pending | thread->process->signals.queue.pending;
}

bool signals_are_pending(const struct thread *thread)
{
    return thread->ends || thread->process->stopped ||
           (pending_of(thread) & ~thread->signals.blocked) != 0;
}

void signals_recount(struct thread *thread)
{
    thread->attention = signals_are_pending(thread);
}

void signal_block(struct thread *thread, uint64_t blocked)
{
    constexpr uint64_t never = 1ul << (SIGNAL_KILL - 1) | 1ul << (SIGNAL_STOP - 1);
    uint64_t newly = blocked & ~thread->signals.blocked & thread->process->signals.queue.pending;
    thread->signals.blocked = blocked & ~never;
    signals_recount(thread);
    if (newly == 0) {
        return;
    }
    // What it was alerted to and blocks now, another thread may take.
    for (struct thread *other = thread->process->threads; other != nullptr; other = other->next) {
        if (other != thread && (newly & ~other->signals.blocked) != 0) {
            thread_alert(other);
        }
    }
}

static bool stops_by_default(int signal)
{
    return signal == SIGNAL_STOP || signal == SIGNAL_TERMINAL_STOP ||
           signal == SIGNAL_TERMINAL_IN || signal == SIGNAL_TERMINAL_OUT;
}

static bool ignored_by_default(int signal)
{
    return signal == SIGNAL_CHILD || signal == SIGNAL_CONTINUE || signal == SIGNAL_URGENT ||
           signal == SIGNAL_WINDOW;
}

static bool is_ignored(const struct process *process, int signal)
{
    uint64_t handler = process->handlers->action[signal].handler;
    return handler == ACTION_IGNORE || (handler == ACTION_DEFAULT && ignored_by_default(signal));
}

static void discard_everywhere(struct process *process, uint64_t signals)
{
    discard(&process->signals.queue, signals);
    for (struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        discard(&thread->signals.queue, signals);
    }
}

void signals_forget_ignored(struct process *process, int signal)
{
    if (is_ignored(process, signal)) {
        discard_everywhere(process, signal_bit(signal));
    }
}

// Whether a signal is worth queueing: one that is blocked may be wanted later, whatever is done about it now.
static bool is_worth(const struct process *process, const struct thread *thread, int signal)
{
    bool blocked = false;
    for (const struct thread *other = thread != nullptr ? thread : process->threads;
         other != nullptr; other = thread != nullptr ? nullptr : other->next) {
        blocked |= ((other->signals.blocked | other->signals.wanted) & signal_bit(signal)) != 0;
    }
    return blocked || !is_ignored(process, signal);
}

static bool takes(const struct thread *thread, uint64_t bit)
{
    return (thread->signals.blocked & bit) == 0 || (thread->signals.wanted & bit) != 0;
}

// Puts a signal into a process's queue, and alerts a thread that takes it.
static void give_process(struct process *process, const struct signal_info *info)
{
    if (!put(&process->signals.queue, info)) {
        return;
    }
    (void)wait_wake(&process->signals.arrived, SIZE_MAX);
    uint64_t bit = signal_bit(info->signal);
    struct thread *chosen = nullptr;
    for (struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        // The first thread takes it if it can; it is the last in the list.
        if (takes(thread, bit)) {
            chosen = thread;
        }
    }
    if (chosen != nullptr) {
        thread_alert(chosen);
    }
}

static void go_on(struct process *process)
{
    constexpr int continued = 6;
    if (!process->stopped) {
        return;
    }
    process->stopped = false;
    process->continued = true;
    process->continue_told = false;
    (void)wait_wake(&process->go_on, SIZE_MAX);
    struct process *parent = process->parent;
    if (parent != nullptr && parent->state == PROCESS_LIVES) {
        struct signal_info info = child_info(process, 0);
        info.code = continued;
        info.from.value = SIGNAL_CONTINUE;
        if ((parent->handlers->action[SIGNAL_CHILD].flags & FLAG_NO_CHILD_STOP) == 0 &&
            is_worth(parent, nullptr, SIGNAL_CHILD)) {
            give_process(parent, &info);
        }
        (void)wait_wake(&parent->children_changed, SIZE_MAX);
    }
}

// What sending has for an effect even if nobody takes the signal. Whether it is worth queueing.
static bool prepare(struct process *process, struct thread *thread, int signal)
{
    constexpr uint64_t stops = 1ul << (SIGNAL_STOP - 1) | 1ul << (SIGNAL_TERMINAL_STOP - 1) |
                               1ul << (SIGNAL_TERMINAL_IN - 1) | 1ul << (SIGNAL_TERMINAL_OUT - 1);
    if (process->state != PROCESS_LIVES || process->handlers == nullptr) {
        return false;
    }
    if (signal == SIGNAL_CONTINUE) {
        discard_everywhere(process, stops);
        go_on(process);
    } else if (stops_by_default(signal)) {
        discard_everywhere(process, signal_bit(SIGNAL_CONTINUE));
    } else if (signal == SIGNAL_KILL) {
        process->stopped = false;
        (void)wait_wake(&process->go_on, SIZE_MAX);
    }
    return is_worth(process, thread, signal);
}

void signal_to_thread(struct thread *thread, const struct signal_info *info)
{
    if (!prepare(thread->process, thread, info->signal) || !put(&thread->signals.queue, info)) {
        return;
    }
    (void)wait_wake(&thread->process->signals.arrived, SIZE_MAX);
    if (takes(thread, signal_bit(info->signal))) {
        thread_alert(thread);
    }
}

void signal_to_process(struct process *process, const struct signal_info *info)
{
    if (prepare(process, nullptr, info->signal)) {
        give_process(process, info);
    }
}

void signal_by_fault(struct thread *thread, int signal, int code, uint64_t address)
{
    struct action *action = &thread->process->handlers->action[signal];
    uint64_t bit = signal_bit(signal);
    if ((thread->signals.blocked & bit) != 0 || action->handler == ACTION_IGNORE) {
        *action = (struct action){.handler = ACTION_DEFAULT};
        thread->signals.blocked &= ~bit;
    }
    struct signal_info info = {.signal = signal, .code = code, .address = address};
    (void)put(&thread->signals.queue, &info);
    thread->attention = true;
}

void signal_kill(struct process *process)
{
    struct signal_info info = {.signal = SIGNAL_KILL, .code = CODE_KERNEL};
    signal_to_process(process, &info);
}

// --- For folders above (core/caller.h) --------------------------------------------------------------

static struct signal_info from_kernel(int signal, int code, uint64_t value)
{
    struct signal_info info = {.signal = signal, .code = code};
    if (code > 0 && code != CODE_KERNEL) {
        info.address = value;
    } else {
        info.from.value = value;
    }
    return info;
}

void signal_thread_of_call(int signal, int code, uint64_t value)
{
    struct signal_info info = from_kernel(signal, code, value);
    if (code == CODE_USER) {
        info.from.process = process_now()->caller.process;
        info.from.user = process_now()->caller.credentials.user;
    }
    signal_to_thread(thread_now(), &info);
}

void signal_group(uint32_t group, int signal)
{
    struct signal_info info = {.signal = signal, .code = CODE_KERNEL};
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        if (process->caller.group == group) {
            signal_to_process(process, &info);
        }
    }
}

void signal_process(uint32_t number, int signal, int code, uint64_t value)
{
    struct process *process = process_find(number);
    if (process != nullptr) {
        struct signal_info info = from_kernel(signal, code, value);
        signal_to_process(process, &info);
    }
}

bool signal_is_held_back(int signal)
{
    const struct thread *thread = thread_now();
    return (thread->signals.blocked & signal_bit(signal)) != 0 ||
           thread->process->handlers->action[signal].handler == ACTION_IGNORE;
}

int64_t signal_mask_during_call(struct user mask, uint64_t size)
{
    uint64_t wanted;
    if (mask.address == 0) {
        return 0;
    }
    if (size != sizeof wanted) {
        return -EINVAL;
    }
    if (user_read(&wanted, mask, sizeof wanted) != 0) {
        return -EFAULT;
    }
    signals_mask_for_call(thread_now(), wanted);
    return 0;
}

bool signal_is_pending(uint64_t set)
{
    return (pending_of(thread_now()) & set) != 0;
}

struct wait_queue *signal_queue(void)
{
    return &process_now()->signals.arrived;
}

// struct signalfd_siginfo.
struct signal_record {
    uint32_t signal;
    int32_t error, code;
    uint32_t process, user;
    int32_t descriptor;
    uint32_t timer, band, overrun, trap;
    int32_t status, value;
    uint64_t pointer, user_time, system_time, address;
    uint8_t spare[48];
};
static_assert(sizeof(struct signal_record) == 128);

bool signal_take(uint64_t set, void *record)
{
    struct signal_info info;
    if (!signal_take_of(thread_now(), set, &info)) {
        return false;
    }
    signals_recount(thread_now());
    *(struct signal_record *)record = (struct signal_record){
        .signal = (uint32_t)info.signal,
        .error = info.error,
        .code = info.code,
        .process = info.from.process,
        .user = info.from.user,
        .timer = info.code == CODE_TIMER ? (uint32_t)info.timer.timer : 0,
        .overrun = info.code == CODE_TIMER ? (uint32_t)info.timer.overrun : 0,
        .status = (int32_t)info.from.value,
        .value = (int32_t)info.from.value,
        .pointer = info.from.value,
        .user_time = info.from.user_time,
        .system_time = info.from.system_time,
        .address = info.address,
    };
    return true;
}
