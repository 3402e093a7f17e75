// SPDX-License-Identifier: MIT
// Contents of files: between the memory of clients and that of the cache, copied once.
#include <string.h>

#include "access.h"
#include "cache.h"
#include "fetch.h"
#include "fsd.h"
#include "requests.h"
#include "write.h"

constexpr uint64_t PIECE = 1 << 20; // bytes that are written in one step
constexpr uint64_t END = UINT64_MAX;
constexpr uint64_t SPARE = 64; // pages: a volume with fewer left is asked at each write

static uint64_t least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + CACHE_PAGE - 1) / CACHE_PAGE;
}

// --- Reading ------------------------------------------------------------------------------------

// Pages to read together: the more, the further into the file, as long as one follows the other.
static uint64_t reach_of(const struct node *node, uint64_t index)
{
    constexpr uint64_t LEAST = 4;
    uint64_t left = pages_of(node->stat.size) - index;
    bool follows = index == 0 || cache_find(node, index - 1) != 0;
    return least(left, !follows ? 1 : index < LEAST ? LEAST : index);
}

// A page that is valid, in `page`.
static struct kozo_message get_page(struct node *node, uint64_t index, uint32_t *page,
                                    struct operation *operation)
{
    *page = cache_find(node, index);
    if (*page == 0) {
        *page = cache_take(node, index, cache_order(index, reach_of(node, index)));
    }
    if (*page == 0) {
        return write_wait_for_room(operation);
    }
    return fetch_page(node, *page, operation);
}

static struct kozo_message read_file(struct node *node, uint64_t offset, uint8_t *bytes,
                                     uint64_t length, struct operation *operation)
{
    while (operation->cursor < length) {
        uint64_t at = offset + operation->cursor;
        size_t within = at % CACHE_PAGE;
        uint64_t part = least(CACHE_PAGE - within, length - operation->cursor);
        uint32_t page = 0;
        struct kozo_message got = get_page(node, at / CACHE_PAGE, &page, operation);
        if (!is_ok(&got)) {
            if (got.info.label == KOZO_PENDING && page != 0) {
                fetch_ahead(node, page);
            }
            return got;
        }
        memcpy(bytes + operation->cursor, cache_bytes(page) + within, part);
        operation->cursor += part;
        cache_touch(page);
    }
    return kozo_files_read_answer(operation->cursor);
}

struct kozo_message serve_read(struct kozo_caller *caller,
                               const struct kozo_files_read_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_node(caller, asked->file, PLACE_READ);
    uint8_t *bytes = fsd_data(caller->session, asked->at, asked->length);
    if (access.error != KOZO_OK || bytes == nullptr) {
        return kozo_answer(access.error != KOZO_OK ? access.error : KOZO_BAD_ARGUMENT);
    }
    if (access.node->kind != KOZO_NODE_FILE && access.node->kind != KOZO_NODE_LINK) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct kozo_message known = fetch_stat(access.node, operation);
    if (!is_ok(&known)) {
        return known;
    }
    uint64_t size = access.node->stat.size;
    uint64_t left = asked->offset < size ? size - asked->offset : 0;
    return read_file(access.node, asked->offset, bytes, least(asked->length, left), operation);
}

// --- Writing ------------------------------------------------------------------------------------

// A page that can be written to: from `start` to `end` of it all is overwritten, the rest is kept.
static struct kozo_message prepare_page(struct node *node, uint64_t index, uint64_t start,
                                        uint64_t end, uint64_t reach, struct operation *operation)
{
    uint32_t page = cache_find(node, index);
    if (page == 0) {
        page = cache_take(node, index, cache_order(index, reach));
        if (page == 0) {
            return write_wait_for_room(operation);
        }
    }
    uint8_t flags = cache_page(page)->flags;
    if ((flags & CACHE_VALID) != 0) {
        return kozo_answer(KOZO_OK);
    }
    uint64_t size = node->stat.size;
    uint64_t there = size > index * CACHE_PAGE ? size - index * CACHE_PAGE : 0;
    bool kept = there > 0 && (start > 0 || end < least(there, CACHE_PAGE));
    if (kept || (flags & CACHE_READING) != 0) {
        return fetch_page(node, page, operation);
    }
    memset(cache_bytes(page), 0, start);
    memset(cache_bytes(page) + end, 0, CACHE_PAGE - end);
    return kozo_answer(KOZO_OK);
}

