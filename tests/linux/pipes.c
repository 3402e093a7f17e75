// SPDX-License-Identifier: MIT
// Pipes, fifos and events between processes.
#include "single/pipes.h"

static void write_later(void)
{
    pause_ms(50);
    _exit(SYS(write, writer(), AT("later"), 5) == 5 ? 7 : 1);
}

TEST("a reader waits until something is written")
{
    fresh();
    char text[16] = {};
    make_pipe(0);
    pid_t child = child_of(write_later);
    CHECK(SYS(read, reader(), AT(text), 16) == 5 && strcmp(text, "later") == 0);
    CHECK(end_of(child) == 7);
}

static void end_later(void)
{
    pause_ms(50);
    _exit(7);
}

TEST("a waiting reader learns that the last writer is gone")
{
    fresh();
    char byte;
    make_pipe(0);
    pid_t child = child_of(end_later);
    CHECK(SYS(close, writer()) == 0);
    CHECK(SYS(read, reader(), AT(&byte), 1) == 0);
    CHECK(end_of(child) == 7);
}

static void write_much(void)
{
    static char block[200000];
    memset(block, 'z', sizeof block);
    _exit(SYS(write, writer(), AT(block), sizeof block) == sizeof block ? 7 : 1);
}

TEST("a writer of more than fits waits, and all comes through")
{
    fresh();
    static char block[10000];
    int64_t sum = 0;
    make_pipe(0);
    pid_t child = child_of(write_much);
    while (sum < 200000) {
        int64_t got = SYS(read, reader(), AT(block), sizeof block);
        CHECK(got > 0 && block[0] == 'z' && block[got - 1] == 'z');
        sum += got;
    }
    CHECK(sum == 200000);
    CHECK(end_of(child) == 7);
}

static void write_as(void)
{
    char block[4096];
    memset(block, getpid() & 0xFF, sizeof block);
    for (int i = 0; i < 32; i++) {
        if (SYS(write, writer(), AT(block), sizeof block) != sizeof block) {
            _exit(1);
        }
    }
    _exit(7);
}

TEST("pieces of PIPE_BUF bytes of several writers are never mixed")
{
    fresh();
    make_pipe(0);
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = child_of(write_as);
    }
    for (int piece = 0; piece < 96; piece++) {
        char block[4096];
        size_t size = 0;
        while (size < sizeof block) {
            int64_t got = SYS(read, reader(), AT(block + size), sizeof block - size);
            CHECK(got > 0);
            size += (size_t)got;
        }
        for (size_t i = 1; i < sizeof block; i++) {
            CHECK(block[i] == block[0]);
        }
    }
    for (int i = 0; i < 3; i++) {
        CHECK(end_of(children[i]) == 7);
    }
}

static void nothing(int signal)
{
    (void)signal;
}

static void signal_parent(void)
{
    pause_ms(50);
    kill(getppid(), SIGUSR1);
    pause_ms(50);
    (void)SYS(write, writer(), AT("x"), 1);
    _exit(7);
}

TEST("a signal breaks off reading, or it goes on, as its handler was set")
{
    fresh();
    char byte;
    make_pipe(0);
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    pid_t child = child_of(signal_parent);
    CHECK(SYS(read, reader(), AT(&byte), 1) == -EINTR);
    CHECK(SYS(read, reader(), AT(&byte), 1) == 1);
    CHECK(end_of(child) == 7);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    child = child_of(signal_parent);
    CHECK(SYS(read, reader(), AT(&byte), 1) == 1);
    CHECK(end_of(child) == 7);
}

static void write_fifo(void)
{
    pause_ms(50);
    int64_t file = SYS(open, AT("f"), O_WRONLY);
    _exit(file >= 0 && SYS(write, (uint64_t)file, AT("through"), 7) == 7 ? 7 : 1);
}

TEST("who opens a fifo waits for the other end")
{
    fresh();
    char text[16] = {};
    CHECK(SYS(mknod, AT("f"), S_IFIFO | 0600, 0) == 0);
    pid_t child = child_of(write_fifo);
    CHECK(SYS(open, AT("f"), O_RDONLY) == 0);
    CHECK(SYS(read, 0, AT(text), 16) == 7);
    CHECK(SYS(read, 0, AT(text), 16) == 0);
    CHECK(end_of(child) == 7);
}

static void add_to_event(void)
{
    uint64_t value = 9;
    pause_ms(50);
    _exit(SYS(write, 0, AT(&value), 8) == 8 ? 7 : 1);
}

TEST("a reader of eventfd waits for a writer")
{
    fresh();
    uint64_t value = 0;
    CHECK(SYS(eventfd2, 0, 0) == 0);
    pid_t child = child_of(add_to_event);
    CHECK(SYS(read, 0, AT(&value), 8) == 8 && value == 9);
    CHECK(end_of(child) == 7);
}

TEST("a pipe can be filled and emptied many times over")
{
    fresh();
    static char out[60000], in[60000];
    make_pipe(0);
    for (int round = 0; round < 50; round++) {
        memset(out, round, sizeof out);
        CHECK(SYS(write, writer(), AT(out), sizeof out) == sizeof out);
        size_t size = 0;
        while (size < sizeof in) {
            int64_t got = SYS(read, reader(), AT(in + size), 7001);
            CHECK(got > 0);
            size += (size_t)got;
        }
        CHECK(memcmp(in, out, sizeof in) == 0);
    }
}
