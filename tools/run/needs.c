// SPDX-License-Identifier: MIT
// Headers are copied out of the file before they are used, so that no alignment is assumed.
#include "needs.h"

#include <elf.h>
#include <string.h>

struct file {
    const char *bytes;
    size_t size;
    size_t segments;
    uint64_t segments_at;
};

static bool within(const struct file *file, uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset;
}

static void refuse(struct needs *needs, const char *reason)
{
    needs->kind = NEEDS_WRONG;
    needs->reason = reason;
}

static const char *machine_reason(const Elf64_Ehdr *header)
{
    if (header->e_ident[EI_CLASS] == ELFCLASS32) {
        return "it is a 32-bit program";
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return "it is damaged";
    }
    if (header->e_machine == EM_AARCH64) {
        return "it is made for aarch64";
    }
    if (header->e_machine != EM_X86_64) {
        return "it is made for another machine";
    }
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
        return "it is not linked to be run";
    }
    return nullptr;
}

static Elf64_Phdr segment(const struct file *file, size_t index)
{
    Elf64_Phdr header;
    memcpy(&header, file->bytes + file->segments_at + index * sizeof header, sizeof header);
    return header;
}

// Where in the file an address of the loaded program is; the file's size when it is nowhere.
static uint64_t offset_of(const struct file *file, uint64_t address)
{
    for (size_t i = 0; i < file->segments; i++) {
        Elf64_Phdr header = segment(file, i);
        if (header.p_type == PT_LOAD && address >= header.p_vaddr &&
            address - header.p_vaddr < header.p_filesz &&
            within(file, header.p_offset, header.p_filesz)) {
            return header.p_offset + (address - header.p_vaddr);
        }
    }
    return file->size;
}

// A text that ends inside the file; null when there is none.
static const char *text_at(const struct file *file, uint64_t offset)
{
    if (offset >= file->size || memchr(file->bytes + offset, 0, file->size - offset) == nullptr) {
        return nullptr;
    }
    return file->bytes + offset;
}

// The value of an entry of the dynamic section; 0 when there is none.
static uint64_t dynamic_value(const struct file *file, const Elf64_Phdr *dynamic, int64_t tag)
{
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic->p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        memcpy(&entry, file->bytes + dynamic->p_offset + at, sizeof entry);
        if (entry.d_tag == DT_NULL) {
            return 0;
        }
        if (entry.d_tag == tag) {
            return entry.d_un.d_val;
        }
    }
    return 0;
}

static const char *dynamic_text(const struct file *file, const Elf64_Phdr *dynamic, int64_t tag,
                                uint64_t texts)
{
    uint64_t value = dynamic_value(file, dynamic, tag);
    return value == 0 || value >= file->size ? nullptr : text_at(file, texts + value);
}

static void read_libraries(struct needs *needs, const struct file *file, const Elf64_Phdr *dynamic,
                           uint64_t texts)
{
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic->p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        memcpy(&entry, file->bytes + dynamic->p_offset + at, sizeof entry);
        if (entry.d_tag == DT_NULL) {
            return;
        }
        if (entry.d_tag != DT_NEEDED) {
            continue;
        }
        const char *name =
            entry.d_un.d_val >= file->size ? nullptr : text_at(file, texts + entry.d_un.d_val);
        if (name == nullptr || needs->libraries == NEEDS_LIBRARIES) {
            refuse(needs, "it is damaged");
            return;
        }
        needs->library[needs->libraries++] = name;
    }
}

static void read_dynamic(struct needs *needs, const struct file *file, const Elf64_Phdr *dynamic)
{
    uint64_t texts = offset_of(file, dynamic_value(file, dynamic, DT_STRTAB));
    if (texts == file->size) {
        return; // it needs nothing by name
    }
    needs->soname = dynamic_text(file, dynamic, DT_SONAME, texts);
    needs->rpath = dynamic_text(file, dynamic, DT_RUNPATH, texts);
    if (needs->rpath == nullptr) {
        needs->rpath = dynamic_text(file, dynamic, DT_RPATH, texts);
    }
    read_libraries(needs, file, dynamic, texts);
}

static void read_elf(struct needs *needs, struct file *file)
{
    Elf64_Ehdr header;
    if (file->size < sizeof header) {
        refuse(needs, "it is damaged");
        return;
    }
    memcpy(&header, file->bytes, sizeof header);
    const char *reason = machine_reason(&header);
    if (reason == nullptr &&
        (header.e_phentsize != sizeof(Elf64_Phdr) ||
         !within(file, header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr)))) {
        reason = "it is damaged";
    }
    if (reason != nullptr) {
        refuse(needs, reason);
        return;
    }
    needs->kind = NEEDS_ELF;
    file->segments = header.e_phnum;
    file->segments_at = header.e_phoff;
    for (size_t i = 0; i < file->segments && needs->kind == NEEDS_ELF; i++) {
        Elf64_Phdr part = segment(file, i);
        if (!within(file, part.p_offset, part.p_filesz)) {
            refuse(needs, "it is cut short");
        } else if (part.p_type == PT_INTERP) {
            needs->interpreter = text_at(file, part.p_offset);
        } else if (part.p_type == PT_DYNAMIC) {
            read_dynamic(needs, file, &part);
        }
    }
}

// "#!", blanks, the interpreter up to a blank or the end of the line.
static void read_script(struct needs *needs, const struct file *file)
{
    size_t most = file->size < NEEDS_LINE ? file->size : NEEDS_LINE;
    size_t at = 2;
    while (at < most && (file->bytes[at] == ' ' || file->bytes[at] == '\t')) {
        at++;
    }
    size_t length = 0;
    while (at < most && strchr(" \t\n", file->bytes[at]) == nullptr) {
        needs->script[length++] = file->bytes[at++];
    }
    bool ends = length > 0 && (at < most || file->size < NEEDS_LINE);
    needs->script[ends ? length : 0] = '\0';
    needs->kind = NEEDS_SCRIPT;
    needs->interpreter = needs->script;
    if (!ends) {
        refuse(needs, "its first line names no interpreter");
    }
}

void needs_read(struct needs *needs, const void *bytes, size_t size)
{
    struct file file = {.bytes = bytes, .size = size};
    *needs =
        (struct needs){.kind = NEEDS_UNKNOWN, .reason = "it is neither a program nor a script"};
    if (size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0) {
        read_elf(needs, &file);
    } else if (size >= 2 && memcmp(bytes, "#!", 2) == 0) {
        read_script(needs, &file);
    }
}