// Makes all pages of a piece ready, before anything of it is written.
static struct kozo_message prepare(struct node *node, uint64_t offset, uint64_t length,
                                   struct operation *operation)
{
    for (uint64_t done = 0; done < length;) {
        uint64_t at = offset + done;
        uint64_t start = at % CACHE_PAGE;
        uint64_t part = least(CACHE_PAGE - start, length - done);
        uint64_t index = at / CACHE_PAGE;
        uint64_t ahead = pages_of(length - done);
        bool append = index >= pages_of(node->stat.size);
        uint64_t reach = append && index > ahead ? index : ahead;
        struct kozo_message prepared =
            prepare_page(node, index, start, start + part, reach, operation);
        if (!is_ok(&prepared)) {
            return prepared;
        }
        done += part;
    }
    return kozo_answer(KOZO_OK);
}

// Copies a piece into pages that are ready. Gives how much: a page may have gone for want of room.
static uint64_t copy_in(struct node *node, uint64_t offset, const uint8_t *bytes, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        uint64_t at = offset + done;
        size_t within = at % CACHE_PAGE;
        uint64_t part = least(CACHE_PAGE - within, length - done);
        uint32_t page = cache_find(node, at / CACHE_PAGE);
        if (page == 0) {
            break;
        }
        memcpy(cache_bytes(page) + within, bytes + done, part);
        cache_page(page)->flags |= CACHE_VALID;
        cache_dirty(page);
        done += part;
    }
    return done;
}

static void note_written(struct node *node, uint64_t end)
{
    uint64_t before = pages_of(node->stat.size);
    if (end > node->stat.size) {
        uint64_t grown = pages_of(end) - before;
        node->stat.size = end;
        node->stat.blocks += least(grown, PIECE / CACHE_PAGE) * (CACHE_PAGE / 512);
    }
    node->stat.modified = fsd_date();
    node->stat.changed = node->stat.modified;
    node->time_ahead = true;
    node->version++;
}

// Whether the volume may have too little room for what is in memory and this.
static bool is_tight(const struct volume *volume, uint64_t length)
{
    uint64_t room = volume->free * volume->block / CACHE_PAGE;
    return volume->dirty + volume->under_way + pages_of(length) + SPARE > room;
}

// What went to the volume goes into pages that are in memory too, which may be lent.
static void copy_over(struct node *node, uint64_t offset, const uint8_t *bytes, uint64_t length)
{
    for (uint64_t done = 0; done < length;) {
        uint64_t at = offset + done;
        size_t within = at % CACHE_PAGE;
        uint64_t part = least(CACHE_PAGE - within, length - done);
        uint32_t page = cache_find(node, at / CACHE_PAGE);
        if (page != 0 && (cache_page(page)->flags & CACHE_VALID) != 0) {
            memcpy(cache_bytes(page) + within, bytes + done, part);
        }
        done += part;
    }
}

static enum kozo_error through_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_write_result result = kozo_volume_write_end(entry);
    struct node *node = request->node;
    uint64_t end = request->start + result.done;
    node->changing = false;
    node->version++;
    request->volume->stale = true;
    // Of a shared volume what is known holds for a moment anyway.
    node->known = node->known && volume_is_shared(node->volume);
    bool good = result.error == KOZO_OK && result.done <= request->length;
    if (good && end > node->stat.size) {
        node->stat.size = end;
    }
    bool refused = result.error == KOZO_NO_MEMORY; // nothing has changed
    if (volume_is_shared(node->volume) || (!good && !refused)) {
        cache_drop_node(node);
    } else if (good) {
        copy_over(node, request->start, request->bytes, result.done);
    }
    queue_wake(&node->waiting);
    return result.error == KOZO_OK && result.done > request->length ? KOZO_NO_REPLY : result.error;
}

// Writes to a volume that is nearly full, or shared, at once, and for a client that has a limit: it learns how much went in, and
// others see it. What is in memory goes before; for one with a limit that of the file, which others may have written.
static struct kozo_message write_through(struct node *node, uint64_t offset, const uint8_t *bytes,
                                         uint64_t length, struct operation *operation)
{
    struct volume *volume = node->volume;
    uint64_t pays = place_pays(operation->place);
    uint32_t stamp = cache_stamp();
    if (pays != 0 ? write_is_due(node, stamp) : write_is_due_on(volume, stamp)) {
        write_back(volume, pays != 0 ? node : nullptr, stamp);
        return operation_wait(operation, &volume->waiting);
    }
    struct request *request = request_new(volume, operation, through_done);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    request->change = true;
    request->start = offset;
    request->length = least(length, request->size);
    memcpy(request->bytes, bytes, request->length);
    request_hold(request, node, nullptr);
    uint64_t number = kozo_volume_write_begin(&volume->session, node->number, offset, request->at,
                                              request->length, pays);
    if (!request_begun(request, number)) {
        return operation_wait(operation, &volume->waiting);
    }
    node->changing = true;
    operation->limit = (uint32_t)request->length;
    return kozo_later();
}

