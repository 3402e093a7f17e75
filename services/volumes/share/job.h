// SPDX-License-Identifier: MIT
// A request of a client while messages about it go to and fro. What it names was copied when it came.
//
//   JOB_NONE ── job_new ──▶ a kind ── job_complete, job_fail ──▶ JOB_NONE
//
// It is found by the tag of its messages, which is its place in the table.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

#include "wire.h"

constexpr size_t JOBS = 32;
constexpr size_t JOB_NAME = 255;
constexpr size_t JOB_TARGET = 4095;

enum job_kind : uint8_t {
    JOB_NONE,
    JOB_DESCRIBE,
    JOB_LOOK,
    JOB_STAT,
    JOB_READ,
    JOB_WRITE,
    JOB_LIST,
    JOB_MAKE,
    JOB_LINK,
    JOB_REMOVE,
    JOB_RENAME,
    JOB_CHANGE,
    JOB_SYNC,
    JOB_ATTRIBUTE,
    JOB_ATTRIBUTES,
    JOB_SET_ATTRIBUTE,
    JOB_REMOVE_ATTRIBUTE,
};

// How a file is opened: flags as Linux has them on x86_64 and in 9P2000.L.
constexpr uint32_t JOB_OPEN_READ = 0;
constexpr uint32_t JOB_OPEN_WRITE = 1;
constexpr uint32_t JOB_CREATE_BOTH = 2;

// The message that comes next, or whose answer is awaited.
enum step : uint8_t {
    STEP_DONE,
    STEP_STATFS,
    STEP_WALK,   // to `name`, by a new number
    STEP_CLONE,  // a new number for the same file
    STEP_OPEN,   // of the new number
    STEP_CREATE, // by the new number
    STEP_FOLDER,
    STEP_SYMLINK,
    STEP_GETATTR,
    STEP_SETATTR,
    STEP_READ,
    STEP_READLINK,
    STEP_READDIR,
    STEP_WRITE,
    STEP_FSYNC,
    STEP_LINK,
    STEP_UNLINK,
    STEP_RENAME,
    STEP_ATTRIBUTE_WALK, // a new number for a value, or for all names
    STEP_ATTRIBUTE_READ, // by the new number
    STEP_ATTRIBUTE_CREATE,
    STEP_ATTRIBUTE_WRITE,
    STEPS,
};

struct job {
    enum job_kind kind;
    enum step step;
    bool sent;    // the answer to `step` is awaited
    bool dropped; // nobody wants to know any more
    bool opens;   // it is the one that opens its node
    bool anew;    // it has begun a second time: what its node was open by was taken back
    bool folder;  // of the name that is removed: it is one
    size_t place;
    uint64_t number;
    uint64_t node; // the node or folder that it is about
    uint64_t second;
    uint64_t at; // in the memory of the session
    uint64_t length;
    uint64_t room; // for an attribute, when it was asked for
    uint64_t offset;
    uint64_t done;
    uint64_t what; // kind of node to make, which members to change, or flags of an attribute
    uint32_t mode;
    uint32_t file;  // a number of the host's that is the job's own; NINE_NO_FILE: none
    uint32_t made;  // likewise, of a new file, open
    uint32_t asked; // bytes that the last message asked for
    uint32_t flags; // to open with
    struct kozo_node_stat stat;
    size_t name_length;
    size_t target_length; // of the second name, or of a link's target
    // From here on nothing is cleared for the next job.
    char name[JOB_NAME];
    char target[JOB_TARGET];
};

extern struct job job_table[JOBS];

// A job for a caller that waits for an answer. Null: there is none left.
[[nodiscard]] struct job *job_new(const struct kozo_caller *caller, enum job_kind kind,
                                  uint64_t node);

// Ends a job: its client gets the answer unless it was dropped, and the host gets its numbers back.
void job_complete(struct job *job, const struct kozo_message *answer);
void job_fail(struct job *job, enum kozo_error error);
void job_succeed(struct job *job);

// As if it had not been asked for; nothing was sent yet.
void job_clear(struct job *job);

[[nodiscard]] bool job_is_about_attribute(const struct job *job);
