// SPDX-License-Identifier: MIT
// One thread reads a file, whose server may take its time; the other says meanwhile that it goes on. Begins when a line comes.
//
//     slow_file FILE
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile bool over;
static long long size;

static void *read_file(void *path)
{
    static char piece[1 << 16];
    int file = open(path, O_RDONLY);
    ssize_t length;
    while ((length = read(file, piece, sizeof piece)) > 0) {
        size += length;
    }
    over = true;
    return nullptr;
}

int main(int count, char **words)
{
    char line[8];
    pthread_t reader;
    setvbuf(stdout, nullptr, _IONBF, 0);
    printf("ready\n");
    if (count < 2 || read(0, line, sizeof line) <= 0 ||
        pthread_create(&reader, nullptr, read_file, words[1]) != 0) {
        return 1;
    }
    for (long ticks = 1; !over; ticks++) {
        // What needs linuxd, and is not only computed.
        nanosleep(&(struct timespec){.tv_nsec = 20'000'000}, nullptr);
        int ends[2];
        if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1 || read(ends[0], line, 1) != 1) {
            return 1;
        }
        close(ends[0]);
        close(ends[1]);
        printf("tick %ld\n", ticks);
    }
    pthread_join(reader, nullptr);
    printf("read %lld\n", size);
    return 0;
}
