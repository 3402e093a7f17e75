// SPDX-License-Identifier: MIT
// The workers of the stress program, and what they share.
//
// A worker is a thread that does the same thing again and again until `stopping`. It counts what it
// did in its own struct, which the judge reads when it is done. Breakers stop and resume workers at
// any moment, so each operation may answer CANCELLED; no count depends on when that happens:
//
//   sends     an accepted send was received once, with its words; one that was broken off, never
//   calls     an accepted call was served once, with its capabilities; one that was broken off, at
//             most once
//   signals   a signal that was set is seen once
#pragma once

#include <kozo/rights.h>
#include <kozo/start.h>
#include <kozo/stubs.h>

enum role : uint32_t {
    SERVER,         // answers calls on `calls`
    CALLER,         // calls there
    BORROWER,       // the same, through a capability that is lent to it now and then
    SENDER,         // sends to `mail`
    RECEIVER,       // receives from `mail`, and signals of a bound notification
    WAITER,         // waits for signals
    SIGNALLER,      // signals waiters and receivers
    PASSIVE_SERVER, // answers calls on `passive`, with no time but its callers'
    PASSIVE_CALLER, // calls there
    BREAKER,        // stops and resumes others
    DESTROYER,      // makes victims, and destroys them
    VICTIM,         // calls, sends, receives and waits among its own kind
    REVOKER,        // makes objects, copies and mappings, and revokes what they come from
    OTHER,          // does what its `run` says
    ROLES,
};

constexpr unsigned PROCESSORS_MOST = 8;
constexpr unsigned WORKERS_MOST = 144;
constexpr unsigned TARGETS = 2 * PROCESSORS_MOST; // that are signalled: waiters and receivers
constexpr unsigned SIGNAL_BITS = 8;
constexpr unsigned REVOKED_MOST = 64;  // slots of a revoker
constexpr unsigned REVOKED_FRAMES = 2; // of a revoker, which it maps at the same place
constexpr uint64_t LABEL = 77;         // of all messages

struct worker {
    enum role role;
    unsigned number;    // among all workers
    unsigned processor; // that its time is of
    unsigned target;    // WAITER, RECEIVER: among those that are signalled
    struct kozo_thread thread;
    struct kozo_sched_context context;
    struct kozo_ipc_buffer *buffer;
    struct kozo_reply reply;
    struct kozo_notification notification; // WAITER waits on it; RECEIVER is bound to it
    struct kozo_endpoint endpoint;         // of its own badge, to whatever it calls or sends to
    uint64_t slots;                        // four, where capabilities arrive
    uint64_t random;
    unsigned owner;                           // VICTIM: its destroyer
    struct kozo_frame frames[REVOKED_FRAMES]; // REVOKER
    volatile uint64_t *pages;                 // REVOKER: where it maps them
    void (*run)(struct worker *worker);       // OTHER

    // What it did.
    volatile uint64_t progress;
    uint64_t done_well;    // calls, sends or signals that were accepted
    uint64_t broken;       // that were broken off
    uint64_t taken;        // messages or signals that it took
    uint64_t sum;          // of the tokens in messages that were accepted or taken
    uint64_t capabilities; // that arrived
    volatile bool ended;
};

struct stress {
    uint64_t priority; // of workers; their turns, or budgets, and periods in microseconds
    uint64_t budget;
    uint64_t period;
    unsigned processors;
    unsigned workers;
    unsigned targets;
    struct worker worker[WORKERS_MOST];
    struct kozo_endpoint calls, mail, passive;
    struct kozo_notification gift;    // what is sent as a capability
    struct kozo_notification nothing; // that those who are done wait on
    uint64_t served[WORKERS_MOST];    // calls of each worker, by its badge; written by servers
    uint64_t signal_slot[TARGETS][SIGNAL_BITS]; // handles
    uint64_t pending[TARGETS];                  // bits that are set and were not seen
    volatile bool stopping;
    const char *volatile wrong; // the first thing that was, null for none
};
extern struct stress stress;

// Notes that something is wrong.
void stress_wrong(const char *what);

static inline void demand(bool holds, const char *what)
{
    if (!holds) {
        stress_wrong(what);
    }
}

// A random number below `end`.
uint64_t worker_random(struct worker *worker, uint64_t end);

// The loop of a worker.
void worker_run(struct worker *worker);

// --- setup.c --------------------------------------------------------------------------------------

struct kozo_untyped stress_memory(void);

// Reads an argument of the command line: a number from `least` to `most`, and nothing else.
bool stress_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

// The handle of an empty slot of its own, `count` of them in a row.
uint64_t stress_slots(unsigned count);

// A new object in a new slot. Ends the program when it can't be made.
uint64_t stress_make(enum kozo_object_type type, uint64_t size);

// Makes the shared objects and the workers of so many processors, not resumed yet. Their priority and
// times are those of `stress`.
void stress_set_up(unsigned processors, uint64_t seed);

// One more worker, of the role OTHER.
struct worker *stress_add(void (*run)(struct worker *worker), unsigned processor);

// Starts all workers but those of the role OTHER. Gives false when one was refused.
bool stress_start(void);

// The time of a processor; handle 0 when there is none.
struct kozo_sched_control stress_time(unsigned processor);

// Fills in what a thread starts with, out of its worker. Gives false when it was refused.
bool worker_configure(const struct worker *worker);
