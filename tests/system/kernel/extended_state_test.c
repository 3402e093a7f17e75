// SPDX-License-Identifier: MIT
// Registers of SSE and AVX: kept for each thread that may use them, and hidden from all others.
#include "kernel_test.h"

constexpr uint64_t POISON = 0x5a5a'a5a5'dead'beef;
constexpr size_t REGISTERS = 16;
constexpr uint64_t DEVICE_NOT_AVAILABLE = 7;

struct vectors {
    alignas(32) uint64_t word[REGISTERS][4];
};

static volatile uint64_t rounds[2];
static volatile uint64_t wrong;
static struct vectors seen;
static struct kozo_notification done;

static bool has_avx(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    constexpr uint32_t osxsave_and_avx = 3 << 27;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx & osxsave_and_avx) != osxsave_and_avx) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 4) != 0;
}

#define EACH_REGISTER(X)                                                                           \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_XMM(n)  __asm__ volatile("movups %0, %%xmm" #n : : "m"(from->word[n]));
#define STORE_XMM(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(to->word[n]));
#define LOAD_YMM(n)  __asm__ volatile("vmovups %0, %%ymm" #n : : "m"(from->word[n]));
#define STORE_YMM(n) __asm__ volatile("vmovups %%ymm" #n ", %0" : "=m"(to->word[n]));

// With AVX whole registers, else their lower halves.
static void load(const struct vectors *from)
{
    if (has_avx()) {
        EACH_REGISTER(LOAD_YMM)
        return;
    }
    EACH_REGISTER(LOAD_XMM)
}

static void store(struct vectors *to)
{
    if (has_avx()) {
        EACH_REGISTER(STORE_YMM)
        return;
    }
    EACH_REGISTER(STORE_XMM)
}

static void fill(struct vectors *vectors, uint64_t value)
{
    for (size_t i = 0; i < REGISTERS; i++) {
        for (size_t k = 0; k < 4; k++) {
            vectors->word[i][k] = value == 0 ? 0 : value + i * 4 + k;
        }
    }
}

static uint64_t differences(const struct vectors *left, const struct vectors *right)
{
    size_t words = has_avx() ? 4 : 2;
    uint64_t count = 0;
    for (size_t i = 0; i < REGISTERS; i++) {
        for (size_t k = 0; k < words; k++) {
            count += left->word[i][k] != right->word[i][k];
        }
    }
    return count;
}

// A state of its own for a thread that was not started yet.
static struct kozo_extended_state bind_to(struct kozo_thread thread)
{
    struct kozo_extended_state state = {make(KOZO_TYPE_EXTENDED_STATE)};
    CHECK(kozo_extended_state_bind(state, thread) == KOZO_OK);
    return state;
}

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
