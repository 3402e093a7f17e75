// SPDX-License-Identifier: MIT
// The frame that a handler finds on its stack, as Linux lays it out on x86_64 (struct rt_sigframe): programs read
// and change it, and rt_sigreturn takes it back.
#include "../core/errno.h"
#include "../core/user.h"
#include "../process/process.h"
#include "signal.h"

#include <string.h>

struct context {
    uint64_t flags;
    uint64_t link;
    struct alternate_stack stack;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp;
    uint64_t rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, address;
    uint64_t extended; // where the extended registers are
    uint64_t reserved[8];
    uint64_t mask;
};
static_assert(sizeof(struct context) == 304);

struct frame {
    uint64_t restorer;
    struct context context;
    struct signal_info info;
};
static_assert(sizeof(struct frame) == 440);

constexpr uint64_t FLAGS =
    1 | 2 | 4; // extended registers by XSAVE; SS is saved, and restored strictly
constexpr uint64_t RED_ZONE = 128;
constexpr uint16_t USER_CS = 0x33, USER_SS = 0x2b; // as Linux programs see them

// What Linux puts into the part of the area that XSAVE leaves to software, and behind the area.
struct software {
    uint32_t magic;
    uint32_t extended_size; // with what is behind
    uint64_t components;
    uint32_t size;
    uint32_t spare[7];
};
constexpr size_t SOFTWARE_AT = 464;
constexpr uint32_t MAGIC_FIRST = 0x4650'5853;
constexpr uint32_t MAGIC_LAST = 0x4650'5845;
constexpr size_t AREA_MOST = 4096;
constexpr size_t COMPONENTS_AT = 512;

static bool is_on_stack(const struct thread_signals *signals, uint64_t pointer)
{
    return signals->stack.size != 0 && pointer > signals->stack.start &&
           pointer - signals->stack.start <= signals->stack.size;
}

// Where the frame may end.
static uint64_t stack_top(const struct thread_signals *signals, const struct action *action,
                          uint64_t pointer)
{
    constexpr int32_t disabled = 2;
    if ((action->flags & FLAG_ON_STACK) != 0 && signals->stack.size != 0 &&
        (signals->stack.flags & disabled) == 0 && !is_on_stack(signals, pointer)) {
        return signals->stack.start + signals->stack.size;
    }
    return pointer - RED_ZONE;
}

