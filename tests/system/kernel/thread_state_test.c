// SPDX-License-Identifier: MIT
// A thread's registers by class: what is read, what can be written, single steps and breakpoints.
#include "kernel_test.h"

constexpr uint64_t WORDS = sizeof(struct kozo_x86_general) / 8;
constexpr uint64_t KERNEL = 0xffff'8000'0000'0000;
constexpr uint64_t NOT_CANONICAL = UINT64_C(1) << 47;
constexpr uint64_t FLAG_TRAP = 1 << 8;
constexpr uint64_t FLAG_INTERRUPT = 1 << 9;
constexpr uint64_t FLAG_IO = 3 << 12;
constexpr uint64_t FLAG_NESTED = 1 << 14;
constexpr uint64_t STATUS_STEP = 1 << 14;

static struct kozo_endpoint handler;
static struct kozo_reply reply;
static uint64_t stack[64];

// Adds 1 to rbx, to what rdi points at, and to rbx; then a system call with every register known.
extern const char steps_start[], steps_second[], steps_third[], steps_after[];
__asm__(".text\n"
        "steps_start:\n"
        "  add $1, %rbx\n"
        "steps_second:\n"
        "  addq $1, (%rdi)\n"
        "steps_third:\n"
        "  add $1, %rbx\n"
        "  mov $101, %eax\n"
        "  syscall\n"
        "steps_after:\n"
        "  jmp steps_after\n");

static struct kozo_x86_general *general(void)
{
    return (struct kozo_x86_general *)kozo_ipc_buffer()->words;
}

static enum kozo_error read_general(struct kozo_thread thread)
{
    return kozo_thread_read_state(thread, KOZO_REGISTERS_GENERAL, 0, WORDS);
}

static enum kozo_error write_general(struct kozo_thread thread)
{
    return kozo_thread_write_state(thread, KOZO_REGISTERS_GENERAL, 0, WORDS);
}

static void nothing(void *argument)
{
    (void)argument;
}

// A foreign thread at steps_start, not resumed.
static struct kozo_thread make_guest(uint64_t flags, uint64_t *counter)
{
    handler.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    set_fault_handler(handler);
    struct kozo_thread thread = make_thread(nothing, nullptr, OWN_PRIORITY);
    CHECK(kozo_thread_set_foreign(thread, true, 0, 0, 0) == KOZO_OK);
    *general() = (struct kozo_x86_general){
        .rip = (uint64_t)steps_start,
        .rsp = (uint64_t)(stack + 64),
        .rdi = (uint64_t)counter,
        .rbx = 40,
        .rcx = 1,
        .r11 = 2,
        .r15 = 15,
        .rflags = flags,
    };
    CHECK(write_general(thread) == KOZO_OK);
    return thread;
}

static struct kozo_received next_message(void)
{
    return kozo_endpoint_recv(handler, reply);
}

static struct kozo_received answer_and_receive(void)
{
    return kozo_endpoint_reply_recv(handler, reply,
                                    (struct kozo_message){.info = {.label = KOZO_ANSWER_RESUME}});
}

static uint64_t word(const struct kozo_received *received, size_t offset)
{
    return received->message.word[offset / 8];
}

TEST("a foreign thread that is held shows all registers as its program has them")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received call = next_message();
    CHECK(call.message.info.label == KOZO_FAULT_SYSCALL && call.message.word[0] == 101);
    CHECK(read_general(thread) == KOZO_OK);
    CHECK(general()->rax == 101 && general()->rbx == 42 && general()->r15 == 15);
    CHECK(general()->rip == (uint64_t)steps_after && general()->rcx == (uint64_t)steps_after);
    CHECK(general()->r11 == general()->rflags && general()->rsp == (uint64_t)(stack + 64));
    CHECK(counter == 1);
}

TEST("registers that are written to a held thread are those that it goes on with")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(next_message().error == KOZO_OK && read_general(thread) == KOZO_OK);
    general()->rip = (uint64_t)steps_start;
    general()->rcx = 77;
    general()->r11 = 78;
    CHECK(write_general(thread) == KOZO_OK);
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    struct kozo_received told = answer_and_receive();
    CHECK(told.message.info.label == KOZO_FAULT_INTERRUPTED);
    CHECK(read_general(thread) == KOZO_OK && general()->rcx == 77 && general()->r11 == 78);
    CHECK(answer_and_receive().message.info.label == KOZO_FAULT_SYSCALL && counter == 2);
}

