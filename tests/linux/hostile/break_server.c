// SPDX-License-Identifier: MIT
// Makes the call whose handler in linuxd a test has broken, beside a child that would run for ever.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

int main(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            (void)getppid();
        }
    }
    struct sysinfo information;
    printf("the server answered %d\n", sysinfo(&information));
    return child > 0 ? 0 : 1;
}
