// SPDX-License-Identifier: MIT
#include "step.h"

#include "host.h"

constexpr uint64_t LIST_LEAST = 512; // more than any entry has

bool step_adopt(struct job *job, struct message_qid qid)
{
    if (job->dropped) {
        return true; // its numbers are not needed
    }
    struct node *node = node_get(qid.number, qid.kind);
    if (node == nullptr) {
        return false;
    }
    // The newest path is the best: the host may have renamed what is on the way.
    host_close(node->walk);
    node->walk = job->file;
    node->kind = qid.kind;
    node->users |= 1ull << job->place;
    job->file = NINE_NO_FILE;
    if (job->made != NINE_NO_FILE && node->read == NINE_NO_FILE && node->write == NINE_NO_FILE) {
        node->read = job->made;
        node->write = job->made;
        job->made = NINE_NO_FILE;
    }
    return true;
}

uint32_t step_next_piece(const struct job *job)
{
    uint64_t left = job->length - job->done;
    return (uint32_t)(left < host.data ? left : host.data);
}

void step_read_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        struct kozo_message answer = kozo_volume_read_answer(job->done);
        job_complete(job, &answer);
        return;
    }
    job->asked = step_next_piece(job);
    job->step = STEP_READ;
}

void step_write_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        struct kozo_message answer = kozo_volume_write_answer(job->done);
        job_complete(job, &answer);
        return;
    }
    job->asked = step_next_piece(job);
    job->step = STEP_WRITE;
}

// Asks for as many entries as fit when they are written in this system's form, which takes at most a
// third more.
static void list_on(struct job *job)
{
    uint64_t piece = job->length - job->length / 4;
    piece = piece < LIST_LEAST ? LIST_LEAST : piece;
    job->asked = (uint32_t)(piece < host.data ? piece : host.data);
    job->step = STEP_READDIR;
}

bool step_needs_file(enum step step)
{
    return step == STEP_WALK || step == STEP_CLONE || step == STEP_ATTRIBUTE_WALK;
}

void step_opened(struct job *job)
{
    if (job->kind == JOB_READ) {
        step_read_on(job);
    } else if (job->kind == JOB_WRITE) {
        step_write_on(job);
    } else {
        list_on(job);
    }
}

void step_answer_size(struct job *job)
{
    struct kozo_message answer = job->kind == JOB_ATTRIBUTE
                                     ? kozo_volume_attribute_answer(job->length)
                                     : kozo_volume_attributes_answer(job->length);
    job_complete(job, &answer);
}

void step_sync_on(struct job *job)
{
    size_t place = job->done;
    struct node *node = node_next(&place);
    while (node != nullptr && node->write == NINE_NO_FILE) {
        node = node_next(&place);
    }
    job->done = place;
    if (node == nullptr) {
        job_succeed(job);
        return;
    }
    job->node = node->number;
    job->step = STEP_FSYNC;
}

void step_name_goes(struct job *job, const struct message_qid *qid)
{
    struct node *node = qid == nullptr ? nullptr : node_find(qid->number);
    job->folder = qid != nullptr && qid->kind == KOZO_NODE_FOLDER;
    bool keep = node != nullptr && node->kind == KOZO_NODE_FILE && node->read == NINE_NO_FILE &&
                node->write == NINE_NO_FILE;
    if (keep) {
        job->what = node->number;
        job->flags = JOB_OPEN_READ;
        job->step = STEP_OPEN;
    } else {
        job->step = job->kind == JOB_RENAME ? STEP_RENAME : STEP_UNLINK;
    }
}

void step_kept_open(struct job *job, bool good)
{
    struct node *node = node_find(job->what);
    if (good && node != nullptr && node->read == NINE_NO_FILE) {
        node->read = job->file;
        job->file = NINE_NO_FILE;
    }
    job->step = job->kind == JOB_RENAME ? STEP_RENAME : STEP_UNLINK;
}

// Before a file is opened. False: another job opens it, and this one waits.
static bool may_open(struct job *job)
{
    struct node *node = node_find(job->node);
    if (node == nullptr || job->kind == JOB_MAKE || job_is_about_attribute(job)) {
        return true;
    }
    uint32_t file = job->flags == JOB_OPEN_READ ? node->read : node->write;
    if (file != NINE_NO_FILE) {
        step_opened(job);
        return true;
    }
    if (node->opening && !job->opens) {
        return false;
    }
    node->opening = true;
    job->opens = true;
    return true;
}

void step_run(struct job *job)
{
    bool ready = host.ready && job->kind != JOB_NONE && (job->step != STEP_CLONE || may_open(job));
    // Nothing may have been left to do.
    if (!ready || job->kind == JOB_NONE) {
        return;
    }
    struct wire_writer out = host_begin(message_most(job));
    if (out.bytes == nullptr) {
        return;
    }
    if (step_needs_file(job->step) && job->file == NINE_NO_FILE) {
        job->file = host_new_file();
    }
    const uint8_t *contents = nullptr;
    if (job->step == STEP_WRITE || job->step == STEP_ATTRIBUTE_WRITE) {
        contents = host.link->data(job->place, job->at + job->done, job->asked);
        if (contents == nullptr) {
            job_fail(job, KOZO_BAD_ARGUMENT);
            return;
        }
    }
    enum kozo_error error = message_put(job, contents, &out);
    if (error != KOZO_OK) {
        job_fail(job, error);
        return;
    }
    job->sent = true;
    host_end(&out, message_type(job->step), (uint16_t)(job - job_table));
}
