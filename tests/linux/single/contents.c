// SPDX-License-Identifier: MIT
// Reading and writing, sizes, holes, copies between files, memfd.
#include "contents.h"

TEST("what was written is read again, and the end reads as nothing")
{
    fresh();
    char text[8] = {};
    CHECK(open_new("a") == 0);
    CHECK(SYS(write, 0, AT("hello"), 5) == 5);
    CHECK(SYS(read, 0, AT(text), 8) == 0);
    CHECK(SYS(lseek, 0, 0, SEEK_SET) == 0);
    CHECK(SYS(read, 0, AT(text), 8) == 5);
    CHECK(strcmp(text, "hello") == 0);
}

TEST("what read and write refuse")
{
    fresh();
    char text[8];
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("a"), O_WRONLY) == 1);
    CHECK(SYS(write, 0, AT(text), 1) == -EBADF);
    CHECK(SYS(read, 1, AT(text), 1) == -EBADF);
    CHECK(SYS(read, 9, AT(text), 1) == -EBADF);
    CHECK(SYS(read, 0, NOWHERE, 1) == -EFAULT);
    CHECK(SYS(write, 1, NOWHERE, 1) == -EFAULT);
    CHECK(SYS(read, 0, AT(text), UINT64_MAX) == -EFAULT);
    CHECK(SYS(read, 0, NOWHERE, 0) == 0);
    CHECK(SYS(pread64, 0, AT(text), 1, (uint64_t)-1) == -EINVAL);
}

TEST("pread and pwrite leave the offset alone")
{
    fresh();
    char text[8] = {};
    CHECK(open_new("a") == 0);
    CHECK(SYS(pwrite64, 0, AT("hello"), 5, 3) == 5);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 0);
    CHECK(SYS(pread64, 0, AT(text), 8, 2) == 6);
    CHECK(memcmp(text, "\0hello", 6) == 0);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 0);
}

TEST("appending goes to the end, wherever the offset is")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(SYS(open, AT("a"), O_RDWR | O_APPEND) == 0);
    CHECK(SYS(write, 0, AT("two"), 3) == 3);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 6);
    CHECK(SYS(lseek, 0, 0, SEEK_SET) == 0);
    CHECK(SYS(write, 0, AT("!"), 1) == 1);
    CHECK(SYS(pwrite64, 0, AT("?"), 1, 0) == 1);
    CHECK(strcmp(read_text("a"), "onetwo!?") == 0);
}

TEST("readv and writev take pieces in order")
{
    fresh();
    char first[3] = {}, second[6] = {};
    struct iovec out[3] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}};
    struct iovec in[2] = {{first, 2}, {second, 5}};
    CHECK(open_new("a") == 0);
    CHECK(SYS(writev, 0, AT(out), 3) == 6);
    CHECK(SYS(preadv, 0, AT(in), 2, 0) == 6);
    CHECK(strcmp(first, "ab") == 0 && strcmp(second, "cdef") == 0);
    CHECK(SYS(pwritev, 0, AT(out), 3, 4) == 6);
    CHECK(size_of(0) == 10);
    CHECK(SYS(preadv2, 0, AT(in), 2, UINT64_MAX, 0, 0) == 4);
    CHECK(SYS(writev, 0, AT(out), 0) == 0);
}

TEST("what vectors refuse")
{
    fresh();
    struct iovec bad[2] = {{"ab", SIZE_MAX}, {"c", 1}};
    struct iovec sum[2] = {{"ab", INT64_MAX}, {"c", 1}};
    CHECK(open_new("a") == 0);
    CHECK(SYS(writev, 0, AT(bad), 2) == -EINVAL);
    CHECK(SYS(writev, 0, AT(sum), 2) == -EFAULT);
    CHECK(SYS(writev, 0, AT(sum), 1025) == -EINVAL);
    CHECK(SYS(writev, 0, NOWHERE, 1) == -EFAULT);
    struct iovec many[100];
    for (size_t i = 0; i < 100; i++) {
        many[i] = (struct iovec){"x", 1};
    }
    CHECK(SYS(writev, 0, AT(many), 100) == 100);
}

