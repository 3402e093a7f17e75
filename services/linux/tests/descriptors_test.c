// SPDX-License-Identifier: MIT
// Descriptors: numbers, copies, flags, closing.
#include "fake.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

static int64_t open_new(const char *path)
{
    return SYS(open, AT(path), O_CREAT | O_RDWR, 0644);
}

TEST("open gives the lowest free number")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/b") == 1);
    CHECK(open_new("/c") == 2);
    CHECK(SYS(close, 1) == 0);
    CHECK(open_new("/d") == 1);
    CHECK(open_new("/e") == 3);
}

TEST("close refuses a number that is not in use")
{
    world();
    CHECK(SYS(close, 0) == -EBADF);
    CHECK(SYS(close, UINT64_MAX) == -EBADF);
    CHECK(SYS(close, 1'000'000) == -EBADF);
}

TEST("the upper half of a register does not count in a descriptor")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(close, 0xFFFF'FFFF'0000'0000) == 0);
}

TEST("dup shares the offset")
{
    world();
    CHECK(write_text("/a", "hello") == 5);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 0);
    CHECK(SYS(dup, 0) == 1);
    char byte[2] = {};
    CHECK(SYS(read, 0, AT(byte), 1) == 1);
    CHECK(SYS(read, 1, AT(byte), 1) == 1);
    CHECK(byte[0] == 'e');
    CHECK(SYS(dup, 7) == -EBADF);
}

TEST("opening twice does not share the offset")
{
    world();
    CHECK(write_text("/a", "hello") == 5);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 1);
    char byte = 0;
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    CHECK(SYS(read, 1, AT(&byte), 1) == 1);
    CHECK(byte == 'h');
}

TEST("dup2 closes what was at the number, and may go far beyond the others")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/b") == 1);
    CHECK(SYS(dup2, 0, 1) == 1);
    CHECK(SYS(dup2, 0, 1000) == 1000);
    CHECK(SYS(dup2, 0, 1024) == -EBADF);
    CHECK(SYS(dup2, 0, 0) == 0);
    CHECK(SYS(dup2, 5, 5) == -EBADF);
    CHECK(SYS(dup2, 5, 6) == -EBADF);
    CHECK(open_new("/c") == 2);
}

TEST("dup3 refuses equal numbers and unknown flags, and sets close-on-exec")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(dup3, 0, 0, 0) == -EINVAL);
    CHECK(SYS(dup3, 0, 1, O_NONBLOCK) == -EINVAL);
    CHECK(SYS(dup3, 0, 4, O_CLOEXEC) == 4);
    CHECK(SYS(fcntl, 4, F_GETFD) == 1);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
}

TEST("fcntl dups to a number of at least its argument")
{
    world();
    CHECK(open_new("/a") == 0);
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
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(fcntl, 0, F_SETFD, 1) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 1);
    CHECK(SYS(fcntl, 0, F_SETFD, 0) == 0);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
    CHECK(SYS(fcntl, 9, F_SETFD, 1) == -EBADF);
}

TEST("ioctl sets close-on-exec, and tells how much is unread")
{
    world();
    CHECK(write_text("/a", "hello") == 5);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 0);
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
    world();
    CHECK(open_new("/a") == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK(SYS(fcntl, 0, F_SETFL, O_APPEND | O_WRONLY | O_CREAT) == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT)) == (O_RDWR | O_APPEND));
    CHECK(SYS(fcntl, 0, F_SETFL, 0) == 0);
    CHECK((SYS(fcntl, 0, F_GETFL) & O_APPEND) == 0);
}

TEST("fcntl refuses what it does not know")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(fcntl, 0, 9999) == -EINVAL);
}

TEST("exec closes the marked ones only")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(open, AT("/b"), O_CREAT | O_RDWR | O_CLOEXEC, 0644) == 1);
    CHECK(open_new("/c") == 2);
    descriptors_exec(caller()->descriptors);
    CHECK(SYS(fcntl, 0, F_GETFD) == 0);
    CHECK(SYS(fcntl, 1, F_GETFD) == -EBADF);
    CHECK(SYS(fcntl, 2, F_GETFD) == 0);
}

TEST("a copy of a table shares files, and closing is its own")
{
    world();
    CHECK(open_new("/a") == 0);
    struct descriptors *copy = descriptors_copy(caller()->descriptors);
    REQUIRE(copy != nullptr);
    CHECK(SYS(close, 0) == 0);
    struct file *file = descriptor_file_in(copy, 0);
    CHECK(file != nullptr);
    file_drop(file);
    descriptors_drop(copy);
}

TEST("RLIMIT_NOFILE limits the numbers that are given")
{
    world();
    caller()->limit[RLIMIT_NOFILE].soft = 2;
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/b") == 1);
    CHECK(open_new("/c") == -EMFILE);
    CHECK(SYS(dup, 0) == -EMFILE);
    caller()->limit[RLIMIT_NOFILE].soft = 3;
    CHECK(SYS(dup, 0) == 2);
}

TEST("thousands of descriptors, and no more than the hard limit")
{
    world();
    caller()->limit[RLIMIT_NOFILE].soft = 100'000;
    CHECK(open_new("/a") == 0);
    int64_t last = 0;
    for (int64_t number = 1; number < 8192; number++) {
        last = SYS(dup, 0);
    }
    CHECK(last == 8191);
    CHECK(SYS(dup, 0) == -EMFILE);
    CHECK(SYS(close_range, 3, 8191, 0) == 0);
    CHECK(SYS(dup, 0) == 3);
}

