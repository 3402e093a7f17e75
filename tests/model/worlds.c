// SPDX-License-Identifier: MIT
// A world is a root CNode that its threads share, what stands in it at the start, and lists of
// values for each operation's handle and arguments. All combinations of the values are steps.
//
// What the threads live in stands in a CNode that no handle leads to, or in the threads themselves,
// so that a world can't lose what makes it go on by one step.
#include "worlds.h"

#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "kernel.h"
#include "kozo/operations.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/pool.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/timer.h"
#include "sched/extra.h"
#include "sched/scheduler.h"
#include "state.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;
constexpr uint8_t PRIORITY = 1;
constexpr uint64_t POOL_PAGES = 3; // of the space that the threads run in: the root, and two tables

// --- What worlds are made of --------------------------------------------------------------------

static struct {
    physical_t next;      // the first free memory
    struct cnode *root;   // that handles start in
    struct cnode *keeper; // that no handle leads to
    unsigned kept;        // slots of the keeper that are taken
    struct pool *pool;    // of the page tables that the threads run in
    struct address_space *space;
} world;

physical_t world_buffer[WORLD_BUFFERS];

static physical_t take(uint64_t size, uint64_t alignment)
{
    physical_t base = (world.next + alignment - 1) & ~(alignment - 1);

    if (base + size > HOST_RAM) {
        (void)fprintf(stderr, "a world takes more than HOST_RAM\n");
        arch_halt();
    }
    world.next = base + size;
    return base;
}

static void put(struct slot *slot, struct slot content)
{
    content.rights = object_types[content.type].rights;
    slot_insert(slot, &kernel.root, &content);
}

static void *put_object(struct slot *slot, enum kozo_object_type type, unsigned bits)
{
    unsigned size_bits = type == KOZO_TYPE_CNODE ? bits + SLOT_BITS : object_types[type].bits;
    struct object *object = arch_window(take((uint64_t)1 << size_bits, (uint64_t)1 << size_bits));

    memset(object, 0, (uint64_t)1 << size_bits);
    object_create(object, type, bits);
    object->grave.header.references = 1;
    put(slot, (struct slot){.type = (uint8_t)type, .object = link_to(object)});
    return object;
}

static physical_t put_memory(struct slot *slot, enum kozo_object_type type, uint64_t size,
                             uint64_t alignment)
{
    physical_t base = take(size, alignment);

    if (type == KOZO_TYPE_FRAME) {
        memset(arch_window(base), 0, size);
    }
    put(slot, (struct slot){.type = (uint8_t)type, .base = base, .size = size});
    return base;
}

static struct slot *root_slot(uint64_t index)
{
    return &world.root->slot[0] + index;
}

static struct slot *keeper_slot(void)
{
    world.kept++;
    return &world.keeper->slot[0] + world.kept;
}

static struct cnode *put_first_cnode(unsigned bits, uint64_t own)
{
    struct cnode *cnode =
        arch_window(take((uint64_t)KOZO_SLOT_SIZE << bits, (uint64_t)KOZO_SLOT_SIZE << bits));

    memset(cnode, 0, (uint64_t)KOZO_SLOT_SIZE << bits);
    object_create((struct object *)cnode, KOZO_TYPE_CNODE, bits);
    cnode->slot[0].header.references = 1;
    put(&cnode->slot[0] + own, (struct slot){.type = KOZO_TYPE_CNODE,
                                             .object = link_to(cnode),
                                             .size = cnode_slots(cnode) - 1});
    return cnode;
}

// A thread whose handles start in the root CNode, ready to run, with a SchedContext that nobody can
// name but through the slot given.
static struct thread *put_thread(struct slot *slot, struct slot *context_slot)
{
    struct thread *thread = put_object(slot, KOZO_TYPE_THREAD, 0);
    struct sched_context *context = put_object(context_slot, KOZO_TYPE_SCHED_CONTEXT, 0);

    ((struct object *)world.root)->grave.header.references++;
    put(&thread->cspace, (struct slot){.type = KOZO_TYPE_CNODE,
                                       .flags = SLOT_IN_THREAD,
                                       .object = link_to(world.root),
                                       .size = cnode_slots(world.root) - 1});
    world.space->object.grave.header.references++;
    put(&thread->space, (struct slot){.type = KOZO_TYPE_ADDRESS_SPACE,
                                      .flags = SLOT_IN_THREAD,
                                      .object = link_to(world.space)});
    thread->priority = PRIORITY;
    thread->own_priority = PRIORITY;
    thread->state = READY;
    thread->registers.instruction = CALL_AT + HOST_SYSCALL_SIZE;
    sched_context_set_budget(context, WORLD_TURN, 0);
    sched_context_give(&kernel.cpu[0], context_slot, thread);
    return thread;
}

// The root CNode of 2^bits slots, whose slot 1 leads to itself, and what threads run in.
static void begin(unsigned bits)
{
    host_reset();
    host.now = WORLD_NOW;
    kernel.cpu[0].armed = UINT64_MAX;
    memset(&world, 0, sizeof(world));
    memset(world_buffer, 0, sizeof(world_buffer));
    world.next = PAGE;
    world.root = put_first_cnode(bits, 1);
    world.keeper = put_first_cnode(3, 1);
    world.kept = 1;
    world.pool = put_object(keeper_slot(), KOZO_TYPE_POOL, 0);
    world.space = put_object(keeper_slot(), KOZO_TYPE_ADDRESS_SPACE, 0);

    struct slot *donor = &world.pool->donor[0];
    put_memory(donor, KOZO_TYPE_UNTYPED, POOL_PAGES * PAGE, PAGE);
    donor->flags = SLOT_IN_POOL;
    world.pool->donated = POOL_PAGES;
    address_space_attach(world.space, world.pool);
}

static void end(void)
{
    (void)scheduler_choose(&kernel.cpu[0]);
    kernel.cpu[0].work = 0;
}

// --- Steps --------------------------------------------------------------------------------------

