// SPDX-License-Identifier: MIT
// Page-table entries and address spaces, as kernel/arch/arch.h promises them.
//
// Entries are made with the accessed and dirty bits set, so that the processor never changes one:
// what the kernel wrote is what it finds. Global bits are for the kernel's own half only. CR3 holds
// no process context identifier yet; the place for it is arch_space_activate.
#include "x86.h"

#include "kernel.h"

static struct arch_cpu *this_cpu(void)
{
    return &arch_cpu()->arch;
}

unsigned arch_large_level(void)
{
    return features.large_1g ? 2 : 1;
}

void arch_space_leave(void)
{
    arch_space_activate(arch_physical(kernel_root));
}

void arch_flush_page(uint64_t address)
{
    invlpg(address);
}

void arch_flush_space(void)
{
    write_cr3(this_cpu()->root);
}

// Memory that devices read and write is coherent with the caches; what is cleaned here is for those few
// that go past them. A line is at least 64 bytes, and the smallest page many of them.
static void flush_lines(physical_t address, uint64_t size)
{
    constexpr uint64_t LINE = 64;

    for (uint64_t done = 0; done < size; done += LINE) {
        clflush(arch_window(address + done));
    }
    mfence();
}

void arch_cache_clean(physical_t address, uint64_t size)
{
    flush_lines(address, size);
}

void arch_cache_invalidate(physical_t address, uint64_t size)
{
    flush_lines(address, size);
}

// Instruction fetches are coherent with writes (Intel SDM volume 3, section 12.6).
void arch_cache_unify(physical_t, uint64_t)
{
}
