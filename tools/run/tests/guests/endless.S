// SPDX-License-Identifier: MIT
// Prints without an end.
.include "serial.inc"

begin
    movw $CONSOLE, %dx
1:  movb $'y', %al
    call put
    jmp 1b
finish
