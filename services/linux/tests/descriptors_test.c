// SPDX-License-Identifier: MIT
// Descriptors: numbers, copies, flags, closing.
#include "../../../tests/linux/single/descriptors.h"

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

// Locks.

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
