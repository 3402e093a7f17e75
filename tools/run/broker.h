// SPDX-License-Identifier: MIT
// Somebody else answers the questions: a program that listens on a UNIX socket, for machines without a
// person. One line of JSON goes there for each question, one comes back:
//
//     {"v":1,"id":1,"program":"/usr/bin/busybox","permission":"files.path.read","scope":"/etc/passwd",
//      "reason":"look up names"}                                     (one line; here it is broken)
//     {"v":1,"id":1,"answer":"once"}        or hour, close, restart, always, no, never
//     {"v":1,"id":1,"answer":"minutes","minutes":15}
//     {"v":1,"id":1,"answer":"file","path":"/srv/notes"}    or no, never: to files.pick.read and files.pick.write
//
// While the program runs, what was given as an answer can be taken back at any time:
//
//     {"v":1,"id":1,"answer":"revoke"}
//
// It fails closed: silence, an end, another id, another version, anything else than these keys, is a
// "no", and so are all further questions of the run.
#pragma once

#include "../../lib/policy/question.h"

constexpr size_t BROKER_LINE = 1'024; // bytes of an answer

struct broker {
    int socket; // -1: it has failed
    uint64_t id;
    bool waits;                   // for the answer to question `id`
    bool picks;                   // a file is to be picked: no other answer gives anything
    char path[POLICY_SCOPE_SIZE]; // that was picked; empty for none
    size_t length;
    char line[BROKER_LINE]; // that is coming
};

// Connects. False when nobody listens there.
[[nodiscard]] bool broker_begin(struct broker *broker, const char *path);

// Asks, and waits for so many milliseconds.
[[nodiscard]] struct policy_consent broker_ask(struct broker *broker, const char *program,
                                               const char *reason,
                                               const struct policy_permission *permission,
                                               int silence);

// Sends a question, whose number is `id` then. False: it has failed.
[[nodiscard]] bool broker_send(struct broker *broker, const char *program, const char *reason,
                               const struct policy_permission *permission);

enum broker_news : uint8_t {
    BROKER_MORE,    // nothing whole yet
    BROKER_ANSWER,  // to the question that waits
    BROKER_REVOKES, // what the question of this number gave
    BROKER_FAILED,
};

// Takes what has come, when there is something to read.
struct broker_said {
    enum broker_news news;
    struct policy_consent consent;
    uint64_t id;
};
[[nodiscard]] struct broker_said broker_take(struct broker *broker);

void broker_end(struct broker *broker);

// Reads an answer without its end of line: the answer, or no; `good` tells whether it was one.
[[nodiscard]] struct policy_consent broker_read(const char *line, size_t length, uint64_t id,
                                                bool *good);
