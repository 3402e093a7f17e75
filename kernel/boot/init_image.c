// SPDX-License-Identifier: MIT
// ELF, as far as the kernel needs it: System V ABI, chapters 4 and 5 ("ELF Header", "Program
// Header").
#include "boot/init_image.h"

#include "kozo/abi.h"
#include "lib/memory.h"
#include "panic/panic.h"

struct elf_header {
    unsigned char identification[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};
static_assert(sizeof(struct elf_header) == 64);

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(struct elf_program_header) == 56);

constexpr uint32_t ELF_LOAD = 1;
constexpr uint32_t ELF_EXECUTE = 1;
constexpr uint32_t ELF_WRITE = 2;
constexpr uint64_t PAGE = (uint64_t)1 << ARCH_PAGE_BITS;

static uint64_t round_up(uint64_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

static unsigned rights_of(uint32_t flags)
{
    unsigned rights = KOZO_RIGHT_READ;

    if ((flags & ELF_WRITE) != 0) {
        rights |= KOZO_RIGHT_WRITE;
    }
    if ((flags & ELF_EXECUTE) != 0) {
        rights |= KOZO_RIGHT_EXECUTE;
    }
    return rights;
}

static struct init_segment segment_read(const struct elf_program_header *header, physical_t base,
                                        physical_t end)
{
    uint64_t file_size = round_up(header->file_size);
    uint64_t memory_size = round_up(header->memory_size);

    ASSERT((header->flags & (ELF_WRITE | ELF_EXECUTE)) != (ELF_WRITE | ELF_EXECUTE));
    ASSERT(header->offset % PAGE == 0 && header->address % PAGE == 0);
    ASSERT(header->file_size <= header->memory_size && header->memory_size < ARCH_USER_END);
    ASSERT(header->address < ARCH_USER_END - memory_size);
    ASSERT(header->offset <= end - base && file_size <= end - base - header->offset);
    if (file_size > header->file_size) {
        char *rest = arch_window(base + header->offset + header->file_size);
        memset(rest, 0, file_size - header->file_size);
    }
    return (struct init_segment){
        .address = header->address,
        .file = base + header->offset,
        .file_size = file_size,
        .zero_size = memory_size - file_size,
        .rights = rights_of(header->flags),
    };
}

struct init_image init_image_read(physical_t base, physical_t end)
{
    const struct elf_header *header = arch_window(base);
    struct init_image image = {.base = UINT64_MAX};

    ASSERT(end - base >= PAGE && memcmp(header->identification,
                                        "\x7f"
                                        "ELF\2\1",
                                        6) == 0);
    ASSERT(header->program_header_size == sizeof(struct elf_program_header));
    ASSERT(header->program_headers == sizeof(*header));
    ASSERT(header->program_header_count <=
           (PAGE - sizeof(*header)) / sizeof(struct elf_program_header));

    const struct elf_program_header *program = (const struct elf_program_header *)(header + 1);
    for (unsigned i = 0; i < header->program_header_count; i++) {
        if (program[i].type != ELF_LOAD || program[i].memory_size == 0) {
            continue;
        }
        ASSERT(image.segments < INIT_SEGMENTS);
        struct init_segment segment = segment_read(&program[i], base, end);
        uint64_t segment_end = segment.address + segment.file_size + segment.zero_size;
        image.segment[image.segments++] = segment;
        image.base = segment.address < image.base ? segment.address : image.base;
        image.end = segment_end > image.end ? segment_end : image.end;
    }
    image.entry = header->entry;
    return image;
}
