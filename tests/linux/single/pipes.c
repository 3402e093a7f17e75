// SPDX-License-Identifier: MIT
// Pipes, fifos, eventfd, timerfd.
#include "pipes.h"

TEST("what goes into a pipe comes out of it in order")
{
    fresh();
    char text[16] = {};
    make_pipe(0);
    CHECK(ends[0] == 0 && ends[1] == 1);
    CHECK(SYS(write, writer(), AT("hello "), 6) == 6);
    CHECK(SYS(write, writer(), AT("world"), 5) == 5);
    CHECK(SYS(read, reader(), AT(text), 3) == 3);
    CHECK(SYS(read, reader(), AT(text + 3), 13) == 8);
    CHECK(strcmp(text, "hello world") == 0);
}

TEST("the ends of a pipe go one way only, and have no offset")
{
    fresh();
    char byte;
    make_pipe(0);
    CHECK(SYS(read, writer(), AT(&byte), 1) == -EBADF);
    CHECK(SYS(write, reader(), AT(&byte), 1) == -EBADF);
    CHECK(SYS(lseek, reader(), 0, SEEK_SET) == -ESPIPE);
    CHECK(SYS(pread64, reader(), AT(&byte), 1, 0) == -ESPIPE);
    CHECK(SYS(fsync, writer()) == -EINVAL);
    CHECK(SYS(ftruncate, writer(), 0) == -EINVAL);
    CHECK(SYS(fallocate, writer(), 0, 0, 1) == -ESPIPE);
    struct stat told;
    CHECK(SYS(fstat, reader(), AT(&told)) == 0 && S_ISFIFO(told.st_mode));
}

TEST("what pipe2 refuses")
{
    fresh();
    CHECK(SYS(pipe2, AT(ends), O_APPEND) == -EINVAL);
    CHECK(SYS(pipe2, NOWHERE, 0) == -EFAULT);
    CHECK(SYS(fcntl, 0, F_GETFD) == -EBADF);
    make_pipe(O_CLOEXEC | O_NONBLOCK);
    CHECK(SYS(fcntl, reader(), F_GETFD) == 1);
    CHECK((SYS(fcntl, writer(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST("an empty pipe whose writers are gone is at its end")
{
    fresh();
    char text[4];
    make_pipe(0);
    CHECK(SYS(write, writer(), AT("x"), 1) == 1);
    CHECK(SYS(close, writer()) == 0);
    CHECK(SYS(read, reader(), AT(text), 4) == 1);
    CHECK(SYS(read, reader(), AT(text), 4) == 0);
}

TEST("writing to a pipe without readers is a signal and an error")
{
    fresh();
    make_pipe(0);
    CHECK(SYS(close, reader()) == 0);
    CHECK(SYS(write, writer(), AT("x"), 1) == -EPIPE);
    CHECK(last_signal == SIGPIPE);
}

TEST("a pipe that is empty or full says so when it must not wait")
{
    fresh();
    static char block[65536];
    make_pipe(O_NONBLOCK);
    CHECK(SYS(read, reader(), AT(block), 1) == -EAGAIN);
    CHECK(SYS(read, reader(), AT(block), 0) == 0);
    CHECK(SYS(write, writer(), AT(block), 65000) == 65000);
    CHECK(SYS(write, writer(), AT(block), 4096) == -EAGAIN);
    CHECK(SYS(write, writer(), AT(block), 536) == 536);
    CHECK(SYS(write, writer(), AT(block), 1) == -EAGAIN);
    CHECK(SYS(read, reader(), AT(block), 65536) == 65536);
    CHECK(SYS(write, writer(), AT(block), 4096) == 4096);
}

// --- A process that shares the descriptors of the first one

TEST("the size of a pipe can be told and set")
{
    fresh();
    static char block[65536];
    make_pipe(O_NONBLOCK);
    CHECK(SYS(fcntl, reader(), F_GETPIPE_SZ) == 65536);
    CHECK(SYS(write, writer(), AT("0123456789"), 10) == 10);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, 5000) == 8192);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, 1 << 20) == 1 << 20);
    CHECK(SYS(read, reader(), AT(block), 10) == 10 && memcmp(block, "0123456789", 10) == 0);
    int32_t unread = 0;
    CHECK(SYS(ioctl, reader(), FIONREAD, AT(&unread)) == 0 && unread == 0);
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 2);
    CHECK(SYS(fcntl, 2, F_GETPIPE_SZ) == -EBADF);
}

TEST("splice moves between a pipe and a file")
{
    fresh();
    make_pipe(0);
    CHECK(write_text("a", "hello world") == 11);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 2);
    CHECK(SYS(open, AT("b"), O_CREAT | O_RDWR, 0600) == 3);
    int64_t offset = 6;
    CHECK(SYS(splice, 2, AT(&offset), writer(), 0, 100, 0) == 5);
    CHECK(SYS(splice, reader(), 0, 3, 0, 5, 0) == 5);
    CHECK(strcmp(read_text("b"), "world") == 0);
    CHECK(SYS(splice, 2, 0, 3, 0, 5, 0) == -EINVAL);
    CHECK(SYS(splice, reader(), AT(&offset), 3, 0, 5, 0) == -ESPIPE);
}

