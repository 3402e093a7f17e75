// SPDX-License-Identifier: MIT
// The tick by which init looks at its services, and at the serial port while that is polled.
#pragma once

struct init;

// Starts the ticks, as many as init needs. Null, or the reason for which there are none; then
// silence of services is not noticed.
[[nodiscard]] const char *clock_start(struct init *init);

// Sets the pace of the ticks anew, when what init waits for has changed.
void clock_pace(struct init *init);
