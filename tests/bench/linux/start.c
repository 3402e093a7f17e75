// SPDX-License-Identifier: MIT
// How long a program takes from fork to the end, the same on Linux and on KOZO.
//
//     start NAME COUNT PROGRAM ARGUMENT…
//
// runs it once unmeasured, so that its files are in memory, and then COUNT times, one after the other. Its output goes
// nowhere, and it has to end with 0. One line in the form of lat.c: NAME NS COUNT TSC, for one run.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void become(char **command)
{
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 0);
    dup2(nowhere, 1);
    execv(command[0], command);
    perror(command[0]);
    _exit(127);
}

// A plugin of the emulator counts from one call of this to the next.
[[gnu::noinline]] void operation_begins(void);
void operation_begins(void)
{
    __asm__ volatile("");
}

static int run(char **command)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        become(command);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int count_of, char **arguments)
{
    if (count_of < 4) {
        return 2;
    }
    char **command = arguments + 3;
    long count = atol(arguments[2]);
    if (!run(command)) {
        return 1;
    }
    uint64_t began = nanoseconds();
    uint64_t ticks = __builtin_ia32_rdtsc();
    for (long i = 0; i < count; i++) {
        operation_begins();
        if (!run(command)) {
            return 1;
        }
    }
    operation_begins();
    ticks = __builtin_ia32_rdtsc() - ticks;
    double all = (double)count;
    printf("%s %.2f %ld %.2f\n", arguments[1], (double)(nanoseconds() - began) / all, count,
           (double)ticks / all);
    return 0;
}
