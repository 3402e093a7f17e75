// SPDX-License-Identifier: MIT
// What the files of this folder offer each other.
#pragma once

#include "acpi.h"
#include "arch/arch.h"
#include "boot/boot.h"
#include "instructions.h"

// --- The image, from kernel.ld -------------------------------------------------------------------

extern const char image_start[], image_text_end[], image_rodata_end[], image_data_end[],
    image_end[];
extern const char image_init_start[], image_init_end[];

// --- features.c: what the processor has ----------------------------------------------------------

struct features {
    bool x2apic, tsc_deadline, tsc_invariant, fsgsbase, smep, smap, umip, xsave, xsaveopt, rdrand,
        rdseed, large_1g;
    bool global; // pages of the kernel stay cached when the address space changes
};

extern struct features features;

void features_read(void);

// --- mitigation.c: against programs that attack by speculation -----------------------------------

// Decides what this processor needs. Once.
void mitigation_choose(void);

// Sets this processor's registers.
void mitigation_start(void);

// Changes the ways out to user mode, if the processor needs it or the command line has the word
// speculation=guarded. Once, while the kernel's text can be written.
void mitigation_guard_ways_out(const char *command_line);

// One line on the console for each attack that stays open.
void mitigation_warn(void);

// --- serial.c ------------------------------------------------------------------------------------

void serial_start(void);

// --- paging.c, window.c: memory ------------------------------------------------------------------

constexpr size_t TABLE_ENTRIES = 1 << ARCH_TABLE_BITS;

// The root table that is current when no thread is. Its upper half is in every address space.
extern arch_entry_t kernel_root[TABLE_ENTRIES];

// Makes the kernel's own page tables and changes over to them. The window shows what is RAM or KEPT
// in `boot` now. Takes memory for the tables from there and records it as KEPT; the map must have
// been normalised, and must be again.
void window_start(struct boot *boot);

// Shows memory as the stacks of a processor, which must not be the first.
struct stacks *window_stacks(unsigned processor, physical_t memory);

// Shows a page of device registers to the kernel; null when there is no room for more.
[[nodiscard]] void *window_device(physical_t address);

// --- processor.c: segments, system registers, stacks ---------------------------------------------

// Where exceptions on stacks of their own find that stack: numbers in the interrupt descriptor
// table.
enum careful_stack : uint8_t {
    CAREFUL_NONE = 0,
    CAREFUL_DEBUG = 1,
    CAREFUL_NMI = 2,
    CAREFUL_DOUBLE_FAULT = 3,
    CAREFUL_MACHINE_CHECK = 4,
};
constexpr size_t CAREFUL_STACKS = 4;

constexpr uint16_t SELECTOR_KERNEL_CODE = 0x08;
constexpr uint16_t SELECTOR_KERNEL_DATA = 0x10;
constexpr uint16_t SELECTOR_USER_DATA = 0x18 | 3;
constexpr uint16_t SELECTOR_USER_CODE = 0x20 | 3;
constexpr uint16_t SELECTOR_TSS = 0x28;

constexpr uint64_t RFLAGS_FIXED = 1 << 1;
constexpr uint64_t RFLAGS_INTERRUPT = 1 << 9;

struct stack_bounds {
    uint64_t bottom, top;
};

// Where the kernel stack is.
struct stack_bounds x86_stack_bounds(void);

// The stacks of a processor: bytes, with an empty page below each.
struct stacks;
constexpr size_t PROCESSOR_STACKS = 13 * KOZO_PAGE_SIZE;
extern struct stacks x86_stacks; // of the first

// Whether there is an empty page at this offset into the stacks.
bool processor_is_guard(size_t offset);

// Fills in the struct of a processor that runs on these stacks.
void processor_prepare(struct cpu *cpu, struct stacks *stacks);

// Makes `cpu`, which was prepared, the processor that runs this.
void processor_start(struct cpu *cpu);

