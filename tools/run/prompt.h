// SPDX-License-Identifier: MIT
// Questions to the person, on the terminal itself and never in a stream of the program.
//
// A program may print a perfect copy of a question, or make the terminal send something as if it was
// typed. Neither gains it anything: a question shows a word that was shown before the program ran and
// that it can't read back; the answer is two digits that are new in each question, and a letter, perhaps with a number; what was
// typed before the question is thrown away; and a line that holds anything but plain characters is no
// answer. What the program prints meanwhile is held back, since whoever asks does not pass it on.
#pragma once

#include <termios.h>

#include "picker.h"

constexpr size_t PROMPT_WORD_SIZE = 12;
constexpr unsigned PROMPT_TRIES = 3; // unclear answers, after which it is a "no"

constexpr size_t PROMPT_LINE = 32;                // most characters of an answer
constexpr size_t PROMPT_PATH = POLICY_SCOPE_SIZE; // and of one that may be a path

// What was typed since the question came.
struct prompt_typed {
    char text[PROMPT_PATH];
    size_t length;
    bool foreign; // something else than plain characters came: no answer
};

struct prompt {
    int terminal; // the controlling terminal
    char word[PROMPT_WORD_SIZE];
    // The question that is shown.
    bool shown;
    struct termios before;
    const char *program;
    const char *reason;
    bool leased; // set before the question is shown: what is given ends with a command of sudo
    struct picker *picker; // set before the question is shown, when it is for a file to be chosen
    struct policy_permission permission;
    unsigned digits;
    unsigned tries;
    struct prompt_typed typed;
    struct policy_consent consent; // once the answer came
};

// Opens the terminal and chooses the word. False when there is no terminal.
[[nodiscard]] bool prompt_begin(struct prompt *prompt);

// Shows the word. Before the program runs.
void prompt_greet(const struct prompt *prompt);

// Shows a question. The texts must live until its end. False: the terminal is gone.
[[nodiscard]] bool prompt_show(struct prompt *prompt, const char *program, const char *reason,
                               const struct policy_permission *permission);

// Takes what was typed, when there is something to read. True: the answer is in `consent`.
[[nodiscard]] bool prompt_take(struct prompt *prompt);

// Ends a question that is shown, saying how the answer is understood, or `instead`. The terminal is as it was before.
void prompt_close(struct prompt *prompt, struct policy_consent consent, const char *instead);

// Asks, and waits for the answer; silence for so many milliseconds is a "no", and so is anything to
// read at `interrupt`, unless that is -1. The question is shown until prompt_close, for who keeps the answer first.
[[nodiscard]] struct policy_consent prompt_ask(struct prompt *prompt, const char *program,
                                               const char *reason,
                                               const struct policy_permission *permission,
                                               int silence, int interrupt);

void prompt_end(struct prompt *prompt);
