// SPDX-License-Identifier: MIT
// epoll. A watch stands in the queue of its file all the time; a wake there puts it into the list of those that may be ready, and who
// waits looks at these only. Level or edge is then a matter of whether a watch stays in the list after it was told.
//
// An epoll file may itself be watched, if nobody watches it when it begins to watch another: nests are made from the inside out, so no
// ring can come about. Their depth is limited.
#include "epoll.h"

#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "handlers.h"
#include "linux.h"

#include <sys/epoll.h>

constexpr uint32_t BUCKETS_AT_FIRST = 16;
constexpr uint32_t BUCKETS_MOST = 4096;
constexpr uint8_t DEPTH_MOST = 4;
constexpr uint32_t ALWAYS = READY_ERROR | READY_HANG_UP;

struct watch {
    struct wait wait; // first: the place in the file's queue is the watch
    struct epoll *epoll;
    struct file *file;       // not counted: the file forgets its watches when it is closed
    struct watch *file_next; // others of this file
    struct watch *hash_next;
    struct watch *previous, *next; // in the list of those that may be ready
    uint64_t data;
    uint32_t events; // what is asked for; 0 after EPOLLONESHOT was told
    uint32_t flags;  // EPOLLET, EPOLLONESHOT
    uint32_t descriptor;
    bool listed;
};

struct epoll {
    struct file *file; // its own
    struct wait_queue queue;
    struct watch **bucket;
    uint32_t buckets;
    uint32_t count;
    struct watch *first, *last; // that may be ready
    uint8_t depth;              // epoll files inside of it, one in the other
};

static const struct file_operations operations;

static struct epoll *epoll_of(const struct file *file)
{
    return file->own;
}

static void list_in(struct watch *watch)
{
    struct epoll *epoll = watch->epoll;
    if (watch->listed) {
        return;
    }
    watch->listed = true;
    watch->next = nullptr;
    watch->previous = epoll->last;
    *(epoll->last != nullptr ? &epoll->last->next : &epoll->first) = watch;
    epoll->last = watch;
}

static void list_out(struct watch *watch)
{
    struct epoll *epoll = watch->epoll;
    if (!watch->listed) {
        return;
    }
    watch->listed = false;
    *(watch->previous != nullptr ? &watch->previous->next : &epoll->first) = watch->next;
    *(watch->next != nullptr ? &watch->next->previous : &epoll->last) = watch->previous;
}

// Something may have happened to a watched file.
static void notice(struct wait *wait)
{
    struct watch *watch = (struct watch *)wait;
    if (watch->events != 0) {
        list_in(watch);
        (void)wait_wake(&watch->epoll->queue, SIZE_MAX);
    }
}

static uint32_t hash_of(const struct file *file, uint32_t descriptor)
{
    return (uint32_t)((uintptr_t)file >> 6) * 31 + descriptor;
}

static struct watch **place_of(const struct epoll *epoll, const struct file *file,
                               uint32_t descriptor)
{
    struct watch **place = &epoll->bucket[hash_of(file, descriptor) & (epoll->buckets - 1)];
    while (*place != nullptr && ((*place)->file != file || (*place)->descriptor != descriptor)) {
        place = &(*place)->hash_next;
    }
    return place;
}

static void grow(struct epoll *epoll)
{
    uint32_t buckets = epoll->buckets * 2;
    struct watch **bucket = (struct watch **)store_take(buckets * sizeof(struct watch *));
    if (bucket == nullptr) {
        return; // it stays as it is, and is slower
    }
    for (uint32_t i = 0; i < epoll->buckets; i++) {
        while (epoll->bucket[i] != nullptr) {
            struct watch *watch = epoll->bucket[i];
            epoll->bucket[i] = watch->hash_next;
            struct watch **place = &bucket[hash_of(watch->file, watch->descriptor) & (buckets - 1)];
            watch->hash_next = *place;
            *place = watch;
        }
    }
    store_give((void *)epoll->bucket, epoll->buckets * sizeof(struct watch *));
    epoll->bucket = bucket;
    epoll->buckets = buckets;
}

static void remove_watch(struct watch *watch)
{
    struct epoll *epoll = watch->epoll;
    struct watch **place = place_of(epoll, watch->file, watch->descriptor);
    *place = watch->hash_next;
    place = &watch->file->watches;
    while (*place != watch) {
        place = &(*place)->file_next;
    }
    *place = watch->file_next;
    wait_leave(&watch->wait);
    list_out(watch);
    epoll->count--;
    store_give(watch, sizeof *watch);
}

void epoll_forget(struct file *file)
{
    while (file->watches != nullptr) {
        remove_watch(file->watches);
    }
}

static uint32_t bits_of(const struct watch *watch)
{
    return watch->events != 0 ? file_ready(watch->file) & (watch->events | ALWAYS) : 0;
}

