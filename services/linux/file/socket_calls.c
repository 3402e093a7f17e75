// SPDX-License-Identifier: MIT
// Calls on sockets. There are UNIX sockets only; other families are told so.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "linux.h"
#include "socket.h"

#include <signal.h>
#include <string.h>

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

// The file of a descriptor that is a socket, counted; -EBADF or -ENOTSOCK.
static int64_t open_socket(uint64_t descriptor, struct file **file, struct socket **socket)
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t result = open_socket(call->argument[0], &file, &listener);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    struct socket_address address = address_of_peer(socket);
    error = socket->peer == nullptr ? -ENOTCONN : 0;
    file_drop(file);
    return error != 0 ? error
                      : socket_address_write(&address, call->argument[1], call->argument[2]);
}

// Options.

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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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
    int64_t error = open_socket(call->argument[0], &file, &socket);
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

// Sending and receiving.

// A header as sendmsg and recvmsg have it.
struct header {
    uint64_t name;
    uint32_t name_size;
    uint32_t spare;
    uint64_t vectors;
    uint64_t vector_count;
    uint64_t control;
    uint64_t control_size;
    int32_t flags;
    int32_t spare_again;
};
static_assert(sizeof(struct header) == 56);

struct control_header {
    uint64_t size;
    int32_t level;
    int32_t type;
};

static uint64_t aligned(uint64_t size)
{
    return (size + 7) & ~UINT64_C(7);
}

static int64_t take_files(struct user numbers, size_t count, struct socket_transfer *what)
{
    if (count > SOCKET_FILES_MOST || what->file_count > 0) {
        return -EINVAL;
    }
    if (count == 0) {
        return 0;
    }
    struct file **files = (struct file **)store_take(count * sizeof(struct file *));
    int64_t error = files != nullptr ? 0 : -ENOMEM;
    uint32_t taken = 0;
    for (; error == 0 && taken < count; taken++) {
        int32_t number = 0;
        if (user_read(&number, user_at(numbers, taken * sizeof number), sizeof number) != 0) {
            error = -EFAULT;
            break;
        }
        files[taken] = descriptor_any(caller()->descriptors, (uint32_t)number);
        if (files[taken] == nullptr) {
            error = -EBADF;
            break;
        }
    }
    if (error == 0) {
        what->files = files;
        what->file_count = taken;
    } else if (files != nullptr) {
        for (uint32_t i = 0; i < taken; i++) {
            file_drop(files[i]);
        }
        store_give((void *)files, count * sizeof(struct file *));
    }
    return error;
}

// Who is not root can't say that it is somebody else.
static int64_t take_credentials(struct user from, size_t size, struct socket_transfer *what)
{
    const struct caller *process = caller();
    struct socket_credentials given;
    if (size != sizeof given) {
        return -EINVAL;
    }
    if (user_read(&given, from, sizeof given) != 0) {
        return -EFAULT;
    }
    const struct credentials *who = &process->credentials;
    bool own_user = given.user == who->user || given.user == who->effective_user ||
                    given.user == who->saved_user;
    bool own_group = given.group == who->group || given.group == who->effective_group ||
                     given.group == who->saved_group;
    if (who->effective_user != 0 &&
        (given.process != process->process || !own_user || !own_group)) {
        return -EPERM;
    }
    what->credentials = given;
    what->has_credentials = true;
    return 0;
}

static int64_t take_control(const struct header *header, struct socket_transfer *what)
{
    uint64_t at = 0;
    while (header->control_size - at >= sizeof(struct control_header) &&
           at < header->control_size) {
        struct control_header control;
        struct user place = {header->control + at};
        if (user_read(&control, place, sizeof control) != 0) {
            return -EFAULT;
        }
        if (control.size < sizeof control || control.size > header->control_size - at) {
            return -EINVAL;
        }
        struct user data = user_at(place, sizeof control);
        size_t size = control.size - sizeof control;
        int64_t error = 0;
        if (control.level != SOL_SOCKET) {
            error = 0;
        } else if (control.type == SCM_RIGHTS) {
            error = take_files(data, size / sizeof(int32_t), what);
        } else if (control.type == SCM_CREDENTIALS) {
            error = take_credentials(data, size, what);
        } else {
            error = -EINVAL;
        }
        if (error != 0) {
            return error;
        }
        at += aligned(control.size);
    }
    return 0;
}

static int64_t find_receiver(const struct socket *socket, uint64_t name, uint32_t size,
                             struct socket_transfer *what)
{
    struct socket_address address;
    if (name == 0 || size == 0) {
        return 0;
    }
    if (socket->type != SOCK_DGRAM) {
        return socket->was_connected ? -EISCONN : -EOPNOTSUPP;
    }
    int64_t error = socket_address_read((struct user){name}, size, &address);
    return error != 0 ? error : socket_find(&address, socket->type, &what->to);
}

