// SPDX-License-Identifier: MIT
// The guest of the KVM probe: the last kilobyte of a 64 KiB firmware image. From the reset vector
// it goes through real and protected mode to long mode with paging, works for some milliseconds
// (twenty on slow hardware), and reports through QEMU's debug-exit port. A KVM that only pretends
// to run guests does not get that far in time.

.section .rodata
.globl probe_guest
.globl probe_guest_end

// Where a label lies within the 64 KiB segment at 0xf0000, and in memory.
#define SEGMENT(label) (label - probe_guest + 0xfc00)
#define LINEAR(label)  (label - probe_guest + 0xffc00)

#define TABLES    0x1000 // three pages: PML4, page-directory-pointer table, page directory
#define TURNS     5000000
#define EXIT_PORT 0xf4
#define EXIT_GOOD 0x2a

.balign 16
probe_guest:
.code16
real_mode:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %es
    movw $TABLES, %di
    movw $(3 * 4096 / 2), %cx
    rep stosw
    // Each table's first entry leads to the next; the last maps 2 MiB onto themselves.
    movw $(TABLES + 0x1003), %es:TABLES
    movw $(TABLES + 0x2003), %es:(TABLES + 0x1000)
    movw $0x0083, %es:(TABLES + 0x2000)
    lgdtl %cs:SEGMENT(table_pointer)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x10, $LINEAR(protected_mode)

.code32
protected_mode:
    movl %cr4, %eax
    orl $0x20, %eax // PAE
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx // EFER
    rdmsr
    orl $0x100, %eax // long mode enable
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ljmpl $0x08, $LINEAR(long_mode)

.code64
long_mode:
    movl $0x18, %eax
    movl %eax, %ds
    movl $TURNS, %ecx
    movl $(TABLES + 0x3000), %edi
    movq $0, (%rdi)
1:  addq %rcx, (%rdi)
    decl %ecx
    jnz 1b
    // A last check that 64 bits counted right: the sum of 1 to TURNS.
    movabsq $(TURNS * (TURNS + 1) / 2), %rax
    cmpq %rax, (%rdi)
    jne 2f
    movb $EXIT_GOOD, %al
    movw $EXIT_PORT, %dx
    outb %al, %dx
2:  hlt
    jmp 2b

.balign 8
descriptors:
    .quad 0
    .quad 0x00af9b000000ffff // 0x08: code, 64 bits
    .quad 0x00cf9b000000ffff // 0x10: code, 32 bits
    .quad 0x00cf93000000ffff // 0x18: data
table_pointer:
    .word table_pointer - descriptors - 1
    .long LINEAR(descriptors)

// The processor starts here, 16 bytes below the end.
.fill 0x3f0 - (. - probe_guest), 1, 0xf4
.code16
    ljmpw $0xf000, $SEGMENT(real_mode)
    .balign 16
probe_guest_end:

.section .note.GNU-stack, "", @progbits
