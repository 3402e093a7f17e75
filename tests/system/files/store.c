// SPDX-License-Identifier: MIT
// Stores what it can: `store PATH BYTES`. Writes so many bytes to a file in /ram, which it makes, and prints how many went in
// and what it was told then; then what the volume has for it, and has left of that, in blocks.
#include <kozo/print.h>
#include <kozo/start.h>
#include <stdlib.h>

#include "client.h"

constexpr uint64_t TOP = 1;
constexpr size_t PIECE = 32768;

static void say_left(uint64_t folder)
{
    struct kozo_files_describe_result told = client_describe(folder);
    kozo_printf("left: %lu of %lu\n", told.free, told.blocks);
}

int main(int argument_count, char **arguments)
{
    static uint8_t bytes[PIECE];
    uint64_t wanted = argument_count > 2 ? strtoul(arguments[2], nullptr, 0) : 0;
    if (wanted == 0 || !client_open()) {
        return 2;
    }
    struct client_file folder = client_walk(TOP, "ram");
    struct client_file file = client_walk(folder.file, arguments[1]);
    if (file.error != KOZO_OK) {
        file = client_make(folder.file, arguments[1], KOZO_NODE_FILE);
    }
    uint64_t done = 0;
    enum kozo_error error = file.error;
    while (done < wanted && error == KOZO_OK) {
        size_t part = wanted - done < PIECE ? wanted - done : PIECE;
        struct client_count written = client_write(file.file, done, bytes, part);
        done += written.error == KOZO_OK ? written.done : 0;
        error = written.error;
    }
    kozo_printf("stored: %lu, then %u\n", done, error);
    say_left(folder.file);
    if (file.error == KOZO_OK) {
        error = client_pages(file.file, 0, true, kozo_process_info()->free_slot).error;
        kozo_printf("pages: %u\n", error);
    }
    return 0;
}
