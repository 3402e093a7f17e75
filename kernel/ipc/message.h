// SPDX-License-Identifier: MIT
// Messages: checked once when they are sent, carried straight from one thread to another.
//
// The first seven words go from register to register. Longer messages and capabilities go through
// the two threads' IPC buffers, which the kernel reaches through its own window, never by a user
// address. A buffer is shared with user space and may change at any time: each word of it is read
// once.
#pragma once

#include "kozo/abi.h"

struct thread;

constexpr unsigned MESSAGE_FIRST_WORD =
    2; // argument[2] is word 0; [0] is the info word, [1] the Reply

// Checks the message that a thread is about to send: OK, BAD_ARGUMENT (info word, or no IPC
// buffer), NO_RIGHT (no GRANT in `rights` for capabilities), BAD_HANDLE (an attached handle).
enum kozo_error message_check(struct thread *sender, unsigned rights);

// Carries a checked message. A capability whose handle has become invalid since, or for which the
// receiver has no slot, does not arrive. A fault is carried as a message, too.
void message_carry(struct thread *sender, struct thread *receiver, uint64_t badge);