struct choice {
    const uint64_t *value;
    unsigned count;
};

#define SET(...)                                                                                   \
    {(const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)}

// All combinations of a handle and arguments.
#define ADD(steps, operation, ...)                                                                 \
    add_all(steps, KOZO_OP_##operation, (const struct choice[1 + STEP_ARGUMENTS]){__VA_ARGS__})

static void add(struct steps *steps, const struct step *step)
{
    if (steps->count == WORLD_STEPS) {
        (void)fprintf(stderr, "a world has more than WORLD_STEPS steps\n");
        arch_halt();
    }
    steps->step[steps->count++] = *step;
}

static void add_kind(struct steps *steps, enum step_kind kind)
{
    add(steps, &(struct step){.kind = kind});
}

static uint64_t chosen(const struct choice *choice, unsigned at)
{
    return choice->count == 0 ? 0 : choice->value[at];
}

static void add_all(struct steps *steps, uint16_t operation, const struct choice *choice)
{
    unsigned at[1 + STEP_ARGUMENTS] = {};
    unsigned turning = 0;

    while (turning <= STEP_ARGUMENTS) {
        struct step step = {.kind = STEP_CALL, .operation = operation};
        step.handle = chosen(&choice[0], at[0]);
        for (unsigned i = 0; i < STEP_ARGUMENTS; i++) {
            step.argument[i] = chosen(&choice[1 + i], at[1 + i]);
        }
        add(steps, &step);
        for (turning = 0; turning <= STEP_ARGUMENTS; turning++) {
            if (++at[turning] < choice[turning].count) {
                break;
            }
            at[turning] = 0;
        }
    }
}

// --- derive: CNodes in one another, and in themselves -------------------------------------------

// Slot `inner` of the CNode in slot `outer` of a root CNode of 8 slots.
#define PATH8(outer, inner)  ((outer) | (inner) << 3)
#define PATH16(outer, inner) ((outer) | (inner) << 4)

static void derive_begin(void)
{
    begin(3);
    put_memory(root_slot(2), KOZO_TYPE_UNTYPED, 1024, 256);
    put_thread(keeper_slot(), keeper_slot());
    end();
}

#define DERIVE_PLACES 1, 2, 3, 4, 5, PATH8(3, 1), PATH8(3, 2), PATH8(4, 1), PATH8(4, 3), PATH8(1, 5)

static void derive_steps(struct steps *steps)
{
    ADD(steps, UNTYPED_RETYPE, SET(2, 5), SET(KOZO_TYPE_CNODE), SET(2),
        SET(3, 4, 5, PATH8(3, 1), PATH8(4, 1)), SET(1));
    ADD(steps, UNTYPED_RETYPE, SET(2, 5), SET(KOZO_TYPE_UNTYPED), SET(8), SET(5, PATH8(3, 2)),
        SET(1));
    ADD(steps, UNTYPED_RETYPE, SET(2, 5), SET(KOZO_TYPE_ENDPOINT), SET(0), SET(4, PATH8(3, 1)),
        SET(1, 2));
    ADD(steps, CNODE_COPY, SET(1, 2, 3, 4, PATH8(3, 1), PATH8(4, 1)),
        SET(3, 4, 5, PATH8(3, 1), PATH8(3, 2), PATH8(4, 1), PATH8(4, 3)));
    ADD(steps, CNODE_MINT, SET(1, 3, 4, PATH8(3, 1)), SET(5, PATH8(3, 2), PATH8(4, 3)),
        SET(0, KOZO_RIGHT_READ, KOZO_RIGHT_WRITE), SET(0));
    ADD(steps, CNODE_MINT, SET(4, PATH8(3, 1)), SET(5, PATH8(4, 1)), SET(UINT64_MAX), SET(7));
    ADD(steps, CNODE_MOVE, SET(2, 3, 4, 5, PATH8(3, 1), PATH8(4, 3)),
        SET(2, 3, 4, 5, PATH8(3, 1), PATH8(3, 2), PATH8(4, 1)));
    ADD(steps, CNODE_DELETE, SET(DERIVE_PLACES));
    ADD(steps, CNODE_REVOKE, SET(DERIVE_PLACES));
    ADD(steps, CNODE_INSPECT, SET(0, 1, 3, 5, PATH8(3, 1), PATH8(4, 3)));
}

// --- preempt: the same, with two threads and a preemption point after each step of work ---------

static void preempt_begin(void)
{
    begin(3);
    put_memory(root_slot(2), KOZO_TYPE_UNTYPED, 1024, 256);
    put_thread(keeper_slot(), keeper_slot());
    put_thread(keeper_slot(), keeper_slot());
    end();
}

static void preempt_steps(struct steps *steps)
{
    add_kind(steps, STEP_TURN);
    ADD(steps, UNTYPED_RETYPE, SET(2), SET(KOZO_TYPE_CNODE), SET(2), SET(3, 4, PATH8(3, 1)),
        SET(1));
    ADD(steps, UNTYPED_RETYPE, SET(2), SET(KOZO_TYPE_ENDPOINT), SET(0), SET(5), SET(1));
    ADD(steps, CNODE_COPY, SET(1, 3, 4, PATH8(3, 1)),
        SET(4, 5, PATH8(3, 1), PATH8(3, 2), PATH8(4, 1)));
    ADD(steps, CNODE_MOVE, SET(2, 3, 4, PATH8(3, 1)), SET(3, 5, PATH8(3, 2), PATH8(4, 1)));
    ADD(steps, CNODE_DELETE, SET(1, 2, 3, 4, PATH8(3, 1), PATH8(3, 2), PATH8(4, 1)));
    ADD(steps, CNODE_REVOKE, SET(1, 2, 3, 4, PATH8(3, 1)));
}

// --- retype: memory, its watermark, and what lies in it ----------------------------------------

static void retype_begin(void)
{
    begin(3);
    put_memory(root_slot(2), KOZO_TYPE_UNTYPED, 2048, 1024);
    put(root_slot(3), (struct slot){.type = KOZO_TYPE_UNTYPED,
                                    .flags = SLOT_DEVICE,
                                    .base = HOST_RAM + HOST_IMAGE,
                                    .size = 2 * PAGE});
    put_thread(keeper_slot(), keeper_slot());
    end();
}

static void retype_steps(struct steps *steps)
{
    ADD(steps, UNTYPED_RETYPE, SET(2, 3, 4, 5), SET(KOZO_TYPE_FRAME), SET(9, 10), SET(4, 6),
        SET(1, 2));
    ADD(steps, UNTYPED_RETYPE, SET(2, 3, 4, 5), SET(KOZO_TYPE_UNTYPED), SET(6, 9, 10), SET(4, 5),
        SET(0, 1, 3));
    ADD(steps, UNTYPED_RETYPE, SET(2, 3, 4), SET(KOZO_TYPE_ENDPOINT, KOZO_TYPE_NOTIFICATION),
        SET(0), SET(5, 6), SET(1, 2, 3));
    ADD(steps, UNTYPED_RETYPE, SET(2, 4), SET(KOZO_TYPE_CNODE), SET(1, 2, 3), SET(7), SET(1));
    ADD(steps, UNTYPED_RETYPE, SET(2), SET(KOZO_TYPE_MAPPING, KOZO_TYPE_IO_PORT), SET(0), SET(5),
        SET(1));
    ADD(steps, UNTYPED_INFO, SET(2, 3, 4, 5));
    ADD(steps, CNODE_COPY, SET(2, 4, 6), SET(5, 7));
    ADD(steps, CNODE_MINT, SET(4, 6), SET(5, 7), SET(UINT64_MAX, KOZO_RIGHT_READ),
        SET(0, UINT64_C(1) << 32, UINT64_C(1) << 32 | 1, UINT64_C(2) << 32 | 1));
    ADD(steps, CNODE_MOVE, SET(2, 4, 5), SET(2, 6, 7));
    ADD(steps, FRAME_ADDRESS, SET(4, 5, 7));
    ADD(steps, CNODE_DELETE, SET(2, 3, 4, 5, 6, 7));
    ADD(steps, CNODE_REVOKE, SET(2, 3, 4, 5));
    ADD(steps, CNODE_INSPECT, SET(2, 4, 5));
}

// --- lease --------------------------------------------------------------------------------------

// A system call that prepares a world.
static void prepare(uint16_t operation, uint64_t handle, const uint64_t argument[STEP_ARGUMENTS])
{
    struct thread *thread = kernel.cpu[0].current;

    thread->registers.operation = operation;
    thread->registers.handle = handle;
    memcpy(thread->registers.argument, argument, STEP_ARGUMENTS * sizeof(argument[0]));
    if (kernel_syscall(&kernel.cpu[0]) != thread || thread->registers.operation != KOZO_OK) {
        (void)fprintf(stderr, "a world can't be prepared\n");
        arch_halt();
    }
    struct sched_context *context = link_target(kernel.cpu[0].context);
    context->audit_since = 0;
    context->audit_made = 0;
    kernel.cpu[0].work = 0;
}

#define PREPARE(operation, handle, ...)                                                            \
    prepare(KOZO_OP_##operation, handle, (const uint64_t[STEP_ARGUMENTS]){__VA_ARGS__})

static void lease_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_NOTIFICATION, 0);
    put_object(root_slot(3), KOZO_TYPE_LEASE, 0);
    put_object(root_slot(4), KOZO_TYPE_LEASE, 0);
    put_memory(root_slot(5), KOZO_TYPE_UNTYPED, 256, 256);
    put_object(root_slot(6), KOZO_TYPE_ENDPOINT, 0);
    put_thread(keeper_slot(), keeper_slot());
    end();
    // The second Lease lies inside the first, and something is lent under it already.
    PREPARE(LEASE_OPEN, 3, 0, 2);
    PREPARE(LEASE_OPEN, 4, WORLD_DEADLINE, 3, 3);
    PREPARE(CNODE_LEND, 2, 8, UINT64_MAX, 4, 4);
}

