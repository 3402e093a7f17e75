// SPDX-License-Identifier: MIT
#include "ask.h"

#include <string.h>

constexpr size_t ANSWER = 65'536;
constexpr unsigned TIMES = 100; // that it comes again
constexpr uint64_t PAUSE = 200; // milliseconds between
constexpr long ERROR_INTERRUPTED = -4;
constexpr uintptr_t READ_AND_WRITE = 02, CLOSE_ON_EXEC = 02000000;

void say(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        long done = call(CALL_WRITE, 1, (uintptr_t)text, left);
        if (done <= 0 && done != ERROR_INTERRUPTED) {
            return;
        }
        text += done > 0 ? done : 0;
        left -= done > 0 ? (size_t)done : 0;
    }
}

// The text may end with a newline.
void refuse(const char *text)
{
    char line[512] = {};
    struct words words = {.bytes = line, .size = sizeof line};
    size_t length = strcspn(text, "\n");
    words_add_bytes(&words, text, length < sizeof line ? length : sizeof line - 1);
    const char *const texts[4] = {own_name, line};
    complain(texts);
}

void pause_for(uint64_t milliseconds)
{
    const int64_t time[2] = {(int64_t)(milliseconds / 1'000),
                             (int64_t)(milliseconds % 1'000 * 1'000'000)};
    (void)call(CALL_NANOSLEEP, (uintptr_t)time, 0, 0);
}

// Writes the request and reads what comes, into a buffer of ANSWER bytes and one. False: that was broken off.
static bool converse(const char *request, char *answer)
{
    size_t length = 0;
    long file =
        call(CALL_OPEN, (uintptr_t)"/dev/kozo-permissions", READ_AND_WRITE | CLOSE_ON_EXEC, 0);
    long got =
        file < 0 ? file : call(CALL_WRITE, (uintptr_t)file, (uintptr_t)request, strlen(request));
    while (got > 0) {
        got = call(CALL_READ, (uintptr_t)file, (uintptr_t)(answer + length), ANSWER - length);
        length += got > 0 ? (size_t)got : 0;
    }
    if (file >= 0) {
        (void)call(CALL_CLOSE, (uintptr_t)file, 0, 0);
    }
    answer[length] = '\0';
    return got == 0;
}

struct answer ask(const char *request)
{
    static char answer[ANSWER + 1];
    for (unsigned i = 0; i < TIMES; i++) {
        bool whole = converse(request, answer);
        if (whole && strncmp(answer, "yes\n", 4) == 0) {
            return (struct answer){true, answer + 4};
        }
        if (whole && strncmp(answer, "no\n", 3) == 0) {
            return (struct answer){false, answer + 3};
        }
        // It is to come again, a signal came, or too many ask at once.
        pause_for(PAUSE);
    }
    refuse("nobody here tells about permissions");
    leave(1);
}

// --- What the compiler calls, and the start -----------------------------------------------------

uint64_t __stack_chk_guard;

[[noreturn]] void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    __builtin_trap();
}

[[gnu::no_stack_protector]]
void program_start(uint64_t *stack)
{
    constexpr uint64_t AT_RANDOM = 25;
    struct begun begun = begun_at(stack);
    const uint64_t *random = (const uint64_t *)begun_auxiliary(&begun, AT_RANDOM);
    // A text that is copied too far ends at the zero byte.
    __stack_chk_guard = random != nullptr ? *random << 8 : 0;
    leave(main((int)begun.count, begun.arguments));
}
