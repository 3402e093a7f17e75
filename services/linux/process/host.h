// SPDX-License-Identifier: MIT
// A program that the host started: what is said about it on the channel kozo.control (docs/control.md). `linux @` is told
// there what to run, and tells there how it ended.
#pragma once

#include "../core/strand.h"

struct exec;
struct thread;

// Whether the program was started by the host, and so far what to tell it by.
[[nodiscard]] bool host_is_there(void);

// Opens the channel and reads the start record. Called on behalf of the first thread. Null, or what is wrong in words.
[[nodiscard]] const char *host_begin(void);

// Sets the first process up as the record says, and fills `exec` in. Null, or what is wrong.
[[nodiscard]] const char *host_prepare(struct thread *thread, struct exec *exec);

// From now on what the host says is listened to.
void host_listen(void);

// Puts a piece of the trace on its way; may wait.
void host_trace(const char *text, size_t length);

// How it ended; each waits until the host has it.
void host_ended(int status);
void host_failed(const char *reason);
