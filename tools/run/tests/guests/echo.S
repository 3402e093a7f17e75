// SPDX-License-Identifier: MIT
// Greets, and gives console input back until Ctrl-D, which powers it off.
.include "serial.inc"

begin
    print CONTROL, hello
1:  call get
    cmpb $'\n', %al
    jne 1b
    print CONSOLE, prompt
2:  call get
    cmpb $4, %al
    je power_off
    call put
    jmp 2b
hello:
    .asciz "hello 1\n"
prompt:
    .asciz "Init> "
finish
