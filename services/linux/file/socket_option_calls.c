// SPDX-License-Identifier: MIT
// What can be asked of a socket and set: getsockopt, setsockopt.
#include "handlers.h"

#include "../core/errno.h"
#include "socket.h"

struct option {
    int32_t number;
    uint32_t size;
    union {
        int32_t value;
        struct linger linger;
        struct socket_credentials credentials;
        int64_t time[2];
    };
};

static void get_time(struct option *option, int64_t nanoseconds)
{
    option->size = sizeof option->time;
    option->time[0] = nanoseconds / 1'000'000'000;
    option->time[1] = nanoseconds % 1'000'000'000 / 1000;
}

static int64_t get_option(struct socket *socket, struct option *option)
{
    option->size = sizeof option->value;
    switch (option->number) {
    case SO_TYPE:
        option->value = socket->type;
        return 0;
    case SO_DOMAIN:
        option->value = AF_UNIX;
        return 0;
    case SO_ACCEPTCONN:
        option->value = socket->state == SOCKET_LISTENS;
        return 0;
    case SO_PASSCRED:
        option->value = socket->passes_credentials;
        return 0;
    case SO_RCVBUF:
    case SO_SNDBUF:
        option->value = (int32_t)socket->queued_most;
        return 0;
    case SO_ERROR:
        option->value = socket->error;
        socket->error = 0;
        return 0;
    case SO_PROTOCOL:
    case SO_REUSEADDR:
    case SO_KEEPALIVE:
    case SO_BROADCAST:
    case SO_PRIORITY:
    case SO_TIMESTAMP:
        option->value = 0;
        return 0;
    case SO_LINGER:
        option->size = sizeof option->linger;
        option->linger = (struct linger){};
        return 0;
    case SO_PEERCRED:
        option->size = sizeof option->credentials;
        option->credentials = socket->was_connected
                                  ? socket->other
                                  : (struct socket_credentials){0, UINT32_MAX, UINT32_MAX};
        return 0;
    case SO_RCVTIMEO:
        get_time(option, socket->receive_time);
        return 0;
    case SO_SNDTIMEO:
        get_time(option, socket->send_time);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int64_t call_getsockopt(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int32_t room = 0;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    struct option option = {.number = (int32_t)call->argument[2]};
    error = (int32_t)call->argument[1] != SOL_SOCKET ? -EOPNOTSUPP : get_option(socket, &option);
    file_drop(file);
    if (error != 0) {
        return error;
    }
    if (user_read(&room, (struct user){call->argument[4]}, sizeof room) != 0) {
        return -EFAULT;
    }
    if (room < 0) {
        return -EINVAL;
    }
    uint32_t size = (uint32_t)room < option.size ? (uint32_t)room : option.size;
    error = user_write((struct user){call->argument[3]}, &option.value, size);
    return error != 0 ? error : user_write((struct user){call->argument[4]}, &size, sizeof size);
}

static int64_t set_time(int64_t *to, struct user from, uint32_t size)
{
    int64_t time[2];
    if (size < sizeof time) {
        return -EINVAL;
    }
    if (user_read(time, from, sizeof time) != 0) {
        return -EFAULT;
    }
    if (time[1] < 0 || time[1] >= 1'000'000) {
        return -EDOM;
    }
    *to = time[0] < 0 || time[0] > INT32_MAX ? 0 : time[0] * 1'000'000'000 + time[1] * 1000;
    return 0;
}

static int64_t set_number(struct socket *socket, int32_t number, int32_t value)
{
    constexpr int32_t BUFFER_LEAST = 2048;
    constexpr int32_t BUFFER_MOST = 4 << 20;
    switch (number) {
    case SO_PASSCRED:
        socket->passes_credentials = value != 0;
        return 0;
    case SO_RCVBUF:
    case SO_SNDBUF:
    case SO_RCVBUFFORCE:
    case SO_SNDBUFFORCE:
        value = value > BUFFER_MOST / 2 ? BUFFER_MOST : value * 2;
        socket->queued_most = (uint64_t)(value < BUFFER_LEAST ? BUFFER_LEAST : value);
        return 0;
    case SO_REUSEADDR:
    case SO_KEEPALIVE:
    case SO_BROADCAST:
    case SO_PRIORITY:
    case SO_TIMESTAMP:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int64_t set_option(struct socket *socket, int32_t number, struct user from, uint32_t size)
{
    int32_t value = 0;
    if (number == SO_RCVTIMEO) {
        return set_time(&socket->receive_time, from, size);
    }
    if (number == SO_SNDTIMEO) {
        return set_time(&socket->send_time, from, size);
    }
    if (size < sizeof value) {
        return -EINVAL;
    }
    if (user_read(&value, from, sizeof value) != 0) {
        return -EFAULT;
    }
    return number == SO_LINGER ? 0 : set_number(socket, number, value);
}

int64_t call_setsockopt(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    error = (int32_t)call->argument[1] != SOL_SOCKET
                ? -EOPNOTSUPP
                : set_option(socket, (int32_t)call->argument[2], (struct user){call->argument[3]},
                             (uint32_t)call->argument[4]);
    file_drop(file);
    return error;
}
