// SPDX-License-Identifier: MIT
// Contents of files that the file server gives: reading, writing, and pages to map.
#include "../core/errno.h"
#include "file.h"
#include "host_node.h"
#include "host_written.h"
#include "linux.h"
#include "refusal.h"

static uint64_t round_up(uint64_t size)
{
    return (size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static struct chunk_result chunk_of(struct node *node, uint64_t offset)
{
    struct host_node *host = host_of(node);
    struct gate *gate = host_is_fixed(node) ? nullptr : &host->written.gate;
    struct chunk_result chunk = chunk_get(node, host_number(host), offset / CHUNK_SIZE, gate);
    if (chunk.error == -EIO) {
        host_forget_number(host);
        chunk = chunk_get(node, host_number(host), offset / CHUNK_SIZE, gate);
    }
    return chunk;
}

// Small reads of what does not change come from whole chunks; the pages are counted over the copy.
static int64_t read_chunks(struct file *file, struct transfer *transfer, uint64_t offset)
{
    struct host_node *host = host_of(file->node);
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0 && offset < host->known.size) {
        struct chunk_result chunk = chunk_of(file->node, offset);
        if (chunk.error != 0) {
            return transfer_result(transfer, chunk.error);
        }
        uint64_t end = (offset / CHUNK_SIZE + 1) * CHUNK_SIZE;
        end = end < host->known.size ? end : host->known.size;
        while (error == 0 && transfer_left(transfer) > 0 && offset < end) {
            page_number page = chunk.first + (page_number)(offset % CHUNK_SIZE / PAGE_BYTES);
            const uint8_t *bytes = page_bytes(page);
            uint64_t room = PAGE_BYTES - offset % PAGE_BYTES;
            size_t part = transfer_left(transfer);
            part = part < room ? part : room;
            part = part < end - offset ? part : end - offset;
            error = transfer_give(transfer, bytes + offset % PAGE_BYTES, part);
            offset += part;
        }
        for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
            page_drop(chunk.first + i);
        }
    }
    return transfer_result(transfer, error);
}

// Reads into a piece what the file has, and what mappings have written to it.
static struct files_moved read_piece(struct host_node *host, uint64_t number, uint64_t offset,
                                     const struct files_piece *piece, size_t wanted)
{
    if (!host->written.listed) {
        return files_read(number, offset, piece, wanted);
    }
    gate_enter(&host->written.gate);
    struct files_moved moved = files_read(number, offset, piece, wanted);
    if (moved.error == KOZO_OK) {
        chunks_lay_over(&host->node, offset, piece->bytes,
                        moved.done < wanted ? moved.done : wanted);
    }
    gate_leave(&host->written.gate);
    return moved;
}

static int64_t read_once(struct file *file, struct transfer *transfer, uint64_t offset)
{
    if (host_is_fixed(file->node) &&
        (transfer->size < CHUNK_SIZE || chunk_find(file->node, offset / CHUNK_SIZE) != nullptr)) {
        return read_chunks(file, transfer, offset);
    }
    uint64_t number = host_number(host_of(file->node));
    struct files_piece piece = files_piece_take();
    int64_t error = 0;
    bool more = true;
    while (error == 0 && more && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t wanted = left < piece.size ? left : piece.size;
        struct files_moved moved =
            read_piece(host_of(file->node), number, offset + transfer->done, &piece, wanted);
        size_t got = moved.done < wanted ? moved.done : wanted;
        error = host_told(host_of(file->node), moved.error);
        if (error == 0) {
            error = transfer_give(transfer, piece.bytes, got);
            more = got == wanted;
        }
    }
    files_piece_give(piece);
    return transfer_result(transfer, error);
}

static int64_t read_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    int64_t done = read_once(file, transfer, offset);
    return done == -EIO ? read_once(file, transfer, offset) : done;
}

static struct files_moved write_piece(struct host_node *host, uint64_t number, uint64_t offset,
                                      const struct files_piece *piece, size_t size)
{
    gate_enter(&host->written.gate);
    struct files_moved moved = files_write(number, offset, piece, size);
    if (moved.error == KOZO_OK) {
        moved.done = moved.done < size ? moved.done : size;
        chunks_write(&host->node, moved.end - moved.done, piece->bytes, moved.done);
    }
    gate_leave(&host->written.gate);
    return moved;
}

// What a mapping holds behind the end of the file is not to become part of a gap.
static void clear_behind(struct host_node *host)
{
    uint64_t number = host_number(host);
    struct files_piece piece = files_piece_take();
    gate_enter(&host->written.gate);
    if (host_learn_by(host, number, &piece) == 0) {
        chunks_cut(&host->node, host->known.size);
    }
    gate_leave(&host->written.gate);
    files_piece_give(piece);
}

