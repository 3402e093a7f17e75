// SPDX-License-Identifier: MIT
// Filling and copying memory. The compiler may call the four standard functions, so they are here
// too.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

// How much a long operation zeroes between two checks for a preemption point, and what that counts
// as.
constexpr uint64_t ZERO_STEP = 4096;
constexpr unsigned ZERO_WORK = 10;

// Zeroes `size` bytes, a multiple of 8, at an 8-byte boundary, with 8-byte stores.
static inline void memory_zero(void *memory, uint64_t size)
{
    arch_zero(memory, size / 8);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *memory, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);
