// SPDX-License-Identifier: MIT
#include "ram.h"

#include <kozo/abi.h>
#include <string.h>

#include "attributes.h"
#include "items.h"
#include "step.h"

// --- Checking -----------------------------------------------------------------------------------

// The node of a number; null when there is none.
static struct ram_node *find_node(struct ram *ram, uint64_t number)
{
    uint64_t page = number * RAM_UNIT / KOZO_PAGE_SIZE;
    bool aligned = number % (sizeof(struct ram_node) / RAM_UNIT) == 0;
    if (number > UINT32_MAX || !aligned || page >= ram->pages ||
        ram_page(ram, (uint32_t)page)->kind != RAM_PAGE_NODES) {
        return nullptr;
    }
    struct ram_node *node = ram_at(ram, (uint32_t)number);
    return node->kind != 0 ? node : nullptr;
}

struct found_node {
    enum kozo_error error;
    struct ram_node *node;
};

// The root has the number 1 outside, and its own reference inside.
static struct found_node get(struct ram *ram, uint64_t number)
{
    struct ram_node *node = find_node(ram, number == 1 ? ram->root : number);
    return (struct found_node){.error = node != nullptr ? KOZO_OK : KOZO_BAD_HANDLE, .node = node};
}

static struct found_node get_folder(struct ram *ram, uint64_t number)
{
    struct found_node found = get(ram, number);
    if (found.error == KOZO_OK && found.node->kind != KOZO_NODE_FOLDER) {
        found.error = KOZO_BAD_TYPE;
    }
    return found;
}

// A folder in which names may be made: one that has a name itself.
static struct found_node get_parent(struct ram *ram, uint64_t number)
{
    struct found_node found = get_folder(ram, number);
    if (found.error == KOZO_OK && found.node->links == 0) {
        found.error = KOZO_BAD_HANDLE;
    }
    return found;
}

static uint64_t number_of(const struct ram *ram, const struct ram_node *node)
{
    uint32_t reference = ram_reference(ram, node);
    return reference == ram->root ? 1 : reference;
}

uint64_t ram_root(const struct ram *ram)
{
    (void)ram;
    return 1;
}

// --- Looking ------------------------------------------------------------------------------------

void ram_pay(struct ram *ram, uint32_t account, uint32_t most)
{
    ram->payer = account;
    ram->most = most;
}

void ram_space(const struct ram *ram, struct volume_space *space)
{
    *space = (struct volume_space){
        .block = KOZO_PAGE_SIZE,
        .blocks = ram->pages - ram->tables,
        .free = ram->is_short != 0 ? ram->here_pages : ram->free_pages,
        .flags = KOZO_VOLUME_LASTING | KOZO_VOLUME_COUNTS,
    };
    if (ram->payer != 0) {
        uint64_t stored =
            ((uint64_t)ram->stored[ram->payer] * RAM_UNIT + KOZO_PAGE_SIZE - 1) / KOZO_PAGE_SIZE;
        uint64_t left = stored < ram->most ? ram->most - stored : 0;
        space->blocks = ram->most < space->blocks ? ram->most : space->blocks;
        space->free = left < space->free ? left : space->free;
    }
}

