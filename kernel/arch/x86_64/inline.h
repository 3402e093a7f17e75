// SPDX-License-Identifier: MIT
// The functions of kernel/arch/arch.h that are too small and too hot to be called.
#pragma once

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
