// SPDX-License-Identifier: MIT
// Clocks and sleeping.
#include "../core/call.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/strand.h"
#include "../core/user.h"
#include "process.h"
#include "time.h"
#include "usage.h"

constexpr uint64_t SECOND = 1'000'000'000;

int64_t moment_read(struct user from, uint64_t *nanoseconds)
{
    struct linux_moment time;
    if (user_read(&time, from, sizeof time) != 0) {
        return -EFAULT;
    }
    if (time.seconds < 0 || time.part < 0 || time.part >= (int64_t)SECOND) {
        return -EINVAL;
    }
    constexpr int64_t most = INT64_MAX / (int64_t)SECOND - 1;
    *nanoseconds = time.seconds > most ? (uint64_t)most * SECOND
                                       : (uint64_t)time.seconds * SECOND + (uint64_t)time.part;
    return 0;
}

int64_t moment_write(struct user to, uint64_t nanoseconds)
{
    struct linux_moment time = {(int64_t)(nanoseconds / SECOND), (int64_t)(nanoseconds % SECOND)};
    return user_write(to, &time, sizeof time);
}

int64_t clock_read(int clock, uint64_t *nanoseconds)
{
    struct usage usage;
    switch (clock) {
    case CLOCK_OF_DATE:
    case CLOCK_OF_DATE_COARSE:
    case CLOCK_OF_DATE_ALARM:
    case CLOCK_ATOMIC:
        *nanoseconds = clock_realtime();
        return 0;
    case CLOCK_STEADY:
    case CLOCK_STEADY_RAW:
    case CLOCK_STEADY_COARSE:
    case CLOCK_SINCE_BOOT:
    case CLOCK_SINCE_BOOT_ALARM:
        *nanoseconds = clock_monotonic();
        return 0;
    case CLOCK_OF_PROCESS:
        usage = usage_of(process_now());
        *nanoseconds = usage.user_ns + usage.system_ns;
        return 0;
    case CLOCK_OF_THREAD:
        *nanoseconds = thread_time(thread_now());
        return 0;
    default:
        break;
    }
    if (clock >= 0) {
        return -EINVAL;
    }
    // Clocks of processes and threads by number: the number's complement, and three bits for which.
    uint32_t number = (uint32_t)~(clock >> 3);
    bool of_thread = (clock & 4) != 0;
    if (of_thread) {
        struct thread *thread = number == 0 ? thread_now() : thread_find(number);
        if (thread == nullptr) {
            return -EINVAL;
        }
        *nanoseconds = thread_time(thread);
        return 0;
    }
    struct process *process = number == 0 ? process_now() : process_find(number);
    if (process == nullptr) {
        return -EINVAL;
    }
    usage = usage_of(process);
    *nanoseconds = usage.user_ns + usage.system_ns;
    return 0;
}

int64_t call_clock_gettime(const struct call *call)
{
    uint64_t now;
    int64_t error = clock_read((int)call->argument[0], &now);
    return error != 0 ? error : moment_write((struct user){call->argument[1]}, now);
}

int64_t call_clock_getres(const struct call *call)
{
    uint64_t now;
    struct user to = {call->argument[1]};
    int clock = (int)call->argument[0];
    int64_t error = clock_read(clock, &now);
    bool coarse = clock == CLOCK_OF_DATE_COARSE || clock == CLOCK_STEADY_COARSE;
    constexpr uint64_t tick = 4'000'000;
    return error != 0 || to.address == 0 ? error : moment_write(to, coarse ? tick : 1);
}

int64_t call_clock_settime(const struct call *call)
{
    uint64_t wanted;
    if ((int)call->argument[0] != CLOCK_OF_DATE) {
        return -EINVAL;
    }
    int64_t error = moment_read((struct user){call->argument[1]}, &wanted);
    return error != 0 ? error : -EPERM;
}

int64_t call_gettimeofday(const struct call *call)
{
    struct user to = {call->argument[0]};
    struct user zone = {call->argument[1]};
    constexpr uint64_t microsecond = 1000;
    uint64_t now = clock_realtime();
    if (to.address != 0) {
        struct linux_moment time = {(int64_t)(now / SECOND), (int64_t)(now % SECOND / microsecond)};
        if (user_write(to, &time, sizeof time) != 0) {
            return -EFAULT;
        }
    }
    return zone.address == 0 ? 0 : user_zero(zone, 8);
}

int64_t call_settimeofday(const struct call *call)
{
    (void)call;
    return -EPERM;
}

int64_t call_time(const struct call *call)
{
    struct user to = {call->argument[0]};
    int64_t now = (int64_t)(clock_realtime() / SECOND);
    if (to.address != 0 && user_write(to, &now, sizeof now) != 0) {
        return -EFAULT;
    }
    return now;
}

// --- Sleeping ---------------------------------------------------------------------------------------

// A time of one of the clocks that can be waited for, as one of the monotonic clock.
uint64_t clock_deadline(int clock, uint64_t time)
{
    bool date = clock == CLOCK_OF_DATE || clock == CLOCK_OF_DATE_ALARM || clock == CLOCK_ATOMIC;
    if (!date) {
        return time;
    }
    uint64_t now = clock_realtime();
    return clock_monotonic() + (time > now ? time - now : 0);
}

static int64_t sleep_until(struct thread *thread, uint64_t deadline, struct user left)
{
    struct wait_queue nothing = {};
    enum wake why = WAKE_EVENT;
    while (why == WAKE_EVENT) {
        why = wait_on(&nothing, deadline);
    }
    if (why == WAKE_TIME) {
        return 0;
    }
    uint64_t now = clock_monotonic();
    thread->restart_deadline = deadline;
    if (left.address != 0 && moment_write(left, deadline > now ? deadline - now : 0) != 0) {
        return -EFAULT;
    }
    return RESTART_ALWAYS;
}

static int64_t sleep_for(struct thread *thread, uint64_t time, struct user left)
{
    uint64_t deadline = clock_monotonic() + time;
    // Goes on after a signal without a handler.
    if (thread->restart_deadline != 0) {
        deadline = thread->restart_deadline;
        thread->restart_deadline = 0;
    }
    return sleep_until(thread, deadline, left);
}

int64_t call_nanosleep(const struct call *call)
{
    uint64_t time;
    int64_t error = moment_read((struct user){call->argument[0]}, &time);
    return error != 0 ? error : sleep_for(call->thread, time, (struct user){call->argument[1]});
}

int64_t call_clock_nanosleep(const struct call *call)
{
    constexpr uint64_t absolute = 1;
    int clock = (int)call->argument[0];
    uint64_t time;
    uint64_t now;
    if (clock == CLOCK_OF_THREAD || clock_read(clock, &now) != 0) {
        return -EINVAL;
    }
    bool waitable = clock == CLOCK_OF_DATE || clock == CLOCK_STEADY || clock == CLOCK_SINCE_BOOT ||
                    clock == CLOCK_ATOMIC || clock == CLOCK_OF_PROCESS ||
                    clock == CLOCK_OF_DATE_ALARM || clock == CLOCK_SINCE_BOOT_ALARM;
    if (!waitable) {
        return -EOPNOTSUPP;
    }
    int64_t error = moment_read((struct user){call->argument[2]}, &time);
    if (error != 0) {
        return error;
    }
    if ((call->argument[1] & absolute) == 0) {
        return sleep_for(call->thread, time, (struct user){call->argument[3]});
    }
    int64_t result = sleep_until(call->thread, clock_deadline(clock, time), (struct user){});
    call->thread->restart_deadline = 0;
    return result;
}