// All components that the processor's XCR0 has enabled; reading it is allowed to everybody.
static uint64_t enabled_components(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

// Makes pages of the stack present, so that nothing waits later on.
static bool touch(uint64_t start, uint64_t end)
{
    while (start < end) {
        size_t size = end - start;
        if (user_touch((struct user){start}, &size) == nullptr) {
            return false;
        }
        start += size;
    }
    return true;
}

// Where a piece of the stack is to be written: there, when it lies in one page, else at `otherwise`, to be copied there. Null
// for a fault. Nothing may wait before it is done.
static uint8_t *piece_of_stack(uint64_t at, size_t size, uint8_t *otherwise)
{
    size_t part = size;
    uint8_t *bytes = user_touch((struct user){at}, &part);
    if (bytes == nullptr || part == size) {
        return bytes;
    }
    return touch(at + part, at + size) ? otherwise : nullptr;
}

// The extended registers and what Linux puts in and behind them.
static void write_extended(struct thread *thread, uint8_t *area, size_t size)
{
    struct software software = {
        .magic = MAGIC_FIRST,
        .extended_size = (uint32_t)(size + sizeof MAGIC_LAST),
        .components = enabled_components(),
        .size = (uint32_t)size,
    };
    thread_read_extended(thread, (uint64_t *)area);
    memcpy(area + SOFTWARE_AT, &software, sizeof software);
    memcpy(area + size, &MAGIC_LAST, sizeof MAGIC_LAST);
}

static struct context context_of(const struct thread *thread,
                                 const struct kozo_x86_general *registers, uint64_t mask)
{
    const struct thread_signals *signals = &thread->signals;
    const struct kozo_x86_general *r = registers;
    return (struct context){
        .flags = FLAGS,
        .stack = signals->stack,
        .r8 = r->r8,
        .r9 = r->r9,
        .r10 = r->r10,
        .r11 = r->r11,
        .r12 = r->r12,
        .r13 = r->r13,
        .r14 = r->r14,
        .r15 = r->r15,
        .rdi = r->rdi,
        .rsi = r->rsi,
        .rbp = r->rbp,
        .rbx = r->rbx,
        .rdx = r->rdx,
        .rax = r->rax,
        .rcx = r->rcx,
        .rsp = r->rsp,
        .rip = r->rip,
        .rflags = r->rflags,
        .cs = USER_CS,
        .ss = USER_SS,
        .error = signals->fault_code,
        .trap = signals->fault_trap,
        .old_mask = mask,
        .address = signals->fault_address,
        .mask = mask,
    };
}

bool frame_push(struct thread *thread, struct kozo_x86_general *registers,
                const struct action *action, const struct signal_info *info, uint64_t mask)
{
    alignas(64) static uint8_t elsewhere[sizeof(struct frame) + AREA_MOST + 128];
    constexpr uint64_t direction_trap = 1ul << 10 | 1ul << 8;
    uint64_t top = stack_top(&thread->signals, action, registers->rsp);
    size_t area = extended_words() * 8;
    uint64_t extended = (top - area - sizeof MAGIC_LAST) & ~63ul;
    uint64_t at = ((extended - sizeof(struct frame)) & ~15ul) - 8;
    size_t size = extended + area + sizeof MAGIC_LAST - at;
    uint8_t *piece = area <= AREA_MOST ? piece_of_stack(at, size, elsewhere) : nullptr;
    if (piece == nullptr) {
        return false;
    }
    struct frame *frame = (struct frame *)piece;
    frame->restorer = action->restorer;
    frame->context = context_of(thread, registers, mask);
    frame->context.extended = extended;
    frame->info = *info;
    write_extended(thread, piece + (extended - at), area);
    if (piece == elsewhere && user_write((struct user){at}, piece, size) != 0) {
        return false;
    }
    registers->rsp = at;
    registers->rip = action->handler;
    registers->rdi = (uint64_t)info->signal;
    registers->rsi = at + offsetof(struct frame, info);
    registers->rdx = at + offsetof(struct frame, context);
    registers->rax = 0;
    registers->rflags &= ~direction_trap;
    return true;
}

static bool is_whole(const uint8_t *area, size_t size)
{
    struct software software;
    uint32_t last;
    memcpy(&software, area + SOFTWARE_AT, sizeof software);
    memcpy(&last, area + size, sizeof last);
    return software.magic == MAGIC_FIRST && software.size == size &&
           software.extended_size >= size + sizeof last && last == MAGIC_LAST;
}

// Copies what lies in the program's memory, without waiting in between.
static bool copy_at_once(uint8_t *to, uint64_t from, size_t size)
{
    for (size_t done = 0; done < size;) {
        size_t part = size - done;
        if (user_look((struct user){from + done}, &part) == nullptr) {
            return false;
        }
        done += part;
    }
    return user_read(to, (struct user){from}, size) == 0;
}

// The extended registers of a frame: those that XSAVE wrote, or just the first 512 bytes.
static bool pop_extended(struct thread *thread, uint64_t at)
{
    // The area is the one for all threads: nothing may wait while it is in use.
    alignas(64) static uint8_t area[AREA_MOST + 8];
    size_t size = extended_words() * 8;
    if (at == 0) {
        thread_clear_extended(thread);
        return true;
    }
    bool whole = size <= AREA_MOST && copy_at_once(area, at, size + sizeof MAGIC_LAST) &&
                 is_whole(area, size);
    if (!whole) {
        constexpr uint64_t legacy = 3;
        if (!copy_at_once(area, at, COMPONENTS_AT)) {
            return false;
        }
        memset(area + COMPONENTS_AT, 0, 64);
        memcpy(area + COMPONENTS_AT, &legacy, sizeof legacy);
    }
    return thread_write_extended(thread, (uint64_t *)area);
}

int64_t frame_pop(struct thread *thread)
{
    struct context context;
    // The handler's return has taken the restorer's address off.
    uint64_t at = thread_stack_pointer(thread) - 8 + offsetof(struct frame, context);
    if (user_read(&context, (struct user){at}, sizeof context) != 0 ||
        !pop_extended(thread, context.extended)) {
        return -EFAULT;
    }
    const struct context *c = &context;
    struct kozo_x86_general registers = {
        .rax = c->rax,
        .rbx = c->rbx,
        .rcx = c->rcx,
        .rdx = c->rdx,
        .rsi = c->rsi,
        .rdi = c->rdi,
        .rbp = c->rbp,
        .rsp = c->rsp,
        .r8 = c->r8,
        .r9 = c->r9,
        .r10 = c->r10,
        .r11 = c->r11,
        .r12 = c->r12,
        .r13 = c->r13,
        .r14 = c->r14,
        .r15 = c->r15,
        .rip = c->rip,
        .rflags = c->rflags,
    };
    if (!thread_write(thread, &registers)) {
        return -EFAULT;
    }
    struct alternate_stack stack = context.stack;
    if (!is_on_stack(&thread->signals, registers.rsp)) {
        thread->signals.stack = stack;
    }
    signal_block(thread, context.mask);
    return 0;
}
