// SPDX-License-Identifier: MIT
// Random system calls: any number, arguments that are random or look as if they meant something.
//
//     random_calls COUNT [SEED]
//
// Children make the calls, since many calls end or stop who makes them. The parent counts on a page that all share, and
// ends a child that gets no further. The last line says how many calls were made, and by how many children.
//
// On Linux it refuses: it would change the machine that it runs on.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

constexpr long CALLS_OF_A_CHILD = 5'000;
constexpr unsigned NUMBERS = 470; // a few beyond the last call that Linux has

struct shared {
    volatile long made;
    volatile uint64_t state; // of the generator, so that the next child does not repeat
};

static struct shared *shared;
static char page[4'096];

// xorshift, Marsaglia 2003: good enough to reach odd corners, and the same everywhere.
static uint64_t next(void)
{
    uint64_t x = shared->state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return shared->state = x;
}

static uint64_t argument(void)
{
    static const uint64_t odd[] = {
        0,
        1,
        2,
        UINT64_MAX,
        UINT64_MAX - 1,
        INT64_MAX,
        (uint64_t)INT64_MIN,
        UINT32_MAX,
        INT32_MAX,
        4'095,
        4'096,
        4'097,
        1ul << 47,
        (1ul << 47) - 1,
        1ul << 40,
        0xdeadbeef,
        0x400000,
        0xffff800000000000,
        (uint64_t)AT_FDCWD,
        (uint64_t)-4'095,
    };
    switch (next() % 6) {
    case 0:
        return odd[next() % (sizeof odd / sizeof odd[0])];
    case 1:
        return next() % 16;
    case 2:
        return (uint64_t)page + next() % sizeof page;
    case 3:
        return 1ul << (next() % 64);
    case 4:
        return (uint64_t)&shared & ~0xffful;
    default:
        return next();
    }
}

// What ends the test rather than testing anything: the parent's work is done by others of its kind.
static bool is_spared(long number)
{
    switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_send_signal:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_clone3:
    case SYS_reboot:
        return true;
    default:
        return false;
    }
}

static void nothing(int signal)
{
    (void)signal;
}

static void make_calls(long most)
{
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGALRM, &action, nullptr);
    struct itimerval often = {{0, 20'000}, {0, 20'000}};
    setitimer(ITIMER_REAL, &often, nullptr);
    // What is written must not end up in the report, nor on a console: not even when one before has left no room for descriptors.
    for (int i = 0; i < 3; i++) {
        close(i);
    }
    for (int i = 0; i < 3; i++) {
        (void)open("/dev/null", O_RDWR);
    }
    for (long i = 0; i < CALLS_OF_A_CHILD && shared->made < most; i++) {
        long number = (long)(next() % NUMBERS);
        if (is_spared(number)) {
            continue;
        }
        for (size_t at = 0; at < sizeof page; at += 8) {
            *(volatile uint64_t *)&page[at] = at % 64 == 0 ? argument() : 0;
        }
        uint64_t word[6];
        for (int at = 0; at < 6; at++) {
            word[at] = argument();
        }
        shared->made++;
        syscall(number, word[0], word[1], word[2], word[3], word[4], word[5]);
    }
    _exit(0);
}

static void end_if_stuck(pid_t child)
{
    long before = -1;
    for (;;) {
        struct timespec pause = {0, 2'000'000};
        for (int i = 0; i < 150; i++) {
            if (waitpid(child, nullptr, WNOHANG) == child) {
                return;
            }
            nanosleep(&pause, nullptr);
        }
        if (shared->made == before) {
            kill(child, SIGKILL);
            waitpid(child, nullptr, 0);
            return;
        }
        before = shared->made;
    }
}

static bool is_kozo(void)
{
    struct utsname name;
    return uname(&name) == 0 && (strcasestr(name.release, "kozo") != nullptr ||
                                 strcasestr(name.version, "kozo") != nullptr);
}

int main(int count, char **words)
{
    if (!is_kozo()) {
        printf("this is not KOZO\n");
        return 1;
    }
    long most = count > 1 ? atol(words[1]) : 10'000;
    shared = mmap(nullptr, 4'096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return 1;
    }
    shared->state = count > 2 ? strtoul(words[2], nullptr, 0) | 1 : 88'172'645'463'325'252;
    long children = 0;
    while (shared->made < most) {
        pid_t child = fork();
        if (child == 0) {
            make_calls(most);
        }
        if (child < 0) {
            printf("no child: error %d\n", errno);
            return 1;
        }
        end_if_stuck(child);
        children++;
    }
    printf("%ld calls by %ld children\n", shared->made, children);
    return 0;
}
