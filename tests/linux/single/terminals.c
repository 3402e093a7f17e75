// SPDX-License-Identifier: MIT
// Pseudo-terminals: the line discipline, sizes, flushing.
#include <calls.h>

// As programs of Linux have it; the C library's is another.
struct settings {
    uint32_t input, output, control, local;
    uint8_t line;
    uint8_t character[19];
};

// A pseudo-terminal: 0 is its master, 1 the terminal, which controls the process.
static char name[32];

static void pty_world(void)
{
    int32_t unlocked = 0;
    uint32_t number = 0;
    fresh_with_devices();
    new_session();
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR | O_NOCTTY) == 0);
    CHECK(SYS(ioctl, 0, TIOCGPTN, AT(&number)) == 0);
    (void)snprintf(name, sizeof name, "/dev/pts/%u", number);
    CHECK(SYS(open, AT(name), O_RDWR) == -EIO);
    CHECK(SYS(ioctl, 0, TIOCSPTLCK, AT(&unlocked)) == 0);
    CHECK(SYS(open, AT(name), O_RDWR) == 1);
}

static char text[512];

// What the terminal shows.
static const char *shown(void)
{
    const int wait_ms = 50;
    size_t size = 0;
    struct pollfd look = {0, POLLIN, 0};
    memset(text, 0, sizeof text);
    while (size < sizeof text - 1 && SYS(poll, AT(&look), 1, wait_ms) == 1 &&
           (look.revents & POLLIN) != 0) {
        int64_t got = SYS(read, 0, AT(text + size), sizeof text - 1 - size);
        CHECK(got > 0);
        size += (size_t)got;
    }
    return text;
}

// On Linux what is typed arrives a little later.
static void type(const char *bytes)
{
    const long wait_ms = 20;
    CHECK(SYS(write, 0, AT(bytes), strlen(bytes)) == (int64_t)strlen(bytes));
    pause_ms(wait_ms);
}

// What a program reads.
static const char *line(void)
{
    memset(text, 0, sizeof text);
    (void)SYS(read, 1, AT(text), sizeof text - 1);
    return text;
}

static void change(uint32_t local_off, uint32_t local_on)
{
    struct settings settings;
    CHECK(SYS(ioctl, 1, TCGETS, AT(&settings)) == 0);
    settings.local = (settings.local & ~local_off) | local_on;
    CHECK(SYS(ioctl, 1, TCSETS, AT(&settings)) == 0);
}

TEST("a line is read when it has ended, and what is typed is shown")
{
    pty_world();
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK) == 0);
    type("hel");
    CHECK(SYS(read, 1, AT(text), 10) == -EAGAIN);
    type("lo\rmore\n");
    CHECK(strcmp(shown(), "hello\r\nmore\r\n") == 0);
    CHECK(strcmp(line(), "hello\n") == 0);
    CHECK(strcmp(line(), "more\n") == 0);
}

TEST("a line is read in parts if there is little room")
{
    pty_world();
    type("hello\n");
    CHECK(SYS(read, 1, AT(text), 2) == 2);
    CHECK(strcmp(line(), "llo\n") == 0);
}

TEST("what a program writes is shown with returns")
{
    pty_world();
    CHECK(SYS(write, 1, AT("a\nb\n"), 4) == 4);
    CHECK(strcmp(shown(), "a\r\nb\r\n") == 0);
}

TEST("typing can be corrected")
{
    pty_world();
    type("hexx\x7f\x7fllo\n");
    CHECK(strcmp(line(), "hello\n") == 0);
    CHECK(strcmp(shown(), "hexx\b \b\b \bllo\r\n") == 0);
    type("one two  \x17three\n");
    CHECK(strcmp(line(), "one three\n") == 0);
    type("lost\x15kept\n");
    CHECK(strcmp(line(), "kept\n") == 0);
    type("\x7f\x7fx\n");
    CHECK(strcmp(line(), "x\n") == 0);
}

TEST("control characters are shown as two, and erased as two")
{
    pty_world();
    type("a\x01\x7f\x7f");
    CHECK(strcmp(shown(), "a^A\b \b\b \b\b \b") == 0);
}

