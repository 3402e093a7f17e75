// SPDX-License-Identifier: MIT
// poll, select and epoll.
#include "../../../tests/linux/single/polls.h"

TEST("poll ends when its time is up")
{
    pipe_world();
    struct pollfd look = {0, POLLIN, 9};
    uint64_t before = fake_now;
    CHECK(SYS(poll, AT(&look), 1, 20) == 0 && look.revents == 0);
    CHECK(fake_now - before == 20'000'000);
    CHECK(SYS(poll, 0, 0, 30) == 0);
    CHECK(fake_now - before == 50'000'000);
}

static int64_t polled;

static void poll_both(void *context)
{
    struct pollfd *look = context;
    polled = SYS(poll, AT(look), 2, (uint64_t)-1);
}

static struct caller *fork_process(void)
{
    struct caller *process = process_make(200);
    struct descriptors *copy = descriptors_copy(caller()->descriptors);
    descriptors_drop(process->descriptors);
    process->descriptors = copy;
    return process;
}

TEST("poll waits for whichever comes first")
{
    pipe_world();
    CHECK(SYS(eventfd, 0) == 2);
    struct pollfd look[2] = {{0, POLLIN, 0}, {2, POLLIN, 0}};
    struct caller *second = fork_process();
    strand_start(second, poll_both, look);
    CHECK(strands_left() == 1);
    uint64_t value = 1;
    CHECK(SYS(write, 2, AT(&value), 8) == 8);
    strands_run();
    CHECK(polled == 1 && look[0].revents == 0 && look[1].revents == POLLIN);
    process_end(second);
}

TEST("a signal breaks off poll, and it goes on if nobody handles that")
{
    pipe_world();
    struct pollfd look[2] = {{0, POLLIN, 0}, {-1, 0, 0}};
    struct caller *second = fork_process();
    strand_start(second, poll_both, look);
    strand_break();
    CHECK(polled == RESTART_ALWAYS);
    process_end(second);
}

TEST("a file that is closed while somebody polls it stays until that ends")
{
    pipe_world();
    struct pollfd look[2] = {{0, POLLIN, 0}, {-1, 0, 0}};
    struct caller *second = fork_process();
    strand_start(second, poll_both, look);
    (void)descriptor_close(second->descriptors, 0);
    CHECK(SYS(close, 0) == 0);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    strands_run();
    CHECK(polled == 1 && look[0].revents == POLLIN);
    process_end(second);
}

TEST("poll of many at once")
{
    pipe_world();
    static struct pollfd look[300];
    for (int i = 0; i < 300; i++) {
        look[i] = (struct pollfd){i == 250 ? 1 : 0, POLLIN | POLLOUT, 0};
    }
    CHECK(SYS(poll, AT(look), 300, 0) == 1);
    CHECK(look[250].revents == POLLOUT);
    CHECK(SYS(poll, AT(look), 1025, 0) == -EINVAL);
    CHECK(SYS(poll, NOWHERE, 1, 0) == -EFAULT);
    store_fails_after = 0;
    CHECK(SYS(poll, AT(look), 300, 0) == -ENOMEM);
}

TEST("select sleeps, and tells the time that was left")
{
    pipe_world();
    struct timeval time = {0, 500};
    uint64_t before = fake_now;
    CHECK(SYS(select, 0, 0, 0, 0, AT(&time)) == 0);
    CHECK(fake_now - before == 500'000 && time.tv_usec == 0);
    struct timespec precise = {0, 700};
    uint64_t mask[2] = {0, 8};
    CHECK(SYS(pselect6, 0, 0, 0, 0, AT(&precise), AT(mask)) == 0);
    CHECK(fake_now - before == 500'700);
}

// epoll.

static int64_t waited;

static void wait_for_event(void *context)
{
    (void)context;
    waited = SYS(epoll_wait, 2, AT(event), 8, (uint64_t)-1);
}

TEST("who waits in epoll is woken by what comes, and by a signal")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 5) == 0);
    struct caller *second = fork_process();
    strand_start(second, wait_for_event, nullptr);
    CHECK(strands_left() == 1);
    CHECK(SYS(write, 1, AT("x"), 1) == 1);
    strands_run();
    CHECK(waited == 1 && event[0].data.u64 == 5);
    char byte;
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    strand_start(second, wait_for_event, nullptr);
    strand_break();
    CHECK(waited == -EINTR);
    process_end(second);
}

TEST("epoll ends when its time is up")
{
    pipe_world();
    CHECK(SYS(epoll_create1, 0) == 2);
    CHECK(watch(2, EPOLL_CTL_ADD, 0, EPOLLIN, 5) == 0);
    uint64_t before = fake_now;
    CHECK(SYS(epoll_wait, 2, AT(event), 8, 5) == 0);
    CHECK(fake_now - before == 5'000'000);
    struct timespec time = {0, 100};
    CHECK(SYS(epoll_pwait2, 2, AT(event), 8, AT(&time), 0, 8) == 0);
    CHECK(fake_now - before == 5'000'100);
    CHECK(SYS(epoll_pwait, 2, AT(event), 8, 0, 0, 8) == 0);
}
