// SPDX-License-Identifier: MIT
#include "state.h"

#include <string.h>

#include "object/address_space.h"
#include "object/cnode.h"
#include "object/pool.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "worlds.h"

void state_save(struct state *state)
{
    memcpy(state->ram, host_ram, sizeof(state->ram));
    memcpy(state->kernel, &kernel, sizeof(state->kernel));
    memcpy(state->interrupt, kernel.interrupt, sizeof(state->interrupt));
    memcpy(&state->cpu, &kernel.cpu[0], sizeof(state->cpu));
    memcpy(state->masked, host.masked, sizeof(state->masked));
    state->now = host.now;
    state->deadline = host.deadline;
}

void state_restore(const struct state *state)
{
    memcpy(host_ram, state->ram, sizeof(state->ram));
    memcpy(&kernel, state->kernel, sizeof(state->kernel));
    memcpy(kernel.interrupt, state->interrupt, sizeof(state->interrupt));
    memcpy(&kernel.cpu[0], &state->cpu, sizeof(state->cpu));
    memcpy(host.masked, state->masked, sizeof(state->masked));
    host.now = state->now;
    host.deadline = state->deadline;
}

// All of it is copied as a whole, so that bytes between members are the same, too.
static bool is_same(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size) == 0;
}

// --- Walking the tree ---------------------------------------------------------------------------

void walk_begin(struct walk *walk)
{
    walk->depth = 0;
    walk->at = 0;
    walk->left = UNITS;
    if (kernel.root.child != 0) {
        walk->stack[walk->depth++] = link_to(&kernel.root);
    }
}

const struct slot *walk_next(struct walk *walk)
{
    if (walk->left-- == 0) {
        return nullptr;
    }
    if (walk->at == 0) {
        if (walk->depth == 0) {
            return nullptr;
        }
        walk->parent = walk->stack[--walk->depth];
        walk->first = slot_at(walk->parent)->child;
        walk->at = walk->first;
    }
    const struct slot *slot = slot_at(walk->at);
    if (slot->child != 0 && walk->depth < UNITS) {
        walk->stack[walk->depth++] = walk->at;
    }
    walk->at = slot->next == walk->first ? 0 : slot->next;
    return slot;
}

// --- Comparing ----------------------------------------------------------------------------------

// Which table of a space was found last has no effect (invariant A4): it is put back to what it was.
static void put_back_near(const struct state *state)
{
    const struct slot *slot;
    struct walk walk;

    walk_begin(&walk);
    while ((slot = walk_next(&walk)) != nullptr) {
        if (slot->type == KOZO_TYPE_ADDRESS_SPACE) {
            struct address_space *space = address_space_of(slot);
            struct address_space before;
            memcpy(&before, state->ram + arch_physical(space), sizeof(before));
            space->near = before.near;
            space->near_end = before.near_end;
        }
    }
}

bool state_is(const struct state *state, struct thread *caller)
{
    if (caller != nullptr) {
        uint64_t offset = arch_physical(&caller->registers);
        memcpy(&caller->registers, state->ram + offset, sizeof(caller->registers));
    }
    put_back_near(state);
    return memcmp(state->ram, host_ram, sizeof(state->ram)) == 0 &&
           memcmp(state->kernel, &kernel, sizeof(state->kernel)) == 0 && state->now == host.now &&
           memcmp(state->interrupt, kernel.interrupt, sizeof(state->interrupt)) == 0 &&
           is_same(&state->cpu, &kernel.cpu[0], sizeof(state->cpu)) &&
           memcmp(state->masked, host.masked, sizeof(state->masked)) == 0;
}

// --- The hash -----------------------------------------------------------------------------------

typedef unsigned _BitInt(128) wide;

