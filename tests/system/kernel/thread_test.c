// SPDX-License-Identifier: MIT
// Threads, priorities, time, and faults.
#include "kernel_test.h"

static volatile uint64_t counter;
static volatile uint64_t other_counter;
static char order[16];
static volatile size_t ordered;

static void count(void *argument)
{
    volatile uint64_t *to = argument;
    while (true) {
        (*to)++;
    }
}

static void note(void *argument)
{
    order[ordered++] = *(const char *)argument;
}

static void set_up(void)
{
    counter = 0;
    other_counter = 0;
    ordered = 0;
}

TEST("a thread runs its function with its argument")
{
    set_up();
    struct kozo_thread thread = start_thread(note, "x", OWN_PRIORITY);
    let_others_run();
    CHECK(ordered == 1 && order[0] == 'x');
    CHECK(state_of(thread) == KOZO_THREAD_WAITING);
}

TEST("a thread that is not resumed does not run")
{
    set_up();
    struct kozo_thread thread = make_thread(note, "x", OWN_PRIORITY);
    let_others_run();
    CHECK(ordered == 0 && state_of(thread) == KOZO_THREAD_STOPPED);
}

// Waits until both have counted on: on a busy machine a turn may pass without one instruction.
static bool both_count_on(uint64_t one, uint64_t two)
{
    for (unsigned i = 0; i < 500 && (counter == one || other_counter == two); i++) {
        spin(10);
    }
    return counter > one && other_counter > two;
}

TEST("threads of the same priority take turns, without giving way themselves")
{
    set_up();
    (void)start_thread(count, (void *)&counter, OWN_PRIORITY);
    (void)start_thread(count, (void *)&other_counter, OWN_PRIORITY);
    CHECK(both_count_on(0, 0));
    CHECK(both_count_on(counter, other_counter));
}

TEST("a thread of lower priority waits until those above wait")
{
    set_up();
    (void)start_thread(count, (void *)&counter, OWN_PRIORITY - 1);
    spin(30);
    let_others_run();
    CHECK(counter == 0);
}

static struct kozo_notification all_done;

static void note_last(void *argument)
{
    note(argument);
    (void)kozo_notification_signal(all_done);
}

TEST("ready threads run by priority, not by the order of their start")
{
    set_up();
    all_done.handle = make(KOZO_TYPE_NOTIFICATION);
    (void)start_thread(note, "b", OWN_PRIORITY - 2);
    (void)start_thread(note_last, "d", OWN_PRIORITY - 4);
    (void)start_thread(note, "a", OWN_PRIORITY - 1);
    (void)start_thread(note, "c", OWN_PRIORITY - 3);
    CHECK(ordered == 0);
    CHECK(kozo_notification_wait(all_done).error == KOZO_OK);
    CHECK(ordered == 4);
    CHECK(order[0] == 'a' && order[1] == 'b' && order[2] == 'c' && order[3] == 'd');
}

TEST("suspend stops a thread, and resume lets it go on")
{
    set_up();
    struct kozo_thread thread = start_thread(count, (void *)&counter, OWN_PRIORITY);
    spin(30);
    CHECK(kozo_thread_suspend(thread) == KOZO_OK);
    uint64_t stopped = counter;
    CHECK(stopped > 0 && state_of(thread) == KOZO_THREAD_STOPPED);
    spin(30);
    CHECK(counter == stopped);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    spin(30);
    CHECK(counter > stopped);
}

static volatile enum kozo_error ended;
static struct kozo_notification never;

static void wait_for_never(void *argument)
{
    (void)argument;
    ended = kozo_notification_wait(never).error;
}

TEST("suspend breaks off a wait, which answers CANCELLED after resume")
{
    set_up();
    ended = KOZO_UNSEEDED;
    never.handle = make(KOZO_TYPE_NOTIFICATION);
    struct kozo_thread thread = start_thread(wait_for_never, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_WAITING);
    CHECK(kozo_thread_suspend(thread) == KOZO_OK);
    let_others_run();
    CHECK(ended == KOZO_UNSEEDED);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    let_others_run();
    CHECK(ended == KOZO_CANCELLED);
}

TEST("resume refuses a thread that is not stopped, and one without an AddressSpace")
{
    set_up();
    struct kozo_thread running = start_thread(count, (void *)&counter, OWN_PRIORITY);
    CHECK(kozo_thread_resume(running) == KOZO_BAD_STATE);
    CHECK(kozo_thread_resume((struct kozo_thread){make(KOZO_TYPE_THREAD)}) == KOZO_BAD_STATE);
}

