// SPDX-License-Identifier: MIT
// What the policy reads of others: a permission, a profile, an answer, a record, and lines of the
// database, whose hashes are put right here so that what stands before them is looked at. What was
// accepted comes back as it was written, and nothing that is shown takes more cells than it may.
#include "profile.h"
#include "question.h"
#include "record.h"
#include "secret.h"

#include <stdlib.h>

#include "input.h"

constexpr size_t MARK = 16;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool store(void *context, const char *line, size_t length)
{
    struct policy_text *text = context;
    policy_add(text, "%.*s", (int)length, line);
    return !text->cut;
}

static void check_permission(const char *bytes, size_t size)
{
    static char buffer[4'096];
    struct policy_parsed parsed = policy_parse(bytes, size);
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_complain(&text, bytes, size, parsed.fault);
    if (parsed.fault != POLICY_FAULT_NONE) {
        return;
    }
    policy_write(buffer, sizeof buffer, &parsed.permission);
    require(strlen(buffer) == size && memcmp(buffer, bytes, size) == 0);
    static const struct policy_folders folders = {"/users/me", "", "", "/srv"};
    require(policy_covers(&folders, &parsed.permission, &parsed.permission));
    struct policy_question question = {
        "walnut", 10, "program", parsed.permission.scope, &parsed.permission, size % 2 == 1};
    text = policy_text(buffer, sizeof buffer);
    policy_ask(&text, &question);
    require(!text.cut && text.column <= POLICY_QUESTION_CELLS);
    (void)policy_secret(parsed.permission.scope);
}

static void check_shown(const char *bytes, size_t size)
{
    static char buffer[8'192];
    size_t cells = size > 0 ? 3 + (uint8_t)bytes[0] % 80 : 3;
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_add_shown(&text, bytes, size, cells);
    require(text.column <= cells);
    for (size_t i = 0; i < text.length; i++) {
        require((uint8_t)buffer[i] >= ' ' && buffer[i] != 0x7f);
    }
    text = policy_text(buffer, sizeof buffer);
    policy_add_json(&text, bytes, size);
    require(memchr(buffer, '\n', text.length) == nullptr);
}

static void check_profile(const char *bytes, size_t size)
{
    static struct policy_profile profile;
    static char buffer[512];
    struct policy_text fault = policy_text(buffer, sizeof buffer);
    size_t line = policy_profile_read(&profile, bytes, size, &fault);
    require(line == 0 || (profile.count == 0 && fault.length > 0 && line <= size + 1));
    require(policy_profile_growth(&profile, &profile) == 0);
}

// Puts the right hash behind each line of the input.
static size_t with_marks(char *to, size_t room, const char *bytes, size_t size)
{
    static const char head[] = "kozo-policy 1";
    struct policy_text text = policy_text(to, room);
    struct kozo_digest digest = {};
    for (size_t at = 0, line = 0; line == 0 || at < size; line++) {
        uint8_t both[sizeof digest.bytes + 4'096];
        const char *end = line == 0 ? nullptr : memchr(bytes + at, '\n', size - at);
        const char *start = line == 0 ? head : bytes + at;
        size_t length = line == 0        ? sizeof head - 1
                        : end != nullptr ? (size_t)(end - start)
                                         : size - at;
        if (length > 1'024 || memchr(start, '\0', length) != nullptr) {
            break;
        }
        memcpy(both, digest.bytes, sizeof digest.bytes);
        memcpy(both + sizeof digest.bytes, start, length);
        digest = kozo_blake2s(both, sizeof digest.bytes + length);
        policy_add(&text, "%.*s #", (int)length, start);
        for (size_t i = 0; i < MARK / 2; i++) {
            policy_add(&text, "%02x", digest.bytes[i]);
        }
        policy_add(&text, "\n");
        at += line == 0 ? 0 : length + 1;
    }
    return text.length;
}

// What was read is written as a new text, which says the same.
static void check_database(const char *bytes, size_t size)
{
    static struct policy_database database, again;
    static char text[65'536], copy[65'536];
    size_t length = with_marks(text, sizeof text, bytes, size);
    struct policy_text to = policy_text(copy, sizeof copy);
    struct policy_read read = policy_database_read(&database, text, length, store, &to);
    require(read.length <= length && database.count <= POLICY_RULES);
    (void)policy_database_read(&again, bytes, size, store, &to);
    size_t count = database.count;
    (void)policy_database_expire(&database, 1'000, 1, 1);
    require(database.count <= count);
    to = policy_text(copy, sizeof copy);
    if (!policy_database_compact(&database, store, &to)) {
        return;
    }
    read = policy_database_read(&again, copy, to.length, store, &to);
    require(read.result == POLICY_READ_WHOLE && again.count == database.count);
    for (size_t i = 0; i < again.count; i++) {
        require(again.rule[i].id == database.rule[i].id &&
                again.rule[i].limit == database.rule[i].limit &&
                memcmp(&again.rule[i].permission, &database.rule[i].permission,
                       sizeof again.rule[i].permission) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    const char *bytes = (const char *)byte;
    check_permission(bytes, size);
    check_shown(bytes, size);
    check_profile(bytes, size);
    check_database(bytes, size);
    (void)policy_record_verify(bytes, size, nullptr, nullptr);
    (void)policy_reply(bytes, size, 47);
    return 0;
}
