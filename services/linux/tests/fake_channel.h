// SPDX-License-Identifier: MIT
// The host's end of the channels, in tests.
#pragma once

#include "../file/channel.h"

enum { STDIN, STDOUT, STDERR, TTY };

struct fake_channel {
    const char *name;
    bool there, ended, broken, full;
    char in[16'384];
    size_t in_first, in_last;
    char out[65'536];
    size_t out_size;
    const char *meanwhile; // comes while the next bytes go out, if not null
};

extern struct fake_channel fake_channels[4];

void fake_channels_clear(void);
// Tells whoever waits that something was changed.
void fake_channel_changed(size_t which);
