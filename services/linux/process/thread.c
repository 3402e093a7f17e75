// SPDX-License-Identifier: MIT
// Threads: their kernel objects, and their registers.
#include "process.h"

#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/objects.h"
#include "../core/store.h"
#include "../memory/space.h"
#include "number.h"

#include <kozo/clock.h>
#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <string.h>

constexpr uint64_t TURN_US = 5000;
constexpr uint64_t LEAST_TURN_US = 100; // SchedControl.configure gives no less
constexpr size_t WHOLE_TURNS = 4;       // threads that have one; more have no more together
constexpr uint64_t PRIORITY_BELOW = 1;  // linuxd's own threads come before those of its programs

static struct thread *spare_threads;
static struct thread *unfinished; // memory was used up before it had all its objects
static size_t thread_total;
static size_t spare_total;

static void *ipc_words(void)
{
    return kozo_ipc_buffer()->words;
}

// --- Kernel objects ---------------------------------------------------------------------------------

static uint64_t priority(void)
{
    static uint64_t own;
    if (own == 0) {
        own = kozo_thread_info(held.thread).priority;
    }
    return own > PRIORITY_BELOW ? own - PRIORITY_BELOW : own;
}

// How long a thread runs before others of its priority do. The more threads a sandbox has, the shorter are the turns of the next, so that
// those of another sandbox wait no longer for many than for a few.
static uint64_t turn(void)
{
    uint64_t share = TURN_US * WHOLE_TURNS / (thread_total + 1);
    return share > TURN_US ? TURN_US : share < LEAST_TURN_US ? LEAST_TURN_US : share;
}

static bool make_object(uint64_t *handle, enum kozo_object_type type)
{
    if (*handle == 0) {
        *handle = objects_make(type);
    }
    return *handle != 0;
}

static bool make_inbox(struct thread *thread)
{
    if (thread->inbox.handle != 0) {
        return true;
    }
    uint64_t slot = objects_slot();
    if (slot == 0) {
        return false;
    }
    thread->inbox.handle = slot;
    return kozo_cnode_mint((struct kozo_slot){held.inbox.handle}, (struct kozo_slot){slot},
                           KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT, (uint64_t)thread) == KOZO_OK;
}

static bool make_objects(struct thread *thread)
{
    return make_inbox(thread) && make_object(&thread->handle.handle, KOZO_TYPE_THREAD) &&
           make_object(&thread->context.handle, KOZO_TYPE_SCHED_CONTEXT) &&
           make_object(&thread->extended.handle, KOZO_TYPE_EXTENDED_STATE) &&
           kozo_sched_control_configure(held.time, thread->context, turn(), 0) == KOZO_OK &&
           kozo_sched_context_bind(thread->context, thread->handle) == KOZO_OK &&
           kozo_extended_state_bind(thread->extended, thread->handle) == KOZO_OK &&
           kozo_thread_set_priority(thread->handle, priority()) == KOZO_OK &&
           kozo_thread_set_foreign(thread->handle, true, 0, 0, 0) == KOZO_OK;
}

static struct thread *take_spare(void)
{
    struct thread *thread = spare_threads;
    if (thread != nullptr) {
        spare_threads = thread->next;
        spare_total--;
        return thread;
    }
    thread = unfinished != nullptr ? unfinished : store_take(sizeof *thread);
    unfinished = thread;
    if (thread == nullptr || !strands_reserve(thread_total + 1) || !make_objects(thread)) {
        return nullptr;
    }
    unfinished = nullptr;
    thread_total++;
    return thread;
}

static void give_spare(struct thread *thread)
{
    struct thread kept = {
        .handle = thread->handle,
        .context = thread->context,
        .extended = thread->extended,
        .inbox = thread->inbox,
        .next = spare_threads,
    };
    *thread = kept;
    spare_threads = thread;
    spare_total++;
}

size_t threads_there(void)
{
    return thread_total - spare_total;
}

struct thread *thread_make(struct process *process)
{
    struct thread *thread = take_spare();
    if (thread == nullptr) {
        return nullptr;
    }
    thread->number = number_take(process->thread_count == 0 ? process->caller.process : 0, thread);
    if (thread->number == 0) {
        give_spare(thread);
        return nullptr;
    }
    thread->process = process;
    thread->started = kozo_thread_info(thread->handle).user;
    thread->next = process->threads;
    thread->previous = nullptr;
    if (process->threads != nullptr) {
        process->threads->previous = thread;
    }
    process->threads = thread;
    process->thread_count++;
    return thread;
}

