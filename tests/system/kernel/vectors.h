// SPDX-License-Identifier: MIT
// The vector registers of SSE and AVX: filled, kept and compared.
#pragma once

#include "kernel_test.h"

constexpr uint64_t POISON = 0x5a5a'a5a5'dead'beef;
constexpr size_t REGISTERS = 16;

struct vectors {
    alignas(32) uint64_t word[REGISTERS][4];
};

static inline bool has_avx(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    constexpr uint32_t osxsave_and_avx = 3 << 27;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx & osxsave_and_avx) != osxsave_and_avx) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 4) != 0;
}

#define EACH_REGISTER(X)                                                                           \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_XMM(n)  __asm__ volatile("movups %0, %%xmm" #n : : "m"(from->word[n]));
#define STORE_XMM(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(to->word[n]));
#define LOAD_YMM(n)  __asm__ volatile("vmovups %0, %%ymm" #n : : "m"(from->word[n]));
#define STORE_YMM(n) __asm__ volatile("vmovups %%ymm" #n ", %0" : "=m"(to->word[n]));

// With AVX whole registers, else their lower halves.
static inline void load(const struct vectors *from)
{
    if (has_avx()) {
        EACH_REGISTER(LOAD_YMM)
        return;
    }
    EACH_REGISTER(LOAD_XMM)
}

static inline void store(struct vectors *to)
{
    if (has_avx()) {
        EACH_REGISTER(STORE_YMM)
        return;
    }
    EACH_REGISTER(STORE_XMM)
}

static inline void fill(struct vectors *vectors, uint64_t value)
{
    for (size_t i = 0; i < REGISTERS; i++) {
        for (size_t k = 0; k < 4; k++) {
            vectors->word[i][k] = value == 0 ? 0 : value + i * 4 + k;
        }
    }
}

static inline uint64_t differences(const struct vectors *left, const struct vectors *right)
{
    size_t words = has_avx() ? 4 : 2;
    uint64_t count = 0;
    for (size_t i = 0; i < REGISTERS; i++) {
        for (size_t k = 0; k < words; k++) {
            count += left->word[i][k] != right->word[i][k];
        }
    }
    return count;
}

// Gives a thread that was not started yet a state of its own.
static inline struct kozo_extended_state bind_to(struct kozo_thread thread)
{
    struct kozo_extended_state state = {make(KOZO_TYPE_EXTENDED_STATE)};
    CHECK(kozo_extended_state_bind(state, thread) == KOZO_OK);
    return state;
}
