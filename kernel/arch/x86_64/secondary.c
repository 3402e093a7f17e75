// SPDX-License-Identifier: MIT
// The other processors: how they start, and how they are interrupted.
//
// They start one after the other, in real mode, from a page below 1 MiB (secondary.S), and take
// over the page tables, gates and settings of the first. Each has stacks of its own, in pages that
// are taken from free memory at boot. One that does not answer, or whose clock can't be made to
// agree with that of the first, is left out.
#include "x86.h"

#include "kernel.h"
#include "panic/panic.h"
#include "sched/processors.h"

constexpr uint64_t RESET_MILLISECONDS = 10; // Intel SDM volume 3, section 9.4.4
constexpr uint64_t FIRST_MILLISECONDS = 1;
constexpr uint64_t ANSWER_MILLISECONDS = 500;
constexpr physical_t REAL_MODE_END = 0xa0000;
constexpr unsigned CLOCK_ROUNDS = 32;

constexpr uint32_t MSR_TSC = 0x10;

// What the first processor and the one that is being started tell each other, in turns.
enum word : uint32_t {
    WORD_NONE,
    WORD_HERE,   // the new one: done, what next?
    WORD_CLOCK,  // tell what your clock says
    WORD_ADJUST, // add `clock` to your clock
    WORD_RUN,
};

static _Atomic uint32_t word;
static _Atomic uint64_t clock;

static physical_t real_mode_page; // 0 when there is none
static physical_t stacks_memory;

extern const char secondary_start[], secondary_end[];

// The one that is being started; secondary.S reads it.
struct cpu *secondary_cpu;

// --- Memory --------------------------------------------------------------------------------------

// Free memory between two addresses, which it takes out of the map; 0 when there is none.
static physical_t reserve(struct boot *boot, physical_t from, physical_t end, uint64_t size)
{
    for (size_t i = 0; i < boot->ranges; i++) {
        const struct memory_range *range = &boot->range[i];

        if (range->kind == MEMORY_RAM && range->base >= from && range->size >= size &&
            range->base + size <= end) {
            physical_t base = range->base;
            memory_map_add(boot, base, size, MEMORY_KEPT);
            return base;
        }
    }
    return 0;
}

static unsigned wanted(const struct acpi_info *info)
{
    return info->processors < KERNEL_CPUS ? info->processors : KERNEL_CPUS;
}

static uint64_t stack_bytes(void)
{
    uint64_t bytes = 0;

    for (size_t offset = 0; offset < PROCESSOR_STACKS; offset += KOZO_PAGE_SIZE) {
        bytes += processor_is_guard(offset) ? 0 : KOZO_PAGE_SIZE;
    }
    return bytes;
}

void secondary_reserve(struct boot *boot, const struct acpi_info *info)
{
    if (wanted(info) > 1) {
        uint64_t size = (wanted(info) - 1) * stack_bytes();

        real_mode_page = reserve(boot, 0, REAL_MODE_END, KOZO_PAGE_SIZE);
        stacks_memory = reserve(boot, boot->kernel_end, ARCH_PHYSICAL_END, size);
    }
}

// --- The first processor's side ------------------------------------------------------------------

static uint64_t milliseconds(uint64_t count)
{
    return arch_frequency() / 1000 * count;
}

static void wait(uint64_t ticks)
{
    for (uint64_t start = rdtsc(); rdtsc() - start < ticks;) {
        arch_pause();
    }
}

static bool answers(uint64_t ticks)
{
    for (uint64_t start = rdtsc(); rdtsc() - start < ticks;) {
        if (atomic_load(&word) == WORD_HERE) {
            return true;
        }
        arch_pause();
    }
    return false;
}

static bool tell(enum word what)
{
    atomic_store(&word, what);
    return answers(milliseconds(ANSWER_MILLISECONDS));
}

// By how much the other clock is ahead: it is asked between two looks at the own one, so that what
// it says lies between them if they agree. 0 when they may.
struct lead {
    bool known;
    int64_t ticks;
};

