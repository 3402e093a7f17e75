// SPDX-License-Identifier: MIT
#include "explore.h"

#include <stdio.h>

#include "kozo/operations.h"

// --- The world ----------------------------------------------------------------------------------

static const struct thread *first_thread;

static void make(uint64_t *slot, enum kozo_object_type type, uint64_t size, unsigned count)
{
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, type, size, *slot, count) == KOZO_OK);
    *slot += count;
}

void explore_begin(unsigned processors)
{
    uint64_t slot = AT_FREE;

    world_begin();
    first_thread = world_current();
    make(&slot, KOZO_TYPE_ENDPOINT, 0, 2);
    make(&slot, KOZO_TYPE_REPLY, 0, 3);
    make(&slot, KOZO_TYPE_NOTIFICATION, 0, 2);
    make(&slot, KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 4, 2);
    make(&slot, KOZO_TYPE_CNODE, 3, 1);
    make(&slot, KOZO_TYPE_POOL, 0, 1);
    make(&slot, KOZO_TYPE_ADDRESS_SPACE, 0, 1);
    make(&slot, KOZO_TYPE_FRAME, ARCH_PAGE_BITS + 2, 1);
    make(&slot, KOZO_TYPE_IRQ_HANDLER, 0, 1);
    make(&slot, KOZO_TYPE_TIMER, 0, 2);
    make(&slot, KOZO_TYPE_LEASE, 0, 2);
    CHECK(CALL(LEASE_OPEN, slot - 1, 0, 0, 0) == KOZO_OK);
    for (unsigned i = 0; i < 3; i++) {
        (void)world_thread_with_buffer(slot);
        slot += 3;
    }
    if (processors > 1) {
        world_second_processor(slot);
        world_move(slot - 3, slot);
        world_move(slot - 6, slot);
    }
}

bool explore_must_go_on(void)
{
    const struct thread *thread = world_current();

    return thread != nullptr &&
           world.again_at[link_to(thread)] == thread->registers.instruction + 1;
}

static void step_call(const struct step *step)
{
    struct thread *thread = world_current();
    bool goes_on = explore_must_go_on();
    uint64_t *again = &world.again_at[link_to(thread)];
    struct arch_registers registers = thread->registers;

    if (!goes_on) {
        registers.operation = step->operation;
        registers.handle = step->handle;
        memcpy(registers.argument, step->argument, sizeof(registers.argument));
    }
    *again = world_enter(registers.operation, registers.handle, registers.argument)
                 ? 0
                 : thread->registers.instruction + 1;
}

void explore_step(const struct step *step)
{
    host_work_limit = step->work_limit;
    host.coming_in = step->coming_in;
    if (step->kind == STEP_TIMER) {
        host.now += step->argument[0];
        world_timer();
    } else if (step->kind == STEP_INTERRUPT) {
        if (!host.masked[step->argument[0]]) {
            world_interrupt((unsigned)step->argument[0]);
        }
    } else if (world_current() == nullptr) {
        return;
    } else if (step->kind == STEP_FAULT && !explore_must_go_on()) {
        world_fault(step->argument[0]);
    } else {
        step_call(step);
    }
}

// --- Choosing steps -----------------------------------------------------------------------------

uint64_t random_below(struct random *random, uint64_t end)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (random->state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % end;
}

// What the arguments of an operation are, one letter each; those after the last are small numbers.
//   s a slot, whatever it holds; e an empty one; a capital one that holds such a capability, see
//   letter_types; t a type, z its size, c a count, r rights, b a badge or range, p a page's
//   address, o an offset, l a length, h an offset in a page, i an info word, q a priority,
//   u a budget, d a deadline, n a small number
struct shape {
    uint64_t operation;
    const char *arguments;
    unsigned weight;
};

