// SPDX-License-Identifier: MIT
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attributes.h"
#include "contents.h"
#include "handover.h"
#include "names.h"
#include "status.h"

// --- The connection

static int answer_version(struct exchange *exchange)
{
    uint64_t most = wire_read(&exchange->in, 4);
    struct wire_text asked = wire_read_text(&exchange->in);
    if (exchange_decoded(exchange) != 0 || most < SERVER_MESSAGE_LEAST) {
        return EINVAL;
    }
    bool known = asked.length == strlen(NINE_VERSION_NAME) &&
                 memcmp(asked.text, NINE_VERSION_NAME, asked.length) == 0;
    struct server *server = exchange->server;
    file_remove_all(&server->files);
    server->message_most = most < SERVER_MESSAGE_MOST ? most : SERVER_MESSAGE_MOST;
    wire_write(&exchange->out, server->message_most, 4);
    if (known) {
        wire_write_text(&exchange->out, NINE_VERSION_NAME, strlen(NINE_VERSION_NAME));
    } else {
        wire_write_text(&exchange->out, "unknown", strlen("unknown"));
    }
    return 0;
}

static const struct place *find_place(const struct server *server, struct wire_text name)
{
    for (size_t i = 0; i < server->place_count; i++) {
        const char *known = server->places[i].name;
        if (name.length == strlen(known) && memcmp(name.text, known, name.length) == 0) {
            return &server->places[i];
        }
    }
    return nullptr;
}

static int answer_attach(struct exchange *exchange)
{
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4);   // a number from authentication, which there is none of
    (void)wire_read_text(&exchange->in); // who, which is not believed
    struct wire_text name = wire_read_text(&exchange->in);
    (void)wire_read(&exchange->in, 4);
    int error = exchange_decoded(exchange);
    if (error != 0) {
        return error;
    }
    struct stat status = exchange_top_status();
    const struct place *place = &exchange->server->top;
    if (name.length != 0) {
        place = find_place(exchange->server, name);
        int found = place == nullptr ? -ENOENT : place_find(place, "", &status);
        if (found < 0) {
            return -found;
        }
        close(found);
    }
    error = file_add(&exchange->server->files, number, place, "", true);
    if (error == 0) {
        exchange_write_qid(exchange, place, &status);
    }
    return -error;
}

// Every request is answered before the next one is read, so there is nothing left to give up.
static int answer_flush(struct exchange *exchange)
{
    (void)wire_read(&exchange->in, 2);
    return exchange_decoded(exchange);
}

// --- Messages

typedef int (*handler)(struct exchange *);

// What is not here (locks, devices, the older forms) answers EOPNOTSUPP.
static const handler handlers[NINE_REQUESTS] = {
    [NINE_STATFS] = answer_statfs,
    [NINE_OPEN] = answer_open,
    [NINE_CREATE] = answer_create,
    [NINE_SYMLINK] = answer_symlink,
    [NINE_READLINK] = answer_readlink,
    [NINE_GETATTR] = answer_getattr,
    [NINE_SETATTR] = answer_setattr,
    [NINE_READDIR] = answer_readdir,
    [NINE_FSYNC] = answer_fsync,
    [NINE_LINK] = answer_link,
    [NINE_MKDIR] = answer_mkdir,
    [NINE_RENAME] = answer_rename,
    [NINE_UNLINK] = answer_unlink,
    [NINE_VERSION] = answer_version,
    [NINE_ATTACH] = answer_attach,
    [NINE_FLUSH] = answer_flush,
    [NINE_WALK] = answer_walk,
    [NINE_READ] = answer_read,
    [NINE_WRITE] = answer_write,
    [NINE_CLUNK] = answer_clunk,
    [NINE_ATTRIBUTE_WALK] = answer_attribute_walk,
    [NINE_ATTRIBUTE_CREATE] = answer_attribute_create,
};

static int answer_by_type(struct exchange *exchange, uint8_t type)
{
    if (type >= NINE_REQUESTS || handlers[type] == nullptr) {
        return EOPNOTSUPP;
    }
    int error = handlers[type](exchange);
    if (exchange->taken_back) {
        return EKEYREVOKED;
    }
    return error == 0 && exchange->out.full ? EMSGSIZE : error;
}

void server_begin(struct server *server, const struct place *places, size_t count)
{
    *server = (struct server){
        .places = places,
        .place_count = count,
        .message_most = SERVER_MESSAGE_LEAST,
        .top = {.name = "", .root = -1},
    };
}

void server_end(struct server *server)
{
    file_remove_all(&server->files);
}

size_t server_answer(struct server *server, const uint8_t *message, size_t size, uint8_t *answer)
{
    struct exchange exchange = {
        .server = server,
        .in = {.at = message, .left = size},
        .out = {.bytes = answer, .used = NINE_HEADER, .size = server->message_most},
    };
    uint8_t type = (uint8_t)wire_read(&exchange.in, 1);
    uint16_t tag = (uint16_t)wire_read(&exchange.in, 2);
    if (exchange.in.broken) {
        return 0;
    }
    int error = answer_by_type(&exchange, type);
    if (error != 0) {
        type = NINE_ERROR;
        exchange.out.used = NINE_HEADER;
        exchange.out.full = false;
        wire_write(&exchange.out, (uint64_t)error, 4);
    }
    wire_patch(&exchange.out, 0, exchange.out.used, 4);
    wire_patch(&exchange.out, 4, type + 1U, 1);
    wire_patch(&exchange.out, 5, tag, 2);
    return exchange.out.used;
}

// --- The stream

static bool read_all(int stream, uint8_t *bytes, size_t size)
{
    while (size != 0) {
        long got = read(stream, bytes, size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        bytes += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool write_all(int stream, const uint8_t *bytes, size_t size)
{
    while (size != 0) {
        long put = write(stream, bytes, size);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

const struct place *server_place(const struct server *server, const char *name)
{
    struct wire_text text = {.text = name, .length = strlen(name)};
    return text.length == 0 ? &server->top : find_place(server, text);
}

bool server_greet(int stream)
{
    return write_all(stream, (const uint8_t *)NINE_GREETING, sizeof NINE_GREETING - 1);
}

// Waits for the next message. False: another server takes over.
static bool wait_for_message(int stream, int control)
{
    struct pollfd list[] = {{.fd = stream, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    while (poll(list, 2, -1) < 0 && errno == EINTR) {
    }
    return (list[1].revents & POLLIN) == 0;
}

bool server_run(struct server *server, int stream, int control)
{
    uint8_t *message = malloc(SERVER_MESSAGE_MOST);
    uint8_t *answer = malloc(SERVER_MESSAGE_MOST);
    bool sound = message != nullptr && answer != nullptr;
    bool stays = true;
    uint8_t length[4];
    while (sound && (stays = wait_for_message(stream, control)) &&
           read_all(stream, length, sizeof length)) {
        struct wire_reader reader = {.at = length, .left = sizeof length};
        size_t size = wire_read(&reader, sizeof length);
        sound = size >= NINE_HEADER && size <= server->message_most &&
                read_all(stream, message, size - sizeof length);
        size_t answered = sound ? server_answer(server, message, size - sizeof length, answer) : 0;
        sound = answered != 0 && write_all(stream, answer, answered);
    }
    free(message);
    free(answer);
    return sound && (stays || handover_give(server, control));
}
