// SPDX-License-Identifier: MIT
// Volumes that come and go at the top, for the person at the prompt.
#include <string.h>

#include "access.h"
#include "cache.h"
#include "fetch.h"
#include "fsd.h"
#include "requests.h"
#include "write.h"

static struct volume *find(size_t place, uint64_t at, uint64_t length)
{
    char name[NODE_NAME_MOST];
    const uint8_t *bytes = fsd_data(place, at, length);
    if (bytes == nullptr || length > sizeof name) {
        return nullptr;
    }
    memcpy(name, bytes, length);
    return volume_named(name, length);
}

struct kozo_message serve_mount(struct kozo_caller *caller,
                                const struct kozo_files_mount_arguments *asked)
{
    if (!place_is_own(caller->session)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct volume *volume = find(caller->session, asked->at, asked->length);
    if (volume == nullptr || volume->mounted) {
        return kozo_answer(volume == nullptr ? KOZO_BAD_HANDLE : KOZO_SLOT_TAKEN);
    }
    volume->mounted = true;
    return kozo_answer(KOZO_OK);
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
    struct volume *volume = find(caller->session, asked->at, asked->length);
    if (volume == nullptr || !volume->mounted) {
        return kozo_answer(KOZO_BAD_HANDLE);
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
