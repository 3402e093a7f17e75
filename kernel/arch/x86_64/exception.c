// SPDX-License-Identifier: MIT
// What entry.S calls for a vector: exceptions become faults of the thread or the end of the system,
// interrupts go to the portable kernel.
#include "x86.h"

#include "entry.h"
#include "kernel.h"
#include "object/thread.h"
#include "panic/panic.h"
#include "sched/processors.h"

// Error code of a page fault: Intel SDM volume 3, section 4.7.
constexpr uint64_t PAGE_WRITE = 1 << 1;
constexpr uint64_t PAGE_RESERVED = 1 << 3;
constexpr uint64_t PAGE_FETCH = 1 << 4;

static const char *exception_reason(uint64_t vector)
{
    switch (vector) {
    case EXCEPTION_NMI:
        return "a non-maskable interrupt came";
    case EXCEPTION_DOUBLE_FAULT:
        return "a fault came while another was being handled; the stack may be used up";
    case EXCEPTION_MACHINE_CHECK:
        return "the processor reported a hardware error";
    case EXCEPTION_PAGE:
        return "the kernel touched memory that it may not";
    default:
        return "the kernel caused an exception";
    }
}

static enum kozo_right page_fault_right(uint64_t error)
{
    if ((error & PAGE_FETCH) != 0) {
        return KOZO_RIGHT_EXECUTE;
    }
    return (error & PAGE_WRITE) != 0 ? KOZO_RIGHT_WRITE : KOZO_RIGHT_READ;
}

static struct thread *page_fault(struct cpu *cpu, const struct arch_registers *registers)
{
    struct fault fault = {
        .kind = KOZO_FAULT_PAGE,
        .access = page_fault_right(registers->error),
        .address = read_cr2(),
        .exception = registers->vector,
        .code = registers->error,
    };

    if ((registers->error & PAGE_RESERVED) != 0) {
        panic("a page table has bits that it must not have");
    }
    return kernel_fault(cpu, &fault);
}

static struct thread *exception_user(struct cpu *cpu, const struct arch_registers *registers)
{
    struct fault fault = {
        .kind = KOZO_FAULT_EXCEPTION,
        .exception = registers->vector,
        .code = registers->error,
    };

    switch (registers->vector) {
    case EXCEPTION_DEBUG:
        fault.address = debug_take_status();
        return kernel_fault(cpu, &fault);
    case EXCEPTION_PAGE:
        return page_fault(cpu, registers);
    case EXCEPTION_NMI:
    case EXCEPTION_DOUBLE_FAULT:
    case EXCEPTION_MACHINE_CHECK:
        panic(exception_reason(registers->vector));
    default:
        return kernel_fault(cpu, &fault);
    }
}

static struct thread *timer(struct cpu *cpu, struct thread *interrupted)
{
    local_apic_end_of_interrupt();
    return clock_is_due(cpu) ? kernel_timer(cpu) : interrupted;
}

// It may come late, when what it was for is done.
static struct thread *processor(struct cpu *cpu, struct thread *interrupted)
{
    local_apic_end_of_interrupt();
    return processor_serve(cpu) || cpu->pending != 0 ? kernel_reschedule(cpu) : interrupted;
}

// A spurious interrupt of the local APIC, or of the masked PIC, has no end of interrupt (Intel SDM
// volume 3, section 11.9).
static struct thread *interrupt(struct cpu *cpu, uint64_t vector, struct thread *interrupted)
{
    if (vector == VECTOR_TIMER) {
        return timer(cpu, interrupted);
    }
    if (vector == VECTOR_PROCESSOR) {
        return processor(cpu, interrupted);
    }
    if (vector >= VECTOR_DEVICE && vector < VECTOR_DEVICE + ARCH_INTERRUPTS) {
        return kernel_interrupt(cpu, (unsigned)vector - VECTOR_DEVICE);
    }
    return interrupted;
}

struct thread *x86_interrupt_user(struct cpu *cpu, const struct arch_registers *registers)
{
    if (registers->vector < EXCEPTIONS) {
        return exception_user(cpu, registers);
    }
    return interrupt(cpu, registers->vector, cpu->current);
}

// Interrupts are on in the kernel only while it idles.
struct thread *x86_interrupt_kernel(struct cpu *cpu, const struct arch_registers *registers)
{
    if (registers->vector < EXCEPTIONS) {
        panic_exception(exception_reason(registers->vector), registers);
    }
    if ((registers->rflags & RFLAGS_INTERRUPT) == 0) {
        panic_exception("an interrupt came inside the kernel", registers);
    }
    return interrupt(cpu, registers->vector, nullptr);
}