TEST("a priority above the caller's own, or above 255, is refused")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_thread_set_priority(thread, OWN_PRIORITY) == KOZO_OK);
    CHECK(kozo_thread_info(thread).priority == OWN_PRIORITY);
    CHECK(kozo_thread_set_priority(thread, OWN_PRIORITY + 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_set_priority(thread, 256) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_set_priority(thread, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_info(thread).priority == OWN_PRIORITY);
}

TEST("registers are written only to a stopped thread, and only user addresses")
{
    set_up();
    struct kozo_thread thread = make_thread(count, (void *)&counter, OWN_PRIORITY);
    CHECK(kozo_thread_write_registers(thread, 0xffffffff80000000, 0, 0, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_registers(thread, 0x800000000000, 0, 0, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_registers(thread, 0x400000, 0, 0, 0, 0xffff800000000000) ==
          KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(kozo_thread_write_registers(thread, 0x400000, 0, 0, 0, 0) == KOZO_BAD_STATE);
}

TEST("the registers of a stopped thread can be read")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_thread_write_registers(thread, 0x401234, 0x500000, 0, 0, 0) == KOZO_OK);
    struct kozo_thread_read_registers_result is = kozo_thread_read_registers(thread);
    CHECK(is.error == KOZO_OK && is.instruction == 0x401234 && is.stack == 0x500000);
    CHECK(is.state == KOZO_THREAD_STOPPED);
    CHECK(kozo_thread_read_registers(own_thread()).error == KOZO_BAD_STATE);
}

TEST("changing a thread needs CONTROL, and reading it READ")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    struct kozo_thread look = {with_rights(thread.handle, KOZO_RIGHT_READ)};
    struct kozo_thread blind = {with_rights(thread.handle, KOZO_RIGHT_CONTROL)};
    CHECK(kozo_thread_resume(look) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_suspend(look) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_set_priority(look, 1) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_write_registers(look, 0x400000, 0, 0, 0, 0) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_configure(look, own_cnode(), own_space(), (struct kozo_frame){}, 0,
                                (struct kozo_endpoint){}) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_info(blind).error == KOZO_NO_RIGHT);
    CHECK(kozo_thread_read_registers(blind).error == KOZO_NO_RIGHT);
}

static enum kozo_error configure(struct kozo_thread thread, uint64_t cnode, uint64_t space,
                                 uint64_t frame, uint64_t offset, uint64_t handler)
{
    return kozo_thread_configure(thread, (struct kozo_cnode){cnode},
                                 (struct kozo_address_space){space}, (struct kozo_frame){frame},
                                 offset, (struct kozo_endpoint){handler});
}

TEST("configure refuses capabilities of the wrong type, or none")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    uint64_t wrong = make(KOZO_TYPE_NOTIFICATION);
    CHECK(configure(thread, wrong, 0, 0, 0, 0) == KOZO_BAD_TYPE);
    CHECK(configure(thread, 0, wrong, 0, 0, 0) == KOZO_BAD_TYPE);
    CHECK(configure(thread, 0, 0, wrong, 0, 0) == KOZO_BAD_TYPE);
    CHECK(configure(thread, 0, 0, 0, 0, wrong) == KOZO_BAD_TYPE);
    CHECK(configure(thread, empty_slot(), 0, 0, 0, 0) == KOZO_BAD_HANDLE);
}

TEST("configure refuses an IPC buffer that is misplaced or can't be written")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    CHECK(configure(thread, 0, 0, frame, 8, 0) == KOZO_BAD_ARGUMENT);
    CHECK(configure(thread, 0, 0, frame, PAGE, 0) == KOZO_BAD_ARGUMENT);
    CHECK(configure(thread, 0, 0, frame, -512ul, 0) == KOZO_BAD_ARGUMENT);
    CHECK(configure(thread, 0, 0, with_rights(frame, KOZO_RIGHT_READ), 0, 0) == KOZO_NO_RIGHT);
    CHECK(configure(thread, 0, 0, frame, PAGE - 512, 0) == KOZO_OK);
}

TEST("configure refuses an AddressSpace on no Pool, and a fault handler without WRITE")
{
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(configure(thread, 0, make(KOZO_TYPE_ADDRESS_SPACE), 0, 0, 0) == KOZO_BAD_STATE);
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    CHECK(configure(thread, 0, 0, 0, 0, with_rights(endpoint, KOZO_RIGHT_READ)) == KOZO_NO_RIGHT);
    CHECK(configure(thread, 0, 0, 0, 0, endpoint) == KOZO_OK);
}

