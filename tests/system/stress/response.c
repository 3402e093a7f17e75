// SPDX-License-Identifier: MIT
// test/response: how long a thread of high priority waits, in instructions, while the workers of the
// stress run load one processor. Only with QEMU's --icount, where a tick is an instruction.
//
// The watcher sets a timer a random moment ahead, waits for it, and takes the time from when it was
// due to its own next instruction. First nobody is in the way but a thread that computes. Then all
// workers are, each with a budget and a period, and a hog that wants more than its budget, all of a
// lower priority. At last a second hog, of a higher one: its budget, and one
// more way in and out, is all that it can add.
#include <kozo/machine.h>
#include <kozo/print.h>

#include "stress.h"
#include "test.h"

// The bound: the longest stretch without a preemption point that the kernel is allowed
// (docs/performance.md), and the way in and out, with the wake-up, when nothing is in the way.
constexpr uint64_t STRETCH = 5'000;
constexpr uint64_t ENTRY_AND_EXIT = 1'500;

constexpr uint64_t MICROSECOND = 1'000; // ticks, when they count instructions
constexpr uint64_t MILLISECOND = 1'000 * MICROSECOND;
constexpr uint64_t PERIOD = 1'000;   // microseconds, of everybody
constexpr uint64_t HOG_BUDGET = 300; // of it
constexpr uint64_t WATCHER_BUDGET = 500;
constexpr uint64_t REVOKER_BUDGET = 300;
constexpr uint64_t WORKER_BUDGET = 150; // too much for all of them together

// How far ahead the timer is set, in ticks. The least is more than setting it and waiting take.
constexpr uint64_t NEAREST = 2'000;
constexpr uint64_t FURTHEST = 40'000;

constexpr uint64_t MILLISECONDS_USUAL = 200;
constexpr uint64_t MILLISECONDS_ALONE = 20;
constexpr uint64_t MILLISECONDS_STARTING = 1'000;
constexpr uint64_t MILLISECONDS_SETTLING = 10; // until the console, above all here, has printed
constexpr uint64_t SAMPLES_LEAST = 10;         // a millisecond, at the very least
constexpr uint64_t REVOCATIONS_LEAST = 100;

// Priorities, from the program's own downwards.
enum level : uint64_t { HOG_ABOVE, WATCHER, HOG_BELOW, REVOKERS, WORKERS };

static uint64_t milliseconds = MILLISECONDS_USUAL;
static uint64_t seed;

static struct {
    struct kozo_timer timer;
    struct kozo_notification wake;
    volatile uint64_t worst, sum, samples;
} watched;

static struct worker *watcher, *hog_below, *hog_above;

void test_clean(void)
{
}

static void run_watcher(struct worker *worker)
{
    while (true) {
        uint64_t due = kozo_ticks() + NEAREST + worker_random(worker, FURTHEST - NEAREST);
        demand(kozo_timer_set(watched.timer, due, 0) == KOZO_OK &&
                   kozo_notification_wait(watched.wake).error == KOZO_OK,
               "the watcher was refused");
        uint64_t waited = kozo_ticks() - due;
        watched.samples = watched.samples + 1;
        watched.sum = watched.sum + waited;
        if (waited > watched.worst) {
            watched.worst = waited;
        }
    }
}

static void run_hog(struct worker *worker)
{
    while (true) {
        worker->progress = worker->progress + 1;
    }
}

static void place(const struct worker *worker, uint64_t priority, uint64_t budget)
{
    CHECK(kozo_thread_set_priority(worker->thread, priority) == KOZO_OK);
    CHECK(kozo_sched_control_configure(stress_time(0), worker->context, budget, PERIOD) == KOZO_OK);
}

static struct worker *add(void (*run)(struct worker *worker), uint64_t priority, uint64_t budget)
{
    struct worker *worker = stress_add(run, 0);

    place(worker, priority, budget);
    return worker;
}

// Among the other workers revokers would hardly ever have their turn.
static void raise_revokers(uint64_t priority)
{
    for (unsigned i = 0; i < stress.workers; i++) {
        if (stress.worker[i].role == REVOKER) {
            place(&stress.worker[i], priority, REVOKER_BUDGET);
        }
    }
}

