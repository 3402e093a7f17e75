// SPDX-License-Identifier: MIT
// Digits are taken one after the other, beginning anywhere: a person reads them from the question, and
// the program that asks never sees them.
#include "waiting.h"

constexpr unsigned LEAST = 10;
constexpr unsigned COUNT = 90;

static struct waiting list[WAITING_MOST];
static size_t count;
static unsigned next_digits;

struct waiting *waiting_add(const struct waiting *wish)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].place == wish->place) {
            return nullptr;
        }
    }
    if (count == WAITING_MOST) {
        return nullptr;
    }
    list[count] = *wish;
    // 37 has no factor in common with 90: all digits come before one comes again.
    list[count].digits = LEAST + next_digits;
    next_digits = (next_digits + 37) % COUNT;
    return &list[count++];
}

struct waiting *waiting_at(size_t place)
{
    return place < count ? &list[place] : nullptr;
}

struct waiting *waiting_answered(const char *line, size_t length, struct policy_consent *consent)
{
    for (size_t i = 0; i < count && length > 0; i++) {
        struct policy_replied replied = policy_reply(line, length, list[i].digits);
        if (replied.reply == POLICY_REPLY_ANSWER) {
            *consent = replied.consent;
            return &list[i];
        }
    }
    return nullptr;
}

struct waiting *waiting_late(uint64_t now)
{
    for (size_t i = 0; i < count; i++) {
        if (now >= list[i].deadline) {
            return &list[i];
        }
    }
    return nullptr;
}

void waiting_drop(struct waiting *waiting)
{
    for (struct waiting *at = waiting; at + 1 < list + count; at++) {
        *at = at[1];
    }
    count--;
}
