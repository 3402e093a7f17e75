// SPDX-License-Identifier: MIT
// Making, naming and connecting sockets. There are UNIX sockets only; other families are told so.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "linux.h"
#include "socket.h"

constexpr uint32_t TYPE_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;
constexpr uint32_t TYPE_MOST = 10;
constexpr uint32_t BACKLOG_MOST = 4096;

static int64_t check_kind(uint64_t family, uint64_t type, uint64_t protocol)
{
    uint32_t kind = (uint32_t)type & ~TYPE_FLAGS;
    if ((uint32_t)family != AF_UNIX) {
        return -EAFNOSUPPORT;
    }
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_RAW && kind != SOCK_SEQPACKET) {
        return kind == 0 || kind > TYPE_MOST ? -EINVAL : -ESOCKTNOSUPPORT;
    }
    return protocol != 0 && protocol != AF_UNIX ? -EPROTONOSUPPORT : 0;
}

// Raw is another word for datagrams, as it always was.
static int kind_of(uint64_t type)
{
    int kind = (int)((uint32_t)type & ~TYPE_FLAGS);
    return kind == SOCK_RAW ? SOCK_DGRAM : kind;
}

static struct file *make(uint64_t type)
{
    struct socket *socket = socket_make(kind_of(type));
    return socket != nullptr ? socket_file(socket, (uint32_t)type & SOCK_NONBLOCK) : nullptr;
}

int64_t call_socket(const struct call *call)
{
    uint64_t type = call->argument[1];
    int64_t error = check_kind(call->argument[0], type, call->argument[2]);
    if (error != 0) {
        return error;
    }
    struct file *file = make(type);
    return file != nullptr ? descriptor_put(file, (type & SOCK_CLOEXEC) != 0, 0) : -ENOBUFS;
}

int64_t call_socketpair(const struct call *call)
{
    uint64_t type = call->argument[1];
    int64_t error = check_kind(call->argument[0], type, call->argument[2]);
    if (error != 0) {
        return error;
    }
    struct file *ends[2] = {make(type), nullptr};
    ends[1] = ends[0] != nullptr ? make(type) : nullptr;
    if (ends[1] == nullptr) {
        if (ends[0] != nullptr) {
            file_drop(ends[0]);
        }
        return -ENOBUFS;
    }
    socket_join(socket_of(ends[0]), socket_of(ends[1]));
    return descriptor_put_pair(ends, (type & SOCK_CLOEXEC) != 0, (struct user){call->argument[3]});
}

int64_t socket_of_descriptor(uint64_t descriptor, struct file **file, struct socket **socket)
{
    *file = descriptor_file(descriptor);
    if (*file == nullptr) {
        return -EBADF;
    }
    *socket = socket_of(*file);
    if (*socket == nullptr) {
        file_drop(*file);
        return -ENOTSOCK;
    }
    return 0;
}

int64_t call_bind(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    struct socket_address address;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    error = socket_address_read((struct user){call->argument[1]}, (uint32_t)call->argument[2],
                                &address);
    if (error == 0) {
        error = socket_bind(socket, &address);
    }
    file_drop(file);
    return error;
}

int64_t call_listen(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    uint32_t backlog = (uint32_t)call->argument[1];
    if (socket->type == SOCK_DGRAM) {
        error = -EOPNOTSUPP;
    } else if (socket->address.size <= sizeof(sa_family_t) || socket->was_connected) {
        error = -EINVAL;
    } else {
        socket->state = SOCKET_LISTENS;
        socket->backlog = backlog < BACKLOG_MOST ? backlog : BACKLOG_MOST;
        socket_changed(socket);
    }
    file_drop(file);
    return error;
}

// connect.

