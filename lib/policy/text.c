// SPDX-License-Identifier: MIT
// UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF.
#include "text.h"

#include <kozo/format.h>
#include <stdarg.h>
#include <string.h>

constexpr size_t PIECE = 16; // bytes of the longest escape, with its final zero
constexpr size_t DOTS = 3;

struct range {
    uint32_t first, last;
};

// Characters that show nothing by themselves, or that change how others are shown (Unicode 15:
// general categories Cc, Cf, Mn, Me, Zl, Zp, Co and Cn, in blocks; spaces other than U+0020).
static const struct range hidden[] = {
    {0x0000, 0x001f}, {0x007f, 0x00a0},   {0x00ad, 0x00ad},   {0x0300, 0x036f},    {0x0483, 0x0489},
    {0x0591, 0x05c7}, {0x0600, 0x0605},   {0x0610, 0x061c},   {0x064b, 0x065f},    {0x06d6, 0x06ed},
    {0x070f, 0x070f}, {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},    {0x180b, 0x180f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x2000, 0x200f},   {0x2028, 0x202f},    {0x205f, 0x206f},
    {0x20d0, 0x20ff}, {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},    {0xd800, 0xf8ff},
    {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f},   {0xfeff, 0xfeff},    {0xffa0, 0xffa0},
    {0xfff0, 0xffff}, {0x1d173, 0x1d17a}, {0x1fffe, 0x1ffff}, {0xe0000, 0x10ffff},
};

// Characters that take two cells of a terminal (East Asian Width W and F, and pictures).
static const struct range wide[] = {
    {0x1100, 0x115e},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff}, {0x1f000, 0x1faff}, {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

struct policy_character policy_character(const char *text, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)text[0];
    struct policy_character broken = {.code = first, .bytes = 1};
    if (first < 0x80) {
        return (struct policy_character){.code = first, .bytes = 1, .valid = true};
    }
    uint8_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || bytes > length) {
        return broken;
    }
    uint32_t code = first & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) {
            return broken;
        }
        code = code << 6 | ((uint8_t)text[i] & 0x3fU);
    }
    if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return broken;
    }
    return (struct policy_character){.code = code, .bytes = bytes, .valid = true};
}

// --- The writer ---------------------------------------------------------------------------------

struct policy_text policy_text(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct policy_text){.buffer = buffer, .size = size};
}

// Adds bytes that take so many cells, or none of them.
static void put(struct policy_text *text, const char *bytes, size_t length, size_t cells)
{
    if (text->cut || length >= text->size - text->length) {
        text->cut = true;
        return;
    }
    memcpy(text->buffer + text->length, bytes, length);
    text->length += length;
    text->buffer[text->length] = '\0';
    text->column = length > 0 && bytes[length - 1] == '\n' ? 0 : text->column + cells;
}

void policy_add(struct policy_text *text, const char *format, ...)
{
    size_t left = text->size - text->length;
    va_list arguments;
    va_start(arguments, format);
    size_t length = kozo_format_list(text->buffer + text->length, left, format, arguments);
    va_end(arguments);
    if (text->cut || length >= left) {
        text->cut = true;
        text->buffer[text->length] = '\0';
        return;
    }
    text->length += length;
    size_t start = text->length;
    while (start > 0 && text->buffer[start - 1] != '\n') {
        start--;
    }
    text->column = text->length - start;
}

// --- Text of others -----------------------------------------------------------------------------

// One character as it is shown.
struct piece {
    char bytes[PIECE];
    size_t length;
    size_t cells;
};

static struct piece show(struct policy_character character, const char *bytes)
{
    struct piece piece = {};
    if (!character.valid) {
        piece.length = kozo_format(piece.bytes, PIECE, "\\x%02x", character.code);
        piece.cells = piece.length;
    } else if (character.code == '\\') {
        piece = (struct piece){.bytes = "\\\\", .length = 2, .cells = 2};
    } else if (is_in(hidden, sizeof hidden / sizeof hidden[0], character.code)) {
        piece.length = kozo_format(piece.bytes, PIECE, "\\u{%x}", character.code);
        piece.cells = piece.length;
    } else {
        bool two = is_in(wide, sizeof wide / sizeof wide[0], character.code);
        memcpy(piece.bytes, bytes, character.bytes);
        piece.length = character.bytes;
        piece.cells = two ? 2 : 1;
    }
    return piece;
}

static size_t cells_of(const char *other, size_t length)
{
    size_t cells = 0;
    for (size_t i = 0; i < length;) {
        struct policy_character character = policy_character(other + i, length - i);
        cells += show(character, other + i).cells;
        i += character.bytes;
    }
    return cells;
}

// Adds what lies from one cell on and before another.
static void add_cells(struct policy_text *text, const char *other, size_t length, size_t from,
                      size_t end)
{
    size_t at = 0;
    for (size_t i = 0; i < length && at < end;) {
        struct policy_character character = policy_character(other + i, length - i);
        struct piece piece = show(character, other + i);
        if (at >= from && at + piece.cells <= end) {
            put(text, piece.bytes, piece.length, piece.cells);
        }
        at += piece.cells;
        i += character.bytes;
    }
}

void policy_add_shown(struct policy_text *text, const char *other, size_t length, size_t cells)
{
    size_t all = cells_of(other, length);
    if (all <= cells) {
        add_cells(text, other, length, 0, all);
        return;
    }
    size_t left = cells > DOTS ? cells - DOTS : 0;
    size_t before = left / 2;
    add_cells(text, other, length, 0, before);
    put(text, "...", DOTS, DOTS);
    add_cells(text, other, length, all - (left - before), all);
}

void policy_add_json(struct policy_text *text, const char *other, size_t length)
{
    for (size_t i = 0; i < length;) {
        struct policy_character character = policy_character(other + i, length - i);
        char escape[PIECE] = {'\\', other[i]};
        size_t size = 2;
        if (!character.valid) {
            size = kozo_format(escape, PIECE, "\\udc%02x", character.code);
        } else if (character.code < 0x20 || character.code == 0x7f) {
            size = kozo_format(escape, PIECE, "\\u%04x", character.code);
        }
        bool plain = character.valid && character.code >= 0x20 && character.code != 0x7f &&
                     character.code != '"' && character.code != '\\';
        put(text, plain ? other + i : escape, plain ? character.bytes : size, 1);
        i += character.bytes;
    }
}