TEST("what could be copied before a fault counts")
{
    fresh();
    CHECK(open_new("a") == 0);
    struct iovec out[2] = {{"ab", 2}, {(void *)NOWHERE, 4}};
    CHECK(SYS(writev, 0, AT(out), 2) == 2);
    CHECK(size_of(0) == 2);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 2);
}

TEST("lseek from start, here and end; not before the start")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(lseek, 0, 2, SEEK_SET) == 2);
    CHECK(SYS(lseek, 0, 2, SEEK_CUR) == 4);
    CHECK(SYS(lseek, 0, (uint64_t)-1, SEEK_END) == 4);
    CHECK(SYS(lseek, 0, 100, SEEK_END) == 105);
    CHECK(SYS(lseek, 0, (uint64_t)-200, SEEK_CUR) == -EINVAL);
    CHECK(SYS(lseek, 0, INT64_MAX, SEEK_CUR) == -EINVAL);
    CHECK(SYS(lseek, 0, 0, 77) == -EINVAL);
}

TEST("ftruncate cuts, and grows with zeros")
{
    fresh();
    char text[8] = "xxxxxxx";
    CHECK(open_new("a") == 0);
    CHECK(SYS(write, 0, AT("hello"), 5) == 5);
    CHECK(SYS(ftruncate, 0, 2) == 0);
    CHECK(SYS(ftruncate, 0, 5) == 0);
    CHECK(SYS(pread64, 0, AT(text), 8, 0) == 5);
    CHECK(memcmp(text, "he\0\0\0xx", 8) == 0);
    CHECK(SYS(ftruncate, 0, (uint64_t)-1) == -EINVAL);
    CHECK(SYS(truncate, AT("a"), 1) == 0);
    CHECK(size_of(0) == 1);
    CHECK(SYS(truncate, AT("tmp"), 1) == -EISDIR);
    CHECK(SYS(truncate, AT("no"), 1) == -ENOENT);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 1);
    CHECK(SYS(ftruncate, 1, 0) == -EINVAL);
}

TEST("RLIMIT_FSIZE ends writing with a signal")
{
    fresh();
    CHECK(open_new("a") == 0);
    set_limit(RLIMIT_FSIZE, 8);
    CHECK(SYS(write, 0, AT("0123456789"), 10) == 8);
    CHECK(last_signal == 0);
    CHECK(SYS(write, 0, AT("0123456789"), 10) == -EFBIG);
    CHECK(last_signal == SIGXFSZ);
    CHECK(SYS(ftruncate, 0, 9) == -EFBIG);
}

TEST("sendfile copies and moves the reader's offset")
{
    fresh();
    CHECK(write_text("a", "hello world") == 11);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(open_new("b") == 1);
    CHECK(SYS(sendfile, 1, 0, 0, 5) == 5);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 5);
    int64_t offset = 6;
    CHECK(SYS(sendfile, 1, 0, AT(&offset), 100) == 5);
    CHECK(offset == 11);
    CHECK(SYS(lseek, 0, 0, SEEK_CUR) == 5);
    CHECK(strcmp(read_text("b"), "helloworld") == 0);
    CHECK(SYS(sendfile, 1, 9, 0, 5) == -EBADF);
    CHECK(SYS(sendfile, 0, 1, 0, 5) == -EBADF);
    CHECK(SYS(sendfile, 1, 0, NOWHERE, 5) == -EFAULT);
    CHECK(SYS(open, AT("b"), O_WRONLY | O_APPEND) == 2);
    CHECK(SYS(sendfile, 2, 0, 0, 5) == -EINVAL);
}

