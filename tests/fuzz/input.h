// SPDX-License-Identifier: MIT
// The bytes that the fuzzer chose, taken from the front. After the last one come zeros.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
    const uint8_t *byte;
    size_t left;
};

// Copies up to `size` bytes; gives how many there were.
static inline size_t input_take(struct input *input, void *to, size_t size)
{
    size_t taken = size < input->left ? size : input->left;

    memset(to, 0, size);
    if (taken > 0) {
        memcpy(to, input->byte, taken);
    }
    input->byte += taken;
    input->left -= taken;
    return taken;
}

static inline uint8_t input_byte(struct input *input)
{
    uint8_t value;

    (void)input_take(input, &value, sizeof(value));
    return value;
}

static inline uint64_t input_number(struct input *input, size_t size)
{
    uint64_t value = 0;

    (void)input_take(input, &value, size < sizeof(value) ? size : sizeof(value));
    return value;
}

// A target: the fuzzer calls it with each input. What it notices beside the sanitizers it reports
// by abort().
int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size);
