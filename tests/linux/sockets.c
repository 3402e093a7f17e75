// SPDX-License-Identifier: MIT
// UNIX sockets between processes.
#include "single/sockets.h"

static void send_much(void)
{
    static char block[1000000];
    memset(block, 'q', sizeof block);
    _exit(SYS(write, 0, AT(block), sizeof block) == sizeof block ? 7 : 1);
}

TEST("a sender of much waits for the receiver, and all comes through")
{
    pair_world(SOCK_STREAM);
    static char block[65536];
    int64_t sum = 0;
    pid_t child = child_of(send_much);
    while (sum < 1000000) {
        int64_t got = SYS(read, 1, AT(block), sizeof block);
        CHECK(got > 0 && block[0] == 'q' && block[got - 1] == 'q');
        sum += got;
    }
    CHECK(sum == 1000000);
    CHECK(end_of(child) == 7);
}

static void be_client(void)
{
    char text[8] = {};
    pause_ms(50);
    int64_t file = connect_to("tmp/s", SOCK_STREAM);
    bool right = file >= 0 && SYS(write, (uint64_t)file, AT("ask"), 3) == 3 &&
                 SYS(read, (uint64_t)file, AT(text), 8) == 6 && strcmp(text, "answer") == 0 &&
                 SYS(read, (uint64_t)file, AT(text), 8) == 0;
    _exit(right ? 7 : 1);
}

TEST("a server waits for a client, and knows who it is")
{
    fresh();
    char text[8] = {};
    struct {
        int process, user, group;
    } who = {};
    uint32_t size = sizeof who;
    CHECK(make_listener("tmp/s", SOCK_STREAM) == 0);
    pid_t child = child_of(be_client);
    CHECK(SYS(accept, 0, 0, 0) == 1);
    CHECK(SYS(getsockopt, 1, SOL_SOCKET, SO_PEERCRED, AT(&who), AT(&size)) == 0);
    CHECK(who.process == child && who.user == (int)getuid());
    CHECK(SYS(read, 1, AT(text), 8) == 3 && strcmp(text, "ask") == 0);
    CHECK(SYS(write, 1, AT("answer"), 6) == 6);
    CHECK(SYS(close, 1) == 0);
    CHECK(end_of(child) == 7);
}

static void take_file(void)
{
    bool right = receive(1, sizeof got_control, 0) == 1 &&
                 got_control.header.cmsg_type == SCM_RIGHTS &&
                 SYS(write, (uint64_t)got_control.numbers[0], AT("child"), 5) == 5;
    _exit(right ? 7 : 1);
}

TEST("a file that was sent to another process is the same file there")
{
    pair_world(SOCK_STREAM);
    char text[8] = {};
    pid_t child = child_of(take_file);
    CHECK(SYS(open, AT("tmp/a"), O_RDWR | O_CREAT, 0600) == 2);
    CHECK(send_files(0, (int32_t[]){2}, 1) == 1);
    CHECK(end_of(child) == 7);
    CHECK(SYS(lseek, 2, 0, SEEK_CUR) == 5);
    CHECK(SYS(pread64, 2, AT(text), 8, 0) == 5 && strcmp(text, "child") == 0);
}

TEST("a time limit ends waiting for bytes")
{
    pair_world(SOCK_STREAM);
    char byte;
    struct timeval time = {0, 60000};
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_RCVTIMEO, AT(&time), sizeof time) == 0);
    long before = now_ms();
    CHECK(SYS(read, 0, AT(&byte), 1) == -EAGAIN);
    CHECK(now_ms() - before >= 59);
    time.tv_usec = 1000000;
    CHECK(SYS(setsockopt, 0, SOL_SOCKET, SO_RCVTIMEO, AT(&time), sizeof time) == -EDOM);
}

static void answer_packets(void)
{
    char text[64];
    int64_t got = 0;
    (void)SYS(close, 0);
    while ((got = SYS(read, 1, AT(text), sizeof text)) > 0) {
        if (SYS(write, 1, AT(text), (uint64_t)got) != got) {
            _exit(1);
        }
    }
    _exit(7);
}

TEST("packets go back and forth a thousand times")
{
    pair_world(SOCK_SEQPACKET);
    char text[64];
    pid_t child = child_of(answer_packets);
    CHECK(SYS(close, 1) == 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t size = (uint64_t)(1 + i % 64);
        memset(text, i, sizeof text);
        CHECK(SYS(write, 0, AT(text), size) == (int64_t)size);
        memset(text, 0, sizeof text);
        CHECK(SYS(read, 0, AT(text), sizeof text) == (int64_t)size && text[0] == (char)i);
    }
    CHECK(SYS(close, 0) == 0);
    CHECK(end_of(child) == 7);
}
