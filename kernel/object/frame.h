// SPDX-License-Identifier: MIT
// Frame: a contiguous run of pages. Its one slot says all: `base` and `size`.
#pragma once

#include "cap/slot.h"

struct call;

enum kozo_error frame_map_call(struct call *call);
enum kozo_error frame_clean_call(struct call *call);
enum kozo_error frame_invalidate_call(struct call *call);
enum kozo_error frame_unify_call(struct call *call);
enum kozo_error frame_address_call(struct call *call);
