// SPDX-License-Identifier: MIT
// Lines to the person: one sentence each, on standard error, prefixed with "kozo: ".
#pragma once

#include <stddef.h>

// Prints one line. What exceeds a kilobyte is cut.
[[gnu::format(printf, 1, 2)]] void message(const char *format, ...);

// Copies text that somebody else wrote (the guest, QEMU) so that it can stand in a message: every
// byte that is not printable ASCII becomes \xNN. The result always ends with a zero byte and is cut
// where it would not fit; size is at least 1. Returns out.
const char *message_escape(const char *text, size_t length, char *out, size_t size);
