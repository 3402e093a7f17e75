// SPDX-License-Identifier: MIT
#include "handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

constexpr char ASK = 'h';

enum handed : uint32_t {
    HANDED_OPEN = 1, // a descriptor comes along
    HANDED_FOLDER = 2,
    HANDED_WRITES = 4,
    HANDED_TAKEN_BACK = 8,
    HANDED_END = 16, // `number` is the size of messages that was agreed upon
};

constexpr size_t NAME_MOST = 64; // bytes of a place's name with its final zero

// A message: this, then the place's name and the path, each with its zero.
struct handed_file {
    uint32_t number;
    uint32_t flags;
};

constexpr size_t MESSAGE = sizeof(struct handed_file) + NAME_MOST + PLACE_PATH;

// Room for one descriptor beside a message (cmsg(3)).
union passed {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
};

bool handover_ask(int socket)
{
    struct iovec piece = {.iov_base = &(char){ASK}, .iov_len = 1};
    const struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

// --- Giving -------------------------------------------------------------------------------------

static bool give(int socket, char *bytes, size_t size, int descriptor)
{
    struct iovec piece = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    union passed passed = {};
    if (descriptor >= 0) {
        message.msg_control = passed.bytes;
        message.msg_controllen = sizeof passed.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool give_file(const struct file *file, int socket)
{
    char bytes[MESSAGE];
    struct handed_file handed = {
        .number = file->number,
        .flags = (file->descriptor >= 0 ? HANDED_OPEN : 0) | (file->directory ? HANDED_FOLDER : 0) |
                 (file->writes ? HANDED_WRITES : 0) |
                 (file->taken_back || file->attribute != nullptr ? HANDED_TAKEN_BACK : 0),
    };
    size_t name = strlen(file->place->name) + 1;
    size_t path = strlen(file->path) + 1;
    if (name > NAME_MOST || path > PLACE_PATH) {
        return false;
    }
    memcpy(bytes, &handed, sizeof handed);
    memcpy(bytes + sizeof handed, file->place->name, name);
    memcpy(bytes + sizeof handed + name, file->path, path);
    return give(socket, bytes, sizeof handed + name + path, file->descriptor);
}

// Takes the request from the socket: an end with something unread would take away what was given (unix(7)).
static bool take_request(int socket)
{
    char asked = 0;
    struct iovec piece = {.iov_base = &asked, .iov_len = 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return recvmsg(socket, &message, 0) == 1 && asked == ASK;
}

bool handover_give(const struct server *server, int socket)
{
    if (!take_request(socket)) {
        return false;
    }
    const struct file_table *files = &server->files;
    for (size_t i = 0; i < sizeof files->bucket / sizeof files->bucket[0]; i++) {
        for (const struct file *file = files->bucket[i]; file != nullptr; file = file->next) {
            if (!give_file(file, socket)) {
                return false;
            }
        }
    }
    struct handed_file end = {.number = (uint32_t)server->message_most, .flags = HANDED_END};
    return give(socket, (char *)&end, sizeof end, -1);
}

// --- Taking -------------------------------------------------------------------------------------

// One message, decoded. Whoever has it owns the descriptor.
struct taken {
    struct handed_file handed;
    const char *name;
    const char *path;
    int descriptor; // -1: none
};

static int descriptor_of(struct msghdr *message)
{
    int descriptor = -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof descriptor)) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    return descriptor;
}

// Takes a message into `bytes`. False: it is none, or none came.
static bool take(int socket, char bytes[MESSAGE], struct taken *taken)
{
    struct iovec piece = {.iov_base = bytes, .iov_len = MESSAGE};
    union passed passed = {};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = passed.bytes,
        .msg_controllen = sizeof passed.bytes,
    };
    ssize_t got = -1;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *taken = (struct taken){.descriptor = got < 0 ? -1 : descriptor_of(&message)};
    if (got < (ssize_t)sizeof taken->handed || (message.msg_flags & MSG_TRUNC) != 0) {
        return false;
    }
    memcpy(&taken->handed, bytes, sizeof taken->handed);
    size_t left = (size_t)got - sizeof taken->handed;
    if ((taken->handed.flags & HANDED_END) != 0) {
        return left == 0;
    }
    taken->name = bytes + sizeof taken->handed;
    size_t name = strnlen(taken->name, left) + 1;
    taken->path = taken->name + name;
    return name < left && strnlen(taken->path, left - name) == left - name - 1 &&
           (taken->descriptor >= 0) == ((taken->handed.flags & HANDED_OPEN) != 0);
}

// Whether each part of a path is a name: what place.h compares as text must lead to where it says.
static bool is_plain(const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        bool dots = length <= 2 && strspn(path, ".") >= length;
        if (length == 0 || dots || (path[length] == '/' && path[length + 1] == '\0')) {
            return false;
        }
        path += length + (path[length] == '/' ? 1 : 0);
    }
    return true;
}

// Whether a descriptor is of the file that is at the path, or of one that has no name.
static bool is_of(const struct place *place, const char *path, int descriptor)
{
    struct stat given;
    struct stat there;
    if (fstat(descriptor, &given) != 0) {
        return false;
    }
    if (S_ISREG(given.st_mode) && given.st_nlink == 0) {
        return place_allows(place, path);
    }
    int found = place_find(place, path, &there);
    if (found < 0) {
        return false;
    }
    close(found);
    return given.st_dev == there.st_dev && given.st_ino == there.st_ino;
}

static bool is_good(const struct place *place, const struct taken *taken)
{
    if (place == nullptr || (taken->handed.flags & HANDED_TAKEN_BACK) != 0) {
        return false;
    }
    if (place->root < 0) {
        return taken->path[0] == '\0' && taken->descriptor < 0; // the folder of all places
    }
    bool writes = (taken->handed.flags & HANDED_WRITES) != 0;
    return is_plain(taken->path) && place_allows(place, taken->path) &&
           (!writes || place_may_change(place, taken->path)) &&
           (taken->descriptor < 0 || is_of(place, taken->path, taken->descriptor));
}

// Adds a number as what it stands for now. Takes over the descriptor.
static bool add(struct server *server, const struct taken *taken)
{
    const struct place *place = server_place(server, taken->name);
    bool good = is_good(place, taken);
    const struct place *at = place != nullptr ? place : &server->top;
    bool added = file_add(&server->files, taken->handed.number, at, taken->path,
                          (taken->handed.flags & HANDED_FOLDER) != 0) == 0;
    struct file *file = added ? file_find(&server->files, taken->handed.number) : nullptr;
    if (file != nullptr && good) {
        file->descriptor = taken->descriptor;
        file->writes = (taken->handed.flags & HANDED_WRITES) != 0;
    } else if (taken->descriptor >= 0) {
        close(taken->descriptor);
    }
    if (file != nullptr) {
        file->taken_back = !good;
    }
    return added;
}

bool handover_take(struct server *server, int socket)
{
    char bytes[MESSAGE];
    struct taken taken;
    while (take(socket, bytes, &taken)) {
        if ((taken.handed.flags & HANDED_END) != 0) {
            bool fits = taken.handed.number >= SERVER_MESSAGE_LEAST &&
                        taken.handed.number <= SERVER_MESSAGE_MOST;
            server->message_most = fits ? taken.handed.number : SERVER_MESSAGE_LEAST;
            return fits;
        }
        if (!add(server, &taken)) {
            return false;
        }
    }
    if (taken.descriptor >= 0) {
        close(taken.descriptor);
    }
    return false;
}