static void lease_steps(struct steps *steps)
{
    add_kind(steps, STEP_LATER);
    ADD(steps, UNTYPED_RETYPE, SET(5), SET(KOZO_TYPE_LEASE), SET(0), SET(7), SET(1));
    ADD(steps, LEASE_OPEN, SET(3, 7), SET(0, WORLD_DEADLINE + 5), SET(0, 1), SET(0, 3, 4));
    ADD(steps, LEASE_OPEN, SET(7), SET(WORLD_DEADLINE - 1), SET(1), SET(4, 7));
    ADD(steps, LEASE_CLOSE, SET(3, 4, 7));
    ADD(steps, LEASE_INFO, SET(3, 4, 7));
    ADD(steps, CNODE_LEND, SET(2, 8, 9, 6), SET(8, 9, 10), SET(UINT64_MAX), SET(0, 4), SET(3, 4));
    ADD(steps, CNODE_LEND, SET(2, 8), SET(9), SET(KOZO_RIGHT_WRITE), SET(2), SET(3, 7, 2));
    ADD(steps, CNODE_LEND, SET(3), SET(9), SET(UINT64_MAX), SET(0), SET(4));
    ADD(steps, CNODE_COPY, SET(2, 3, 8, 9), SET(10, 9));
    ADD(steps, CNODE_MINT, SET(3, 8), SET(10), SET(KOZO_RIGHT_READ), SET(0, 3));
    ADD(steps, CNODE_MOVE, SET(8, 9), SET(9, 10));
    ADD(steps, NOTIFICATION_SIGNAL, SET(2, 8, 9, 10));
    ADD(steps, NOTIFICATION_POLL, SET(8, 9));
    ADD(steps, ENDPOINT_TRY_SEND, SET(8, 9), SET(0));
    ADD(steps, ENDPOINT_VERIFY, SET(6), SET(8, 9, 10));
    ADD(steps, CNODE_DELETE, SET(2, 3, 4, 6, 7, 8, 9, 10));
    ADD(steps, CNODE_REVOKE, SET(2, 5, 8));
}

