// SPDX-License-Identifier: MIT
// UNIX sockets: what they are, and how messages come from one to the other.
#include "socket.h"

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "handlers.h"
#include "linux.h"

#include <string.h>
#include <sys/ioctl.h>

constexpr size_t CHUNK_MOST = 16'384;
constexpr size_t MESSAGE_MOST = 212'960; // of a datagram or packet
constexpr uint64_t DEVICE = 8;

static const struct file_operations operations;

// Life.

struct socket *socket_make(int type)
{
    static uint64_t last_inode;
    struct socket *socket = store_take(sizeof *socket);
    if (socket != nullptr) {
        const struct caller *process = caller();
        *socket = (struct socket){
            .count = 1,
            .type = type,
            .queued_most = SOCKET_QUEUED_USUAL,
            .inode = ++last_inode,
            .address = {.size = sizeof(sa_family_t), .name = {.sun_family = AF_UNIX}},
        };
        socket->owner =
            (struct socket_credentials){process->process, process->credentials.effective_user,
                                        process->credentials.effective_group};
    }
    return socket;
}

void socket_keep(struct socket *socket)
{
    socket->count++;
}

void socket_files_drop(struct file **files, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        file_drop(files[i]);
    }
    if (count > 0) {
        store_give((void *)files, count * sizeof(struct file *));
    }
}

static void message_drop(struct message *message)
{
    while (message->first != nullptr) {
        struct chunk_of_message *chunk = message->first;
        message->first = chunk->next;
        store_give(chunk, sizeof *chunk + chunk->size);
    }
    socket_files_drop(message->files, message->file_count);
    store_give(message, sizeof *message);
}

static struct message *take_first(struct socket *socket)
{
    struct message *message = socket->first;
    socket->first = message->next;
    if (socket->first == nullptr) {
        socket->last = nullptr;
    }
    socket->queued -= message->size - message->offset;
    return message;
}

void socket_drop(struct socket *socket)
{
    if (--socket->count == 0) {
        store_give(socket, sizeof *socket);
    }
}

void socket_changed(struct socket *socket)
{
    if (socket->queue.first != nullptr) {
        (void)wait_wake(&socket->queue, SIZE_MAX);
    }
}

void socket_join(struct socket *one, struct socket *other)
{
    socket_keep(one);
    socket_keep(other);
    one->peer = other;
    other->peer = one;
    one->state = SOCKET_CONNECTED;
    other->state = SOCKET_CONNECTED;
    one->was_connected = true;
    other->was_connected = true;
    one->other = other->owner;
    other->other = one->owner;
}

// Cuts the link to the other end, which learns of it.
static void part(struct socket *socket)
{
    struct socket *peer = socket->peer;
    if (peer == nullptr) {
        return;
    }
    socket->peer = nullptr;
    if (peer->peer == socket) {
        peer->peer = nullptr;
        // What was sent and not read is lost, and the other end is told once.
        if (socket->first != nullptr && socket->type != SOCK_DGRAM) {
            peer->error = ECONNRESET;
        }
        socket_changed(peer);
        socket_drop(socket);
    } else {
        socket_changed(peer);
    }
    socket_drop(peer);
}

// Nobody has it open any more. Those that wait to be accepted are closed likewise; they have nobody waiting themselves.
static void close_socket(struct socket *socket)
{
    socket->state = SOCKET_CLOSED;
    socket_unbind(socket);
    part(socket);
    while (socket->first != nullptr) {
        message_drop(take_first(socket));
    }
    socket_changed(socket);
    socket_drop(socket);
}

static void end(struct file *file)
{
    struct socket *socket = file->own;
    while (socket->waiting_first != nullptr) {
        struct socket *waiting = socket->waiting_first;
        socket->waiting_first = waiting->waiting_next;
        if (waiting->peer != nullptr) {
            waiting->peer->error = ECONNRESET;
        }
        close_socket(waiting);
    }
    close_socket(socket);
}

// Sending.

static struct message *message_make(const struct socket *socket)
{
    struct message *message = store_take(sizeof *message);
    if (message != nullptr) {
        const struct caller *process = caller();
        message->from = (struct socket_credentials){process->process, process->credentials.user,
                                                    process->credentials.group};
        message->address = socket->address;
    }
    return message;
}

