// SPDX-License-Identifier: MIT
// poll and select: one list of what is waited for serves both. It lies in pieces, the first on the stack, so that waiting for a few
// descriptors takes no memory.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "linux.h"

#include <string.h>
#include <sys/resource.h>

constexpr int64_t NANOSECONDS = 1'000'000'000;

// One thing that is waited for.
struct look {
    int32_t descriptor;
    uint16_t wanted;
    uint16_t found;
    struct file *file; // counted, or null
    struct wait wait;
};

constexpr size_t FEW = 16;
constexpr size_t MANY = 64;

struct piece {
    struct piece *next;
    size_t count;
    size_t room;
    struct look *look;
};

struct big_piece {
    struct piece piece;
    struct look look[MANY];
};

// Not filled with zeros when it comes into being: `start` and `add` set what is looked at.
struct looks {
    struct piece first;
    struct piece *last;
    struct look look[FEW];
};

static void start(struct looks *looks)
{
    looks->first = (struct piece){.room = FEW, .look = looks->look};
    looks->last = &looks->first;
}

static struct look *add(struct looks *looks, int32_t descriptor, uint16_t wanted)
{
    if (looks->last->count == looks->last->room) {
        struct big_piece *big = store_take(sizeof *big);
        if (big == nullptr) {
            return nullptr;
        }
        big->piece = (struct piece){.room = MANY, .look = big->look};
        looks->last->next = &big->piece;
        looks->last = &big->piece;
    }
    struct look *look = &looks->last->look[looks->last->count++];
    *look = (struct look){.descriptor = descriptor, .wanted = wanted};
    return look;
}

static void finish(struct looks *looks)
{
    struct piece *piece = &looks->first;
    while (piece != nullptr) {
        for (size_t i = 0; i < piece->count; i++) {
            if (piece->look[i].file != nullptr) {
                file_drop(piece->look[i].file);
            }
        }
        struct piece *next = piece->next;
        if (piece != &looks->first) {
            store_give(piece, sizeof(struct big_piece));
        }
        piece = next;
    }
}

static void look_at(struct look *look)
{
    if (look->file != nullptr) {
        uint32_t always = READY_ERROR | READY_HANG_UP;
        uint32_t bits = file_ready(look->file);
        // The other names of the bits for normal data: POLLRDNORM and POLLWRNORM.
        bits |= (bits & READY_IN) != 0 ? 0x40 : 0;
        bits |= (bits & READY_OUT) != 0 ? 0x100 : 0;
        look->found = (uint16_t)(bits & (look->wanted | always));
    }
}

static size_t look_at_all(struct looks *looks)
{
    size_t found = 0;
    for (struct piece *piece = &looks->first; piece != nullptr; piece = piece->next) {
        for (size_t i = 0; i < piece->count; i++) {
            look_at(&piece->look[i]);
            found += piece->look[i].found != 0;
        }
    }
    return found;
}

// Finds the files. A number without one is found at once, as that.
static void open_all(struct looks *looks)
{
    for (struct piece *piece = &looks->first; piece != nullptr; piece = piece->next) {
        for (size_t i = 0; i < piece->count; i++) {
            struct look *look = &piece->look[i];
            if (look->descriptor >= 0) {
                look->file = descriptor_file((uint32_t)look->descriptor);
                look->found = look->file == nullptr ? READY_INVALID : 0;
            }
        }
    }
}

static void stand(struct looks *looks, bool in)
{
    for (struct piece *piece = &looks->first; piece != nullptr; piece = piece->next) {
        for (size_t i = 0; i < piece->count; i++) {
            struct look *look = &piece->look[i];
            if (!in) {
                wait_leave(&look->wait);
            } else if (look->wait.queue == nullptr && look->file != nullptr &&
                       look->file->operations->queue != nullptr) {
                wait_enter(&look->wait, look->file->operations->queue(look->file));
            }
        }
    }
}

// Waits until something is found. How many, 0 when the time was up, or a restart.
static int64_t wait_for(struct looks *looks, uint64_t deadline)
{
    open_all(looks);
    size_t found = look_at_all(looks);
    if (found > 0 || deadline == 0) {
        return (int64_t)found;
    }
    enum wake wake = WAKE_EVENT;
    while (found == 0 && wake == WAKE_EVENT) {
        stand(looks, true);
        found = look_at_all(looks);
        if (found == 0) {
            wake = wait_until(deadline);
            found = look_at_all(looks);
        }
    }
    stand(looks, false);
    return found == 0 && wake == WAKE_INTERRUPT ? RESTART_ALWAYS : (int64_t)found;
}

uint64_t deadline_in(int64_t nanoseconds)
{
    uint64_t deadline = 0;
    if (nanoseconds < 0 ||
        __builtin_add_overflow(clock_monotonic(), (uint64_t)nanoseconds, &deadline)) {
        return NO_DEADLINE;
    }
    return deadline;
}

