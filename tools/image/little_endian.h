// SPDX-License-Identifier: MIT
// Numbers in little-endian order at any address of a disk image.
#pragma once

#include <stdint.h>

static inline void store_16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void store_32(uint8_t *at, uint32_t value)
{
    store_16(at, (uint16_t)value);
    store_16(at + 2, (uint16_t)(value >> 16));
}

static inline void store_64(uint8_t *at, uint64_t value)
{
    store_32(at, (uint32_t)value);
    store_32(at + 4, (uint32_t)(value >> 32));
}
