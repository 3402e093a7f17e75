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

// --- serial.c ------------------------------------------------------------------------------------

void serial_start(void);

// --- paging.c, window.c: memory ------------------------------------------------------------------

// Entry bits: Intel SDM volume 3, section 4.5.
constexpr arch_entry_t ENTRY_PRESENT = 1 << 0;
constexpr arch_entry_t ENTRY_WRITE = 1 << 1;
constexpr arch_entry_t ENTRY_USER = 1 << 2;
constexpr arch_entry_t ENTRY_WRITE_THROUGH = 1 << 3;
constexpr arch_entry_t ENTRY_NO_CACHE = 1 << 4;
constexpr arch_entry_t ENTRY_ACCESSED = 1 << 5;
constexpr arch_entry_t ENTRY_DIRTY = 1 << 6;
constexpr arch_entry_t ENTRY_LARGE = 1 << 7;
constexpr arch_entry_t ENTRY_GLOBAL = 1 << 8;
constexpr arch_entry_t ENTRY_NO_EXECUTE = UINT64_C(1) << 63;
constexpr arch_entry_t ENTRY_ADDRESS = 0x000f'ffff'ffff'f000;

constexpr size_t TABLE_ENTRIES = 1 << ARCH_TABLE_BITS;

// The root table that is current when no thread is. Its upper half is in every address space.
extern arch_entry_t kernel_root[TABLE_ENTRIES];

// Makes the kernel's own page tables and changes over to them. The window shows what is RAM or KEPT
// in `boot` now. Takes memory for the tables from there and records it as KEPT; the map must have
// been normalised, and must be again.
void window_start(struct boot *boot);

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

// Makes `cpu` the processor that runs this.
void processor_start(struct cpu *cpu);

// Leaves the pages below each stack out of the image's page table.
void processor_guard_stacks(arch_entry_t *table);

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
constexpr unsigned VECTOR_SPURIOUS = 0xff;
static_assert(VECTOR_DEVICE + ARCH_INTERRUPTS <= VECTOR_TIMER);

// --- local_apic.c --------------------------------------------------------------------------------

physical_t local_apic_address(void);
void local_apic_start(void);
void local_apic_end_of_interrupt(void);
void local_apic_raise(uint8_t vector); // an interrupt to this processor
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

// A device raised this interrupt: masks it. False when it is masked already, and nobody is to know
// yet.
[[nodiscard]] bool io_apic_accept(unsigned interrupt);

// --- clock.c -------------------------------------------------------------------------------------

// Finds out how fast the time-stamp counter and the APIC timer run. Gives the ticks that it waited.
uint64_t clock_start(const struct acpi_info *info);

// The APIC timer has fired. True when the time that was asked for has come.
[[nodiscard]] bool clock_is_due(struct cpu *cpu);

// --- start.c -------------------------------------------------------------------------------------

// Called by boot.S.
struct thread *x86_start(uint64_t path, physical_t information, uint64_t tsc);
