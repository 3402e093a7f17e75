// SPDX-License-Identifier: MIT
// Deleting and revoking: how authority and objects go away.
//
// Both are loops of small steps without recursion. A step may find that it is time for a preemption
// point (cpu_work_is_due) and gives false; the state is then valid, and the same call, made again
// later, goes on.
#pragma once

#include "cap/slot.h"

struct call;
struct cpu;

// Empties one slot. The last capability of an object moves to the object's grave, so that the slot
// is empty even though the object is still being taken apart. An empty slot is left as it is.
[[nodiscard]] bool slot_delete(struct cpu *cpu, struct slot *slot);

// Deletes everything that was derived from the slot.
[[nodiscard]] bool slot_revoke(struct cpu *cpu, struct slot *slot);

// Takes apart whatever is in kernel.dying, until nothing is.
[[nodiscard, gnu::noinline]] bool dying_finish(struct cpu *cpu);

// The same at the end of a call that has done everything else. If it has to go on later it does so
// as Kernel.null, since the handles of the call may lead elsewhere by now.
enum kozo_error call_finish(struct call *call);
