// SPDX-License-Identifier: MIT
// The machine that is explored: pages and tables as in kernel/arch/host/small, and as little RAM as
// the worlds take, since all of it is copied and looked at after every step.
#pragma once

#include <stdint.h>

constexpr unsigned ARCH_PAGE_BITS = 9;
constexpr unsigned ARCH_TABLE_BITS = 3;
constexpr unsigned ARCH_LEVELS = 2;
constexpr unsigned ARCH_LARGE_LEVEL = 1;

constexpr uint64_t HOST_RAM = 16 * 1024;
