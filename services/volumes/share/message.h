// SPDX-License-Identifier: MIT
// What a message to the host says about a job, and what is in an answer. What is read of an answer is
// checked for being well formed here, and for making sense where it is used.
#pragma once

#include "job.h"
#include "nine.h"

// The type of a step's message.
[[nodiscard]] enum nine_request message_type(enum step step);

// Most bytes of a step's message.
[[nodiscard]] size_t message_most(const struct job *job);

// Puts the fields of a job's step behind the header. BAD_HANDLE: a node of it is known no longer.
[[nodiscard]] enum kozo_error message_put(const struct job *job, const uint8_t *contents,
                                          struct wire_writer *out);

// How a file of the host is told from others.
struct message_qid {
    uint64_t number; // as node.h has it
    uint32_t kind;   // one of NodeKind
};

[[nodiscard]] struct message_qid message_read_qid(struct wire_reader *in);

// Everything that is known of a file; its number is left alone.
void message_read_stat(struct wire_reader *in, struct kozo_node_stat *stat);

// What an error number of Linux is called here.
[[nodiscard]] enum kozo_error message_error(uint32_t number);

// Whether bytes are a name that an extended attribute can have.
[[nodiscard]] bool message_is_attribute(const char *name, size_t length);

// Whether bytes are a name that a folder can hold.
[[nodiscard]] bool message_is_name(const char *name, size_t length);
