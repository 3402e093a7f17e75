// SPDX-License-Identifier: MIT
// Pipes, fifos, eventfd, timerfd and signalfd.
#include "../../../tests/linux/single/pipes.h"

TEST("a full pipe takes again as many bytes as were read")
{
    world();
    static char block[65536];
    make_pipe(O_NONBLOCK);
    CHECK(SYS(read, reader(), AT(block), 1) == -EAGAIN);
    CHECK(SYS(read, reader(), AT(block), 0) == 0);
    CHECK(SYS(write, writer(), AT(block), 65'000) == 65'000);
    CHECK(SYS(write, writer(), AT(block), 4096) == -EAGAIN);
    CHECK(SYS(write, writer(), AT(block), 536) == 536);
    CHECK(SYS(write, writer(), AT(block), 1) == -EAGAIN);
    CHECK(SYS(read, reader(), AT(block), 10) == 10);
    CHECK(SYS(write, writer(), AT(block), 5000) == 10);
}

static char seen[8192];
static int64_t seen_result;

static void read_some(void *context)
{
    (void)context;
    seen_result = SYS(read, 0, AT(seen), sizeof seen);
}

// A process that shares the descriptors of the first one.
static struct caller *fork_process(void)
{
    struct caller *process = process_make(200);
    struct descriptors *copy = descriptors_copy(caller()->descriptors);
    descriptors_drop(process->descriptors);
    process->descriptors = copy;
    return process;
}

TEST("a reader waits until something is written")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    strand_start(second, read_some, nullptr);
    CHECK(strands_left() == 1);
    CHECK(SYS(write, writer(), AT("hello"), 5) == 5);
    strands_run();
    CHECK(seen_result == 5 && memcmp(seen, "hello", 5) == 0);
    process_end(second);
}

TEST("a waiting reader learns that the last writer is gone")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    (void)descriptor_close(second->descriptors, 1);
    seen_result = -1;
    strand_start(second, read_some, nullptr);
    CHECK(SYS(close, writer()) == 0);
    strands_run();
    CHECK(seen_result == 0 && strands_left() == 0);
    process_end(second);
}

TEST("a signal breaks off reading from an empty pipe")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    strand_start(second, read_some, nullptr);
    strand_break();
    CHECK(seen_result == RESTART_CALL);
    process_end(second);
}

static int64_t written;

static void write_much(void *context)
{
    static char block[200'000];
    memset(block, *(char *)context, sizeof block);
    written = SYS(write, 1, AT(block), sizeof block);
}

TEST("a writer of more than fits waits, and all comes through")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    char letter = 'z';
    strand_start(second, write_much, &letter);
    int64_t sum = 0;
    while (sum < 200'000) {
        int64_t got = SYS(read, reader(), AT(seen), sizeof seen);
        REQUIRE(got > 0);
        sum += got;
        strands_run();
    }
    CHECK(written == 200'000 && sum == 200'000);
    process_end(second);
}

TEST("a writer that is broken off says how much was taken")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    char letter = 'z';
    strand_start(second, write_much, &letter);
    strand_break();
    CHECK(written == 65'536);
    process_end(second);
}

static void write_letters(void *context)
{
    char block[4096];
    memset(block, *(char *)context, sizeof block);
    for (int i = 0; i < 8; i++) {
        (void)SYS(write, 1, AT(block), sizeof block);
    }
}

