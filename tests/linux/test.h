// SPDX-License-Identifier: MIT
// Tests of what Linux promises: ordinary Linux programs that say in sentences what holds, as TAP. The same program runs on Linux and
// on KOZO.
//
// Each test runs in a process of its own, so that what it breaks is gone with it. A CHECK that fails ends it.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct test {
    const char *sentence;
    void (*run)(void);
    struct test *next;
};

extern struct test *tests, **tests_end;

#define TEST_JOIN(a, b) a##b
#define TEST_NAME(a, b) TEST_JOIN(a, b)
#define TEST(text)                                                                                 \
    static void TEST_NAME(test_, __LINE__)(void);                                                  \
    static struct test TEST_NAME(entry_, __LINE__) = {text, TEST_NAME(test_, __LINE__), NULL};     \
    __attribute__((constructor)) static void TEST_NAME(add_, __LINE__)(void)                       \
    {                                                                                              \
        *tests_end = &TEST_NAME(entry_, __LINE__);                                                 \
        tests_end = &TEST_NAME(entry_, __LINE__).next;                                             \
    }                                                                                              \
    static void TEST_NAME(test_, __LINE__)(void)

#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)

void check(bool condition, const char *text, const char *file, int line);

// Whether a call failed with this error.
#define FAILS(call, number) (errno = 0, (long)(call) == -1 && errno == (number))

// A child that runs the function and ends with what it gives.
pid_t start(int (*function)(void *), void *argument);
// Waits for it: its exit status, or 1000 and the signal that ended it.
int end_of(pid_t child);

void pause_ms(long milliseconds);
// The monotonic clock in milliseconds.
long now_ms(void);
