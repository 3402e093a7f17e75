// SPDX-License-Identifier: MIT
// The world of the kernel's tests, and the program that runs them.
#include "kernel_test.h"

#include <kozo/machine.h>

constexpr size_t THREADS = 4;
constexpr size_t STACK_SIZE = 4096;
constexpr uint64_t BUDGET = 1000;

static uint64_t next_slot;
static size_t threads;
static struct kozo_endpoint fault_handler;
alignas(16) static unsigned char stacks[THREADS][STACK_SIZE];

static struct {
    void (*function)(void *argument);
    void *argument;
    struct kozo_notification end; // where the thread waits when it is done
} starts[THREADS];

struct kozo_untyped memory(void)
{
    return (struct kozo_untyped){kozo_granted("memory")};
}

struct kozo_cnode own_cnode(void)
{
    return (struct kozo_cnode){kozo_granted("self.cnode")};
}

struct kozo_address_space own_space(void)
{
    return (struct kozo_address_space){kozo_granted("self.space")};
}

struct kozo_thread own_thread(void)
{
    return (struct kozo_thread){kozo_granted("self.thread")};
}

uint64_t empty_slots(uint64_t count)
{
    uint64_t first = next_slot;
    next_slot += count;
    return first;
}

enum kozo_error carve(enum kozo_object_type type, uint64_t size, uint64_t destination)
{
    return kozo_untyped_retype(memory(), type, size, slot(destination), 1);
}

uint64_t make_sized(enum kozo_object_type type, uint64_t size)
{
    uint64_t destination = empty_slot();
    enum kozo_error error = carve(type, size, destination);
    CHECK(error == KOZO_OK);
    return error == KOZO_OK ? destination : 0;
}

uint64_t with_rights(uint64_t handle, uint64_t rights)
{
    uint64_t destination = empty_slot();
    CHECK(mint(handle, destination, rights, 0) == KOZO_OK);
    return destination;
}

uint64_t with_badge(uint64_t handle, uint64_t badge)
{
    uint64_t destination = empty_slot();
    CHECK(mint(handle, destination, ALL_RIGHTS, badge) == KOZO_OK);
    return destination;
}

[[noreturn]] static void run_thread(uint64_t number)
{
    starts[number].function(starts[number].argument);
    while (true) {
        (void)kozo_notification_wait(starts[number].end);
    }
}

void set_fault_handler(struct kozo_endpoint handler)
{
    fault_handler = handler;
}

struct kozo_thread make_thread(void (*function)(void *argument), void *argument, uint64_t priority)
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    CHECK(threads < THREADS);
    size_t number = threads < THREADS ? threads++ : 0;
    starts[number].function = function;
    starts[number].argument = argument;
    starts[number].end.handle = make(KOZO_TYPE_NOTIFICATION);
    // As after a call, as the processor's ABI has it at a function's start.
    uint64_t stack = (uint64_t)(stacks[number] + STACK_SIZE) - 8;
    CHECK(kozo_thread_configure(thread, own_cnode(), own_space(), (struct kozo_frame){}, 0,
                                fault_handler) == KOZO_OK);
    CHECK(kozo_thread_write_registers(thread, (uint64_t)run_thread, stack, number, 0, 0) ==
          KOZO_OK);
    CHECK(kozo_thread_set_priority(thread, priority) == KOZO_OK);
    CHECK(kozo_sched_control_configure((struct kozo_sched_control){kozo_granted("time")}, context,
                                       BUDGET, 0) == KOZO_OK);
    CHECK(kozo_sched_context_bind(context, thread) == KOZO_OK);
    return thread;
}

struct kozo_thread start_thread(void (*function)(void *argument), void *argument, uint64_t priority)
{
    struct kozo_thread thread = make_thread(function, argument, priority);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    return thread;
}

void let_others_run(void)
{
    for (int i = 0; i < 4; i++) {
        (void)kozo_kernel_yield();
    }
}

void spin(uint64_t milliseconds)
{
    uint64_t start = kozo_ticks();
    while (kozo_ticks() - start < kozo_process_info()->tsc_frequency / 1000 * milliseconds) {
    }
}

// Takes apart what the last test made: first the slots, then whatever hides behind them.
void test_clean(void)
{
    (void)kozo_thread_bind_notification(own_thread(), (struct kozo_notification){});
    for (uint64_t used = kozo_process_info()->free_slot; used < next_slot; used++) {
        (void)kozo_cnode_delete(slot(used));
    }
    (void)kozo_cnode_revoke(slot(memory().handle));
    next_slot = kozo_process_info()->free_slot;
    threads = 0;
    fault_handler = (struct kozo_endpoint){};
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    next_slot = kozo_process_info()->free_slot;
    return test_main();
}
