// SPDX-License-Identifier: MIT
// Prints 131072 bytes, numbers from 0 to 255 over and over, and powers off.
.include "serial.inc"

begin
    movw $CONSOLE, %dx
    movl $131072, %ecx
    xorw %bx, %bx
1:  movb %bl, %al
    call put
    incb %bl
    decl %ecx
    jnz 1b
    jmp power_off
finish
