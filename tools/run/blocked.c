// SPDX-License-Identifier: MIT
#include "blocked.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

constexpr size_t SHOWN_MOST = 70; // cells of a permission in a line

void blocked_take(struct blocked *blocked, const uint8_t *bytes, size_t length)
{
    if (blocked->text == nullptr) {
        blocked->text = malloc(BLOCKED_SIZE + 1);
    }
    size_t room = blocked->text != nullptr ? BLOCKED_SIZE - blocked->length : 0;
    size_t taken = length < room ? length : room;
    if (taken > 0) {
        memcpy(blocked->text + blocked->length, bytes, taken);
        blocked->length += taken;
    }
}

void blocked_end(struct blocked *blocked)
{
    free(blocked->text);
    *blocked = (struct blocked){};
}

// One record, decoded.
struct refused {
    bool good;
    bool optional;
    uint64_t count;
    struct policy_permission permission;
};

static struct refused decode(const char *record, size_t length)
{
    struct refused refused = {};
    size_t at = 2;
    if (length < 5 || strchr("rwo", record[0]) == nullptr || record[1] != ' ') {
        return refused;
    }
    while (at < length && at < 12 && record[at] >= '0' && record[at] <= '9') {
        refused.count = refused.count * 10 + (uint64_t)(record[at++] - '0');
    }
    char name[POLICY_NAME_SIZE];
    struct policy_text text = policy_text(name, sizeof name);
    const char *verb = record[0] == 'w' ? "write" : "read";
    policy_add(&text, "files.path.%s:%.*s", verb, (int)(length - at - 1), record + at + 1);
    struct policy_parsed parsed = policy_parse(name, text.length);
    refused.good =
        !text.cut && refused.count > 0 && record[at] == ' ' && parsed.fault == POLICY_FAULT_NONE;
    refused.optional = record[0] == 'o';
    refused.permission = parsed.permission;
    return refused;
}

// The next record from a place on; moves the place behind it.
static struct refused next(const struct blocked *blocked, size_t *at)
{
    const char *start = blocked->text + *at;
    const char *end = memchr(start, '\0', blocked->length - *at);
    size_t length = end != nullptr ? (size_t)(end - start) : blocked->length - *at;
    *at += length + 1;
    // Without its end it is half a record.
    return end != nullptr ? decode(start, length) : (struct refused){};
}

static void tell(const struct refused *refused)
{
    char name[POLICY_NAME_SIZE];
    char line[256];
    struct policy_text text = policy_text(line, sizeof line);
    policy_write(name, sizeof name, &refused->permission);
    policy_add_shown(&text, name, strlen(name), SHOWN_MOST);
    message("blocked: %s, %" PRIu64 " time%s", line, refused->count,
            refused->count == 1 ? "" : "s");
}

size_t blocked_list(const struct blocked *blocked, struct policy_permission *list, size_t room)
{
    size_t count = 0;
    for (size_t at = 0; at < blocked->length && count < room;) {
        struct refused refused = next(blocked, &at);
        if (refused.good) {
            list[count++] = refused.permission;
        }
    }
    return count;
}

size_t blocked_tell(const struct blocked *blocked, const char *program)
{
    struct refused first = {};
    size_t count = 0;
    for (size_t at = 0; at < blocked->length;) {
        struct refused refused = next(blocked, &at);
        if (!refused.good || refused.optional) {
            continue;
        }
        first = count == 0 ? refused : first;
        if (count++ < BLOCKED_LINES) {
            tell(&refused);
        }
    }
    if (count > BLOCKED_LINES) {
        message("and %zu more", count - BLOCKED_LINES);
    }
    if (count > 0) {
        char name[POLICY_NAME_SIZE];
        char line[512];
        struct policy_text text = policy_text(line, sizeof line);
        policy_add_shown(&text, program, strlen(program), 40);
        policy_add(&text, " tried to ");
        policy_phrase(name, sizeof name, &first.permission);
        policy_add_shown(&text, name, strlen(name), SHOWN_MOST);
        policy_add(&text, " (blocked); to allow it: --allow ");
        policy_write(name, sizeof name, &first.permission);
        policy_add_shown(&text, name, strlen(name), 2 * SHOWN_MOST);
        message("%s", line);
    }
    return count;
}
