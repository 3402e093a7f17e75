// SPDX-License-Identifier: MIT
// UNIX sockets: messages between programs of the sandbox, with files and credentials along.
//
// What was sent lies at the receiver, as a list of messages; a stream is a list whose seams nobody sees, but where files
// came along. A socket is counted by its file, by those connected to it, and over waits.
#pragma once

#include "file.h"
#include "gate.h"
#include "node.h"

#include <sys/socket.h>
#include <sys/un.h>

constexpr size_t SOCKET_ADDRESS_MOST = sizeof(struct sockaddr_un);
constexpr size_t SOCKET_FILES_MOST = 253; // SCM_MAX_FD
constexpr uint64_t SOCKET_QUEUED_USUAL = 212'992;

struct socket_address {
    uint32_t size; // of all; 0: no address, 2: no name
    struct sockaddr_un name;
};

struct socket_credentials {
    uint32_t process, user, group;
};

// Bytes of a message.
struct chunk_of_message {
    struct chunk_of_message *next;
    size_t size;
    uint8_t bytes[];
};

struct message {
    struct message *next;
    struct chunk_of_message *first, *last;
    size_t size;         // bytes in all
    size_t offset;       // bytes that were taken, of a stream
    struct file **files; // counted each
    uint32_t file_count;
    struct socket_credentials from;
    struct socket_address address; // of the sender, of datagrams
};

enum socket_state : uint8_t {
    SOCKET_NEW,
    SOCKET_LISTENS,
    SOCKET_CONNECTED,
    SOCKET_CLOSED,
};

struct socket {
    uint32_t count;
    int type; // SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET
    enum socket_state state;
    bool was_connected;
    bool reads_shut, writes_shut;
    bool passes_credentials;
    int32_t error;       // SO_ERROR
    struct socket *peer; // counted
    struct wait_queue queue;
    struct gate gate; // of who receives
    struct message *first, *last;
    uint64_t queued; // bytes
    uint64_t queued_most;
    struct socket *waiting_first, *waiting_last, *waiting_next; // to be accepted; counted each
    uint32_t waiting, backlog;
    struct socket_address address;
    struct node *node;                      // that it is bound to; counted
    struct socket *next_name;               // among abstract names
    struct socket_credentials owner, other; // who made it; who is at the other end
    int64_t receive_time, send_time;        // nanoseconds; 0: for ever
    uint64_t inode;
};

[[nodiscard]] struct socket *socket_make(int type);
void socket_keep(struct socket *socket);
void socket_drop(struct socket *socket);
// A file for a socket, whose count it takes over in any case.
[[nodiscard]] struct file *socket_file(struct socket *socket, uint32_t flags);
// The socket of a file; null for other files.
[[nodiscard]] struct socket *socket_of(const struct file *file);
void socket_changed(struct socket *socket);
void socket_join(struct socket *one, struct socket *other);

// What one send or receive is about.
struct socket_transfer {
    struct transfer transfer;
    uint32_t flags; // MSG_*
    bool nonblocking;
    // Sent along, or received: files are counted.
    struct file **files;
    uint32_t file_count;
    struct socket_credentials credentials;
    bool has_credentials;
    struct socket *to;             // of a datagram with an address; counted by the caller
    struct socket_address address; // of the sender
    uint32_t result_flags;         // MSG_TRUNC and the like
};

[[nodiscard]] int64_t socket_send(struct socket *socket, struct socket_transfer *what);
[[nodiscard]] int64_t socket_receive(struct socket *socket, struct socket_transfer *what);

// socket_name.c
[[nodiscard]] int64_t socket_address_read(struct user from, uint32_t size,
                                          struct socket_address *address);
[[nodiscard]] int64_t socket_address_write(const struct socket_address *address, uint64_t to,
                                           uint64_t size_at);
[[nodiscard]] int64_t socket_bind(struct socket *socket, const struct socket_address *address);
// The socket that an address leads to, counted.
[[nodiscard]] int64_t socket_find(const struct socket_address *address, int type,
                                  struct socket **found);
void socket_unbind(struct socket *socket);

void socket_files_drop(struct file **files, uint32_t count);

// The file of a descriptor that is a socket, counted; -EBADF or -ENOTSOCK.
[[nodiscard]] int64_t socket_of_descriptor(uint64_t descriptor, struct file **file,
                                           struct socket **socket);
