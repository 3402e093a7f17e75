// SPDX-License-Identifier: MIT
#include "entropy/entropy.h"

#include <stdio.h>

#include <stdio.h>

#include "tests/world.h"

constexpr uint64_t ENDPOINT = AT_FREE;

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STARS  "****************************************************************"

static struct entropy entropy;
static char line[256];

// Starts without a processor's source, with this command line.
static void start(const char *command_line)
{
    host_reset();
    host.has_entropy = false;
    entropy = (struct entropy){};
    (void)snprintf(line, sizeof line, "%s", command_line);
    entropy_start(&entropy, line);
}

static bool is_line(const char *text)
{
    return strcmp(line, text) == 0;
}

TEST("the launcher's seed is taken from the command line, and wiped there")
{
    start("quiet random=" DIGITS " last");
    CHECK(entropy.seeded && is_line("quiet random=" STARS " last"));
    uint64_t first = entropy_next(&entropy);
    start("random=" DIGITS);
    CHECK(entropy_next(&entropy) == first && entropy_next(&entropy) != first);
    start("random=1" DIGITS);
    CHECK(entropy_next(&entropy) != first);
}

TEST("a seed that is too short, of other digits, or not a word of its own is no seed")
{
    start("random=0123");
    CHECK(!entropy.seeded && is_line("random=****"));
    start("random=");
    CHECK(!entropy.seeded);
    start("random=ABCDEF" DIGITS);
    CHECK(!entropy.seeded);
    start("xrandom=" DIGITS);
    CHECK(!entropy.seeded && is_line("xrandom=" DIGITS));
    start("rando");
    CHECK(!entropy.seeded);
    start("");
    CHECK(!entropy.seeded);
}

TEST("the processor's source is enough, and is mixed with the launcher's")
{
    host_reset();
    entropy = (struct entropy){};
    line[0] = 0;
    entropy_start(&entropy, line);
    CHECK(entropy.seeded);
    uint64_t without = entropy_next(&entropy);
    host_reset();
    entropy = (struct entropy){};
    (void)snprintf(line, sizeof(line), "random=%s", DIGITS);
    entropy_start(&entropy, line);
    CHECK(entropy_next(&entropy) != without);
}

TEST("badges are made once the generator is seeded, and never twice")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    CHECK(CALL(ENDPOINT_NEW_BADGE, ENDPOINT) == KOZO_UNSEEDED);
    CHECK(CALL(ENTROPY_MIX, AT_ENTROPY, 1, 2, 3, 4) == KOZO_OK);
    CHECK(CALL(ENDPOINT_NEW_BADGE, ENDPOINT) == KOZO_OK);
    uint64_t badge = world.result[0];
    CHECK(badge != 0);
    CHECK(CALL(ENDPOINT_NEW_BADGE, ENDPOINT) == KOZO_OK);
    CHECK(world.result[0] != badge && world.result[0] != 0);
}

TEST("what is mixed in changes what comes out, and mixing takes WRITE")
{
    world_begin();
    CHECK(CALL(ENTROPY_MIX, AT_ENTROPY, 1, 2, 3, 4) == KOZO_OK);
    struct entropy other = kernel.entropy;
    CHECK(CALL(ENTROPY_MIX, AT_ENTROPY, 1, 2, 3, 4) == KOZO_OK);
    CHECK(entropy_next(&other) != entropy_next(&kernel.entropy));
    CHECK(CALL(CNODE_MINT, AT_ENTROPY, AT_FREE, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(ENTROPY_MIX, AT_FREE, 1, 2, 3, 4) == KOZO_NO_RIGHT);
}
