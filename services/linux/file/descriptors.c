// SPDX-License-Identifier: MIT
// Tables of descriptors. A table has an array of files that doubles when it is full, and a bit for each number that exec
// closes.
#include "descriptors.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "linux.h"
#include "locks.h"

#include <string.h>
#include <sys/resource.h>

constexpr uint32_t SIZE_AT_FIRST = 64;

struct descriptors {
    uint32_t count; // processes that use it
    uint32_t size;  // of the array
    uint32_t free;  // no number below this one is free
    struct file **file;
    uint64_t exec_closes[DESCRIPTORS_MOST / 64];
};

struct descriptors *descriptors_make(void)
{
    struct descriptors *table = store_take(sizeof *table);
    if (table == nullptr) {
        return nullptr;
    }
    table->file = (struct file **)store_take(SIZE_AT_FIRST * sizeof *table->file);
    if (table->file == nullptr) {
        store_give(table, sizeof *table);
        return nullptr;
    }
    table->count = 1;
    table->size = SIZE_AT_FIRST;
    return table;
}

static bool grow(struct descriptors *table, uint32_t size)
{
    struct file **file = (struct file **)store_take(size * sizeof *file);
    if (file == nullptr) {
        return false;
    }
    memcpy((void *)file, (const void *)table->file, table->size * sizeof *file);
    store_give((void *)table->file, table->size * sizeof *file);
    table->file = file;
    table->size = size;
    return true;
}

// Makes room for a number that is below DESCRIPTORS_MOST.
static bool reach(struct descriptors *table, uint32_t number)
{
    uint32_t size = table->size;
    while (size <= number) {
        size *= 2;
    }
    return size == table->size || grow(table, size);
}

struct descriptors *descriptors_copy(const struct descriptors *from)
{
    struct descriptors *table = descriptors_make();
    if (table == nullptr || !reach(table, from->size - 1)) {
        if (table != nullptr) {
            descriptors_drop(table);
        }
        return nullptr;
    }
    table->free = from->free;
    memcpy(table->exec_closes, from->exec_closes, sizeof table->exec_closes);
    for (uint32_t number = 0; number < from->size; number++) {
        table->file[number] = from->file[number];
        if (from->file[number] != nullptr) {
            file_keep(from->file[number]);
        }
    }
    return table;
}

void descriptors_keep(struct descriptors *table)
{
    table->count++;
}

bool descriptors_are_shared(const struct descriptors *table)
{
    return table->count > 1;
}

static void set_exec_closes(struct descriptors *table, uint32_t number, bool closes)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    if (closes) {
        table->exec_closes[number / 64] |= bit;
    } else {
        table->exec_closes[number / 64] &= ~bit;
    }
}

// Takes a number out of use; its file, whose count the caller then has.
static struct file *take_out(struct descriptors *table, uint32_t number)
{
    struct file *file = table->file[number];
    table->file[number] = nullptr;
    set_exec_closes(table, number, false);
    if (number < table->free) {
        table->free = number;
    }
    return file;
}

// Closing drops the process's POSIX locks on the file, whichever descriptor they were set by.
static void close_file(struct descriptors *table, struct file *file)
{
    if (file->node != nullptr && file->node->locks != nullptr) {
        locks_drop_of_owner(file->node, table);
    }
    file_drop(file);
}

void descriptors_drop(struct descriptors *table)
{
    if (--table->count > 0) {
        return;
    }
    for (uint32_t number = 0; number < table->size; number++) {
        if (table->file[number] != nullptr) {
            close_file(table, take_out(table, number));
        }
    }
    store_give((void *)table->file, table->size * sizeof *table->file);
    store_give(table, sizeof *table);
}

void descriptors_exec(struct descriptors *table)
{
    for (uint32_t word = 0; word < table->size / 64; word++) {
        while (table->exec_closes[word] != 0) {
            uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(table->exec_closes[word]);
            close_file(table, take_out(table, number));
        }
    }
}

