// SPDX-License-Identifier: MIT
// The cache of names.
//
// All entries with a place in the tree are in one hash table. Those that nobody counts are also in a list, the newest first; the
// oldest go when there are too many. An entry counts its parent, so a chain of parents ends only with its last child.
#include "entry.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "linux.h"
#include "refusal.h"

#include <string.h>

constexpr uint32_t BUCKETS = 1024;
constexpr uint32_t KEPT_MOST = 2048; // that nobody counts

static struct entry *bucket[BUCKETS];
static struct entry *newest, *oldest;
static uint32_t kept;
static uint32_t doubts; // how often all was put in doubt

static uint32_t hash_of(const struct entry *parent, struct name name)
{
    uint64_t hash = (uintptr_t)parent >> 4;
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ (uint8_t)name.bytes[i]) * UINT64_C(0x9E37'79B9'7F4A'7C15);
    }
    return (uint32_t)(hash >> 32);
}

static void give_name(struct entry *entry)
{
    if (entry->name != entry->first_name) {
        store_give(entry->name, LINUX_NAME_MOST + 1);
    }
}

static void give_entry(struct entry *entry)
{
    give_name(entry);
    store_give(entry, sizeof *entry + entry->room + 1u);
}

static void take_from_list(struct entry *entry)
{
    *(entry->newer != nullptr ? &entry->newer->older : &newest) = entry->older;
    *(entry->older != nullptr ? &entry->older->newer : &oldest) = entry->newer;
    entry->newer = nullptr;
    entry->older = nullptr;
    kept--;
}

static void put_into_list(struct entry *entry)
{
    entry->newer = nullptr;
    entry->older = newest;
    *(newest != nullptr ? &newest->newer : &oldest) = entry;
    newest = entry;
    kept++;
}

static void hash_in(struct entry *entry)
{
    struct entry **place = &bucket[entry->hash % BUCKETS];
    entry->hash_next = *place;
    *place = entry;
}

static void hash_out(struct entry *entry)
{
    struct entry **place = &bucket[entry->hash % BUCKETS];
    while (*place != nullptr && *place != entry) {
        place = &(*place)->hash_next;
    }
    if (*place == entry) {
        *place = entry->hash_next;
    }
}

// Frees an entry that is in no list; gives its parent, whose count is still to be dropped, or null.
static struct entry *free_entry(struct entry *entry)
{
    struct entry *parent = entry->parent != entry ? entry->parent : nullptr;
    if (!entry->gone) {
        hash_out(entry);
    }
    if (entry->node != nullptr) {
        node_drop(entry->node);
    }
    give_entry(entry);
    return parent;
}

// Whether an entry that nobody counts is worth keeping.
static bool is_worth_keeping(const struct entry *entry)
{
    return !entry->gone && entry->parent->node != nullptr && entry->parent->node->system->keeps;
}

static void drop_chain(struct entry *entry)
{
    while (entry != nullptr && --entry->count == 0) {
        if (is_worth_keeping(entry)) {
            put_into_list(entry);
            return;
        }
        entry = free_entry(entry);
    }
}

void entry_keep(struct entry *entry)
{
    entry->count++;
}

static void drop_oldest(void)
{
    struct entry *entry = oldest;
    take_from_list(entry);
    drop_chain(free_entry(entry));
}

void entry_drop(struct entry *entry)
{
    if (entry->count > 1) {
        entry->count--;
        return;
    }
    drop_chain(entry);
    while (kept > KEPT_MOST) {
        drop_oldest();
    }
}

void entries_doubt(void)
{
    doubts++;
}

void entries_each(void (*act)(struct entry *entry, void *context), void *context)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct entry *entry = bucket[i]; entry != nullptr; entry = entry->hash_next) {
            act(entry, context);
        }
    }
}

void entries_clear(void)
{
    while (oldest != nullptr) {
        drop_oldest();
    }
}

// Finds an entry in the table, counted; null when it is not there.
static struct entry *find(struct entry *parent, struct name name, uint32_t hash)
{
    for (struct entry *entry = bucket[hash % BUCKETS]; entry != nullptr; entry = entry->hash_next) {
        if (entry->hash == hash && entry->parent == parent && entry->length == name.length &&
            memcmp(entry->name, name.bytes, name.length) == 0) {
            if (entry->count++ == 0) {
                take_from_list(entry);
            }
            return entry;
        }
    }
    return nullptr;
}

