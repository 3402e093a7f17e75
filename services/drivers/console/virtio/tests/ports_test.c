// SPDX-License-Identifier: MIT
// Ports with a device that works, and with devices that lie.
#include "ports.h"

#include <string.h>

#include "device.h"
#include "test.h"

enum event : uint16_t {
    READY = 0,
    ADD = 1,
    REMOVE = 2,
    PORT_READY = 3,
    OPEN = 6,
    NAME = 7,
};

static struct ports ports;

// Whether the driver has said just this.
static bool said(uint32_t port, uint16_t event, uint16_t value)
{
    return device_listen() == 1 && device_message[0].port == port &&
           device_message[0].event == event && device_message[0].value == value;
}

// A device with port 1, called "one" and open on the host's side, and port 2, called "two".
static bool begin(void)
{
    device_start(&ports, 8);
    bool good = said(0, READY, 1);
    good = good && device_tell(1, ADD, 1, "") && device_tell(2, ADD, 1, "");
    ports_work(&ports);
    good = good && device_listen() == 2 && device_message[0].event == PORT_READY;
    good = good && device_tell(1, NAME, 1, "one") && device_tell(1, OPEN, 1, "") &&
           device_tell(2, NAME, 1, "two");
    ports_work(&ports);
    return good && ports.settled && !ports.broken;
}

static bool begin_open(void)
{
    bool good = begin();
    ports_open(&ports, 1);
    return good && said(1, OPEN, 1);
}

TEST("ports are found by their names, once the device has told of all of them")
{
    device_start(&ports, 8);
    CHECK(!ports.settled && ports_find(&ports, "one", 3) == 0);
    REQUIRE(begin());
    CHECK(ports_find(&ports, "one", 3) == 1 && ports_find(&ports, "two", 3) == 2);
    CHECK(ports_find(&ports, "on", 2) == 0 && ports_find(&ports, "one2", 4) == 0);
    CHECK(ports_find(&ports, "", 0) == 0);
}

TEST("the driver waits with its verdict until its messages were answered")
{
    device_start(&ports, 8);
    REQUIRE(device_tell(1, ADD, 1, ""));
    ports_work(&ports);
    CHECK(!ports.settled); // it has told of a port that it is ready
    REQUIRE(device_listen() == 2);
    ports_work(&ports);
    CHECK(ports.settled);
}

TEST("what comes is read in order, in pieces of any size, and its buffers go back")
{
    REQUIRE(begin_open());
    uint8_t next = 0;
    uint8_t expected = 0;
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[PORT_IN_BYTES];
        size_t length = 1 + round * 37 % PORT_IN_BYTES;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = next++;
        }
        REQUIRE(device_send(1, bytes, length));
        ports_work(&ports);
        size_t got = ports_take(&ports, 1, bytes, 1);
        got += ports_take(&ports, 1, bytes + 1, sizeof bytes - 1);
        CHECK(got == length);
        for (size_t i = 0; i < got; i++) {
            CHECK(bytes[i] == expected++);
        }
    }
    CHECK(!ports.broken && ports_take(&ports, 1, &expected, 1) == 0);
}

TEST("what is not read stops the device, and nothing is lost")
{
    REQUIRE(begin_open());
    size_t sent = 0;
    while (device_send(1, "x", 1)) {
        sent++;
    }
    ports_work(&ports);
    CHECK(sent == PORT_IN_BUFFERS && ports.port[1].pieces == PORT_IN_BUFFERS);
    char byte;
    CHECK(ports_take(&ports, 1, (uint8_t *)&byte, 1) == 1 && device_send(1, "y", 1));
    CHECK(!device_send(1, "z", 1));
}

TEST("what goes is counted, and is with the host when the device has given it back")
{
    REQUIRE(begin_open());
    static uint8_t bytes[PORT_OUT_BUFFERS * PORT_OUT_BYTES + 5];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    CHECK(ports_put(&ports, 1, bytes, sizeof bytes) == sizeof bytes - 5);
    CHECK(ports_put(&ports, 1, bytes, 5) == 0);
    size_t at = 0;
    for (size_t i = 0; i < PORT_OUT_BUFFERS; i++) {
        struct device_buffer buffer = device_next(device_out(1));
        REQUIRE(buffer.bytes != nullptr && !buffer.writable);
        CHECK(memcmp(buffer.bytes, bytes + at, buffer.length) == 0);
        at += buffer.length;
        device_done(device_out(1), buffer.head, 0);
        ports_work(&ports);
        CHECK(ports.port[1].taken == at);
    }
    CHECK(ports.port[1].taken == ports.port[1].given);
    CHECK(ports_put(&ports, 1, bytes, 5) == 5);
}

TEST("the end of the host comes after what it sent before")
{
    REQUIRE(begin_open());
    REQUIRE(device_send(1, "last", 4) && device_tell(1, OPEN, 0, ""));
    ports_work(&ports);
    uint8_t bytes[8];
    CHECK(!ports_ended(&ports, 1) && ports_take(&ports, 1, bytes, 8) == 4);
    CHECK(ports_ended(&ports, 1));
}

