// SPDX-License-Identifier: MIT
// What libext2fs reads again and again, blocks of inodes and folders, is kept in a small cache; what
// is larger than a page is contents, which the file server keeps.
#include "disk.h"

#include <kozo/process_info.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

#include "server.h"

constexpr uint64_t SHARE_AT = KOZO_PROCESS_FREE;
constexpr size_t LINE = 4096;
constexpr size_t LINES = 128;

static struct {
    struct server *server;
    struct kozo_session session;
    uint64_t size; // bytes
    bool known[LINES];
    uint64_t line[LINES]; // which of the disk
    uint8_t bytes[LINES][LINE];
} disk;

// Waits for the completion of a read. A driver that began a new life has taken the memory along: then
// this process begins anew too.
static bool await(uint64_t number)
{
    struct kozo_entry entry;
    while (number != 0) {
        if (kozo_session_next(&disk.session, &entry)) {
            if (entry.number == number) {
                return kozo_entry_error(&entry, 0) == KOZO_OK;
            }
            continue;
        }
        if (kozo_session_lost(&disk.session, number)) {
            kozo_exit(1);
        }
        server_wait(disk.server, KOZO_SIGNAL_USES);
    }
    return false;
}

// Reads whole blocks, at most as many as the shared memory holds.
static bool read_blocks(uint64_t offset, uint8_t *to, size_t length)
{
    uint64_t number =
        kozo_block_read_begin(&disk.session, offset / KOZO_BLOCK_SIZE, length / KOZO_BLOCK_SIZE, 0);
    bool read = await(number);
    memcpy(to, (const uint8_t *)SHARE_AT, read ? length : 0);
    return read;
}

static const uint8_t *get_line(uint64_t line)
{
    size_t place = line % LINES;
    if (!disk.known[place] || disk.line[place] != line) {
        uint64_t left = disk.size - line * LINE;
        disk.known[place] = false;
        if (!read_blocks(line * LINE, disk.bytes[place], left < LINE ? left : LINE)) {
            return nullptr;
        }
        disk.known[place] = true;
        disk.line[place] = line;
    }
    return disk.bytes[place];
}

static bool read_lines(uint64_t offset, uint8_t *to, size_t length)
{
    while (length > 0) {
        size_t within = offset % LINE;
        size_t part = LINE - within < length ? LINE - within : length;
        const uint8_t *line = get_line(offset / LINE);
        if (line == nullptr) {
            return false;
        }
        memcpy(to, line + within, part);
        offset += part;
        to += part;
        length -= part;
    }
    return true;
}

static bool read(void *context, uint64_t offset, void *buffer, size_t length)
{
    (void)context;
    uint8_t *to = buffer;
    bool plain = offset % KOZO_BLOCK_SIZE == 0 && length % KOZO_BLOCK_SIZE == 0;
    if (length <= LINE || !plain) {
        return read_lines(offset, to, length);
    }
    while (length > 0) {
        size_t part = length < KOZO_BLOCK_MOST ? length : KOZO_BLOCK_MOST;
        if (!read_blocks(offset, to, part)) {
            return false;
        }
        offset += part;
        to += part;
        length -= part;
    }
    return true;
}

static bool take_share(uint64_t slot)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = slot;
    buffer->receive_count = 1;
    enum kozo_error error = kozo_block_share(disk.session.service);
    buffer->receive_slot = 0;
    return error == KOZO_OK &&
           kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                            (struct kozo_untyped){kozo_granted("memory")}) == KOZO_OK &&
           kozo_frame_map((struct kozo_frame){slot}, (struct kozo_slot){slot + 1},
                          (struct kozo_address_space){kozo_granted("self.space")}, SHARE_AT, 0,
                          KOZO_BLOCK_MOST, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK;
}

const char *disk_open(struct server *server, struct ext_device *device)
{
    disk.server = server;
    if (!kozo_session_open(&disk.session, "disk") ||
        !take_share(KOZO_PROCESS_SESSION_SLOT + KOZO_BOARD_SESSIONS)) {
        return "the disk's memory can't be shared";
    }
    struct kozo_block_info_result info = kozo_block_info(disk.session.service);
    if (info.error != KOZO_OK || info.blocks > UINT64_MAX / KOZO_BLOCK_SIZE) {
        return "the disk does not say what it is";
    }
    disk.size = info.blocks * KOZO_BLOCK_SIZE;
    *device = (struct ext_device){.size = disk.size, .read = read};
    return nullptr;
}
