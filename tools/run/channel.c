// SPDX-License-Identifier: MIT
#include "channel.h"

const char *channel_name(enum channel channel)
{
    static const char *const names[CHANNELS] = {
        [CHANNEL_CONTROL] = "kozo.control", [CHANNEL_STDIN] = "kozo.stdin",
        [CHANNEL_STDOUT] = "kozo.stdout",   [CHANNEL_STDERR] = "kozo.stderr",
        [CHANNEL_TTY] = "kozo.tty",         [CHANNEL_FILES] = "kozo.files",
    };
    return names[channel];
}