static uint64_t fold(uint64_t left, uint64_t right)
{
    wide product = (wide)left * right;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void mix(struct hash *hash, uint64_t word)
{
    hash->low = fold(hash->low ^ word, UINT64_C(0x9e3779b97f4a7c15));
    hash->high = fold((hash->high << 1 | hash->high >> 63) + word, UINT64_C(0xd6e8feb86659fd93));
}

static void mix_words(struct hash *hash, const void *memory, uint64_t size)
{
    const uint64_t *word = memory;

    for (uint64_t i = 0; i < size / sizeof(*word); i++) {
        mix(hash, word[i]);
    }
}

bool thread_is_pending(const struct thread *thread)
{
    return thread->registers.instruction == CALL_AT && !thread->foreign;
}

static void mix_thread(struct hash *hash, const struct thread *thread)
{
    struct thread copy = *thread;
    bool sends = thread->state == SENDING;

    bool tells = thread->faulted && thread->fault.kind == KOZO_FAULT_SYSCALL;

    copy.user_time = 0;
    copy.registers.back = 0;
    if (thread_is_pending(thread) || (sends && tells)) {
        copy.registers.stack = 0;
    } else if (sends && !thread->faulted) {
        copy.registers = (struct arch_registers){.instruction = thread->registers.instruction};
        copy.registers.argument[0] = thread->registers.argument[0];
        uint64_t length = thread->registers.argument[0] & 0xff;
        for (unsigned i = 0; i < length && i < KOZO_REGISTER_WORDS; i++) {
            copy.registers.argument[2 + i] = thread->registers.argument[2 + i];
        }
    } else {
        copy.registers = (struct arch_registers){.instruction = thread->registers.instruction};
    }
    if (!sends) {
        copy.badge = 0;
        copy.calls = false;
    }
    if (!thread->faulted || tells) {
        copy.fault = (struct fault){.kind = tells ? KOZO_FAULT_SYSCALL : 0};
    }
    mix_words(hash, &copy, sizeof(copy));
}

static void mix_context(struct hash *hash, const struct sched_context *context)
{
    struct sched_context copy = *context;

    copy.left = 0;
    copy.consumed = 0;
    copy.until = 0;
    copy.audit_since = 0;
    copy.audit_made = 0;
    mix_words(hash, &copy, sizeof(copy));
}

static void mix_space(struct hash *hash, const struct address_space *space)
{
    constexpr unsigned entries = 1 << ARCH_TABLE_BITS;

    // Which table was found last has no effect: invariant A4.
    struct address_space copy = *space;
    address_space_forget(&copy);
    mix_words(hash, &copy, sizeof(copy));
    if (space->root == 0) {
        return;
    }
    const arch_entry_t *root = arch_window(space->root);
    mix_words(hash, root, entries * sizeof(*root));
    for (unsigned i = 0; i < entries; i++) {
        if (arch_entry_is_table(root[i], 1)) {
            mix_words(hash, arch_window(arch_entry_address(root[i], 1)), entries * sizeof(*root));
        }
    }
}

static void mix_pool(struct hash *hash, const struct pool *pool)
{
    mix_words(hash, pool, sizeof(*pool));
    for (physical_t page = pool->free; page != 0; page = *(physical_t *)arch_window(page)) {
        mix(hash, page);
    }
}

static void mix_object(struct hash *hash, const struct object *object)
{
    const struct object_header *header = &object->grave.header;

    mix(hash, arch_physical(object));
    switch (header->type) {
    case KOZO_TYPE_CNODE:
        mix_words(hash, object, (uint64_t)KOZO_SLOT_SIZE << header->bits);
        break;
    case KOZO_TYPE_THREAD:
        mix_thread(hash, (const struct thread *)object);
        break;
    case KOZO_TYPE_SCHED_CONTEXT:
        mix_context(hash, (const struct sched_context *)object);
        break;
    case KOZO_TYPE_ADDRESS_SPACE:
        mix_space(hash, (const struct address_space *)object);
        break;
    case KOZO_TYPE_POOL:
        mix_pool(hash, (const struct pool *)object);
        break;
    default:
        mix_words(hash, object, (uint64_t)1 << object_types[header->type].bits);
        break;
    }
}

static void mix_cpu(struct hash *hash)
{
    const struct cpu *cpu = &kernel.cpu[0];

    mix(hash, kernel.dying);
    mix(hash, kernel.root.child);
    mix(hash, link_to(cpu->current));
    mix(hash, cpu->context);
    mix(hash, cpu->arch.root);
    mix_words(hash, cpu->ready, sizeof(cpu->ready));
    for (unsigned i = 0; i < CPU_PRIORITY_WORDS; i++) {
        for (uint64_t left = cpu->ready[i]; left != 0; left &= left - 1) {
            mix_words(hash, &cpu->queue[i * 64 + (unsigned)__builtin_ctzll(left)],
                      sizeof(cpu->queue[0]));
        }
    }
}

static void mix_buffers(struct hash *hash)
{
    for (unsigned i = 0; i < WORLD_BUFFERS && world_buffer[i] != 0; i++) {
        mix_words(hash, arch_window(world_buffer[i]), sizeof(struct kozo_ipc_buffer));
    }
}

// Objects in the order of their addresses, so that the order of the tree counts through its links
// only.
struct hash state_hash(void)
{
    struct hash hash = {UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)};
    uint64_t here[UNITS / 64 + 1] = {};
    struct walk walk;
    const struct slot *slot;

    walk_begin(&walk);
    while ((slot = walk_next(&walk)) != nullptr) {
        if (object_types[slot->type].has_object) {
            here[slot->object / 64] |= (uint64_t)1 << slot->object % 64;
        }
    }
    for (unsigned i = 0; i < UNITS / 64; i++) {
        for (uint64_t left = here[i]; left != 0; left &= left - 1) {
            mix_object(&hash, link_target(i * 64 + (link_t)__builtin_ctzll(left)));
        }
    }
    mix_cpu(&hash);
    mix_buffers(&hash);
    mix(&hash, host.now);
    return hash;
}

bool state_is_halfway(void)
{
    struct walk walk;
    const struct slot *slot;

    if (kernel.dying != 0) {
        return true;
    }
    walk_begin(&walk);
    while ((slot = walk_next(&walk)) != nullptr) {
        if (slot->type == SLOT_REVOCATION) {
            return true;
        }
        if (slot->type == KOZO_TYPE_THREAD && thread_is_pending(link_target(slot->object))) {
            return true;
        }
    }
    return false;
}
