// SPDX-License-Identifier: MIT
// The window: RAM is one static array, and the kernel's image is struct kernel. Whoever looks at an
// address where no RAM is has found a fault of the kernel.
#pragma once

#include "kozo/abi.h"

struct kernel;
extern struct kernel kernel;

extern unsigned char host_ram[HOST_RAM];

// Ends the process, since nothing that the kernel did before can be trusted.
[[noreturn]] void host_no_memory(physical_t address);

static inline void *arch_window(physical_t address)
{
    if (address < HOST_RAM) {
        return host_ram + address;
    }
    if (address >= HOST_RAM + HOST_IMAGE) {
        host_no_memory(address);
    }
    return (unsigned char *)&kernel + (address - HOST_RAM);
}

static inline physical_t arch_physical(const void *pointer)
{
    uintptr_t address = (uintptr_t)pointer;
    uintptr_t ram = (uintptr_t)host_ram;

    return address - ram < HOST_RAM ? address - ram : address - (uintptr_t)&kernel + HOST_RAM;
}

static inline physical_t arch_window_address(const void *pointer)
{
    return arch_physical(pointer);
}

static inline void arch_zero(void *memory, uint64_t words)
{
    uint64_t *word = memory;

    for (uint64_t i = 0; i < words; i++) {
        word[i] = 0;
    }
}

struct cpu *host_cpu(void);

static inline struct cpu *arch_cpu(void)
{
    return host_cpu();
}

void host_pause(void);

void host_space_activate(physical_t root);

static inline void arch_space_activate(physical_t root)
{
    host_space_activate(root);
}

static inline void arch_pause(void)
{
    host_pause();
}

// A table entry is an address with the rights and flags in the bits that are below every page. A leaf looks the
// same at every level.
constexpr arch_entry_t ENTRY_RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
constexpr arch_entry_t ENTRY_PRESENT = 1 << 3;
constexpr arch_entry_t ENTRY_DEVICE = 1 << 4;
constexpr arch_entry_t ENTRY_LEAF = 1 << 5;
constexpr arch_entry_t ENTRY_FLAGS = ((arch_entry_t)1 << ARCH_PAGE_BITS) - 1;

static inline arch_entry_t arch_entry_leaf(physical_t address, unsigned, unsigned rights,
                                           bool device)
{
    return address | ENTRY_PRESENT | ENTRY_LEAF | (device ? ENTRY_DEVICE : 0) | KOZO_RIGHT_READ |
           (rights & ENTRY_RIGHTS);
}

static inline arch_entry_t arch_entry_table(physical_t table)
{
    return table | ENTRY_PRESENT;
}

static inline bool arch_entry_present(arch_entry_t entry)
{
    return (entry & ENTRY_PRESENT) != 0;
}

static inline bool arch_entry_is_table(arch_entry_t entry, unsigned)
{
    return (entry & (ENTRY_PRESENT | ENTRY_LEAF)) == ENTRY_PRESENT;
}

static inline physical_t arch_entry_address(arch_entry_t entry, unsigned)
{
    return entry & ~ENTRY_FLAGS;
}

static inline unsigned arch_entry_rights(arch_entry_t entry)
{
    return (unsigned)(entry & ENTRY_RIGHTS);
}

static inline bool arch_entry_is_within(arch_entry_t entry, arch_entry_t bound)
{
    return ((entry ^ bound) & ~ENTRY_RIGHTS) == 0 && (entry & ~bound) == 0;
}

static inline arch_entry_t arch_entry_limit(arch_entry_t entry, unsigned rights)
{
    return rights == 0 ? 0 : entry & ~(ENTRY_RIGHTS & ~(arch_entry_t)rights);
}

static inline arch_entry_t arch_entry_split(arch_entry_t entry, unsigned)
{
    return entry;
}

static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        to[i] = ((const volatile uint64_t *)from)[i];
    }
}

enum kozo_error host_exit_to(void);

static inline enum kozo_error arch_exit_to(struct thread *)
{
    return host_exit_to();
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
