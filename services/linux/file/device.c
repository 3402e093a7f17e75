// SPDX-License-Identifier: MIT
// Devices that are no terminals: null, zero, full, random; and the one by which a program asks what it may do.
#include "device.h"

#include "../core/errno.h"
#include "../core/random.h"
#include "../memory/backing.h"
#include "linux.h"
#include "query.h"
#include "ram.h"
#include "request.h"
#include "terminal.h"

constexpr size_t RANDOM_PIECE = 256;

static int64_t read_nothing(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)transfer;
    (void)offset;
    return 0;
}

static int64_t write_away(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)offset;
    transfer->done = transfer->size;
    return (int64_t)transfer->size;
}

static int64_t read_zeros(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)offset;
    return transfer_result(transfer, transfer_give_zeros(transfer, transfer->size));
}

static int64_t write_full(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)offset;
    return transfer->size > 0 ? -ENOSPC : 0;
}

static int64_t read_random(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)offset;
    uint8_t piece[RANDOM_PIECE];
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t part = left < sizeof piece ? left : sizeof piece;
        random_fill(piece, part);
        error = transfer_give(transfer, piece, part);
    }
    return transfer_result(transfer, error);
}

static int64_t zero_pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    (void)file;
    page_number page = page_take();
    if (page == 0) {
        return -ENOMEM;
    }
    *run = (struct page_run){.start = offset / PAGE_BYTES * PAGE_BYTES,
                             .size = PAGE_BYTES,
                             .page = page,
                             .writable = write};
    return 0;
}

static const struct file_operations null_operations = {
    .kind = "null", .read = read_nothing, .write = write_away, .seek = file_seek_nowhere};
static const struct file_operations zero_operations = {.kind = "zero",
                                                       .read = read_zeros,
                                                       .write = write_away,
                                                       .seek = file_seek_nowhere,
                                                       .pages = zero_pages};
static const struct file_operations full_operations = {
    .kind = "full", .read = read_zeros, .write = write_full, .seek = file_seek_nowhere};
static const struct file_operations random_operations = {
    .kind = "random", .read = read_random, .write = write_away, .seek = file_seek_nowhere};

// Of memory devices, by their minor number.
static const struct file_operations *memory_device(uint32_t minor)
{
    switch (minor) {
    case 3:
        return &null_operations;
    case 5:
        return &zero_operations;
    case 7:
        return &full_operations;
    case 8:
    case 9:
        return &random_operations;
    default:
        return nullptr;
    }
}

int64_t device_open(struct node *node, struct file *file)
{
    constexpr uint32_t MEMORY = 1;
    uint64_t special = ram_of(node)->special;
    if (linux_major(special) == DEVICE_OF_KOZO) {
        return linux_minor(special) == DEVICE_QUERY ? query_open(file) : request_open(file);
    }
    if (linux_major(special) != MEMORY) {
        return terminal_open(special, file);
    }
    const struct file_operations *operations = memory_device(linux_minor(special));
    if (operations == nullptr) {
        return -ENXIO;
    }
    file->operations = operations;
    return 0;
}
