// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "object/foreign.h"

constexpr uint64_t GUEST = AT_FREE;
constexpr uint64_t HANDLER = AT_FREE + 4;
constexpr uint64_t ENDPOINT = AT_FREE + 8;
constexpr uint64_t REPLY = AT_FREE + 9;
constexpr uint64_t BADGED = AT_FREE + 10;
constexpr uint64_t A = AT_FREE + 11;

constexpr uint64_t BADGE = 0xbad;
constexpr uint64_t START = 0x100;
constexpr uint64_t NUMBER = 39;

static struct thread *guest, *handler;

static void prepare(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    CHECK(CALL(CNODE_MINT, ENDPOINT, BADGED, UINT64_MAX, BADGE) == KOZO_OK);
    guest = world_thread(GUEST);
    handler = world_thread(HANDLER);
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, GUEST, 0, 0, 0, 0, BADGED) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_REGISTERS, GUEST, START, 0x200, 0, 0, 0) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
}

// A foreign thread that runs, and a handler that waits for it.
static void begin(void)
{
    prepare();
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_run(guest));
}

// The same with a handler that does not wait yet.
static void begin_busy(void)
{
    prepare();
    CHECK(world_run(guest));
}

// The guest makes a system call of its own system.
static void guest_calls(void)
{
    (void)world_enter(NUMBER, 1, (const uint64_t[9]){2, 3, 4, 5, 6, 7, 8, 9, 10});
}

static unsigned answer(uint32_t label, unsigned length, uint64_t word)
{
    return CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(label, length, 0), REPLY, word);
}

TEST("a system call of a foreign thread is a message: number and six arguments")
{
    begin();
    guest_calls();
    CHECK(world_current() == handler && guest->state == CALLING);
    CHECK(world_badge(handler) == BADGE);
    CHECK(world_info(handler) == info_word(KOZO_FAULT_SYSCALL, 7, 0));
    CHECK(world_word(handler, 0) == NUMBER);
    for (unsigned i = 1; i < 7; i++) {
        CHECK(world_word(handler, i) == i);
    }
}

TEST("an answer with a result sets it and nothing else, and the thread goes on")
{
    begin();
    guest_calls();
    CHECK(answer(KOZO_ANSWER_RESULT, 1, 1234) == WAITS);
    CHECK(guest->state == READY && guest->registers.operation == 1234);
    CHECK(guest->registers.instruction == START + HOST_SYSCALL_SIZE);
    CHECK(guest->registers.handle == 1 && guest->registers.argument[0] == 2);
    CHECK(guest->registers.argument[2] == 4 && guest->registers.argument[8] == 10);
}

TEST("an answer to go on as it is changes no register")
{
    begin();
    guest_calls();
    CHECK(answer(KOZO_ANSWER_RESUME, 1, 1234) == WAITS);
    CHECK(guest->state == READY && guest->registers.operation == NUMBER);
    CHECK(guest->registers.instruction == START + HOST_SYSCALL_SIZE);
}

TEST("a foreign thread that stays stopped makes its system call again when it is resumed")
{
    begin();
    guest_calls();
    CHECK(answer(KOZO_ANSWER_STOP, 1, 1234) == WAITS);
    CHECK(guest->state == FAULTED && guest->registers.operation == NUMBER);
    CHECK(guest->registers.instruction == START);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(guest->state == READY && guest->registers.instruction == START);
}

TEST("an answer with another number of words than one is no result")
{
    begin();
    guest_calls();
    CHECK(answer(KOZO_ANSWER_RESULT, 0, 1234) == WAITS);
    CHECK(guest->state == FAULTED && guest->registers.operation == NUMBER);
    begin();
    guest_calls();
    CHECK(answer(KOZO_ANSWER_RESULT, 2, 1234) == WAITS);
    CHECK(guest->state == FAULTED && guest->registers.operation == NUMBER);
}

