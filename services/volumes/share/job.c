// SPDX-License-Identifier: MIT
#include "job.h"

#include <string.h>

#include "host.h"

struct job job_table[JOBS];

void job_clear(struct job *job)
{
    memset(job, 0, offsetof(struct job, name));
    job->file = NINE_NO_FILE;
    job->made = NINE_NO_FILE;
}

void job_complete(struct job *job, const struct kozo_message *answer)
{
    if (!job->dropped) {
        host.link->complete(job->place, job->number, answer);
    }
    struct node *node = node_find(job->node);
    if (job->opens && node != nullptr) {
        node->opening = false;
    }
    uint32_t file = job->file;
    uint32_t made = job->made;
    job_clear(job);
    host_close(file);
    host_close(made);
}

void job_fail(struct job *job, enum kozo_error error)
{
    struct kozo_message answer = kozo_answer(error);
    job_complete(job, &answer);
}

void job_succeed(struct job *job)
{
    job_fail(job, KOZO_OK);
}

struct job *job_new(const struct kozo_caller *caller, enum job_kind kind, uint64_t node)
{
    for (size_t i = 0; i < JOBS && caller->number != 0; i++) {
        struct job *job = &job_table[i];
        if (job->kind == JOB_NONE) {
            job->kind = kind;
            job->place = caller->session;
            job->number = caller->number;
            job->node = node;
            return job;
        }
    }
    return nullptr;
}

bool job_is_about_attribute(const struct job *job)
{
    return job->kind >= JOB_ATTRIBUTE;
}