int64_t time_read(struct user from, int64_t *nanoseconds)
{
    struct linux_time time;
    if (user_read(&time, from, sizeof time) != 0) {
        return -EFAULT;
    }
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= NANOSECONDS) {
        return -EINVAL;
    }
    if (__builtin_mul_overflow(time.seconds, NANOSECONDS, nanoseconds) ||
        __builtin_add_overflow(*nanoseconds, time.nanoseconds, nanoseconds)) {
        *nanoseconds = INT64_MAX;
    }
    return 0;
}

// Tells the program how much time was left, in a struct timespec, or a timeval when `unit` is 1000.
static void tell_time_left(uint64_t to, uint64_t deadline, int64_t unit)
{
    if (to == 0 || deadline == NO_DEADLINE) {
        return;
    }
    uint64_t now = clock_monotonic();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct linux_time time = {(int64_t)(left / NANOSECONDS), (int64_t)(left % NANOSECONDS) / unit};
    // A time that can't be told is no reason to lose what was found.
    (void)!user_write((struct user){to}, &time, sizeof time);
}

// 0 as a deadline is "do not wait".
static uint64_t deadline_of(int64_t nanoseconds)
{
    return nanoseconds == 0 ? 0 : deadline_in(nanoseconds);
}

// poll.

struct poll_entry {
    int32_t descriptor;
    uint16_t wanted;
    uint16_t found;
};

