// SPDX-License-Identifier: MIT
// An Untyped is carved from its start upwards, in the largest pieces that alignment allows, until
// the address that is wanted is in one.
#include "physical.h"

#include <kozo/stubs.h>

#include "init.h"

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

void physical_start(struct physical *physical, struct init *init)
{
    *physical = (struct physical){
        .init = init,
        .next_address = init->home.window,
    };
}

static const struct physical_piece *find_piece(const struct physical *physical, uint64_t address)
{
    for (size_t i = 0; i < physical->pieces; i++) {
        const struct physical_piece *piece = &physical->piece[i];
        if (address >= piece->base && address - piece->base < piece->size) {
            return piece;
        }
    }
    return nullptr;
}

// log2 of the largest Frame that may start at `base` within `size` bytes.
static unsigned frame_order(uint64_t base, uint64_t size)
{
    constexpr unsigned LARGEST = 40;
    unsigned order = 63u - (unsigned)__builtin_clzl(size);
    if (base != 0 && (unsigned)__builtin_ctzl(base) < order) {
        order = (unsigned)__builtin_ctzl(base);
    }
    return order < LARGEST ? order : LARGEST;
}

// Carves the next piece of an Untyped.
static bool carve(struct physical *physical, size_t number)
{
    const struct kozo_boot_untyped *untyped = &physical->init->boot->untyped[number];
    uint64_t base = untyped->base + physical->carved[number];
    uint64_t left = untyped->size - physical->carved[number];
    if (physical->pieces == PHYSICAL_PIECES || left < PAGE || base % PAGE != 0) {
        return false;
    }
    unsigned order = frame_order(base, left);
    uint64_t slot = kozo_slots_take(&physical->init->slots, 1);
    if (slot == 0) {
        return false;
    }
    if (kozo_untyped_retype((struct kozo_untyped){untyped->handle}, KOZO_TYPE_FRAME, order,
                            (struct kozo_slot){slot}, 1) != KOZO_OK) {
        kozo_slots_give(&physical->init->slots, slot, 1);
        return false;
    }
    physical->piece[physical->pieces++] =
        (struct physical_piece){.base = base, .size = 1ul << order, .slot = slot};
    physical->carved[number] += 1ul << order;
    return true;
}

static const struct physical_piece *reach(struct physical *physical, uint64_t address)
{
    const struct kozo_boot_info *boot = physical->init->boot;
    const struct physical_piece *piece = find_piece(physical, address);
    for (size_t i = 0; piece == nullptr && i < boot->untyped_count; i++) {
        const struct kozo_boot_untyped *untyped = &boot->untyped[i];
        if (untyped->device == 0 || address < untyped->base ||
            address - untyped->base >= untyped->size) {
            continue;
        }
        while (piece == nullptr && carve(physical, i)) {
            piece = find_piece(physical, address);
        }
        return piece;
    }
    return piece;
}

static bool map_part(struct physical *physical, const struct physical_piece *piece,
                     uint64_t address, uint64_t length, bool write)
{
    uint64_t slot = kozo_slots_take(&physical->init->slots, 1);
    if (slot == 0) {
        return false;
    }
    uint64_t rights = write ? KOZO_RIGHT_READ | KOZO_RIGHT_WRITE : KOZO_RIGHT_READ;
    if (physical->mappings == PHYSICAL_MAPPINGS ||
        kozo_home_map(&physical->init->home, (struct kozo_frame){piece->slot},
                      (struct kozo_slot){slot}, physical->next_address, address - piece->base,
                      length, rights) != KOZO_OK) {
        kozo_slots_give(&physical->init->slots, slot, 1);
        return false;
    }
    physical->mapping[physical->mappings++] = slot;
    physical->next_address += length;
    return true;
}

void *physical_look(struct physical *physical, uint64_t address, size_t size, bool write)
{
    uint64_t at = address & ~(PAGE - 1);
    uint64_t end = (address + size + PAGE - 1) & ~(PAGE - 1);
    uint64_t window = physical->next_address;
    if (end < address) {
        return nullptr;
    }
    while (at < end) {
        const struct physical_piece *piece = reach(physical, at);
        if (piece == nullptr) {
            return nullptr;
        }
        uint64_t left = piece->base + piece->size - at;
        uint64_t length = end - at < left ? end - at : left;
        if (!map_part(physical, piece, at, length, write)) {
            return nullptr;
        }
        at += length;
    }
    return (uint8_t *)window + (address & (PAGE - 1));
}

void physical_forget(struct physical *physical)
{
    struct kozo_slots *slots = &physical->init->slots;
    for (size_t i = 0; i < physical->mappings; i++) {
        (void)kozo_cnode_delete((struct kozo_slot){physical->mapping[i]});
        kozo_slots_give(slots, physical->mapping[i], 1);
    }
    physical->mappings = 0;
    physical->next_address = physical->init->home.window;
}

const struct physical_piece *physical_reach(struct physical *physical, uint64_t address,
                                            uint64_t size)
{
    const struct physical_piece *piece = reach(physical, address);
    bool holds = piece != nullptr && size <= piece->base + piece->size - address;
    return holds ? piece : nullptr;
}

void physical_take_back(struct physical *physical)
{
    for (size_t i = 0; i < physical->pieces; i++) {
        (void)kozo_cnode_revoke((struct kozo_slot){physical->piece[i].slot});
    }
}
