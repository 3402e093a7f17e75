// SPDX-License-Identifier: MIT
// Names: made, linked, removed, moved. One change at a time in a folder, so that what a handler has
// found of its names is still so when the volume carries the change out.
#include <string.h>

#include "access.h"
#include "fetch.h"
#include "fsd.h"
#include "requests.h"
#include "volume.h"
#include "write.h"

constexpr size_t TARGET_MOST = 4095;

// A name, or two, copied out of the memory of a client.
struct names {
    enum kozo_error error;
    size_t length;
    size_t second;
    char bytes[NODE_NAME_MOST + TARGET_MOST];
};

static struct names names;

static enum kozo_error copy_names(size_t place, uint64_t at, uint64_t length, uint64_t second,
                                  uint64_t second_most)
{
    if (length > NODE_NAME_MOST || second > second_most) {
        return KOZO_BAD_ARGUMENT;
    }
    const uint8_t *bytes = fsd_data(place, at, length + second);
    if (bytes == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    names.length = length;
    names.second = second;
    memcpy(names.bytes, bytes, length + second);
    return access_is_name(names.bytes, length) ? KOZO_OK : KOZO_BAD_ARGUMENT;
}

// --- Beginning and ending -----------------------------------------------------------------------

// A request that changes names in a folder, and maybe in a second one.
static struct request *new_change(struct node *folder, struct node *second, request_done *done,
                                  struct operation *operation)
{
    struct request *request = request_new(folder->volume, operation, done);
    if (request != nullptr) {
        request->change = true;
        request->length = names.length;
        memcpy(request->name, names.bytes, names.length);
        memcpy(request->bytes, names.bytes, names.length + names.second);
        request_hold(request, folder, second);
    }
    return request;
}

static struct kozo_message begin_change(struct request *request, uint64_t number, struct node *one,
                                        struct node *other, struct operation *operation)
{
    if (!request_begun(request, number)) {
        return operation_wait(operation, &request->volume->waiting);
    }
    one->changing = true;
    other->changing = true;
    return kozo_later();
}

static void end_change(struct node *folder)
{
    // A name may have taken a block: too little is counted as free rather than too much.
    folder->volume->free -= folder->volume->free > 0 ? 1 : 0;
    folder->volume->stale = true;
    folder->changing = false;
    folder->known = false;
    folder->version++;
    queue_wake(&folder->waiting);
}

// What is not known for sure is looked for anew.
static void forget_name(struct node *folder, const char *name, size_t length)
{
    name_drop(folder, name, length);
}

// A node lost a name; it may have been its last.
static void lose_name(struct node *node)
{
    node->nameless = true;
    node->version++;
    if (node->known && node->kind == KOZO_NODE_FOLDER) {
        node->stat.links = 0;
    } else if (node->known && node->stat.links > 0) {
        node->stat.links--;
        node->stat.changed = fsd_date();
    }
    node_abandon(node);
}

// --- Making -------------------------------------------------------------------------------------

static enum kozo_error make_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_make_result result = kozo_volume_make_end(entry);
    struct node *folder = request->node;
    end_change(folder);
    forget_name(folder, request->name, request->length);
    if (result.error != KOZO_OK || folder->gone) {
        return result.error != KOZO_OK ? result.error : KOZO_NO_REPLY;
    }
    if (result.node <= 1) {
        return KOZO_NO_REPLY;
    }
    struct node *node = node_get(folder->volume, result.node, request->pages);
    if (node == nullptr) {
        return KOZO_NO_MEMORY;
    }
    if (node->kind == KOZO_NODE_FOLDER && !node_set_parent(node, folder)) {
        return KOZO_NO_REPLY;
    }
    name_set(folder, request->name, request->length, node);
    return KOZO_OK;
}

// Of the kind and mode that are asked for, with the name that was copied.
static struct kozo_message begin_make(const struct kozo_files_make_arguments *asked,
                                      struct node *folder, struct operation *operation)
{
    struct volume *volume = folder->volume;
    struct request *request = new_change(folder, nullptr, make_done, operation);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    request->pages = (uint32_t)asked->kind;
    uint64_t number = kozo_volume_make_begin(
        &volume->session, folder->number, asked->kind | asked->mode << KOZO_MODE_SHIFT, request->at,
        names.length, names.second, place_pays(operation->place));
    return begin_change(request, number, folder, folder, operation);
}

