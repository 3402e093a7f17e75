// SPDX-License-Identifier: MIT
// Fields of a 9P message: little-endian numbers, and strings with their length before them. A
// reader that comes to the end, and a writer that has no room left, remember it; what is read then
// is zero, and nothing is written. So a handler decodes everything first and asks once.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct wire_reader {
    const uint8_t *at;
    size_t left;
    bool broken; // something was read beyond the end
};

struct wire_writer {
    uint8_t *bytes;
    size_t used;
    size_t size;
    bool full; // something did not fit
};

// Part of the message itself, not ended by a zero.
struct wire_text {
    const char *text;
    size_t length;
};

uint64_t wire_read(struct wire_reader *reader, size_t bytes); // 1 to 8
struct wire_text wire_read_text(struct wire_reader *reader);
struct wire_text wire_read_bytes(struct wire_reader *reader, size_t length);

void wire_write(struct wire_writer *writer, uint64_t value, size_t bytes); // 1 to 8
void wire_write_text(struct wire_writer *writer, const char *text, size_t length);

// Puts a number where room was left for it.
void wire_patch(struct wire_writer *writer, size_t place, uint64_t value, size_t bytes);
