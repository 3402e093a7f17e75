// SPDX-License-Identifier: MIT
// IoPort: a range of x86 I/O ports. Its one slot says all: `value` is the first port, `size` the
// number of ports.
#pragma once

#include "cap/slot.h"

struct call;

enum kozo_error io_port_read_call(struct call *call);
enum kozo_error io_port_write_call(struct call *call);
