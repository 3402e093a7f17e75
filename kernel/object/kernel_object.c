// SPDX-License-Identifier: MIT
// The operations without a capability that every build has.
#include "object/kernel_object.h"

#include "sched/scheduler.h"
#include "syscall/call.h"

enum kozo_error kernel_null_call(struct call *)
{
    return KOZO_OK;
}

enum kozo_error kernel_yield_call(struct call *call)
{
    scheduler_yield(call->cpu);
    return KOZO_OK;
}
