// SPDX-License-Identifier: MIT
// A record and the kernel's log: what fits, and each way in which one of them is not the one that it was. Each changed line is chained
// anew, as who may write the record could.
#include "../joined.h"

#include <string.h>

#include "test.h"

static char buffer[16'384];
static struct policy_text text;
static struct policy_chain chain;

static struct policy_kernel_ring ring_at(uint64_t read, uint64_t written, uint8_t byte)
{
    struct policy_kernel_ring ring = {.read = read, .written = written};
    memset(&ring.digest, byte, sizeof ring.digest);
    return ring;
}

static void begin(void)
{
    text = policy_text(buffer, sizeof buffer);
    chain = (struct policy_chain){};
}

static void add_kernel(struct policy_kernel_ring authority, struct policy_kernel_ring refusals)
{
    const struct policy_kernel_ring rings[POLICY_KERNEL_RINGS] = {authority, refusals};
    struct policy_record record = {.event = POLICY_EVENT_KERNEL, .time = 7, .kernel = rings};
    CHECK(policy_record_add(&text, &chain, &record));
}

static void add_start(void)
{
    struct policy_record record = {.event = POLICY_EVENT_START, .time = 7};
    CHECK(policy_record_add(&text, &chain, &record));
}

// The number of the line that does not fit, with the kernel where this says.
static uint64_t check(struct policy_kernel_ring authority, struct policy_kernel_ring refusals)
{
    const struct policy_kernel_ring now[POLICY_KERNEL_RINGS] = {authority, refusals};
    CHECK(policy_record_verify(buffer, text.length, nullptr, nullptr).result ==
          POLICY_RECORD_WHOLE);
    return policy_joined_check(buffer, text.length, now);
}

TEST("a line tells where both rings of the kernel's log stood, and is read back as it was")
{
    struct policy_kernel_ring rings[POLICY_KERNEL_RINGS];
    begin();
    add_kernel(ring_at(3, UINT64_MAX, 0xab), ring_at(0, 9, 0));
    CHECK(policy_joined_read(buffer, text.length - 1, rings));
    CHECK(rings[0].read == 3 && rings[0].written == UINT64_MAX &&
          rings[0].digest.bytes[31] == 0xab);
    CHECK(rings[1].read == 0 && rings[1].written == 9 && rings[1].digest.bytes[0] == 0);
    begin();
    add_start();
    CHECK(!policy_joined_read(buffer, text.length - 1, rings));
}

TEST("lines fit while the numbers rise, and the hash changes only by reading")
{
    begin();
    CHECK(check(ring_at(0, 0, 0), ring_at(0, 0, 0)) == 0);
    add_start();
    add_kernel(ring_at(2, 5, 1), ring_at(0, 0, 0));
    add_kernel(ring_at(2, 9, 1), ring_at(0, 4, 0));
    add_start();
    add_kernel(ring_at(9, 9, 2), ring_at(4, 4, 3));
    CHECK(check(ring_at(9, 9, 2), ring_at(4, 4, 3)) == 0);
    CHECK(check(ring_at(12, 20, 7), ring_at(4, 5, 3)) == 0);
}

TEST("a line that was changed, though the chain holds, does not fit those before it")
{
    struct policy_kernel_ring still = ring_at(4, 8, 1);
    const struct policy_kernel_ring changed[] = {ring_at(3, 8, 1), ring_at(4, 7, 1),
                                                 ring_at(4, 8, 2), ring_at(9, 8, 1)};
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        begin();
        add_kernel(still, still);
        add_start();
        add_kernel(changed[i], still);
        CHECK(check(ring_at(20, 20, 9), ring_at(20, 20, 9)) == 3);
        begin();
        add_kernel(still, still);
        add_kernel(still, changed[i]);
        CHECK(check(ring_at(20, 20, 9), ring_at(20, 20, 9)) == 2);
    }
}

TEST("a kernel's log that is shorter than the record says, or another one, is noticed")
{
    begin();
    add_kernel(ring_at(4, 8, 1), ring_at(1, 1, 2));
    add_start();
    CHECK(check(ring_at(4, 8, 1), ring_at(1, 1, 2)) == 0);
    CHECK(check(ring_at(3, 8, 1), ring_at(1, 1, 2)) == 1);
    CHECK(check(ring_at(4, 7, 1), ring_at(1, 1, 2)) == 1);
    CHECK(check(ring_at(4, 8, 3), ring_at(1, 1, 2)) == 1);
    CHECK(check(ring_at(4, 8, 1), ring_at(0, 1, 2)) == 1);
}

TEST("a line of this kind that can't be read fits nothing")
{
    static const char ring[] = "{\"v\":1,\"n\":1,\"time\":7,\"event\":\"kernel\",\"authority\":"
                               "{\"read\":1,\"written\":2,\"digest\":\"0g\"}}\n";
    static const char *const bad[] = {
        "{\"v\":1,\"n\":1,\"time\":7,\"event\":\"kernel\",\"authority\":{}}\n",
        "{\"v\":1,\"n\":1,\"time\":7,\"event\":\"kernel\",\"authority\":\n",
        ring,
    };
    const struct policy_kernel_ring now[POLICY_KERNEL_RINGS] = {ring_at(9, 9, 1), ring_at(9, 9, 1)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(policy_joined_check(bad[i], strlen(bad[i]), now) == 1);
    }
    CHECK(policy_joined_check("\n\n{}\nhalf", 9, now) == 0);
}
