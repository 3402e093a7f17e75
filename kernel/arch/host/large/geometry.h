// SPDX-License-Identifier: MIT
// The pages and tables of x86_64 and aarch64: 4 KiB, four levels, 512 entries.
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 12;
constexpr unsigned ARCH_TABLE_BITS = 9;
constexpr unsigned ARCH_LEVELS = 4;

constexpr uint64_t HOST_RAM = 4 * 1024 * 1024;
