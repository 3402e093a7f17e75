// SPDX-License-Identifier: MIT
// A word is known by its place: of private memory by address space and address, of shared memory by the page that it is in. Who
// waits stands in a queue by the hash of that.
#include "futex.h"

#include "../core/call.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "../memory/space.h"
#include "process.h"

#include <string.h>

enum futex_operation : uint32_t {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
    FUTEX_PRIVATE = 128,
    FUTEX_REALTIME = 256,
};

// Which word.
struct key {
    uint64_t first, second;
};

// One who waits, on its strand's stack.
struct waiter {
    struct wait wait; // in `queue`, which is its own
    struct wait_queue queue;
    struct key key;
    uint32_t bits;
    struct waiter *next, *previous; // in its bucket
    bool standing;
};

constexpr size_t BUCKETS = 256;

static struct bucket {
    struct waiter *first, *last;
} buckets[BUCKETS];

static struct bucket *bucket_of(const struct key *key)
{
    uint64_t hash = (key->first * 0x9e37'79b9'7f4a'7c15) ^ (key->second * 0xc2b2'ae3d'27d4'eb4f);
    return &buckets[hash >> 32 & (BUCKETS - 1)];
}

static bool same(const struct key *a, const struct key *b)
{
    return a->first == b->first && a->second == b->second;
}

static void stand(struct waiter *waiter)
{
    struct bucket *bucket = bucket_of(&waiter->key);
    waiter->standing = true;
    waiter->next = nullptr;
    waiter->previous = bucket->last;
    *(bucket->last == nullptr ? &bucket->first : &bucket->last->next) = waiter;
    bucket->last = waiter;
}

static void leave(struct waiter *waiter)
{
    if (!waiter->standing) {
        return;
    }
    struct bucket *bucket = bucket_of(&waiter->key);
    *(waiter->previous == nullptr ? &bucket->first : &waiter->previous->next) = waiter->next;
    *(waiter->next == nullptr ? &bucket->last : &waiter->next->previous) = waiter->previous;
    waiter->standing = false;
}

// Finds out which word it is, and that it can be read. Pages of shared memory are brought for that.
static int64_t find_key(uint64_t address, bool private, struct key *key)
{
    struct space *space = strand_now->space;
    if (address % 4 != 0) {
        return -EINVAL;
    }
    const struct area *area = space_area(space, address);
    if (area == nullptr) {
        return -EFAULT;
    }
    if (private || (area->kind & AREA_SHARED) == 0) {
        *key = (struct key){(uint64_t)space, address};
        return 0;
    }
    const uint8_t *byte = space_reach(space, address, (area->rights & AREA_WRITE) != 0);
    if (byte == nullptr) {
        return -EFAULT;
    }
    // linuxd sees each page at one place only.
    *key = (struct key){1, (uint64_t)byte};
    return 0;
}

static uint32_t wake(const struct key *key, uint32_t most, uint32_t bits)
{
    uint32_t count = 0;
    struct waiter *next;
    for (struct waiter *waiter = bucket_of(key)->first; waiter != nullptr && count < most;
         waiter = next) {
        next = waiter->next;
        if (same(&waiter->key, key) && (waiter->bits & bits) != 0) {
            leave(waiter);
            (void)wait_wake(&waiter->queue, 1);
            count++;
        }
    }
    return count;
}

int64_t futex_wake(uint64_t address, uint32_t most)
{
    struct key private, shared;
    int64_t error = find_key(address, true, &private);
    if (error != 0) {
        return error;
    }
    uint32_t count = wake(&private, most, UINT32_MAX);
    if (count < most && find_key(address, false, &shared) == 0 && !same(&private, &shared)) {
        count += wake(&shared, most - count, UINT32_MAX);
    }
    return count;
}

// --- Waiting ----------------------------------------------------------------------------------------

struct timeout {
    int64_t seconds, nanoseconds;
};

// A time of the program as a deadline of the monotonic clock.
static int64_t read_deadline(struct user at, bool absolute, bool realtime, uint64_t *deadline)
{
    constexpr int64_t second = 1'000'000'000;
    struct timeout time;
    *deadline = NO_DEADLINE;
    if (at.address == 0) {
        return 0;
    }
    if (user_read(&time, at, sizeof time) != 0) {
        return -EFAULT;
    }
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= second) {
        return -EINVAL;
    }
    uint64_t value = time.seconds > INT64_MAX / second - 1
                         ? NO_DEADLINE
                         : (uint64_t)(time.seconds * second + time.nanoseconds);
    if (value == NO_DEADLINE) {
        return 0;
    }
    uint64_t now = clock_monotonic();
    if (!absolute) {
        *deadline = now + value;
    } else if (realtime) {
        uint64_t date = clock_realtime();
        *deadline = value <= date ? now : now + (value - date);
    } else {
        *deadline = value;
    }
    return 0;
}

