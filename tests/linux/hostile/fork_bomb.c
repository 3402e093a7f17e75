// SPDX-License-Identifier: MIT
// Forks without end, and so do all children, until SECONDS are over or nothing forks any more.
//
//     fork_bomb SECONDS
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words)
{
    unsigned seconds = count > 1 ? (unsigned)atoi(words[1]) : 2;
    pid_t first = fork();
    if (first == 0) {
        setpgid(0, 0);
        for (;;) {
            (void)fork();
        }
    }
    if (first < 0) {
        printf("the first fork failed: error %d\n", errno);
        return 1;
    }
    setpgid(first, first);
    struct timespec time = {.tv_sec = seconds};
    nanosleep(&time, nullptr);
    // Ends those that are there, until none is left: what is being forked meanwhile is of the group too.
    while (kill(-first, SIGKILL) == 0) {
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        time = (struct timespec){.tv_nsec = 10'000'000};
        nanosleep(&time, nullptr);
    }
    pid_t after = fork();
    if (after == 0) {
        _exit(0);
    }
    int status = -1;
    waitpid(after, &status, 0);
    printf("%s\n", after > 0 && status == 0 ? "over, and a fork succeeds again"
                                            : "no fork succeeds any more");
    return 0;
}
