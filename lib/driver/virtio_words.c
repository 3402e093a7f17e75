// SPDX-License-Identifier: MIT
// One pass over the line, then each pair of words is compared.
#include "virtio_words.h"

#include "virtio_mmio.h"

constexpr uint64_t PAGE = 4096;
constexpr uint64_t BASE_LEAST = 1 << 16; // below are numbers of PCI functions, and no device
constexpr uint64_t END = 1ULL << 52;     // of all numbers; no processor has more addresses
constexpr uint64_t LINES = 1024;

static const char PREFIX[] = "virtio_mmio.device=";

// What is left to read of a word.
struct rest {
    const char *at;
    const char *end;
};

static bool take(struct rest *rest, char wanted)
{
    if (rest->at == rest->end || *rest->at != wanted) {
        return false;
    }
    rest->at++;
    return true;
}

// The value of a digit, or 16.
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    // Upper and lower case differ by this bit.
    char low = (char)(digit | 0x20);
    return low >= 'a' && low <= 'f' ? (unsigned)(low - 'a') + 10 : 16;
}

// Takes a number below END. False: there is none, or it is larger.
static bool take_number(struct rest *rest, uint64_t *number)
{
    uint64_t base = 10;
    if (rest->end - rest->at > 2 && rest->at[0] == '0' && (rest->at[1] | 0x20) == 'x') {
        rest->at += 2;
        base = 16;
    }
    const char *first = rest->at;
    *number = 0;
    while (rest->at < rest->end && digit_value(*rest->at) < base && *number < END) {
        *number = *number * base + digit_value(*rest->at++);
    }
    return rest->at != first && *number < END;
}

// Reads what stands behind the prefix. Null, or what is wrong with its form.
static const char *read_form(struct rest rest, struct virtio_word *word)
{
    uint64_t number = 0;
    if (!take_number(&rest, &word->size)) {
        return "its size is no number";
    }
    if (take(&rest, 'K') || take(&rest, 'k')) {
        word->size *= 1024;
    }
    if (!take(&rest, '@') || !take_number(&rest, &word->base)) {
        return "its address is no number behind @";
    }
    if (!take(&rest, ':') || !take_number(&rest, &word->line)) {
        return "its interrupt is no number behind a colon";
    }
    if (take(&rest, ':') && !take_number(&rest, &number)) {
        return "its own number is none";
    }
    return rest.at != rest.end ? "there is something behind it" : nullptr;
}

static const char *check_values(const struct virtio_word *word)
{
    if (word->base < BASE_LEAST || word->base % 4 != 0) {
        return "no registers can be at its address";
    }
    if (word->size < VIRTIO_MMIO_REGISTERS || word->size > PAGE - word->base % PAGE) {
        return "its registers are too few, or leave their page";
    }
    return word->line >= LINES ? "no interrupt has its number" : nullptr;
}

static struct virtio_word read_word(struct rest rest, bool is_cut)
{
    struct virtio_word word = {};
    word.fault = read_form(rest, &word);
    if (word.fault == nullptr) {
        word.fault = check_values(&word);
    }
    if (is_cut) {
        word.fault = "the command line was too long, and ends in it";
    }
    return word;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\n';
}

static bool take_prefix(struct rest *rest)
{
    struct rest after = *rest;
    for (size_t i = 0; PREFIX[i] != 0; i++) {
        if (!take(&after, PREFIX[i])) {
            return false;
        }
    }
    *rest = after;
    return true;
}

// Also a device that is refused has its registers where its word says.
static const char *conflict(const struct virtio_word *one, const struct virtio_word *other)
{
    if (one->base / PAGE == other->base / PAGE) {
        return "another device is in the same page of memory";
    }
    return other->fault == nullptr && one->line == other->line
               ? "another device has the same interrupt"
               : nullptr;
}

// Faults are noted when all were found, so that of three in one page all three are refused.
static void find_conflicts(struct virtio_words *words)
{
    const char *fault[VIRTIO_WORDS_MOST] = {};
    for (size_t i = 0; i < words->count; i++) {
        for (size_t j = 0; j < words->count && fault[i] == nullptr; j++) {
            bool compared = i != j && words->word[i].fault == nullptr;
            fault[i] = compared ? conflict(&words->word[i], &words->word[j]) : nullptr;
        }
    }
    for (size_t i = 0; i < words->count; i++) {
        if (fault[i] != nullptr) {
            words->word[i].fault = fault[i];
        }
    }
}

struct virtio_words virtio_words_read(const char *line, size_t length, bool is_cut)
{
    struct virtio_words words = {};
    const char *end = line + length;
    for (const char *at = line; at < end;) {
        struct rest rest = {.at = at, .end = at};
        while (rest.end < end && !is_blank(*rest.end)) {
            rest.end++;
        }
        at = rest.end < end ? rest.end + 1 : end;
        if (!take_prefix(&rest)) {
            continue;
        }
        if (words.count == VIRTIO_WORDS_MOST) {
            words.too_many = true;
            break;
        }
        words.word[words.count++] = read_word(rest, is_cut && rest.end == end);
    }
    find_conflicts(&words);
    return words;
}
