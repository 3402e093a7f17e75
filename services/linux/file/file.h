// SPDX-License-Identifier: MIT
// A file: an open file description, which is what a descriptor stands for. Descriptors that were dup'ed, inherited
// or sent over a socket share it, with its offset and flags. It lives as long as it is counted.
//
// Each kind of file (of the file server, in RAM, pipe, socket, terminal, of /proc, …) is one pair of files with one
// table of operations. An operation that a kind has not got is null and answers the error that Linux gives:
// read and write EINVAL, ioctl ENOTTY, map ENODEV, seek ESPIPE, and so on; file.c is the one place that knows.
#pragma once

#include "../core/strand.h"
#include "../core/user.h"

struct node;
struct file;
struct linux_stat;

// What may be waited for, as poll names it.
enum ready : uint32_t {
    READY_IN = 0x001,
    READY_PRIORITY = 0x002,
    READY_OUT = 0x004,
    READY_ERROR = 0x008,
    READY_HANG_UP = 0x010,
    READY_READ_HANG_UP = 0x2000,
};

// Bytes of a read or write: the program's memory in order, taken apart by file.c for readv and its kin, or linuxd's own.
struct transfer {
    struct user memory; // used when `own` is null
    void *own;
    size_t size;
    size_t done;
};

// Moves bytes between a transfer and memory of linuxd; 0 or -EFAULT, and counts `done`.
[[nodiscard]] int64_t transfer_give(struct transfer *transfer, const void *from, size_t size);
[[nodiscard]] int64_t transfer_take(struct transfer *transfer, void *to, size_t size);

// Memory behind a mapping of a file: a run of pages that the mapping shows. `memory/` defines it.
struct page_run;

struct file_operations {
    const char *kind; // for /proc and traces: "pipe", "socket", …
    // Bytes moved or an error. `offset` is where for files that have offsets; others ignore it. May wait, unless the file's
    // flags have O_NONBLOCK.
    int64_t (*read)(struct file *file, struct transfer *transfer, uint64_t offset);
    int64_t (*write)(struct file *file, struct transfer *transfer, uint64_t offset);
    // The enum ready bits that hold now. Never waits.
    uint32_t (*ready)(struct file *file);
    // The queue that is woken when those may have changed; null: they never do.
    struct wait_queue *(*queue)(struct file *file);
    int64_t (*control)(struct file *file, uint64_t request, struct user argument);
    // New offset or an error; null: files without offset. file.c does the arithmetic if this is null and `sized` is set.
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    int64_t (*truncate)(struct file *file, uint64_t size);
    int64_t (*sync)(struct file *file, bool data_only);
    int64_t (*allocate)(struct file *file, int mode, uint64_t offset, uint64_t size);
    // Entries of a folder as getdents64 has them, from the file's offset on, which it moves.
    int64_t (*list)(struct file *file, struct transfer *transfer);
    // The last count is gone.
    void (*close)(struct file *file);
    // The memory of its contents at `offset`, for mmap and faults of it; see memory/backing.h.
    int64_t (*pages)(struct file *file, uint64_t offset, bool write, struct page_run *run);
    bool sized; // has a size and an offset
};

struct file {
    const struct file_operations *operations;
    struct node *node; // what it was opened from; null for pipes, sockets and the like. Counted.
    uint32_t count;
    uint32_t flags; // O_ACCMODE, O_APPEND, O_NONBLOCK, O_DIRECT, O_PATH, …
    uint64_t offset;
    void *own; // the kind's own part
    uint64_t number[2];
};

void file_keep(struct file *file);
void file_drop(struct file *file);
