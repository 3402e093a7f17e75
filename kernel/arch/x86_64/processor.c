// SPDX-License-Identifier: MIT
// Sets a processor up: segments, interrupt descriptors, system calls, control registers, stacks.
#include "x86.h"

#include "kernel.h"
#include "offsets.h"

constexpr size_t PAGE = KOZO_PAGE_SIZE;
constexpr size_t STACK_SIZE = 4 * PAGE;

// Model-specific registers: Intel SDM volume 4, table 2-2.
constexpr uint32_t MSR_SYSENTER_CS = 0x174;
constexpr uint32_t MSR_PAT = 0x277;
constexpr uint32_t MSR_STAR = 0xc0000081;
constexpr uint32_t MSR_LSTAR = 0xc0000082;
constexpr uint32_t MSR_CSTAR = 0xc0000083;
constexpr uint32_t MSR_FMASK = 0xc0000084;

// Flags that SYSCALL clears: TF, IF, DF, IOPL, NT, AC.
constexpr uint64_t FMASK = 0x4'7700;

// Kinds of caching as after reset: write-back, write-through, nearly uncached, uncached, twice
// (Intel SDM volume 3, section 12.12.4). paging.c relies on the first and the fourth.
constexpr uint64_t PAT_DEFAULT = 0x0007'0406'0007'0406;

// Control register 4: Intel SDM volume 3, section 2.5.
constexpr uint64_t CR4_PAE = 1 << 5;
constexpr uint64_t CR4_MCE = 1 << 6;
constexpr uint64_t CR4_PGE = 1 << 7;
constexpr uint64_t CR4_OSFXSR = 1 << 9;
constexpr uint64_t CR4_OSXMMEXCPT = 1 << 10;
constexpr uint64_t CR4_UMIP = 1 << 11;
constexpr uint64_t CR4_FSGSBASE = 1 << 16;
constexpr uint64_t CR4_OSXSAVE = 1 << 18;
constexpr uint64_t CR4_SMEP = 1 << 20;
constexpr uint64_t CR4_SMAP = 1 << 21;

constexpr uint64_t GATE_INTERRUPT = 0x8e00;
constexpr uint64_t GATE_USER = 3 << 13;

extern const char entry_stubs[];
void entry_syscall(void);
void entry_syscall_shared(void);

struct gate {
    uint64_t low, high;
};

struct [[gnu::packed]] descriptor_pointer {
    uint16_t limit;
    uint64_t base;
};

// A stack of its own for each exception that may come at any instruction. The last word is the
// address of struct cpu, for entry.S; the word before keeps the top at a multiple of 16.
struct careful {
    char guard[PAGE];
    alignas(CAREFUL_STACK) char stack[CAREFUL_STACK - 2 * sizeof(uint64_t)];
    uint64_t unused;
    struct cpu *cpu;
};
static_assert(sizeof(struct careful) == PAGE + CAREFUL_STACK);

struct stacks {
    char guard[PAGE];
    char kernel[STACK_SIZE];
    struct careful careful[CAREFUL_STACKS];
};
static_assert(STACK_TOP == offsetof(struct stacks, careful));
static_assert(sizeof(struct stacks) == PROCESSOR_STACKS);

// Those of the first processor.
[[gnu::section(".bss.stacks")]] alignas(PAGE) struct stacks x86_stacks;
alignas(16) static struct gate gates[256];

struct stack_bounds x86_stack_bounds(void)
{
    uint64_t top = arch_cpu()->arch.stack;

    return (struct stack_bounds){.bottom = top - STACK_SIZE, .top = top};
}

bool processor_is_guard(size_t offset)
{
    constexpr size_t CAREFUL = offsetof(struct stacks, careful);

    return offset < PAGE ||
           (offset >= CAREFUL && (offset - CAREFUL) % sizeof(struct careful) < PAGE);
}

// --- Segments and the task state -----------------------------------------------------------------