// --- pool: memory for page tables, and who takes it ---------------------------------------------

constexpr uint64_t READ_WRITE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

static void pool_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_POOL, 0);
    put_object(root_slot(3), KOZO_TYPE_ADDRESS_SPACE, 0);
    put_object(root_slot(4), KOZO_TYPE_ADDRESS_SPACE, 0);
    put_memory(root_slot(5), KOZO_TYPE_UNTYPED, 4 * PAGE, PAGE);
    put_memory(root_slot(6), KOZO_TYPE_FRAME, 2 * PAGE, PAGE);
    put_thread(keeper_slot(), keeper_slot());
    end();
}

static void pool_steps(struct steps *steps)
{
    ADD(steps, UNTYPED_RETYPE, SET(5), SET(KOZO_TYPE_UNTYPED), SET(8, 9, 10), SET(7), SET(1));
    ADD(steps, POOL_DONATE, SET(2), SET(5, 7));
    ADD(steps, POOL_ATTACH, SET(2), SET(3, 4));
    ADD(steps, POOL_INFO, SET(2));
    ADD(steps, POOL_TRIM, SET(2), SET(3, 4, 5), SET(0, 6 * PAGE));
    ADD(steps, ADDRESS_SPACE_INFO, SET(3));
    ADD(steps, FRAME_MAP, SET(6), SET(9, 10), SET(3, 4), SET(0, 7 * PAGE), SET(0),
        SET(PAGE, 2 * PAGE), SET(READ_WRITE));
    ADD(steps, MAPPING_SET, SET(9, 10), SET(0), SET(PAGE), SET(0, KOZO_RIGHT_READ));
    ADD(steps, CNODE_MINT, SET(3), SET(11), SET(KOZO_RIGHT_READ, UINT64_MAX), SET(0));
    ADD(steps, CNODE_MOVE, SET(9, 5), SET(8));
    ADD(steps, CNODE_DELETE, SET(2, 3, 4, 6, 7, 9, 10, 11));
    ADD(steps, CNODE_REVOKE, SET(3, 5, 6, 7));
}

// --- map: Mappings over one another -------------------------------------------------------------

static void map_begin(void)
{
    begin(4);
    put_memory(root_slot(6), KOZO_TYPE_FRAME, 2 * PAGE, PAGE);
    put_thread(keeper_slot(), keeper_slot());
    // The space that the thread itself runs in: what is cached of it must be forgotten in time.
    capability_copy(&world.keeper->slot[0] + 3, root_slot(3), 0);
    end();
}