static void unlink_thread(struct thread *thread)
{
    struct process *process = thread->process;
    *(thread->previous == nullptr ? &process->threads : &thread->previous->next) = thread->next;
    if (thread->next != nullptr) {
        thread->next->previous = thread->previous;
    }
    process->thread_count--;
}

void thread_unmake(struct thread *thread)
{
    unlink_thread(thread);
    number_give_thread(thread->number);
    signals_forget(&thread->signals.queue);
    give_spare(thread);
}

bool thread_renumber(struct thread *thread, uint32_t number)
{
    if (thread->number != number) {
        number_give_thread(thread->number);
        thread->number = number_take(number, thread);
    }
    return thread->number != 0;
}

bool thread_enter(struct thread *thread)
{
    // One that its handler holds, as in exec, is taken from it first; a Reply that is empty is then answered to nobody.
    (void)kozo_thread_suspend(thread->handle);
    return kozo_thread_configure(thread->handle, (struct kozo_cnode){},
                                 thread->process->space->handle, (struct kozo_frame){}, 0,
                                 thread->inbox) == KOZO_OK;
}

void thread_run(struct thread *thread)
{
    (void)kozo_thread_resume(thread->handle);
}

void thread_let_go(struct thread *child)
{
    if (child->let_go != nullptr) {
        child->let_go->child = nullptr;
        (void)wait_wake(&child->let_go->queue, SIZE_MAX);
        child->let_go = nullptr;
    }
}

uint64_t thread_time(struct thread *thread)
{
    uint64_t ticks = kozo_thread_info(thread->handle).user - thread->started;
    return kozo_clock_nanoseconds(ticks);
}

void thread_alert(struct thread *thread)
{
    thread->attention = true;
    if (thread->strand != nullptr) {
        strand_interrupt(thread->strand);
    } else {
        (void)kozo_thread_interrupt(thread->handle);
    }
}

// --- The end ----------------------------------------------------------------------------------------

void process_end_threads(struct process *process, struct thread *but)
{
    struct thread *next;
    for (struct thread *thread = process->threads; thread != nullptr; thread = next) {
        next = thread->next;
        if (thread == but || thread->ends) {
            continue;
        }
        thread->ends = true;
        thread->attention = true;
        if (thread->strand != nullptr) {
            strand_interrupt(thread->strand);
            (void)wait_wake(&process->go_on, SIZE_MAX);
        } else {
            thread_end(thread);
        }
    }
}

// --- Registers --------------------------------------------------------------------------------------

constexpr size_t GENERAL_WORDS = sizeof(struct kozo_x86_general) / 8;
constexpr size_t BASES_WORDS = sizeof(struct kozo_x86_bases) / 8;
constexpr size_t BUFFER_WORDS = 57;
constexpr size_t STATE_COMPONENTS = 64; // where in the extended registers it says which are in use
constexpr size_t STATE_LEGACY_AND_AVX = 104; // words of x87, SSE, the header and AVX

void thread_read(struct thread *thread, struct kozo_x86_general *registers)
{
    // The thread is stopped or held, so this can't fail.
    (void)kozo_thread_read_state(thread->handle, KOZO_REGISTERS_GENERAL, 0, GENERAL_WORDS);
    memcpy(registers, ipc_words(), sizeof *registers);
}

uint64_t thread_stack_pointer(struct thread *thread)
{
    constexpr size_t at = offsetof(struct kozo_x86_general, rsp) / 8;
    (void)kozo_thread_read_state(thread->handle, KOZO_REGISTERS_GENERAL, at, 1);
    return kozo_ipc_buffer()->words[0];
}

bool thread_write(struct thread *thread, const struct kozo_x86_general *registers)
{
    memcpy(ipc_words(), registers, sizeof *registers);
    return kozo_thread_write_state(thread->handle, KOZO_REGISTERS_GENERAL, 0, GENERAL_WORDS) ==
           KOZO_OK;
}

void thread_read_bases(struct thread *thread, struct kozo_x86_bases *bases)
{
    (void)kozo_thread_read_state(thread->handle, KOZO_REGISTERS_BASES, 0, BASES_WORDS);
    memcpy(bases, ipc_words(), sizeof *bases);
}

bool thread_write_bases(struct thread *thread, const struct kozo_x86_bases *bases)
{
    memcpy(ipc_words(), bases, sizeof *bases);
    return kozo_thread_write_state(thread->handle, KOZO_REGISTERS_BASES, 0, BASES_WORDS) == KOZO_OK;
}

