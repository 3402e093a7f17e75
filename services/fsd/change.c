// SPDX-License-Identifier: MIT
// What is known of a file, and when it is safe on its volume.
#include <string.h>

#include "access.h"
#include "cache.h"
#include "fetch.h"
#include "fsd.h"
#include "requests.h"
#include "write.h"

constexpr uint32_t CHANGES = KOZO_CHANGE_MODE | KOZO_CHANGE_OWNER | KOZO_CHANGE_ACCESSED |
                             KOZO_CHANGE_MODIFIED | KOZO_CHANGE_SIZE;

// --- Changing -----------------------------------------------------------------------------------

static void apply(struct node *node, const struct kozo_node_stat *wanted, uint32_t what)
{
    if ((what & KOZO_CHANGE_SIZE) != 0) {
        if (wanted->size < node->stat.size) {
            cache_cut(node, wanted->size);
        }
        node->stat.size = wanted->size;
        node->time_ahead = false;
    }
    if ((what & KOZO_CHANGE_MODIFIED) != 0) {
        node->stat.modified = wanted->modified;
        node->time_ahead = node->dirty_pages > 0 || node->writing > 0;
    }
    // The rest is asked for when somebody wants to know.
    node->known = node->time_ahead || node->dirty_pages > 0;
    if (node->known) {
        node->stat.mode = (what & KOZO_CHANGE_MODE) != 0 ? wanted->mode : node->stat.mode;
        node->stat.user = (what & KOZO_CHANGE_OWNER) != 0 ? wanted->user : node->stat.user;
        node->stat.group = (what & KOZO_CHANGE_OWNER) != 0 ? wanted->group : node->stat.group;
        node->stat.accessed =
            (what & KOZO_CHANGE_ACCESSED) != 0 ? wanted->accessed : node->stat.accessed;
        node->stat.changed = fsd_date();
    }
}

static enum kozo_error change_done(struct request *request, const struct kozo_entry *entry)
{
    enum kozo_error error = kozo_volume_change_end(entry).error;
    struct node *node = request->node;
    struct kozo_node_stat wanted;
    memcpy(&wanted, request->name, sizeof wanted);
    node->changing = false;
    node->version++;
    if (error == KOZO_OK && !node->gone) {
        apply(node, &wanted, request->pages);
    }
    queue_wake(&node->waiting);
    return error;
}

static struct kozo_message begin_change(struct node *node, const struct kozo_node_stat *wanted,
                                        uint32_t what, struct operation *operation)
{
    struct volume *volume = node->volume;
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, change_done);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    static_assert(sizeof *wanted <= sizeof request->name);
    request->change = true;
    request->pages = what;
    memcpy(request->name, wanted, sizeof *wanted); // what the volume can't change
    memcpy(request->bytes, wanted, sizeof *wanted);
    request_hold(request, node, nullptr);
    uint64_t number = kozo_volume_change_begin(&volume->session, node->number, request->at, what);
    if (!request_begun(request, number)) {
        return operation_wait(operation, &volume->waiting);
    }
    node->changing = true;
    return kozo_later();
}

struct kozo_message serve_change(struct kozo_caller *caller,
                                 const struct kozo_files_change_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_node(caller, asked->file, PLACE_WRITE);
    const uint8_t *bytes = fsd_data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (access.error != KOZO_OK || bytes == nullptr) {
        return kozo_answer(access.error != KOZO_OK ? access.error : KOZO_BAD_ARGUMENT);
    }
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    struct kozo_node_stat wanted;
    memcpy(&wanted, bytes, sizeof wanted);
    uint32_t what = asked->what;
    if ((what & ~CHANGES) != 0 || wanted.mode > 07777 || wanted.size > INT64_MAX) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if ((what & KOZO_CHANGE_SIZE) != 0 && access.node->kind != KOZO_NODE_FILE) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct kozo_message known = fetch_stat(access.node, operation);
    if (!is_ok(&known)) {
        return known;
    }
    // Nothing that is under way may make the file longer again.
    bool busy = (what & KOZO_CHANGE_SIZE) != 0 && access.node->writing > 0;
    return access.node->changing || busy ? operation_wait(operation, &access.node->waiting)
                                         : begin_change(access.node, &wanted, what, operation);
}

// --- Syncing ------------------------------------------------------------------------------------

static enum kozo_error sync_done(struct request *request, const struct kozo_entry *entry)
{
    (void)request;
    return kozo_volume_sync_end(entry).error;
}

static struct kozo_message begin_sync(struct volume *volume, struct node *node, bool all,
                                      struct operation *operation)
{
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, sync_done);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    request->change = true;
    request_hold(request, node, nullptr);
    uint64_t number = kozo_volume_sync_begin(&volume->session, all ? 0 : node->number);
    return request_begun(request, number) ? kozo_later()
                                          : operation_wait(operation, &volume->waiting);
}

// An error of what was written before is told once.
static struct kozo_message end_sync(struct volume *volume, struct node *node, bool all,
                                    enum kozo_error error)
{
    enum kozo_error *lost = all ? &volume->lost : &node->lost;
    if (*lost != KOZO_OK) {
        error = *lost;
        *lost = KOZO_OK;
    }
    return kozo_answer(error);
}

struct kozo_message serve_sync(struct kozo_caller *caller,
                               const struct kozo_files_sync_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_node(caller, asked->file, 0);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    struct node *node = access.node;
    struct volume *volume = node->volume;
    if (operation->stage == STAGE_DONE) {
        return end_sync(volume, node, asked->all, operation->error);
    }
    if (operation->cursor == 0) {
        operation->cursor = 1;
        write_notice_lent(node, caller->session);
        operation->limit = cache_stamp();
    }
    bool due = asked->all ? write_is_due_on(volume, operation->limit)
                          : write_is_due(node, operation->limit);
    if (!due) {
        return begin_sync(volume, node, asked->all, operation);
    }
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    write_back(volume, asked->all ? nullptr : node, operation->limit);
    return operation_wait(operation, &volume->waiting);
}
