// SPDX-License-Identifier: MIT
// `blk`: the disks of the machine, with their sizes.
//
// It is given: sessions with `disk` and `disk2`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

constexpr uint64_t MIB = 1 << 20;

// A driver without its disk is down, and would never answer.
static bool is_up(const char *name)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_namespace_find_result found = kozo_namespace_find(parent, name, strlen(name));
    return found.error == KOZO_OK && found.state == KOZO_SERVICE_UP;
}

static bool show(const char *name)
{
    struct kozo_session disk;
    if (!is_up(name) || !kozo_session_open(&disk, name)) {
        return false;
    }
    struct kozo_block_info_result info = kozo_block_info(disk.service);
    if (info.error != KOZO_OK) {
        return false;
    }
    uint64_t tenths = info.blocks * KOZO_BLOCK_SIZE * 10 / MIB;
    kozo_printf("%-8s %10lu %8lu.%lu MiB  %s\n", name, info.blocks, tenths / 10, tenths % 10,
                info.writable ? "read, write" : "read");
    return true;
}

int main(int argument_count, char **arguments)
{
    static const char *const names[] = {"disk", "disk2"};
    (void)argument_count;
    (void)arguments;
    unsigned shown = 0;
    kozo_printf("%-8s %10s %14s  %s\n", "NAME", "BLOCKS", "SIZE", "ACCESS");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        shown += show(names[i]) ? 1 : 0;
    }
    if (shown == 0) {
        kozo_print("no disk is there\n");
    }
    return 0;
}
