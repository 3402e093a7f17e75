// SPDX-License-Identifier: MIT
// The saved registers of a thread, as kernel/arch/arch.h promises them.
//
// Whatever is put into the frame can be loaded by IRET without a fault: selectors and flags are
// fixed here, and addresses are made to be in the lower half.
#include "x86.h"

#include "kernel.h"
#include "offsets.h"

constexpr uint64_t SYSCALL_SIZE = 2;

// What a thread may have set of its flags: CF, PF, AF, ZF, SF, TF, DF, OF, RF, AC and ID (Intel SDM
// volume 3, section 2.3).
constexpr uint64_t RFLAGS_USER = 0x25'0dd5;

// In place of an address that user space can't have: it is canonical, and nothing is ever there, so
// that using it is a page fault of the thread itself.
static uint64_t user_address(uint64_t address)
{
    return address < ARCH_USER_END ? address : ARCH_USER_END;
}

void arch_registers_start(struct arch_registers *registers, uint64_t instruction, uint64_t stack,
                          uint64_t argument, uint64_t second, uint64_t thread_pointer)
{
    *registers = (struct arch_registers){
        .handle = argument,
        .argument[0] = second,
        .rip = user_address(instruction),
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_FIXED | RFLAGS_INTERRUPT,
        .rsp = stack,
        .ss = SELECTOR_USER_DATA,
        .fs_base = user_address(thread_pointer),
    };
}

// A thread that came in otherwise is before its instruction already.
void arch_registers_restart(struct arch_registers *registers)
{
    if (registers->vector == X86_VECTOR_SYSCALL) {
        registers->rip -= SYSCALL_SIZE;
    }
}

uint64_t arch_registers_call_site(const struct arch_registers *registers)
{
    return registers->rip - SYSCALL_SIZE;
}

void arch_registers_call(const struct arch_registers *registers, uint64_t *words)
{
    words[0] = registers->operation;
    words[1] = registers->handle;
    words[2] = registers->argument[0]; // rsi
    words[3] = registers->argument[1]; // rdx
    words[4] = registers->argument[4]; // r10
    words[5] = registers->argument[2]; // r8
    words[6] = registers->argument[3]; // r9
}

// SYSRET would put the entry into rcx, so it goes back by IRET.
void arch_registers_enter(struct arch_registers *registers, uint64_t entry)
{
    registers->rcx = registers->rip;
    registers->r11 = registers->rflags;
    registers->rip = entry;
    registers->vector = X86_VECTOR_RESTORE;
}

// Those that the exit would have saved when it turned to another thread. The base that the user has
// for GS waits in the other register while the kernel runs.
void x86_registers_leave(struct arch_cpu *cpu)
{
    struct arch_registers *registers = (struct arch_registers *)(cpu->tss.rsp0 - FRAME_END);

    if (registers == &cpu->idle) {
        return;
    }
    registers->fs_base = rdmsr(MSR_FS_BASE);
    registers->gs_base = rdmsr(MSR_KERNEL_GS);
    arch_registers_restart(registers);
    arch_registers_forget(registers);
}

// The bases that the processor has are then kept in the registers of idle.
void arch_registers_forget(const struct arch_registers *registers)
{
    struct arch_cpu *cpu = &arch_cpu()->arch;

    if (cpu->tss.rsp0 == (uint64_t)registers + FRAME_END) {
        cpu->tss.rsp0 = (uint64_t)&cpu->idle + FRAME_END;
    }
}

uint64_t arch_registers_instruction(const struct arch_registers *registers)
{
    return registers->rip;
}

uint64_t arch_registers_stack(const struct arch_registers *registers)
{
    return registers->rsp;
}

// --- Classes ------------------------------------------------------------------------------------

static_assert(sizeof(struct kozo_x86_general) == ARCH_CLASS_WORDS * sizeof(uint64_t));

unsigned arch_class_words(uint64_t class)
{
    switch (class) {
    case KOZO_REGISTERS_GENERAL:
        return sizeof(struct kozo_x86_general) / sizeof(uint64_t);
    case KOZO_REGISTERS_BASES:
        return sizeof(struct kozo_x86_bases) / sizeof(uint64_t);
    case KOZO_REGISTERS_DEBUG:
        return sizeof(struct kozo_x86_debug) / sizeof(uint64_t);
    default:
        return 0;
    }
}

// SYSCALL has moved rip and rflags to rcx and r11.
static struct kozo_x86_general general_read(const struct arch_registers *registers)
{
    bool called = registers->vector == X86_VECTOR_SYSCALL;

