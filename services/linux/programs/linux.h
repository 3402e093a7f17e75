// SPDX-License-Identifier: MIT
// What a program of this folder is given, and the system calls of Linux that it makes.
#pragma once

#include <stddef.h>
#include <stdint.h>

// All that lies on the stack when a program begins.
struct begun {
    size_t count; // of arguments
    char **arguments;
    char **environment;
    const uint64_t *auxiliary; // pairs of type and value, up to type 0
};

static inline struct begun begun_at(uint64_t *stack)
{
    struct begun begun = {.count = stack[0], .arguments = (char **)(stack + 1)};
    begun.environment = begun.arguments + begun.count + 1;
    char **end = begun.environment;
    while (*end != nullptr) {
        end++;
    }
    begun.auxiliary = (const uint64_t *)(end + 1);
    return begun;
}

// A value of the auxiliary vector; 0 when it is not there.
static inline uint64_t begun_auxiliary(const struct begun *begun, uint64_t type)
{
    for (const uint64_t *pair = begun->auxiliary; pair[0] != 0; pair += 2) {
        if (pair[0] == type) {
            return pair[1];
        }
    }
    return 0;
}

// Each program has one, which does not return.
[[noreturn]] void program_start(uint64_t *stack);

enum call_number : long {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_OPEN = 2,
    CALL_CLOSE = 3,
    CALL_NANOSLEEP = 35,
    CALL_EXECVE = 59,
    CALL_EXIT = 231, // exit_group
};

// The result, or minus an error.
static inline long call(enum call_number number, uintptr_t first, uintptr_t second, uintptr_t third)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

[[noreturn]] static inline void leave(int status)
{
    for (;;) {
        (void)call(CALL_EXIT, (uintptr_t)status, 0, 0);
    }
}

// --- Texts ------------------------------------------------------------------------------------------

static inline size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

static inline bool text_is(const char *one, const char *other)
{
    size_t i = 0;
    while (one[i] != '\0' && one[i] == other[i]) {
        i++;
    }
    return one[i] == other[i];
}

// Where a byte first stands in a text; its end when it does not.
static inline size_t text_find(const char *text, char byte)
{
    size_t at = 0;
    while (text[at] != '\0' && text[at] != byte) {
        at++;
    }
    return at;
}

// A text that grows in a buffer. What does not fit is noted, and left out.
struct words {
    char *bytes;
    size_t size;
    size_t length;
    bool cut;
};

static inline void words_add_bytes(struct words *words, const char *bytes, size_t length)
{
    if (length >= words->size - words->length) {
        words->cut = true;
        return;
    }
    for (size_t i = 0; i < length; i++) {
        words->bytes[words->length++] = bytes[i];
    }
    words->bytes[words->length] = '\0';
}

static inline void words_add(struct words *words, const char *text)
{
    words_add_bytes(words, text, text_length(text));
}

// Writes a line on standard error: up to four texts, of which a null ends the list.
static inline void complain(const char *const texts[4])
{
    char bytes[1'024];
    struct words line = {.bytes = bytes, .size = sizeof bytes - 1};
    for (size_t i = 0; i < 4 && texts[i] != nullptr; i++) {
        words_add(&line, texts[i]);
    }
    bytes[line.length++] = '\n';
    (void)call(CALL_WRITE, 2, (uintptr_t)bytes, line.length);
}
