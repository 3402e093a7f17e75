// SPDX-License-Identifier: MIT
// What a program says that it needs: read from its file without running it. An ELF file names its
// interpreter and libraries (System V ABI, chapters 4 and 5), a script its interpreter. The file may be
// anything: what does not fit is a reason, and nothing outside of it is read.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t NEEDS_LIBRARIES = 64; // of one file
constexpr size_t NEEDS_LINE = 256;     // bytes of a script's first line, as Linux has it

enum needs_kind : int {
    NEEDS_UNKNOWN, // neither a program nor a script
    NEEDS_WRONG,   // of another machine, or damaged: reason says which
    NEEDS_ELF,
    NEEDS_SCRIPT,
};

// Texts point into the file, but for that of a script.
struct needs {
    enum needs_kind kind;
    const char *reason;
    const char *interpreter; // null: none
    const char *soname;      // null: none
    const char *rpath;       // DT_RUNPATH, or DT_RPATH where there is none; null: neither
    size_t libraries;
    const char *library[NEEDS_LIBRARIES];
    char script[NEEDS_LINE]; // the interpreter of a script
};

void needs_read(struct needs *needs, const void *bytes, size_t size);
