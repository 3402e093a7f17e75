// SPDX-License-Identifier: MIT
// Budgets with a period: what comes back when, that no window holds more, and whom that stops.
#include "sched/alarm.h"
#include "tests/world.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t ENDPOINT = AT_FREE + 2;
constexpr uint64_t REPLY = AT_FREE + 3;
constexpr uint64_t HANDLER = AT_FREE + 4; // a thread, its time, its endpoint and its Reply
constexpr uint64_t FAULTS = AT_FREE + 6;
constexpr uint64_t FAULT_REPLY = AT_FREE + 7;
constexpr uint64_t SPARE = AT_FREE + 8;

constexpr uint64_t BUDGET = 200;
constexpr uint64_t PERIOD = 1000;

static void configure(uint64_t context, uint64_t budget, uint64_t period)
{
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, context, budget, period) == KOZO_OK);
}

// The clock moves on, and the hardware timer fires whenever it has to.
static void pass(uint64_t ticks)
{
    uint64_t end = host.now + ticks;

    while (host.deadline <= end) {
        host.now = host.deadline > host.now ? host.deadline : host.now;
        world_timer();
    }
    host.now = end;
}

static uint64_t consumed(uint64_t context)
{
    CHECK(CALL(SCHED_CONTEXT_INFO, context) == KOZO_OK);
    return world.result[0];
}

TEST("a thread whose budget is used up waits until it comes back, one period after it began")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    configure(A + 1, BUDGET, PERIOD);
    CHECK(world_run(a));
    uint64_t start = host.now;
    pass(BUDGET - 1);
    CHECK(world_current() == a);
    pass(1);
    CHECK(world_current() == first && !a->queued);
    pass(start + PERIOD - 1 - host.now);
    CHECK(!a->queued);
    pass(1);
    CHECK(a->queued);
    CHECK(consumed(A + 1) == BUDGET);
}

TEST("a processor whose only thread has used up its budget is idle until it comes back")
{
    world_begin();
    struct thread *first = world_current();
    configure(AT_CONTEXT, BUDGET, PERIOD);
    uint64_t start = host.now;
    pass(BUDGET);
    CHECK(world_current() == nullptr && host.deadline == start + PERIOD);
    pass(PERIOD - BUDGET + 10);
    CHECK(world_current() == first);
    CHECK(consumed(AT_CONTEXT) == BUDGET + 10);
}

TEST("a turn with a period goes on after an interruption by a higher priority")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    const struct thread *b = world_thread(HANDLER);
    world_make(KOZO_TYPE_NOTIFICATION, 0, FAULTS);
    CHECK(world_run(a));
    CHECK(CALL(NOTIFICATION_WAIT, FAULTS) == WAITS);
    CHECK(world_run(first));
    configure(AT_CONTEXT, BUDGET, PERIOD);
    a->priority = WORLD_PRIORITY + 1;
    a->own_priority = WORLD_PRIORITY + 1;
    CHECK(CALL(NOTIFICATION_SIGNAL, FAULTS) == KOZO_OK && world_current() == a);
    CHECK(CALL(NOTIFICATION_WAIT, FAULTS) == WAITS);
    CHECK(world_current() == first && b->queued);
}

TEST("a thread that is interrupted when its budget is used up waits until it comes back")
{
    world_begin();
    const struct thread *first = world_current();
    struct thread *a = world_thread(A);
    world_make(KOZO_TYPE_NOTIFICATION, 0, FAULTS);
    CHECK(world_run(a));
    CHECK(CALL(NOTIFICATION_WAIT, FAULTS) == WAITS);
    CHECK(world_current() == first);
    configure(AT_CONTEXT, BUDGET, PERIOD);
    a->priority = WORLD_PRIORITY + 1;
    a->own_priority = WORLD_PRIORITY + 1;
    host.now += BUDGET;
    CHECK(CALL(NOTIFICATION_SIGNAL, FAULTS) == WAITS && world_current() == a);
    CHECK(!first->queued && sched_context_is_spent(world_context(AT_CONTEXT)));
    CHECK(CALL(NOTIFICATION_WAIT, FAULTS) == WAITS);
    CHECK(world_current() == nullptr);
    pass(PERIOD - BUDGET);
    CHECK(world_current() == first);
}