static struct entry *make_entry(struct entry *parent, struct name name, uint32_t hash)
{
    struct entry *entry = store_take(sizeof *entry + name.length + 1);
    if (entry == nullptr) {
        entries_clear();
        entry = store_take(sizeof *entry + name.length + 1);
    }
    if (entry == nullptr) {
        return nullptr;
    }
    entry->parent = parent;
    entry_keep(parent);
    entry->count = 1;
    entry->hash = hash;
    entry->heard = doubts;
    entry->length = (uint8_t)name.length;
    entry->room = entry->length;
    entry->name = entry->first_name;
    memcpy(entry->name, name.bytes, name.length);
    hash_in(entry);
    return entry;
}

static void make_gone(struct entry *entry)
{
    hash_out(entry);
    entry->gone = true;
}

static bool is_same(const struct node *one, const struct node *other)
{
    return one == other || (one != nullptr && other != nullptr && one->system == other->system &&
                            one->inode == other->inode && one->mode == other->mode);
}

// Brings an entry in line with what the file system answered, whose count is taken over; gives the entry to use.
static struct entry *bring_in_line(struct entry *entry, struct entry *folder, struct name name,
                                   uint32_t hash, struct node *node)
{
    if (entry != nullptr && !is_same(entry->node, node)) {
        if (entry->node == nullptr) {
            entry->node = node;
            entry->heard = doubts;
            return entry;
        }
        // What had the name is no longer there. Who still uses its entry goes on with it, out of the tree.
        make_gone(entry);
        entry_drop(entry);
        entry = nullptr;
    } else if (entry != nullptr) {
        if (node != nullptr) {
            node_drop(node);
        }
        entry->heard = doubts;
        return entry;
    }
    entry = make_entry(folder, name, hash);
    if (entry != nullptr) {
        entry->node = node;
    } else if (node != nullptr) {
        node_drop(node);
    }
    return entry;
}

// Asks the file system. Null, and why, when there is no such name or it can't be told.
static struct entry *ask(struct entry *folder, struct name name, uint32_t hash,
                         const struct asked *asked, int64_t *error)
{
    const struct node_operations *operations = folder->node->operations;
    if (operations->look == nullptr) {
        *error = -ENOTDIR;
        return nullptr;
    }
    struct node_result found = operations->look(folder->node, name);
    bool nothing = found.error == -ENOENT;
    if (found.error != 0 && !nothing) {
        *error = found.error == -EACCES ? refusal_of(folder, name, asked) : found.error;
        return nullptr;
    }
    // Others may have looked meanwhile.
    struct entry *entry = find(folder, name, hash);
    if (nothing && entry == nullptr && !asked->absent && !folder->node->system->keeps) {
        *error = -ENOENT;
        return nullptr;
    }
    *error = -ENOMEM;
    return bring_in_line(entry, folder, name, hash, nothing ? nullptr : found.node);
}

int64_t entry_look(struct entry *folder, struct name name, const struct asked *asked,
                   struct entry **result)
{
    if (folder->gone) {
        // In a folder that was removed there is nothing, and nothing can come.
        return -ENOENT;
    }
    uint32_t hash = hash_of(folder, name);
    struct entry *entry = find(folder, name, hash);
    bool kept_so = folder->node->system->keeps && entry != nullptr && entry->heard == doubts;
    bool known = entry != nullptr && (kept_so || entry->above != nullptr);
    if (!known) {
        if (entry != nullptr) {
            entry_drop(entry);
        }
        int64_t error = 0;
        entry = ask(folder, name, hash, asked, &error);
        if (entry == nullptr) {
            return error;
        }
    }
    if (entry->node == nullptr && !asked->absent) {
        entry_drop(entry);
        return folder->node->covers ? refusal_of(folder, name, asked) : -ENOENT;
    }
    *result = entry;
    return 0;
}

struct entry *entry_cover(struct entry *folder, struct name name, struct node *node)
{
    uint32_t hash = hash_of(folder, name);
    return bring_in_line(find(folder, name, hash), folder, name, hash, node);
}

struct entry *entry_alone(struct node *node, const char *name)
{
    size_t length = strlen(name);
    struct entry *entry = store_take(sizeof *entry + length + 1);
    if (entry == nullptr) {
        node_drop(node);
        return nullptr;
    }
    entry->parent = entry;
    entry->length = (uint8_t)length;
    entry->room = entry->length;
    entry->name = entry->first_name;
    memcpy(entry->name, name, length);
    entry->node = node;
    entry->count = 1;
    entry->gone = true;
    return entry;
}

void entry_fill(struct entry *entry, struct node *node)
{
    if (entry->node != nullptr) {
        node_drop(entry->node);
    }
    entry->node = node;
}

void entry_clear(struct entry *entry)
{
    if (!entry->gone) {
        make_gone(entry);
    }
}