static const struct shape shapes[] = {
    {KOZO_OP_KERNEL_NULL, "", 1},
    {KOZO_OP_KERNEL_YIELD, "", 8},
    {KOZO_OP_UNTYPED_RETYPE, "tzec", 10},
    {KOZO_OP_UNTYPED_INFO, "", 1},
    {KOZO_OP_CNODE_COPY, "e", 6},
    {KOZO_OP_CNODE_MINT, "erb", 6},
    {KOZO_OP_CNODE_MOVE, "e", 6},
    {KOZO_OP_CNODE_DELETE, "", 7},
    {KOZO_OP_CNODE_REVOKE, "", 2},
    {KOZO_OP_CNODE_INSPECT, "", 1},
    {KOZO_OP_CNODE_LEND, "erbL", 4},
    {KOZO_OP_ENDPOINT_CALL, "in", 12},
    {KOZO_OP_ENDPOINT_SEND, "in", 5},
    {KOZO_OP_ENDPOINT_TRY_SEND, "in", 3},
    {KOZO_OP_ENDPOINT_RECV, "nR", 10},
    {KOZO_OP_ENDPOINT_TRY_RECV, "nR", 4},
    {KOZO_OP_ENDPOINT_REPLY_RECV, "iR", 8},
    {KOZO_OP_ENDPOINT_VERIFY, "s", 1},
    {KOZO_OP_REPLY_REPLY, "in", 6},
    {KOZO_OP_NOTIFICATION_SIGNAL, "", 6},
    {KOZO_OP_NOTIFICATION_WAIT, "", 3},
    {KOZO_OP_NOTIFICATION_POLL, "", 2},
    {KOZO_OP_THREAD_CONFIGURE, "CSFhE", 4},
    {KOZO_OP_THREAD_RESUME, "", 14},
    {KOZO_OP_THREAD_SUSPEND, "", 4},
    {KOZO_OP_THREAD_CANCEL, "", 3},
    {KOZO_OP_THREAD_SET_TIMEOUT, "n", 3},
    {KOZO_OP_THREAD_SET_PRIORITY, "q", 3},
    {KOZO_OP_THREAD_WRITE_REGISTERS, "pppp", 1},
    {KOZO_OP_THREAD_READ_REGISTERS, "", 1},
    {KOZO_OP_THREAD_BIND_NOTIFICATION, "N", 4},
    {KOZO_OP_THREAD_BIND_ENDPOINT, "E", 6},
    {KOZO_OP_THREAD_INFO, "", 1},
    {KOZO_OP_SCHED_CONTEXT_BIND, "T", 8},
    {KOZO_OP_SCHED_CONTEXT_UNBIND, "", 2},
    {KOZO_OP_SCHED_CONTEXT_INFO, "", 1},
    {KOZO_OP_SCHED_CONTROL_CONFIGURE, "Xuu", 6},
    {KOZO_OP_POOL_DONATE, "U", 4},
    {KOZO_OP_AUDIT_LOG_GROW, "nU", 3},
    {KOZO_OP_POOL_ATTACH, "S", 5},
    {KOZO_OP_POOL_INFO, "", 1},
    {KOZO_OP_ADDRESS_SPACE_INFO, "", 1},
    {KOZO_OP_FRAME_MAP, "eSpolr", 14},
    {KOZO_OP_FRAME_ADDRESS, "", 1},
    {KOZO_OP_MAPPING_SET, "olr", 8},
    {KOZO_OP_MAPPING_INFO, "", 1},
    {KOZO_OP_IRQ_CONTROL_CLAIM, "In", 3},
    {KOZO_OP_IRQ_HANDLER_BIND, "N", 3},
    {KOZO_OP_IRQ_HANDLER_ACKNOWLEDGE, "", 3},
    {KOZO_OP_IO_PORT_READ, "nn", 1},
    {KOZO_OP_IO_PORT_WRITE, "nn", 1},
    {KOZO_OP_TIMER_BIND, "N", 3},
    {KOZO_OP_TIMER_SET, "dd", 4},
    {KOZO_OP_TIMER_CANCEL, "", 1},
    {KOZO_OP_TIMER_INFO, "", 1},
    {KOZO_OP_LEASE_OPEN, "dnL", 3},
    {KOZO_OP_LEASE_CLOSE, "", 1},
    {KOZO_OP_LEASE_INFO, "", 1},
};

static const struct {
    char letter;
    enum kozo_object_type type;
} letter_types[] = {
    {'U', KOZO_TYPE_UNTYPED},       {'C', KOZO_TYPE_CNODE},         {'E', KOZO_TYPE_ENDPOINT},
    {'R', KOZO_TYPE_REPLY},         {'N', KOZO_TYPE_NOTIFICATION},  {'T', KOZO_TYPE_THREAD},
    {'X', KOZO_TYPE_SCHED_CONTEXT}, {'S', KOZO_TYPE_ADDRESS_SPACE}, {'F', KOZO_TYPE_FRAME},
    {'I', KOZO_TYPE_IRQ_HANDLER},   {'L', KOZO_TYPE_LEASE},
};

// The types that calls invoke, by operation number, as the kernel's own table has them.
#define HANDLE_TYPE(number, object, operation, type, ...) [number] = type,
static const uint8_t handle_types[] = {KOZO_OPERATIONS(HANDLE_TYPE)};