TEST("configure refuses a thread that runs")
{
    set_up();
    struct kozo_thread thread = start_thread(count, (void *)&counter, OWN_PRIORITY);
    CHECK(configure(thread, own_cnode().handle, 0, 0, 0, 0) == KOZO_BAD_STATE);
}

TEST("a thread's time is counted")
{
    set_up();
    struct kozo_thread thread = make_thread(count, (void *)&counter, OWN_PRIORITY);
    CHECK(kozo_thread_info(thread).time == 0);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    spin(40);
    uint64_t time = kozo_thread_info(thread).time;
    CHECK(time > 0);
    CHECK(time < kozo_process_info()->tsc_frequency);
}

// --- Faults -------------------------------------------------------------------------------------

static void illegal(void *argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

// Stops before the second instruction, which the handler lets the thread try again.
static void write_there(void *argument)
{
    *(volatile uint64_t *)argument = 77;
    counter = 1;
}

TEST("an exception is a message to the fault handler, with its number")
{
    set_up();
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    struct kozo_reply reply = {make(KOZO_TYPE_REPLY)};
    set_fault_handler((struct kozo_endpoint){with_badge(handler.handle, 123)});
    (void)start_thread(illegal, nullptr, OWN_PRIORITY);
    struct kozo_received fault = kozo_endpoint_recv(handler, reply);
    CHECK(fault.error == KOZO_OK && fault.badge == 123);
    CHECK(fault.message.info.label == KOZO_FAULT_EXCEPTION);
    CHECK(fault.message.info.length == sizeof(struct kozo_fault_message) / 8);
    CHECK(fault.message.word[offsetof(struct kozo_fault_message, exception) / 8] == 6);
}

TEST("a page fault that the handler mends goes on as if nothing had been")
{
    set_up();
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    struct kozo_reply reply = {make(KOZO_TYPE_REPLY)};
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 12)};
    set_fault_handler(handler);
    (void)start_thread(write_there, (void *)(FREE_ADDRESS + 24), OWN_PRIORITY);
    struct kozo_received fault = kozo_endpoint_recv(handler, reply);
    CHECK(fault.message.info.label == KOZO_FAULT_PAGE);
    CHECK(fault.message.word[offsetof(struct kozo_fault_message, address) / 8] ==
          FREE_ADDRESS + 24);
    CHECK(fault.message.word[offsetof(struct kozo_fault_message, access) / 8] == KOZO_RIGHT_WRITE);
    REQUIRE(kozo_frame_map(frame, slot(empty_slot()), own_space(), FREE_ADDRESS, 0, PAGE,
                           KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK);
    CHECK(kozo_reply_reply(reply, (struct kozo_message){}) == KOZO_OK);
    // The next receive sends the thread's time home.
    CHECK(kozo_endpoint_try_recv(handler, reply).error == KOZO_WOULD_BLOCK);
    let_others_run();
    CHECK(counter == 1 && *(volatile uint64_t *)(FREE_ADDRESS + 24) == 77);
}

TEST("a fault that is answered with another label leaves the thread stopped")
{
    set_up();
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    struct kozo_reply reply = {make(KOZO_TYPE_REPLY)};
    set_fault_handler(handler);
    struct kozo_thread thread = start_thread(illegal, nullptr, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    CHECK(kozo_reply_reply(reply, message(1, 0)) == KOZO_OK);
    let_others_run();
    uint64_t state = state_of(thread);
    CHECK(state == KOZO_THREAD_FAULTED || state == KOZO_THREAD_STOPPED);
    CHECK(kozo_endpoint_try_recv(handler, reply).error == KOZO_WOULD_BLOCK);
}

TEST("a fault without a handler stops the thread as FAULTED")
{
    set_up();
    struct kozo_thread thread = start_thread(illegal, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_FAULTED);
}

TEST("a fault whose handler goes away stops the thread as FAULTED")
{
    set_up();
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    set_fault_handler(handler);
    struct kozo_thread thread = start_thread(illegal, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(state_of(thread) != KOZO_THREAD_FAULTED);
    CHECK(kozo_cnode_revoke(slot(handler.handle)) == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(handler.handle)) == KOZO_OK);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_FAULTED);
}

TEST("a thread that is deleted while it runs is gone")
{
    set_up();
    struct kozo_thread thread = start_thread(count, (void *)&counter, OWN_PRIORITY);
    spin(30);
    CHECK(kozo_cnode_delete(slot(thread.handle)) == KOZO_OK);
    uint64_t stopped = counter;
    spin(30);
    CHECK(counter == stopped);
}

