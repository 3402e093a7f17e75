// SPDX-License-Identifier: MIT
// Reboots once and powers off the second time. A byte of CMOS memory tells the times apart.
.include "serial.inc"

begin
    print CONSOLE, text
    movb $0x7f, %al
    outb %al, $0x70
    inb $0x71, %al
    cmpb $0xb0, %al
    movw $CONSOLE, %dx
    je power_off
    movb $0xb0, %al
    outb %al, $0x71
    movw $0xcf9, %dx
    movb $2, %al
    outb %al, %dx
    movb $6, %al
    outb %al, %dx
    jmp stop
text:
    .asciz "up\r\n"
finish
