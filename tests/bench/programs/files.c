// SPDX-License-Identifier: MIT
// What a native client pays for files, on the RAM volume, with everything in the server's memory: the
// same operations that the Linux reference was measured with.
//
// It is given: a session with `files`, with `place / rw` and 256 KiB.
#include <string.h>

#include "client.h"
#include "measure.h"

constexpr uint64_t TOP = 1;
constexpr size_t PIECE = 256 << 10;
constexpr size_t PIECES = 32; // 8 MiB in all

static uint64_t folder;
static uint64_t file;

static enum kozo_error measure_open_close(void)
{
    struct client_file opened = client_walk(TOP, "ram/bench/deep/file");
    return opened.error == KOZO_OK ? client_close(opened.file) : opened.error;
}

// By path, as stat(2) does.
static enum kozo_error measure_stat(void)
{
    return client_look(TOP, "ram/bench/deep/file").error;
}

static enum kozo_error measure_stat_open(void)
{
    return client_stat(file).error;
}

static enum kozo_error measure_read(void)
{
    return measure_done(client_read(file, 0, nullptr, 4096).done == 4096);
}

static enum kozo_error measure_write_8m(void)
{
    for (size_t i = 0; i < PIECES; i++) {
        struct kozo_files_write_result result =
            kozo_files_write(client.service, file, i * PIECE, 0, PIECE);
        struct kozo_entry entry;
        if (result.pending != 0) {
            result.error = client_await(result.pending, &entry);
            result = kozo_files_write_end(&entry);
        }
        if (result.error != KOZO_OK || result.done != PIECE) {
            return KOZO_BAD_STATE;
        }
    }
    return KOZO_OK;
}

static enum kozo_error measure_read_8m(void)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (client_read(file, i * PIECE, nullptr, PIECE).done != PIECE) {
            return KOZO_BAD_STATE;
        }
    }
    return KOZO_OK;
}

static enum kozo_error prepare_empty(void)
{
    return client_set_size(file, 0);
}

static enum kozo_error make_files(void)
{
    struct client_file made = client_walk(TOP, "ram");
    uint64_t parent = made.file;
    made = client_make(parent, "bench", KOZO_NODE_FOLDER);
    folder = made.file;
    made = client_make(folder, "deep", KOZO_NODE_FOLDER);
    made = client_make(made.file, "file", KOZO_NODE_FILE);
    file = made.file;
    memset(client.data, 'x', PIECE);
    return made.error == KOZO_OK ? measure_write_8m() : made.error;
}

int main(int argument_count, char **arguments)
{
    static const struct measure_row rows[] = {
        {"open-close", 101, 1, nullptr, nullptr, measure_open_close, nullptr},
        {"stat", 101, 1, nullptr, nullptr, measure_stat, nullptr},
        {"stat-open", 101, 1, nullptr, nullptr, measure_stat_open, nullptr},
        {"read-4k", 101, 1, nullptr, nullptr, measure_read, nullptr},
        {"read-8m", 9, 1, nullptr, nullptr, measure_read_8m, nullptr},
        {"write-8m", 9, 1, nullptr, prepare_empty, measure_write_8m, nullptr},
        {"write-8m-over", 9, 1, nullptr, nullptr, measure_write_8m, nullptr},
    };
    (void)argument_count;
    (void)arguments;
    if (!client_open() || make_files() != KOZO_OK) {
        return 1;
    }
    return measure(rows, sizeof rows / sizeof rows[0]) == 0 ? 0 : 1;
}
