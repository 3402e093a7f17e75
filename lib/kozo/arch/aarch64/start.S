// SPDX-License-Identifier: MIT
// The first instruction of every native program. x0 and x1 hold what the program is told (see
// kozo/start.h); the stack pointer is a multiple of 16.

    .section .text._start, "ax", %progbits
    .globl _start
    .type _start, %function
_start:
    mov     x29, #0
    mov     x30, #0
    bl      kozo_start
    udf     #0
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
