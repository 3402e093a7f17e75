// SPDX-License-Identifier: MIT
// A program for init, as the build makes it, and as nobody should.
#pragma once

#include <stdint.h>
#include <string.h>

#include "arch/arch.h"

constexpr unsigned ELF_MOST = 10;

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

struct elf {
    unsigned char identification[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t header_size, segment_size, segments;
    uint16_t section_size, sections, names;
    struct elf_segment segment[ELF_MOST > 7 && ARCH_PAGE_SIZE < 1024 ? 7 : ELF_MOST];
};

// A program at `physical` with code of one page and a bit at 2 pages, and data of one byte in the
// file and three pages in memory at 6 pages.
static inline struct elf *elf_make(physical_t physical)
{
    constexpr uint64_t page = ARCH_PAGE_SIZE;
    struct elf *elf = arch_window(physical);

    memset(elf, 0x5a, 8 * page);
    *elf = (struct elf){
        .identification = {0x7f, 'E', 'L', 'F', 2, 1, 1},
        .entry = 2 * page + 8,
        .segments_at = 64,
        .segment_size = sizeof(struct elf_segment),
        .segments = 3,
        .segment =
            {
                {1, 5, page, 2 * page, 0, page + 8, page + 8, page},
                {0x6474e551, 6, 0, 0, 0, 0, 0, 0},
                {1, 6, 4 * page, 6 * page, 0, 1, 3 * page, page},
            },
    };
    return elf;
}
