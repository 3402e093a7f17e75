// SPDX-License-Identifier: MIT
// The question to a person, and how an answer is read.
//
// Who, verb, object, why, how long; lines of at most 80 cells. The word was shown to the person before
// the program ran, and no program sees it; the two digits are of this question alone. An answer is the
// digits and a letter: what was typed before the question came, or without reading it, is none.
#pragma once

#include "decide.h"

constexpr size_t POLICY_QUESTION_SIZE = 1'024;
constexpr size_t POLICY_QUESTION_CELLS = 80;

struct policy_question {
    const char *word;
    unsigned digits; // 10 to 99
    const char *program;
    const char *reason; // null when the program gave none
    const struct policy_permission *permission;
};

// Writes the question, ending with the words before which the answer is typed.
void policy_ask(struct policy_text *text, const struct policy_question *question);

enum policy_reply : uint8_t {
    POLICY_REPLY_ANSWER,
    POLICY_REPLY_UNCLEAR, // not an answer to this question: it is shown once more
};

struct policy_replied {
    enum policy_reply reply;
    enum policy_answer answer;
};

// Reads a line that was typed, without its end. An empty line is a "no".
[[nodiscard]] struct policy_replied policy_reply(const char *line, size_t length, unsigned digits);