TEST("a page fault of a foreign thread is a message of its own kind")
{
    begin();
    world_fault(0x5000);
    CHECK(world_current() == handler);
    CHECK(world_info(handler) == info_word(KOZO_FAULT_PAGE, 5, 0));
    CHECK(world_word(handler, 0) == 0x5000 && world_word(handler, 1) == START);
    CHECK(answer(KOZO_ANSWER_STOP, 0, 0) == WAITS);
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
}

// --- Handlers that are busy, gone, or never were ------------------------------------------------

static void handler_receives(void)
{
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK);
}

TEST("a foreign system call waits for a handler that comes later")
{
    begin_busy();
    guest_calls();
    CHECK(guest->state == SENDING && guest->registers.operation == NUMBER);
    handler_receives();
    CHECK(world_word(handler, 0) == NUMBER && world_word(handler, 6) == 6);
    CHECK(answer(KOZO_ANSWER_RESULT, 1, 7) == WAITS);
    CHECK(guest->registers.operation == 7);
}

TEST("suspending a queued foreign thread sets it back to before its system call, once")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(guest->state == STOPPED && guest->registers.instruction == START);
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(guest->registers.instruction == START && guest->registers.operation == NUMBER);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
}

TEST("suspending a foreign thread that is held takes it from its handler")
{
    begin();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(guest->state == STOPPED && guest->registers.instruction == START);
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(KOZO_ANSWER_RESULT, 1, 0), 0, 9) == KOZO_BAD_STATE);
    CHECK(guest->registers.operation == NUMBER);
}

TEST("a foreign thread whose handler drops its call is FAULTED, before that call")
{
    begin();
    guest_calls();
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
    CHECK(guest->registers.operation == NUMBER);
}

TEST("a foreign thread whose handler's endpoint goes is FAULTED, before its call")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(CNODE_REVOKE, ENDPOINT) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, ENDPOINT) == KOZO_OK);
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
    CHECK(guest->registers.operation == NUMBER);
}

TEST("a foreign thread without a handler is FAULTED, before its call")
{
    begin_busy();
    (void)CALL(CNODE_REVOKE, ENDPOINT); // a call of the guest, which waits
    CHECK(guest->state == SENDING);
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, ENDPOINT) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(world_run(guest));
    guest_calls();
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
    CHECK(guest->registers.operation == NUMBER);
}

TEST("a handler that receives without a Reply leaves the foreign thread FAULTED")
{
    begin_busy();
    guest_calls();
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == KOZO_OK);
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
}

TEST("a foreign thread whose handler waits without a Reply runs no further")
{
    prepare();
    CHECK(world_run(handler));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == WAITS);
    CHECK(world_run(guest));
    guest_calls();
    CHECK(guest->state == FAULTED && world_current() != guest);
}

// --- Calls that are answered inside -------------------------------------------------------------

constexpr uint64_t ENTRY = 0x80;

// A system call with the exempt range set; gives whether it went to the handler.
static bool goes_to_handler(uint64_t exempt, uint64_t size)
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, ENTRY, exempt, size) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(world_run(guest));
    guest_calls();
    return guest->state == SENDING;
}

TEST("with an entry, a system call goes on there, with the address after it")
{
    CHECK(!goes_to_handler(0, 0));
    CHECK(world_current() == guest && guest->state == READY);
    CHECK(guest->registers.instruction == ENTRY);
    CHECK(guest->registers.back == START + HOST_SYSCALL_SIZE);
    CHECK(guest->registers.operation == NUMBER && guest->registers.handle == 1);
}

TEST("a system call whose instruction is in the exempt range goes to the handler")
{
    CHECK(goes_to_handler(START, 1));
    CHECK(goes_to_handler(START - 9, 10));
    CHECK(!goes_to_handler(START + 1, 10));
    CHECK(!goes_to_handler(START - 10, 10));
    CHECK(goes_to_handler(0, ARCH_USER_END));
}

TEST("set_foreign refuses what is neither 0 nor 1, and addresses that are not the user's")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    constexpr uint64_t end = ARCH_USER_END;
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, end) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, 0, end) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, 0, 1, end) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, 0, 1, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, end - 1, 1, end - 1) == KOZO_OK);
}

