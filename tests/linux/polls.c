// SPDX-License-Identifier: MIT
// Waiting for files with poll, select and epoll, and what ends it.
#include "single/polls.h"

static void write_byte_later(void)
{
    pause_ms(50);
    _exit(SYS(write, 1, AT("x"), 1) == 1 ? 7 : 1);
}

TEST("poll waits until a file is ready")
{
    pipe_world();
    struct pollfd look = {0, POLLIN, 0};
    pid_t child = child_of(write_byte_later);
    CHECK(SYS(poll, AT(&look), 1, (uint64_t)-1) == 1 && look.revents == POLLIN);
    CHECK(end_of(child) == 7);
}

TEST("poll and select end when their time is up")
{
    pipe_world();
    struct pollfd look = {0, POLLIN, 0};
    long before = now_ms();
    CHECK(SYS(poll, AT(&look), 1, 60) == 0);
    long between = now_ms();
    CHECK(between - before >= 59 && between - before < 1000);
    struct timeval time = {0, 60000};
    CHECK(SYS(select, 0, 0, 0, 0, AT(&time)) == 0);
    CHECK(now_ms() - between >= 59);
}

static void nothing(int signal)
{
    (void)signal;
}

static void signal_later(void)
{
    pause_ms(50);
    kill(getppid(), SIGUSR1);
    _exit(7);
}

TEST("a handled signal breaks off poll, whatever SA_RESTART says")
{
    pipe_world();
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct pollfd look = {0, POLLIN, 0};
    pid_t child = child_of(signal_later);
    CHECK(SYS(poll, AT(&look), 1, (uint64_t)-1) == -EINTR);
    CHECK(end_of(child) == 7);
}

TEST("ppoll lets signals in only while it waits")
{
    pipe_world();
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR1);
    struct pollfd look = {0, POLLIN, 0};
    CHECK(SYS(ppoll, AT(&look), 1, 0, AT(&none), 8) == -EINTR);
    sigset_t pending;
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_BLOCK, NULL, &pending);
    CHECK(sigismember(&pending, SIGUSR1));
}

TEST("epoll waits until a file is ready")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 5) == 0);
    pid_t child = child_of(write_byte_later);
    CHECK(SYS(epoll_wait, 2, AT(event), 8, (uint64_t)-1) == 1 && event[0].data.u64 == 5);
    CHECK(end_of(child) == 7);
}

TEST("epoll ends when its time is up")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    long before = now_ms();
    CHECK(SYS(epoll_wait, 2, AT(event), 8, 60) == 0);
    CHECK(now_ms() - before >= 59);
}

TEST("a handled signal breaks off epoll")
{
    pipe_world();
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    CHECK(SYS(epoll_create1, 0) == 2);
    pid_t child = child_of(signal_later);
    CHECK(SYS(epoll_wait, 2, AT(event), 8, (uint64_t)-1) == -EINTR);
    CHECK(end_of(child) == 7);
}

TEST("a writer's place in a full pipe is watched on the edge")
{
    pipe_world();
    static char block[65536];
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK) == 0);
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 1, EPOLLOUT | EPOLLET, 1) == 0);
    CHECK(look(2, 8) == 1 && event[0].events == EPOLLOUT);
    CHECK(SYS(write, 1, AT(block), sizeof block) == sizeof block);
    CHECK(look(2, 8) == 0);
    CHECK(SYS(read, 0, AT(block), sizeof block) == sizeof block);
    CHECK(look(2, 8) == 1);
}
