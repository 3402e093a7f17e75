// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), for Crash-IDs. Not meant for secrets.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t length; // bytes taken so far
    uint8_t block[64];
};

struct sha256_digest {
    uint8_t bytes[32];
};

struct sha256 sha256_begin(void);
void sha256_add(struct sha256 *hash, const void *bytes, size_t length);
struct sha256_digest sha256_end(struct sha256 *hash);
