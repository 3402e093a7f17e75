// SPDX-License-Identifier: MIT
// Foreign threads: their system calls, exceptions and page faults as messages, and what the answers do.
#include "kernel_test.h"

constexpr uint64_t BADGE = 55;
constexpr uint64_t NUMBER = 39;
constexpr uint64_t MINUS_ONE = UINT64_MAX;

static struct kozo_endpoint handler;
static struct kozo_reply reply;
static volatile uint64_t result;
static volatile uint64_t calls;

// A system call as Linux programs make it.
static uint64_t linux_call(uint64_t number, uint64_t first, uint64_t second)
{
    uint64_t value = number;
    register uint64_t r10 __asm__("r10") = 4;
    register uint64_t r8 __asm__("r8") = 5;
    register uint64_t r9 __asm__("r9") = 6;
    __asm__ volatile("syscall"
                     : "+a"(value)
                     : "D"(first), "S"(second), "d"(3), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return value;
}

static void call_once(void *argument)
{
    (void)argument;
    result = linux_call(NUMBER, 1, 2);
    calls++;
    while (true) {
    }
}

static struct kozo_thread make_guest(void (*function)(void *argument), void *argument)
{
    result = 0;
    calls = 0;
    handler.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    set_fault_handler((struct kozo_endpoint){with_badge(handler.handle, BADGE)});
    struct kozo_thread thread = make_thread(function, argument, OWN_PRIORITY);
    CHECK(kozo_thread_set_foreign(thread, true, 0, 0, 0) == KOZO_OK);
    return thread;
}

static struct kozo_thread start_guest(void (*function)(void *argument), void *argument)
{
    struct kozo_thread thread = make_guest(function, argument);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    return thread;
}

static struct kozo_message answer(enum kozo_fault_answer label, uint64_t value)
{
    return message((uint32_t)label, value);
}

// Answers, sends the guest's time home, and lets it run.
static void give(enum kozo_fault_answer label, uint64_t value)
{
    CHECK(kozo_reply_reply(reply, answer(label, value)) == KOZO_OK);
    CHECK(kozo_endpoint_try_recv(handler, reply).error == KOZO_WOULD_BLOCK);
    let_others_run();
}

TEST("a foreign thread's system call is one message: number and six arguments, with its badge")
{
    (void)start_guest(call_once, nullptr);
    struct kozo_received call = kozo_endpoint_recv(handler, reply);
    CHECK(call.error == KOZO_OK && call.badge == BADGE);
    CHECK(call.message.info.label == KOZO_FAULT_SYSCALL && call.message.info.length == 7);
    CHECK(call.message.word[0] == NUMBER);
    for (uint64_t i = 1; i < 7; i++) {
        CHECK(call.message.word[i] == i);
    }
}

TEST("the result that the handler gives is the system call's, and the thread goes on")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    give(KOZO_ANSWER_RESULT, MINUS_ONE);
    CHECK(calls == 1 && result == MINUS_ONE);
    CHECK(state_of(thread) == KOZO_THREAD_READY);
}

TEST("a foreign thread that goes on as it is has its registers unchanged")
{
    (void)start_guest(call_once, nullptr);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    give(KOZO_ANSWER_RESUME, MINUS_ONE);
    CHECK(calls == 1 && result == NUMBER);
}

TEST("a foreign thread that stays stopped is FAULTED, and asks again when it is resumed")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    give(KOZO_ANSWER_STOP, 1);
    CHECK(calls == 0 && state_of(thread) == KOZO_THREAD_FAULTED);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received call = kozo_endpoint_recv(handler, reply);
    CHECK(call.message.word[0] == NUMBER && call.message.word[6] == 6);
    give(KOZO_ANSWER_RESULT, 8);
    CHECK(calls == 1 && result == 8);
}

TEST("a foreign thread sees no invented result when its handler drops the call")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(reply.handle)) == KOZO_OK);
    let_others_run();
    CHECK(calls == 0 && state_of(thread) == KOZO_THREAD_FAULTED);
}

TEST("suspending a foreign thread that is queued lets it make its call again later")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_SENDING);
    CHECK(kozo_thread_suspend(thread) == KOZO_OK);
    CHECK(kozo_endpoint_try_recv(handler, reply).error == KOZO_WOULD_BLOCK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(kozo_endpoint_recv(handler, reply).message.word[0] == NUMBER);
    give(KOZO_ANSWER_RESULT, 3);
    CHECK(calls == 1 && result == 3);
}