TEST("what is spent is charged no more, however long the choice of the next thread takes")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    configure(A + 1, BUDGET, PERIOD);
    CHECK(world_run(a));
    struct sched_context *context = world_context(A + 1);
    host.now += BUDGET;
    host.step = PERIOD;
    world_timer();
    host.step = 0;
    CHECK(world_current() == first && sched_context_is_spent(context));
    CHECK(context->alarm.node.key == context->refill[0].at);
}

TEST("uses with pauses between them come back one by one")
{
    world_begin();
    configure(AT_CONTEXT, BUDGET, PERIOD);
    struct sched_context *context = world_context(AT_CONTEXT);
    uint64_t now = host.now;
    for (unsigned i = 0; i < 4; i++) {
        sched_context_use(context, now + i * 100, now + i * 100 + 50);
    }
    CHECK(context->left == 0 && context->refills == 4);
    for (unsigned i = 0; i < 4; i++) {
        sched_context_refill(context, now + PERIOD + i * 100 - 1);
        CHECK(context->left == (int64_t)i * 50);
        sched_context_refill(context, now + PERIOD + i * 100);
        CHECK(context->left == (int64_t)(i + 1) * 50);
    }
}

TEST("a use that is charged in parts comes back as one, when its first part does")
{
    world_begin();
    configure(AT_CONTEXT, BUDGET, PERIOD);
    struct sched_context *context = world_context(AT_CONTEXT);
    uint64_t now = host.now;
    for (unsigned i = 0; i < 20; i++) {
        sched_context_use(context, now + i * 10, now + i * 10 + 10);
    }
    CHECK(context->refills == 1 && context->refill[0].at == now + PERIOD);
}

TEST("what was used beyond the budget is paid for before the next use")
{
    world_begin();
    configure(AT_CONTEXT, BUDGET, PERIOD);
    struct sched_context *context = world_context(AT_CONTEXT);
    uint64_t now = host.now;
    sched_context_use(context, now, now + BUDGET + 30);
    sched_context_refill(context, now + PERIOD);
    CHECK(context->left == (int64_t)BUDGET - 30);
    sched_context_refill(context, now + 2 * PERIOD);
    CHECK(context->left == (int64_t)BUDGET);
}

TEST("after a halt of the whole machine nobody owes more than a period")
{
    world_begin();
    configure(AT_CONTEXT, BUDGET, PERIOD);
    struct sched_context *context = world_context(AT_CONTEXT);
    sched_context_use(context, host.now, host.now + 1'000'000 * PERIOD);
    CHECK(context->left >= -(int64_t)PERIOD);
    CHECK(context->refill[context->refills - 1].at <= host.now + 1'000'003 * PERIOD);
}

// --- Gaming -------------------------------------------------------------------------------------

constexpr unsigned TICKS = 20'000;

static bool used[TICKS];

static uint64_t random_state;

static uint64_t random_below(uint64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

// The most ticks that were used in any window of a period's length.
static unsigned worst_window(unsigned period)
{
    unsigned inside = 0;
    unsigned worst = 0;

    for (unsigned i = 0; i < TICKS; i++) {
        inside += used[i];
        inside -= i >= period && used[i - period];
        worst = inside > worst ? inside : worst;
    }
    return worst;
}

static unsigned all_used(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < TICKS; i++) {
        sum += used[i];
    }
    return sum;
}

// A thread that runs and pauses as it likes, in pieces of at most `piece` and pauses of at most
// `pause`, is stopped up to `late` ticks after its budget is used up.
static void game(struct sched_context *context, unsigned piece, unsigned pause, unsigned late)
{
    uint64_t at = 0;

    memset(used, 0, sizeof(used));
    sched_context_set_budget(context, BUDGET, PERIOD);
    context->until = 0;
    while (at < TICKS) {
        sched_context_refill(context, at);
        if (context->left <= 0) {
            at = context->refill[0].at;
            continue;
        }
        uint64_t wants = 1 + random_below(piece);
        uint64_t may = (uint64_t)context->left + random_below(late + 1);
        uint64_t end = at + (wants < may ? wants : may);
        for (uint64_t i = at; i < end && i < TICKS; i++) {
            used[i] = true;
        }
        sched_context_use(context, at, end);
        at = end + random_below(pause + 1);
    }
}

