// SPDX-License-Identifier: MIT
// One run of KOZO, from the start of QEMU to the exit status: the event loop that joins the
// terminal, the serial ports, the control channel, QMP, signals and time.
#pragma once

#include "options.h"

// Runs KOZO as the options say. Returns the exit status; everything there is to say was printed.
[[nodiscard]] int run_kozo(const struct options *options);
