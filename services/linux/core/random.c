// SPDX-License-Identifier: MIT
// ChaCha20 (RFC 8439) as a generator. The key comes from what the process was told at its start,
// and is replaced by its own output with each block.
#include "random.h"

#include <kozo/machine.h>
#include <kozo/start.h>
#include <stdint.h>
#include <string.h>

static uint32_t key[8];
static uint64_t counter;

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void quarter(uint32_t *state, unsigned a, unsigned b, unsigned c, unsigned d)
{
    state[a] += state[b], state[d] = rotate(state[d] ^ state[a], 16);
    state[c] += state[d], state[b] = rotate(state[b] ^ state[c], 12);
    state[a] += state[b], state[d] = rotate(state[d] ^ state[a], 8);
    state[c] += state[d], state[b] = rotate(state[b] ^ state[c], 7);
}

static void block(uint32_t *out)
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(start + 4, key, sizeof key);
    start[12] = (uint32_t)counter;
    start[13] = (uint32_t)(counter >> 32);
    counter++;
    memcpy(out, start, sizeof start);
    for (int i = 0; i < 10; i++) {
        quarter(out, 0, 4, 8, 12), quarter(out, 1, 5, 9, 13);
        quarter(out, 2, 6, 10, 14), quarter(out, 3, 7, 11, 15);
        quarter(out, 0, 5, 10, 15), quarter(out, 1, 6, 11, 12);
        quarter(out, 2, 7, 8, 13), quarter(out, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) {
        out[i] += start[i];
    }
}

static void seed(void)
{
    uint64_t told = kozo_process_info()->random;
    uint64_t ticks = kozo_ticks();
    memcpy(key, &told, sizeof told);
    memcpy(key + 2, &ticks, sizeof ticks);
    key[7] = 1;
}

void random_fill(void *to, size_t size)
{
    uint32_t out[16];
    uint8_t *bytes = to;
    if (key[7] == 0) {
        seed();
    }
    while (size > 0) {
        block(out);
        // Half of each block is for the caller, half becomes the next key.
        size_t part = size < 32 ? size : 32;
        memcpy(bytes, out + 8, part);
        memcpy(key, out, sizeof key);
        key[7] |= 1;
        bytes += part;
        size -= part;
    }
}
