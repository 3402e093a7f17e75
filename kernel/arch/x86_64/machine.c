// SPDX-License-Identifier: MIT
// The rest of kernel/arch/arch.h: ports, random numbers, the way back on the stack, the end.
#include "x86.h"

#include "panic/panic.h"

// How often the generator is asked before it counts as absent (Intel SDM volume 1, section 7.3.17).
constexpr unsigned ENTROPY_TRIES = 10;

uint32_t arch_port_read(uint16_t port, unsigned width)
{
    switch (width) {
    case 1:
        return inb(port);
    case 2:
        return inw(port);
    default:
        return inl(port);
    }
}

void arch_port_write(uint16_t port, unsigned width, uint32_t value)
{
    switch (width) {
    case 1:
        outb(port, (uint8_t)value);
        break;
    case 2:
        outw(port, (uint16_t)value);
        break;
    default:
        outl(port, value);
        break;
    }
}

static bool rdseed(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(good));
    return good;
}

static bool rdrand(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
    return good;
}

bool arch_entropy(uint64_t *value)
{
    for (unsigned i = 0; features.rdseed && i < ENTROPY_TRIES; i++) {
        if (rdseed(value)) {
            return true;
        }
    }
    for (unsigned i = 0; features.rdrand && i < ENTROPY_TRIES; i++) {
        if (rdrand(value)) {
            return true;
        }
    }
    return false;
}

// A frame is the caller's rbp and the return address. Frames lie one above the other on the kernel
// stack; what does not look so ends the walk.
size_t arch_backtrace(const struct arch_registers *registers, uint64_t *addresses, size_t most)
{
    struct stack_bounds stack = x86_stack_bounds();
    uint64_t frame = (uint64_t)__builtin_frame_address(0);
    size_t count = 0;

    if (registers != nullptr && most > 0) {
        addresses[count++] = registers->rip;
        frame = registers->rbp;
    }
    while (count < most && frame % 8 == 0 && frame >= stack.bottom && frame <= stack.top - 16) {
        const uint64_t *words = (const uint64_t *)frame;

        addresses[count++] = words[1];
        if (words[0] <= frame) {
            break;
        }
        frame = words[0];
    }
    return count;
}

[[noreturn]] void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