// Fills a message with up to `size` bytes.
static int64_t message_fill(struct message *message, struct transfer *transfer, size_t size)
{
    while (message->size < size) {
        size_t left = size - message->size;
        size_t most = left < CHUNK_MOST ? left : CHUNK_MOST;
        struct chunk_of_message *chunk = store_take(sizeof *chunk + most);
        if (chunk == nullptr) {
            return -ENOBUFS;
        }
        chunk->size = most;
        *(message->last != nullptr ? &message->last->next : &message->first) = chunk;
        message->last = chunk;
        if (transfer_take(transfer, chunk->bytes, most) != 0) {
            return -EFAULT;
        }
        message->size += most;
    }
    return 0;
}

static void message_put(struct socket *to, struct message *message)
{
    *(to->last != nullptr ? &to->last->next : &to->first) = message;
    to->last = message;
    to->queued += message->size;
    socket_changed(to);
}

// Why nothing can be sent; 0 if it can.
static int64_t check_send(const struct socket *socket, const struct socket *to)
{
    if (socket->writes_shut) {
        return -EPIPE;
    }
    if (to == nullptr) {
        return socket->type == SOCK_DGRAM ? (socket->was_connected ? -ECONNREFUSED : -ENOTCONN)
               : socket->was_connected    ? -EPIPE
                                          : -ENOTCONN;
    }
    if (to->state == SOCKET_CLOSED) {
        return -ECONNREFUSED;
    }
    return to->reads_shut ? -EPIPE : 0;
}

static bool has_room(const struct socket *to, size_t size)
{
    return to->queued == 0 || to->queued + size <= to->queued_most;
}

// Waits at the receiver. The sender's own socket is where poll waits, and is woken along with it.
static int64_t wait_at(struct socket *socket, const struct socket_transfer *what, int64_t time)
{
    if (what->nonblocking) {
        return -EAGAIN;
    }
    enum wake wake = wait_on(&socket->queue, time > 0 ? deadline_in(time) : NO_DEADLINE);
    return wake == WAKE_EVENT ? 0 : wake == WAKE_TIME ? -EAGAIN : RESTART_CALL;
}

// Waits until so many bytes have room. The receiver may be gone after that.
static int64_t wait_for_room(struct socket *socket, const struct socket_transfer *what, size_t size)
{
    for (;;) {
        struct socket *to = what->to != nullptr ? what->to : socket->peer;
        int64_t error = check_send(socket, to);
        if (error != 0 || has_room(to, size)) {
            return error;
        }
        socket_keep(to);
        error = wait_at(to, what, socket->send_time);
        socket_drop(to);
        if (error != 0) {
            return error;
        }
    }
}

static void attach(struct message *message, struct socket_transfer *what)
{
    if (what->has_credentials) {
        message->from = what->credentials;
    }
    // Files go with the first bytes, once.
    message->files = what->files;
    message->file_count = what->file_count;
    what->files = nullptr;
    what->file_count = 0;
}

// Sends one message of so many bytes.
static int64_t send_one(struct socket *socket, struct socket_transfer *what, size_t size)
{
    int64_t error = wait_for_room(socket, what, size);
    struct message *message = error == 0 ? message_make(socket) : nullptr;
    if (message == nullptr) {
        return error != 0 ? error : -ENOBUFS;
    }
    error = message_fill(message, &what->transfer, size);
    // Copying may have waited.
    if (error == 0) {
        error = wait_for_room(socket, what, size);
    }
    if (error != 0) {
        message_drop(message);
        return error;
    }
    attach(message, what);
    message_put(what->to != nullptr ? what->to : socket->peer, message);
    return 0;
}

int64_t socket_send(struct socket *socket, struct socket_transfer *what)
{
    size_t size = what->transfer.size;
    if ((what->flags & MSG_OOB) != 0) {
        return -EOPNOTSUPP;
    }
    if (socket->type != SOCK_STREAM) {
        if (size > MESSAGE_MOST) {
            return -EMSGSIZE;
        }
        int64_t error = send_one(socket, what, size);
        return error != 0 ? error : (int64_t)size;
    }
    size_t sent = 0;
    int64_t error = check_send(socket, socket->peer);
    while (error == 0 && sent < size) {
        size_t left = size - sent;
        size_t once = left < CHUNK_MOST ? left : CHUNK_MOST;
        error = send_one(socket, what, once);
        sent += error == 0 ? once : 0;
    }
    return sent > 0 ? (int64_t)sent : error;
}

// Receiving.