static void call_kernel(void *argument)
{
    result = kozo_cnode_delete(slot((uint64_t)argument));
    calls++;
    while (true) {
    }
}

TEST("a foreign thread can't call the kernel, whatever it holds")
{
    uint64_t victim = make(KOZO_TYPE_NOTIFICATION);
    (void)start_guest(call_kernel, (void *)victim);
    struct kozo_received call = kozo_endpoint_recv(handler, reply);
    CHECK(call.message.info.label == KOZO_FAULT_SYSCALL);
    CHECK(call.message.word[0] == KOZO_OP_CNODE_DELETE && call.message.word[1] == victim);
    CHECK(type_in(victim) == KOZO_TYPE_NOTIFICATION);
}

static void break_point(void *argument)
{
    (void)argument;
    __asm__ volatile("int3");
    calls++;
    while (true) {
    }
}

TEST("a breakpoint is an exception message, and the thread goes on after it")
{
    (void)start_guest(break_point, nullptr);
    struct kozo_received fault = kozo_endpoint_recv(handler, reply);
    CHECK(fault.badge == BADGE && fault.message.info.label == KOZO_FAULT_EXCEPTION);
    CHECK(fault.message.word[offsetof(struct kozo_fault_message, exception) / 8] == 3);
    give(KOZO_ANSWER_RESUME, 0);
    CHECK(calls == 1);
}

// --- Other ways into the kernel -----------------------------------------------------------------

static void do_sysenter(void *argument)
{
    (void)argument;
    __asm__ volatile("sysenter");
    calls++;
}

static void do_int_80(void *argument)
{
    (void)argument;
    __asm__ volatile("int $0x80");
    calls++;
}

static uint64_t exception_of(void (*function)(void *argument))
{
    (void)start_guest(function, nullptr);
    struct kozo_received fault = kozo_endpoint_recv(handler, reply);
    CHECK(fault.message.info.label == KOZO_FAULT_EXCEPTION && calls == 0);
    return fault.message.word[offsetof(struct kozo_fault_message, exception) / 8];
}

TEST("SYSENTER and INT 80 are exceptions")
{
    // General protection on Intel's processors, invalid opcode on AMD's.
    uint64_t exception = exception_of(do_sysenter);
    CHECK(exception == 13 || exception == 6);
    CHECK(exception_of(do_int_80) == 13);
}

// --- Calls that are answered inside -------------------------------------------------------------

// The program: sets every register that is not an argument, calls outside of the exempt range, and
// keeps what it finds at its entry. Then it calls inside the range.
extern const char guest_program[], guest_entry[], guest_after[], guest_exempt[], guest_exempt_end[];

__asm__(".text\n"
        "guest_program:\n"
        "  mov %rdi, %rbx\n"
        "  mov $0x12345, %rbp\n"
        "  mov $39, %eax\n"
        "  std\n"
        "  syscall\n"
        "guest_after:\n"
        "  ud2\n"
        "guest_entry:\n"
        "  mov %rcx, 0(%rbx)\n"
        "  mov %r11, 8(%rbx)\n"
        "  mov %rax, 16(%rbx)\n"
        "  mov %rbp, 24(%rbx)\n"
        "  mov %rsp, 32(%rbx)\n"
        "  pushfq\n"
        "  pop %rax\n"
        "  mov %rax, 40(%rbx)\n"
        "  cld\n"
        "  mov $60, %eax\n"
        "guest_exempt:\n"
        "  syscall\n"
        "guest_exempt_end:\n"
        "  ud2\n");

