// SPDX-License-Identifier: MIT
// The local APIC of a processor: in x2APIC mode, by model-specific registers, where the processor
// has it; else by memory (Intel SDM volume 3, chapter 11).
#include "x86.h"

#include "panic/panic.h"

constexpr uint32_t MSR_APIC_BASE = 0x1b;
constexpr uint64_t APIC_BASE_X2APIC = 1 << 10;
constexpr uint64_t APIC_BASE_ENABLE = 1 << 11;
constexpr uint32_t MSR_X2APIC = 0x800;

// Offsets of registers in memory. An x2APIC register has the number offset / 16.
enum local_register : uint16_t {
    LOCAL_ID = 0x20,
    LOCAL_TASK_PRIORITY = 0x80,
    LOCAL_END = 0xb0,
    LOCAL_SPURIOUS = 0xf0,
    LOCAL_STATUS = 0x280,
    LOCAL_COMMAND = 0x300,
    LOCAL_COMMAND_TO = 0x310, // not in x2APIC mode
    LOCAL_TIMER = 0x320,
    LOCAL_LINT0 = 0x350,
    LOCAL_LINT1 = 0x360,
    LOCAL_ERROR = 0x370,
    LOCAL_TIMER_COUNT = 0x380,
    LOCAL_TIMER_LEFT = 0x390,
    LOCAL_TIMER_DIVIDE = 0x3e0,
    LOCAL_SELF = 0x3f0, // x2APIC only
};

constexpr uint32_t ENTRY_MASKED = 1 << 16;
constexpr uint32_t ENTRY_NMI = 4 << 8;
constexpr uint32_t SPURIOUS_ENABLE = 1 << 8;
constexpr uint32_t TIMER_DEADLINE = 2 << 17;
constexpr uint32_t TIMER_DIVIDE_BY_1 = 0xb;
constexpr uint32_t COMMAND_SELF = 1 << 18;
constexpr uint32_t COMMAND_NMI = 4 << 8;
constexpr uint32_t COMMAND_INIT = 5 << 8;
constexpr uint32_t COMMAND_START = 6 << 8;
constexpr uint32_t COMMAND_ASSERT = 1 << 14;
constexpr uint32_t COMMAND_PENDING = 1 << 12;
constexpr uint32_t COMMAND_OTHERS = 3 << 18;

static volatile uint32_t *registers; // null in x2APIC mode

static uint32_t local_read(enum local_register name)
{
    return registers != nullptr ? registers[name / 4] : (uint32_t)rdmsr(MSR_X2APIC + name / 16);
}

static void local_write(enum local_register name, uint32_t value)
{
    if (registers != nullptr) {
        registers[name / 4] = value;
    } else {
        wrmsr(MSR_X2APIC + name / 16, value);
    }
}

physical_t local_apic_address(void)
{
    return rdmsr(MSR_APIC_BASE) & ENTRY_ADDRESS;
}

static void local_apic_map(void)
{
    if (!features.x2apic) {
        registers = window_device(local_apic_address());
        ASSERT(registers != nullptr);
    }
}

// An APIC that is off has to be on before it can change to x2APIC mode (section 11.12.5).
static void local_apic_enable(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    wrmsr(MSR_APIC_BASE, base);
    if (features.x2apic) {
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    }
}

// The firmware may have left anything in here. Whatever is not for us is masked; LINT1 is the
// non-maskable interrupt of the board.
void local_apic_start(void)
{
    if (registers == nullptr) {
        local_apic_map();
    }
    local_apic_enable();
    local_write(LOCAL_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    local_write(LOCAL_TASK_PRIORITY, 0);
    local_write(LOCAL_TIMER, ENTRY_MASKED | VECTOR_TIMER);
    local_write(LOCAL_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
    local_write(LOCAL_TIMER_COUNT, 0);
    local_write(LOCAL_LINT0, ENTRY_MASKED);
    local_write(LOCAL_LINT1, ENTRY_NMI);
    local_write(LOCAL_ERROR, ENTRY_MASKED | VECTOR_ERROR);
    local_write(LOCAL_STATUS, 0);
    local_apic_end_of_interrupt();
}

void local_apic_end_of_interrupt(void)
{
    local_write(LOCAL_END, 0);
}

void local_apic_raise(uint8_t vector)
{
    if (registers != nullptr) {
        local_write(LOCAL_COMMAND, COMMAND_SELF | vector);
    } else {
        local_write(LOCAL_SELF, vector);
    }
}

// Section 11.6.1: in memory mode the write of the low half sends, and the one before must be gone.
static void local_apic_command(uint32_t to, uint32_t command)
{
    if (registers == nullptr) {
        wrmsr(MSR_X2APIC + LOCAL_COMMAND / 16, (uint64_t)to << 32 | command);
        return;
    }
    while ((local_read(LOCAL_COMMAND) & COMMAND_PENDING) != 0) {
        arch_pause();
    }
    local_write(LOCAL_COMMAND_TO, to << 24);
    local_write(LOCAL_COMMAND, command);
}

void local_apic_send(uint32_t to, uint8_t vector)
{
    // A write to an x2APIC register may overtake earlier stores (section 11.12.3).
    if (registers == nullptr) {
        __asm__ volatile("mfence; lfence" : : : "memory");
    }
    local_apic_command(to, COMMAND_ASSERT | vector);
}

void local_apic_stop_others(void)
{
    local_apic_command(0, COMMAND_OTHERS | COMMAND_ASSERT | COMMAND_NMI);
}

void local_apic_reset(uint32_t to)
{
    local_apic_command(to, COMMAND_INIT | COMMAND_ASSERT);
}

void local_apic_begin(uint32_t to, physical_t page)
{
    local_apic_command(to, COMMAND_START | COMMAND_ASSERT | (uint32_t)(page / ARCH_PAGE_SIZE));
}

uint32_t local_apic_id(void)
{
    uint32_t id = local_read(LOCAL_ID);

    return registers != nullptr ? id >> 24 : id;
}

// In memory mode a fence must keep the first write of the deadline behind this (section 11.5.4.1).
void local_apic_timer_mode(bool deadline)
{
    local_write(LOCAL_TIMER, VECTOR_TIMER | (deadline ? TIMER_DEADLINE : 0));
    __asm__ volatile("mfence" : : : "memory");
}

void local_apic_timer_count(uint32_t count)
{
    local_write(LOCAL_TIMER_COUNT, count);
}

uint32_t local_apic_timer_left(void)
{
    return local_read(LOCAL_TIMER_LEFT);
}