static bool is_at_end(const struct socket *socket)
{
    return socket->reads_shut ||
           (socket->type != SOCK_DGRAM && socket->peer == nullptr && socket->was_connected) ||
           (socket->peer != nullptr && socket->peer->writes_shut && socket->type != SOCK_DGRAM);
}

static int64_t check_receive(struct socket *socket)
{
    if (socket->error != 0) {
        int64_t error = -socket->error;
        socket->error = 0;
        return error;
    }
    if (socket->type != SOCK_DGRAM && !socket->was_connected) {
        return socket->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
    }
    return 0;
}

// Waits for a message, with the gate open meanwhile. 0 without one at the end.
static int64_t wait_for_message(struct socket *socket, const struct socket_transfer *what)
{
    while (socket->first == nullptr) {
        int64_t error = check_receive(socket);
        if (error != 0 || is_at_end(socket)) {
            return error;
        }
        gate_leave(&socket->gate);
        error = wait_at(socket, what, socket->receive_time);
        gate_enter(&socket->gate);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

// Gives bytes of a message from an offset on.
static int64_t give_bytes(const struct message *message, struct transfer *transfer, size_t offset,
                          size_t size)
{
    const struct chunk_of_message *chunk = message->first;
    while (size > 0) {
        if (offset >= chunk->size) {
            offset -= chunk->size;
            chunk = chunk->next;
            continue;
        }
        size_t there = chunk->size - offset;
        size_t once = size < there ? size : there;
        if (transfer_give(transfer, chunk->bytes + offset, once) != 0) {
            return -EFAULT;
        }
        offset += once;
        size -= once;
    }
    return 0;
}

// What comes along with a message. When it is only looked at, files are counted once more.
static int64_t give_along(struct message *message, struct socket_transfer *what, bool peek)
{
    what->credentials = message->from;
    what->has_credentials = true;
    what->address = message->address;
    if (message->file_count == 0) {
        return 0;
    }
    if (!peek) {
        what->files = message->files;
        what->file_count = message->file_count;
        message->files = nullptr;
        message->file_count = 0;
        return 0;
    }
    struct file **files = (struct file **)store_take(message->file_count * sizeof(struct file *));
    if (files == nullptr) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < message->file_count; i++) {
        files[i] = message->files[i];
        file_keep(files[i]);
    }
    what->files = files;
    what->file_count = message->file_count;
    return 0;
}

// A message of its own: all of it is taken, whether it fits or not.
static int64_t receive_packet(struct socket *socket, struct socket_transfer *what)
{
    struct message *message = socket->first;
    bool peek = (what->flags & MSG_PEEK) != 0;
    size_t fits = transfer_left(&what->transfer);
    size_t size = message->size < fits ? message->size : fits;
    if (size < message->size) {
        what->result_flags |= MSG_TRUNC;
    }
    int64_t error = give_bytes(message, &what->transfer, 0, size);
    if (error == 0) {
        error = give_along(message, what, peek);
    }
    size_t whole = message->size;
    if (!peek) {
        message_drop(take_first(socket));
        socket_changed(socket);
        if (socket->peer != nullptr) {
            socket_changed(socket->peer);
        }
    }
    bool tells_whole = (what->flags & MSG_TRUNC) != 0;
    return error != 0 ? error : (int64_t)(tells_whole ? whole : size);
}

// Takes bytes of the first message of a stream. Gives whether it may go on with the next one.
static bool receive_part(struct socket *socket, struct socket_transfer *what, size_t *peeked,
                         int64_t *error)
{
    struct message *message = socket->first;
    bool peek = (what->flags & MSG_PEEK) != 0;
    size_t left = transfer_left(&what->transfer);
    size_t there = message->size - message->offset;
    size_t size = left < there ? left : there;
    bool has_files = message->file_count > 0;
    *error = give_bytes(message, &what->transfer, message->offset, size);
    if (*error == 0) {
        *error = give_along(message, what, peek);
    }
    if (*error != 0) {
        return false;
    }
    if (peek) {
        *peeked += size;
        return false;
    }
    message->offset += size;
    socket->queued -= size;
    if (message->offset == message->size) {
        message_drop(take_first(socket));
    }
    return !has_files;
}

// Whether the next message of a stream may be given together with what was given before. Bytes of different senders are kept apart
// only for who is told of them.
static bool goes_on(const struct socket *socket, const struct socket_transfer *what)
{
    const struct message *next = socket->first;
    bool same = !socket->passes_credentials || next == nullptr ||
                memcmp(&next->from, &what->credentials, sizeof next->from) == 0;
    return next != nullptr && same && transfer_left(&what->transfer) > 0;
}

static int64_t receive_stream(struct socket *socket, struct socket_transfer *what)
{
    int64_t error = 0;
    size_t peeked = 0;
    bool more = true;
    while (more) {
        more = receive_part(socket, what, &peeked, &error) && goes_on(socket, what);
        bool waits = (what->flags & MSG_WAITALL) != 0 && error == 0 && socket->first == nullptr &&
                     transfer_left(&what->transfer) > 0;
        if (waits) {
            if (socket->peer != nullptr) {
                socket_changed(socket->peer);
            }
            socket_changed(socket);
            more = wait_for_message(socket, what) == 0 && goes_on(socket, what);
        }
    }
    socket_changed(socket);
    if (socket->peer != nullptr) {
        socket_changed(socket->peer);
    }
    return transfer_result(&what->transfer, error);
}

int64_t socket_receive(struct socket *socket, struct socket_transfer *what)
{
    if ((what->flags & MSG_OOB) != 0) {
        return -EOPNOTSUPP;
    }
    gate_enter(&socket->gate);
    int64_t result = wait_for_message(socket, what);
    if (result == 0 && socket->first != nullptr) {
        if (socket->type != SOCK_STREAM) {
            result = receive_packet(socket, what);
        } else if (what->transfer.size > 0) {
            result = receive_stream(socket, what);
        }
    }
    gate_leave(&socket->gate);
    return result;
}

// As a file.

static int64_t read_socket(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct socket_transfer what = {.transfer = *transfer,
                                   .nonblocking = (file->flags & O_NONBLOCK) != 0};
    int64_t result = socket_receive(file->own, &what);
    socket_files_drop(what.files, what.file_count);
    return result;
}

static int64_t write_socket(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct socket_transfer what = {.transfer = *transfer,
                                   .nonblocking = (file->flags & O_NONBLOCK) != 0};
    return socket_send(file->own, &what);
}

static uint32_t ready(struct file *file)
{
    const struct socket *socket = file->own;
    uint32_t bits = socket->error != 0 ? READY_ERROR : 0;
    if (socket->state == SOCKET_LISTENS) {
        return bits | (socket->waiting_first != nullptr ? READY_IN : 0);
    }
    bool end_of_other = is_at_end(socket);
    bits |= socket->first != nullptr || end_of_other ? READY_IN : 0;
    bits |= end_of_other ? READY_READ_HANG_UP : 0;
    bool gone = socket->type != SOCK_DGRAM && socket->peer == nullptr;
    bits |= gone || (socket->writes_shut && end_of_other) ? READY_HANG_UP : 0;
    bool room = socket->peer == nullptr || has_room(socket->peer, 1);
    return bits | (room ? READY_OUT : 0);
}

static struct wait_queue *queue(struct file *file)
{
    struct socket *socket = file->own;
    return &socket->queue;
}

static int64_t control(struct file *file, uint64_t request, struct user argument)
{
    const struct socket *socket = file->own;
    int32_t bytes = 0;
    if (request == FIONREAD) {
        bytes = socket->type == SOCK_STREAM || socket->first == nullptr
                    ? (int32_t)socket->queued
                    : (int32_t)socket->first->size;
    } else if (request == TIOCOUTQ) {
        bytes = socket->peer != nullptr ? (int32_t)socket->peer->queued : 0;
    } else {
        return -ENOTTY;
    }
    return user_write(argument, &bytes, sizeof bytes);
}

static int64_t tell(struct file *file, struct linux_stat *stat)
{
    const struct socket *socket = file->own;
    *stat = (struct linux_stat){.device = DEVICE,
                                .inode = socket->inode,
                                .mode = S_IFSOCK | 0777,
                                .links = 1,
                                .user = socket->owner.user,
                                .group = socket->owner.group,
                                .block_size = 4096};
    return 0;
}

static const struct file_operations operations = {
    .kind = "socket",
    .read = read_socket,
    .write = write_socket,
    .ready = ready,
    .queue = queue,
    .control = control,
    .stat = tell,
    .close = end,
};

struct file *socket_file(struct socket *socket, uint32_t flags)
{
    struct file *file = file_make(&operations, O_RDWR | flags, socket);
    if (file == nullptr) {
        close_socket(socket);
    }
    return file;
}

struct socket *socket_of(const struct file *file)
{
    return file->operations == &operations ? file->own : nullptr;
}
