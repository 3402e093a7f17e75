// SPDX-License-Identifier: MIT
// The functions of kernel/arch/arch.h that are too small and too hot to be called.
#pragma once

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
