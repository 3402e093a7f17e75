// SPDX-License-Identifier: MIT
#include "answer.h"

#include <string.h>

#include "host.h"
#include "message.h"
#include "step.h"

// Each function takes the answer to one step. They give false when the answer does not fit.

bool answer_is_whole(const struct wire_reader *in)
{
    return !in->broken && in->left == 0;
}

static bool take_statfs(struct job *job, struct wire_reader *in)
{
    (void)wire_read(in, 4);
    uint64_t block = wire_read(in, 4);
    uint64_t blocks = wire_read(in, 8);
    uint64_t free = wire_read(in, 8);
    (void)wire_read(in, 8);
    uint64_t nodes = wire_read(in, 8);
    (void)wire_read(in, 8);
    (void)wire_read(in, 8);
    (void)wire_read(in, 4);
    if (!answer_is_whole(in) || block == 0) {
        return false;
    }
    struct kozo_message answer =
        kozo_volume_describe_answer(block, blocks, free, nodes, KOZO_VOLUME_SHARED);
    job_complete(job, &answer);
    return true;
}

static void take_walked(struct job *job, struct message_qid qid)
{
    if (job->kind == JOB_REMOVE || job->kind == JOB_RENAME) {
        step_name_goes(job, &qid);
        return;
    }
    if (!step_adopt(job, qid)) {
        job_fail(job, KOZO_NO_MEMORY);
        return;
    }
    struct kozo_message answer = job->kind == JOB_MAKE
                                     ? kozo_volume_make_answer(qid.number)
                                     : kozo_volume_look_answer(qid.number, qid.kind);
    job_complete(job, &answer);
}

static bool take_walk(struct job *job, struct wire_reader *in)
{
    uint64_t walked = wire_read(in, 2);
    struct message_qid qid = walked == 1 ? message_read_qid(in) : (struct message_qid){};
    if (!answer_is_whole(in) || walked > 1) {
        return false;
    }
    if (walked == 1) {
        take_walked(job, qid);
        return true;
    }
    job->file = NINE_NO_FILE;
    if (job->kind == JOB_RENAME) {
        step_name_goes(job, nullptr);
    } else {
        job_fail(job, KOZO_BAD_HANDLE);
    }
    return true;
}

static bool take_clone(struct job *job, struct wire_reader *in)
{
    if (wire_read(in, 2) != 0 || !answer_is_whole(in)) {
        return false;
    }
    job->step = job->kind == JOB_MAKE         ? STEP_CREATE
                : job_is_about_attribute(job) ? STEP_ATTRIBUTE_CREATE
                                              : STEP_OPEN;
    return true;
}

static bool take_open(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    (void)wire_read(in, 4);
    if (!answer_is_whole(in)) {
        return false;
    }
    if (job->kind == JOB_REMOVE || job->kind == JOB_RENAME) {
        step_kept_open(job, true);
        return true;
    }
    struct node *node = node_find(job->node);
    if (node == nullptr) {
        job_fail(job, KOZO_BAD_HANDLE);
        return true;
    }
    uint32_t *file = job->flags == JOB_OPEN_READ ? &node->read : &node->write;
    host_close(*file);
    *file = job->file;
    job->file = NINE_NO_FILE;
    job->opens = false;
    node->opening = false;
    step_opened(job);
    return true;
}

// What was created is known by its name, as all others are.
static bool take_create(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    (void)wire_read(in, 4);
    if (!answer_is_whole(in)) {
        return false;
    }
    job->made = job->file;
    job->file = host_new_file();
    job->step = STEP_WALK;
    return true;
}

static bool take_made(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    if (!answer_is_whole(in)) {
        return false;
    }
    job->file = host_new_file();
    job->step = STEP_WALK;
    return true;
}

static bool take_getattr(struct job *job, struct wire_reader *in)
{
    struct kozo_node_stat stat = {.node = job->node};
    message_read_stat(in, &stat);
    if (!answer_is_whole(in)) {
        return false;
    }
    uint8_t *record = job->dropped ? nullptr : host.link->data(job->place, job->at, sizeof stat);
    if (record != nullptr) {
        memcpy(record, &stat, sizeof stat);
    }
    job_succeed(job);
    return true;
}

