// SPDX-License-Identifier: MIT
#include "vmm.h"

#include <string.h>

constexpr uint64_t PAGE = STORE_PAGE_SIZE;
constexpr uint64_t READ = KOZO_RIGHT_READ;
constexpr uint64_t WRITE = KOZO_RIGHT_WRITE;
constexpr uint64_t EXECUTE = KOZO_RIGHT_EXECUTE;

void vmm_start(struct vmm *vmm, const struct vmm_operations *operations, void *context)
{
    vmm->operations = operations;
    vmm->context = context;
    store_start(&vmm->store, &operations->store, context);
    for (uint32_t i = 0; i < VMM_SLOTS; i++) {
        vmm->next_slot[i] = i + 1;
    }
    vmm->first_slot = 0;
    memset(vmm->client, 0, sizeof vmm->client);
}

static struct vmm_client *find_client(struct vmm *vmm, size_t client)
{
    bool live = client < VMM_CLIENTS && vmm->client[client].live;
    return live ? &vmm->client[client] : nullptr;
}

static struct vmm_object *find_object(struct vmm_client *client, uint64_t object)
{
    bool live = object >= 1 && object <= VMM_OBJECTS && client->object[object - 1].live;
    return live ? &client->object[object - 1] : nullptr;
}

static size_t number_of(const struct vmm *vmm, const struct vmm_client *client)
{
    return (size_t)(client - vmm->client);
}

// --- What is shown ------------------------------------------------------------------------------

static uint32_t slot_take(struct vmm *vmm)
{
    uint32_t slot = vmm->first_slot;
    if (slot < VMM_SLOTS) {
        vmm->first_slot = vmm->next_slot[slot];
    }
    return slot;
}

static void slot_give(struct vmm *vmm, uint32_t slot)
{
    vmm->next_slot[slot] = vmm->first_slot;
    vmm->first_slot = slot;
}

static void hide(struct vmm *vmm, struct vmm_client *client, struct vmm_region *region,
                 uint64_t index)
{
    uint32_t slot = tree_get(&client->account, region->shown, index);
    if (slot == 0) {
        return;
    }
    vmm->operations->hide(vmm->context, slot - 1);
    slot_give(vmm, slot - 1);
    client->seen--;
    (void)tree_set(&client->account, &region->shown, index, 0);
}

// Shows a page that is hidden just now. Nobody sees more pages than it may use.
static enum kozo_error show(struct vmm *vmm, struct vmm_client *client, struct vmm_region *region,
                            uint64_t index, uint32_t page)
{
    bool shared = vmm->store.page[page].uses > 1;
    uint64_t rights = shared ? region->rights & ~WRITE : region->rights;
    if (client->seen == client->account.limit) {
        return KOZO_NO_MEMORY;
    }
    uint32_t slot = slot_take(vmm);
    if (slot == VMM_SLOTS) {
        return KOZO_NO_MEMORY;
    }
    enum kozo_error error = KOZO_NO_MEMORY;
    if (tree_set(&client->account, &region->shown, index, slot + 1)) {
        error = vmm->operations->show(vmm->context, number_of(vmm, client), page,
                                      region->address + index * PAGE, rights, slot);
    }
    if (error != KOZO_OK) {
        (void)tree_set(&client->account, &region->shown, index, 0);
        slot_give(vmm, slot);
        return error;
    }
    client->seen++;
    return KOZO_OK;
}

static void end_region(struct vmm *vmm, struct vmm_client *client, struct vmm_region *region)
{
    uint64_t index = tree_next(&client->account, region->shown, 0);
    while (index < TREE_LENGTH) {
        hide(vmm, client, region, index);
        index = tree_next(&client->account, region->shown, index + 1);
    }
    tree_end(&client->account, &region->shown);
    region->live = false;
}

static bool shows(const struct vmm_region *region, uint32_t object, uint64_t index)
{
    return region->live && region->object == object && index >= region->first &&
           index - region->first < region->pages;
}

// Hides a page of an object wherever it is shown.
static void hide_everywhere(struct vmm *vmm, struct vmm_client *client, uint32_t object,
                            uint64_t index)
{
    for (uint32_t i = 0; i < VMM_REGIONS; i++) {
        struct vmm_region *region = &client->region[i];
        if (shows(region, object, index)) {
            hide(vmm, client, region, index - region->first);
        }
    }
}

// --- Contents -----------------------------------------------------------------------------------

// The page of an object, a new one of zeros if there is none. STORE_NONE: no memory.
static uint32_t page_at(struct vmm_client *client, struct vmm_object *object, uint64_t index)
{
    uint32_t there = tree_get(&client->account, object->content, index);
    if (there != 0) {
        return there - 1;
    }
    uint32_t page = account_take(&client->account);
    if (page != STORE_NONE && !tree_set(&client->account, &object->content, index, page + 1)) {
        account_give(&client->account, page);
        page = STORE_NONE;
    }
    return page;
}

