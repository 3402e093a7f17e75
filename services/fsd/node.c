// SPDX-License-Identifier: MIT
#include "node.h"

#include <string.h>

#include "cache.h"
#include "fsd.h"
#include "place.h"
#include "quota.h"
#include "table.h"
#include "volume.h"

constexpr size_t BUCKETS = 8192;

struct name_short {
    struct name name;
    char bytes[NODE_NAME_SHORT];
};

struct name_long {
    struct name name;
    char bytes[NODE_NAME_MOST + 1];
};

// Names of one size: a ring by age, the youngest first.
struct pool {
    struct table table;
    struct name *free;
    struct name *first;
    struct name *last;
};

static struct {
    struct node *node;
    struct table nodes;
    struct node *free;
    struct node *unused_first; // nobody uses them, the youngest first
    struct node *unused_last;
    struct node *node_bucket[BUCKETS];
    struct pool pool_short;
    struct pool pool_long;
    struct name *name_bucket[BUCKETS];
    uint32_t unwritten[KOZO_BOARD_SESSIONS]; // nodes that each session holds until they are written
} state;

static uint32_t mix(uint64_t value)
{
    return (uint32_t)(value * 0x9e3779b97f4a7c15 >> 32);
}

// --- Names --------------------------------------------------------------------------------------

// Up to seven bytes as a number; two of one length are equal when their bytes are.
static uint64_t load_rest(const char *bytes, size_t length)
{
    if (length >= 4) {
        uint32_t first;
        uint32_t last;
        memcpy(&first, bytes, sizeof first);
        memcpy(&last, bytes + length - sizeof last, sizeof last);
        return first | (uint64_t)last << 32;
    }
    if (length == 0) {
        return 0;
    }
    return (uint8_t)bytes[0] | (uint32_t)(uint8_t)bytes[length / 2] << 8 |
           (uint32_t)(uint8_t)bytes[length - 1] << 16;
}

static uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static bool is_same(const char *one, const char *other, size_t length)
{
    for (; length >= 8; length -= 8, one += 8, other += 8) {
        if (load_word(one) != load_word(other)) {
            return false;
        }
    }
    return load_rest(one, length) == load_rest(other, length);
}