TEST("close_range closes a range, or marks it")
{
    world();
    CHECK(open_new("/a") == 0);
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

TEST("close_range can leave a shared table first")
{
    world();
    CHECK(open_new("/a") == 0);
    struct descriptors *shared = caller()->descriptors;
    descriptors_keep(shared);
    CHECK(SYS(close_range, 0, 0, 2) == 0);
    CHECK(caller()->descriptors != shared);
    CHECK(SYS(fcntl, 0, F_GETFD) == -EBADF);
    CHECK(descriptor_next(shared, 0) == 0);
    descriptors_drop(shared);
}

TEST("without memory nothing is opened, and nothing is lost")
{
    world();
    for (int64_t fails = 0; fails < 6; fails++) {
        store_fails_after = fails;
        int64_t result = open_new("/a");
        store_fails_after = -1;
        CHECK(result >= 0 || result == -ENOMEM || result == -ENFILE || result == -ENOSPC);
        if (result >= 0) {
            CHECK(SYS(close, (uint64_t)result) == 0);
        }
        (void)SYS(unlink, AT("/a"));
    }
}

TEST("files opened with O_PATH are places only")
{
    world();
    CHECK(write_text("/a", "x") == 1);
    CHECK(SYS(open, AT("/a"), O_PATH) == 0);
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

// Locks.

static int64_t lock(uint64_t file, int command, int type, int64_t start, int64_t size)
{
    struct flock lock = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = size};
    return SYS(fcntl, file, (uint64_t)command, AT(&lock));
}

TEST("locks of one process do not stand in each other's way")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 10) == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 5, 10) == 0);
    CHECK(lock(0, F_SETLK, F_RDLCK, 0, 0) == 0);
    CHECK(lock(0, F_SETLK, F_UNLCK, 3, 2) == 0);
}

TEST("locks of another process stand in the way, and F_GETLK tells whose")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 10, 10) == 0);
    struct caller *first = caller();
    struct caller *second = process_make(200);
    process_enter(second);
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_RDLCK, 0, 0) == -EAGAIN);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 10) == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 20, 1) == 0);
    struct flock told = {.l_type = F_WRLCK};
    CHECK(SYS(fcntl, 0, F_GETLK, AT(&told)) == 0);
    CHECK(told.l_type == F_WRLCK && told.l_start == 10 && told.l_len == 10 && told.l_pid == 100);
    process_enter(first);
    process_end(second);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
}

TEST("readers share a lock")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_RDLCK, 0, 0) == 0);
    struct caller *first = caller();
    struct caller *second = process_make(200);
    process_enter(second);
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_RDLCK, 0, 0) == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    process_enter(first);
    process_end(second);
}

TEST("closing any descriptor of a file gives up the process's locks on it")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/a") == 1);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    struct caller *first = caller();
    struct caller *second = process_make(200);
    process_enter(second);
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    process_enter(first);
    CHECK(SYS(close, 1) == 0);
    process_enter(second);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    process_enter(first);
    process_end(second);
}

TEST("locks of open files belong to them, not to processes")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/a") == 1);
    CHECK(lock(0, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK(lock(1, F_OFD_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    CHECK(lock(1, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN);
    CHECK(SYS(close, 0) == 0);
    CHECK(lock(1, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
}

TEST("a lock needs a descriptor that may do what it is for")
{
    world();
    CHECK(write_text("/a", "x") == 1);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("/a"), O_WRONLY) == 1);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == -EBADF);
    CHECK(lock(1, F_SETLK, F_RDLCK, 0, 0) == -EBADF);
    CHECK(lock(0, F_SETLK, 77, 0, 0) == -EINVAL);
    CHECK(lock(0, F_SETLK, F_RDLCK, -1, 0) == -EINVAL);
    CHECK(SYS(fcntl, 0, F_SETLK, NOWHERE) == -EFAULT);
}

static void lock_and_wait(void *result)
{
    (void)open_new("/a");
    *(int64_t *)result = lock(0, F_SETLKW, F_WRLCK, 0, 0);
}

TEST("F_SETLKW waits until the lock is given up")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    struct caller *second = process_make(200);
    int64_t result = 1;
    strand_start(second, lock_and_wait, &result);
    CHECK(strands_left() == 1);
    CHECK(lock(0, F_SETLK, F_UNLCK, 0, 0) == 0);
    strands_run();
    CHECK(result == 0);
    process_end(second);
}

TEST("a signal breaks off the wait for a lock")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    struct caller *second = process_make(200);
    int64_t result = 1;
    strand_start(second, lock_and_wait, &result);
    strand_break();
    CHECK(result == RESTART_CALL);
    process_end(second);
}

static void lock_first_then_second(void *result)
{
    (void)open_new("/a");
    int64_t *results = result;
    results[0] = lock(0, F_SETLK, F_WRLCK, 1, 1);
    results[1] = lock(0, F_SETLKW, F_WRLCK, 0, 1);
}

TEST("waiting for each other is refused")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 1) == 0);
    struct caller *second = process_make(200);
    int64_t results[2] = {1, 1};
    strand_start(second, lock_first_then_second, results);
    CHECK(results[0] == 0 && results[1] == 1);
    CHECK(lock(0, F_SETLKW, F_WRLCK, 1, 1) == -EDEADLK);
    CHECK(lock(0, F_SETLK, F_UNLCK, 0, 0) == 0);
    strands_run();
    CHECK(results[1] == 0);
    process_end(second);
}

TEST("flock locks whole files, of open files, and sees no other locks")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(open_new("/a") == 1);
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
