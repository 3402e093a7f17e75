// SPDX-License-Identifier: MIT
#include "object/pool.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "lib/memory.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/thread.h"
#include "object/untyped.h"
#include "syscall/call.h"

constexpr uint64_t PAGE = (uint64_t)1 << ARCH_PAGE_BITS;

// Where the first whole page of a donor begins, as an offset, and how many whole pages it has.
static uint64_t donor_start(const struct slot *donor)
{
    return (PAGE - donor->base % PAGE) % PAGE;
}

static uint64_t donor_pages(const struct slot *donor)
{
    uint64_t start = donor_start(donor);

    return donor->size > start ? (donor->size - start) / PAGE : 0;
}

void pool_space_left(struct pool *pool)
{
    pool->space_count--;
    if (pool->spaces != 0) {
        return;
    }
    pool->free = 0;
    pool->taken = 0;
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        pool->donor[i].value = 0;
    }
}

// Takes one address space off the Pool at a time. False when it has to go on later.
static bool pool_clear(struct cpu *cpu, struct pool *pool)
{
    while (pool->spaces != 0) {
        if (!address_space_abandon(cpu, link_target(pool->spaces)) || cpu_work_is_due(cpu)) {
            return false;
        }
    }
    return true;
}

bool pool_reap(struct cpu *cpu, struct object *object)
{
    struct pool *pool = (struct pool *)object;

    if (!pool_clear(cpu, pool)) {
        return false;
    }
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        if (!slot_delete(cpu, &pool->donor[i])) {
            return false;
        }
    }
    return true;
}

bool pool_let_go(struct cpu *cpu, const struct slot *slot)
{
    uint64_t offset = arch_physical(slot) & (((uint64_t)1 << POOL_BITS) - 1);
    struct pool *pool = arch_window(arch_physical(slot) - offset);

    if (!pool_clear(cpu, pool)) {
        return false;
    }
    pool->donated -= donor_pages(slot);
    return true;
}

physical_t pool_take(struct pool *pool)
{
    pool->taken++;
    if (pool->free != 0) {
        physical_t page = pool->free;
        physical_t *first_word = arch_window(page);
        pool->free = *first_word;
        *first_word = 0;
        return page;
    }
    struct slot *donor = pool->donor;
    while (donor->value >= donor_pages(donor) * PAGE) {
        donor++;
    }
    physical_t page = donor->base + donor_start(donor) + donor->value;
    donor->value += PAGE;
    memory_zero(arch_window(page), PAGE);
    return page;
}

void pool_give(struct pool *pool, physical_t page)
{
    physical_t *first_word = arch_window(page);

    *first_word = pool->free;
    pool->free = page;
    pool->taken--;
}

enum kozo_error pool_donate(struct pool *pool, struct slot *untyped)
{
    if (donor_pages(untyped) == 0) {
        return KOZO_BAD_ARGUMENT;
    }
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        if (pool->donor[i].type == KOZO_TYPE_NONE) {
            slot_move(untyped, &pool->donor[i], SLOT_IN_POOL);
            pool->donated += donor_pages(&pool->donor[i]);
            return KOZO_OK;
        }
    }
    return KOZO_BAD_STATE;
}

enum kozo_error pool_donate_call(struct call *call)
{
    struct lookup found = untyped_unused(call->caller, call->argument[0]);

    return found.error == KOZO_OK ? pool_donate(pool_of(call->slot), found.slot) : found.error;
}

enum kozo_error pool_attach_call(struct call *call)
{
    struct pool *pool = pool_of(call->slot);
    struct lookup space =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_ADDRESS_SPACE, KOZO_RIGHT_CONTROL);

    if (space.error != KOZO_OK) {
        return space.error;
    }
    if (address_space_of(space.slot)->pool != 0) {
        return KOZO_BAD_STATE;
    }
    if (pool_available(pool) == 0) {
        return KOZO_NO_MEMORY;
    }

    address_space_attach(address_space_of(space.slot), pool);
    return KOZO_OK;
}

enum kozo_error pool_trim_call(struct call *call)
{
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_ADDRESS_SPACE, KOZO_RIGHT_CONTROL);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct address_space *space = address_space_of(found.slot);
    if (space->pool != call->slot->object || space->root == 0) {
        return KOZO_BAD_STATE;
    }

    return tables_trim(call->cpu, space, &call->argument[1]) ? KOZO_OK : call_again(call);
}

enum kozo_error pool_info_call(struct call *call)
{
    const struct pool *pool = pool_of(call->slot);

    call->argument[0] = pool->donated;
    call->argument[1] = pool->taken;
    call->argument[2] = pool_available(pool);
    call->argument[3] = pool->space_count;
    return KOZO_OK;
}