static void map_steps(struct steps *steps)
{
    ADD(steps, CNODE_MINT, SET(6), SET(8), SET(KOZO_RIGHT_READ), SET(0, UINT64_C(1) << 32 | 1));
    ADD(steps, FRAME_MAP, SET(6), SET(9, 10), SET(3), SET(0, 7 * PAGE), SET(0, PAGE),
        SET(PAGE, 2 * PAGE), SET(KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, FRAME_MAP, SET(8), SET(11), SET(3), SET(0, PAGE), SET(0), SET(PAGE),
        SET(KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, FRAME_MAP, SET(6), SET(11), SET(3), SET(1, ARCH_USER_END - PAGE), SET(0), SET(PAGE),
        SET(0, KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE));
    ADD(steps, MAPPING_SET, SET(9, 10), SET(0, PAGE), SET(PAGE, 2 * PAGE),
        SET(0, KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, MAPPING_SET, SET(11), SET(0), SET(PAGE), SET(0, READ_WRITE));
    ADD(steps, MAPPING_LOWER, SET(9, 10), SET(0, KOZO_RIGHT_READ, KOZO_RIGHT_GRANT));
    ADD(steps, MAPPING_INFO, SET(9));
    ADD(steps, ADDRESS_SPACE_INFO, SET(3));
    ADD(steps, CNODE_MOVE, SET(9), SET(11));
    ADD(steps, CNODE_COPY, SET(3, 9), SET(12));
    ADD(steps, CNODE_DELETE, SET(6, 8, 9, 10, 11));
    ADD(steps, CNODE_REVOKE, SET(6, 8));
}

// --- large: pages of two sizes, in the space that runs ------------------------------------------

constexpr uint64_t LARGE_PAGE = PAGE << ARCH_TABLE_BITS;
constexpr uint64_t LAST_RIGHT = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;

static void large_begin(void)
{
    begin(4);
    put_memory(root_slot(6), KOZO_TYPE_FRAME, LARGE_PAGE, LARGE_PAGE);
    put_thread(keeper_slot(), keeper_slot());
    capability_copy(&world.keeper->slot[0] + 3, root_slot(3), 0);
    capability_copy(&world.keeper->slot[0] + 2, root_slot(2), 0);
    end();
}

static void large_steps(struct steps *steps)
{
    ADD(steps, CNODE_MINT, SET(6), SET(7), SET(UINT64_MAX, KOZO_RIGHT_READ),
        SET(UINT64_C(2) << 32 | 1));
    ADD(steps, FRAME_MAP, SET(6), SET(9, 10), SET(3), SET(0, LARGE_PAGE, LARGE_PAGE + PAGE), SET(0),
        SET(LARGE_PAGE, 7 * PAGE), SET(KOZO_RIGHT_READ, READ_WRITE));
    // The same memory at the same address, a part of it, other memory, and more rights.
    ADD(steps, FRAME_MAP, SET(7), SET(10, 11), SET(3), SET(PAGE, LARGE_PAGE + PAGE), SET(0),
        SET(PAGE, 2 * PAGE), SET(KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, MAPPING_SET, SET(9), SET(0, PAGE), SET(PAGE, 7 * PAGE, LARGE_PAGE),
        SET(0, KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, MAPPING_SET, SET(11), SET(0), SET(PAGE, 2 * PAGE), SET(0, KOZO_RIGHT_READ));
    ADD(steps, MAPPING_LOWER, SET(9, 11), SET(0, KOZO_RIGHT_READ));
    ADD(steps, POOL_TRIM, SET(2), SET(3), SET(0, LARGE_PAGE));
    ADD(steps, POOL_INFO, SET(2));
    ADD(steps, ADDRESS_SPACE_INFO, SET(3));
    ADD(steps, CNODE_DELETE, SET(7, 9, 10, 11));
    ADD(steps, CNODE_DELETE_RUN, SET(9), SET(0, 1), SET(1, 3, 7, 8));
    ADD(steps, CNODE_REVOKE, SET(6, 7));
}

// --- fork: Mappings cloned into another space, and taken away --------------------------------------

static void fork_begin(void)
{
    begin(4);
    put_object(root_slot(4), KOZO_TYPE_ADDRESS_SPACE, 0);
    put_memory(root_slot(5), KOZO_TYPE_UNTYPED, 2 * PAGE, PAGE);
    put_memory(root_slot(6), KOZO_TYPE_FRAME, LARGE_PAGE, LARGE_PAGE);
    put_thread(keeper_slot(), keeper_slot());
    capability_copy(&world.keeper->slot[0] + 3, root_slot(3), 0);
    capability_copy(&world.keeper->slot[0] + 2, root_slot(2), 0);
    end();
    PREPARE(POOL_DONATE, 2, 5);
    PREPARE(POOL_ATTACH, 2, 4);
}

static void fork_steps(struct steps *steps)
{
    ADD(steps, FRAME_MAP, SET(6), SET(8, 9), SET(3, 4), SET(0), SET(0), SET(LARGE_PAGE, 2 * PAGE),
        SET(KOZO_RIGHT_READ, READ_WRITE));
    ADD(steps, FRAME_MAP, SET(6), SET(9), SET(3, 4), SET(PAGE, 9 * PAGE), SET(PAGE, 2 * PAGE),
        SET(PAGE), SET(READ_WRITE));
    ADD(steps, ADDRESS_SPACE_CLONE, SET(3, 4), SET(0), SET(0), SET(8), SET(10), SET(2),
        SET(0, KOZO_RIGHT_READ, LAST_RIGHT));
    ADD(steps, ADDRESS_SPACE_CLONE, SET(4), SET(0, 1), SET(0, PAGE, 1), SET(8), SET(10, 11, 15),
        SET(1, 2), SET(KOZO_RIGHT_READ, KOZO_RIGHT_GRANT));
    ADD(steps, ADDRESS_SPACE_CLONE, SET(3), SET(0), SET(0), SET(7, 10), SET(8), SET(2),
        SET(LAST_RIGHT));
    ADD(steps, MAPPING_SET, SET(8, 9, 10), SET(0), SET(PAGE), SET(0, READ_WRITE));
    ADD(steps, MAPPING_LOWER, SET(8, 10), SET(KOZO_RIGHT_READ));
    ADD(steps, POOL_TRIM, SET(2), SET(4), SET(0));
    ADD(steps, CNODE_MOVE, SET(8), SET(7));
    ADD(steps, CNODE_DELETE, SET(4, 8, 9, 10));
    ADD(steps, CNODE_DELETE_RUN, SET(8, 10), SET(0), SET(2));
    ADD(steps, CNODE_REVOKE, SET(6));
}

// --- ipc ----------------------------------------------------------------------------------------

static void ipc_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_ENDPOINT, 0);
    put_object(root_slot(3), KOZO_TYPE_NOTIFICATION, 0);
    put_object(root_slot(4), KOZO_TYPE_REPLY, 0);
    put_object(root_slot(5), KOZO_TYPE_REPLY, 0);
    put_thread(root_slot(6), root_slot(9));
    put_thread(root_slot(7), root_slot(10));
    put_thread(root_slot(8), root_slot(11));
    struct thread *last = link_target(root_slot(8)->object);
    capability_copy(root_slot(2), &last->fault_handler, SLOT_IN_THREAD);
    last->fault_handler.value = 9;
    end();
}

static void ipc_steps(struct steps *steps)
{
    add_kind(steps, STEP_TURN);
    add_kind(steps, STEP_FAULT);
    ADD(steps, ENDPOINT_CALL, SET(2, 12), SET(UINT64_C(7) << 32 | 1));
    ADD(steps, ENDPOINT_SEND, SET(2, 12), SET(UINT64_C(8) << 32 | 1));
    ADD(steps, ENDPOINT_TRY_SEND, SET(12), SET(0));
    ADD(steps, ENDPOINT_RECV, SET(2, 12), SET(0), SET(0, 4, 5));
    ADD(steps, ENDPOINT_TRY_RECV, SET(2), SET(0), SET(0, 4));
    ADD(steps, ENDPOINT_REPLY_RECV, SET(2), SET(0), SET(0, 4, 5));
    ADD(steps, REPLY_REPLY, SET(4, 5), SET(UINT64_C(1) << 32, 0));
    ADD(steps, NOTIFICATION_SIGNAL, SET(3, 13));
    ADD(steps, NOTIFICATION_WAIT, SET(3));
    ADD(steps, NOTIFICATION_POLL, SET(3));
    ADD(steps, THREAD_BIND_NOTIFICATION, SET(6, 7), SET(0, 3));
    ADD(steps, THREAD_SUSPEND, SET(6, 7, 8));
    ADD(steps, THREAD_RESUME, SET(6, 7, 8));
    ADD(steps, THREAD_CANCEL, SET(6, 7, 8));
    ADD(steps, THREAD_SET_PRIORITY, SET(7), SET(0, 1, 2));
    ADD(steps, SCHED_CONTEXT_UNBIND, SET(9, 10));
    ADD(steps, SCHED_CONTEXT_BIND, SET(10), SET(7, 8));
    ADD(steps, CNODE_MINT, SET(2), SET(12), SET(UINT64_MAX, KOZO_RIGHT_WRITE), SET(5));
    ADD(steps, CNODE_MINT, SET(3), SET(13), SET(UINT64_MAX), SET(6));
    ADD(steps, CNODE_DELETE, SET(2, 3, 4, 5, 8, 11, 12, 13));
    ADD(steps, CNODE_REVOKE, SET(2));
}

// --- waits: endpoints bound to threads that call each other -------------------------------------

static void waits_world_begin(void)
{
    begin(4);
    struct endpoint *first = put_object(root_slot(2), KOZO_TYPE_ENDPOINT, 0);
    struct endpoint *second = put_object(root_slot(3), KOZO_TYPE_ENDPOINT, 0);
    put_object(root_slot(4), KOZO_TYPE_REPLY, 0);
    put_object(root_slot(5), KOZO_TYPE_REPLY, 0);
    struct thread *one = put_thread(root_slot(6), root_slot(9));
    struct thread *two = put_thread(root_slot(7), root_slot(10));
    put_thread(root_slot(8), root_slot(11));
    capability_copy(root_slot(3), &two->fault_handler, SLOT_IN_THREAD);
    (void)endpoint_bind(first, one);
    (void)endpoint_bind(second, two);
    end();
}

static void waits_steps(struct steps *steps)
{
    add_kind(steps, STEP_TURN);
    add_kind(steps, STEP_FAULT);
    ADD(steps, ENDPOINT_CALL, SET(2, 3), SET(UINT64_C(7) << 32 | 1));
    ADD(steps, ENDPOINT_SEND, SET(2, 3), SET(UINT64_C(8) << 32));
    ADD(steps, ENDPOINT_RECV, SET(2, 3), SET(0), SET(0, 4, 5));
    ADD(steps, ENDPOINT_TRY_RECV, SET(2), SET(0), SET(4));
    ADD(steps, ENDPOINT_REPLY_RECV, SET(2, 3), SET(0), SET(4, 5));
    ADD(steps, REPLY_REPLY, SET(4, 5), SET(0));
    ADD(steps, THREAD_BIND_ENDPOINT, SET(6, 7, 8), SET(0, 2, 3));
    ADD(steps, THREAD_SUSPEND, SET(6, 7));
    ADD(steps, THREAD_RESUME, SET(6, 7));
    ADD(steps, THREAD_CANCEL, SET(6, 7, 8));
    ADD(steps, THREAD_SET_PRIORITY, SET(6, 8), SET(0, 1, 2));
    ADD(steps, SCHED_CONTEXT_UNBIND, SET(10));
    ADD(steps, CNODE_DELETE, SET(2, 4, 5, 7, 10));
}

// --- letter: what travels through IPC buffers ---------------------------------------------------

constexpr uint64_t BUFFER_CAPS = offsetof(struct kozo_ipc_buffer, caps) / sizeof(uint64_t);
constexpr uint64_t BUFFER_SLOT = offsetof(struct kozo_ipc_buffer, receive_slot) / sizeof(uint64_t);
constexpr uint64_t BUFFER_COUNT =
    offsetof(struct kozo_ipc_buffer, receive_count) / sizeof(uint64_t);

// A Frame with a buffer, which the thread has.
static void put_buffer(unsigned number, struct slot *slot, struct thread *thread, uint64_t first)
{
    world_buffer[number] = put_memory(slot, KOZO_TYPE_FRAME, PAGE, PAGE);
    struct kozo_ipc_buffer *buffer = arch_window(world_buffer[number]);

    capability_copy(slot, &thread->buffer, SLOT_IN_THREAD);
    *buffer = (struct kozo_ipc_buffer){
        .words = {number + 1, number + 11, number + 111},
        .caps = {first, 3, 2, 2},
        .receive_slot = 12 + number,
        .receive_count = 2,
    };
}

static void letter_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_ENDPOINT, 0);
    put_object(root_slot(3), KOZO_TYPE_NOTIFICATION, 0);
    put_object(root_slot(4), KOZO_TYPE_REPLY, 0);
    struct thread *one = put_thread(root_slot(6), root_slot(9));
    struct thread *two = put_thread(root_slot(7), root_slot(10));
    put_buffer(0, root_slot(5), one, 11);
    put_buffer(1, root_slot(8), two, 3);
    capability_copy(root_slot(2), root_slot(11), 0);
    root_slot(11)->rights = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
    end();
}

// An info word.
#define INFO(label, caps, length) (UINT64_C(label) << 32 | (caps) << 8 | (length))

static void letter_write(struct steps *steps, uint64_t word, uint64_t value)
{
    add(steps, &(struct step){.kind = STEP_WRITE, .argument = {word, value}});
}

static void letter_steps(struct steps *steps)
{
    add_kind(steps, STEP_TURN);
    letter_write(steps, 1, 5);
    letter_write(steps, BUFFER_CAPS, 4);
    letter_write(steps, BUFFER_CAPS, 12);
    letter_write(steps, BUFFER_CAPS + 1, 11);
    letter_write(steps, BUFFER_SLOT, 1);
    letter_write(steps, BUFFER_SLOT, 15);
    letter_write(steps, BUFFER_COUNT, 0);
    letter_write(steps, BUFFER_COUNT, 4);
    ADD(steps, ENDPOINT_CALL, SET(2, 11), SET(INFO(1, 1, 0), INFO(2, 0, 9), INFO(3, 4, 8)), SET(0),
        SET(31));
    ADD(steps, ENDPOINT_SEND, SET(2, 11), SET(INFO(4, 2, 2), INFO(5, 0, 10)), SET(0), SET(32));
    ADD(steps, ENDPOINT_SEND, SET(2), SET(INFO(0, 5, 0), INFO(0, 0, 65)));
    ADD(steps, ENDPOINT_TRY_SEND, SET(2), SET(INFO(6, 2, 1)), SET(0), SET(33));
    ADD(steps, ENDPOINT_RECV, SET(2), SET(0), SET(0, 4));
    ADD(steps, ENDPOINT_TRY_RECV, SET(2), SET(0), SET(4));
    ADD(steps, ENDPOINT_REPLY_RECV, SET(2), SET(INFO(7, 1, 8), INFO(7, 0, 1)), SET(4), SET(34));
    ADD(steps, REPLY_REPLY, SET(4), SET(INFO(8, 2, 9), INFO(8, 0, 0)), SET(0), SET(35));
    ADD(steps, THREAD_CONFIGURE, SET(6, 7), SET(0, 1), SET(0), SET(0, 5, 8), SET(0), SET(0, 2));
    ADD(steps, THREAD_CONFIGURE, SET(7), SET(0), SET(0), SET(5), SET(8, PAGE), SET(11));
    ADD(steps, THREAD_SUSPEND, SET(6, 7));
    ADD(steps, THREAD_RESUME, SET(6, 7));
    ADD(steps, THREAD_CANCEL, SET(6, 7));
    ADD(steps, CNODE_DELETE, SET(2, 3, 4, 5, 8, 11, 12, 13, 15));
    ADD(steps, CNODE_REVOKE, SET(2, 3, 5));
}

// --- foreign: threads of another system ---------------------------------------------------------

static void foreign_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_ENDPOINT, 0);
    put_object(root_slot(4), KOZO_TYPE_REPLY, 0);
    put_object(root_slot(5), KOZO_TYPE_REPLY, 0);
    put_thread(root_slot(6), root_slot(9));
    put_thread(root_slot(7), root_slot(10));
    struct thread *last = put_thread(root_slot(8), root_slot(11));
    capability_copy(root_slot(2), &last->fault_handler, SLOT_IN_THREAD);
    last->fault_handler.value = 9;
    last->foreign = true;
    extra_decide(last);
    end();
}

