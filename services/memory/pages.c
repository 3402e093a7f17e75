// SPDX-License-Identifier: MIT
#include "pages.h"

#include <kozo/memory.h>
#include <kozo/process_info.h>
#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <kozo/start.h>

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;
constexpr unsigned CHUNK_ORDER = 18; // log2 of the bytes
constexpr uint32_t CHUNK_PAGES = (1U << CHUNK_ORDER) / STORE_PAGE_SIZE;
constexpr size_t CHUNKS = STORE_PAGES / CHUNK_PAGES;
constexpr unsigned SEEN_BITS = 12;               // of the CNode of Mappings
static_assert(1U << SEEN_BITS == VMM_SLOTS + 1); // its slot 0 is its own
constexpr unsigned SLOT_ORDER = 6;               // log2 of KOZO_SLOT_SIZE
constexpr size_t OWN_SLOTS = 1024;               // at most, of this process's CNode
constexpr unsigned TABLES_ORDER = 14;            // of what a client's Pool is given at a time
constexpr uint64_t TABLES_PAGES = (1UL << TABLES_ORDER) / STORE_PAGE_SIZE;
constexpr size_t TABLES_MOST = 64; // such pieces of a client

// Pieces that the Pool of a client was made of.
struct tables {
    size_t count;
    struct kozo_taken piece[TABLES_MOST];
};

static struct {
    struct vmm *vmm;
    struct kozo_slots slots;
    struct kozo_memory memory;
    uint64_t cnode_bits; // of its own CNode
    uint64_t seen;       // handle of the CNode of Mappings
    size_t chunks;
    uint64_t chunk[CHUNKS]; // Frames
    struct tables tables[VMM_CLIENTS];
    uint64_t slot_words[OWN_SLOTS / 64];
} pages;

static uint64_t seen_slot(uint32_t slot)
{
    return pages.seen | ((uint64_t)slot + 1) << pages.cnode_bits;
}

static void *look(void *context, uint32_t page)
{
    (void)context;
    return (void *)(KOZO_PROCESS_SUPPLY + (uint64_t)page * PAGE);
}

// A chunk comes from init, seen at its place, and its Frame with it.
static uint32_t grow(void *context)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    uint64_t address = KOZO_PROCESS_SUPPLY + (pages.chunks << CHUNK_ORDER);
    uint64_t slot = kozo_slots_take(&pages.slots, 1);
    (void)context;
    if (pages.chunks == CHUNKS || slot == 0 ||
        kozo_supply_take(parent, address, 1UL << CHUNK_ORDER) != KOZO_OK) {
        if (slot != 0) {
            kozo_slots_give(&pages.slots, slot, 1);
        }
        return 0;
    }
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = slot;
    buffer->receive_count = 1;
    enum kozo_error error = kozo_supply_frame(parent, address);
    buffer->receive_slot = 0;
    buffer->receive_count = 0;
    if (error != KOZO_OK) {
        (void)kozo_supply_give(parent, address);
        kozo_slots_give(&pages.slots, slot, 1);
        return 0;
    }
    pages.chunk[pages.chunks++] = slot;
    return CHUNK_PAGES;
}

// --- Page tables of clients ---------------------------------------------------------------------

static struct kozo_pool pool_of(size_t client)
{
    return (struct kozo_pool){KOZO_PROCESS_PAGED_SLOT + 2 * client + 1};
}

// Puts a child of the piece into the client's Pool: the piece itself stays here, so that it can be
// had back.
static enum kozo_error donate(size_t client, struct kozo_taken taken)
{
    uint64_t slot = kozo_slots_take(&pages.slots, 1);
    if (slot == 0) {
        return KOZO_NO_MEMORY;
    }
    enum kozo_error error =
        kozo_untyped_retype((struct kozo_untyped){taken.slot}, KOZO_TYPE_UNTYPED, TABLES_ORDER,
                            (struct kozo_slot){slot}, 1);
    if (error == KOZO_OK) {
        error = kozo_pool_donate(pool_of(client), (struct kozo_untyped){slot});
    }
    // The Pool has it now; what it did not take goes.
    (void)kozo_cnode_delete((struct kozo_slot){slot});
    kozo_slots_give(&pages.slots, slot, 1);
    return error;
}

