// SPDX-License-Identifier: MIT
// Translations that processors may have cached and that are no longer true.
//
// Whoever changes or clears an entry that was present notes it. The notes are carried out together,
// by one interrupt of each processor that has the address space loaded, at the end of the entry
// into the kernel: before any thread of this processor runs again, before the lock is given back,
// and so before anybody can use the memory again. A processor has cached nothing of address spaces
// that it has not loaded, since loading a root table forgets what was cached of the last.
//
// Table pages are the exception: they may be used again within one entry, so whoever gives one back
// while its address space may be loaded has to call flush_finish first.
#pragma once

#include <stdint.h>

#include "arch/arch.h"

struct cpu;

// Single pages that are remembered; of more, all is forgotten.
constexpr unsigned FLUSH_PAGES = 16;

struct flush {
    uint64_t processors; // that may have cached any of them, a bit each
    unsigned count;      // of pages; above FLUSH_PAGES: everything
    uint64_t page[FLUSH_PAGES];
};

// Entries that map some of these bytes, on whatever level, were present and are so no longer. `processors` have their
// address space loaded: processors_in tells.
void flush_note(struct cpu *cpu, uint64_t processors, uint64_t address, uint64_t bytes);

// Carries out what was noted, on all processors.
void flush_finish(struct cpu *cpu);

// The part of this processor.
void flush_here(void);