static uint32_t ready(struct file *file)
{
    for (const struct watch *watch = epoll_of(file)->first; watch != nullptr; watch = watch->next) {
        if (bits_of(watch) != 0) {
            return READY_IN;
        }
    }
    return 0;
}

static struct wait_queue *queue(struct file *file)
{
    return &epoll_of(file)->queue;
}

static void end(struct file *file)
{
    struct epoll *epoll = epoll_of(file);
    for (uint32_t i = 0; i < epoll->buckets; i++) {
        while (epoll->bucket[i] != nullptr) {
            remove_watch(epoll->bucket[i]);
        }
    }
    store_give((void *)epoll->bucket, epoll->buckets * sizeof(struct watch *));
    store_give(epoll, sizeof *epoll);
}

static const struct file_operations operations = {
    .kind = "[eventpoll]",
    .seek = file_seek_nowhere,
    .ready = ready,
    .queue = queue,
    .close = end,
};

static int64_t make(bool exec_closes)
{
    struct epoll *epoll = store_take(sizeof *epoll);
    if (epoll == nullptr) {
        return -ENOMEM;
    }
    epoll->bucket = (struct watch **)store_take(BUCKETS_AT_FIRST * sizeof(struct watch *));
    struct file *file = epoll->bucket != nullptr ? file_make(&operations, O_RDWR, epoll) : nullptr;
    if (file == nullptr) {
        if (epoll->bucket != nullptr) {
            store_give((void *)epoll->bucket, BUCKETS_AT_FIRST * sizeof(struct watch *));
        }
        store_give(epoll, sizeof *epoll);
        return -ENOMEM;
    }
    epoll->buckets = BUCKETS_AT_FIRST;
    epoll->file = file;
    return descriptor_put(file, exec_closes, 0);
}

int64_t call_epoll_create(const struct call *call)
{
    return (int32_t)call->argument[0] <= 0 ? -EINVAL : make(false);
}

int64_t call_epoll_create1(const struct call *call)
{
    uint32_t flags = (uint32_t)call->argument[0];
    return (flags & ~(uint32_t)EPOLL_CLOEXEC) != 0 ? -EINVAL : make(flags != 0);
}

// Adding, changing, removing.

// As programs have it: twelve bytes, the data not aligned.
struct [[gnu::packed]] record {
    uint32_t events;
    uint64_t data;
};
static_assert(sizeof(struct record) == 12);

constexpr uint32_t FLAGS = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;

static void ask(struct watch *watch, const struct record *record)
{
    watch->flags = record->events & FLAGS;
    watch->events = (record->events & ~FLAGS) | ALWAYS;
    watch->data = record->data;
    if (bits_of(watch) != 0) {
        list_in(watch);
        (void)wait_wake(&watch->epoll->queue, SIZE_MAX);
    }
}

static int64_t check_nest(struct epoll *epoll, const struct file *file)
{
    if (file->operations != &operations) {
        return 0;
    }
    uint8_t depth = (uint8_t)(epoll_of(file)->depth + 1);
    if (depth > DEPTH_MOST || epoll->file->watches != nullptr) {
        return -ELOOP;
    }
    epoll->depth = depth > epoll->depth ? depth : epoll->depth;
    return 0;
}

static int64_t add(struct epoll *epoll, struct file *file, uint32_t descriptor,
                   const struct record *record)
{
    constexpr uint32_t WITH_EXCLUSIVE =
        READY_IN | READY_OUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
    if ((record->events & EPOLLEXCLUSIVE) != 0 &&
        ((record->events & ~WITH_EXCLUSIVE) != 0 || file->operations == &operations)) {
        return -EINVAL;
    }
    if (file->operations->queue == nullptr) {
        return -EPERM;
    }
    int64_t error = check_nest(epoll, file);
    struct watch *watch = error == 0 ? store_take(sizeof *watch) : nullptr;
    if (watch == nullptr) {
        return error != 0 ? error : -ENOMEM;
    }
    if (epoll->count >= epoll->buckets && epoll->buckets < BUCKETS_MOST) {
        grow(epoll);
    }
    *watch = (struct watch){.epoll = epoll, .file = file, .descriptor = descriptor};
    watch->wait.notice = notice;
    watch->file_next = file->watches;
    file->watches = watch;
    struct watch **place = &epoll->bucket[hash_of(file, descriptor) & (epoll->buckets - 1)];
    watch->hash_next = *place;
    *place = watch;
    epoll->count++;
    wait_enter(&watch->wait, file->operations->queue(file));
    ask(watch, record);
    return 0;
}

static int64_t change(struct watch *watch, const struct record *record)
{
    if (((watch->flags | record->events) & EPOLLEXCLUSIVE) != 0) {
        return -EINVAL;
    }
    list_out(watch);
    ask(watch, record);
    return 0;
}