static int64_t write_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    if (file->node->mappings > 0 && offset != APPEND && offset > host_of(file->node)->known.size) {
        clear_behind(host_of(file->node));
    }
    uint64_t number = host_number(host_of(file->node));
    struct files_piece piece = files_piece_take();
    int64_t error = 0;
    size_t written = 0;
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t wanted = left < piece.size ? left : piece.size;
        error = transfer_take(transfer, piece.bytes, wanted);
        if (error != 0) {
            break;
        }
        uint64_t where = offset == APPEND ? APPEND : offset + written;
        struct files_moved moved = write_piece(host_of(file->node), number, where, &piece, wanted);
        error = host_told(host_of(file->node), moved.error);
        if (error == 0) {
            written += moved.done;
            transfer->end = moved.end;
            error = moved.done < wanted ? -ENOSPC : 0;
        }
    }
    files_piece_give(piece);
    return written > 0 ? (int64_t)written : refusal_of_change(file->entry, error);
}

enum kozo_error host_resize(struct host_node *host, uint64_t number,
                            const struct files_piece *piece, const struct kozo_node_stat *record,
                            uint32_t what)
{
    struct node *node = &host->node;
    gate_enter(&host->written.gate);
    bool in_use = node->mappings > 0 || host->written.listed;
    // Where the file ends now: what mappings hold behind that is not to show when it grows.
    enum kozo_error error =
        in_use && host_learn_by(host, number, piece) != 0 ? KOZO_NO_REPLY : KOZO_OK;
    error = error == KOZO_OK ? host_change(number, piece, record, what) : error;
    if (error == KOZO_OK && in_use) {
        chunks_cut(node, record->size < host->known.size ? record->size : host->known.size);
    } else if (error == KOZO_OK) {
        chunks_forget(node);
    }
    gate_leave(&host->written.gate);
    if (error == KOZO_OK) {
        mappings_cut(node, round_up(record->size));
    }
    return error;
}

static int64_t resize(struct file *file, uint64_t size)
{
    struct linux_stat stat = {.size = size};
    return file->node->operations->change(file->node, &stat, CHANGE_SIZE);
}

static int64_t settle(struct file *file, bool data_only)
{
    (void)data_only;
    struct host_node *host = host_of(file->node);
    int64_t lost = written_send(host);
    int64_t error = host_told(host, files_sync(host_number(host), false));
    return lost != 0 ? lost : error;
}

// Whether the page of an offset is known to be there: something of its chunk was written to already.
static bool is_known(struct host_node *host, uint64_t offset)
{
    const struct chunk *chunk = chunk_find(&host->node, offset / CHUNK_SIZE);
    return host_is_fixed(&host->node) ||
           (chunk != nullptr && chunk->written != 0 && !host->doubted && offset < host->known.size);
}

static void drop_others(const struct chunk_result *chunk, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        if (i < first || i >= first + count) {
            page_drop(chunk->first + i);
        }
    }
}

// One page that may be written. It is noted in the chunk that all others see, or is not given.
static int64_t page_to_write(struct host_node *host, uint64_t offset,
                             const struct chunk_result *got, struct page_run *run)
{
    struct chunk *chunk = chunk_find(&host->node, offset / CHUNK_SIZE);
    uint32_t page = (uint32_t)(offset % CHUNK_SIZE / PAGE_BYTES);
    if (host->node.system->read_only || chunk == nullptr || chunk->first != got->first) {
        drop_others(got, 0, 0);
        return host->node.system->read_only ? -EROFS : -ENOMEM;
    }
    drop_others(got, page, 1);
    written_note(host, chunk, page);
    *run = (struct page_run){.start = offset / PAGE_BYTES * PAGE_BYTES,
                             .size = PAGE_BYTES,
                             .page = got->first + page,
                             .writable = true};
    return 0;
}

// The chunk of an offset, when that lies in the file and the file is still there for us.
static struct chunk_result chunk_to_map(struct node *node, uint64_t offset)
{
    struct host_node *host = host_of(node);
    int64_t error = is_known(host, offset) ? 0 : host_learn(host);
    if (error != 0) {
        return (struct chunk_result){.error = error};
    }
    if (offset >= round_up(host->known.size)) {
        return (struct chunk_result){.error = -ENXIO};
    }
    struct chunk_result chunk = chunk_of(node, offset);
    if (chunk.error == 0 && host->doubted) {
        // It may have been taken back meanwhile.
        error = host_learn(host);
        if (error != 0) {
            drop_others(&chunk, 0, 0);
            chunks_forget(node);
            chunk.error = error;
        }
    }
    return chunk;
}

// Mappings show pages of the sandbox's own, which follow what it writes to the file itself. What is written to them goes back:
// host_written.h.
static int64_t pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    struct host_node *host = host_of(file->node);
    struct chunk_result chunk = chunk_to_map(file->node, offset);
    if (chunk.error != 0) {
        return chunk.error;
    }
    if (write) {
        return page_to_write(host, offset, &chunk, run);
    }
    uint64_t start = offset / CHUNK_SIZE * CHUNK_SIZE;
    uint64_t left = (round_up(host->known.size) - start) / PAGE_BYTES;
    uint32_t count = left < CHUNK_OF_PAGES ? (uint32_t)left : CHUNK_OF_PAGES;
    drop_others(&chunk, 0, count);
    *run = (struct page_run){.start = start, .size = count * PAGE_BYTES, .page = chunk.first};
    return 0;
}

const struct file_operations host_file_operations = {
    .kind = "file",
    .read = read_file,
    .write = write_file,
    .truncate = resize,
    .sync = settle,
    .pages = pages,
    .unmapped = written_unmapped,
    .sized = true,
};