static int64_t after_send(int64_t result, uint32_t flags)
{
    if (result == -EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        signal_thread_of_call(SIGPIPE, SI_USER, 0);
    }
    return result;
}

static void drop_along(struct socket_transfer *what)
{
    socket_files_drop(what->files, what->file_count);
    what->files = nullptr;
    what->file_count = 0;
    if (what->to != nullptr) {
        socket_drop(what->to);
        what->to = nullptr;
    }
}

int64_t call_sendto(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = open_socket(call->argument[0], &file, &socket);
    if (result != 0) {
        return result;
    }
    uint32_t flags = (uint32_t)call->argument[3];
    uint64_t size = call->argument[2];
    struct socket_transfer what = {
        .transfer = transfer_user((struct user){call->argument[1]},
                                  size < LINUX_TRANSFER_MOST ? size : LINUX_TRANSFER_MOST),
        .flags = flags,
        .nonblocking = (file->flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0,
    };
    result = find_receiver(socket, call->argument[4], (uint32_t)call->argument[5], &what);
    if (result == 0) {
        result = socket_send(socket, &what);
    }
    drop_along(&what);
    file_drop(file);
    return after_send(result, flags);
}

int64_t call_recvfrom(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = open_socket(call->argument[0], &file, &socket);
    if (result != 0) {
        return result;
    }
    uint32_t flags = (uint32_t)call->argument[3];
    uint64_t size = call->argument[2];
    struct socket_transfer what = {
        .transfer = transfer_user((struct user){call->argument[1]},
                                  size < LINUX_TRANSFER_MOST ? size : LINUX_TRANSFER_MOST),
        .flags = flags,
        .nonblocking = (file->flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0,
    };
    result = socket_receive(socket, &what);
    bool has_address = socket->type == SOCK_DGRAM;
    drop_along(&what);
    file_drop(file);
    if (result >= 0 && call->argument[4] != 0) {
        struct socket_address none = {};
        int64_t error = socket_address_write(has_address ? &what.address : &none, call->argument[4],
                                             call->argument[5]);
        result = error != 0 ? error : result;
    }
    return result;
}

// Vectors of a header, in memory that is given back by the caller; null with 0 vectors.
static int64_t read_vectors(const struct header *header, struct linux_vector **vectors,
                            struct socket_transfer *what)
{
    size_t count = header->vector_count;
    *vectors = nullptr;
    if (count > LINUX_VECTOR_MOST) {
        return -EMSGSIZE;
    }
    if (count == 0) {
        return 0;
    }
    *vectors = store_take(count * sizeof **vectors);
    if (*vectors == nullptr) {
        return -ENOMEM;
    }
    int64_t sum = vector_read((struct user){header->vectors}, count, *vectors);
    if (sum < 0) {
        store_give(*vectors, count * sizeof **vectors);
        *vectors = nullptr;
        return sum;
    }
    what->transfer = (struct transfer){.size = (size_t)sum, .next = *vectors};
    return 0;
}

static void give_vectors(const struct header *header, struct linux_vector *vectors)
{
    if (vectors != nullptr) {
        store_give(vectors, header->vector_count * sizeof *vectors);
    }
}

static int64_t send_message(struct file *file, struct socket *socket, uint64_t at, uint32_t flags)
{
    struct header header;
    struct linux_vector *vectors = nullptr;
    struct socket_transfer what = {
        .flags = flags,
        .nonblocking = (file->flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0,
    };
    if (user_read(&header, (struct user){at}, sizeof header) != 0) {
        return -EFAULT;
    }
    int64_t result = read_vectors(&header, &vectors, &what);
    if (result == 0) {
        result = take_control(&header, &what);
    }
    if (result == 0) {
        result = find_receiver(socket, header.name, header.name_size, &what);
    }
    if (result == 0) {
        result = socket_send(socket, &what);
    }
    drop_along(&what);
    give_vectors(&header, vectors);
    return after_send(result, flags);
}

int64_t call_sendmsg(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = open_socket(call->argument[0], &file, &socket);
    if (result == 0) {
        result = send_message(file, socket, call->argument[1], (uint32_t)call->argument[2]);
        file_drop(file);
    }
    return result;
}

// Room for control messages, and how much of it was used.
struct control_room {
    struct user at;
    uint64_t size;
    uint64_t used;
};

static int64_t give_control(struct control_room *room, int type, const void *data, size_t size)
{
    struct control_header control = {sizeof control + size, SOL_SOCKET, type};
    struct user place = user_at(room->at, room->used);
    if (user_write(place, &control, sizeof control) != 0 ||
        user_write(user_at(place, sizeof control), data, size) != 0) {
        return -EFAULT;
    }
    uint64_t used = room->used + aligned(control.size);
    room->used = used < room->size ? used : room->size;
    return 0;
}

static bool has_room(const struct control_room *room, size_t size)
{
    return room->size - room->used >= sizeof(struct control_header) + size;
}

// Files become descriptors, as many as there is room for.
static int64_t give_files(struct control_room *room, struct socket_transfer *what)
{
    int32_t numbers[SOCKET_FILES_MOST];
    uint32_t given = 0;
    if (what->file_count == 0) {
        return 0;
    }
    uint64_t space = room->size - room->used;
    uint64_t fits = space > sizeof(struct control_header)
                        ? (space - sizeof(struct control_header)) / sizeof(int32_t)
                        : 0;
    bool exec_closes = (what->flags & MSG_CMSG_CLOEXEC) != 0;
    while (given < what->file_count && given < fits) {
        file_keep(what->files[given]);
        int64_t number = descriptor_put(what->files[given], exec_closes, 0);
        if (number < 0) {
            break;
        }
        numbers[given++] = (int32_t)number;
    }
    if (given < what->file_count) {
        what->result_flags |= MSG_CTRUNC;
    }
    return given > 0 ? give_control(room, SCM_RIGHTS, numbers, given * sizeof numbers[0]) : 0;
}

static int64_t give_all_control(const struct socket *socket, struct control_room *room,
                                struct socket_transfer *what)
{
    int64_t error = 0;
    if (socket->passes_credentials && what->has_credentials) {
        if (has_room(room, sizeof what->credentials)) {
            error =
                give_control(room, SCM_CREDENTIALS, &what->credentials, sizeof what->credentials);
        } else {
            what->result_flags |= MSG_CTRUNC;
        }
    }
    return error != 0 ? error : give_files(room, what);
}

static int64_t write_header(struct header *header, const struct socket *socket, uint64_t at,
                            const struct socket_transfer *what, const struct control_room *room)
{
    header->flags = (int32_t)(what->result_flags | (what->flags & MSG_CMSG_CLOEXEC));
    header->control_size = room->used;
    if (header->name != 0) {
        uint32_t size = socket->type == SOCK_DGRAM ? what->address.size : 0;
        uint32_t part = size < header->name_size ? size : header->name_size;
        if (user_write((struct user){header->name}, &what->address.name, part) != 0) {
            return -EFAULT;
        }
        header->name_size = size;
    }
    return user_write((struct user){at}, header, sizeof *header);
}

static int64_t receive_message(struct file *file, struct socket *socket, uint64_t at,
                               uint32_t flags)
{
    struct header header;
    struct linux_vector *vectors = nullptr;
    struct socket_transfer what = {
        .flags = flags,
        .nonblocking = (file->flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0,
    };
    if (user_read(&header, (struct user){at}, sizeof header) != 0) {
        return -EFAULT;
    }
    int64_t result = read_vectors(&header, &vectors, &what);
    if (result == 0) {
        result = socket_receive(socket, &what);
    }
    if (result >= 0) {
        struct control_room room = {
            {header.control}, header.control != 0 ? header.control_size : 0, 0};
        int64_t error = give_all_control(socket, &room, &what);
        if (error == 0) {
            error = write_header(&header, socket, at, &what, &room);
        }
        result = error != 0 ? error : result;
    }
    drop_along(&what);
    give_vectors(&header, vectors);
    return result;
}

int64_t call_recvmsg(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = open_socket(call->argument[0], &file, &socket);
    if (result == 0) {
        result = receive_message(file, socket, call->argument[1], (uint32_t)call->argument[2]);
        file_drop(file);
    }
    return result;
}

// Several messages in one call: a header, then how many bytes were moved.
constexpr uint64_t MANY_STRIDE = sizeof(struct header) + 8;
constexpr uint32_t MANY_MOST = 1024;

static int64_t move_many(const struct call *call, bool receive)
{
    struct file *file;
    struct socket *socket;
    int64_t error = open_socket(call->argument[0], &file, &socket);
    if (error != 0) {
        return error;
    }
    constexpr uint32_t WAIT_FOR_ONE = 0x10000; // MSG_WAITFORONE
    uint32_t flags = (uint32_t)call->argument[3];
    uint32_t count =
        (uint32_t)call->argument[2] < MANY_MOST ? (uint32_t)call->argument[2] : MANY_MOST;
    uint32_t done = 0;
    while (error == 0 && done < count) {
        uint64_t at = call->argument[1] + done * MANY_STRIDE;
        uint32_t now = flags & ~WAIT_FOR_ONE;
        now |= (flags & WAIT_FOR_ONE) != 0 && done > 0 ? MSG_DONTWAIT : 0;
        int64_t moved =
            receive ? receive_message(file, socket, at, now) : send_message(file, socket, at, now);
        uint32_t size = (uint32_t)moved;
        error = moved < 0
                    ? moved
                    : user_write((struct user){at + sizeof(struct header)}, &size, sizeof size);
        done += error == 0;
    }
    file_drop(file);
    return done > 0 ? (int64_t)done : error;
}

int64_t call_sendmmsg(const struct call *call)
{
    return move_many(call, false);
}

int64_t call_recvmmsg(const struct call *call)
{
    return move_many(call, true);
}
