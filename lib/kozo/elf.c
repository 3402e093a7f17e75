// SPDX-License-Identifier: MIT
// The checks of an ELF file, in the order of the file: header, program headers, each segment, all
// segments together, entry. Layouts are those of the System V ABI, chapter 4 and 5, for 64 bits.
#include <kozo/elf.h>

#include <kozo/abi.h>
#include <string.h>

struct file_header {
    uint8_t magic[4];
    uint8_t class;
    uint8_t order;
    uint8_t format_version;
    uint8_t system[9];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_size;
    uint16_t program_count;
    uint16_t section_size;
    uint16_t section_count;
    uint16_t section_names;
};
static_assert(sizeof(struct file_header) == 64);

struct program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file;
    uint64_t memory;
    uint64_t alignment;
};
static_assert(sizeof(struct program_header) == 56);

constexpr uint8_t CLASS_64 = 2;
constexpr uint8_t LITTLE_ENDIAN_ORDER = 1;
constexpr uint16_t TYPE_EXECUTABLE = 2;
constexpr uint32_t SEGMENT_LOAD = 1;
constexpr uint32_t SEGMENT_DYNAMIC = 2;
constexpr uint32_t SEGMENT_INTERPRETER = 3;
constexpr uint32_t SEGMENT_TLS = 7;
constexpr uint32_t SEGMENT_STACK = 0x6474e551;
constexpr uint32_t FLAG_EXECUTE = 1;
constexpr uint32_t FLAG_WRITE = 2;
constexpr uint32_t FLAG_READ = 4;

static const char *check_header(const struct file_header *header, size_t size, uint16_t machine)
{
    if (memcmp(header->magic,
               "\x7f"
               "ELF",
               4) != 0) {
        return "is no ELF file";
    }
    if (header->class != CLASS_64) {
        return "is no 64-bit ELF file";
    }
    if (header->order != LITTLE_ENDIAN_ORDER) {
        return "is not little-endian";
    }
    if (header->format_version != 1 || header->version != 1) {
        return "has an unknown ELF version";
    }
    if (header->machine != machine) {
        return "is for another machine";
    }
    if (header->type != TYPE_EXECUTABLE) {
        return "is no static executable with a fixed address";
    }
    if (header->header_size != sizeof(struct file_header)) {
        return "has a header of the wrong size";
    }
    if (header->program_count == 0) {
        return "has no program headers";
    }
    if (header->program_size != sizeof(struct program_header)) {
        return "has program headers of the wrong size";
    }
    if (header->program_count > KOZO_ELF_HEADERS) {
        return "has too many program headers";
    }
    size_t headers = header->program_count * sizeof(struct program_header);
    if (header->program_offset > size || headers > size - header->program_offset) {
        return "has program headers outside of the file";
    }
    return nullptr;
}

static const char *check_alignment(const struct program_header *header)
{
    uint64_t alignment = header->alignment;
    if (alignment <= 1) {
        return nullptr;
    }
    if ((alignment & (alignment - 1)) != 0) {
        return "has a segment whose alignment is no power of two";
    }
    if (((header->address - header->offset) & (alignment - 1)) != 0) {
        return "has a segment whose address and offset do not fit its alignment";
    }
    return nullptr;
}

static const char *check_segment(const struct program_header *header, size_t size)
{
    if (header->file > header->memory) {
        return "has a segment with more bytes in the file than in memory";
    }
    if (header->offset > size || header->file > size - header->offset) {
        return "has a segment outside of the file";
    }
    if (header->address < KOZO_PROGRAM_START || header->address > KOZO_PROGRAM_END ||
        header->memory > KOZO_PROGRAM_END - header->address) {
        return "has a segment outside of the addresses for programs";
    }
    if ((header->flags & FLAG_WRITE) != 0 && (header->flags & FLAG_EXECUTE) != 0) {
        return "has a segment that is both writable and executable";
    }
    if ((header->flags & (FLAG_READ | FLAG_WRITE | FLAG_EXECUTE)) == 0) {
        return "has a segment that allows no access";
    }
    return check_alignment(header);
}

