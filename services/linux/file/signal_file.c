// SPDX-License-Identifier: MIT
// signalfd: pending signals of the process that reads, as records.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "linux.h"

#include <signal.h>
#include <sys/signalfd.h>

constexpr size_t RECORD = 128;
constexpr uint64_t SET_BYTES = 8;

static uint64_t *set_of(struct file *file)
{
    return &file->number[0];
}

static int64_t wait_for_signal(struct file *file)
{
    struct wait wait = {};
    enum wake wake = WAKE_EVENT;
    wait_enter(&wait, signal_queue());
    if (!signal_is_pending(*set_of(file))) {
        wake = wait_until(NO_DEADLINE);
    }
    wait_leave(&wait);
    return wake == WAKE_INTERRUPT ? RESTART_CALL : 0;
}

static int64_t read_signals(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    if (transfer->size < RECORD) {
        return -EINVAL;
    }
    int64_t error = 0;
    while (error == 0 && !signal_is_pending(*set_of(file))) {
        error = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : wait_for_signal(file);
    }
    uint8_t record[RECORD];
    while (error == 0 && transfer_left(transfer) >= RECORD && signal_take(*set_of(file), record)) {
        error = transfer_give(transfer, record, RECORD);
    }
    return transfer_result(transfer, error);
}

static uint32_t ready(struct file *file)
{
    return signal_is_pending(*set_of(file)) ? READY_IN : 0;
}

static struct wait_queue *queue(struct file *file)
{
    (void)file;
    return signal_queue();
}

static const struct file_operations operations = {
    .kind = "[signalfd]",
    .read = read_signals,
    .seek = file_seek_nowhere,
    .ready = ready,
    .queue = queue,
};

static int64_t set_again(uint64_t descriptor, uint64_t set)
{
    struct file *file = descriptor_file(descriptor);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = file->operations == &operations ? (int32_t)descriptor : -EINVAL;
    if (result >= 0) {
        *set_of(file) = set;
    }
    file_drop(file);
    return result;
}

static int64_t make(int32_t descriptor, struct user from, uint64_t size, uint32_t flags)
{
    uint64_t set = 0;
    if (size != SET_BYTES || (flags & ~(uint32_t)(SFD_CLOEXEC | SFD_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    if (user_read(&set, from, sizeof set) != 0) {
        return -EFAULT;
    }
    set &= ~(UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1));
    if (descriptor != -1) {
        return set_again((uint64_t)descriptor, set);
    }
    struct file *file = file_make(&operations, O_RDWR | (flags & O_NONBLOCK), nullptr);
    if (file == nullptr) {
        return -ENFILE;
    }
    *set_of(file) = set;
    return descriptor_put(file, (flags & SFD_CLOEXEC) != 0, 0);
}

int64_t call_signalfd(const struct call *call)
{
    return make((int32_t)call->argument[0], (struct user){call->argument[1]}, call->argument[2], 0);
}

int64_t call_signalfd4(const struct call *call)
{
    return make((int32_t)call->argument[0], (struct user){call->argument[1]}, call->argument[2],
                (uint32_t)call->argument[3]);
}
