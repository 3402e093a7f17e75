// SPDX-License-Identifier: MIT
// Files on channels of the host: standard input, output and error of a program that is not on a terminal.
#pragma once

#include "channel.h"
#include "file.h"

// A file that reads from a channel, or writes to it, counted once; null when memory is used up.
[[nodiscard]] struct file *stdio_file(struct channel *channel, bool writes);
