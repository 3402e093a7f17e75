// SPDX-License-Identifier: MIT
// Names of UNIX sockets: in the file system, and abstract ones, which are any bytes behind a zero.
#include "socket.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "linux.h"
#include "names.h"

#include <kozo/format.h>
#include <string.h>

constexpr size_t FAMILY = sizeof(sa_family_t);

static struct socket *first_abstract;

static bool is_abstract(const struct socket_address *address)
{
    return address->size > FAMILY && address->name.sun_path[0] == '\0';
}

int64_t socket_address_read(struct user from, uint32_t size, struct socket_address *address)
{
    if (size < FAMILY || size > sizeof address->name) {
        return -EINVAL;
    }
    *address = (struct socket_address){.size = size};
    if (user_read(&address->name, from, size) != 0) {
        return -EFAULT;
    }
    if (address->name.sun_family != AF_UNIX) {
        return -EINVAL;
    }
    return 0;
}

// The whole size is told, however much of the address there is room for.
int64_t socket_address_write(const struct socket_address *address, uint64_t to, uint64_t size_at)
{
    int32_t room = 0;
    if (to == 0) {
        return 0;
    }
    if (user_read(&room, (struct user){size_at}, sizeof room) != 0) {
        return -EFAULT;
    }
    if (room < 0) {
        return -EINVAL;
    }
    size_t part = (size_t)room < address->size ? (size_t)room : address->size;
    int64_t error = user_write((struct user){to}, &address->name, part);
    uint32_t size = address->size;
    return error != 0 ? error : user_write((struct user){size_at}, &size, sizeof size);
}

static struct socket *find_abstract(const struct socket_address *address, int type)
{
    struct socket *socket = first_abstract;
    while (socket != nullptr &&
           (socket->type != type || socket->address.size != address->size ||
            memcmp(&socket->address.name, &address->name, address->size) != 0)) {
        socket = socket->next_name;
    }
    return socket;
}

static int64_t bind_abstract(struct socket *socket, const struct socket_address *address)
{
    if (find_abstract(address, socket->type) != nullptr) {
        return -EADDRINUSE;
    }
    socket->address = *address;
    socket->next_name = first_abstract;
    first_abstract = socket;
    return 0;
}

// Without a name in the address the socket gets one that nobody has.
static int64_t bind_any(struct socket *socket)
{
    constexpr uint32_t NAMES = 0x10'0000;
    static uint32_t next;
    for (uint32_t tries = 0; tries < NAMES; tries++) {
        struct socket_address address = {.size = FAMILY + 6, .name = {.sun_family = AF_UNIX}};
        char digits[8];
        (void)kozo_format(digits, sizeof digits, "%05x", next++ % NAMES);
        memcpy(address.name.sun_path + 1, digits, 5);
        if (bind_abstract(socket, &address) == 0) {
            return 0;
        }
    }
    return -ENOSPC;
}

// The path of an address as a string.
static void path_of_address(const struct socket_address *address,
                            char path[sizeof address->name.sun_path + 1])
{
    size_t length = address->size - FAMILY;
    memcpy(path, address->name.sun_path, length);
    path[length] = '\0';
}

static int64_t bind_path(struct socket *socket, const struct socket_address *address)
{
    char path[sizeof address->name.sun_path + 1];
    struct walked walked;
    path_of_address(address, path);
    int64_t error = path_walk(AT_FDCWD, path, WALK_STAY | WALK_ABSENT | WALK_CHANGE, &walked);
    if (error != 0) {
        return error;
    }
    if (walked.entry->node != nullptr) {
        error = -EADDRINUSE;
    } else if (walked.slash) {
        error = -ENOENT;
    } else {
        struct new_node what;
        new_node_fill(&what, walked.entry->parent->node, S_IFSOCK | 0777);
        error = entry_make(walked.entry, &what);
    }
    if (error == 0) {
        socket->node = walked.entry->node;
        node_keep(socket->node);
        socket->node->shared = socket;
        socket->address = *address;
        socket->address.size = (uint32_t)(FAMILY + strlen(path) + 1);
    }
    entry_drop(walked.entry);
    return error;
}

int64_t socket_bind(struct socket *socket, const struct socket_address *address)
{
    if (socket->address.size > FAMILY) {
        return -EINVAL;
    }
    if (address->size == FAMILY) {
        return bind_any(socket);
    }
    return is_abstract(address) ? bind_abstract(socket, address) : bind_path(socket, address);
}

static int64_t find_path(const struct socket_address *address, struct socket **found)
{
    char path[sizeof address->name.sun_path + 1];
    struct walked walked;
    path_of_address(address, path);
    int64_t error = path_walk(AT_FDCWD, path, 0, &walked);
    if (error != 0) {
        return error;
    }
    struct node *node = walked.entry->node;
    if (!S_ISSOCK(node->mode)) {
        error = -ECONNREFUSED;
    } else {
        error = node_may(node, MAY_WRITE);
    }
    *found = error == 0 ? node->shared : nullptr;
    entry_drop(walked.entry);
    return error;
}

int64_t socket_find(const struct socket_address *address, int type, struct socket **found)
{
    int64_t error = 0;
    *found = nullptr;
    if (address->size == FAMILY) {
        return -ECONNREFUSED;
    }
    if (is_abstract(address)) {
        *found = find_abstract(address, type);
    } else {
        error = find_path(address, found);
    }
    if (error != 0 || *found == nullptr) {
        return error != 0 ? error : -ECONNREFUSED;
    }
    if ((*found)->type != type) {
        return -EPROTOTYPE;
    }
    socket_keep(*found);
    return 0;
}

void socket_unbind(struct socket *socket)
{
    if (socket->node != nullptr) {
        socket->node->shared = nullptr;
        node_drop(socket->node);
        socket->node = nullptr;
    }
    struct socket **place = &first_abstract;
    while (*place != nullptr && *place != socket) {
        place = &(*place)->next_name;
    }
    if (*place == socket) {
        *place = socket->next_name;
    }
}