// Whether system calls of this processor take the kernel's lock. Only the first can do without.
void processor_share(bool shared);

// --- secondary.c: the other processors -----------------------------------------------------------

// Takes memory for their stacks out of the map, and records it as KEPT. After window_start.
void secondary_reserve(struct boot *boot, const struct acpi_info *info);

// Starts all that answer. From then on this processor holds the kernel's lock.
void secondary_start_all(const struct acpi_info *info);

// Called by secondary.S, on each: gives nobody to resume.
struct thread *x86_start_secondary(void);

// Saves what the processor keeps of the thread that came in.
void x86_registers_leave(struct arch_cpu *cpu);

// --- extended.c: registers that only some threads use --------------------------------------------

void extended_start(void);

// Whether these can be loaded: they name user addresses, and nothing that stops the kernel.
[[nodiscard]] bool debug_is_valid(const uint64_t *address, uint64_t control);

// What a debug exception is about, as the bits of DR6 that are then set; forgets it.
uint64_t debug_take_status(void);

// --- exception.c: what entry.S calls -------------------------------------------------------------

// Exceptions that need a word: Intel SDM volume 3, table 6-1.
enum exception : uint8_t {
    EXCEPTION_DEBUG = 1,
    EXCEPTION_NMI = 2,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_DOUBLE_FAULT = 8,
    EXCEPTION_PAGE = 14,
    EXCEPTION_MACHINE_CHECK = 18,
};
constexpr unsigned EXCEPTIONS = 32;

struct thread *x86_interrupt_user(struct cpu *cpu, const struct arch_registers *registers);
struct thread *x86_interrupt_kernel(struct cpu *cpu, const struct arch_registers *registers);

// Vectors: exceptions, the masked PIC, devices, then those of the local APIC.
constexpr unsigned VECTOR_PIC = 0x20;
constexpr unsigned VECTOR_DEVICE = 0x30;
constexpr unsigned VECTOR_TIMER = 0xf0;
constexpr unsigned VECTOR_ERROR = 0xf1;
constexpr unsigned VECTOR_PROCESSOR = 0xf2; // from another processor
constexpr unsigned VECTOR_SPURIOUS = 0xff;
static_assert(VECTOR_DEVICE + ARCH_INTERRUPTS <= VECTOR_TIMER);

// --- local_apic.c --------------------------------------------------------------------------------

physical_t local_apic_address(void);
void local_apic_start(void);
void local_apic_end_of_interrupt(void);
void local_apic_raise(uint8_t vector); // an interrupt to this processor
void local_apic_send(uint32_t to, uint8_t vector);
void local_apic_stop_others(void); // by a non-maskable interrupt

// Resets a processor, and lets one that was reset start at a page below 1 MiB, in real mode (Intel
// SDM volume 3, section 9.4.4).
void local_apic_reset(uint32_t to);
void local_apic_begin(uint32_t to, physical_t page);

uint32_t local_apic_id(void);
void local_apic_timer_mode(bool deadline);
void local_apic_timer_count(uint32_t count); // starts to count down; 0 stops
uint32_t local_apic_timer_left(void);

// --- io_apic.c -----------------------------------------------------------------------------------

// Silences the old interrupt controllers. Before local_apic_start.
void pic_silence(void);

// Where it is when the firmware does not say.
constexpr uint32_t IO_APIC_DEFAULT = 0xfec0'0000;

void io_apic_start(const struct acpi_info *info);

// --- clock.c -------------------------------------------------------------------------------------

// Finds out how fast the time-stamp counter and the APIC timer run. Gives the ticks that it waited.
uint64_t clock_start(const struct acpi_info *info);

// The APIC timer has fired. True when the time that was asked for has come.
[[nodiscard]] bool clock_is_due(struct cpu *cpu);

// --- start.c -------------------------------------------------------------------------------------

// Called by boot.S.
struct thread *x86_start(uint64_t path, physical_t information, uint64_t tsc);