static int64_t read_entries(struct looks *looks, struct user from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct poll_entry entry;
        if (user_read(&entry, user_at(from, i * sizeof entry), sizeof entry) != 0) {
            return -EFAULT;
        }
        if (add(looks, entry.descriptor, entry.wanted) == nullptr) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int64_t write_entries(const struct looks *looks, struct user to)
{
    uint64_t offset = offsetof(struct poll_entry, found);
    for (const struct piece *piece = &looks->first; piece != nullptr; piece = piece->next) {
        for (size_t i = 0; i < piece->count; i++) {
            const uint16_t *found = &piece->look[i].found;
            if (user_write(user_at(to, offset), found, sizeof *found) != 0) {
                return -EFAULT;
            }
            offset += sizeof(struct poll_entry);
        }
    }
    return 0;
}

static int64_t poll_entries(uint64_t entries, uint64_t count, uint64_t deadline)
{
    if (count > caller()->limit[RLIMIT_NOFILE].soft) {
        return -EINVAL;
    }
    __attribute__((uninitialized)) struct looks looks;
    start(&looks);
    int64_t result = read_entries(&looks, (struct user){entries}, (uint32_t)count);
    if (result == 0) {
        result = wait_for(&looks, deadline);
    }
    if (result >= 0 && write_entries(&looks, (struct user){entries}) != 0) {
        result = -EFAULT;
    }
    finish(&looks);
    return result;
}

int64_t call_poll(const struct call *call)
{
    int64_t milliseconds = (int32_t)call->argument[2];
    return poll_entries(call->argument[0], (uint32_t)call->argument[1],
                        deadline_of(milliseconds < 0 ? -1 : milliseconds * 1'000'000));
}

int64_t call_ppoll(const struct call *call)
{
    int64_t nanoseconds = -1;
    int64_t error = 0;
    if (call->argument[2] != 0) {
        error = time_read((struct user){call->argument[2]}, &nanoseconds);
    }
    if (error == 0) {
        error = signal_mask_during_call((struct user){call->argument[3]}, call->argument[4]);
    }
    if (error != 0) {
        return error;
    }
    uint64_t deadline = deadline_of(nanoseconds);
    int64_t result = poll_entries(call->argument[0], (uint32_t)call->argument[1], deadline);
    tell_time_left(call->argument[2], deadline, 1);
    return result;
}

// select.

constexpr size_t SETS = 3; // to read, to write, exceptions
constexpr size_t SET_BITS = 64;

// What each set asks for, and which bits found count as that.
static const uint16_t asked[SETS] = {0x41, 0x104, READY_PRIORITY};
static const uint16_t counts[SETS] = {READY_IN | 0x40 | READY_HANG_UP | READY_ERROR,
                                      READY_OUT | 0x100 | READY_ERROR, READY_PRIORITY};

static int64_t read_words(const uint64_t sets[SETS], size_t word, uint64_t bits[SETS])
{
    for (size_t set = 0; set < SETS; set++) {
        bits[set] = 0;
        if (sets[set] != 0 &&
            user_read(&bits[set], user_at((struct user){sets[set]}, word * 8), 8) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}

static int64_t add_word(struct looks *looks, size_t first, size_t count, const uint64_t bits[SETS])
{
    uint64_t any = bits[0] | bits[1] | bits[2];
    if (count - first < SET_BITS) {
        any &= (UINT64_C(1) << (count - first)) - 1;
    }
    for (; any != 0; any &= any - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(any);
        uint16_t wanted = 0;
        for (size_t set = 0; set < SETS; set++) {
            wanted |= (bits[set] >> bit & 1) != 0 ? asked[set] : 0;
        }
        if (add(looks, (int32_t)(first + bit), wanted) == nullptr) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int64_t read_sets(struct looks *looks, const uint64_t sets[SETS], size_t count)
{
    int64_t error = 0;
    for (size_t word = 0; error == 0 && word * SET_BITS < count; word++) {
        uint64_t bits[SETS];
        error = read_words(sets, word, bits);
        if (error == 0) {
            error = add_word(looks, word * SET_BITS, count, bits);
        }
    }
    return error;
}

static bool all_are_open(const struct looks *looks)
{
    for (const struct piece *piece = &looks->first; piece != nullptr; piece = piece->next) {
        for (size_t i = 0; i < piece->count; i++) {
            if (piece->look[i].file == nullptr) {
                return false;
            }
        }
    }
    return true;
}

// Writes what was found into one set; how many bits are in it.
static int64_t write_set(const struct looks *looks, size_t set, uint64_t to, size_t count)
{
    const struct piece *piece = &looks->first;
    size_t i = 0;
    int64_t found = 0;
    for (size_t word = 0; word * SET_BITS < count; word++) {
        uint64_t bits = 0;
        while (piece != nullptr) {
            if (i == piece->count) {
                piece = piece->next;
                i = 0;
                continue;
            }
            const struct look *look = &piece->look[i];
            if ((size_t)look->descriptor >= (word + 1) * SET_BITS) {
                break;
            }
            if ((look->found & counts[set]) != 0 && (look->wanted & asked[set]) == asked[set]) {
                bits |= UINT64_C(1) << (size_t)look->descriptor % SET_BITS;
            }
            i++;
        }
        found += __builtin_popcountll(bits);
        if (user_write(user_at((struct user){to}, word * 8), &bits, sizeof bits) != 0) {
            return -EFAULT;
        }
    }
    return found;
}

static int64_t write_sets(const struct looks *looks, const uint64_t sets[SETS], size_t count)
{
    int64_t found = 0;
    for (size_t set = 0; set < SETS; set++) {
        if (sets[set] != 0) {
            int64_t bits = write_set(looks, set, sets[set], count);
            if (bits < 0) {
                return bits;
            }
            found += bits;
        }
    }
    return found;
}

static int64_t select_sets(int64_t count, const uint64_t sets[SETS], uint64_t deadline)
{
    if (count < 0) {
        return -EINVAL;
    }
    size_t most = count < DESCRIPTORS_MOST ? (size_t)count : DESCRIPTORS_MOST;
    __attribute__((uninitialized)) struct looks looks;
    start(&looks);
    int64_t result = read_sets(&looks, sets, most);
    if (result == 0) {
        result = wait_for(&looks, deadline);
        result = result >= 0 && !all_are_open(&looks) ? -EBADF : result;
    }
    if (result >= 0) {
        result = write_sets(&looks, sets, most);
    }
    finish(&looks);
    return result;
}

int64_t call_select(const struct call *call)
{
    const uint64_t sets[SETS] = {call->argument[1], call->argument[2], call->argument[3]};
    struct linux_time time = {-1, 0};
    uint64_t deadline = NO_DEADLINE;
    if (call->argument[4] != 0) {
        if (user_read(&time, (struct user){call->argument[4]}, sizeof time) != 0) {
            return -EFAULT;
        }
        if (time.seconds < 0 || time.nanoseconds < 0) {
            return -EINVAL;
        }
        int64_t nanoseconds = 0;
        if (__builtin_mul_overflow(time.seconds, NANOSECONDS, &nanoseconds) ||
            time.nanoseconds > INT64_MAX / 1000 ||
            __builtin_add_overflow(nanoseconds, time.nanoseconds * 1000, &nanoseconds)) {
            nanoseconds = INT64_MAX;
        }
        deadline = deadline_of(nanoseconds);
    }
    int64_t result = select_sets((int32_t)call->argument[0], sets, deadline);
    if (call->argument[4] != 0 && deadline != 0) {
        tell_time_left(call->argument[4], deadline, 1000);
    }
    return result;
}

int64_t call_pselect6(const struct call *call)
{
    const uint64_t sets[SETS] = {call->argument[1], call->argument[2], call->argument[3]};
    int64_t nanoseconds = -1;
    uint64_t mask[2] = {}; // address and size
    int64_t error = 0;
    if (call->argument[5] != 0 &&
        user_read(mask, (struct user){call->argument[5]}, sizeof mask) != 0) {
        return -EFAULT;
    }
    if (call->argument[4] != 0) {
        error = time_read((struct user){call->argument[4]}, &nanoseconds);
    }
    if (error == 0) {
        error = signal_mask_during_call((struct user){mask[0]}, mask[1]);
    }
    if (error != 0) {
        return error;
    }
    uint64_t deadline = deadline_of(nanoseconds);
    int64_t result = select_sets((int32_t)call->argument[0], sets, deadline);
    tell_time_left(call->argument[4], deadline, 1);
    return result;
}
