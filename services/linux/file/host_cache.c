// SPDX-License-Identifier: MIT
// Chunks of files of the host.
#include "host_cache.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/pages.h"
#include "files.h"
#include "gate.h"
#include "node.h"

#include <string.h>

constexpr uint32_t BUCKETS = 256;
constexpr uint64_t PART_OF_MEMORY = 4; // at most this part of it is kept

static struct chunk *bucket[BUCKETS];
static struct chunk *newest, *oldest;
static uint64_t chunks;
static uint64_t notes;

static struct chunk **place_of(const struct node *node, uint64_t index)
{
    struct chunk **place = &bucket[((uintptr_t)node / 64 + index) % BUCKETS];
    while (*place != nullptr && ((*place)->node != node || (*place)->index != index)) {
        place = &(*place)->hash_next;
    }
    return place;
}

// The order in which they go.

static void take_out(struct chunk *chunk)
{
    *(chunk->newer != nullptr ? &chunk->newer->older : &newest) = chunk->older;
    *(chunk->older != nullptr ? &chunk->older->newer : &oldest) = chunk->newer;
}

static void put_first(struct chunk *chunk)
{
    chunk->newer = nullptr;
    chunk->older = newest;
    *(newest != nullptr ? &newest->newer : &oldest) = chunk;
    newest = chunk;
}

static void drop(struct chunk *chunk)
{
    *place_of(chunk->node, chunk->index) = chunk->hash_next;
    take_out(chunk);
    (void)chunk_take(chunk);
    chunks--;
    pages_drop(chunk->first, CHUNK_OF_PAGES);
    store_give(chunk, sizeof *chunk);
}

// Whether who maps it next is to see just these pages.
static bool is_needed(const struct chunk *chunk)
{
    bool needed = chunk->written != 0;
    for (uint32_t i = 0; i < CHUNK_OF_PAGES && !chunk->node->system->keeps; i++) {
        needed |= page_is_shared(chunk->first + i);
    }
    return needed;
}

// Gives up the oldest that is not needed, of so many. False when all are.
static bool drop_oldest(uint64_t most)
{
    for (uint64_t i = 0; i < most && oldest != nullptr; i++) {
        struct chunk *chunk = oldest;
        if (!is_needed(chunk)) {
            drop(chunk);
            return true;
        }
        take_out(chunk);
        put_first(chunk);
    }
    return false;
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
    constexpr uint64_t most = 64; // that are looked at each time
    while (chunks * CHUNK_OF_PAGES > pages_there() / PART_OF_MEMORY && drop_oldest(most)) {
    }
    page_number first = pages_take(CHUNK_ORDER);
    while (first == 0 && drop_oldest(chunks)) {
        first = pages_take(CHUNK_ORDER);
    }
    return first;
}

// Fills pages with what the file has there, in pieces; the rest is zero.
static int64_t fill(uint64_t file, uint64_t index, page_number first, struct gate *gate)
{
    struct files_piece piece = files_piece_take();
    if (gate != nullptr) {
        gate_enter(gate);
    }
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
    if (gate != nullptr) {
        gate_leave(gate);
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
    *chunk = (struct chunk){.node = node, .index = index, .first = first};
    struct chunk **place = &bucket[((uintptr_t)node / 64 + index) % BUCKETS];
    chunk->hash_next = *place;
    *place = chunk;
    put_first(chunk);
    chunks++;
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        page_keep(first + i);
    }
}

struct chunk *chunk_find(const struct node *node, uint64_t index)
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

struct chunk_result chunk_get(const struct node *node, uint64_t file, uint64_t index,
                              struct gate *gate)
{
    const struct chunk *chunk = chunk_find(node, index);
    if (chunk != nullptr) {
        return keep(chunk);
    }
    page_number first = take_pages();
    if (first == 0) {
        return (struct chunk_result){.error = -ENOMEM};
    }
    int64_t error = fill(file, index, first, gate);
    // Somebody else may have been faster.
    chunk = error == 0 ? chunk_find(node, index) : nullptr;
    if (error != 0 || chunk != nullptr) {
        pages_drop(first, CHUNK_OF_PAGES);
        return error != 0 ? (struct chunk_result){.error = error} : keep(chunk);
    }
    put(node, index, first);
    return (struct chunk_result){0, first};
}

// What was written to.

void chunk_note(struct chunk *chunk, chunk_pages pages, struct chunk_list *list)
{
    chunk->written |= pages;
    if (chunk->list != nullptr) {
        return;
    }
    chunk->list = list;
    chunk->note = ++notes;
    chunk->next = nullptr;
    chunk->previous = list->last;
    *(list->last != nullptr ? &list->last->next : &list->first) = chunk;
    list->last = chunk;
}

chunk_pages chunk_take(struct chunk *chunk)
{
    chunk_pages written = chunk->written;
    struct chunk_list *list = chunk->list;
    if (list != nullptr) {
        *(chunk->previous != nullptr ? &chunk->previous->next : &list->first) = chunk->next;
        *(chunk->next != nullptr ? &chunk->next->previous : &list->last) = chunk->previous;
    }
    chunk->list = nullptr;
    chunk->written = 0;
    return written;
}

uint64_t chunk_last_note(void)
{
    return notes;
}

static size_t part_of_page(uint64_t offset, size_t size)
{
    uint64_t room = PAGE_BYTES - offset % PAGE_BYTES;
    return size < room ? size : room;
}

static uint8_t *byte_of(const struct chunk *chunk, uint64_t offset)
{
    page_number page = chunk->first + (page_number)(offset % CHUNK_SIZE / PAGE_BYTES);
    return (uint8_t *)page_bytes(page) + offset % PAGE_BYTES;
}

void chunks_write(const struct node *node, uint64_t offset, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        size_t part = part_of_page(offset, size);
        const struct chunk *chunk = chunk_find(node, offset / CHUNK_SIZE);
        if (chunk != nullptr) {
            memcpy(byte_of(chunk, offset), bytes, part);
        }
        offset += part;
        bytes += part;
        size -= part;
    }
}

void chunks_lay_over(const struct node *node, uint64_t offset, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        size_t part = part_of_page(offset, size);
        const struct chunk *chunk = chunk_find(node, offset / CHUNK_SIZE);
        if (chunk != nullptr && (chunk->written >> (offset % CHUNK_SIZE / PAGE_BYTES) & 1) != 0) {
            memcpy(bytes, byte_of(chunk, offset), part);
        }
        offset += part;
        bytes += part;
        size -= part;
    }
}

// The part of a chunk that stays begins it, and is less than all.
static void cut(struct chunk *chunk, uint64_t inside)
{
    struct chunk_list *list = chunk->list;
    uint64_t pages = (inside + PAGE_BYTES - 1) / PAGE_BYTES;
    chunk_pages kept = chunk_take(chunk) & (chunk_pages)((1u << pages) - 1);
    if (kept != 0) {
        chunk_note(chunk, kept, list);
    }
    for (uint64_t at = inside; at < CHUNK_SIZE;) {
        size_t part = part_of_page(at, CHUNK_SIZE - at);
        memset(byte_of(chunk, at), 0, part);
        at += part;
    }
}

void chunks_cut(const struct node *node, uint64_t size)
{
    struct chunk *chunk = newest;
    while (chunk != nullptr) {
        struct chunk *older = chunk->older;
        uint64_t start = chunk->index * CHUNK_SIZE;
        if (chunk->node == node && start >= size) {
            drop(chunk);
        } else if (chunk->node == node && size - start < CHUNK_SIZE) {
            cut(chunk, size - start);
        }
        chunk = older;
    }
}
