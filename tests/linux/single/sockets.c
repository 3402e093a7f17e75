// SPDX-License-Identifier: MIT
// UNIX sockets.
#include "sockets.h"

TEST("UNIX sockets are of three types")
{
    fresh();
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) == 1);
    CHECK(SYS(fcntl, 1, F_GETFD) == 1);
    CHECK(SYS(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0) == 2);
    CHECK((SYS(fcntl, 2, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(SYS(socket, AF_UNIX, 7, 0) == -ESOCKTNOSUPPORT);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 9) == -EPROTONOSUPPORT);
    struct stat told;
    CHECK(SYS(fstat, 0, AT(&told)) == 0 && S_ISSOCK(told.st_mode));
    CHECK(SYS(lseek, 0, 0, SEEK_SET) == -ESPIPE);
    CHECK(SYS(open, AT("tmp"), O_RDONLY) == 3);
    CHECK(SYS(listen, 3, 1) == -ENOTSOCK);
    CHECK(SYS(listen, 9, 1) == -EBADF);
}

TEST("packets keep their borders, and what does not fit is lost")
{
    pair_world(SOCK_SEQPACKET);
    char text[16] = {};
    CHECK(SYS(write, 0, AT("one"), 3) == 3);
    CHECK(SYS(write, 0, AT("second"), 6) == 6);
    CHECK(SYS(read, 1, AT(text), 16) == 3);
    CHECK(SYS(recvfrom, 1, AT(text), 2, MSG_TRUNC, 0, 0) == 6);
    CHECK(memcmp(text, "see", 3) == 0);
    CHECK(SYS(recvfrom, 1, AT(text), 2, MSG_DONTWAIT, 0, 0) == -EAGAIN);
    CHECK(SYS(write, 0, AT(text), 0) == 0);
    CHECK(SYS(read, 1, AT(text), 16) == 0);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(read, 1, AT(text), 16) == 0);
}

TEST("a stream whose other end is closed is at its end, and can't be written")
{
    pair_world(SOCK_STREAM);
    char text[16];
    CHECK(SYS(write, 0, AT("x"), 1) == 1);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(read, 1, AT(text), 16) == 1);
    CHECK(SYS(read, 1, AT(text), 16) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -EPIPE);
    CHECK(last_signal == SIGPIPE);
    last_signal = 0;
    CHECK(SYS(sendto, 1, AT("x"), 1, MSG_NOSIGNAL, 0, 0) == -EPIPE);
    CHECK(last_signal == 0);
}

TEST("closing with unread bytes resets the other end once")
{
    pair_world(SOCK_STREAM);
    char text[16];
    CHECK(SYS(write, 0, AT("x"), 1) == 1);
    CHECK(SYS(close, 1) == 0);
    CHECK(SYS(read, 0, AT(text), 16) == -ECONNRESET);
    CHECK(SYS(read, 0, AT(text), 16) == 0);
}

TEST("shutdown closes one way")
{
    pair_world(SOCK_STREAM);
    char text[16];
    CHECK(SYS(shutdown, 0, SHUT_WR) == 0);
    CHECK(SYS(read, 1, AT(text), 16) == 0);
    CHECK(SYS(write, 0, AT("x"), 1) == -EPIPE);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(SYS(read, 0, AT(text), 16) == 1);
    CHECK(SYS(shutdown, 0, SHUT_RD) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -EPIPE);
    CHECK(SYS(shutdown, 0, 7) == -EINVAL);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 2);
    CHECK(SYS(shutdown, 2, SHUT_RD) == 0);
}

TEST("MSG_PEEK leaves what it shows, MSG_WAITALL waits for all")
{
    pair_world(SOCK_STREAM);
    char text[16] = {};
    CHECK(SYS(write, 0, AT("hello"), 5) == 5);
    CHECK(SYS(recvfrom, 1, AT(text), 3, MSG_PEEK, 0, 0) == 3);
    CHECK(SYS(recvfrom, 1, AT(text), 5, MSG_WAITALL, 0, 0) == 5 && strcmp(text, "hello") == 0);
    CHECK(SYS(write, 0, AT("ab"), 2) == 2);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(recvfrom, 1, AT(text), 5, MSG_WAITALL, 0, 0) == 2);
}

TEST("a sender that must not wait is told when the receiver is full")
{
    pair_world(SOCK_STREAM | SOCK_NONBLOCK);
    static char block[16384];
    int64_t sum = 0;
    int64_t put = 0;
    while ((put = SYS(write, 0, AT(block), sizeof block)) > 0) {
        sum += put;
    }
    CHECK(put == -EAGAIN && sum > 100000 && sum <= 212992);
    struct pollfd look = {0, POLLOUT, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 0);
    while (SYS(read, 1, AT(block), sizeof block) > 0) {
    }
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == POLLOUT);
}

