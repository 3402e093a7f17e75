// SPDX-License-Identifier: MIT
// The crash record that a dying kernel writes on COM2: at most 4096 bytes of text lines.
//
//   KOZO-CRASH 1
//   build <hex>            Build-ID of the kernel
//   kind <word>            panic, exception, init-died …
//   reason <sentence>
//   cpu <n>
//   register <name> <hex>  several
//   trace <hex>            several, innermost first
//   end
//
// The kernel that writes it is broken, so each line is taken by itself: one that makes no sense is
// counted and left out, and a record that stops half-way is still reported.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "symbols.h"

constexpr size_t CRASH_RECORD_SIZE = 4'096;
constexpr size_t CRASH_TEXT_SIZE = 256;
constexpr size_t CRASH_REGISTERS = 64;
constexpr size_t CRASH_TRACE = 64;

enum crash_state : int {
    CRASH_NONE,  // no record has begun
    CRASH_BEGUN, // the first line has come
    CRASH_WHOLE, // "end" has come, or the record is longer than it may be
};

struct crash_register {
    char name[16];
    uint64_t value;
};

struct crash {
    enum crash_state state;
    size_t size;    // bytes since the first line
    size_t length;  // bytes in line
    size_t refused; // lines that made no sense
    bool cut;       // the record was too long
    uint64_t cpu;
    size_t registers;
    size_t traces;
    char line[CRASH_TEXT_SIZE + 32];
    char build[65]; // empty if none came
    char kind[32];
    char reason[CRASH_TEXT_SIZE];
    struct crash_register register_[CRASH_REGISTERS];
    uint64_t trace[CRASH_TRACE];
};

// 16 hexadecimal digits and a zero byte.
struct crash_id {
    char text[17];
};

// Takes bytes of COM2. Everything before a first line and after the end is ignored.
void crash_read(struct crash *crash, const uint8_t *bytes, size_t length);

// The same for two crashes with the same kind, reason and names of functions on the trace, wherever
// the kernel was loaded and whoever ran it: addresses are left out, in the reason too.
struct crash_id crash_identify(const struct crash *crash, const struct symbols *symbols);

// Prints the report, one message a line. problem says why there are no symbols, or is null.
void crash_report(const struct crash *crash, const struct symbols *symbols, const char *problem);