TEST("a literal character is one that edits nothing")
{
    pty_world();
    type("a\x16\x7f\x16\x03\n");
    CHECK(strcmp(line(), "a\x7f\x03\n") == 0);
    CHECK(last_signal == 0);
}

TEST("the end of a file is typed at the start of a line, and ends a part of one")
{
    pty_world();
    type("\x04");
    CHECK(SYS(read, 1, AT(text), 10) == 0);
    type("part\x04");
    CHECK(strcmp(line(), "part") == 0);
    type("x\n");
    CHECK(strcmp(line(), "x\n") == 0);
}

TEST("without echo nothing is shown")
{
    pty_world();
    change(ECHO, 0);
    type("secret\n");
    CHECK(strcmp(shown(), "") == 0);
    change(0, ECHONL);
    type("secret\n");
    CHECK(strcmp(shown(), "\r\n") == 0);
}

TEST("in raw mode each byte is read as it comes")
{
    pty_world();
    change(ICANON | ECHO | ISIG | IEXTEN, 0);
    type("a\x03\x7f");
    CHECK(strcmp(line(), "a\x03\x7f") == 0);
}

TEST("what was typed in one mode is there in the other")
{
    pty_world();
    type("abc");
    change(ICANON, 0);
    CHECK(strcmp(line(), "abc") == 0);
    type("def");
    change(0, ICANON);
    CHECK(strcmp(line(), "def") == 0);
}

TEST("a program that writes more than fits waits for who reads")
{
    pty_world();
    static char block[20000];
    memset(block, 'x', sizeof block);
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK) == 0);
    int64_t sum = 0, written = 0;
    while ((written = SYS(write, 1, AT(block), sizeof block)) > 0) {
        sum += written;
    }
    CHECK(written == -EAGAIN && sum > 4000);
    struct pollfd look = {1, POLLOUT, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 0);
    while (sum > 0) {
        int64_t got = SYS(read, 0, AT(block), sizeof block);
        CHECK(got > 0);
        sum -= got;
    }
    CHECK(SYS(poll, AT(&look), 1, 1000) == 1);
}

TEST("a line that is too long keeps room for its end")
{
    pty_world();
    static char block[5000];
    memset(block, 'x', sizeof block);
    change(ECHO, 0);
    CHECK(SYS(write, 0, AT(block), sizeof block) == sizeof block);
    type("\n");
    CHECK(SYS(read, 1, AT(block), sizeof block) == 4096);
    CHECK(block[4095] == '\n');
}

TEST("lines that nobody reads yet keep who types waiting, and none loses a byte")
{
    pty_world();
    const size_t size = 10, total = 200000;
    static char block[10000];
    for (size_t i = 0; i < sizeof block; i += size) {
        memcpy(block + i, "012345678\n", size);
    }
    change(ECHO, 0);
    CHECK(SYS(fcntl, 0, F_SETFL, O_NONBLOCK | O_RDWR) == 0);
    size_t typed = 0;
    for (size_t taken = 0; taken < total; taken += size) {
        int64_t part = 0;
        while (typed < total && (part = SYS(write, 0, AT(block + typed % size), 5000)) > 0) {
            typed += (size_t)part;
        }
        CHECK(part >= 0 || part == -EAGAIN);
        char got[20];
        CHECK(SYS(read, 1, AT(got), sizeof got) == size);
        CHECK(memcmp(got, "012345678\n", size) == 0);
    }
}

TEST("the size is told and set, and a change signals the foreground")
{
    pty_world();
    struct winsize size = {24, 80, 0, 0};
    CHECK(SYS(ioctl, 0, TIOCSWINSZ, AT(&size)) == 0);
    CHECK(last_signal == SIGWINCH);
    last_signal = 0;
    CHECK(SYS(ioctl, 0, TIOCSWINSZ, AT(&size)) == 0 && last_signal == 0);
    size = (struct winsize){};
    CHECK(SYS(ioctl, 1, TIOCGWINSZ, AT(&size)) == 0 && size.ws_row == 24 && size.ws_col == 80);
}

