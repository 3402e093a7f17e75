// SPDX-License-Identifier: MIT
// BLAKE2s-256 as RFC 7693, section 3, describes it, for data that is in memory as a whole.
#include "chain/chain.h"

#include <kozo/abi.h>

constexpr size_t BLOCK = 64;
constexpr unsigned ROUNDS = 10;
constexpr uint32_t PARAMETERS = 0x0101'0020; // 32 bytes out, no key, depth and fan-out 1

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The order of the message words in each round (section 2.7).
static const uint8_t order[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

// The words that each of the eight mixings of a round takes: four columns, then four diagonals.
static const uint8_t mixing[8][4] = {
    {0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
    {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14},
};

static uint32_t turn(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static void mix(uint32_t work[16], const uint8_t at[4], uint32_t x, uint32_t y)
{
    uint32_t *a = &work[at[0]];
    uint32_t *b = &work[at[1]];
    uint32_t *c = &work[at[2]];
    uint32_t *d = &work[at[3]];

    *a += *b + x;
    *d = turn(*d ^ *a, 16);
    *c += *d;
    *b = turn(*b ^ *c, 12);
    *a += *b + y;
    *d = turn(*d ^ *a, 8);
    *c += *d;
    *b = turn(*b ^ *c, 7);
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void compress(uint32_t state[8], const uint8_t block[BLOCK], uint64_t length, bool last)
{
    uint32_t message[16];
    uint32_t work[16];

    for (unsigned i = 0; i < 16; i++) {
        message[i] = word_at(&block[4 * i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        work[i] = state[i];
        work[i + 8] = start[i];
    }
    work[12] ^= (uint32_t)length;
    work[13] ^= (uint32_t)(length >> 32);
    work[14] ^= last ? UINT32_MAX : 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < 8; i++) {
            mix(work, mixing[i], message[order[round][2 * i]], message[order[round][2 * i + 1]]);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] ^= work[i] ^ work[i + 8];
    }
}

struct kozo_digest kozo_blake2s(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint8_t block[BLOCK] = {};
    uint32_t state[8];
    size_t done = 0;

    for (unsigned i = 0; i < 8; i++) {
        state[i] = start[i];
    }
    state[0] ^= PARAMETERS;
    for (; size - done > BLOCK; done += BLOCK) {
        compress(state, &bytes[done], done + BLOCK, false);
    }
    for (size_t i = 0; i < size - done; i++) {
        block[i] = bytes[done + i];
    }
    compress(state, block, size, true);

    struct kozo_digest digest;
    for (unsigned i = 0; i < sizeof(digest.bytes); i++) {
        digest.bytes[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
    }
    return digest;
}

uint64_t kozo_digest_word(const struct kozo_digest *digest, unsigned number)
{
    const uint8_t *bytes = &digest->bytes[number * sizeof(uint64_t)];

    return (uint64_t)word_at(bytes) | (uint64_t)word_at(bytes + 4) << 32;
}

struct kozo_digest kozo_chain_add(const struct kozo_digest *before,
                                  const struct kozo_audit_record *record)
{
    constexpr size_t first = sizeof(before->bytes);
    const uint8_t *bytes = (const uint8_t *)record;
    uint8_t both[first + sizeof(*record)];

    for (size_t i = 0; i < first; i++) {
        both[i] = before->bytes[i];
    }
    for (size_t i = 0; i < sizeof(*record); i++) {
        both[first + i] = bytes[i];
    }
    return kozo_blake2s(both, sizeof(both));
}
