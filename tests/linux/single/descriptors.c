// SPDX-License-Identifier: MIT
// Descriptors: numbers, copies, flags, closing, locks.
#include "descriptors.h"

TEST("open gives the lowest free number")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(open_new("b") == 1);
    CHECK(open_new("c") == 2);
    CHECK(SYS(close, 1) == 0);
    CHECK(open_new("d") == 1);
    CHECK(open_new("e") == 3);
}

TEST("close refuses a number that is not in use")
{
    fresh();
    CHECK(SYS(close, 0) == -EBADF);
    CHECK(SYS(close, UINT64_MAX) == -EBADF);
    CHECK(SYS(close, 1000000) == -EBADF);
}

TEST("the upper half of a register does not count in a descriptor")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(close, 0xFFFFFFFF00000000) == 0);
}

TEST("dup shares the offset")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(dup, 0) == 1);
    char byte[2] = {};
    CHECK(SYS(read, 0, AT(byte), 1) == 1);
    CHECK(SYS(read, 1, AT(byte), 1) == 1);
    CHECK(byte[0] == 'e');
    CHECK(SYS(dup, 7) == -EBADF);
}

TEST("opening twice does not share the offset")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 1);
    char byte = 0;
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    CHECK(SYS(read, 1, AT(&byte), 1) == 1);
    CHECK(byte == 'h');
}

TEST("dup2 closes what was at the number, and may go far beyond the others")
{
    fresh();
    set_limit(RLIMIT_NOFILE, 1024);
    CHECK(open_new("a") == 0);
    CHECK(open_new("b") == 1);
    CHECK(SYS(dup2, 0, 1) == 1);
    CHECK(SYS(dup2, 0, 1000) == 1000);
    CHECK(SYS(dup2, 0, 1024) == -EBADF);
    CHECK(SYS(dup2, 0, 0) == 0);
    CHECK(SYS(dup2, 5, 5) == -EBADF);
    CHECK(SYS(dup2, 5, 6) == -EBADF);
    CHECK(open_new("c") == 2);
}

TEST("dup3 refuses equal numbers and unknown flags, and sets close-on-exec")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(dup3, 0, 0, 0) == -EINVAL);
    CHECK(SYS(dup3, 0, 1, O_NONBLOCK) == -EINVAL);
    CHECK(SYS(dup3, 0, 4, O_CLOEXEC) == 4);
    CHECK(SYS(fcntl, 4, F_GETFD) == 1);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
}

TEST("fcntl dups to a number of at least its argument")
{
    fresh();
    set_limit(RLIMIT_NOFILE, 1024);
    CHECK(open_new("a") == 0);
    CHECK(SYS(fcntl, 0, F_DUPFD, 10) == 10);
    CHECK(SYS(fcntl, 0, F_DUPFD, 10) == 11);
    CHECK(SYS(fcntl, 0, F_DUPFD_CLOEXEC, 10) == 12);
    CHECK(SYS(fcntl, 12, F_GETFD) == 1);
    CHECK(SYS(fcntl, 0, F_DUPFD, 1024) == -EINVAL);
    CHECK(SYS(fcntl, 3, F_DUPFD, 0) == -EBADF);
    CHECK(SYS(fcntl, 0, F_DUPFD, 0) == 1);
}

TEST("F_SETFD sets and clears close-on-exec")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(fcntl, 0, F_SETFD, 1) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 1);
    CHECK(SYS(fcntl, 0, F_SETFD, 0) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
    CHECK(SYS(fcntl, 9, F_SETFD, 1) == -EBADF);
}

TEST("ioctl sets close-on-exec, and tells how much is unread")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(ioctl, 0, FIOCLEX) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 1);
    CHECK(SYS(ioctl, 0, FIONCLEX) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
    int32_t left = 0;
    char byte;
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    CHECK(SYS(ioctl, 0, FIONREAD, AT(&left)) == 0);
    CHECK(left == 4);
    CHECK(SYS(ioctl, 0, TIOCGWINSZ, AT(&left)) == -ENOTTY);
}

