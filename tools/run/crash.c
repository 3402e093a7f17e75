// SPDX-License-Identifier: MIT
// Parser, hash and report of a crash record.
#include "crash.h"

#include <ctype.h>
#include <inttypes.h>
#include <kozo/sha256.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

// The text behind a word and its space, or null if the line starts otherwise.
static const char *after(const char *line, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(line, word, length) != 0 || line[length] != ' ') {
        return nullptr;
    }
    return line + length + 1;
}

// A hexadecimal number of 1 to 16 digits, with or without 0x, and nothing behind it.
static bool parse_hex(const char *text, uint64_t *value)
{
    if (text[0] == '0' && text[1] == 'x') {
        text += 2;
    }
    size_t length = strlen(text);
    if (length == 0 || length > 16 || strspn(text, "0123456789abcdefABCDEF") != length) {
        return false;
    }
    *value = 0;
    for (; *text != '\0'; text++) {
        int digit = isdigit((unsigned char)*text) ? *text - '0' : (*text | 0x20) - 'a' + 10;
        *value = *value << 4 | (uint64_t)digit;
    }
    return true;
}

static bool keep_cpu(struct crash *crash, const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > 5 || strspn(text, "0123456789") != length) {
        return false;
    }
    crash->cpu = 0;
    for (; *text != '\0'; text++) {
        crash->cpu = crash->cpu * 10 + (uint64_t)(*text - '0');
    }
    return true;
}

// Copies a word of the given characters; a longer or other one is refused.
static bool keep_word(char *out, size_t size, const char *text, const char *characters)
{
    size_t length = strlen(text);
    if (length == 0 || length >= size || strspn(text, characters) != length) {
        return false;
    }
    memcpy(out, text, length + 1);
    return true;
}

static bool keep_register(struct crash *crash, const char *text)
{
    const char *space = strchr(text, ' ');
    if (space == nullptr || crash->registers == CRASH_REGISTERS) {
        return false;
    }
    struct crash_register *entry = &crash->register_[crash->registers];
    size_t length = (size_t)(space - text);
    if (length == 0 || length >= sizeof entry->name || !parse_hex(space + 1, &entry->value)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_') {
            return false;
        }
    }
    memcpy(entry->name, text, length);
    entry->name[length] = '\0';
    crash->registers++;
    return true;
}

static bool keep_trace(struct crash *crash, const char *text)
{
    if (crash->traces == CRASH_TRACE || !parse_hex(text, &crash->trace[crash->traces])) {
        return false;
    }
    crash->traces++;
    return true;
}

static bool keep_reason(struct crash *crash, const char *text)
{
    if (*text == '\0') {
        return false;
    }
    // The rest of a long reason is cut; the buffer stays terminated since it starts as zeros.
    (void)snprintf(crash->reason, sizeof crash->reason, "%s", text);
    return true;
}

static bool keep_build(struct crash *crash, const char *text)
{
    return keep_word(crash->build, sizeof crash->build, text, "0123456789abcdef");
}

static bool keep_kind(struct crash *crash, const char *text)
{
    return keep_word(crash->kind, sizeof crash->kind, text, "abcdefghijklmnopqrstuvwxyz-");
}

struct field {
    const char *word;
    bool (*keep)(struct crash *crash, const char *text);
};

static const struct field fields[] = {
    {"build", keep_build}, {"kind", keep_kind},         {"reason", keep_reason},
    {"cpu", keep_cpu},     {"register", keep_register}, {"trace", keep_trace},
};

static bool take_field(struct crash *crash, const char *line)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *text = after(line, fields[i].word);
        if (text != nullptr) {
            return fields[i].keep(crash, text);
        }
    }
    return false;
}

static void take_line(struct crash *crash)
{
    size_t length = crash->length;
    crash->length = 0;
    if (length > 0 && crash->line[length - 1] == '\r') {
        length--;
    }
    // A zero byte within the line would hide what follows it.
    bool sound = memchr(crash->line, '\0', length) == nullptr;
    crash->line[length] = '\0';
    if (crash->state == CRASH_NONE) {
        if (sound && strcmp(crash->line, "KOZO-CRASH 1") == 0) {
            crash->state = CRASH_BEGUN;
        }
        return;
    }
    if (sound && strcmp(crash->line, "end") == 0) {
        crash->state = CRASH_WHOLE;
    } else if (!sound || !take_field(crash, crash->line)) {
        crash->refused++;
    }
}

void crash_read(struct crash *crash, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length && crash->state != CRASH_WHOLE; i++) {
        if (bytes[i] == '\n') {
            take_line(crash);
        } else if (crash->length < sizeof crash->line - 1) {
            crash->line[crash->length++] = (char)bytes[i];
        }
        if (crash->state != CRASH_BEGUN) {
            continue;
        }
        crash->size++;
        if (crash->size > CRASH_RECORD_SIZE) {
            crash->cut = true;
            crash->state = CRASH_WHOLE;
        }
    }
}

