// SPDX-License-Identifier: MIT
// SHA-256, written after FIPS 180-4: the constants are section 4.2.2, the functions section 4.1.2,
// padding is section 5.1.1, and the computation section 6.2.2.
#include <kozo/sha256.h>

#include <string.h>

// The first 32 bits of the fractions of the cube roots of the first 64 primes.
static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// The same of the square roots of the first 8 primes.
static const uint32_t start_value[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t word, unsigned count)
{
    return word >> count | word << (32 - count);
}

// The message schedule W of section 6.2.2, step 1.
static void make_schedule(const uint8_t *block, uint32_t *word)
{
    for (size_t i = 0; i < 16; i++) {
        word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                  (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    }
    for (size_t i = 16; i < 64; i++) {
        uint32_t early = word[i - 15];
        uint32_t late = word[i - 2];
        word[i] = word[i - 16] + (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) + word[i - 7] +
                  (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
    }
}

static void take_block(struct sha256 *hash)
{
    uint32_t word[64];
    uint32_t v[8]; // a to h of the standard
    make_schedule(hash->block, word);
    memcpy(v, hash->state, sizeof v);
    for (size_t i = 0; i < 64; i++) {
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + choice +
                         round_constant[i] + word[i];
        uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + majority;
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += first;
        v[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++) {
        hash->state[i] += v[i];
    }
}

struct sha256 sha256_begin(void)
{
    struct sha256 hash = {};
    memcpy(hash.state, start_value, sizeof hash.state);
    return hash;
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;
    for (size_t i = 0; i < length; i++) {
        hash->block[hash->length++ % 64] = next[i];
        if (hash->length % 64 == 0) {
            take_block(hash);
        }
    }
}

struct sha256_digest sha256_end(struct sha256 *hash)
{
    uint64_t bits = hash->length * 8;
    sha256_add(hash, &(uint8_t){0x80}, 1);
    while (hash->length % 64 != 56) {
        sha256_add(hash, &(uint8_t){0}, 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        sha256_add(hash, &(uint8_t){(uint8_t)(bits >> (56 - 8 * i))}, 1);
    }
    struct sha256_digest digest;
    for (size_t i = 0; i < 32; i++) {
        digest.bytes[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
}
