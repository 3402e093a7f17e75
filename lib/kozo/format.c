// SPDX-License-Identifier: MIT
// A small formatter. State: the text so far; it counts on when the buffer is full.
#include <kozo/format.h>

#include <stdint.h>
#include <string.h>

struct writer {
    char *buffer;
    size_t size;
    size_t length;
};

// One conversion, as it stands between % and its letter.
struct directive {
    bool left;
    bool zero;
    size_t width;
    size_t precision; // SIZE_MAX: none
    unsigned longs;   // l and z count as the same, both are 64 bits
};

static void put(struct writer *writer, char character)
{
    if (writer->length + 1 < writer->size) {
        writer->buffer[writer->length] = character;
    }
    writer->length++;
}

static void put_many(struct writer *writer, char character, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(writer, character);
    }
}

static void put_text(struct writer *writer, const struct directive *directive, const char *text,
                     size_t length)
{
    size_t padding = directive->width > length ? directive->width - length : 0;
    if (!directive->left) {
        put_many(writer, ' ', padding);
    }
    for (size_t i = 0; i < length; i++) {
        put(writer, text[i]);
    }
    if (directive->left) {
        put_many(writer, ' ', padding);
    }
}

static void put_number(struct writer *writer, const struct directive *directive, uint64_t value,
                       unsigned base, bool negative)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    size_t length = sizeof digits - at;
    bool zeros = directive->zero && !directive->left;
    if (zeros && negative) {
        put(writer, '-');
    }
    size_t whole = length + (negative ? 1 : 0);
    if (zeros && directive->width > whole) {
        put_many(writer, '0', directive->width - whole);
    }
    if (!zeros && negative) {
        digits[--at] = '-';
    }
    struct directive rest = *directive;
    rest.width = zeros ? 0 : directive->width;
    put_text(writer, &rest, &digits[at], sizeof digits - at);
}

// The most that a width or precision can be; more would only waste time.
constexpr size_t WIDTH_MOST = 4096;

static size_t clip(size_t value)
{
    return value < WIDTH_MOST ? value : WIDTH_MOST;
}

static const char *read_count(const char *at, size_t *count)
{
    for (*count = 0; *at >= '0' && *at <= '9'; at++) {
        *count = clip(*count * 10 + (size_t)(*at - '0'));
    }
    return at;
}

static int64_t signed_argument(const struct directive *directive, va_list *arguments)
{
    return directive->longs > 0 ? va_arg(*arguments, long) : va_arg(*arguments, int);
}

static uint64_t unsigned_argument(const struct directive *directive, va_list *arguments)
{
    return directive->longs > 0 ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
}

// Carries out the conversion with the letter `kind`; false when there is none such.
static bool convert(struct writer *writer, const struct directive *directive, char kind,
                    va_list *arguments)
{
    switch (kind) {
    case '%':
        put(writer, '%');
        return true;
    case 'c': {
        char character = (char)va_arg(*arguments, int);
        put_text(writer, directive, &character, 1);
        return true;
    }
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        put_text(writer, directive, text, strnlen(text, directive->precision));
        return true;
    }
    case 'd': {
        int64_t value = signed_argument(directive, arguments);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put_number(writer, directive, magnitude, 10, value < 0);
        return true;
    }
    case 'u':
    case 'x':
        put_number(writer, directive, unsigned_argument(directive, arguments),
                   kind == 'x' ? 16 : 10, false);
        return true;
    default:
        return false;
    }
}

// Reads flags, width, precision and length; gives where the letter stands.
static const char *read_directive(const char *at, struct directive *directive, va_list *arguments)
{
    for (; *at == '-' || *at == '0'; at++) {
        directive->left |= *at == '-';
        directive->zero |= *at == '0';
    }
    if (*at == '*') {
        int width = va_arg(*arguments, int);
        directive->width = width > 0 ? clip((size_t)width) : 0;
        at++;
    } else {
        at = read_count(at, &directive->width);
    }
    if (*at == '.' && at[1] == '*') {
        int precision = va_arg(*arguments, int);
        directive->precision = precision > 0 ? (size_t)precision : 0;
        at += 2;
    } else if (*at == '.') {
        at = read_count(at + 1, &directive->precision);
    }
    for (; *at == 'l' || *at == 'z'; at++) {
        directive->longs++;
    }
    return at;
}

static_assert(sizeof(long) == 8 && sizeof(size_t) == 8, "l and z must both mean 64 bits");

size_t kozo_format_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct writer writer = {.buffer = buffer, .size = size};
    va_list rest;
    va_copy(rest, arguments);
    const char *at = format;
    while (*at != 0) {
        if (*at != '%') {
            put(&writer, *at++);
            continue;
        }
        struct directive directive = {.precision = SIZE_MAX};
        const char *letter = read_directive(at + 1, &directive, &rest);
        if (convert(&writer, &directive, *letter, &rest)) {
            at = letter + 1;
        } else {
            put(&writer, *at++);
        }
    }
    va_end(rest);
    if (size > 0) {
        buffer[writer.length < size ? writer.length : size - 1] = 0;
    }
    return writer.length;
}

size_t kozo_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = kozo_format_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