// What program headers other than those of segments may ask for.
static const char *check_other(const struct program_header *header)
{
    if (header->type == SEGMENT_INTERPRETER || header->type == SEGMENT_DYNAMIC) {
        return "is dynamically linked";
    }
    if (header->type == SEGMENT_TLS) {
        return "needs thread-local storage";
    }
    if (header->type == SEGMENT_STACK && (header->flags & FLAG_EXECUTE) != 0) {
        return "asks for an executable stack";
    }
    return nullptr;
}

// Adds a checked segment at its place by address, which also shows overlaps.
static const char *insert_segment(struct kozo_elf *elf, const struct program_header *header)
{
    if (elf->segments == KOZO_ELF_SEGMENTS) {
        return "has too many segments";
    }
    struct kozo_elf_segment segment = {
        .address = header->address,
        .memory = header->memory,
        .offset = header->offset,
        .file = header->file,
        .rights = KOZO_RIGHT_READ |
                  ((header->flags & FLAG_WRITE) != 0 ? (uint32_t)KOZO_RIGHT_WRITE : 0) |
                  ((header->flags & FLAG_EXECUTE) != 0 ? (uint32_t)KOZO_RIGHT_EXECUTE : 0),
    };
    size_t at = elf->segments;
    for (; at > 0 && elf->segment[at - 1].address > segment.address; at--) {
        elf->segment[at] = elf->segment[at - 1];
    }
    elf->segment[at] = segment;
    elf->segments++;
    if (at > 0 && kozo_elf_end_page(&elf->segment[at - 1]) > kozo_elf_first_page(&segment)) {
        return "has segments that overlap or share a page";
    }
    if (at + 1 < elf->segments &&
        kozo_elf_end_page(&segment) > kozo_elf_first_page(&elf->segment[at + 1])) {
        return "has segments that overlap or share a page";
    }
    return nullptr;
}

static const char *check_together(const struct kozo_elf *elf)
{
    if (elf->segments == 0) {
        return "has nothing to load";
    }
    uint64_t memory = 0;
    bool entry_inside = false;
    for (size_t i = 0; i < elf->segments; i++) {
        const struct kozo_elf_segment *segment = &elf->segment[i];
        memory += kozo_elf_end_page(segment) - kozo_elf_first_page(segment);
        entry_inside |= (segment->rights & KOZO_RIGHT_EXECUTE) != 0 &&
                        elf->entry >= segment->address &&
                        elf->entry - segment->address < segment->memory;
    }
    if (memory > KOZO_ELF_MEMORY_MOST) {
        return "needs too much memory";
    }
    if (!entry_inside) {
        return "has its entry outside of every executable segment";
    }
    return nullptr;
}

struct kozo_elf kozo_elf_check(const void *data, size_t size, uint16_t machine)
{
    struct kozo_elf elf = {};
    struct file_header header;
    if (size == 0) {
        elf.reason = "is empty";
        return elf;
    }
    if (size < sizeof header) {
        elf.reason = "is too short for an ELF header";
        return elf;
    }
    memcpy(&header, data, sizeof header);
    elf.reason = check_header(&header, size, machine);
    if (elf.reason != nullptr) {
        return elf;
    }
    elf.entry = header.entry;
    const uint8_t *table = (const uint8_t *)data + header.program_offset;
    for (size_t i = 0; i < header.program_count; i++) {
        struct program_header program;
        memcpy(&program, table + i * sizeof program, sizeof program);
        bool load = program.type == SEGMENT_LOAD;
        elf.reason = load ? check_segment(&program, size) : check_other(&program);
        if (elf.reason == nullptr && load && program.memory > 0) {
            elf.reason = insert_segment(&elf, &program);
        }
        if (elf.reason != nullptr) {
            return elf;
        }
    }
    elf.reason = check_together(&elf);
    return elf;
}
