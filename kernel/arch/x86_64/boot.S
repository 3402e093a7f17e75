// SPDX-License-Identifier: MIT
// From a boot loader to 64-bit C.
//
// Two ways lead here, both with the processor in 32-bit protected mode without paging: PVH (Xen's
// "x86/HVM direct boot ABI", as used by `qemu -kernel`) and Multiboot2 (specification, section
// 3.3). This file is linked at its physical address. Its page tables show the first 4 GiB at 0, at
// the start of the window, and the first GiB at the kernel's own address; all of it is ordinary
// free memory once paging.c has made the real tables.

#include "long_mode.inc"
#include "offsets.h"

#define MULTIBOOT2_MAGIC        0xe85250d6
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289
#define MULTIBOOT2_I386         0
#define TAG_END                 0
#define TAG_ENTRY               3
#define TAG_MODULE_ALIGN        6

#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define PATH_PVH        1 // enum kozo_boot, asserted in start.c
#define PATH_MULTIBOOT2 2

#define PRESENT_WRITE 0x3
#define LARGE         0x80

        .section .note.Xen, "a", @note
        .balign 4
        .long   4                       // length of the name
        .long   8                       // length of the content
        .long   XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   boot_pvh

        .section .boot.header, "a", @progbits
        .balign 8
multiboot2_header:
        .long   MULTIBOOT2_MAGIC
        .long   MULTIBOOT2_I386
        .long   multiboot2_header_end - multiboot2_header
        .long   -(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
        .short  TAG_ENTRY, 0
        .long   12
        .long   boot_multiboot2
        .balign 8
        .short  TAG_MODULE_ALIGN, 0
        .long   8
        .short  TAG_END, 0
        .long   8
multiboot2_header_end:

        .section .boot.text, "ax", @progbits
        .code32

        .globl  boot_pvh
        .type   boot_pvh, @function
boot_pvh:
        rdtsc
        mov     $PATH_PVH, %esi
        jmp     .Lstart

        .globl  boot_multiboot2
        .type   boot_multiboot2, @function
boot_multiboot2:
        mov     %eax, %ecx
        rdtsc
        xor     %esi, %esi
        cmp     $MULTIBOOT2_LOADER_MAGIC, %ecx
        jne     .Lstart
        mov     $PATH_MULTIBOOT2, %esi

// esi: path, or 0; ebx: boot information; edx:eax: time stamp, kept in ebp:edi.
.Lstart:
        cli
        cld
        mov     %eax, %edi
        mov     %edx, %ebp
        mov     %ebx, %esp              // CPUID takes ebx

        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      .Lrefuse
        mov     $0x80000001, %eax
        cpuid
        and     $((1 << 29) | (1 << 20)), %edx // long mode, NX: AMD APM volume 3, appendix E.4
        cmp     $((1 << 29) | (1 << 20)), %edx
        jne     .Lrefuse

        LONG_MODE
        lgdt    boot_gdt_pointer
        ljmp    $BOOT_CODE_64, $boot_long

// Tells the first serial port, as far as it is set up, and stops.
.Lrefuse:
        mov     $.Lrefusal, %esi
        mov     $0x3f8, %edx
1:      lodsb
        test    %al, %al
        jz      2f
        outb    %al, %dx
        jmp     1b
2:      hlt
        jmp     2b

        .code64
boot_long:
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        mov     %ebp, %edx              // third argument: the time stamp
        shl     $32, %rdx
        mov     %edi, %eax
        or      %rax, %rdx
        mov     %esi, %edi              // first: the path
        mov     %esp, %esi              // second: the boot information
        mov     $boot_continue, %rax
        jmp     *%rax

        .section .boot.rodata, "a", @progbits
.Lrefusal:
        .asciz  "kozo: this processor can't run 64-bit code with no-execute pages\r\n"
        .balign 8
        .globl  boot_gdt
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      // 64-bit code, ring 0
        .quad   0x00cf9b000000ffff      // 32-bit code
        .quad   0x00cf93000000ffff      // 32-bit data
boot_gdt_pointer:
        .short  BOOT_GDT_SIZE - 1
        .long   boot_gdt

        .section .boot.tables, "a", @progbits
        .balign 4096
        .globl  boot_root
boot_root:
        .quad   boot_low + PRESENT_WRITE
        .fill   255, 8, 0
        .quad   boot_low + PRESENT_WRITE
        .fill   254, 8, 0
        .quad   boot_high + PRESENT_WRITE
boot_low:
        .quad   boot_directory + PRESENT_WRITE
        .quad   boot_directory + 0x1000 + PRESENT_WRITE
        .quad   boot_directory + 0x2000 + PRESENT_WRITE
        .quad   boot_directory + 0x3000 + PRESENT_WRITE
        .fill   508, 8, 0
boot_high:
        .fill   510, 8, 0
        .quad   boot_directory + PRESENT_WRITE
        .quad   0
boot_directory:
        .set    address, 0
        .rept   2048
        .quad   address + LARGE + PRESENT_WRITE
        .set    address, address + 0x200000
        .endr

// In the kernel's own part: the first thread is resumed as any other.
        .section .text.entry, "ax", @progbits
        .globl  boot_continue
        .type   boot_continue, @function
boot_continue:
        mov     $(x86_stacks + STACK_TOP), %rsp
        xor     %ebp, %ebp
        call    x86_start
        jmp     entry_exit
        .size   boot_continue, . - boot_continue

        .section .note.GNU-stack, "", @progbits
