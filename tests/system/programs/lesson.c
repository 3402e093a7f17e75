// SPDX-License-Identifier: MIT
// A client of the driver of docs/drivers.md. It says sentences; `lesson load ROUNDS` only uses it,
// and says how many requests were answered and how many were lost with a driver that ended.
//
// It is given: a session with `lesson`, with 16K of memory.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr uint64_t HALF = 0x2000; // of the shared memory

static struct kozo_session lesson;

static void say(const char *sentence, bool holds)
{
    kozo_printf("%s: %s\n", holds ? "yes" : "NO", sentence);
}

// The next completion; false when that will never come, because the driver ended.
static bool next(uint64_t number, struct kozo_entry *entry)
{
    while (!kozo_session_next(&lesson, entry)) {
        if (kozo_session_lost(&lesson, number)) {
            return false;
        }
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
    return true;
}

static struct kozo_lesson_factorial_result factorial(uint64_t number)
{
    struct kozo_entry entry;
    uint64_t begun = kozo_lesson_factorial_begin(&lesson, number);
    return begun != 0 && next(begun, &entry)
               ? kozo_lesson_factorial_end(&entry)
               : (struct kozo_lesson_factorial_result){.error = KOZO_NO_REPLY};
}

static enum kozo_error carry(uint64_t from, uint64_t to, uint64_t length)
{
    struct kozo_entry entry;
    uint64_t begun = kozo_lesson_carry_begin(&lesson, from, to, length);
    return begun != 0 && next(begun, &entry) ? kozo_entry_error(&entry, 0) : KOZO_NO_REPLY;
}

static void say_arithmetic(void)
{
    uint32_t product = 1;
    bool good = factorial(0).product == 1;
    for (uint32_t number = 1; number <= 20; number++) {
        product *= number;
        good = good && factorial(number).product == product;
    }
    say("the device multiplies", good);
    uint64_t begun[8];
    for (uint64_t i = 0; i < 8; i++) {
        begun[i] = kozo_lesson_factorial_begin(&lesson, i + 3);
    }
    static const uint64_t wanted[] = {6, 24, 120, 720, 5040, 40'320, 362'880, 3'628'800};
    for (size_t i = 0; good && i < 8; i++) {
        struct kozo_entry entry;
        good = next(begun[i], &entry) && entry.number == begun[i] &&
               kozo_lesson_factorial_end(&entry).product == wanted[i];
    }
    say("eight requests at a time are answered, one after the other", good);
}

static void say_memory(void)
{
    static const uint64_t lengths[] = {1, 7, 512, 2047, 2048};
    bool good = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t at = 0; at < HALF; at++) {
            lesson.data[at] = (uint8_t)(at * 31 + i);
        }
        memset(lesson.data + HALF, 0xee, HALF);
        good = good && carry(5, HALF + 3, lengths[i]) == KOZO_OK &&
               memcmp(lesson.data + 5, lesson.data + HALF + 3, lengths[i]) == 0 &&
               lesson.data[HALF + 2] == 0xee && lesson.data[HALF + 3 + lengths[i]] == 0xee;
    }
    say("bytes go through the device and arrive, and none beside them changes", good);
}

static void say_refusals(void)
{
    static const struct {
        uint64_t from, to, length;
    } wrong[] = {
        {0, 0, 0},          {0, 0, 2049},         {2 * HALF, 0, 1},
        {0, 2 * HALF, 1},   {2 * HALF - 1, 0, 2}, {UINT64_MAX, 0, 2},
        {0, UINT64_MAX, 2},
    };
    bool good = factorial(1UL << 32).error == KOZO_BAD_ARGUMENT;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        good = good && carry(wrong[i].from, wrong[i].to, wrong[i].length) == KOZO_BAD_ARGUMENT;
    }
    say("what is out of range is refused", good);
    uint64_t first = kozo_lesson_factorial_begin(&lesson, 5);
    uint64_t second = kozo_lesson_factorial_begin(&lesson, 6);
    good = kozo_cancel(lesson.service, second) == KOZO_OK || true;
    struct kozo_entry entry;
    unsigned cancelled = 0;
    for (unsigned i = 0; i < 2 && next(first, &entry); i++) {
        cancelled += entry.label == KOZO_CANCELLED ? 1 : 0;
        good = good && (entry.label == KOZO_OK || entry.number == second);
    }
    say("a request that was cancelled completes as such or is done, and the one before it is "
        "answered",
        good && cancelled <= 1);
}

static int load(uint64_t rounds)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        struct kozo_lesson_factorial_result result = factorial(i % 12);
        lost += result.error == KOZO_NO_REPLY ? 1 : 0;
        if (result.error != KOZO_OK && result.error != KOZO_NO_REPLY) {
            kozo_printf("error %u\n", result.error);
            return 1;
        }
        memset(lesson.data, (int)i, 64);
        enum kozo_error error = carry(0, HALF, 64);
        lost += error == KOZO_NO_REPLY ? 1 : 0;
        if (error == KOZO_OK && lesson.data[HALF + 63] != (uint8_t)i) {
            kozo_print("other bytes arrived\n");
            return 1;
        }
    }
    kozo_printf("%lu rounds, %lu lost\n", rounds, lost);
    return 0;
}

int main(int argument_count, char **arguments)
{
    if (!kozo_session_open(&lesson, "lesson")) {
        kozo_print("there is no driver\n");
        return 1;
    }
    if (argument_count > 2 && strcmp(arguments[1], "load") == 0) {
        return load(strtoul(arguments[2], nullptr, 10));
    }
    say_arithmetic();
    say_memory();
    say_refusals();
    return 0;
}