static struct lead clock_lead(void)
{
    int64_t least = INT64_MIN;
    int64_t most = INT64_MAX;

    for (unsigned i = 0; i < CLOCK_ROUNDS; i++) {
        uint64_t before = rdtsc();
        if (!tell(WORD_CLOCK)) {
            return (struct lead){};
        }
        int64_t behind = (int64_t)(atomic_load(&clock) - rdtsc());
        int64_t ahead = (int64_t)(atomic_load(&clock) - before);
        least = behind > least ? behind : least;
        most = ahead < most ? ahead : most;
    }
    bool agree = least <= 0 && most >= 0;
    return (struct lead){.known = true, .ticks = agree ? 0 : least + (most - least) / 2};
}

static bool clock_agrees(void)
{
    struct lead lead = clock_lead();

    if (lead.known && lead.ticks != 0) {
        atomic_store(&clock, (uint64_t)-lead.ticks);
        lead = tell(WORD_ADJUST) ? clock_lead() : (struct lead){};
    }
    return lead.known && lead.ticks == 0;
}

// Two calls, as the manual has it, since the first may be lost.
static bool wakes(uint32_t apic)
{
    atomic_store(&word, WORD_NONE);
    local_apic_begin(apic, real_mode_page);
    if (answers(milliseconds(FIRST_MILLISECONDS))) {
        return true;
    }
    local_apic_begin(apic, real_mode_page);
    return answers(milliseconds(ANSWER_MILLISECONDS));
}

static void start_one(uint32_t apic)
{
    unsigned number = kernel.processors;
    struct cpu *cpu = &kernel.cpu[number];
    physical_t memory = stacks_memory + (number - 1) * stack_bytes();

    cpu->number = (uint8_t)number;
    cpu->arch.apic = apic;
    processor_prepare(cpu, window_stacks(number, memory));
    secondary_cpu = cpu;
    if (wakes(apic) && clock_agrees() && tell(WORD_RUN)) {
        kernel.processors++;
    } else {
        local_apic_reset(apic);
    }
}

void secondary_start_all(const struct acpi_info *info)
{
    uint32_t self = local_apic_id();

    if (real_mode_page == 0 || stacks_memory == 0) {
        return;
    }
    memcpy(arch_window(real_mode_page), secondary_start, (size_t)(secondary_end - secondary_start));
    for (unsigned i = 0; i < wanted(info); i++) {
        if (info->processor[i] != self) {
            local_apic_reset(info->processor[i]);
        }
    }
    wait(milliseconds(RESET_MILLISECONDS));
    for (unsigned i = 0; i < wanted(info); i++) {
        if (info->processor[i] != self) {
            start_one(info->processor[i]);
        }
    }
    kernel.lock.needed = kernel.processors > 1;
    processor_share(kernel.lock.needed);
    bool taken = lock_take(&kernel.cpu[0]);
    ASSERT(taken);
}

// --- The other side ------------------------------------------------------------------------------

struct thread *x86_start_secondary(void)
{
    processor_start(secondary_cpu);
    local_apic_start();
    local_apic_timer_mode(features.tsc_deadline);
    for (uint32_t heard = WORD_NONE; heard != WORD_RUN;) {
        if (heard == WORD_CLOCK) {
            atomic_store(&clock, rdtsc());
        } else if (heard == WORD_ADJUST) {
            wrmsr(MSR_TSC, rdtsc() + atomic_load(&clock));
        }
        atomic_store(&word, WORD_HERE);
        do {
            arch_pause();
            heard = atomic_load(&word);
        } while (heard == WORD_HERE);
    }
    atomic_store(&word, WORD_HERE);
    return nullptr;
}

// --- Running -------------------------------------------------------------------------------------

void arch_processor_interrupt(unsigned number)
{
    local_apic_send(kernel.cpu[number].arch.apic, VECTOR_PROCESSOR);
}

void arch_processor_leave(void)
{
    x86_registers_leave(&arch_cpu()->arch);
    arch_space_leave();
}

void arch_processors_stop(void)
{
    if (kernel.lock.needed) {
        local_apic_stop_others();
    }
}
