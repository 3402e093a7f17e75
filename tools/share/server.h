// SPDX-License-Identifier: MIT
// The file server for a KOZO machine: 9P2000.L over one stream of bytes. It answers one message at a
// time and believes nothing in it: each field is decoded before anything is done, each name is one
// part of a path, and what the guest may reach is decided in place.h. The errors that go back are
// Linux's numbers, as this form of 9P has it.
#pragma once

#include "file.h"

constexpr size_t SERVER_MESSAGE_LEAST = 4'096;
constexpr size_t SERVER_MESSAGE_MOST = 1 << 20; // bytes of a message, its length included

struct server {
    const struct place *places;
    size_t place_count;
    size_t message_most; // as agreed upon by the guest's version message
    struct place top;    // what holds all places, by their names
    struct file_table files;
};

// The places must outlive the server.
void server_begin(struct server *server, const struct place *places, size_t count);

// Closes every file.
void server_end(struct server *server);

// Answers one message, given without its four bytes of length, into a buffer of SERVER_MESSAGE_MOST
// bytes. Returns the bytes of the answer with its length, or 0 if the message has no type and tag:
// the stream is broken then.
[[nodiscard]] size_t server_answer(struct server *server, const uint8_t *message, size_t size,
                                   uint8_t *answer);

// The place of a name; the folder of all places for an empty one; null when there is none.
[[nodiscard]] const struct place *server_place(const struct server *server, const char *name);

// Says on a stream that the server is there.
[[nodiscard]] bool server_greet(int stream);

// Serves a stream until its end, or until another server asks for the conversation on the socket `control`
// (handover.h). Returns false if the stream broke, or could not be handed over.
[[nodiscard]] bool server_run(struct server *server, int stream, int control);
