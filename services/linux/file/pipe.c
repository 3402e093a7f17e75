// SPDX-License-Identifier: MIT
// Pipes and fifos. Bytes lie in a ring of pages of the sandbox, which are taken when they are first used and given back, but for
// one, when the pipe is empty. `head` and `tail` count bytes without end.
#include "pipe.h"

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "descriptors.h"
#include "gate.h"
#include "linux.h"

#include <signal.h>
#include <sys/ioctl.h>

constexpr uint32_t PAGES_AT_FIRST = 16;
constexpr uint32_t PAGES_MOST = 256; // /proc/sys/fs/pipe-max-size
constexpr uint32_t DEVICE = 13;
constexpr uint64_t NO_FIFO = UINT64_MAX;

struct pipe {
    struct gate gate;
    struct wait_queue queue;
    uint64_t head; // bytes written
    uint64_t tail; // bytes read
    uint32_t pages;
    page_number *page;
    uint32_t readers, writers;
    uint64_t readers_ever, writers_ever; // for who waits in opening a fifo
    struct node *fifo;                   // whose pipe this is; null: made by pipe()
    uint64_t inode;
    uint64_t made;
};

static const struct file_operations operations;
static uint64_t last_inode;

static struct pipe *make(void)
{
    struct pipe *pipe = store_take(sizeof *pipe);
    if (pipe == nullptr) {
        return nullptr;
    }
    pipe->page = store_take(PAGES_AT_FIRST * sizeof *pipe->page);
    if (pipe->page == nullptr) {
        store_give(pipe, sizeof *pipe);
        return nullptr;
    }
    pipe->pages = PAGES_AT_FIRST;
    pipe->inode = ++last_inode;
    pipe->made = clock_realtime();
    return pipe;
}

static void give_pages(struct pipe *pipe, uint32_t from)
{
    for (uint32_t i = from; i < pipe->pages; i++) {
        if (pipe->page[i] != 0) {
            page_drop(pipe->page[i]);
            pipe->page[i] = 0;
        }
    }
}

static void free_pipe(struct pipe *pipe)
{
    give_pages(pipe, 0);
    store_give(pipe->page, pipe->pages * sizeof *pipe->page);
    store_give(pipe, sizeof *pipe);
}

static struct pipe *pipe_of(const struct file *file)
{
    return file->own;
}

static uint64_t filled(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static uint64_t room(const struct pipe *pipe)
{
    return pipe->pages * PAGE_BYTES - filled(pipe);
}

static void changed(struct pipe *pipe)
{
    if (pipe->queue.first != nullptr) {
        (void)wait_wake(&pipe->queue, SIZE_MAX);
    }
}

// Waits until others have changed something. The gate is open meanwhile.
static int64_t wait_for_change(struct pipe *pipe)
{
    struct wait wait = {};
    wait_enter(&wait, &pipe->queue);
    gate_leave(&pipe->gate);
    enum wake wake = wait_until(NO_DEADLINE);
    wait_leave(&wait);
    gate_enter(&pipe->gate);
    return wake == WAKE_INTERRUPT ? RESTART_CALL : 0;
}

// Bytes from a place on that lie in one page.
static size_t together(uint64_t place, uint64_t most)
{
    uint64_t here = PAGE_BYTES - place % PAGE_BYTES;
    return most < here ? most : here;
}

static int64_t give(struct pipe *pipe, struct transfer *transfer)
{
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0 && filled(pipe) > 0) {
        uint64_t left = transfer_left(transfer);
        size_t part = together(pipe->tail, left < filled(pipe) ? left : filled(pipe));
        uint32_t page = pipe->page[pipe->tail / PAGE_BYTES % pipe->pages];
        const uint8_t *bytes = page_bytes(page);
        size_t before = transfer->done;
        error = transfer_give(transfer, bytes + pipe->tail % PAGE_BYTES, part);
        pipe->tail += transfer->done - before;
    }
    if (filled(pipe) == 0) {
        if (pipe->head > PAGE_BYTES) {
            give_pages(pipe, 1);
        }
        pipe->head = 0;
        pipe->tail = 0;
    }
    return error;
}

static int64_t read_pipe(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct pipe *pipe = pipe_of(file);
    if (transfer->size == 0) {
        return 0;
    }
    gate_enter(&pipe->gate);
    int64_t error = 0;
    while (error == 0 && filled(pipe) == 0 && pipe->writers > 0) {
        error = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : wait_for_change(pipe);
    }
    if (error == 0) {
        error = give(pipe, transfer);
        changed(pipe);
    }
    gate_leave(&pipe->gate);
    return transfer_result(transfer, error);
}

