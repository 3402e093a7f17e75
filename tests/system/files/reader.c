// SPDX-License-Identifier: MIT
// Reads a large file at places that look random, while the file server, the volume and what is below it
// are ended by others: `reader PATH MILLISECONDS`. The file is to hold, in each eight bytes, where they
// are; it is larger than the file server's memory, so that the volume is asked all the time.
//
// When the time is up it goes on until one more read is right. Prints how many reads were right and how
// many requests failed; status 1 when other contents were read.
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

constexpr uint64_t TOP = 1;
constexpr size_t PIECE = 16'384;

static uint64_t word[PIECE / 8];
static uint64_t seed = 88'172'645'463'325'252;
static uint64_t failed;

// A file that is open and its size. It is opened again and again until that goes well.
static struct client_file open_file(const char *path)
{
    struct client_file file = client_walk(TOP, path);
    while (file.error != KOZO_OK || file.stat.size < PIECE) {
        failed++;
        (void)kozo_kernel_yield();
        file = client_walk(TOP, path);
    }
    return file;
}

// G. Marsaglia, "Xorshift RNGs", 2003.
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static bool is_right(uint64_t offset)
{
    for (size_t i = 0; i < PIECE / 8; i++) {
        if (word[i] != offset + 8 * i) {
            kozo_printf("other contents: %lx at %lx\n", word[i], offset + 8 * i);
            return false;
        }
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 3 || !client_open()) {
        return 2;
    }
    uint64_t until = kozo_ticks() +
                     strtoul(arguments[2], nullptr, 0) * kozo_process_info()->tsc_frequency / 1000;
    struct client_file file = open_file(arguments[1]);
    uint64_t read = 0;
    bool good = false;
    while (!good || kozo_ticks() < until) {
        uint64_t offset = next_random() % (file.stat.size - PIECE + 1) / 8 * 8;
        struct client_count part = client_read(file.file, offset, word, PIECE);
        good = part.error == KOZO_OK && part.done == PIECE;
        if (good && !is_right(offset)) {
            return 1;
        }
        read += good ? 1 : 0;
        if (!good) {
            failed++;
            (void)client_close(file.file);
            file = open_file(arguments[1]);
        }
    }
    kozo_printf("reader: %lu right, %lu failed\n", read, failed);
    return 0;
}
