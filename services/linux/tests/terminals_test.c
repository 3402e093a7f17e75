// SPDX-License-Identifier: MIT
// Terminals and pseudo-terminals.
#include "fake.h"
#include "fake_channel.h"

#include "../file/begin.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

// As programs of Linux have it; the C library's is another.
struct settings {
    uint32_t input, output, control, local;
    uint8_t line;
    uint8_t character[19];
};

// A pseudo-terminal: 0 is its master, 1 the terminal, which controls the process.
static void pty_world(void)
{
    tree_world();
    int32_t unlocked = 0;
    uint32_t number = 9;
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR | O_NOCTTY) == 0);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR) == -EIO);
    CHECK(SYS(ioctl, 0, TIOCGPTN, AT(&number)) == 0 && number == 0);
    CHECK(SYS(ioctl, 0, TIOCSPTLCK, AT(&unlocked)) == 0);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR) == 1);
}

static char text[512];

// What the terminal shows.
static const char *shown(void)
{
    memset(text, 0, sizeof text);
    struct pollfd look = {0, POLLIN, 0};
    if (SYS(poll, AT(&look), 1, 0) == 1 && (look.revents & POLLIN) != 0) {
        CHECK(SYS(read, 0, AT(text), sizeof text - 1) > 0);
    }
    return text;
}

static void type(const char *bytes)
{
    CHECK(SYS(write, 0, AT(bytes), strlen(bytes)) == (int64_t)strlen(bytes));
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

static void set_character(unsigned which, uint8_t byte)
{
    struct settings settings;
    CHECK(SYS(ioctl, 1, TCGETS, AT(&settings)) == 0);
    settings.character[which] = byte;
    CHECK(SYS(ioctl, 1, TCSETS, AT(&settings)) == 0);
}

TEST("interrupt, quit and suspend signal who is in the foreground, and drop what was typed")
{
    pty_world();
    type("abc\x03");
    CHECK(last_signal == SIGINT && last_signal_group == 100);
    CHECK(strcmp(shown(), "^C") == 0);
    type("\x1c");
    CHECK(last_signal == SIGQUIT);
    type("\x1a");
    CHECK(last_signal == SIGTSTP);
    type("x\n");
    CHECK(strcmp(line(), "x\n") == 0);
    change(ISIG, 0);
    last_signal = 0;
    type("\x03\n");
    CHECK(last_signal == 0 && strcmp(line(), "\x03\n") == 0);
}

TEST("VMIN and VTIME say when a read has enough")
{
    pty_world();
    change(ICANON | ECHO, 0);
    set_character(VMIN, 3);
    type("ab");
    CHECK(SYS(read, 1, AT(text), 10) == RESTART_CALL);
    type("c");
    CHECK(SYS(read, 1, AT(text), 10) == 3);
    type("x");
    CHECK(SYS(read, 1, AT(text), 1) == 1);
    set_character(VMIN, 0);
    CHECK(SYS(read, 1, AT(text), 10) == 0);
    set_character(VTIME, 5);
    uint64_t before = fake_now;
    CHECK(SYS(read, 1, AT(text), 10) == 0);
    CHECK(fake_now - before == 500'000'000);
    set_character(VMIN, 5);
    type("ab");
    CHECK(SYS(read, 1, AT(text), 10) == 2);
    CHECK(fake_now - before == 1'000'000'000);
}

TEST("what was read in one mode is not there in the other")
{
    pty_world();
    change(ICANON, 0);
    type("abc");
    CHECK(strcmp(line(), "abc") == 0);
    change(0, ICANON);
    CHECK(SYS(read, 1, AT(text), 10) == RESTART_CALL);
    type("def\n");
    CHECK(strcmp(line(), "def\n") == 0);
}

TEST("output can be stopped and goes on")
{
    pty_world();
    type("\x13");
    CHECK(SYS(write, 1, AT("x"), 1) == RESTART_CALL);
    type("\x11");
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(strcmp(shown(), "x") == 0);
    CHECK(SYS(ioctl, 1, TCXONC, TCOOFF) == 0);
    CHECK(SYS(write, 1, AT("y"), 1) == RESTART_CALL);
    CHECK(SYS(ioctl, 1, TCXONC, TCOON) == 0);
    CHECK(SYS(write, 1, AT("y"), 1) == 1);
    CHECK(strcmp(shown(), "y") == 0);
    CHECK(SYS(ioctl, 1, TCXONC, 9) == -EINVAL);
}

TEST("a terminal holds some 8,192 bytes that nobody has read, and refuses more")
{
    pty_world();
    static char block[20'000];
    memset(block, 'x', sizeof block);
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK) == 0);
    int64_t written = SYS(write, 1, AT(block), sizeof block);
    CHECK(written > 8000 && written < 8193);
    CHECK(SYS(write, 1, AT(block), 1) == -EAGAIN);
    struct pollfd look = {1, POLLOUT, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 0);
    CHECK(SYS(read, 0, AT(block), sizeof block) == written);
    CHECK(SYS(poll, AT(&look), 1, 0) == 1);
}

// Job control.

TEST("without a terminal /dev/pts is empty, and /dev/console is nobody's")
{
    tree_world();
    CHECK(SYS(open, AT("/dev/tty"), O_RDWR) == -ENXIO);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR) == -ENOENT);
    CHECK(SYS(open, AT("/dev/console"), O_RDWR) == -ENXIO);
}

