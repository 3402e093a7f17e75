// SPDX-License-Identifier: MIT
// Deleting and revoking: how authority and objects go away.
//
// Both are loops of small steps without recursion. A step may find that it is time for a preemption
// point (cpu_work_is_due) and gives false; the state is then valid, and the same call, made again
// later, goes on.
#pragma once

#include "kernel.h"
#include "object/thread.h"

// Empties one slot. The last capability of an object moves to the object's grave, so that the slot
// is empty even though the object is still being taken apart. An empty slot is left as it is.
[[nodiscard]] bool slot_delete(struct cpu *cpu, struct slot *slot);

// The same for a slot of a thread, or one that holds a Notification: what goes on later there is the end of the object,
// in its grave.
static inline void slot_delete_at_once(struct cpu *cpu, struct slot *slot)
{
    (void)slot_delete(cpu, slot);
}

// The same for a capability that stands in an object which ends at once: its object, if this was the last one, is put
// where it dies.
void slot_drop_within(struct cpu *cpu, struct slot *slot);

// Begins to delete everything that was derived from the slot, for the caller: all of it is now
// below the caller's node (thread.h), which call_finish empties. So a revoke takes back what
// was derived before it, and gets to its end wherever its handle may lead meanwhile. False when an
// earlier revoke of the same thread has to end first. The call is about the slot: see call_about.
[[nodiscard]] bool slot_revoke(struct call *call, struct slot *slot);

// Takes apart whatever is in kernel.dying, until nothing is.
[[nodiscard, gnu::noinline]] bool dying_finish(struct cpu *cpu);

// The end of a call that deletes: what the caller has condemned goes, and whatever is in
// kernel.dying. If it has to go on later it does so as Kernel.null, since the handles of the call
// may lead elsewhere by now.
enum kozo_error call_finish_slowly(struct call *call);

static inline enum kozo_error call_finish(struct call *call)
{
    bool something = (kernel.dying | call->caller->revocation.type) != 0;

    return something ? call_finish_slowly(call) : KOZO_OK;
}
