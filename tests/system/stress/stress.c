// SPDX-License-Identifier: MIT
// The run: lets all workers go on for some seconds, watches that each of them gets on, ends them,
// and judges what they counted.
#include "stress.h"

#include <kozo/print.h>

#include "test.h"

constexpr uint64_t SECONDS_USUAL = 5;
constexpr uint64_t SECONDS_STUCK = 20; // without any progress of a worker
constexpr uint64_t SECONDS_END = 20;
constexpr uint64_t PRIORITY = 100;
constexpr uint64_t TURN = 200; // microseconds: many breaks

static uint64_t seconds = SECONDS_USUAL;
static uint64_t processors = 1;
static uint64_t seed;

static const char *const role_names[ROLES] = {
    [SERVER] = "server",
    [CALLER] = "caller",
    [BORROWER] = "borrower",
    [SENDER] = "sender",
    [RECEIVER] = "receiver",
    [WAITER] = "waiter",
    [SIGNALLER] = "signaller",
    [PASSIVE_SERVER] = "passive server",
    [PASSIVE_CALLER] = "passive caller",
    [BREAKER] = "breaker",
    [DESTROYER] = "destroyer",
    [VICTIM] = "victim",
    [REVOKER] = "revoker",
};

void test_clean(void)
{
}

static uint64_t ticks(uint64_t of_seconds)
{
    return kozo_process_info()->tsc_frequency * of_seconds;
}

static uint64_t now(void)
{
    return __builtin_readcyclecounter();
}

static bool is_there(const struct worker *worker)
{
    return worker->role != VICTIM;
}

static uint64_t state_of(const struct worker *worker)
{
    return kozo_thread_info(worker->thread).state;
}

static void tell(const struct worker *worker, const char *what)
{
    kozo_printf("# the %s number %u %s: state %lu, %lu rounds\n", role_names[worker->role],
                worker->number, what, state_of(worker), worker->progress);
}

// --- The run ------------------------------------------------------------------------------------

// Whether each worker got on since the last time. Forgets what it saw.
static bool all_got_on(uint64_t *seen)
{
    bool all = true;

    for (unsigned i = 0; i < stress.workers; i++) {
        const struct worker *worker = &stress.worker[i];
        if (is_there(worker) && worker->progress == seen[i]) {
            tell(worker, "does not get on");
            all = false;
        }
        seen[i] = worker->progress;
    }
    return all;
}

static bool all_have_begun(void)
{
    bool all = true;

    for (unsigned i = 0; i < stress.workers; i++) {
        all = all && (!is_there(&stress.worker[i]) || stress.worker[i].progress > 0);
    }
    return all;
}

// For the time that was asked for, and longer until each has begun: a busy machine may let some wait.
static bool watch(void)
{
    static uint64_t seen[WORKERS_MOST];
    uint64_t start = now();
    uint64_t looked = start;
    bool well = true;

    while ((now() - start < ticks(seconds) || !all_have_begun()) && stress.wrong == nullptr &&
           well) {
        if (now() - looked > ticks(SECONDS_STUCK)) {
            looked = now();
            well = all_got_on(seen);
        }
        (void)kozo_kernel_yield();
    }
    return well;
}

static unsigned count_left(void)
{
    unsigned left = 0;

    for (unsigned i = 0; i < stress.workers; i++) {
        left += stress.worker[i].ended ? 0 : 1;
    }
    return left;
}

// Breaks into every wait until all have come to their end.
static bool end_all(void)
{
    uint64_t start = now();

    stress.stopping = true;
    CHECK(kozo_sched_context_bind(stress.worker[0].context, stress.worker[0].thread) == KOZO_OK);
    while (count_left() > 0 && now() - start < ticks(SECONDS_END)) {
        for (unsigned i = 0; i < stress.workers; i++) {
            const struct worker *worker = &stress.worker[i];
            uint64_t state = is_there(worker) ? state_of(worker) : KOZO_THREAD_READY;
            if (!worker->ended && state != KOZO_THREAD_READY) {
                (void)kozo_thread_suspend(worker->thread);
                (void)kozo_thread_resume(worker->thread);
            }
        }
        for (unsigned i = 0; i < stress.workers; i++) {
            (void)kozo_kernel_yield();
        }
    }
    for (unsigned i = 0; i < stress.workers; i++) {
        if (!stress.worker[i].ended) {
            tell(&stress.worker[i], "does not come to its end");
        }
    }
    return count_left() == 0;
}

// --- The judge ----------------------------------------------------------------------------------

struct total {
    uint64_t done_well, broken, taken, sum, capabilities;
};

static struct total total_of(enum role role)
{
    struct total total = {};

    for (unsigned i = 0; i < stress.workers; i++) {
        const struct worker *worker = &stress.worker[i];
        if (worker->role == role) {
            total.done_well += worker->done_well;
            total.broken += worker->broken;
            total.taken += worker->taken;
            total.sum += worker->sum;
            total.capabilities += worker->capabilities;
        }
    }
    return total;
}

