// SPDX-License-Identifier: MIT
// A client of a disk, for tests: `disk info`, `disk sum FIRST COUNT` (of all bytes, read in pieces),
// `disk fill BLOCK BYTE`, `disk refused`. Status 1 when the disk does not do as it should.
//
// It is given: a session with `disk`, `self`, and `memory` for page tables.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/rights.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr uint64_t SHARE_AT = KOZO_PROCESS_FREE;
constexpr uint64_t PIECE = KOZO_BLOCK_MOST / KOZO_BLOCK_SIZE;

static struct kozo_session disk;

static bool open_disk(void)
{
    uint64_t slot = kozo_process_info()->free_slot;
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    if (!kozo_session_open(&disk, "disk")) {
        return false;
    }
    buffer->receive_slot = slot;
    buffer->receive_count = 1;
    enum kozo_error error = kozo_block_share(disk.service);
    buffer->receive_slot = 0;
    return error == KOZO_OK &&
           kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                            (struct kozo_untyped){kozo_granted("memory")}) == KOZO_OK &&
           kozo_frame_map((struct kozo_frame){slot}, (struct kozo_slot){slot + 1},
                          (struct kozo_address_space){kozo_granted("self.space")}, SHARE_AT, 0,
                          KOZO_BLOCK_MOST, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK;
}

// Waits for the completion of a request that was begun.
static enum kozo_error await(uint64_t number)
{
    struct kozo_notification signal = {kozo_granted("signal")};
    struct kozo_entry entry;
    while (number != 0) {
        if (kozo_session_next(&disk, &entry)) {
            return entry.number == number ? kozo_entry_error(&entry, 0) : KOZO_BAD_STATE;
        }
        if (kozo_session_lost(&disk, number)) {
            return KOZO_NO_REPLY;
        }
        (void)kozo_notification_wait(signal);
    }
    return KOZO_WOULD_BLOCK;
}

static int show_info(void)
{
    struct kozo_block_info_result info = kozo_block_info(disk.service);
    char line[64];
    kozo_format(line, sizeof line, "%lu blocks%s\n", info.blocks,
                info.writable ? "" : ", for reading");
    kozo_print(line);
    return info.error == KOZO_OK ? 0 : 1;
}

static int show_sum(uint64_t first, uint64_t count)
{
    uint64_t sum = 0;
    while (count > 0) {
        uint64_t piece = count < PIECE ? count : PIECE;
        if (await(kozo_block_read_begin(&disk, first, piece, 0)) != KOZO_OK) {
            kozo_print("can't be read\n");
            return 1;
        }
        const uint8_t *bytes = (const uint8_t *)SHARE_AT;
        for (size_t i = 0; i < piece * KOZO_BLOCK_SIZE; i++) {
            sum += bytes[i];
        }
        first += piece;
        count -= piece;
    }
    char line[64];
    kozo_format(line, sizeof line, "%lu\n", sum);
    kozo_print(line);
    return 0;
}

static int fill(uint64_t block, uint64_t byte)
{
    memset((uint8_t *)SHARE_AT + KOZO_BLOCK_SIZE, (int)byte, KOZO_BLOCK_SIZE);
    bool good = await(kozo_block_write_begin(&disk, block, 1, KOZO_BLOCK_SIZE)) == KOZO_OK &&
                await(kozo_block_flush_begin(&disk)) == KOZO_OK;
    kozo_print(good ? "written\n" : "can't be written\n");
    return good ? 0 : 1;
}

// Requests that are out of range, each of which must be refused.
static int show_refused(void)
{
    uint64_t blocks = kozo_block_info(disk.service).blocks;
    const struct {
        uint64_t block, count, offset;
    } wrong[] = {
        {blocks, 1, 0},          {blocks - 1, 2, 0}, {UINT64_MAX, 1, 0},   {0, 0, 0},
        {0, PIECE + 1, 0},       {0, UINT64_MAX, 0}, {0, PIECE, 512},      {0, 1, 1},
        {0, 1, KOZO_BLOCK_MOST}, {0, 1, UINT64_MAX}, {1, UINT64_MAX, 512},
    };
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t number =
            kozo_block_read_begin(&disk, wrong[i].block, wrong[i].count, wrong[i].offset);
        refused += await(number) == KOZO_BAD_ARGUMENT;
        number = kozo_block_write_begin(&disk, wrong[i].block, wrong[i].count, wrong[i].offset);
        refused += await(number) == KOZO_BAD_ARGUMENT;
    }
    char line[64];
    kozo_format(line, sizeof line, "%u refused\n", refused);
    kozo_print(line);
    return refused == 2 * sizeof wrong / sizeof wrong[0] ? 0 : 1;
}

int main(int argument_count, char **arguments)
{
    if (!open_disk()) {
        kozo_print("there is no disk\n");
        return 1;
    }
    const char *what = argument_count > 1 ? arguments[1] : "info";
    uint64_t first = argument_count > 2 ? strtoul(arguments[2], nullptr, 0) : 0;
    uint64_t second = argument_count > 3 ? strtoul(arguments[3], nullptr, 0) : 0;
    if (strcmp(what, "sum") == 0) {
        return show_sum(first, second);
    }
    if (strcmp(what, "fill") == 0) {
        return fill(first, second);
    }
    return strcmp(what, "refused") == 0 ? show_refused() : show_info();
}
