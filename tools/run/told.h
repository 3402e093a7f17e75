// SPDX-License-Identifier: MIT
// What KOZO tells at the end of a run, kept as it comes: texts, each ended by a zero byte.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t TOLD_SIZE = 1 << 20; // bytes of all texts

struct told {
    size_t length;
    char *text; // all texts; owned
};

// Takes a piece of what the guest tells. What is beyond TOLD_SIZE is dropped.
void told_take(struct told *told, const uint8_t *bytes, size_t length);

void told_end(struct told *told);
