// SPDX-License-Identifier: MIT
// The file server, which ends when a walk says so: for tests of what happens to a program meanwhile. It stands in the place of
// services/fsd, and is that with another loop.
//
//     fsd-ends-now…           in a path: it ends before it answers
//     fsd-ends-at-walk…       at the next walk
//     fsd-ends-at-refresh…    at the next refresh
#include <kozo/protocol.h>
#include <kozo/start.h>
#include <string.h>

#include "server.h"

// The linker leads each call of server_run to the first, and the second to server_run.
int mortal_run(struct server *server,
               const struct server_handlers *handlers) __asm__("__wrap_server_run");
int run(struct server *server, const struct server_handlers *handlers) __asm__("__real_server_run");

static const struct server_handlers *file_server;
static uint64_t ends_at; // label of the request; 0: none

static bool says(const uint8_t *path, size_t length, const char *words)
{
    size_t size = strlen(words);
    for (size_t at = 0; at + size <= length; at++) {
        if (memcmp(path + at, words, size) == 0) {
            return true;
        }
    }
    return false;
}

static void hear(const struct kozo_caller *caller, const struct kozo_message *message)
{
    const struct kozo_files_walk_arguments asked = kozo_files_walk_arguments(message);
    const uint8_t *path = server_data(caller->server, caller->session, asked.at, asked.length);
    if (path == nullptr) {
        return;
    }
    if (says(path, asked.length, "fsd-ends-now")) {
        kozo_exit(1);
    }
    ends_at = says(path, asked.length, "fsd-ends-at-walk")      ? KOZO_FILES_WALK
              : says(path, asked.length, "fsd-ends-at-refresh") ? KOZO_FILES_REFRESH
                                                                : ends_at;
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    if (ends_at != 0 && message->info.label == ends_at) {
        kozo_exit(1);
    }
    if (message->info.label == KOZO_FILES_WALK) {
        hear(caller, message);
    }
    return file_server->serve(caller, message);
}

int mortal_run(struct server *server, const struct server_handlers *handlers)
{
    static struct server_handlers own;
    file_server = handlers;
    own = *handlers;
    own.serve = serve;
    return run(server, &own);
}