static void foreign_steps(struct steps *steps)
{
    constexpr uint64_t result = (uint64_t)KOZO_ANSWER_RESULT << 32 | 1;
    constexpr uint64_t stop = UINT64_C(7) << 32;

    add_kind(steps, STEP_TURN);
    add_kind(steps, STEP_FAULT);
    ADD(steps, ENDPOINT_CALL, SET(2), SET(stop | 1), SET(0), SET(21));
    ADD(steps, ENDPOINT_RECV, SET(2), SET(0), SET(0, 4, 5));
    ADD(steps, ENDPOINT_REPLY_RECV, SET(2), SET(0, result, stop), SET(4), SET(22));
    ADD(steps, REPLY_REPLY, SET(4, 5), SET(0, result, result + 1, stop), SET(0), SET(23));
    ADD(steps, THREAD_SET_FOREIGN, SET(8), SET(1), SET(0, 3 * PAGE), SET(CALL_AT), SET(0, 1));
    ADD(steps, THREAD_SET_FOREIGN, SET(7, 8), SET(0), SET(0), SET(0), SET(0));
    ADD(steps, THREAD_SET_FOREIGN, SET(8), SET(1, 2), SET(ARCH_USER_END), SET(0), SET(0));
    ADD(steps, THREAD_INTERRUPT, SET(7, 8));
    ADD(steps, THREAD_SUSPEND, SET(6, 8));
    ADD(steps, THREAD_RESUME, SET(6, 8));
    ADD(steps, THREAD_CANCEL, SET(6, 8));
    ADD(steps, SCHED_CONTEXT_UNBIND, SET(9));
    ADD(steps, THREAD_CONFIGURE, SET(8), SET(0), SET(0), SET(0), SET(0), SET(2));
    ADD(steps, CNODE_DELETE, SET(2, 4, 5, 8, 11));
}

