// SPDX-License-Identifier: MIT
//
// Text that grows. See text.h.
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t LINE_WIDTH = 100;

// All memory ever handed out, in one chain, so that a leak checker finds it in use.
struct block {
    struct block *next;
    max_align_t data[];
};

static struct block *blocks;

void *reserve(size_t size)
{
    struct block *block = calloc(1, sizeof *block + size);
    if (block == nullptr) {
        (void)fputs("abigen: out of memory\n", stderr);
        exit(1);
    }
    block->next = blocks;
    blocks = block;
    return block->data;
}

static void make_room(struct text *text, size_t extra)
{
    if (text->capacity - text->length > extra) {
        return;
    }
    size_t capacity = 2 * (text->length + extra + 512);
    char *data = reserve(capacity);
    if (text->length > 0) {
        memcpy(data, text->data, text->length);
    }
    text->data = data;
    text->capacity = capacity;
}

static void append(struct text *text, const char *bytes, size_t count)
{
    make_room(text, count);
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

[[gnu::format(printf, 1, 0)]]
static const char *format_list(const char *template, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(nullptr, 0, template, again);
    va_end(again);
    if (length < 0) {
        (void)fputs("abigen: text can't be formatted\n", stderr);
        exit(1);
    }
    size_t size = (size_t)length + 1;
    char *result = reserve(size);
    if (vsnprintf(result, size, template, arguments) != length) {
        (void)fputs("abigen: text can't be formatted\n", stderr);
        exit(1);
    }
    return result;
}

void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *words = format_list(format, arguments);
    va_end(arguments);
    append(text, words, strlen(words));
}

const char *format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *result = format_list(format, arguments);
    va_end(arguments);
    return result;
}

char *copy(const char *string)
{
    size_t size = strlen(string) + 1;
    return memcpy(reserve(size), string, size);
}

size_t text_column(const struct text *text)
{
    size_t start = text->length;
    while (start > 0 && text->data[start - 1] != '\n') {
        start--;
    }
    return text->length - start;
}

void put_column(struct text *text, size_t column)
{
    size_t now = text_column(text);
    if (now < column) {
        put(text, "%*s", (int)(column - now), "");
    }
}

static void put_indent_without_tail(struct text *text, const char *indent)
{
    size_t length = strlen(indent);
    while (length > 0 && indent[length - 1] == ' ') {
        length--;
    }
    append(text, indent, length);
}

void put_filled(struct text *text, const char *indent, const char *words)
{
    bool first = true;
    while (*words != '\0') {
        if (*words == '\n') {
            put(text, "\n");
            put_indent_without_tail(text, indent);
            put(text, "\n%s", indent);
            words += strspn(words, "\n");
            first = true;
            continue;
        }
        size_t length = strcspn(words, " \n");
        if (!first && text_column(text) + 1 + length > LINE_WIDTH) {
            put(text, "\n%s", indent);
            first = true;
        }
        if (!first) {
            put(text, " ");
        }
        append(text, words, length);
        first = false;
        words += length;
        words += strspn(words, " ");
    }
    put(text, "\n");
}

void put_comment(struct text *text, const char *indent, const char *words)
{
    const char *start = format("%s// ", indent);
    put(text, "%s", start);
    put_filled(text, start, words);
}

size_t list_lines(size_t column, const char *const *items, size_t count, const char *end)
{
    size_t lines = 1;
    size_t used = column;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(items[i]) + (i + 1 < count ? 1 : strlen(end));
        if (column + length > LINE_WIDTH) {
            return 0;
        }
        if (i > 0 && used + 1 + length > LINE_WIDTH) {
            lines++;
            used = column;
        } else if (i > 0) {
            used++;
        }
        used += length;
    }
    return lines;
}

void put_list(struct text *text, const char *const *items, size_t count, const char *end)
{
    size_t column = text_column(text);
    for (size_t i = 0; i < count; i++) {
        const char *tail = i + 1 < count ? "," : end;
        size_t length = strlen(items[i]) + strlen(tail);
        if (i > 0 && text_column(text) + 1 + length > LINE_WIDTH) {
            put(text, "\n");
            put_column(text, column);
        } else if (i > 0) {
            put(text, " ");
        }
        put(text, "%s%s", items[i], tail);
    }
    if (count == 0) {
        put(text, "%s", end);
    }
}

const char *snake(const char *name)
{
    char *result = reserve(2 * strlen(name) + 1);
    size_t length = 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (i > 0 && isupper((unsigned char)name[i]) && !isupper((unsigned char)name[i - 1]) &&
            name[i - 1] != '_') {
            result[length++] = '_';
        }
        result[length++] = (char)tolower((unsigned char)name[i]);
    }
    return result;
}

const char *upper(const char *name)
{
    const char *lower = snake(name);
    size_t length = strlen(lower);
    char *result = reserve(length + 1);
    for (size_t i = 0; i < length; i++) {
        result[i] = (char)toupper((unsigned char)lower[i]);
    }
    return result;
}

const char *camel(const char *name)
{
    char *result = reserve(strlen(name) + 1);
    size_t length = 0;
    bool start = true;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (name[i] == '_') {
            start = true;
            continue;
        }
        int letter = (unsigned char)name[i];
        result[length++] = (char)(start ? toupper(letter) : tolower(letter));
        start = false;
    }
    return result;
}
