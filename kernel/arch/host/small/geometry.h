// SPDX-License-Identifier: MIT
// The smallest machine that has everything: pages of 512 bytes (one IPC buffer), two levels of
// tables with 8 entries, large pages of 4 KiB, 32 KiB of addresses, 64 KiB of RAM.
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 9;
constexpr unsigned ARCH_TABLE_BITS = 3;
constexpr unsigned ARCH_LEVELS = 2;
constexpr unsigned ARCH_LARGE_LEVEL = 1;

constexpr uint64_t HOST_RAM = 64 * 1024;