static void set_up(void)
{
    struct kozo_thread self = {kozo_granted("self.thread")};
    uint64_t own = kozo_thread_info(self).priority;

    stress.priority = own - WORKERS;
    stress.budget = WORKER_BUDGET;
    stress.period = PERIOD;
    stress_set_up(1, seed);
    watched.timer.handle = stress_make(KOZO_TYPE_TIMER, 0);
    watched.wake.handle = stress_make(KOZO_TYPE_NOTIFICATION, 0);
    CHECK(kozo_timer_bind(watched.timer, watched.wake) == KOZO_OK);
    raise_revokers(own - REVOKERS);
    watcher = add(run_watcher, own - WATCHER, WATCHER_BUDGET);
    hog_below = add(run_hog, own - HOG_BELOW, HOG_BUDGET);
    hog_above = add(run_hog, own - HOG_ABOVE, HOG_BUDGET);
    CHECK(kozo_thread_set_priority(self, own - WORKERS) == KOZO_OK);
}

static void compute(uint64_t time)
{
    uint64_t start = kozo_ticks();

    while (kozo_ticks() - start < time * MILLISECOND && stress.wrong == nullptr) {
    }
}

// Lets everybody go on for a time, and tells how long the watcher waited.
static void watch(const char *what, uint64_t time, uint64_t bound)
{
    compute(MILLISECONDS_SETTLING);
    watched.worst = watched.sum = watched.samples = 0;
    compute(time);
    uint64_t worst = watched.worst;
    uint64_t samples = watched.samples;
    REQUIRE(samples >= time * SAMPLES_LEAST);
    kozo_printf(
        "# %s: waited %lu instructions at most, %lu on average, in %lu times; allowed: %lu\n", what,
        worst, watched.sum / samples, samples, bound);
    CHECK(worst <= bound);
}

// Services, which are above all of this, may still be starting. Time passes at once while nobody runs.
static void let_services_start(void)
{
    CHECK(kozo_timer_set(watched.timer, kozo_ticks() + MILLISECONDS_STARTING * MILLISECOND, 0) ==
          KOZO_OK);
    CHECK(kozo_notification_wait(watched.wake).error == KOZO_OK);
}

TEST("a tick of the clock is an instruction here")
{
    constexpr uint64_t turns = 100'000;
    constexpr uint64_t set_up_most = 8;
    uint64_t left = turns;

    set_up();
    let_services_start();
    uint64_t start = kozo_ticks();
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(left) : : "cc");
    uint64_t counted = kozo_ticks() - start;
    REQUIRE(counted >= 2 * turns && counted <= 2 * turns + set_up_most);
}

TEST("alone, a thread of high priority goes on soon after its timer was due")
{
    CHECK(kozo_thread_resume(watcher->thread) == KOZO_OK);
    watch("alone", MILLISECONDS_ALONE, ENTRY_AND_EXIT);
}

TEST("under load, it waits no longer than the kernel's longest stretch in addition")
{
    CHECK(stress_start());
    CHECK(kozo_thread_resume(hog_below->thread) == KOZO_OK);
    watch("under load", milliseconds, STRETCH + ENTRY_AND_EXIT);
}

TEST("a hog of higher priority adds its budget and nothing more")
{
    CHECK(kozo_thread_resume(hog_above->thread) == KOZO_OK);
    watch("below a hog", milliseconds, HOG_BUDGET * MICROSECOND + STRETCH + 2 * ENTRY_AND_EXIT);
    CHECK(watched.worst > HOG_BUDGET * MICROSECOND / 2);
}

TEST("the load was one, and nothing went wrong in it")
{
    uint64_t revocations = 0;

    for (unsigned i = 0; i < stress.workers; i++) {
        const struct worker *worker = &stress.worker[i];
        if (worker->role != VICTIM && worker->role != OTHER) {
            CHECK(worker->progress > 0);
        }
        revocations += worker->role == REVOKER ? worker->done_well : 0;
    }
    CHECK(hog_below->progress > 0 && hog_above->progress > 0);
    if (stress.wrong != nullptr) {
        kozo_printf("# %s\n", stress.wrong);
    }
    CHECK(stress.wrong == nullptr);
    kozo_printf("# %lu revocations\n", revocations);
    CHECK(revocations >= REVOCATIONS_LEAST);
}

int main(int argument_count, char **arguments)
{
    constexpr int usage = 2;

    seed = kozo_process_info()->random;
    if ((argument_count > 1 && !stress_number(arguments[1], 1, 1'000'000, &milliseconds)) ||
        (argument_count > 2 && !stress_number(arguments[2], 0, UINT32_MAX, &seed))) {
        kozo_print("usage: response [MILLISECONDS [SEED]]\n");
        return usage;
    }
    kozo_printf("# %lu ms, seed %lu\n", milliseconds, seed);
    return test_main();
}
