// SPDX-License-Identifier: MIT
// A question about this very sandbox: one line is written to /dev/kozo-permissions, and the answer is read from there (tools/run/query.h
// says what may be asked).
#pragma once

#include "linux.h"

struct answer {
    bool done;
    const char *text; // for a person, or of the record; ends with a zero
};

// Asks, and comes again while it is told to. Ends the program when nobody is there who would answer.
[[nodiscard]] struct answer ask(const char *request);

// Writes a text as a whole on standard output; what nobody reads is lost.
void say(const char *text);

// Says what is wrong where errors go, behind the name of the program.
void refuse(const char *text);

void pause_for(uint64_t milliseconds);

// The program itself, and its name with a colon.
int main(int count, char **arguments);
extern const char own_name[];
