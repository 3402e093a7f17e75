// SPDX-License-Identifier: MIT
// The first instruction of every native program. rdi and rsi hold what the program is told (see
// kozo/start.h); the stack pointer is a multiple of 16.

    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl    %ebp, %ebp
    call    kozo_start
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
