// SPDX-License-Identifier: MIT
#include "cover.h"

#include <string.h>

#include "access.h"
#include "fetch.h"
#include "requests.h"

enum kozo_error cover_check(const struct node *folder)
{
    if (folder == nullptr || folder == folder->volume->root) {
        return KOZO_SLOT_TAKEN;
    }
    if (folder->kind != KOZO_NODE_FOLDER) {
        return KOZO_BAD_TYPE;
    }
    return volume_is_lasting(folder->volume) ? KOZO_OK : KOZO_NO_RIGHT;
}

// --- Finding the folder -------------------------------------------------------------------------

// One name further down; OK, PENDING or an error.
static uint32_t step_down(struct node **folder, const char *name, size_t length,
                          struct operation *operation)
{
    if ((*folder)->kind != KOZO_NODE_FOLDER) {
        return KOZO_BAD_TYPE;
    }
    struct kozo_message fetched = fetch_name(*folder, name, length, operation);
    if (!is_ok(&fetched)) {
        return fetched.info.label;
    }
    struct node *node = name_find(*folder, name, length)->node;
    if (node == nullptr && ((*folder)->volume->flags & KOZO_VOLUME_READ_ONLY) != 0) {
        return KOZO_BAD_HANDLE;
    }
    if (node == nullptr && (*folder)->changing) {
        return operation_wait(operation, &(*folder)->waiting).info.label;
    }
    if (node == nullptr) {
        return names_make_folder(*folder, name, length, operation).info.label;
    }
    *folder = node;
    return node->mounted == nullptr ? KOZO_OK : KOZO_SLOT_TAKEN;
}

static uint32_t find_folder(const struct volume *volume, struct node **folder,
                            struct operation *operation)
{
    *folder = volume->under->root;
    uint32_t found = volume_is_lasting(volume->under) ? KOZO_OK : KOZO_NO_RIGHT;
    for (size_t at = volume->inside; at < volume->path_length && found == KOZO_OK;) {
        size_t part = access_part(volume->path + at, volume->path_length - at);
        found = step_down(folder, volume->path + at, part, operation);
        at += part + 1;
    }
    return found;
}

// --- What comes of it ---------------------------------------------------------------------------

static const char *reason_of(uint32_t error)
{
    switch (error) {
    case KOZO_BAD_HANDLE:
        return "there is no such folder";
    case KOZO_BAD_TYPE:
        return "that is no folder";
    case KOZO_NO_RIGHT:
        return "folders there do not last";
    case KOZO_NO_MEMORY:
        return "no room is left for a folder";
    case KOZO_SLOT_TAKEN:
        return "another volume is there";
    default:
        return "the volume there does not answer as it should";
    }
}

static void end(struct volume *volume)
{
    volume->due = false;
    volume->under->awaited--;
    queue_wake(&volume->under->waiting);
}

static void refuse(struct volume *volume, const char *reason)
{
    fsd_say_refused(volume->name, volume->path, reason);
    volume->mounted = false;
    end(volume);
}

// What lies on a volume that was refused has no place either. Each comes behind the one that it lies on.
static void refuse_all(struct volume *first, const char *reason)
{
    refuse(first, reason);
    for (size_t i = volume_index(first) + 1; volume_at(i) != nullptr; i++) {
        struct volume *volume = volume_at(i);
        if (volume->due && !volume->under->mounted) {
            refuse(volume, "the volume there is not mounted");
        }
    }
}

// The volume below has ended since this was begun: it is done anew with its next life.
static bool is_over(const struct operation *operation, const struct volume *under)
{
    return under->state != VOLUME_READY || under->life != operation->cursor;
}

static struct kozo_message begin_anew(struct operation *operation, struct volume *under)
{
    operation->used = false;
    if (under->state == VOLUME_READY) {
        cover_begin(under);
    }
    return operation->used ? kozo_later() : kozo_answer(KOZO_NO_REPLY);
}

// How it went so far: what the volume said to what was asked or made last.
static enum kozo_error last_error(struct operation *operation)
{
    bool told = operation->failed || operation->stage == STAGE_DONE;
    operation->stage = STAGE_START;
    if (++operation->tries > OPERATION_TRIES) {
        return KOZO_NO_REPLY;
    }
    return told ? operation->error : KOZO_OK;
}

static struct kozo_message put(struct operation *operation)
{
    struct volume *volume = volume_at(operation->start);
    struct node *folder = nullptr;
    if (is_over(operation, volume->under)) {
        return begin_anew(operation, volume->under);
    }
    uint32_t label = last_error(operation);
    label = label == KOZO_OK ? find_folder(volume, &folder, operation) : label;
    if (label == KOZO_PENDING) {
        return kozo_later();
    }
    label = label == KOZO_OK ? cover_check(folder) : label;
    if (label != KOZO_OK) {
        refuse_all(volume, reason_of(label));
        return kozo_answer(KOZO_OK);
    }
    volume_mount_over(volume, folder, volume->path, volume->path_length);
    end(volume);
    if (volume->state == VOLUME_READY) {
        cover_begin(volume);
    }
    return kozo_answer(KOZO_OK);
}

void cover_begin(struct volume *volume)
{
    for (size_t i = volume_index(volume) + 1; volume_at(i) != nullptr && !volume->due; i++) {
        struct volume *upper = volume_at(i);
        if (upper->due && upper->under == volume && !upper->puts.used) {
            operation_begin_own(&upper->puts, put);
            upper->puts.start = i;
            upper->puts.cursor = volume->life;
        }
    }
}
