// SPDX-License-Identifier: MIT
// The file server needs few of Linux's system calls, and none that makes a process, a connection or
// a privilege. It gives up all others before it reads the first byte of a guest, so that taking it
// over gains nothing but the granted places.
#pragma once

// Allows this process nothing but what serving files takes, for good. False: Linux refuses.
[[nodiscard]] bool confine(void);
