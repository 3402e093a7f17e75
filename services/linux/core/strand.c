// SPDX-License-Identifier: MIT
// Strands wait for queues and deadlines here, and the loop hands out its turns.
#include "loop.h"

#include "../memory/pages.h"
#include "clock.h"
#include "deadline.h"
#include "objects.h"
#include "store.h"

constexpr unsigned STACK_ORDER = 2; // log2 of the pages of a stack
constexpr uint64_t STACK_BYTES = PAGE_BYTES << STACK_ORDER;
constexpr uint64_t STACKS = 0x2000'0000'0000; // each with as much free space below it

struct wait_deadline {
    struct deadline deadline;
    struct strand *strand;
};

// Saves where the running strand stands, and goes on where another one stood. core/switch.S
void strand_switch(uint64_t *save, uint64_t stack_pointer);
// Where a new strand begins.
[[noreturn]] void strand_begin(void);
void strand_enter(void);

struct strand *strand_now;

static struct strand *ready_first, *ready_last;
static struct strand *idle;
static size_t strands;
static void (*bell_rung)(uint64_t bits);
static struct strand first_strand;

// --- Turns ------------------------------------------------------------------------------------------

static void ready_push(struct strand *strand)
{
    strand->next = nullptr;
    if (ready_first == nullptr) {
        ready_first = strand;
    } else {
        ready_last->next = strand;
    }
    ready_last = strand;
}

static struct strand *ready_pop(void)
{
    struct strand *strand = ready_first;
    ready_first = strand->next;
    return strand;
}

static void idle_push(struct strand *strand)
{
    strand->next = idle;
    idle = strand;
}

static struct strand *idle_pop(void)
{
    struct strand *strand = idle;
    idle = strand->next;
    return strand;
}

struct thread *strand_thread(void)
{
    return strand_now->thread;
}

static void go_on(struct strand *strand)
{
    struct strand *self = strand_now;
    strand_now = strand;
    strand_switch(&self->stack_pointer, strand->stack_pointer);
}

// Makes a waiting strand ready.
static void wake(struct strand *strand, enum wake why)
{
    if (!strand->waits) {
        strand->woken = true;
        return;
    }
    strand->waits = false;
    strand->wake = why;
    ready_push(strand);
}

void strand_interrupt(struct strand *strand)
{
    if (strand->waits && strand->breakable) {
        wake(strand, WAKE_INTERRUPT);
    }
}

// --- Waiting ----------------------------------------------------------------------------------------

void wait_enter(struct wait *wait, struct wait_queue *queue)
{
    wait->queue = queue;
    wait->strand = strand_now;
    wait->next = nullptr;
    wait->previous = queue->last;
    if (queue->last != nullptr) {
        queue->last->next = wait;
    } else {
        queue->first = wait;
    }
    queue->last = wait;
}

void wait_leave(struct wait *wait)
{
    struct wait_queue *queue = wait->queue;
    if (queue == nullptr) {
        return;
    }
    if (wait->previous != nullptr) {
        wait->previous->next = wait->next;
    } else {
        queue->first = wait->next;
    }
    if (wait->next != nullptr) {
        wait->next->previous = wait->previous;
    } else {
        queue->last = wait->previous;
    }
    wait->queue = nullptr;
}

size_t wait_wake(struct wait_queue *queue, size_t most)
{
    size_t count = 0;
    struct wait *next;
    for (struct wait *wait = queue->first; wait != nullptr && count < most; wait = next) {
        next = wait->next;
        if (wait->notice != nullptr) {
            wait->notice(wait);
            continue;
        }
        wait_leave(wait);
        wake(wait->strand, WAKE_EVENT);
        count++;
    }
    return count;
}

static void time_is_up(struct deadline *deadline)
{
    struct wait_deadline *wait = (struct wait_deadline *)deadline;
    wake(wait->strand, WAKE_TIME);
}