TEST("flags that a program may not set are not taken from a write")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(UINT64_MAX & ~FLAG_TRAP, &counter);
    CHECK(read_general(thread) == KOZO_OK);
    CHECK((general()->rflags & FLAG_INTERRUPT) != 0);
    CHECK((general()->rflags & (FLAG_IO | FLAG_NESTED)) == 0);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(next_message().message.info.label == KOZO_FAULT_SYSCALL);
}

TEST("an instruction or a base that the processor would refuse is refused")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    uint64_t *words = kozo_ipc_buffer()->words;
    constexpr uint64_t rip = offsetof(struct kozo_x86_general, rip) / 8;
    words[0] = KERNEL;
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_GENERAL, rip, 1) == KOZO_BAD_ARGUMENT);
    words[0] = NOT_CANONICAL;
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_GENERAL, rip, 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_BASES, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_BASES, 1, 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_GENERAL, WORDS, 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_thread_write_state(own_thread(), KOZO_REGISTERS_GENERAL, 0, 1) == KOZO_BAD_STATE);
    CHECK(read_general(own_thread()) == KOZO_BAD_STATE);
}

TEST("a stack pointer and bases of any kind can't harm the kernel")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    general()->rip = (uint64_t)steps_start;
    general()->rdi = (uint64_t)&counter;
    general()->rsp = NOT_CANONICAL;
    CHECK(write_general(thread) == KOZO_OK);
    kozo_ipc_buffer()->words[0] = KERNEL;
    kozo_ipc_buffer()->words[1] = UINT64_MAX;
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_BASES, 0, 2) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(next_message().message.info.label == KOZO_FAULT_SYSCALL && counter == 1);
    CHECK(kozo_thread_read_state(thread, KOZO_REGISTERS_BASES, 0, 2) == KOZO_OK);
    CHECK(kozo_ipc_buffer()->words[0] == KERNEL && kozo_ipc_buffer()->words[1] == UINT64_MAX);
}

TEST("with the trap flag each instruction is an exception message")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(FLAG_TRAP, &counter);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received step = next_message();
    CHECK(step.message.info.label == KOZO_FAULT_EXCEPTION);
    CHECK(word(&step, offsetof(struct kozo_fault_message, exception)) == 1);
    CHECK((word(&step, offsetof(struct kozo_fault_message, address)) & STATUS_STEP) != 0);
    CHECK(word(&step, offsetof(struct kozo_fault_message, instruction)) == (uint64_t)steps_second);
    step = answer_and_receive();
    CHECK(word(&step, offsetof(struct kozo_fault_message, instruction)) == (uint64_t)steps_third);
    CHECK(counter == 1 && read_general(thread) == KOZO_OK);
    general()->rflags &= ~FLAG_TRAP;
    CHECK(write_general(thread) == KOZO_OK);
    CHECK(answer_and_receive().message.info.label == KOZO_FAULT_SYSCALL);
}

static enum kozo_error set_breakpoint(struct kozo_thread thread, uint64_t address, uint64_t control)
{
    struct kozo_x86_debug *debug = (struct kozo_x86_debug *)kozo_ipc_buffer()->words;
    *debug = (struct kozo_x86_debug){.address = {address}, .control = control};
    return kozo_thread_write_state(thread, KOZO_REGISTERS_DEBUG, 0, sizeof(*debug) / 8);
}

constexpr uint64_t BREAK_EXECUTE = 1;
constexpr uint64_t BREAK_WRITE_8 = 1 | 1 << 16 | 2 << 18;

