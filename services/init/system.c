// SPDX-License-Identifier: MIT
// One pass over the lines; a table says which words each keyword takes.
#include "system.h"

#include <string.h>

constexpr size_t LINE_WORDS = 4;

struct word {
    const char *text;
    size_t length;
};

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

static bool copy(char *to, size_t size, struct word word)
{
    if (word.length == 0 || word.length >= size) {
        return false;
    }
    for (size_t i = 0; i < word.length; i++) {
        if (word.text[i] <= ' ' || word.text[i] > '~') {
            return false;
        }
    }
    memcpy(to, word.text, word.length);
    to[word.length] = 0;
    return true;
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (unsigned)(digit - 'a') + 10;
    }
    return 99;
}

// A number up to 2^32, decimal or hexadecimal with 0x.
static bool read_number(struct word word, uint64_t *value)
{
    bool hexadecimal = word.length > 2 && word.text[0] == '0' && word.text[1] == 'x';
    unsigned base = hexadecimal ? 16 : 10;
    *value = 0;
    for (size_t i = hexadecimal ? 2 : 0; i < word.length; i++) {
        unsigned digit = digit_value(word.text[i]);
        if (digit >= base) {
            return false;
        }
        *value = *value * base + digit;
        if (*value > UINT32_MAX) {
            return false;
        }
    }
    return word.length > 0;
}

static const char *read_ports(struct system_grant *grant, const struct word *words)
{
    grant->kind = SYSTEM_PORTS;
    if (!copy(grant->name, sizeof grant->name, words[1])) {
        return "the name is too long";
    }
    if (!read_number(words[2], &grant->first) || !read_number(words[3], &grant->count)) {
        return "not a number";
    }
    if (grant->count == 0 || grant->first + grant->count > 0x10000) {
        return "there are no such ports";
    }
    return nullptr;
}

static const char *read_irq(struct system_grant *grant, const struct word *words)
{
    grant->kind = SYSTEM_IRQ;
    if (!copy(grant->name, sizeof grant->name, words[1])) {
        return "the name is too long";
    }
    return read_number(words[2], &grant->first) ? nullptr : "not a number";
}

static const char *read_memory(struct system_grant *grant, const struct word *words)
{
    grant->kind = SYSTEM_MEMORY;
    struct word number = words[1];
    unsigned shift = 0;
    char unit = 0;
    if (number.length > 1) {
        unit = number.text[number.length - 1];
    }
    if (unit == 'K' || unit == 'M') {
        shift = unit == 'K' ? 10 : 20;
        number.length--;
    }
    uint64_t size = 0;
    if (!read_number(number, &size)) {
        return "not a number";
    }
    size <<= shift;
    if (size < 4096 || (size & (size - 1)) != 0) {
        return "memory comes in powers of two from 4K on";
    }
    grant->first = (uint64_t)__builtin_ctzl(size);
    memcpy(grant->name, "memory", 7);
    return nullptr;
}

static const char *read_self(struct system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = SYSTEM_SELF;
    return nullptr;
}

static const char *read_time(struct system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = SYSTEM_TIME;
    memcpy(grant->name, "time", 5);
    return nullptr;
}

static const struct {
    const char *keyword;
    size_t words;
    const char *(*read)(struct system_grant *grant, const struct word *words);
} grant_kinds[] = {
    {"ports", 4, read_ports}, {"irq", 3, read_irq},   {"memory", 2, read_memory},
    {"self", 1, read_self},   {"time", 1, read_time},
};

static const char *read_program(struct system *system, const struct word *words, size_t count)
{
    if (count != 2) {
        return "a file name is due";
    }
    if (system->programs == SYSTEM_PROGRAMS) {
        return "there are too many programs";
    }
    struct system_program *program = &system->program[system->programs];
    *program = (struct system_program){.console = is(words[0], "console")};
    if (!copy(program->file, sizeof program->file, words[1])) {
        return "the file name is too long";
    }
    system->programs++;
    return nullptr;
}

static const char *read_grant(struct system *system, const struct word *words, size_t count)
{
    for (size_t i = 0; i < sizeof grant_kinds / sizeof grant_kinds[0]; i++) {
        if (!is(words[0], grant_kinds[i].keyword)) {
            continue;
        }
        if (count != grant_kinds[i].words) {
            return "the number of words is wrong";
        }
        if (system->programs == 0) {
            return "no program is named yet";
        }
        struct system_program *program = &system->program[system->programs - 1];
        if (program->grants == SYSTEM_GRANTS) {
            return "the program is given too much";
        }
        struct system_grant *grant = &program->grant[program->grants];
        *grant = (struct system_grant){};
        const char *fault = grant_kinds[i].read(grant, words);
        program->grants += fault == nullptr ? 1 : 0;
        return fault;
    }
    return "the first word is unknown";
}

// Reads one line of `length` bytes.
static const char *read_line(struct system *system, const char *line, size_t length)
{
    struct word words[LINE_WORDS];
    size_t count = 0;
    for (size_t at = 0; at < length && line[at] != '#';) {
        if (line[at] == ' ' || line[at] == '\t') {
            at++;
            continue;
        }
        if (count == LINE_WORDS) {
            return "there are too many words";
        }
        size_t start = at;
        while (at < length && line[at] != ' ' && line[at] != '\t' && line[at] != '#') {
            at++;
        }
        words[count++] = (struct word){.text = line + start, .length = at - start};
    }
    if (count == 0) {
        return nullptr;
    }
    if (is(words[0], "program") || is(words[0], "console")) {
        return read_program(system, words, count);
    }
    return read_grant(system, words, count);
}

void system_read(struct system *system, const char *text, size_t size)
{
    system->fault = nullptr;
    system->line = 0;
    system->programs = 0;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != nullptr ? (size_t)(end - text) : size;
        system->line++;
        system->fault = read_line(system, text, length);
        if (system->fault != nullptr) {
            return;
        }
        size_t step = end != nullptr ? length + 1 : length;
        text += step;
        size -= step;
    }
}

const struct system_program *system_find(const struct system *system, const char *file)
{
    for (size_t i = 0; i < system->programs; i++) {
        if (strcmp(system->program[i].file, file) == 0) {
            return &system->program[i];
        }
    }
    return nullptr;
}

const struct system_program *system_console(const struct system *system)
{
    for (size_t i = 0; i < system->programs; i++) {
        if (system->program[i].console) {
            return &system->program[i];
        }
    }
    return nullptr;
}
