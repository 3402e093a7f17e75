// SPDX-License-Identifier: MIT
// kozo-explore: breadth first through all states that each world can reach.
//
// A state is stored as the hash of it, the state that it was first reached from, and the step that
// led there; to go on from it, it is made again from the start. After each step the result and the
// new state are compared with what the reference model says, and each new state is checked for
// every invariant. The first difference is printed with the whole sequence of steps that leads
// there, and ends the exploration of that world as a failure.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/host/invariants/invariants.h"
#include "entry.h"
#include "model.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "state.h"
#include "worlds.h"

constexpr unsigned DEPTH_MOST = 64;
constexpr uint32_t NO_STATE = UINT32_MAX;
constexpr uint16_t STEP_IS_AGAIN = UINT16_MAX;
constexpr uint16_t STEP_IS_TURN = UINT16_MAX - 1;
constexpr unsigned RESTARTS_MOST = 10'000;

struct record {
    struct hash hash;
    uint32_t parent;
    uint16_t step; // number in the world's list, or one of STEP_IS_
    uint16_t depth;
};

struct limits {
    uint64_t states;
    double seconds;
};

static struct {
    const struct world *world;
    struct steps steps;

    struct record *record;
    uint32_t count, most;
    uint32_t *index; // open addressing: number of a record + 1
    uint64_t index_mask;

    // The states on the way to the one that is gone on from, for its neighbours.
    struct state path[DEPTH_MOST];
    uint32_t path_number[DEPTH_MOST];
    unsigned path_length;

    uint64_t transitions, compared, refused;
    unsigned depth;      // of the deepest state
    unsigned depth_done; // all states of this depth and less were gone on from
} run;

static const struct step again = {.kind = STEP_AGAIN};
static const struct step turn = {.kind = STEP_TURN};

static const struct step *step_of(uint16_t number)
{
    switch (number) {
    case STEP_IS_AGAIN:
        return &again;
    case STEP_IS_TURN:
        return &turn;
    default:
        return &run.steps.step[number];
    }
}

static double seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// --- The known states ---------------------------------------------------------------------------

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == nullptr) {
        (void)fprintf(stderr, "kozo-explore: no memory for so many states\n");
        exit(1);
    }
    return memory;
}

static void known_begin(uint64_t states)
{
    uint64_t slots = 1024;

    while (slots < 2 * states) {
        slots *= 2;
    }
    run.most = (uint32_t)states;
    run.count = 0;
    run.record = allocate(states, sizeof(*run.record));
    run.index = allocate(slots, sizeof(*run.index));
    run.index_mask = slots - 1;
}

static void known_end(void)
{
    free(run.record);
    free(run.index);
}

// Where a hash stands in the index, or would stand.
static uint64_t known_place(struct hash hash)
{
    uint64_t at = hash.low & run.index_mask;

    while (run.index[at] != 0) {
        const struct record *record = &run.record[run.index[at] - 1];
        if (record->hash.low == hash.low && record->hash.high == hash.high) {
            break;
        }
        at = (at + 1) & run.index_mask;
    }
    return at;
}

static bool known_is_full(void)
{
    return run.count == run.most;
}

// False when the state was known before, or there is no room.
static bool known_add(struct hash hash, uint32_t parent, uint16_t step)
{
    uint64_t at = known_place(hash);

    if (run.index[at] != 0 || known_is_full()) {
        return false;
    }
    unsigned depth = parent == NO_STATE ? 0 : run.record[parent].depth + 1u;
    run.record[run.count] = (struct record){hash, parent, step, (uint16_t)depth};
    run.count++;
    run.index[at] = run.count;
    if (depth > run.depth) {
        run.depth = depth;
    }
    return true;
}

// --- Steps --------------------------------------------------------------------------------------

static struct thread *current(void)
{
    return kernel.cpu[0].current;
}