TEST("copy_file_range copies between places")
{
    fresh();
    CHECK(write_text("a", "hello world") == 11);
    CHECK(SYS(open, AT("a"), O_RDWR) == 0);
    CHECK(open_new("b") == 1);
    int64_t from = 6, to = 2;
    CHECK(SYS(copy_file_range, 0, AT(&from), 1, AT(&to), 5, 0) == 5);
    CHECK(from == 11 && to == 7);
    CHECK(size_of(1) == 7);
    CHECK(SYS(copy_file_range, 0, 0, 1, 0, 2, 0) == 2);
    from = 0;
    to = 2;
    CHECK(SYS(copy_file_range, 0, AT(&from), 0, AT(&to), 5, 0) == -EINVAL);
    CHECK(SYS(copy_file_range, 0, 0, 1, 0, 2, 1) == -EINVAL);
    CHECK(SYS(open, AT("tmp"), O_RDONLY) == 2);
    CHECK(SYS(copy_file_range, 2, 0, 1, 0, 2, 0) == -EISDIR);
}

TEST("fsync and its kin")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(fsync, 0) == 0);
    CHECK(SYS(fdatasync, 0) == 0);
    CHECK(SYS(syncfs, 0) == 0);
    CHECK(SYS(sync) == 0);
    CHECK(SYS(sync_file_range, 0, 0, 0, 7) == 0);
    CHECK(SYS(sync_file_range, 0, 0, 0, 8) == -EINVAL);
    CHECK(SYS(fsync, 3) == -EBADF);
    CHECK(SYS(fadvise64, 0, 0, 0, 2) == 0);
    CHECK(SYS(fadvise64, 0, 0, 0, 9) == -EINVAL);
    CHECK(SYS(readahead, 0, 0, 100) == 0);
}

TEST("memfd is a file with seals")
{
    fresh();
    char text[4] = {};
    CHECK(SYS(memfd_create, AT("thing"), MFD_ALLOW_SEALING | MFD_CLOEXEC) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 1);
    CHECK(SYS(write, 0, AT("abc"), 3) == 3);
    CHECK(SYS(fcntl, 0, F_GET_SEALS) == 0);
    CHECK(SYS(fcntl, 0, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    CHECK(SYS(ftruncate, 0, 1) == -EPERM);
    CHECK(SYS(ftruncate, 0, 5) == -EPERM);
    CHECK(SYS(write, 0, AT("d"), 1) == -EPERM);
    CHECK(SYS(pwrite64, 0, AT("x"), 1, 0) == 1);
    CHECK(SYS(fcntl, 0, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
    CHECK(SYS(pwrite64, 0, AT("y"), 1, 0) == -EPERM);
    CHECK(SYS(fallocate, 0, 3, 0, 1) == -EPERM);
    CHECK(SYS(fcntl, 0, F_ADD_SEALS, 0) == -EPERM);
    CHECK(SYS(fcntl, 0, F_GET_SEALS) == 15);
    CHECK(SYS(pread64, 0, AT(text), 4, 0) == 3 && strcmp(text, "xbc") == 0);
}

TEST("what memfd_create and seals refuse")
{
    fresh();
    char name[300];
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    CHECK(SYS(memfd_create, AT(name), 0) == -EINVAL);
    name[249] = '\0';
    CHECK(SYS(memfd_create, AT(name), 0) == 0);
    CHECK(SYS(memfd_create, AT("a"), 0x100) == -EINVAL);
    CHECK(SYS(memfd_create, NOWHERE, 0) == -EFAULT);
    CHECK(SYS(fcntl, 0, F_ADD_SEALS, 1) == -EPERM);
    CHECK(open_new("a") == 1);
    CHECK(SYS(fcntl, 1, F_ADD_SEALS, 77) == -EINVAL);
    int32_t ends[2];
    CHECK(SYS(pipe, AT(ends)) == 0);
    CHECK(SYS(fcntl, 2, F_GET_SEALS) == -EINVAL);
}