// Puts the other end of a new connection into the queue of who listens; waits while that is full.
static int64_t wait_to_listen(struct socket *listener, const struct file *file)
{
    while (listener->state == SOCKET_LISTENS && listener->waiting > listener->backlog) {
        if ((file->flags & O_NONBLOCK) != 0) {
            return -EAGAIN;
        }
        if (wait_on(&listener->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    return listener->state != SOCKET_LISTENS || listener->reads_shut ? -ECONNREFUSED : 0;
}

static int64_t connect_stream(struct socket *socket, struct socket *listener, struct file *file)
{
    if (socket->was_connected) {
        return -EISCONN;
    }
    if (socket->state == SOCKET_LISTENS) {
        return -EINVAL;
    }
    int64_t error = wait_to_listen(listener, file);
    if (error != 0) {
        return error;
    }
    if (socket->was_connected) {
        return -EISCONN;
    }
    struct socket *end = socket_make(socket->type);
    if (end == nullptr) {
        return -ENOMEM;
    }
    end->address = listener->address;
    end->owner = listener->owner;
    end->passes_credentials = listener->passes_credentials;
    socket_join(socket, end);
    struct socket **place = listener->waiting_first != nullptr
                                ? &listener->waiting_last->waiting_next
                                : &listener->waiting_first;
    *place = end;
    listener->waiting_last = end;
    listener->waiting++;
    socket_changed(listener);
    return 0;
}

// A datagram socket only remembers where to send to.
static int64_t connect_datagram(struct socket *socket, struct socket *to)
{
    struct socket *before = socket->peer;
    socket_keep(to);
    socket->peer = to;
    socket->was_connected = true;
    socket->other = to->owner;
    if (before != nullptr) {
        socket_drop(before);
    }
    return 0;
}

static int64_t disconnect_datagram(struct socket *socket)
{
    if (socket->type != SOCK_DGRAM) {
        return -EINVAL;
    }
    if (socket->peer != nullptr) {
        socket_drop(socket->peer);
        socket->peer = nullptr;
    }
    socket->was_connected = false;
    return 0;
}

static int64_t connect_to(struct socket *socket, const struct socket_address *address,
                          struct file *file)
{
    struct socket *to = nullptr;
    int64_t error = socket_find(address, socket->type, &to);
    if (error != 0) {
        return error;
    }
    error = socket->type == SOCK_DGRAM ? connect_datagram(socket, to)
                                       : connect_stream(socket, to, file);
    socket_drop(to);
    return error;
}

int64_t call_connect(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    struct socket_address address;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    uint16_t family = 0;
    error = call->argument[2] < sizeof family
                ? -EINVAL
                : user_read(&family, (struct user){call->argument[1]}, sizeof family);
    if (error == 0 && family == AF_UNSPEC) {
        error = disconnect_datagram(socket);
    } else if (error == 0) {
        error = socket_address_read((struct user){call->argument[1]}, (uint32_t)call->argument[2],
                                    &address);
        if (error == 0) {
            error = connect_to(socket, &address, file);
        }
    }
    file_drop(file);
    return error;
}

// accept.

static int64_t take_waiting(struct socket *listener, const struct file *file, struct socket **taken)
{
    if (listener->state != SOCKET_LISTENS) {
        return listener->type == SOCK_DGRAM ? -EOPNOTSUPP : -EINVAL;
    }
    while (listener->waiting_first == nullptr) {
        if (listener->reads_shut) {
            return -EINVAL;
        }
        if ((file->flags & O_NONBLOCK) != 0) {
            return -EAGAIN;
        }
        if (wait_on(&listener->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    *taken = listener->waiting_first;
    listener->waiting_first = (*taken)->waiting_next;
    (*taken)->waiting_next = nullptr;
    listener->waiting--;
    socket_changed(listener);
    return 0;
}

static struct socket_address address_of_peer(const struct socket *socket)
{
    if (socket->peer != nullptr) {
        return socket->peer->address;
    }
    return (struct socket_address){.size = sizeof(sa_family_t), .name = {.sun_family = AF_UNIX}};
}

static int64_t accept_one(const struct call *call, uint32_t flags)
{
    struct file *file;
    struct socket *listener;
    struct socket *taken = nullptr;
    if ((flags & ~TYPE_FLAGS) != 0) {
        return -EINVAL;
    }
    int64_t result = socket_of_descriptor(call->argument[0], &file, &listener);
    if (result != 0) {
        return result;
    }
    result = take_waiting(listener, file, &taken);
    file_drop(file);
    if (result != 0) {
        return result;
    }
    struct socket_address address = address_of_peer(taken);
    struct file *made = socket_file(taken, flags & SOCK_NONBLOCK);
    if (made == nullptr) {
        return -ENFILE;
    }
    result = descriptor_put(made, (flags & SOCK_CLOEXEC) != 0, 0);
    if (result >= 0) {
        int64_t error = socket_address_write(&address, call->argument[1], call->argument[2]);
        if (error != 0) {
            (void)descriptor_close(caller()->descriptors, (uint64_t)result);
            return error;
        }
    }
    return result;
}

int64_t call_accept(const struct call *call)
{
    return accept_one(call, 0);
}

int64_t call_accept4(const struct call *call)
{
    return accept_one(call, (uint32_t)call->argument[3]);
}

int64_t call_shutdown(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    uint64_t how = call->argument[1];
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    if (how > SHUT_RDWR) {
        error = -EINVAL;
    } else {
        socket->reads_shut = socket->reads_shut || how != SHUT_WR;
        socket->writes_shut = socket->writes_shut || how != SHUT_RD;
        socket_changed(socket);
        if (socket->peer != nullptr) {
            socket_changed(socket->peer);
        }
    }
    file_drop(file);
    return error;
}

// Names.

int64_t call_getsockname(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    struct socket_address address = socket->address;
    file_drop(file);
    return socket_address_write(&address, call->argument[1], call->argument[2]);
}

int64_t call_getpeername(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    struct socket_address address = address_of_peer(socket);
    error = socket->peer == nullptr ? -ENOTCONN : 0;
    file_drop(file);
    return error != 0 ? error
                      : socket_address_write(&address, call->argument[1], call->argument[2]);
}
