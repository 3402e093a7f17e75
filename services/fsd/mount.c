// SPDX-License-Identifier: MIT
// Volumes that come and go, at the top or in place of a folder, for the person at the prompt.
#include <string.h>

#include "access.h"
#include "cache.h"
#include "cover.h"
#include "fetch.h"
#include "fsd.h"
#include "look.h"
#include "requests.h"
#include "write.h"

// A name or path, copied out of the memory of the client; its length is 0 when it is none.
struct text {
    size_t length;
    char bytes[VOLUME_PATH_MOST];
};

static struct text copy_text(size_t place, uint64_t at, uint64_t length)
{
    struct text text = {};
    const uint8_t *bytes = length <= sizeof text.bytes ? fsd_data(place, at, length) : nullptr;
    if (bytes != nullptr) {
        text.length = length;
        memcpy(text.bytes, bytes, length);
    }
    return text;
}

static struct kozo_message mount_over(const struct kozo_caller *caller, struct volume *volume,
                                      const struct text *path)
{
    struct operation *operation = operation_of(caller);
    struct node *folder = nullptr;
    struct kozo_message found =
        look_find(caller, (const uint8_t *)path->bytes, path->length, &folder);
    if (!is_ok(&found)) {
        return found;
    }
    enum kozo_error error = cover_check(folder);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    if (folder->parent->changing) {
        return operation_wait(operation, &folder->parent->waiting);
    }
    volume_mount_over(volume, folder, path->bytes, path->length);
    return kozo_answer(KOZO_OK);
}

struct kozo_message serve_mount(struct kozo_caller *caller,
                                const struct kozo_files_mount_arguments *asked)
{
    if (!place_is_own(caller->session)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct text name = copy_text(caller->session, asked->at, asked->length);
    struct volume *volume = volume_named(name.bytes, name.length);
    if (volume == nullptr || volume->mounted) {
        return kozo_answer(volume == nullptr ? KOZO_BAD_HANDLE : KOZO_SLOT_TAKEN);
    }
    if (asked->path > 0) {
        struct text path = copy_text(caller->session, asked->at + asked->length, asked->path);
        return path.length > 0 ? mount_over(caller, volume, &path) : kozo_answer(KOZO_BAD_ARGUMENT);
    }
    volume_mount(volume);
    return kozo_answer(KOZO_OK);
}

struct kozo_message serve_mounted(struct kozo_caller *caller,
                                  const struct kozo_files_mounted_arguments *asked)
{
    uint8_t *bytes = fsd_data(caller->session, asked->at, VOLUME_PATH_MOST);
    if (!place_is_own(caller->session)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    const struct volume *volume = asked->number < VOLUMES_MOST ? volume_at(asked->number) : nullptr;
    if (volume == nullptr || bytes == nullptr) {
        return kozo_answer(volume == nullptr ? KOZO_BAD_HANDLE : KOZO_BAD_ARGUMENT);
    }
    size_t length = 0;
    const char *path = volume_path(volume, &length);
    memcpy(bytes, path, length);
    return kozo_files_mounted_answer(volume->mounted && !volume->due ? length : 0);
}

static enum kozo_error sync_done(struct request *request, const struct kozo_entry *entry)
{
    (void)request;
    return kozo_volume_sync_end(entry).error;
}

static struct kozo_message begin_sync(struct volume *volume, struct operation *operation)
{
    struct request *request = request_new(volume, operation, sync_done);
    if (request == nullptr) {
        return operation_wait(operation, &volume->waiting);
    }
    request->change = true;
    return request_begun(request, kozo_volume_sync_begin(&volume->session, 0))
               ? kozo_later()
               : operation_wait(operation, &volume->waiting);
}

struct kozo_message serve_unmount(struct kozo_caller *caller,
                                  const struct kozo_files_unmount_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    if (!place_is_own(caller->session)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct text path = copy_text(caller->session, asked->at, asked->length);
    struct volume *volume = volume_mounted_by(path.bytes, path.length);
    if (volume == nullptr || volume_is_covered(volume)) {
        return kozo_answer(volume == nullptr ? KOZO_BAD_HANDLE : KOZO_BAD_STATE);
    }
    // A volume whose service is down has nothing to be written to.
    if (operation->stage != STAGE_DONE && volume->state == VOLUME_READY) {
        if (!write_is_due_on(volume, cache_stamp())) {
            return begin_sync(volume, operation);
        }
        write_back(volume, nullptr, cache_stamp());
        return operation_wait(operation, &volume->waiting);
    }
    enum kozo_error error = operation->stage == STAGE_DONE ? operation->error : KOZO_OK;
    error = error == KOZO_OK ? volume->lost : error;
    volume->lost = KOZO_OK;
    volume_unmount(volume);
    return kozo_answer(error);
}
