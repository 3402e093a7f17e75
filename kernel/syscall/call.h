// SPDX-License-Identifier: MIT
// One system call, from the kernel's side.
//
// Each operation of abi/object has one function `<object>_<operation>_call`. It reads its arguments
// from `argument`, does all checks first and without effect, then does its work, and returns what
// went wrong. Results go to `argument` as well, in the order of the definition. What a thread that
// now waits will get is written by the one who wakes it.
#pragma once

#include "cap/slot.h"
#include "sched/cpu.h"

// Notes for the audit log what capability the call is about; null is nothing. Before anything
// happens to it.
static inline void call_about(struct call *call, const struct slot *slot)
{
    if (slot != nullptr) {
        bool badged = slot->type == KOZO_TYPE_ENDPOINT || slot->type == KOZO_TYPE_NOTIFICATION;
        call->object = slot->object != 0 ? slot->object : (link_t)(slot->base >> LINK_UNIT_BITS);
        call->badge = badged ? slot->value : 0;
    }
}

// Leaves the call where it is: the caller's system call starts again, with the argument registers
// as they are now, after other threads and interrupts had their chance.
static inline enum kozo_error call_again(const struct call *call)
{
    call->cpu->pending |= PENDING_RESTART;
    return KOZO_OK;
}
