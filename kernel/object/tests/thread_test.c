// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t THREAD = AT_FREE;
constexpr uint64_t CONTEXT = AT_FREE + 1;
constexpr uint64_t A = AT_FREE + 4;
constexpr uint64_t B = AT_FREE + 5;
constexpr uint64_t C = AT_FREE + 6;

static struct thread *fresh(void)
{
    world_begin();
    world_make(KOZO_TYPE_THREAD, 0, THREAD);
    return (struct thread *)world_object(THREAD);
}

static uint64_t in(uint64_t cnode, uint64_t slot)
{
    return cnode | slot << WORLD_CNODE_BITS;
}

// --- configure ----------------------------------------------------------------------------------

TEST("configure gives a thread what it lives in, as children of what was given")
{
    struct thread *thread = fresh();
    world_make(KOZO_TYPE_FRAME, 12, A);
    world_make(KOZO_TYPE_ENDPOINT, 0, B);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, 5) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, A, 1024, C) == KOZO_OK);
    CHECK(thread->cspace.object == world_slot(AT_CNODE)->object);
    CHECK(slot_parent(&thread->space, 8) == world_slot(AT_SPACE));
    CHECK(arch_physical(thread_buffer(thread)) == world_slot(A)->base + 1024);
    CHECK(thread->fault_handler.value == 5);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, 0, A, 512) == KOZO_OK);
    CHECK(arch_physical(thread_buffer(thread)) == world_slot(A)->base + 512);
    CHECK(thread->fault_handler.value == 5);
    // An offset without a Frame says nothing.
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, 0, 0, 1024) == KOZO_OK);
    CHECK(arch_physical(thread_buffer(thread)) == world_slot(A)->base + 512);
}

TEST("a thread may configure itself, but for its address space")
{
    (void)fresh();
    world_make(KOZO_TYPE_CNODE, 2, A);
    CHECK(CALL(CNODE_COPY, AT_CNODE, in(A, 1)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, AT_THREAD, 0, AT_SPACE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CONFIGURE, AT_THREAD, A) == KOZO_OK);
    CHECK(CALL(CNODE_INSPECT, 1 | AT_THREAD << 2) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_THREAD);
}

TEST("a thread that replaces its CNode and is preempted does not use its handles twice")
{
    (void)fresh();
    // The old CNode goes with the thread's capability to it; the new one has nothing at these
    // handles.
    world_make(KOZO_TYPE_CNODE, 6, A);
    world_make(KOZO_TYPE_CNODE, 2, B);
    CHECK(CALL(CNODE_COPY, AT_THREAD, in(A, 10)) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, AT_THREAD, in(B, 3)) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, in(A, 11)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, AT_THREAD, A) == KOZO_OK);
    // The first CNode has AT_CNODE's capability in itself, so it stays; A's second goes.
    CHECK(CALL(THREAD_CONFIGURE, 10, 11) == KOZO_OK);
    CHECK(CALL(CNODE_INSPECT, 3) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_THREAD);
}

TEST("configure is preempted while the old CNode dies, and still answers OK")
{
    (void)fresh();
    world_make(KOZO_TYPE_CNODE, 6, A);
    world_make(KOZO_TYPE_CNODE, 2, B);
    CHECK(CALL(CNODE_COPY, AT_THREAD, in(B, 3)) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, AT_THREAD, in(A, 10)) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, AT_CNODE, in(A, 9)) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, in(A, 11)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, AT_THREAD, A) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, 9 | A << 6) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(THREAD_CONFIGURE, 10, 11) == KOZO_OK);
    CHECK(world.restarts > 8 && kernel.dying == 0);
    CHECK(CALL(CNODE_INSPECT, 3) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_THREAD);
}

TEST("configure refuses wrong handles, types, rights and offsets, and changes nothing then")
{
    const struct thread *thread = fresh();
    world_make(KOZO_TYPE_ENDPOINT, 0, B);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, C);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, WORLD_SLOTS - 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, WORLD_SLOTS - 1, AT_SPACE) == KOZO_BAD_HANDLE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_SPACE) == KOZO_BAD_TYPE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_CNODE) == KOZO_BAD_TYPE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, B) == KOZO_BAD_TYPE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, 0, 0, AT_BUFFER) == KOZO_BAD_TYPE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, C) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, AT_BUFFER, 8) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, AT_BUFFER, PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_BUFFER, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, A) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, B, A + 5, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, 0, 0, A + 5) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_SPACE, A + 6, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, A + 6) == KOZO_NO_RIGHT);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_FRAME, ARCH_PAGE_BITS, A + 7, 1) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE, A + 7) == KOZO_BAD_TYPE);
    CHECK(thread->cspace.type == KOZO_TYPE_NONE && thread->space.type == KOZO_TYPE_NONE);
}

