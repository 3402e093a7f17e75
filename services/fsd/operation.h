// SPDX-License-Identifier: MIT
// What clients ask for, while it is being carried out.
//
//   handler ──▶ answered
//      ▲  └──▶ waits in a queue, or for a request to a volume
//      └─────── woken: runs again, from its start
//
// A handler finds what it needs in the caches. When something is missing it begins to fetch that,
// waits, and is run again from its start; so it keeps no pointer over a wait, and looks at everything
// afresh. What must not be done twice, a change on a volume, is a stage: the handler runs once to
// begin it and once with its result.
#pragma once

#include <kozo/board.h>
#include <kozo/protocol.h>
#include <stddef.h>

#include "queue.h"

struct operation;

constexpr size_t OPERATIONS =
    KOZO_BOARD_SESSIONS * KOZO_SESSION_ENTRIES; // as many as fit their rings
constexpr size_t OPERATION_OWN =
    KOZO_BOARD_SESSIONS;                     // the place of those of the file server itself
constexpr unsigned OPERATION_TRIES = 10'000; // runs, until a volume is taken for one that lies

enum operation_stage : uint8_t {
    STAGE_START,
    STAGE_UNDER_WAY, // a request to a volume belongs to it
    STAGE_DONE,      // that request has completed
};

// What an operation of the file server's own does: an answer when it is through. It takes `failed` and `tries` into account.
typedef struct kozo_message operation_step(struct operation *operation);

struct operation {
    bool used;
    operation_step *step; // null: it is a client's, and its message says what it does
    bool failed;          // what it waited for can't be had; `error` says why
    enum operation_stage stage;
    unsigned tries;
    size_t place;
    uint64_t badge;
    uint64_t number; // under which it is answered when it waited; 0 when it can't wait
    uint64_t waits;  // fsd_now() when it waited first; all ones before that
    struct kozo_message message;
    enum kozo_error error; // how the request went
    uint32_t limit;        // of what takes several steps: a bound from the first of them
    uint64_t word[3];      // what the request gave
    uint64_t cursor;       // of what takes several steps: how far it is
    uint64_t start;        // likewise: where it began
    struct request *request;
    struct queue *queue;
    struct operation *next;
    struct operation *previous;
};

// Carries out a request of a client: the answer, or kozo_later().
struct kozo_message operation_begin(const struct kozo_caller *caller,
                                    const struct kozo_message *message);

// Begins one of the file server's own, which is nobody's and can't be cancelled: at the next operation_work.
void operation_begin_own(struct operation *operation, operation_step *step);

// For a handler: the operation that it carries out.
[[nodiscard]] struct operation *operation_of(const struct kozo_caller *caller);

// For a handler: gives up for now, until the queue is woken.
[[nodiscard]] struct kozo_message operation_wait(struct operation *operation, struct queue *queue);

// The request that belongs to an operation has completed: it runs on at the next operation_work.
void operation_resume(struct operation *operation);

// Lets all that wait in a queue run on at the next operation_work.
void queue_wake(struct queue *queue);

// Runs what was woken.
void operation_work(void);

// Drops an operation of a session, or of one that was delegated to it; false when there is none of that number.
[[nodiscard]] bool operation_cancel(size_t place, uint64_t number);
void operation_drop_all(size_t place);

// Ends all of a session whose client is still there to hear of it.
void operation_end_all(size_t place, enum kozo_error error);
