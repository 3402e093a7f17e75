// SPDX-License-Identifier: MIT
// Timers: setitimer and alarm have one of each kind in a process, timer_create any number.
#include "timer.h"

#include "../core/call.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "../core/user.h"
#include "process.h"
#include "time.h"

constexpr size_t TIMERS_MOST = 64; // of timer_create, in a process
constexpr size_t KINDS = 3;        // of setitimer
constexpr uint64_t SECOND = 1'000'000'000;

struct timer {
    struct deadline deadline;
    struct process *process;
    uint64_t period;
    int signal;      // 0: none
    uint32_t thread; // number of the one that is told; 0: the process
    int clock;
    int code;
    uint64_t value;
    int32_t number;
    int32_t overrun;
    bool used;
};

struct timers {
    struct timer interval[KINDS];
    struct timer timer[TIMERS_MOST];
};

static struct timers *timers_of(struct process *process)
{
    if (process->timers == nullptr) {
        process->timers = store_take(sizeof *process->timers);
    }
    return process->timers;
}

static void tell(const struct timer *timer)
{
    struct signal_info info = {.signal = timer->signal, .code = timer->code};
    if (timer->code == CODE_TIMER) {
        info.timer.timer = timer->number;
        info.timer.value = timer->value;
    }
    if (timer->signal == 0) {
        return;
    }
    if (timer->thread != 0) {
        struct thread *thread = thread_find(timer->thread);
        if (thread != nullptr && thread->process == timer->process) {
            signal_to_thread(thread, &info);
        }
        return;
    }
    signal_to_process(timer->process, &info);
}

static void due(struct deadline *deadline)
{
    struct timer *timer = (struct timer *)deadline;
    uint64_t now = clock_monotonic();
    if (timer->period != 0) {
        uint64_t missed = (now - deadline->node.key) / timer->period;
        timer->overrun = missed > INT32_MAX ? INT32_MAX : (int32_t)missed;
        deadline_set(deadline, deadline->node.key + (missed + 1) * timer->period);
    } else {
        timer->overrun = 0;
    }
    tell(timer);
}

static void start(struct timer *timer, struct process *process, uint64_t at, uint64_t period)
{
    timer->process = process;
    timer->deadline.due = due;
    timer->period = period;
    deadline_set(&timer->deadline, at);
}

static uint64_t left(const struct timer *timer)
{
    uint64_t now = clock_monotonic();
    if (!timer->deadline.set) {
        return 0;
    }
    // One that is about to expire has not done so yet.
    return timer->deadline.node.key > now ? timer->deadline.node.key - now : 1;
}

static void drop_all(struct process *process, bool intervals)
{
    struct timers *timers = process->timers;
    if (timers == nullptr) {
        return;
    }
    for (size_t i = 0; i < KINDS && intervals; i++) {
        deadline_clear(&timers->interval[i].deadline);
    }
    for (size_t i = 0; i < TIMERS_MOST; i++) {
        deadline_clear(&timers->timer[i].deadline);
        timers->timer[i].used = false;
    }
    if (intervals) {
        store_give(timers, sizeof *timers);
        process->timers = nullptr;
    }
}

void timers_drop(struct process *process)
{
    drop_all(process, true);
}

void timers_exec(struct process *process)
{
    drop_all(process, false);
}

// --- setitimer and alarm ----------------------------------------------------------------------------

struct interval_value {
    struct linux_moment period, value;
};

constexpr int64_t MICROSECONDS = 1'000'000;

static bool is_time(const struct linux_moment *time)
{
    return time->seconds >= 0 && time->part >= 0 && time->part < MICROSECONDS;
}

static uint64_t nanoseconds(const struct linux_moment *time)
{
    constexpr int64_t most = INT64_MAX / (int64_t)SECOND - 1;
    int64_t seconds = time->seconds > most ? most : time->seconds;
    return (uint64_t)seconds * SECOND + (uint64_t)time->part * 1000;
}

static struct linux_moment moment(uint64_t nanoseconds_)
{
    return (struct linux_moment){(int64_t)(nanoseconds_ / SECOND),
                                 (int64_t)(nanoseconds_ % SECOND / 1000)};
}

static int64_t tell_interval(const struct timer *timer, struct user to)
{
    struct interval_value value = {moment(timer->period), moment(left(timer))};
    return user_write(to, &value, sizeof value);
}

int64_t call_getitimer(const struct call *call)
{
    if (call->argument[0] >= KINDS) {
        return -EINVAL;
    }
    struct timers *timers = timers_of(process_now());
    return timers == nullptr ? -ENOMEM
                             : tell_interval(&timers->interval[call->argument[0]],
                                             (struct user){call->argument[1]});
}

static void set_interval(struct timer *timer, size_t kind, uint64_t value, uint64_t period)
{
    static const int signals[KINDS] = {SIGNAL_ALARM, 26, 27}; // SIGALRM, SIGVTALRM, SIGPROF
    timer->signal = signals[kind];
    timer->code = CODE_KERNEL;
    if (value == 0) {
        deadline_clear(&timer->deadline);
        timer->period = period;
    } else {
        start(timer, process_now(), clock_monotonic() + value, period);
    }
}

