// SPDX-License-Identifier: MIT
// The constants of the host: a machine that exists as data of an ordinary process.
//
// Its geometry is chosen by the include path: small/ for worlds that fit in 64 KiB, so that all of
// one can be looked at after each step, large/ for the pages and tables of a real machine.
#pragma once

#include <stdint.h>

#include "geometry.h" // ARCH_PAGE_BITS, ARCH_TABLE_BITS, ARCH_LEVELS, ARCH_LARGE_LEVEL, HOST_RAM

// As on x86_64, the last page that the tables could map is not for user space.
constexpr uint64_t ARCH_USER_END =
    (UINT64_C(1) << (ARCH_PAGE_BITS + ARCH_TABLE_BITS * ARCH_LEVELS)) -
    (UINT64_C(1) << ARCH_PAGE_BITS);

// RAM from 0, then the kernel's image (that is: struct kernel), then a range that only devices
// answer in.
constexpr uint64_t HOST_IMAGE = UINT64_C(1) << 20;
constexpr uint64_t HOST_DEVICES = UINT64_C(1) << 20;
constexpr uint64_t ARCH_PHYSICAL_END = HOST_RAM + HOST_IMAGE + HOST_DEVICES;

constexpr unsigned ARCH_LINES = 8;
constexpr unsigned ARCH_INTERRUPTS = 10;
constexpr bool ARCH_HAS_PORTS = true;
constexpr unsigned ARCH_CLASS_WORDS = 13;

// Preemption is for the tests to choose: a low limit puts one everywhere.
extern bool host_fast_path;
extern unsigned host_exits; // how often arch_exit_to was called
#define ARCH_FAST_PATH host_fast_path
constexpr bool ARCH_EXIT_WITH_WORDS = false;

extern uint64_t host_work_limit;
#define ARCH_WORK_LIMIT host_work_limit
