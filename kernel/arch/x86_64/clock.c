// SPDX-License-Identifier: MIT
// Time: the time-stamp counter is the clock, the local APIC's timer the alarm.
//
// Where the APIC timer takes deadlines in ticks of the clock, it is given them. Elsewhere it counts
// down at a speed of its own, which is measured at start together with the clock's, against the
// first of:
//
//   the processor itself, which may know its frequency (then nothing is waited for)
//   channel 2 of the 8254 timer
//   the ACPI power management timer
//
// The measurement reads the reference between two readings of the clock, so that a pause of the
// whole machine shows as a wide gap, and takes the narrowest of some readings at either end.
#include "x86.h"

#include "kernel.h"
#include "panic/panic.h"

constexpr uint64_t PIT_FREQUENCY = 1'193'182;
constexpr uint64_t ACPI_FREQUENCY = 3'579'545;
constexpr uint64_t WAIT_FRACTION = 200; // of a second: 5 ms
constexpr unsigned SAMPLES = 5;
constexpr unsigned POLLS = 1'000'000; // a port takes about 1 µs: far longer than the measurement
constexpr uint64_t TICKS_MOST = UINT64_C(1)
                                << 40; // in one measurement, so that no product overflows

constexpr uint32_t MSR_TSC_DEADLINE = 0x6e0;

// A clock of known speed that counts up, modulo a power of two.
struct reference {
    uint32_t (*read)(uint16_t port);
    uint16_t port;
    uint64_t frequency;
    uint32_t mask;
};

// One moment, on all clocks.
struct sample {
    uint64_t gap; // ticks that the reading took
    uint64_t tsc;
    uint32_t reference;
    uint32_t left; // of the APIC timer
};

static uint64_t frequency;
static uint64_t timer_scale; // APIC timer counts for a tick, as a fraction of 2^32

// --- References ----------------------------------------------------------------------------------

// Channel 2 in mode 0 with the speaker off and the gate on: it counts down from 65535, and around
// (Intel 8254 data sheet; port 0x61: bit 0 is the gate, bit 1 the speaker).
static void pit_start(void)
{
    outb(0x61, (uint8_t)((inb(0x61) & 0xfc) | 1));
    outb(0x43, 0xb0);
    outb(0x42, 0xff);
    outb(0x42, 0xff);
}

static uint32_t pit_read(uint16_t port)
{
    uint32_t low;

    outb(0x43, 0x80);
    low = inb(port);
    return 0xffff - (low | (uint32_t)inb(port) << 8);
}

static uint32_t acpi_timer_read(uint16_t port)
{
    return inl(port) & 0xff'ffff;
}

static uint32_t reference_since(const struct reference *reference, uint32_t start, uint32_t now)
{
    return (now - start) & reference->mask;
}

// Absent hardware reads as ones forever.
static bool reference_runs(const struct reference *reference)
{
    uint32_t start = reference->read(reference->port);

    for (unsigned i = 0; i < 1000; i++) {
        if (reference->read(reference->port) != start) {
            return true;
        }
    }
    return false;
}

static struct reference reference_find(const struct acpi_info *info)
{
    struct reference pit = {
        .read = pit_read, .port = 0x42, .frequency = PIT_FREQUENCY, .mask = 0xffff};
    struct reference acpi = {.read = acpi_timer_read,
                             .port = info->timer_port,
                             .frequency = ACPI_FREQUENCY,
                             .mask = 0xff'ffff};

    pit_start();
    if (reference_runs(&pit)) {
        return pit;
    }
    if (info->timer_port == 0 || !reference_runs(&acpi)) {
        panic("there is no clock to measure the processor's with");
    }
    return acpi;
}

// --- Measurement ---------------------------------------------------------------------------------

static struct sample sample_once(const struct reference *reference)
{
    struct sample sample;
    uint64_t before = rdtsc();

    sample.reference = reference->read(reference->port);
    sample.tsc = rdtsc();
    sample.left = local_apic_timer_left();
    sample.gap = rdtsc() - before;
    return sample;
}

static struct sample sample_take(const struct reference *reference)
{
    struct sample best = sample_once(reference);

    for (unsigned i = 1; i < SAMPLES; i++) {
        struct sample next = sample_once(reference);

        best = next.gap < best.gap ? next : best;
    }
    return best;
}

static void measure(const struct acpi_info *info)
{
    struct reference reference = reference_find(info);
    uint32_t wait = (uint32_t)(reference.frequency / WAIT_FRACTION);
    struct sample start, end;
    uint64_t passed, ticks;

    local_apic_timer_count(UINT32_MAX);
    start = sample_take(&reference);
    for (unsigned i = 0; i < POLLS; i++) {
        if (reference_since(&reference, start.reference, reference.read(reference.port)) >= wait) {
            break;
        }
    }
    end = sample_take(&reference);
    local_apic_timer_count(0);

    passed = reference_since(&reference, start.reference, end.reference);
    ticks = end.tsc - start.tsc;
    ASSERT(passed != 0 && ticks != 0 && ticks < TICKS_MOST);
    frequency = ticks * reference.frequency / passed;
    timer_scale = ((uint64_t)(start.left - end.left) << 32) / ticks;
}

// CPUID leaf 0x15 gives the clock's frequency if all of its three numbers are there.
static uint64_t frequency_from_processor(void)
{
    struct cpuid_result ratio;

    if (cpuid(0, 0).eax < 0x15) {
        return 0;
    }
    ratio = cpuid(0x15, 0);
    return ratio.eax == 0 ? 0 : (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
}

uint64_t clock_start(const struct acpi_info *info)
{
    uint64_t start = rdtsc();

    frequency = features.tsc_deadline ? frequency_from_processor() : 0;
    if (frequency == 0) {
        measure(info);
    }
    local_apic_timer_mode(features.tsc_deadline);
    return rdtsc() - start;
}

// --- Running -------------------------------------------------------------------------------------

uint64_t arch_now(void)
{
    return rdtsc();
}

uint64_t arch_frequency(void)
{
    return frequency;
}

bool arch_clock_is_invariant(void)
{
    return features.tsc_invariant;
}

// The counter has 32 bits: a deadline that is further away than it reaches is approached in steps,
// and one that comes a little early is set again.
static void timer_count(uint64_t deadline)
{
    uint64_t now = rdtsc();
    uint64_t ticks = deadline > now ? deadline - now : 0;
    unsigned __int128 count = ((unsigned __int128)ticks * timer_scale >> 32) + 1;

    local_apic_timer_count(count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

void arch_timer_set(uint64_t deadline)
{
    arch_cpu()->arch.deadline = deadline;
    if (features.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, deadline == UINT64_MAX ? 0 : deadline);
    } else if (deadline == UINT64_MAX) {
        local_apic_timer_count(0);
    } else {
        timer_count(deadline);
    }
}

bool clock_is_due(struct cpu *cpu)
{
    uint64_t deadline = cpu->arch.deadline;

    if (deadline == UINT64_MAX) {
        return false;
    }
    if (rdtsc() < deadline) {
        arch_timer_set(deadline);
        return false;
    }
    cpu->arch.deadline = UINT64_MAX;
    return true;
}
