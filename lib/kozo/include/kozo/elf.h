// SPDX-License-Identifier: MIT
// Checks an ELF file before anything of it is loaded.
//
// Accepted are static, non-PIE executables for this machine whose segments share no page, are never
// both writable and executable, and lie inside KOZO_PROGRAM_START to KOZO_PROGRAM_END. All checks
// happen here; who loads an accepted file needs no other.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr uint64_t KOZO_PROGRAM_START = 0x10000;
constexpr uint64_t KOZO_PROGRAM_END = 0x3f000000;
constexpr size_t KOZO_ELF_SEGMENTS = 8;
constexpr size_t KOZO_ELF_HEADERS = 32;
constexpr uint64_t KOZO_ELF_MEMORY_MOST = 256ul << 20;

struct kozo_elf_segment {
    uint64_t address; // first byte
    uint64_t memory;  // bytes in memory, at least as many as in the file
    uint64_t offset;  // in the file
    uint64_t file;    // bytes in the file
    uint32_t rights;  // KOZO_RIGHT_…
};

struct kozo_elf {
    const char *reason; // null when the file is accepted; else completes "FILE can't be run: it …"
    uint64_t entry;
    size_t segments;
    struct kozo_elf_segment segment[KOZO_ELF_SEGMENTS]; // not empty, by rising address
};

// Checks `size` bytes at `data`, which may be anything. `machine` is the ELF number of the
// processor.
[[nodiscard]] struct kozo_elf kozo_elf_check(const void *data, size_t size, uint16_t machine);

constexpr uint16_t KOZO_ELF_X86_64 = 62;
constexpr uint16_t KOZO_ELF_AARCH64 = 183;

// The pages that a segment touches, from its first to its last.
static inline uint64_t kozo_elf_first_page(const struct kozo_elf_segment *segment)
{
    return segment->address & ~4095ul;
}

static inline uint64_t kozo_elf_end_page(const struct kozo_elf_segment *segment)
{
    return (segment->address + segment->memory + 4095) & ~4095ul;
}
