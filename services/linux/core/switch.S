// SPDX-License-Identifier: MIT
// From one strand to another: what the ABI says that a function keeps is kept on the stack that is left.

    .text

// void strand_switch(uint64_t *save, uint64_t stack_pointer)
    .globl strand_switch
    .type strand_switch, @function
strand_switch:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .size strand_switch, . - strand_switch

// The first thing that a new strand does.
    .globl strand_enter
    .type strand_enter, @function
strand_enter:
    xorl    %ebp, %ebp
    call    strand_begin
    ud2
    .size strand_enter, . - strand_enter

    .section .note.GNU-stack, "", @progbits
