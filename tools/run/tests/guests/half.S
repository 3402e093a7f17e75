// SPDX-License-Identifier: MIT
// Begins a crash record and stops in its middle.
.include "serial.inc"

begin
    print CRASH, record
    jmp stop
record:
    .asciz "KOZO-CRASH 1\nkind exception\nreason page fault\nreg"
finish
