// SPDX-License-Identifier: MIT
#include "operation.h"

#include "fsd.h"
#include "place.h"
#include "volume.h"

static struct {
    struct operation operation[OPERATIONS];
    struct operation *free; // linked by `next`
    size_t begun;           // of the array that was ever used
    struct queue ready;
} state;

static struct operation *take(void)
{
    struct operation *operation = state.free;
    if (operation != nullptr) {
        state.free = operation->next;
    } else if (state.begun < OPERATIONS) {
        operation = &state.operation[state.begun++];
    }
    return operation;
}

static void give(struct operation *operation)
{
    operation->used = false;
    operation->next = state.free;
    state.free = operation;
}

// --- Queues -------------------------------------------------------------------------------------

static void enqueue(struct queue *queue, struct operation *operation)
{
    operation->queue = queue;
    operation->next = nullptr;
    operation->previous = queue->last;
    if (queue->last != nullptr) {
        queue->last->next = operation;
    } else {
        queue->first = operation;
    }
    queue->last = operation;
}

static void dequeue(struct operation *operation)
{
    struct queue *queue = operation->queue;
    if (queue == nullptr) {
        return;
    }
    if (operation->previous != nullptr) {
        operation->previous->next = operation->next;
    } else {
        queue->first = operation->next;
    }
    if (operation->next != nullptr) {
        operation->next->previous = operation->previous;
    } else {
        queue->last = operation->previous;
    }
    operation->queue = nullptr;
}

void queue_wake(struct queue *queue)
{
    while (queue->first != nullptr) {
        struct operation *operation = queue->first;
        dequeue(operation);
        enqueue(&state.ready, operation);
    }
}

struct kozo_message operation_wait(struct operation *operation, struct queue *queue)
{
    enqueue(queue, operation);
    return kozo_later();
}

void operation_resume(struct operation *operation)
{
    operation->request = nullptr;
    enqueue(&state.ready, operation);
}

// --- Carrying out -------------------------------------------------------------------------------

struct operation *operation_of(const struct kozo_caller *caller)
{
    return caller->server;
}

// An operation that waits has a place in a queue or a request; anything else would wait for ever.
static struct kozo_message run(struct operation *operation)
{
    if (operation->step != nullptr) {
        return operation->step(operation);
    }
    struct kozo_caller caller = {
        .server = operation,
        .badge = operation->badge,
        .session = operation->place,
        .number = operation->number,
    };
    if (operation->failed) {
        return kozo_answer(operation->error);
    }
    if (++operation->tries > OPERATION_TRIES) {
        return kozo_answer(KOZO_NO_REPLY);
    }
    return fsd_dispatch(&caller, &operation->message);
}

static void drop(struct operation *operation)
{
    dequeue(operation);
    if (operation->request != nullptr) {
        request_disown(operation->request);
    }
    give(operation);
}

struct kozo_message operation_begin(const struct kozo_caller *caller,
                                    const struct kozo_message *message)
{
    struct operation *operation = take();
    if (operation == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    *operation = (struct operation){
        .used = true,
        .place = caller->session,
        .badge = caller->badge,
        .number = caller->number,
        .waits = UINT64_MAX,
        .message = *message,
    };
    struct kozo_message answer = run(operation);
    if (answer.info.label != KOZO_PENDING) {
        give(operation);
    } else if (operation->number == 0) {
        drop(operation); // there is no room for its completion
        return kozo_answer(KOZO_WOULD_BLOCK);
    } else {
        operation->waits = fsd_now();
    }
    return answer;
}

void operation_begin_own(struct operation *operation, operation_step *step)
{
    *operation = (struct operation){
        .used = true,
        .step = step,
        .place = OPERATION_OWN,
        .waits = UINT64_MAX,
    };
    enqueue(&state.ready, operation);
}

void operation_work(void)
{
    while (state.ready.first != nullptr) {
        struct operation *operation = state.ready.first;
        dequeue(operation);
        struct kozo_message answer = run(operation);
        if (answer.info.label == KOZO_PENDING) {
            continue;
        }
        if (operation->step != nullptr) {
            operation->used = false;
        } else {
            fsd_complete(operation->place, operation->number, &answer);
            give(operation);
        }
    }
}

bool operation_cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < state.begun; i++) {
        struct operation *operation = &state.operation[i];
        bool own = operation->place == place || place_home(operation->place) == place;
        if (operation->used && own && operation->number == number) {
            drop(operation);
            return true;
        }
    }
    return false;
}

void operation_drop_all(size_t place)
{
    for (size_t i = 0; i < state.begun; i++) {
        if (state.operation[i].used && state.operation[i].place == place) {
            drop(&state.operation[i]);
        }
    }
}

void operation_end_all(size_t place, enum kozo_error error)
{
    const struct kozo_message answer = kozo_answer(error);
    for (size_t i = 0; i < state.begun; i++) {
        struct operation *operation = &state.operation[i];
        if (operation->used && operation->place == place) {
            fsd_complete(place, operation->number, &answer);
            drop(operation);
        }
    }
}
