// SPDX-License-Identifier: MIT
// A program that means no harm, for the sandbox beside: each round forks, executes, passes data through pipes, writes and reads a file,
// and takes and gives memory. It says how many rounds came out right, and how long the slowest took.
//
//     beside ROUNDS
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

constexpr size_t DATA = 48 << 10; // less than a pipe holds

static uint8_t data[DATA], back[DATA];

static void fill(uint32_t seed)
{
    for (size_t i = 0; i < DATA; i++) {
        seed = seed * 1'103'515'245 + 12'345;
        data[i] = (uint8_t)(seed >> 16);
    }
}

// The child's part: gives back what it reads, each byte inverted.
static int invert(void)
{
    ssize_t length;
    while ((length = read(0, back, DATA)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            back[i] = (uint8_t)~back[i];
        }
        if (write(1, back, (size_t)length) != length) {
            return 1;
        }
    }
    return 0;
}

static bool read_all(int from, uint8_t *to, size_t size)
{
    size_t done = 0;
    ssize_t part = 1;
    while (done < size && part > 0) {
        part = read(from, to + done, size - done);
        done += part > 0 ? (size_t)part : 0;
    }
    return done == size;
}

static bool through_child(char *self)
{
    int there[2], here[2];
    if (pipe2(there, O_CLOEXEC) != 0 || pipe2(here, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(there[0], 0);
        dup2(here[1], 1);
        execl("/proc/self/exe", self, "invert", nullptr);
        _exit(1);
    }
    close(there[0]);
    close(here[1]);
    bool good = child > 0 && write(there[1], data, DATA) == (ssize_t)DATA;
    close(there[1]);
    good = good && read_all(here[0], back, DATA);
    close(here[0]);
    int status = -1;
    waitpid(child, &status, 0);
    for (size_t i = 0; i < DATA; i++) {
        good = good && back[i] == (uint8_t)~data[i];
    }
    return good && status == 0;
}

static bool through_file(void)
{
    int file = open("/tmp/beside", O_CREAT | O_RDWR | O_TRUNC, 0600);
    bool good = file >= 0 && write(file, data, DATA) == (ssize_t)DATA &&
                pread(file, back, DATA, 0) == (ssize_t)DATA && memcmp(data, back, DATA) == 0;
    close(file);
    return unlink("/tmp/beside") == 0 && good;
}

static bool through_memory(void)
{
    constexpr size_t SIZE = 1 << 20;
    uint8_t *memory =
        mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    bool good = true;
    for (size_t at = 0; at < SIZE; at += 4'096) {
        good = good && memory[at] == 0;
        memory[at] = data[at % DATA];
    }
    for (size_t at = 0; at < SIZE; at += 4'096) {
        good = good && memory[at] == data[at % DATA];
    }
    return munmap(memory, SIZE) == 0 && good;
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "invert") == 0) {
        return invert();
    }
    long rounds = count > 1 ? atol(words[1]) : 10;
    long right = 0, slowest = 0;
    for (long i = 0; i < rounds; i++) {
        long begun = now();
        fill((uint32_t)i);
        right += through_child(words[0]) && through_file() && through_memory();
        long took = now() - begun;
        slowest = took > slowest ? took : slowest;
    }
    printf("beside: %ld of %ld rounds right, the slowest in %ld ms\n", right, rounds, slowest);
    return right == rounds ? 0 : 1;
}
