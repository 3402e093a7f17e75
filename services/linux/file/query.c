// SPDX-License-Identifier: MIT
// A conversation with the host for each file that is open.
#include "query.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "begin.h"
#include "consent.h"
#include "gate.h"
#include "linux.h"
#include "terminal.h"

#include <string.h>

struct query {
    struct query *next;
    uint64_t number; // of the request; 0 when nobody asks for anything
    char *text;      // the answer; null: it has not come
    size_t size;
    size_t given;     // bytes of it that were read
    struct gate gate; // held while the answer is read, or gives way to the next request
    struct wait_queue queue;
};

static const struct query_way *way;
static struct query *queries;
static size_t open_files;

void query_begin(const struct query_way *to)
{
    way = to;
}

static struct query *query_of(const struct file *file)
{
    return file->own;
}

static void forget(struct query *query)
{
    if (query->text != nullptr) {
        store_give(query->text, query->size + 1);
    }
    query->number = 0;
    query->text = nullptr;
    query->size = 0;
    query->given = 0;
}

// One line of printable bytes, with its end or without; 0 and the request, or an error.
static int64_t take_request(struct transfer *transfer, char request[QUERY_REQUEST])
{
    size_t size = transfer->size;
    if (size == 0 || size >= QUERY_REQUEST) {
        return -EINVAL;
    }
    int64_t error = transfer_take(transfer, request, size);
    if (error != 0) {
        return error;
    }
    size -= request[size - 1] == '\n' ? 1 : 0;
    request[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)request[i] < ' ') {
            return -EINVAL;
        }
    }
    return size > 0 ? 0 : -EINVAL;
}

static int64_t write_request(struct file *file, struct transfer *transfer, uint64_t offset)
{
    char request[QUERY_REQUEST];
    struct query *query = query_of(file);
    (void)offset;
    int64_t error = take_request(transfer, request);
    if (error != 0) {
        return error;
    }
    if (query->number != 0 && query->text == nullptr) {
        return -EBUSY;
    }
    // What programs wrote before stands above a question about this.
    if (begin_terminal() != nullptr && terminal_show(begin_terminal()) != 0) {
        return -EINTR;
    }
    uint64_t number = consent_number();
    gate_enter(&query->gate);
    forget(query);
    query->number = number;
    gate_leave(&query->gate);
    way->query(number, request);
    return (int64_t)transfer->size;
}

static int64_t read_answer(struct file *file, struct transfer *transfer, uint64_t offset)
{
    struct query *query = query_of(file);
    (void)offset;
    while (query->number != 0 && query->text == nullptr) {
        if ((file->flags & O_NONBLOCK) != 0) {
            return -EAGAIN;
        }
        if (wait_on(&query->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            uint64_t number = query->number;
            forget(query);
            way->withdraw(number);
            return -EINTR;
        }
    }
    gate_enter(&query->gate);
    size_t left = query->size - query->given;
    size_t part = left < transfer->size ? left : transfer->size;
    int64_t error = part > 0 ? transfer_give(transfer, query->text + query->given, part) : 0;
    query->given += error == 0 ? part : 0;
    gate_leave(&query->gate);
    return transfer_result(transfer, error);
}

static uint32_t ready(struct file *file)
{
    const struct query *query = query_of(file);
    return query->number != 0 && query->text == nullptr ? 0 : READY_IN | READY_OUT;
}

static struct wait_queue *queue(struct file *file)
{
    return &query_of(file)->queue;
}

static void end(struct file *file)
{
    struct query *query = query_of(file);
    struct query **place = &queries;
    while (*place != query) {
        place = &(*place)->next;
    }
    *place = query->next;
    open_files--;
    forget(query);
    store_give(query, sizeof *query);
}

static const struct file_operations operations = {
    .kind = "permissions",
    .read = read_answer,
    .write = write_request,
    .seek = file_seek_nowhere,
    .ready = ready,
    .queue = queue,
    .close = end,
};

int64_t query_open(struct file *file)
{
    if (way == nullptr) {
        return -ENXIO;
    }
    struct query *query = open_files < QUERY_FILES ? store_take(sizeof *query) : nullptr;
    if (query == nullptr) {
        return -ENFILE;
    }
    *query = (struct query){.next = queries};
    queries = query;
    open_files++;
    file->operations = &operations;
    file->own = query;
    return 0;
}

void query_told(const char *text, size_t size)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(text[at] - '0');
    }
    at += at < size ? 1 : 0; // the space
    for (struct query *query = queries; query != nullptr && number != 0; query = query->next) {
        if (query->number != number || query->text != nullptr) {
            continue;
        }
        query->text = store_take(size - at + 1);
        if (query->text != nullptr) {
            query->size = size - at;
            memcpy(query->text, text + at, query->size);
        } else {
            query->number = 0; // without memory nothing is told
        }
        (void)wait_wake(&query->queue, SIZE_MAX);
    }
}
