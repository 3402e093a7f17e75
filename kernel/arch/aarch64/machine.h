// SPDX-License-Identifier: MIT
// The constants of aarch64 with the 4 KiB granule and 48-bit addresses, which makes four levels (Arm
// Architecture Reference Manual, DDI 0487, "The AArch64 Virtual Memory System Architecture"). Levels
// count from 0 at the pages, as arch.h has it; the manual counts the other way round.
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 12;
constexpr unsigned ARCH_TABLE_BITS = 9;
constexpr unsigned ARCH_LEVELS = 4;

// Pages of 4 KiB, and blocks of 2 MiB and 1 GiB.
constexpr unsigned ARCH_LARGE_LEVEL = 2;

// User addresses are those of TTBR0_EL1, all of them: a return to an address that is too high is a
// fault of the thread and not of the kernel.
constexpr uint64_t ARCH_USER_END = UINT64_C(1) << 48;

// The window has the lower half of the addresses of TTBR1_EL1: 128 TiB.
constexpr uint64_t ARCH_PHYSICAL_END = UINT64_C(1) << 47;

// The interrupt numbers of a GIC without those of messages: private to a processor below 32, shared
// from there. The numbers from 1020 to 1023 have meanings of their own (GIC Architecture
// Specification, IHI 0069, section 2.2).
constexpr unsigned ARCH_LINES = 1020;
constexpr unsigned ARCH_INTERRUPTS = ARCH_LINES;

constexpr bool ARCH_HAS_PORTS = false;

// x0 to x30, the stack pointer, the program counter, the state of the processor and the thread pointer.
constexpr unsigned ARCH_CLASS_WORDS = 35;

constexpr bool ARCH_FAST_PATH = true;
constexpr bool ARCH_EXIT_WITH_WORDS = false;
constexpr uint64_t ARCH_WORK_LIMIT = 64;

// Where physical address 0 is seen in the window, and in the mapping of the kernel's own image.
constexpr uint64_t AARCH64_WINDOW = 0xffff'0000'0000'0000;
constexpr uint64_t AARCH64_IMAGE = 0xffff'ffff'8000'0000;

static_assert(AARCH64_WINDOW + ARCH_PHYSICAL_END <= AARCH64_IMAGE);