TEST("closing drops what was not read, tells the device, and what comes then is dropped too")
{
    REQUIRE(begin_open());
    REQUIRE(device_send(1, "old", 3));
    ports_work(&ports);
    ports_close(&ports, 1);
    CHECK(said(1, OPEN, 0));
    REQUIRE(device_send(1, "late", 4));
    ports_work(&ports);
    ports_open(&ports, 1);
    uint8_t bytes[8];
    CHECK(said(1, OPEN, 1) && ports_take(&ports, 1, bytes, 8) == 0);
    REQUIRE(device_send(1, "new", 3));
    ports_work(&ports);
    CHECK(ports_take(&ports, 1, bytes, 8) == 3 && memcmp(bytes, "new", 3) == 0);
}

// Lets the device hold all messages that the driver can send.
static void fill_control(void)
{
    for (unsigned i = 0; i < 64; i++) {
        ports_open(&ports, 2);
        ports_close(&ports, 2);
    }
}

TEST("changes that can't be told yet are told later, and those that came to nothing are not")
{
    REQUIRE(begin_open());
    fill_control();
    ports_close(&ports, 1);
    ports_open(&ports, 1);
    (void)device_listen();
    ports_work(&ports);
    size_t count = device_listen();
    bool closed = false;
    bool opened = false;
    for (size_t i = 0; i < count; i++) {
        bool about = device_message[i].port == 1 && device_message[i].event == OPEN;
        opened = opened || (about && closed && device_message[i].value == 1);
        closed = closed || (about && device_message[i].value == 0);
    }
    CHECK(closed && opened && !ports.broken);
    ports_work(&ports);
    fill_control();
    ports_close(&ports, 1);
    ports_open(&ports, 1);
    ports_close(&ports, 1);
    (void)device_listen();
    ports_work(&ports);
    count = device_listen();
    unsigned about = 0;
    for (size_t i = 0; i < count; i++) {
        about += device_message[i].port == 1;
    }
    CHECK(about == 1);
}

TEST("a port that the host removes has ended, and may come back under another name")
{
    REQUIRE(begin_open());
    REQUIRE(device_tell(1, REMOVE, 1, ""));
    ports_work(&ports);
    CHECK(ports_ended(&ports, 1) && ports_find(&ports, "one", 3) == 0);
    ports_close(&ports, 1);
    CHECK(device_listen() == 0);
    REQUIRE(device_tell(1, ADD, 1, ""));
    ports_work(&ports);
    CHECK(said(1, PORT_READY, 1));
    REQUIRE(device_tell(1, NAME, 1, "again"));
    ports_work(&ports);
    CHECK(ports_find(&ports, "again", 5) == 1);
}

TEST("messages about ports that can't be, of no kind, or too short are passed over")
{
    REQUIRE(begin());
    static const uint32_t wrong[] = {0, PORTS + 1, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(device_tell(wrong[i], ADD, 1, "") && device_tell(wrong[i], NAME, 1, "wrong"));
        CHECK(device_tell(wrong[i], OPEN, 1, "") && device_tell(wrong[i], REMOVE, 1, ""));
    }
    CHECK(device_tell(3, NAME, 1, "wrong") && device_tell(1, 99, 1, "wrong"));
    struct device_buffer buffer = device_next(DEVICE_CONTROL_IN);
    device_done(DEVICE_CONTROL_IN, buffer.head, 7);
    ports_work(&ports);
    CHECK(!ports.broken && device_listen() == 0 && ports_find(&ports, "wrong", 5) == 0);
    CHECK(ports_find(&ports, "one", 3) == 1);
}

TEST("a name may have 40 bytes, and a longer one can't be found")
{
    static const char name[] = "0123456789012345678901234567890123456789";
    REQUIRE(begin());
    REQUIRE(device_tell(1, NAME, 1, name));
    ports_work(&ports);
    CHECK(ports_find(&ports, name, PORT_NAME) == 1);
    char longer[150];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    REQUIRE(device_tell(1, NAME, 1, longer));
    ports_work(&ports);
    CHECK(ports.port[1].name_length == 0 && !ports.broken);
}

TEST("a device that has fewer ports than are thought of is used as far as it goes")
{
    device_start(&ports, 2);
    (void)device_listen();
    REQUIRE(device_tell(1, ADD, 1, "") && device_tell(2, ADD, 1, ""));
    ports_work(&ports);
    CHECK(said(1, PORT_READY, 1));
    CHECK(!ports.broken && ports.port[1].exists && !ports.port[2].exists);
}

TEST("a device that gives back what it does not have makes all of it broken")
{
    static const uint16_t queues[] = {3, 4, 5, 16, 17};
    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
        REQUIRE(begin_open());
        device_done(queues[i], 31, 0); // of fewer buffers
        ports_work(&ports);
        CHECK(ports.broken);
        REQUIRE(begin_open());
        device_done(queues[i], 1'000'000, 0);
        ports_work(&ports);
        CHECK(ports.broken);
    }
}

TEST("a device that claims to have written more than there is room makes all of it broken")
{
    REQUIRE(begin_open());
    struct device_buffer buffer = device_next(device_in(1));
    device_done(device_in(1), buffer.head, buffer.length + 1);
    ports_work(&ports);
    CHECK(ports.broken);
    REQUIRE(begin_open());
    REQUIRE(ports_put(&ports, 1, (const uint8_t *)"x", 1) == 1);
    buffer = device_next(device_out(1));
    device_done(device_out(1), buffer.head, 1);
    ports_work(&ports);
    CHECK(ports.broken);
}

TEST("a device whose count jumps ahead makes all of it broken")
{
    REQUIRE(begin_open());
    device_lie(device_in(1), 1'000, 0, 1);
    ports_work(&ports);
    CHECK(ports.broken);
}