// A slot of the current thread's CNode, by preference one that holds a capability of the type.
static uint64_t choose_slot(struct random *random, enum kozo_object_type type)
{
    const struct slot *root = &world_current()->cspace;
    const struct cnode *cnode = root->type == KOZO_TYPE_CNODE ? cnode_of(root) : nullptr;
    uint64_t slot = 0;

    for (unsigned tries = 0; tries < 200; tries++) {
        slot = random_below(random, EXPLORE_SLOTS);
        if (cnode == nullptr || slot >= cnode_slots(cnode) || slot == 0) {
            continue;
        }
        if ((&cnode->slot[0] + slot)->type == type) {
            break;
        }
    }
    // Now and then the path goes on.
    return random_below(random, 16) == 0
               ? slot | random_below(random, EXPLORE_SLOTS) << WORLD_CNODE_BITS
               : slot;
}

static uint64_t pick(struct random *random, const uint64_t *values, uint64_t count)
{
    return values[random_below(random, count)];
}

#define PICK(random, ...)                                                                          \
    pick(random, (const uint64_t[]){__VA_ARGS__},                                                  \
         sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t choose_size(struct random *random, uint64_t type)
{
    switch (type) {
    case KOZO_TYPE_UNTYPED:
        return 6 + random_below(random, ARCH_PAGE_BITS);
    case KOZO_TYPE_CNODE:
        return 2 + random_below(random, 4);
    case KOZO_TYPE_FRAME:
        return ARCH_PAGE_BITS + random_below(random, 4);
    default:
        return 0;
    }
}

static uint64_t choose_argument(struct random *random, char letter, uint64_t previous)
{
    switch (letter) {
    case 's':
        return choose_slot(random, (enum kozo_object_type)random_below(random, 24));
    case 'e':
        return choose_slot(random, KOZO_TYPE_NONE);
    case 't':
        return 1 + random_below(random, 23);
    case 'z':
        return choose_size(random, previous);
    case 'c':
        return PICK(random, 1, 1, 1, 2, 3);
    case 'r':
        return PICK(random, 0, 1, 1, 2, 3, 3, 3, 4, 5, 0x3f, 0x3b, UINT64_MAX);
    case 'b':
        return PICK(random, 0, 0, 0, 1, 2, 0x100000000, 0x100000001, 0x200000001, 0x10001);
    case 'p':
        return random_below(random, 12) * PAGE;
    case 'o':
        return PICK(random, 0, 0, 0, 1, 2, 3) * PAGE;
    case 'l':
        return PICK(random, 1, 1, 2, 2, 3, 4, 9) * PAGE;
    case 'h':
        return PICK(random, 0, 0, 0, 512, 8);
    case 'i':
        return info_word((uint32_t)random_below(random, 3), (unsigned)random_below(random, 12),
                         (unsigned)PICK(random, 0, 0, 0, 0, 1, 2, 4));
    case 'q':
        return PICK(random, WORLD_PRIORITY, WORLD_PRIORITY, 99, 98, 0, 101);
    case 'u':
        return PICK(random, 100, 200, BUDGET_DEFAULT, 5);
    case 'd':
        return PICK(random, 0, 0, host.now + 500, 1);
    default:
        break;
    }
    for (unsigned i = 0; i < sizeof(letter_types) / sizeof(letter_types[0]); i++) {
        if (letter_types[i].letter == letter && random_below(random, 5) != 0) {
            return choose_slot(random, letter_types[i].type);
        }
    }
    return random_below(random, 8);
}

static const struct shape *choose_shape(struct random *random)
{
    static uint64_t sum;

    for (unsigned i = 0; sum == 0 || i % (sizeof(shapes) / sizeof(shapes[0])) != 0; i++) {
        sum += shapes[i].weight;
    }
    uint64_t number = random_below(random, sum);
    const struct shape *shape = shapes;
    while (number >= shape->weight) {
        number -= shape->weight;
        shape++;
    }
    return shape;
}

// Fills in what the current thread's buffer says about capabilities: user memory, which may hold
// anything.
static void fill_buffer(struct random *random)
{
    struct kozo_ipc_buffer *buffer = thread_buffer(world_current());

    if (buffer == nullptr) {
        return;
    }
    for (unsigned i = 0; i < KOZO_MESSAGE_CAPS; i++) {
        buffer->caps[i] =
            choose_slot(random, (enum kozo_object_type)(1 + random_below(random, 10)));
    }
    buffer->receive_slot = choose_slot(random, KOZO_TYPE_NONE);
    buffer->receive_count = random_below(random, 4);
}

// Whether the first thread, which looks after the others, may do this: it does not wait, and leaves
// alone what it lives in. So a walk goes on.
static bool is_careful(const struct step *step)
{
    switch (step->operation) {
    case KOZO_OP_ENDPOINT_CALL:
    case KOZO_OP_ENDPOINT_SEND:
    case KOZO_OP_ENDPOINT_RECV:
    case KOZO_OP_ENDPOINT_REPLY_RECV:
    case KOZO_OP_NOTIFICATION_WAIT:
        return false;
    default:
        return true;
    }
}

static bool is_vital(const struct step *step)
{
    uint64_t slot = step->handle % WORLD_SLOTS;

    return slot != 0 && slot < AT_FREE && slot != AT_BUFFER &&
           (step->operation == KOZO_OP_CNODE_REVOKE || step->operation == KOZO_OP_CNODE_DELETE ||
            step->operation == KOZO_OP_CNODE_MOVE || step->operation == KOZO_OP_THREAD_SUSPEND ||
            step->operation == KOZO_OP_THREAD_SET_PRIORITY ||
            step->operation == KOZO_OP_THREAD_CONFIGURE ||
            step->operation == KOZO_OP_SCHED_CONTEXT_UNBIND);
}

static struct step random_call(struct random *random)
{
    const struct shape *shape = choose_shape(random);
    struct step step = {.kind = STEP_CALL, .operation = shape->operation};
    uint64_t previous = 0;
    bool ends = false;

    enum kozo_object_type type = handle_types[shape->operation];
    if (type == KOZO_TYPE_NONE || random_below(random, 10) == 0) {
        type = (enum kozo_object_type)random_below(random, 20);
    }
    step.handle = choose_slot(random, type);
    for (unsigned i = 0; i < 9; i++) {
        ends = ends || shape->arguments[i] == 0;
        const char *letter = ends ? "n" : &shape->arguments[i];
        previous = choose_argument(random, *letter, previous);
        step.argument[i] = previous;
    }
    fill_buffer(random);
    return step;
}

struct step explore_random(struct random *random, bool wild)
{
    uint64_t kind = random_below(random, 64);
    struct step step = {};

    if (kernel.processors > 1 && random_below(random, 4) == 0) {
        world_on((unsigned)random_below(random, kernel.processors));
    }

    if (kind == 0) {
        step.kind = STEP_FAULT;
        step.argument[0] = random_below(random, 8) * PAGE;
    } else if (kind < 4 || world_current() == nullptr) {
        step.kind = kind == 1 ? STEP_INTERRUPT : STEP_TIMER;
        step.argument[0] =
            kind == 1 ? random_below(random, ARCH_INTERRUPTS) : random_below(random, 3000);
    } else {
        bool first = world_current() == first_thread;
        do {
            step = random_call(random);
        } while (!wild && ((first && !is_careful(&step)) || is_vital(&step)));
    }
    step.work_limit = PICK(random, 1, 1, 2, 3, 5, 512, 512);
    step.coming_in = kernel.processors > 1 && random_below(random, 2) == 0;
    return step;
}

const char *explore_describe(const struct step *step)
{
    static const char *const kinds[] = {"call", "fault", "timer", "interrupt"};
    static char line[300];
    int length = snprintf(line, sizeof(line), "%s %#llx on %#llx, limit %llu:", kinds[step->kind],
                          (unsigned long long)step->operation, (unsigned long long)step->handle,
                          (unsigned long long)step->work_limit);

    for (unsigned i = 0; i < 9 && length > 0 && (size_t)length < sizeof(line); i++) {
        length += snprintf(line + length, sizeof(line) - (size_t)length, " %#llx",
                           (unsigned long long)step->argument[i]);
    }
    return line;
}

// --- Snapshots ----------------------------------------------------------------------------------

// Processors that don't exist hold nothing.
constexpr size_t KERNEL_USED = offsetof(struct kernel, cpu) + HOST_CPUS * sizeof(struct cpu);

void snapshot_take(struct snapshot *snapshot)
{
    memcpy(snapshot->ram, host_ram, sizeof(host_ram));
    memcpy(snapshot->kernel, &kernel, KERNEL_USED);
    snapshot->host = host;
    snapshot->world = world;
}

void snapshot_restore(const struct snapshot *snapshot)
{
    memcpy(host_ram, snapshot->ram, sizeof(host_ram));
    memcpy(&kernel, snapshot->kernel, KERNEL_USED);
    host = snapshot->host;
    world = snapshot->world;
}
