// SPDX-License-Identifier: MIT
// Files in general: counts, transfers, offsets, and Linux's answers for what a kind of file has not got.
#include "file.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "epoll.h"
#include "linux.h"
#include "locks.h"
#include "node.h"
#include "path.h"

#include <string.h>

struct transfer transfer_user(struct user memory, size_t size)
{
    return (struct transfer){.memory = memory, .size = size, .here = size};
}

struct transfer transfer_own(void *memory, size_t size)
{
    return (struct transfer){.own = memory, .size = size};
}

// Steps over to the next piece that has bytes, if this one is used up.
static void next_piece(struct transfer *transfer)
{
    while (transfer->here == 0) {
        transfer->memory = (struct user){transfer->next->address};
        transfer->here = transfer->next->size;
        transfer->next++;
    }
}

static void count(struct transfer *transfer, size_t size)
{
    transfer->memory.address += size;
    transfer->here -= size;
    transfer->done += size;
}

int64_t transfer_give(struct transfer *transfer, const void *from, size_t size)
{
    if (transfer->own != nullptr) {
        memcpy(transfer->own, from, size);
        transfer->own += size;
        transfer->done += size;
        return 0;
    }
    const uint8_t *bytes = from;
    while (size > 0) {
        next_piece(transfer);
        size_t part = size < transfer->here ? size : transfer->here;
        if (user_write(transfer->memory, bytes, part) != 0) {
            return -EFAULT;
        }
        count(transfer, part);
        bytes += part;
        size -= part;
    }
    return 0;
}

int64_t transfer_take(struct transfer *transfer, void *to, size_t size)
{
    if (transfer->own != nullptr) {
        memcpy(to, transfer->own, size);
        transfer->own += size;
        transfer->done += size;
        return 0;
    }
    uint8_t *bytes = to;
    while (size > 0) {
        next_piece(transfer);
        size_t part = size < transfer->here ? size : transfer->here;
        if (user_read(bytes, transfer->memory, part) != 0) {
            return -EFAULT;
        }
        count(transfer, part);
        bytes += part;
        size -= part;
    }
    return 0;
}

int64_t transfer_give_zeros(struct transfer *transfer, size_t size)
{
    if (transfer->own != nullptr) {
        memset(transfer->own, 0, size);
        transfer->own += size;
        transfer->done += size;
        return 0;
    }
    while (size > 0) {
        next_piece(transfer);
        size_t part = size < transfer->here ? size : transfer->here;
        if (user_zero(transfer->memory, part) != 0) {
            return -EFAULT;
        }
        count(transfer, part);
        size -= part;
    }
    return 0;
}

struct file *file_make(const struct file_operations *operations, uint32_t flags, void *own)
{
    struct file *file = store_take(sizeof *file);
    if (file != nullptr) {
        file->operations = operations;
        file->flags = flags;
        file->own = own;
        file->count = 1;
    }
    return file;
}

void file_keep(struct file *file)
{
    file->count++;
}

void file_drop(struct file *file)
{
    if (--file->count > 0) {
        return;
    }
    if (file->watches != nullptr) {
        epoll_forget(file);
    }
    if (file->node != nullptr && file->node->locks != nullptr) {
        locks_drop_of_owner(file->node, file);
    }
    if (file->operations->close != nullptr) {
        file->operations->close(file);
    }
    if (file->node != nullptr) {
        node_drop(file->node);
    }
    if (file->entry != nullptr) {
        entry_drop(file->entry);
    }
    store_give(file, sizeof *file);
}

int64_t file_read(struct file *file, struct transfer *transfer, uint64_t offset)
{
    if (!file_reads(file)) {
        return -EBADF;
    }
    if (file->operations->read == nullptr) {
        return file->operations->list != nullptr ? -EISDIR : -EINVAL;
    }
    return file->operations->read(file, transfer, offset);
}