TEST("set_foreign refuses a thread that runs or waits, and takes one that its handler holds")
{
    begin_busy();
    guest_calls();
    CHECK(guest->state == SENDING);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_SET_FOREIGN, AT_THREAD, 1) == KOZO_BAD_STATE);
    handler_receives();
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 1, ENTRY) == KOZO_OK);
    CHECK(guest->state == CALLING && guest->answers.entry == ENTRY);
}

TEST("a thread that is foreign no more calls the kernel itself")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 0) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(world_run(guest));
    CHECK(CALL(CNODE_INSPECT, AT_THREAD) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_THREAD);
}

// --- Interrupting -------------------------------------------------------------------------------

// The guest's turn ends.
static void use_up_turn(void)
{
    host.now += BUDGET_DEFAULT;
    world_timer();
    CHECK(world_current() != guest);
}

TEST("a foreign thread that is ready is interrupted before its next instruction")
{
    begin();
    use_up_turn();
    CHECK(guest->state == READY && guest->queued);
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(guest->state == CALLING && world_run(handler));
    CHECK(world_info(handler) == info_word(KOZO_FAULT_INTERRUPTED, 5, 0));
    CHECK(world_word(handler, 1) == START && world_badge(handler) == BADGE);
    CHECK(answer(KOZO_ANSWER_RESUME, 0, 0) == WAITS);
    CHECK(guest->state == READY && guest->registers.instruction == START);
    CHECK(!guest->interrupt);
}

TEST("a foreign thread that is queued stays queued, and is interrupted after its answer")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(guest->state == SENDING && guest->interrupt);
    handler_receives();
    CHECK(world_info(handler) == info_word(KOZO_FAULT_SYSCALL, 7, 0));
    CHECK(answer(KOZO_ANSWER_RESULT, 1, 77) == KOZO_OK);
    CHECK(world_info(handler) == info_word(KOZO_FAULT_INTERRUPTED, 5, 0));
    CHECK(world_word(handler, 1) == START + HOST_SYSCALL_SIZE);
    CHECK(guest->registers.operation == 77 && guest->state == CALLING);
    CHECK(answer(KOZO_ANSWER_RESUME, 0, 0) == WAITS);
    CHECK(guest->state == READY && guest->registers.operation == 77);
}

TEST("a foreign thread that its handler holds is interrupted after the answer")
{
    begin();
    guest_calls();
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(KOZO_ANSWER_RESULT, 1, 0), 0, 5) == KOZO_OK);
    CHECK(guest->state == SENDING && guest->registers.operation == 5);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK);
    CHECK(world_info(handler) == info_word(KOZO_FAULT_INTERRUPTED, 5, 0));
    CHECK(answer(KOZO_ANSWER_RESUME, 0, 0) == WAITS);
    CHECK(guest->state == READY);
}

TEST("a foreign thread that is stopped is interrupted when it is resumed")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(guest->state == STOPPED && guest->interrupt);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(guest->state == SENDING && !guest->interrupt);
    handler_receives();
    CHECK(world_info(handler) == info_word(KOZO_FAULT_INTERRUPTED, 5, 0));
    CHECK(world_word(handler, 1) == START);
}

TEST("an interrupted thread that stays stopped is FAULTED where it was")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    handler_receives();
    CHECK(answer(KOZO_ANSWER_STOP, 0, 0) == WAITS);
    CHECK(guest->state == FAULTED && guest->registers.instruction == START);
}

TEST("interrupt refuses a thread that is not foreign")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(THREAD_INTERRUPT, HANDLER) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_INTERRUPT, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_SUSPEND, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_INTERRUPT, GUEST) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, GUEST, 0) == KOZO_OK);
    CHECK(!guest->interrupt);
}

TEST("foreign threads are made and interrupted with CONTROL only")
{
    begin_busy();
    guest_calls();
    CHECK(CALL(CNODE_MINT, GUEST, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, A, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_INTERRUPT, A) == KOZO_NO_RIGHT);
}