int64_t call_setitimer(const struct call *call)
{
    struct interval_value wanted = {};
    struct user new = {call->argument[1]};
    struct user old = {call->argument[2]};
    size_t kind = call->argument[0];
    if (kind >= KINDS) {
        return -EINVAL;
    }
    if (new.address != 0 && user_read(&wanted, new, sizeof wanted) != 0) {
        return -EFAULT;
    }
    if (!is_time(&wanted.period) || !is_time(&wanted.value)) {
        return -EINVAL;
    }
    struct timers *timers = timers_of(process_now());
    if (timers == nullptr) {
        return -ENOMEM;
    }
    struct timer *timer = &timers->interval[kind];
    if (old.address != 0 && tell_interval(timer, old) != 0) {
        return -EFAULT;
    }
    set_interval(timer, kind, nanoseconds(&wanted.value), nanoseconds(&wanted.period));
    return 0;
}

int64_t call_alarm(const struct call *call)
{
    struct timers *timers = timers_of(process_now());
    if (timers == nullptr) {
        return 0;
    }
    uint64_t before = left(&timers->interval[0]);
    set_interval(&timers->interval[0], 0, (uint32_t)call->argument[0] * SECOND, 0);
    return (int64_t)((before + SECOND / 2) / SECOND == 0 && before > 0
                         ? 1
                         : (before + SECOND / 2) / SECOND);
}

// --- timer_create -----------------------------------------------------------------------------------

struct event {
    uint64_t value;
    int32_t signal;
    int32_t notify;
    int32_t thread;
    int32_t spare[11];
};
static_assert(sizeof(struct event) == 64);

enum notify : int { NOTIFY_SIGNAL = 0, NOTIFY_NONE = 1, NOTIFY_THREAD = 4 };

static int64_t read_event(struct user from, struct timer *timer)
{
    struct event event;
    if (user_read(&event, from, sizeof event) != 0) {
        return -EFAULT;
    }
    if (event.notify != NOTIFY_NONE && (event.signal < 1 || event.signal > SIGNALS)) {
        return -EINVAL;
    }
    timer->value = event.value;
    timer->signal = event.notify == NOTIFY_NONE ? 0 : event.signal;
    if (event.notify == NOTIFY_THREAD) {
        const struct thread *thread = thread_find((uint32_t)event.thread);
        if (thread == nullptr || thread->process != process_now()) {
            return -EINVAL;
        }
        timer->thread = (uint32_t)event.thread;
    } else if (event.notify != NOTIFY_NONE && event.notify != NOTIFY_SIGNAL) {
        return -EINVAL;
    }
    return 0;
}

int64_t call_timer_create(const struct call *call)
{
    uint64_t now;
    int clock = (int)call->argument[0];
    if (clock_read(clock, &now) != 0) {
        return -EINVAL;
    }
    struct timers *timers = timers_of(process_now());
    int32_t number = 0;
    while (timers != nullptr && number < (int32_t)TIMERS_MOST && timers->timer[number].used) {
        number++;
    }
    if (timers == nullptr || number == (int32_t)TIMERS_MOST) {
        return -EAGAIN;
    }
    struct timer made = {
        .used = true,
        .number = number,
        .clock = clock,
        .code = CODE_TIMER,
        .signal = SIGNAL_ALARM,
        .value = (uint64_t)number,
    };
    if (call->argument[1] != 0) {
        int64_t error = read_event((struct user){call->argument[1]}, &made);
        if (error != 0) {
            return error;
        }
    }
    if (user_write((struct user){call->argument[2]}, &number, sizeof number) != 0) {
        return -EFAULT;
    }
    timers->timer[number] = made;
    return 0;
}

static struct timer *find(uint64_t number)
{
    struct timers *timers = process_now()->timers;
    if (timers == nullptr || number >= TIMERS_MOST || !timers->timer[number].used) {
        return nullptr;
    }
    return &timers->timer[number];
}

struct timer_value {
    struct linux_moment period, value;
};

static int64_t tell_timer(const struct timer *timer, struct user to)
{
    uint64_t rest = left(timer);
    struct timer_value value = {
        {(int64_t)(timer->period / SECOND), (int64_t)(timer->period % SECOND)},
        {(int64_t)(rest / SECOND), (int64_t)(rest % SECOND)},
    };
    return user_write(to, &value, sizeof value);
}

int64_t call_timer_settime(const struct call *call)
{
    constexpr uint64_t absolute = 1;
    struct timer *timer = find(call->argument[0]);
    struct user new = {call->argument[2]};
    struct user old = {call->argument[3]};
    uint64_t period, value;
    if (timer == nullptr) {
        return -EINVAL;
    }
    int64_t error = moment_read(new, &period);
    if (error == 0) {
        error = moment_read(user_at(new, sizeof(struct linux_moment)), &value);
    }
    if (error != 0) {
        return error;
    }
    if (old.address != 0 && tell_timer(timer, old) != 0) {
        return -EFAULT;
    }
    if (value == 0) {
        deadline_clear(&timer->deadline);
        timer->period = 0;
        return 0;
    }
    uint64_t at = (call->argument[1] & absolute) != 0 ? clock_deadline(timer->clock, value)
                                                      : clock_monotonic() + value;
    start(timer, process_now(), at, period);
    return 0;
}

int64_t call_timer_gettime(const struct call *call)
{
    const struct timer *timer = find(call->argument[0]);
    return timer == nullptr ? -EINVAL : tell_timer(timer, (struct user){call->argument[1]});
}

int64_t call_timer_getoverrun(const struct call *call)
{
    const struct timer *timer = find(call->argument[0]);
    return timer == nullptr ? -EINVAL : timer->overrun;
}

int64_t call_timer_delete(const struct call *call)
{
    struct timer *timer = find(call->argument[0]);
    if (timer == nullptr) {
        return -EINVAL;
    }
    deadline_clear(&timer->deadline);
    timer->used = false;
    return 0;
}