// --- Time ---------------------------------------------------------------------------------------

static struct kozo_sched_control control(void)
{
    return (struct kozo_sched_control){kozo_granted("time")};
}

TEST("a SchedContext is set to a budget within its range only")
{
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    CHECK(kozo_sched_control_configure(control(), context, 99, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_sched_control_configure(control(), context, 1'000'001, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_sched_control_configure(control(), context, 100, 0) == KOZO_OK);
    CHECK(kozo_sched_control_configure(control(), context, 1'000'000, 0) == KOZO_OK);
    CHECK(kozo_sched_context_info(context).budget > 0);
    struct kozo_sched_context look = {with_rights(context.handle, KOZO_RIGHT_READ)};
    CHECK(kozo_sched_control_configure(control(), look, 1000, 0) == KOZO_NO_RIGHT);
}

TEST("a SchedContext needs a processor before it is given to a thread")
{
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_sched_context_bind(context, thread) == KOZO_BAD_STATE);
    CHECK(kozo_sched_control_configure(control(), context, 1000, 0) == KOZO_OK);
    CHECK(kozo_sched_context_bind(context, thread) == KOZO_OK);
    CHECK(kozo_sched_context_bind(context, thread) == KOZO_BAD_STATE);
}

TEST("a SchedContext belongs to one thread, and a thread has one")
{
    struct kozo_sched_context one = {make(KOZO_TYPE_SCHED_CONTEXT)};
    struct kozo_sched_context two = {make(KOZO_TYPE_SCHED_CONTEXT)};
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    struct kozo_thread other = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_sched_control_configure(control(), one, 1000, 0) == KOZO_OK);
    CHECK(kozo_sched_control_configure(control(), two, 1000, 0) == KOZO_OK);
    CHECK(kozo_sched_context_bind(one, thread) == KOZO_OK);
    CHECK(kozo_sched_context_bind(two, thread) == KOZO_BAD_STATE);
    CHECK(kozo_sched_context_bind(one, other) == KOZO_BAD_STATE);
    CHECK(kozo_sched_context_unbind(one) == KOZO_OK);
    CHECK(kozo_sched_context_bind(one, other) == KOZO_OK);
}

TEST("a thread without time does not run")
{
    set_up();
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_thread_configure(thread, own_cnode(), own_space(), (struct kozo_frame){}, 0,
                                (struct kozo_endpoint){}) == KOZO_OK);
    CHECK(kozo_thread_write_registers(thread, (uint64_t)count, FREE_ADDRESS, (uint64_t)&counter, 0,
                                      0) == KOZO_OK);
    CHECK(kozo_thread_set_priority(thread, OWN_PRIORITY) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    let_others_run();
    spin(20);
    CHECK(counter == 0);
}

TEST("changing a SchedContext needs CONTROL, and asking it READ")
{
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    struct kozo_sched_context look = {with_rights(context.handle, KOZO_RIGHT_READ)};
    struct kozo_sched_context blind = {with_rights(context.handle, KOZO_RIGHT_CONTROL)};
    struct kozo_thread thread = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_sched_context_bind(look, thread) == KOZO_NO_RIGHT);
    CHECK(kozo_sched_context_unbind(look) == KOZO_NO_RIGHT);
    CHECK(kozo_sched_context_info(blind).error == KOZO_NO_RIGHT);
    struct kozo_thread frozen = {with_rights(thread.handle, KOZO_RIGHT_READ)};
    CHECK(kozo_sched_control_configure(control(), context, 1000, 0) == KOZO_OK);
    CHECK(kozo_sched_context_bind(context, frozen) == KOZO_NO_RIGHT);
}

// --- cancel -------------------------------------------------------------------------------------

static struct kozo_endpoint meeting;
static struct kozo_reply answer;

static void wait_to_send(void *argument)
{
    (void)argument;
    ended = kozo_endpoint_send(meeting, message(1, 2));
}

static void wait_for_answer(void *argument)
{
    (void)argument;
    ended = kozo_endpoint_call(meeting, message(1, 2)).error;
}

static void wait_to_receive(void *argument)
{
    (void)argument;
    ended = kozo_endpoint_recv(meeting, answer).error;
}

static uint64_t home; // the Untyped of what is waited for

static uint64_t make_at_home(enum kozo_object_type type)
{
    uint64_t to = empty_slot();
    CHECK(kozo_untyped_retype((struct kozo_untyped){home}, type, 0, slot(to), 1) == KOZO_OK);
    return to;
}

