// SPDX-License-Identifier: MIT
#include "object/mapping.h"

#include "mem/flush.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/pool.h"
#include "syscall/call.h"

// Pages that count as one step of a long operation.
constexpr unsigned PAGES_A_STEP = 4;

bool mapping_has_tables(const struct address_space *space, uint64_t address, uint64_t end)
{
    return tables_missing(space->root, address, end) <= pool_available(link_target(space->pool));
}

// The part of a range that one level-0 table covers.
static uint64_t chunk_length(uint64_t address, uint64_t length)
{
    uint64_t rest = table_span(1) - address % table_span(1);

    return length < rest ? length : rest;
}

static void note(struct cpu *cpu, const struct slot *mapping, uint64_t offset)
{
    flush_note(cpu, address_space_of(mapping)->root, mapping->value + offset, ARCH_PAGE_SIZE);
}

static void fill_entry(struct cpu *cpu, const struct slot *mapping, arch_entry_t *entry,
                       uint64_t offset, unsigned rights)
{
    arch_entry_t old = *entry;
    bool device = (mapping->flags & SLOT_DEVICE) != 0;

    *entry = arch_entry_leaf(mapping->base + offset, 0, rights, device);
    if (arch_entry_present(old)) {
        note(cpu, mapping, offset);
    }
}

static void clear_entry(struct cpu *cpu, const struct slot *mapping, arch_entry_t *entry,
                        uint64_t offset)
{
    bool same = arch_entry_present(*entry) &&
                arch_entry_address(*entry, 0) == mapping->base + offset &&
                (arch_entry_rights(*entry) & ~(unsigned)mapping->rights) == 0;

    if (same) {
        *entry = 0;
        note(cpu, mapping, offset);
    }
}

// Fills or clears within one level-0 table. Gives the bytes done.
static uint64_t fill_chunk(struct cpu *cpu, const struct slot *mapping, arch_entry_t *entry,
                           uint64_t offset, uint64_t length, unsigned rights)
{
    uint64_t done = 0;

    while (done < length) {
        if (rights != 0) {
            fill_entry(cpu, mapping, entry, offset + done, rights);
        } else {
            clear_entry(cpu, mapping, entry, offset + done);
        }
        entry++;
        done += ARCH_PAGE_SIZE;
        if (done / ARCH_PAGE_SIZE % PAGES_A_STEP == 0 && cpu_work_is_due(cpu)) {
            break;
        }
    }
    return done;
}

uint64_t mapping_fill(struct cpu *cpu, const struct slot *mapping, uint64_t offset, uint64_t length,
                      unsigned rights)
{
    struct address_space *space = address_space_of(mapping);
    uint64_t done = 0;

    while (done < length) {
        uint64_t address = mapping->value + offset + done;
        uint64_t chunk = chunk_length(address, length - done);
        arch_entry_t *entry =
            rights != 0 ? table_make(space, address) : table_find(space->root, address);
        uint64_t filled = chunk;
        if (entry != nullptr) {
            filled = fill_chunk(cpu, mapping, entry, offset + done, chunk, rights);
        }
        done += filled;
        if (filled < chunk || cpu_work_is_due(cpu)) {
            break;
        }
    }
    return done;
}

bool mapping_clear(struct cpu *cpu, struct slot *mapping)
{
    struct address_space *space = address_space_of(mapping);
    if (space == nullptr) {
        return true;
    }
    if (space->root != 0) {
        uint64_t done = mapping_fill(cpu, mapping, 0, mapping->size, 0);
        mapping->value += done;
        mapping->base += done;
        mapping->size -= done;
        if (mapping->size > 0) {
            return false;
        }
    }
    address_space_mapping_drop(space, mapping);
    return true;
}

static bool is_part(const struct slot *mapping, uint64_t offset, uint64_t length)
{
    return offset % ARCH_PAGE_SIZE == 0 && length % ARCH_PAGE_SIZE == 0 && length != 0 &&
           offset < mapping->size && length <= mapping->size - offset;
}

enum kozo_error mapping_set_call(struct call *call)
{
    const struct slot *mapping = call->slot;
    uint64_t offset = call->argument[0];
    uint64_t length = call->argument[1];
    uint64_t rights = mapping_rights(call->argument[2]);
    const struct address_space *space = address_space_of(mapping);

    if (!is_part(mapping, offset, length)) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)mapping->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (space == nullptr || space->root == 0) {
        return KOZO_BAD_STATE;
    }
    uint64_t start = mapping->value + offset;
    if (rights != 0 && !mapping_has_tables(space, start, start + length)) {
        return KOZO_NO_MEMORY;
    }

    uint64_t done = mapping_fill(call->cpu, mapping, offset, length, (unsigned)rights);
    if (done == length) {
        return KOZO_OK;
    }
    call->argument[0] = offset + done;
    call->argument[1] = length - done;
    return call_again(call);
}

enum kozo_error mapping_info_call(struct call *call)
{
    call->argument[0] = call->slot->value;
    call->argument[1] = call->slot->size;
    call->argument[2] = call->slot->rights;
    return KOZO_OK;
}
