// SPDX-License-Identifier: MIT
// Says a line and powers off.
.include "serial.inc"

begin
    print CONSOLE, text
    jmp power_off
text:
    .asciz "one line\r\n"
finish