// What has come of a part that was written through: whether more may follow.
static bool end_through(struct operation *operation)
{
    uint64_t done = operation->error == KOZO_OK ? operation->word[0] : 0;
    operation->stage = STAGE_START;
    operation->cursor += done;
    return operation->error == KOZO_OK && done == operation->limit;
}

// How far a write came; an error counts when that is nowhere.
static struct kozo_message end_write(const struct operation *operation, enum kozo_error error)
{
    return operation->cursor > 0 || error == KOZO_OK
               ? kozo_files_write_answer(operation->cursor, operation->start + operation->cursor)
               : kozo_answer(error);
}

static struct kozo_message write_piece(struct node *node, uint64_t offset, const uint8_t *bytes,
                                       uint64_t length, struct operation *operation)
{
    struct volume *volume = node->volume;
    // What others see too, they see at once.
    if (volume_is_shared(volume)) {
        return write_through(node, offset, bytes, length, operation);
    }
    if (is_tight(volume, length) && volume->stale) {
        return volume_describe(volume, 0, operation);
    }
    if (is_tight(volume, length) || place_pays(operation->place) != 0) {
        return write_through(node, offset, bytes, length, operation);
    }
    cache_protect(node, offset / CACHE_PAGE, (offset + length - 1) / CACHE_PAGE);
    struct kozo_message prepared = prepare(node, offset, length, operation);
    cache_protect(nullptr, 0, 0);
    if (is_ok(&prepared)) {
        uint64_t done = copy_in(node, offset, bytes, length);
        operation->cursor += done;
        if (done == 0) {
            return kozo_answer(KOZO_NO_MEMORY); // not even one page stays
        }
        note_written(node, offset + done);
        node_hold_written(node, operation->place);
        struct cache_space space = cache_space();
        if (space.dirty > space.limit / 2) {
            (void)write_for_room();
        }
    }
    return prepared;
}

static struct kozo_message write_file(struct node *node, uint64_t offset, const uint8_t *bytes,
                                      uint64_t length, struct operation *operation)
{
    if (operation->cursor == 0) {
        operation->start = offset;
    }
    while (operation->cursor < length) {
        if (node->changing) {
            return operation_wait(operation, &node->waiting);
        }
        uint64_t part = least(PIECE, length - operation->cursor);
        struct kozo_message written = write_piece(node, operation->start + operation->cursor,
                                                  bytes + operation->cursor, part, operation);
        if (written.info.label == KOZO_PENDING) {
            return written;
        }
        if (!is_ok(&written)) {
            return end_write(operation, (enum kozo_error)written.info.label);
        }
    }
    return end_write(operation, KOZO_OK);
}

struct kozo_message serve_write(struct kozo_caller *caller,
                                const struct kozo_files_write_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_kind(caller, asked->file, PLACE_WRITE, KOZO_NODE_FILE);
    const uint8_t *bytes = fsd_data(caller->session, asked->at, asked->length);
    if (access.error != KOZO_OK || bytes == nullptr) {
        return kozo_answer(access.error != KOZO_OK ? access.error : KOZO_BAD_ARGUMENT);
    }
    if (operation->stage == STAGE_DONE && !end_through(operation)) {
        return end_write(operation, operation->error);
    }
    struct kozo_message known = access_may_store(caller->session, access.node->volume)
                                    ? fetch_stat(access.node, operation)
                                    : kozo_answer(KOZO_NO_MEMORY);
    if (!is_ok(&known)) {
        return known;
    }
    // At the end, no more than goes in at one stroke: others may write there too.
    bool append = asked->offset == END;
    uint64_t offset = append ? access.node->stat.size : asked->offset;
    uint64_t length = append ? least(asked->length, PIECE) : asked->length;
    if (offset > INT64_MAX || length > INT64_MAX - offset) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return write_file(access.node, offset, bytes, length, operation);
}
