// SPDX-License-Identifier: MIT
#include "mem/flush.h"

#include "sched/processors.h"
#include "sched/scheduler.h"

void flush_note(struct cpu *cpu, uint64_t processors, uint64_t address, uint64_t bytes)
{
    struct flush *flush = &kernel.flush;

    if (processors == 0) {
        return;
    }
    // A few pages of the only processor are forgotten at once, so that nothing is left to be done.
    if (kernel.processors == 1 && bytes <= FLUSH_PAGES * ARCH_PAGE_SIZE) {
        for (uint64_t done = 0; done < bytes; done += ARCH_PAGE_SIZE) {
            arch_flush_page(address + done);
        }
        return;
    }
    flush->processors |= processors;
    if (bytes > FLUSH_PAGES * ARCH_PAGE_SIZE) {
        flush->count = FLUSH_PAGES + 1;
    }
    for (uint64_t done = 0; done < bytes && flush->count <= FLUSH_PAGES; done += ARCH_PAGE_SIZE) {
        if (flush->count < FLUSH_PAGES) {
            flush->page[flush->count] = address + done;
        }
        flush->count++;
    }
    scheduler_disturb(cpu);
}

void flush_here(void)
{
    const struct flush *flush = &kernel.flush;

    if (flush->count > FLUSH_PAGES) {
        arch_flush_space();
        return;
    }
    for (unsigned i = 0; i < flush->count; i++) {
        arch_flush_page(flush->page[i]);
    }
}

void flush_finish(struct cpu *cpu)
{
    struct flush *flush = &kernel.flush;
    uint64_t own = (uint64_t)1 << cpu->number;

    if ((flush->processors & own) != 0) {
        flush_here();
    }
    processors_ask(flush->processors & ~own, CPU_FLUSH);
    flush->processors = 0;
    flush->count = 0;
}
