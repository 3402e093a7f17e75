// SPDX-License-Identifier: MIT
// Questions to the person, on the terminal itself and never in a stream of the program.
//
// A program may print a perfect copy of a question, or make the terminal send something as if it was
// typed. Neither gains it anything: a question shows a word that was shown before the program ran and
// that it can't read back; the answer is two digits that are new in each question, and a letter; what was
// typed before the question is thrown away; and a line that holds anything but plain characters is no
// answer. What the program prints meanwhile is held back, since whoever asks does not pass it on.
#pragma once

#include <termios.h>

#include "../../lib/policy/question.h"

constexpr size_t PROMPT_WORD_SIZE = 12;
constexpr unsigned PROMPT_TRIES = 3; // unclear answers, after which it is a "no"

struct prompt {
    int terminal; // the controlling terminal
    char word[PROMPT_WORD_SIZE];
};

// Opens the terminal and chooses the word. False when there is no terminal.
[[nodiscard]] bool prompt_begin(struct prompt *prompt);

// Shows the word. Before the program runs.
void prompt_greet(const struct prompt *prompt);

// Asks, and waits for the answer; silence for so many milliseconds is a "no", and so is anything to
// read at `interrupt`, unless that is -1. The terminal is as it was afterwards.
[[nodiscard]] enum policy_answer prompt_ask(const struct prompt *prompt, const char *program,
                                            const char *reason,
                                            const struct policy_permission *permission, int silence,
                                            int interrupt);

void prompt_end(struct prompt *prompt);
