// SPDX-License-Identifier: MIT
// Faults without an interrupt table.
.include "serial.inc"

begin
    print CONSOLE, text
    lidt nothing
    int3
    jmp stop
nothing:
    .word 0
    .long 0
text:
    .asciz "before the fault\r\n"
finish