// The page of an object, shared with no copy. What is shown of the one before is hidden.
static uint32_t own_page_at(struct vmm *vmm, struct vmm_client *client, uint32_t number,
                            uint64_t index)
{
    struct vmm_object *object = &client->object[number];
    uint32_t page = page_at(client, object, index);
    if (page == STORE_NONE || vmm->store.page[page].uses == 1) {
        return page;
    }
    uint32_t own = account_take(&client->account);
    if (own == STORE_NONE) {
        return STORE_NONE;
    }
    memcpy(store_look(&vmm->store, own), store_look(&vmm->store, page), PAGE);
    hide_everywhere(vmm, client, number, index);
    (void)tree_set(&client->account, &object->content, index, own + 1); // it is set already
    account_give(&client->account, page);
    return own;
}

static void end_object(struct vmm *vmm, struct vmm_client *client, uint32_t number)
{
    struct vmm_object *object = &client->object[number];
    for (uint32_t i = 0; i < VMM_REGIONS; i++) {
        if (client->region[i].live && client->region[i].object == number) {
            end_region(vmm, client, &client->region[i]);
        }
    }
    uint64_t index = tree_next(&client->account, object->content, 0);
    while (index < TREE_LENGTH) {
        account_give(&client->account, tree_get(&client->account, object->content, index) - 1);
        index = tree_next(&client->account, object->content, index + 1);
    }
    tree_end(&client->account, &object->content);
    object->live = false;
}

// --- Clients ------------------------------------------------------------------------------------

void vmm_come(struct vmm *vmm, size_t client, uint64_t limit)
{
    vmm->client[client] = (struct vmm_client){.live = true};
    account_start(&vmm->client[client].account, &vmm->store, limit);
}

void vmm_leave(struct vmm *vmm, size_t number)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return;
    }
    for (uint32_t i = 0; i < VMM_OBJECTS; i++) {
        if (client->object[i].live) {
            end_object(vmm, client, i);
        }
    }
    client->live = false;
}

struct vmm_info vmm_info(const struct vmm *vmm, size_t number)
{
    const struct vmm_client *client = &vmm->client[number];
    struct vmm_info info = {.limit = client->account.limit, .used = client->account.used};
    for (uint32_t i = 0; i < VMM_OBJECTS; i++) {
        info.objects += client->object[i].live ? 1 : 0;
    }
    for (uint32_t i = 0; i < VMM_REGIONS; i++) {
        info.regions += client->region[i].live ? 1 : 0;
    }
    return info;
}

// --- Objects ------------------------------------------------------------------------------------

static struct vmm_made refused(enum kozo_error error)
{
    return (struct vmm_made){.error = error};
}

static struct vmm_made new_object(struct vmm_client *client, uint64_t pages)
{
    for (uint32_t i = 0; i < VMM_OBJECTS; i++) {
        if (!client->object[i].live) {
            client->object[i] = (struct vmm_object){.live = true, .pages = pages};
            return (struct vmm_made){.object = i + 1};
        }
    }
    return refused(KOZO_NO_MEMORY);
}

struct vmm_made vmm_create(struct vmm *vmm, size_t number, uint64_t size)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return refused(KOZO_BAD_STATE);
    }
    if (size == 0 || size % PAGE != 0 || size / PAGE > TREE_LENGTH) {
        return refused(KOZO_BAD_ARGUMENT);
    }
    return new_object(client, size / PAGE);
}

enum kozo_error vmm_destroy(struct vmm *vmm, size_t number, uint64_t object)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return KOZO_BAD_STATE;
    }
    if (find_object(client, object) == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    end_object(vmm, client, (uint32_t)object - 1);
    return KOZO_OK;
}

// Lets a copy share the page at an index. Whoever may write the origin has to ask again.
static bool share(struct vmm *vmm, struct vmm_client *client, uint32_t from, uint32_t to,
                  uint64_t index)
{
    uint32_t page = tree_get(&client->account, client->object[from].content, index) - 1;
    if (!tree_set(&client->account, &client->object[to].content, index, page + 1)) {
        return false;
    }
    vmm->store.page[page].uses++;
    hide_everywhere(vmm, client, from, index);
    return true;
}

struct vmm_made vmm_copy(struct vmm *vmm, size_t number, uint64_t object)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return refused(KOZO_BAD_STATE);
    }
    const struct vmm_object *origin = find_object(client, object);
    if (origin == nullptr) {
        return refused(KOZO_BAD_HANDLE);
    }
    struct vmm_made made = new_object(client, origin->pages);
    if (made.error != KOZO_OK) {
        return made;
    }
    uint32_t from = (uint32_t)object - 1;
    uint32_t to = (uint32_t)made.object - 1;
    uint64_t index = tree_next(&client->account, origin->content, 0);
    while (index < TREE_LENGTH) {
        if (!share(vmm, client, from, to, index)) {
            end_object(vmm, client, to);
            return refused(KOZO_NO_MEMORY);
        }
        index = tree_next(&client->account, origin->content, index + 1);
    }
    return made;
}

// --- Regions ------------------------------------------------------------------------------------

