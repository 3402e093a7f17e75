// SPDX-License-Identifier: MIT
#include "wire.h"

#include <string.h>

struct wire_text wire_read_bytes(struct wire_reader *reader, size_t length)
{
    if (length > reader->left) {
        reader->broken = true;
        reader->left = 0;
        return (struct wire_text){.text = "", .length = 0};
    }
    struct wire_text text = {.text = (const char *)reader->at, .length = length};
    reader->at += length;
    reader->left -= length;
    return text;
}

uint64_t wire_read(struct wire_reader *reader, size_t bytes)
{
    struct wire_text field = wire_read_bytes(reader, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < field.length; i++) {
        value |= (uint64_t)(uint8_t)field.text[i] << (8 * i);
    }
    return value;
}

struct wire_text wire_read_text(struct wire_reader *reader)
{
    return wire_read_bytes(reader, wire_read(reader, 2));
}

void wire_patch(struct wire_writer *writer, size_t place, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        writer->bytes[place + i] = (uint8_t)(value >> (8 * i));
    }
}

void wire_write(struct wire_writer *writer, uint64_t value, size_t bytes)
{
    if (bytes > writer->size - writer->used) {
        writer->full = true;
        return;
    }
    wire_patch(writer, writer->used, value, bytes);
    writer->used += bytes;
}

void wire_write_text(struct wire_writer *writer, const char *text, size_t length)
{
    if (length > UINT16_MAX || length + 2 > writer->size - writer->used) {
        writer->full = true;
        return;
    }
    wire_write(writer, length, 2);
    memcpy(writer->bytes + writer->used, text, length);
    writer->used += length;
}
