// SPDX-License-Identifier: MIT
// Writes a crash record, with a reason that holds a control character.
.include "serial.inc"

begin
    print CONSOLE, text
    print CRASH, record
    jmp stop
text:
    .asciz "panic\r\n"
record:
    .ascii "KOZO-CRASH 1\nbuild 0123abcd\nkind panic\nreason bad \033[2J slot\ncpu 2\n"
    .ascii "register rip 7d44\ntrace 7d44\ntrace 7d88\nend\n"
    .byte 0
    .org 0x140
    .globl slot_link
    .type slot_link, @function
slot_link:
    .fill 0x40, 1, 0x90
    .size slot_link, . - slot_link
    .globl kernel_syscall
    .type kernel_syscall, @function
kernel_syscall:
    .fill 0x40, 1, 0x90
    .size kernel_syscall, . - kernel_syscall
finish
