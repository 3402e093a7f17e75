// SPDX-License-Identifier: MIT
// poll, select and epoll.
#include "polls.h"

static const struct timespec no_time;

TEST("poll tells what is ready now")
{
    pipe_world();
    struct pollfd look[3] = {{0, POLLIN, 9}, {1, POLLOUT, 9}, {-1, POLLIN, 9}};
    CHECK(SYS(poll, AT(look), 3, 0) == 1);
    CHECK(look[0].revents == 0 && look[1].revents == POLLOUT && look[2].revents == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(SYS(poll, AT(look), 3, 0) == 2);
    CHECK(look[0].revents == POLLIN);
    CHECK(SYS(close, 1) == 0);
    CHECK(SYS(poll, AT(look), 2, 0) == 2);
    CHECK(look[0].revents == (POLLIN | POLLHUP) && look[1].revents == POLLNVAL);
}

TEST("poll tells a writer that its readers are gone, asked or not")
{
    pipe_world();
    struct pollfd look = {1, 0, 0};
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(poll, AT(&look), 1, (uint64_t)-1) == 1 && look.revents == POLLERR);
}

TEST("ordinary files are always ready")
{
    fresh();
    CHECK(write_text("a", "") == 0);
    CHECK(SYS(open, AT("a"), O_RDWR) == 0);
    struct pollfd look = {0, POLLIN | POLLOUT | POLLRDNORM, 0};
    CHECK(SYS(poll, AT(&look), 1, (uint64_t)-1) == 1);
    CHECK(look.revents == (POLLIN | POLLOUT | POLLRDNORM));
}

TEST("ppoll takes a time, refuses a bad one, and tells what was left")
{
    pipe_world();
    struct pollfd look = {0, POLLIN, 0};
    struct timespec time = {0, 5000};
    CHECK(SYS(ppoll, AT(&look), 1, AT(&time), 0, 8) == 0);
    CHECK(time.tv_sec == 0 && time.tv_nsec == 0);
    time.tv_nsec = -1;
    CHECK(SYS(ppoll, AT(&look), 1, AT(&time), 0, 8) == -EINVAL);
    CHECK(SYS(ppoll, AT(&look), 1, NOWHERE, 0, 8) == -EFAULT);
    uint64_t mask = 0;
    CHECK(SYS(ppoll, AT(&look), 1, AT(&no_time), AT(&mask), 4) == -EINVAL);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    time = (struct timespec){7, 0};
    CHECK(SYS(ppoll, AT(&look), 1, AT(&time), AT(&mask), 8) == 1 && time.tv_sec >= 6);
}

TEST("select sets the bits of what is ready, in each set")
{
    pipe_world();
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(0, &in);
    FD_SET(1, &out);
    struct timeval time = {};
    CHECK(SYS(select, 2, AT(&in), AT(&out), 0, AT(&time)) == 1);
    CHECK(!FD_ISSET(0, &in) && FD_ISSET(1, &out));
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    FD_SET(0, &in);
    CHECK(SYS(select, 2, AT(&in), AT(&out), 0, 0) == 2);
    CHECK(FD_ISSET(0, &in) && FD_ISSET(1, &out));
}

TEST("select: a file that is in two sets counts in both")
{
    fresh();
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_RDWR) == 0);
    CHECK(SYS(dup2, 0, 100) == 100);
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(100, &in);
    FD_SET(100, &out);
    CHECK(SYS(select, 101, AT(&in), AT(&out), 0, 0) == 2);
    CHECK(SYS(select, 100, AT(&in), 0, 0, AT(&no_time)) == 0);
}

TEST("what select refuses")
{
    pipe_world();
    fd_set in;
    FD_ZERO(&in);
    FD_SET(9, &in);
    struct timeval time = {-1, 0};
    CHECK(SYS(select, 10, AT(&in), 0, 0, 0) == -EBADF);
    CHECK(SYS(select, (uint64_t)-1, AT(&in), 0, 0, 0) == -EINVAL);
    CHECK(SYS(select, 0, 0, 0, 0, AT(&time)) == -EINVAL);
    CHECK(SYS(select, 10, NOWHERE, 0, 0, 0) == -EFAULT);
}

// epoll.

TEST("epoll tells of watched files that are ready, as often as they are")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 77) == 0);
    CHECK(look(2, 8) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 1);
    CHECK(event[0].events == EPOLLIN && event[0].data.u64 == 77);
    CHECK(look(2, 8) == 1);
    char byte;
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    CHECK(look(2, 8) == 0);
}

TEST("on the edge epoll tells once each time something comes")
{
    pipe_world();
    CHECK(SYS(epoll_create1, EPOLL_CLOEXEC) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN | EPOLLET, 1) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 1);
    CHECK(look(2, 8) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 1);
    CHECK(look(2, 8) == 0);
}