TEST("pieces of up to PIPE_BUF bytes are never mixed, whoever waits in between")
{
    world();
    make_pipe(0);
    struct caller *second = fork_process();
    struct caller *third = fork_process();
    char a = 'a', b = 'b';
    copies_wait = true;
    strand_start(second, write_letters, &a);
    strand_start(third, write_letters, &b);
    static char all[65'536];
    int64_t sum = 0;
    while (sum < 65'536) {
        int64_t got = SYS(read, reader(), AT(all + sum), (uint64_t)(65'536 - sum));
        REQUIRE(got > 0);
        sum += got;
    }
    strands_run();
    copies_wait = false;
    for (int piece = 0; piece < 16; piece++) {
        bool same = true;
        for (int i = 0; i < 4096; i++) {
            same = same && all[piece * 4096 + i] == all[piece * 4096];
        }
        CHECK(same);
    }
    strands_run();
    CHECK(strands_left() == 0);
    process_end(second);
    process_end(third);
}

TEST("a pipe is never made smaller than what is in it")
{
    world();
    static char block[65536];
    make_pipe(O_NONBLOCK);
    CHECK(SYS(fcntl, reader(), F_GETPIPE_SZ) == 65'536);
    CHECK(SYS(write, writer(), AT("0123456789"), 10) == 10);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, 5000) == 8192);
    CHECK(SYS(write, writer(), AT(block), 65'536) == 8182);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, 4096) == -EBUSY);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, 1 << 20) == 1 << 20);
    CHECK(SYS(fcntl, writer(), F_SETPIPE_SZ, (1 << 20) + 1) == -EPERM);
    CHECK(SYS(read, reader(), AT(block), 10) == 10 && memcmp(block, "0123456789", 10) == 0);
    int32_t unread = 0;
    CHECK(SYS(ioctl, reader(), FIONREAD, AT(&unread)) == 0 && unread == 8182);
    CHECK(write_text("/a", "x") == 1);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 2);
    CHECK(SYS(fcntl, 2, F_GETPIPE_SZ) == -EBADF);
}

TEST("a pipe without memory says so")
{
    world();
    make_pipe(0);
    int64_t left = pages_left;
    pages_left = 0;
    CHECK(SYS(write, writer(), AT("x"), 1) == -ENOMEM);
    pages_left = left;
    for (int64_t fails = 0; fails < 4; fails++) {
        store_fails_after = fails;
        CHECK(SYS(pipe, AT(ends)) == -ENFILE);
        store_fails_after = -1;
    }
}

// Fifos.

static int64_t opened;

static void open_to_write(void *context)
{
    (void)context;
    opened = SYS(open, AT("/f"), O_WRONLY);
    if (opened >= 0) {
        (void)SYS(write, (uint64_t)opened, AT("through"), 7);
        (void)SYS(close, (uint64_t)opened);
    }
}

TEST("who opens a fifo waits for the other end")
{
    world();
    char text[16] = {};
    CHECK(SYS(mknod, AT("/f"), S_IFIFO | 0600) == 0);
    struct caller *second = process_make(200);
    strand_start(second, open_to_write, nullptr);
    CHECK(strands_left() == 1);
    CHECK(SYS(open, AT("/f"), O_RDONLY) == 0);
    strands_run();
    CHECK(opened == 0);
    CHECK(SYS(read, 0, AT(text), 16) == 7);
    CHECK(SYS(read, 0, AT(text), 16) == 0);
    process_end(second);
}

TEST("opening a fifo can be broken off")
{
    world();
    CHECK(SYS(mknod, AT("/f"), S_IFIFO | 0600) == 0);
    struct caller *second = process_make(200);
    strand_start(second, open_to_write, nullptr);
    strand_break();
    CHECK(opened == RESTART_CALL);
    CHECK(SYS(open, AT("/f"), O_WRONLY | O_NONBLOCK) == -ENXIO);
    process_end(second);
}

// eventfd.

TEST("a reader of eventfd waits for a writer")
{
    world();
    CHECK(SYS(eventfd, 0) == 0);
    struct caller *second = fork_process();
    strand_start(second, read_some, nullptr);
    uint64_t value = 9;
    CHECK(SYS(write, 0, AT(&value), 8) == 8);
    strands_run();
    CHECK(seen_result == 8 && seen[0] == 9);
    process_end(second);
}

// signalfd.

TEST("signalfd gives pending signals of its set")
{
    world();
    uint64_t set = 1 << (SIGUSR1 - 1);
    uint32_t record[64] = {};
    CHECK(SYS(signalfd4, UINT64_MAX, AT(&set), 8, O_NONBLOCK) == 0);
    CHECK(SYS(read, 0, AT(record), 256) == -EAGAIN);
    signals_pending = 1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1);
    CHECK(SYS(read, 0, AT(record), 256) == 128 && record[0] == SIGUSR1);
    set = 1 << (SIGUSR2 - 1);
    CHECK(SYS(signalfd4, 0, AT(&set), 8, 0) == 0);
    CHECK(SYS(read, 0, AT(record), 256) == 128 && record[0] == SIGUSR2);
    CHECK(SYS(read, 0, AT(record), 100) == -EINVAL);
    CHECK(SYS(signalfd4, UINT64_MAX, AT(&set), 4, 0) == -EINVAL);
    CHECK(SYS(signalfd4, 9, AT(&set), 8, 0) == -EBADF);
    CHECK(SYS(eventfd, 0) == 1);
    CHECK(SYS(signalfd4, 1, AT(&set), 8, 0) == -EINVAL);
}
