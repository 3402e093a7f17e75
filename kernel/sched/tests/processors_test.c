// SPDX-License-Identifier: MIT
#include "sched/processors.h"

#include "arch/host/host.h"
#include "tests/world.h"

constexpr uint64_t AT_OTHER_TIME = AT_FREE; // SchedControl of the second processor
constexpr uint64_t AT_OTHER = AT_FREE + 1;  // Thread and SchedContext, then its buffer
constexpr uint64_t AT_ENDPOINT = AT_FREE + 4;
constexpr uint64_t AT_REPLY = AT_FREE + 5;
constexpr uint64_t AT_SECOND = AT_FREE + 6; // another Thread and SchedContext
constexpr uint64_t AT_MADE = AT_FREE + 9;

// A thread that runs on the second processor; the first thread goes on on the first.
static struct thread *begin(void)
{
    world_begin();
    world_second_processor(AT_OTHER_TIME);
    struct thread *other = world_thread(AT_OTHER);
    world_move(AT_OTHER, AT_OTHER_TIME);
    return other;
}

static struct thread *current_on(unsigned processor)
{
    return kernel.cpu[processor].current;
}

TEST("a thread runs on the processor of its time, at once if that is idle")
{
    const struct thread *first = (begin(), current_on(0));
    const struct thread *other = (const struct thread *)world_object(AT_OTHER);

    CHECK(current_on(1) == other && current_on(0) == first);
    CHECK(other->cpu == 1 && host_deadline(&kernel.cpu[1]) != UINT64_MAX);
}

TEST("giving time of another processor moves a thread, also one that runs, and the caller itself")
{
    struct thread *other = begin();

    world_move(AT_OTHER, AT_SCHED_CONTROL);
    CHECK(current_on(1) == nullptr && other->queued && other->cpu == 0);

    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_OTHER_TIME, AT_CONTEXT, BUDGET_DEFAULT) == WAITS);
    CHECK(current_on(0) == other && current_on(1) == (struct thread *)world_object(AT_THREAD));
}

TEST("only somebody who takes over there interrupts another processor")
{
    struct thread *other = begin();
    struct thread *second = world_thread(AT_SECOND);

    world_move(AT_SECOND, AT_OTHER_TIME);
    CHECK(current_on(1) == other && second->queued);
    CHECK(CALL(THREAD_SET_PRIORITY, AT_OTHER, WORLD_PRIORITY - 1) == KOZO_OK);
    CHECK(current_on(1) == second && other->queued);
}

TEST("a call to a server of another processor is served on the server's own time")
{
    struct thread *server = begin();
    struct thread *client = current_on(0);
    struct thread *rest = world_thread(AT_SECOND);

    world_make(KOZO_TYPE_ENDPOINT, 0, AT_ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, AT_REPLY);
    world_on(1);
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == WAITS && current_on(1) == nullptr);
    world_on(0);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, info_word(0, 1, 0), 0, 42) == WAITS);
    CHECK(current_on(0) == rest && client->time != 0);
    CHECK(current_on(1) == server && server->lender == 0 && world_word(server, 0) == 42);

    world_on(1);
    CHECK(CALL(ENDPOINT_REPLY_RECV, AT_ENDPOINT, info_word(0, 1, 0), AT_REPLY, 43) == WAITS);
    CHECK(current_on(1) == nullptr && client->queued && world_answer(client) == KOZO_OK &&
          world_word(client, 0) == 43);
}

TEST("a call that waits is taken by a server of another processor")
{
    struct thread *server = begin();
    struct thread *client = current_on(0);

    world_make(KOZO_TYPE_ENDPOINT, 0, AT_ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, AT_REPLY);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, info_word(0, 1, 0), 0, 42) == WAITS);
    CHECK(current_on(0) == nullptr);
    world_on(1);
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == KOZO_OK && world_word(server, 0) == 42);
    CHECK(server->lender == 0 && client->time != 0);
    CHECK(CALL(REPLY_REPLY, AT_REPLY, info_word(0, 0, 0)) == KOZO_OK);
    CHECK(current_on(0) == client && world_answer(client) == KOZO_OK);
}

// A server without time that serves the first processor's thread, while a call of the second
// processor's thread waits. Gives the server, which is current on the first processor.
static struct thread *begin_passive(void)
{
    begin();
    struct thread *server = world_thread(AT_SECOND);
    struct thread *client = current_on(0);

    world_make(KOZO_TYPE_ENDPOINT, 0, AT_ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, AT_REPLY);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == WAITS && world_current() == client);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, AT_SECOND + 1) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, info_word(0, 0, 0)) == WAITS);
    world_on(1);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, info_word(0, 0, 0)) == WAITS);
    CHECK(current_on(0) == server && current_on(1) == nullptr);
    return server;
}

