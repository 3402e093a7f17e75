// SPDX-License-Identifier: MIT
// Says a line and does nothing more.
.include "serial.inc"

begin
    print CONSOLE, text
    jmp stop
text:
    .asciz "still here\r\n"
finish
