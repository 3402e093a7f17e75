// SPDX-License-Identifier: MIT
// Calls that move bytes: read and write in all their forms, and those that copy from one file to another.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "host_written.h"
#include "linux.h"
#include "node.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

constexpr size_t COPY_PIECE = 16'384;
constexpr size_t FEW_VECTORS = 8;
constexpr uint64_t ADDRESSES = UINT64_C(1) << 47; // no program has more memory than this

static bool has_offsets(const struct file *file)
{
    return file->operations->sized || file->operations->seek != nullptr;
}

// A writer that nobody reads from any more gets a signal beside the error.
static int64_t after_write(int64_t result)
{
    if (result == -EPIPE) {
        signal_thread_of_call(SIGPIPE, SI_USER, 0);
    }
    return result;
}

static int64_t limit_of_sizes(struct file *file, struct transfer *transfer, uint64_t offset)
{
    uint64_t limit = caller()->limit[RLIMIT_FSIZE].soft;
    if (limit == RLIM_INFINITY || !file->operations->sized || transfer->size == 0) {
        return 0;
    }
    if (offset == APPEND) {
        struct linux_stat stat = {};
        int64_t error = file_stat(file, &stat);
        if (error != 0) {
            return error;
        }
        offset = stat.size;
    }
    if (offset >= limit) {
        signal_thread_of_call(SIGXFSZ, SI_USER, 0);
        return -EFBIG;
    }
    if (transfer->size > limit - offset) {
        transfer->size = limit - offset;
    }
    return 0;
}

// Which way a call moves bytes, and where in the file.
enum way : uint8_t {
    READ,
    WRITE,
};

constexpr uint64_t HERE = UINT64_MAX - 1; // at the file's own offset

static int64_t write_at(struct file *file, struct transfer *transfer, uint64_t offset)
{
    uint64_t where = offset == HERE ? file->offset : offset;
    if ((file->flags & O_APPEND) != 0) {
        where = APPEND;
    }
    int64_t error = file_writes(file) ? limit_of_sizes(file, transfer, where) : 0;
    if (error != 0) {
        return error;
    }
    return after_write(offset == HERE ? file_write_on(file, transfer)
                                      : file_write(file, transfer, where));
}

static int64_t move(enum way way, uint64_t descriptor, struct transfer transfer, uint64_t offset)
{
    struct file *file = descriptor_file(descriptor);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = 0;
    if (offset != HERE && !has_offsets(file)) {
        result = -ESPIPE;
    } else if (way == WRITE) {
        result = write_at(file, &transfer, offset);
    } else {
        result =
            offset == HERE ? file_read_on(file, &transfer) : file_read(file, &transfer, offset);
    }
    file_drop(file);
    return result;
}

static int64_t move_one(const struct call *call, enum way way, uint64_t offset)
{
    uint64_t size = call->argument[2];
    if (size > ADDRESSES) {
        return -EFAULT;
    }
    if (size > LINUX_TRANSFER_MOST) {
        size = LINUX_TRANSFER_MOST;
    }
    return move(way, call->argument[0], transfer_user((struct user){call->argument[1]}, size),
                offset);
}

int64_t call_read(const struct call *call)
{
    return move_one(call, READ, HERE);
}

int64_t call_write(const struct call *call)
{
    return move_one(call, WRITE, HERE);
}

int64_t call_pread64(const struct call *call)
{
    return (int64_t)call->argument[3] < 0 ? -EINVAL : move_one(call, READ, call->argument[3]);
}

int64_t call_pwrite64(const struct call *call)
{
    return (int64_t)call->argument[3] < 0 ? -EINVAL : move_one(call, WRITE, call->argument[3]);
}

// Adds up the pieces, or an error when one is more than there can be. What is beyond the most that one call moves is left out.
static int64_t sum_of(const struct linux_vector *vector, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (vector[i].size > ADDRESSES) {
            return (int64_t)vector[i].size < 0 ? -EINVAL : -EFAULT;
        }
        sum += vector[i].size;
    }
    return (int64_t)(sum < LINUX_TRANSFER_MOST ? sum : LINUX_TRANSFER_MOST);
}