    return (struct kozo_x86_general){
        .rax = registers->operation,
        .rbx = registers->rbx,
        .rcx = called ? registers->rip : registers->rcx,
        .rdx = registers->argument[1],
        .rsi = registers->argument[0],
        .rdi = registers->handle,
        .rbp = registers->rbp,
        .rsp = registers->rsp,
        .r8 = registers->argument[2],
        .r9 = registers->argument[3],
        .r10 = registers->argument[4],
        .r11 = called ? registers->rflags : registers->r11,
        .r12 = registers->argument[5],
        .r13 = registers->argument[6],
        .r14 = registers->argument[7],
        .r15 = registers->argument[8],
        .rip = registers->rip,
        .rflags = registers->rflags,
    };
}

static void general_write(struct arch_registers *registers, const struct kozo_x86_general *general)
{
    registers->operation = general->rax;
    registers->handle = general->rdi;
    registers->argument[0] = general->rsi;
    registers->argument[1] = general->rdx;
    registers->argument[2] = general->r8;
    registers->argument[3] = general->r9;
    registers->argument[4] = general->r10;
    registers->argument[5] = general->r12;
    registers->argument[6] = general->r13;
    registers->argument[7] = general->r14;
    registers->argument[8] = general->r15;
    registers->rbx = general->rbx;
    registers->rbp = general->rbp;
    registers->rcx = general->rcx;
    registers->r11 = general->r11;
    registers->rsp = general->rsp;
    registers->rip = general->rip;
    registers->rflags = (general->rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_INTERRUPT;
    registers->vector = X86_VECTOR_RESTORE;
}

void arch_class_read(const struct arch_registers *registers, uint64_t class, uint64_t *words)
{
    if (class == KOZO_REGISTERS_GENERAL) {
        struct kozo_x86_general general = general_read(registers);
        memcpy(words, &general, sizeof(general));
    } else if (class == KOZO_REGISTERS_BASES) {
        words[0] = registers->fs_base;
        words[1] = registers->gs_base;
    } else {
        memcpy(words, registers->debug_address, sizeof(registers->debug_address));
        words[4] = registers->debug_control;
    }
}

// WRFSBASE and WRMSR fault on other addresses.
static bool is_canonical(uint64_t address)
{
    return address < UINT64_C(1) << 47 || address >= -(UINT64_C(1) << 47);
}

bool arch_class_write(struct arch_registers *registers, uint64_t class, const uint64_t *words)
{
    if (class == KOZO_REGISTERS_GENERAL) {
        struct kozo_x86_general general;
        memcpy(&general, words, sizeof(general));
        if (general.rip >= ARCH_USER_END) {
            return false;
        }
        general_write(registers, &general);
        return true;
    }
    if (class == KOZO_REGISTERS_BASES) {
        if (!is_canonical(words[0]) || !is_canonical(words[1])) {
            return false;
        }
        registers->fs_base = words[0];
        registers->gs_base = words[1];
        return true;
    }
    if (!debug_is_valid(words, words[4])) {
        return false;
    }
    memcpy(registers->debug_address, words, sizeof(registers->debug_address));
    registers->debug_control = words[4];
    return true;
}

void arch_registers_each(const struct arch_registers *registers,
                         void (*each)(const char *name, uint64_t value, void *context),
                         void *context)
{
    static const struct {
        const char name[8];
        size_t offset;
    } names[] = {
        {"rip", offsetof(struct arch_registers, rip)},
        {"rsp", offsetof(struct arch_registers, rsp)},
        {"rflags", offsetof(struct arch_registers, rflags)},
        {"cs", offsetof(struct arch_registers, cs)},
        {"ss", offsetof(struct arch_registers, ss)},
        {"vector", offsetof(struct arch_registers, vector)},
        {"error", offsetof(struct arch_registers, error)},
        {"rax", offsetof(struct arch_registers, operation)},
        {"rbx", offsetof(struct arch_registers, rbx)},
        {"rcx", offsetof(struct arch_registers, rcx)},
        {"rdx", offsetof(struct arch_registers, argument[1])},
        {"rsi", offsetof(struct arch_registers, argument[0])},
        {"rdi", offsetof(struct arch_registers, handle)},
        {"rbp", offsetof(struct arch_registers, rbp)},
        {"r8", offsetof(struct arch_registers, argument[2])},
        {"r9", offsetof(struct arch_registers, argument[3])},
        {"r10", offsetof(struct arch_registers, argument[4])},
        {"r11", offsetof(struct arch_registers, r11)},
        {"r12", offsetof(struct arch_registers, argument[5])},
        {"r13", offsetof(struct arch_registers, argument[6])},
        {"r14", offsetof(struct arch_registers, argument[7])},
        {"r15", offsetof(struct arch_registers, argument[8])},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint64_t value;

        memcpy(&value, (const char *)registers + names[i].offset, sizeof(value));
        each(names[i].name, value, context);
    }
}
