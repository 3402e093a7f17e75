// SPDX-License-Identifier: MIT
// Reads a disk from its start, in requests of one size, so many under way at a time, and tells how
// many ticks that took: `disk BYTES REQUEST DEPTH`. Prints `read BYTES TICKS FREQUENCY`.
//
// It is given: a session with `disk`, `self`, and `memory` for page tables.
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/rights.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>

static struct kozo_session disk;

static bool open_disk(void)
{
    uint64_t slot = kozo_process_info()->free_slot;
    if (!kozo_session_open(&disk, "disk")) {
        return false;
    }
    kozo_ipc_buffer()->receive_slot = slot;
    kozo_ipc_buffer()->receive_count = 1;
    enum kozo_error error = kozo_block_share(disk.service);
    kozo_ipc_buffer()->receive_slot = 0;
    return error == KOZO_OK;
}

// Begins as many requests as may be under way; false when one is refused.
static bool fill(uint64_t *next, uint64_t end, uint64_t request, uint64_t depth,
                 uint64_t *under_way)
{
    uint64_t blocks = request / KOZO_BLOCK_SIZE;
    while (*next < end && *under_way < depth) {
        uint64_t place = *next / request % depth * request;
        if (kozo_block_read_begin(&disk, *next / KOZO_BLOCK_SIZE, blocks, place) == 0) {
            return *under_way > 0;
        }
        *next += request;
        (*under_way)++;
    }
    return true;
}

static bool read_all(uint64_t bytes, uint64_t request, uint64_t depth)
{
    struct kozo_notification signal = {kozo_granted("signal")};
    uint64_t next = 0;
    uint64_t under_way = 0;
    while (next < bytes || under_way > 0) {
        struct kozo_entry entry;
        if (!fill(&next, bytes, request, depth, &under_way)) {
            return false;
        }
        if (!kozo_session_next(&disk, &entry)) {
            (void)kozo_notification_wait(signal);
            continue;
        }
        under_way--;
        if (kozo_entry_error(&entry, 0) != KOZO_OK) {
            return false;
        }
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 4 || !open_disk()) {
        kozo_print("there is no disk, or it was not said what to read\n");
        return 1;
    }
    uint64_t bytes = strtoul(arguments[1], nullptr, 10);
    uint64_t request = strtoul(arguments[2], nullptr, 10);
    uint64_t depth = strtoul(arguments[3], nullptr, 10);
    if (request == 0 || depth == 0 || request * depth > KOZO_BLOCK_MOST) {
        kozo_print("so much is not read at a time\n");
        return 1;
    }
    uint64_t start = kozo_ticks();
    if (!read_all(bytes, request, depth)) {
        kozo_print("the disk can't be read\n");
        return 1;
    }
    kozo_printf("read %lu %lu %lu\n", bytes, kozo_ticks() - start,
                kozo_process_info()->tsc_frequency);
    return 0;
}