static uint32_t hash_of(const struct node *folder, const char *bytes, size_t length)
{
    uint64_t hash = (uint64_t)(folder - state.node) * 256 + length;
    for (; length >= 8; length -= 8, bytes += 8) {
        hash = (hash ^ load_word(bytes)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    hash = (hash ^ load_rest(bytes, length)) * 0x9e3779b97f4a7c15;
    return mix(hash ^ hash >> 32);
}

static struct pool *pool_of(size_t length)
{
    return length <= NODE_NAME_SHORT ? &state.pool_short : &state.pool_long;
}

static void unlink_age(struct pool *pool, struct name *name)
{
    if (name->previous != nullptr) {
        name->previous->next = name->next;
    } else {
        pool->first = name->next;
    }
    if (name->next != nullptr) {
        name->next->previous = name->previous;
    } else {
        pool->last = name->previous;
    }
}

static void link_age(struct pool *pool, struct name *name)
{
    name->previous = nullptr;
    name->next = pool->first;
    if (pool->first != nullptr) {
        pool->first->previous = name;
    } else {
        pool->last = name;
    }
    pool->first = name;
}

static void unlink_node(struct name *name)
{
    if (name->node == nullptr) {
        return;
    }
    if (name->previous_called != nullptr) {
        name->previous_called->next_called = name->next_called;
    } else {
        name->node->called = name->next_called;
    }
    if (name->next_called != nullptr) {
        name->next_called->previous_called = name->previous_called;
    }
    name->node = nullptr;
}

static void link_node(struct name *name, struct node *node)
{
    name->node = node;
    if (node != nullptr) {
        name->previous_called = nullptr;
        name->next_called = node->called;
        if (node->called != nullptr) {
            node->called->previous_called = name;
        }
        node->called = name;
    }
}

static void drop(struct name *name)
{
    struct node *folder = name->folder;
    if (folder == nullptr) {
        return; // it is free
    }
    struct pool *pool = pool_of(name->length);
    struct name **link = &state.name_bucket[name->hash % BUCKETS];
    while (*link != name) {
        link = &(*link)->chain;
    }
    *link = name->chain;
    if (name->previous_in != nullptr) {
        name->previous_in->next_in = name->next_in;
    } else {
        folder->names = name->next_in;
    }
    if (name->next_in != nullptr) {
        name->next_in->previous_in = name->previous_in;
    }
    unlink_node(name);
    unlink_age(pool, name);
    name->folder = nullptr;
    name->next = pool->free;
    pool->free = name;
}

static struct name *find(const struct node *folder, const char *bytes, size_t length, uint32_t hash)
{
    struct name *name = state.name_bucket[hash % BUCKETS];
    while (name != nullptr &&
           (name->hash != hash || name->folder != folder || name->length != length ||
            !is_same(name_bytes(name), bytes, length))) {
        name = name->chain;
    }
    return name;
}

struct name *name_find(const struct node *folder, const char *bytes, size_t length)
{
    struct name *name = find(folder, bytes, length, hash_of(folder, bytes, length));
    if (name != nullptr) {
        name->used = true;
    }
    return name;
}

static struct name *take(struct pool *pool)
{
    if (pool->free == nullptr) {
        pool->free = table_new(&pool->table);
    }
    // There is at least one. What was used since it was last looked at here stays.
    while (pool->free == nullptr) {
        struct name *oldest = pool->last;
        if (!oldest->used) {
            drop(oldest);
            break;
        }
        oldest->used = false;
        unlink_age(pool, oldest);
        link_age(pool, oldest);
    }
    struct name *name = pool->free;
    pool->free = name->next;
    return name;
}

static struct name *add(struct node *folder, const char *bytes, size_t length, uint32_t hash)
{
    struct pool *pool = pool_of(length);
    struct name *name = take(pool);
    struct name **bucket = &state.name_bucket[hash % BUCKETS];
    *name = (struct name){
        .folder = folder,
        .chain = *bucket,
        .next_in = folder->names,
        .hash = hash,
        .length = (uint8_t)length,
    };
    memcpy(name + 1, bytes, length);
    *bucket = name;
    if (folder->names != nullptr) {
        folder->names->previous_in = name;
    }
    folder->names = name;
    link_age(pool, name);
    return name;
}

void name_set(struct node *folder, const char *bytes, size_t length, struct node *node)
{
    uint32_t hash = hash_of(folder, bytes, length);
    struct name *name = find(folder, bytes, length, hash);
    if (name == nullptr) {
        name = add(folder, bytes, length, hash);
    }
    unlink_node(name);
    link_node(name, node);
    name->looked = fsd_now();
}

void name_drop(struct node *folder, const char *bytes, size_t length)
{
    struct name *name = find(folder, bytes, length, hash_of(folder, bytes, length));
    if (name != nullptr) {
        drop(name);
    }
}

void name_drop_all(struct node *folder)
{
    while (folder->names != nullptr) {
        drop(folder->names);
    }
}

// --- Nodes --------------------------------------------------------------------------------------

uint32_t node_index(const struct node *node)
{
    return (uint32_t)(node - state.node) + 1;
}

struct node *node_at(uint32_t index)
{
    return &state.node[index - 1];
}

static struct node **bucket_of(const struct volume *volume, uint64_t number)
{
    uint64_t key = number * VOLUMES_MOST + volume_index(volume);
    return &state.node_bucket[mix(key) % BUCKETS];
}

static void unlink_unused(struct node *node)
{
    if (node->previous != nullptr) {
        node->previous->next = node->next;
    } else {
        state.unused_first = node->next;
    }
    if (node->next != nullptr) {
        node->next->previous = node->previous;
    } else {
        state.unused_last = node->previous;
    }
}

static void link_unused(struct node *node)
{
    node->previous = nullptr;
    node->next = state.unused_first;
    if (state.unused_first != nullptr) {
        state.unused_first->previous = node;
    } else {
        state.unused_last = node;
    }
    state.unused_first = node;
}

void node_use(struct node *node)
{
    if (node->uses++ == 0) {
        unlink_unused(node);
    }
}

static void unlink_bucket(struct node *node)
{
    struct node **link = bucket_of(node->volume, node->number);
    while (*link != node) {
        link = &(*link)->chain;
    }
    *link = node->chain;
}

// Forgets a node that nobody uses. Gives the folder above, which it used; null for none.
[[nodiscard]] static struct node *forget(struct node *node)
{
    struct node *parent = node->parent;
    cache_drop_node(node);
    name_drop_all(node);
    while (node->called != nullptr) {
        drop(node->called);
    }
    unlink_unused(node);
    unlink_bucket(node);
    if (!node->gone && (node->nameless || !volume_is_lasting(node->volume))) {
        volume_forget(node->volume, node->number);
    }
    node->volume = nullptr;
    node->next = state.free;
    state.free = node;
    return parent != node ? parent : nullptr;
}

// Goes on upwards: a folder may have been used by the one that was forgotten only.
void node_release(struct node *node)
{
    while (node != nullptr && --node->uses == 0) {
        link_unused(node);
        if (!node->gone && !node->nameless) {
            return;
        }
        node = forget(node);
    }
}

struct node *node_find(struct volume *volume, uint64_t number)
{
    struct node *node = *bucket_of(volume, number);
    while (node != nullptr && (node->number != number || node->volume != volume || node->gone)) {
        node = node->chain;
    }
    return node;
}

struct node *node_get(struct volume *volume, uint64_t number, uint32_t kind)
{
    struct node *node = node_find(volume, number);
    if (node != nullptr && node->kind == kind) {
        return node;
    }
    if (node != nullptr) {
        // The number means something else by now.
        node_use(node);
        node->gone = true;
        node_release(node);
    }
    if (state.free == nullptr) {
        state.free = table_new(&state.nodes);
    }
    if (state.free == nullptr && state.unused_last != nullptr) {
        node_release(forget(state.unused_last));
    }
    node = state.free;
    if (node == nullptr) {
        return nullptr;
    }
    state.free = node->next;
    struct node **bucket = bucket_of(volume, number);
    *node = (struct node){.volume = volume, .number = number, .kind = kind, .chain = *bucket};
    *bucket = node;
    link_unused(node);
    return node;
}

// --- Sessions -----------------------------------------------------------------------------------

static struct node *above(const struct node *node)
{
    return node->parent != node ? node->parent : nullptr;
}

bool node_may_hold(const struct node *node, size_t place)
{
    size_t home = place_home(place);
    uint64_t more = 0;
    for (; node != nullptr && node->held[home] == 0; node = above(node)) {
        more++;
    }
    return quota_has(QUOTA_KNOWN, place, more);
}

void node_hold(struct node *node, size_t place)
{
    size_t home = place_home(place);
    for (; node != nullptr && node->held[home]++ == 0; node = above(node)) {
        quota_take(QUOTA_KNOWN, place, 1);
        node_use(node);
    }
}

void node_let_go(struct node *node, size_t place)
{
    size_t home = place_home(place);
    while (node != nullptr && --node->held[home] == 0) {
        struct node *parent = above(node);
        quota_give(QUOTA_KNOWN, place, 1);
        node_release(node);
        node = parent;
    }
}

void node_hold_written(struct node *node, size_t place)
{
    if (node->writer == 0) {
        size_t home = place_home(place);
        node->writer = (uint8_t)(home + 1);
        state.unwritten[home]++;
        node_hold(node, home);
    }
}

void node_written(struct node *node)
{
    if (node->writer != 0 && node->dirty_first == 0 && node->writing == 0) {
        size_t place = node->writer - 1u;
        node->writer = 0;
        state.unwritten[place]--;
        node_let_go(node, place);
    }
}

bool node_is_written_for(size_t place)
{
    return state.unwritten[place_home(place)] > 0;
}

// Pins are counted at the node where they are and at each folder above.
static void add_pins(struct node *node, uint32_t count)
{
    for (; node != nullptr; node = above(node)) {
        node->pins += count;
    }
}

void node_pin(struct node *node)
{
    if (node->begins++ == 0) {
        add_pins(node, 1);
    }
}

void node_unpin(struct node *node)
{
    if (--node->begins == 0) {
        add_pins(node, -1u);
    }
}

// What is held and pinned here counts on another way up from now on, whatever that makes of quotas. Null: there is none.
static void change_way(struct node *node, struct node *parent)
{
    struct node *before = above(node);
    if (parent != nullptr) {
        node_use(parent);
    }
    add_pins(before, -node->pins);
    add_pins(parent, node->pins);
    for (size_t place = 0; place < KOZO_BOARD_SESSIONS; place++) {
        if (node->held[place] > 0) {
            node_hold(parent, place);
            node_let_go(before, place);
        }
    }
    node->parent = parent != nullptr ? parent : node;
    if (before != nullptr) {
        node_release(before);
    }
}

void node_cover(struct node *root, struct node *folder)
{
    change_way(root, folder);
}

// --- What becomes of nodes ----------------------------------------------------------------------

void node_abandon(struct node *node)
{
    if (node->handles == nullptr && node->known && node->stat.links == 0) {
        node_use(node);
        cache_drop_node(node);
        node_release(node);
    }
}

bool node_lies_in(const struct node *node, const struct node *folder)
{
    while (node != folder && node->parent != nullptr && node->parent != node) {
        node = node->parent;
    }
    return node == folder;
}

bool node_set_parent(struct node *node, struct node *parent)
{
    if (node->parent == parent) {
        return true;
    }
    if (node->volume->root == node || node_lies_in(parent, node)) {
        return false;
    }
    change_way(node, parent);
    return true;
}

void node_lose_volume(struct volume *volume)
{
    for (size_t i = 0; i < state.nodes.made; i++) {
        struct node *node = &state.node[i];
        if (node->volume != volume || node->gone) {
            continue;
        }
        node_use(node);
        node->gone = true;
        cache_drop_node(node);
        name_drop_all(node);
        queue_wake(&node->waiting);
        node_release(node);
    }
}

void node_doubt_volume(const struct volume *volume)
{
    for (size_t i = 0; i < state.nodes.made; i++) {
        if (state.node[i].volume == volume) {
            state.node[i].version++;
        }
    }
}

bool node_start(void)
{
    table_start(&state.nodes, TABLE_NODES, sizeof(struct node), NODES);
    state.node = (struct node *)state.nodes.items;
    quota_set(QUOTA_KNOWN, NODES_HELD);
    table_start(&state.pool_short.table, TABLE_NAMES_SHORT, sizeof(struct name_short), NAMES_SHORT);
    table_start(&state.pool_long.table, TABLE_NAMES_LONG, sizeof(struct name_long), NAMES_LONG);
    return table_reach(&state.nodes, 1) && table_reach(&state.pool_short.table, 1) &&
           table_reach(&state.pool_long.table, 1);
}