static bool take_read(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    struct wire_text bytes = wire_read_bytes(in, count);
    if (!answer_is_whole(in) || count > job->asked) {
        return false;
    }
    uint8_t *to = job->dropped ? nullptr : host.link->data(job->place, job->at + job->done, count);
    if (to != nullptr) {
        memcpy(to, bytes.text, count);
    }
    job->done += count;
    // Fewer bytes than asked for are the file's last ones.
    job->length = count < job->asked ? job->done : job->length;
    step_read_on(job);
    return true;
}

static bool take_readlink(struct job *job, struct wire_reader *in)
{
    struct wire_text target = wire_read_text(in);
    if (!answer_is_whole(in)) {
        return false;
    }
    size_t from = job->offset < target.length ? job->offset : target.length;
    size_t count = target.length - from < job->length ? target.length - from : job->length;
    uint8_t *to = job->dropped ? nullptr : host.link->data(job->place, job->at, count);
    if (to != nullptr) {
        memcpy(to, target.text + from, count);
    }
    struct kozo_message answer = kozo_volume_read_answer(count);
    job_complete(job, &answer);
    return true;
}

// Writes one entry of the host's list in this system's form. False when there is no room for it.
static bool put_entry(struct job *job, uint8_t *to, struct message_qid qid, uint64_t next,
                      struct wire_text name)
{
    struct kozo_folder_entry entry = {
        .node = qid.number, .next = next, .kind = qid.kind, .length = (uint32_t)name.length};
    size_t size = (sizeof entry + name.length + 7) / 8 * 8;
    if (size > job->length - job->done) {
        return false;
    }
    if (to != nullptr) {
        memset(to + job->done, 0, size);
        memcpy(to + job->done, &entry, sizeof entry);
        memcpy(to + job->done + sizeof entry, name.text, name.length);
    }
    job->done += size;
    return true;
}

static bool take_readdir(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    uint8_t *to = job->dropped ? nullptr : host.link->data(job->place, job->at, job->length);
    if (in->broken || count != in->left || count > job->asked) {
        return false;
    }
    bool fits = true;
    while (in->left > 0) {
        struct message_qid qid = message_read_qid(in);
        uint64_t next = wire_read(in, 8);
        (void)wire_read(in, 1);
        struct wire_text name = wire_read_text(in);
        if (in->broken || !message_is_name(name.text, name.length)) {
            return false;
        }
        // What does not fit is asked for again, from the entry before it on.
        fits = fits && put_entry(job, to, qid, next, name);
    }
    struct kozo_message answer =
        fits || job->done > 0 ? kozo_volume_list_answer(job->done) : kozo_answer(KOZO_BAD_ARGUMENT);
    job_complete(job, &answer);
    return true;
}

static bool take_write(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    if (!answer_is_whole(in) || count > job->asked) {
        return false;
    }
    job->done += count;
    job->length = count == 0 ? job->done : job->length;
    step_write_on(job);
    return true;
}

static bool take_fsync(struct job *job, struct wire_reader *in)
{
    if (!answer_is_whole(in)) {
        return false;
    }
    if (job->what != 0) {
        step_sync_on(job);
    } else {
        job_succeed(job);
    }
    return true;
}

static bool take_nothing(struct job *job, struct wire_reader *in)
{
    if (!answer_is_whole(in)) {
        return false;
    }
    job_succeed(job);
    return true;
}

// An attribute was found, or the names of all. What has no room is not read.
static bool take_attribute_walk(struct job *job, struct wire_reader *in)
{
    uint64_t size = wire_read(in, 8);
    if (!answer_is_whole(in) || size > KOZO_ATTRIBUTE_MOST) {
        return false;
    }
    bool fits = size <= job->length;
    job->length = size;
    if (!fits || size == 0 || job->dropped) {
        step_answer_size(job);
        return true;
    }
    job->asked = step_next_piece(job);
    job->step = STEP_ATTRIBUTE_READ;
    return true;
}

static bool take_attribute_read(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    struct wire_text bytes = wire_read_bytes(in, count);
    if (!answer_is_whole(in) || count == 0 || count > job->asked) {
        return false;
    }
    uint8_t *to = job->dropped ? nullptr : host.link->data(job->place, job->at + job->done, count);
    if (to != nullptr) {
        memcpy(to, bytes.text, count);
    }
    job->done += count;
    if (job->done == job->length || job->dropped) {
        step_answer_size(job);
    } else {
        job->asked = step_next_piece(job);
    }
    return true;
}

