// SPDX-License-Identifier: MIT
// The ways into the kernel and out of it.
//
// An interrupt from user mode pushes straight into the registers of the current thread, since the
// task state segment points at the end of its interrupt frame; SYSCALL does the same by hand. On
// the way out the thread that the kernel chose is compared with the one that came in: only when
// they differ are the FS and GS bases exchanged. Idle counts as a thread, with registers in struct
// arch_cpu.
//
//   user mode ──SYSCALL──▶ entry_syscall ──▶ syscall_begin ──▶ SYSRET, or syscall_end ─┐
//   user mode ──vector───▶ entry_common ──▶ x86_interrupt_user ────────────────────────┤
//   idle ───────vector───▶ entry_common ──▶ x86_interrupt_kernel ──────────────────────┤
//   any ──NMI, #DB, #DF, #MC──▶ entry_careful                                          ▼
//   user mode ◀──SYSRET or IRET────────────────────────────────────────────────── entry_exit
//
// Between SWAPGS and SYSRET or IRET the kernel runs with the GS base of the user, or with the stack
// of the user; only the four careful vectors can arrive there, and they trust neither.
//
// SYSRET needs a canonical address, or it faults in the kernel. Whoever comes in by SYSCALL has
// one, since ARCH_USER_END keeps the last page of the lower half empty; whoever had its address set
// otherwise goes out by IRET, because arch_registers_start and its like change `vector`.
#include "offsets.h"

        .section .text.entry, "ax", @progbits

// Loads every register from the start of struct arch_registers up to the frame.
.macro RESTORE_ALL
        pop     %rax
        pop     %rdi
        pop     %rsi
        pop     %rdx
        pop     %r8
        pop     %r9
        pop     %r10
        pop     %r12
        pop     %r13
        pop     %r14
        pop     %r15
        pop     %rbx
        pop     %rbp
        pop     %rcx
        pop     %r11
        add     $16, %rsp
.endm

// Keeps the bases of the thread whose registers are at rcx, and loads those of the one at rax. After that
// the GS base is the user's.
.macro EXCHANGE_BASES
        rdfsbase %rdx
        mov     %rdx, R_FS_BASE(%rcx)
        mov     R_FS_BASE(%rax), %rdx
        wrfsbase %rdx
        swapgs
        rdgsbase %rdx
        mov     %rdx, R_GS_BASE(%rcx)
        mov     R_GS_BASE(%rax), %rdx
        wrgsbase %rdx
.endm

// Loads what SYSRET needs, and all registers that a system call may give results in, but for rax: the
// words of a message from the thread at `words`.
.macro RESTORE_CALL words=%rax
        mov     R_RDI(%rax), %rdi
        mov     R_RSI(%rax), %rsi
        mov     R_RDX(%rax), %rdx
        mov     R_R8(\words), %r8
        mov     R_R9(\words), %r9
        mov     R_R10(\words), %r10
        mov     R_R12(\words), %r12
        mov     R_R13(\words), %r13
        mov     R_R14(\words), %r14
        mov     R_R15(\words), %r15
        mov     R_RIP(%rax), %rcx
        mov     R_RFLAGS(%rax), %r11
        mov     R_RSP(%rax), %rsp
.endm

// Gives the kernel's lock back, if this processor has it (sched/processors.h). Stores are seen in
// their order (Intel SDM volume 3, section 9.2).
.macro UNLOCK
        cmpl    $0, %gs:CPU_LOCKED
        je      1f
        UNLOCK_HELD
1:
.endm

.macro UNLOCK_HELD
        movl    $0, %gs:CPU_LOCKED
        movl    $0, kernel + KERNEL_HELD(%rip)
.endm

// The last instructions of a way out to user mode. Where the processor needs more, a jump to the
// guarded one below takes their place at boot (mitigation.c). Nothing runs past them, not even by
// speculation.
.macro WAY_OUT instruction
2:      swapgs
        \instruction
        int3
        .pushsection .rodata.ways_out, "a", @progbits
        .quad   2b, guarded_\instruction
        .popsection
.endm

// The same where the GS base is the user's already.
.macro WAY_OUT_SWAPPED instruction
2:      \instruction
        int3
        int3
        .pushsection .rodata.ways_out, "a", @progbits
        .quad   2b, guarded_swapped_\instruction
        .popsection
.endm

// VERW clears the buffers from which data in flight leaks (Intel, "Microarchitectural Data
// Sampling"; AMD, "Transient Scheduler Attacks"). It takes a selector from memory.
.macro GUARDED instruction
        .type   guarded_\instruction, @function
guarded_\instruction:
        verw    guard_selector(%rip)
        swapgs
        \instruction
        int3
        .size   guarded_\instruction, . - guarded_\instruction
