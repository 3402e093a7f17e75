// SPDX-License-Identifier: MIT
// The window: RAM is one static array, and the kernel's image is struct kernel. Whoever looks at an
// address where no RAM is has found a fault of the kernel.
#pragma once

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

// Nobody ever waits: what other processors are asked for is done at once.
static inline void arch_pause(void)
{
}
