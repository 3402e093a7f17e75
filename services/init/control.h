// SPDX-License-Identifier: MIT
// The control channel: what the runner outside says to init over the third serial port. The runner
// answers init's `hello 1` with `console`, or with `exec N` and N bytes of a command. This part
// reads that, byte by byte; terminal.c writes the rest.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t CONTROL_COMMAND_MOST = 512;

enum control_state : uint32_t {
    CONTROL_HEADER,   // reading the first line
    CONTROL_BODY,     // reading the command
    CONTROL_CONSOLE,  // done: a person is at the console
    CONTROL_COMMAND,  // done: `command` is to be carried out
    CONTROL_NONSENSE, // what came is no answer
};

struct control {
    enum control_state state;
    size_t length;   // bytes read of the header or command
    size_t expected; // bytes of the command
    char header[24];
    char command[CONTROL_COMMAND_MOST];
};

void control_start(struct control *control);

// Takes one byte; gives the state after it.
enum control_state control_feed(struct control *control, uint8_t byte);