static enum wake wait_for(uint64_t until, bool breakable)
{
    struct strand *self = strand_now;
    if (self->woken) {
        self->woken = false;
        return WAKE_EVENT;
    }
    if (breakable && self->attention != nullptr && *self->attention) {
        return WAKE_INTERRUPT;
    }
    struct wait_deadline deadline = {.deadline.due = time_is_up, .strand = self};
    if (until != NO_DEADLINE) {
        if (until <= clock_monotonic()) {
            return WAKE_TIME;
        }
        deadline_set(&deadline.deadline, until);
    }
    self->waits = true;
    self->breakable = breakable;
    go_on(ready_first != nullptr ? ready_pop() : idle_pop());
    deadline_clear(&deadline.deadline);
    return self->wake;
}

enum wake wait_until(uint64_t deadline)
{
    return wait_for(deadline, true);
}

enum wake wait_through(uint64_t deadline)
{
    return wait_for(deadline, false);
}

enum wake wait_on(struct wait_queue *queue, uint64_t deadline)
{
    struct wait wait = {};
    wait_enter(&wait, queue);
    enum wake why = wait_until(deadline);
    wait_leave(&wait);
    return why;
}

// --- The loop ---------------------------------------------------------------------------------------

void loop_tell(void (*rung)(uint64_t bits))
{
    bell_rung = rung;
}

static void bell(uint64_t bits)
{
    if ((bits & BELL_TIMER) != 0) {
        deadlines_look();
    }
    if ((bits & ~BELL_TIMER) != 0 && bell_rung != nullptr) {
        bell_rung(bits & ~BELL_TIMER);
    }
}

// Gives the turn to strands that are ready. What was to be answered is answered before.
static void let_ready_run(struct strand *self, struct answer *answer)
{
    if (answer->given) {
        (void)kozo_reply_reply(self->reply, answer->message);
        answer->given = false;
    }
    idle_push(self);
    go_on(ready_pop());
}

[[noreturn]] static void loop(struct strand *self)
{
    struct answer answer = {};
    while (true) {
        while (ready_first != nullptr) {
            let_ready_run(self, &answer);
        }
        struct kozo_received received =
            answer.given ? kozo_endpoint_reply_recv(held.inbox, self->reply, answer.message)
                         : kozo_endpoint_recv(held.inbox, self->reply);
        answer.given = false;
        if (received.error != KOZO_OK) {
            continue;
        }
        if (received.message.info.label == 0) {
            bell(received.badge);
            continue;
        }
        serve(self, &received, &answer);
    }
}

void strand_begin(void)
{
    loop(strand_now);
}

void loop_run(void)
{
    loop(strand_now);
}

static bool make_strand(void)
{
    struct strand *strand = store_take(sizeof *strand);
    uint64_t reply = objects_make_near(KOZO_TYPE_REPLY);
    uint64_t mapping = objects_slot();
    page_number stack = pages_take(STACK_ORDER);
    uint64_t address = STACKS + (2 * strands + 1) * STACK_BYTES;
    if (strand == nullptr || reply == 0 || mapping == 0 || stack == 0 ||
        !objects_map(page_frame(stack), mapping, address, page_offset(stack), STACK_BYTES)) {
        return false;
    }
    // As strand_switch leaves it: six registers, then where to go on.
    uint64_t *top = (uint64_t *)(address + STACK_BYTES) - 8;
    for (size_t i = 0; i < 8; i++) {
        top[i] = 0;
    }
    top[6] = (uint64_t)strand_enter;
    strand->stack_pointer = (uint64_t)top;
    strand->reply.handle = reply;
    strands++;
    idle_push(strand);
    return true;
}

bool strands_reserve(size_t threads)
{
    if (strand_now == nullptr) {
        first_strand.reply.handle = objects_make_near(KOZO_TYPE_REPLY);
        strand_now = &first_strand;
        strands = first_strand.reply.handle != 0;
    }
    while (strands < threads + 2) {
        if (!make_strand()) {
            return false;
        }
    }
    return strands > 0;
}
