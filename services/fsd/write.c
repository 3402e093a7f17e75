// SPDX-License-Identifier: MIT
#include "write.h"

#include <string.h>

#include "cache.h"

constexpr uint64_t AGE = 3'000'000'000; // ns after which what was written goes to the volume

static struct {
    struct queue waiting;
    uint64_t marked;    // when
    uint32_t mark;      // the stamp at that time
    uint32_t mark_last; // and the one before
} state;

// --- One run ------------------------------------------------------------------------------------

// What could not be written for a reason that passes is dirty again; else it is lost, and said so.
static void settle_pages(const struct request *request, enum kozo_error error)
{
    struct node *node = request->node;
    bool again = error != KOZO_OK && volume_is_lasting(node->volume) &&
                 node->volume->state == VOLUME_ABSENT && !node->gone;
    for (uint32_t page = request->page; page < request->page + request->pages; page++) {
        cache_page(page)->flags &= (uint8_t)~CACHE_WRITING;
        if (again) {
            cache_dirty(page);
        }
    }
    if (error != KOZO_OK && !again) {
        node->lost = error;
        node->volume->lost = error;
    }
}

static enum kozo_error times_done(struct request *request, const struct kozo_entry *entry)
{
    request->node->writing--;
    request->volume->writing--;
    node_written(request->node);
    queue_wake(&request->node->waiting);
    return kozo_volume_change_end(entry).error;
}

// The volume noted the time of the writing; the file was modified before that.
static void tell_time(struct node *node)
{
    struct volume *volume = node->volume;
    struct request *request = request_new_reserved(volume, times_done);
    if (request == nullptr) {
        return; // the volume keeps its own time
    }
    struct kozo_node_stat stat = node->stat;
    memcpy(request->bytes, &stat, sizeof stat);
    request_hold(request, node, nullptr);
    if (request_begun(request, kozo_volume_change_begin(&volume->session, node->number, request->at,
                                                        KOZO_CHANGE_MODIFIED))) {
        node->time_ahead = false;
        node->writing++;
        volume->writing++;
    }
}

static enum kozo_error write_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_write_result result = kozo_volume_write_end(entry);
    struct node *node = request->node;
    struct volume *volume = request->volume;
    if (result.error == KOZO_OK && result.done != request->length) {
        result.error = result.done < request->length ? KOZO_NO_MEMORY : KOZO_NO_REPLY;
    }
    node->writing--;
    volume->writing--;
    volume->stale = true;
    volume->under_way -= request->pages;
    uint64_t blocks = volume->block > 0 ? request->length / volume->block + 1 : 0;
    // One that has no memory after all takes nothing more until it is asked what it has.
    volume->free -= blocks < volume->free && result.error != KOZO_NO_MEMORY ? blocks : volume->free;
    settle_pages(request, result.error);
    cache_page(cache_run(request->page))->busy--;
    if (node->gone) {
        cache_drop_node(node);
    } else if (node->time_ahead && node->dirty_first == 0 && node->writing == 0) {
        tell_time(node);
    }
    node_written(node);
    queue_wake(&node->waiting);
    queue_wake(&state.waiting);
    return result.error;
}

static bool is_ready(uint32_t page)
{
    return (cache_page(page)->flags & (CACHE_DIRTY | CACHE_WRITING)) == CACHE_DIRTY;
}

// Begins to write some dirty pages that lie together; false when there is no free request.
static bool write_pages(struct node *node, uint32_t page, uint32_t last)
{
    struct volume *volume = node->volume;
    struct request *request = request_new(volume, nullptr, write_done);
    if (request == nullptr) {
        return false;
    }
    uint32_t count = 0;
    while (page + count < last && (count + 1) * CACHE_PAGE <= request->size &&
           is_ready(page + count)) {
        count++;
    }
    uint64_t offset = (uint64_t)cache_page(page)->index * CACHE_PAGE;
    uint64_t left = node->stat.size - offset;
    request->page = page;
    request->pages = count;
    request->length = count * CACHE_PAGE < left ? count * CACHE_PAGE : left;
    memcpy(request->bytes, cache_bytes(page), request->length);
    request_hold(request, node, nullptr);
    if (!request_begun(request, kozo_volume_write_begin(&volume->session, node->number, offset,
                                                        request->at, request->length, 0))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        cache_clean(page + i);
        cache_page(page + i)->flags |= CACHE_WRITING;
    }
    cache_page(cache_run(page))->busy++;
    node->writing++;
    volume->writing++;
    volume->under_way += count;
    return true;
}

