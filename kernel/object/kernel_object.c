// SPDX-License-Identifier: MIT
// The operations without a capability that every build has.
#include "object/kernel_object.h"

#include "cap/delete.h"
#include "kernel.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

// Also what is left of a call that has done all but to delete: see call_finish.
enum kozo_error kernel_null_call(struct call *call)
{
    return call_finish(call);
}

enum kozo_error kernel_yield_call(struct call *call)
{
    scheduler_yield(call->cpu);
    return KOZO_OK;
}