static enum kozo_error feed(size_t client)
{
    struct tables *tables = &pages.tables[client];
    struct account *account = &pages.vmm->client[client].account;
    if (tables->count == TABLES_MOST || !account_charge(account, TABLES_PAGES)) {
        return KOZO_NO_MEMORY;
    }
    struct kozo_taken taken = kozo_memory_take(&pages.memory, TABLES_ORDER);
    enum kozo_error error = taken.slot == 0 ? KOZO_NO_MEMORY : donate(client, taken);
    if (error == KOZO_OK) {
        tables->piece[tables->count++] = taken;
        return KOZO_OK;
    }
    if (taken.slot != 0) {
        kozo_memory_give(&pages.memory, taken.piece);
    }
    account_discharge(account, TABLES_PAGES);
    return error;
}

void pages_leave(size_t client)
{
    struct tables *tables = &pages.tables[client];
    for (size_t i = 0; i < tables->count; i++) {
        (void)kozo_cnode_revoke((struct kozo_slot){tables->piece[i].slot});
        kozo_memory_give(&pages.memory, tables->piece[i].piece);
    }
    tables->count = 0;
}

// --- What clients see ---------------------------------------------------------------------------

static enum kozo_error map(size_t client, uint32_t page, uint64_t address, uint64_t rights,
                           uint32_t slot)
{
    struct kozo_address_space space = {KOZO_PROCESS_PAGED_SLOT + 2 * client};
    return kozo_frame_map((struct kozo_frame){pages.chunk[page / CHUNK_PAGES]},
                          (struct kozo_slot){seen_slot(slot)}, space, address,
                          page % CHUNK_PAGES * PAGE, PAGE, kozo_rights(rights));
}

static enum kozo_error show(void *context, size_t client, uint32_t page, uint64_t address,
                            uint64_t rights, uint32_t slot)
{
    (void)context;
    enum kozo_error error = map(client, page, address, rights, slot);
    if (error == KOZO_NO_MEMORY) {
        error = feed(client);
        error = error == KOZO_OK ? map(client, page, address, rights, slot) : error;
    }
    return error;
}

static void hide(void *context, uint32_t slot)
{
    (void)context;
    (void)kozo_cnode_delete((struct kozo_slot){seen_slot(slot)});
}

// --- Start --------------------------------------------------------------------------------------

static bool make_seen(void)
{
    uint64_t slot = kozo_slots_take(&pages.slots, 1);
    struct kozo_taken taken = kozo_memory_take(&pages.memory, SEEN_BITS + SLOT_ORDER);
    pages.seen = slot;
    return slot != 0 && taken.slot != 0 &&
           kozo_untyped_retype((struct kozo_untyped){taken.slot}, KOZO_TYPE_CNODE, SEEN_BITS,
                               (struct kozo_slot){slot}, 1) == KOZO_OK;
}

const char *pages_start(struct vmm *vmm)
{
    static const struct vmm_operations operations = {
        .store = {.look = look, .grow = grow}, .show = show, .hide = hide};
    const struct kozo_process_info *info = kozo_process_info();
    uint64_t memory = kozo_granted("memory");
    struct kozo_cnode_inspect_result granted = kozo_cnode_inspect((struct kozo_slot){memory});
    size_t slots = 1UL << info->cnode_bits;
    pages.vmm = vmm;
    kozo_slots_start(&pages.slots, pages.slot_words, KOZO_PROCESS_PAGED_END,
                     slots < OWN_SLOTS ? slots : OWN_SLOTS);
    kozo_memory_start(&pages.memory, &pages.slots, &kozo_memory_kernel);
    pages.cnode_bits = info->cnode_bits;
    if (memory == 0 || granted.error != KOZO_OK ||
        kozo_memory_add(&pages.memory, memory, 0, granted.value) == 0) {
        return "it was given no memory";
    }
    if (!make_seen()) {
        return "it was given too little memory";
    }
    vmm_start(vmm, &operations, nullptr);
    return nullptr;
}
