// SPDX-License-Identifier: MIT
// The functions of kernel/arch/arch.h that are too small and too hot to be called.
#pragma once

#include "kozo/abi.h"

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
constexpr arch_entry_t ENTRY_RIGHTS = ENTRY_WRITE | ENTRY_DIRTY | ENTRY_NO_EXECUTE;

// Outside of the window and the image there is nothing to point at, so two cases are all.
static inline void *arch_window(physical_t address)
{
    return (void *)(X86_WINDOW + address);
}

static inline physical_t arch_physical(const void *pointer)
{
    uint64_t address = (uint64_t)pointer;

    return address >= X86_IMAGE ? address - X86_IMAGE : address - X86_WINDOW;
}

static inline void arch_pause(void)
{
    __asm__ volatile("pause");
}

static inline physical_t arch_window_address(const void *pointer)
{
    return (uint64_t)pointer - X86_WINDOW;
}

static inline void arch_zero(void *memory, uint64_t words)
{
    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(words) : "a"(0) : "memory");
}

// The first word of struct cpu is its own address.
static inline struct cpu *arch_cpu(void)
{
    struct cpu *cpu;

    static_assert(offsetof(struct arch_cpu, self) == 0);
    __asm__("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

// What a leaf says of its rights, and what it keeps when it has to do with these: by KOZO_RIGHT_READ, WRITE and EXECUTE.
constexpr unsigned ENTRY_KINDS = 8;
static_assert((KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE) == ENTRY_KINDS - 1);

#define ENTRY_SAYS(rights)                                                                         \
    ((((rights) & KOZO_RIGHT_WRITE) != 0 ? ENTRY_WRITE | ENTRY_DIRTY : 0) |                        \
     (((rights) & KOZO_RIGHT_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE))
#define ENTRY_KEEPS(rights)                                                                        \
    ((rights) == 0 ? 0 : ~(((rights) & KOZO_RIGHT_WRITE) != 0 ? 0 : ENTRY_WRITE | ENTRY_DIRTY))
#define ENTRY_GAINS(rights)                                                                        \
    ((rights) == 0 || ((rights) & KOZO_RIGHT_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE)
#define ENTRY_OF_ALL(what) {what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7)}

static const arch_entry_t entry_says[ENTRY_KINDS] = ENTRY_OF_ALL(ENTRY_SAYS);
static const arch_entry_t entry_keeps[ENTRY_KINDS] = ENTRY_OF_ALL(ENTRY_KEEPS);
static const arch_entry_t entry_gains[ENTRY_KINDS] = ENTRY_OF_ALL(ENTRY_GAINS);

static inline arch_entry_t arch_entry_leaf(physical_t address, unsigned level, unsigned rights,
                                           bool device)
{
    arch_entry_t entry = address | ENTRY_PRESENT | ENTRY_USER | ENTRY_ACCESSED;

    entry |= entry_says[rights % ENTRY_KINDS];
    entry |= level > 0 ? ENTRY_LARGE : 0;
    entry |= device ? ENTRY_NO_CACHE | ENTRY_WRITE_THROUGH : 0;
    return entry;
}

static inline arch_entry_t arch_entry_table(physical_t table)
{
    return table | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED;
}

static inline bool arch_entry_present(arch_entry_t entry)
{
    return (entry & ENTRY_PRESENT) != 0;
}

static inline bool arch_entry_is_table(arch_entry_t entry, unsigned level)
{
    return level > 0 && (entry & (ENTRY_PRESENT | ENTRY_LARGE)) == ENTRY_PRESENT;
}

// Bits of a large leaf's address that are below its size are zero: bit 12, which is PAT there, is never set.
static inline physical_t arch_entry_address(arch_entry_t entry, unsigned)
{
    return entry & ENTRY_ADDRESS;
}

static inline unsigned arch_entry_rights(arch_entry_t entry)
{
    unsigned rights = KOZO_RIGHT_READ;

    rights |= (entry & ENTRY_WRITE) != 0 ? KOZO_RIGHT_WRITE : 0;
    rights |= (entry & ENTRY_NO_EXECUTE) != 0 ? 0 : KOZO_RIGHT_EXECUTE;
    return rights;
}

static inline bool arch_entry_is_within(arch_entry_t entry, arch_entry_t bound)
{
    arch_entry_t other = entry ^ bound;

    // Where they differ, the entry may only lack WRITE, or have NO_EXECUTE.
    return (other & ~ENTRY_RIGHTS) == 0 &&
           ((other & entry & ENTRY_WRITE) | (other & bound & ENTRY_NO_EXECUTE)) == 0;
}

static inline arch_entry_t arch_entry_limit(arch_entry_t entry, unsigned rights)
{
    return (entry & entry_keeps[rights % ENTRY_KINDS]) | entry_gains[rights % ENTRY_KINDS];
}

static inline arch_entry_t arch_entry_split(arch_entry_t entry, unsigned level)
{
    return level > 1 ? entry : entry & ~ENTRY_LARGE;
}

static inline void arch_space_turn(struct arch_cpu *cpu, physical_t root)
{
    if (cpu->root != root) {
        cpu->root = root;
        __asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
    }
}

static inline void arch_space_activate(physical_t root)
{
    arch_space_turn((struct arch_cpu *)arch_cpu(), root);
}

static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t count)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

// Does not come back: whatever is on the kernel's stack is of no use any more.
static inline enum kozo_error arch_exit_to(struct thread *thread)
{
    uint64_t result;

    __asm__ volatile("jmp entry_exit_to" : "=a"(result) : "a"(thread) : "memory");
    return (enum kozo_error)result;
}

static inline struct thread *arch_exit_early(struct thread *thread)
{
    (void)arch_exit_to(thread);
    return thread;
}

static inline enum kozo_error arch_exit_with_words(struct thread *thread)
{
    uint64_t result;

    __asm__ volatile("jmp entry_exit_with_words" : "=a"(result) : "a"(thread) : "memory");
    return (enum kozo_error)result;
}

static inline enum kozo_error arch_exit_with_call(struct thread *thread)
{
    uint64_t result;

    __asm__ volatile("jmp entry_exit_with_call" : "=a"(result) : "a"(thread) : "memory");
    return (enum kozo_error)result;
}
