// SPDX-License-Identifier: MIT
// IrqHandler: one interrupt, once IrqControl has tied it to one.
//
// The interrupt is masked from the moment it fires until it is acknowledged, and while no
// notification is bound. So a device that never stops asking costs one entry for each
// acknowledgement.
#pragma once

#include "object/object.h"

struct call;

constexpr unsigned IRQ_HANDLER_BITS = 8;

struct irq_handler {
    struct object object;
    struct slot notification;
    uint32_t claimed; // interrupt + 1; 0 for none
};
static_assert(sizeof(struct irq_handler) <= 1u << IRQ_HANDLER_BITS);

static inline struct irq_handler *irq_handler_of(const struct slot *capability)
{
    return link_target(capability->object);
}

// Masks the interrupt and gives it back.
[[nodiscard]] bool irq_handler_reap(struct cpu *cpu, struct object *object);

// The interrupt fired, and is masked.
void irq_handler_fire(struct cpu *cpu, unsigned interrupt);

enum kozo_error irq_control_claim_call(struct call *call);
enum kozo_error irq_control_claim_message_call(struct call *call);
enum kozo_error irq_handler_bind_call(struct call *call);
enum kozo_error irq_handler_acknowledge_call(struct call *call);
