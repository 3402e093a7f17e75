// SPDX-License-Identifier: MIT
// Random walks through a small world, and restarts compared with uninterrupted calls.
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>

// Seconds, and minutes: on the larger machine a step takes as much longer, since all memory is checked after it.
constexpr unsigned STEPS = HOST_RAM > 1 << 20 ? 300 : 100'000;
constexpr unsigned STEPS_LONG = 20 * STEPS;
constexpr unsigned STEPS_A_WALK = 1'000;
constexpr unsigned IDLE_MOST = 10;
constexpr unsigned GOES_ON_MOST = 20'000;

static bool is_long(void)
{
    const char *set = getenv("KOZO_LONG");

    return set != nullptr && *set != 0;
}

// --- Restarts -----------------------------------------------------------------------------------

struct outcome {
    uint64_t hash;
    enum kozo_error error;
    bool finished;
};

// Who pays for the record of a call that takes away somebody's time depends on when it is written.
static void forget_records(link_t context)
{
    struct sched_context *payer = link_target(context);

    if (payer != nullptr && payer->alarm.object.grave.header.type == KOZO_TYPE_SCHED_CONTEXT) {
        payer->audit_made = 0;
        payer->audit_since = 0;
    }
}

// Takes the step and all of its restarts, each with the same limit.
static struct outcome run_to_end(const struct step *step, uint64_t limit)
{
    struct step one = *step;
    struct thread *thread = world_current();
    link_t own = thread->context.object;
    link_t time = thread->time;

    one.work_limit = limit;
    one.coming_in = false;
    explore_step(&one);
    for (unsigned i = 0; i < GOES_ON_MOST && world_current() == thread && explore_must_go_on();
         i++) {
        explore_step(&one);
    }
    forget_records(own);
    forget_records(time);
    return (struct outcome){
        .hash = world_hash(thread),
        .error = (enum kozo_error)thread->registers.operation,
        .finished = world_current() == thread && !explore_must_go_on(),
    };
}

static void print_difference(const struct snapshot *whole)
{
    unsigned shown = 0;

    for (uint64_t at = 0; at < HOST_RAM && shown < 8; at += sizeof(uint64_t)) {
        if (memcmp(host_ram + at, whole->ram + at, sizeof(uint64_t)) != 0) {
            (void)printf("# memory differs at %#llx\n", (unsigned long long)at);
            shown++;
        }
    }
}

// Two differences are known: a caller that revokes what its own path leads through can't go on, and
// somebody else of a higher priority, who was woken, may come in between.
static bool is_same(const struct step *step, struct outcome parts, struct outcome whole)
{
    bool lost_path = step->operation == KOZO_OP_CNODE_REVOKE && parts.error == KOZO_BAD_HANDLE;

    return lost_path || !parts.finished || (parts.hash == whole.hash && parts.error == whole.error);
}

// A system call that is preempted wherever it may be ends in the same state as one that is not.
static bool restarts_agree(const struct step *step)
{
    static struct snapshot before, after;
    struct thread *thread = world_current();

    if (thread == nullptr || step->kind != STEP_CALL || explore_must_go_on()) {
        return true;
    }
    snapshot_take(&before);
    struct outcome whole = run_to_end(step, UINT32_MAX);
    snapshot_take(&after);
    for (uint64_t limit = 1; limit <= 3 && whole.finished; limit++) {
        snapshot_restore(&before);
        struct outcome parts = run_to_end(step, limit);
        if (!is_same(step, parts, whole)) {
            (void)printf("# preempted at %llu: error %u, not %u, hashes %s\n",
                         (unsigned long long)limit, parts.error, whole.error,
                         parts.hash == whole.hash ? "agree" : "differ");
            print_difference(&after);
            snapshot_restore(&before);
            return false;
        }
    }
    snapshot_restore(&before);
    return true;
}

// --- Walks --------------------------------------------------------------------------------------

// Gives the number of steps taken; 0 when something was wrong.
static unsigned walk(uint64_t seed)
{
    struct random random = {seed * UINT64_C(0x9e3779b97f4a7c15) | 1};
    bool trace = getenv("KOZO_TRACE") != nullptr;
    unsigned idle = 0;
    unsigned i = 0;

    explore_begin(1 + seed % 2);
    for (; i < STEPS_A_WALK && idle < IDLE_MOST; i++) {
        struct step step = explore_random(&random, seed % 4 == 0);
        if (trace) {
            (void)fprintf(stderr, "# %llu.%u thread %#x %s\n", (unsigned long long)seed, i,
                          link_to(world_current()), explore_describe(&step));
        }
        bool agree = i % 4 != 0 || restarts_agree(&step);
        if (agree) {
            explore_step(&step);
        }
        if (!agree || world_broken > 0) {
            (void)printf("# in walk %llu, step %u: %s\n", (unsigned long long)seed, i,
                         explore_describe(&step));
            return 0;
        }
        idle = world_current() == nullptr ? idle + 1 : 0;
    }
    return i;
}

TEST("random steps keep all invariants, and restarts change nothing")
{
    unsigned left = is_long() ? STEPS_LONG : STEPS;
    const char *only = getenv("KOZO_SEED");
    bool well = true;

    if (only != nullptr) {
        CHECK(walk(strtoull(only, nullptr, 0)) != 0);
        return;
    }
    for (uint64_t seed = 1; well && left > 0; seed++) {
        unsigned taken = walk(seed);
        well = taken != 0;
        left -= taken < left ? taken : left;
    }
    CHECK(well);
}
