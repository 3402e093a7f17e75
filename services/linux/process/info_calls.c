// SPDX-License-Identifier: MIT
// Answers about the machine and the process that need no more than a look: uname, sysinfo, limits, priorities, processors, prctl.
#include "../core/call.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/random.h"
#include "../core/user.h"
#include "../memory/backing.h"
#include "../memory/space.h"
#include "process.h"
#include "sandbox.h"
#include "usage.h"

#include <string.h>

// --- The machine ------------------------------------------------------------------------------------

struct names {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

int64_t call_uname(const struct call *call)
{
    static const struct names names = {
        .system = "Linux",
        .node = "kozo",
        .release = "6.1.0-kozo",
        .version = "#1 KOZO",
        .machine = "x86_64",
        .domain = "(none)",
    };
    struct names told = names;
    memcpy(told.node, sandbox.host_name, sizeof told.node);
    return user_write((struct user){call->argument[0]}, &told, sizeof told);
}

static int64_t set_name(const struct call *call)
{
    uint64_t length = call->argument[1];
    char name[65] = {};
    if (caller()->credentials.effective_user != 0) {
        return -EPERM;
    }
    if (length > 64) {
        return -EINVAL;
    }
    if (user_read(name, (struct user){call->argument[0]}, length) != 0) {
        return -EFAULT;
    }
    memcpy(sandbox.host_name, name, sizeof name);
    return 0;
}

int64_t call_sethostname(const struct call *call)
{
    return set_name(call);
}

struct system_information {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t memory, free, shared, buffers, swap, swap_free;
    uint16_t processes, spare;
    uint64_t high, high_free;
    uint32_t unit;
    uint32_t padding;
};
static_assert(sizeof(struct system_information) == 112);

static uint16_t count_threads(void)
{
    uint16_t count = 0;
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        count = (uint16_t)(count + process->thread_count);
    }
    return count;
}

int64_t call_sysinfo(const struct call *call)
{
    constexpr uint64_t second = 1'000'000'000;
    struct system_information told = {
        .uptime = (int64_t)(clock_monotonic() / second),
        .memory = pages_there() * PAGE_BYTES,
        .free = pages_free() * PAGE_BYTES,
        .processes = count_threads(),
        .unit = 1,
    };
    return user_write((struct user){call->argument[0]}, &told, sizeof told);
}

