// SPDX-License-Identifier: MIT
#include "stress.h"

#include <kozo/format.h>
#include <stdlib.h>

constexpr uint64_t BUFFERS = KOZO_PROCESS_FREE; // where the IPC buffers are mapped
constexpr uint64_t BUFFER_SIZE = sizeof(struct kozo_ipc_buffer);
constexpr unsigned BUFFER_BITS = 17;              // of the Frame with all of them
constexpr uint64_t PAGES = BUFFERS + (2ul << 20); // where revokers map
constexpr unsigned PAGES_BITS = 14;               // of each Frame of a revoker
constexpr size_t STACK_SIZE = 4096;
constexpr unsigned STORE_BITS = 12; // of the CNode that all of this stands in
constexpr unsigned VICTIMS = 2;     // of each destroyer

static_assert(WORKERS_MOST * BUFFER_SIZE <= 1u << BUFFER_BITS);

struct stress stress;

alignas(16) static unsigned char stacks[WORKERS_MOST][STACK_SIZE];
static uint64_t next_slot;
static struct kozo_frame buffers;

void stress_wrong(const char *what)
{
    const char *none = nullptr;

    (void)__atomic_compare_exchange_n(&stress.wrong, &none, what, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST);
}

struct kozo_untyped stress_memory(void)
{
    return (struct kozo_untyped){kozo_granted("memory")};
}

static uint64_t store(void)
{
    return kozo_process_info()->free_slot;
}

uint64_t stress_slots(unsigned count)
{
    uint64_t first = next_slot;

    next_slot += count;
    return store() | first << kozo_process_info()->cnode_bits;
}

// The slot after another one.
static uint64_t slot_after(uint64_t slot, unsigned count)
{
    return slot + ((uint64_t)count << kozo_process_info()->cnode_bits);
}

static void expect(enum kozo_error error)
{
    if (error != KOZO_OK) {
        kozo_abort();
    }
}

uint64_t stress_make(enum kozo_object_type type, uint64_t size)
{
    uint64_t slot = stress_slots(1);

    expect(kozo_untyped_retype(stress_memory(), type, size, (struct kozo_slot){slot}, 1));
    return slot;
}

static uint64_t minted(uint64_t from, uint64_t badge)
{
    uint64_t slot = stress_slots(1);

    expect(kozo_cnode_mint((struct kozo_slot){from}, (struct kozo_slot){slot},
                           kozo_rights(KOZO_ALL_RIGHTS), badge));
    return slot;
}

struct kozo_sched_control stress_time(unsigned processor)
{
    char name[] = "time.0";

    if (processor == 0) {
        return (struct kozo_sched_control){kozo_granted("time")};
    }
    name[sizeof(name) - 2] = (char)('0' + processor);
    return (struct kozo_sched_control){kozo_granted(name)};
}

[[noreturn]] static void start(struct worker *worker)
{
    worker_run(worker);
    worker->ended = true;
    while (true) {
        (void)kozo_notification_wait(stress.nothing);
    }
}

bool worker_configure(const struct worker *worker)
{
    // As after a call, as the processor's ABI has it at a function's start.
    uint64_t stack = (uint64_t)(stacks[worker->number] + STACK_SIZE) - sizeof(uint64_t);
    struct kozo_cnode cnode = {kozo_granted("self.cnode")};
    struct kozo_address_space space = {kozo_granted("self.space")};

    return kozo_thread_configure(worker->thread, cnode, space, buffers,
                                 worker->number * BUFFER_SIZE,
                                 (struct kozo_endpoint){}) == KOZO_OK &&
           kozo_thread_write_registers(worker->thread, (uint64_t)start, stack, (uint64_t)worker, 0,
                                       0) == KOZO_OK &&
           kozo_thread_set_priority(worker->thread, stress.priority) == KOZO_OK &&
           kozo_sched_control_configure(stress_time(worker->processor), worker->context,
                                        stress.budget, stress.period) == KOZO_OK &&
           kozo_sched_context_bind(worker->context, worker->thread) == KOZO_OK;
}

static struct worker *add(enum role role, unsigned processor)
{
    unsigned number = stress.workers++;
    struct worker *worker = &stress.worker[number];

    if (number >= WORKERS_MOST) {
        kozo_abort();
    }
    worker->role = role;
    worker->number = number;
    worker->processor = processor;
    worker->random = kozo_process_info()->random * 2 + 1;
    worker->buffer = (struct kozo_ipc_buffer *)(BUFFERS + number * BUFFER_SIZE);
    worker->slots = stress_slots(KOZO_MESSAGE_CAPS);
    return worker;
}

static void give_thread(struct worker *worker)
{
    worker->thread.handle = stress_make(KOZO_TYPE_THREAD, 0);
    worker->context.handle = stress_make(KOZO_TYPE_SCHED_CONTEXT, 0);
    worker->reply.handle = stress_make(KOZO_TYPE_REPLY, 0);
    if (!worker_configure(worker)) {
        kozo_abort();
    }
}

static void give_target(struct worker *worker)
{
    worker->target = stress.targets++;
    worker->notification.handle = stress_make(KOZO_TYPE_NOTIFICATION, 0);
    for (unsigned bit = 0; bit < SIGNAL_BITS; bit++) {
        stress.signal_slot[worker->target][bit] =
            minted(worker->notification.handle, UINT64_C(1) << bit);
    }
    if (worker->role == RECEIVER) {
        expect(kozo_thread_bind_notification(worker->thread, worker->notification));
    }
}