static int64_t control(struct file *own, struct file *file, uint32_t descriptor, int operation,
                       const struct record *record)
{
    if (own == file || own->operations != &operations) {
        return -EINVAL;
    }
    struct epoll *epoll = epoll_of(own);
    struct watch *watch = *place_of(epoll, file, descriptor);
    switch (operation) {
    case EPOLL_CTL_ADD:
        return watch != nullptr ? -EEXIST : add(epoll, file, descriptor, record);
    case EPOLL_CTL_MOD:
        return watch == nullptr ? -ENOENT : change(watch, record);
    case EPOLL_CTL_DEL:
        if (watch == nullptr) {
            return -ENOENT;
        }
        remove_watch(watch);
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t call_epoll_ctl(const struct call *call)
{
    int operation = (int)call->argument[1];
    uint32_t descriptor = (uint32_t)call->argument[2];
    struct record record = {};
    if (operation != EPOLL_CTL_DEL &&
        user_read(&record, (struct user){call->argument[3]}, sizeof record) != 0) {
        return -EFAULT;
    }
    struct file *own = descriptor_file(call->argument[0]);
    struct file *file = own != nullptr ? descriptor_file(descriptor) : nullptr;
    int64_t result = file == nullptr ? -EBADF : control(own, file, descriptor, operation, &record);
    if (file != nullptr) {
        file_drop(file);
    }
    if (own != nullptr) {
        file_drop(own);
    }
    return result;
}

// Waiting.

// Takes one watch off the list and finds out what to tell of it; false when that is nothing.
static bool take(struct watch *watch, struct record *record)
{
    uint32_t bits = bits_of(watch);
    list_out(watch);
    if (bits == 0) {
        return false;
    }
    *record = (struct record){bits, watch->data};
    if ((watch->flags & EPOLLONESHOT) != 0) {
        watch->events = 0;
    } else if ((watch->flags & EPOLLET) == 0) {
        list_in(watch);
    }
    return true;
}

// Tells of what is ready, each watch at most once: those that stay in the list go to its end.
static int64_t tell(struct epoll *epoll, struct user to, size_t most)
{
    size_t told = 0;
    size_t listed = 0;
    for (const struct watch *watch = epoll->first; watch != nullptr; watch = watch->next) {
        listed++;
    }
    for (; listed > 0 && told < most && epoll->first != nullptr; listed--) {
        struct record record;
        if (take(epoll->first, &record)) {
            if (user_write(user_at(to, told * sizeof record), &record, sizeof record) != 0) {
                return told > 0 ? (int64_t)told : -EFAULT;
            }
            told++;
        }
    }
    return (int64_t)told;
}

static int64_t wait_for(struct epoll *epoll, struct user to, size_t most, uint64_t deadline)
{
    for (;;) {
        int64_t told = tell(epoll, to, most);
        if (told != 0 || deadline == 0) {
            return told;
        }
        struct wait wait = {};
        enum wake wake = WAKE_EVENT;
        wait_enter(&wait, &epoll->queue);
        if (epoll->first == nullptr) {
            wake = wait_until(deadline);
        }
        wait_leave(&wait);
        if (wake == WAKE_INTERRUPT) {
            // Linux ends these calls with EINTR whatever SA_RESTART says.
            return -EINTR;
        }
        if (wake == WAKE_TIME) {
            return tell(epoll, to, most);
        }
    }
}

static int64_t wait_on_descriptor(const struct call *call, uint64_t deadline)
{
    constexpr int32_t EVENTS_MOST = INT32_MAX / (int32_t)sizeof(struct record);
    int32_t most = (int32_t)call->argument[2];
    if (most <= 0 || most > EVENTS_MOST) {
        return -EINVAL;
    }
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = -EINVAL;
    if (file->operations == &operations) {
        result = wait_for(epoll_of(file), (struct user){call->argument[1]}, (size_t)most, deadline);
    }
    file_drop(file);
    return result;
}

static uint64_t deadline_of_milliseconds(uint64_t argument)
{
    int64_t milliseconds = (int32_t)argument;
    return milliseconds == 0 ? 0 : deadline_in(milliseconds < 0 ? -1 : milliseconds * 1'000'000);
}

int64_t call_epoll_wait(const struct call *call)
{
    return wait_on_descriptor(call, deadline_of_milliseconds(call->argument[3]));
}

int64_t call_epoll_pwait(const struct call *call)
{
    int64_t error = signal_mask_during_call((struct user){call->argument[4]}, call->argument[5]);
    return error != 0 ? error
                      : wait_on_descriptor(call, deadline_of_milliseconds(call->argument[3]));
}

int64_t call_epoll_pwait2(const struct call *call)
{
    int64_t nanoseconds = -1;
    int64_t error = 0;
    if (call->argument[3] != 0) {
        error = time_read((struct user){call->argument[3]}, &nanoseconds);
    }
    if (error == 0) {
        error = signal_mask_during_call((struct user){call->argument[4]}, call->argument[5]);
    }
    uint64_t deadline = nanoseconds == 0 ? 0 : deadline_in(nanoseconds);
    return error != 0 ? error : wait_on_descriptor(call, deadline);
}
