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

struct entry;
struct node;
struct file;
struct linux_stat;
struct watch;

// What may be waited for, as poll names it.
enum ready : uint32_t {
    READY_IN = 0x001,
    READY_PRIORITY = 0x002,
    READY_OUT = 0x004,
    READY_ERROR = 0x008,
    READY_HANG_UP = 0x010,
    READY_INVALID = 0x020,
    READY_READ_HANG_UP = 0x2000,
};

// Bytes of a read or write: the program's memory in order, or linuxd's own. Pieces after the first are what readv and its
// kin name; the operation of a file sees one run of bytes.
struct linux_vector;
struct transfer {
    struct user memory; // where the next byte is; used when `own` is null
    uint8_t *own;       // where the next byte is
    size_t size;        // in all
    size_t done;
    uint64_t end;                    // set by a write at APPEND: where in the file it ended
    size_t here;                     // bytes that are left at `memory`
    const struct linux_vector *next; // the pieces behind it
};

[[nodiscard]] struct transfer transfer_user(struct user memory, size_t size);
[[nodiscard]] struct transfer transfer_own(void *memory, size_t size);

static inline size_t transfer_left(const struct transfer *transfer)
{
    return transfer->size - transfer->done;
}

// Moves bytes between a transfer and memory of linuxd; 0 or -EFAULT, and counts `done`. `size` is at most what is left.
[[nodiscard]] int64_t transfer_give(struct transfer *transfer, const void *from, size_t size);
[[nodiscard]] int64_t transfer_take(struct transfer *transfer, void *to, size_t size);
[[nodiscard]] int64_t transfer_give_zeros(struct transfer *transfer, size_t size);

// What read and write answer: the bytes that were moved, or the error when there were none.
static inline int64_t transfer_result(const struct transfer *transfer, int64_t error)
{
    return transfer->done > 0 ? (int64_t)transfer->done : error;
}

// Memory behind a mapping of a file; see memory/backing.h.
struct page_run;

struct file_operations {
    const char *kind; // for /proc and traces: "pipe", "socket", …
    // Bytes moved or an error. `offset` is where for files that have offsets; others ignore it. May wait, unless the file's
    // flags have O_NONBLOCK.
    int64_t (*read)(struct file *file, struct transfer *transfer, uint64_t offset);
    // APPEND as the offset is the end of the file, found in the same step; `end` of the transfer then tells where that was.
    int64_t (*write)(struct file *file, struct transfer *transfer, uint64_t offset);
    // The enum ready bits that hold now. Never waits. Null: READY_IN and READY_OUT.
    uint32_t (*ready)(struct file *file);
    // The queue that is woken when those may have changed; null: they never do.
    struct wait_queue *(*queue)(struct file *file);
    int64_t (*control)(struct file *file, uint64_t request, struct user argument);
    // New offset or an error; null: files without offset. file.c does the arithmetic if this is null and `sized` is set.
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    int64_t (*truncate)(struct file *file, uint64_t size);
    int64_t (*sync)(struct file *file, bool data_only);
    int64_t (*allocate)(struct file *file, int mode, uint64_t offset, uint64_t size);
    // Entries of a folder as getdents64 has them, from the file's offset on, which it moves. Bytes or an error.
    int64_t (*list)(struct file *file, struct transfer *transfer);
    // The last count is gone.
    void (*close)(struct file *file);
    // The memory of its contents at `offset`, for mmap and faults of it; see memory/backing.h.
    int64_t (*pages)(struct file *file, uint64_t offset, bool write, struct page_run *run);
    // A mapping of it that is shared has ended. Must not wait. Null: nothing is to be done.
    void (*unmapped)(struct file *file);
    // What stat tells of a file without a node.
    int64_t (*stat)(struct file *file, struct linux_stat *stat);
    bool sized; // has a size and an offset
};

constexpr uint64_t APPEND = UINT64_MAX;

struct file {
    const struct file_operations *operations;
    struct entry *
        entry; // the name by which it was opened, and with it its node; null for pipes, sockets and the like. Counted.
    struct node *node; // the node of that, or of a file that never had a name. Counted.
    uint32_t count;
    uint32_t flags; // O_ACCMODE, O_APPEND, O_NONBLOCK, O_DIRECT, O_PATH, …
    uint64_t offset;
    void *own; // the kind's own part
    uint64_t number[2];
    struct watch *watches; // places of it in epoll files
    uint32_t owner;        // F_SETOWN: process, or minus a group
};

// A file of a kind that has no node, counted once; null when memory is used up.
[[nodiscard]] struct file *file_make(const struct file_operations *operations, uint32_t flags,
                                     void *own);
void file_keep(struct file *file);
void file_drop(struct file *file);

[[nodiscard]] static inline bool file_reads(const struct file *file)
{
    return (file->flags & 3) != 1;
}
[[nodiscard]] static inline bool file_writes(const struct file *file)
{
    return (file->flags & 3) != 0;
}

// The operations with Linux's answers for what a kind has not got. Offsets as in pread; `file_read_on` and
// `file_write_on` use and move the file's own.
[[nodiscard]] int64_t file_read(struct file *file, struct transfer *transfer, uint64_t offset);
[[nodiscard]] int64_t file_write(struct file *file, struct transfer *transfer, uint64_t offset);
[[nodiscard]] int64_t file_read_on(struct file *file, struct transfer *transfer);
[[nodiscard]] int64_t file_write_on(struct file *file, struct transfer *transfer);
[[nodiscard]] uint32_t file_ready(struct file *file);
// The seek operation of files that let it pass, though they have no offset.
[[nodiscard]] int64_t file_seek_nowhere(struct file *file, int64_t offset, int whence);
// The seek operation of folders: from the start, and from here.
[[nodiscard]] int64_t file_seek_folder(struct file *file, int64_t offset, int whence);
[[nodiscard]] int64_t file_seek(struct file *file, int64_t offset, int whence);
[[nodiscard]] int64_t file_stat(struct file *file, struct linux_stat *stat);
// For mmap: also checks that the file's mode allows what the mapping is for. ENODEV, EACCES.
[[nodiscard]] int64_t file_pages(struct file *file, uint64_t offset, bool write,
                                 struct page_run *run);

// Reads a whole piece for linuxd's own use, such as the head of a program. Fewer bytes only at the end.
[[nodiscard]] int64_t file_read_own(struct file *file, void *to, size_t size, uint64_t offset);
