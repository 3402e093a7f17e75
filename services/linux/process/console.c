// SPDX-License-Identifier: MIT
#include "console.h"

#include "../file/file.h"

#include <kozo/print.h>

static int64_t console_read(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)file;
    (void)transfer;
    (void)offset;
    return 0;
}

static int64_t console_write(struct file *file, struct transfer *transfer, uint64_t offset)
{
    char bytes[256];
    (void)file;
    (void)offset;
    while (transfer_left(transfer) > 0) {
        size_t part =
            transfer_left(transfer) < sizeof bytes ? transfer_left(transfer) : sizeof bytes;
        int64_t error = transfer_take(transfer, bytes, part);
        if (error != 0) {
            return transfer_result(transfer, error);
        }
        kozo_write(bytes, part);
    }
    return (int64_t)transfer->done;
}

static const struct file_operations operations = {
    .kind = "console",
    .read = console_read,
    .write = console_write,
};

struct file *console_file(void)
{
    constexpr uint32_t read_write = 2;
    return file_make(&operations, read_write, nullptr);
}
