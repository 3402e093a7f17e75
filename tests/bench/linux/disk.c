// SPDX-License-Identifier: MIT
// The first program of a Linux guest: reads a disk as bench/disk does on KOZO, past the page cache, and
// tells how long that took.
//
// Its kernel command line holds the rows, as `row=BYTES,REQUEST,DEPTH`, each with so many requests under
// way at a time. It prints `read REQUEST DEPTH BYTES NANOSECONDS` for each, and turns the machine off.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65'536, DEPTH_MOST = 16 };

static uint8_t memory[DEPTH_MOST][MOST] __attribute__((aligned(4096)));
static struct iocb request[DEPTH_MOST];

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1'000'000'000 + (uint64_t)time.tv_nsec;
}

// Modules lie in the folder /modules, named so that their order is that of their needs.
static void load_modules(void)
{
    char path[32];
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(path, sizeof path, "/modules/%02u", i);
        int file = open(path, O_RDONLY);
        if (file < 0) {
            return;
        }
        if (syscall(SYS_finit_module, file, "", 0) != 0) {
            printf("module %u can't be loaded: %m\n", i);
        }
        close(file);
    }
}

static void begin(aio_context_t context, int disk, size_t slot, uint64_t offset, uint64_t length)
{
    struct iocb *one = &request[slot];
    *one = (struct iocb){.aio_data = slot,
                         .aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = (uint32_t)disk,
                         .aio_buf = (uint64_t)(uintptr_t)memory[slot],
                         .aio_nbytes = length,
                         .aio_offset = (int64_t)offset};
    if (syscall(SYS_io_submit, context, 1, &one) != 1) {
        printf("a read can't be begun: %m\n");
    }
}

static void read_disk(int disk, uint64_t bytes, uint64_t length, uint64_t depth)
{
    aio_context_t context = 0;
    if (depth == 0 || depth > DEPTH_MOST || length > MOST ||
        syscall(SYS_io_setup, DEPTH_MOST, &context) != 0) {
        return;
    }
    uint64_t start = now();
    uint64_t next = 0;
    uint64_t done = 0;
    for (size_t slot = 0; slot < depth && next < bytes; slot++, next += length) {
        begin(context, disk, slot, next, length);
    }
    while (done < bytes) {
        struct io_event event;
        if (syscall(SYS_io_getevents, context, 1, 1, &event, nullptr) != 1 ||
            event.res != (int64_t)length) {
            printf("a read failed\n");
            return;
        }
        done += length;
        if (next < bytes) {
            begin(context, disk, event.data, next, length);
            next += length;
        }
    }
    printf("read %lu %lu %lu %lu\n", length, depth, bytes, now() - start);
    syscall(SYS_io_destroy, context);
}

int main(void)
{
    static char line[4096];
    mount("dev", "/dev", "devtmpfs", 0, "");
    mount("proc", "/proc", "proc", 0, "");
    load_modules();
    int file = open("/proc/cmdline", O_RDONLY);
    (void)!read(file, line, sizeof line - 1);
    int disk = open("/dev/vda", O_RDONLY | O_DIRECT);
    if (disk < 0) {
        printf("there is no disk: %m\n");
    }
    for (char *word = strtok(line, " \n"); disk >= 0 && word != nullptr;
         word = strtok(nullptr, " \n")) {
        uint64_t bytes, length, depth;
        if (sscanf(word, "row=%lu,%lu,%lu", &bytes, &length, &depth) == 3) {
            read_disk(disk, bytes, length, depth);
        }
    }
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    return 0;
}