TEST("no pattern of runs and pauses gets more than the budget in any window of a period")
{
    static const unsigned pieces[] = {1, 2, 7, 30, 100, BUDGET, 3 * BUDGET};
    static const unsigned pauses[] = {0, 1, 5, 50, 300, PERIOD};

    world_begin();
    struct sched_context *context = world_context(AT_CONTEXT);
    struct sched_context saved = *context;
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned piece = 0; piece < sizeof(pieces) / sizeof(pieces[0]); piece++) {
            for (unsigned pause = 0; pause < sizeof(pauses) / sizeof(pauses[0]); pause++) {
                game(context, pieces[piece], pauses[pause], 0);
                CHECK(worst_window(PERIOD) <= BUDGET);
                game(context, pieces[piece], pauses[pause], 9);
                CHECK(worst_window(PERIOD) <= BUDGET + 9);
                CHECK(all_used() <= BUDGET * (TICKS / PERIOD) + 9);
            }
        }
    }
    *context = saved;
}

TEST("a thread that is always ready gets all of its budget")
{
    world_begin();
    struct sched_context *context = world_context(AT_CONTEXT);
    struct sched_context saved = *context;
    game(context, 3 * BUDGET, 0, 0);
    CHECK(all_used() == BUDGET * (TICKS / PERIOD));
    *context = saved;
}

TEST("time that is taken off a thread and given back is as spent as before")
{
    world_begin();
    struct thread *a = world_thread(A);
    configure(A + 1, BUDGET, PERIOD);
    CHECK(world_run(a));
    pass(BUDGET);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, A + 1) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, A + 1, A) == KOZO_OK);
    CHECK(!a->queued);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    CHECK(!a->queued);
    pass(PERIOD);
    CHECK(a->queued);
}

TEST("a new budget can be used at once, and a spent SchedContext can go")
{
    world_begin();
    struct thread *a = world_thread(A);
    configure(A + 1, BUDGET, PERIOD);
    CHECK(world_run(a));
    pass(BUDGET);
    CHECK(!a->queued);
    configure(A + 1, BUDGET, PERIOD);
    CHECK(a->queued);
    CHECK(world_run(a));
    pass(BUDGET);
    CHECK(CALL(CNODE_REVOKE, A + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, A + 1) == KOZO_OK);
    CHECK(arch_cpu()->alarms == 0 && a->time == 0);
}

// --- Time that was lent -------------------------------------------------------------------------

static struct thread *client;
static struct thread *server;
static struct thread *handler;

// The server serves the client, whose budget is limited; the handler waits for faults.
static void lend(bool timeouts)
{
    world_begin();
    client = world_current();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    world_make(KOZO_TYPE_ENDPOINT, 0, FAULTS);
    world_make(KOZO_TYPE_REPLY, 0, FAULT_REPLY);
    server = world_thread(A);
    handler = world_thread(HANDLER);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, 0, 0, 0, 0, FAULTS) == KOZO_OK);
    CHECK(CALL(THREAD_SET_TIMEOUT, A, timeouts) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, FAULTS, 0, FAULT_REPLY) == WAITS);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_run(client));
    configure(AT_CONTEXT, BUDGET, PERIOD);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == WAITS);
    CHECK(world_current() == server);
}

TEST("a server on borrowed time that is spent waits for it, without a handler")
{
    lend(false);
    pass(BUDGET);
    CHECK(world_current() == nullptr && server->state == READY);
    pass(PERIOD - BUDGET);
    CHECK(world_current() == server);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_current() == client);
}

TEST("with one, the handler is told, on time of its own, and the server waits on")
{
    lend(true);
    pass(BUDGET);
    CHECK(world_current() == handler && server->state == CALLING && server->faulted);
    CHECK(world_info(handler) >> 32 == KOZO_FAULT_TIMEOUT);
    CHECK(handler->time == link_to(world_context(HANDLER + 1)));
    CHECK(server->time == link_to(world_context(AT_CONTEXT)));
    // An answer that lets it go on does so when the time is back, and it is told once.
    CHECK(CALL(ENDPOINT_REPLY_RECV, FAULTS, 0, FAULT_REPLY) == WAITS);
    CHECK(world_current() == nullptr && server->state == READY);
    pass(PERIOD - BUDGET);
    CHECK(world_current() == server);
    pass(BUDGET);
    CHECK(world_current() == handler && server->faulted);
}

