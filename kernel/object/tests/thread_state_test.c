// SPDX-License-Identifier: MIT
// A thread's registers by class, the debug registers' way into the processor, and user time.
#include "tests/world.h"

constexpr uint64_t THREAD = AT_FREE;
constexpr uint64_t STATE = AT_FREE + 4;
constexpr uint64_t A = AT_FREE + 5;
constexpr uint64_t ENDPOINT = AT_FREE + 6;

constexpr uint64_t GENERAL = KOZO_REGISTERS_GENERAL;
constexpr uint64_t BASES = KOZO_REGISTERS_BASES;
constexpr uint64_t DEBUG = KOZO_REGISTERS_DEBUG;
constexpr uint64_t EXTENDED = KOZO_REGISTERS_EXTENDED;
constexpr uint64_t INSTRUCTION = offsetof(struct arch_registers, instruction) / 8;

static struct thread *first, *thread;
static uint64_t *words;

// A stopped thread, and the IPC buffer of the one that looks at it.
static void begin(void)
{
    world_begin();
    first = world_current();
    words = thread_buffer(first)->words;
    thread = world_thread(THREAD);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
}

TEST("the general registers of a stopped thread are read and written, whole and in part")
{
    begin();
    for (uint64_t i = 0; i < ARCH_CLASS_WORDS; i++) {
        words[i] = 100 + i;
    }
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, 0, ARCH_CLASS_WORDS) == KOZO_OK);
    CHECK(thread->registers.operation == 100 && thread->registers.handle == 101);
    CHECK(thread->registers.argument[8] == 110 && thread->registers.instruction == 111);
    words[0] = 7;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, 1, 1) == KOZO_OK);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 0, ARCH_CLASS_WORDS) == KOZO_OK);
    CHECK(words[0] == 100 && words[1] == 7 && words[2] == 102);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, INSTRUCTION, 2) == KOZO_OK);
    CHECK(words[0] == 111 && words[1] == 112);
}

TEST("registers that can't be loaded are refused, and nothing changes")
{
    begin();
    uint64_t before = thread->registers.instruction;
    words[0] = ARCH_USER_END;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, INSTRUCTION, 1) == KOZO_BAD_ARGUMENT);
    CHECK(thread->registers.instruction == before);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, BASES, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, DEBUG, 0, 1) == KOZO_BAD_ARGUMENT);
    words[0] = ARCH_USER_END - 1;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, BASES, 0, 1) == KOZO_OK);
    CHECK(thread->registers.thread_pointer == ARCH_USER_END - 1);
}

TEST("words that a class does not have are refused")
{
    begin();
    constexpr uint64_t many = ARCH_CLASS_WORDS;
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 0, many + 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, many, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, UINT64_MAX, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 1, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, BASES, 0, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, 4, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, UINT64_MAX, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, EXTENDED, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, EXTENDED, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, many - 1, 1) == KOZO_OK);
}

TEST("a caller without an IPC buffer can't name words")
{
    begin();
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(CALL(THREAD_READ_STATE, AT_THREAD, GENERAL, 0, 1) == KOZO_BAD_ARGUMENT);
}

TEST("the registers of a thread that runs are neither read nor written")
{
    begin();
    CHECK(CALL(THREAD_READ_STATE, AT_THREAD, GENERAL, 0, 1) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_WRITE_STATE, AT_THREAD, GENERAL, 0, 1) == KOZO_BAD_STATE);
    CHECK(CALL(CNODE_MINT, THREAD, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, THREAD, A + 1, KOZO_RIGHT_CONTROL, 0) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_STATE, A, GENERAL, 0, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_READ_STATE, A + 1, GENERAL, 0, 1) == KOZO_NO_RIGHT);
}

TEST("the registers of a thread whose fault nobody handles are, those of one that calls are not")
{
    begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, ENDPOINT + 1);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    world_fault(0x100);
    CHECK(thread->state == FAULTED);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 0, 1) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, 0, 1) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == WAITS);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, ENDPOINT + 1) == KOZO_OK);
    CHECK(thread->state == CALLING && !thread->faulted);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, 0, 1) == KOZO_BAD_STATE);
}

TEST("extended state is read and written in pieces, and made loadable")
{
    begin();
    world_make(KOZO_TYPE_EXTENDED_STATE, 0, STATE);
    CHECK(CALL(EXTENDED_STATE_BIND, STATE, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_READ_STATE, THREAD, EXTENDED, 0, HOST_EXTENDED) == KOZO_OK);
    CHECK(words[0] == HOST_EXTENDED_FIRST && words[1] == 0);
    words[0] = 0xff;
    words[1] = 0x55;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, EXTENDED, 0, 2) == KOZO_OK);
    words[0] = 0x66;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, EXTENDED, HOST_EXTENDED - 1, 1) == KOZO_OK);
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, EXTENDED, HOST_EXTENDED, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(host.extended[0] == 0xfe && host.extended[1] == 0x55);
    CHECK(host.extended[HOST_EXTENDED - 1] == 0x66);
}

TEST("the breakpoints of a thread are set only while it runs")
{
    begin();
    words[0] = 0x40;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, DEBUG, 0, 1) == KOZO_OK);
    CHECK(host.debug == 0 && CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(host.debug == 0x40);
    CHECK(world_run(first));
    CHECK(host.debug == 0);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    words[0] = 0;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, DEBUG, 0, 1) == KOZO_OK);
    CHECK(thread->extra == 0);
}

TEST("the time that a foreign thread runs itself is counted, and no other")
{
    begin();
    CHECK(CALL(THREAD_SET_FOREIGN, THREAD, 1) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    host.now += 300;
    CHECK(world_run(thread));
    host.now += 40;
    world_fault(0x100);
    CHECK(thread->state == FAULTED && world_current() == first);
    host.now += 500;
    CHECK(CALL(THREAD_INFO, THREAD) == KOZO_OK);
    CHECK(world.result[3] == 40);
}

TEST("a thread that is held by its fault handler goes on with the registers that were written")
{
    begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, ENDPOINT + 1);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, 0, 0, 0, ENDPOINT) == KOZO_OK);
    CHECK(CALL(THREAD_SET_FOREIGN, THREAD, 1) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(world_run(thread));
    (void)world_enter(39, 0, (const uint64_t[9]){});
    CHECK(thread->state == SENDING && world_current() == first);
    words[0] = 0x300;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, INSTRUCTION, 1) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_READ_STATE, THREAD, GENERAL, 0, 1) == KOZO_OK);
    CHECK(words[0] == 39);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, ENDPOINT + 1) == KOZO_OK);
    words[0] = 0x300;
    CHECK(CALL(THREAD_WRITE_STATE, THREAD, GENERAL, INSTRUCTION, 1) == KOZO_OK);
    // No system call is left that could be made again.
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(thread->registers.instruction == 0x300);
}