// What an entry will be called, made before anything changes: where the name will be kept, if not where it is.
struct new_name {
    struct entry *parent;
    uint32_t hash;
    uint8_t length;
    char *longer; // null when it fits
    char bytes[LINUX_NAME_MOST + 1];
};

static bool prepare(struct new_name *name, const struct entry *entry, const struct entry *like)
{
    name->parent = like->parent;
    name->hash = like->hash;
    name->length = like->length;
    name->longer = nullptr;
    memcpy(name->bytes, like->name, like->length + 1u);
    if (entry->name == entry->first_name && like->length > entry->room) {
        name->longer = store_take(LINUX_NAME_MOST + 1);
        return name->longer != nullptr;
    }
    return true;
}

static void rename_entry(struct entry *entry, const struct new_name *name)
{
    hash_out(entry);
    struct entry *before = entry->parent;
    entry_keep(name->parent);
    entry->parent = name->parent;
    entry_drop(before);
    if (name->longer != nullptr) {
        entry->name = name->longer;
    }
    entry->length = name->length;
    memcpy(entry->name, name->bytes, name->length + 1u);
    entry->hash = name->hash;
    hash_in(entry);
}

int64_t entry_move(struct entry *from, struct entry *to, bool exchange)
{
    struct new_name *names = store_take(2 * sizeof *names);
    if (names == nullptr) {
        return -ENOMEM;
    }
    bool ready = prepare(&names[0], from, to);
    if (ready && exchange && !prepare(&names[1], to, from)) {
        ready = false;
    }
    if (!ready) {
        if (names[0].longer != nullptr) {
            store_give(names[0].longer, LINUX_NAME_MOST + 1);
        }
        store_give(names, 2 * sizeof *names);
        return -ENOMEM;
    }
    // The parents must outlive both steps.
    entry_keep(to->parent);
    if (exchange) {
        rename_entry(to, &names[1]);
    } else {
        make_gone(to);
    }
    rename_entry(from, &names[0]);
    entry_drop(names[0].parent);
    store_give(names, 2 * sizeof *names);
    return 0;
}

// Paths of entries.

// Puts bytes before others in a buffer; false when there is no room.
static bool put_before(char **at, const char *start, const char *bytes, size_t length)
{
    if ((size_t)(*at - start) < length) {
        return false;
    }
    *at -= length;
    memcpy(*at, bytes, length);
    return true;
}

const char *path_of(const struct entry *entry, const struct entry *root, char *buffer)
{
    constexpr char DELETED[] = " (deleted)";
    constexpr char UNREACHABLE[] = "(unreachable)";
    char *at = buffer + LINUX_PATH_MOST - 1;
    *at = '\0';
    const char *end = at;
    if (entry->gone) {
        (void)put_before(&at, buffer, DELETED, sizeof DELETED - 1);
        end = at;
    }
    if (entry->gone && entry->parent == entry) {
        (void)put_before(&at, buffer, entry->name, entry->length);
        (void)put_before(&at, buffer, "/", 1);
        return at;
    }
    bool fits = true;
    while (entry != root && fits) {
        if (entry->below != nullptr) {
            entry = entry->below;
        } else if (entry->parent == entry) {
            break;
        } else {
            fits = put_before(&at, buffer, entry->name, entry->length) &&
                   put_before(&at, buffer, "/", 1);
            entry = entry->parent;
        }
    }
    if (at == end) {
        (void)put_before(&at, buffer, "/", 1);
    }
    if (entry != root) {
        (void)put_before(&at, buffer, UNREACHABLE, sizeof UNREACHABLE - 1);
    }
    return at;
}

// Mounts.

constexpr unsigned MOUNTS_MOST = 256;

static struct entry *mount[MOUNTS_MOST];
static unsigned mounts;

struct entry *path_top(void)
{
    return mount[0];
}

struct entry *path_mounted(unsigned place)
{
    return place < mounts ? mount[place] : nullptr;
}

int64_t path_mount(struct entry *over, struct node *root)
{
    struct entry *top = mounts < MOUNTS_MOST ? entry_alone(root, "") : nullptr;
    if (top == nullptr) {
        return -ENOMEM;
    }
    mount[mounts++] = top;
    if (over != nullptr) {
        entry_keep(over);
        entry_keep(top);
        top->below = over;
        over->above = top;
    }
    top->gone = false;
    return 0;
}

void path_unmount_all(void)
{
    entries_clear();
    while (mounts > 0) {
        struct entry *top = mount[--mounts];
        if (top->below != nullptr) {
            top->below->above = nullptr;
            entry_drop(top->below);
            top->below = nullptr;
            entry_drop(top);
        }
        top->gone = true;
        entry_drop(top);
        entries_clear();
    }
}
