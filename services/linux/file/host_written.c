// SPDX-License-Identifier: MIT
#include "host_written.h"

#include "../core/clock.h"
#include "../core/deadline.h"
#include "../core/errno.h"
#include "../memory/backing.h"
#include "file.h"
#include "host_cache.h"
#include "host_node.h"

#include <string.h>

constexpr uint64_t AT_LATEST = 30'000'000'000; // nanoseconds

static struct host_node *first;
uint32_t written_due;

static void make_due(struct host_node *host)
{
    if (!host->written.due) {
        host->written.due = true;
        written_due++;
    }
}

void written_all_due(void)
{
    for (struct host_node *host = first; host != nullptr; host = host->written.next) {
        make_due(host);
    }
}

static void time_is_up(struct deadline *deadline)
{
    (void)deadline;
    written_all_due();
}

static struct deadline latest = {.due = time_is_up};

void written_note(struct host_node *host, struct chunk *chunk, size_t page)
{
    chunk_note(chunk, (chunk_pages)(1u << page), &host->written.list);
    if (!host->written.listed) {
        host->written.listed = true;
        node_keep(&host->node);
        host->written.next = first;
        first = host;
    }
    if (!latest.set) {
        deadline_set(&latest, clock_monotonic() + AT_LATEST);
    }
}

bool written_doubt(struct host_node *host)
{
    if (host->written.listed) {
        make_due(host);
    }
    return host->written.listed;
}

void written_unmapped(struct file *file)
{
    if (host_of(file->node)->written.listed) {
        make_due(host_of(file->node));
    }
}

// Sending.

// Pages of a chunk that are being sent, counted meanwhile.
struct parcel {
    uint64_t index; // of the chunk
    page_number page;
    chunk_pages left;
};

static struct parcel take_parcel(struct host_node *host)
{
    struct chunk *chunk = host->written.list.first;
    struct parcel parcel = {chunk->index, chunk->first, chunk_take(chunk)};
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        page_keep(parcel.page + i);
    }
    mappings_guard(&host->node, parcel.index * CHUNK_SIZE, CHUNK_SIZE);
    return parcel;
}

// Puts as many of its pages as there is room for, from the first on that is left, into a piece. How many.
static uint32_t fill(const struct parcel *parcel, const struct files_piece *piece)
{
    uint32_t at = (uint32_t)__builtin_ctz(parcel->left);
    uint32_t count = 0;
    while (at + count < CHUNK_OF_PAGES && (parcel->left >> (at + count) & 1) != 0 &&
           (count + 1) * PAGE_BYTES <= piece->size) {
        memcpy(piece->bytes + count * PAGE_BYTES, page_bytes(parcel->page + at + count),
               PAGE_BYTES);
        count++;
    }
    return count;
}

// What a mapping holds behind the end of the file is not of the file, and does not become so when that grows.
static void clear_behind(const struct parcel *parcel, uint32_t at, size_t inside)
{
    if (inside % PAGE_BYTES != 0) {
        uint8_t *bytes = page_bytes(parcel->page + at + (page_number)(inside / PAGE_BYTES));
        memset(bytes + inside % PAGE_BYTES, 0, PAGE_BYTES - inside % PAGE_BYTES);
    }
}

static int64_t send_parcel(struct host_node *host, uint64_t number, const struct files_piece *piece,
                           struct parcel *parcel)
{
    int64_t error = host_learn_by(host, number, piece);
    while (error == 0 && parcel->left != 0) {
        uint32_t at = (uint32_t)__builtin_ctz(parcel->left);
        uint64_t offset = parcel->index * CHUNK_SIZE + at * PAGE_BYTES;
        if (offset >= host->known.size) {
            // Somebody else has cut it.
            mappings_cut(&host->node, offset);
            break;
        }
        uint32_t count = fill(parcel, piece);
        size_t size = count * PAGE_BYTES;
        if (size > host->known.size - offset) {
            size = host->known.size - offset;
            clear_behind(parcel, at, size);
        }
        struct files_moved moved = files_write(number, offset, piece, size);
        error = host_told(host, moved.error);
        error = error == 0 && moved.done < size ? -ENOSPC : error;
        parcel->left &= error == 0 ? (chunk_pages) ~(((1u << count) - 1) << at) : parcel->left;
    }
    return error;
}

static void give_parcel(const struct parcel *parcel)
{
    for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
        page_drop(parcel->page + i);
    }
}

// What could not be sent is still there to be, if its contents are.
static void take_back(struct host_node *host, const struct parcel *parcel)
{
    struct chunk *chunk = chunk_find(&host->node, parcel->index);
    if (chunk != nullptr && chunk->first == parcel->page && parcel->left != 0) {
        chunk_note(chunk, parcel->left, &host->written.list);
    }
}

// Sends the first chunk, and waits for who sends one already.
static int64_t send_first(struct host_node *host, bool again)
{
    uint64_t number = host_number(host);
    struct files_piece piece = files_piece_take();
    int64_t error = 0;
    gate_enter(&host->written.gate);
    if (host->written.list.first != nullptr) {
        struct parcel parcel = take_parcel(host);
        error = send_parcel(host, number, &piece, &parcel);
        if (error == -EIO && again) {
            take_back(host, &parcel);
        }
        give_parcel(&parcel);
    }
    gate_leave(&host->written.gate);
    files_piece_give(piece);
    return error;
}

// Nothing of it is left: it is not counted any more.
static void leave(struct host_node *host)
{
    if (!host->written.listed || host->written.list.first != nullptr) {
        return;
    }
    struct host_node **place = &first;
    while (*place != host) {
        place = &(*place)->written.next;
    }
    *place = host->written.next;
    host->written.listed = false;
    if (host->written.due) {
        host->written.due = false;
        written_due--;
    }
    if (first == nullptr) {
        deadline_clear(&latest);
    }
    node_drop(&host->node);
}

// Whether there is something that was written to before a note was made, or somebody sends just now.
static bool is_more(const struct written *written, uint64_t note)
{
    return (written->list.first != nullptr && written->list.first->note <= note) ||
           written->gate.taken;
}

// What is written to meanwhile is left to the next.
static void send_all(struct host_node *host)
{
    bool again = true; // its number may have to be found anew, once
    uint64_t note = chunk_last_note();
    while (is_more(&host->written, note)) {
        int64_t error = send_first(host, again);
        if (error == -EIO && again) {
            again = false;
            note = chunk_last_note();
        } else if (error != 0) {
            host->written.error = error;
        }
    }
}

int64_t written_send(struct host_node *host)
{
    if (host->written.listed) {
        node_keep(&host->node);
        send_all(host);
        leave(host);
        node_drop(&host->node);
    }
    int64_t error = host->written.error;
    host->written.error = 0;
    return error;
}

static struct host_node *take_due(void)
{
    struct host_node *host = first;
    while (host != nullptr && !host->written.due) {
        host = host->written.next;
    }
    if (host != nullptr) {
        host->written.due = false;
        written_due--;
        node_keep(&host->node);
    }
    return host;
}

void written_settle(bool ended)
{
    static bool taken;
    if (ended && taken) {
        return;
    }
    taken |= ended;
    struct host_node *host = nullptr;
    while ((host = take_due()) != nullptr) {
        send_all(host);
        leave(host);
        node_drop(&host->node);
    }
    if (ended) {
        taken = false;
    }
}