TEST("EPOLLONESHOT tells once until it is set again")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN | EPOLLONESHOT, 1) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 1);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 0);
    CHECK(watch(2, EPOLL_CTL_MOD, 0, EPOLLIN | EPOLLONESHOT, 2) == 0);
    CHECK(look(2, 8) == 1 && event[0].data.u64 == 2);
}

TEST("what epoll_ctl refuses")
{
    pipe_world();
    CHECK(SYS(epoll_create, 1) == 2);
    CHECK(SYS(epoll_create, 0) == -EINVAL);
    CHECK(SYS(epoll_create1, 1) == -EINVAL);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == 0);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == -EEXIST);
    CHECK(watch(2, EPOLL_CTL_MOD, 1, EPOLLIN, 1) == -ENOENT);
    CHECK(watch(2, EPOLL_CTL_DEL, 1, 0, 0) == -ENOENT);
    CHECK(watch(2, EPOLL_CTL_ADD, 2, EPOLLIN, 1) == -EINVAL);
    CHECK(watch(2, EPOLL_CTL_ADD, 9, EPOLLIN, 1) == -EBADF);
    CHECK(watch(9, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == -EBADF);
    CHECK(watch(0, EPOLL_CTL_ADD, 1, EPOLLIN, 1) == -EINVAL);
    CHECK(watch(2, 9, 1, EPOLLIN, 1) == -EINVAL);
    CHECK(SYS(epoll_ctl, 2, EPOLL_CTL_ADD, 1, NOWHERE) == -EFAULT);
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 3);
    CHECK(watch(2, EPOLL_CTL_ADD, 3, EPOLLIN, 1) == -EPERM);
    CHECK(look(2, 0) == -EINVAL);
    CHECK(look(0, 8) == -EINVAL);
    CHECK(look(9, 8) == -EBADF);
    CHECK(watch(2, EPOLL_CTL_DEL, 0, 0, 0) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 0);
}

TEST("what is closed is watched no more, unless somebody else has it open")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(SYS(dup, 0) == 3);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(SYS(close, 0) == 0);
    CHECK(look(2, 8) == 1);
    CHECK(SYS(close, 3) == 0);
    CHECK(look(2, 8) == 0);
}

TEST("more ready than asked for: the others come next time")
{
    fresh();
    CHECK(SYS(epoll_create1, 0) == 0);
    for (uint64_t i = 1; i <= 6; i++) {
        CHECK(SYS(eventfd, 1) == (int64_t)i);
        CHECK(watch(0, EPOLL_CTL_ADD, i, EPOLLIN, i) == 0);
    }
    bool seen[8] = {};
    for (int round = 0; round < 3; round++) {
        CHECK(look(0, 2) == 2);
        seen[event[0].data.u64] = true;
        seen[event[1].data.u64] = true;
    }
    CHECK(seen[1] && seen[2] && seen[3] && seen[4] && seen[5] && seen[6]);
}

TEST("hundreds of watches")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    for (uint64_t i = 3; i < 500; i++) {
        CHECK(SYS(dup, 0) == (int64_t)i);
        CHECK(watch(2, EPOLL_CTL_ADD, i, EPOLLIN, i) == 0);
    }
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(2, 8) == 8);
    for (uint64_t i = 3; i < 500; i += 2) {
        CHECK(watch(2, EPOLL_CTL_DEL, i, 0, 0) == 0);
    }
    CHECK(look(2, 8) == 8);
}

TEST("epoll files in epoll files, to a limit, and never in a ring")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(SYS(epoll_create1, 0) == 3);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == 0);
    CHECK(watch(3, EPOLL_CTL_ADD, 2, EPOLLIN, 2) == 0);
    CHECK(look(3, 8) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(look(3, 8) == 1 && event[0].data.u64 == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 3, EPOLLIN, 3) == -ELOOP);
    for (uint64_t i = 4; i < 7; i++) {
        CHECK(SYS(epoll_create1, 0) == (int64_t)i);
        CHECK(watch(i, EPOLL_CTL_ADD, i - 1, EPOLLIN, 1) == 0);
    }
    CHECK(SYS(epoll_create1, 0) == 7);
    CHECK(watch(7, EPOLL_CTL_ADD, 6, EPOLLIN, 1) == -ELOOP);
    CHECK(look(6, 8) == 1);
}

TEST("an epoll file can be polled")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 1) == 0);
    struct pollfd poll = {2, POLLIN, 0};
    CHECK(SYS(poll, AT(&poll), 1, 0) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    CHECK(SYS(poll, AT(&poll), 1, 0) == 1);
    char byte;
    CHECK(SYS(read, 2, AT(&byte), 1) == -EINVAL);
}