struct file *descriptor_any(struct descriptors *table, uint64_t number)
{
    if (number >= table->size || table->file[number] == nullptr) {
        return nullptr;
    }
    file_keep(table->file[number]);
    return table->file[number];
}

struct file *descriptor_file_in(struct descriptors *table, uint64_t number)
{
    if (number >= table->size || table->file[number] == nullptr ||
        (table->file[number]->flags & O_PATH) != 0) {
        return nullptr;
    }
    file_keep(table->file[number]);
    return table->file[number];
}

struct file *descriptor_file(uint64_t number)
{
    // A descriptor is an int: the upper half of the register does not count.
    return descriptor_file_in(caller()->descriptors, (uint32_t)number);
}

static uint64_t limit_of_numbers(void)
{
    uint64_t limit = caller()->limit[RLIMIT_NOFILE].soft;
    return limit < DESCRIPTORS_MOST ? limit : DESCRIPTORS_MOST;
}

// The lowest number from `lowest` on that is not in use.
static uint32_t find_free(const struct descriptors *table, uint32_t lowest)
{
    uint32_t number = lowest > table->free ? lowest : table->free;
    while (number < table->size && table->file[number] != nullptr) {
        number++;
    }
    return number;
}

int64_t descriptor_put(struct file *file, bool exec_closes, uint64_t lowest)
{
    struct descriptors *table = caller()->descriptors;
    uint64_t limit = limit_of_numbers();
    uint32_t number = lowest < limit ? find_free(table, (uint32_t)lowest) : DESCRIPTORS_MOST;
    if (number >= limit) {
        file_drop(file);
        return -EMFILE;
    }
    if (number >= table->size && !reach(table, number)) {
        file_drop(file);
        return -ENOMEM;
    }
    table->file[number] = file;
    if (exec_closes) {
        set_exec_closes(table, number, true);
    }
    if (lowest <= table->free) {
        table->free = number + 1;
    }
    return number;
}

int64_t descriptor_set(struct descriptors *table, uint32_t number, struct file *file,
                       bool exec_closes)
{
    if (number >= DESCRIPTORS_MOST) {
        file_drop(file);
        return -EBADF;
    }
    if (!reach(table, number)) {
        file_drop(file);
        return -ENOMEM;
    }
    struct file *before = table->file[number];
    table->file[number] = file;
    set_exec_closes(table, number, exec_closes);
    if (before != nullptr) {
        close_file(table, before);
    }
    return number;
}

int64_t descriptor_next(const struct descriptors *table, uint64_t from)
{
    for (uint64_t number = from; number < table->size; number++) {
        if (table->file[number] != nullptr) {
            return (int64_t)number;
        }
    }
    return -1;
}

bool descriptor_exec_closes(const struct descriptors *table, uint64_t number)
{
    return number < table->size && (table->exec_closes[number / 64] >> number % 64 & 1) != 0;
}

bool descriptor_set_exec_closes(struct descriptors *table, uint64_t number, bool closes)
{
    if (number >= table->size || table->file[number] == nullptr) {
        return false;
    }
    set_exec_closes(table, (uint32_t)number, closes);
    return true;
}

int64_t descriptor_close(struct descriptors *table, uint64_t number)
{
    if (number >= table->size || table->file[number] == nullptr) {
        return -EBADF;
    }
    close_file(table, take_out(table, (uint32_t)number));
    return 0;
}

int64_t descriptor_put_pair(struct file *ends[2], bool exec_closes, struct user to)
{
    int64_t first = descriptor_put(ends[0], exec_closes, 0);
    if (first < 0) {
        file_drop(ends[1]);
        return first;
    }
    int64_t second = descriptor_put(ends[1], exec_closes, 0);
    int32_t numbers[2] = {(int32_t)first, (int32_t)second};
    int64_t error = second < 0 ? second : user_write(to, numbers, sizeof numbers);
    if (error != 0) {
        (void)descriptor_close(caller()->descriptors, (uint64_t)first);
        if (second >= 0) {
            (void)descriptor_close(caller()->descriptors, (uint64_t)second);
        }
    }
    return error;
}
