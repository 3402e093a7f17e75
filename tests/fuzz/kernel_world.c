// SPDX-License-Identifier: MIT
#include "kernel_world.h"

#include <stdio.h>
#include <stdlib.h>

constexpr unsigned SLOTS = WORLD_SLOTS;
constexpr unsigned LONGEST_REVOKE = 100'000;

static struct snapshot start;
static bool started;
static bool trace;

void test_failed(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void kernel_world_begin(void)
{
    if (started) {
        snapshot_restore(&start);
        host_work_limit = 1'000;
        return;
    }
    explore_begin(1);
    snapshot_take(&start);
    started = true;
    trace = getenv("KOZO_TRACE") != nullptr;
}

// --- Values -------------------------------------------------------------------------------------

// The number-th slot of the current thread's CNode, counted around, that holds this type.
static uint64_t slot_with(enum kozo_object_type type, unsigned number)
{
    const struct slot *root = &world_current()->cspace;
    uint64_t found[SLOTS];
    unsigned count = 0;

    if (root->type != KOZO_TYPE_CNODE) {
        return number % SLOTS;
    }
    const struct cnode *cnode = cnode_of(root);
    for (uint64_t i = 1; i < cnode_slots(cnode) && i < SLOTS; i++) {
        if ((&cnode->slot[0] + i)->type == type) {
            found[count++] = i;
        }
    }
    return count == 0 ? number % SLOTS : found[number % count];
}

static uint64_t well_known(unsigned number)
{
    const uint64_t values[] = {
        0,
        PAGE,
        2 * PAGE,
        3 * PAGE,
        7 * PAGE,
        PAGE - 1,
        PAGE + 1,
        ARCH_USER_END,
        ARCH_USER_END - PAGE,
        ARCH_USER_END - 1,
        ARCH_PHYSICAL_END,
        0x0000800000000000,
        UINT64_MAX,
        UINT64_MAX - 1,
        INT64_MAX,
        (uint64_t)INT64_MAX + 1,
        UINT32_MAX,
        (uint64_t)UINT32_MAX + 1,
        (uint64_t)1 << 32 | 1,
        host.now,
        host.now + 100,
        host.now - 1,
        100,
        200,
        1'000,
        10'000,
        1'000'000,
        KOZO_PRIORITIES,
        KOZO_PRIORITIES - 1,
        WORLD_PRIORITY,
        WORLD_PRIORITY - 1,
        WORLD_PRIORITY + 1,
        512,
        1024,
        4096,
        256,
        255,
        0x3f,
        HOST_RAM,
        HOST_RAM + HOST_IMAGE,
    };

    return values[number % (sizeof(values) / sizeof(values[0]))];
}

uint64_t kernel_world_value(struct input *input, enum kozo_object_type type)
{
    uint8_t how = input_byte(input);

    if (how < 0x40) {
        return how;
    }
    if (how < 0x80) {
        return type == KOZO_TYPE_NONE ? well_known(how) : slot_with(type, how);
    }
    if (how < 0xa0) {
        return slot_with((enum kozo_object_type)(how - 0x80), input_byte(input));
    }
    if (how < 0xb0) {
        return slot_with(KOZO_TYPE_NONE, how);
    }
    if (how < 0xc8) {
        return well_known(input_byte(input));
    }
    if (how < 0xd8) {
        // A path that goes on in another CNode.
        uint64_t first = slot_with(KOZO_TYPE_CNODE, how);
        return first | (uint64_t)input_byte(input) << WORLD_CNODE_BITS;
    }
    if (how < 0xe8) {
        uint8_t length = input_byte(input);
        return info_word(how & 3, length, how >> 2 & 3);
    }
    if (how < 0xf4) {
        return (how - 0xe8u) * PAGE;
    }
    return input_number(input, 8);
}

void kernel_world_fill_buffer(struct input *input)
{
    struct kozo_ipc_buffer *buffer = thread_buffer(world_current());

    if (buffer == nullptr) {
        return;
    }
    for (unsigned i = 0; i < KOZO_MESSAGE_CAPS; i++) {
        buffer->caps[i] = kernel_world_value(input, KOZO_TYPE_NONE);
    }
    buffer->receive_slot = kernel_world_value(input, KOZO_TYPE_NONE);
    buffer->receive_count = kernel_world_value(input, KOZO_TYPE_NONE);
    buffer->words[0] = input_number(input, 2);
}

// --- Steps --------------------------------------------------------------------------------------

void kernel_world_step(const struct step *step)
{
    if (trace) {
        (void)fprintf(stderr, "%p %s\n", (void *)world_current(), explore_describe(step));
    }
    explore_step(step);
}

// Makes a call, undisturbed, to its end.
static unsigned call(uint64_t operation, uint64_t handle)
{
    return world_call(operation, handle, (const uint64_t[9]){});
}

void kernel_world_end(void)
{
    struct slot *memory = world_slot(AT_MEMORY);
    const struct thread *thread = world_current();

    // Somebody has to be there who can still name the memory.
    if (thread == nullptr || explore_must_go_on() || thread->cspace.type != KOZO_TYPE_CNODE ||
        cnode_of(&thread->cspace) != (struct cnode *)(world_slot(0)) ||
        (thread->cspace.rights & KOZO_RIGHT_WRITE) == 0 || memory->type != KOZO_TYPE_UNTYPED ||
        memory->base >= HOST_RAM) {
        return;
    }
    host_work_limit = LONGEST_REVOKE;
    if (call(KOZO_OP_CNODE_REVOKE, AT_MEMORY) != KOZO_OK) {
        return;
    }
    if (memory->type == KOZO_TYPE_UNTYPED && (memory->child != 0 || memory->value != 0)) {
        test_failed(__FILE__, __LINE__, "memory that was revoked is still in use");
    }
}