int64_t call_getcpu(const struct call *call)
{
    uint32_t none = 0;
    for (size_t i = 0; i < 2; i++) {
        struct user to = {call->argument[i]};
        if (to.address != 0 && user_write(to, &none, sizeof none) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}

int64_t call_getrandom(const struct call *call)
{
    struct user to = {call->argument[0]};
    uint64_t size = call->argument[1];
    if ((call->argument[2] & ~7ul) != 0 || (call->argument[2] & 6) == 6) {
        return -EINVAL;
    }
    constexpr uint64_t most = INT32_MAX;
    size = size > most ? most : size;
    uint64_t done = 0;
    while (done < size) {
        uint8_t bytes[256];
        uint64_t part = size - done < sizeof bytes ? size - done : sizeof bytes;
        random_fill(bytes, part);
        if (user_write(user_at(to, done), bytes, part) != 0) {
            return done > 0 ? (int64_t)done : -EFAULT;
        }
        done += part;
    }
    return (int64_t)done;
}

// --- Limits and usage -------------------------------------------------------------------------------

static int64_t change_limit(struct process *process, uint32_t which, struct user new,
                            struct user old)
{
    constexpr uint32_t descriptors = 7;
    constexpr uint64_t descriptors_most = 1u << 20;
    if (which >= LIMITS) {
        return -EINVAL;
    }
    struct limit *limit = &process->caller.limit[which];
    struct limit before = *limit;
    if (new.address != 0) {
        struct limit wanted;
        if (user_read(&wanted, new, sizeof wanted) != 0) {
            return -EFAULT;
        }
        if (wanted.soft > wanted.hard) {
            return -EINVAL;
        }
        bool root = caller()->credentials.effective_user == 0;
        if ((wanted.hard > limit->hard && !root) ||
            (which == descriptors && wanted.hard > descriptors_most)) {
            return -EPERM;
        }
        *limit = wanted;
    }
    return old.address == 0 ? 0 : user_write(old, &before, sizeof before);
}

int64_t call_getrlimit(const struct call *call)
{
    return change_limit(process_now(), (uint32_t)call->argument[0], (struct user){},
                        (struct user){call->argument[1]});
}

int64_t call_setrlimit(const struct call *call)
{
    struct user new = {call->argument[1]};
    return new.address == 0
               ? -EFAULT
               : change_limit(process_now(), (uint32_t)call->argument[0], new, (struct user){});
}

int64_t call_prlimit64(const struct call *call)
{
    uint32_t number = (uint32_t)call->argument[0];
    struct process *process = number == 0 ? process_now() : process_find(number);
    if (process == nullptr) {
        return -ESRCH;
    }
    return change_limit(process, (uint32_t)call->argument[1], (struct user){call->argument[2]},
                        (struct user){call->argument[3]});
}

struct linux_usage {
    int64_t user_s, user_us, system_s, system_us;
    int64_t resident, text, data, stack;
    int64_t minor, major, swaps, reads, writes, sent, received, signals, voluntary, involuntary;
};
static_assert(sizeof(struct linux_usage) == 144);

int64_t usage_write(struct user to, const struct usage *one, const struct usage *other)
{
    constexpr uint64_t second = 1'000'000'000, microsecond = 1000;
    uint64_t user = one->user_ns + (other == nullptr ? 0 : other->user_ns);
    uint64_t system = one->system_ns + (other == nullptr ? 0 : other->system_ns);
    struct linux_usage told = {
        .user_s = (int64_t)(user / second),
        .user_us = (int64_t)(user % second / microsecond),
        .system_s = (int64_t)(system / second),
        .system_us = (int64_t)(system % second / microsecond),
        .resident = 1024,
        .minor = (int64_t)(one->faults + (other == nullptr ? 0 : other->faults)),
    };
    return user_write(to, &told, sizeof told);
}

struct usage usage_of(const struct process *process)
{
    struct usage usage = process->ended;
    for (struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        usage.user_ns += thread_time(thread);
    }
    usage.faults += process->space == nullptr ? 0 : process->space->faults;
    return usage;
}

int64_t call_getrusage(const struct call *call)
{
    enum who : int { CHILDREN = -1, SELF = 0, THREAD = 1 };
    struct user to = {call->argument[1]};
    struct usage usage;
    switch ((int)call->argument[0]) {
    case CHILDREN:
        return usage_write(to, &process_now()->children_usage, nullptr);
    case SELF:
        usage = usage_of(process_now());
        return usage_write(to, &usage, nullptr);
    case THREAD:
        usage = (struct usage){.user_ns = thread_time(call->thread)};
        return usage_write(to, &usage, nullptr);
    default:
        return -EINVAL;
    }
}

int64_t call_times(const struct call *call)
{
    constexpr uint64_t tick = 10'000'000;
    struct user to = {call->argument[0]};
    struct usage own = usage_of(process_now());
    const struct usage *children = &process_now()->children_usage;
    uint64_t told[4] = {own.user_ns / tick, own.system_ns / tick, children->user_ns / tick,
                        children->system_ns / tick};
    if (to.address != 0 && user_write(to, told, sizeof told) != 0) {
        return -EFAULT;
    }
    return (int64_t)(clock_monotonic() / tick);
}

// --- Scheduling: every thread has its turn, whatever it asks for -------------------------------------

static struct process *named(uint64_t number)
{
    struct thread *thread = (uint32_t)number == 0 ? thread_now() : thread_find((uint32_t)number);
    return thread == nullptr ? nullptr : thread->process;
}

int64_t call_sched_yield(const struct call *call)
{
    // The answer puts the thread behind others that are ready.
    (void)call;
    return 0;
}

int64_t call_sched_getaffinity(const struct call *call)
{
    uint64_t mask = 1;
    if (call->argument[1] < sizeof mask || call->argument[1] % sizeof mask != 0) {
        return -EINVAL;
    }
    if (named(call->argument[0]) == nullptr) {
        return -ESRCH;
    }
    int64_t error = user_write((struct user){call->argument[2]}, &mask, sizeof mask);
    return error != 0 ? error : (int64_t)sizeof mask;
}

int64_t call_sched_setaffinity(const struct call *call)
{
    uint64_t mask = 0;
    uint64_t size = call->argument[1] < sizeof mask ? call->argument[1] : sizeof mask;
    if (named(call->argument[0]) == nullptr) {
        return -ESRCH;
    }
    if (user_read(&mask, (struct user){call->argument[2]}, size) != 0) {
        return -EFAULT;
    }
    return (mask & 1) == 0 ? -EINVAL : 0;
}

int64_t call_sched_getscheduler(const struct call *call)
{
    return (int32_t)call->argument[0] < 0        ? -EINVAL
           : named(call->argument[0]) == nullptr ? -ESRCH
                                                 : 0;
}

static int64_t set_scheduler(uint64_t number, int policy, struct user parameter)
{
    constexpr int other = 0, batch = 3, idle = 5, most = 6;
    int32_t priority;
    if ((int32_t)number < 0 || parameter.address == 0) {
        return -EINVAL;
    }
    if (user_read(&priority, parameter, sizeof priority) != 0) {
        return -EFAULT;
    }
    if (named(number) == nullptr) {
        return -ESRCH;
    }
    if (policy < 0 || policy >= most) {
        return -EINVAL;
    }
    bool ordinary = policy == other || policy == batch || policy == idle;
    if (ordinary ? priority != 0 : priority < 1 || priority > 99) {
        return -EINVAL;
    }
    return ordinary ? 0 : -EPERM;
}

int64_t call_sched_setscheduler(const struct call *call)
{
    return set_scheduler(call->argument[0], (int)call->argument[1] & 0xff,
                         (struct user){call->argument[2]});
}

int64_t call_sched_setparam(const struct call *call)
{
    return set_scheduler(call->argument[0], 0, (struct user){call->argument[1]});
}

int64_t call_sched_getparam(const struct call *call)
{
    uint32_t none = 0;
    if (call->argument[1] == 0 || (int32_t)call->argument[0] < 0) {
        return -EINVAL;
    }
    if (named(call->argument[0]) == nullptr) {
        return -ESRCH;
    }
    return user_write((struct user){call->argument[1]}, &none, sizeof none);
}

static int64_t priority_of(uint64_t policy, int64_t realtime)
{
    constexpr uint64_t first_in_first_out = 1, round_robin = 2, most = 6;
    if (policy == first_in_first_out || policy == round_robin) {
        return realtime;
    }
    return policy > most || policy == 4 ? -EINVAL : 0;
}

int64_t call_sched_get_priority_max(const struct call *call)
{
    return priority_of(call->argument[0], 99);
}

int64_t call_sched_get_priority_min(const struct call *call)
{
    return priority_of(call->argument[0], 1);
}

int64_t call_sched_rr_get_interval(const struct call *call)
{
    int64_t turn[2] = {0, 5'000'000};
    if (named(call->argument[0]) == nullptr) {
        return -ESRCH;
    }
    return user_write((struct user){call->argument[1]}, turn, sizeof turn);
}

int64_t call_getpriority(const struct call *call)
{
    constexpr int process_kind = 0, user_kind = 2;
    int kind = (int)call->argument[0];
    if (kind < process_kind || kind > user_kind) {
        return -EINVAL;
    }
    const struct process *process = process_now();
    if (kind == process_kind && (uint32_t)call->argument[1] != 0) {
        process = named(call->argument[1]);
    }
    return process == nullptr ? -ESRCH : 20 - process->nice;
}

int64_t call_setpriority(const struct call *call)
{
    constexpr int process_kind = 0, user_kind = 2;
    constexpr int32_t least = -20, most = 19;
    int kind = (int)call->argument[0];
    int32_t nice = (int32_t)call->argument[2];
    if (kind < process_kind || kind > user_kind) {
        return -EINVAL;
    }
    struct process *process = process_now();
    if (kind == process_kind && (uint32_t)call->argument[1] != 0) {
        process = named(call->argument[1]);
    }
    if (process == nullptr) {
        return -ESRCH;
    }
    nice = nice < least ? least : nice > most ? most : nice;
    if (nice < process->nice && caller()->credentials.effective_user != 0) {
        return -EACCES;
    }
    process->nice = nice;
    return 0;
}

// --- prctl and the like -----------------------------------------------------------------------------

enum process_control : uint64_t {
    SET_DEATH_SIGNAL = 1,
    GET_DEATH_SIGNAL = 2,
    GET_DUMPABLE = 3,
    SET_DUMPABLE = 4,
    GET_KEEP_CAPS = 7,
    SET_KEEP_CAPS = 8,
    SET_NAME = 15,
    GET_NAME = 16,
    GET_SECCOMP = 21,
    SET_SECCOMP = 22,
    CAP_BOUND_READ = 23,
    CAP_BOUND_DROP = 24,
    GET_TIMER_SLACK = 30,
    SET_TIMER_SLACK = 29,
    SET_CHILD_REAPER = 36,
    GET_CHILD_REAPER = 37,
    SET_NO_NEW_PRIVILEGES = 38,
    GET_NO_NEW_PRIVILEGES = 39,
    GET_TID_ADDRESS = 40,
    SET_VMA = 0x5356'4d41,
    SET_PTRACER = 0x5961'6d61,
    CAP_AMBIENT = 47,
};

static int64_t set_thread_name(struct thread *thread, uint64_t from)
{
    char name[16] = {};
    int64_t length = user_string(name, (struct user){from}, sizeof name);
    if (length == -EFAULT) {
        return length;
    }
    name[15] = 0;
    memcpy(thread->name, name, sizeof name);
    return 0;
}

static int64_t tell_int(uint64_t to, int32_t value)
{
    return user_write((struct user){to}, &value, sizeof value);
}

int64_t call_prctl(const struct call *call)
{
    struct process *process = process_now();
    uint64_t value = call->argument[1];
    switch (call->argument[0]) {
    case SET_DEATH_SIGNAL:
        if (value > SIGNALS) {
            return -EINVAL;
        }
        process->parent_death_signal = (int)value;
        return 0;
    case GET_DEATH_SIGNAL:
        return tell_int(value, process->parent_death_signal);
    case GET_DUMPABLE:
        return process->dumpable;
    case SET_DUMPABLE:
        if (value > 1) {
            return -EINVAL;
        }
        process->dumpable = value == 1;
        return 0;
    case SET_NAME:
        return set_thread_name(call->thread, value);
    case GET_NAME:
        return user_write((struct user){value}, call->thread->name, sizeof call->thread->name);
    case GET_KEEP_CAPS:
    case SET_KEEP_CAPS:
    case SET_TIMER_SLACK:
    case SET_VMA:
    case SET_PTRACER:
        return 0;
    case GET_TIMER_SLACK:
        return 50'000;
    case CAP_BOUND_READ:
        return value > 40 ? -EINVAL : 1;
    case CAP_BOUND_DROP:
        return value > 40 ? -EINVAL : process->caller.credentials.effective_user == 0 ? 0 : -EPERM;
    case SET_CHILD_REAPER:
        process->reaper = value != 0;
        return 0;
    case GET_CHILD_REAPER:
        return tell_int(value, process->reaper);
    case SET_NO_NEW_PRIVILEGES:
        if (value != 1 || call->argument[2] != 0 || call->argument[3] != 0 ||
            call->argument[4] != 0) {
            return -EINVAL;
        }
        process->no_new_privileges = true;
        return 0;
    case GET_NO_NEW_PRIVILEGES:
        return process->no_new_privileges;
    case GET_TID_ADDRESS:
        return user_write((struct user){value}, &call->thread->clear_number, 8);
    case GET_SECCOMP:
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t call_arch_prctl(const struct call *call)
{
    enum code : uint64_t { SET_GS = 0x1001, SET_FS = 0x1002, GET_FS = 0x1003, GET_GS = 0x1004 };
    struct kozo_x86_bases bases;
    uint64_t value = call->argument[1];
    if (call->argument[0] < SET_GS || call->argument[0] > GET_GS) {
        return -EINVAL;
    }
    thread_read_bases(call->thread, &bases);
    switch (call->argument[0]) {
    case GET_FS:
        return user_write((struct user){value}, &bases.fs, sizeof bases.fs);
    case GET_GS:
        return user_write((struct user){value}, &bases.gs, sizeof bases.gs);
    case SET_FS:
        bases.fs = value;
        break;
    default:
        bases.gs = value;
        break;
    }
    return value >= SPACE_END || !thread_write_bases(call->thread, &bases) ? -EPERM : 0;
}

int64_t call_personality(const struct call *call)
{
    constexpr uint32_t ask = UINT32_MAX;
    struct process *process = process_now();
    uint32_t before = process->personality;
    if ((uint32_t)call->argument[0] != ask) {
        process->personality = (uint32_t)call->argument[0];
    }
    return before;
}

int64_t call_membarrier(const struct call *call)
{
    // Messages of the kernel order memory on one processor; commands are those of private expedited barriers.
    constexpr uint64_t query = 0, global = 1, private = 8, register_private = 16;
    switch (call->argument[0]) {
    case query:
        return global | private | register_private;
    case global:
    case private:
    case register_private:
        return 0;
    default:
        return -EINVAL;
    }
}
