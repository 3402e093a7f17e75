// SPDX-License-Identifier: MIT
// The control channel (COM3), host side: a state machine that takes bytes from the guest and gives
// events. It trusts nothing: the first byte that breaks the protocol ends the conversation.
//
//   guest -> host   hello 1\n                 init is ready
//   host  -> guest  console\n                 or exec <n>\n and n bytes of command
//   guest -> host   out <n>\n and n bytes     output of the command, n from 0 to 4096, any number
//   guest -> host   exit <0..255>\n           the command's status; then init powers off
//
// In console mode the channel is silent after the answer, and what comes all the same is ignored.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t CONTROL_LINE_SIZE = 32;
constexpr size_t CONTROL_OUTPUT_SIZE = 4'096;

enum control_state : int {
    CONTROL_LINE,    // within a line
    CONTROL_BODY,    // within the bytes of an "out"
    CONTROL_SILENT,  // nothing more is expected, and nothing is read
    CONTROL_REFUSED, // the protocol was broken
};

struct control {
    bool exec; // a command is to be run
    bool greeted;
    enum control_state state;
    size_t length; // bytes in line
    size_t left;   // bytes of the body still to come
    char line[CONTROL_LINE_SIZE];
};

enum control_kind : int {
    CONTROL_MORE,   // all bytes are used up
    CONTROL_HELLO,  // the guest is ready: send the answer
    CONTROL_OUTPUT, // bytes and length are a piece of the command's output
    CONTROL_EXIT,   // status is the command's exit status
    CONTROL_BROKEN, // problem says how the protocol was broken
};

struct control_event {
    enum control_kind kind;
    size_t used; // bytes of the input taken by this event
    const uint8_t *bytes;
    size_t length;
    unsigned status;
    const char *problem;
};

// A fresh conversation; also after the guest was reset.
struct control control_begin(bool exec);

// Takes the bytes up to the next event. Call again with the rest until CONTROL_MORE comes.
[[nodiscard]] struct control_event control_read(struct control *control, const uint8_t *bytes,
                                                size_t length);