static int64_t wait(const struct key *key, struct user word, uint32_t value, uint32_t bits,
                    uint64_t deadline)
{
    uint32_t found;
    if (user_read(&found, word, sizeof found) != 0) {
        return -EFAULT;
    }
    if (found != value) {
        return -EAGAIN;
    }
    struct waiter waiter = {.key = *key, .bits = bits};
    stand(&waiter);
    wait_enter(&waiter.wait, &waiter.queue);
    enum wake why = WAKE_EVENT;
    while (waiter.standing && why == WAKE_EVENT) {
        why = wait_until(deadline);
    }
    bool woken = !waiter.standing;
    leave(&waiter);
    wait_leave(&waiter.wait);
    if (woken) {
        return 0;
    }
    return why == WAKE_TIME ? -ETIMEDOUT : RESTART_CALL;
}

static int64_t do_wait(const struct call *call, const struct key *key, uint32_t operation)
{
    uint32_t bits = operation == FUTEX_WAIT ? UINT32_MAX : (uint32_t)call->argument[5];
    bool realtime = (call->argument[1] & FUTEX_REALTIME) != 0;
    struct thread *thread = call->thread;
    uint64_t deadline;
    if (bits == 0) {
        return -EINVAL;
    }
    int64_t error = read_deadline((struct user){call->argument[3]}, operation == FUTEX_WAIT_BITSET,
                                  realtime, &deadline);
    if (error != 0) {
        return error;
    }
    // A relative time that was broken off by a signal goes on from where it was.
    if (thread->restart_deadline != 0 && operation == FUTEX_WAIT) {
        deadline = thread->restart_deadline;
        thread->restart_deadline = 0;
    }
    int64_t result =
        wait(key, (struct user){call->argument[0]}, (uint32_t)call->argument[2], bits, deadline);
    if (result == RESTART_CALL && deadline != NO_DEADLINE) {
        thread->restart_deadline = operation == FUTEX_WAIT ? deadline : 0;
        return RESTART_ALWAYS;
    }
    return result;
}

// --- The others -------------------------------------------------------------------------------------

static int64_t requeue(const struct call *call, const struct key *from, bool private, bool compare)
{
    struct key to;
    int32_t wakes = (int32_t)call->argument[2];
    int32_t moves = (int32_t)call->argument[3];
    int64_t error = find_key(call->argument[4], private, &to);
    if (error != 0) {
        return error;
    }
    if (wakes < 0 || moves < 0) {
        return -EINVAL;
    }
    if (compare) {
        uint32_t value;
        if (user_read(&value, (struct user){call->argument[0]}, sizeof value) != 0) {
            return -EFAULT;
        }
        if (value != (uint32_t)call->argument[5]) {
            return -EAGAIN;
        }
    }
    int64_t count = wake(from, (uint32_t)wakes, UINT32_MAX);
    struct waiter *next;
    for (struct waiter *waiter = bucket_of(from)->first; waiter != nullptr && moves > 0;
         waiter = next) {
        next = waiter->next;
        if (same(&waiter->key, from) && !same(from, &to)) {
            leave(waiter);
            waiter->key = to;
            stand(waiter);
            moves--;
            count++;
        } else if (same(&waiter->key, from)) {
            moves--;
            count++;
        }
    }
    return count;
}

