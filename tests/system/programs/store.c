// SPDX-License-Identifier: MIT
// A service that keeps nothing: it serves the two requests of the Volume protocol that move bytes,
// out of and into the memory that a session shares. What is read is its node number, as bytes.
#include <kozo/start.h>
#include <string.h>

#include "server.h"

static struct server server;

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_volume_read_arguments *arguments)
{
    uint8_t *bytes = server_data(&server, caller->session, arguments->at, arguments->length);
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    memset(bytes, (uint8_t)arguments->node, arguments->length);
    return kozo_volume_read_answer(arguments->length);
}

// Answers with the number of bytes that are the node's number.
static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_volume_write_arguments *arguments)
{
    const uint8_t *bytes = server_data(&server, caller->session, arguments->at, arguments->length);
    uint64_t equal = 0;
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    for (uint64_t i = 0; i < arguments->length; i++) {
        equal += bytes[i] == (uint8_t)arguments->node;
    }
    return kozo_volume_write_answer(equal);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_volume_handlers handlers = {.read = serve_read, .write = serve_write};
    return kozo_volume_dispatch(&handlers, caller, message);
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {.serve = serve};
    (void)argument_count;
    (void)arguments;
    return server_run(&server, &handlers);
}
