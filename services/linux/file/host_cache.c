// SPDX-License-Identifier: MIT
// Chunks of files of the host.
#include "host_cache.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/pages.h"
#include "files.h"

#include <string.h>

constexpr uint32_t BUCKETS = 256;
constexpr uint64_t PART_OF_MEMORY = 4; // at most this part of it is kept

static struct chunk *bucket[BUCKETS];
static struct chunk *newest, *oldest;
static uint64_t chunks;

static struct chunk **place_of(const struct node *node, uint64_t index)
{
    struct chunk **place = &bucket[((uintptr_t)node / 64 + index) % BUCKETS];
    while (*place != nullptr && ((*place)->node != node || (*place)->index != index)) {
        place = &(*place)->hash_next;
    }
    return place;
}

static void drop(struct chunk *chunk)
{
    *place_of(chunk->node, chunk->index) = chunk->hash_next;
    *(chunk->newer != nullptr ? &chunk->newer->older : &newest) = chunk->older;
    *(chunk->older != nullptr ? &chunk->older->newer : &oldest) = chunk->newer;
    chunks--;
    pages_drop(chunk->first, CHUNK_OF_PAGES);
    store_give(chunk, sizeof *chunk);
}

void chunks_forget(const struct node *node)
{
    struct chunk *chunk = newest;
    while (chunk != nullptr) {
        struct chunk *older = chunk->older;
        if (chunk->node == node) {
            drop(chunk);
        }
        chunk = older;
    }
}

// Takes the pages for one more chunk; when there are none, old ones go.
static page_number take_pages(void)
{
    while (chunks > 0 && chunks * CHUNK_OF_PAGES > pages_there() / PART_OF_MEMORY) {
        drop(oldest);
    }
    page_number first = pages_take(CHUNK_ORDER);
    while (first == 0 && oldest != nullptr) {
        drop(oldest);
        first = pages_take(CHUNK_ORDER);
    }
    return first;
}

// Fills pages with what the file has there, in pieces; the rest is zero.
static int64_t fill(uint64_t file, uint64_t index, page_number first)
{
    struct files_piece piece = files_piece_take();
    enum kozo_error error = KOZO_OK;
    uint64_t offset = 0;
    bool more = true;
    while (error == KOZO_OK && offset < CHUNK_SIZE) {
        size_t got = 0;
        size_t wanted = piece.size < CHUNK_SIZE - offset ? piece.size : CHUNK_SIZE - offset;
        if (more) {
            struct files_moved moved =
                files_read(file, index * CHUNK_SIZE + offset, &piece, wanted);
            error = moved.error;
            got = moved.done < wanted ? moved.done : wanted;
            more = got == wanted;
        }
        // A piece is whole pages long, so each of them is filled in one go.
        for (size_t done = 0; error == KOZO_OK && done < wanted; done += PAGE_BYTES) {
            uint8_t *bytes = page_bytes(first + (page_number)((offset + done) / PAGE_BYTES));
            size_t part = got > done ? got - done : 0;
            part = part < PAGE_BYTES ? part : PAGE_BYTES;
            memcpy(bytes, piece.bytes + done, part);
            memset(bytes + part, 0, PAGE_BYTES - part);
        }
        offset += wanted;
    }
    files_piece_give(piece);
    return error == KOZO_OK ? 0 : error == KOZO_NO_RIGHT ? -EACCES : -EIO;
}

// Puts filled pages into the cache; without memory for that they are the caller's alone.
static void put(const struct node *node, uint64_t index, page_number first)
{
    struct chunk *chunk = store_take(sizeof *chunk);
    if (chunk == nullptr) {
        return;
    }
    *chunk = (struct chunk){.node = node, .index = index, .first = first, .older = newest};
    struct chunk **place = &bucket[((uintptr_t)node / 64 + index) % BUCKETS];
    chunk->hash_next = *place;
    *place = chunk;
    *(newest != nullptr ? &newest->newer : &oldest) = chunk;
    newest = chunk;
    chunks++;
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        page_keep(first + i);
    }
}

const struct chunk *chunk_find(const struct node *node, uint64_t index)
{
    return *place_of(node, index);
}

static struct chunk_result keep(const struct chunk *chunk)
{
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        page_keep(chunk->first + i);
    }
    return (struct chunk_result){0, chunk->first};
}

struct chunk_result chunk_get(const struct node *node, uint64_t file, uint64_t index)
{
    const struct chunk *chunk = chunk_find(node, index);
    if (chunk != nullptr) {
        return keep(chunk);
    }
    page_number first = take_pages();
    if (first == 0) {
        return (struct chunk_result){.error = -ENOMEM};
    }
    int64_t error = fill(file, index, first);
    // Somebody else may have been faster.
    chunk = error == 0 ? chunk_find(node, index) : nullptr;
    if (error != 0 || chunk != nullptr) {
        pages_drop(first, CHUNK_OF_PAGES);
        return error != 0 ? (struct chunk_result){.error = error} : keep(chunk);
    }
    put(node, index, first);
    return (struct chunk_result){0, first};
}

void chunks_write(const struct node *node, uint64_t offset, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        uint64_t room = PAGE_BYTES - offset % PAGE_BYTES;
        size_t part = size < room ? size : room;
        const struct chunk *chunk = chunk_find(node, offset / CHUNK_SIZE);
        if (chunk != nullptr) {
            page_number page = chunk->first + (page_number)(offset % CHUNK_SIZE / PAGE_BYTES);
            memcpy((uint8_t *)page_bytes(page) + offset % PAGE_BYTES, bytes, part);
        }
        offset += part;
        bytes += part;
        size -= part;
    }
}
