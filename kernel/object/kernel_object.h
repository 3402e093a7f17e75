// SPDX-License-Identifier: MIT
// The operations that need no capability, because they touch nothing but the caller. Those for
// debugging are in kernel_debug.c; a release build has kernel_release.c in its place.
#pragma once

#include "kozo/abi.h"

struct call;

enum kozo_error kernel_null_call(struct call *call);
enum kozo_error kernel_yield_call(struct call *call);
enum kozo_error kernel_put_char_call(struct call *call);
enum kozo_error kernel_print_call(struct call *call);
enum kozo_error kernel_dump_caps_call(struct call *call);