static void give_endpoint(struct worker *worker)
{
    switch (worker->role) {
    case CALLER:
        worker->endpoint.handle = minted(stress.calls.handle, worker->number + 1);
        break;
    case BORROWER:
        // Empty until it is lent to.
        worker->endpoint.handle = stress_slots(1);
        break;
    case SENDER:
        worker->endpoint.handle = minted(stress.mail.handle, worker->number + 1);
        break;
    case PASSIVE_CALLER:
        worker->endpoint.handle = minted(stress.passive.handle, worker->number + 1);
        break;
    default:
        break;
    }
}

static void add_group(unsigned processor)
{
    static const enum role roles[] = {
        SERVER,   SERVER, CALLER,  CALLER,    CALLER,         BORROWER,       SENDER,
        RECEIVER, WAITER, BREAKER, SIGNALLER, PASSIVE_CALLER, PASSIVE_CALLER,
    };

    for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        // A server without time serves callers of every processor, each on the caller's.
        struct worker *worker = add(roles[i], processor);
        give_thread(worker);
        give_endpoint(worker);
        if (worker->role == WAITER || worker->role == RECEIVER) {
            give_target(worker);
        }
    }
}

// The memory and slots of victims are their destroyer's, which makes the rest again and again.
static void add_destroyer(unsigned processor)
{
    constexpr unsigned home_bits = 12;
    struct worker *destroyer = add(DESTROYER, processor);

    give_thread(destroyer);
    for (unsigned i = 0; i < VICTIMS; i++) {
        struct worker *victim = add(VICTIM, processor);
        victim->owner = destroyer->number;
        // Untyped, Thread, SchedContext, Reply, Endpoint, Notification
        victim->slots = stress_make(KOZO_TYPE_UNTYPED, home_bits);
        victim->thread.handle = stress_slots(5);
        victim->context.handle = slot_after(victim->thread.handle, 1);
        victim->reply.handle = slot_after(victim->thread.handle, 2);
        victim->endpoint.handle = slot_after(victim->thread.handle, 3);
        victim->notification.handle = slot_after(victim->thread.handle, 4);
    }
}

// An Untyped, slots for what is made of it, and two Frames for one place.
static void add_revoker(unsigned processor)
{
    constexpr unsigned home_bits = 14;
    struct worker *revoker = add(REVOKER, processor);

    give_thread(revoker);
    revoker->endpoint.handle = minted(stress.calls.handle, 0);
    revoker->slots = stress_make(KOZO_TYPE_UNTYPED, home_bits);
    (void)stress_slots(REVOKED_MOST);
    for (unsigned i = 0; i < REVOKED_FRAMES; i++) {
        revoker->frames[i].handle = stress_make(KOZO_TYPE_FRAME, PAGES_BITS);
    }
    revoker->pages = (volatile uint64_t *)(PAGES + ((uint64_t)revoker->number << PAGES_BITS));
}

struct worker *stress_add(void (*run)(struct worker *worker), unsigned processor)
{
    struct worker *worker = add(OTHER, processor);

    give_thread(worker);
    worker->run = run;
    return worker;
}

bool stress_start(void)
{
    const struct worker *passive = &stress.worker[0];
    bool started = kozo_thread_resume(passive->thread) == KOZO_OK;

    // The passive server gives up its own time when it receives for the first time.
    while (started && kozo_thread_info(passive->thread).state != KOZO_THREAD_RECEIVING) {
        (void)kozo_kernel_yield();
    }
    started = started && kozo_sched_context_unbind(passive->context) == KOZO_OK;
    for (unsigned i = 1; i < stress.workers; i++) {
        enum role role = stress.worker[i].role;
        if (role != VICTIM && role != OTHER) {
            // A breaker on another processor may have been quicker.
            enum kozo_error error = kozo_thread_resume(stress.worker[i].thread);
            started = started && (error == KOZO_OK || error == KOZO_BAD_STATE);
        }
    }
    return started;
}

void stress_set_up(unsigned processors, uint64_t seed)
{
    struct kozo_address_space space = {kozo_granted("self.space")};

    stress.processors = processors;
    next_slot = 1;
    expect(kozo_untyped_retype(stress_memory(), KOZO_TYPE_CNODE, STORE_BITS,
                               (struct kozo_slot){store()}, 1));
    buffers.handle = stress_make(KOZO_TYPE_FRAME, BUFFER_BITS);
    expect(kozo_frame_map(buffers, (struct kozo_slot){stress_slots(1)}, space, BUFFERS, 0,
                          UINT64_C(1) << BUFFER_BITS,
                          kozo_rights(KOZO_RIGHT_READ | KOZO_RIGHT_WRITE)));
    stress.calls.handle = stress_make(KOZO_TYPE_ENDPOINT, 0);
    stress.mail.handle = stress_make(KOZO_TYPE_ENDPOINT, 0);
    stress.passive.handle = stress_make(KOZO_TYPE_ENDPOINT, 0);
    stress.gift.handle = stress_make(KOZO_TYPE_NOTIFICATION, 0);
    stress.nothing.handle = stress_make(KOZO_TYPE_NOTIFICATION, 0);
    give_thread(add(PASSIVE_SERVER, 0));
    for (unsigned i = 0; i < processors; i++) {
        add_group(i);
        add_destroyer(i);
        add_revoker(i);
    }
    for (unsigned i = 0; i < stress.workers; i++) {
        stress.worker[i].random = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    }
}

bool stress_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;

    *number = strtoul(text, &end, 10);
    return *text != 0 && *end == 0 && *number >= least && *number <= most;
}
