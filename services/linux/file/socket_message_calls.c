// SPDX-License-Identifier: MIT
// Sending and receiving on sockets, with addresses, files and credentials along.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "linux.h"
#include "socket.h"

#include <signal.h>

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

static bool must_not_wait(const struct file *file, uint32_t flags)
{
    return (file->flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0;
}

// What sendto and recvfrom say about the bytes: where, how many, flags.
static struct socket_transfer transfer_of(const struct call *call, const struct file *file)
{
    uint64_t size = call->argument[2];
    uint32_t flags = (uint32_t)call->argument[3];
    return (struct socket_transfer){
        .transfer = transfer_user((struct user){call->argument[1]},
                                  size < LINUX_TRANSFER_MOST ? size : LINUX_TRANSFER_MOST),
        .flags = flags,
        .nonblocking = must_not_wait(file, flags),
    };
}

int64_t call_sendto(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = socket_of_descriptor(call->argument[0], &file, &socket);
    if (result != 0) {
        return result;
    }
    struct socket_transfer what = transfer_of(call, file);
    result = find_receiver(socket, call->argument[4], (uint32_t)call->argument[5], &what);
    if (result == 0) {
        result = socket_send(socket, &what);
    }
    drop_along(&what);
    file_drop(file);
    return after_send(result, what.flags);
}

int64_t call_recvfrom(const struct call *call)
{
    struct file *file;
    struct socket *socket;
    int64_t result = socket_of_descriptor(call->argument[0], &file, &socket);
    if (result != 0) {
        return result;
    }
    struct socket_transfer what = transfer_of(call, file);
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

// Takes a header, and its vectors, which the caller gives back.
static int64_t read_message(const struct file *file, uint64_t at, uint32_t flags,
                            struct header *header, struct linux_vector **vectors,
                            struct socket_transfer *what)
{
    *vectors = nullptr;
    *what = (struct socket_transfer){.flags = flags, .nonblocking = must_not_wait(file, flags)};
    return user_read(header, (struct user){at}, sizeof *header) != 0
               ? -EFAULT
               : read_vectors(header, vectors, what);
}

static int64_t send_message(struct file *file, struct socket *socket, uint64_t at, uint32_t flags)
{
    struct header header;
    struct linux_vector *vectors;
    struct socket_transfer what;
    int64_t result = read_message(file, at, flags, &header, &vectors, &what);
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
    int64_t result = socket_of_descriptor(call->argument[0], &file, &socket);
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
    struct linux_vector *vectors;
    struct socket_transfer what;
    int64_t result = read_message(file, at, flags, &header, &vectors, &what);
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
    int64_t result = socket_of_descriptor(call->argument[0], &file, &socket);
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
    int64_t error = socket_of_descriptor(call->argument[0], &file, &socket);
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
