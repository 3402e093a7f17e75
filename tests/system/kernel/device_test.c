// SPDX-License-Identifier: MIT
// I/O ports and interrupts: a range of ports and an interrupt that no device of the machine uses, and
// a device that interrupts without end.
#include <kozo/machine.h>

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

// --- Storms --------------------------------------------------------------------------------------

// Channel 0 of the interval timer (8254), which the kernel leaves alone, interrupts again and again:
// far more often than its driver comes to an end with one, and seldom enough for an emulator on a
// busy host.
constexpr uint64_t PIT_COUNT = 0x40;
constexpr uint64_t PIT_CONTROL = 0x43;
constexpr uint64_t PIT_RATE = 0x34;      // mode 2: after each count
constexpr uint64_t PIT_ONE_SHOT = 0x30;  // mode 0: stands still until it is given a count
constexpr uint64_t PIT_BETWEEN = 119;    // ticks of 1.19 MHz: 100 microseconds
constexpr uint64_t STORM = 200;          // milliseconds
constexpr uint64_t DRIVER_WORK = 1;      // milliseconds, for one interrupt
constexpr uint64_t STORM_BUDGET = 2'000; // microseconds: two interrupts
constexpr uint64_t STORM_PERIOD = 20'000;
// Two begin with a budget that is whole, and one was begun with the rest of the last.
constexpr uint64_t MOST_IN_A_PERIOD = 3;

static volatile uint64_t interrupts;

static void write_pit(uint64_t port, uint64_t value)
{
    struct kozo_io_port pit = {kozo_granted("pit")};
    CHECK(kozo_io_port_write(pit, port, 1, value) == KOZO_OK);
}

static void start_storm(void)
{
    write_pit(PIT_CONTROL, PIT_RATE);
    write_pit(PIT_COUNT, PIT_BETWEEN);
    write_pit(PIT_COUNT, 0);
}

static void end_storm(void)
{
    write_pit(PIT_CONTROL, PIT_ONE_SHOT);
}

static struct kozo_irq_handler storm(void)
{
    return (struct kozo_irq_handler){kozo_granted("storm")};
}

static struct kozo_notification storm_signal(void)
{
    return (struct kozo_notification){kozo_granted("storm.signal")};
}

TEST("an interrupt that is not acknowledged comes once, however often its device asks")
{
    start_storm();
    CHECK(kozo_irq_handler_acknowledge(storm()) == KOZO_OK);
    CHECK(kozo_notification_wait(storm_signal()).error == KOZO_OK);
    for (unsigned i = 0; i < 10; i++) {
        spin(2);
        CHECK(kozo_notification_poll(storm_signal()).bits == 0);
    }
    end_storm();
}

static void drive(void *)
{
    while (true) {
        (void)kozo_irq_handler_acknowledge(storm());
        (void)kozo_notification_wait(storm_signal());
        interrupts = interrupts + 1;
        spin(DRIVER_WORK);
    }
}

// Time that a busy host takes from this machine passes for the periods too, and makes the driver come
// to fewer interrupts, never to more.
TEST("a storm of interrupts costs others no more than its driver's budget")
{
    struct kozo_thread driver = make_thread(drive, nullptr, OWN_PRIORITY);
    // make_thread makes the SchedContext right after the thread.
    struct kozo_sched_context context = {driver.handle + 1};
    CHECK(kozo_sched_control_configure((struct kozo_sched_control){kozo_granted("time")}, context,
                                       STORM_BUDGET, STORM_PERIOD) == KOZO_OK);
    CHECK(kozo_thread_set_priority(own_thread(), OWN_PRIORITY - 1) == KOZO_OK);
    interrupts = 0;
    uint64_t start = kozo_ticks();
    CHECK(kozo_thread_resume(driver) == KOZO_OK);
    start_storm();
    spin(STORM);
    end_storm();
    CHECK(kozo_thread_suspend(driver) == KOZO_OK);
    uint64_t period = kozo_process_info()->tsc_frequency / 1'000'000 * STORM_PERIOD;
    uint64_t periods = (kozo_ticks() - start) / period + 1;
    CHECK(interrupts > 0);
    CHECK(interrupts <= periods * MOST_IN_A_PERIOD);
}