TEST("a system call outside of the exempt range goes on at the entry, as SYSCALL leaves the "
     "registers")
{
    static volatile uint64_t seen[6];
    constexpr uint64_t direction = 1 << 10;
    alignas(16) static unsigned char stack[64];
    uint64_t exempt = (uint64_t)guest_exempt;
    struct kozo_thread thread = make_guest(call_once, nullptr);
    CHECK(kozo_thread_write_registers(thread, (uint64_t)guest_program, (uint64_t)stack + 64,
                                      (uint64_t)seen, 0, 0) == KOZO_OK);
    CHECK(kozo_thread_set_foreign(thread, true, (uint64_t)guest_entry, exempt,
                                  (uint64_t)guest_exempt_end - exempt) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received call = kozo_endpoint_recv(handler, reply);
    CHECK(call.message.info.label == KOZO_FAULT_SYSCALL && call.message.word[0] == 60);
    CHECK(seen[0] == (uint64_t)guest_after && (seen[1] & direction) != 0);
    CHECK(seen[2] == 39 && seen[3] == 0x12345 && seen[4] == (uint64_t)stack + 64);
    CHECK((seen[5] & direction) != 0);
}

TEST("set_foreign refuses addresses that are not the user's, and a thread that runs")
{
    struct kozo_thread thread = make_guest(call_once, nullptr);
    constexpr uint64_t kernel = 0xffff800000000000;
    CHECK(kozo_thread_set_foreign(thread, true, kernel, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_set_foreign(thread, true, 0, kernel, 0) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_set_foreign(thread, true, 0, 0x1000, MINUS_ONE) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_set_foreign(own_thread(), true, 0, 0, 0) == KOZO_BAD_STATE);
    struct kozo_thread look = {with_rights(thread.handle, KOZO_RIGHT_READ)};
    CHECK(kozo_thread_set_foreign(look, true, 0, 0, 0) == KOZO_NO_RIGHT);
    CHECK(kozo_thread_interrupt(look) == KOZO_NO_RIGHT);
}

// --- Interrupting -------------------------------------------------------------------------------

static void count_calls(void *argument)
{
    (void)argument;
    while (true) {
        calls++;
    }
}

// Waits until the guest has counted on: on a busy machine a time slice may pass without one instruction.
static bool counts_on(uint64_t from)
{
    for (unsigned i = 0; i < 500 && calls == from; i++) {
        spin(10);
    }
    return calls > from;
}

TEST("a foreign thread that computes is interrupted, and goes on as if nothing had been")
{
    struct kozo_thread thread = start_guest(count_calls, nullptr);
    CHECK(counts_on(0));
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    struct kozo_received told = kozo_endpoint_recv(handler, reply);
    CHECK(told.badge == BADGE && told.message.info.label == KOZO_FAULT_INTERRUPTED);
    uint64_t before = calls;
    spin(10);
    CHECK(calls == before);
    give(KOZO_ANSWER_RESUME, 0);
    CHECK(counts_on(before));
}

TEST("a foreign thread that is interrupted in a call gets its result first")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    CHECK(kozo_endpoint_recv(handler, reply).error == KOZO_OK);
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    CHECK(kozo_reply_reply(reply, answer(KOZO_ANSWER_RESULT, 4)) == KOZO_OK);
    struct kozo_received told = kozo_endpoint_recv(handler, reply);
    CHECK(told.message.info.label == KOZO_FAULT_INTERRUPTED && calls == 0);
    give(KOZO_ANSWER_RESUME, 0);
    CHECK(calls == 1 && result == 4);
}

TEST("a foreign thread whose call is queued stays queued when it is interrupted, until its answer")
{
    struct kozo_thread thread = start_guest(call_once, nullptr);
    let_others_run();
    REQUIRE(state_of(thread) == KOZO_THREAD_SENDING);
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    CHECK(state_of(thread) == KOZO_THREAD_SENDING);
    struct kozo_received call = kozo_endpoint_recv(handler, reply);
    CHECK(call.message.info.label == KOZO_FAULT_SYSCALL && call.message.word[0] == NUMBER);
    CHECK(kozo_reply_reply(reply, answer(KOZO_ANSWER_RESULT, 6)) == KOZO_OK);
    struct kozo_received told = kozo_endpoint_recv(handler, reply);
    CHECK(told.message.info.label == KOZO_FAULT_INTERRUPTED && calls == 0);
    give(KOZO_ANSWER_RESUME, 0);
    CHECK(calls == 1 && result == 6);
}

TEST("interrupt refuses a thread that is not foreign")
{
    struct kozo_thread thread = make_thread(count_calls, nullptr, OWN_PRIORITY);
    CHECK(kozo_thread_interrupt(thread) == KOZO_BAD_STATE);
}