// SYSRET takes its selectors from one number: data at +8, code at +16. There is no 32-bit code
// segment for user mode. Descriptors: Intel SDM volume 3, sections 3.4.5 and 7.2.3.
static void segments_start(struct arch_cpu *cpu)
{
    uint64_t tss = (uint64_t)&cpu->tss;
    struct descriptor_pointer pointer = {.limit = sizeof(cpu->gdt) - 1, .base = (uint64_t)cpu->gdt};

    cpu->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af'9b00'0000'ffff;
    cpu->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf'9300'0000'ffff;
    cpu->gdt[SELECTOR_USER_DATA / 8] = 0x00cf'f300'0000'ffff;
    cpu->gdt[SELECTOR_USER_CODE / 8] = 0x00af'fb00'0000'ffff;
    cpu->gdt[SELECTOR_TSS / 8] = (sizeof(cpu->tss) - 1) | (tss & 0xff'ffff) << 16 |
                                 UINT64_C(0x89) << 40 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;

    __asm__ volatile("lgdt %0" : : "m"(pointer));
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("ltr %w0" : : "r"((uint32_t)SELECTOR_TSS));
}

void processor_prepare(struct cpu *cpu, struct stacks *stacks)
{
    struct arch_cpu *arch = &cpu->arch;

    cpu->armed = UINT64_MAX;
    arch->self = cpu;
    arch->call = &cpu->call;
    arch->stack = (uint64_t)stacks->kernel + STACK_SIZE;
    arch->fsgsbase = features.fsgsbase ? 1 : 0;
    arch->root = arch_physical(kernel_root);
    arch->deadline = UINT64_MAX;
    arch->idle.vector = X86_VECTOR_IDLE;
    arch->tss.rsp0 = (uint64_t)&arch->idle + FRAME_END;
    arch->tss.ports = sizeof(arch->tss);
    for (size_t i = 0; i < CAREFUL_STACKS; i++) {
        stacks->careful[i].cpu = cpu;
        arch->tss.ist[i] = (uint64_t)&stacks->careful[i].unused;
    }
}

// --- Interrupt descriptors -----------------------------------------------------------------------

static enum careful_stack vector_stack(unsigned vector)
{
    switch (vector) {
    case EXCEPTION_DEBUG:
        return CAREFUL_DEBUG;
    case EXCEPTION_NMI:
        return CAREFUL_NMI;
    case EXCEPTION_DOUBLE_FAULT:
        return CAREFUL_DOUBLE_FAULT;
    case EXCEPTION_MACHINE_CHECK:
        return CAREFUL_MACHINE_CHECK;
    default:
        return CAREFUL_NONE;
    }
}

// Where the stub of a vector is: see entry.S.
static uint64_t stub_offset(unsigned vector)
{
    return vector < STUB_EXCEPTIONS
               ? STUB_SIZE * vector
               : STUB_SIZE * STUB_EXCEPTIONS + STUB_INTERRUPT_SIZE * (vector - STUB_EXCEPTIONS);
}

// Interrupt gates, closed to INT from user mode but for the breakpoint: Intel SDM volume 3,
// section 6.14.1.
static void gates_start(void)
{
    struct descriptor_pointer pointer = {.limit = sizeof(gates) - 1, .base = (uint64_t)gates};

    for (unsigned i = 0; i < 256; i++) {
        uint64_t stub = (uint64_t)entry_stubs + stub_offset(i);
        uint64_t kind = GATE_INTERRUPT | vector_stack(i);

        kind |= i == EXCEPTION_BREAKPOINT ? GATE_USER : 0;
        gates[i].low = (stub & 0xffff) | (uint64_t)SELECTOR_KERNEL_CODE << 16 | kind << 32 |
                       (stub >> 16 & 0xffff) << 48;
        gates[i].high = stub >> 32;
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

// --- System registers ----------------------------------------------------------------------------

void processor_share(bool shared)
{
    uint64_t entry = (uint64_t)(shared ? entry_syscall_shared : entry_syscall);

    wrmsr(MSR_LSTAR, entry);
    wrmsr(MSR_CSTAR, entry);
    arch_cpu()->arch.short_exit = features.fsgsbase && !shared ? 1 : 0;
}

// SYSENTER faults, since it has no code segment. SYSCALL from 32-bit code can't happen without such
// a segment; it would arrive as any other.
static void system_calls_start(const struct cpu *cpu)
{
    wrmsr(MSR_STAR,
          (uint64_t)(SELECTOR_KERNEL_DATA | 3) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    processor_share(cpu->number > 0);
    wrmsr(MSR_FMASK, FMASK);
    wrmsr(MSR_SYSENTER_CS, 0);
}

static void control_start(void)
{
    uint64_t value = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    value |= features.global ? CR4_PGE : 0;
    value |= features.umip ? CR4_UMIP : 0;
    value |= features.fsgsbase ? CR4_FSGSBASE : 0;
    value |= features.xsave ? CR4_OSXSAVE : 0;
    value |= features.smep ? CR4_SMEP : 0;
    value |= features.smap ? CR4_SMAP : 0;
    write_cr4(value);
}

// CR0 is as boot.S set it: TS is on until a thread with extended state runs.
void processor_start(struct cpu *cpu)
{
    segments_start(&cpu->arch);
    gates_start();
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    wrmsr(MSR_KERNEL_GS, 0);
    wrmsr(MSR_PAT, PAT_DEFAULT);
    control_start();
    extended_start();
    system_calls_start(cpu);
    mitigation_start();
}
