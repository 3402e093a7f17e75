// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "entry.h"
#include "sched/queue.h"
#include "sched/scheduler.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t B = AT_FREE + 2;
constexpr uint64_t C = AT_FREE + 4;

TEST("threads of one priority take turns")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    struct thread *b = world_thread(B);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == a);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == b);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == first);
}

TEST("a thread that is alone keeps running when it yields")
{
    world_begin();
    struct thread *first = world_current();
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == first);
}

TEST("the timer ends a turn that is used up")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    CHECK(host.deadline == host.now + BUDGET_DEFAULT);
    host.now = host.deadline;
    world_timer();
    CHECK(world_current() == a);
    CHECK(host.deadline == host.now + BUDGET_DEFAULT);
    host.now = host.deadline;
    world_timer();
    CHECK(world_current() == first);
}

TEST("a timer that comes early only sets itself again")
{
    world_begin();
    struct thread *first = world_current();
    (void)world_thread(A);
    uint64_t end = host.deadline;
    host.now += 10;
    host.deadline = UINT64_MAX;
    world_timer();
    CHECK(world_current() == first && host.deadline == end);
}

TEST("a turn goes on after an interruption by a higher priority")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    struct thread *b = world_thread(B);
    world_make(KOZO_TYPE_NOTIFICATION, 0, C);
    CHECK(world_run(a));
    CHECK(CALL(NOTIFICATION_WAIT, C) == WAITS);
    CHECK(world_run(first));
    a->priority = WORLD_PRIORITY + 1;
    a->own_priority = WORLD_PRIORITY + 1;
    CHECK(CALL(NOTIFICATION_SIGNAL, C) == KOZO_OK);
    CHECK(world_current() == a);
    CHECK(CALL(NOTIFICATION_WAIT, C) == WAITS);
    CHECK(world_current() == first && b->queued);
}

TEST("the highest priority runs, and a lower one when it waits")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    CHECK(CALL(THREAD_SET_PRIORITY, A, 0) == KOZO_OK);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == first);
    world_make(KOZO_TYPE_NOTIFICATION, 0, C);
    CHECK(CALL(NOTIFICATION_WAIT, C) == WAITS);
    CHECK(world_current() == a);
    CHECK(CALL(NOTIFICATION_SIGNAL, C) == KOZO_OK);
    CHECK(world_current() == first);
}

TEST("lowering one's own priority lets the others go first")
{
    world_begin();
    struct thread *first = world_current();
    struct thread *a = world_thread(A);
    CHECK(CALL(THREAD_SET_PRIORITY, AT_THREAD, 1) == KOZO_OK);
    CHECK(world_current() == a);
    CHECK(first->queued && first->priority == 1);
    CHECK(CALL(THREAD_SET_PRIORITY, A, 0) == KOZO_OK);
    CHECK(world_current() == first);
}

TEST("every priority has its own list")
{
    static const unsigned priorities[] = {0, 1, 62, 63, 64, 99, WORLD_PRIORITY};
    world_begin();
    struct thread *a = world_thread(A);
    for (unsigned i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
        CHECK(CALL(THREAD_SET_PRIORITY, A, priorities[i]) == KOZO_OK);
        CHECK(a->queued);
    }
    world_current()->priority = 255;
    world_current()->own_priority = 255;
    CHECK(CALL(THREAD_SET_PRIORITY, A, 255) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, A, 192) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, A, 128) == KOZO_OK);
}

TEST("time is charged to who used it")
{
    world_begin();
    struct thread *a = world_thread(A);
    host.now += 70;
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == a);
    host.now += 5;
    CHECK(CALL(SCHED_CONTEXT_INFO, A + 1) == KOZO_OK);
    CHECK(world.result[0] == 5 && world.result[1] == BUDGET_DEFAULT);
    CHECK(CALL(SCHED_CONTEXT_INFO, AT_CONTEXT) == KOZO_OK);
    CHECK(world.result[0] == 70);
}

TEST("a call and its answer read no clock and set no timer")
{
    world_begin();
    struct thread *client = world_current();
    struct thread *server = world_thread(A);
    world_make(KOZO_TYPE_ENDPOINT, 0, B);
    world_make(KOZO_TYPE_REPLY, 0, C);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, B, 0, C) == WAITS);
    CHECK(world_run(client));
    uint64_t set = host.timer_set;
    host.step = 1;
    uint64_t now = host.now;
    CHECK(CALL(ENDPOINT_CALL, B, 0) == WAITS);
    CHECK(CALL(ENDPOINT_REPLY_RECV, B, 0, C) == WAITS);
    CHECK(world_current() == client);
    CHECK(host.now == now && host.timer_set == set);
}

TEST("a processor with nobody ready is idle, and an interrupt or the timer may come")
{
    world_begin();
    world_make(KOZO_TYPE_NOTIFICATION, 0, A);
    CHECK(CALL(NOTIFICATION_WAIT, A) == WAITS);
    CHECK(world_current() == nullptr);
    world_timer();
    world_interrupt(0);
    CHECK(world_current() == nullptr);
}

TEST("a yield with everything used up does not end the time")
{
    world_begin();
    host.now += 10 * BUDGET_DEFAULT;
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_INFO, AT_CONTEXT) == KOZO_OK);
    CHECK(world.result[0] == 10 * BUDGET_DEFAULT);
    world_timer();
    CHECK(world_context(AT_CONTEXT)->left == BUDGET_DEFAULT);
}

// --- queues -------------------------------------------------------------------------------------

TEST("a queue gives threads back from any place")
{
    world_begin();
    struct thread *a = (struct thread *)(host_ram + HOST_RAM / 2);
    struct thread *b = (struct thread *)(host_ram + HOST_RAM / 2 + 1024);
    struct thread *c = (struct thread *)(host_ram + HOST_RAM / 2 + 2048);
    memset(a, 0, 3072);
    struct thread_queue queue = {};
    queue_push(&queue, b);
    queue_push(&queue, c);
    queue_push_first(&queue, a);
    CHECK(queue.first == link_to(a) && queue.last == link_to(c));
    queue_remove(&queue, b);
    CHECK(a->queue_next == link_to(c) && c->queue_previous == link_to(a));
    queue_remove(&queue, c);
    CHECK(queue.first == queue.last);
    queue_remove(&queue, a);
    CHECK(queue.first == 0 && queue.last == 0);
    queue_push_first(&queue, a);
    CHECK(queue.first == link_to(a) && queue.last == link_to(a));
}
