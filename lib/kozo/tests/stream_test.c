// SPDX-License-Identifier: MIT
#include <kozo/stream.h>

#include <stdlib.h>
#include <string.h>

#include "test.h"

constexpr uint32_t SIZE = 64;

static struct kozo_index shared;
static uint8_t ring[SIZE + 16]; // what lies behind is never touched

static size_t put(uint32_t *own, const char *bytes, size_t length)
{
    return kozo_stream_put(&shared, own, ring, SIZE, bytes, length);
}

static size_t take(uint32_t *own, char *bytes, size_t most)
{
    return kozo_stream_take(&shared, own, ring, SIZE, bytes, most);
}

TEST("bytes come out of a stream as they went in, however they are cut, also when indices wrap")
{
    uint32_t head = UINT32_MAX - 100;
    uint32_t tail = head;
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    shared = (struct kozo_index){.head = head, .tail = tail};
    srand(1);
    for (int round = 0; round < 5000; round++) {
        char bytes[SIZE * 2];
        size_t length = (size_t)rand() % sizeof bytes;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (char)(uint8_t)(next_in + i);
        }
        next_in += (uint8_t)put(&head, bytes, length);
        size_t count = take(&tail, bytes, (size_t)rand() % sizeof bytes);
        for (size_t i = 0; i < count; i++) {
            CHECK((uint8_t)bytes[i] == next_out);
            next_out++;
        }
    }
}

TEST("a full stream takes nothing, an empty one gives nothing")
{
    char bytes[SIZE + 1] = "x";
    uint32_t head = 0;
    uint32_t tail = 0;
    shared = (struct kozo_index){};
    CHECK(take(&tail, bytes, sizeof bytes) == 0);
    CHECK(put(&head, bytes, sizeof bytes) == SIZE);
    CHECK(put(&head, bytes, 1) == 0);
    CHECK(take(&tail, bytes, sizeof bytes) == SIZE);
    CHECK(take(&tail, bytes, sizeof bytes) == 0);
}

TEST("an index of the other side that can't be is a stream without bytes or without room")
{
    char bytes[SIZE];
    for (uint64_t lie = 0; lie <= UINT32_MAX; lie += 65521) {
        uint32_t own = 1000;
        shared = (struct kozo_index){.head = (uint32_t)lie, .tail = 1000};
        size_t count = take(&own, bytes, sizeof bytes);
        CHECK(count == (lie - 1000 <= SIZE ? lie - 1000 : 0));
        own = 1000;
        shared = (struct kozo_index){.head = 1000, .tail = (uint32_t)lie};
        count = put(&own, bytes, sizeof bytes);
        CHECK(count == (1000 - lie <= SIZE ? SIZE - (1000 - lie) : 0));
    }
}

TEST("whatever the other side's index is, nothing behind the ring is touched")
{
    char bytes[SIZE * 2] = "";
    memset(ring, 0x5a, sizeof ring);
    srand(2);
    for (int round = 0; round < 10000; round++) {
        uint32_t own = (uint32_t)rand();
        shared =
            (struct kozo_index){.head = (uint32_t)rand(), .tail = own - (uint32_t)rand() % 100};
        (void)put(&own, bytes, sizeof bytes);
    }
    for (size_t i = SIZE; i < sizeof ring; i++) {
        CHECK(ring[i] == 0x5a);
    }
}
