// SPDX-License-Identifier: MIT
#include "status.h"

#include <errno.h>
#include <sys/vfs.h>
#include <unistd.h>

constexpr uint64_t ATTRIBUTES = 0x000007ff; // those that getattr answers: mode to blocks

static int file_status(const struct file *file, struct stat *status)
{
    if (file->place->root < 0) {
        *status = exchange_top_status();
        return 0;
    }
    if (file->descriptor >= 0) {
        return fstat(file->descriptor, status) == 0 ? 0 : errno;
    }
    int found = place_find(file->place, file->path, status);
    if (found < 0) {
        return -found;
    }
    close(found);
    return 0;
}

static void write_time(struct exchange *exchange, struct timespec time)
{
    wire_write(&exchange->out, (uint64_t)time.tv_sec, 8);
    wire_write(&exchange->out, (uint64_t)time.tv_nsec, 8);
}

int answer_getattr(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    (void)wire_read(&exchange->in, 8); // which ones are wanted: always all
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct stat status;
    error = file_status(file, &status);
    if (error != 0) {
        return error;
    }
    struct wire_writer *out = &exchange->out;
    wire_write(out, ATTRIBUTES, 8);
    exchange_write_qid(exchange, file->place, &status);
    wire_write(out, status.st_mode, 4);
    wire_write(out, status.st_uid, 4);
    wire_write(out, status.st_gid, 4);
    wire_write(out, status.st_nlink, 8);
    wire_write(out, 0, 8); // a device's number: there are no devices
    wire_write(out, (uint64_t)status.st_size, 8);
    wire_write(out, (uint64_t)status.st_blksize, 8);
    wire_write(out, (uint64_t)status.st_blocks, 8);
    write_time(exchange, status.st_atim);
    write_time(exchange, status.st_mtim);
    write_time(exchange, status.st_ctim);
    write_time(exchange, (struct timespec){}); // of its birth, which is not among ATTRIBUTES
    wire_write(out, 0, 8);
    wire_write(out, 0, 8);
    return 0;
}

static struct timespec read_time(struct exchange *exchange, bool change, bool to)
{
    struct timespec time = {
        .tv_sec = (time_t)wire_read(&exchange->in, 8),
        .tv_nsec = (long)(wire_read(&exchange->in, 8) % 1'000'000'000),
    };
    if (!change) {
        time.tv_nsec = UTIME_OMIT;
    } else if (!to) {
        time.tv_nsec = UTIME_NOW;
    }
    return time;
}

int answer_setattr(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    uint32_t mask = (uint32_t)wire_read(&exchange->in, 4);
    struct place_change change = {
        .mode = (mask & NINE_CHANGE_MODE) != 0,
        .size = (mask & NINE_CHANGE_SIZE) != 0,
    };
    change.new_mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 8); // owner and group
    change.new_size = (off_t)wire_read(&exchange->in, 8);
    change.times[0] = read_time(exchange, (mask & NINE_CHANGE_ACCESSED) != 0,
                                (mask & NINE_CHANGE_ACCESSED_TO) != 0);
    change.times[1] = read_time(exchange, (mask & NINE_CHANGE_MODIFIED) != 0,
                                (mask & NINE_CHANGE_MODIFIED_TO) != 0);
    int error = exchange_may_change(exchange, file);
    if (error != 0) {
        return error;
    }
    if ((mask & (NINE_CHANGE_OWNER | NINE_CHANGE_GROUP)) != 0) {
        return EPERM;
    }
    if (file->descriptor >= 0 && change.size) {
        // An open file may have lost its name.
        error = ftruncate(file->descriptor, change.new_size) == 0 ? 0 : errno;
        change.size = false;
    }
    return error != 0 ? error : -place_change(file->place, file->path, &change);
}

int answer_statfs(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct statfs status = {.f_bsize = 4'096};
    if (!exchange_is_top(exchange, file) && fstatfs(file->place->root, &status) != 0) {
        return errno;
    }
    constexpr uint32_t NINE = 0x01021997; // V9FS_MAGIC: what the guest is to see, whatever is below
    struct wire_writer *out = &exchange->out;
    wire_write(out, NINE, 4);
    wire_write(out, (uint64_t)status.f_bsize, 4);
    wire_write(out, status.f_blocks, 8);
    wire_write(out, status.f_bfree, 8);
    wire_write(out, status.f_bavail, 8);
    wire_write(out, status.f_files, 8);
    wire_write(out, status.f_ffree, 8);
    wire_write(out, 0, 8);
    wire_write(out, NINE_NAME_MOST, 4);
    return 0;
}
