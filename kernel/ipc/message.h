// SPDX-License-Identifier: MIT
// Messages: checked once when they are sent, carried straight from one thread to another.
//
// The first seven words go from register to register. Longer messages and capabilities go through
// the two threads' IPC buffers, which the kernel reaches through its own window, never by a user
// address. A buffer is shared with user space and may change at any time: each word of it is read
// once.
#pragma once

#include "object/thread.h"

constexpr unsigned MESSAGE_FIRST_WORD =
    2; // argument[2] is word 0; [0] is the info word, [1] the Reply

// Checks the message that a thread is about to send: OK, BAD_ARGUMENT (info word, or no IPC
// buffer), NO_RIGHT (no GRANT in `rights` for capabilities), BAD_HANDLE (an attached handle).
enum kozo_error message_check(struct thread *sender, unsigned rights);

// Carries a checked message. A capability whose handle has become invalid since, or for which the
// receiver has no slot, does not arrive. A fault is carried as a message, too.
void message_carry(struct thread *sender, struct thread *receiver, uint64_t badge);

// The info word of a foreign system call's message.
constexpr uint64_t MESSAGE_FOREIGN_CALL = (uint64_t)KOZO_FAULT_SYSCALL << 32 | KOZO_REGISTER_WORDS;

// The part of that for a thread's fault: info word and words.
void message_carry_fault(const struct thread *sender, struct thread *receiver);

// The parts of that which carry words: those in registers, and those of a long message, both of
// whose ends have a buffer.
static inline void message_carry_words(const struct arch_registers *sender,
                                       struct arch_registers *receiver, unsigned length)
{
    const uint64_t *from = &sender->argument[MESSAGE_FIRST_WORD];
    uint64_t *to = &receiver->argument[MESSAGE_FIRST_WORD];

    static_assert(KOZO_REGISTER_WORDS == 7);
    switch (length) {
    default:
        to[6] = from[6];
        [[fallthrough]];
    case 6:
        to[5] = from[5];
        [[fallthrough]];
    case 5:
        to[4] = from[4];
        [[fallthrough]];
    case 4:
        to[3] = from[3];
        [[fallthrough]];
    case 3:
        to[2] = from[2];
        [[fallthrough]];
    case 2:
        to[1] = from[1];
        [[fallthrough]];
    case 1:
        to[0] = from[0];
        [[fallthrough]];
    case 0:
        break;
    }
}

static inline void message_carry_buffer(const struct thread *sender, struct thread *receiver,
                                        unsigned length)
{
    const struct kozo_ipc_buffer *source = thread_buffer(sender);
    struct kozo_ipc_buffer *target = thread_buffer(receiver);

    arch_copy_words(target->words, source->words, length - KOZO_REGISTER_WORDS);
}
