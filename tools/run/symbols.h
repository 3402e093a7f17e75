// SPDX-License-Identifier: MIT
// Names of a kernel's addresses, read from the symbol table of its ELF file (64 bits,
// little-endian). The file is checked like any input: a damaged one has no names, and harms
// nothing.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct symbol {
    uint64_t address;
    uint64_t size; // 0 if the file doesn't say: reaches to the next symbol
    const char *name;
};

struct symbols {
    char *bytes; // the whole file; names point into it
    size_t size;
    struct symbol *list; // by address
    size_t count;
    char build_id[65]; // hexadecimal; empty if the file has none
};

// What lies at an address. name is null where nothing is known.
struct symbol_place {
    const char *name;
    uint64_t offset;
};

// Reads a file. Returns null, or what is wrong with it; then symbols holds no names.
[[nodiscard]] const char *symbols_load(struct symbols *symbols, const char *path);

// The same for a file in memory, which symbols now owns (malloc).
[[nodiscard]] const char *symbols_parse(struct symbols *symbols, char *bytes, size_t size);

struct symbol_place symbols_find(const struct symbols *symbols, uint64_t address);

void symbols_free(struct symbols *symbols);