TEST("F_SETFL changes only what may change")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK(SYS(fcntl, 0, F_SETFL, O_APPEND | O_WRONLY | O_CREAT) == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT)) == (O_RDWR | O_APPEND));
    CHECK(SYS(fcntl, 0, F_SETFL, 0) == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & O_APPEND) == 0);
}

TEST("fcntl refuses what it does not know")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(fcntl, 0, 9999) == -EINVAL);
}

TEST("RLIMIT_NOFILE limits the numbers that are given")
{
    fresh();
    set_limit(RLIMIT_NOFILE, 2);
    CHECK(open_new("a") == 0);
    CHECK(open_new("b") == 1);
    CHECK(open_new("c") == -EMFILE);
    CHECK(SYS(dup, 0) == -EMFILE);
    set_limit(RLIMIT_NOFILE, 3);
    CHECK(SYS(dup, 0) == 2);
}

TEST("close_range closes a range, or marks it")
{
    fresh();
    CHECK(open_new("a") == 0);
    for (uint64_t i = 1; i < 6; i++) {
        CHECK(SYS(dup, 0) == (int64_t)i);
    }
    CHECK(SYS(close_range, 1, 2, 0) == 0);
    CHECK(SYS(fcntl, 2, F_GETFD) == -EBADF);
    CHECK(SYS(close_range, 3, UINT32_MAX, 4) == 0);
    CHECK(SYS(fcntl, 5, F_GETFD) == 1);
    CHECK(SYS(close_range, 3, 2, 0) == -EINVAL);
    CHECK(SYS(close_range, 3, 4, 1) == -EINVAL);
}

TEST("files opened with O_PATH are places only")
{
    fresh();
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_PATH) == 0);
    char byte;
    struct stat stat;
    CHECK(SYS(read, 0, AT(&byte), 1) == -EBADF);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
    CHECK(SYS(fcntl, 0, F_SETFL, 0) == -EBADF);
    CHECK(SYS(fstat, 0, AT(&stat)) == 0);
    CHECK(SYS(fchmod, 0, 0600) == -EBADF);
    CHECK(SYS(ioctl, 0, FIOCLEX) == -EBADF);
    CHECK(SYS(dup, 0) == 1);
    CHECK((SYS(fcntl, 1, F_GETFL) & O_PATH) != 0);
}

// --- Locks

TEST("locks of one process do not stand in each other's way")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 10) == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 5, 10) == 0);
    CHECK(lock(0, F_SETLK, F_RDLCK, 0, 0) == 0);
    CHECK(lock(0, F_SETLK, F_UNLCK, 3, 2) == 0);
}

TEST("locks of open files belong to them, not to processes")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(open_new("a") == 1);
    CHECK(lock(0, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK(lock(1, F_OFD_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    CHECK(lock(1, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    CHECK(SYS(close, 0) == 0);
    CHECK(lock(1, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
}

TEST("a lock needs a descriptor that may do what it is for")
{
    fresh();
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("a"), O_WRONLY) == 1);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == -EBADF);
    CHECK(lock(1, F_SETLK, F_RDLCK, 0, 0) == -EBADF);
    CHECK(lock(0, F_SETLK, 77, 0, 0) == -EINVAL);
    CHECK(lock(0, F_SETLK, F_RDLCK, -1, 0) == -EINVAL);
    CHECK(SYS(fcntl, 0, F_SETLK, NOWHERE) == -EFAULT);
}

TEST("flock locks whole files, of open files, and sees no other locks")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(open_new("a") == 1);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK(SYS(flock, 0, LOCK_EX) == 0);
    CHECK(SYS(flock, 1, LOCK_SH | LOCK_NB) == -EAGAIN);
    CHECK(SYS(flock, 0, LOCK_SH) == 0);
    CHECK(SYS(flock, 1, LOCK_SH | LOCK_NB) == 0);
    CHECK(SYS(flock, 0, LOCK_EX | LOCK_NB) == -EAGAIN);
    CHECK(SYS(flock, 1, LOCK_UN) == 0);
    CHECK(SYS(flock, 0, LOCK_EX | LOCK_NB) == 0);
    CHECK(SYS(flock, 0, 77) == -EINVAL);
    CHECK(SYS(flock, 9, LOCK_EX) == -EBADF);
}
