// SPDX-License-Identifier: MIT
// A queue with a device that works, and with devices that lie. The device here reads and writes the
// shared memory by the layout of the specification, not by the driver's code.
#include "virtqueue.h"

#include <string.h>

#include "test.h"

constexpr uint16_t SIZE = 8;
constexpr uint64_t PHYSICAL = 0x1'0000'0000;

alignas(16) static uint8_t memory[512];
static struct virtqueue queue;

static uint16_t *word(size_t offset)
{
    return (uint16_t *)(memory + offset);
}

constexpr size_t AVAILABLE = 16 * SIZE;
constexpr size_t USED = 16 * SIZE + 2 * (3 + SIZE) + 2;

static void begin(void)
{
    memset(memory, 0, sizeof memory);
    virtqueue_begin(&queue, memory, PHYSICAL, SIZE);
}

// The device: the head of the n-th request that was made available.
static uint16_t head_of(uint16_t n)
{
    return *word(AVAILABLE + 4 + 2 * (size_t)(n % SIZE));
}

static uint64_t buffer_of(uint16_t descriptor, uint32_t *length, uint16_t *flags, uint16_t *next)
{
    uint64_t physical;
    memcpy(&physical, memory + 16 * (size_t)descriptor, 8);
    memcpy(length, memory + 16 * (size_t)descriptor + 8, 4);
    memcpy(flags, memory + 16 * (size_t)descriptor + 12, 2);
    memcpy(next, memory + 16 * (size_t)descriptor + 14, 2);
    return physical;
}

static void finish(uint32_t head, uint32_t written)
{
    uint16_t index = *word(USED + 2);
    size_t at = USED + 4 + 8 * (size_t)(index % SIZE);
    memcpy(memory + at, &head, 4);
    memcpy(memory + at + 4, &written, 4);
    *word(USED + 2) = index + 1;
}

static bool add(uint16_t count, uint64_t token)
{
    static const struct virtqueue_buffer buffers[SIZE + 1] = {
        {.physical = 0x1000, .length = 16, .device_writes = false},
        {.physical = 0x2000, .length = 512, .device_writes = true},
        {.physical = 0x3000, .length = 1, .device_writes = true},
    };
    return virtqueue_add(&queue, buffers, count, token);
}

