// SPDX-License-Identifier: MIT
#include "question.h"

#include <string.h>

constexpr size_t PROGRAM_CELLS = 30;

static const struct {
    char letter;
    enum policy_answer answer;
    const char *words;
} answers[] = {
    {'o', POLICY_ANSWER_ONCE, "only now"},
    {'h', POLICY_ANSWER_HOUR, "one hour"},
    {'c', POLICY_ANSWER_CLOSE, "until it closes"},
    {'a', POLICY_ANSWER_ALWAYS, "always"},
    {'n', POLICY_ANSWER_NO, "no"},
    {'x', POLICY_ANSWER_NEVER, "never"},
};

void policy_ask(struct policy_text *text, const struct policy_question *question)
{
    char phrase[POLICY_PHRASE_SIZE];
    char name[POLICY_NAME_SIZE];
    enum policy_risk risk = policy_name(question->permission->id)->risk;
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
    if (risk == POLICY_RISK_TOTAL) {
        policy_add(text, "\n  Risk: total control. It could give itself everything else.\n ");
    } else {
        policy_add(text, "\n  Risk: %s\n ", policy_risk_text(risk));
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        policy_add(text, " %u%c %s%s", question->digits, answers[i].letter, answers[i].words,
                   i + 1 < sizeof answers / sizeof answers[0] ? "," : "");
    }
    policy_add(text, "\n  Nothing typed for %lu seconds is a no. Your answer: ", POLICY_SILENCE);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

struct policy_replied policy_reply(const char *line, size_t length, unsigned digits)
{
    struct policy_replied replied = {.reply = POLICY_REPLY_ANSWER, .answer = POLICY_ANSWER_NO};
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
        length == 3 && line[0] == (char)('0' + digits / 10) && line[1] == (char)('0' + digits % 10);
    for (size_t i = 0; mine && i < sizeof answers / sizeof answers[0]; i++) {
        if (line[2] == answers[i].letter) {
            replied.answer = answers[i].answer;
            return replied;
        }
    }
    replied.reply = POLICY_REPLY_UNCLEAR;
    return replied;
}
