// SPDX-License-Identifier: MIT
// Speaks the control protocol: gives the command back as output, in two pieces, and exits with 7.
.include "serial.inc"

begin
    print CONSOLE, noise
    print CONTROL, hello
    movw $0x8000, %di
1:  call get // "exec 5" and a newline
    cmpb $'\n', %al
    jne 1b
    movw $5, %cx
2:  call get
    stosb
    loop 2b
    movb $0, (%di)
    print CONTROL, first
    print CONTROL, 0x8000
    print CONTROL, second
    movw $CONTROL, %dx
    jmp power_off
noise:
    .asciz "console noise\r\n"
hello:
    .asciz "hello 1\n"
first:
    .asciz "out 5\n"
second:
    .asciz "out 1\n\nexit 7\n"
finish
