// SPDX-License-Identifier: MIT
// kozo-pick: asks the person for one file, and prints the path of the one that was chosen. What asks is whoever may: this program has
// no right to it that others lack (services/linux/file/request.h).
#include "linux.h"

constexpr long ERROR_NOBODY = -6, ERROR_REFUSED = -13;
constexpr long READ_WRITE = 2;
constexpr size_t REQUEST_SIZE = 129;
constexpr size_t ANSWER_SIZE = 4'097;

[[noreturn]] static void fail(const char *text)
{
    const char *const texts[4] = {"kozo-pick: ", text};
    complain(texts);
    leave(1);
}

static void add_reason(struct words *request, const struct begun *begun, size_t first)
{
    for (size_t i = first; i < begun->count; i++) {
        words_add(request, " ");
        words_add(request, begun->arguments[i]);
    }
    if (request->cut) {
        fail("the reason is too long");
    }
}

static void ask(long file, const struct words *request)
{
    long result = call(CALL_WRITE, (uintptr_t)file, (uintptr_t)request->bytes, request->length);
    if (result == ERROR_NOBODY) {
        fail("nobody can be asked in this run (--prompt, --broker)");
    }
    if (result < 0) {
        fail(result == ERROR_REFUSED ? "no file was given" : "it could not be asked");
    }
}

void program_start(uint64_t *stack)
{
    struct begun begun = begun_at(stack);
    bool write = begun.count > 1 && text_is(begun.arguments[1], "--write");
    size_t first = write ? 2 : 1;
    if (first < begun.count && begun.arguments[first][0] == '-') {
        fail("usage: kozo-pick [--write] [REASON]");
    }
    char bytes[REQUEST_SIZE];
    struct words request = {.bytes = bytes, .size = sizeof bytes};
    words_add(&request, write ? "pick write" : "pick read");
    add_reason(&request, &begun, first);
    long file = call(CALL_OPEN, (uintptr_t)"/dev/kozo", (uintptr_t)READ_WRITE, 0);
    if (file < 0) {
        fail("there is no /dev/kozo");
    }
    ask(file, &request);
    char answer[ANSWER_SIZE];
    long length = call(CALL_READ, (uintptr_t)file, (uintptr_t)answer, sizeof answer);
    bool printed =
        length > 0 && call(CALL_WRITE, 1, (uintptr_t)answer, (uintptr_t)length) == length;
    leave(printed ? 0 : 1);
}