TEST("configure refuses a thread that is not stopped")
{
    world_begin();
    (void)world_thread(THREAD);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE) == KOZO_BAD_STATE);
}

// --- control ------------------------------------------------------------------------------------

TEST("a thread runs from where write_registers put it")
{
    struct thread *thread = fresh();
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, 0x100, 0x200, 3, 4, 0x300) == KOZO_OK);
    CHECK(thread->registers.instruction == 0x100 && thread->registers.stack == 0x200);
    CHECK(thread->registers.handle == 3 && thread->registers.argument[0] == 4);
    CHECK(thread->registers.thread_pointer == 0x300);
    CHECK(CALL(THREAD_READ_REGISTERS, THREAD) == KOZO_OK);
    CHECK(world.result[0] == 0x100 && world.result[1] == 0x200 &&
          world.result[2] == KOZO_THREAD_STOPPED);
}

TEST("write_registers refuses addresses that are not the user's, and a thread that runs")
{
    (void)fresh();
    constexpr uint64_t bad = ARCH_USER_END;
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, bad, 0, 0, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, 0, UINT64_MAX, 0, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, 0, 0, 0, 0, bad) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, bad - 1, bad - 1, 0, 0, bad - 1) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_REGISTERS, AT_THREAD, 0, 0, 0, 0, 0) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_READ_REGISTERS, AT_THREAD) == KOZO_BAD_STATE);
}

TEST("resume refuses a thread that runs or has no address space")
{
    (void)fresh();
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_RESUME, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_BAD_STATE);
}

TEST("a thread without time is ready but does not run, until it is given some")
{
    struct thread *thread = fresh();
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, THREAD, WORLD_PRIORITY) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(!world_run(thread));
    world_make(KOZO_TYPE_SCHED_CONTEXT, 0, CONTEXT);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, 100) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
}

TEST("a thread may suspend itself, and goes on where it was")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *thread = world_thread(THREAD);
    CHECK(world_run(thread));
    CHECK(CALL(THREAD_SUSPEND, THREAD) == WAITS);
    CHECK(thread->state == STOPPED && world_current() == first);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(world_answer(thread) == KOZO_OK);
}

TEST("suspending the last thread leaves the processor idle")
{
    world_begin();
    CHECK(CALL(THREAD_SUSPEND, AT_THREAD) == WAITS);
    CHECK(world_current() == nullptr);
    world_timer();
    CHECK(world_current() == nullptr);
}

TEST("priorities go up to the caller's own")
{
    struct thread *thread = fresh();
    CHECK(CALL(THREAD_SET_PRIORITY, THREAD, WORLD_PRIORITY) == KOZO_OK);
    CHECK(thread->priority == WORLD_PRIORITY);
    CHECK(CALL(THREAD_SET_PRIORITY, THREAD, WORLD_PRIORITY + 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_PRIORITY, THREAD, 256) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_PRIORITY, THREAD, UINT64_MAX) == KOZO_BAD_ARGUMENT);
}

TEST("info tells state, priority and time used")
{
    world_begin();
    (void)world_thread(THREAD);
    host.now += 500;
    CHECK(CALL(THREAD_INFO, AT_THREAD) == KOZO_OK);
    CHECK(world.result[0] == KOZO_THREAD_READY && world.result[1] == WORLD_PRIORITY);
    CHECK(world.result[2] == 500);
    CHECK(CALL(THREAD_INFO, THREAD) == KOZO_OK);
    CHECK(world.result[2] == 0);
    world_make(KOZO_TYPE_THREAD, 0, A);
    CHECK(CALL(THREAD_INFO, A) == KOZO_OK);
    CHECK(world.result[0] == KOZO_THREAD_STOPPED && world.result[2] == 0);
}

TEST("controlling takes CONTROL, looking takes READ")
{
    (void)fresh();
    CHECK(CALL(CNODE_MINT, THREAD, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, THREAD, B, KOZO_RIGHT_CONTROL, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, AT_CNODE) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_SET_PRIORITY, A, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_WRITE_REGISTERS, A) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, A) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_READ_REGISTERS, B) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_INFO, B) == KOZO_NO_RIGHT);
}

// --- faults -------------------------------------------------------------------------------------

