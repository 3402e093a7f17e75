// SPDX-License-Identifier: MIT
// Symbol tables of ELF files: a small one built here, and the same one damaged in every byte.
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../symbols.h"
#include "test.h"

static const char names[] = "\0first\0second\0label\0data\0alias";

struct file {
    Elf64_Ehdr header;
    Elf64_Shdr section[5]; // null, text, symbols, strings, note
    Elf64_Sym symbol[6];
    char names[sizeof names];
    Elf64_Nhdr note;
    char note_name[4];
    unsigned char note_value[4];
};

static Elf64_Shdr section(uint32_t type, uint64_t flags, size_t offset, size_t size, uint32_t link)
{
    return (Elf64_Shdr){
        .sh_type = type, .sh_flags = flags, .sh_offset = offset, .sh_size = size, .sh_link = link};
}

static Elf64_Sym symbol(uint32_t name, unsigned char type, uint64_t address, uint64_t size)
{
    return (Elf64_Sym){.st_name = name,
                       .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
                       .st_shndx = 1,
                       .st_value = address,
                       .st_size = size};
}

// In memory of its own, as symbols_parse() wants it.
static struct file *make_file(void)
{
    struct file *file = calloc(1, sizeof *file);
    if (file == nullptr) {
        abort();
    }
    static const unsigned char magic[] = {0x7f, 'E', 'L', 'F'};
    static const unsigned char build_id[] = {0xde, 0xad, 0x01, 0x02};
    memcpy(file->header.e_ident, magic, sizeof magic);
    file->header.e_ident[EI_CLASS] = ELFCLASS64;
    file->header.e_ident[EI_DATA] = ELFDATA2LSB;
    file->header.e_shoff = offsetof(struct file, section);
    file->header.e_shentsize = sizeof(Elf64_Shdr);
    file->header.e_shnum = 5;
    file->section[1] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 16, 0);
    file->section[2] =
        section(SHT_SYMTAB, 0, offsetof(struct file, symbol), sizeof file->symbol, 3);
    file->section[3] = section(SHT_STRTAB, 0, offsetof(struct file, names), sizeof names, 0);
    file->section[4] = section(SHT_NOTE, 0, offsetof(struct file, note), 20, 0);
    file->symbol[1] = symbol(7, STT_FUNC, 0x2000, 0x80);  // second
    file->symbol[2] = symbol(1, STT_FUNC, 0x1000, 0x100); // first
    file->symbol[3] = symbol(14, STT_NOTYPE, 0x3000, 0);  // label
    file->symbol[4] = symbol(20, STT_OBJECT, 0x1800, 8);  // data
    file->symbol[5] = symbol(25, STT_NOTYPE, 0x1000, 0);  // alias
    memcpy(file->names, names, sizeof names);
    file->note = (Elf64_Nhdr){4, 4, NT_GNU_BUILD_ID};
    memcpy(file->note_name, "GNU", 4);
    memcpy(file->note_value, build_id, sizeof build_id);
    return file;
}

static bool is_at(const struct symbols *symbols, uint64_t address, const char *name,
                  uint64_t offset)
{
    struct symbol_place place = symbols_find(symbols, address);
    if (name == nullptr || place.name == nullptr) {
        return name == place.name;
    }
    return strcmp(place.name, name) == 0 && place.offset == offset;
}

TEST("functions and labels are found by their addresses")
{
    struct symbols symbols;
    CHECK(symbols_parse(&symbols, (char *)make_file(), sizeof(struct file)) == nullptr);
    CHECK(is_at(&symbols, 0x1000, "first", 0) && is_at(&symbols, 0x10ff, "first", 0xff));
    CHECK(is_at(&symbols, 0x2010, "second", 0x10) && is_at(&symbols, 0x3000, "label", 0));
    symbols_free(&symbols);
}

TEST("addresses outside of every symbol have no name")
{
    struct symbols symbols;
    CHECK(symbols_parse(&symbols, (char *)make_file(), sizeof(struct file)) == nullptr);
    CHECK(is_at(&symbols, 0xfff, nullptr, 0) && is_at(&symbols, 0x1100, nullptr, 0));
    CHECK(is_at(&symbols, 0x2080, nullptr, 0) && is_at(&symbols, 0x3001, nullptr, 0));
    CHECK(is_at(&symbols, 0, nullptr, 0) && is_at(&symbols, UINT64_MAX, nullptr, 0));
    symbols_free(&symbols);
}

TEST("the Build-ID is read")
{
    struct symbols symbols;
    CHECK(symbols_parse(&symbols, (char *)make_file(), sizeof(struct file)) == nullptr);
    CHECK(strcmp(symbols.build_id, "dead0102") == 0);
    symbols_free(&symbols);
}

TEST("this program's own file has names")
{
    struct symbols symbols;
    CHECK(symbols_load(&symbols, "/proc/self/exe") == nullptr && symbols.count > 10);
    symbols_free(&symbols);
}

TEST("a missing file and a folder are refused")
{
    struct symbols symbols;
    CHECK(symbols_load(&symbols, "/nonexistent") != nullptr && symbols.count == 0);
    CHECK(symbols_load(&symbols, "/") != nullptr && symbols.count == 0);
}

TEST("a file of 32 bits and one that is no ELF file are refused")
{
    struct symbols symbols;
    struct file *file = make_file();
    file->header.e_ident[EI_CLASS] = ELFCLASS32;
    CHECK(symbols_parse(&symbols, (char *)file, sizeof *file) != nullptr);
    symbols_free(&symbols);
    file = make_file();
    file->header.e_ident[1] = 'e';
    CHECK(symbols_parse(&symbols, (char *)file, sizeof *file) != nullptr);
    symbols_free(&symbols);
}

TEST("a file cut anywhere harms nothing")
{
    for (size_t size = 0; size < sizeof(struct file); size++) {
        struct file *file = make_file();
        char *cut = malloc(size + 1); // its own size, so that the sanitizer sees the end
        if (cut == nullptr) {
            abort();
        }
        memcpy(cut, file, size);
        free(file);
        struct symbols symbols;
        const char *problem = symbols_parse(&symbols, cut, size);
        CHECK(problem != nullptr || symbols.count > 0);
        (void)symbols_find(&symbols, 0x1000);
        symbols_free(&symbols);
    }
}

TEST("a file with any byte set to any of four values harms nothing")
{
    static const unsigned char values[] = {0x00, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < 4 * sizeof(struct file); i++) {
        struct file *file = make_file();
        ((char *)file)[i / 4] = (char)values[i % 4];
        struct symbols symbols;
        const char *problem = symbols_parse(&symbols, (char *)file, sizeof *file);
        CHECK(problem != nullptr || symbols.count > 0);
        (void)symbols_find(&symbols, 0x1050);
        symbols_free(&symbols);
    }
}
