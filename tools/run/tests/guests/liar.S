// SPDX-License-Identifier: MIT
// Breaks the control protocol.
.include "serial.inc"

begin
    print CONTROL, text
    jmp stop
text:
    .asciz "hello 1\nout 5000\n"
finish