// The word is changed as the third argument says, and what it was decides whether its waiters are woken.
static int64_t change_word(struct user word, uint32_t how, uint32_t *before)
{
    uint32_t operand = how >> 12 & 0xfff;
    uint32_t *place;
    size_t size = sizeof *place;
    if ((how >> 31 & 1) != 0) {
        operand = 1u << (operand & 31);
    }
    place = user_touch(word, &size);
    if (place == nullptr) {
        return -EFAULT;
    }
    uint32_t old = __atomic_load_n(place, __ATOMIC_SEQ_CST);
    uint32_t new;
    do {
        switch (how >> 28 & 7) {
        case 0:
            new = operand;
            break;
        case 1:
            new = old + operand;
            break;
        case 2:
            new = old | operand;
            break;
        case 3:
            new = old & ~operand;
            break;
        case 4:
            new = old ^ operand;
            break;
        default:
            return -ENOSYS;
        }
    } while (
        !__atomic_compare_exchange_n(place, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    *before = old;
    return 0;
}

static int compare(uint32_t how, uint32_t before)
{
    int32_t left = (int32_t)before;
    int32_t right = (int32_t)(how << 20) >> 20;
    switch (how >> 24 & 15) {
    case 0:
        return left == right;
    case 1:
        return left != right;
    case 2:
        return left < right;
    case 3:
        return left <= right;
    case 4:
        return left > right;
    case 5:
        return left >= right;
    default:
        return -1;
    }
}

static int64_t wake_and_change(const struct call *call, const struct key *first, bool private)
{
    struct key second;
    uint32_t how = (uint32_t)call->argument[5];
    uint32_t before;
    int64_t error = find_key(call->argument[4], private, &second);
    if (error == 0) {
        error = change_word((struct user){call->argument[4]}, how, &before);
    }
    if (error != 0) {
        return error;
    }
    int wanted = compare(how, before);
    if (wanted < 0) {
        return -ENOSYS;
    }
    int64_t count = wake(first, (uint32_t)call->argument[2], UINT32_MAX);
    if (wanted > 0) {
        count += wake(&second, (uint32_t)call->argument[3], UINT32_MAX);
    }
    return count;
}

int64_t call_futex(const struct call *call)
{
    uint32_t operation = (uint32_t)call->argument[1] & ~(FUTEX_PRIVATE | FUTEX_REALTIME);
    bool private = (call->argument[1] & FUTEX_PRIVATE) != 0;
    bool waits = operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    struct key key;
    if ((call->argument[1] & FUTEX_REALTIME) != 0 && operation != FUTEX_WAIT_BITSET &&
        operation != FUTEX_WAIT) {
        return -ENOSYS;
    }
    int64_t error = find_key(call->argument[0], private, &key);
    if (error != 0) {
        return error;
    }
    if (waits) {
        return do_wait(call, &key, operation);
    }
    switch (operation) {
    case FUTEX_WAKE:
        return wake(&key, (uint32_t)call->argument[2], UINT32_MAX);
    case FUTEX_WAKE_BITSET:
        return (uint32_t)call->argument[5] == 0
                   ? -EINVAL
                   : wake(&key, (uint32_t)call->argument[2], (uint32_t)call->argument[5]);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        return requeue(call, &key, private, operation == FUTEX_CMP_REQUEUE);
    case FUTEX_WAKE_OP:
        return wake_and_change(call, &key, private);
    default:
        return -ENOSYS;
    }
}

// --- Robust locks -----------------------------------------------------------------------------------

constexpr uint32_t OWNER_DIED = 0x4000'0000;
constexpr uint32_t WAITERS = 0x8000'0000;
constexpr uint32_t OWNER = 0x3fff'ffff;

static void leave_lock(const struct thread *thread, uint64_t address)
{
    size_t size = sizeof(uint32_t);
    uint32_t *word = address % 4 == 0 ? user_touch((struct user){address}, &size) : nullptr;
    if (word == nullptr) {
        return;
    }
    uint32_t value = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    if ((value & OWNER) != thread->number) {
        return;
    }
    __atomic_store_n(word, (value & WAITERS) | OWNER_DIED, __ATOMIC_SEQ_CST);
    if ((value & WAITERS) != 0) {
        (void)futex_wake(address, 1);
    }
}

void futex_leave_robust(struct thread *thread)
{
    struct {
        uint64_t first;
        int64_t offset;
        uint64_t pending;
    } head;
    constexpr unsigned most = 2048;
    if (thread->robust_list == 0 ||
        user_read(&head, (struct user){thread->robust_list}, sizeof head) != 0) {
        return;
    }
    uint64_t entry = head.first;
    for (unsigned i = 0; i < most && entry != thread->robust_list; i++) {
        uint64_t next;
        bool more = user_read(&next, (struct user){entry & ~1ul}, sizeof next) == 0;
        if ((entry & ~1ul) != (head.pending & ~1ul)) {
            leave_lock(thread, (entry & ~1ul) + (uint64_t)head.offset);
        }
        if (!more) {
            break;
        }
        entry = next;
    }
    if (head.pending != 0) {
        leave_lock(thread, (head.pending & ~1ul) + (uint64_t)head.offset);
    }
}
