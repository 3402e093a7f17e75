// SPDX-License-Identifier: MIT
#include "side.h"

#include <kozo/stubs.h>
#include <kozo/thread_block.h>

constexpr uint64_t BUDGET = 10'000; // microseconds
constexpr uint64_t TABLES = 16;     // log2 of the bytes for its page tables
constexpr uint64_t BUFFER_AND_STACK = 16;
constexpr uint64_t STACK_SIZE = (1ul << BUFFER_AND_STACK) - KOZO_PAGE_SIZE;
constexpr uint32_t READ_WRITE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

// From the linker: first byte of the image, first after its code, first after all of it.
extern const char __ehdr_start[];
extern const char etext[];
extern const char end[];

uint64_t side_slot(void)
{
    static uint64_t used;

    return kozo_process_info()->free_slot + used++;
}

uint64_t side_object(enum kozo_object_type type, uint64_t size)
{
    struct kozo_untyped memory = {kozo_granted("memory")};
    struct kozo_slot slot = {side_slot()};

    return kozo_untyped_retype(memory, type, size, slot, 1) == KOZO_OK ? slot.handle : 0;
}

uint64_t side_priority(void)
{
    return kozo_thread_info((struct kozo_thread){kozo_granted("self.thread")}).priority;
}

struct kozo_sched_control side_time(unsigned processor)
{
    char name[] = "time.0";

    if (processor == 0) {
        return (struct kozo_sched_control){kozo_granted("time")};
    }
    name[sizeof name - 2] = (char)('0' + processor);
    return (struct kozo_sched_control){kozo_granted(name)};
}

static bool map(uint64_t frame, struct kozo_address_space space, uint64_t address, uint64_t offset,
                uint64_t length, uint32_t rights)
{
    struct kozo_slot mapping = {side_slot()};

    return kozo_frame_map((struct kozo_frame){frame}, mapping, space, address, offset, length,
                          rights) == KOZO_OK;
}

// The image lies at the start of the program's own Frame, in order.
static bool map_image(struct kozo_address_space space)
{
    constexpr uint64_t mask = KOZO_PAGE_SIZE - 1;
    uint64_t frame = kozo_granted("self.frame");
    uint64_t first = (uint64_t)__ehdr_start;
    uint64_t code = (((uint64_t)etext + mask) & ~mask) - first;
    uint64_t all = (((uint64_t)end + mask) & ~mask) - first;

    return map(frame, space, first, 0, code, KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE) &&
           map(frame, space, first + code, code, all - code, READ_WRITE);
}

// The first page holds the IPC buffer and what the library keeps for the thread, the others the stack.
static bool map_own(struct kozo_address_space space, uint64_t frame)
{
    struct kozo_address_space here = {kozo_granted("self.space")};

    if (!map(frame, here, KOZO_PROCESS_FREE, 0, KOZO_PAGE_SIZE, READ_WRITE)) {
        return false;
    }
    struct kozo_thread_block *block =
        (struct kozo_thread_block *)(KOZO_PROCESS_FREE + KOZO_THREAD_BLOCK);
    *block = (struct kozo_thread_block){
        .self = (struct kozo_thread_block *)(KOZO_PROCESS_BUFFER + KOZO_THREAD_BLOCK),
        .buffer = (struct kozo_ipc_buffer *)KOZO_PROCESS_BUFFER,
    };
    return kozo_cnode_revoke((struct kozo_slot){frame}) == KOZO_OK &&
           map(frame, space, KOZO_PROCESS_BUFFER, 0, KOZO_PAGE_SIZE, READ_WRITE) &&
           map(frame, space, KOZO_PROCESS_STACK_TOP - STACK_SIZE, KOZO_PAGE_SIZE, STACK_SIZE,
               READ_WRITE);
}

bool side_make(struct side *side, unsigned processor, struct kozo_endpoint faults)
{
    struct kozo_address_space space = {side_object(KOZO_TYPE_ADDRESS_SPACE, 0)};
    struct kozo_frame frame = {side_object(KOZO_TYPE_FRAME, BUFFER_AND_STACK)};
    struct kozo_pool pool = {side_object(KOZO_TYPE_POOL, 0)};
    struct kozo_untyped tables = {side_object(KOZO_TYPE_UNTYPED, TABLES)};
    struct kozo_cnode cnode = {kozo_granted("self.cnode")};

    side->thread.handle = side_object(KOZO_TYPE_THREAD, 0);
    side->context.handle = side_object(KOZO_TYPE_SCHED_CONTEXT, 0);
    return kozo_pool_donate(pool, tables) == KOZO_OK && kozo_pool_attach(pool, space) == KOZO_OK &&
           map_image(space) && map_own(space, frame.handle) &&
           kozo_thread_configure(side->thread, cnode, space, frame, 0, faults) == KOZO_OK &&
           kozo_thread_set_priority(side->thread, side_priority()) == KOZO_OK &&
           kozo_sched_control_configure(side_time(processor), side->context, BUDGET, 0) == KOZO_OK;
}

bool side_start(const struct side *side, side_run *run, uint64_t argument)
{
    constexpr uint64_t pushed = 8; // as if it had been called

    (void)kozo_thread_suspend(side->thread);
    (void)kozo_sched_context_unbind(side->context);
    return kozo_thread_write_registers(side->thread, (uint64_t)run, KOZO_PROCESS_STACK_TOP - pushed,
                                       argument, KOZO_PROCESS_BUFFER,
                                       KOZO_PROCESS_BUFFER + KOZO_THREAD_BLOCK) == KOZO_OK &&
           kozo_sched_context_bind(side->context, side->thread) == KOZO_OK &&
           kozo_thread_resume(side->thread) == KOZO_OK;
}