int64_t vector_read(struct user from, size_t count, struct linux_vector *vector)
{
    if (user_read(vector, from, count * sizeof *vector) != 0) {
        return -EFAULT;
    }
    return sum_of(vector, count);
}

static int64_t move_with(const struct call *call, enum way way, uint64_t offset,
                         struct linux_vector *vector)
{
    int64_t sum = vector_read((struct user){call->argument[1]}, call->argument[2], vector);
    if (sum < 0) {
        return sum;
    }
    struct transfer transfer = {.size = (size_t)sum, .next = vector};
    return move(way, call->argument[0], transfer, offset);
}

static int64_t move_many(const struct call *call, enum way way, uint64_t offset)
{
    size_t count = call->argument[2];
    if (count > LINUX_VECTOR_MOST) {
        return -EINVAL;
    }
    if (count <= FEW_VECTORS) {
        struct linux_vector few[FEW_VECTORS];
        return move_with(call, way, offset, few);
    }
    struct linux_vector *vector = store_take(count * sizeof *vector);
    if (vector == nullptr) {
        return -ENOMEM;
    }
    int64_t result = move_with(call, way, offset, vector);
    store_give(vector, count * sizeof *vector);
    return result;
}

int64_t call_readv(const struct call *call)
{
    return move_many(call, READ, HERE);
}

int64_t call_writev(const struct call *call)
{
    return move_many(call, WRITE, HERE);
}

static int64_t move_many_at(const struct call *call, enum way way)
{
    int64_t offset = (int64_t)call->argument[3];
    return offset < 0 ? -EINVAL : move_many(call, way, (uint64_t)offset);
}

int64_t call_preadv(const struct call *call)
{
    return move_many_at(call, READ);
}

int64_t call_pwritev(const struct call *call)
{
    return move_many_at(call, WRITE);
}

// RWF_HIPRI, RWF_DSYNC and RWF_SYNC ask for nothing that would not hold anyway; the others are not there.
static int64_t move_many_with_flags(const struct call *call, enum way way)
{
    constexpr uint64_t KNOWN = 0x1 | 0x2 | 0x4;
    if ((call->argument[5] & ~KNOWN) != 0) {
        return -EOPNOTSUPP;
    }
    return (int64_t)call->argument[3] == -1 ? move_many(call, way, HERE) : move_many_at(call, way);
}

int64_t call_preadv2(const struct call *call)
{
    return move_many_with_flags(call, READ);
}

int64_t call_pwritev2(const struct call *call)
{
    return move_many_with_flags(call, WRITE);
}

int64_t call_lseek(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = file_seek(file, (int64_t)call->argument[1], (int)call->argument[2]);
    file_drop(file);
    return result;
}

// Copying from file to file.

// One end of a copy: a file, and where in it; `offset` is its own when the program named none.
struct end {
    struct file *file;
    struct user place; // where the program keeps the offset, or null
    uint64_t offset;
};

static int64_t end_open(struct end *end, uint64_t descriptor, uint64_t place)
{
    *end = (struct end){.place = {place}};
    if (place != 0 && user_read(&end->offset, end->place, sizeof end->offset) != 0) {
        return -EFAULT;
    }
    if ((int64_t)end->offset < 0) {
        return -EINVAL;
    }
    end->file = descriptor_file(descriptor);
    if (end->file == nullptr) {
        return -EBADF;
    }
    if (place == 0) {
        end->offset = end->file->offset;
    } else if (!has_offsets(end->file)) {
        file_drop(end->file);
        return -ESPIPE;
    }
    return 0;
}

// Moves the offset behind what was copied.
static int64_t end_close(struct end *end, uint64_t offset)
{
    int64_t error = 0;
    if (end->place.address != 0) {
        error = user_write(end->place, &offset, sizeof offset);
    } else if (end->file->operations->sized) {
        end->file->offset = offset;
    }
    file_drop(end->file);
    return error;
}