.endm

        GUARDED sysretq
        GUARDED iretq

        .type   guarded_swapped_sysretq, @function
guarded_swapped_sysretq:
        verw    guard_selector(%rip)
        sysretq
        int3
        .size   guarded_swapped_sysretq, . - guarded_swapped_sysretq

// --- System calls -------------------------------------------------------------------------------

// rcx is the user's rip and r11 its rflags (Intel SDM volume 2, SYSCALL).
.macro SYSCALL name, shared
        .globl  \name
        .type   \name, @function
        .balign 64
\name:
        swapgs
        mov     %rsp, %gs:CPU_USER_RSP
        mov     %gs:CPU_FRAME_END, %rsp
        mov     %rax, R_RAX(%rsp)
        mov     %rdi, R_RDI(%rsp)
        mov     %rsi, R_RSI(%rsp)
        mov     %rdx, R_RDX(%rsp)
        mov     %r8, R_R8(%rsp)
        mov     %r9, R_R9(%rsp)
        mov     %r10, R_R10(%rsp)
        mov     %r12, R_R12(%rsp)
        mov     %r13, R_R13(%rsp)
        mov     %r14, R_R14(%rsp)
        mov     %r15, R_R15(%rsp)
        mov     %rbx, R_RBX(%rsp)
        mov     %rbp, R_RBP(%rsp)
        mov     %rcx, R_RIP(%rsp)
        mov     %r11, R_RFLAGS(%rsp)
        mov     %gs:CPU_USER_RSP, %rcx
        mov     %rcx, R_RSP(%rsp)
        movq    $VECTOR_SYSCALL, R_VECTOR(%rsp)
        mov     %gs:CPU_STACK, %rsp
.if \shared
        mov     %gs:CPU_SELF, %rdi
        call    lock_wait
        test    %al, %al
        jz      .Lovertaken
.endif
        mov     %gs:CPU_CALL, %rdi
        call    syscall_begin
        mov     %eax, %esi
        or      %gs:CPU_PENDING, %eax
        jnz     .Lsyscall_end
// The same thread goes on with OK, and nothing else than results has changed in its registers, since only
// those of a thread that does not run can be set. C code has left rbx and rbp as they were.
        mov     %gs:CPU_FRAME_END, %rax
.if \shared
        UNLOCK_HELD
.endif
        RESTORE_CALL
        xor     %eax, %eax
        WAY_OUT sysretq
        .size   \name, . - \name
.endm

// With several processors there is a lock to take.
        SYSCALL entry_syscall_shared, 1

.Lovertaken:
        mov     %gs:CPU_SELF, %rdi
        call    scheduler_choose
        jmp     entry_exit

        SYSCALL entry_syscall, 0

.Lsyscall_end:
        mov     %gs:CPU_SELF, %rdi
        call    syscall_end

// rax is the thread to resume, or null.
        .globl  entry_exit
        .type   entry_exit, @function
entry_exit:
        test    %rax, %rax
        jz      .Lidle_next
        add     $(THREAD_REGISTERS + FRAME_END), %rax
.Lresume:
        cmp     %rax, %gs:CPU_FRAME_END
        jne     .Lswitch
.Lrestore:
        UNLOCK
        cmpq    $VECTOR_SYSCALL, R_VECTOR(%rax)
        jne     .Lrestore_all
        mov     R_RBX(%rax), %rbx
        mov     R_RBP(%rax), %rbp
        RESTORE_CALL
        mov     R_RAX(%rax), %rax
        WAY_OUT sysretq

// The thread in rax is not the one whose bases the processor has: rcx is that one.
.Lswitch:
        mov     %gs:CPU_FRAME_END, %rcx
        mov     %rax, %gs:CPU_FRAME_END
        cmpl    $0, %gs:CPU_FSGSBASE
        je      .Lswitch_slowly
        EXCHANGE_BASES
        swapgs
        jmp     .Lrestore

// The short way from C code to another thread, in rax: one that made a system call, on the only
// processor.
        .globl  entry_exit_to
        .type   entry_exit_to, @function
entry_exit_to:
        add     $(THREAD_REGISTERS + FRAME_END), %rax
        cmpl    $0, %gs:CPU_SHORT_EXIT
        je      .Lswitch
        cmpq    $VECTOR_SYSCALL, R_VECTOR(%rax)
        jne     .Lswitch
        mov     %gs:CPU_FRAME_END, %rcx
        mov     %rax, %gs:CPU_FRAME_END
        EXCHANGE_BASES
        mov     R_RBX(%rax), %rbx
        mov     R_RBP(%rax), %rbp
        RESTORE_CALL
        mov     R_RAX(%rax), %rax
        WAY_OUT_SWAPPED sysretq
        .size   entry_exit_to, . - entry_exit_to

