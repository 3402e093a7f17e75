// SPDX-License-Identifier: MIT
// The fast path does what the general path does: each step of random walks is taken both ways, and
// all memory is compared.
#include "tests/explore.h"

#include <stdio.h>

#include "object/extended_state.h"
#include "sched/extra.h"

constexpr unsigned THREADS = 4;
constexpr bool LARGE = HOST_RAM > 1 << 20; // a state of which takes long to compare
constexpr unsigned WALKS = LARGE ? 1 : 100;
constexpr unsigned STEPS = LARGE ? 30 : 500;
constexpr unsigned TICKS = 50; // that pass at most before a step

// Thread, SchedContext, buffer of thread i at THREAD + 3 * i; the last one is foreign.
constexpr uint64_t THREAD = AT_FREE;
constexpr uint64_t GUEST = THREADS - 1;
constexpr uint64_t ENDPOINT = AT_FREE + 3 * THREADS; // two of them
constexpr uint64_t REPLY = ENDPOINT + 2;             // three
constexpr uint64_t SIGNAL = REPLY + 3;               // two
constexpr uint64_t STATE = SIGNAL + 2;               // two
constexpr uint64_t GIFT = STATE + 2;

static struct thread *thread[THREADS];

// How often the fast path was taken, by what the current thread did.
static struct {
    unsigned calls, answers, foreign, faults, aside, waits;
} taken;

static uint64_t thread_slot(uint64_t i)
{
    return THREAD + 3 * i;
}

static void give_state(uint64_t to, uint64_t state)
{
    world_make(KOZO_TYPE_EXTENDED_STATE, 0, state);
    CHECK(CALL(THREAD_SUSPEND, to) == KOZO_OK);
    CHECK(CALL(EXTENDED_STATE_BIND, state, to) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, to) == KOZO_OK);
}

// The first thread stops when all is set up: those of the walk are on their own.
static void begin(struct random *random)
{
    world_begin();
    for (uint64_t i = 0; i < 2; i++) {
        world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT + i);
    }
    for (uint64_t i = 0; i < 3; i++) {
        world_make(KOZO_TYPE_REPLY, 0, REPLY + i);
    }
    for (uint64_t i = 0; i < 2; i++) {
        world_make(KOZO_TYPE_NOTIFICATION, 0, SIGNAL + i);
    }
    for (uint64_t i = 0; i < THREADS; i++) {
        thread[i] = world_thread_with_buffer(thread_slot(i));
        CHECK(CALL(THREAD_SUSPEND, thread_slot(i)) == KOZO_OK);
        CHECK(CALL(THREAD_CONFIGURE, thread_slot(i), 0, 0, 0, 0, ENDPOINT + i % 2) == KOZO_OK);
        CHECK(CALL(THREAD_RESUME, thread_slot(i)) == KOZO_OK);
    }
    give_state(thread_slot(GUEST), STATE);
    if (random_below(random, 2) == 0) {
        give_state(thread_slot(1), STATE + 1);
    }
    CHECK(CALL(THREAD_SUSPEND, thread_slot(GUEST)) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, thread_slot(GUEST), 1) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, thread_slot(GUEST)) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, AT_THREAD, 0) == KOZO_OK);
}

#define CHOOSE(random, ...)                                                                        \
    ((const uint64_t[]){__VA_ARGS__}[random_below(                                                 \
        random, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))])

static struct step call(uint64_t operation, uint64_t handle, uint64_t first, uint64_t second)
{
    return (struct step){.kind = STEP_CALL,
                         .work_limit = 512,
                         .operation = operation,
                         .handle = handle,
                         .argument = {first, second, 11, 12, 13, 14, 15, 16, 17}};
}

// An info word: mostly of a plain message, or of an answer to a fault.
static uint64_t choose_info(struct random *random)
{
    uint32_t label = (uint32_t)CHOOSE(random, 0, 0, 0, KOZO_ANSWER_STOP, KOZO_ANSWER_RESULT);
    unsigned length = (unsigned)CHOOSE(random, 0, 1, 1, 1, 3, 7, 8, 64, 65);

    return info_word(label, length, random_below(random, 16) == 0);
}

static uint64_t any_thread(struct random *random)
{
    return thread_slot(random_below(random, THREADS));
}

static struct step choose_message(struct random *random)
{
    uint64_t endpoint = ENDPOINT + random_below(random, 2);
    uint64_t reply = REPLY + random_below(random, 3);

    switch (random_below(random, 9)) {
    case 0:
    case 1:
        return call(KOZO_OP_ENDPOINT_CALL, endpoint, choose_info(random), 0);
    case 2:
    case 3:
    case 4:
        return call(KOZO_OP_ENDPOINT_REPLY_RECV, endpoint, choose_info(random), reply);
    case 5:
    case 6:
        return call(KOZO_OP_ENDPOINT_RECV, endpoint, 0, CHOOSE(random, 0, reply, reply, reply));
    case 7:
        return call(KOZO_OP_NOTIFICATION_WAIT, SIGNAL + random_below(random, 2), 0, 0);
    default:
        return call(KOZO_OP_REPLY_REPLY, reply, choose_info(random), 0);
    }
}

