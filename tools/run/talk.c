// SPDX-License-Identifier: MIT
// A line is collected up to its newline and then decoded; bodies are passed on as they come, but for
// those of "failed", "ask" and "query", which are short and kept.
#include "talk.h"

#include <string.h>

// What may begin a line, and the highest number behind it.
struct word {
    const char *text;
    enum talk_kind kind;
    size_t most;
    bool has_body;
};

static const struct word words[] = {
    {"exit ", TALK_EXIT, 255, false},
    {"killed ", TALK_KILLED, 64, false},
    {"failed ", TALK_FAILED, TALK_REASON_SIZE, true},
    {"trace ", TALK_TRACE, TALK_TRACE_SIZE, true},
    {"report ", TALK_REPORT, TALK_REPORT_SIZE, true},
    {"refused ", TALK_REFUSED, TALK_REFUSED_SIZE, true},
    {"changed ", TALK_CHANGED, TALK_CHANGED_SIZE, true},
    {"ask ", TALK_ASK, TALK_ASK_SIZE, true},
    {"query ", TALK_QUERY, TALK_ASK_SIZE, true},
    {"unask ", TALK_UNASK, TALK_NUMBER_MOST, false},
    {"used ", TALK_USED, TALK_NUMBER_MOST, false},
    {"over ", TALK_OVER, TALK_NUMBER_MOST, false},
};

static struct talk_event refuse(struct talk *talk, const char *problem)
{
    talk->refused = true;
    return (struct talk_event){.kind = TALK_BROKEN, .problem = problem};
}

// The decimal number from a place of the line to its end; above `most`: there is none.
static size_t number_at(const struct talk *talk, size_t start, size_t most)
{
    size_t value = 0;
    bool sound = start < talk->length && (talk->line[start] != '0' || talk->length == start + 1);
    for (size_t i = start; i < talk->length && sound; i++) {
        sound = talk->line[i] >= '0' && talk->line[i] <= '9';
        value = value * 10 + (size_t)(talk->line[i] - '0');
        sound = sound && value <= most;
    }
    return sound ? value : most + 1;
}

static const struct word *find_word(const struct talk *talk)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].text);
        if (talk->length > length && memcmp(talk->line, words[i].text, length) == 0) {
            return &words[i];
        }
    }
    return nullptr;
}

// Whose body is told when all of it has come.
static bool is_kept(enum talk_kind kind)
{
    return kind == TALK_ASK || kind == TALK_QUERY;
}

static struct talk_event take_line(struct talk *talk)
{
    const struct word *word = find_word(talk);
    if (word == nullptr) {
        return refuse(talk, "it sent an unknown line");
    }
    size_t number = number_at(talk, strlen(word->text), word->most);
    if (number > word->most || (word->kind == TALK_KILLED && number == 0)) {
        return refuse(talk, "a number is malformed or too high");
    }
    bool final = word->kind == TALK_EXIT || word->kind == TALK_KILLED || word->kind == TALK_FAILED;
    if (final && talk->ended) {
        return refuse(talk, "it told twice how the program ended");
    }
    if (word->kind == TALK_REPORT && talk->reported) {
        return refuse(talk, "it reported twice");
    }
    talk->ended = talk->ended || final;
    talk->reported = talk->reported || word->kind == TALK_REPORT;
    talk->asked_length = 0;
    if (word->has_body && number > 0) {
        talk->body = word->kind;
        talk->left = number;
        return (struct talk_event){.kind = TALK_MORE};
    }
    return (struct talk_event){.kind = is_kept(word->kind) ? TALK_MORE : word->kind,
                               .number = (unsigned)number};
}

// One byte of a line. Only a newline makes an event.
static struct talk_event take_byte(struct talk *talk, uint8_t byte)
{
    if (byte != '\n') {
        if (talk->length == TALK_LINE_SIZE) {
            return refuse(talk, "a line is too long");
        }
        talk->line[talk->length++] = (char)byte;
        return (struct talk_event){.kind = TALK_MORE};
    }
    struct talk_event event = take_line(talk);
    talk->length = 0;
    return event;
}

static struct talk_event take_body(struct talk *talk, const uint8_t *bytes, size_t length)
{
    size_t piece = length < talk->left ? length : talk->left;
    struct talk_event event = {.kind = talk->body, .used = piece, .bytes = bytes, .length = piece};
    talk->left -= piece;
    if (talk->body == TALK_FAILED) {
        memcpy(talk->reason + talk->reason_length, bytes, piece);
        talk->reason_length += piece;
        event.kind = talk->left == 0 ? TALK_FAILED : TALK_MORE;
    }
    if (is_kept(talk->body)) {
        memcpy(talk->asked + talk->asked_length, bytes, piece);
        talk->asked_length += piece;
        talk->asked[talk->asked_length] = '\0';
        event.text = talk->asked;
        event.kind = talk->left == 0 ? talk->body : TALK_MORE;
    }
    return event;
}

struct talk_event talk_read(struct talk *talk, const uint8_t *bytes, size_t length)
{
    size_t used = 0;
    while (used < length && !talk->refused) {
        struct talk_event event;
        if (talk->left > 0) {
            event = take_body(talk, bytes + used, length - used);
            used += event.used;
        } else {
            event = take_byte(talk, bytes[used++]);
        }
        if (event.kind != TALK_MORE) {
            event.used = used;
            return event;
        }
    }
    return (struct talk_event){.kind = TALK_MORE, .used = length};
}
