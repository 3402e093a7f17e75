// SPDX-License-Identifier: MIT
// How audit records are chained: the digest after a record is the BLAKE2s-256 hash (RFC 7693, no
// key) of the digest before it and the record's 64 bytes, as they lie in memory on a little-endian
// machine. The first digest is all zero.
//
// Whoever has stored the records can compute the chain again and compare its end with the kernel's:
// no secret is needed, and nobody can change, drop or add a record unnoticed.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct kozo_audit_record;

struct kozo_digest {
    uint8_t bytes[32];
};

// The digest after `record`.
struct kozo_digest kozo_chain_add(const struct kozo_digest *before,
                                  const struct kozo_audit_record *record);

// The eight bytes of a digest from 8 * number on, lowest first: number is 0 to 3.
uint64_t kozo_digest_word(const struct kozo_digest *digest, unsigned number);

// The plain hash.
struct kozo_digest kozo_blake2s(const void *data, size_t size);