// The first address of a trace is where the processor was, if it equals the instruction pointer.
// The others are return addresses: they stand behind the call, which may be the last instruction of
// its function, so the byte before tells the function.
static struct symbol_place place_of(const struct crash *crash, const struct symbols *symbols,
                                    size_t index)
{
    uint64_t address = crash->trace[index];
    bool exact = false;
    for (size_t i = 0; i < crash->registers && index == 0; i++) {
        const struct crash_register *entry = &crash->register_[i];
        bool pointer = strcmp(entry->name, "rip") == 0 || strcmp(entry->name, "pc") == 0;
        exact = exact || (pointer && entry->value == address);
    }
    if (exact || address == 0) {
        return symbols_find(symbols, address);
    }
    struct symbol_place place = symbols_find(symbols, address - 1);
    place.offset += place.name != nullptr ? 1 : 0;
    return place;
}

// Adds a reason with each address replaced by a mark: a number after 0x, and eight or more
// hexadecimal digits in a row.
static void hash_reason(struct sha256 *hash, const char *text)
{
    while (*text != '\0') {
        bool prefixed = text[0] == '0' && text[1] == 'x';
        size_t digits = strspn(text + (prefixed ? 2 : 0), "0123456789abcdefABCDEF");
        if ((prefixed && digits > 0) || digits >= 8) {
            sha256_add(hash, "#", 1);
            text += digits + (prefixed ? 2 : 0);
            continue;
        }
        // A short run is a word or a plain number, and is kept whole.
        size_t kept = digits > 0 ? digits : 1;
        sha256_add(hash, text, kept);
        text += kept;
    }
    sha256_add(hash, "", 1);
}

struct crash_id crash_identify(const struct crash *crash, const struct symbols *symbols)
{
    struct sha256 hash = sha256_begin();
    sha256_add(&hash, crash->kind, strlen(crash->kind) + 1);
    hash_reason(&hash, crash->reason);
    for (size_t i = 0; i < crash->traces; i++) {
        const char *name = place_of(crash, symbols, i).name;
        if (name == nullptr) {
            name = "?";
        }
        // What a compiler adds behind a dot (.cold, .llvm.123) differs from build to build.
        sha256_add(&hash, name, strcspn(name, "."));
        sha256_add(&hash, "", 1);
    }
    struct sha256_digest digest = sha256_end(&hash);
    struct crash_id id = {};
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(id.text + 2 * i, 3, "%02x", digest.bytes[i]);
    }
    return id;
}

static void report_heading(const struct crash *crash)
{
    char reason[4 * CRASH_TEXT_SIZE];
    (void)message_escape(crash->reason, strlen(crash->reason), reason, sizeof reason);
    message("KOZO failed: %s: %s (cpu %" PRIu64 ")",
            crash->kind[0] != '\0' ? crash->kind : "unknown",
            reason[0] != '\0' ? reason : "no reason given", crash->cpu);
}

static void report_trace(const struct crash *crash, const struct symbols *symbols)
{
    for (size_t i = 0; i < crash->traces; i++) {
        struct symbol_place place = place_of(crash, symbols, i);
        char name[CRASH_TEXT_SIZE];
        if (place.name == nullptr) {
            message("  trace %016" PRIx64, crash->trace[i]);
            continue;
        }
        (void)message_escape(place.name, strlen(place.name), name, sizeof name);
        message("  trace %016" PRIx64 " %s+0x%" PRIx64, crash->trace[i], name, place.offset);
    }
}

void crash_report(const struct crash *crash, const struct symbols *symbols, const char *problem)
{
    report_heading(crash);
    for (size_t i = 0; i < crash->registers; i++) {
        message("  %-7s %016" PRIx64, crash->register_[i].name, crash->register_[i].value);
    }
    report_trace(crash, symbols);
    if (problem != nullptr) {
        message("  no names: %s", problem);
    } else if (crash->build[0] != '\0' && symbols->build_id[0] != '\0' &&
               strcmp(crash->build, symbols->build_id) != 0) {
        message("  the names may be wrong: the symbols are of build %s", symbols->build_id);
    }
    if (crash->cut) {
        message("  the crash record is longer than %zu bytes and was cut", CRASH_RECORD_SIZE);
    } else if (crash->state != CRASH_WHOLE) {
        message("  the crash record is incomplete");
    }
    if (crash->refused > 0) {
        message("  %zu line%s of the crash record made no sense", crash->refused,
                crash->refused == 1 ? "" : "s");
    }
    message("Build-ID %s", crash->build[0] != '\0' ? crash->build : "unknown");
    message("Crash-ID %s", crash_identify(crash, symbols).text);
}