static struct step choose_other(struct random *random)
{
    switch (random_below(random, 12)) {
    case 0:
        return call(KOZO_OP_ENDPOINT_SEND, ENDPOINT, choose_info(random), 0);
    case 1:
        return call(KOZO_OP_NOTIFICATION_SIGNAL, SIGNAL + random_below(random, 2), 0, 0);
    case 2:
        return call(KOZO_OP_THREAD_BIND_NOTIFICATION, any_thread(random), CHOOSE(random, 0, SIGNAL),
                    0);
    case 3:
        return call(KOZO_OP_THREAD_BIND_ENDPOINT, any_thread(random),
                    CHOOSE(random, 0, ENDPOINT, ENDPOINT + 1), 0);
    case 4:
        return call(KOZO_OP_THREAD_SET_PRIORITY, any_thread(random),
                    WORLD_PRIORITY - random_below(random, 3), 0);
    case 5:
        return call(KOZO_OP_THREAD_CANCEL, any_thread(random), 0, 0);
    case 6:
        return call(KOZO_OP_THREAD_RESUME, any_thread(random), 0, 0);
    case 7:
        return call(KOZO_OP_THREAD_INTERRUPT, thread_slot(GUEST), 0, 0);
    case 8:
        return call(CHOOSE(random, KOZO_OP_SCHED_CONTEXT_UNBIND, KOZO_OP_SCHED_CONTEXT_INFO),
                    any_thread(random) + 1, 0, 0);
    case 9: {
        struct step step = call(KOZO_OP_SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL,
                                any_thread(random) + 1, BUDGET_MIN);
        step.argument[2] = CHOOSE(random, 0, 0, 2 * BUDGET_MIN);
        return step;
    }
    case 10: {
        uint64_t slot = any_thread(random);
        return call(KOZO_OP_SCHED_CONTEXT_BIND, slot + 1, slot, 0);
    }
    default:
        return call(KOZO_OP_KERNEL_YIELD, 0, 0, 0);
    }
}

static struct step choose_step(struct random *random)
{
    uint64_t kind = random_below(random, 16);

    if (kind == 0 || (world_current()->foreign && kind < 4)) {
        return (struct step){
            .kind = STEP_FAULT, .work_limit = 512, .argument = {random_below(random, 4) * PAGE}};
    }
    if (kind == 1) {
        return (struct step){.kind = STEP_TIMER, .work_limit = 512, .argument = {1000}};
    }
    return kind < 12 ? choose_message(random) : choose_other(random);
}

// Takes the step by one of the two ways. A thread that has stepped aside is then taken for one whose
// state was put away, as it is on the general path; what the answer register holds of one that waits
// has no meaning.
static void take(const struct step *step, bool fast)
{
    struct cpu *cpu = &kernel.cpu[0];
    bool calls = step->kind == STEP_CALL;
    struct thread *caller = world_current();
    bool foreign = caller->foreign;
    unsigned exits = host_exits;

    host_fast_path = fast;
    explore_step(step);
    bool went = host_exits != exits;
    taken.foreign += went && foreign;
    taken.calls += went && !foreign && step->operation == KOZO_OP_ENDPOINT_CALL;
    taken.answers += went && !foreign && step->operation == KOZO_OP_ENDPOINT_REPLY_RECV;
    taken.waits += went && !foreign && step->operation == KOZO_OP_NOTIFICATION_WAIT;
    if ((cpu->extra & EXTRA_ASIDE) != 0) {
        taken.aside++;
        taken.faults += !calls;
        extra_switch(cpu, world_current()->extra);
    }
    if (thread_is_waiting(caller) && !caller->faulted) {
        caller->registers.operation = 0;
    }
    host_fast_path = true;
}

static bool is_same(const struct snapshot *left, const struct snapshot *right)
{
    constexpr size_t used = offsetof(struct kernel, cpu) + sizeof(struct cpu);

    for (uint64_t at = 0; at < HOST_RAM; at += sizeof(uint64_t)) {
        if (memcmp(left->ram + at, right->ram + at, sizeof(uint64_t)) != 0) {
            (void)printf(
                "# memory differs at %#llx: %#llx by the general path, %#llx by the fast one\n",
                (unsigned long long)at, *(const unsigned long long *)(left->ram + at),
                *(const unsigned long long *)(right->ram + at));
            return false;
        }
    }
    for (uint64_t at = 0; at < used; at += sizeof(uint64_t)) {
        if (memcmp(left->kernel + at, right->kernel + at, sizeof(uint64_t)) != 0) {
            (void)printf("# struct kernel differs at %#llx\n", (unsigned long long)at);
            return false;
        }
    }
    return memcmp(left->host.extended, right->host.extended, sizeof(host.extended)) == 0 &&
           left->host.extended_usable == right->host.extended_usable &&
           left->host.debug == right->host.debug && left->host.now == right->host.now;
}

