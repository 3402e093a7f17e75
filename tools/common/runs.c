// SPDX-License-Identifier: MIT
#include "runs.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// The name of a run's socket begins with a zero byte: it is in no folder (unix(7)).
static socklen_t name_of(struct sockaddr_un *address, pid_t run)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "kozo-run-%u-%d",
                          getuid(), run);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static bool is_same_person(int socket)
{
    struct ucred who = {};
    socklen_t size = sizeof who;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == getuid();
}

int runs_listen(void)
{
    struct sockaddr_un address;
    socklen_t size = name_of(&address, getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener >= 0 && (bind(listener, (const struct sockaddr *)&address, size) != 0 ||
                          listen(listener, 1) != 0)) {
        (void)close(listener);
        listener = -1;
    }
    return listener;
}

int runs_accept(int listener)
{
    int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0 && !is_same_person(client)) {
        (void)close(client);
        client = -1;
    }
    return client;
}

int runs_connect(pid_t run)
{
    struct sockaddr_un address;
    socklen_t size = name_of(&address, run);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server >= 0 && (connect(server, (const struct sockaddr *)&address, size) != 0 ||
                        !is_same_person(server))) {
        (void)close(server);
        server = -1;
    }
    return server;
}

void runs_each(void (*act)(void *context, pid_t run), void *context)
{
    FILE *sockets = fopen("/proc/net/unix", "re");
    char line[512];
    char before[32];
    int length = snprintf(before, sizeof before, "@kozo-run-%u-", getuid());
    while (sockets != nullptr && fgets(line, sizeof line, sockets) != nullptr) {
        const char *name = strstr(line, before);
        int run = 0;
        unsigned flags = 0;
        // Field 4 holds the flags: only the socket that listens counts, not those of who has come.
        bool listens = sscanf(line, "%*s %*s %*s %x", &flags) == 1 && (flags & 0x10000) != 0;
        if (name != nullptr && listens && sscanf(name + length, "%d", &run) == 1) {
            act(context, run);
        }
    }
    if (sockets != nullptr) {
        (void)fclose(sockets);
    }
}
