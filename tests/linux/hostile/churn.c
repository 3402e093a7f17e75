// SPDX-License-Identifier: MIT
// Rounds of what takes and gives back memory: fork, exec, mprotect, munmap, threads of control in pipes. Prints what the sandbox has in use
// before and after, in the words of /proc/kozo: capability slots, blocks of slots for Mappings, page tables, pages.
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

static void tell_use(const char *when)
{
    char text[256] = "";
    int file = open("/proc/kozo", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    for (ssize_t i = 0; i < length - 1; i++) {
        text[i] = text[i] == '\n' ? ' ' : text[i];
    }
    printf("%s: %s", when, text);
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
    // The first rounds take what stays, such as the C library's buffers, and threads that wait to be used again.
    for (int i = 0; i < 3; i++) {
        if (!round_of(words[0])) {
            printf("a first round failed\n");
            return 1;
        }
    }
    tell_use("before");
    for (long i = 0; i < rounds; i++) {
        if (!round_of(words[0])) {
            printf("round %ld failed\n", i);
            return 1;
        }
    }
    tell_use("after");
    printf("%ld rounds\n", rounds);
    return 0;
}
