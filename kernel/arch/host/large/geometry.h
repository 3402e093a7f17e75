// SPDX-License-Identifier: MIT
// The pages and tables of x86_64 and aarch64: 4 KiB, four levels, 512 entries.
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 12;
constexpr unsigned ARCH_TABLE_BITS = 9;
constexpr unsigned ARCH_LEVELS = 4;
constexpr unsigned ARCH_LARGE_LEVEL = 2;

// Room for one large page, and for other things before and after it.
constexpr uint64_t HOST_RAM = 4608 * 1024;