// False when there is no free request.
static bool write_run(struct node *node, uint32_t run)
{
    uint32_t last = run + (1u << cache_page(run)->order);
    bool left = false;
    for (uint32_t page = run; page < last; page++) {
        bool beyond = (uint64_t)cache_page(page)->index * CACHE_PAGE >= node->stat.size;
        if (beyond) {
            cache_clean(page);
        } else if (is_ready(page) && !write_pages(node, page, last)) {
            return false;
        }
        left = left || (cache_page(page)->flags & CACHE_DIRTY) != 0;
    }
    if (!left) {
        cache_unqueue(node, run);
    }
    return true;
}

// --- Many ---------------------------------------------------------------------------------------

static bool is_by(uint32_t stamp, uint32_t limit)
{
    return (int32_t)(limit - stamp) >= 0;
}

// False when there is no free request.
static bool write_node(struct node *node, uint32_t stamp)
{
    bool more = true;
    node_use(node);
    for (uint32_t run = node->dirty_first; run != 0 && more && !node->changing;) {
        uint32_t next = cache_page(run)->dirty_next;
        if (is_by(cache_page(run)->stamp, stamp)) {
            more = write_run(node, run);
        }
        run = next;
    }
    node_release(node);
    return more;
}

void write_back(struct volume *volume, struct node *only, uint32_t stamp)
{
    if (volume->state != VOLUME_READY) {
        return;
    }
    if (only != nullptr) {
        (void)write_node(only, stamp);
        return;
    }
    for (struct node *node = volume->dirty_first; node != nullptr;) {
        struct node *next = node->dirty_next;
        if (!write_node(node, stamp)) {
            return;
        }
        node = next;
    }
}

bool write_is_due(const struct node *node, uint32_t stamp)
{
    return node->writing > 0 ||
           (node->dirty_first != 0 && is_by(cache_page(node->dirty_first)->stamp, stamp));
}

bool write_is_due_on(const struct volume *volume, uint32_t stamp)
{
    bool due = volume->writing > 0;
    for (const struct node *node = volume->dirty_first; node != nullptr && !due;
         node = node->dirty_next) {
        due = write_is_due(node, stamp);
    }
    return due;
}

void write_notice_lent(struct node *node, size_t place)
{
    for (uint32_t run = node->runs; run != 0; run = cache_page(run)->next_in) {
        if ((cache_page(run)->flags & CACHE_WRITABLE) == 0) {
            continue;
        }
        for (uint32_t page = run; page < run + (1u << cache_page(run)->order); page++) {
            if ((cache_page(page)->flags & CACHE_VALID) != 0 &&
                (uint64_t)cache_page(page)->index * CACHE_PAGE < node->stat.size) {
                cache_dirty(page);
            }
        }
    }
    if (node->dirty_first != 0) {
        node_hold_written(node, place);
    }
}

bool write_for_room(void)
{
    bool any = false;
    for (size_t i = 0; volume_at(i) != nullptr; i++) {
        write_back(volume_at(i), nullptr, cache_stamp());
        any = any || volume_at(i)->writing > 0;
    }
    return any;
}

struct kozo_message write_wait_for_room(struct operation *operation)
{
    return write_for_room() ? operation_wait(operation, &state.waiting)
                            : kozo_answer(KOZO_NO_MEMORY);
}

struct kozo_message write_wait_to_hold(struct operation *operation)
{
    return node_is_written_for(operation->place) ? write_wait_for_room(operation)
                                                 : kozo_answer(KOZO_NO_MEMORY);
}

void write_look(void)
{
    uint64_t now = fsd_now();
    if (now - state.marked >= AGE) {
        state.marked = now;
        state.mark_last = state.mark;
        state.mark = cache_stamp();
    }
    for (size_t i = 0; volume_at(i) != nullptr; i++) {
        struct volume *volume = volume_at(i);
        if (volume->dirty_first != nullptr) {
            write_back(volume, nullptr, state.mark_last);
        }
    }
}