// The same, and the thread gets all seven words of a message from the one that came in: they go from
// where that one's registers were saved into the processor.
        .globl  entry_exit_with_words
        .type   entry_exit_with_words, @function
entry_exit_with_words:
        add     $(THREAD_REGISTERS + FRAME_END), %rax
        mov     %gs:CPU_FRAME_END, %rcx
        cmpl    $0, %gs:CPU_SHORT_EXIT
        je      .Lcopy_words
        cmpq    $VECTOR_SYSCALL, R_VECTOR(%rax)
        jne     .Lcopy_words
        mov     %rax, %gs:CPU_FRAME_END
        EXCHANGE_BASES
        mov     R_RBX(%rax), %rbx
        mov     R_RBP(%rax), %rbp
        RESTORE_CALL %rcx
        mov     R_RAX(%rax), %rax
        WAY_OUT_SWAPPED sysretq
        .size   entry_exit_with_words, . - entry_exit_with_words

// The same with the words of a foreign system call: its number and six arguments.
        .globl  entry_exit_with_call
        .type   entry_exit_with_call, @function
entry_exit_with_call:
        add     $(THREAD_REGISTERS + FRAME_END), %rax
        mov     %gs:CPU_FRAME_END, %rcx
        cmpl    $0, %gs:CPU_SHORT_EXIT
        je      .Lcopy_call
        cmpq    $VECTOR_SYSCALL, R_VECTOR(%rax)
        jne     .Lcopy_call
        mov     %rax, %gs:CPU_FRAME_END
        EXCHANGE_BASES
        mov     R_RBX(%rax), %rbx
        mov     R_RBP(%rax), %rbp
        mov     R_RDI(%rax), %rdi
        mov     R_RSI(%rax), %rsi
        mov     R_RDX(%rax), %rdx
        mov     R_RAX(%rcx), %r8
        mov     R_RDI(%rcx), %r9
        mov     R_RSI(%rcx), %r10
        mov     R_RDX(%rcx), %r12
        mov     R_R10(%rcx), %r13
        mov     R_R8(%rcx), %r14
        mov     R_R9(%rcx), %r15
        mov     R_RIP(%rax), %rcx
        mov     R_RFLAGS(%rax), %r11
        mov     R_RSP(%rax), %rsp
        mov     R_RAX(%rax), %rax
        WAY_OUT_SWAPPED sysretq
        .size   entry_exit_with_call, . - entry_exit_with_call

.macro COPY_WORD from, to
        mov     \from(%rcx), %rdx
        mov     %rdx, \to(%rax)
.endm

.Lcopy_call:
        COPY_WORD R_RAX, R_R8
        COPY_WORD R_RDI, R_R9
        COPY_WORD R_RSI, R_R10
        COPY_WORD R_RDX, R_R12
        COPY_WORD R_R10, R_R13
        COPY_WORD R_R8, R_R14
        COPY_WORD R_R9, R_R15
        jmp     .Lswitch

.Lcopy_words:
        .irp    word, R_R8, R_R9, R_R10, R_R12, R_R13, R_R14, R_R15
        COPY_WORD \word, \word
        .endr
        jmp     .Lswitch

// Without FSGSBASE a thread can't change its bases, so they need not be saved.
.Lswitch_slowly:
        mov     %rax, %rsi
        mov     $MSR_FS_BASE, %ecx
        mov     R_FS_BASE(%rsi), %eax
        mov     R_FS_BASE + 4(%rsi), %edx
        wrmsr
        mov     $MSR_KERNEL_GS, %ecx
        mov     R_GS_BASE(%rsi), %eax
        mov     R_GS_BASE + 4(%rsi), %edx
        wrmsr
        mov     %rsi, %rax
        jmp     .Lrestore

// Resumes with every register.
.Lrestore_all:
        cmpq    $VECTOR_IDLE, R_VECTOR(%rax)
        je      .Lidle
        lea     -FRAME_END(%rax), %rsp
        RESTORE_ALL
        WAY_OUT iretq

.Lidle_next:
        mov     %gs:CPU_SELF, %rax
        add     $(CPU_IDLE + FRAME_END), %rax
        jmp     .Lresume

// Waits on the empty kernel stack. An interrupt does not come back here: it ends in entry_exit.
.Lidle:
        mov     %gs:CPU_STACK, %rsp
        xor     %ebp, %ebp
1:      sti
        hlt
        jmp     1b
        .size   entry_exit, . - entry_exit

// --- Exceptions and interrupts ------------------------------------------------------------------