// --- timer: what is due at a time ---------------------------------------------------------------

static void timer_begin(void)
{
    begin(4);
    put_object(root_slot(2), KOZO_TYPE_NOTIFICATION, 0);
    put_object(root_slot(3), KOZO_TYPE_TIMER, 0);
    put_object(root_slot(4), KOZO_TYPE_ENDPOINT, 0);
    put_thread(root_slot(6), root_slot(9));
    put_thread(root_slot(7), root_slot(10));
    end();
}

static void timer_steps(struct steps *steps)
{
    constexpr uint64_t past = WORLD_NOW - 1;
    constexpr uint64_t later = WORLD_NOW + 2 * WORLD_TURN;

    add_kind(steps, STEP_TURN);
    add_kind(steps, STEP_LATER);
    ADD(steps, TIMER_BIND, SET(3), SET(0, 2, 12, 4));
    ADD(steps, TIMER_SET, SET(3), SET(past, later, UINT64_MAX), SET(0, 4 * WORLD_TURN / 5));
    ADD(steps, TIMER_SET, SET(3), SET(past), SET(TIMER_PERIOD_MIN - 1, TIMER_PERIOD_MAX + 1));
    ADD(steps, TIMER_CANCEL, SET(3));
    ADD(steps, TIMER_INFO, SET(3));
    ADD(steps, NOTIFICATION_WAIT, SET(2));
    ADD(steps, NOTIFICATION_POLL, SET(2));
    ADD(steps, ENDPOINT_RECV, SET(4), SET(0), SET(0));
    ADD(steps, THREAD_BIND_NOTIFICATION, SET(7), SET(0, 2));
    ADD(steps, THREAD_CANCEL, SET(6, 7));
    ADD(steps, THREAD_SUSPEND, SET(7));
    ADD(steps, CNODE_MINT, SET(2), SET(12), SET(UINT64_MAX, KOZO_RIGHT_READ), SET(6));
    ADD(steps, CNODE_MINT, SET(3), SET(13), SET(KOZO_RIGHT_READ), SET(0));
    ADD(steps, TIMER_CANCEL, SET(13));
    ADD(steps, CNODE_DELETE, SET(2, 3, 12));
    ADD(steps, CNODE_REVOKE, SET(2));
}

