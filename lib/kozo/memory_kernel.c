// SPDX-License-Identifier: MIT
// The allocator's two questions to the kernel.
#include <kozo/memory.h>
#include <kozo/stubs.h>

static bool split(uint64_t untyped, unsigned order, uint64_t first, size_t count)
{
    return kozo_untyped_retype((struct kozo_untyped){untyped}, KOZO_TYPE_UNTYPED, order,
                               (struct kozo_slot){first}, count) == KOZO_OK;
}

// Deleting an Untyped of one's own can't fail: its slot is there, and its CNode can be written.
static void drop(uint64_t slot)
{
    (void)kozo_cnode_delete((struct kozo_slot){slot});
}

const struct kozo_memory_operations kozo_memory_kernel = {.split = split, .drop = drop};
