// SPDX-License-Identifier: MIT
// The question to a person, and how an answer is read.
//
// Who, verb, object, why, how long; lines of at most 80 cells. The word was shown to the person before
// the program ran, and no program sees it; the two digits are of this question alone. An answer is the
// digits and a letter, and with "m" a number of minutes: what was typed before the question came, or without reading it, is none.
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
    bool leased; // what is given ends with a command of sudo, at the latest
};

// How long a command of sudo keeps what it was given.
constexpr char POLICY_UNTIL_COMMAND[] = "until the command ends";

// Whether what an answer gives may last beyond the program's end.
[[nodiscard]] bool policy_outlives(enum policy_answer answer);

// Writes who wants what, and why, without an end of line.
void policy_ask_what(struct policy_text *text, const struct policy_question *question);

// Writes the question, ending with the words before which the answer is typed.
void policy_ask(struct policy_text *text, const struct policy_question *question);

enum policy_reply : uint8_t {
    POLICY_REPLY_ANSWER,
    POLICY_REPLY_UNCLEAR, // not an answer to this question: it is shown once more
};

struct policy_replied {
    enum policy_reply reply;
    struct policy_consent consent;
};

// Reads a number of minutes, 1 to POLICY_MINUTES_MOST; 0 for anything else.
[[nodiscard]] unsigned policy_read_minutes(const char *text, size_t length);

// Reads how long something is given, as the tools take it: `once`, `mMINUTES`, `hour`, `close`, `restart` or `always`. False for
// anything else.
[[nodiscard]] bool policy_read_how(const char *text, size_t length, struct policy_consent *how);

// Reads a line that was typed, without its end. An empty line is a "no".
[[nodiscard]] struct policy_replied policy_reply(const char *line, size_t length, unsigned digits);
