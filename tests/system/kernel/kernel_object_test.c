// SPDX-License-Identifier: MIT
// What every system call has in common: numbers, handles, types.
#include "kernel_test.h"

// Any operation number, also one that there is not.
static enum kozo_operation numbered(uint64_t number)
{
    union {
        uint32_t number;
        enum kozo_operation operation;
    } any = {.number = (uint32_t)number};
    return any.operation;
}

// A system call with this number and handle, and arguments of zero.
static enum kozo_error raw(uint64_t operation, uint64_t handle)
{
    struct kozo_registers registers = {.handle = handle};
    return kozo_syscall_9(numbered(operation), &registers);
}

TEST("the null operation does nothing, well")
{
    CHECK(kozo_kernel_null() == KOZO_OK);
}

TEST("yield comes back")
{
    CHECK(kozo_kernel_yield() == KOZO_OK);
}

TEST("operation numbers that do not exist are refused")
{
    CHECK(raw(0x0f, 1) == KOZO_BAD_OPERATION);
    CHECK(raw(0xfff, 1) == KOZO_BAD_OPERATION);
    CHECK(raw(0xffff, 1) == KOZO_BAD_OPERATION);
    CHECK(raw(0xffffffff, 1) == KOZO_BAD_OPERATION);
}

TEST("every object refuses operation numbers beyond its own")
{
    for (uint64_t object = 0; object < 16; object++) {
        CHECK(raw(object << 4 | 0xf, 1) == KOZO_BAD_OPERATION);
    }
}

TEST("operations refuse handle 0, empty slots, and paths that lead nowhere")
{
    uint64_t handles[] = {0, empty_slot(), UINT64_MAX, 1ul << 63, empty_slot() | 1ul << 40};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        CHECK(raw(KOZO_OP_NOTIFICATION_SIGNAL, handles[i]) == KOZO_BAD_HANDLE);
        CHECK(raw(KOZO_OP_THREAD_SUSPEND, handles[i]) == KOZO_BAD_HANDLE);
        CHECK(raw(KOZO_OP_UNTYPED_RETYPE, handles[i]) == KOZO_BAD_HANDLE);
        CHECK(raw(KOZO_OP_FRAME_MAP, handles[i]) == KOZO_BAD_HANDLE);
        CHECK(raw(KOZO_OP_POOL_INFO, handles[i]) == KOZO_BAD_HANDLE);
    }
}

TEST("operations refuse a capability of another type")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t notification = make(KOZO_TYPE_NOTIFICATION);
    CHECK(raw(KOZO_OP_NOTIFICATION_SIGNAL, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_ENDPOINT_TRY_RECV, notification) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_REPLY_REPLY, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_THREAD_RESUME, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_SCHED_CONTEXT_UNBIND, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_POOL_INFO, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_ADDRESS_SPACE_INFO, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_FRAME_ADDRESS, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_MAPPING_INFO, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_IRQ_CONTROL_CLAIM, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_IRQ_HANDLER_ACKNOWLEDGE, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_IO_PORT_READ, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_SCHED_CONTROL_CONFIGURE, endpoint) == KOZO_BAD_TYPE);
    CHECK(raw(KOZO_OP_UNTYPED_INFO, endpoint) == KOZO_BAD_TYPE);
}

TEST("a system call keeps every register that it does not return")
{
    uint64_t changed = 0;
    __asm__ volatile("mov $0x1111, %%rbx\n\t"
                     "mov $0x2222, %%r12\n\t"
                     "mov $0x3333, %%r15\n\t"
                     "xor %%eax, %%eax\n\t"
                     "syscall\n\t"
                     "xor $0x1111, %%rbx\n\t"
                     "xor $0x2222, %%r12\n\t"
                     "xor $0x3333, %%r15\n\t"
                     "or %%r12, %%rbx\n\t"
                     "or %%r15, %%rbx\n\t"
                     "or %%rax, %%rbx\n\t"
                     "mov %%rbx, %0"
                     : "=&r"(changed)
                     :
                     : "rax", "rbx", "rcx", "r11", "r12", "r15", "memory", "cc");
    CHECK(changed == 0);
}

TEST("a hundred thousand random system calls end in an error or do no harm")
{
    // Object numbers and handles that lead to nothing that this test needs; no waiting operations.
    uint64_t seed = 12345;
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    for (int i = 0; i < 100'000; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        uint64_t operation = 0xa0 + (seed >> 33) % 0x60;
        struct kozo_registers registers = {
            .handle = (seed >> 20) % 3 == 0 ? endpoint : seed,
            .a0 = seed >> 3,
            .a1 = seed << 7,
            .a2 = ~seed,
            .a3 = seed >> 50,
        };
        (void)kozo_syscall_9(numbered(operation), &registers);
    }
    CHECK(type_in(endpoint) == KOZO_TYPE_ENDPOINT);
}