static int64_t take(struct pipe *pipe, struct transfer *transfer)
{
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0 && room(pipe) > 0) {
        uint64_t left = transfer_left(transfer);
        size_t part = together(pipe->head, left < room(pipe) ? left : room(pipe));
        page_number *page = &pipe->page[pipe->head / PAGE_BYTES % pipe->pages];
        if (*page == 0) {
            *page = page_take();
        }
        if (*page == 0) {
            return -ENOMEM;
        }
        uint8_t *bytes = page_bytes(*page);
        size_t before = transfer->done;
        error = transfer_take(transfer, bytes + pipe->head % PAGE_BYTES, part);
        pipe->head += transfer->done - before;
    }
    return error;
}

// Whether a write may begin: a short one needs room for all of it.
static bool fits(const struct pipe *pipe, const struct transfer *transfer)
{
    size_t left = transfer_left(transfer);
    return room(pipe) >= (transfer->size <= PIPE_ATOMIC ? left : 1);
}

static int64_t write_some(struct file *file, struct pipe *pipe, struct transfer *transfer)
{
    if (pipe->readers == 0) {
        return -EPIPE;
    }
    if (fits(pipe, transfer)) {
        int64_t error = take(pipe, transfer);
        changed(pipe);
        return error;
    }
    return (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : wait_for_change(pipe);
}

static int64_t write_pipe(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct pipe *pipe = pipe_of(file);
    int64_t error = 0;
    gate_enter(&pipe->gate);
    while (error == 0 && transfer_left(transfer) > 0) {
        error = write_some(file, pipe, transfer);
    }
    gate_leave(&pipe->gate);
    return transfer_result(transfer, error);
}

static uint32_t ready(struct file *file)
{
    const struct pipe *pipe = pipe_of(file);
    uint32_t bits = 0;
    if (file_reads(file)) {
        bits |= filled(pipe) > 0 ? READY_IN : 0;
        bool had_writer = file->number[0] == NO_FIFO || pipe->writers_ever > file->number[0];
        bits |= pipe->writers == 0 && had_writer ? READY_HANG_UP : 0;
    }
    if (file_writes(file)) {
        bits |= room(pipe) >= PIPE_ATOMIC ? READY_OUT : 0;
        bits |= pipe->readers == 0 ? READY_ERROR : 0;
    }
    return bits;
}

static struct wait_queue *queue(struct file *file)
{
    return &pipe_of(file)->queue;
}

static int64_t control(struct file *file, uint64_t request, struct user argument)
{
    if (request != FIONREAD) {
        return -ENOTTY;
    }
    int32_t bytes = (int32_t)filled(pipe_of(file));
    return user_write(argument, &bytes, sizeof bytes);
}

static int64_t tell(struct file *file, struct linux_stat *stat)
{
    const struct pipe *pipe = pipe_of(file);
    constexpr uint64_t NANOSECONDS = 1'000'000'000;
    *stat = (struct linux_stat){.device = DEVICE,
                                .inode = pipe->inode,
                                .mode = S_IFIFO | 0600,
                                .links = 1,
                                .user = caller()->credentials.file_user,
                                .group = caller()->credentials.file_group,
                                .block_size = PAGE_BYTES};
    stat->accessed_s = (int64_t)(pipe->made / NANOSECONDS);
    stat->modified_s = stat->accessed_s;
    stat->changed_s = stat->accessed_s;
    return 0;
}

static void end(struct file *file)
{
    struct pipe *pipe = pipe_of(file);
    pipe->readers -= file_reads(file);
    pipe->writers -= file_writes(file);
    if (pipe->readers + pipe->writers > 0) {
        changed(pipe);
        return;
    }
    if (pipe->fifo != nullptr) {
        pipe->fifo->shared = nullptr;
    }
    free_pipe(pipe);
}

static const struct file_operations operations = {
    .kind = "pipe",
    .read = read_pipe,
    .write = write_pipe,
    .ready = ready,
    .queue = queue,
    .control = control,
    .stat = tell,
    .close = end,
};

static void attach(struct pipe *pipe, struct file *file)
{
    file->operations = &operations;
    file->own = pipe;
    file->number[0] = pipe->fifo != nullptr ? pipe->writers_ever : NO_FIFO;
    pipe->readers += file_reads(file);
    pipe->readers_ever += file_reads(file);
    pipe->writers += file_writes(file);
    pipe->writers_ever += file_writes(file);
}

int64_t pipe_make(struct file *ends[2], uint32_t flags)
{
    struct pipe *pipe = make();
    ends[0] = pipe != nullptr ? file_make(&operations, O_RDONLY | flags, pipe) : nullptr;
    ends[1] = ends[0] != nullptr ? file_make(&operations, O_WRONLY | flags, pipe) : nullptr;
    if (ends[1] != nullptr) {
        attach(pipe, ends[0]);
        attach(pipe, ends[1]);
        return 0;
    }
    if (ends[0] != nullptr) {
        attach(pipe, ends[0]);
        file_drop(ends[0]);
    } else if (pipe != nullptr) {
        free_pipe(pipe);
    }
    return -ENFILE;
}

// Waits until the other end has been opened, be it closed again since.
static int64_t wait_for_other(struct pipe *pipe, const uint64_t *ever, const uint32_t *now)
{
    uint64_t before = *ever;
    while (*now == 0 && *ever == before) {
        if (wait_on(&pipe->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    return 0;
}

int64_t fifo_open(struct node *node, struct file *file)
{
    struct pipe *pipe = node->shared;
    bool only_writes = !file_reads(file);
    if (only_writes && (file->flags & O_NONBLOCK) != 0 && (pipe == nullptr || pipe->readers == 0)) {
        return -ENXIO;
    }
    if (pipe == nullptr) {
        pipe = make();
        if (pipe == nullptr) {
            return -ENOMEM;
        }
        pipe->fifo = node;
        node->shared = pipe;
    }
    attach(pipe, file);
    changed(pipe);
    if ((file->flags & O_NONBLOCK) != 0 || (file_reads(file) && file_writes(file))) {
        return 0;
    }
    int64_t error = only_writes ? wait_for_other(pipe, &pipe->readers_ever, &pipe->readers)
                                : wait_for_other(pipe, &pipe->writers_ever, &pipe->writers);
    if (error != 0) {
        end(file);
    }
    return error;
}

int64_t pipe_size(const struct file *file)
{
    return file->operations == &operations ? (int64_t)(pipe_of(file)->pages * PAGE_BYTES) : -EBADF;
}

// Puts the bytes into a ring of another size, from its first page on.
static int64_t set_pages(struct pipe *pipe, uint32_t pages)
{
    uint64_t first = pipe->tail / PAGE_BYTES;
    uint64_t used = filled(pipe) > 0 ? (pipe->head - 1) / PAGE_BYTES - first + 1 : 0;
    if (used > pages) {
        return -EBUSY;
    }
    page_number *page = store_take(pages * sizeof *page);
    if (page == nullptr) {
        return -ENOMEM;
    }
    for (uint64_t i = 0; i < used; i++) {
        page_number *from = &pipe->page[(first + i) % pipe->pages];
        page[i] = *from;
        *from = 0;
    }
    give_pages(pipe, 0);
    store_give(pipe->page, pipe->pages * sizeof *pipe->page);
    pipe->head -= first * PAGE_BYTES;
    pipe->tail -= first * PAGE_BYTES;
    pipe->page = page;
    pipe->pages = pages;
    return 0;
}

int64_t pipe_set_size(struct file *file, uint32_t size)
{
    if (file->operations != &operations) {
        return -EBADF;
    }
    struct pipe *pipe = pipe_of(file);
    if (size > PAGES_MOST * PAGE_BYTES) {
        return size > INT32_MAX ? -EINVAL : -EPERM;
    }
    uint32_t pages = 1;
    while (pages * PAGE_BYTES < size) {
        pages *= 2;
    }
    gate_enter(&pipe->gate);
    int64_t error = pages != pipe->pages ? set_pages(pipe, pages) : 0;
    changed(pipe);
    gate_leave(&pipe->gate);
    return error != 0 ? error : (int64_t)(pages * PAGE_BYTES);
}

// The calls.

static int64_t make_pipe(uint64_t to, uint32_t flags)
{
    // O_DIRECT would keep the pieces of writers apart, which is not there.
    if ((flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    struct file *ends[2];
    int64_t error = pipe_make(ends, flags & O_NONBLOCK);
    return error != 0 ? error
                      : descriptor_put_pair(ends, (flags & O_CLOEXEC) != 0, (struct user){to});
}

int64_t call_pipe(const struct call *call)
{
    return make_pipe(call->argument[0], 0);
}

int64_t call_pipe2(const struct call *call)
{
    return make_pipe(call->argument[0], (uint32_t)call->argument[1]);
}
