// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t PORTS = AT_FREE; // eight of them
constexpr uint64_t BASE = 0x3f8;

static void begin(void)
{
    world_begin();
    CHECK(CALL(CNODE_MINT, AT_PORTS, PORTS, UINT64_MAX, BASE | 8 << 16) == KOZO_OK);
}

TEST("ports of the range can be read and written, in three widths")
{
    begin();
    host.port_input = 0x12345678;
    CHECK(CALL(IO_PORT_READ, PORTS, BASE + 5, 1) == KOZO_OK);
    CHECK(world.result[0] == 0x12345678 && host.port.port == BASE + 5 && host.port.width == 1);
    CHECK(CALL(IO_PORT_WRITE, PORTS, BASE + 6, 2, 0xabcd) == KOZO_OK);
    CHECK(host.port.written && host.port.value == 0xabcd && host.port.width == 2);
    CHECK(CALL(IO_PORT_WRITE, PORTS, BASE + 4, 4, 7) == KOZO_OK);
    CHECK(CALL(IO_PORT_READ, AT_PORTS, 0xffff, 1) == KOZO_OK);
}

TEST("ports outside, and widths that do not exist, are refused")
{
    static const struct {
        uint64_t port, width;
    } bad[] = {
        {BASE - 1, 1}, {BASE + 8, 1}, {BASE + 7, 2}, {BASE + 5, 4},   {BASE, 0},
        {BASE, 3},     {BASE, 8},     {0, 1},        {UINT64_MAX, 1}, {BASE + 0x10000, 1},
    };
    begin();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(CALL(IO_PORT_READ, PORTS, bad[i].port, bad[i].width) == KOZO_BAD_ARGUMENT);
        CHECK(CALL(IO_PORT_WRITE, PORTS, bad[i].port, bad[i].width) == KOZO_BAD_ARGUMENT);
    }
    CHECK(CALL(IO_PORT_READ, AT_PORTS, 0xffff, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(IO_PORT_READ, AT_PORTS, 0x10000, 1) == KOZO_BAD_ARGUMENT);
    CHECK(host.port.width == 0);
}

TEST("reading takes READ, writing takes WRITE")
{
    begin();
    CHECK(CALL(CNODE_MINT, PORTS, PORTS + 1, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, PORTS, PORTS + 2, KOZO_RIGHT_WRITE, 0) == KOZO_OK);
    CHECK(CALL(IO_PORT_WRITE, PORTS + 1, BASE, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(IO_PORT_READ, PORTS + 2, BASE, 1) == KOZO_NO_RIGHT);
}