constexpr uint64_t HANDLER = AT_FREE + 8;
constexpr uint64_t ENDPOINT = AT_FREE + 10;
constexpr uint64_t REPLY = AT_FREE + 11;

static struct thread *faulty, *handler;

// `faulty` has a fault handler, which waits.
static void begin_faults(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    CHECK(CALL(CNODE_MINT, ENDPOINT, REPLY + 1, UINT64_MAX, 0xbad) == KOZO_OK);
    faulty = world_thread(THREAD);
    handler = world_thread(HANDLER);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, 0, 0, 0, REPLY + 1) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, 0x1234, 0x200, 3, 4, 0) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_run(faulty));
}

TEST("a fault becomes a call to the fault handler, which may let the thread try again")
{
    begin_faults();
    uint64_t operation = faulty->registers.operation;
    uint64_t instruction = faulty->registers.instruction;
    world_fault(0x5000);
    CHECK(world_current() == handler && faulty->state == CALLING && faulty->faulted);
    CHECK(world_badge(handler) == 0xbad);
    CHECK(world_info(handler) == info_word(KOZO_FAULT_PAGE, 5, 0));
    CHECK(world_word(handler, 0) == 0x5000 && world_word(handler, 1) == instruction);
    CHECK(world_word(handler, 2) == KOZO_RIGHT_WRITE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(0, 0, 0), REPLY) == WAITS);
    CHECK(faulty->state == READY && !faulty->faulted);
    CHECK(faulty->registers.operation == operation && faulty->registers.instruction == instruction);
}

TEST("a fault handler may leave the thread stopped, and it can be resumed later")
{
    begin_faults();
    world_fault(0x5000);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(1, 0, 0), REPLY) == WAITS);
    CHECK(faulty->state == FAULTED);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(faulty->state == READY);
}

TEST("a fault waits for a handler that comes later")
{
    begin_faults();
    CHECK(CALL(THREAD_SUSPEND, HANDLER) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, HANDLER) == KOZO_OK);
    world_fault(0x6000);
    CHECK(faulty->state == SENDING);
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK);
    CHECK(world_word(handler, 0) == 0x6000 && faulty->state == CALLING);
}

TEST("a fault that nobody handles stops the thread as FAULTED")
{
    world_begin();
    struct thread *thread = world_thread(THREAD);
    CHECK(world_run(thread));
    world_fault(0x5000);
    CHECK(thread->state == FAULTED && world_current() != thread);
    CHECK(CALL(THREAD_READ_REGISTERS, THREAD) == KOZO_OK);
    CHECK(world.result[2] == KOZO_THREAD_FAULTED);
    CHECK(CALL(THREAD_WRITE_REGISTERS, THREAD, 0x10, 0x20, 0, 0, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
}

TEST("a thread whose fault handler goes away is FAULTED and sees no invented result")
{
    begin_faults();
    uint64_t operation = faulty->registers.operation;
    world_fault(0x5000);
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    CHECK(faulty->state == FAULTED && faulty->registers.operation == operation);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(faulty));
    world_fault(0x5000);
    CHECK(faulty->state == SENDING);
    CHECK(CALL(CNODE_REVOKE, ENDPOINT) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, ENDPOINT) == KOZO_OK);
    CHECK(faulty->state == FAULTED && faulty->registers.operation == operation);
}

TEST("a fault handler that takes the message without a Reply leaves the thread FAULTED")
{
    begin_faults();
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    world_fault(0x5000);
    CHECK(faulty->state == FAULTED && handler->state == READY);
}