// Copies up to `size` bytes from one to the other. The reader's offset counts what was written, not what was read.
static int64_t copy(struct end *from, struct end *to, uint64_t size, uint8_t *buffer)
{
    uint64_t done = 0;
    int64_t error = 0;
    while (done < size) {
        size_t piece = size - done < COPY_PIECE ? size - done : COPY_PIECE;
        struct transfer in = transfer_own(buffer, piece);
        int64_t got = file_read(from->file, &in, from->offset);
        if (got <= 0) {
            error = got;
            break;
        }
        struct transfer out = transfer_own(buffer, (size_t)got);
        uint64_t where = (to->file->flags & O_APPEND) != 0 ? APPEND : to->offset;
        int64_t put = file_write(to->file, &out, where);
        if (put <= 0) {
            error = put;
            break;
        }
        done += (uint64_t)put;
        from->offset += (uint64_t)put;
        to->offset += (uint64_t)put;
        if (put < got || (size_t)got < piece) {
            break;
        }
    }
    return done > 0 ? (int64_t)done : error;
}

static int64_t copy_between(struct end *from, struct end *to, uint64_t size)
{
    uint8_t *buffer = store_take(COPY_PIECE);
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    int64_t result =
        copy(from, to, size < LINUX_TRANSFER_MOST ? size : LINUX_TRANSFER_MOST, buffer);
    store_give(buffer, COPY_PIECE);
    return after_write(result);
}

static int64_t close_both(struct end *from, struct end *to, int64_t result)
{
    int64_t first = end_close(from, from->offset);
    int64_t second = end_close(to, to->offset);
    return first != 0 ? first : second != 0 ? second : result;
}

// Opens both ends; only one of them may name an offset in sendfile.
static int64_t open_both(struct end *from, uint64_t from_descriptor, uint64_t from_place,
                         struct end *to, uint64_t to_descriptor, uint64_t to_place)
{
    int64_t error = end_open(from, from_descriptor, from_place);
    if (error != 0) {
        return error;
    }
    error = end_open(to, to_descriptor, to_place);
    if (error != 0) {
        file_drop(from->file);
    }
    return error;
}

int64_t call_sendfile(const struct call *call)
{
    struct end from, to;
    int64_t result =
        open_both(&from, call->argument[1], call->argument[2], &to, call->argument[0], 0);
    if (result != 0) {
        return result;
    }
    if (!file_reads(from.file) || !file_writes(to.file)) {
        result = -EBADF;
    } else if (!from.file->operations->sized || from.file->operations->read == nullptr ||
               (to.file->flags & O_APPEND) != 0) {
        result = -EINVAL;
    } else {
        result = copy_between(&from, &to, call->argument[3]);
    }
    return close_both(&from, &to, result);
}

static int64_t check_range_copy(const struct end *from, const struct end *to, uint64_t size)
{
    if (from->file->operations->list != nullptr || to->file->operations->list != nullptr) {
        return -EISDIR;
    }
    if (!from->file->operations->sized || !to->file->operations->sized) {
        return -EINVAL;
    }
    if (!file_reads(from->file) || !file_writes(to->file) || (to->file->flags & O_APPEND) != 0) {
        return -EBADF;
    }
    bool overlap = from->file->node == to->file->node && from->offset < to->offset + size &&
                   to->offset < from->offset + size;
    return overlap ? -EINVAL : 0;
}

int64_t call_copy_file_range(const struct call *call)
{
    if (call->argument[5] != 0) {
        return -EINVAL;
    }
    struct end from, to;
    int64_t result = open_both(&from, call->argument[0], call->argument[1], &to, call->argument[2],
                               call->argument[3]);
    if (result != 0) {
        return result;
    }
    result = check_range_copy(&from, &to, call->argument[4]);
    if (result == 0) {
        result = copy_between(&from, &to, call->argument[4]);
    }
    return close_both(&from, &to, result);
}

static bool is_pipe(const struct file *file)
{
    return strcmp(file->operations->kind, "pipe") == 0;
}

