// SPDX-License-Identifier: MIT
// Pairs of sockets, names, and messages with files.
#pragma once

#include <calls.h>

static int32_t ends[2];

static inline void pair_world(uint64_t type)
{
    fresh();
    CHECK(SYS(socketpair, AF_UNIX, type, 0, AT(ends)) == 0);
    CHECK(ends[0] == 0 && ends[1] == 1);
}

static inline struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static inline int64_t make_listener(const char *path, uint64_t type)
{
    struct sockaddr_un address = address_of(path);
    int64_t file = SYS(socket, AF_UNIX, type, 0);
    CHECK(SYS(bind, (uint64_t)file, AT(&address), sizeof address) == 0);
    CHECK(SYS(listen, (uint64_t)file, 5) == 0);
    return file;
}

static inline int64_t connect_to(const char *path, uint64_t type)
{
    struct sockaddr_un address = address_of(path);
    int64_t file = SYS(socket, AF_UNIX, type, 0);
    int64_t error = SYS(connect, (uint64_t)file, AT(&address), sizeof address);
    if (error != 0) {
        CHECK(SYS(close, (uint64_t)file) == 0);
    }
    return error != 0 ? error : file;
}

struct control {
    struct {
        size_t cmsg_len;
        int32_t cmsg_level;
        int32_t cmsg_type;
    } header;
    int32_t numbers[4];
};

static inline int64_t send_files(uint64_t socket, const int32_t *numbers, size_t count)
{
    struct control control = {
        .header = {CMSG_LEN(count * sizeof *numbers), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(control.numbers, numbers, count * sizeof *numbers);
    struct iovec vector = {"x", 1};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = control.header.cmsg_len};
    return SYS(sendmsg, socket, AT(&header), 0);
}

static struct msghdr got_header;
static struct control got_control;
static char got_bytes[16];

static inline int64_t receive(uint64_t socket, size_t room, uint64_t flags)
{
    static struct iovec vector;
    vector = (struct iovec){got_bytes, sizeof got_bytes};
    memset(&got_control, 0, sizeof got_control);
    got_header = (struct msghdr){
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &got_control, .msg_controllen = room};
    return SYS(recvmsg, socket, AT(&got_header), flags);
}