TEST("suspending a thread that waits for its fault handler lets it try again later")
{
    begin_faults();
    uint64_t operation = faulty->registers.operation;
    world_fault(0x5000);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(faulty->state == STOPPED && !faulty->faulted);
    CHECK(faulty->registers.operation == operation);
    CHECK(CALL(REPLY_REPLY, REPLY, 0) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
}

// --- init ---------------------------------------------------------------------------------------

static void fault_now(void)
{
    world_fault(0);
}

static void delete_thread_now(void)
{
    (void)CALL(CNODE_DELETE, AT_THREAD);
}

static void delete_another_now(void)
{
    (void)CALL(CNODE_DELETE, THREAD);
}

static void revoke_pool_now(void)
{
    (void)CALL(CNODE_DELETE, AT_POOL);
}

TEST("the end of init is the end of the system")
{
    world_begin();
    kernel.init = link_to(world_current());
    CHECK(strcmp(host_panic_of(fault_now), "init touched memory that is not mapped for it") == 0);
    world_begin();
    kernel.init = link_to(world_current());
    CHECK(strcmp(host_panic_of(delete_thread_now), "init destroyed its own thread") == 0);
    world_begin();
    kernel.init = link_to(world_thread(THREAD));
    CHECK(strcmp(host_panic_of(delete_another_now), "init destroyed its own thread") == 0);
    world_begin();
    kernel.init = link_to(world_current());
    CHECK(strcmp(host_panic_of(revoke_pool_now), "init destroyed its own address space") == 0);
}

// --- cancel -------------------------------------------------------------------------------------

// A thread that waits in one way; the first thread runs, and cancels it.
static struct thread *waiting(unsigned operation, uint64_t type, uint64_t reply)
{
    world_begin();
    struct thread *first = world_current();
    struct thread *thread = world_thread(AT_FREE);
    world_make((enum kozo_object_type)type, 0, AT_FREE + 2);
    world_make(KOZO_TYPE_REPLY, 0, AT_FREE + 3);
    CHECK(world_run(thread));
    CHECK(world_call(operation, AT_FREE + 2, (const uint64_t[9]){0, reply}) == WAITS);
    CHECK(world_current() == first);
    return thread;
}

static void check_cancelled(struct thread *thread)
{
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_OK);
    CHECK(thread->state == READY && world_answer(thread) == KOZO_CANCELLED);
    CHECK(thread->waiting_on == 0 && thread->reply == 0);
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_BAD_STATE);
}

TEST("cancel breaks off a send, a call that is queued, a receive and a wait")
{
    check_cancelled(waiting(KOZO_OP_ENDPOINT_SEND, KOZO_TYPE_ENDPOINT, 0));
    check_cancelled(waiting(KOZO_OP_ENDPOINT_CALL, KOZO_TYPE_ENDPOINT, 0));
    check_cancelled(waiting(KOZO_OP_ENDPOINT_RECV, KOZO_TYPE_ENDPOINT, 0));
    check_cancelled(waiting(KOZO_OP_ENDPOINT_RECV, KOZO_TYPE_ENDPOINT, AT_FREE + 3));
    check_cancelled(waiting(KOZO_OP_NOTIFICATION_WAIT, KOZO_TYPE_NOTIFICATION, 0));
}

TEST("cancel breaks off a call that was accepted, whose answer then has nobody to go to")
{
    struct thread *thread = waiting(KOZO_OP_ENDPOINT_CALL, KOZO_TYPE_ENDPOINT, 0);
    CHECK(CALL(ENDPOINT_RECV, AT_FREE + 2, 0, AT_FREE + 3) == KOZO_OK);
    CHECK(thread->state == CALLING);
    check_cancelled(thread);
    CHECK(CALL(REPLY_REPLY, AT_FREE + 3, 0) == KOZO_BAD_STATE);
    CHECK(thread->time == link_to(world_context(AT_FREE + 1)));
}

TEST("a cancelled receive leaves its Reply free for the next")
{
    struct thread *thread = waiting(KOZO_OP_ENDPOINT_RECV, KOZO_TYPE_ENDPOINT, AT_FREE + 3);
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(CALL(ENDPOINT_RECV, AT_FREE + 2, 0, AT_FREE + 3) == WAITS);
}

TEST("cancel leaves a thread whose fault waits for its handler stopped")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *thread = world_thread(AT_FREE);
    world_make(KOZO_TYPE_ENDPOINT, 0, AT_FREE + 2);
    CHECK(CALL(THREAD_SUSPEND, AT_FREE) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, AT_FREE, 0, 0, 0, 0, AT_FREE + 2) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, AT_FREE) == KOZO_OK);
    CHECK(world_run(thread));
    world_fault(0x1000);
    CHECK(world_current() == first && thread->state == SENDING);
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_OK);
    CHECK(thread->state == FAULTED);
}

TEST("cancel refuses a thread that does not wait, and needs CONTROL")
{
    world_begin();
    (void)world_thread(AT_FREE);
    CHECK(CALL(THREAD_CANCEL, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_SUSPEND, AT_FREE) == KOZO_OK);
    CHECK(CALL(THREAD_CANCEL, AT_FREE) == KOZO_BAD_STATE);
    CHECK(CALL(CNODE_MINT, AT_FREE, AT_FREE + 2, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_CANCEL, AT_FREE + 2) == KOZO_NO_RIGHT);
}

