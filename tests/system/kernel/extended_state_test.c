// SPDX-License-Identifier: MIT
// Registers of SSE and AVX: kept for each thread that may use them, and hidden from all others.
#include "vectors.h"

constexpr uint64_t DEVICE_NOT_AVAILABLE = 7;

static volatile uint64_t rounds[2];
static volatile uint64_t wrong;
static struct vectors seen;
static struct kozo_notification done;

static void start_with_state(void (*function)(void *argument), void *argument)
{
    struct kozo_thread thread = make_thread(function, argument, OWN_PRIORITY);
    (void)bind_to(thread);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
}

// Fills the registers with values of its own, again and again, and looks whether they stay.
static void keep_values(void *argument)
{
    struct vectors mine, found;
    uint64_t number = (uint64_t)argument;
    for (uint64_t round = 0;; round++) {
        fill(&mine, POISON * (number + 1) + round);
        load(&mine);
        for (int i = 0; i < 3; i++) {
            (void)kozo_kernel_yield();
            store(&found);
            wrong += differences(&mine, &found);
        }
        rounds[number]++;
    }
}

TEST("threads that take turns keep the registers of SSE and AVX for themselves")
{
    wrong = 0;
    rounds[0] = rounds[1] = 0;
    start_with_state(keep_values, (void *)0);
    start_with_state(keep_values, (void *)1);
    spin(60);
    for (int i = 0; i < 50; i++) {
        let_others_run();
    }
    CHECK(rounds[0] > 10 && rounds[1] > 10);
    CHECK(wrong == 0);
}

// Leaves nothing unfilled, and gives way.
static void poison(void *argument)
{
    struct vectors mine;
    (void)argument;
    fill(&mine, POISON);
    load(&mine);
    __asm__ volatile("fninit; fld1; fldpi");
    (void)kozo_notification_signal(done);
}

static void look(void *argument)
{
    (void)argument;
    store(&seen);
    (void)kozo_notification_signal(done);
}

TEST("a new ExtendedState holds nothing of what other threads had in the registers")
{
    struct vectors nothing;
    fill(&nothing, 0);
    fill(&seen, 1);
    done.handle = make(KOZO_TYPE_NOTIFICATION);
    start_with_state(poison, nullptr);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
    start_with_state(look, nullptr);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
    CHECK(differences(&seen, &nothing) == 0);
}

static uint64_t exception_of(void (*function)(void *argument))
{
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    set_fault_handler(handler);
    (void)start_thread(function, nullptr, OWN_PRIORITY);
    struct kozo_received fault =
        kozo_endpoint_recv(handler, (struct kozo_reply){make(KOZO_TYPE_REPLY)});
    CHECK(fault.message.info.label == KOZO_FAULT_EXCEPTION);
    return fault.message.word[offsetof(struct kozo_fault_message, exception) / 8];
}

static void use_sse(void *argument)
{
    (void)argument;
    __asm__ volatile("pxor %xmm0, %xmm0");
}

static void use_x87(void *argument)
{
    (void)argument;
    __asm__ volatile("fld1");
}

TEST("without an ExtendedState each use of these registers is an exception")
{
    CHECK(exception_of(use_sse) == DEVICE_NOT_AVAILABLE);
    CHECK(exception_of(use_x87) == DEVICE_NOT_AVAILABLE);
    CHECK(exception_of(look) == DEVICE_NOT_AVAILABLE);
}

static void use_again(void *argument)
{
    look(argument);
    while (true) {
        (void)kozo_kernel_yield();
        use_sse(nullptr);
    }
}

TEST("a thread that loses its ExtendedState can't use the registers any more")
{
    done.handle = make(KOZO_TYPE_NOTIFICATION);
    struct kozo_thread thread = make_thread(use_again, nullptr, OWN_PRIORITY);
    struct kozo_extended_state state = bind_to(thread);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_READY);
    CHECK(kozo_cnode_delete(slot(state.handle)) == KOZO_OK);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_FAULTED);
}

TEST("bind refuses a thread that runs or has one, and a state that is bound")
{
    struct kozo_thread thread = make_thread(look, nullptr, OWN_PRIORITY);
    struct kozo_thread other = {make(KOZO_TYPE_THREAD)};
    struct kozo_extended_state state = bind_to(thread);
    struct kozo_extended_state second = {make(KOZO_TYPE_EXTENDED_STATE)};
    struct kozo_extended_state weak = {with_rights(second.handle, KOZO_RIGHT_READ)};
    CHECK(kozo_extended_state_bind(state, other) == KOZO_BAD_STATE);
    CHECK(kozo_extended_state_bind(second, thread) == KOZO_BAD_STATE);
    CHECK(kozo_extended_state_bind(second, own_thread()) == KOZO_BAD_STATE);
    CHECK(kozo_extended_state_bind(weak, other) == KOZO_NO_RIGHT);
    CHECK(kozo_extended_state_bind(second, other) == KOZO_OK);
}

// --- As a class of registers --------------------------------------------------------------------

constexpr uint64_t WORD_MXCSR = 3; // its lower half
constexpr uint64_t WORD_XMM3 = (160 + 3 * 16) / 8;
constexpr uint64_t WORD_COMPONENTS = 512 / 8;

TEST("extended registers of a stopped thread are read and written as XSAVE lays them out")
{
    uint64_t *words = kozo_ipc_buffer()->words;
    struct kozo_thread thread = make_thread(look, nullptr, OWN_PRIORITY);
    (void)bind_to(thread);
    CHECK(kozo_thread_read_state(thread, KOZO_REGISTERS_EXTENDED, WORD_MXCSR, 1) == KOZO_OK);
    CHECK((words[0] & 0xffff'ffff) == 0x1f80);
    words[0] = POISON;
    words[1] = POISON + 1;
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_EXTENDED, WORD_XMM3, 2) == KOZO_OK);
    done.handle = make(KOZO_TYPE_NOTIFICATION);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
    CHECK(seen.word[3][0] == POISON && seen.word[3][1] == POISON + 1);
    CHECK(seen.word[2][0] == 0 && seen.word[4][0] == 0);
    let_others_run();
    CHECK(kozo_thread_read_state(thread, KOZO_REGISTERS_EXTENDED, WORD_XMM3, 2) == KOZO_OK);
    CHECK(words[0] == POISON && words[1] == POISON + 1);
}

TEST("extended registers that the processor would refuse are made good, and the thread runs")
{
    uint64_t *words = kozo_ipc_buffer()->words;
    struct kozo_thread thread = make_thread(look, nullptr, OWN_PRIORITY);
    (void)bind_to(thread);
    words[0] = UINT64_MAX;
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_EXTENDED, WORD_MXCSR, 1) == KOZO_OK);
    for (uint64_t i = 0; i < 8; i++) {
        words[i] = UINT64_MAX;
    }
    CHECK(kozo_thread_write_state(thread, KOZO_REGISTERS_EXTENDED, WORD_COMPONENTS, 8) == KOZO_OK);
    done.handle = make(KOZO_TYPE_NOTIFICATION);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
}
