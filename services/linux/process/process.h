// SPDX-License-Identifier: MIT
// Processes and threads of the sandbox. A process is what shares an address space (but for vfork and CLONE_VM), descriptors and
// signal handlers, and what its parent waits for; a thread is what runs. Numbers of both come from one table.
//
// A thread is made of kernel objects that are kept when it ends and used for the next one. It runs, or it has sent a message:
// then a strand works for it. What is to happen to it then is noted in `attention`, and done when the strand has finished.
#pragma once

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/deadline.h"
#include "../core/strand.h"
#include "../signal/signal.h"

#include <kozo/stubs.h>

struct file;
struct space;
struct process;

constexpr uint32_t NUMBERS_MOST = 32768; // of processes and threads

struct thread {
    bool attention; // a signal is to be taken, or it is to stop or end; looked at before it goes on
    bool ends;      // it is to end
    struct strand *strand; // that works for it; null while it runs
    struct process *process;
    struct thread *next, *previous; // of its process; `next` also among unused ones
    uint32_t number;
    char name[16];

    // Kernel objects, for good.
    struct kozo_thread handle;
    struct kozo_sched_context context;
    struct kozo_extended_state extended;
    struct kozo_endpoint inbox; // with this thread's address as its badge

    struct thread_signals signals;
    uint64_t clear_number; // where to write 0 when it ends, and wake who waits there; 0 for nowhere
    uint64_t robust_list;
    uint64_t restart_deadline; // of a sleep that is to go on; 0 for none
    struct let_go
        *let_go; // who made it by vfork waits here until it calls exec or ends; null for nobody
    uint64_t started;
};

// Between a thread that called vfork and its child; lives on the strand of the former.
struct let_go {
    struct wait_queue queue;
    struct thread *child; // null when it has gone on
};
void thread_let_go(struct thread *child);

enum process_state : uint8_t {
    PROCESS_LIVES,
    PROCESS_ENDS,   // its threads are being ended
    PROCESS_ZOMBIE, // waits to be waited for
};

struct usage {
    uint64_t user_ns, system_ns;
    uint64_t faults;
};

struct process {
    struct caller caller; // first, so that the one leads to the other
    enum process_state state;
    struct process *parent;
    struct process *children;
    struct process *next_sibling, *previous_sibling;
    char name[16]; // of its last thread, once it has none
    struct thread *threads;
    uint32_t thread_count;
    struct wait_queue threads_gone; // woken when one ends
    struct wait_queue children_changed;
    struct space *space;
    struct file *program;
    struct handlers *handlers;
    struct process_signals signals;
    int exit_status; // as wait gives it
    int exit_signal; // to its parent
    bool stopped;
    bool stop_told, continued, continue_told; // to the parent
    int stop_signal;
    struct wait_queue go_on; // stopped threads wait here
    bool executed;           // has called exec: setpgid of it is refused
    bool no_child_wait;
    bool dumpable;
    bool reaper; // PR_SET_CHILD_SUBREAPER
    bool no_new_privileges;
    int parent_death_signal;
    int32_t nice;
    int32_t score_adjust;
    uint32_t personality;
    uint64_t started;            // monotonic
    struct usage ended;          // of threads that have ended
    struct usage children_usage; // of children that were waited for
    struct timers *timers;
};

// The first program's process. When it ends the sandbox ends.
extern struct process *process_first;

[[nodiscard]] static inline struct process *process_of(struct caller *caller)
{
    return (struct process *)caller;
}
[[nodiscard]] struct process *process_now(void);
[[nodiscard]] struct thread *thread_now(void);

[[nodiscard]] struct process *process_find(uint32_t number);
[[nodiscard]] struct thread *thread_find(uint32_t number);
// The first process with at least this number, for those that go through all; null behind the last.
[[nodiscard]] struct process *process_from(uint32_t number);

// A process without threads, and its first thread. Null when memory or numbers are used up.
[[nodiscard]] struct process *process_make(struct process *parent);
[[nodiscard]] struct thread *thread_make(struct process *process);
// Gives back one that never ran.
void process_unmake(struct process *process);
void thread_unmake(struct thread *thread);

// How many threads the sandbox has.
[[nodiscard]] size_t threads_there(void);

// The thread that is left after exec has the number of its process.
[[nodiscard]] bool thread_renumber(struct thread *thread, uint32_t number);

// Puts a thread, which is stopped or held, into its process's address space.
[[nodiscard]] bool thread_enter(struct thread *thread);
void thread_run(struct thread *thread);

// Ends all threads of a process but the given one (null: all); those that strands work for end when these have finished.
void process_end_threads(struct process *process, struct thread *but);
// Ends a process: all of its threads, then itself.
void process_end(struct process *process, int status);
// A thread whose strand has finished, or that none works for, is no more. The last one takes its process along.
void thread_end(struct thread *thread);

// The last thread is gone.
void process_become_zombie(struct process *process);
// A zombie is taken away.
void process_reap(struct process *process);

// What SIGCHLD and waitid tell of a child that has this status.
[[nodiscard]] struct signal_info child_info(const struct process *process, int status);

// Registers.
void thread_read(struct thread *thread, struct kozo_x86_general *registers);
[[nodiscard]] uint64_t thread_stack_pointer(struct thread *thread);
[[nodiscard]] bool thread_write(struct thread *thread, const struct kozo_x86_general *registers);
void thread_read_bases(struct thread *thread, struct kozo_x86_bases *bases);
[[nodiscard]] bool thread_write_bases(struct thread *thread, const struct kozo_x86_bases *bases);
void thread_copy_extended(struct thread *to, struct thread *from);
void thread_clear_extended(struct thread *thread);
// Words of the extended registers, as XSAVE lays them out. What of them is not in use is zero when it is read, and not looked at
// when it is written.
constexpr size_t EXTENDED_WORDS_MOST = 512;
[[nodiscard]] size_t extended_words(void);
void thread_read_extended(struct thread *thread, uint64_t *words);
[[nodiscard]] bool thread_write_extended(struct thread *thread, uint64_t *words);
[[nodiscard]] uint64_t thread_time(struct thread *thread); // ns that it has run

// The thread is to look for signals before it goes on: a strand that waits for it is told, and if it runs it is interrupted.
void thread_alert(struct thread *thread);

// Results of handlers that no program sees, besides those in core/call.h.
constexpr int64_t CALL_RESUME = -600; // the registers are as they should be
constexpr int64_t CALL_SILENT =
    -601; // no answer: the thread is no more, or was made to go on already
