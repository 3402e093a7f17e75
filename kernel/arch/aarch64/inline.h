// SPDX-License-Identifier: MIT
// The functions of kernel/arch/arch.h that are too small and too hot to be called.
#pragma once

#include "kozo/abi.h"

// Descriptor bits: Arm Architecture Reference Manual, DDI 0487, "VMSAv8-64 translation table format descriptors".
constexpr arch_entry_t ENTRY_VALID = 1 << 0;
constexpr arch_entry_t ENTRY_NO_BLOCK = 1 << 1; // a table above level 0, a page at level 0
constexpr arch_entry_t ENTRY_DEVICE = 1 << 2;   // attributes number 1 of MAIR_EL1, else number 0
constexpr arch_entry_t ENTRY_USER = 1 << 6;
constexpr arch_entry_t ENTRY_READ_ONLY = 1 << 7;
constexpr arch_entry_t ENTRY_SHARED = 3 << 8;
constexpr arch_entry_t ENTRY_ACCESSED = 1 << 10;
constexpr arch_entry_t ENTRY_NOT_GLOBAL = 1 << 11;
constexpr arch_entry_t ENTRY_KERNEL_NO_EXECUTE = UINT64_C(1) << 53;
constexpr arch_entry_t ENTRY_NO_EXECUTE = UINT64_C(1) << 54;
constexpr arch_entry_t ENTRY_ADDRESS = 0x0000'ffff'ffff'f000;
constexpr arch_entry_t ENTRY_RIGHTS = ENTRY_READ_ONLY | ENTRY_NO_EXECUTE;

// Outside of the window and the image there is nothing to point at, so two cases are all.
static inline void *arch_window(physical_t address)
{
    return (void *)(AARCH64_WINDOW + address);
}

static inline physical_t arch_physical(const void *pointer)
{
    uint64_t address = (uint64_t)pointer;

    return address >= AARCH64_IMAGE ? address - AARCH64_IMAGE : address - AARCH64_WINDOW;
}

static inline void arch_pause(void)
{
    __asm__ volatile("yield");
}

static inline physical_t arch_window_address(const void *pointer)
{
    return (uint64_t)pointer - AARCH64_WINDOW;
}

static inline void arch_zero(void *memory, uint64_t words)
{
    uint64_t *word = memory;

    for (uint64_t i = 0; i < words; i++) {
        word[i] = 0;
    }
}

// The same for a processor from its start to its end, so the compiler may read it once.
static inline struct cpu *arch_cpu(void)
{
    struct cpu *cpu;

    __asm__("mrs %0, tpidr_el1" : "=r"(cpu));
    return cpu;
}

static inline arch_entry_t arch_entry_leaf(physical_t address, unsigned level, unsigned rights,
                                           bool device)
{
    arch_entry_t entry = address | ENTRY_VALID | ENTRY_USER | ENTRY_SHARED | ENTRY_ACCESSED |
                         ENTRY_NOT_GLOBAL | ENTRY_KERNEL_NO_EXECUTE;

    entry |= level > 0 ? 0 : ENTRY_NO_BLOCK;
    entry |= (rights & KOZO_RIGHT_WRITE) != 0 ? 0 : ENTRY_READ_ONLY;
    entry |= (rights & KOZO_RIGHT_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE;
    entry |= device ? ENTRY_DEVICE : 0;
    return entry;
}

static inline arch_entry_t arch_entry_table(physical_t table)
{
    return table | ENTRY_VALID | ENTRY_NO_BLOCK;
}

static inline bool arch_entry_present(arch_entry_t entry)
{
    return (entry & ENTRY_VALID) != 0;
}

static inline bool arch_entry_is_table(arch_entry_t entry, unsigned level)
{
    constexpr arch_entry_t TABLE = ENTRY_VALID | ENTRY_NO_BLOCK;

    return level > 0 && (entry & TABLE) == TABLE;
}

static inline physical_t arch_entry_address(arch_entry_t entry, unsigned)
{
    return entry & ENTRY_ADDRESS;
}

static inline unsigned arch_entry_rights(arch_entry_t entry)
{
    unsigned rights = KOZO_RIGHT_READ;

    rights |= (entry & ENTRY_READ_ONLY) != 0 ? 0 : KOZO_RIGHT_WRITE;
    rights |= (entry & ENTRY_NO_EXECUTE) != 0 ? 0 : KOZO_RIGHT_EXECUTE;
    return rights;
}

static inline bool arch_entry_is_within(arch_entry_t entry, arch_entry_t bound)
{
    // Where they differ, the entry may only have one of the two bits that take a right away.
    return ((entry ^ bound) & ~ENTRY_RIGHTS) == 0 && (bound & ~entry) == 0;
}

static inline arch_entry_t arch_entry_limit(arch_entry_t entry, unsigned rights)
{
    arch_entry_t lost = (rights & KOZO_RIGHT_WRITE) != 0 ? 0 : ENTRY_READ_ONLY;

    lost |= (rights & KOZO_RIGHT_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE;
    return rights == 0 ? 0 : entry | lost;
}

static inline arch_entry_t arch_entry_split(arch_entry_t entry, unsigned level)
{
    return level > 1 ? entry : entry | ENTRY_NO_BLOCK;
}

static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        to[i] = ((const volatile uint64_t *)from)[i];
    }
}

static inline enum kozo_error arch_exit_to(struct thread *)
{
    return KOZO_OK;
}

static inline void arch_space_activate(physical_t root)
{
    physical_t current;

    __asm__("mrs %0, ttbr0_el1" : "=r"(current));
    if (current != root) {
        __asm__ volatile("msr ttbr0_el1, %0; isb" : : "r"(root) : "memory");
    }
}

static inline void arch_space_turn(struct arch_cpu *, physical_t root)
{
    arch_space_activate(root);
}

static inline struct thread *arch_exit_early(struct thread *thread)
{
    return thread;
}

static inline enum kozo_error arch_exit_with_words(struct thread *thread)
{
    return arch_exit_to(thread);
}

static inline enum kozo_error arch_exit_with_call(struct thread *thread)
{
    return arch_exit_to(thread);
}
