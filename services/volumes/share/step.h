// SPDX-License-Identifier: MIT
// What a job does next: each function here chooses the step that follows, or ends the job; step_run sends its message.
#pragma once

#include "job.h"
#include "message.h"

// Sends the message of a job's step, or lets it wait for room, or for another job that opens the same file.
void step_run(struct job *job);

// A step that gives a number of the job's own its meaning.
[[nodiscard]] bool step_needs_file(enum step step);

// Makes the file that the job walked to known to its client. False: there are too many.
[[nodiscard]] bool step_adopt(struct job *job, struct message_qid qid);

// How many bytes the next message shall bring, of contents that are left.
[[nodiscard]] uint32_t step_next_piece(const struct job *job);

// On with contents: to the next piece, or the end.
void step_read_on(struct job *job);
void step_write_on(struct job *job);

// The file is open: what comes next is what it was opened for.
void step_opened(struct job *job);

// The size of an attribute, or of the list of all, is the answer.
void step_answer_size(struct job *job);

// To the next file that may hold what is not on the host's disk yet. `done` counts.
void step_sync_on(struct job *job);

// A name is about to go, of a file or folder that is there, or of none. A file that the client knows stays open.
void step_name_goes(struct job *job, const struct message_qid *qid);
void step_kept_open(struct job *job, bool good);
