// SPDX-License-Identifier: MIT
// Thread: registers, a priority, and what it lives in.
//
//                 resume                    IPC, wait (ipc/, notification.c)
//   STOPPED ───────────────▶ READY ──────────────────────────▶ SENDING, RECEIVING,
//      ▲                     ▲   │  ◀──────────────────────────  CALLING, WAITING
//      │ thread_stop         │   │ thread_tell                     │
//      │ (from any state)    │   ▼     thread_wake, thread_cancel  │
//      └──────────────────── │ FAULTED ◀───────────────────────────┘
//                     resume └───┘          (a fault waits as CALLING when it has a handler)
//
// A foreign thread can't call the kernel: its system calls are faults, too (object/foreign.h).
//
// A READY thread runs when it has time: `time` names the SchedContext that it uses, its own or one
// that came with a call. Time that went with a call is recorded at both ends (`borrower`,
// `lender`).
//
// Invariants
//   T1  A thread is in its processor's ready list exactly when it is READY, has time that is not spent, and is not
//       current.
//   T2  waiting_on names an endpoint or notification exactly in SENDING, RECEIVING, WAITING, and the thread is in
//       that one's queue.
//   T3  reply names a Reply exactly when that Reply names the thread: as the caller that it holds in CALLING, as
//       the receiver that waits with it in RECEIVING.
//   T4  a->borrower == b exactly when b->lender == a; then a has no time, and b has that of the first of the chain,
//       or has lent it on. A thread without a lender has its own time, if it is bound to any, or has lent it.
//   T5  A SchedContext's `user` is the one thread whose `time` names it.
//   T6  A foreign thread waits for nobody but its fault handler: SENDING or CALLING, and `faulted`.
#pragma once

#include "entry.h"
#include "lib/heap.h"
#include "object/foreign.h"
#include "object/object.h"

struct call;

constexpr unsigned THREAD_BITS = 10;

enum thread_state : uint8_t {
    STOPPED = KOZO_THREAD_STOPPED,
    READY = KOZO_THREAD_READY,
    SENDING = KOZO_THREAD_SENDING,
    RECEIVING = KOZO_THREAD_RECEIVING,
    CALLING = KOZO_THREAD_CALLING,
    WAITING = KOZO_THREAD_WAITING,
    FAULTED = KOZO_THREAD_FAULTED,
};

struct thread {
    struct object object;
    struct arch_registers registers;

    // What it lives in: nodes of the derivation tree.
    alignas(KOZO_SLOT_SIZE) struct slot cspace;
    struct slot space;
    struct slot buffer; // value: offset of the IPC buffer in the Frame
    struct slot fault_handler;
    struct slot context;    // its own SchedContext
    struct slot revocation; // what its CNode.revoke has yet to delete: see cap/delete.h

    union {
        struct {
            uint8_t state;  // enum thread_state
            bool faulted;   // SENDING or CALLING because of `fault`, not by a system call
            bool interrupt; // foreign: an INTERRUPTED message is due before its next instruction
        };
        uint32_t standing; // all of these at once: see thread_standing
    };
    uint8_t priority;
    uint8_t own_priority; // without those who wait for it: see sched/waits.h
    bool queued;          // in a ready list
    bool calls;           // SENDING: wants an answer
    uint8_t depth;        // lenders before it in the chain, or more
    bool timeouts;        // its fault handler is told when time that it borrowed is spent
    uint8_t foreign;      // 0 or DETOUR_FOREIGN; call extra_decide after a change
    uint8_t cpu;          // the processor of the time that it uses, or used last

    link_t queue_next, queue_previous; // in a ready list, or in the queue of waiting_on
    link_t waiting_on;                 // Endpoint or Notification
    link_t reply;
    link_t notification; // bound
    link_t endpoint;     // bound: it alone receives there
    link_t server;       // whose heap it stands in: see sched/waits.h
    link_t waiters;      // the heap of those that wait for it
    struct heap_node wait;
    link_t time; // the SchedContext in use
    link_t lender, borrower;
    link_t extended; // ExtendedState
    link_t extra;    // itself or 0: see sched/extra.h

