// SPDX-License-Identifier: MIT
#include "world.h"

#include <string.h>

static void *look(void *context, uint32_t page)
{
    struct world *world = context;
    return world->page[page];
}

static uint32_t grow(void *context)
{
    struct world *world = context;
    if (world->grown == WORLD_PAGES) {
        return 0;
    }
    // Memory is dirty at first.
    memset(world->page[world->grown], 0xa5, sizeof world->page[0] * WORLD_PIECE);
    world->grown += WORLD_PIECE;
    return WORLD_PIECE;
}

static enum kozo_error show(void *context, size_t client, uint32_t page, uint64_t address,
                            uint64_t rights, uint32_t slot)
{
    struct world *world = context;
    if (world->refusals > 0) {
        world->refusals--;
        return KOZO_NO_MEMORY;
    }
    if (world->view[slot].live) {
        return KOZO_SLOT_TAKEN;
    }
    world->view[slot] = (struct world_view){
        .live = true, .client = client, .page = page, .address = address, .rights = rights};
    return KOZO_OK;
}

static void hide(void *context, uint32_t slot)
{
    struct world *world = context;
    world->view[slot].live = false;
}

void world_start(struct world *world)
{
    static const struct vmm_operations operations = {
        .store = {.look = look, .grow = grow}, .show = show, .hide = hide};
    world->grown = 0;
    world->refusals = 0;
    world->faults = 0;
    memset(world->view, 0, sizeof world->view);
    vmm_start(&world->vmm, &operations, world);
}

static const struct world_view *find_view(const struct world *world, size_t client,
                                          uint64_t address)
{
    for (size_t i = 0; i < VMM_SLOTS; i++) {
        const struct world_view *view = &world->view[i];
        if (view->live && view->client == client && address >= view->address &&
            address - view->address < STORE_PAGE_SIZE) {
            return view;
        }
    }
    return nullptr;
}

struct world_touch world_touch(struct world *world, size_t client, uint64_t address,
                               uint64_t access)
{
    const struct world_view *view = find_view(world, client, address);
    if (view == nullptr || (view->rights & access) != access) {
        world->faults++;
        enum kozo_error error = vmm_fault(&world->vmm, client, address, access);
        if (error != KOZO_OK) {
            return (struct world_touch){.error = error};
        }
        view = find_view(world, client, address);
    }
    if (view == nullptr || (view->rights & access) != access) {
        return (struct world_touch){.error = KOZO_BAD_STATE}; // it would fault for ever
    }
    return (struct world_touch){
        .word = &world->page[view->page][(address - view->address) / sizeof(uint32_t)]};
}

// --- Invariants ---------------------------------------------------------------------------------

// Counts the uses of each page by a client's objects; gives how many different pages those are.
static uint64_t count_contents(const struct vmm_client *client, uint32_t uses[STORE_PAGES])
{
    uint64_t pages = 0;
    for (size_t i = 0; i < VMM_OBJECTS; i++) {
        const struct vmm_object *object = &client->object[i];
        if (!object->live) {
            continue;
        }
        uint64_t index = tree_next(&client->account, object->content, 0);
        for (; index < TREE_LENGTH;
             index = tree_next(&client->account, object->content, index + 1)) {
            uint32_t page = tree_get(&client->account, object->content, index) - 1;
            pages += uses[page]++ == 0 ? 1 : 0;
        }
    }
    return pages;
}

static uint64_t count_tables(const struct vmm *vmm, const struct vmm_client *client,
                             uint32_t uses[STORE_PAGES])
{
    uint64_t pages = 0;
    for (uint32_t page = client->account.tables; page != STORE_NONE;
         page = vmm->store.page[page].next) {
        uses[page] = vmm->store.page[page].uses;
        pages++;
    }
    return pages;
}

static const char *check_pages(const struct vmm *vmm)
{
    uint32_t uses[STORE_PAGES] = {};
    uint64_t used = 0;
    for (size_t i = 0; i < VMM_CLIENTS; i++) {
        const struct vmm_client *client = &vmm->client[i];
        if (!client->live) {
            continue;
        }
        uint64_t pages = count_contents(client, uses) + count_tables(vmm, client, uses);
        if (pages != client->account.used) {
            return "a client is charged for other pages than it has";
        }
        if (pages > client->account.limit) {
            return "a client has more than its limit";
        }
        used += pages;
    }
    for (uint32_t page = 0; page < vmm->store.count; page++) {
        if (uses[page] != vmm->store.page[page].uses) {
            return "a page is used another number of times than it says";
        }
    }
    return used + vmm->store.free == vmm->store.count ? nullptr
                                                      : "pages are lost or come from nowhere";
}

// What a client sees at a place is what a region of it has there.
static bool is_right(const struct vmm *vmm, const struct world_view *view, uint32_t slot)
{
    const struct vmm_client *client = &vmm->client[view->client];
    for (size_t i = 0; i < VMM_REGIONS; i++) {
        const struct vmm_region *region = &client->region[i];
        uint64_t index = (view->address - region->address) / STORE_PAGE_SIZE;
        if (!region->live || view->address < region->address || index >= region->pages) {
            continue;
        }
        const struct vmm_object *object = &client->object[region->object];
        uint32_t page = tree_get(&client->account, object->content, region->first + index);
        bool shared = vmm->store.page[view->page].uses > 1;
        return client->live && object->live && page == view->page + 1 &&
               tree_get(&client->account, region->shown, index) == slot + 1 &&
               (view->rights & ~region->rights) == 0 &&
               !(shared && (view->rights & KOZO_RIGHT_WRITE) != 0);
    }
    return false;
}

const char *world_check(const struct world *world)
{
    uint64_t seen[VMM_CLIENTS] = {};
    uint32_t live = 0;
    for (uint32_t slot = 0; slot < VMM_SLOTS; slot++) {
        const struct world_view *view = &world->view[slot];
        if (view->live && !is_right(&world->vmm, view, slot)) {
            return "a client sees what no region of it shows";
        }
        live += view->live ? 1 : 0;
        seen[view->client] += view->live ? 1 : 0;
    }
    for (size_t i = 0; i < VMM_CLIENTS; i++) {
        if (world->vmm.client[i].live && world->vmm.client[i].seen != seen[i]) {
            return "a client is said to see another number of pages";
        }
    }
    for (uint32_t slot = world->vmm.first_slot; slot < VMM_SLOTS;
         slot = world->vmm.next_slot[slot]) {
        live++;
    }
    return live == VMM_SLOTS ? check_pages(&world->vmm) : "slots are lost";
}