// The host changes the attribute when it has the last byte of the value.
static void set_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        job_succeed(job);
        return;
    }
    job->asked = step_next_piece(job);
    job->step = STEP_ATTRIBUTE_WRITE;
}

static bool take_attribute_create(struct job *job, struct wire_reader *in)
{
    if (!answer_is_whole(in)) {
        return false;
    }
    set_on(job);
    return true;
}

static bool take_attribute_write(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    if (!answer_is_whole(in) || count == 0 || count > job->asked) {
        return false;
    }
    job->done += count;
    set_on(job);
    return true;
}

// The same for an attribute. The host keeps a value for the number that asked for it, but not when another of its processes goes
// on in its place.
static bool begin_attribute_anew(struct job *job)
{
    struct node *node = node_find(job->node);
    bool own = job->step >= STEP_ATTRIBUTE_READ; // by a number of the job's own
    if (node == nullptr || job->anew || job->step == STEP_CLONE ||
        (!own && !host_close_node(node))) {
        return false;
    }
    bool reads = job->kind == JOB_ATTRIBUTE || job->kind == JOB_ATTRIBUTES;
    host_close(own ? job->file : NINE_NO_FILE);
    job->file = NINE_NO_FILE;
    job->anew = true;
    job->done = 0;
    job->length = reads ? job->room : job->length;
    job->step = reads ? STEP_ATTRIBUTE_WALK : STEP_CLONE;
    return true;
}

// What a node is open by was taken back, for good. It may have been given again since, and then its path leads there: the job
// begins anew, once. False: it can't.
static bool begin_anew(struct job *job)
{
    bool contents = job->step == STEP_READ || job->step == STEP_WRITE || job->step == STEP_READDIR;
    struct node *node = node_find(job->node);
    bool can = node != nullptr && !job->anew &&
               (contents || job->step == STEP_GETATTR || job->step == STEP_SETATTR);
    if (!can || !host_close_node(node)) {
        return false;
    }
    job->anew = true;
    job->step = contents ? STEP_CLONE : job->step;
    return true;
}

static void take_error(struct job *job, uint32_t number)
{
    if (message_error(number) == KOZO_EXPIRED &&
        (job_is_about_attribute(job) ? begin_attribute_anew(job) : begin_anew(job))) {
        return;
    }
    if (step_needs_file(job->step)) {
        job->file = NINE_NO_FILE; // there is no such number
    }
    if (job->kind == JOB_RENAME && job->step == STEP_WALK) {
        step_name_goes(job, nullptr);
    } else if (job->step == STEP_OPEN && (job->kind == JOB_REMOVE || job->kind == JOB_RENAME)) {
        step_kept_open(job, false);
    } else {
        job_fail(job, message_error(number));
    }
}

typedef bool take_function(struct job *job, struct wire_reader *in);

static take_function *const takes[STEPS] = {
    [STEP_STATFS] = take_statfs,
    [STEP_WALK] = take_walk,
    [STEP_CLONE] = take_clone,
    [STEP_OPEN] = take_open,
    [STEP_CREATE] = take_create,
    [STEP_FOLDER] = take_made,
    [STEP_SYMLINK] = take_made,
    [STEP_GETATTR] = take_getattr,
    [STEP_SETATTR] = take_nothing,
    [STEP_READ] = take_read,
    [STEP_READLINK] = take_readlink,
    [STEP_READDIR] = take_readdir,
    [STEP_WRITE] = take_write,
    [STEP_FSYNC] = take_fsync,
    [STEP_LINK] = take_nothing,
    [STEP_UNLINK] = take_nothing,
    [STEP_RENAME] = take_nothing,
    [STEP_ATTRIBUTE_WALK] = take_attribute_walk,
    [STEP_ATTRIBUTE_READ] = take_attribute_read,
    [STEP_ATTRIBUTE_CREATE] = take_attribute_create,
    [STEP_ATTRIBUTE_WRITE] = take_attribute_write,
};

bool answer_take(struct job *job, uint8_t type, struct wire_reader *in)
{
    if (type != NINE_ERROR + 1) {
        return type == message_type(job->step) + 1 && takes[job->step](job, in);
    }
    uint32_t number = (uint32_t)wire_read(in, 4);
    bool fits = answer_is_whole(in);
    if (fits) {
        take_error(job, number);
    }
    return fits;
}
