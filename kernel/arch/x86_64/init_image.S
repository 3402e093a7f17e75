// SPDX-License-Identifier: MIT
// The first program, as the ELF file that the build made. Its pages are its own: they become the
// memory of init, which writes to some of them. INIT_ELF is the path of the file, in quotes.
        .section .init_image, "a", @progbits
        .balign 4096
        .globl  image_init_start
image_init_start:
        .incbin INIT_ELF
        .globl  image_init_end
image_init_end:
        .balign 4096

        .section .note.GNU-stack, "", @progbits
