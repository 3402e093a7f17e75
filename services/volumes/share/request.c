// SPDX-License-Identifier: MIT
#include "request.h"

#include <string.h>

#include "host.h"
#include "message.h"
#include "node.h"
#include "step.h"

// Lets a job begin. Its answer may come before this returns.
static struct kozo_message begin(struct job *job, enum step step)
{
    job->step = step;
    step_run(job);
    return kozo_later();
}

// Copies a name, or two that follow each other, out of the session's memory.
static enum kozo_error take_names(struct job *job, uint64_t at, uint64_t length, uint64_t second,
                                  bool second_is_name)
{
    size_t most = second_is_name ? JOB_NAME : JOB_TARGET;
    if (length > JOB_NAME || second > most) {
        return KOZO_BAD_ARGUMENT;
    }
    const uint8_t *bytes = host.link->data(job->place, at, length + second);
    if (bytes == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    memcpy(job->name, bytes, length);
    memcpy(job->target, bytes + length, second);
    job->name_length = length;
    job->target_length = second;
    bool fits = message_is_name(job->name, length) &&
                (!second_is_name || message_is_name(job->target, second));
    return fits ? KOZO_OK : KOZO_BAD_ARGUMENT;
}

// A job that is about names in a folder.
static struct kozo_message begin_names(struct job *job, enum step step, uint64_t at,
                                       uint64_t length)
{
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    enum kozo_error error = take_names(job, at, length, 0, false);
    if (error != KOZO_OK) {
        job_clear(job);
        return kozo_answer(error);
    }
    return begin(job, step);
}

static struct kozo_message serve_describe(struct kozo_caller *caller,
                                          const struct kozo_volume_describe_arguments *asked)
{
    (void)asked;
    struct job *job = job_new(caller, JOB_DESCRIBE, NODE_ROOT);
    return job == nullptr ? kozo_answer(KOZO_WOULD_BLOCK) : begin(job, STEP_STATFS);
}

static struct kozo_message serve_look(struct kozo_caller *caller,
                                      const struct kozo_volume_look_arguments *asked)
{
    struct job *job = job_new(caller, JOB_LOOK, asked->folder);
    return begin_names(job, STEP_WALK, asked->at, asked->length);
}

static struct kozo_message serve_stat(struct kozo_caller *caller,
                                      const struct kozo_volume_stat_arguments *asked)
{
    if (host.link->data(caller->session, asked->at, sizeof(struct kozo_node_stat)) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct job *job = job_new(caller, JOB_STAT, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->at = asked->at;
    return begin(job, STEP_GETATTR);
}

// A job about contents, of a node of a kind that has them.
static struct kozo_message begin_contents(const struct kozo_caller *caller, enum job_kind kind,
                                          uint64_t number, uint64_t offset, uint64_t at,
                                          uint64_t length)
{
    const struct node *node = node_find(number);
    if (host.link->data(caller->session, at, length) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (node == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    bool fits = kind == JOB_LIST ? node->kind == KOZO_NODE_FOLDER
                                 : node->kind == KOZO_NODE_FILE ||
                                       (kind == JOB_READ && node->kind == KOZO_NODE_LINK);
    if (!fits) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct job *job = job_new(caller, kind, number);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->offset = offset;
    job->at = at;
    job->length = length;
    job->flags = kind == JOB_WRITE ? JOB_OPEN_WRITE : JOB_OPEN_READ;
    return begin(job, node->kind == KOZO_NODE_LINK ? STEP_READLINK : STEP_CLONE);
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_volume_read_arguments *asked)
{
    return begin_contents(caller, JOB_READ, asked->node, asked->offset, asked->at, asked->length);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_volume_write_arguments *asked)
{
    return begin_contents(caller, JOB_WRITE, asked->node, asked->offset, asked->at, asked->length);
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_volume_list_arguments *asked)
{
    return begin_contents(caller, JOB_LIST, asked->folder, asked->from, asked->at, asked->length);
}

static enum step step_to_make(uint64_t kind)
{
    switch (kind) {
    case KOZO_NODE_FILE:
        return STEP_CLONE;
    case KOZO_NODE_FOLDER:
        return STEP_FOLDER;
    case KOZO_NODE_LINK:
        return STEP_SYMLINK;
    default:
        return STEP_DONE;
    }
}

static struct kozo_message serve_make(struct kozo_caller *caller,
                                      const struct kozo_volume_make_arguments *asked)
{
    enum step step = step_to_make(asked->kind & ((1u << KOZO_MODE_SHIFT) - 1));
    if (step == STEP_DONE) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct job *job = job_new(caller, JOB_MAKE, asked->folder);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    enum kozo_error error =
        take_names(job, asked->at, asked->length, step == STEP_SYMLINK ? asked->target : 0, false);
    bool zero = memchr(job->target, '\0', job->target_length) != nullptr;
    if (error != KOZO_OK || zero || (step == STEP_SYMLINK && asked->target == 0)) {
        job_clear(job);
        return kozo_answer(error != KOZO_OK ? error : KOZO_BAD_ARGUMENT);
    }
    job->mode = (uint32_t)(asked->kind >> KOZO_MODE_SHIFT & 07777);
    job->flags = JOB_CREATE_BOTH;
    return begin(job, step);
}

static struct kozo_message serve_link(struct kozo_caller *caller,
                                      const struct kozo_volume_link_arguments *asked)
{
    if (node_find(asked->folder) == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    struct job *job = job_new(caller, JOB_LINK, asked->node);
    if (job != nullptr) {
        job->second = asked->folder;
    }
    return begin_names(job, STEP_LINK, asked->at, asked->length);
}

static struct kozo_message serve_remove(struct kozo_caller *caller,
                                        const struct kozo_volume_remove_arguments *asked)
{
    struct job *job = job_new(caller, JOB_REMOVE, asked->folder);
    return begin_names(job, STEP_WALK, asked->at, asked->length);
}

static struct kozo_message serve_rename(struct kozo_caller *caller,
                                        const struct kozo_volume_rename_arguments *asked)
{
    if (node_find(asked->target) == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    struct job *job = job_new(caller, JOB_RENAME, asked->folder);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->second = asked->target;
    enum kozo_error error = take_names(job, asked->at, asked->length, asked->second, true);
    if (error != KOZO_OK) {
        job_clear(job);
        return kozo_answer(error);
    }
    return begin(job, STEP_WALK);
}

static struct kozo_message serve_change(struct kozo_caller *caller,
                                        const struct kozo_volume_change_arguments *asked)
{
    const uint8_t *record =
        host.link->data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (record == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct job *job = job_new(caller, JOB_CHANGE, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    memcpy(&job->stat, record, sizeof job->stat);
    job->what = asked->what;
    return begin(job, STEP_SETATTR);
}

// What was never written to has nothing that could be lost.
static struct kozo_message serve_sync(struct kozo_caller *caller,
                                      const struct kozo_volume_sync_arguments *asked)
{
    const struct node *node = node_find(asked->node);
    if (asked->node != 0 && node == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (node != nullptr && node->write == NINE_NO_FILE) {
        return kozo_answer(KOZO_OK);
    }
    struct job *job = job_new(caller, JOB_SYNC, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->what = asked->node == 0;
    if (asked->node != 0) {
        return begin(job, STEP_FSYNC);
    }
    step_sync_on(job);
    step_run(job);
    return kozo_later();
}

// A job about an attribute of a node that can have some. A value that is set, of `room` bytes, follows the name.
static struct kozo_message begin_attribute(const struct kozo_caller *caller, enum job_kind kind,
                                           uint64_t number, uint64_t at, uint64_t length,
                                           uint64_t room, uint64_t what)
{
    const struct node *node = node_find(number);
    bool sets = kind == JOB_SET_ATTRIBUTE;
    bool named = kind != JOB_ATTRIBUTES;
    const uint8_t *name = length <= JOB_NAME
                              ? host.link->data(caller->session, at, sets ? length + room : length)
                              : nullptr;
    if (name == nullptr || (named && !message_is_attribute((const char *)name, length)) ||
        host.link->data(caller->session, at, room) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (node == nullptr || (node->kind != KOZO_NODE_FILE && node->kind != KOZO_NODE_FOLDER)) {
        return kozo_answer(node == nullptr ? KOZO_BAD_HANDLE : KOZO_BAD_TYPE);
    }
    struct job *job = job_new(caller, kind, number);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    memcpy(job->name, name, length);
    job->name_length = length;
    job->at = sets ? at + length : at;
    job->room = room;
    job->length = room;
    job->what = what;
    return begin(job, kind <= JOB_ATTRIBUTES ? STEP_ATTRIBUTE_WALK : STEP_CLONE);
}

static struct kozo_message serve_attribute(struct kozo_caller *caller,
                                           const struct kozo_volume_attribute_arguments *asked)
{
    return begin_attribute(caller, JOB_ATTRIBUTE, asked->node, asked->at, asked->length,
                           asked->room, 0);
}

static struct kozo_message serve_attributes(struct kozo_caller *caller,
                                            const struct kozo_volume_attributes_arguments *asked)
{
    return begin_attribute(caller, JOB_ATTRIBUTES, asked->node, asked->at, 0, asked->room, 0);
}

static struct kozo_message
serve_set_attribute(struct kozo_caller *caller,
                    const struct kozo_volume_set_attribute_arguments *asked)
{
    static_assert(KOZO_ATTRIBUTE_MOST == NINE_ATTRIBUTE_MOST);
    static_assert((int)KOZO_ATTRIBUTE_NEW == (int)NINE_ATTRIBUTE_NEW &&
                  (int)KOZO_ATTRIBUTE_OVER == (int)NINE_ATTRIBUTE_OVER);
    if (asked->size > KOZO_ATTRIBUTE_MOST || asked->way > KOZO_ATTRIBUTE_OVER) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return begin_attribute(caller, JOB_SET_ATTRIBUTE, asked->node, asked->at, asked->length,
                           asked->size, asked->way);
}

static struct kozo_message
serve_remove_attribute(struct kozo_caller *caller,
                       const struct kozo_volume_remove_attribute_arguments *asked)
{
    return begin_attribute(caller, JOB_REMOVE_ATTRIBUTE, asked->node, asked->at, asked->length, 0,
                           NINE_ATTRIBUTE_REMOVE);
}

static void forget_for(struct node *node, size_t place)
{
    node->users &= ~(1ull << place);
    if (node->users == 0 && node->number != NODE_ROOT) {
        host_forget(node);
    }
}

static struct kozo_message serve_forget(struct kozo_caller *caller,
                                        const struct kozo_volume_forget_arguments *asked)
{
    struct node *node = node_find(asked->node);
    if (node != nullptr) {
        forget_for(node, caller->session);
    }
    return kozo_answer(node != nullptr ? KOZO_OK : KOZO_BAD_HANDLE);
}

struct kozo_message request_serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_volume_handlers handlers = {
        .describe = serve_describe,
        .look = serve_look,
        .stat = serve_stat,
        .read = serve_read,
        .write = serve_write,
        .list = serve_list,
        .make = serve_make,
        .link = serve_link,
        .remove = serve_remove,
        .rename = serve_rename,
        .change = serve_change,
        .attribute = serve_attribute,
        .attributes = serve_attributes,
        .set_attribute = serve_set_attribute,
        .remove_attribute = serve_remove_attribute,
        .sync = serve_sync,
        .forget = serve_forget,
    };
    return caller->session < NODE_CLIENTS ? kozo_volume_dispatch(&handlers, caller, message)
                                          : kozo_answer(KOZO_NO_MEMORY);
}

// What is on its way is let go on, for nobody; what is not is as if it had not been asked.
static void drop(struct job *job)
{
    job->dropped = true;
    if (!job->sent) {
        job_fail(job, KOZO_CANCELLED);
    }
}

bool request_cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < JOBS; i++) {
        struct job *job = &job_table[i];
        if (job->kind != JOB_NONE && !job->dropped && job->place == place &&
            job->number == number) {
            drop(job);
            return true;
        }
    }
    return false;
}

void request_left(size_t place)
{
    for (size_t i = 0; i < JOBS; i++) {
        if (job_table[i].kind != JOB_NONE && job_table[i].place == place) {
            drop(&job_table[i]);
        }
    }
    size_t next = 0;
    for (struct node *node = node_next(&next); node != nullptr; node = node_next(&next)) {
        forget_for(node, place);
    }
}