    uint64_t badge; // of the capability that it sends through
    struct fault fault;
    struct foreign answers; // to its system calls, by itself
    uint64_t user_time;     // ticks, while `extra` is not 0
};
static_assert(offsetof(struct thread, registers) == sizeof(struct object));
static_assert(sizeof(struct thread) <= 1u << THREAD_BITS);

// The `standing` of a thread in this state that is not to be interrupted.
static inline uint32_t thread_standing(enum thread_state state, bool faulted)
{
    return (uint32_t)state | (uint32_t)faulted << 8;
}
static_assert(offsetof(struct thread, faulted) == offsetof(struct thread, standing) + 1);
static_assert(offsetof(struct thread, state) == offsetof(struct thread, standing));

static inline struct thread *thread_of(const struct slot *capability)
{
    return link_known(capability->object);
}

static inline struct thread *thread_at(link_t link)
{
    return link_target(link);
}

// The 512 bytes of its IPC buffer, through the window; null without one.
static inline struct kozo_ipc_buffer *thread_buffer(const struct thread *thread)
{
    if (thread->buffer.type != KOZO_TYPE_FRAME) {
        return nullptr;
    }
    return arch_window(thread->buffer.base + thread->buffer.value);
}

// The root of its page tables; 0 when it has none.
physical_t thread_root(const struct thread *thread);

void thread_create(struct object *object);
[[nodiscard]] bool thread_reap(struct cpu *cpu, struct object *object);

// Takes a thread apart at once which waits for nobody, and of which nobody knows but the capabilities inside of it and
// the ready list; else gives false, with nothing changed.
[[nodiscard, gnu::noinline]] bool thread_end(struct cpu *cpu, struct thread *thread);

// One of the thread's own slots is about to be emptied.
void thread_let_go(struct cpu *cpu, const struct slot *slot);

// A wait is over: the system call answers `error`. The thread gets READY, and is queued if it has
// time. One that waited because of a fault goes on where it was, or, if there is an error, is
// FAULTED.
void thread_wake(struct cpu *cpu, struct thread *thread, enum kozo_error error);

// Breaks off whatever the thread waits for; `error` is what its system call answers. Its time comes
// back to it.
void thread_cancel(struct cpu *cpu, struct thread *thread, enum kozo_error error);

// Stops the thread, in whatever state it is. Time that it borrowed goes home.
void thread_stop(struct cpu *cpu, struct thread *thread);

// Stops the thread, which was chosen to run and has no address space any more.
void thread_lost_space(struct cpu *cpu, struct thread *thread);

// The thread goes on at the instruction that faulted, or stays as FAULTED.
void thread_fault_answered(struct cpu *cpu, struct thread *thread, bool resume);

// The thread, which is READY and in no list, has a `fault`, since it did something that the
// processor refused, or is foreign: tells its fault handler, or stops it.
void thread_tell(struct cpu *cpu, struct thread *thread);

// Whether it is in a state in which something has to happen for it to go on.
bool thread_is_waiting(const struct thread *thread);

// Whether somebody else may change its registers: it is stopped, or held by its fault handler.
bool thread_is_held(const struct thread *thread);

// The time that was lent to the thread is spent: tells its fault handler, which runs on its own
// time.
void thread_timeout(struct cpu *cpu, struct thread *thread);

enum kozo_error thread_configure_call(struct call *call);
enum kozo_error thread_resume_call(struct call *call);
enum kozo_error thread_suspend_call(struct call *call);
enum kozo_error thread_set_timeout_call(struct call *call);
enum kozo_error thread_cancel_call(struct call *call);
enum kozo_error thread_set_priority_call(struct call *call);
enum kozo_error thread_write_registers_call(struct call *call);
enum kozo_error thread_read_registers_call(struct call *call);
enum kozo_error thread_read_state_call(struct call *call);
enum kozo_error thread_write_state_call(struct call *call);
enum kozo_error thread_bind_notification_call(struct call *call);
enum kozo_error thread_bind_endpoint_call(struct call *call);
enum kozo_error thread_info_call(struct call *call);
