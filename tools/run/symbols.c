// SPDX-License-Identifier: MIT
// The ELF symbol table, after the System V ABI, chapter 4. Headers are copied out of the file
// before they are used, so that no alignment is assumed, and every range is checked against the
// file's size.
#include "symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr size_t LARGEST_FILE = 256UL << 20;

static bool within(const struct symbols *symbols, uint64_t offset, uint64_t length)
{
    return offset <= symbols->size && length <= symbols->size - offset;
}

static const char *check_header(const struct symbols *symbols, Elf64_Ehdr *header)
{
    if (symbols->size < sizeof *header) {
        return "it is too short for an ELF file";
    }
    memcpy(header, symbols->bytes, sizeof *header);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return "it is not an ELF file";
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return "it is not a 64-bit little-endian ELF file";
    }
    if (header->e_shentsize != sizeof(Elf64_Shdr) ||
        !within(symbols, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr))) {
        return "its section table is damaged";
    }
    return nullptr;
}

// Section number index; one that does not exist or reaches beyond the file comes back empty.
static Elf64_Shdr section(const struct symbols *symbols, const Elf64_Ehdr *header, size_t index)
{
    Elf64_Shdr result = {};
    if (index >= header->e_shnum) {
        return result;
    }
    memcpy(&result, symbols->bytes + header->e_shoff + index * sizeof result, sizeof result);
    if (result.sh_type == SHT_NOBITS || !within(symbols, result.sh_offset, result.sh_size)) {
        result.sh_size = 0;
    }
    return result;
}

// The name at an offset of a string table, or null if it is empty or does not end within the table.
static const char *text_at(const struct symbols *symbols, const Elf64_Shdr *table, uint64_t offset)
{
    if (offset >= table->sh_size) {
        return nullptr;
    }
    const char *name = symbols->bytes + table->sh_offset + offset;
    if (*name == '\0' || memchr(name, '\0', table->sh_size - offset) == nullptr) {
        return nullptr;
    }
    return name;
}

// Functions, and labels of assembly, which have no type, in sections that hold code.
static bool is_code(const struct symbols *symbols, const Elf64_Ehdr *header, const Elf64_Sym *entry)
{
    unsigned type = ELF64_ST_TYPE(entry->st_info);
    if (type == STT_FUNC) {
        return entry->st_shndx != SHN_UNDEF;
    }
    return type == STT_NOTYPE &&
           (section(symbols, header, entry->st_shndx).sh_flags & SHF_EXECINSTR) != 0;
}

static const char *read_table(struct symbols *symbols, const Elf64_Ehdr *header,
                              const Elf64_Shdr *table)
{
    Elf64_Shdr names = section(symbols, header, table->sh_link);
    size_t most = table->sh_size / sizeof(Elf64_Sym);
    symbols->list = calloc(most + 1, sizeof *symbols->list);
    if (symbols->list == nullptr) {
        return "there is not enough memory";
    }
    for (size_t i = 0; i < most; i++) {
        Elf64_Sym entry;
        memcpy(&entry, symbols->bytes + table->sh_offset + i * sizeof entry, sizeof entry);
        const char *name = text_at(symbols, &names, entry.st_name);
        if (name == nullptr || !is_code(symbols, header, &entry)) {
            continue;
        }
        symbols->list[symbols->count++] = (struct symbol){entry.st_value, entry.st_size, name};
    }
    return nullptr;
}

// By address; of several names for one address the sized one comes last, then the first by
// alphabet, so that the choice depends on nothing but the names.
static int compare(const void *left, const void *right)
{
    const struct symbol *a = left;
    const struct symbol *b = right;
    if (a->address != b->address) {
        return a->address < b->address ? -1 : 1;
    }
    if ((a->size != 0) != (b->size != 0)) {
        return a->size == 0 ? -1 : 1;
    }
    return -strcmp(a->name, b->name);
}

static uint64_t rounded(uint64_t length)
{
    return (length + 3) / 4 * 4;
}

static void keep_build_id(struct symbols *symbols, const char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (length > (sizeof symbols->build_id - 1) / 2) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        symbols->build_id[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        symbols->build_id[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    symbols->build_id[2 * length] = '\0';
}

// Looks for the GNU Build-ID among the notes of a section.
static void read_notes(struct symbols *symbols, const Elf64_Shdr *notes)
{
    uint64_t offset = 0;
    Elf64_Nhdr note;
    while (notes->sh_size - offset >= sizeof note) {
        const char *start = symbols->bytes + notes->sh_offset + offset;
        memcpy(&note, start, sizeof note);
        uint64_t whole = sizeof note + rounded(note.n_namesz) + rounded(note.n_descsz);
        if (whole > notes->sh_size - offset) {
            return;
        }
        const char *name = start + sizeof note;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
            keep_build_id(symbols, name + 4, note.n_descsz);
        }
        offset += whole;
    }
}

const char *symbols_parse(struct symbols *symbols, char *bytes, size_t size)
{
    *symbols = (struct symbols){.bytes = bytes, .size = size};
    Elf64_Ehdr header;
    const char *problem = check_header(symbols, &header);
    if (problem != nullptr) {
        return problem;
    }
    for (size_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr entry = section(symbols, &header, i);
        if (entry.sh_type == SHT_NOTE) {
            read_notes(symbols, &entry);
        }
        if (entry.sh_type == SHT_SYMTAB && symbols->list == nullptr) {
            problem = read_table(symbols, &header, &entry);
        }
    }
    if (problem == nullptr && symbols->count == 0) {
        problem = "it has no symbols";
    }
    if (symbols->count > 0) {
        qsort(symbols->list, symbols->count, sizeof *symbols->list, compare);
    }
    return problem;
}

// The whole of an open file of a known size, or null.
static char *read_whole(int descriptor, size_t size)
{
    char *bytes = malloc(size + 1);
    size_t done = 0;
    while (bytes != nullptr && done < size) {
        ssize_t count = read(descriptor, bytes + done, size - done);
        if (count <= 0) {
            free(bytes);
            return nullptr;
        }
        done += (size_t)count;
    }
    return bytes;
}

const char *symbols_load(struct symbols *symbols, const char *path)
{
    *symbols = (struct symbols){};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return strerror(errno);
    }
    struct stat status;
    char *bytes = nullptr;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
        (size_t)status.st_size <= LARGEST_FILE) {
        bytes = read_whole(descriptor, (size_t)status.st_size);
    }
    (void)close(descriptor);
    if (bytes == nullptr) {
        return "it can't be read as a file";
    }
    return symbols_parse(symbols, bytes, (size_t)status.st_size);
}

struct symbol_place symbols_find(const struct symbols *symbols, uint64_t address)
{
    size_t low = 0; // how many symbols are known to start at or below the address
    size_t high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->list[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return (struct symbol_place){};
    }
    const struct symbol *found = &symbols->list[low - 1];
    uint64_t offset = address - found->address;
    // The end of a symbol without a size is the next one; behind the last one nothing is known.
    bool beyond = found->size != 0 ? offset >= found->size : low == symbols->count && offset != 0;
    return beyond ? (struct symbol_place){} : (struct symbol_place){found->name, offset};
}

void symbols_free(struct symbols *symbols)
{
    free(symbols->list);
    free(symbols->bytes);
    *symbols = (struct symbols){};
}