size_t extended_words(void)
{
    static size_t words;
    if (words == 0) {
        // The size of the area that the kernel's XSAVE uses (CPUID leaf 13: bytes of what is enabled).
        uint32_t eax = 13, ebx, ecx = 0, edx;
        __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
        words = ebx == 0 ? 512 / 8 : ebx / 8;
    }
    return words;
}

// Where a component beyond those of the first words lies (CPUID leaf 13). Size 0: the processor has none of this number.
struct component {
    uint32_t offset, size; // in words
};

static struct component component(unsigned number)
{
    constexpr unsigned most = 20;
    static struct component known[most];
    static bool asked;
    for (unsigned i = 3; !asked && i < most; i++) {
        uint32_t eax = 13, ebx, ecx = i, edx;
        __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
        known[i] = (struct component){ebx / 8, eax / 8};
    }
    asked = true;
    return number < most ? known[number] : (struct component){};
}

// Carries words between a thread and `words`, at the same place.
static bool carry(struct thread *thread, uint64_t *words, size_t first, size_t count, bool write)
{
    bool done = true;
    for (size_t at = first; at < first + count; at += BUFFER_WORDS) {
        size_t left = first + count - at;
        size_t part = left < BUFFER_WORDS ? left : BUFFER_WORDS;
        enum kozo_error error;
        if (write) {
            memcpy(ipc_words(), words + at, part * 8);
            error = kozo_thread_write_state(thread->handle, KOZO_REGISTERS_EXTENDED, at, part);
        } else {
            error = kozo_thread_read_state(thread->handle, KOZO_REGISTERS_EXTENDED, at, part);
            memcpy(words + at, ipc_words(), part * 8);
        }
        done &= error == KOZO_OK;
    }
    return done;
}

// The same for all components beyond the first words that are in use.
static bool carry_further(struct thread *thread, uint64_t *words, bool write)
{
    constexpr uint64_t first = 7;
    bool done = true;
    for (uint64_t left = words[STATE_COMPONENTS] & ~first; left != 0; left &= left - 1) {
        struct component found = component((unsigned)__builtin_ctzl(left));
        if (found.size != 0 && found.offset + found.size <= extended_words()) {
            done &= carry(thread, words, found.offset, found.size, write);
        }
    }
    return done;
}

static size_t first_words(void)
{
    size_t all = extended_words();
    return all < STATE_LEGACY_AND_AVX ? all : STATE_LEGACY_AND_AVX;
}

void thread_read_extended(struct thread *thread, uint64_t *words)
{
    size_t count = first_words();
    (void)carry(thread, words, 0, count, false);
    memset(words + count, 0, (extended_words() - count) * 8);
    if (count > STATE_COMPONENTS) {
        (void)carry_further(thread, words, false);
    }
}

bool thread_write_extended(struct thread *thread, uint64_t *words)
{
    size_t count = first_words();
    return carry(thread, words, 0, count, true) &&
           (count <= STATE_COMPONENTS || carry_further(thread, words, true));
}

void thread_copy_extended(struct thread *to, struct thread *from)
{
    // The same place for all: nothing waits while it is in use.
    static uint64_t words[EXTENDED_WORDS_MOST];
    if (extended_words() <= EXTENDED_WORDS_MOST) {
        thread_read_extended(from, words);
        (void)thread_write_extended(to, words);
    }
}

void thread_clear_extended(struct thread *thread)
{
    constexpr uint64_t control = 0x37f; // x87: as after FNINIT
    constexpr uint64_t vector = 0x1f80; // MXCSR: all exceptions masked
    uint64_t words[STATE_COMPONENTS + 8] = {control, 0, 0, vector};
    size_t all = extended_words();
    size_t count = sizeof words / 8;
    (void)carry(thread, words, 0, all < count ? all : count, true);
}

// --- Who it is --------------------------------------------------------------------------------------

struct thread *thread_now(void)
{
    return strand_now->thread;
}

struct process *process_now(void)
{
    return strand_now->thread->process;
}

struct caller *caller(void)
{
    return &process_now()->caller;
}

// The rest of a thread's end is in process.c, where its process may end with it.
void thread_end(struct thread *thread)
{
    struct process *process = thread->process;
    (void)kozo_thread_suspend(thread->handle);
    thread_let_go(thread);
    process->ended.user_ns += thread_time(thread);
    bool last = process->thread_count == 1;
    memcpy(process->name, thread->name, sizeof process->name);
    thread_unmake(thread);
    (void)wait_wake(&process->threads_gone, SIZE_MAX);
    if (last) {
        process_become_zombie(process);
    }
}
