// SPDX-License-Identifier: MIT
// The constants of x86_64 with four-level paging (Intel SDM volume 3, section 4.5).
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 12;
constexpr unsigned ARCH_TABLE_BITS = 9;
constexpr unsigned ARCH_LEVELS = 4;

// Pages of 4 KiB and 2 MiB, and of 1 GiB where the processor has them.
constexpr unsigned ARCH_LARGE_LEVEL = 2;

// The last page of the lower half stays empty. So the instruction after a SYSCALL always has a
// canonical address, and SYSRET to it can't fault in the kernel (Intel SDM volume 2, SYSRET).
constexpr uint64_t ARCH_USER_END = 0x0000'7fff'ffff'f000;

// The window has 128 slots of the root table: 64 TiB.
constexpr uint64_t ARCH_PHYSICAL_END = UINT64_C(1) << 46;

// Interrupts 0 to 15 are those of the ISA bus, wherever the firmware says that they arrive. Those
// above are the inputs of the I/O APICs (global system interrupts).
constexpr unsigned ARCH_LINES = 128;

// Then those that devices raise by a message (MSI).
constexpr unsigned ARCH_INTERRUPTS = 192;

constexpr bool ARCH_HAS_PORTS = true;

constexpr unsigned ARCH_CLASS_WORDS = 18; // struct kozo_x86_general

constexpr bool ARCH_FAST_PATH = true;
constexpr bool ARCH_EXIT_WITH_WORDS = true;
constexpr uint64_t ARCH_WORK_LIMIT = 64;

// Where physical address 0 is seen in the window, and in the mapping of the kernel's own image.
constexpr uint64_t X86_WINDOW = 0xffff'8000'0000'0000;
constexpr uint64_t X86_IMAGE = 0xffff'ffff'8000'0000;