// One stub for each vector, of one size for exceptions and another for interrupts, so that the address
// follows from the number. Those with an error code: Intel SDM volume 3, table 6-1. The careful ones
// have stacks of their own.
#define HAS_ERROR(v)                                                                               \
        ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)
#define IS_CAREFUL(v) ((v) == 1 || (v) == 2 || (v) == 8 || (v) == 18)

        .globl  entry_stubs
        .type   entry_stubs, @function
        .balign STUB_SIZE
entry_stubs:
        .set    vector, 0
        .rept   STUB_EXCEPTIONS
        .balign STUB_SIZE, 0xcc
        .if     !HAS_ERROR(vector)
        pushq   $0
        .endif
        pushq   $vector
        .if     IS_CAREFUL(vector)
        jmp     entry_careful
        .else
        jmp     entry_common
        .endif
        .set    vector, vector + 1
        .endr
// The number less 128 takes one byte.
        .rept   256 - STUB_EXCEPTIONS
        .balign STUB_INTERRUPT_SIZE, 0xcc
        pushq   $(vector - 128)
        jmp     entry_interrupt
        .set    vector, vector + 1
        .endr
        .balign STUB_SIZE, 0xcc
        .size   entry_stubs, . - entry_stubs

// Completes struct arch_registers below the vector.
.macro SAVE_ALL
        push    %r11
        push    %rcx
        push    %rbp
        push    %rbx
        push    %r15
        push    %r14
        push    %r13
        push    %r12
        push    %r10
        push    %r9
        push    %r8
        push    %rdx
        push    %rsi
        push    %rdi
        push    %rax
.endm

// An interrupt keeps the user's AC, DF and NT, unlike SYSCALL.
.macro CLEAN_FLAGS
        pushq   $2
        popfq
.endm

// Speculation past the test must not use the wrong GS base, so both ways start with a fence
// (CVE-2019-1125).
        .type   entry_interrupt, @function
entry_interrupt:
        pushq   (%rsp)
        addq    $128, (%rsp)
        movq    $0, 8(%rsp)
        .size   entry_interrupt, . - entry_interrupt

        .type   entry_common, @function
entry_common:
        SAVE_ALL
        testb   $3, FRAME_CS(%rsp)
        jz      .Lfrom_kernel
        swapgs
        lfence
        mov     %rsp, %rsi
        mov     %gs:CPU_STACK, %rsp
.Lcall_user:
        CLEAN_FLAGS
        xor     %ebp, %ebp
        mov     %gs:CPU_SELF, %rdi
        call    x86_interrupt_user
        jmp     entry_exit

// Only idle is ever interrupted. All else is a fault of the kernel, and does not come back.
.Lfrom_kernel:
        lfence
        CLEAN_FLAGS
        mov     %rsp, %rsi
        mov     %gs:CPU_SELF, %rdi
        call    x86_interrupt_kernel
        jmp     entry_exit
        .size   entry_common, . - entry_common

// These come at any instruction. From user mode the GS base is the user's, whatever it is, and the
// registers move from this stack to the thread. From the kernel it may be anything: the end of the
// stack says which processor this is, and nothing returns from there, but for one: a breakpoint on
// the operand of MOV SS is reported after the next instruction, which may be SYSCALL
// (CVE-2018-8897). It is forgotten.
        .type   entry_careful, @function
entry_careful:
        SAVE_ALL
        CLEAN_FLAGS
        testb   $3, FRAME_CS(%rsp)
        jz      .Lcareful_kernel
        swapgs
        lfence
        mov     %rsp, %rsi
        mov     %gs:CPU_FRAME_END, %rdi
        sub     $FRAME_END, %rdi
        mov     $(FRAME_END / 8), %ecx
        rep movsq
        lea     -FRAME_END(%rdi), %rsi
        mov     %gs:CPU_STACK, %rsp
        jmp     .Lcall_user
.Lcareful_debug:
        mov     $DEBUG_STATUS_FIRST, %eax
        mov     %rax, %dr6
        RESTORE_ALL
        iretq
.Lcareful_kernel:
        lfence
        cmpq    $EXCEPTION_DEBUG_VECTOR, FRAME_VECTOR(%rsp)
        je      .Lcareful_debug
        mov     %rsp, %rsi
        mov     %rsp, %rdi
        or      $(CAREFUL_STACK - 1), %rdi
        mov     -7(%rdi), %rdi
        mov     %edi, %eax
        mov     %rdi, %rdx
        shr     $32, %rdx
        mov     $MSR_GS_BASE, %ecx
        wrmsr
        call    x86_interrupt_kernel
        ud2
        .size   entry_careful, . - entry_careful

        .section .rodata.guard, "a", @progbits
        .balign 2
guard_selector:
        .short  KERNEL_DATA

        .section .note.GNU-stack, "", @progbits