TEST("a server without time goes to the processor of each caller")
{
    const struct thread *server = begin_passive();

    world_on(0);
    CHECK(CALL(ENDPOINT_REPLY_RECV, AT_ENDPOINT, info_word(0, 0, 0), AT_REPLY) == WAITS);
    CHECK(current_on(0) == (struct thread *)world_object(AT_THREAD));
    CHECK(current_on(1) == server && server->cpu == 1);
    world_on(1);
    CHECK(CALL(ENDPOINT_REPLY_RECV, AT_ENDPOINT, info_word(0, 0, 0), AT_REPLY) == WAITS);
    CHECK(current_on(1) == (struct thread *)world_object(AT_OTHER) && server->time == 0);
}

TEST("a signal wakes a thread of another processor")
{
    const struct thread *other = begin();

    world_make(KOZO_TYPE_NOTIFICATION, 0, AT_MADE);
    world_on(1);
    CHECK(CALL(NOTIFICATION_WAIT, AT_MADE) == WAITS && current_on(1) == nullptr);
    world_on(0);
    CHECK(CALL(NOTIFICATION_SIGNAL, AT_MADE) == KOZO_OK && current_on(1) == other);
}

TEST("a thread that runs elsewhere is suspended when the call returns, and resumes there")
{
    const struct thread *other = begin();

    CHECK(CALL(THREAD_SUSPEND, AT_OTHER) == KOZO_OK);
    CHECK(current_on(1) == nullptr && other->state == STOPPED);
    CHECK(CALL(THREAD_RESUME, AT_OTHER) == KOZO_OK && current_on(1) == other);
}

TEST("a system call that is overtaken by a suspension has not happened, and comes again")
{
    struct thread *other = begin();
    uint64_t after = other->registers.instruction;

    host.coming_in = true;
    CHECK(CALL(THREAD_SUSPEND, AT_OTHER) == KOZO_OK);
    CHECK(other->registers.instruction == after - HOST_SYSCALL_SIZE);
}

static void suspend_other(void)
{
    struct thread *other = (struct thread *)world_object(AT_OTHER);

    thread_stop(&kernel.cpu[0], other);
    kernel.lock.held = 0;
}

TEST("an entry that waited for the lock while its thread was taken away only chooses anew")
{
    struct cpu *cpu = (begin(), &kernel.cpu[1]);
    const struct thread *other = cpu->current;

    // The first processor has the lock, suspends the thread, and gives the lock back.
    kernel.lock.held = 1;
    world_on(1);
    host.while_waiting = suspend_other;
    CHECK(kernel_syscall(cpu) == nullptr && other->state == STOPPED);
    CHECK(cpu->arch.locked == 1);
    host_exit();
}

TEST("a thread that runs elsewhere can be destroyed, as can its time and what it lives in")
{
    begin();
    CHECK(CALL(CNODE_DELETE, AT_OTHER) == KOZO_OK && current_on(1) == nullptr);

    begin();
    CHECK(CALL(CNODE_DELETE, AT_OTHER + 1) == KOZO_OK && current_on(1) != nullptr);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, AT_OTHER + 1) == KOZO_BAD_HANDLE);

    struct thread *other = begin();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, AT_OTHER + 1) == KOZO_OK);
    CHECK(current_on(1) == nullptr && other->state == READY && other->time == 0);
    CHECK(kernel.cpu[1].context == 0);
}

// Gives the other thread an address space of its own, on a Pool of its own at AT_MADE + 1.
static struct thread *begin_apart(void)
{
    struct thread *other = begin();

    world_make(KOZO_TYPE_POOL, 0, AT_MADE + 1);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, AT_MADE + 2);
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 3, AT_MADE + 3);
    CHECK(CALL(POOL_DONATE, AT_MADE + 1, AT_MADE + 3) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, AT_MADE + 1, AT_MADE + 2) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, AT_OTHER) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, AT_OTHER, 0, AT_MADE + 2) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, AT_OTHER) == KOZO_OK);
    CHECK(current_on(1) == other && kernel.cpu[1].arch.root == thread_root(other));
    return other;
}

TEST("destroying the Pool that another processor's page tables come from stops the thread there")
{
    const struct thread *other = begin_apart();

    CHECK(CALL(CNODE_DELETE, AT_MADE + 1) == KOZO_OK);
    CHECK(current_on(1) == nullptr && other->state == STOPPED);
    CHECK(kernel.cpu[1].arch.root == 0);
}

TEST("an idle processor leaves an address space that is destroyed")
{
    begin_apart();
    CHECK(CALL(THREAD_SUSPEND, AT_OTHER) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, AT_OTHER) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, AT_MADE + 2) == KOZO_OK);
    CHECK(kernel.cpu[1].arch.root == 0);
}