static void enter_call(struct thread *thread, const struct step *step)
{
    if (step->kind == STEP_CALL) {
        thread->registers = (struct arch_registers){
            .operation = step->operation, .handle = step->handle, .instruction = CALL_AT};
        memcpy(thread->registers.argument, step->argument, sizeof(step->argument));
    }
    thread->registers.instruction = CALL_AT + HOST_SYSCALL_SIZE;
    (void)kernel_syscall(&kernel.cpu[0]);
}

static void enter_turn(void)
{
    host.now += WORLD_TURN;
    (void)kernel_timer(&kernel.cpu[0]);
    // What time it is is no part of the state: only that the turn is over.
    host.now -= WORLD_TURN;
    host.deadline -= WORLD_TURN;
    kernel.cpu[0].armed -= WORLD_TURN;
    kernel.cpu[0].charged -= WORLD_TURN;
}

static void write_buffer(const struct thread *thread, const struct step *step)
{
    uint64_t *word = (uint64_t *)thread_buffer(thread);

    if (word != nullptr) {
        word[step->argument[0]] = step->argument[1];
    }
}

// Makes one step: one entry into the kernel, or what a thread does without it.
static void enter(const struct step *step)
{
    static const struct fault fault = {.kind = KOZO_FAULT_PAGE, .address = ARCH_PAGE_SIZE};

    struct sched_context *charged = link_target(kernel.cpu[0].context);

    host_touch_all();
    switch (step->kind) {
    case STEP_CALL:
    case STEP_AGAIN:
        enter_call(current(), step);
        break;
    case STEP_FAULT:
        (void)kernel_fault(&kernel.cpu[0], &fault);
        break;
    case STEP_TURN:
        enter_turn();
        break;
    case STEP_LATER:
        host.now = WORLD_DEADLINE + 1;
        kernel.cpu[0].charged = host.now;
        break;
    case STEP_WRITE:
        write_buffer(current(), step);
        break;
    }
    kernel.cpu[0].work = 0;
    // How many audit records it may make is not a part of the state.
    charged->audit_since = 0;
    charged->audit_made = 0;
}

// Goes on until the call is not to start again any more.
static bool finish(const struct thread *thread)
{
    for (unsigned i = 0; i < RESTARTS_MOST; i++) {
        if (current() != thread || !thread_is_pending(thread)) {
            return true;
        }
        enter(&again);
    }
    return false;
}

// --- Failures -----------------------------------------------------------------------------------

static void print_path(uint32_t number, const struct step *last)
{
    uint16_t step[DEPTH_MOST];
    unsigned count = 0;

    for (uint32_t at = number; run.record[at].parent != NO_STATE && count < DEPTH_MOST;
         at = run.record[at].parent) {
        step[count++] = run.record[at].step;
    }
    for (unsigned i = count; i > 0; i--) {
        (void)printf("#   %u. ", count - i + 1);
        step_print(step_of(step[i - 1]));
        (void)printf("\n");
    }
    (void)printf("#   %u. ", count + 1);
    step_print(last);
    (void)printf("\n");
}

static bool failed(uint32_t from, const struct step *step, const char *what)
{
    (void)printf("# in world %s: %s\n# after these steps:\n", run.world->name, what);
    print_path(from, step);
    return false;
}

// --- Going on from one state --------------------------------------------------------------------

// Makes the state with this number again.
static void load(uint32_t number)
{
    uint32_t chain[DEPTH_MOST];
    unsigned length = run.record[number].depth + 1u;
    unsigned same = 0;

    for (uint32_t at = number, i = length; i > 0; i--, at = run.record[at].parent) {
        chain[i - 1] = at;
    }
    while (same < length && same < run.path_length && chain[same] == run.path_number[same]) {
        same++;
    }
    state_restore(&run.path[same - 1]);
    for (unsigned i = same; i < length; i++) {
        const struct step *step = step_of(run.record[chain[i]].step);
        struct thread *thread = current();
        enter(step);
        if (step->kind == STEP_CALL && run.world->work_limit > 1) {
            (void)finish(thread);
        }
        state_save(&run.path[i]);
        run.path_number[i] = chain[i];
    }
    run.path_length = length;
}