TEST("who gives its terminal up is told so by SIGCONT")
{
    tree_world();
    int32_t number = 0;
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR) == 0);
    CHECK(SYS(ioctl, 0, TIOCSPTLCK, AT(&number)) == 0);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR | O_NOCTTY) == 1);
    CHECK(SYS(ioctl, 1, TIOCGPGRP, AT(&number)) == -ENOTTY);
    CHECK(SYS(ioctl, 1, TIOCSCTTY, 0) == 0);
    CHECK(SYS(ioctl, 1, TIOCGPGRP, AT(&number)) == 0 && number == 100);
    CHECK(SYS(ioctl, 1, TIOCNOTTY, 0) == 0);
    CHECK(last_signal == SIGCONT);
    CHECK(SYS(ioctl, 1, TIOCNOTTY, 0) == -ENOTTY);
    CHECK(SYS(open, AT("/dev/tty"), O_RDWR) == -ENXIO);
}

TEST("who is in the background does not read, and the foreground can be changed")
{
    pty_world();
    int32_t group = 150;
    CHECK(SYS(ioctl, 1, TIOCSPGRP, AT(&group)) == 0);
    last_signal = 0;
    CHECK(SYS(read, 1, AT(text), 10) == RESTART_CALL);
    CHECK(last_signal == SIGTTIN && last_signal_group == 100);
    signals_held_back = true;
    CHECK(SYS(read, 1, AT(text), 10) == -EIO);
    signals_held_back = false;
    orphaned_group = 100;
    CHECK(SYS(read, 1, AT(text), 10) == -EIO);
    orphaned_group = 0;
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    last_signal = 0;
    signals_held_back = true;
    change(0, TOSTOP);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    signals_held_back = false;
    CHECK(SYS(write, 1, AT("x"), 1) == RESTART_CALL && last_signal == SIGTTOU);
    group = 100;
    CHECK(SYS(ioctl, 1, TIOCSPGRP, AT(&group)) == RESTART_CALL);
    signals_held_back = true;
    CHECK(SYS(ioctl, 1, TIOCSPGRP, AT(&group)) == 0);
    signals_held_back = false;
    group = 5000;
    CHECK(SYS(ioctl, 1, TIOCSPGRP, AT(&group)) == -ESRCH);
    group = -1;
    CHECK(SYS(ioctl, 1, TIOCSPGRP, AT(&group)) == -EINVAL);
}

// The master.

TEST("a terminal without a master is hung up")
{
    pty_world();
    CHECK(SYS(close, 0) == 0);
    CHECK(last_signal == SIGCONT && last_signal_group == 100);
    CHECK(SYS(read, 1, AT(text), 10) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -EIO);
    CHECK(SYS(ioctl, 1, TCGETS, AT(text)) == -EIO);
    struct pollfd look = {1, POLLIN, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && (look.revents & POLLHUP) != 0);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR) == -EIO);
    CHECK(SYS(close, 1) == 0);
    CHECK(SYS(open, AT("/dev/pts/0"), O_RDWR) == -ENOENT);
}

TEST("pseudo-terminals are numbered from 0, and a number that is free is given again")
{
    tree_world();
    uint32_t number = 0;
    struct stat told;
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR) == 0);
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR) == 1);
    CHECK(SYS(ioctl, 1, TIOCGPTN, AT(&number)) == 0 && number == 1);
    CHECK(SYS(stat, AT("/dev/pts/1"), AT(&told)) == 0 && S_ISCHR(told.st_mode));
    CHECK(told.st_rdev == (136 << 8 | 1));
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(stat, AT("/dev/pts/0"), AT(&told)) == -ENOENT);
    CHECK(SYS(open, AT("/dev/ptmx"), O_RDWR) == 0);
    int32_t locked = 0;
    CHECK(SYS(ioctl, 0, TIOCSPTLCK, AT(&locked)) == 0);
    CHECK(SYS(ioctl, 0, 0x5441, O_RDWR | O_NOCTTY) == 2);
    CHECK(SYS(write, 2, AT("x"), 1) == 1);
    CHECK(SYS(read, 0, AT(text), 10) == 1);
    char name[16] = {};
    CHECK(SYS(readlink, AT("/proc/self/fd/2"), AT(name), sizeof name) == 10);
    CHECK(strcmp(name, "/dev/pts/0") == 0);
}

