// SPDX-License-Identifier: MIT
#include "object/frame.h"

#include "cap/lookup.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/mapping.h"
#include "object/thread.h"
#include "syscall/call.h"

static bool is_page_multiple(uint64_t number)
{
    return number % ARCH_PAGE_SIZE == 0;
}

// What map was given.
struct map {
    struct slot *mapping; // the slot to fill
    struct address_space *space;
    uint64_t address, offset, length;
    uint64_t rights;
};

static inline enum kozo_error map_check(const struct slot *frame, const struct map *map)
{
    constexpr uint64_t all = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
    constexpr uint64_t write_execute = KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;

    if (!is_page_multiple(map->address | map->offset | map->length) || map->length == 0) {
        return KOZO_BAD_ARGUMENT;
    }
    if (map->offset >= frame->size || map->length > frame->size - map->offset) {
        return KOZO_BAD_ARGUMENT;
    }
    if (map->address >= ARCH_USER_END || map->length > ARCH_USER_END - map->address) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((map->rights & ~all) != 0 || (map->rights & write_execute) == write_execute) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((map->rights & ~(uint64_t)frame->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    return map->space->root == 0 ? KOZO_BAD_STATE : KOZO_OK;
}

// Whether the Pool has what may be missing; nothing is where the table is there already.
static inline bool map_has_tables(const struct slot *frame, const struct map *map)
{
    uint64_t shift = map->address - (frame->base + map->offset);

    return map->length <= address_space_near(map->space, map->address) || map->rights == 0 ||
           tables_suffice(map->space, map->address, map->address + map->length, shift, true);
}

[[gnu::always_inline]] static inline enum kozo_error map_decode(struct call *call, struct map *map)
{
    const uint64_t *argument = call->argument;
    struct lookup space =
        lookup_typed_near(call->caller, argument[1], KOZO_TYPE_ADDRESS_SPACE, KOZO_RIGHT_CONTROL);
    if (space.error != KOZO_OK) {
        return space.error;
    }
    map->space = link_known(space.slot->object);
    map->address = argument[2];
    map->offset = argument[3];
    map->length = argument[4];
    map->rights = mapping_rights(argument[5]);
    enum kozo_error error = map_check(call->slot, map);
    if (error != KOZO_OK) {
        return error;
    }
    struct lookup slot = lookup_free(call->caller, argument[0]);
    if (slot.error != KOZO_OK) {
        return slot.error;
    }
    map->mapping = slot.slot;
    return map_has_tables(call->slot, map) ? KOZO_OK : KOZO_NO_MEMORY;
}

enum kozo_error frame_map_call(struct call *call)
{
    struct map map;
    enum kozo_error error = map_decode(call, &map);
    if (error != KOZO_OK) {
        return error;
    }

    struct slot *mapping = map.mapping;
    const struct slot content = {
        .type = KOZO_TYPE_MAPPING,
        .flags = call->slot->flags & SLOT_DEVICE,
        .rights = (uint16_t)map.rights,
    };
    mapping->head = content.head;
    mapping->value = map.address;
    mapping->base = call->slot->base + map.offset;
    mapping->size = map.length;
    slot_join(mapping, mapping, call->slot);
    address_space_mapping_add(map.space, mapping);
    bool filled = false;
    if (map.length == ARCH_PAGE_SIZE && map.rights != 0) {
        [[clang::always_inline]] filled =
            mapping_fill_page(call->cpu, mapping, 0, (unsigned)map.rights);
    }
    if (filled) {
        return KOZO_OK;
    }
    uint64_t done = mapping_fill(call->cpu, mapping, 0, map.length, (unsigned)map.rights);
    if (done == map.length) {
        return KOZO_OK;
    }
    // The Mapping exists: the call starts again as one that fills the rest of it.
    call->caller->registers.operation = KOZO_OP_MAPPING_SET;
    call->caller->registers.handle = call->argument[0];
    call->argument[0] = done;
    call->argument[1] = map.length - done;
    call->argument[2] = map.rights;
    return call_again(call);
}

// A page takes some 200 instructions at most.
constexpr unsigned CACHE_STEPS = 20;

// Does something to caches for a part of the Frame, page by page. What isn't ordinary memory is not cached.
static enum kozo_error frame_cache(struct call *call,
                                   void (*act)(physical_t address, uint64_t size))
{
    const struct slot *frame = call->slot;
    uint64_t *offset = &call->argument[0];
    uint64_t *length = &call->argument[1];

    if (!is_page_multiple(*offset) || !is_page_multiple(*length) || *offset > frame->size ||
        *length > frame->size - *offset) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((frame->flags & SLOT_DEVICE) != 0) {
        return KOZO_OK;
    }
    while (*length > 0) {
        act(frame->base + *offset, ARCH_PAGE_SIZE);
        *offset += ARCH_PAGE_SIZE;
        *length -= ARCH_PAGE_SIZE;
        call->cpu->work += CACHE_STEPS;
        if (cpu_work_is_due(call->cpu) && *length > 0) {
            return call_again(call);
        }
    }
    return KOZO_OK;
}

enum kozo_error frame_clean_call(struct call *call)
{
    return frame_cache(call, arch_cache_clean);
}

enum kozo_error frame_invalidate_call(struct call *call)
{
    return frame_cache(call, arch_cache_invalidate);
}

enum kozo_error frame_unify_call(struct call *call)
{
    return frame_cache(call, arch_cache_unify);
}

enum kozo_error frame_address_call(struct call *call)
{
    call->argument[0] = call->slot->base;
    call->argument[1] = call->slot->size;
    return KOZO_OK;
}
