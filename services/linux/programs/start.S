// SPDX-License-Identifier: MIT
// Where a Linux program begins: its arguments, environment and auxiliary vector lie on the stack.
        .text
        .globl  _start
_start:
        xorl    %ebp, %ebp
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    program_start
        ud2

        .section .note.GNU-stack, "", @progbits
