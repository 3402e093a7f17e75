// SPDX-License-Identifier: MIT
// A program, as the ELF file that the build made. PROGRAM_ELF is its path, in quotes; the others are the
// names of its ends.
        .section .rodata.program, "a", @progbits
        .globl  PROGRAM_START
PROGRAM_START:
        .incbin PROGRAM_ELF
        .globl  PROGRAM_END
PROGRAM_END:

        .section .note.GNU-stack, "", @progbits