TEST("a breakpoint on an instruction stops only the thread that it was set for")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(set_breakpoint(thread, (uint64_t)steps_third, BREAK_EXECUTE) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received stop = next_message();
    CHECK(word(&stop, offsetof(struct kozo_fault_message, exception)) == 1);
    CHECK(word(&stop, offsetof(struct kozo_fault_message, address)) == 1);
    CHECK(word(&stop, offsetof(struct kozo_fault_message, instruction)) == (uint64_t)steps_third);
    // Another one goes through the same code without a stop.
    struct kozo_thread other = make_guest(0, &counter);
    CHECK(kozo_thread_resume(other) == KOZO_OK);
    CHECK(next_message().message.info.label == KOZO_FAULT_SYSCALL);
}

TEST("a breakpoint on data tells of the write")
{
    static uint64_t counter;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(set_breakpoint(thread, (uint64_t)&counter, BREAK_WRITE_8) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received stop = next_message();
    CHECK(word(&stop, offsetof(struct kozo_fault_message, exception)) == 1);
    CHECK(word(&stop, offsetof(struct kozo_fault_message, instruction)) == (uint64_t)steps_third);
    CHECK(answer_and_receive().message.info.label == KOZO_FAULT_SYSCALL);
}

TEST("breakpoints in the kernel, on ports, or on debug registers themselves are refused")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(set_breakpoint(thread, KERNEL, BREAK_EXECUTE) == KOZO_BAD_ARGUMENT);
    CHECK(set_breakpoint(thread, NOT_CANONICAL, 0) == KOZO_BAD_ARGUMENT);
    CHECK(set_breakpoint(thread, 0x1000, 1 | 2 << 16) == KOZO_BAD_ARGUMENT);
    CHECK(set_breakpoint(thread, 0x1000, 1 | 1 << 18) == KOZO_BAD_ARGUMENT);
    CHECK(set_breakpoint(thread, 0x1000, 1 | 1 << 13) == KOZO_BAD_ARGUMENT);
    CHECK(set_breakpoint(thread, 0x1000, UINT64_C(1) << 32) == KOZO_BAD_ARGUMENT);
}

TEST("a foreign thread's own time is counted, and not that of others")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    CHECK(kozo_thread_info(thread).user == 0);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(next_message().message.info.label == KOZO_FAULT_SYSCALL);
    uint64_t user = kozo_thread_info(thread).user;
    spin(20);
    CHECK(user > 0 && kozo_thread_info(thread).user == user);
    CHECK(user < kozo_process_info()->tsc_frequency);
}

// --- Where the kernel is entered with a surprise ------------------------------------------------

extern const char shadow_start[], shadow_after[];
__asm__(".text\n"
        "shadow_start:\n"
        "  mov (%rdi), %ss\n"
        "  syscall\n"
        "shadow_after:\n"
        "  jmp shadow_after\n");

TEST("a breakpoint that becomes due together with a system call does not harm the kernel")
{
    static uint16_t selector;
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    __asm__ volatile("mov %%ss, %0" : "=m"(selector));
    *general() = (struct kozo_x86_general){
        .rip = (uint64_t)shadow_start, .rsp = (uint64_t)(stack + 64), .rdi = (uint64_t)&selector};
    CHECK(write_general(thread) == KOZO_OK);
    CHECK(set_breakpoint(thread, (uint64_t)&selector & ~UINT64_C(7), 1 | 3 << 16 | 2 << 18) ==
          KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received told = next_message();
    while (told.message.info.label == KOZO_FAULT_EXCEPTION) {
        told = answer_and_receive();
    }
    CHECK(told.message.info.label == KOZO_FAULT_SYSCALL);
}

TEST("a system call with the trap flag set is one message, and the trap comes after it")
{
    uint64_t counter = 0;
    struct kozo_thread thread = make_guest(0, &counter);
    *general() = (struct kozo_x86_general){
        .rip = (uint64_t)steps_after - 2, .rsp = (uint64_t)(stack + 64), .rflags = FLAG_TRAP};
    CHECK(write_general(thread) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    struct kozo_received told = next_message();
    CHECK(told.message.info.label == KOZO_FAULT_SYSCALL);
    told = answer_and_receive();
    CHECK(told.message.info.label == KOZO_FAULT_EXCEPTION);
    CHECK(word(&told, offsetof(struct kozo_fault_message, exception)) == 1);
}
