// SPDX-License-Identifier: MIT
// QMP, QEMU's control protocol: one JSON object a line. Only what the runner needs is understood:
// events with their reason, and answers to commands with their id. QEMU is not trusted either,
// since a guest may have broken it: lines are bounded, and what is not understood is skipped.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t QMP_LINE_SIZE = 32'768;
constexpr size_t QMP_TEXT_SIZE = 4'096;

struct qmp {
    size_t length;
    bool overlong; // the current line is longer than the buffer and will be skipped
    char line[QMP_LINE_SIZE];
};

enum qmp_kind : int {
    QMP_MORE,   // all bytes are used up
    QMP_EVENT,  // name is the event, text its reason or what it is about (may be empty)
    QMP_RETURN, // name is the command's id (may be empty), text what it returned if that is text
    QMP_ERROR,  // name is the command's id, text the description
};

struct qmp_event {
    enum qmp_kind kind;
    size_t used;
    char name[64];
    char text[QMP_TEXT_SIZE];
    bool open; // of an event about a port: the guest has opened it
};

// Takes the bytes up to the next event. Call again with the rest until QMP_MORE comes.
void qmp_read(struct qmp *qmp, const uint8_t *bytes, size_t length, struct qmp_event *event);

// The string at a path of keys ("data.reason") in one JSON object. False if there is none. What
// does not fit is cut.
[[nodiscard]] bool qmp_find(const char *json, size_t length, const char *path, char *out,
                            size_t size);
