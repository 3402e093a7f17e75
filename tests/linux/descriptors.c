// SPDX-License-Identifier: MIT
// Locks and descriptors of several processes.
#include "single/descriptors.h"

static void lock_range_10(void)
{
    (void)open_new("a");
    _exit(lock(0, F_SETLK, F_WRLCK, 10, 10) == -EAGAIN && lock(0, F_SETLK, F_RDLCK, 0, 10) == 0 &&
                  lock(0, F_SETLK, F_WRLCK, 20, 1) == 0
              ? 7
              : 1);
}

TEST("locks of another process stand in the way, where they are")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 10, 10) == 0);
    CHECK(SYS(close, 0) == 0);
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 10, 10) == 0);
    CHECK(end_of(child_of(lock_range_10)) == 7);
}

static void tell_lock(void)
{
    struct flock told = {.l_type = F_RDLCK};
    bool right = SYS(fcntl, 0, F_GETLK, AT(&told)) == 0 && told.l_type == F_WRLCK &&
                 told.l_start == 5 && told.l_len == 0 && told.l_pid == getppid();
    _exit(right ? 7 : 1);
}

TEST("F_GETLK tells whose lock stands in the way")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 5, 0) == 0);
    CHECK(end_of(child_of(tell_lock)) == 7);
}

static void wait_for_lock(void)
{
    _exit(lock(0, F_SETLKW, F_WRLCK, 0, 0) == 0 ? 7 : 1);
}

TEST("F_SETLKW waits until the lock is given up")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
    pid_t child = child_of(wait_for_lock);
    pause_ms(50);
    CHECK(waitpid(child, NULL, WNOHANG) == 0);
    CHECK(lock(0, F_SETLK, F_UNLCK, 0, 0) == 0);
    CHECK(end_of(child) == 7);
}

TEST("a process that ends gives its locks up")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(end_of(child_of(wait_for_lock)) == 7);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 0) == 0);
}

static void lock_both_ways(void)
{
    if (lock(0, F_SETLK, F_WRLCK, 1, 1) != 0 || lock(0, F_SETLKW, F_WRLCK, 0, 1) != 0) {
        _exit(1);
    }
    _exit(7);
}

TEST("waiting for each other is refused")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(lock(0, F_SETLK, F_WRLCK, 0, 1) == 0);
    pid_t child = child_of(lock_both_ways);
    pause_ms(100);
    CHECK(lock(0, F_SETLKW, F_WRLCK, 1, 1) == -EDEADLK);
    CHECK(lock(0, F_SETLK, F_UNLCK, 0, 0) == 0);
    CHECK(end_of(child) == 7);
}

static void close_and_read(void)
{
    char byte = 0;
    bool right = SYS(close, 1) == 0 && SYS(read, 0, AT(&byte), 1) == 1 && byte == 'h';
    _exit(right ? 7 : 1);
}

TEST("a child has copies of the descriptors, and shares offsets")
{
    fresh();
    char byte = 0;
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(dup, 0) == 1);
    CHECK(end_of(child_of(close_and_read)) == 7);
    CHECK(SYS(read, 1, AT(&byte), 1) == 1 && byte == 'e');
}

static void hold_flock(void)
{
    (void)open_new("a");
    _exit(SYS(flock, 1, LOCK_EX | LOCK_NB) == -EAGAIN && SYS(flock, 0, LOCK_EX | LOCK_NB) == 0 ? 7
                                                                                               : 1);
}

TEST("flock is of the open file, which a child shares")
{
    fresh();
    CHECK(open_new("a") == 0);
    CHECK(SYS(flock, 0, LOCK_EX) == 0);
    CHECK(end_of(child_of(hold_flock)) == 7);
}
