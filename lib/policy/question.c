// SPDX-License-Identifier: MIT
#include "question.h"

#include <string.h>

constexpr size_t PROGRAM_CELLS = 30;

static const struct {
    const char *typed; // a letter, and with minutes a number
    enum policy_answer answer;
    const char *words;
} answers[] = {
    {"o", POLICY_ANSWER_ONCE, "only now"},
    {"m5", POLICY_ANSWER_MINUTES, "5 minutes or another number"},
    {"h", POLICY_ANSWER_HOUR, "one hour"},
    {"c", POLICY_ANSWER_CLOSE, "until it closes"},
    {"r", POLICY_ANSWER_RESTART, "until the restart"},
    {"a", POLICY_ANSWER_ALWAYS, "always"},
    {"n", POLICY_ANSWER_NO, "no"},
    {"x", POLICY_ANSWER_NEVER, "never"},
};

bool policy_outlives(enum policy_answer answer)
{
    return answer == POLICY_ANSWER_RESTART || answer == POLICY_ANSWER_ALWAYS;
}

// What may be answered, in as many lines as it takes.
static void add_answers(struct policy_text *text, unsigned digits, bool leased)
{
    constexpr size_t COUNT = sizeof answers / sizeof answers[0];
    for (size_t i = 0; i < COUNT; i++) {
        if (leased && policy_outlives(answers[i].answer)) {
            continue;
        }
        bool closes = answers[i].answer == POLICY_ANSWER_CLOSE;
        char buffer[POLICY_QUESTION_CELLS];
        struct policy_text entry = policy_text(buffer, sizeof buffer);
        policy_add(&entry, " %u%s %s%s", digits, answers[i].typed,
                   leased && closes ? POLICY_UNTIL_COMMAND : answers[i].words,
                   i + 1 < COUNT ? "," : "");
        bool fits = text->column + entry.length <= POLICY_QUESTION_CELLS;
        policy_add(text, "%s%s", fits ? "" : "\n ", buffer);
    }
}

void policy_ask_what(struct policy_text *text, const struct policy_question *question)
{
    char phrase[POLICY_PHRASE_SIZE];
    char name[POLICY_NAME_SIZE];
    policy_phrase(phrase, sizeof phrase, question->permission);
    policy_write(name, sizeof name, question->permission);

    policy_add(text, "KOZO asks (%s):\n  ", question->word);
    policy_add_shown(text, question->program, strlen(question->program), PROGRAM_CELLS);
    policy_add(text, " wants to ");
    policy_add_shown(text, phrase, strlen(phrase), POLICY_QUESTION_CELLS - text->column);
    if (question->reason != nullptr) {
        policy_add(text, "\n  It says: ");
        policy_add_shown(text, question->reason, strlen(question->reason),
                         POLICY_QUESTION_CELLS - text->column);
    }
    policy_add(text, "\n  Permission: ");
    policy_add_shown(text, name, strlen(name), POLICY_QUESTION_CELLS - text->column);
}

void policy_ask(struct policy_text *text, const struct policy_question *question)
{
    enum policy_risk risk = policy_name(question->permission->id)->risk;
    policy_ask_what(text, question);
    if (risk == POLICY_RISK_TOTAL) {
        policy_add(text, "\n  Risk: total control. It could give itself everything else.\n ");
    } else {
        policy_add(text, "\n  Risk: %s\n ", policy_risk_text(risk));
    }
    add_answers(text, question->digits, question->leased);
    policy_add(text, "\n  Nothing typed for %lu seconds is a no. Your answer: ", POLICY_SILENCE);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

unsigned policy_read_minutes(const char *text, size_t length)
{
    unsigned minutes = 0;
    bool good = length > 0 && length <= 4 && text[0] != '0';
    for (size_t i = 0; i < length && good; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        minutes = minutes * 10 + (unsigned)(text[i] - '0');
    }
    return good && minutes <= POLICY_MINUTES_MOST ? minutes : 0;
}

bool policy_read_how(const char *text, size_t length, struct policy_consent *how)
{
    static const struct {
        const char *word;
        enum policy_answer answer;
    } words[] = {{"once", POLICY_ANSWER_ONCE},
                 {"hour", POLICY_ANSWER_HOUR},
                 {"close", POLICY_ANSWER_CLOSE},
                 {"restart", POLICY_ANSWER_RESTART},
                 {"always", POLICY_ANSWER_ALWAYS}};
    *how = (struct policy_consent){.answer = POLICY_ANSWER_NO};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (length == strlen(words[i].word) && memcmp(text, words[i].word, length) == 0) {
            how->answer = words[i].answer;
        }
    }
    if (length > 0 && text[0] == 'm') {
        how->minutes = policy_read_minutes(text + 1, length - 1);
        how->answer = how->minutes > 0 ? POLICY_ANSWER_MINUTES : POLICY_ANSWER_NO;
    }
    return how->answer != POLICY_ANSWER_NO;
}

// What is typed behind the digits, which is not empty.
static struct policy_replied read_choice(const char *typed, size_t length)
{
    struct policy_replied replied = {.reply = POLICY_REPLY_UNCLEAR};
    unsigned minutes = policy_read_minutes(typed + 1, length - 1);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        bool timed = answers[i].answer == POLICY_ANSWER_MINUTES;
        if (typed[0] == answers[i].typed[0] && (timed ? minutes > 0 : length == 1)) {
            replied.reply = POLICY_REPLY_ANSWER;
            replied.consent = (struct policy_consent){answers[i].answer, timed ? minutes : 0};
        }
    }
    return replied;
}

struct policy_replied policy_reply(const char *line, size_t length, unsigned digits)
{
    struct policy_replied replied = {.reply = POLICY_REPLY_ANSWER};
    while (length > 0 && is_space(line[length - 1])) {
        length--;
    }
    while (length > 0 && is_space(line[0])) {
        line++;
        length--;
    }
    if (length == 0) {
        return replied;
    }
    bool mine =
        length > 2 && line[0] == (char)('0' + digits / 10) && line[1] == (char)('0' + digits % 10);
    replied.reply = POLICY_REPLY_UNCLEAR;
    return mine ? read_choice(line + 2, length - 2) : replied;
}
