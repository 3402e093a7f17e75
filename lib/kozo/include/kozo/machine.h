// SPDX-License-Identifier: MIT
// What native code needs to know of the processor that it is built for.
#pragma once

#include <kozo/elf.h>

#if defined(__x86_64__)
constexpr uint16_t KOZO_ELF_MACHINE = KOZO_ELF_X86_64;
constexpr char KOZO_MACHINE_NAME[] = "x86_64";
#elif defined(__aarch64__)
constexpr uint16_t KOZO_ELF_MACHINE = KOZO_ELF_AARCH64;
constexpr char KOZO_MACHINE_NAME[] = "aarch64";
#else
#error "native code does not run on this processor yet"
#endif

// Ticks of the clock that BootInfo.tsc_frequency is about.
static inline uint64_t kozo_ticks(void)
{
    return __builtin_readcyclecounter();
}
