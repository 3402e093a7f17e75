// SPDX-License-Identifier: MIT
// I/O ports and interrupts: a range of ports and an interrupt that no device of the machine uses.
#include "kernel_test.h"

static struct kozo_io_port ports(void)
{
    return (struct kozo_io_port){kozo_granted("ports")};
}

// The range that the system description gives.
constexpr uint64_t FIRST = 0x2e8;
constexpr uint64_t COUNT = 8;

TEST("ports inside of the range can be read and written, in all three widths")
{
    CHECK(kozo_io_port_write(ports(), FIRST + 7, 1, 0) == KOZO_OK);
    CHECK(kozo_io_port_read(ports(), FIRST, 1).error == KOZO_OK);
    CHECK(kozo_io_port_read(ports(), FIRST, 2).error == KOZO_OK);
    CHECK(kozo_io_port_read(ports(), FIRST + 4, 4).error == KOZO_OK);
    CHECK(kozo_io_port_read(ports(), FIRST + COUNT - 1, 1).error == KOZO_OK);
}

TEST("ports outside of the range are refused, also at its end and by wrap-around")
{
    CHECK(kozo_io_port_read(ports(), FIRST - 1, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST + COUNT, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST + COUNT - 1, 2).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST + COUNT - 3, 4).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST + 0x10000, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), UINT64_MAX, 4).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_write(ports(), FIRST + COUNT, 1, 0) == KOZO_BAD_ARGUMENT);
}

TEST("widths other than 1, 2 and 4 are refused")
{
    CHECK(kozo_io_port_read(ports(), FIRST, 0).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST, 3).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_read(ports(), FIRST, 8).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_io_port_write(ports(), FIRST, UINT64_MAX, 0) == KOZO_BAD_ARGUMENT);
}

TEST("reading ports needs READ, writing needs WRITE")
{
    struct kozo_io_port reads = {with_rights(ports().handle, KOZO_RIGHT_READ)};
    struct kozo_io_port writes = {with_rights(ports().handle, KOZO_RIGHT_WRITE)};
    CHECK(kozo_io_port_write(reads, FIRST + 7, 1, 0) == KOZO_NO_RIGHT);
    CHECK(kozo_io_port_read(writes, FIRST, 1).error == KOZO_NO_RIGHT);
}

TEST("mint narrows a range of ports and never widens it")
{
    uint64_t part = empty_slot();
    uint64_t to = empty_slot();
    CHECK(mint(ports().handle, part, ALL_RIGHTS, (FIRST + 2) | 2ul << 16) == KOZO_OK);
    CHECK(kozo_io_port_read((struct kozo_io_port){part}, FIRST + 2, 2).error == KOZO_OK);
    CHECK(kozo_io_port_read((struct kozo_io_port){part}, FIRST, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(mint(part, to, ALL_RIGHTS, FIRST | 4ul << 16) == KOZO_BAD_ARGUMENT);
    CHECK(mint(ports().handle, to, ALL_RIGHTS, FIRST | 9ul << 16) == KOZO_BAD_ARGUMENT);
    CHECK(mint(ports().handle, to, ALL_RIGHTS, FIRST) == KOZO_BAD_ARGUMENT);
}

TEST("an interrupt handler that is tied to an interrupt can be acknowledged")
{
    struct kozo_irq_handler irq = {kozo_granted("irq")};
    CHECK(kozo_cnode_inspect(slot(irq.handle)).value == 7);
    CHECK(kozo_irq_handler_acknowledge(irq) == KOZO_OK);
}

TEST("an interrupt handler that is tied to none, or bound to nothing, can't be acknowledged")
{
    struct kozo_irq_handler fresh = {make(KOZO_TYPE_IRQ_HANDLER)};
    struct kozo_notification notification = {make(KOZO_TYPE_NOTIFICATION)};
    CHECK(kozo_irq_handler_acknowledge(fresh) == KOZO_BAD_STATE);
    CHECK(kozo_irq_handler_bind(fresh, notification) == KOZO_OK);
    CHECK(kozo_irq_handler_acknowledge(fresh) == KOZO_BAD_STATE);
}

TEST("an interrupt handler refuses to be bound to what is no notification")
{
    struct kozo_irq_handler fresh = {make(KOZO_TYPE_IRQ_HANDLER)};
    struct kozo_notification wrong = {make(KOZO_TYPE_ENDPOINT)};
    CHECK(kozo_irq_handler_bind(fresh, wrong) == KOZO_BAD_TYPE);
    struct kozo_notification reads = {with_rights(make(KOZO_TYPE_NOTIFICATION), KOZO_RIGHT_READ)};
    CHECK(kozo_irq_handler_bind(fresh, reads) == KOZO_NO_RIGHT);
}

TEST("an interrupt handler without CONTROL can be neither bound nor acknowledged")
{
    struct kozo_irq_handler look = {with_rights(kozo_granted("irq"), KOZO_RIGHT_READ)};
    struct kozo_notification notification = {make(KOZO_TYPE_NOTIFICATION)};
    CHECK(kozo_irq_handler_bind(look, notification) == KOZO_NO_RIGHT);
    CHECK(kozo_irq_handler_acknowledge(look) == KOZO_NO_RIGHT);
}

TEST("an interrupt handler can be bound anew and unbound")
{
    struct kozo_irq_handler irq = {kozo_granted("irq")};
    struct kozo_notification notification = {make(KOZO_TYPE_NOTIFICATION)};
    struct kozo_notification usual = {kozo_granted("irq.signal")};
    CHECK(kozo_irq_handler_bind(irq, notification) == KOZO_OK);
    CHECK(kozo_irq_handler_bind(irq, (struct kozo_notification){}) == KOZO_OK);
    CHECK(kozo_irq_handler_acknowledge(irq) == KOZO_BAD_STATE);
    CHECK(kozo_irq_handler_bind(irq, usual) == KOZO_OK);
}

TEST("capabilities that a process was not given are not there")
{
    CHECK(kozo_granted("irq-control") == 0);
    struct kozo_irq_control none = {empty_slot()};
    struct kozo_irq_handler fresh = {make(KOZO_TYPE_IRQ_HANDLER)};
    CHECK(kozo_irq_control_claim(none, fresh, 5) == KOZO_BAD_HANDLE);
    CHECK(kozo_irq_control_claim((struct kozo_irq_control){fresh.handle}, fresh, 5) ==
          KOZO_BAD_TYPE);
}
