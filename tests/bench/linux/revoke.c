// SPDX-License-Identifier: MIT
// What a program notices when a folder is taken back in which it has files open: it reads one byte after the other, says that it is
// ready, and goes on until a read fails. Then none of its descriptors may give a byte any more.
//
//     revoke FOLDER FILES      prints: revoked NANOSECONDS ALIVE
//
// The time is that between the end of the last read that went well and the end of the first that did not.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

constexpr int MOST = 1000;

static int file[MOST];

static long long now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

static int give_up(const char *what)
{
    perror(what);
    return 1;
}

static int count_alive(int files)
{
    int alive = 0;
    char byte = 0;
    for (int i = 0; i < files; i++) {
        alive += pread(file[i], &byte, 1, 0) != -1 || errno != EIO;
    }
    return alive;
}

int main(int count, char **arguments)
{
    int files = count == 3 ? atoi(arguments[2]) : 0;
    char byte = 0;
    if (files < 1 || files > MOST || chdir(arguments[1]) != 0) {
        return give_up("revoke FOLDER FILES");
    }
    for (int i = 0; i < files; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        file[i] = open(name, O_RDONLY | O_CLOEXEC);
        if (file[i] < 0 || pread(file[i], &byte, 1, 0) != 1) {
            return give_up(name);
        }
    }
    (void)puts("ready");
    (void)fflush(stdout);
    long long last = now();
    while (pread(file[0], &byte, 1, 0) == 1) {
        last = now();
    }
    long long ended = now();
    if (errno != EIO) {
        return give_up("a read");
    }
    (void)printf("revoked %lld %d\n", ended - last, count_alive(files));
    return 0;
}
