// SPDX-License-Identifier: MIT
// A program that may be anything. One that is accepted keeps what elf.h promises.
#include "kozo/elf.h"

#include <stdlib.h>

#include "input.h"
#include "kozo/abi.h"

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    constexpr uint32_t write_execute = KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
    struct kozo_elf elf = kozo_elf_check(byte, size, KOZO_ELF_X86_64);
    uint64_t last = KOZO_PROGRAM_START;
    uint64_t memory = 0;

    if (elf.reason != nullptr) {
        return 0;
    }
    demand(elf.segments <= KOZO_ELF_SEGMENTS);
    for (size_t i = 0; i < elf.segments; i++) {
        const struct kozo_elf_segment *segment = &elf.segment[i];
        demand(segment->memory > 0 && segment->file <= segment->memory);
        demand(segment->offset <= size && segment->file <= size - segment->offset);
        demand(kozo_elf_first_page(segment) >= last);
        demand(segment->memory <= KOZO_PROGRAM_END && segment->address <= KOZO_PROGRAM_END);
        demand((segment->rights & write_execute) != write_execute);
        last = kozo_elf_end_page(segment);
        demand(last <= KOZO_PROGRAM_END);
        memory += segment->memory;
    }
    demand(memory <= KOZO_ELF_MEMORY_MOST);
    return 0;
}