// --- Fifos

TEST("a fifo opened without waiting: readers may, writers need a reader")
{
    fresh();
    CHECK(SYS(mknod, AT("f"), S_IFIFO | 0600) == 0);
    CHECK(SYS(open, AT("f"), O_WRONLY | O_NONBLOCK) == -ENXIO);
    CHECK(SYS(open, AT("f"), O_RDONLY | O_NONBLOCK) == 0);
    CHECK(SYS(open, AT("f"), O_WRONLY | O_NONBLOCK) == 1);
    CHECK(SYS(open, AT("f"), O_RDWR) == 2);
    char byte;
    CHECK(SYS(read, 0, AT(&byte), 1) == -EAGAIN);
}

// eventfd.

TEST("eventfd adds up, and gives all at once")
{
    fresh();
    uint64_t value = 5;
    CHECK(SYS(eventfd2, 3, EFD_NONBLOCK) == 0);
    CHECK(SYS(write, 0, AT(&value), 8) == 8);
    CHECK(SYS(read, 0, AT(&value), 8) == 8 && value == 8);
    CHECK(SYS(read, 0, AT(&value), 8) == -EAGAIN);
    CHECK(SYS(read, 0, AT(&value), 4) == -EINVAL);
    value = UINT64_MAX;
    CHECK(SYS(write, 0, AT(&value), 8) == -EINVAL);
    value = UINT64_MAX - 1;
    CHECK(SYS(write, 0, AT(&value), 8) == 8);
    value = 1;
    CHECK(SYS(write, 0, AT(&value), 8) == -EAGAIN);
    CHECK(SYS(eventfd2, 0, 0x100) == -EINVAL);
    CHECK(SYS(lseek, 0, 5, SEEK_SET) == 0);
}

TEST("eventfd as a semaphore gives one at a time")
{
    fresh();
    uint64_t value = 0;
    CHECK(SYS(eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC) == 0);
    CHECK(SYS(read, 0, AT(&value), 8) == 8 && value == 1);
    CHECK(SYS(read, 0, AT(&value), 8) == 8 && value == 1);
    CHECK(SYS(read, 0, AT(&value), 8) == -EAGAIN);
}

// timerfd.

TEST("timerfd tells how often its time has passed")
{
    fresh();
    uint64_t passed = 0;
    struct itimerspec setting = {{0, 20000000}, {0, 20000000}};
    CHECK(SYS(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK) == 0);
    CHECK(SYS(read, 0, AT(&passed), 8) == -EAGAIN);
    CHECK(SYS(timerfd_settime, 0, 0, AT(&setting), 0) == 0);
    CHECK(SYS(fcntl, 0, F_SETFL, 0) == 0);
    CHECK(SYS(read, 0, AT(&passed), 8) == 8 && passed >= 1);
    CHECK(SYS(timerfd_gettime, 0, AT(&setting)) == 0);
    CHECK(setting.it_value.tv_nsec > 0 && setting.it_value.tv_nsec <= 20000000);
    CHECK(setting.it_interval.tv_nsec == 20000000);
    pause_ms(70);
    CHECK(SYS(read, 0, AT(&passed), 8) == 8 && passed >= 3);
    setting = (struct itimerspec){};
    CHECK(SYS(timerfd_settime, 0, 0, AT(&setting), AT(&setting)) == 0);
    CHECK(setting.it_interval.tv_nsec == 20000000);
    CHECK(SYS(timerfd_gettime, 0, AT(&setting)) == 0 && setting.it_value.tv_nsec == 0);
}

TEST("timerfd at a time that is past fires at once")
{
    fresh();
    uint64_t passed = 0;
    struct itimerspec setting = {{0, 0}, {1, 0}};
    CHECK(SYS(timerfd_create, CLOCK_REALTIME, 0) == 0);
    CHECK(SYS(timerfd_settime, 0, TFD_TIMER_ABSTIME, AT(&setting), 0) == 0);
    CHECK(SYS(read, 0, AT(&passed), 8) == 8 && passed == 1);
}

TEST("what timerfd refuses")
{
    fresh();
    struct itimerspec setting = {{0, 1000000000}, {1, 0}};
    CHECK(SYS(timerfd_create, 99, 0) == -EINVAL);
    CHECK(SYS(timerfd_create, CLOCK_MONOTONIC, 0x100) == -EINVAL);
    CHECK(SYS(timerfd_create, CLOCK_MONOTONIC, 0) == 0);
    CHECK(SYS(timerfd_settime, 0, 0, AT(&setting), 0) == -EINVAL);
    CHECK(SYS(timerfd_settime, 0, 0, NOWHERE, 0) == -EFAULT);
    CHECK(SYS(timerfd_settime, 7, 0, AT(&setting), 0) == -EINVAL);
    setting.it_interval.tv_nsec = 0;
    CHECK(SYS(timerfd_settime, 7, 0, AT(&setting), 0) == -EBADF);
    CHECK(SYS(eventfd, 0) == 1);
    CHECK(SYS(timerfd_settime, 1, 0, AT(&setting), 0) == -EINVAL);
    CHECK(SYS(timerfd_gettime, 1, AT(&setting)) == -EINVAL);
}

// signalfd.
