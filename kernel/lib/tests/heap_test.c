// SPDX-License-Identifier: MIT
// Objects of 64 bytes in the host's RAM, each with a node.
#include "lib/heap.h"

#include <string.h>

#include "arch/host/host.h"
#include "test.h"

struct thing {
    uint64_t value;
    struct heap_node node;
    uint64_t rest[4];
};
static_assert(sizeof(struct thing) % 64 == 0);

constexpr size_t NODE = offsetof(struct thing, node);
constexpr unsigned THINGS = 64;

static link_t root;

static struct thing *thing(unsigned number)
{
    return (struct thing *)(host_ram + 64) + number;
}

static void begin(void)
{
    host_reset();
    memset(host_ram, 0, sizeof(struct thing) * (THINGS + 1));
    root = 0;
}

static void add(unsigned number, uint64_t key)
{
    thing(number)->value = key;
    heap_add(&root, link_to(thing(number)), NODE, key);
}

static uint64_t take_first(void)
{
    struct thing *first = link_target(root);

    heap_remove(&root, root, NODE);
    CHECK(first->node.rank == 0 && first->node.up == 0 && first->node.left == 0);
    return first->value;
}

// The longest way along right children.
static unsigned right_way(void)
{
    unsigned steps = 0;

    for (link_t at = root; at != 0; at = heap_node(at, NODE)->right) {
        steps++;
    }
    return steps;
}

static uint64_t shuffled(unsigned i)
{
    return (i * 37 + 11) % THINGS;
}

TEST("things come out of a heap in order, however they went in")
{
    begin();
    for (unsigned i = 0; i < THINGS; i++) {
        add(i, shuffled(i));
        CHECK(right_way() <= 7);
    }
    for (uint64_t expected = 0; expected < THINGS; expected++) {
        CHECK(take_first() == expected);
    }
    CHECK(root == 0);
}

TEST("rising and falling keys leave the way along right children short")
{
    begin();
    for (unsigned i = 0; i < THINGS / 2; i++) {
        add(i, i);
        add(THINGS - 1 - i, 1000 - i);
        CHECK(right_way() <= 7);
    }
}

TEST("any thing can be removed, and the others stay in order")
{
    for (unsigned gone = 0; gone < THINGS; gone++) {
        begin();
        for (unsigned i = 0; i < THINGS; i++) {
            add(i, shuffled(i));
        }
        heap_remove(&root, link_to(thing(gone)), NODE);
        for (uint64_t expected = 0; expected < THINGS; expected++) {
            if (expected != shuffled(gone)) {
                CHECK(take_first() == expected);
            }
        }
        CHECK(root == 0);
    }
}

TEST("equal keys are no harm, and a thing can come back")
{
    begin();
    add(0, 5);
    add(1, 5);
    add(2, 5);
    heap_remove(&root, link_to(thing(1)), NODE);
    add(1, 4);
    CHECK(take_first() == 4);
    CHECK(take_first() == 5);
    CHECK(take_first() == 5);
    CHECK(root == 0);
}
