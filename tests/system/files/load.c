// SPDX-License-Identifier: MIT
// Writes numbers into a file, syncs each, and checks that no number that was synced is ever lost,
// while the file server and the volume are ended by others. `load PATH SYNCS MILLISECONDS`: ends after so
// many syncs and so much time.
//
// Prints how many were synced and how many requests failed; status 1 when something was lost.
#include <kozo/format.h>
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

constexpr uint64_t TOP = 1;
constexpr unsigned FAULTS_MOST = 20'000;

static uint64_t failed;

// Opens the file, which is made when it is not there.
static uint64_t open_file(const char *folder)
{
    while (failed < FAULTS_MOST) {
        struct client_file parent = client_walk(TOP, folder);
        struct client_file file = {.error = parent.error};
        if (parent.error == KOZO_OK) {
            file = client_walk(parent.file, "load");
            if (file.error == KOZO_BAD_HANDLE) {
                file = client_make(parent.file, "load", KOZO_NODE_FILE);
            }
            (void)client_close(parent.file);
        }
        if (file.error == KOZO_OK) {
            return file.file;
        }
        failed++;
        (void)kozo_kernel_yield();
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    uint64_t wanted = argument_count > 2 ? strtoul(arguments[2], nullptr, 0) : 100;
    uint64_t least = argument_count > 3 ? strtoul(arguments[3], nullptr, 0) : 0;
    uint64_t until = kozo_ticks() + least * kozo_process_info()->tsc_frequency / 1000;
    char line[80];
    uint64_t synced = 0;
    if (argument_count < 2 || !client_open()) {
        return 2;
    }
    uint64_t file = open_file(arguments[1]);
    for (uint64_t number = 1; (synced < wanted || kozo_ticks() < until) && failed < FAULTS_MOST;
         number++) {
        uint64_t found = 0;
        bool good = client_write(file, number % 64 * 4096, &number, sizeof number).done == 8 &&
                    client_sync(file, false) == KOZO_OK;
        if (!good) {
            failed++;
            file = open_file(arguments[1]);
            struct client_count read = client_read(file, synced % 64 * 4096, &found, sizeof found);
            if (read.error == KOZO_OK && synced > 0 && found < synced) {
                kozo_format(line, sizeof line, "lost: %lu where %lu was synced\n", found, synced);
                kozo_print(line);
                return 1;
            }
            continue;
        }
        synced = number;
    }
    kozo_format(line, sizeof line, "load: %lu synced, %lu failed\n", synced, failed);
    kozo_print(line);
    return failed < FAULTS_MOST ? 0 : 1;
}