enum kozo_error ram_look(struct ram *ram, uint64_t folder, struct volume_text name, uint64_t *node,
                         uint32_t *kind)
{
    struct found_node parent = get_folder(ram, folder);
    if (parent.error != KOZO_OK) {
        return parent.error;
    }
    const struct ram_entry *entry = items_entry(ram, parent.node, name.bytes, name.length);
    if (entry == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    const struct ram_node *found = ram_at(ram, entry->node);
    *node = number_of(ram, found);
    *kind = found->kind;
    return KOZO_OK;
}

enum kozo_error ram_stat(struct ram *ram, uint64_t number, struct kozo_node_stat *stat)
{
    struct found_node found = get(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    const struct ram_node *node = found.node;
    bool folder = node->kind == KOZO_NODE_FOLDER;
    *stat = (struct kozo_node_stat){
        .node = number,
        .kind = node->kind,
        .mode = node->mode,
        .size = folder ? node->count : node->size,
        .blocks = folder ? 0 : (uint64_t)node->count * (KOZO_PAGE_SIZE / 512),
        .links = node->links,
        .user = node->user,
        .group = node->group,
        .accessed = node->accessed,
        .modified = node->modified,
        .changed = node->changed,
    };
    return KOZO_OK;
}

enum kozo_error ram_read(struct ram *ram, uint64_t number, uint64_t offset, uint8_t *bytes,
                         size_t length, size_t *done)
{
    struct found_node found = get(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    const struct ram_node *node = found.node;
    if (node->kind == KOZO_NODE_FOLDER) {
        return KOZO_BAD_TYPE;
    }
    uint64_t left = offset < node->size ? node->size - offset : 0;
    size_t most = length < left ? length : (size_t)left;
    for (*done = 0; *done < most;) {
        uint64_t at = offset + *done;
        size_t within = at % KOZO_PAGE_SIZE;
        size_t part = KOZO_PAGE_SIZE - within;
        part = part < most - *done ? part : most - *done;
        uint32_t page = items_page(ram, node, at / KOZO_PAGE_SIZE);
        if (page == 0) {
            memset(bytes + *done, 0, part);
        } else {
            memcpy(bytes + *done, ram_bytes(ram, page) + within, part);
        }
        *done += part;
    }
    return KOZO_OK;
}

// The first entry behind one that was listed before. When that one is gone, the folder is looked
// through from its start: who lists and removes in turns finds what is left there.
static uint32_t entry_behind(struct ram *ram, const struct ram_node *folder, uint64_t from)
{
    uint32_t reference = folder->first;
    if (from == 0) {
        return reference;
    }
    const struct ram_entry *last = items_entry_at(ram, (uint32_t)from);
    if (last != nullptr && last->owner == ram_reference(ram, folder) &&
        last->sequence == from >> 32) {
        return last->next;
    }
    while (reference != 0) {
        const struct ram_entry *entry = ram_at(ram, reference);
        if (entry->sequence > from >> 32) {
            break;
        }
        reference = entry->next;
    }
    return reference;
}

enum kozo_error ram_list(struct ram *ram, uint64_t number, uint64_t from,
                         struct volume_listing *listing)
{
    struct found_node found = get_folder(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    uint32_t reference = entry_behind(ram, found.node, from);
    while (reference != 0) {
        const struct ram_entry *entry = ram_at(ram, reference);
        const struct ram_node *node = ram_at(ram, entry->node);
        struct volume_text name = {.bytes = entry->name, .length = entry->length};
        uint64_t next = (uint64_t)entry->sequence << 32 | reference;
        if (!volume_list(listing, number_of(ram, node), next, node->kind, name)) {
            return listing->done > 0 ? KOZO_OK : KOZO_BAD_ARGUMENT;
        }
        reference = entry->next;
    }
    return KOZO_OK;
}

// --- Contents -----------------------------------------------------------------------------------

static void touch(struct ram *ram, struct ram_node *node, uint64_t now)
{
    ram_set_long(ram, &node->modified, now);
    ram_set_long(ram, &node->changed, now);
}

enum kozo_error ram_write(struct ram *ram, uint64_t number, uint64_t offset, const uint8_t *bytes,
                          size_t length, size_t *done, uint64_t now)
{
    struct found_node found = get(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct ram_node *node = found.node;
    if (node->kind != KOZO_NODE_FILE) {
        return KOZO_BAD_TYPE;
    }
    if (offset + length > (uint64_t)UINT32_MAX * KOZO_PAGE_SIZE) {
        return KOZO_NO_MEMORY;
    }
    for (*done = 0; *done < length;) {
        uint64_t at = offset + *done;
        size_t within = at % KOZO_PAGE_SIZE;
        size_t part = KOZO_PAGE_SIZE - within;
        part = part < length - *done ? part : length - *done;
        uint32_t page = items_page(ram, node, at / KOZO_PAGE_SIZE);
        if (page == 0) {
            page = items_add_page(ram, node, at / KOZO_PAGE_SIZE);
        }
        if (page == 0) {
            return *done > 0 ? KOZO_OK : KOZO_NO_MEMORY;
        }
        if (at + part > node->size) {
            ram_set_long(ram, &node->size, at + part);
        }
        touch(ram, node, now);
        ram_commit(ram);
        memcpy(ram_bytes(ram, page) + within, bytes + *done, part);
        *done += part;
    }
    return KOZO_OK;
}

// Each page goes in a step of its own: a file may have many.
static void cut(struct ram *ram, struct ram_node *node, uint64_t size)
{
    uint32_t page = items_page(ram, node, size / KOZO_PAGE_SIZE);
    size_t within = size % KOZO_PAGE_SIZE;
    if (within > 0 && page != 0) {
        memset(ram_bytes(ram, page) + within, 0, KOZO_PAGE_SIZE - within);
    }
    uint64_t keep = (size + KOZO_PAGE_SIZE - 1) / KOZO_PAGE_SIZE;
    for (page = node->first; page != 0;) {
        uint32_t next = ram_page(ram, page)->next;
        if (ram_page(ram, page)->index >= keep) {
            items_drop_page(ram, node, page);
            ram_commit(ram);
        }
        page = next;
    }
}

// Frees a node that has no name, in steps that may be cut off and gone on with.
static void release(struct ram *ram, struct ram_node *node)
{
    if (node->kind != KOZO_NODE_FOLDER) {
        cut(ram, node, 0);
    }
    attributes_drop_all(ram, node);
    items_drop_node(ram, node);
    ram_commit(ram);
}

enum kozo_error ram_change(struct ram *ram, uint64_t number, const struct kozo_node_stat *stat,
                           uint64_t what, uint64_t now)
{
    struct found_node found = get(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct ram_node *node = found.node;
    if ((what & KOZO_CHANGE_SIZE) != 0) {
        if (node->kind != KOZO_NODE_FILE) {
            return KOZO_BAD_TYPE;
        }
        if (stat->size > (uint64_t)UINT32_MAX * KOZO_PAGE_SIZE) {
            return KOZO_NO_MEMORY;
        }
        if (stat->size < node->size) {
            cut(ram, node, stat->size);
        }
        ram_set_long(ram, &node->size, stat->size);
        touch(ram, node, now);
    }
    if ((what & KOZO_CHANGE_MODE) != 0) {
        ram_set(ram, &node->mode, stat->mode);
    }
    if ((what & KOZO_CHANGE_OWNER) != 0) {
        ram_set(ram, &node->user, (uint32_t)stat->user);
        ram_set(ram, &node->group, (uint32_t)stat->group);
    }
    if ((what & KOZO_CHANGE_ACCESSED) != 0) {
        ram_set_long(ram, &node->accessed, stat->accessed);
    }
    if ((what & KOZO_CHANGE_MODIFIED) != 0) {
        ram_set_long(ram, &node->modified, stat->modified);
    }
    ram_set_long(ram, &node->changed, now);
    ram_commit(ram);
    return KOZO_OK;
}

// --- Extended attributes ------------------------------------------------------------------------

// Only files and folders have them.
static struct found_node get_owner(struct ram *ram, uint64_t number)
{
    struct found_node found = get(ram, number);
    if (found.error == KOZO_OK && found.node->kind == KOZO_NODE_LINK) {
        found.error = KOZO_BAD_TYPE;
    }
    return found;
}

enum kozo_error ram_attribute(struct ram *ram, uint64_t number, struct volume_text name,
                              uint8_t *bytes, size_t room, size_t *size)
{
    struct found_node found = get_owner(ram, number);
    return found.error == KOZO_OK ? attributes_read(ram, found.node, name, bytes, room, size)
                                  : found.error;
}

enum kozo_error ram_attributes(struct ram *ram, uint64_t number, uint8_t *bytes, size_t room,
                               size_t *size)
{
    struct found_node found = get_owner(ram, number);
    if (found.error == KOZO_OK) {
        *size = attributes_list(ram, found.node, bytes, room);
    }
    return found.error;
}

enum kozo_error ram_set_attribute(struct ram *ram, uint64_t number, struct volume_text name,
                                  struct volume_text value, uint64_t way, uint64_t now)
{
    struct found_node found = get_owner(ram, number);
    enum kozo_error error =
        found.error == KOZO_OK ? attributes_set(ram, found.node, name, value, way) : found.error;
    if (error != KOZO_OK) {
        ram_undo(ram);
        return error;
    }
    ram_set_long(ram, &found.node->changed, now);
    ram_commit(ram);
    return KOZO_OK;
}

enum kozo_error ram_remove_attribute(struct ram *ram, uint64_t number, struct volume_text name,
                                     uint64_t now)
{
    struct found_node found = get_owner(ram, number);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct ram_entry *attribute = items_attribute(ram, found.node, name.bytes, name.length);
    if (attribute == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    items_drop_attribute(ram, found.node, attribute);
    ram_set_long(ram, &found.node->changed, now);
    ram_commit(ram);
    return KOZO_OK;
}

// --- Names --------------------------------------------------------------------------------------

static void count_name(struct ram *ram, struct ram_node *node, uint32_t change)
{
    ram_set(ram, &node->links, node->links + change);
}

// A node loses a name. The last one makes it nameless: it lives until it is forgotten.
static void lose_name(struct ram *ram, struct ram_node *folder, struct ram_entry *entry,
                      uint64_t now)
{
    struct ram_node *node = ram_at(ram, entry->node);
    bool is_folder = node->kind == KOZO_NODE_FOLDER;
    items_drop_entry(ram, folder, entry);
    count_name(ram, node, is_folder ? -node->links : (uint32_t)-1);
    ram_set_long(ram, &node->changed, now);
    if (is_folder) {
        count_name(ram, folder, (uint32_t)-1);
    }
    if (node->links == 0) {
        items_add_nameless(ram, node);
    }
    touch(ram, folder, now);
}

// Puts the target of a link, which fits a page, into a new node.
static bool set_target(struct ram *ram, struct ram_node *node, struct volume_text target)
{
    uint32_t page = items_add_page(ram, node, 0);
    if (page != 0) {
        memcpy(ram_bytes(ram, page), target.bytes, target.length);
        ram_set_long(ram, &node->size, target.length);
    }
    return page != 0;
}

enum kozo_error ram_make(struct ram *ram, uint64_t folder, uint32_t kind, uint32_t mode,
                         struct volume_text name, struct volume_text target, uint64_t now,
                         uint64_t *number)
{
    struct found_node parent = get_parent(ram, folder);
    if (parent.error != KOZO_OK) {
        return parent.error;
    }
    if (items_entry(ram, parent.node, name.bytes, name.length) != nullptr) {
        return KOZO_SLOT_TAKEN;
    }
    struct ram_node *node = items_add_node(ram, kind, mode, now);
    if (node == nullptr || (kind == KOZO_NODE_LINK && !set_target(ram, node, target)) ||
        !items_add_entry(ram, parent.node, node, name.bytes, name.length)) {
        ram_undo(ram);
        return KOZO_NO_MEMORY;
    }
    count_name(ram, node, 1);
    if (kind == KOZO_NODE_FOLDER) {
        count_name(ram, node, 1);
        ram_set(ram, &node->parent, ram_reference(ram, parent.node));
        count_name(ram, parent.node, 1);
    }
    touch(ram, parent.node, now);
    ram_commit(ram);
    *number = number_of(ram, node);
    return KOZO_OK;
}

enum kozo_error ram_link(struct ram *ram, uint64_t number, uint64_t folder, struct volume_text name,
                         uint64_t now)
{
    struct found_node found = get(ram, number);
    struct found_node parent = get_parent(ram, folder);
    if (found.error != KOZO_OK || parent.error != KOZO_OK) {
        return found.error != KOZO_OK ? found.error : parent.error;
    }
    if (found.node->kind == KOZO_NODE_FOLDER) {
        return KOZO_BAD_TYPE;
    }
    if (items_entry(ram, parent.node, name.bytes, name.length) != nullptr) {
        return KOZO_SLOT_TAKEN;
    }
    if (!items_add_entry(ram, parent.node, found.node, name.bytes, name.length)) {
        ram_undo(ram);
        return KOZO_NO_MEMORY;
    }
    if (found.node->links == 0) {
        items_drop_nameless(ram, found.node);
    }
    count_name(ram, found.node, 1);
    ram_set_long(ram, &found.node->changed, now);
    touch(ram, parent.node, now);
    ram_commit(ram);
    return KOZO_OK;
}

enum kozo_error ram_remove(struct ram *ram, uint64_t folder, struct volume_text name, uint64_t now)
{
    struct found_node parent = get_folder(ram, folder);
    if (parent.error != KOZO_OK) {
        return parent.error;
    }
    struct ram_entry *entry = items_entry(ram, parent.node, name.bytes, name.length);
    if (entry == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    const struct ram_node *node = ram_at(ram, entry->node);
    if (node->kind == KOZO_NODE_FOLDER && node->count > 0) {
        return KOZO_BAD_STATE;
    }
    lose_name(ram, parent.node, entry, now);
    ram_commit(ram);
    return KOZO_OK;
}

// Whether a folder is, or lies in, another one.
static bool lies_in(struct ram *ram, const struct ram_node *folder, const struct ram_node *other)
{
    uint32_t wanted = ram_reference(ram, other);
    uint32_t at = ram_reference(ram, folder);
    while (at != wanted && at != ram->root) {
        at = ((const struct ram_node *)ram_at(ram, at))->parent;
    }
    return at == wanted;
}

// Whether a node may take the name of another one.
static enum kozo_error check_over(const struct ram_node *node, const struct ram_node *other)
{
    bool folder = node->kind == KOZO_NODE_FOLDER;
    if (folder != (other->kind == KOZO_NODE_FOLDER)) {
        return KOZO_BAD_TYPE;
    }
    return folder && other->count > 0 ? KOZO_BAD_STATE : KOZO_OK;
}

enum kozo_error ram_rename(struct ram *ram, uint64_t folder, struct volume_text name,
                           uint64_t target, struct volume_text second, uint64_t now)
{
    struct found_node from = get_folder(ram, folder);
    struct found_node to = get_parent(ram, target);
    if (from.error != KOZO_OK || to.error != KOZO_OK) {
        return from.error != KOZO_OK ? from.error : to.error;
    }
    struct ram_entry *entry = items_entry(ram, from.node, name.bytes, name.length);
    struct ram_entry *over = items_entry(ram, to.node, second.bytes, second.length);
    if (entry == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    struct ram_node *node = ram_at(ram, entry->node);
    bool is_folder = node->kind == KOZO_NODE_FOLDER;
    if (over != nullptr && over->node == entry->node) {
        return KOZO_OK;
    }
    if (is_folder && lies_in(ram, to.node, node)) {
        return KOZO_BAD_ARGUMENT;
    }
    enum kozo_error error = over != nullptr ? check_over(node, ram_at(ram, over->node)) : KOZO_OK;
    if (error != KOZO_OK) {
        return error;
    }
    // First the new name: one that was given up in this step could not be undone if it were used anew.
    if (!items_add_entry(ram, to.node, node, second.bytes, second.length)) {
        ram_undo(ram);
        return KOZO_NO_MEMORY;
    }
    items_drop_entry(ram, from.node, entry);
    if (over != nullptr) {
        lose_name(ram, to.node, over, now);
    }
    if (is_folder && from.node != to.node) {
        ram_set(ram, &node->parent, ram_reference(ram, to.node));
        count_name(ram, from.node, (uint32_t)-1);
        count_name(ram, to.node, 1);
    }
    ram_set_long(ram, &node->changed, now);
    touch(ram, from.node, now);
    touch(ram, to.node, now);
    ram_commit(ram);
    return KOZO_OK;
}

void ram_forget(struct ram *ram, uint64_t number)
{
    struct ram_node *node = get(ram, number).node;
    if (node != nullptr && node->links == 0) {
        release(ram, node);
    }
}

void ram_forget_all(struct ram *ram)
{
    while (ram->nameless != 0) {
        release(ram, ram_at(ram, ram->nameless));
    }
}

uint32_t ram_spare(const struct ram *ram)
{
    return ram->empty_pieces;
}

void ram_shrink(struct ram *ram, uint32_t most)
{
    items_shrink(ram, most);
}

// --- Start --------------------------------------------------------------------------------------

static bool make_volume(struct ram *ram, size_t size, uint64_t now)
{
    memset(ram, 0, sizeof *ram);
    if (!items_start(ram, size)) {
        return false;
    }
    struct ram_node *root = items_add_node(ram, KOZO_NODE_FOLDER, 0755, now);
    if (root == nullptr) {
        return false;
    }
    ram->root = ram_reference(ram, root);
    root->parent = ram->root;
    root->links = 2;
    ram_commit(ram);
    ram->size = size;
    // The last word that is written: before it, this is no volume.
    __atomic_store_n(&ram->magic, RAM_MAGIC, __ATOMIC_RELEASE);
    return true;
}

struct ram *ram_open(void *memory, size_t size, uint64_t now)
{
    struct ram *ram = memory;
    if (size < 16 * KOZO_PAGE_SIZE || size > (uint64_t)UINT32_MAX * RAM_UNIT) {
        return nullptr;
    }
    for (uint64_t offset = 0; offset < items_head(size); offset += RAM_PIECE_SIZE) {
        if (!room_take(offset, RAM_PIECE_SIZE)) {
            return nullptr;
        }
    }
    if (ram->magic == RAM_MAGIC && ram->size == size) {
        ram_undo(ram);
        ram_pay(ram, 0, 0);
        items_agree(ram);
        ram_forget_all(ram);
        return ram;
    }
    return make_volume(ram, size, now) ? ram : nullptr;
}
