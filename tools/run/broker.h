// SPDX-License-Identifier: MIT
// Somebody else answers the questions: a program that listens on a UNIX socket, for machines without a
// person. One line of JSON goes there for each question, one comes back:
//
//     {"v":1,"id":1,"program":"/usr/bin/busybox","permission":"files.path.read","scope":"/etc/passwd",
//      "reason":"look up names"}                                     (one line; here it is broken)
//     {"v":1,"id":1,"answer":"once"}        or hour, close, always, no, never
//
// It fails closed: silence, an end, another id, another version, anything else than these three keys, is a
// "no", and so are all further questions of the run.
#pragma once

#include "../../lib/policy/decide.h"

struct broker {
    int socket; // -1: it has failed
    uint64_t id;
};

// Connects. False when nobody listens there.
[[nodiscard]] bool broker_begin(struct broker *broker, const char *path);

// Asks, and waits for so many milliseconds.
[[nodiscard]] enum policy_answer broker_ask(struct broker *broker, const char *program,
                                            const char *reason,
                                            const struct policy_permission *permission,
                                            int silence);

void broker_end(struct broker *broker);

// Reads an answer without its end of line: the answer, or no; `good` tells whether it was one.
[[nodiscard]] enum policy_answer broker_read(const char *line, size_t length, uint64_t id,
                                             bool *good);
