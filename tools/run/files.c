// SPDX-License-Identifier: MIT
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../share/confine.h"
#include "../share/server.h"
#include "message.h"

constexpr unsigned ENDS_MOST = 16;

void files_begin(struct files *files, int stream)
{
    files->stream = stream;
    // The server waits in its reads, and this process shares the descriptor with it.
    (void)fcntl(stream, F_SETFL, 0);
}

// Everything but the stream, the places and standard error is closed to the server.
static bool keep_own_descriptors(const struct files *files)
{
    unsigned next = 3;
    bool more = true;
    while (more) {
        // The lowest of its own from here on.
        unsigned own = (unsigned)files->stream >= next ? (unsigned)files->stream : ~0U;
        for (size_t i = 0; i < files->count; i++) {
            unsigned root = (unsigned)files->place[i].root;
            own = root >= next && root < own ? root : own;
        }
        more = own != ~0U;
        if ((!more || own > next) && close_range(next, more ? own - 1 : ~0U, 0) != 0) {
            return false;
        }
        next = own + 1;
    }
    return true;
}

// The server's whole life.
[[noreturn]] static void serve(const struct files *files, pid_t parent)
{
    static struct server server;
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(1);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    if (!keep_own_descriptors(files) || !confine(files->place, files->count)) {
        message("the file server can't be confined: %s", strerror(errno));
        _exit(1);
    }
    (void)close(STDERR_FILENO);
    server_begin(&server, files->place, files->count);
    bool sound = server_run(&server, files->stream);
    _exit(sound ? 0 : 1);
}

static void stop(struct files *files)
{
    if (files->process > 0) {
        (void)kill(files->process, SIGKILL);
        (void)waitpid(files->process, nullptr, 0);
        files->process = 0;
        (void)close(files->watch);
        files->watch = -1;
    }
}

static void throw_away(int stream)
{
    char bytes[4'096];
    while (recv(stream, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
}

void files_restart(struct files *files)
{
    if (files->stream < 0) {
        return;
    }
    stop(files);
    throw_away(files->stream);
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0) {
        serve(files, parent);
    }
    if (process < 0) {
        message("can't start the file server: %s", strerror(errno));
        return;
    }
    files->process = process;
    files->watch = pidfd_open(process, 0);
}

void files_ended(struct files *files)
{
    if (++files->ends > ENDS_MOST) {
        stop(files);
        message("the file server has ended too often, and stays so");
        return;
    }
    files_restart(files);
}

void files_end(struct files *files)
{
    stop(files);
    for (size_t i = 0; i < files->count; i++) {
        place_close(&files->place[i]);
    }
    files->count = 0;
    if (files->stream >= 0) {
        (void)close(files->stream);
        files->stream = -1;
    }
}