TEST("poll of a socket: readable, hung up, room")
{
    pair_world(SOCK_STREAM);
    struct pollfd look = {1, POLLIN | POLLOUT | POLLRDHUP, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == POLLOUT);
    CHECK(SYS(write, 0, AT("x"), 1) == 1);
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == (POLLIN | POLLOUT));
    CHECK(SYS(shutdown, 0, SHUT_WR) == 0);
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == (POLLIN | POLLOUT | POLLRDHUP));
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(poll, AT(&look), 1, 0) == 1);
    CHECK(look.revents == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
}

TEST("FIONREAD and SIOCOUTQ count bytes")
{
    pair_world(SOCK_STREAM);
    int32_t bytes = 0;
    CHECK(SYS(write, 0, AT("hello"), 5) == 5);
    CHECK(SYS(ioctl, 1, FIONREAD, AT(&bytes)) == 0 && bytes == 5);
    CHECK(SYS(ioctl, 0, TIOCOUTQ, AT(&bytes)) == 0 && bytes >= 5);
    CHECK(SYS(ioctl, 0, TIOCGWINSZ, AT(&bytes)) == -ENOTTY);
}

// --- Names

TEST("a server binds a name, clients connect to it")
{
    fresh();
    char text[16] = {};
    CHECK(make_listener("tmp/s", SOCK_STREAM) == 0);
    struct stat told;
    CHECK(SYS(stat, AT("tmp/s"), AT(&told)) == 0 && S_ISSOCK(told.st_mode));
    CHECK(connect_to("tmp/s", SOCK_STREAM) == 1);
    CHECK(SYS(write, 1, AT("early"), 5) == 5);
    struct sockaddr_un address;
    uint32_t size = sizeof address;
    CHECK(SYS(accept4, 0, AT(&address), AT(&size), SOCK_CLOEXEC) == 2);
    CHECK(size == 2);
    CHECK(SYS(fcntl, 2, F_GETFD) == 1);
    CHECK(SYS(read, 2, AT(text), 16) == 5 && strcmp(text, "early") == 0);
    size = sizeof address;
    CHECK(SYS(getpeername, 1, AT(&address), AT(&size)) == 0);
    CHECK(strcmp(address.sun_path, "tmp/s") == 0 && size == 8);
    CHECK(SYS(getsockname, 2, AT(&address), AT(&size)) == 0);
    CHECK(SYS(fcntl, 0, F_SETFL, O_NONBLOCK) == 0);
    CHECK(SYS(accept, 0, 0, 0) == -EAGAIN);
}

TEST("what bind, listen and connect refuse")
{
    fresh();
    struct sockaddr_un address = address_of("tmp/s");
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 0);
    CHECK(SYS(listen, 0, 5) == -EINVAL);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == -ENOENT);
    CHECK(SYS(bind, 0, AT(&address), sizeof address) == 0);
    struct sockaddr_un other = address_of("tmp/other");
    CHECK(SYS(bind, 0, AT(&other), sizeof other) == -EINVAL);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == -ECONNREFUSED);
    CHECK(SYS(listen, 0, 5) == 0);
    CHECK(connect_to("tmp/s", SOCK_DGRAM) == -EPROTOTYPE);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 1);
    CHECK(SYS(bind, 1, AT(&address), sizeof address) == -EADDRINUSE);
    CHECK(SYS(bind, 1, AT(&address), 1) == -EINVAL);
    CHECK(SYS(bind, 1, NOWHERE, sizeof address) == -EFAULT);
    address.sun_family = AF_INET;
    CHECK(SYS(bind, 1, AT(&address), sizeof address) == -EINVAL);
    CHECK(SYS(accept, 1, 0, 0) == -EINVAL);
    CHECK(SYS(close, 0) == 0);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == -ECONNREFUSED);
    CHECK(SYS(unlink, AT("tmp/s")) == 0);
    CHECK(write_text("tmp/f", "") == 0);
    CHECK(connect_to("tmp/f", SOCK_STREAM) == -ECONNREFUSED);
}

TEST("connecting twice, and what is not connected")
{
    fresh();
    char byte;
    struct sockaddr_un address = address_of("tmp/s");
    CHECK(make_listener("tmp/s", SOCK_STREAM) == 0);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == 1);
    CHECK(SYS(connect, 1, AT(&address), sizeof address) == -EISCONN);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 2);
    CHECK(SYS(read, 2, AT(&byte), 1) == -EINVAL);
    CHECK(SYS(write, 2, AT(&byte), 1) == -ENOTCONN);
    uint32_t size = sizeof address;
    CHECK(SYS(getpeername, 2, AT(&address), AT(&size)) == -ENOTCONN);
    CHECK(SYS(read, 0, AT(&byte), 1) == -EINVAL);
    struct pollfd look = {0, POLLIN, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == POLLIN);
}

