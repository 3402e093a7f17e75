// SPDX-License-Identifier: MIT
// One line at a time: a word, a name, a reason between quotation marks.
#include "profile.h"

#include <string.h>

struct line {
    const char *text;
    size_t length;
};

static void skip_spaces(struct line *line)
{
    while (line->length > 0 && (line->text[0] == ' ' || line->text[0] == '\t')) {
        line->text++;
        line->length--;
    }
}

static struct line take_word(struct line *line)
{
    struct line word = {line->text, 0};
    skip_spaces(line);
    word.text = line->text;
    while (word.length < line->length && word.text[word.length] != ' ' &&
           word.text[word.length] != '\t') {
        word.length++;
    }
    line->text += word.length;
    line->length -= word.length;
    return word;
}

static bool is_word(struct line word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

// A scope may have spaces: the name ends where the reason begins.
static struct line take_name(struct line *line)
{
    skip_spaces(line);
    const char *quote = line->length > 0 ? memchr(line->text, '"', line->length) : nullptr;
    struct line name = {line->text, quote != nullptr ? (size_t)(quote - line->text) : line->length};
    line->text += name.length;
    line->length -= name.length;
    while (name.length > 0 &&
           (name.text[name.length - 1] == ' ' || name.text[name.length - 1] == '\t')) {
        name.length--;
    }
    return name;
}

// Takes the reason. Gives null, or what is wrong with it.
static const char *take_reason(struct line *line, char *reason)
{
    const char *end = line->length > 1 ? memchr(line->text + 1, '"', line->length - 1) : nullptr;
    if (line->length == 0) {
        return "a reason is missing, between quotation marks";
    }
    if (end == nullptr) {
        return "the reason has no quotation mark at its end";
    }
    size_t length = (size_t)(end - line->text - 1);
    if (length == 0) {
        return "the reason is empty";
    }
    if (length >= POLICY_REASON_SIZE) {
        return "the reason is longer than 80 bytes";
    }
    if (memchr(line->text + 1, '\0', length) != nullptr) {
        return "the reason has a zero byte";
    }
    memcpy(reason, line->text + 1, length);
    line->length -= length + 2;
    line->text = end + 1;
    skip_spaces(line);
    return line->length == 0 ? nullptr : "something follows the reason";
}

static bool read_line(struct policy_profile *profile, struct line line, struct policy_text *fault)
{
    struct line word = take_word(&line);
    if (word.length == 0 || word.text[0] == '#') {
        return true;
    }
    struct policy_wish wish = {.need = is_word(word, "need")};
    if (!wish.need && !is_word(word, "want")) {
        policy_add(fault, "a line begins with need, want or #, not with ");
        policy_add_shown(fault, word.text, word.length, 30);
        return false;
    }
    struct line name = take_name(&line);
    struct policy_parsed parsed = policy_parse(name.text, name.length);
    if (parsed.fault != POLICY_FAULT_NONE) {
        policy_complain(fault, name.text, name.length, parsed.fault);
        return false;
    }
    wish.permission = parsed.permission;
    const char *wrong = take_reason(&line, wish.reason);
    if (wrong == nullptr && policy_profile_find(profile, &wish.permission) != nullptr) {
        wrong = "this permission stands in the profile already";
    }
    if (wrong == nullptr && profile->count == POLICY_WISHES) {
        wrong = "there are more than 64 permissions";
    }
    if (wrong != nullptr) {
        policy_add(fault, "%s", wrong);
        return false;
    }
    profile->wish[profile->count++] = wish;
    return true;
}

size_t policy_profile_read(struct policy_profile *profile, const char *text, size_t size,
                           struct policy_text *fault)
{
    size_t number = 0;
    profile->count = 0;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        struct line line = {text, end != nullptr ? (size_t)(end - text) : size};
        size_t taken = line.length + (end != nullptr ? 1 : 0);
        number++;
        if (!read_line(profile, line, fault)) {
            profile->count = 0;
            return number;
        }
        text += taken;
        size -= taken;
    }
    return 0;
}

const struct policy_wish *policy_profile_find(const struct policy_profile *profile,
                                              const struct policy_permission *permission)
{
    for (size_t i = 0; i < profile->count; i++) {
        if (memcmp(&profile->wish[i].permission, permission, sizeof *permission) == 0) {
            return &profile->wish[i];
        }
    }
    return nullptr;
}

size_t policy_profile_growth(const struct policy_profile *before, const struct policy_profile *now)
{
    size_t growth = 0;
    for (size_t i = 0; i < now->count; i++) {
        const struct policy_wish *old = policy_profile_find(before, &now->wish[i].permission);
        growth += old == nullptr || (now->wish[i].need && !old->need) ? 1 : 0;
    }
    return growth;
}
