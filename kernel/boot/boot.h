// SPDX-License-Identifier: MIT
// What the arch's boot code learned about the machine, in a form that no boot protocol shows in.
//
// The arch fills one struct boot (static, in its own image), calls memory_map_normalise, makes the
// window over all RAM, sets up the processor, and calls kernel_start, once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "kozo/abi.h"

enum memory_kind : uint32_t {
    MEMORY_RAM,      // ordinary memory, free for use
    MEMORY_RESERVED, // RAM or not, the firmware keeps it; may be read as device memory (ACPI tables)
    MEMORY_KEPT,     // the kernel's own: its image, its tables, its interrupt controllers
};

struct memory_range {
    physical_t base;
    uint64_t size;
    enum memory_kind kind;
};

constexpr size_t BOOT_RANGES = 192;

struct boot {
    struct memory_range range[BOOT_RANGES];
    size_t ranges;
    size_t ranges_dropped; // that didn't fit
    uint64_t memory_total; // bytes of RAM in whole pages; set by the first normalise

    physical_t kernel_base, kernel_end; // the kernel's image with its BSS, whole pages
    physical_t init_base, init_end;     // init's ELF file, inside the image, page aligned
    physical_t initrd_base;
    uint64_t initrd_size;
    physical_t rsdp;

    uint64_t path; // enum kozo_boot
    uint64_t processors;
    uint64_t tsc_entry;
    uint64_t tsc_calibration;
    char command_line[KOZO_BOOT_COMMAND_LINE];
};

// Makes the list sorted and free of overlaps: a RESERVED or KEPT range wins over RAM, KEPT over
// RESERVED; RAM shrinks to whole pages, all else grows to them; neighbours of one kind are joined.
// Page 0, the kernel's image and the initrd become KEPT. May be called again after more ranges were
// added.
void memory_map_normalise(struct boot *boot);

// Adds a range. An empty one is ignored, and the end is cut at ARCH_PHYSICAL_END. When the list is
// full it is dropped (false), unless it takes the place of one of a weaker kind, RAM before
// RESERVED; either is counted in ranges_dropped.
bool memory_map_add(struct boot *boot, physical_t base, uint64_t size, enum memory_kind kind);

// Takes over the machine: makes init out of `boot`, and gives the thread to run first.
struct thread *kernel_start(struct boot *boot);