TEST("the handler is told as well when somebody else runs as the borrowed time turns out to be "
     "spent")
{
    lend(true);
    world_make(KOZO_TYPE_NOTIFICATION, 0, SPARE);
    struct thread *other = world_thread(SPARE + 1);
    CHECK(world_run(other));
    CHECK(CALL(NOTIFICATION_WAIT, SPARE) == WAITS);
    CHECK(world_current() == server);
    other->priority = WORLD_PRIORITY + 1;
    other->own_priority = WORLD_PRIORITY + 1;
    host.now += BUDGET;
    CHECK(CALL(NOTIFICATION_SIGNAL, SPARE) == WAITS && world_current() == other);
    CHECK(server->state == CALLING && server->faulted && handler->queued);
}

TEST("the handler is told at once of a server that is woken when the borrowed time is spent")
{
    lend(true);
    world_make(KOZO_TYPE_NOTIFICATION, 0, SPARE);
    const struct thread *other = world_thread(SPARE + 1);
    host.now += BUDGET;
    CHECK(CALL(NOTIFICATION_WAIT, SPARE) == WAITS);
    CHECK(world_current() == other && sched_context_is_spent(world_context(AT_CONTEXT)));
    CHECK(CALL(NOTIFICATION_SIGNAL, SPARE) == KOZO_OK);
    CHECK(world_current() == other && server->faulted && handler->queued);
}

TEST("a handler that stops the server sends the time home")
{
    lend(true);
    pass(BUDGET);
    CHECK(CALL(REPLY_REPLY, FAULT_REPLY, info_word(KOZO_ANSWER_STOP, 0, 0)) == KOZO_OK);
    CHECK(server->state == FAULTED && client->time == link_to(world_context(AT_CONTEXT)));
    CHECK(client->state == CALLING);
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    CHECK(world_answer(client) == KOZO_NO_REPLY && client->state == READY && !client->queued);
    pass(PERIOD);
    CHECK(client->queued || world_current() == client);
}

TEST("a timeout waits in the queue of a handler that is busy")
{
    lend(true);
    // The handler works on something else, at a lower priority.
    CHECK(CALL(THREAD_CANCEL, HANDLER) == KOZO_OK);
    pass(BUDGET);
    CHECK(world_current() == handler && server->state == SENDING);
    CHECK(CALL(ENDPOINT_RECV, FAULTS, 0, FAULT_REPLY) == KOZO_OK);
    CHECK(world_info(handler) >> 32 == KOZO_FAULT_TIMEOUT && server->state == CALLING);
    CHECK(handler->lender == 0);
}

TEST("a client that takes its time back from a timeout leaves the server with the handler")
{
    lend(true);
    pass(BUDGET);
    CHECK(CALL(THREAD_CANCEL, AT_THREAD) == KOZO_OK);
    CHECK(client->time == link_to(world_context(AT_CONTEXT)) && server->time != client->time);
    CHECK(server->state == CALLING && server->faulted);
    CHECK(CALL(REPLY_REPLY, FAULT_REPLY, 0) == KOZO_OK);
    CHECK(server->queued);
}

TEST("a call that is taken when its time is spent stops the server until it is back")
{
    lend(false);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(THREAD_CANCEL, A) == KOZO_OK);
    // The client runs to the last tick, and calls before the timer fires.
    host.now += BUDGET;
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == WAITS);
    CHECK(sched_context_is_spent(world_context(AT_CONTEXT)));
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK || server->state == READY);
    CHECK(server->time == link_to(world_context(AT_CONTEXT)) && !server->queued);
    pass(PERIOD - BUDGET);
    CHECK(world_current() == server);
}

TEST("set_timeout refuses what is no bool, and needs CONTROL")
{
    world_begin();
    (void)world_thread(A);
    CHECK(CALL(THREAD_SET_TIMEOUT, A, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, A, A + 2, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_SET_TIMEOUT, A + 2, 1) == KOZO_NO_RIGHT);
}

TEST("a period is at least the budget and at most ten seconds")
{
    world_begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, AT_CONTEXT, 200, 199) ==
          KOZO_BAD_ARGUMENT);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, AT_CONTEXT, 200, PERIOD_MAX + 1) ==
          KOZO_BAD_ARGUMENT);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, AT_CONTEXT, 200, UINT64_MAX) ==
          KOZO_BAD_ARGUMENT);
    configure(AT_CONTEXT, 200, 200);
    configure(AT_CONTEXT, 200, PERIOD_MAX);
    CHECK(CALL(SCHED_CONTEXT_INFO, AT_CONTEXT) == KOZO_OK);
    CHECK(world.result[1] == 200 && world.result[2] == PERIOD_MAX);
}
