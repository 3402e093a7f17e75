// SPDX-License-Identifier: MIT
// Keys that are meant for the runner and not for KOZO: Ctrl-A followed by one more key, as in QEMU.
// Everything else, Ctrl-C too, goes to the guest.
#pragma once

#include <stdint.h>

struct keys {
    bool escaped; // the last key was Ctrl-A
};

enum key : int {
    KEY_SEND,    // give it to the guest
    KEY_NOTHING, // taken, nothing to do
    KEY_END,     // Ctrl-A x: end KOZO
    KEY_HELP,    // Ctrl-A h: say which keys there are
};

[[nodiscard]] enum key keys_press(struct keys *keys, uint8_t byte);
