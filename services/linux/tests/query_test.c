// SPDX-License-Identifier: MIT
// /dev/kozo-permissions, with a host that is two functions.
#include "fake.h"

#include "../file/query.h"

#include <poll.h>
#include <stdio.h>

static const char path[] = "/dev/kozo-permissions";
static uint64_t asked;     // the number of the last request
static uint64_t withdrawn; // and of the last that nobody waits for any more
static char request[QUERY_REQUEST];
static char seen[64];
static int64_t seen_result;

static void take_query(uint64_t number, const char *text)
{
    asked = number;
    memcpy(request, text, strlen(text) + 1);
}

static void take_withdrawal(uint64_t number)
{
    withdrawn = number;
}

static void answer(uint64_t number, const char *text)
{
    char told[64];
    int length = snprintf(told, sizeof told, "%lu %s", number, text);
    query_told(told, (size_t)length);
}

static void begin(void)
{
    static const struct query_way way = {.query = take_query, .withdraw = take_withdrawal};
    tree_world();
    query_begin(&way);
    asked = withdrawn = 0;
}

static int64_t open_it(uint64_t flags)
{
    return SYS(open, AT(path), O_RDWR | flags, 0);
}

static int64_t write_it(int64_t file, const char *text)
{
    return SYS(write, (uint64_t)file, AT(text), strlen(text));
}

static int64_t read_it(int64_t file, size_t size)
{
    memset(seen, 0, sizeof seen);
    seen_result = SYS(read, (uint64_t)file, AT(seen), size);
    return seen_result;
}

TEST("a request goes to the host without its newline, and what that says is read up to its end")
{
    begin();
    int64_t file = open_it(0);
    CHECK(read_it(file, 10) == 0);
    CHECK(write_it(file, "list\n") == 5 && strcmp(request, "list") == 0);
    answer(asked, "yes\nmuch");
    CHECK(read_it(file, 6) == 6 && strcmp(seen, "yes\nmu") == 0);
    CHECK(read_it(file, 10) == 2 && strcmp(seen, "ch") == 0);
    CHECK(read_it(file, 10) == 0);
    uint64_t before = asked;
    CHECK(write_it(file, "verify") == 6 && asked != before && strcmp(request, "verify") == 0);
    answer(before, "late");
    answer(asked, "yes\n");
    CHECK(read_it(file, 10) == 4 && strcmp(seen, "yes\n") == 0);
}

TEST("what is no line of printable bytes is refused, and the host hears nothing of it")
{
    begin();
    char long_line[QUERY_REQUEST + 1] = {};
    memset(long_line, 'a', QUERY_REQUEST);
    int64_t file = open_it(0);
    static const char *const bad[] = {"\n", "a\nb", "a\x1b[2J", "\t"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(write_it(file, bad[i]) == -EINVAL);
    }
    CHECK(write_it(file, long_line) == -EINVAL);
    CHECK(SYS(write, (uint64_t)file, AT("a\0b"), 3) == -EINVAL);
    CHECK(SYS(write, (uint64_t)file, NOWHERE, 3) == -EFAULT);
    CHECK(asked == 0);
    CHECK(write_it(file, long_line + 1) == QUERY_REQUEST - 1 && asked != 0);
}

TEST("while an answer is awaited nothing more is asked, and who does not wait is told so")
{
    begin();
    int64_t file = open_it(O_NONBLOCK);
    struct pollfd ready = {.fd = (int)file, .events = POLLIN | POLLOUT};
    CHECK(write_it(file, "list") == 4);
    CHECK(write_it(file, "list") == -EBUSY);
    CHECK(read_it(file, 10) == -EAGAIN);
    CHECK(SYS(poll, AT(&ready), 1, 0) == 0);
    answer(asked, "no\n");
    CHECK(SYS(poll, AT(&ready), 1, 0) == 1 && ready.revents == (POLLIN | POLLOUT));
    CHECK(read_it(file, 10) == 3);
}

static int64_t shared_file;

static void read_shared(void *context)
{
    (void)context;
    (void)read_it(shared_file, sizeof seen);
}

TEST("a reader waits for the answer; a signal ends that, and the host learns that nobody waits")
{
    begin();
    shared_file = open_it(0);
    CHECK(write_it(shared_file, "list") == 4);
    struct caller *self = caller();
    strand_start(self, read_shared, nullptr);
    CHECK(strands_left() == 1);
    answer(asked, "yes\n");
    strands_run();
    CHECK(seen_result == 4 && strands_left() == 0 && withdrawn == 0);
    CHECK(write_it(shared_file, "list") == 4);
    strand_start(self, read_shared, nullptr);
    strand_break();
    strands_run();
    CHECK(seen_result == -EINTR && withdrawn == asked);
    answer(asked, "late");
    CHECK(read_it(shared_file, 10) == 0);
}

TEST("so many conversations go on at a time and no more, and without memory nothing is told")
{
    begin();
    int64_t file[QUERY_FILES];
    for (size_t i = 0; i < QUERY_FILES; i++) {
        file[i] = open_it(0);
        CHECK(file[i] >= 0);
    }
    CHECK(open_it(0) == -ENFILE);
    CHECK(SYS(close, (uint64_t)file[0]) == 0);
    CHECK(open_it(0) == file[0]);
    CHECK(write_it(file[1], "list") == 4);
    store_fails_after = 0;
    answer(asked, "yes\n");
    store_fails_after = -1;
    CHECK(read_it(file[1], 10) == 0);
    query_told("", 0);
    query_told("x", 1);
    query_told("99", 2);
    query_begin(nullptr);
    CHECK(SYS(close, (uint64_t)file[2]) == 0 && open_it(0) == -ENXIO);
}