TEST("flushing, counting and draining")
{
    pty_world();
    int32_t bytes = 0;
    type("abc\n");
    CHECK(SYS(ioctl, 1, FIONREAD, AT(&bytes)) == 0 && bytes == 4);
    CHECK(SYS(ioctl, 1, TCFLSH, TCIFLUSH) == 0);
    CHECK(SYS(ioctl, 1, FIONREAD, AT(&bytes)) == 0 && bytes == 0);
    CHECK(SYS(ioctl, 1, TCFLSH, TCOFLUSH) == 0);
    CHECK(SYS(ioctl, 1, TCFLSH, 9) == -EINVAL);
    CHECK(SYS(ioctl, 1, TCSBRK, 1) == 0);
    CHECK(SYS(ioctl, 1, 0x1234, 0) == -ENOTTY);
}

// --- Job control

TEST("the first terminal that a session's leader opens becomes its own")
{
    pty_world();
    int32_t number = 0;
    CHECK(SYS(ioctl, 1, TIOCGSID, AT(&number)) == 0 && number == own_process());
    CHECK(SYS(ioctl, 1, TIOCGPGRP, AT(&number)) == 0 && number == own_process());
    CHECK(SYS(open, AT("/dev/tty"), O_RDWR) == 2);
    CHECK(SYS(write, 2, AT("x"), 1) == 1);
    CHECK(strcmp(shown(), "x") == 0);
}

TEST("without a terminal there is no /dev/tty")
{
    fresh_with_devices();
    new_session();
    CHECK(SYS(open, AT("/dev/tty"), O_RDWR) == -ENXIO);
}

TEST("O_NOCTTY opens without taking it, TIOCSCTTY takes it, TIOCNOTTY gives it up")
{
    int32_t number = 0;
    pty_world();
    CHECK(SYS(ioctl, 1, TIOCNOTTY, 0) == 0);
    CHECK(SYS(open, AT("/dev/tty"), O_RDWR) == -ENXIO);
    CHECK(SYS(open, AT(name), O_RDWR | O_NOCTTY) == 2);
    CHECK(SYS(ioctl, 2, TIOCGPGRP, AT(&number)) == -ENOTTY);
    CHECK(SYS(ioctl, 2, TIOCSCTTY, 0) == 0);
    CHECK(SYS(ioctl, 2, TIOCGPGRP, AT(&number)) == 0 && number == own_process());
    CHECK(SYS(ioctl, 2, TIOCNOTTY, 0) == 0);
    CHECK(SYS(ioctl, 2, TIOCNOTTY, 0) == -ENOTTY);
}

// --- The master

TEST("a master whose terminal nobody has open any more is at its end")
{
    pty_world();
    CHECK(SYS(write, 1, AT("last"), 4) == 4);
    CHECK(SYS(close, 1) == 0);
    CHECK(SYS(read, 0, AT(text), 10) == 4);
    CHECK(SYS(read, 0, AT(text), 10) == -EIO);
    struct pollfd look = {0, POLLIN, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && (look.revents & POLLHUP) != 0);
}

TEST("pseudo-terminals have numbers and names")
{
    pty_world();
    struct stat told;
    char link[32] = {};
    uint32_t number = 0, second = 0;
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR | O_NOCTTY) == 2);
    CHECK(SYS(ioctl, 0, TIOCGPTN, AT(&number)) == 0);
    CHECK(SYS(ioctl, 2, TIOCGPTN, AT(&second)) == 0 && number != second);
    CHECK(SYS(stat, AT(name), AT(&told)) == 0 && S_ISCHR(told.st_mode));
    CHECK(told.st_rdev == (136 << 8 | number));
    CHECK(SYS(readlink, AT("/proc/self/fd/1"), AT(link), sizeof link - 1) == (long)strlen(name));
    CHECK(strcmp(link, name) == 0);
    CHECK(SYS(close, 1) == 0 && SYS(close, 0) == 0);
    CHECK(SYS(stat, AT(name), AT(&told)) == -ENOENT);
    int32_t locked = 0;
    CHECK(SYS(ioctl, 2, TIOCSPTLCK, AT(&locked)) == 0);
    CHECK(SYS(ioctl, 2, 0x5441, O_RDWR | O_NOCTTY) == 0);
    CHECK(SYS(write, 0, AT("x"), 1) == 1);
    CHECK(SYS(read, 2, AT(link), 10) == 1);
}