TEST("a backlog that is full makes clients wait")
{
    fresh();
    struct sockaddr_un address = address_of("tmp/s");
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 0);
    CHECK(SYS(bind, 0, AT(&address), sizeof address) == 0);
    CHECK(SYS(listen, 0, 1) == 0);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == 1);
    CHECK(connect_to("tmp/s", SOCK_STREAM) == 2);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) == 3);
    CHECK(SYS(connect, 3, AT(&address), sizeof address) == -EAGAIN);
    CHECK(SYS(accept, 0, 0, 0) == 4);
    CHECK(SYS(connect, 3, AT(&address), sizeof address) == 0);
    CHECK(SYS(close, 0) == 0);
    char byte;
    CHECK(SYS(read, 2, AT(&byte), 1) == -ECONNRESET);
    CHECK(SYS(read, 2, AT(&byte), 1) == 0);
}

TEST("abstract names are bytes, and go with their socket")
{
    fresh();
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0ab\0c"};
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 0);
    CHECK(SYS(bind, 0, AT(&address), 7) == 0);
    CHECK(SYS(listen, 0, 1) == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 1);
    CHECK(SYS(connect, 1, AT(&address), 6) == -ECONNREFUSED);
    CHECK(SYS(connect, 1, AT(&address), 7) == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 2);
    CHECK(SYS(bind, 2, AT(&address), 7) == -EADDRINUSE);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(bind, 2, AT(&address), 7) == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 0);
    CHECK(SYS(bind, 0, AT(&address), 2) == 0);
    uint32_t size = sizeof address;
    CHECK(SYS(getsockname, 0, AT(&address), AT(&size)) == 0 && size == 8);
    CHECK(address.sun_path[0] == '\0');
}

TEST("datagrams go to a name, and tell who sent them")
{
    fresh();
    char text[16] = {};
    struct sockaddr_un one = address_of("tmp/one"), two = address_of("tmp/two"), from;
    CHECK(SYS(socket, AF_UNIX, SOCK_DGRAM, 0) == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_DGRAM, 0) == 1);
    CHECK(SYS(bind, 0, AT(&one), sizeof one) == 0);
    CHECK(SYS(bind, 1, AT(&two), sizeof two) == 0);
    CHECK(SYS(sendto, 1, AT("hello"), 5, 0, AT(&one), sizeof one) == 5);
    uint32_t size = sizeof from;
    CHECK(SYS(recvfrom, 0, AT(text), 16, 0, AT(&from), AT(&size)) == 5);
    CHECK(strcmp(from.sun_path, "tmp/two") == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -ENOTCONN);
    CHECK(SYS(connect, 1, AT(&one), sizeof one) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(SYS(read, 0, AT(text), 16) == 1);
    CHECK(SYS(listen, 0, 1) == -EOPNOTSUPP);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -ECONNREFUSED);
    uint16_t nothing = AF_UNSPEC;
    CHECK(SYS(connect, 1, AT(&nothing), 2) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == -ENOTCONN);
    CHECK(SYS(sendto, 1, AT("x"), 1, 0, AT(&one), sizeof one) == -ECONNREFUSED);
    static char much[300000];
    CHECK(SYS(sendto, 1, AT(much), sizeof much, 0, AT(&two), sizeof two) == -EMSGSIZE);
    CHECK(SYS(sendto, 1, AT(much), 100000, 0, AT(&two), sizeof two) == 100000);
    CHECK(SYS(read, 1, AT(much), sizeof much) == 100000);
}

// --- Files and credentials

TEST("files travel over a socket")
{
    pair_world(SOCK_STREAM);
    CHECK(write_text("tmp/a", "inside") == 6);
    CHECK(SYS(open, AT("tmp/a"), O_RDONLY) == 2);
    CHECK(send_files(0, (int32_t[]){2, 2}, 2) == 1);
    CHECK(SYS(close, 2) == 0);
    CHECK(receive(1, sizeof got_control, MSG_CMSG_CLOEXEC) == 1);
    CHECK(got_control.header.cmsg_type == SCM_RIGHTS && got_header.msg_controllen == 24);
    CHECK(got_control.numbers[0] == 2 && got_control.numbers[1] == 3);
    CHECK(SYS(fcntl, 2, F_GETFD) == 1);
    char text[8] = {};
    CHECK(SYS(read, 3, AT(text), 8) == 6 && strcmp(text, "inside") == 0);
    CHECK(SYS(read, 2, AT(text), 8) == 0);
}

