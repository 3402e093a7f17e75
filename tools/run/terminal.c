// SPDX-License-Identifier: MIT
// The guardian holds the reading end of a pipe. One byte means that all is well; the end without a
// byte means that the runner died, and the terminal is put back. It runs in a session of its own,
// where no key and no job control reaches it.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

struct terminal terminal_open(int descriptor)
{
    struct terminal terminal = {.descriptor = -1, .guardian = -1};
    if (tcgetattr(descriptor, &terminal.before) == 0) {
        terminal.descriptor = descriptor;
    }
    return terminal;
}

// The guardian's whole life.
[[noreturn]] static void guard(const struct terminal *terminal, int pipe)
{
    (void)setsid();
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, nullptr);
    // Only the terminal and the pipe stay open: a reader of the runner's output must see its end.
    if (dup2(terminal->descriptor, 0) < 0 || dup2(pipe, 1) < 0 || close_range(2, ~0U, 0) != 0) {
        _exit(1);
    }
    uint8_t byte;
    ssize_t count;
    do {
        count = read(1, &byte, 1);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        (void)tcsetattr(0, TCSANOW, &terminal->before);
    }
    _exit(0);
}

void terminal_guard(struct terminal *terminal)
{
    int pipe[2];
    if (terminal->descriptor < 0 || pipe2(pipe, O_CLOEXEC) != 0) {
        return;
    }
    pid_t first = fork();
    if (first == 0) {
        // A grandchild, so that nobody has to wait for the guardian.
        (void)close(pipe[1]);
        pid_t second = fork();
        if (second == 0) {
            guard(terminal, pipe[0]);
        }
        _exit(0);
    }
    (void)close(pipe[0]);
    if (first < 0) {
        (void)close(pipe[1]);
        return;
    }
    (void)waitpid(first, nullptr, 0);
    terminal->guardian = pipe[1];
}

void terminal_raw(struct terminal *terminal, bool plain)
{
    if (terminal->descriptor < 0) {
        return;
    }
    struct termios mode = terminal->before;
    mode.c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    mode.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    if (!plain) {
        mode.c_oflag &= (tcflag_t)~OPOST;
    }
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    terminal->raw = tcsetattr(terminal->descriptor, TCSANOW, &mode) == 0;
}

void terminal_restore(struct terminal *terminal)
{
    if (!terminal->raw) {
        return;
    }
    // The runner may be in the background by now, where changing the terminal would stop it.
    sigset_t blocked;
    sigset_t before;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTTOU);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    (void)tcsetattr(terminal->descriptor, TCSANOW, &terminal->before);
    (void)sigprocmask(SIG_SETMASK, &before, nullptr);
    terminal->raw = false;
}

void terminal_close(struct terminal *terminal)
{
    terminal_restore(terminal);
    if (terminal->guardian < 0) {
        return;
    }
    // If this fails the guardian restores once more, which does no harm.
    ssize_t written = write(terminal->guardian, &(uint8_t){1}, 1);
    (void)written;
    (void)close(terminal->guardian);
    terminal->guardian = -1;
}
