// SPDX-License-Identifier: MIT
// The first instructions of every processor but the first: from real mode to 64-bit C.
//
// The part that runs in real mode is copied to a page below 1 MiB. The next runs in the image's
// .boot part, at its physical address, with the tables of boot.S. Intel SDM volume 3, sections
// 9.4.4 and 9.9.
#include "long_mode.inc"
#include "offsets.h"

        .section .rodata.secondary, "a", @progbits
        .code16
        .globl  secondary_start, secondary_end
secondary_start:
        cli
        cld
        lgdtl   %cs:(gdt_pointer - secondary_start)
        mov     %cr0, %eax
        or      $1, %al                 // PE
        mov     %eax, %cr0
        ljmpl   $BOOT_CODE_32, $boot_secondary
        .balign 4
gdt_pointer:
        .short  BOOT_GDT_SIZE - 1
        .long   boot_gdt
secondary_end:

        .section .boot.text, "ax", @progbits
        .code32
        .type   boot_secondary, @function
boot_secondary:
        mov     $BOOT_DATA, %eax
        mov     %eax, %ds
        mov     %eax, %ss
        LONG_MODE
        ljmp    $BOOT_CODE_64, $boot_secondary_long
        .size   boot_secondary, . - boot_secondary

        .code64
boot_secondary_long:
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $secondary_continue, %rax
        jmp     *%rax

        .section .text.entry, "ax", @progbits
        .type   secondary_continue, @function
secondary_continue:
        movabs  $(kernel_root - 0xffffffff80000000), %rax
        mov     %rax, %cr3
        mov     secondary_cpu(%rip), %rax
        mov     CPU_STACK(%rax), %rsp
        xor     %ebp, %ebp
        call    x86_start_secondary
        jmp     entry_exit
        .size   secondary_continue, . - secondary_continue

        .section .note.GNU-stack, "", @progbits