int64_t call_splice(const struct call *call)
{
    struct end from, to;
    int64_t result = open_both(&from, call->argument[0], call->argument[1], &to, call->argument[2],
                               call->argument[3]);
    if (result != 0) {
        return result;
    }
    if (!file_reads(from.file) || !file_writes(to.file)) {
        result = -EBADF;
    } else if (!is_pipe(from.file) && !is_pipe(to.file)) {
        result = -EINVAL;
    } else {
        result = copy_between(&from, &to, call->argument[4]);
    }
    return close_both(&from, &to, result);
}

// Sizes, and bringing contents to where they stay.

int64_t file_truncate(struct file *file, int64_t size)
{
    if (size < 0 || !file_writes(file) || file->operations->truncate == nullptr) {
        return -EINVAL;
    }
    if ((uint64_t)size > caller()->limit[RLIMIT_FSIZE].soft) {
        signal_thread_of_call(SIGXFSZ, SI_USER, 0);
        return -EFBIG;
    }
    return file->operations->truncate(file, (uint64_t)size);
}

int64_t call_ftruncate(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = file_truncate(file, (int64_t)call->argument[1]);
    file_drop(file);
    return result;
}

static int64_t allocate(struct file *file, int mode, int64_t offset, int64_t size)
{
    int64_t end = 0;
    if (offset < 0 || size <= 0) {
        return -EINVAL;
    }
    if (!file_writes(file)) {
        return -EBADF;
    }
    if (__builtin_add_overflow(offset, size, &end)) {
        return -EFBIG;
    }
    if (file->operations->allocate == nullptr) {
        return file->operations->list != nullptr ? -EISDIR
               : file->operations->sized         ? -EOPNOTSUPP
               : is_pipe(file)                   ? -ESPIPE
                                                 : -ENODEV;
    }
    return file->operations->allocate(file, mode, (uint64_t)offset, (uint64_t)size);
}

int64_t call_fallocate(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = allocate(file, (int)call->argument[1], (int64_t)call->argument[2],
                              (int64_t)call->argument[3]);
    file_drop(file);
    return result;
}

static int64_t settle(uint64_t descriptor, bool data_only)
{
    struct file *file = descriptor_file(descriptor);
    if (file == nullptr) {
        return -EBADF;
    }
    const struct file_operations *operations = file->operations;
    int64_t result = 0;
    if (operations->sync != nullptr) {
        result = operations->sync(file, data_only);
    } else if (!operations->sized && operations->list == nullptr) {
        result = -EINVAL;
    }
    file_drop(file);
    return result;
}

int64_t call_fsync(const struct call *call)
{
    return settle(call->argument[0], false);
}

int64_t call_fdatasync(const struct call *call)
{
    return settle(call->argument[0], true);
}

int64_t call_syncfs(const struct call *call)
{
    int64_t result = settle(call->argument[0], false);
    return result == -EINVAL ? 0 : result;
}

int64_t call_sync_file_range(const struct call *call)
{
    if ((int64_t)call->argument[1] < 0 || (int64_t)call->argument[2] < 0 ||
        (call->argument[3] & ~UINT64_C(7)) != 0) {
        return -EINVAL;
    }
    int64_t result = settle(call->argument[0], true);
    return result == -EINVAL ? -ESPIPE : result;
}

// What is written lies with the file server or in RAM at once, but for what mappings were written to.
int64_t call_sync(const struct call *call)
{
    (void)call;
    written_all_due();
    written_settle(false);
    return 0;
}

int64_t call_fadvise64(const struct call *call)
{
    constexpr uint64_t ADVICE_MOST = 5;
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = is_pipe(file)                     ? -ESPIPE
                     : call->argument[3] > ADVICE_MOST ? -EINVAL
                     : (int64_t)call->argument[2] < 0  ? -EINVAL
                                                       : 0;
    file_drop(file);
    return result;
}

int64_t call_readahead(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = !file_reads(file) ? -EBADF : file->operations->sized ? 0 : -EINVAL;
    file_drop(file);
    return result;
}
