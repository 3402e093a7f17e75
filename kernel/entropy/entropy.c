// SPDX-License-Identifier: MIT
#include "entropy/entropy.h"

#include "chain/chain.h"
#include "kernel.h"
#include "syscall/call.h"

constexpr unsigned WORDS = 4;
constexpr unsigned HEX_DIGITS = 64;
constexpr char PREFIX[] = "random=";

void entropy_mix(struct entropy *entropy, const uint64_t words[WORDS])
{
    uint64_t input[2 * WORDS];

    for (unsigned i = 0; i < WORDS; i++) {
        input[i] = entropy->state[i];
        input[WORDS + i] = words[i];
    }
    struct kozo_digest digest = kozo_blake2s(input, sizeof(input));
    for (unsigned i = 0; i < WORDS; i++) {
        entropy->state[i] = kozo_digest_word(&digest, i);
    }
    entropy->seeded = true;
}

uint64_t entropy_next(struct entropy *entropy)
{
    uint64_t number = 0;

    while (number == 0) {
        uint64_t input[WORDS + 1];
        for (unsigned i = 0; i < WORDS; i++) {
            input[i] = entropy->state[i];
        }
        input[WORDS] = entropy->counter++;
        struct kozo_digest digest = kozo_blake2s(input, sizeof(input));
        number = kozo_digest_word(&digest, 0);
    }
    return number;
}

static bool from_processor(uint64_t words[WORDS])
{
    for (unsigned i = 0; i < WORDS; i++) {
        if (!arch_entropy(&words[i])) {
            return false;
        }
    }
    return true;
}

// The value of a hexadecimal digit, or 16.
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    return digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a') + 10 : 16;
}

// Where a word that begins with `random=` goes on; null when there is none.
static char *find_value(char *text)
{
    for (char *word = text; *word != 0; word++) {
        unsigned same = 0;
        while (PREFIX[same] != 0 && word[same] == PREFIX[same]) {
            same++;
        }
        if (PREFIX[same] == 0 && (word == text || word[-1] == ' ')) {
            return word + same;
        }
    }
    return nullptr;
}

// Reads the digits and puts stars in their place. False when there are not exactly as many as it
// takes.
static bool from_launcher(char *command_line, uint64_t words[WORDS])
{
    char *value = find_value(command_line);
    unsigned digits = 0;

    for (; value != nullptr && digits < HEX_DIGITS && digit_value(value[digits]) < 16; digits++) {
        uint64_t *word = &words[digits / 16];
        *word = *word << 4 | digit_value(value[digits]);
        value[digits] = '*';
    }
    return digits == HEX_DIGITS;
}

void entropy_start(struct entropy *entropy, char *command_line)
{
    uint64_t words[WORDS] = {};

    if (from_processor(words)) {
        entropy_mix(entropy, words);
    }
    if (from_launcher(command_line, words)) {
        entropy_mix(entropy, words);
    }
}

enum kozo_error entropy_mix_call(struct call *call)
{
    entropy_mix(&kernel.entropy, call->argument);
    return KOZO_OK;
}

enum kozo_error endpoint_new_badge_call(struct call *call)
{
    if (!kernel.entropy.seeded) {
        return KOZO_UNSEEDED;
    }
    call->argument[0] = entropy_next(&kernel.entropy);
    return KOZO_OK;
}
