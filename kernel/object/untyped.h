// SPDX-License-Identifier: MIT
// Untyped: memory that is not yet used for anything. It has no header of its own: all that is known
// about it is in its one slot.
//
//   base ─────────┬──────────── base+value ──────── base+zeroed ───────── base+size
//        children │  free and zero           free and dirty
//
// Invariants
//   U1  What lies between the watermark and `zeroed`, if that is above, is zero. Device memory is never zeroed.
//   U2  Children lie below the watermark, do not overlap, and there are none exactly when it is 0.
#pragma once

#include "cap/lookup.h"

struct call;

// Puts the watermark back: the last child is gone, and the memory is dirty.
void untyped_reset(struct slot *untyped);

// An Untyped that is to be moved out of where it is and used as a whole: ordinary memory of which
// nothing is used. BAD_HANDLE, NO_RIGHT, BAD_TYPE, BAD_STATE.
struct lookup untyped_unused(struct thread *thread, uint64_t handle);

enum kozo_error untyped_retype_call(struct call *call);
enum kozo_error untyped_info_call(struct call *call);