int64_t file_write(struct file *file, struct transfer *transfer, uint64_t offset)
{
    if (!file_writes(file)) {
        return -EBADF;
    }
    if (file->operations->write == nullptr) {
        return -EINVAL;
    }
    return file->operations->write(file, transfer, offset);
}

int64_t file_read_on(struct file *file, struct transfer *transfer)
{
    int64_t done = file_read(file, transfer, file->offset);
    if (done > 0 && file->operations->sized) {
        file->offset += (uint64_t)done;
    }
    return done;
}

int64_t file_write_on(struct file *file, struct transfer *transfer)
{
    if (!file->operations->sized) {
        return file_write(file, transfer, 0);
    }
    if ((file->flags & O_APPEND) != 0) {
        int64_t appended = file_write(file, transfer, APPEND);
        if (appended > 0) {
            file->offset = transfer->end;
        }
        return appended;
    }
    int64_t done = file_write(file, transfer, file->offset);
    if (done > 0) {
        file->offset += (uint64_t)done;
    }
    return done;
}

uint32_t file_ready(struct file *file)
{
    if (file->operations->ready == nullptr) {
        return READY_IN | READY_OUT;
    }
    return file->operations->ready(file);
}

// Where an offset of SEEK_DATA or SEEK_HOLE leads in a file that is taken for data from end to end.
static int64_t seek_in_data(int64_t offset, int whence, int64_t size)
{
    if (offset < 0 || offset >= size) {
        return -ENXIO;
    }
    return whence == SEEK_DATA ? offset : size;
}

static int64_t seek_sized(struct file *file, int64_t offset, int whence)
{
    struct linux_stat stat = {};
    int64_t base = 0;
    if (whence == SEEK_END || whence == SEEK_DATA || whence == SEEK_HOLE) {
        int64_t error = file_stat(file, &stat);
        if (error != 0) {
            return error;
        }
        base = (int64_t)stat.size;
    } else if (whence == SEEK_CUR) {
        base = (int64_t)file->offset;
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }
    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        return seek_in_data(offset, whence, base);
    }
    int64_t sum = 0;
    return __builtin_add_overflow(base, offset, &sum) || sum < 0 ? -EINVAL : sum;
}

int64_t file_seek_nowhere(struct file *file, int64_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

int64_t file_seek_folder(struct file *file, int64_t offset, int whence)
{
    int64_t base = whence == SEEK_CUR ? (int64_t)file->offset : 0;
    if ((whence != SEEK_CUR && whence != SEEK_SET) || __builtin_add_overflow(base, offset, &base) ||
        base < 0) {
        return -EINVAL;
    }
    file->offset = (uint64_t)base;
    return base;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    if (file->operations->seek != nullptr) {
        return file->operations->seek(file, offset, whence);
    }
    if (!file->operations->sized) {
        return -ESPIPE;
    }
    int64_t result = seek_sized(file, offset, whence);
    if (result >= 0) {
        file->offset = (uint64_t)result;
    }
    return result;
}

// What stat tells of files that were never in a file system.
static int64_t stat_of_nothing(struct file *file, struct linux_stat *stat)
{
    *stat = (struct linux_stat){.mode = 0600, .links = 1, .block_size = 4096, .inode = 1};
    return file->operations->stat != nullptr ? file->operations->stat(file, stat) : 0;
}

int64_t file_stat(struct file *file, struct linux_stat *stat)
{
    if (file->node == nullptr) {
        return stat_of_nothing(file, stat);
    }
    return file->node->operations->stat(file->node, stat);
}

int64_t file_pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    if (!file_reads(file) || (write && !file_writes(file))) {
        return -EACCES;
    }
    if (file->operations->pages == nullptr) {
        return -ENODEV;
    }
    return file->operations->pages(file, offset, write, run);
}

int64_t file_read_own(struct file *file, void *to, size_t size, uint64_t offset)
{
    struct transfer transfer = transfer_own(to, size);
    return file_read(file, &transfer, offset);
}
