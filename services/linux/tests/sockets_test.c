// SPDX-License-Identifier: MIT
// UNIX sockets.
#include "../../../tests/linux/single/sockets.h"

TEST("there is no network")
{
    world();
    CHECK(SYS(socket, AF_INET, SOCK_STREAM, 0) == -EAFNOSUPPORT);
}

TEST("a pair goes both ways, and a stream has no seams")
{
    pair_world(SOCK_STREAM);
    char text[16] = {};
    CHECK(SYS(write, 0, AT("hel"), 3) == 3);
    CHECK(SYS(write, 0, AT("lo"), 2) == 2);
    CHECK(SYS(read, 1, AT(text), 16) == 5 && strcmp(text, "hello") == 0);
    CHECK(SYS(write, 1, AT("back"), 4) == 4);
    CHECK(SYS(read, 0, AT(text), 2) == 2);
    CHECK(SYS(read, 0, AT(text + 2), 14) == 2 && memcmp(text, "back", 4) == 0);
    CHECK(SYS(read, 0, AT(text), 16) == RESTART_CALL);
    CHECK(SYS(recvfrom, 0, AT(text), 16, MSG_DONTWAIT, 0, 0) == -EAGAIN);
}

static int64_t sent;

static void send_much(void *context)
{
    static char block[1'000'000];
    memset(block, *(char *)context, sizeof block);
    sent = SYS(write, 0, AT(block), sizeof block);
}

static struct caller *fork_process(void)
{
    struct caller *process = process_make(200);
    struct descriptors *copy = descriptors_copy(caller()->descriptors);
    descriptors_drop(process->descriptors);
    process->descriptors = copy;
    return process;
}

TEST("a sender of much waits for the receiver, and all comes through")
{
    pair_world(SOCK_STREAM);
    struct caller *second = fork_process();
    char letter = 'q';
    strand_start(second, send_much, &letter);
    CHECK(strands_left() == 1);
    static char block[65'536];
    int64_t sum = 0;
    while (sum < 1'000'000) {
        int64_t got = SYS(read, 1, AT(block), sizeof block);
        REQUIRE(got > 0);
        CHECK(block[0] == 'q' && block[got - 1] == 'q');
        sum += got;
    }
    strands_run();
    CHECK(sum == 1'000'000 && sent == 1'000'000);
    process_end(second);
}

// Names.

static int64_t accepted;

static void accept_one(void *context)
{
    (void)context;
    accepted = SYS(accept, 0, 0, 0);
}

TEST("accept waits for somebody, and a signal breaks it off")
{
    world();
    CHECK(make_listener("/tmp/s", SOCK_SEQPACKET) == 0);
    struct caller *second = fork_process();
    strand_start(second, accept_one, nullptr);
    CHECK(strands_left() == 1);
    CHECK(connect_to("/tmp/s", SOCK_SEQPACKET) == 1);
    strands_run();
    CHECK(accepted == 1);
    strand_start(second, accept_one, nullptr);
    strand_break();
    CHECK(accepted == RESTART_CALL);
    process_end(second);
}

// Files and credentials.

TEST("credentials are those of the sender, if the receiver asked")
{
    pair_world(SOCK_DGRAM);
    int32_t on = 1;
    CHECK(SYS(setsockopt, 1, SOL_SOCKET, SO_PASSCRED, AT(&on), 4) == 0);
    CHECK(SYS(write, 0, AT("x"), 1) == 1);
    CHECK(receive(1, sizeof got_control, 0) == 1);
    CHECK(got_control.header.cmsg_type == SCM_CREDENTIALS && got_control.numbers[0] == 100);
    struct control control = {.header = {CMSG_LEN(12), SOL_SOCKET, SCM_CREDENTIALS},
                              .numbers = {77, 5, 6}};
    struct iovec vector = {"x", 1};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = control.header.cmsg_len};
    CHECK(SYS(sendmsg, 0, AT(&header), 0) == 1);
    CHECK(receive(1, sizeof got_control, 0) == 1);
    CHECK(got_control.numbers[0] == 77 && got_control.numbers[1] == 5);
    caller()->credentials.effective_user = 1000;
    CHECK(SYS(sendmsg, 0, AT(&header), 0) == -EPERM);
}

TEST("a time limit ends waiting for bytes")
{
    pair_world(SOCK_STREAM);
    char byte;
    struct timeval time = {0, 500};
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_RCVTIMEO, AT(&time), sizeof time) == 0);
    uint64_t before = fake_now;
    CHECK(SYS(read, 0, AT(&byte), 1) == -EAGAIN);
    CHECK(fake_now - before == 500'000);
    time.tv_usec = 1'000'000;
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_RCVTIMEO, AT(&time), sizeof time) == -EDOM);
}

TEST("without memory nothing is sent and nothing is lost")
{
    pair_world(SOCK_STREAM);
    for (int64_t fails = 0; fails < 3; fails++) {
        store_fails_after = fails;
        int64_t result = SYS(write, 0, AT("x"), 1);
        store_fails_after = -1;
        CHECK(result == -ENOBUFS || result == 1);
    }
    for (int64_t fails = 0; fails < 6; fails++) {
        store_fails_after = fails;
        int64_t result = SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, AT(ends));
        store_fails_after = -1;
        CHECK(result == -ENOBUFS || result == 0);
    }
}
