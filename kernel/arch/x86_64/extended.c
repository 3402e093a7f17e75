// SPDX-License-Identifier: MIT
// Registers that only some threads use: those that XSAVE keeps, and the debug registers.
//
// CR0.TS is set whenever the thread that runs has no extended state, so that each use is an
// exception. That is not enough to hide the registers from a processor that reads ahead
// (CVE-2018-3665), so they are also put into their first state then.
#include "x86.h"

#include "lib/memory.h"
#include "offsets.h"

// Components of extended state: Intel SDM volume 1, section 13.1.
constexpr uint64_t XSTATE_X87 = 1 << 0;
constexpr uint64_t XSTATE_SSE = 1 << 1;
constexpr uint64_t XSTATE_AVX = 1 << 2;
constexpr uint64_t XSTATE_AVX512 = 7 << 5;
constexpr unsigned XSTATE_COMPONENTS = 8;

constexpr uint64_t MXCSR_FIRST = 0x1f80;
constexpr uint16_t X87_CONTROL_FIRST = 0x37f;

// Every processor with XSAVE knows these bits of MXCSR, and not every one those above.
constexpr uint32_t MXCSR_BITS = 0xffff;

// The layout of XSAVE's area: Intel SDM volume 1, section 13.4.
struct xsave_area {
    uint16_t x87_control;
    uint8_t x87[22];
    uint32_t mxcsr, mxcsr_mask;
    uint8_t x87_registers[128];
    uint8_t sse[352]; // with room that nothing uses
    uint64_t components;
    uint64_t reserved[7]; // zero
};
static_assert(sizeof(struct xsave_area) == 576);

static uint64_t extended_mask;
static uint64_t extended_size;
static struct {
    uint32_t offset, size;
} component[XSTATE_COMPONENTS];

// No component at all: XRSTOR gives every register its first value, and reads no further.
alignas(64) static const struct xsave_area first_state = {.mxcsr = MXCSR_FIRST};

// Turns on what the processor offers and XSAVE can keep; AVX-512 needs its three parts and AVX. The
// size that CPUID gives is for what is turned on: Intel SDM volume 1, section 13.2.
void extended_start(void)
{
    struct cpuid_result offered;
    uint64_t mask = XSTATE_X87 | XSTATE_SSE;

    if (!features.xsave) {
        return;
    }
    offered = cpuid(0xd, 0);
    mask |= offered.eax & XSTATE_AVX;
    if ((offered.eax & (XSTATE_AVX | XSTATE_AVX512)) == (XSTATE_AVX | XSTATE_AVX512)) {
        mask |= XSTATE_AVX512;
    }
    xsetbv(0, mask);
    extended_mask = mask;
    extended_size = cpuid(0xd, 0).ebx;
    for (unsigned i = 2; i < XSTATE_COMPONENTS; i++) {
        struct cpuid_result found = cpuid(0xd, i);
        component[i].size = (mask >> i & 1) != 0 ? found.eax : 0;
        component[i].offset = found.ebx;
    }
}

uint64_t arch_extended_size(void)
{
    return extended_size;
}

uint64_t arch_extended_mask(void)
{
    return extended_mask;
}

void arch_extended_create(void *area)
{
    ((struct xsave_area *)area)->mxcsr = MXCSR_FIRST;
}

void arch_extended_hide(void)
{
    write_cr0(read_cr0() | CR0_TASK_SWITCHED);
}

void arch_extended_show(void)
{
    clts();
}

void arch_extended_switch(void *from, const void *to)
{
    if (from == nullptr) {
        clts();
    } else if (features.xsaveopt) {
        xsaveopt(from);
    } else {
        xsave(from);
    }
    xrstor(to != nullptr ? to : &first_state);
    if (to == nullptr) {
        arch_extended_hide();
    }
}

// A component that is in its first state may not have been written, or marked as absent.
void arch_extended_complete(void *area)
{
    struct xsave_area *state = area;
    uint64_t absent = extended_mask & ~state->components;

    if ((absent & XSTATE_X87) != 0) {
        memory_zero(state, offsetof(struct xsave_area, mxcsr));
        memory_zero(state->x87_registers, sizeof(state->x87_registers));
        state->x87_control = X87_CONTROL_FIRST;
    }
    if ((absent & XSTATE_SSE) != 0) {
        memory_zero(state->sse, sizeof(state->sse));
    }
    for (unsigned i = 2; i < XSTATE_COMPONENTS; i++) {
        if ((absent >> i & 1) != 0) {
            memory_zero((char *)area + component[i].offset, component[i].size);
        }
    }
    state->components = extended_mask;
}

// XRSTOR faults on anything else: Intel SDM volume 1, section 13.8.
void arch_extended_check(void *area)
{
    struct xsave_area *state = area;

    state->mxcsr &= MXCSR_BITS;
    state->components &= extended_mask;
    memory_zero(state->reserved, sizeof(state->reserved));
}

// --- Debug registers ----------------------------------------------------------------------------

// Intel SDM volume 3, section 18.2. The bits that turn one of the four on, and, for each, two bits
// that say what for and two for the length.
constexpr uint64_t DEBUG_ENABLE = 0xff;
constexpr uint64_t DEBUG_BITS = 0xffff'03ff;
constexpr uint64_t DEBUG_FIXED = 1 << 10;
constexpr uint64_t DEBUG_EXECUTE = 0;
constexpr uint64_t DEBUG_PORT = 2;

bool debug_is_valid(const uint64_t *address, uint64_t control)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t what = control >> (16 + 4 * i) & 3;
        uint64_t length = control >> (18 + 4 * i) & 3;
        if (address[i] >= ARCH_USER_END || what == DEBUG_PORT ||
            (what == DEBUG_EXECUTE && length != 0)) {
            return false;
        }
    }
    return (control & ~DEBUG_BITS) == 0;
}

bool arch_debug_in_use(const struct arch_registers *registers)
{
    return (registers->debug_control & DEBUG_ENABLE) != 0;
}

void arch_debug_load(const struct arch_registers *registers)
{
    const uint64_t *address = registers->debug_address;

    __asm__ volatile("mov %0, %%dr0" : : "r"(address[0]));
    __asm__ volatile("mov %0, %%dr1" : : "r"(address[1]));
    __asm__ volatile("mov %0, %%dr2" : : "r"(address[2]));
    __asm__ volatile("mov %0, %%dr3" : : "r"(address[3]));
    write_dr7(registers->debug_control | DEBUG_FIXED);
}

void arch_debug_leave(void)
{
    write_dr7(DEBUG_FIXED);
}

uint64_t debug_take_status(void)
{
    uint64_t status;

    __asm__ volatile("mov %%dr6, %0" : "=r"(status));
    __asm__ volatile("mov %0, %%dr6" : : "r"((uint64_t)DEBUG_STATUS_FIRST));
    return status ^ DEBUG_STATUS_FIRST;
}
