// SPDX-License-Identifier: MIT
// IrqHandler, and IrqControl, the right to claim interrupts.
#include "object/irq_handler.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "kernel.h"
#include "object/notification.h"
#include "object/thread.h"
#include "syscall/call.h"

bool irq_handler_reap(struct cpu *cpu, struct object *object)
{
    struct irq_handler *handler = (struct irq_handler *)object;

    if (handler->claimed != 0) {
        arch_interrupt_mask(handler->claimed - 1);
        kernel.interrupt[handler->claimed - 1] = 0;
        handler->claimed = 0;
    }
    return slot_delete(cpu, &handler->notification);
}

void irq_handler_fire(struct cpu *cpu, unsigned interrupt)
{
    struct irq_handler *handler = link_target(kernel.interrupt[interrupt]);

    if (handler != nullptr && handler->notification.type == KOZO_TYPE_NOTIFICATION) {
        notification_signal(cpu, notification_of(&handler->notification),
                            handler->notification.value);
    }
}

static void claim(struct irq_handler *handler, unsigned interrupt)
{
    handler->claimed = interrupt + 1;
    kernel.interrupt[interrupt] = link_to(handler);
}

enum kozo_error irq_control_claim_call(struct call *call)
{
    uint64_t interrupt = call->argument[1];
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_IRQ_HANDLER, KOZO_RIGHT_CONTROL);

    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (interrupt >= ARCH_LINES || !arch_interrupt_exists((unsigned)interrupt)) {
        return KOZO_BAD_ARGUMENT;
    }
    struct irq_handler *handler = irq_handler_of(found.slot);
    if (handler->claimed != 0 || kernel.interrupt[interrupt] != 0) {
        return KOZO_BAD_STATE;
    }

    claim(handler, (unsigned)interrupt);
    return KOZO_OK;
}

// An interrupt that comes as a message and belongs to nobody; ARCH_INTERRUPTS when there is none.
static unsigned free_message(void)
{
    unsigned interrupt = ARCH_LINES;

    while (interrupt < ARCH_INTERRUPTS && kernel.interrupt[interrupt] != 0) {
        interrupt++;
    }
    return interrupt;
}

enum kozo_error irq_control_claim_message_call(struct call *call)
{
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_IRQ_HANDLER, KOZO_RIGHT_CONTROL);

    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct irq_handler *handler = irq_handler_of(found.slot);
    unsigned interrupt = free_message();
    if (handler->claimed != 0 || interrupt == ARCH_INTERRUPTS) {
        return KOZO_BAD_STATE;
    }

    claim(handler, interrupt);
    struct arch_message message = arch_interrupt_message(interrupt);
    call->argument[0] = message.address;
    call->argument[1] = message.data;
    return KOZO_OK;
}

enum kozo_error irq_handler_bind_call(struct call *call)
{
    return notification_fill_slot(call, &irq_handler_of(call->slot)->notification);
}

enum kozo_error irq_handler_acknowledge_call(struct call *call)
{
    struct irq_handler *handler = irq_handler_of(call->slot);

    if (handler->claimed == 0 || handler->notification.type != KOZO_TYPE_NOTIFICATION) {
        return KOZO_BAD_STATE;
    }

    arch_interrupt_unmask(handler->claimed - 1);
    return KOZO_OK;
}
