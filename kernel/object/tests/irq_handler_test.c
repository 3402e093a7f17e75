// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t HANDLER = AT_FREE; // and the one after it
constexpr uint64_t NOTICE = AT_FREE + 2;
constexpr uint64_t BADGED = AT_FREE + 3;
constexpr uint64_t A = AT_FREE + 4;
constexpr unsigned IRQ = 5;

static void begin(void)
{
    world_begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_IRQ_HANDLER, 0, HANDLER, 2) == KOZO_OK);
    world_make(KOZO_TYPE_NOTIFICATION, 0, NOTICE);
    CHECK(CALL(CNODE_MINT, NOTICE, BADGED, KOZO_RIGHT_WRITE, 0x40) == KOZO_OK);
}

static void begin_claimed(void)
{
    begin();
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER, IRQ) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, BADGED) == KOZO_OK);
}

static uint64_t bits(void)
{
    CHECK(CALL(NOTIFICATION_POLL, NOTICE) == KOZO_OK);
    return world.result[0];
}

TEST("an interrupt signals the bound notification and stays masked until it is acknowledged")
{
    begin_claimed();
    CHECK(host.masked[IRQ]);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_OK);
    CHECK(!host.masked[IRQ]);
    world_interrupt(IRQ);
    CHECK(host.masked[IRQ] && bits() == 0x40);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_OK);
    CHECK(!host.masked[IRQ]);
}

TEST("an interrupt wakes a driver that waits, also out of idleness")
{
    begin_claimed();
    struct thread *driver = world_current();
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(world_current() == nullptr);
    world_interrupt(IRQ);
    CHECK(world_current() == driver && driver->registers.argument[0] == 0x40);
}

TEST("an interrupt that nobody claimed or bound does nothing")
{
    begin();
    world_interrupt(1);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER, IRQ) == KOZO_OK);
    world_interrupt(IRQ);
    CHECK(bits() == 0 && host.masked[IRQ]);
}

TEST("bind may change and end")
{
    begin_claimed();
    world_make(KOZO_TYPE_NOTIFICATION, 0, A);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, A) == KOZO_OK);
    world_interrupt(IRQ);
    CHECK(bits() == 0);
    CHECK(CALL(NOTIFICATION_POLL, A) == KOZO_OK);
    CHECK(world.result[0] == 1);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, 0) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_BAD_STATE);
}

TEST("the handler's capability may be the last to a notification, and bind then destroys it")
{
    begin_claimed();
    CHECK(CALL(CNODE_DELETE, BADGED) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, NOTICE) == KOZO_OK);
    host_work_limit = 1;
    world_make(KOZO_TYPE_NOTIFICATION, 0, A);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, A) == KOZO_OK);
    CHECK(kernel.dying == 0);
    CHECK(((struct irq_handler *)world_object(HANDLER))->notification.object ==
          world_slot(A)->object);
}

TEST("a notification that is revoked leaves the interrupt masked")
{
    begin_claimed();
    CHECK(CALL(CNODE_REVOKE, NOTICE) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_BAD_STATE);
    world_interrupt(IRQ);
}

TEST("a handler that is destroyed masks its interrupt, which may be claimed again")
{
    begin_claimed();
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, HANDLER) == KOZO_OK);
    CHECK(host.masked[IRQ] && kernel.interrupt[IRQ] == 0);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER + 1, IRQ) == KOZO_OK);
}

TEST("claim refuses interrupts that do not exist or are claimed, and handlers that have one")
{
    begin_claimed();
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER + 1, IRQ) == KOZO_BAD_STATE);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER, IRQ - 1) == KOZO_BAD_STATE);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER + 1, ARCH_LINES - 1) ==
          KOZO_BAD_ARGUMENT);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER + 1, ARCH_LINES) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER + 1, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, NOTICE, 0) == KOZO_BAD_TYPE);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, A, 0) == KOZO_BAD_HANDLE);
}

TEST("bind and acknowledge refuse what they can't use")
{
    begin();
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_BAD_STATE);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, BADGED) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_BAD_STATE);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, HANDLER) == KOZO_BAD_TYPE);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, A + 5) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, NOTICE, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, A) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, HANDLER, A + 1, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_BIND, A + 1, NOTICE) == KOZO_NO_RIGHT);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, A + 1) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_IRQ_CONTROL, A + 2, 0, 0) == KOZO_OK);
    CHECK(CALL(IRQ_CONTROL_CLAIM, A + 2, HANDLER, 0) == KOZO_NO_RIGHT);
}

// --- Interrupts that come as messages -----------------------------------------------------------

TEST("an interrupt that comes as a message is claimed by nobody's number, and works like any other")
{
    begin();
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, HANDLER) == KOZO_OK);
    uint64_t interrupt = world.result[1];
    CHECK(world.result[0] == HOST_RAM && interrupt == ARCH_LINES);
    CHECK(CALL(IRQ_HANDLER_BIND, HANDLER, BADGED) == KOZO_OK);
    CHECK(CALL(IRQ_HANDLER_ACKNOWLEDGE, HANDLER) == KOZO_OK);
    CHECK(!host.masked[interrupt]);
    world_interrupt((unsigned)interrupt);
    CHECK(host.masked[interrupt] && bits() == 0x40);
}

TEST("claim_message gives each handler its own interrupt, until none is left")
{
    begin();
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, HANDLER) == KOZO_OK);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, HANDLER) == KOZO_BAD_STATE);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, HANDLER + 1) == KOZO_OK);
    CHECK(world.result[1] == ARCH_INTERRUPTS - 1);
    world_make(KOZO_TYPE_IRQ_HANDLER, 0, A);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, A) == KOZO_BAD_STATE);
    CHECK(CALL(CNODE_DELETE, HANDLER) == KOZO_OK);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, A) == KOZO_OK);
    CHECK(world.result[1] == ARCH_LINES);
}

TEST("claim_message refuses what is no IrqHandler, and rights that are missing")
{
    begin();
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, NOTICE) == KOZO_BAD_TYPE);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, HANDLER, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(IRQ_CONTROL_CLAIM_MESSAGE, AT_IRQ_CONTROL, A) == KOZO_NO_RIGHT);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, HANDLER, ARCH_LINES) == KOZO_BAD_ARGUMENT);
}