const struct world worlds[] = {
    {"derive", "CNodes in one another and in themselves: retype, copy, mint, move, delete, revoke",
     derive_begin, derive_steps, 512},
    {"preempt", "the same by two threads, left at every preemption point", preempt_begin,
     preempt_steps, 1},
    {"retype", "memory: watermark, zeroing, reset, Frames and devices", retype_begin, retype_steps,
     512},
    {"lease", "Leases in one another, what is lent under them, and their ends", lease_begin,
     lease_steps, 512},
    {"pool", "memory for page tables: donated, taken, and taken away", pool_begin, pool_steps, 512},
    {"map", "Mappings over one another in the space that the thread runs in", map_begin, map_steps,
     512},
    {"large", "large pages, what splits them, and what is left alone", large_begin, large_steps,
     512},
    {"fork", "Mappings cloned into another space with fewer rights", fork_begin, fork_steps, 512},
    {"fork-steps", "the same, with a preemption point after each step of work", fork_begin,
     fork_steps, 1},
    {"ipc", "three threads: messages, replies, signals, faults, time that is lent", ipc_begin,
     ipc_steps, 512},
    {"waits",
     "endpoints bound to threads that call each other: circles, and priorities that go along",
     waits_world_begin, waits_steps, 512},
    {"letter", "two threads with IPC buffers: long messages, and capabilities in them",
     letter_begin, letter_steps, 512},
    {"foreign", "a foreign thread and its handlers: calls, faults, interruptions, their answers",
     foreign_begin, foreign_steps, 512},
    {"timer", "a timer: once, again and again, in the past, and what becomes of its signals",
     timer_begin, timer_steps, 512},
};
const unsigned world_count = sizeof(worlds) / sizeof(worlds[0]);

// --- Words --------------------------------------------------------------------------------------

// The names of the arguments, in the order of the registers; "" for none.
static const struct {
    uint16_t operation;
    const char *argument[STEP_ARGUMENTS];
} argument_names[] = {
    {KOZO_OP_UNTYPED_RETYPE, {"type", "size", "destination", "count"}},
    {KOZO_OP_CNODE_COPY, {"destination"}},
    {KOZO_OP_CNODE_MINT, {"destination", "rights", "value"}},
    {KOZO_OP_CNODE_LEND, {"destination", "rights", "value", "lease"}},
    {KOZO_OP_CNODE_MOVE, {"destination"}},
    {KOZO_OP_LEASE_OPEN, {"deadline", "uses", "outer"}},
    {KOZO_OP_FRAME_MAP, {"destination", "space", "address", "offset", "length", "rights"}},
    {KOZO_OP_MAPPING_SET, {"offset", "length", "rights"}},
    {KOZO_OP_MAPPING_LOWER, {"rights"}},
    {KOZO_OP_ADDRESS_SPACE_CLONE, {"done", "offset", "source", "destination", "count", "rights"}},
    {KOZO_OP_CNODE_DELETE_RUN, {"done", "count"}},
    {KOZO_OP_POOL_TRIM, {"space", "address"}},
    {KOZO_OP_POOL_DONATE, {"memory"}},
    {KOZO_OP_POOL_ATTACH, {"space"}},
    {KOZO_OP_ENDPOINT_CALL, {"info"}},
    {KOZO_OP_ENDPOINT_SEND, {"info"}},
    {KOZO_OP_ENDPOINT_TRY_SEND, {"info"}},
    {KOZO_OP_ENDPOINT_RECV, {nullptr, "reply"}},
    {KOZO_OP_ENDPOINT_TRY_RECV, {nullptr, "reply"}},
    {KOZO_OP_ENDPOINT_REPLY_RECV, {"info", "reply"}},
    {KOZO_OP_ENDPOINT_VERIFY, {"capability"}},
    {KOZO_OP_REPLY_REPLY, {"info"}},
    {KOZO_OP_THREAD_BIND_NOTIFICATION, {"notification"}},
    {KOZO_OP_THREAD_BIND_ENDPOINT, {"endpoint"}},
    {KOZO_OP_THREAD_CONFIGURE, {"cspace", "space", "buffer", "offset", "handler"}},
    {KOZO_OP_TIMER_BIND, {"notification"}},
    {KOZO_OP_TIMER_SET, {"deadline", "period"}},
    {KOZO_OP_THREAD_SET_PRIORITY, {"priority"}},
    {KOZO_OP_THREAD_SET_FOREIGN, {"foreign", "entry", "exempt", "size"}},
    {KOZO_OP_SCHED_CONTEXT_BIND, {"thread"}},
};

#define NAME(number, object, operation, ...) [number] = (#object "." #operation),
static const char *const operation_names[] = {KOZO_OPERATIONS(NAME)};

void step_print(const struct step *step)
{
    static const char *const others[] = {
        [STEP_FAULT] = "the current thread touches unmapped memory",
        [STEP_TURN] = "the turn of the current thread is over",
        [STEP_LATER] = "the deadline passes",
        [STEP_AGAIN] = "the preempted call goes on",
    };

    if (step->kind == STEP_WRITE) {
        (void)printf("the current thread writes %#llx to word %llu of its buffer",
                     (unsigned long long)step->argument[1], (unsigned long long)step->argument[0]);
        return;
    }

    if (step->kind != STEP_CALL) {
        (void)printf("%s", others[step->kind]);
        return;
    }
    (void)printf("%s of %llu", operation_names[step->operation], (unsigned long long)step->handle);
    for (unsigned i = 0; i < sizeof(argument_names) / sizeof(argument_names[0]); i++) {
        if (argument_names[i].operation != step->operation) {
            continue;
        }
        for (unsigned k = 0; k < STEP_ARGUMENTS; k++) {
            if (argument_names[i].argument[k] != nullptr) {
                (void)printf(", %s %#llx", argument_names[i].argument[k],
                             (unsigned long long)step->argument[k]);
            }
        }
    }
}
