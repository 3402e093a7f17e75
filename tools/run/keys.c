// SPDX-License-Identifier: MIT
// Two states: waiting for Ctrl-A, and waiting for the key after it.
#include "keys.h"

constexpr uint8_t CONTROL_A = 0x01;

enum key keys_press(struct keys *keys, uint8_t byte)
{
    if (!keys->escaped) {
        keys->escaped = byte == CONTROL_A;
        return keys->escaped ? KEY_NOTHING : KEY_SEND;
    }
    keys->escaped = false;
    switch (byte) {
    case CONTROL_A:
        return KEY_SEND;
    case 'x':
    case 'X':
        return KEY_END;
    case 'h':
    case '?':
        return KEY_HELP;
    default:
        return KEY_NOTHING;
    }
}
