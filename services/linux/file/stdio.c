// SPDX-License-Identifier: MIT
// Files on channels of the host. To a program they are pipes whose other end the host holds.
#include "stdio.h"

#include "../core/call.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "gate.h"
#include "linux.h"
#include "node.h"

#include <sys/ioctl.h>

// One at a time reads, and one writes: copying may wait.
struct stdio {
    struct channel *channel;
    struct gate gate;
};

static struct channel *channel_of(const struct file *file)
{
    const struct stdio *stdio = file->own;
    return stdio->channel;
}

// Waits until something has changed, or says why not. The gate is open meanwhile.
static int64_t wait_for_change(struct file *file)
{
    struct stdio *stdio = file->own;
    if ((file->flags & O_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    struct wait wait = {};
    wait_enter(&wait, channel_queue(stdio->channel));
    gate_leave(&stdio->gate);
    enum wake wake = wait_until(NO_DEADLINE);
    wait_leave(&wait);
    gate_enter(&stdio->gate);
    return wake == WAKE_INTERRUPT ? RESTART_CALL : 0;
}

static int64_t read_channel(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct stdio *stdio = file->own;
    struct channel *channel = stdio->channel;
    int64_t error = 0;
    if (transfer->size == 0) {
        return 0;
    }
    gate_enter(&stdio->gate);
    while (error == 0 && channel_waiting(channel) == 0 && !channel_ended(channel)) {
        error = wait_for_change(file);
    }
    size_t there = error == 0 ? channel_waiting(channel) : 0;
    if (there > 0) {
        size_t part = there < transfer->size ? there : transfer->size;
        error = transfer_give(transfer, channel_bytes(channel), part);
        channel_drop(channel, transfer->done);
    }
    gate_leave(&stdio->gate);
    return transfer_result(transfer, error);
}

static int64_t write_some(struct file *file, struct transfer *transfer)
{
    struct channel *channel = channel_of(file);
    if (channel_is_broken(channel)) {
        return -EPIPE;
    }
    size_t room = 0;
    uint8_t *space = channel_space(channel, &room);
    if (room == 0) {
        return wait_for_change(file);
    }
    size_t left = transfer_left(transfer);
    size_t before = transfer->done;
    int64_t error = transfer_take(transfer, space, left < room ? left : room);
    if (transfer->done > before) {
        channel_send(channel, transfer->done - before);
    }
    return error;
}

static int64_t write_channel(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct stdio *stdio = file->own;
    int64_t error = 0;
    gate_enter(&stdio->gate);
    while (error == 0 && transfer_left(transfer) > 0) {
        error = write_some(file, transfer);
    }
    gate_leave(&stdio->gate);
    return transfer_result(transfer, error);
}

static uint32_t ready(struct file *file)
{
    struct channel *channel = channel_of(file);
    uint32_t bits = 0;
    if (file_reads(file)) {
        bits |= channel_waiting(channel) > 0 ? READY_IN : 0;
        bits |= channel_ended(channel) ? READY_HANG_UP : 0;
    } else {
        bool broken = channel_is_broken(channel);
        size_t room = 0;
        (void)channel_space(channel, &room);
        bits |= broken || room > 0 ? READY_OUT : 0;
        bits |= broken ? READY_ERROR : 0;
    }
    return bits;
}

static struct wait_queue *queue(struct file *file)
{
    return channel_queue(channel_of(file));
}

static int64_t control(struct file *file, uint64_t request, struct user argument)
{
    if (request != FIONREAD || !file_reads(file)) {
        return -ENOTTY;
    }
    int32_t bytes = (int32_t)channel_waiting(channel_of(file));
    return user_write(argument, &bytes, sizeof bytes);
}

static int64_t tell(struct file *file, struct linux_stat *stat)
{
    constexpr uint64_t DEVICE = 13; // as that of pipes
    *stat = (struct linux_stat){.device = DEVICE,
                                .inode = (uintptr_t)file->own >> 4,
                                .mode = S_IFIFO | 0600,
                                .links = 1,
                                .block_size = PAGE_BYTES};
    return 0;
}

static void end(struct file *file)
{
    store_give(file->own, sizeof(struct stdio));
}

static const struct file_operations operations = {
    .kind = "pipe",
    .read = read_channel,
    .write = write_channel,
    .ready = ready,
    .queue = queue,
    .control = control,
    .stat = tell,
    .close = end,
};

struct file *stdio_file(struct channel *channel, bool writes)
{
    struct stdio *stdio = store_take(sizeof *stdio);
    if (stdio == nullptr) {
        return nullptr;
    }
    stdio->channel = channel;
    struct file *file = file_make(&operations, writes ? O_WRONLY : O_RDONLY, stdio);
    if (file == nullptr) {
        store_give(stdio, sizeof *stdio);
    }
    return file;
}