// The main terminal.

TEST("the main terminal is on the host's channel, and standard files are on it")
{
    tree_world();
    struct fake_channel *tty = &fake_channels[TTY];
    tty->there = true;
    CHECK(descriptors_begin("012", 30, 100) == 0);
    struct winsize size;
    CHECK(SYS(ioctl, 0, TIOCGWINSZ, AT(&size)) == 0 && size.ws_row == 30 && size.ws_col == 100);
    CHECK(SYS(write, 1, AT("hello\n"), 6) == 6);
    CHECK(tty->out_size == 7 && memcmp(tty->out, "hello\r\n", 7) == 0);
    memcpy(tty->in, "typed\r", 6);
    tty->in_last = 6;
    fake_channel_changed(TTY);
    CHECK(SYS(read, 0, AT(text), sizeof text) == 6 && memcmp(text, "typed\n", 6) == 0);
    CHECK(tty->out_size == 14);
    memcpy(tty->in + 6, "\x03", 1);
    tty->in_last = 7;
    fake_channel_changed(TTY);
    CHECK(last_signal == SIGINT);
    terminal_set_size(begin_terminal(), 40, 100);
    CHECK(last_signal == SIGWINCH);
    tty->broken = true;
    fake_channel_changed(TTY);
    CHECK(SYS(read, 0, AT(text), sizeof text) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -EIO);
}

TEST("what is typed while an echo goes out is not left lying")
{
    tree_world();
    struct fake_channel *tty = &fake_channels[TTY];
    tty->there = true;
    CHECK(descriptors_begin("012", 30, 100) == 0);
    tty->meanwhile = "yped\r";
    memcpy(tty->in, "t", 1);
    tty->in_last = 1;
    fake_channel_changed(TTY);
    CHECK(SYS(read, 0, AT(text), sizeof text) == 6 && memcmp(text, "typed\n", 6) == 0);
    CHECK(tty->out_size == 7 && memcmp(tty->out, "typed\r\n", 7) == 0);
    tty->meanwhile = "\x03";
    CHECK(SYS(write, 1, AT("hello\n"), 6) == 6);
    CHECK(last_signal == SIGINT);
}

static void settle(void *context)
{
    (void)context;
    terminal_settle(begin_terminal());
}

TEST("at the end what is still to be shown is waited for, and others run meanwhile")
{
    tree_world();
    struct fake_channel *tty = &fake_channels[TTY];
    tty->there = true;
    CHECK(descriptors_begin("012", 30, 100) == 0);
    tty->full = true;
    CHECK(SYS(write, 1, AT("last words"), 10) == 10);
    struct caller *second = process_make(200);
    strand_start(second, settle, nullptr);
    CHECK(strands_left() == 1 && tty->out_size == 0);
    tty->full = false;
    fake_channel_changed(TTY);
    strands_run();
    CHECK(strands_left() == 0 && tty->out_size == 10);
    process_end(second);
}

static int64_t shown_before;

static void show_all(void *context)
{
    (void)context;
    shown_before = terminal_show(begin_terminal());
}

TEST("who asks the person waits until what was written before is with the host, or a signal comes")
{
    tree_world();
    struct fake_channel *tty = &fake_channels[TTY];
    tty->there = true;
    CHECK(descriptors_begin("012", 30, 100) == 0);
    tty->full = true;
    CHECK(SYS(write, 1, AT("before"), 6) == 6);
    struct caller *second = process_make(200);
    strand_start(second, show_all, nullptr);
    CHECK(strands_left() == 1 && tty->out_size == 0);
    strand_break();
    CHECK(strands_left() == 0 && shown_before == RESTART_CALL);
    strand_start(second, show_all, nullptr);
    tty->full = false;
    fake_channel_changed(TTY);
    strands_run();
    CHECK(strands_left() == 0 && shown_before == 0 && tty->out_size == 6);
    process_end(second);
}

TEST("a channel that is full stops the program, and it goes on")
{
    tree_world();
    struct fake_channel *tty = &fake_channels[TTY];
    tty->there = true;
    CHECK(descriptors_begin("012", 30, 100) == 0);
    tty->full = true;
    static char block[10'000];
    memset(block, 'y', sizeof block);
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK | O_RDWR) == 0);
    int64_t written = SYS(write, 1, AT(block), sizeof block);
    CHECK(written > 8000 && written < 8193);
    tty->full = false;
    fake_channel_changed(TTY);
    CHECK(tty->out_size == (size_t)written);
    CHECK(SYS(write, 1, AT(block), 100) == 100);
    CHECK(tty->out_size == (size_t)written + 100);
}
