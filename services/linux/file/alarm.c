// SPDX-License-Identifier: MIT
// timerfd: how often a time has passed since somebody last read it.
#include "handlers.h"

#include "../core/clock.h"
#include "../core/deadline.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "linux.h"

#include <sys/timerfd.h>

constexpr int64_t NANOSECONDS = 1'000'000'000;

struct alarm {
    struct deadline deadline; // first: the deadline is the alarm
    struct wait_queue queue;
    uint64_t interval; // 0: once
    uint64_t next;     // monotonic; 0: not set
    uint64_t passed;
    bool real; // CLOCK_REALTIME
};

static struct alarm *alarm_of(const struct file *file)
{
    return file->own;
}

static void due(struct deadline *deadline)
{
    struct alarm *alarm = (struct alarm *)deadline;
    alarm->passed++;
    if (alarm->interval > 0) {
        uint64_t late = clock_monotonic() - alarm->next;
        uint64_t missed = late / alarm->interval;
        alarm->passed += missed;
        alarm->next += (missed + 1) * alarm->interval;
        deadline_set(&alarm->deadline, alarm->next);
    } else {
        alarm->next = 0;
    }
    (void)wait_wake(&alarm->queue, SIZE_MAX);
}

static int64_t read_alarm(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct alarm *alarm = alarm_of(file);
    if (transfer->size < sizeof alarm->passed) {
        return -EINVAL;
    }
    while (alarm->passed == 0) {
        if ((file->flags & O_NONBLOCK) != 0) {
            return -EAGAIN;
        }
        if (wait_on(&alarm->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    uint64_t passed = alarm->passed;
    alarm->passed = 0;
    int64_t error = transfer_give(transfer, &passed, sizeof passed);
    return error != 0 ? error : (int64_t)sizeof passed;
}

static uint32_t ready(struct file *file)
{
    return alarm_of(file)->passed > 0 ? READY_IN : 0;
}

static struct wait_queue *queue(struct file *file)
{
    return &alarm_of(file)->queue;
}

static void end(struct file *file)
{
    deadline_clear(&alarm_of(file)->deadline);
    store_give(file->own, sizeof(struct alarm));
}

static const struct file_operations operations = {
    .kind = "[timerfd]",
    .read = read_alarm,
    .seek = file_seek_nowhere,
    .ready = ready,
    .queue = queue,
    .close = end,
};

int64_t call_timerfd_create(const struct call *call)
{
    uint32_t clock = (uint32_t)call->argument[0];
    uint32_t flags = (uint32_t)call->argument[1];
    bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
                 clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
    if (!known || (flags & ~(uint32_t)(TFD_CLOEXEC | TFD_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) {
        return -EPERM;
    }
    struct alarm *alarm = store_take(sizeof *alarm);
    if (alarm == nullptr) {
        return -ENOMEM;
    }
    alarm->deadline.due = due;
    alarm->real = clock == CLOCK_REALTIME;
    struct file *file = file_make(&operations, O_RDWR | (flags & O_NONBLOCK), alarm);
    if (file == nullptr) {
        store_give(alarm, sizeof *alarm);
        return -ENFILE;
    }
    return descriptor_put(file, (flags & TFD_CLOEXEC) != 0, 0);
}

// As timerfd_settime has it: interval, then the first time.
struct setting {
    struct linux_time interval;
    struct linux_time value;
};

static struct linux_time time_of(uint64_t nanoseconds)
{
    return (struct linux_time){(int64_t)(nanoseconds / NANOSECONDS),
                               (int64_t)(nanoseconds % NANOSECONDS)};
}

static struct setting setting_of(const struct alarm *alarm)
{
    uint64_t now = clock_monotonic();
    uint64_t left = alarm->next == 0 ? 0 : alarm->next > now ? alarm->next - now : 1;
    return (struct setting){time_of(alarm->interval), time_of(left)};
}

static bool is_time(const struct linux_time *time)
{
    return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < NANOSECONDS;
}

// Nanoseconds; times beyond some centuries are as good as never.
static uint64_t count_of(const struct linux_time *time)
{
    constexpr int64_t SECONDS_MOST = 8'000'000'000;
    int64_t seconds = time->seconds < SECONDS_MOST ? time->seconds : SECONDS_MOST;
    return (uint64_t)seconds * NANOSECONDS + (uint64_t)time->nanoseconds;
}

static void set(struct alarm *alarm, const struct setting *setting, bool absolute)
{
    uint64_t first = count_of(&setting->value);
    alarm->interval = count_of(&setting->interval);
    alarm->passed = 0;
    deadline_clear(&alarm->deadline);
    if (first == 0) {
        alarm->next = 0;
        return;
    }
    uint64_t now = clock_monotonic();
    if (!absolute) {
        alarm->next = now + first;
    } else if (!alarm->real) {
        alarm->next = first;
    } else {
        uint64_t real = clock_realtime();
        alarm->next = first > real ? now + (first - real) : now;
    }
    deadline_set(&alarm->deadline, alarm->next);
}

static struct file *alarm_file(uint64_t descriptor, int64_t *error)
{
    struct file *file = descriptor_file(descriptor);
    *error = file == nullptr ? -EBADF : file->operations != &operations ? -EINVAL : 0;
    if (*error == -EINVAL) {
        file_drop(file);
    }
    return file;
}

int64_t call_timerfd_settime(const struct call *call)
{
    uint32_t flags = (uint32_t)call->argument[1];
    struct setting wanted;
    if ((flags & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) {
        return -EINVAL;
    }
    if (user_read(&wanted, (struct user){call->argument[2]}, sizeof wanted) != 0) {
        return -EFAULT;
    }
    if (!is_time(&wanted.interval) || !is_time(&wanted.value)) {
        return -EINVAL;
    }
    int64_t error = 0;
    struct file *file = alarm_file(call->argument[0], &error);
    if (error != 0) {
        return error;
    }
    struct setting before = setting_of(alarm_of(file));
    set(alarm_of(file), &wanted, (flags & TFD_TIMER_ABSTIME) != 0);
    if (call->argument[3] != 0) {
        error = user_write((struct user){call->argument[3]}, &before, sizeof before);
    }
    file_drop(file);
    return error;
}

int64_t call_timerfd_gettime(const struct call *call)
{
    int64_t error = 0;
    struct file *file = alarm_file(call->argument[0], &error);
    if (error != 0) {
        return error;
    }
    struct setting setting = setting_of(alarm_of(file));
    file_drop(file);
    return user_write((struct user){call->argument[1]}, &setting, sizeof setting);
}
