// SPDX-License-Identifier: MIT
// Claims a device with more memory than there is, many times, then with what there is: `claim TIMES`. A
// claim that fails half-way must leave nothing behind that a later one lacks.
//
// It is given: a session with `devmgr`, and `driver` 1234:11e8.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>

constexpr uint64_t EDU = 0x11e8'1234;
constexpr uint64_t TOO_MUCH = 1UL << 30;

static struct kozo_session manager;

static enum kozo_error claim(uint64_t bar, uint64_t wanted)
{
    kozo_ipc_buffer()->receive_slot = kozo_process_info()->free_slot;
    kozo_ipc_buffer()->receive_count = 3;
    enum kozo_error error = kozo_devices_claim(manager.service, EDU, 0, bar, wanted).error;
    kozo_ipc_buffer()->receive_slot = 0;
    return error;
}

int main(int argument_count, char **arguments)
{
    uint64_t times = argument_count > 1 ? strtoul(arguments[1], nullptr, 10) : 1;
    if (!kozo_session_open(&manager, "devmgr")) {
        kozo_print("there is no device manager\n");
        return 2;
    }
    for (uint64_t i = 0; i < times; i++) {
        if (claim(5, 0) != KOZO_BAD_ARGUMENT || claim(0, TOO_MUCH) != KOZO_NO_MEMORY) {
            kozo_printf("claim %lu was not refused as it should be\n", i);
            return 1;
        }
    }
    enum kozo_error error = claim(0, 0);
    kozo_printf("refused %lu times, then: %u\n", times, error);
    return error == KOZO_OK ? 0 : 1;
}
