// SPDX-License-Identifier: MIT
// Signals: who has which pending, what is to be done about them, and the frames that a handler finds.
//
// Signals are queued for a thread or for a process. A thread that has one to take that it does not block is alerted; it takes
// them when it next goes on, in signals_take.
#pragma once

#include "../core/store.h"
#include "../core/strand.h"

#include <kozo/stubs.h>
#include <stddef.h>
#include <stdint.h>

struct process;
struct thread;
struct answer;

constexpr int SIGNALS = 64;

enum linux_signal : int {
    SIGNAL_HANG_UP = 1,
    SIGNAL_INTERRUPT = 2,
    SIGNAL_QUIT = 3,
    SIGNAL_ILLEGAL = 4,
    SIGNAL_TRAP = 5,
    SIGNAL_ABORT = 6,
    SIGNAL_BUS = 7,
    SIGNAL_FLOAT = 8,
    SIGNAL_KILL = 9,
    SIGNAL_SEGMENT = 11,
    SIGNAL_PIPE = 13,
    SIGNAL_ALARM = 14,
    SIGNAL_TERMINATE = 15,
    SIGNAL_CHILD = 17,
    SIGNAL_CONTINUE = 18,
    SIGNAL_STOP = 19,
    SIGNAL_TERMINAL_STOP = 20,
    SIGNAL_TERMINAL_IN = 21,
    SIGNAL_TERMINAL_OUT = 22,
    SIGNAL_URGENT = 23,
    SIGNAL_WINDOW = 28,
    SIGNAL_REALTIME = 32, // the first of those that queue up
};

enum signal_code : int {
    CODE_USER = 0,
    CODE_KERNEL = 0x80,
    CODE_QUEUE = -1,
    CODE_TIMER = -2,
    CODE_THREAD = -6,
};

// siginfo_t.
struct signal_info {
    int32_t signal;
    int32_t error;
    int32_t code;
    int32_t spare;
    union {
        struct {
            uint32_t process;
            uint32_t user;
            uint64_t value;
            uint64_t user_time, system_time;
        } from; // also of a child: `value` is its status
        struct {
            int32_t timer;
            int32_t overrun;
            uint64_t value;
        } timer;
        uint64_t address; // of a fault
        uint8_t bytes[112];
    };
};
static_assert(sizeof(struct signal_info) == 128);

static inline uint64_t signal_bit(int signal)
{
    return 1ul << (signal - 1);
}

// What sigaction sets, as the program gives it.
struct action {
    uint64_t handler; // 0 default, 1 ignore
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

constexpr uint64_t ACTION_DEFAULT = 0;
constexpr uint64_t ACTION_IGNORE = 1;

enum action_flags : uint64_t {
    FLAG_NO_CHILD_STOP = 1,
    FLAG_NO_CHILD_WAIT = 2,
    FLAG_INFO = 4,
    FLAG_RESTORER = 0x0400'0000,
    FLAG_ON_STACK = 0x0800'0000,
    FLAG_RESTART = 0x1000'0000,
    FLAG_NO_DEFER = 0x4000'0000,
    FLAG_RESET = 0x8000'0000,
};

struct handlers {
    uint32_t users;
    struct action action[SIGNALS + 1];
};

struct queued;
struct signal_queue {
    uint64_t pending;
    struct queued *first, *last;
    uint32_t count;
};

struct alternate_stack {
    uint64_t start;
    int32_t flags;
    int32_t spare;
    uint64_t size;
};

struct thread_signals {
    uint64_t blocked;
    uint64_t saved; // to be blocked again when the call has ended, after sigsuspend and its kin
    bool restore_saved;
    uint64_t wanted; // by sigtimedwait; such are not taken but by that
    struct signal_queue queue;
    struct alternate_stack stack;
    uint64_t fault_trap, fault_code, fault_address; // of the last fault, for its frame
};

struct process_signals {
    struct signal_queue queue;
    struct wait_queue arrived; // for signalfd
};

[[nodiscard]] struct handlers *handlers_make(void);
[[nodiscard]] struct handlers *handlers_copy(const struct handlers *from);
void handlers_keep(struct handlers *handlers);
void handlers_drop(struct handlers *handlers);
// What exec leaves: what is ignored.
void handlers_reset(struct handlers *handlers);

void signal_to_thread(struct thread *thread, const struct signal_info *info);
void signal_to_process(struct process *process, const struct signal_info *info);
// A signal that the thread's own doing caused: it can't be blocked or ignored.
void signal_by_fault(struct thread *thread, int signal, int code, uint64_t address);
// SIGKILL, from linuxd itself.
void signal_kill(struct process *process);

// Sets what a thread blocks; others may have to take what it can't.
void signal_block(struct thread *thread, uint64_t blocked);

void signals_forget(struct signal_queue *queue);

// Before a thread goes on: takes what is pending. `result` is that of the call it made (of_call), or nothing. Fills in how
// it goes on; may wait, while the process is stopped. After it the thread may be at its end.
[[nodiscard]] int64_t signals_take(struct thread *thread, bool of_call, int64_t result);

// Whether the thread has something to take.
void signals_recount(struct thread *thread);

[[nodiscard]] bool signals_are_pending(const struct thread *thread);

// After an action has changed: one that is ignored now is no more pending.
void signals_forget_ignored(struct process *process, int signal);

// Blocks other signals for the time of a call that waits. The mask is restored when the thread goes on, after a handler has run.
void signals_mask_for_call(struct thread *thread, uint64_t mask);

// Takes one of these signals that is pending for a thread or its process, for sigtimedwait and signalfd. False for none.
[[nodiscard]] bool signal_take_of(struct thread *thread, uint64_t wanted, struct signal_info *info);

// The frame on the program's stack, and the way back. False, or an error: the stack can't be written.
[[nodiscard]] bool frame_push(struct thread *thread, struct kozo_x86_general *registers,
                              const struct action *action, const struct signal_info *info,
                              uint64_t mask);
[[nodiscard]] int64_t frame_pop(struct thread *thread);