static bool is_part(const struct vmm_object *object, uint64_t offset, uint64_t length)
{
    uint64_t size = object->pages * PAGE;
    return offset % PAGE == 0 && length % PAGE == 0 && length > 0 && offset <= size &&
           length <= size - offset;
}

static bool is_place(const struct vmm_view *view)
{
    return view->address % PAGE == 0 && view->length <= VMM_ADDRESSES &&
           view->address <= VMM_ADDRESSES - view->length;
}

static bool are_rights(uint64_t rights)
{
    return (rights & READ) != 0 && (rights & ~(READ | WRITE | EXECUTE)) == 0 &&
           (rights & (WRITE | EXECUTE)) != (WRITE | EXECUTE);
}

static bool overlaps(const struct vmm_region *region, const struct vmm_view *view)
{
    return region->live && region->address < view->address + view->length &&
           view->address < region->address + region->pages * PAGE;
}

enum kozo_error vmm_map(struct vmm *vmm, size_t number, const struct vmm_view *view)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return KOZO_BAD_STATE;
    }
    const struct vmm_object *object = find_object(client, view->object);
    if (object == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    if (!is_part(object, view->offset, view->length) || !is_place(view) ||
        !are_rights(view->rights)) {
        return KOZO_BAD_ARGUMENT;
    }
    struct vmm_region *free = nullptr;
    for (uint32_t i = 0; i < VMM_REGIONS; i++) {
        struct vmm_region *region = &client->region[i];
        if (overlaps(region, view)) {
            return KOZO_SLOT_TAKEN;
        }
        free = region->live || free != nullptr ? free : region;
    }
    if (free == nullptr) {
        return KOZO_NO_MEMORY;
    }
    *free = (struct vmm_region){
        .live = true,
        .object = (uint32_t)view->object - 1,
        .first = view->offset / PAGE,
        .pages = view->length / PAGE,
        .address = view->address,
        .rights = view->rights,
    };
    return KOZO_OK;
}

static struct vmm_region *find_region(struct vmm_client *client, uint64_t address)
{
    for (uint32_t i = 0; i < VMM_REGIONS; i++) {
        struct vmm_region *region = &client->region[i];
        if (region->live && address >= region->address &&
            address - region->address < region->pages * PAGE) {
            return region;
        }
    }
    return nullptr;
}

enum kozo_error vmm_unmap(struct vmm *vmm, size_t number, uint64_t address)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return KOZO_BAD_STATE;
    }
    struct vmm_region *region = find_region(client, address);
    if (region == nullptr || region->address != address) {
        return KOZO_BAD_ARGUMENT;
    }
    end_region(vmm, client, region);
    return KOZO_OK;
}

// --- Touching -----------------------------------------------------------------------------------

// Shows a page of a region anew, with the rights that it may be seen with by now.
static enum kozo_error show_anew(struct vmm *vmm, struct vmm_client *client,
                                 struct vmm_region *region, uint64_t index, uint32_t page)
{
    hide(vmm, client, region, index);
    return show(vmm, client, region, index, page);
}

enum kozo_error vmm_fault(struct vmm *vmm, size_t number, uint64_t address, uint64_t access)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return KOZO_BAD_STATE;
    }
    struct vmm_region *region = find_region(client, address);
    if (region == nullptr || access == 0 || (access & ~region->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    uint64_t index = (address - region->address) / PAGE;
    uint64_t in_object = region->first + index;
    uint32_t page = (access & WRITE) != 0
                        ? own_page_at(vmm, client, region->object, in_object)
                        : page_at(client, &client->object[region->object], in_object);
    return page == STORE_NONE ? KOZO_NO_MEMORY : show_anew(vmm, client, region, index, page);
}

static enum kozo_error commit_page(struct vmm *vmm, struct vmm_client *client, uint32_t object,
                                   uint64_t index)
{
    uint32_t page = own_page_at(vmm, client, object, index);
    enum kozo_error error = page == STORE_NONE ? KOZO_NO_MEMORY : KOZO_OK;
    for (uint32_t i = 0; error == KOZO_OK && i < VMM_REGIONS; i++) {
        struct vmm_region *region = &client->region[i];
        if (shows(region, object, index)) {
            error = show_anew(vmm, client, region, index - region->first, page);
        }
    }
    return error;
}

enum kozo_error vmm_commit(struct vmm *vmm, size_t number, uint64_t object, uint64_t offset,
                           uint64_t length)
{
    struct vmm_client *client = find_client(vmm, number);
    if (client == nullptr) {
        return KOZO_BAD_STATE;
    }
    const struct vmm_object *found = find_object(client, object);
    if (found == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    if (!is_part(found, offset, length)) {
        return KOZO_BAD_ARGUMENT;
    }
    enum kozo_error error = KOZO_OK;
    for (uint64_t at = offset; error == KOZO_OK && at < offset + length; at += PAGE) {
        error = commit_page(vmm, client, (uint32_t)object - 1, at / PAGE);
    }
    return error;
}
