// SPDX-License-Identifier: MIT
// The file server between a client that asks anything and a volume that answers anything. Each byte
// string is a program: which side acts, and with what.
#include <stdlib.h>
#include <string.h>

#include "../../services/fsd/cache.h"
#include "../../services/fsd/handle.h"
#include "../../services/fsd/lock.h"
#include "../../services/fsd/operation.h"
#include "../../services/fsd/quota.h"
#include "../../services/fsd/tests/host.h"
#include "../../services/fsd/volume.h"
#include "input.h"

static struct input input;

// A number that means something more often than not.
static uint64_t number(void)
{
    static const uint64_t good[] = {0,    1,    2,      3,         8,          100,      4096,
                                    8192, 8193, 16'384, 1ul << 18, UINT64_MAX, INT64_MAX};
    uint8_t choice = input_byte(&input);
    if (choice < sizeof good / sizeof good[0]) {
        return good[choice];
    }
    return choice < 200 ? choice : input_number(&input, 8);
}

static struct kozo_message message(uint32_t label)
{
    struct kozo_message result = {.info = {.length = 6, .label = label}};
    for (size_t i = 0; i < 6; i++) {
        result.word[i] = number();
    }
    return result;
}

static struct kozo_message answer(const struct kozo_entry *entry, uint8_t *data, size_t size)
{
    uint8_t kind = input_byte(&input);
    // Lies in the shared memory, where the request named a place.
    for (size_t i = 0; i < 3 && kind >= 128; i++) {
        uint64_t at = entry->word[i];
        if (at < size - 128) {
            for (size_t j = 0; j < 80; j++) {
                data[at + j] = input_byte(&input);
            }
        }
    }
    struct kozo_message result = message(kind % 16 < 12 ? KOZO_OK : kind % 16);
    if (entry->label == KOZO_VOLUME_DESCRIBE) {
        result.info.label = KOZO_OK;
    }
    return result;
}

static void act(void)
{
    static uint64_t begun;
    uint8_t choice = input_byte(&input);
    struct kozo_message asked;
    switch (choice % 8) {
    case 0:
        host_turn(choice / 8);
        return;
    case 1:
        host_pass(number());
        return;
    case 2:
        if (choice / 8 == 31) {
            host_new_life();
        }
        return;
    case 3:
        (void)operation_cancel(0, begun - choice / 8);
        return;
    case 4:
        for (size_t i = 0; i < 16; i++) {
            host_data[i] = (uint8_t)"ram/a/b\0name.two"[input_byte(&input) % 16];
        }
        return;
    case 5:
        for (size_t i = 0; i < 5; i++) {
            host_data[i] = (uint8_t)"ram/a"[i];
        }
        asked = (struct kozo_message){.info = {.length = 3, .label = KOZO_FILES_WALK},
                                      .word = {1, 0, choice % 16 < 8 ? 3 : 5}};
        (void)host_begin(&asked, ++begun);
        return;
    default:
        asked = message(input_byte(&input) % 25);
        (void)host_begin(&asked, ++begun);
        return;
    }
}

// The client goes, the volume's service begins anew, and its volume is taken away: then all memory
// has to be free again, whatever happened, and the client holds nothing.
static void end(void)
{
    operation_drop_all(0);
    lock_drop(0, nullptr);
    handle_close_all(0);
    host_new_life();
    operation_drop_all(0);
    volume_unmount(volume_at(0));
    volume_at(0)->mounted = true;
    struct cache_space space = cache_space();
    if (space.dirty != 0 || space.free != space.pages) {
        abort();
    }
    for (enum quota what = 0; what < QUOTAS; what++) {
        if (quota_held(what, 0) != 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static bool started;
    if (!started) {
        host_start(128, answer);
        started = true;
    }
    input = (struct input){.byte = byte, .left = size};
    host_turn(1); // it tells what it is
    while (input.left > 0) {
        act();
    }
    end();
    return 0;
}
