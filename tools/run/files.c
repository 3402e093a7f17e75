// SPDX-License-Identifier: MIT
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../share/confine.h"
#include "../share/handover.h"
#include "../share/server.h"
#include "message.h"

constexpr unsigned ENDS_MOST = 16;
constexpr int HANDOVER_SECONDS = 2; // for one server to give, and for another to take
constexpr char SERVES = 's';        // what a server says when it has taken over

void files_begin(struct files *files, int stream)
{
    files->stream = stream;
    // The server waits in its reads, and this process shares the descriptor with it.
    (void)fcntl(stream, F_SETFL, 0);
}

// What a server begins with.
struct birth {
    pid_t parent;
    int control; // its own end
    int before;  // the runner's end of the control of the server before it; -1: there is none
};

static unsigned lower(unsigned own, unsigned next, int descriptor)
{
    bool counts = descriptor >= 0 && (unsigned)descriptor >= next && (unsigned)descriptor < own;
    return counts ? (unsigned)descriptor : own;
}

// Everything but the stream, the controls, the places and standard error is closed to the server.
static bool keep_own_descriptors(const struct files *files, const struct birth *birth)
{
    unsigned next = 3;
    bool more = true;
    while (more) {
        // The lowest of its own from here on.
        unsigned own = lower(~0U, next, files->stream);
        own = lower(own, next, birth->control);
        own = lower(own, next, birth->before);
        for (size_t i = 0; i < files->count; i++) {
            own = lower(own, next, files->place[i].root);
        }
        more = own != ~0U;
        if ((!more || own > next) && close_range(next, more ? own - 1 : ~0U, 0) != 0) {
            return false;
        }
        next = own + 1;
    }
    return true;
}

// Begins the conversation, or takes it over.
static bool take_up(struct server *server, const struct files *files, const struct birth *birth)
{
    server_begin(server, files->place, files->count);
    if (birth->before < 0) {
        return server_greet(files->stream);
    }
    bool taken = handover_ask(birth->before) && handover_take(server, birth->before);
    (void)close(birth->before);
    return taken && write(birth->control, &SERVES, 1) == 1;
}

// The server's whole life.
[[noreturn]] static void serve(const struct files *files, const struct birth *birth)
{
    static struct server server;
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != birth->parent) {
        _exit(1);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    if (!keep_own_descriptors(files, birth) || !confine(files->place, files->count)) {
        message("the file server can't be confined: %s", strerror(errno));
        _exit(1);
    }
    (void)close(STDERR_FILENO);
    bool sound =
        take_up(&server, files, birth) && server_run(&server, files->stream, birth->control);
    _exit(sound ? 0 : 1);
}

// A server as the runner knows it.
struct life {
    pid_t process;
    int watch;
    int control;
};

static void end_life(const struct life *life)
{
    (void)kill(life->process, SIGKILL);
    (void)waitpid(life->process, nullptr, 0);
    (void)close(life->watch);
    (void)close(life->control);
}

static struct life life_of(const struct files *files)
{
    return (struct life){files->process, files->watch, files->control};
}

static void take_life(struct files *files, const struct life *life)
{
    files->process = life->process;
    files->watch = life->watch;
    files->control = life->control;
}

void files_stop(struct files *files)
{
    if (files->process > 0) {
        struct life life = life_of(files);
        end_life(&life);
        take_life(files, &(struct life){0, -1, -1});
    }
}

// Starts a server that begins the conversation, or takes it over from the one at `before`.
static bool start(const struct files *files, int before, struct life *life)
{
    int control[2];
    const struct timeval most = {.tv_sec = HANDOVER_SECONDS};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)setsockopt(control[i], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
        (void)setsockopt(control[i], SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    }
    const struct birth birth = {.parent = getpid(), .control = control[1], .before = before};
    pid_t process = fork();
    if (process == 0) {
        serve(files, &birth);
    }
    (void)close(control[1]);
    if (process < 0) {
        (void)close(control[0]);
        return false;
    }
    *life = (struct life){process, pidfd_open(process, 0), control[0]};
    return true;
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
    files_stop(files);
    throw_away(files->stream);
    struct life life;
    if (!start(files, -1, &life)) {
        message("can't start the file server: %s", strerror(errno));
        return;
    }
    take_life(files, &life);
}

bool files_change(struct files *files)
{
    if (files->process <= 0) {
        return true; // the next one begins with what the places are then
    }
    struct life old = life_of(files);
    struct life life;
    char said = 0;
    if (!start(files, old.control, &life)) {
        files_restart(files);
        return false;
    }
    ssize_t got = -1;
    do {
        got = recv(life.control, &said, 1, 0);
    } while (got < 0 && errno == EINTR);
    bool taken = got == 1 && said == SERVES;
    end_life(&old);
    take_life(files, &life);
    if (!taken) {
        files_restart(files);
    }
    return taken;
}

void files_ended(struct files *files)
{
    if (++files->ends > ENDS_MOST) {
        files_stop(files);
        message("the file server has ended too often, and stays so");
        return;
    }
    files_restart(files);
}

void files_end(struct files *files)
{
    files_stop(files);
    for (size_t i = 0; i < files->count; i++) {
        place_close(&files->place[i]);
    }
    files->count = 0;
    if (files->stream >= 0) {
        (void)close(files->stream);
        files->stream = -1;
    }
}
