// SPDX-License-Identifier: MIT
// The kernel's generator of random numbers.
//
//   state' = hash(state, what is mixed in)        number = hash(state, counter), cut
//
// Numbers tell nothing of the state or of each other (BLAKE2s keyed by prefix; all inputs have one
// length for each purpose). It is seeded once 32 bytes came from somewhere that an attacker does
// not know.
#pragma once

#include "kozo/abi.h"

struct call;

struct entropy {
    uint64_t state[4];
    uint64_t counter;
    bool seeded;
};

// Takes the first seed: from the processor, if it has a source, and from `random=` and 64
// hexadecimal digits in the command line, which are wiped there.
void entropy_start(struct entropy *entropy, char *command_line);

// Mixes 32 bytes in.
void entropy_mix(struct entropy *entropy, const uint64_t words[4]);

// The next number, not 0. Only when seeded.
uint64_t entropy_next(struct entropy *entropy);

enum kozo_error entropy_mix_call(struct call *call);
enum kozo_error endpoint_new_badge_call(struct call *call);