TEST("the parts of a queue lie where the specification has them")
{
    begin();
    struct virtqueue_places places = virtqueue_places(&queue);
    CHECK(places.descriptors == PHYSICAL && places.driver == PHYSICAL + AVAILABLE);
    CHECK(places.device == PHYSICAL + USED && places.device % 4 == 0);
    CHECK(virtqueue_bytes(SIZE) == USED + 2 * 3 + 8 * SIZE);
    CHECK(virtqueue_bytes(VIRTQUEUE_MOST) <= 2 * 4'096);
}

TEST("a request reaches the device as a chain, and its answer comes back")
{
    begin();
    REQUIRE(add(3, 77));
    CHECK(*word(AVAILABLE + 2) == 1);
    uint32_t length;
    uint16_t flags;
    uint16_t next;
    uint16_t head = head_of(0);
    CHECK(buffer_of(head, &length, &flags, &next) == 0x1000 && length == 16 && flags == 1);
    CHECK(buffer_of(next, &length, &flags, &next) == 0x2000 && length == 512 && flags == 3);
    CHECK(buffer_of(next, &length, &flags, &next) == 0x3000 && length == 1 && flags == 2);
    CHECK(!virtqueue_take(&queue).is_done);
    finish(head, 513);
    struct virtqueue_done done = virtqueue_take(&queue);
    CHECK(done.is_done && done.token == 77 && done.written == 513);
    CHECK(!virtqueue_take(&queue).is_done && queue.free == SIZE && !queue.broken);
}

TEST("a full queue refuses and takes up again, for more rounds than its counters have numbers")
{
    begin();
    for (uint32_t round = 0; round < 70'000; round++) {
        REQUIRE(add(3, round) && add(3, round + 1'000'000) && add(2, round + 2'000'000));
        REQUIRE(!add(1, 0));
        // Answers come in another order than the requests.
        uint16_t first = (uint16_t)(3 * round);
        finish(head_of(first + 2), 0);
        finish(head_of(first), 1);
        finish(head_of(first + 1), 2);
        REQUIRE(virtqueue_take(&queue).token == round + 2'000'000);
        REQUIRE(virtqueue_take(&queue).token == round);
        REQUIRE(virtqueue_take(&queue).token == round + 1'000'000);
        REQUIRE(queue.free == SIZE && !queue.broken);
    }
}

TEST("a request without buffers, or with more than there are, is refused")
{
    begin();
    CHECK(!add(0, 1) && !add(SIZE + 1, 1) && queue.free == SIZE);
}

TEST("the driver heeds whether the device wants to be told, and says whether it does")
{
    begin();
    CHECK(virtqueue_wants_notice(&queue));
    *word(USED) = 1;
    CHECK(!virtqueue_wants_notice(&queue));
    virtqueue_interrupts(&queue, false);
    CHECK(*word(AVAILABLE) == 1);
    virtqueue_interrupts(&queue, true);
    CHECK(*word(AVAILABLE) == 0);
}

// What breaks a queue stays broken.
static bool is_broken(void)
{
    bool nothing = !virtqueue_take(&queue).is_done;
    finish(head_of(0), 0);
    return nothing && queue.broken && !virtqueue_take(&queue).is_done && !add(1, 5);
}

TEST("a device that answers what was not asked breaks the queue")
{
    begin();
    REQUIRE(add(3, 1));
    finish(7, 0);
    CHECK(is_broken());
}

TEST("a device that answers with a number beyond the queue breaks it")
{
    begin();
    REQUIRE(add(3, 1));
    finish(SIZE, 0);
    CHECK(is_broken());
    begin();
    REQUIRE(add(3, 1));
    finish(UINT32_MAX, 0);
    CHECK(is_broken());
}

TEST("a device that names the middle of a chain breaks the queue")
{
    begin();
    REQUIRE(add(3, 1));
    finish((uint32_t)head_of(0) + 1, 0);
    CHECK(is_broken());
}

TEST("a device that answers twice breaks the queue")
{
    begin();
    REQUIRE(add(3, 1));
    finish(head_of(0), 0);
    finish(head_of(0), 0);
    CHECK(virtqueue_take(&queue).is_done);
    CHECK(is_broken());
}

TEST("a device that claims to have written more than it could breaks the queue")
{
    begin();
    REQUIRE(add(1, 1));
    finish(head_of(0), 1);
    CHECK(is_broken());
}

TEST("a device that claims more answers than fit breaks the queue")
{
    begin();
    REQUIRE(add(3, 1));
    *word(USED + 2) = SIZE + 1;
    CHECK(is_broken());
}

TEST("a device that rewrites its descriptors changes nothing that the driver goes by")
{
    begin();
    REQUIRE(add(3, 1) && add(3, 2));
    memset(memory, 0xff, 16 * SIZE);
    finish(head_of(0), 513);
    finish(head_of(1), 0);
    CHECK(virtqueue_take(&queue).token == 1);
    CHECK(virtqueue_take(&queue).token == 2);
    CHECK(queue.free == SIZE && !queue.broken);
}

TEST("random answers either are right or break the queue")
{
    uint64_t state = 1;
    for (unsigned round = 0; round < 20'000; round++) {
        begin();
        unsigned taken = 0;
        unsigned added = 0;
        for (unsigned step = 0; step < 40 && !queue.broken; step++) {
            state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            added += add((uint16_t)(1 + (state >> 60) % 3), step);
            if ((state >> 50 & 1) != 0) {
                finish((uint32_t)(state >> 40) % (SIZE + 1), (uint32_t)(state >> 30) % 600);
            }
            taken += virtqueue_take(&queue).is_done;
            REQUIRE(taken <= added && queue.free <= SIZE);
        }
    }
}