TEST("what a thread had begun to delete goes with the call that suspends it")
{
    constexpr uint64_t STORAGE = AT_FREE + 3;

    world_begin();
    const struct thread *first = world_current();
    const struct thread *second = world_thread(AT_FREE);
    world_make(KOZO_TYPE_CNODE, 4, STORAGE);
    for (uint64_t i = 1; i < 16; i++) {
        CHECK(CALL(CNODE_COPY, AT_THREAD, STORAGE | i << WORLD_CNODE_BITS) == KOZO_OK);
    }
    CHECK(world_run(second));
    uint64_t limit = host_work_limit;
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, STORAGE, (uint64_t[9]){}));
    CHECK(world_is_empty(STORAGE) && kernel.dying != 0);
    host_work_limit = limit;
    CHECK(world_run(first) && kernel.dying != 0);
    host_work_limit = 1;
    CHECK(CALL(THREAD_SUSPEND, AT_FREE) == KOZO_OK && world.restarts > 1);
    CHECK(second->state == STOPPED && kernel.dying == 0);
}

// --- The end ------------------------------------------------------------------------------------

TEST("a thread that is ready ends at once, and all that it held is free again")
{
    (void)fresh();
    struct thread *other = world_thread_with_buffer(A);
    world_make(KOZO_TYPE_ENDPOINT, 0, B + 3);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, 0, 0, 0, 0, B + 3) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    CHECK(other->queued && other->fault_handler.type == KOZO_TYPE_ENDPOINT);
    uint32_t cnodes = world_object(AT_CNODE)->grave.header.references;
    uint32_t spaces = world_object(AT_SPACE)->grave.header.references;
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world.restarts == 0 && world_is_empty(A));
    CHECK(world_object(AT_CNODE)->grave.header.references == cnodes - 1);
    CHECK(world_object(AT_SPACE)->grave.header.references == spaces - 1);
    CHECK(world_object(B + 3)->grave.header.references == 1);
    // Its time belongs to nobody.
    CHECK(CALL(SCHED_CONTEXT_BIND, A + 1, THREAD) == KOZO_OK);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
}

TEST("what a thread at rest had the last capability of ends with it")
{
    struct thread *thread = fresh();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_MINT, A, B, UINT64_MAX, 5) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, AT_SPACE, 0, 0, B) == KOZO_OK);
    world_make(KOZO_TYPE_CNODE, 2, C);
    CHECK(CALL(CNODE_COPY, A, in(C, 1)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, C) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK && CALL(CNODE_DELETE, C) == KOZO_OK);
    CHECK(world_object(A)->grave.header.references == 3 && thread->state == STOPPED);
    CHECK(CALL(CNODE_DELETE, THREAD) == KOZO_OK);
    CHECK(world_object(A)->grave.header.references == 1 && kernel.dying == 0);
}

TEST("a thread that something is bound to does not end before that is cut")
{
    (void)fresh();
    (void)world_thread(C);
    world_make(KOZO_TYPE_NOTIFICATION, 0, A);
    world_make(KOZO_TYPE_ENDPOINT, 0, B);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, THREAD, A) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, C, A) == KOZO_OK);
    world_make(KOZO_TYPE_THREAD, 0, THREAD);
    CHECK(CALL(THREAD_BIND_ENDPOINT, THREAD, B) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, C, B) == KOZO_OK);
}

TEST("a thread that does not end at once is stopped before anything of it goes")
{
    (void)fresh();
    const struct thread *other = world_thread(A);
    world_make(KOZO_TYPE_NOTIFICATION, 0, C);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, A, C) == KOZO_OK);
    CHECK(other->queued);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, A, (uint64_t[9]){}));
    CHECK(other->state == STOPPED && other->space.type == KOZO_TYPE_ADDRESS_SPACE);
    CHECK(CALL(KERNEL_NULL, 0) == KOZO_OK && kernel.dying == 0);
}

TEST("a thread that waits, or that runs, does not end at once")
{
    (void)fresh();
    struct thread *other = world_thread(A);
    world_make(KOZO_TYPE_NOTIFICATION, 0, C);
    CHECK(world_run(other));
    CHECK(CALL(NOTIFICATION_WAIT, C) == WAITS);
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(((struct notification *)world_object(C))->waitable.queue.first == 0);
    CHECK(CALL(CNODE_DELETE, A + 1) == KOZO_OK);
    other = world_thread(A);
    CHECK(world_run(other));
    CHECK(CALL(CNODE_DELETE, A) == WAITS);
    CHECK(world_current() != other && world_is_empty(A));
}