TEST("a page that is unmapped is forgotten by every processor that may have cached it")
{
    begin();
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS + 1, AT_MADE);
    CHECK(CALL(FRAME_MAP, AT_MADE, AT_MADE + 1, AT_SPACE, PAGE, 0, 2 * PAGE, 3) == KOZO_OK);
    host_touch_all();
    unsigned cached = host.tlb_count;
    CHECK(CALL(MAPPING_SET, AT_MADE + 1, 0, PAGE, 0) == KOZO_OK);
    // Two processors each had two pages, and the tables on the way to them.
    CHECK(cached == 2 * (2 + ARCH_LEVELS - 1));
    CHECK(host.tlb_count == 2 && host_stale() == UINT64_MAX);
    CHECK(CALL(CNODE_DELETE, AT_MADE + 1) == KOZO_OK && host.tlb_count == 0);
}

TEST("a processor that is in another address space is not asked to forget")
{
    begin_apart();
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_MADE);
    CHECK(CALL(FRAME_MAP, AT_MADE, AT_MADE + 4, AT_SPACE, PAGE, 0, PAGE, 3) == KOZO_OK);
    CHECK(processors_in(kernel.cpu[0].arch.root) == 1);
    CHECK(CALL(CNODE_DELETE, AT_MADE + 4) == KOZO_OK);
}

TEST("a fault at memory that is there by now is tried again, and any other is one")
{
    const struct thread *other = begin();

    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_MADE);
    CHECK(CALL(FRAME_MAP, AT_MADE, AT_MADE + 1, AT_SPACE, PAGE, 0, PAGE, 3) == KOZO_OK);
    world_on(1);
    world_fault(PAGE);
    CHECK(current_on(1) == other && other->state == READY);
    world_fault(2 * PAGE);
    CHECK(current_on(1) == nullptr && other->state == FAULTED);
}

TEST("a fault that needs a right which the page does not give is one")
{
    const struct thread *other = begin();

    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_MADE);
    CHECK(CALL(FRAME_MAP, AT_MADE, AT_MADE + 1, AT_SPACE, PAGE, 0, PAGE, 1) == KOZO_OK);
    world_on(1);
    world_fault(PAGE);
    CHECK(other->state == FAULTED);
}

TEST("time that another processor uses is charged up to now when it is asked for")
{
    begin();
    host.now += 50;
    CHECK(CALL(SCHED_CONTEXT_INFO, AT_OTHER + 1) == KOZO_OK && world.result[0] == 50);
    CHECK(CALL(THREAD_INFO, AT_OTHER) == KOZO_OK && world.result[2] == 50);
}

TEST("a new budget of time that another processor uses sets the timer there")
{
    begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_OTHER_TIME, AT_OTHER + 1, 200) == KOZO_OK);
    CHECK(host_deadline(&kernel.cpu[1]) <= host.now + 200);
}

TEST("a server whose own time has moved away while it ran on a caller's goes there with its next "
     "receive")
{
    world_begin();
    world_second_processor(AT_OTHER_TIME);
    struct thread *server = world_thread(AT_OTHER);
    const struct thread *first = world_current();
    world_make(KOZO_TYPE_ENDPOINT, 0, AT_ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, AT_REPLY);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, 0) == WAITS);
    CHECK(world_current() == server && server->time != server->context.object);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_OTHER_TIME, AT_OTHER + 1, BUDGET_DEFAULT) == KOZO_OK);
    CHECK(world_current() == server && server->cpu == 0);
    // With the general path, since something waits.
    CHECK(CALL(REPLY_REPLY, AT_REPLY, 0) == KOZO_OK);
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == WAITS);
    CHECK(server->state == RECEIVING && !server->queued && server->cpu == 1);
    CHECK(current_on(0) == first && current_on(1) == nullptr);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, 0) == WAITS);
    CHECK(current_on(1) == server && first->state == CALLING);
}

TEST("a server whose time has moved, and which does not wait, goes on where its time is")
{
    world_begin();
    world_second_processor(AT_OTHER_TIME);
    struct thread *server = world_thread(AT_OTHER);
    world_make(KOZO_TYPE_ENDPOINT, 0, AT_ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, AT_REPLY);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, AT_ENDPOINT, 0, AT_REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_CALL, AT_ENDPOINT, 0) == WAITS);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_OTHER_TIME, AT_OTHER + 1, BUDGET_DEFAULT) == KOZO_OK);
    CHECK(CALL(REPLY_REPLY, AT_REPLY, 0) == KOZO_OK);
    CHECK(world_enter(KOZO_OP_ENDPOINT_TRY_RECV, AT_ENDPOINT, (const uint64_t[9]){0, AT_REPLY}));
    CHECK(server->registers.operation == KOZO_WOULD_BLOCK);
    CHECK(server->cpu == 1 && (current_on(1) == server || server->queued));
    CHECK(current_on(0) != server);
}