// Gives false when the two ways differ.
static bool both_ways(const struct step *step)
{
    static struct snapshot before, general, fast;

    snapshot_take(&before);
    take(step, false);
    snapshot_take(&general);
    snapshot_restore(&before);
    take(step, true);
    snapshot_take(&fast);
    return is_same(&general, &fast);
}

// Whoever has extended state uses it.
static void use_state(struct random *random)
{
    if (host.extended_usable) {
        host.extended[0] = random_below(random, 1000) * 2;
    }
}

static bool walk(uint64_t seed)
{
    struct random random = {seed * UINT64_C(0x9e3779b97f4a7c15) | 1};

    begin(&random);
    for (unsigned i = 0; i < STEPS && world_current() != nullptr; i++) {
        struct step step = choose_step(&random);
        // The first thread only wakes those that have stopped.
        if (world_current() == (struct thread *)world_object(AT_THREAD)) {
            step = call(CHOOSE(&random, KOZO_OP_THREAD_CANCEL, KOZO_OP_THREAD_RESUME),
                        any_thread(&random), 0, 0);
        }
        use_state(&random);
        host.now += random_below(&random, TICKS);
        if (!both_ways(&step) || world_broken > 0) {
            (void)printf("# in walk %llu, step %u: %s\n", (unsigned long long)seed, i,
                         explore_describe(&step));
            return false;
        }
    }
    return true;
}

TEST("calls, answers, faults, foreign calls and waits do the same by the fast path and by the "
     "general "
     "one")
{
    bool well = true;

    memset(&taken, 0, sizeof(taken));
    for (uint64_t seed = 1; seed <= WALKS && well; seed++) {
        well = walk(seed);
    }
    CHECK(well);
    // All of it was tried, where there is the time for it.
    (void)printf(
        "# by the fast path: %u calls, %u answers, %u foreign calls, %u faults, %u aside, %u "
        "waits\n",
        taken.calls, taken.answers, taken.foreign, taken.faults, taken.aside, taken.waits);
    CHECK(LARGE || (taken.calls > 100 && taken.answers > 100 && taken.waits > 100));
    CHECK(LARGE || (taken.foreign > 100 && taken.faults > 10 && taken.aside > 100));
}

TEST("the fast path is not taken for a guest with a breakpoint, and not while several processors "
     "run")
{
    struct random random = {1};

    begin(&random);
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_run(thread[GUEST]));
    thread[GUEST]->registers.debug = 7;
    host.debug = 7;
    world_fault(0x100);
    CHECK(world_current() == thread[0] && kernel.cpu[0].extra == 0 && host.debug == 0);
    thread[GUEST]->registers.debug = 0;
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_run(thread[GUEST]));
    world_second_processor(GIFT);
    world_fault(0x100);
    CHECK(world_current() == thread[0] && kernel.cpu[0].extra == 0 && !host.extended_usable);
}

TEST("a guest that has stepped aside finds its state again, and nobody else finds it")
{
    struct random random = {1};

    begin(&random);
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_run(thread[GUEST]));
    host.extended[0] = 4242;
    world_fault(0x100);
    CHECK(world_current() == thread[0] && !host.extended_usable && host.extended[0] == 4242);
    // It is written as any other.
    kernel.cpu[0].work = 0;
    struct kozo_ipc_buffer *buffer = thread_buffer(thread[0]);
    CHECK(CALL(THREAD_READ_STATE, thread_slot(GUEST), KOZO_REGISTERS_EXTENDED, 0, 1) == KOZO_OK);
    CHECK(buffer->words[0] == 4242 && host.extended[0] == 0 && kernel.cpu[0].extra == 0);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_current() == thread[GUEST] && host.extended_usable && host.extended[0] == 4242);
    world_fault(0x100);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_current() == thread[GUEST] && host.extended_usable && host.extended[0] == 4242);
    // Somebody else is chosen.
    world_fault(0x100);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK || true);
    CHECK(world_run(thread[1]));
    CHECK(host.extended[0] == 0 || host.extended_usable);
    // It is destroyed while it is aside.
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT + 1, 0, REPLY) == WAITS);
    CHECK(world_run(thread[GUEST]));
    world_fault(0x100);
    CHECK(world_current() == thread[0] && (kernel.cpu[0].extra & EXTRA_ASIDE) != 0);
    CHECK(CALL(CNODE_DELETE, thread_slot(GUEST) + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, thread_slot(GUEST)) == KOZO_OK);
    CHECK(kernel.cpu[0].extra == 0 && host.extended[0] == 0);
}
