// SPDX-License-Identifier: MIT
// Plain loops: no vector registers here, and nothing that is copied by these is long.
#include "lib/memory.h"

// Words where both sides allow it: messages and registers are such.
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    size_t i = 0;

    if ((((uintptr_t)to | (uintptr_t)from) & (sizeof(uint64_t) - 1)) == 0) {
        for (; size - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
            *(uint64_t *)(out + i) = *(const uint64_t *)(in + i);
        }
    }
    for (; i < size; i++) {
        out[i] = in[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;

    if ((uintptr_t)out <= (uintptr_t)in) {
        for (size_t i = 0; i < size; i++) {
            out[i] = in[i];
        }
    } else {
        for (size_t i = size; i > 0; i--) {
            out[i - 1] = in[i - 1];
        }
    }
    return to;
}

// Words where it allows it: the compiler zeroes structures by this.
void *memset(void *memory, int value, size_t size)
{
    constexpr uint64_t each_byte = 0x0101'0101'0101'0101;
    unsigned char *out = memory;
    uint64_t word = (unsigned char)value * each_byte;
    size_t i = 0;

    if (((uintptr_t)memory & (sizeof(uint64_t) - 1)) == 0) {
        for (; size - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
            *(uint64_t *)(out + i) = word;
        }
    }
    for (; i < size; i++) {
        out[i] = (unsigned char)value;
    }
    return memory;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}