struct kozo_message names_make_folder(struct node *folder, const char *name, size_t length,
                                      struct operation *operation)
{
    const struct kozo_files_make_arguments asked = {.kind = KOZO_NODE_FOLDER, .mode = 0755};
    struct kozo_message checked = volume_check(folder->volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    names.length = length;
    names.second = 0;
    memcpy(names.bytes, name, length);
    return begin_make(&asked, folder, operation);
}

// Opens what was made, by the name that it was given.
static struct kozo_message end_make(const struct kozo_caller *caller, const struct access *access,
                                    struct operation *operation)
{
    if (operation->error != KOZO_OK) {
        return kozo_answer(operation->error);
    }
    struct node *node = node_find(access->node->volume, operation->word[0]);
    struct view view = access->handle->view;
    if (node == nullptr || !place_step(caller->session, &view, names.bytes, names.length)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    struct node *root = place_is_root(caller->session, &view) ? node : access->handle->root;
    const struct handle *handle = handle_open(caller->session, node, access->node, root, view);
    return handle != nullptr ? kozo_files_make_answer(handle_number(handle))
                             : write_wait_to_hold(operation);
}

struct kozo_message serve_make(struct kozo_caller *caller,
                               const struct kozo_files_make_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_kind(caller, asked->folder, PLACE_WRITE, KOZO_NODE_FOLDER);
    bool link = asked->kind == KOZO_NODE_LINK;
    bool known = link || asked->kind == KOZO_NODE_FILE || asked->kind == KOZO_NODE_FOLDER;
    enum kozo_error error =
        copy_names(caller->session, asked->at, asked->length, asked->target, TARGET_MOST);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    if (error != KOZO_OK || !known || asked->mode > 07777 || link != (asked->target > 0)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (operation->stage == STAGE_DONE) {
        return end_make(caller, &access, operation);
    }
    if (!access_may_store(caller->session, access.node->volume)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    if (access.node->changing) {
        return operation_wait(operation, &access.node->waiting);
    }
    struct kozo_message checked = volume_check(access.node->volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    const struct name *taken = name_find(access.node, names.bytes, names.length);
    if (taken != nullptr && taken->node != nullptr && !volume_is_shared(access.node->volume)) {
        return kozo_answer(KOZO_SLOT_TAKEN);
    }
    return begin_make(asked, access.node, operation);
}

// --- Linking ------------------------------------------------------------------------------------

static enum kozo_error link_done(struct request *request, const struct kozo_entry *entry)
{
    enum kozo_error error = kozo_volume_link_end(entry).error;
    end_change(request->node);
    forget_name(request->node, request->name, request->length);
    if (error == KOZO_OK && !request->node->gone) {
        name_set(request->node, request->name, request->length, request->second);
        request->second->known = request->second->dirty_pages > 0 && request->second->known;
        request->second->stat.links++;
    }
    return error;
}

struct kozo_message serve_link(struct kozo_caller *caller,
                               const struct kozo_files_link_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access file = access_node(caller, asked->file, PLACE_WRITE);
    struct access access = access_kind(caller, asked->folder, PLACE_WRITE, KOZO_NODE_FOLDER);
    enum kozo_error error = copy_names(caller->session, asked->at, asked->length, 0, 0);
    if (file.error != KOZO_OK || access.error != KOZO_OK || error != KOZO_OK) {
        return kozo_answer(file.error != KOZO_OK     ? file.error
                           : access.error != KOZO_OK ? access.error
                                                     : error);
    }
    if (file.node->kind == KOZO_NODE_FOLDER) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    if (file.node->volume != access.node->volume) {
        return kozo_answer(KOZO_BAD_OPERATION);
    }
    if (!access_may_store(caller->session, access.node->volume)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    if (access.node->changing) {
        return operation_wait(operation, &access.node->waiting);
    }
    struct volume *volume = access.node->volume;
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = new_change(access.node, file.node, link_done, operation);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    uint64_t number =
        kozo_volume_link_begin(&volume->session, file.node->number, access.node->number,
                               request->at, names.length, place_pays(operation->place));
    return begin_change(request, number, access.node, access.node, operation);
}

// --- Removing -----------------------------------------------------------------------------------

static enum kozo_error remove_done(struct request *request, const struct kozo_entry *entry)
{
    enum kozo_error error = kozo_volume_remove_end(entry).error;
    struct node *folder = request->node;
    end_change(folder);
    forget_name(folder, request->name, request->length);
    if (error == KOZO_OK && !folder->gone) {
        name_set(folder, request->name, request->length, nullptr);
        lose_name(request->second);
    }
    return error;
}

static bool is_kind(const struct node *node, uint64_t wanted)
{
    bool folder = node->kind == KOZO_NODE_FOLDER;
    return wanted == 0 || folder == (wanted == KOZO_NODE_FOLDER);
}

struct kozo_message serve_remove(struct kozo_caller *caller,
                                 const struct kozo_files_remove_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_kind(caller, asked->folder, PLACE_WRITE, KOZO_NODE_FOLDER);
    enum kozo_error error = copy_names(caller->session, asked->at, asked->length, 0, 0);
    bool known =
        asked->kind == 0 || asked->kind == KOZO_NODE_FILE || asked->kind == KOZO_NODE_FOLDER;
    if (access.error != KOZO_OK || error != KOZO_OK || !known) {
        return kozo_answer(access.error != KOZO_OK ? access.error : KOZO_BAD_ARGUMENT);
    }
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    if (access.node->changing) {
        return operation_wait(operation, &access.node->waiting);
    }
    struct kozo_message fetched = fetch_name(access.node, names.bytes, names.length, operation);
    if (!is_ok(&fetched)) {
        return fetched;
    }
    struct node *node = name_find(access.node, names.bytes, names.length)->node;
    if (node == nullptr || !is_kind(node, asked->kind)) {
        return kozo_answer(node == nullptr ? KOZO_BAD_HANDLE : KOZO_BAD_TYPE);
    }
    if (node->mounted != nullptr) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    struct volume *volume = node->volume;
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = new_change(access.node, node, remove_done, operation);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    uint64_t number =
        kozo_volume_remove_begin(&volume->session, access.node->number, request->at, names.length);
    return begin_change(request, number, access.node, access.node, operation);
}

// --- Renaming -----------------------------------------------------------------------------------

// The names are in the request's own memory: of the first the bytes, then those of the second.
static void note_renamed(struct node *from, struct node *to, const struct request *request)
{
    const char *second = request->name + request->length;
    size_t length = request->pages;
    const struct name *old = name_find(from, request->name, request->length);
    const struct name *over = name_find(to, second, length);
    struct node *node = old != nullptr ? old->node : nullptr;
    struct node *lost = over != nullptr ? over->node : nullptr;
    name_drop(from, request->name, request->length);
    name_drop(to, second, length);
    if (node == lost) {
        return; // two names of one file: the volume leaves both, or has its own mind
    }
    if (lost != nullptr) {
        node_use(lost);
        lose_name(lost);
        node_release(lost);
    }
    if (node == nullptr) {
        return;
    }
    name_set(from, request->name, request->length, nullptr);
    name_set(to, second, length, node);
    if (from != to) {
        node_use(node);
        if (node->kind == KOZO_NODE_FOLDER) {
            (void)node_set_parent(node, to);
        }
        handle_moved(node, from, to);
        node_release(node);
    }
}

static enum kozo_error rename_done(struct request *request, const struct kozo_entry *entry)
{
    enum kozo_error error = kozo_volume_rename_end(entry).error;
    struct node *from = request->node;
    struct node *to = request->second;
    end_change(from);
    end_change(to);
    if (error == KOZO_OK && !from->gone) {
        note_renamed(from, to, request);
    } else {
        forget_name(from, request->name, request->length);
        forget_name(to, request->name + request->length, request->pages);
    }
    return error;
}

struct rename {
    struct node *from;
    struct node *to;
    bool over;
};

// What the names mean decides what is refused before the volume is asked.
static enum kozo_error check_rename(const struct rename *rename)
{
    const struct name *old = name_find(rename->from, names.bytes, names.length);
    const struct name *over = name_find(rename->to, names.bytes + names.length, names.second);
    if (old == nullptr || old->node == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    if (!rename->over && over != nullptr && over->node != nullptr) {
        return KOZO_SLOT_TAKEN;
    }
    bool folder = old->node->kind == KOZO_NODE_FOLDER;
    if (folder && node_lies_in(rename->to, old->node)) {
        return KOZO_BAD_ARGUMENT;
    }
    bool covered = over != nullptr && over->node != nullptr && over->node->mounted != nullptr;
    return covered || (folder && old->node->pins > 0) ? KOZO_BAD_STATE : KOZO_OK;
}

static struct kozo_message begin_rename(const struct rename *rename, struct operation *operation)
{
    struct volume *volume = rename->from->volume;
    struct request *request = new_change(rename->from, rename->to, rename_done, operation);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    memcpy(request->name, names.bytes, names.length + names.second);
    request->pages = (uint32_t)names.second;
    uint64_t number = kozo_volume_rename_begin(&volume->session, rename->from->number,
                                               rename->to->number, request->at, names.length,
                                               names.second, place_pays(operation->place));
    return begin_change(request, number, rename->from, rename->to, operation);
}

struct kozo_message serve_rename(struct kozo_caller *caller,
                                 const struct kozo_files_rename_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access from = access_kind(caller, asked->folder, PLACE_WRITE, KOZO_NODE_FOLDER);
    struct access to = access_kind(caller, asked->target, PLACE_WRITE, KOZO_NODE_FOLDER);
    enum kozo_error error =
        copy_names(caller->session, asked->at, asked->length, asked->second, NODE_NAME_MOST);
    if (from.error != KOZO_OK || to.error != KOZO_OK) {
        return kozo_answer(from.error != KOZO_OK ? from.error : to.error);
    }
    if (error != KOZO_OK || !access_is_name(names.bytes + names.length, names.second)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    struct rename rename = {.from = from.node, .to = to.node, .over = asked->over};
    if (rename.from->volume != rename.to->volume) {
        return kozo_answer(KOZO_BAD_OPERATION);
    }
    if (rename.from->changing || rename.to->changing) {
        return operation_wait(operation,
                              rename.from->changing ? &rename.from->waiting : &rename.to->waiting);
    }
    struct kozo_message fetched = fetch_name(rename.from, names.bytes, names.length, operation);
    if (is_ok(&fetched)) {
        fetched = fetch_name(rename.to, names.bytes + names.length, names.second, operation);
    }
    if (is_ok(&fetched)) {
        fetched = volume_check(rename.from->volume, operation);
    }
    if (!is_ok(&fetched)) {
        return fetched;
    }
    error = check_rename(&rename);
    return error == KOZO_OK ? begin_rename(&rename, operation) : kozo_answer(error);
}
