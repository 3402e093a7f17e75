// SPDX-License-Identifier: MIT
#include "record.h"

#include <string.h>

constexpr size_t DIGITS = 2 * sizeof(struct kozo_digest);
constexpr char BEFORE_CHAIN[] = ",\"chain\":\"";
constexpr char BEHIND_CHAIN[] = "\"}";

static const char *const events[] = {"ask",    "grant",  "refuse", "use",
                                     "expire", "revoke", "start",  "kernel"};

const char *policy_because_word(enum policy_because because)
{
    static const char *const words[] = {"rule",    "default", "service",  "nobody",
                                        "profile", "many",    "undecided"};
    return words[because <= POLICY_BECAUSE_UNDECIDED ? because : POLICY_BECAUSE_UNDECIDED];
}

// --- Writing ------------------------------------------------------------------------------------

static struct kozo_digest digest_after(const struct kozo_digest *before, const char *line,
                                       size_t length)
{
    uint8_t both[sizeof before->bytes + POLICY_RECORD_SIZE];
    memcpy(both, before->bytes, sizeof before->bytes);
    memcpy(both + sizeof before->bytes, line, length);
    return kozo_blake2s(both, sizeof before->bytes + length);
}

static void write_digits(char *digits, const struct kozo_digest *digest)
{
    for (size_t i = 0; i < DIGITS; i++) {
        uint8_t byte = digest->bytes[i / 2];
        digits[i] = "0123456789abcdef"[i % 2 == 0 ? byte >> 4 : byte & 15];
    }
}

static void add_text(struct policy_text *line, const char *key, const char *value)
{
    policy_add(line, ",\"%s\":\"", key);
    policy_add_json(line, value, strlen(value));
    policy_add(line, "\"");
}

static void add_number(struct policy_text *line, const char *key, uint64_t value)
{
    if (value != 0) {
        policy_add(line, ",\"%s\":%lu", key, value);
    }
}

static void add_ring(struct policy_text *line, const char *key,
                     const struct policy_kernel_ring *ring)
{
    char digits[DIGITS + 1] = {};
    write_digits(digits, &ring->digest);
    policy_add(line, ",\"%s\":{\"read\":%lu,\"written\":%lu,\"digest\":\"%s\"}", key, ring->read,
               ring->written, digits);
}

// Everything of a line but its hash.
static void add_body(struct policy_text *line, uint64_t number, const struct policy_record *record)
{
    policy_add(line, "{\"v\":1,\"n\":%lu,\"time\":%lu,\"event\":\"%s\"", number, record->time,
               events[record->event]);
    if (record->kernel != nullptr) {
        add_ring(line, "authority", &record->kernel[0]);
        add_ring(line, "refusals", &record->kernel[1]);
    }
    if (record->program != nullptr) {
        add_text(line, "program", record->program);
        add_number(line, "instance", record->instance);
    }
    if (record->permission != nullptr) {
        add_text(line, "permission", policy_name(record->permission->id)->text);
        if (record->permission->scope[0] != '\0') {
            add_text(line, "scope", record->permission->scope);
        }
    }
    add_number(line, "rule", record->rule);
    if (record->because != nullptr) {
        add_text(line, "because", record->because);
    }
    add_number(line, "count", record->count > 1 ? record->count : 0);
}

bool policy_record_add(struct policy_text *text, struct policy_chain *chain,
                       const struct policy_record *record)
{
    char buffer[POLICY_RECORD_SIZE];
    char digits[DIGITS + 1] = {};
    struct policy_text line = policy_text(buffer, sizeof buffer);
    add_body(&line, chain->count + 1, record);
    struct kozo_digest digest = digest_after(&chain->digest, line.buffer, line.length);
    write_digits(digits, &digest);
    policy_add(&line, "%s%s%s\n", BEFORE_CHAIN, digits, BEHIND_CHAIN);
    struct policy_text before = *text;
    policy_add(text, "%s", line.buffer);
    if (line.cut || text->cut) {
        *text = before;
        text->buffer[text->length] = '\0';
        return false;
    }
    chain->count++;
    chain->digest = digest;
    return true;
}

// --- Reading ------------------------------------------------------------------------------------

// The number of a line, or 0 when it does not begin as a line does.
static uint64_t number_of(const char *line, size_t length)
{
    static const char start[] = "{\"v\":1,\"n\":";
    uint64_t number = 0;
    if (length < sizeof start || memcmp(line, start, sizeof start - 1) != 0) {
        return 0;
    }
    for (size_t i = sizeof start - 1; i < length && line[i] >= '0' && line[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(line[i] - '0');
    }
    return number;
}

static enum policy_verified check_line(struct policy_chain *chain, const char *line, size_t length)
{
    constexpr size_t before = sizeof BEFORE_CHAIN - 1;
    constexpr size_t behind = sizeof BEHIND_CHAIN - 1;
    constexpr size_t end = before + DIGITS + behind;
    char digits[DIGITS];
    if (length < end || length >= POLICY_RECORD_SIZE) {
        return POLICY_RECORD_CHANGED;
    }
    uint64_t number = number_of(line, length);
    if (number > chain->count + 1) {
        return POLICY_RECORD_GAP;
    }
    size_t body = length - end;
    struct kozo_digest digest = digest_after(&chain->digest, line, body);
    write_digits(digits, &digest);
    if (number != chain->count + 1 || memcmp(line + body, BEFORE_CHAIN, before) != 0 ||
        memcmp(line + body + before, digits, DIGITS) != 0 ||
        memcmp(line + length - behind, BEHIND_CHAIN, behind) != 0) {
        return POLICY_RECORD_CHANGED;
    }
    chain->count++;
    chain->digest = digest;
    return POLICY_RECORD_WHOLE;
}

static bool is_at(const struct policy_chain *chain, const struct policy_chain *end)
{
    return chain->count == end->count &&
           memcmp(&chain->digest, &end->digest, sizeof end->digest) == 0;
}

struct policy_verification policy_record_verify(const char *text, size_t size,
                                                const struct policy_chain *start,
                                                const struct policy_chain *end)
{
    struct policy_verification found = {};
    if (start != nullptr) {
        found.chain = *start;
    }
    while (found.length < size) {
        const char *line = text + found.length;
        const char *stop = memchr(line, '\n', size - found.length);
        size_t length = stop != nullptr ? (size_t)(stop - line) : 0;
        found.line++;
        found.result = stop != nullptr ? check_line(&found.chain, line, length) : POLICY_RECORD_CUT;
        if (found.result != POLICY_RECORD_WHOLE) {
            return found;
        }
        found.length += length + 1;
    }
    if (end != nullptr && !is_at(&found.chain, end)) {
        found.result = POLICY_RECORD_CUT;
        found.line++;
    }
    return found;
}

void policy_add_verification(struct policy_text *text,
                             const struct policy_verification *verification)
{
    switch (verification->result) {
    case POLICY_RECORD_WHOLE:
        policy_add(text, "%lu lines, the record is whole\n", verification->chain.count);
        return;
    case POLICY_RECORD_CHANGED:
        policy_add(text, "line %lu was changed\n", verification->line);
        return;
    case POLICY_RECORD_GAP:
        policy_add(text, "lines are missing before line %lu\n", verification->line);
        return;
    case POLICY_RECORD_CUT:
    default:
        policy_add(text, "the record is cut off at line %lu\n", verification->line);
        return;
    }
}
