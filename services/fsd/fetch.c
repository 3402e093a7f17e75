// SPDX-License-Identifier: MIT
#include "fetch.h"

#include <string.h>

#include "cache.h"
#include "volume.h"

// What was told while the request waits is believed however long that is ago: a walk through many names of a slow
// volume would never find all of them fresh at a time.
static bool is_fresh(const struct volume *volume, uint64_t looked,
                     const struct operation *operation)
{
    bool recent = fsd_now() - looked < MOMENT || looked >= operation->waits;
    return !volume_is_shared(volume) || (recent && looked > volume->doubted);
}

static struct kozo_message wait_for(struct volume *volume, struct operation *operation)
{
    return operation_wait(operation, &volume->waiting);
}

// --- What is known of a node --------------------------------------------------------------------

// What is in memory and not written yet is ahead of what the volume knows.
static void take_stat(struct node *node, struct kozo_node_stat stat)
{
    bool ahead = node->known && (node->dirty_pages > 0 || node->writing > 0 || node->time_ahead);
    if (ahead) {
        stat.size = node->stat.size;
        stat.modified = node->stat.modified;
    } else if (node->known && volume_is_shared(node->volume) &&
               (stat.modified != node->stat.modified || stat.size != node->stat.size)) {
        cache_drop_node(node); // others have changed it
    }
    node->stat = stat;
    node->known = true;
    node->looked = fsd_now();
}

static enum kozo_error stat_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_node_stat stat;
    enum kozo_error error = kozo_volume_stat_end(entry).error;
    memcpy(&stat, request->bytes, sizeof stat);
    if (error != KOZO_OK) {
        return error;
    }
    if (stat.kind != request->node->kind || stat.mode > 07777 || stat.size > INT64_MAX) {
        return KOZO_NO_REPLY;
    }
    // What changed meanwhile is asked for anew.
    if (request->version == request->node->version) {
        take_stat(request->node, stat);
    }
    return KOZO_OK;
}

struct kozo_message fetch_stat(struct node *node, struct operation *operation)
{
    struct volume *volume = node->volume;
    if (node->known && is_fresh(volume, node->looked, operation)) {
        return kozo_answer(KOZO_OK);
    }
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, stat_done);
    if (request == nullptr) {
        return wait_for(volume, operation);
    }
    request->version = node->version;
    request_hold(request, node, nullptr);
    uint64_t number = kozo_volume_stat_begin(&volume->session, node->number, request->at);
    return request_begun(request, number) ? kozo_later() : wait_for(volume, operation);
}

// --- Names --------------------------------------------------------------------------------------

static enum kozo_error note_name(struct request *request, uint64_t number, uint64_t kind)
{
    if (number <= 1 || kind < KOZO_NODE_FILE || kind > KOZO_NODE_OTHER) {
        return KOZO_NO_REPLY;
    }
    struct node *node = node_get(request->volume, number, (uint32_t)kind);
    if (node == nullptr) {
        return KOZO_NO_MEMORY;
    }
    if (kind == KOZO_NODE_FOLDER && !node_set_parent(node, request->node)) {
        return KOZO_NO_REPLY;
    }
    name_set(request->node, request->name, request->length, node);
    return KOZO_OK;
}

static enum kozo_error look_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_look_result result = kozo_volume_look_end(entry);
    if (result.error != KOZO_OK && result.error != KOZO_BAD_HANDLE) {
        return result.error;
    }
    if (request->node->gone) {
        return KOZO_NO_REPLY;
    }
    if (request->version != request->node->version) {
        return KOZO_OK; // it may have changed: the owner looks again
    }
    if (result.error == KOZO_BAD_HANDLE) {
        name_set(request->node, request->name, request->length, nullptr);
        return KOZO_OK;
    }
    return note_name(request, result.node, result.kind);
}

