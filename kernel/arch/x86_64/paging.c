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

arch_entry_t arch_entry_leaf(physical_t address, unsigned level, unsigned rights, bool device)
{
    arch_entry_t entry = address | ENTRY_PRESENT | ENTRY_USER | ENTRY_ACCESSED;

    entry |= level > 0 ? ENTRY_LARGE : 0;
    entry |= (rights & KOZO_RIGHT_WRITE) != 0 ? ENTRY_WRITE | ENTRY_DIRTY : 0;
    entry |= (rights & KOZO_RIGHT_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE;
    entry |= device ? ENTRY_NO_CACHE | ENTRY_WRITE_THROUGH : 0;
    return entry;
}

arch_entry_t arch_entry_table(physical_t table)
{
    return table | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED;
}

bool arch_entry_present(arch_entry_t entry)
{
    return (entry & ENTRY_PRESENT) != 0;
}

bool arch_entry_is_leaf(arch_entry_t entry, unsigned level)
{
    return level == 0 || (entry & ENTRY_LARGE) != 0;
}

// In a large leaf, bits below its size are not part of the address (bit 12 is PAT).
physical_t arch_entry_address(arch_entry_t entry, unsigned level)
{
    physical_t address = entry & ENTRY_ADDRESS;

    if (!arch_entry_is_leaf(entry, level)) {
        return address;
    }
    return address & ~((UINT64_C(1) << (ARCH_PAGE_BITS + ARCH_TABLE_BITS * level)) - 1);
}

unsigned arch_entry_rights(arch_entry_t entry)
{
    unsigned rights = KOZO_RIGHT_READ;

    rights |= (entry & ENTRY_WRITE) != 0 ? KOZO_RIGHT_WRITE : 0;
    rights |= (entry & ENTRY_NO_EXECUTE) != 0 ? 0 : KOZO_RIGHT_EXECUTE;
    return rights;
}

void arch_space_activate(physical_t root)
{
    if (this_cpu()->root != root) {
        this_cpu()->root = root;
        write_cr3(root);
    }
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
