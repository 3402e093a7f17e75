// SPDX-License-Identifier: MIT
// The vDSO, as the ELF file that the build made. VDSO_ELF is its path, in quotes.
        .section .rodata.vdso, "a", @progbits
        .globl  vdso_image_start
vdso_image_start:
        .incbin VDSO_ELF
        .globl  vdso_image_end
vdso_image_end:

        .section .note.GNU-stack, "", @progbits