static struct kozo_thread start_waiting(void (*function)(void *argument))
{
    ended = KOZO_UNSEEDED;
    home = make_sized(KOZO_TYPE_UNTYPED, 12);
    never.handle = make_at_home(KOZO_TYPE_NOTIFICATION);
    meeting.handle = make_at_home(KOZO_TYPE_ENDPOINT);
    answer.handle = make_at_home(KOZO_TYPE_REPLY);
    struct kozo_thread thread = start_thread(function, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(ended == KOZO_UNSEEDED);
    return thread;
}

static bool cancel_ends(struct kozo_thread thread)
{
    CHECK(kozo_thread_cancel(thread) == KOZO_OK);
    let_others_run();
    return ended == KOZO_CANCELLED;
}

TEST("cancel breaks off a wait for a signal, a receive, a send and a call")
{
    CHECK(cancel_ends(start_waiting(wait_for_never)));
    CHECK(cancel_ends(start_waiting(wait_to_receive)));
    CHECK(cancel_ends(start_waiting(wait_to_send)));
    CHECK(cancel_ends(start_waiting(wait_for_answer)));
}

TEST("cancel breaks off a call that was accepted, whose answer goes nowhere")
{
    struct kozo_thread thread = start_waiting(wait_for_answer);
    struct kozo_reply held = {make(KOZO_TYPE_REPLY)};
    REQUIRE(kozo_endpoint_recv(meeting, held).error == KOZO_OK);
    CHECK(state_of(thread) == KOZO_THREAD_CALLING);
    CHECK(cancel_ends(thread));
    CHECK(kozo_reply_reply(held, message(0, 0)) == KOZO_BAD_STATE);
}

static bool suspend_ends(struct kozo_thread thread)
{
    CHECK(kozo_thread_suspend(thread) == KOZO_OK);
    let_others_run();
    CHECK(ended == KOZO_UNSEEDED && state_of(thread) == KOZO_THREAD_STOPPED);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    let_others_run();
    return ended == KOZO_CANCELLED;
}

TEST("suspend breaks off a wait for a signal, a receive, a send and a call")
{
    CHECK(suspend_ends(start_waiting(wait_for_never)));
    CHECK(suspend_ends(start_waiting(wait_to_receive)));
    CHECK(suspend_ends(start_waiting(wait_to_send)));
    CHECK(suspend_ends(start_waiting(wait_for_answer)));
}

TEST("suspend breaks off a call that was accepted, whose answer goes nowhere")
{
    struct kozo_thread thread = start_waiting(wait_for_answer);
    struct kozo_reply held = {make(KOZO_TYPE_REPLY)};
    REQUIRE(kozo_endpoint_recv(meeting, held).error == KOZO_OK);
    CHECK(suspend_ends(thread));
    CHECK(kozo_reply_reply(held, message(0, 0)) == KOZO_BAD_STATE);
}

static bool revoke_ends(struct kozo_thread thread, enum kozo_error expected)
{
    CHECK(kozo_cnode_revoke(slot(home)) == KOZO_OK);
    let_others_run();
    return ended == expected && state_of(thread) == KOZO_THREAD_WAITING;
}

TEST("revoking the memory of what it waits for breaks off each wait of a thread")
{
    CHECK(revoke_ends(start_waiting(wait_for_never), KOZO_CANCELLED));
    CHECK(revoke_ends(start_waiting(wait_to_receive), KOZO_CANCELLED));
    CHECK(revoke_ends(start_waiting(wait_to_send), KOZO_CANCELLED));
    CHECK(revoke_ends(start_waiting(wait_for_answer), KOZO_CANCELLED));
}

TEST("revoking the memory of the Reply that holds its call tells a thread that there is no answer")
{
    struct kozo_thread thread = start_waiting(wait_for_answer);
    REQUIRE(kozo_endpoint_recv(meeting, answer).error == KOZO_OK);
    CHECK(state_of(thread) == KOZO_THREAD_CALLING);
    CHECK(revoke_ends(thread, KOZO_NO_REPLY));
}

TEST("cancel refuses a thread that does not wait, and needs CONTROL")
{
    set_up();
    struct kozo_thread thread = make_thread(note, "x", OWN_PRIORITY);
    CHECK(kozo_thread_cancel(thread) == KOZO_BAD_STATE);
    CHECK(kozo_thread_cancel(own_thread()) == KOZO_BAD_STATE);
    CHECK(kozo_thread_cancel((struct kozo_thread){with_rights(thread.handle, KOZO_RIGHT_READ)}) ==
          KOZO_NO_RIGHT);
}
