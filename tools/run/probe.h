// SPDX-License-Identifier: MIT
// The bytes of the probe's guest, to stand at the end of a 64 KiB firmware image.
#pragma once

#include <stddef.h>

constexpr size_t PROBE_FIRMWARE_SIZE = 65'536;
constexpr size_t PROBE_GUEST_SIZE = 1'024;
constexpr int PROBE_EXIT_STATUS = 0x2a << 1 | 1; // what QEMU makes of the value it reports

extern const unsigned char probe_guest[];
extern const unsigned char probe_guest_end[];
