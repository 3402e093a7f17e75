// SPDX-License-Identifier: MIT
// What init itself has to say, kept for the command `log`.
#pragma once

#include <stddef.h>

constexpr size_t LOG_SIZE = 4096;

struct log {
    size_t written; // bytes in all; the latest of them are kept
    char text[LOG_SIZE];
};

static inline void log_write(struct log *log, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        log->text[log->written++ % LOG_SIZE] = text[i];
    }
}