TEST("files that nobody takes are closed")
{
    pair_world(SOCK_STREAM);
    CHECK(SYS(open, AT("tmp"), O_RDONLY) == 2);
    CHECK(send_files(0, (int32_t[]){2}, 1) == 1);
    char byte;
    CHECK(SYS(read, 1, AT(&byte), 1) == 1);
    CHECK(send_files(0, (int32_t[]){2}, 1) == 1);
    CHECK(receive(1, 8, 0) == 1);
    CHECK((got_header.msg_flags & MSG_CTRUNC) != 0 && got_header.msg_controllen == 0);
    CHECK(send_files(0, (int32_t[]){2}, 1) == 1);
    CHECK(send_files(0, (int32_t[]){9}, 1) == -EBADF);
}

TEST("a stream stops behind what files came with")
{
    pair_world(SOCK_STREAM);
    char text[8];
    CHECK(SYS(write, 0, AT("ab"), 2) == 2);
    CHECK(send_files(0, (int32_t[]){0}, 1) == 1);
    CHECK(SYS(write, 0, AT("cd"), 2) == 2);
    CHECK(receive(1, sizeof got_control, 0) == 3 && got_header.msg_controllen == 24);
    CHECK(SYS(close, (uint64_t)got_control.numbers[0]) == 0);
    CHECK(SYS(read, 1, AT(text), 8) == 2);
}

TEST("looking at a message with files gives them too, each time")
{
    pair_world(SOCK_SEQPACKET);
    CHECK(send_files(0, (int32_t[]){0}, 1) == 1);
    CHECK(receive(1, sizeof got_control, MSG_PEEK) == 1 && got_control.numbers[0] == 2);
    CHECK(receive(1, sizeof got_control, 0) == 1 && got_control.numbers[0] == 3);
}

TEST("options that can be read and set")
{
    pair_world(SOCK_STREAM);
    int32_t value = 0;
    uint32_t size = 4;
    CHECK(SYS(getsockopt, 0, SOL_SOCKET, SO_TYPE, AT(&value), AT(&size)) == 0);
    CHECK(value == SOCK_STREAM && size == 4);
    int32_t who[3];
    size = sizeof who;
    CHECK(SYS(getsockopt, 0, SOL_SOCKET, SO_PEERCRED, AT(who), AT(&size)) == 0);
    CHECK(size == 12 && who[0] == own_process() && who[1] == own_user());
    CHECK(SYS(getsockopt, 0, SOL_SOCKET, SO_PEERSEC, AT(who), AT(&size)) == -ENOPROTOOPT);
    CHECK(SYS(getsockopt, 0, 6, 1, AT(who), AT(&size)) == -EOPNOTSUPP);
    CHECK(SYS(setsockopt, 0, 6, 1, AT(who), 4) == -EOPNOTSUPP);
    value = 10000;
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_SNDBUF, AT(&value), 4) == 0);
    size = 4;
    CHECK(SYS(getsockopt, 0, SOL_SOCKET, SO_SNDBUF, AT(&value), AT(&size)) == 0 && value == 20000);
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_REUSEADDR, AT(&value), 2) == -EINVAL);
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, 9999, AT(&value), 4) == -ENOPROTOOPT);
}

TEST("several messages in one call")
{
    pair_world(SOCK_SEQPACKET);
    struct iovec vectors[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
    struct mmsghdr headers[3] = {};
    for (int i = 0; i < 3; i++) {
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    CHECK(SYS(sendmmsg, 0, AT(headers), 3, 0) == 3);
    CHECK(headers[2].msg_len == 3);
    char bytes[3][8] = {};
    for (int i = 0; i < 3; i++) {
        vectors[i] = (struct iovec){bytes[i], 8};
    }
    CHECK(SYS(recvmmsg, 1, AT(headers), 3, MSG_DONTWAIT, 0) == 3);
    CHECK(headers[1].msg_len == 2 && strcmp(bytes[1], "bb") == 0);
    CHECK(SYS(recvmmsg, 1, AT(headers), 3, MSG_DONTWAIT, 0) == -EAGAIN);
}

TEST("what messages refuse")
{
    pair_world(SOCK_STREAM);
    struct msghdr header = {.msg_iovlen = 2000};
    CHECK(SYS(sendmsg, 0, AT(&header), 0) == -EMSGSIZE);
    CHECK(SYS(sendmsg, 0, NOWHERE, 0) == -EFAULT);
    struct control control = {.header = {4, SOL_SOCKET, SCM_RIGHTS}};
    header = (struct msghdr){.msg_control = &control, .msg_controllen = 20};
    CHECK(SYS(sendmsg, 0, AT(&header), 0) == -EINVAL);
    struct sockaddr_un address = address_of("tmp/x");
    CHECK(SYS(sendto, 0, AT("x"), 1, 0, AT(&address), sizeof address) == -EISCONN);
}
