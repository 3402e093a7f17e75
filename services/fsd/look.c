// SPDX-License-Identifier: MIT
// Looking: paths, what is known of files, what is in folders.
#include <string.h>

#include "access.h"
#include "fetch.h"
#include "fsd.h"
#include "lock.h"
#include "look.h"
#include "requests.h"
#include "volume.h"
#include "write.h"

constexpr size_t PATH_MOST = 4096;
constexpr size_t LIST_MOST = 65536; // bytes of entries in one answer

// Where a walk is.
struct walk {
    size_t place;
    struct node *node;   // null at the top
    struct node *folder; // that the node was found in
    struct node *root;   // where the grant begins
    struct view view;
};

// --- Walking ------------------------------------------------------------------------------------

// These are the hottest functions here, so they answer by a label alone: that of a message, OK,
// PENDING or an error.
static uint32_t enter_root(struct walk *walk, struct volume *volume, struct operation *operation)
{
    struct kozo_message checked = volume_check(volume, operation);
    if (is_ok(&checked) && volume->awaited > 0) {
        checked = operation_wait(operation, &volume->waiting); // see cover.h
    }
    if (is_ok(&checked)) {
        walk->node = volume->root;
        walk->folder = nullptr;
    }
    return checked.info.label;
}

static uint32_t enter_folder(struct walk *walk, const char *name, size_t length,
                             struct operation *operation)
{
    struct node *folder = walk->node;
    if (folder->kind != KOZO_NODE_FOLDER) {
        return KOZO_BAD_TYPE;
    }
    const struct name *known = name_find(folder, name, length);
    if (known == nullptr || volume_is_shared(folder->volume)) {
        struct kozo_message fetched = fetch_name(folder, name, length, operation);
        if (!is_ok(&fetched)) {
            return fetched.info.label;
        }
        known = name_find(folder, name, length);
    }
    if (known->node == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    if (known->node->mounted != nullptr) {
        return enter_root(walk, known->node->mounted, operation);
    }
    walk->folder = folder;
    walk->node = known->node;
    return KOZO_OK;
}

// A name at the top: a volume, or one that stands for a folder in its root.
static uint32_t enter_volume(struct walk *walk, const char *name, size_t length,
                             struct operation *operation)
{
    struct volume *volume = volume_mounted_at(name, length);
    const struct alias *alias = nullptr;
    for (size_t i = 0; volume == nullptr && volume_alias(i) != nullptr; i++) {
        alias = volume_alias(i);
        bool same = strlen(alias->name) == length && memcmp(alias->name, name, length) == 0;
        volume = same && volume_is_at_top(alias->volume) ? alias->volume : nullptr;
    }
    if (volume == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    uint32_t entered = enter_root(walk, volume, operation);
    return alias == nullptr || entered != KOZO_OK
               ? entered
               : enter_folder(walk, alias->inside, strlen(alias->inside), operation);
}

// One name further, in which there is no slash and no zero. What is not granted is refused before it
// is looked for.
static uint32_t step(struct walk *walk, const char *name, size_t length,
                     struct operation *operation)
{
    bool dots = length > 0 && length <= 2 && name[0] == '.' && name[length - 1] == '.';
    if (length == 0 || length > NODE_NAME_MOST || dots) {
        return KOZO_BAD_ARGUMENT;
    }
    bool more = walk->view.mask != 0; // grants further down
    if (!more) {
        walk->view.depth++;
    }
    if (more ? !place_step(walk->place, &walk->view, name, length)
             : walk->view.grant == GRANT_NONE) {
        return KOZO_NO_RIGHT;
    }
    uint32_t entered = walk->node == nullptr ? enter_volume(walk, name, length, operation)
                                             : enter_folder(walk, name, length, operation);
    if (more && entered == KOZO_OK && place_is_root(walk->place, &walk->view)) {
        walk->root = walk->node;
    }
    return entered;
}

static bool is_link(const struct walk *walk)
{
    return walk->node != nullptr && walk->node->kind == KOZO_NODE_LINK;
}

// Goes as far as the first link; `used` tells how far that is.
static uint32_t walk_path(struct walk *walk, const char *path, size_t length, size_t *used,
                          struct operation *operation)
{
    for (size_t at = 0; at < length;) {
        size_t part = access_part(path + at, length - at);
        bool more = at + part < length;
        if (more && (path[at + part] == 0 || at + part + 1 == length)) {
            return KOZO_BAD_ARGUMENT; // a zero, or a slash at the end
        }
        uint32_t stepped = step(walk, path + at, part, operation);
        if (stepped != KOZO_OK) {
            return stepped;
        }
        at += part;
        *used = at;
        if (is_link(walk)) {
            break;
        }
        at += more ? 1 : 0;
    }
    return KOZO_OK;
}

static struct kozo_node_stat top_stat(void)
{
    return (struct kozo_node_stat){
        .node = HANDLE_TOP, .kind = KOZO_NODE_FOLDER, .mode = 0555, .links = 2};
}

static struct kozo_message open_it(const struct walk *walk, uint8_t *record, size_t used,
                                   struct operation *operation)
{
    struct kozo_node_stat stat = walk->node != nullptr ? access_stat(walk->node) : top_stat();
    uint64_t number = HANDLE_TOP;
    if (walk->node != nullptr) {
        const struct handle *handle =
            handle_open(walk->place, walk->node, walk->folder, walk->root, walk->view);
        if (handle == nullptr) {
            return write_wait_to_hold(operation);
        }
        number = handle_number(handle);
    }
    memcpy(record, &stat, sizeof stat);
    return kozo_files_walk_answer(number, used, stat.kind);
}

// Walks from an open folder, and learns what is known of where it arrives. The path is copied first.
static struct kozo_message walk_from(const struct kozo_caller *caller, uint64_t folder,
                                     const uint8_t *bytes, size_t length, struct walk *walk,
                                     size_t *used)
{
    static char path[PATH_MOST];
    struct operation *operation = operation_of(caller);
    const struct handle *handle = handle_find(caller->session, folder);
    if (handle == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (handle->node != nullptr) {
        enum kozo_error error = access_node(caller, folder, 0).error;
        if (error != KOZO_OK) {
            return kozo_answer(error);
        }
    }
    *walk = (struct walk){
        .place = caller->session,
        .node = handle->node,
        .folder = handle->folder,
        .root = handle->root,
        .view = handle->view,
    };
    *used = 0;
    memcpy(path, bytes, length);
    uint32_t walked = walk_path(walk, path, length, used, operation);
    return walked == KOZO_OK && walk->node != nullptr
               ? fetch_stat(walk->node, operation)
               : (struct kozo_message){.info = {.label = walked}};
}

struct kozo_message look_find(const struct kozo_caller *caller, const uint8_t *bytes, size_t length,
                              struct node **node)
{
    struct walk walk = {};
    size_t used = 0;
    struct kozo_message walked = walk_from(caller, HANDLE_TOP, bytes, length, &walk, &used);
    *node = walk.node;
    return is_ok(&walked) && used < length ? kozo_answer(KOZO_BAD_TYPE) : walked;
}

struct kozo_message serve_walk(struct kozo_caller *caller,
                               const struct kozo_files_walk_arguments *asked)
{
    const uint8_t *bytes = fsd_data(caller->session, asked->at, asked->length);
    uint8_t *record = fsd_data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (bytes == nullptr || record == nullptr || asked->length > PATH_MOST) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct walk walk;
    size_t used = 0;
    struct kozo_message walked =
        walk_from(caller, asked->folder, bytes, asked->length, &walk, &used);
    return is_ok(&walked) ? open_it(&walk, record, used, operation_of(caller)) : walked;
}

struct kozo_message serve_look(struct kozo_caller *caller,
                               const struct kozo_files_look_arguments *asked)
{
    const uint8_t *bytes = fsd_data(caller->session, asked->at, asked->length);
    uint8_t *record = fsd_data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (bytes == nullptr || record == nullptr || asked->length > PATH_MOST) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct walk walk;
    size_t used = 0;
    struct kozo_message walked =
        walk_from(caller, asked->folder, bytes, asked->length, &walk, &used);
    if (!is_ok(&walked)) {
        return walked;
    }
    struct kozo_node_stat stat = walk.node != nullptr ? access_stat(walk.node) : top_stat();
    memcpy(record, &stat, sizeof stat);
    return kozo_files_look_answer(used, stat.kind);
}

struct kozo_message serve_close(struct kozo_caller *caller,
                                const struct kozo_files_close_arguments *asked)
{
    struct handle *handle = handle_find(caller->session, asked->file);
    if (handle == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (handle->node != nullptr) {
        struct node *node = handle->node;
        node_use(node);
        handle_close(handle);
        if (!handle_is_open(caller->session, node)) {
            lock_drop(caller->session, node);
        }
        node_abandon(node);
        node_release(node);
    }
    return kozo_answer(KOZO_OK);
}

// --- Stat ---------------------------------------------------------------------------------------

struct kozo_message serve_stat(struct kozo_caller *caller,
                               const struct kozo_files_stat_arguments *asked)
{
    uint8_t *record = fsd_data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (record == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct kozo_node_stat stat = top_stat();
    if (asked->file != HANDLE_TOP) {
        struct access access = access_node(caller, asked->file, 0);
        if (access.error != KOZO_OK) {
            return kozo_answer(access.error);
        }
        struct kozo_message fetched = fetch_stat(access.node, operation_of(caller));
        if (!is_ok(&fetched)) {
            return fetched;
        }
        stat = access_stat(access.node);
    }
    memcpy(record, &stat, sizeof stat);
    return kozo_answer(KOZO_OK);
}

struct kozo_message serve_describe(struct kozo_caller *caller,
                                   const struct kozo_files_describe_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    struct access access = access_node(caller, asked->file, 0);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    struct volume *volume = access.node->volume;
    // Asked once for each request: what is free changes all the time.
    if (operation->cursor == 0) {
        operation->cursor = 1;
        return volume_describe(volume, place_pays(caller->session), operation);
    }
    if (place_pays(caller->session) != 0) {
        return kozo_files_describe_answer(operation->word[0], operation->word[1],
                                          operation->word[2], volume->nodes, volume->flags);
    }
    uint64_t dirty = volume->block > 0 ? volume->dirty * KOZO_PAGE_SIZE / volume->block : 0;
    uint64_t free = volume->free > dirty ? volume->free - dirty : 0;
    return kozo_files_describe_answer(volume->block, volume->blocks, free, volume->nodes,
                                      volume->flags);
}

// What is on its way from a volume may be older than this request, and is not believed either.
struct kozo_message serve_refresh(struct kozo_caller *caller)
{
    (void)caller;
    for (size_t i = 0; volume_at(i) != nullptr; i++) {
        struct volume *volume = volume_at(i);
        if (volume_is_shared(volume)) {
            volume->doubted = fsd_now();
            node_doubt_volume(volume);
        }
    }
    return kozo_answer(KOZO_OK);
}

// --- Lists --------------------------------------------------------------------------------------

// What has been written of a list, into the memory of a client.
struct listing {
    uint8_t *bytes;
    size_t size;
    size_t done;
};

static bool add_entry(struct listing *listing, struct kozo_folder_entry entry, const char *name)
{
    size_t padded = (entry.length + 7ul) & ~7ul;
    if (listing->size - listing->done < sizeof entry + padded) {
        return false;
    }
    uint8_t *at = listing->bytes + listing->done;
    memcpy(at, &entry, sizeof entry);
    memcpy(at + sizeof entry, name, entry.length);
    memset(at + sizeof entry + entry.length, 0, padded - entry.length);
    listing->done += sizeof entry + padded;
    return true;
}

static struct kozo_message end_list(const struct listing *listing, bool full)
{
    return full && listing->done == 0 ? kozo_answer(KOZO_BAD_ARGUMENT)
                                      : kozo_files_list_answer(listing->done);
}

// The number-th name at the top; null behind the last. Its volume is told too.
static const char *top_name(size_t number, struct volume **volume)
{
    const struct alias *alias = nullptr;
    *volume = volume_at(number);
    if (*volume != nullptr) {
        return (*volume)->mount;
    }
    for (size_t i = 0; volume_at(i) != nullptr; i++) {
        number--;
    }
    alias = volume_alias(number);
    *volume = alias != nullptr ? alias->volume : nullptr;
    return alias != nullptr ? alias->name : nullptr;
}

// The top: what is mounted, as far as the session may see it.
static struct kozo_message list_top(size_t place, const struct view *view, uint64_t from,
                                    struct listing *listing)
{
    struct volume *volume = nullptr;
    for (size_t i = from < VOLUMES_MOST * 2 ? from : VOLUMES_MOST * 2;
         top_name(i, &volume) != nullptr; i++) {
        const char *name = top_name(i, &volume);
        struct kozo_folder_entry entry = {
            .node = access_number(volume, 1),
            .next = i + 1,
            .kind = KOZO_NODE_FOLDER,
            .length = (uint32_t)strlen(name),
        };
        if (volume_shows(volume) && place_shows(place, view, name, entry.length) &&
            !add_entry(listing, entry, name)) {
            return end_list(listing, true);
        }
    }
    return end_list(listing, false);
}

// The next entry of what a volume listed; false when it is not one, and the rest is not believed.
static bool next_entry(const uint8_t *bytes, size_t size, size_t *at,
                       struct kozo_folder_entry *entry, const char **name)
{
    if (size - *at < sizeof *entry) {
        return false;
    }
    memcpy(entry, bytes + *at, sizeof *entry);
    *name = (const char *)bytes + *at + sizeof *entry;
    size_t padded = (entry->length + 7ul) & ~7ul;
    if (entry->length > NODE_NAME_MOST || padded > size - *at - sizeof *entry ||
        !access_is_name(*name, entry->length) || entry->kind < KOZO_NODE_FILE ||
        entry->kind > KOZO_NODE_OTHER) {
        return false;
    }
    *at += sizeof *entry + padded;
    return true;
}

// Passes on what a volume has listed, checked entry by entry. It is a copy: the volume may still
// write to the memory that it came through.
static struct kozo_message pass_on(const struct access *access, size_t place, const uint8_t *bytes,
                                   size_t size, struct listing *listing)
{
    struct kozo_folder_entry entry;
    const char *name = nullptr;
    for (size_t at = 0; at < size;) {
        if (!next_entry(bytes, size, &at, &entry, &name)) {
            return kozo_answer(KOZO_NO_REPLY);
        }
        entry.node = access_number(access->node->volume, entry.node);
        bool above = access->handle->view.grant == GRANT_NONE;
        if (above && !place_shows(place, &access->handle->view, name, entry.length)) {
            continue;
        }
        if (!add_entry(listing, entry, name)) {
            break;
        }
    }
    return end_list(listing, size > 0);
}

// At once, since the part of the shared memory that it came through is used anew.
static enum kozo_error list_done(struct request *request, const struct kozo_entry *entry)
{
    static uint8_t copy[LIST_MOST];
    struct kozo_volume_list_result result = kozo_volume_list_end(entry);
    struct operation *owner = request->owner;
    if (result.error != KOZO_OK || owner == nullptr) {
        return result.error;
    }
    struct kozo_files_list_arguments asked = kozo_files_list_arguments(&owner->message);
    struct kozo_caller caller = {.session = owner->place};
    struct access access = access_kind(&caller, asked.file, 0, KOZO_NODE_FOLDER);
    struct listing listing = {
        .bytes = fsd_data(owner->place, asked.at, asked.length),
        .size = asked.length,
    };
    if (access.error != KOZO_OK || listing.bytes == nullptr || result.done > request->size ||
        result.done > LIST_MOST) {
        return access.error != KOZO_OK ? access.error : KOZO_NO_REPLY;
    }
    memcpy(copy, request->bytes, result.done);
    struct kozo_message answer = pass_on(&access, owner->place, copy, result.done, &listing);
    owner->word[0] = listing.done;
    return (enum kozo_error)answer.info.label;
}

static struct kozo_message begin_list(const struct access *access, uint64_t from, size_t room,
                                      struct operation *operation)
{
    struct volume *volume = access->node->volume;
    struct kozo_message checked = volume_check(volume, operation);
    if (!is_ok(&checked)) {
        return checked;
    }
    struct request *request = request_new(volume, operation, list_done);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    request->change = true;
    request_hold(request, access->node, nullptr);
    room = room < request->size ? room : request->size;
    room = room < LIST_MOST ? room : LIST_MOST;
    uint64_t number =
        kozo_volume_list_begin(&volume->session, access->node->number, from, request->at, room);
    return request_begun(request, number) ? kozo_later()
                                          : operation_wait(operation, &volume->waiting);
}

struct kozo_message serve_list(struct kozo_caller *caller,
                               const struct kozo_files_list_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    if (operation->stage == STAGE_DONE) {
        return operation->error == KOZO_OK ? kozo_files_list_answer(operation->word[0])
                                           : kozo_answer(operation->error);
    }
    struct listing listing = {
        .bytes = fsd_data(caller->session, asked->at, asked->length),
        .size = asked->length,
    };
    if (listing.bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct handle *handle = handle_find(caller->session, asked->file);
    if (handle != nullptr && handle->node == nullptr) {
        return list_top(caller->session, &handle->view, asked->from, &listing);
    }
    struct access access = access_kind(caller, asked->file, 0, KOZO_NODE_FOLDER);
    return access.error == KOZO_OK ? begin_list(&access, asked->from, asked->length, operation)
                                   : kozo_answer(access.error);
}