TEST("every thread gets on, and comes to its end when it is told to")
{
    stress.priority = PRIORITY;
    stress.budget = TURN;
    stress_set_up((unsigned)processors, seed);
    CHECK(stress_start());
    CHECK(watch());
    CHECK(end_all());
    CHECK(all_have_begun());
}

TEST("nothing was refused, changed or seen twice")
{
    if (stress.wrong != nullptr) {
        kozo_printf("# %s\n", stress.wrong);
    }
    CHECK(stress.wrong == nullptr);
}

TEST("each call that was answered was served once, each other one at most once")
{
    uint64_t calls = 0;

    for (unsigned i = 0; i < stress.workers; i++) {
        const struct worker *worker = &stress.worker[i];
        uint64_t served = stress.served[i];
        bool well = served >= worker->done_well && served <= worker->done_well + worker->broken;
        if (worker->role == CALLER || worker->role == BORROWER || worker->role == PASSIVE_CALLER) {
            CHECK(well);
            calls += worker->done_well;
            if (!well) {
                kozo_printf("# %s %u: %lu answered, %lu broken off, %lu served\n",
                            role_names[worker->role], i, worker->done_well, worker->broken, served);
            }
        }
    }
    struct total servers = total_of(SERVER);
    kozo_printf("# %lu calls answered, %lu capabilities carried to servers\n", calls,
                servers.capabilities);
    CHECK(calls > 0 && servers.capabilities > 0);
}

TEST("each message that was sent was received once, each other one never")
{
    struct total sent = total_of(SENDER);
    struct total received = total_of(RECEIVER);

    kozo_printf("# %lu messages sent, %lu received, %lu broken off or refused\n", sent.done_well,
                received.done_well, sent.broken);
    CHECK(sent.done_well > 0 && sent.done_well == received.done_well);
    CHECK(sent.sum == received.sum);
}

TEST("each signal was seen once, or is still there")
{
    struct total set = total_of(SIGNALLER);
    uint64_t seen = total_of(WAITER).taken + total_of(RECEIVER).taken;

    for (unsigned i = 0; i < stress.workers; i++) {
        const struct worker *worker = &stress.worker[i];
        if (worker->role == WAITER || worker->role == RECEIVER) {
            uint64_t left = kozo_notification_poll(worker->notification).bits;
            CHECK(left == stress.pending[worker->target]);
            seen += (uint64_t)__builtin_popcountll(left);
        }
    }
    kozo_printf("# %lu signals set, %lu seen\n", set.done_well, seen);
    CHECK(set.done_well > 0 && set.done_well == seen);
}

TEST("threads were stopped, and destroyed, in the middle of it all")
{
    uint64_t stopped = total_of(BREAKER).done_well;
    uint64_t destroyed = total_of(DESTROYER).done_well;

    kozo_printf("# stopped and resumed %lu times, %lu threads destroyed\n", stopped, destroyed);
    CHECK(stopped > 0 && destroyed > 0);
}

TEST("what was revoked was gone, and nothing else was")
{
    struct total revoked = total_of(REVOKER);

    kozo_printf("# %lu revocations, of %lu capabilities\n", revoked.done_well, revoked.taken);
    CHECK(revoked.done_well > 0 && revoked.taken > revoked.done_well);
}

TEST("no capability is left over from what was sent")
{
    uint64_t step = UINT64_C(1) << kozo_process_info()->cnode_bits;

    // What had arrived when a worker came to its end.
    for (unsigned i = 0; i < stress.workers; i++) {
        for (unsigned k = 0; k < KOZO_MESSAGE_CAPS && is_there(&stress.worker[i]); k++) {
            CHECK(kozo_cnode_delete((struct kozo_slot){stress.worker[i].slots + k * step}) ==
                  KOZO_OK);
        }
    }
    CHECK(!kozo_cnode_inspect((struct kozo_slot){stress.gift.handle}).children);
}

TEST("all memory comes back")
{
    struct kozo_untyped memory = stress_memory();

    CHECK(kozo_cnode_revoke((struct kozo_slot){memory.handle}) == KOZO_OK);
    struct kozo_untyped_info_result info = kozo_untyped_info(memory);
    CHECK(info.error == KOZO_OK && info.free == info.size);
}

int main(int argument_count, char **arguments)
{
    constexpr int usage = 2;

    seed = kozo_process_info()->random;
    if ((argument_count > 1 && !stress_number(arguments[1], 1, 100'000, &seconds)) ||
        (argument_count > 2 && !stress_number(arguments[2], 1, PROCESSORS_MOST, &processors)) ||
        (argument_count > 3 && !stress_number(arguments[3], 0, UINT32_MAX, &seed))) {
        kozo_print("usage: stress [SECONDS [PROCESSORS [SEED]]]\n");
        return usage;
    }
    kozo_printf("# %lu s, %lu processors, seed %lu\n", seconds, processors, seed);
    return test_main();
}