static bool check_new_state(uint32_t from, const struct step *step)
{
    const char *broken = invariants_broken();

    if (broken == nullptr && !frames_are_zero()) {
        broken = "memory of a Frame was not zeroed";
    }
    return broken == nullptr || failed(from, step, broken);
}

// What the caller sees must be what the model says. Steps that are no calls have no caller.
static bool check_outcome(uint32_t from, const struct step *step, const struct thread *caller,
                          const struct outcome *says)
{
    static char text[400];
    struct outcome outcome = kernel_outcome(caller);

    return step->kind != STEP_CALL || outcome_is(says, &outcome, text, sizeof(text)) ||
           failed(from, step, text);
}

// The state must be what the model makes of the one before.
static bool check_model(uint32_t from, const struct step *step, const struct thread *caller,
                        const struct model *before)
{
    static struct model expected;
    static struct model found;
    static char text[600];

    run.compared++;
    expected = *before;
    struct outcome says = model_step(&expected, step);
    if (!check_outcome(from, step, caller, &says)) {
        return false;
    }
    model_see(&found, caller);
    return model_is(&expected, &found, text, sizeof(text)) || failed(from, step, text);
}

// A refused call must have changed nothing, and the model must refuse it too.
static bool check_refusal(uint32_t from, const struct step *step, const struct state *here,
                          struct thread *caller, struct model *model)
{
    run.refused++;
    if (model != nullptr) {
        struct outcome says = model_step(model, step);
        if (!check_outcome(from, step, caller, &says)) {
            return false;
        }
    }
    return state_is(here, caller) || failed(from, step, "a refused operation has an effect");
}

// The calls of a foreign thread are not refused: somebody else answers them.
static bool is_refusal(const struct thread *caller)
{
    struct outcome outcome = kernel_outcome(caller);

    uint64_t error = outcome.registers.operation;

    return !caller->foreign && !outcome.waits && error != KOZO_OK && error != KOZO_NO_REPLY &&
           error != KOZO_CANCELLED && error != KOZO_WOULD_BLOCK;
}

// Operations whose definition says that what came before an error stays done.
static bool may_stop_halfway(const struct step *step)
{
    return step->operation == KOZO_OP_ADDRESS_SPACE_CLONE;
}

// Makes a step from the state `from`, which is loaded and is `here`, checks everything, and puts
// the state back.
static bool try_step(uint32_t from, const struct state *here, struct model *model, uint16_t number)
{
    const struct step *step = step_of(number);
    struct thread *caller = current();
    bool call = step->kind == STEP_CALL || step->kind == STEP_AGAIN;

    run.transitions++;
    enter(step);
    if (call && run.world->work_limit > 1 && !finish(caller)) {
        return failed(from, step, "the call starts again for ever");
    }
    bool pending = call && current() == caller && thread_is_pending(caller);
    if (step->kind == STEP_CALL && !pending && !may_stop_halfway(step) && is_refusal(caller)) {
        return check_refusal(from, step, here, caller, model);
    }
    if (known_add(state_hash(), from, number) && !check_new_state(from, step)) {
        return false;
    }
    if (host_stale() != UINT64_MAX) {
        return failed(from, step, "a translation is cached that the tables do not have");
    }
    if (pending && !finish(caller)) {
        return failed(from, step, "the call starts again for ever");
    }
    if (model != nullptr && !check_model(from, step, caller, model)) {
        return false;
    }
    state_restore(here);
    return true;
}

static bool expand(uint32_t number)
{
    static struct model model;

    load(number);
    if (current() == nullptr) {
        return true;
    }
    const struct state *here = &run.path[run.path_length - 1];
    if (run.path_length == DEPTH_MOST) {
        return true;
    }
    if (thread_is_pending(current())) {
        return try_step(number, here, nullptr, STEP_IS_AGAIN) &&
               try_step(number, here, nullptr, STEP_IS_TURN);
    }
    bool clean = !state_is_halfway();
    if (clean) {
        model_see(&model, current());
    }
    for (unsigned i = 0; i < run.steps.count && !known_is_full(); i++) {
        if (!try_step(number, here, clean ? &model : nullptr, (uint16_t)i)) {
            return false;
        }
    }
    return true;
}

