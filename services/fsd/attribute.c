// SPDX-License-Identifier: MIT
// Extended attributes: nothing of them is kept here. Each request is the volume's to answer, once it is known that the
// session may ask it.
#include <string.h>

#include "access.h"
#include "fetch.h"
#include "fsd.h"
#include "requests.h"
#include "volume.h"

// --- Checking -----------------------------------------------------------------------------------

// A file or folder: nothing else has attributes.
static struct access access_owner(const struct kozo_caller *caller, uint64_t file, uint8_t right)
{
    struct access access = access_node(caller, file, right);
    bool fits = access.error != KOZO_OK || access.node->kind == KOZO_NODE_FILE ||
                access.node->kind == KOZO_NODE_FOLDER;
    return fits ? access : (struct access){.error = KOZO_BAD_TYPE};
}

// A name out of the memory of a client, and a value behind it.
struct text {
    size_t length;
    size_t size;
    const uint8_t *value;
    char name[NODE_NAME_MOST];
};

static enum kozo_error copy_text(size_t place, uint64_t at, uint64_t length, uint64_t size,
                                 struct text *text)
{
    if (length == 0 || length > NODE_NAME_MOST || size > KOZO_ATTRIBUTE_MOST) {
        return KOZO_BAD_ARGUMENT;
    }
    const uint8_t *bytes = fsd_data(place, at, length + size);
    if (bytes == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    text->length = length;
    text->size = size;
    text->value = bytes + length;
    memcpy(text->name, bytes, length);
    return memchr(text->name, 0, length) == nullptr ? KOZO_OK : KOZO_BAD_ARGUMENT;
}

// --- Asking the volume --------------------------------------------------------------------------

struct asked {
    struct kozo_message answer; // PENDING or an error where there is no request
    struct request *request;
};

// A request that is about a node's attributes, with a name and a value in its memory.
static struct asked ask(const struct kozo_caller *caller, struct node *node,
                        const struct text *text, request_done *done)
{
    struct operation *operation = operation_of(caller);
    struct volume *volume = node->volume;
    struct asked asked = {.answer = volume_check(volume, operation)};
    if (!is_ok(&asked.answer)) {
        return asked;
    }
    asked.request = request_new(volume, operation, done);
    if (asked.request == nullptr) {
        asked.answer = operation_wait(operation, &volume->waiting);
    } else if (asked.request->size < KOZO_ATTRIBUTE_MOST ||
               text->length + text->size > asked.request->size) {
        asked = (struct asked){.answer = kozo_answer(KOZO_NO_MEMORY)};
    } else {
        asked.request->change = true;
        memcpy(asked.request->bytes, text->name, text->length);
        memcpy(asked.request->bytes + text->length, text->value, text->size);
        request_hold(asked.request, node, nullptr);
    }
    return asked;
}

static struct kozo_message begun(const struct kozo_caller *caller, struct request *request,
                                 uint64_t number)
{
    struct volume *volume = request->volume;
    return request_begun(request, number) ? kozo_later()
                                          : operation_wait(operation_of(caller), &volume->waiting);
}

// The room that a client has for an answer, as far as it is of use.
static uint64_t room_of(uint64_t room)
{
    return room < KOZO_ATTRIBUTE_MOST ? room : KOZO_ATTRIBUTE_MOST;
}

// --- Reading ------------------------------------------------------------------------------------

// At once into the client's memory, since the part of the shared memory that it came through is used anew. What does
// not fit, the volume did not write.
static enum kozo_error take(const struct operation *owner, uint64_t file, uint64_t at,
                            uint64_t room, const uint8_t *bytes, uint64_t size)
{
    const struct kozo_caller caller = {.session = owner->place};
    enum kozo_error error = access_owner(&caller, file, PLACE_READ).error;
    uint8_t *to = fsd_data(owner->place, at, size <= room ? size : 0);
    if (error == KOZO_OK && size <= room && to != nullptr) {
        memcpy(to, bytes, size);
    }
    return error;
}

static enum kozo_error attribute_done(struct request *request, const struct kozo_entry *entry)
{
    struct kozo_volume_attribute_result result = kozo_volume_attribute_end(entry);
    if (result.error != KOZO_OK || request->owner == nullptr) {
        return result.error;
    }
    struct kozo_files_attribute_arguments asked =
        kozo_files_attribute_arguments(&request->owner->message);
    return result.size <= KOZO_ATTRIBUTE_MOST
               ? take(request->owner, asked.file, asked.at, asked.room, request->bytes, result.size)
               : KOZO_NO_REPLY;
}

struct kozo_message serve_attribute(struct kozo_caller *caller,
                                    const struct kozo_files_attribute_arguments *asked)
{
    const struct operation *operation = operation_of(caller);
    if (operation->stage == STAGE_DONE) {
        return operation->error == KOZO_OK ? kozo_files_attribute_answer(operation->word[0])
                                           : kozo_answer(operation->error);
    }
    struct text text;
    enum kozo_error error = copy_text(caller->session, asked->at, asked->length, 0, &text);
    if (error != KOZO_OK || fsd_data(caller->session, asked->at, asked->room) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct access access = access_owner(caller, asked->file, PLACE_READ);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    struct asked volume = ask(caller, access.node, &text, attribute_done);
    if (volume.request == nullptr) {
        return volume.answer;
    }
    struct request *request = volume.request;
    uint64_t number = kozo_volume_attribute_begin(&request->volume->session, access.node->number,
                                                  request->at, text.length, room_of(asked->room));
    return begun(caller, request, number);
}

// Whether bytes are names with a zero behind each.
static bool are_names(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(bytes + at, 0, size - at);
        size_t length = end != nullptr ? (size_t)(end - bytes) - at : 0;
        if (length == 0 || length > NODE_NAME_MOST) {
            return false;
        }
        at += length + 1;
    }
    return true;
}

static enum kozo_error attributes_done(struct request *request, const struct kozo_entry *entry)
{
    static uint8_t copy[KOZO_ATTRIBUTE_MOST]; // the volume may still write to the shared memory
    struct kozo_volume_attributes_result result = kozo_volume_attributes_end(entry);
    if (result.error != KOZO_OK || request->owner == nullptr) {
        return result.error;
    }
    struct kozo_files_attributes_arguments asked =
        kozo_files_attributes_arguments(&request->owner->message);
    if (result.size > KOZO_ATTRIBUTE_MOST) {
        return KOZO_NO_REPLY;
    }
    memcpy(copy, request->bytes, result.size);
    if (result.size <= asked.room && !are_names(copy, result.size)) {
        return KOZO_NO_REPLY;
    }
    return take(request->owner, asked.file, asked.at, asked.room, copy, result.size);
}

struct kozo_message serve_attributes(struct kozo_caller *caller,
                                     const struct kozo_files_attributes_arguments *asked)
{
    const struct operation *operation = operation_of(caller);
    if (operation->stage == STAGE_DONE) {
        return operation->error == KOZO_OK ? kozo_files_attributes_answer(operation->word[0])
                                           : kozo_answer(operation->error);
    }
    if (fsd_data(caller->session, asked->at, asked->room) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct access access = access_owner(caller, asked->file, PLACE_READ);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    static const struct text none;
    struct asked volume = ask(caller, access.node, &none, attributes_done);
    if (volume.request == nullptr) {
        return volume.answer;
    }
    struct request *request = volume.request;
    uint64_t number = kozo_volume_attributes_begin(&request->volume->session, access.node->number,
                                                   request->at, room_of(asked->room));
    return begun(caller, request, number);
}

// --- Changing -----------------------------------------------------------------------------------

// The volume has noted the time of the change, and may have less room than before.
static void note_changed(struct request *request)
{
    struct node *node = request->node;
    struct volume *volume = request->volume;
    uint64_t blocks = volume->block > 0 ? request->length / volume->block + 1 : 0;
    volume->free -= blocks < volume->free ? blocks : volume->free;
    volume->stale = true;
    node->version++;
    if (volume_is_shared(volume)) {
        node->looked = 0; // what is known tells whether others have changed it
    } else {
        node->known =
            node->known && (node->time_ahead || node->dirty_pages > 0 || node->writing > 0);
    }
    node->stat.changed = fsd_date();
}

static enum kozo_error set_done(struct request *request, const struct kozo_entry *entry)
{
    note_changed(request);
    return kozo_volume_set_attribute_end(entry).error;
}

static enum kozo_error remove_done(struct request *request, const struct kozo_entry *entry)
{
    note_changed(request);
    return kozo_volume_remove_attribute_end(entry).error;
}

struct kozo_message serve_set_attribute(struct kozo_caller *caller,
                                        const struct kozo_files_set_attribute_arguments *asked)
{
    const struct operation *operation = operation_of(caller);
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    struct access access = access_owner(caller, asked->file, PLACE_WRITE);
    struct text text;
    enum kozo_error error =
        copy_text(caller->session, asked->at, asked->length, asked->size, &text);
    if (access.error != KOZO_OK || error != KOZO_OK || asked->way > KOZO_ATTRIBUTE_OVER) {
        return kozo_answer(access.error != KOZO_OK ? access.error : KOZO_BAD_ARGUMENT);
    }
    if (!access_may_store(caller->session, access.node->volume)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    struct asked volume = ask(caller, access.node, &text, set_done);
    if (volume.request == nullptr) {
        return volume.answer;
    }
    struct request *request = volume.request;
    request->length = text.length + text.size;
    uint64_t number = kozo_volume_set_attribute_begin(
        &request->volume->session, access.node->number, request->at, text.length, text.size,
        asked->way, place_pays(caller->session));
    return begun(caller, request, number);
}

struct kozo_message
serve_remove_attribute(struct kozo_caller *caller,
                       const struct kozo_files_remove_attribute_arguments *asked)
{
    const struct operation *operation = operation_of(caller);
    if (operation->stage == STAGE_DONE) {
        return kozo_answer(operation->error);
    }
    struct access access = access_owner(caller, asked->file, PLACE_WRITE);
    struct text text;
    enum kozo_error error = copy_text(caller->session, asked->at, asked->length, 0, &text);
    if (access.error != KOZO_OK || error != KOZO_OK) {
        return kozo_answer(access.error != KOZO_OK ? access.error : error);
    }
    struct asked volume = ask(caller, access.node, &text, remove_done);
    if (volume.request == nullptr) {
        return volume.answer;
    }
    struct request *request = volume.request;
    uint64_t number = kozo_volume_remove_attribute_begin(
        &request->volume->session, access.node->number, request->at, text.length);
    return begun(caller, request, number);
}
