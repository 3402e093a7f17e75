// SPDX-License-Identifier: MIT
// eventfd: a number that writers add to and readers take.
#include "handlers.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "linux.h"

#include <sys/eventfd.h>

constexpr uint64_t VALUE_MOST = UINT64_MAX - 1;

struct event {
    struct wait_queue queue;
    uint64_t value;
    bool semaphore;
};

static struct event *event_of(const struct file *file)
{
    return file->own;
}

static int64_t wait_for_change(const struct file *file)
{
    if ((file->flags & O_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    bool broken = wait_on(&event_of(file)->queue, NO_DEADLINE) == WAKE_INTERRUPT;
    return broken ? RESTART_CALL : 0;
}

static int64_t read_event(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct event *event = event_of(file);
    if (transfer->size < sizeof event->value) {
        return -EINVAL;
    }
    while (event->value == 0) {
        int64_t error = wait_for_change(file);
        if (error != 0) {
            return error;
        }
    }
    uint64_t taken = event->semaphore ? 1 : event->value;
    event->value -= taken;
    (void)wait_wake(&event->queue, SIZE_MAX);
    int64_t error = transfer_give(transfer, &taken, sizeof taken);
    return error != 0 ? error : (int64_t)sizeof taken;
}

static int64_t write_event(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct event *event = event_of(file);
    uint64_t added = 0;
    if (transfer->size < sizeof added) {
        return -EINVAL;
    }
    if (transfer_take(transfer, &added, sizeof added) != 0) {
        return -EFAULT;
    }
    if (added > VALUE_MOST) {
        return -EINVAL;
    }
    while (added > VALUE_MOST - event->value) {
        int64_t error = wait_for_change(file);
        if (error != 0) {
            return error;
        }
    }
    event->value += added;
    (void)wait_wake(&event->queue, SIZE_MAX);
    return sizeof added;
}

static uint32_t ready(struct file *file)
{
    const struct event *event = event_of(file);
    return (event->value > 0 ? READY_IN : 0) | (event->value < VALUE_MOST ? READY_OUT : 0);
}

static struct wait_queue *queue(struct file *file)
{
    return &event_of(file)->queue;
}

static void end(struct file *file)
{
    store_give(file->own, sizeof(struct event));
}

static const struct file_operations operations = {
    .kind = "[eventfd]",
    .read = read_event,
    .write = write_event,
    .seek = file_seek_nowhere,
    .ready = ready,
    .queue = queue,
    .close = end,
};

static int64_t make(uint32_t value, uint32_t flags)
{
    if ((flags & ~(uint32_t)(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) != 0) {
        return -EINVAL;
    }
    struct event *event = store_take(sizeof *event);
    if (event == nullptr) {
        return -ENOMEM;
    }
    *event = (struct event){.value = value, .semaphore = (flags & EFD_SEMAPHORE) != 0};
    struct file *file = file_make(&operations, O_RDWR | (flags & O_NONBLOCK), event);
    if (file == nullptr) {
        store_give(event, sizeof *event);
        return -ENFILE;
    }
    return descriptor_put(file, (flags & EFD_CLOEXEC) != 0, 0);
}

int64_t call_eventfd(const struct call *call)
{
    return make((uint32_t)call->argument[0], 0);
}

int64_t call_eventfd2(const struct call *call)
{
    return make((uint32_t)call->argument[0], (uint32_t)call->argument[1]);
}
