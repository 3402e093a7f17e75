// SPDX-License-Identifier: MIT
// A crash record that may be anything, in pieces as it comes from a serial port.
#include "crash.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static struct crash crash;
    struct symbols none = {};
    struct input input = {byte, size};
    size_t piece = input_byte(&input) + 1u;

    crash = (struct crash){};
    for (size_t at = 0; at < input.left; at += piece) {
        crash_read(&crash, input.byte + at, piece < input.left - at ? piece : input.left - at);
    }
    if (crash.registers > CRASH_REGISTERS || crash.traces > CRASH_TRACE ||
        memchr(crash.reason, 0, sizeof(crash.reason)) == nullptr) {
        abort();
    }
    struct crash_id id = crash_identify(&crash, &none);
    return memchr(id.text, 0, sizeof(id.text)) == nullptr ? (abort(), 0) : 0;
}