// --- A world ------------------------------------------------------------------------------------

static bool explore(const struct world *world, struct limits limits)
{
    double start = seconds_now();
    bool well = true;
    uint32_t next = 0;

    memset(&run, 0, sizeof(run));
    run.world = world;
    world->steps(&run.steps);
    known_begin(limits.states);
    world->begin();
    host_work_limit = world->work_limit;
    state_save(&run.path[0]);
    run.path_length = 1;
    (void)known_add(state_hash(), NO_STATE, 0);
    well = check_new_state(0, &again);
    for (; well && next < run.count && !known_is_full(); next++) {
        if (next % 64 == 0 && seconds_now() - start > limits.seconds) {
            break;
        }
        well = expand(next);
    }
    run.depth_done =
        next < run.count && run.record[next].depth > 0 ? run.record[next].depth - 1u : run.depth;
    double seconds = seconds_now() - start;
    (void)printf("# %s: %u states, %llu transitions (%llu refused, %llu compared), depth %u "
                 "(complete to %u%s), %.1f s, %u steps each\n",
                 world->name, run.count, (unsigned long long)run.transitions,
                 (unsigned long long)run.refused, (unsigned long long)run.compared, run.depth,
                 run.depth_done, next == run.count ? ", all of the world" : "", seconds,
                 run.steps.count);
    return well;
}

// --- The program --------------------------------------------------------------------------------

struct options {
    const char *world; // null for all
    struct limits limits;
    bool help;
};

static const char usage[] =
    "Usage: kozo-explore [--world NAME] [--states N] [--seconds N] [--long]\n"
    "Explores all states that small worlds of the kernel can reach, and checks each.\n"
    "  --world NAME   only this one\n"
    "  --states N     at most N states in all (480000 without --long, 12000000 with it)\n"
    "  --seconds N    at most N seconds in all\n";

static bool read_options(struct options *options, int count, char **word)
{
    options->limits = (struct limits){.states = 480'000, .seconds = 1e9};
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? word[i + 1] : "";
        if (strcmp(word[i], "--long") == 0) {
            options->limits.states = 12'000'000;
            continue;
        }
        if (strcmp(word[i], "--world") == 0) {
            options->world = value;
        } else if (strcmp(word[i], "--states") == 0) {
            options->limits.states = strtoull(value, nullptr, 10);
        } else if (strcmp(word[i], "--seconds") == 0) {
            options->limits.seconds = strtod(value, nullptr);
        } else {
            return false;
        }
        i++;
    }
    return options->limits.states > 0 && options->limits.states < NO_STATE;
}

int main(int count, char **word)
{
    struct options options = {};
    uint64_t states = 0;
    uint64_t transitions = 0;
    unsigned tried = 0;
    bool well = true;

    if (!read_options(&options, count, word)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    (void)setvbuf(stdout, nullptr, _IOLBF, 0);
    for (unsigned i = 0; i < world_count; i++) {
        if (options.world != nullptr && strcmp(options.world, worlds[i].name) != 0) {
            continue;
        }
        unsigned left = options.world != nullptr ? 1 : world_count - i;
        struct limits limits = {(options.limits.states - states) / left,
                                options.limits.seconds /
                                    (options.world != nullptr ? 1 : world_count)};
        bool good = explore(&worlds[i], limits);
        tried++;
        (void)printf("%s %u - explored %s (%u states, depth %u): %s\n", good ? "ok" : "not ok",
                     tried, worlds[i].name, run.count, run.depth, worlds[i].about);
        states += run.count;
        transitions += run.transitions;
        well = well && good;
        known_end();
    }
    (void)printf("# in all: %llu states, %llu transitions\n1..%u\n", (unsigned long long)states,
                 (unsigned long long)transitions, tried);
    return well && tried > 0 ? 0 : 1;
}
