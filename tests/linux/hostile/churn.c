// SPDX-License-Identifier: MIT
// Rounds of what takes and gives back memory: fork, exec, mprotect, munmap, threads of control in pipes. Prints the free memory before
// and after, which /proc/meminfo tells, in KiB.
//
//     churn ROUNDS
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long free_memory(void)
{
    char text[2'048] = "";
    int file = open("/proc/meminfo", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    char *found = length > 0 ? strstr(text, "MemFree:") : nullptr;
    return found != nullptr ? atol(found + 8) : -1;
}

static bool round_of(char *self)
{
    constexpr size_t SIZE = 256 << 10;
    char *memory = mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    memset(memory, 1, SIZE);
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        memset(memory, 2, SIZE / 2);
        mprotect(memory, SIZE / 4, PROT_READ);
        munmap(memory + SIZE / 2, SIZE / 4);
        char *words[] = {self, "0", nullptr};
        dup2(ends[1], 1);
        execv("/proc/self/exe", words);
        _exit(1);
    }
    close(ends[1]);
    char text[64];
    bool said = read(ends[0], text, sizeof text) > 0;
    close(ends[0]);
    int status = -1;
    waitpid(child, &status, 0);
    mprotect(memory + SIZE / 2, SIZE / 4, PROT_NONE);
    munmap(memory, SIZE);
    return said && status == 0 && memory != nullptr;
}

int main(int count, char **words)
{
    long rounds = count > 1 ? atol(words[1]) : 100;
    if (rounds == 0) {
        printf("here\n");
        return 0;
    }
    // The first round takes what stays, such as the C library's buffers.
    if (!round_of(words[0])) {
        printf("the first round failed\n");
        return 1;
    }
    long before = free_memory();
    for (long i = 0; i < rounds; i++) {
        if (!round_of(words[0])) {
            printf("round %ld failed\n", i);
            return 1;
        }
    }
    long after = free_memory();
    printf("%ld rounds, free before %ld KiB, after %ld KiB\n", rounds, before, after);
    return 0;
}