struct kozo_message fetch_name(struct node *folder, const char *name, size_t length,
                               struct operation *operation)
{
    struct volume *volume = folder->volume;
    const struct name *known = name_find(folder, name, length);
    if (known != nullptr && is_fresh(volume, known->looked, operation)) {
        return kozo_answer(KOZO_OK);
    }
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, look_done);
    if (request == nullptr) {
        return wait_for(volume, operation);
    }
    request->version = folder->version;
    request->length = length;
    memcpy(request->name, name, length);
    memcpy(request->bytes, name, length);
    request_hold(request, folder, nullptr);
    uint64_t number = kozo_volume_look_begin(&volume->session, folder->number, request->at, length);
    return request_begun(request, number) ? kozo_later() : wait_for(volume, operation);
}

// --- Contents -----------------------------------------------------------------------------------

static enum kozo_error read_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_read_result result = kozo_volume_read_end(entry);
    struct node *node = request->node;
    uint64_t room = (uint64_t)request->pages * CACHE_PAGE;
    if (result.error == KOZO_OK && result.done > room) {
        result.error = KOZO_NO_REPLY;
    }
    if (result.error == KOZO_OK) {
        uint64_t start = (uint64_t)cache_page(request->page)->index * CACHE_PAGE;
        uint64_t left = node->stat.size > start ? node->stat.size - start : 0;
        uint64_t done = result.done < left ? result.done : left;
        memcpy(cache_bytes(request->page), request->bytes, done);
        memset(cache_bytes(request->page) + done, 0, room - done);
    }
    for (uint32_t page = request->page; page < request->page + request->pages; page++) {
        cache_page(page)->flags &= (uint8_t)~CACHE_READING;
        cache_page(page)->flags |= result.error == KOZO_OK ? CACHE_VALID : 0;
    }
    cache_page(cache_run(request->page))->busy--;
    if (node->gone) {
        cache_drop_node(node);
    }
    queue_wake(&node->waiting);
    return result.error;
}

// How many pages from one on are to be read together: up to the end of run, file, and request.
static uint32_t count_wanted(const struct node *node, uint32_t page, size_t room)
{
    uint64_t end = (node->stat.size + CACHE_PAGE - 1) / CACHE_PAGE;
    uint32_t run = cache_run(page);
    uint32_t last = run + (1u << cache_page(page)->order);
    uint32_t count = 0;
    while (page + count < last && (count + 1) * CACHE_PAGE <= room &&
           (cache_page(page + count)->flags & (CACHE_VALID | CACHE_READING)) == 0 &&
           cache_page(page + count)->index < end) {
        count++;
    }
    return count;
}

static bool begin_read(struct request *request, struct node *node, uint32_t page)
{
    struct volume *volume = request->volume;
    uint32_t count = count_wanted(node, page, request->size);
    uint64_t offset = (uint64_t)cache_page(page)->index * CACHE_PAGE;
    if (count == 0) {
        return false;
    }
    request->page = page;
    request->pages = count;
    request_hold(request, node, nullptr);
    if (!request_begun(request, kozo_volume_read_begin(&volume->session, node->number, offset,
                                                       request->at, count * CACHE_PAGE))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        cache_page(page + i)->flags |= CACHE_READING;
    }
    cache_page(cache_run(page))->busy++;
    return true;
}

struct kozo_message fetch_page(struct node *node, uint32_t page, struct operation *operation)
{
    struct volume *volume = node->volume;
    if ((cache_page(page)->flags & CACHE_VALID) != 0) {
        return kozo_answer(KOZO_OK);
    }
    if ((cache_page(page)->flags & CACHE_READING) != 0) {
        return operation_wait(operation, &node->waiting);
    }
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, read_done);
    if (request == nullptr || !begin_read(request, node, page)) {
        return wait_for(volume, operation);
    }
    return kozo_later();
}

void fetch_ahead(struct node *node, uint32_t page)
{
    uint32_t last = cache_run(page) + (1u << cache_page(page)->order);
    while (page < last && (cache_page(page)->flags & (CACHE_VALID | CACHE_READING)) != 0) {
        page++;
    }
    if (page < last && node->volume->state == VOLUME_READY) {
        struct request *request = request_new(node->volume, nullptr, read_done);
        if (request != nullptr) {
            (void)begin_read(request, node, page);
        }
    }
}
