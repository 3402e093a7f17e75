// SPDX-License-Identifier: MIT
// Names of a folder.
#include "folder_names.h"

#include "../core/store.h"

#include <string.h>

constexpr uint32_t BUCKETS_AT_FIRST = 8;
constexpr uint32_t BUCKETS_MOST = 8192;

static uint32_t hash_of(struct name name)
{
    uint32_t hash = 2'166'136'261;
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ (uint8_t)name.bytes[i]) * 16'777'619;
    }
    return hash;
}

struct folder_name *folder_name_find(const struct folder_names *names, struct name name)
{
    if (names->buckets == 0) {
        return nullptr;
    }
    uint32_t hash = hash_of(name);
    struct folder_name *found = names->bucket[hash & (names->buckets - 1)];
    while (found != nullptr && (found->hash != hash || found->length != name.length ||
                                memcmp(found->bytes, name.bytes, name.length) != 0)) {
        found = found->bucket_next;
    }
    return found;
}

static void hash_in(struct folder_names *names, struct folder_name *name)
{
    struct folder_name **place = &names->bucket[name->hash & (names->buckets - 1)];
    name->bucket_next = *place;
    *place = name;
}

static void hash_out(struct folder_names *names, const struct folder_name *name)
{
    struct folder_name **place = &names->bucket[name->hash & (names->buckets - 1)];
    while (*place != name) {
        place = &(*place)->bucket_next;
    }
    *place = name->bucket_next;
}

static bool set_buckets(struct folder_names *names, uint32_t buckets)
{
    struct folder_name **bucket =
        (struct folder_name **)store_take(buckets * sizeof(struct folder_name *));
    if (bucket == nullptr) {
        return false;
    }
    if (names->buckets > 0) {
        store_give((void *)names->bucket, names->buckets * sizeof(struct folder_name *));
    }
    names->bucket = bucket;
    names->buckets = buckets;
    for (struct folder_name *name = names->first; name != nullptr; name = name->next) {
        hash_in(names, name);
    }
    return true;
}

// More buckets when there are more names than those; a table that can't grow is only slower.
static bool make_room(struct folder_names *names)
{
    if (names->buckets == 0) {
        return set_buckets(names, BUCKETS_AT_FIRST);
    }
    if (names->count >= names->buckets && names->buckets < BUCKETS_MOST) {
        (void)set_buckets(names, names->buckets * 2);
    }
    return true;
}

struct folder_name *folder_name_make(struct folder_names *names, struct name name)
{
    struct folder_name *made = make_room(names) ? store_take(sizeof *made + name.length) : nullptr;
    if (made == nullptr) {
        return nullptr;
    }
    made->length = (uint8_t)name.length;
    made->hash = hash_of(name);
    memcpy(made->bytes, name.bytes, name.length);
    return made;
}

void folder_name_free(struct folder_name *name)
{
    store_give(name, sizeof *name + name->length);
}

void folder_name_put(struct folder_names *names, struct folder_name *name, void *what)
{
    name->what = what;
    name->place = names->next_place++;
    name->previous = names->last;
    name->next = nullptr;
    *(names->last != nullptr ? &names->last->next : &names->first) = name;
    names->last = name;
    hash_in(names, name);
    names->count++;
}

void *folder_name_take(struct folder_names *names, struct folder_name *name)
{
    void *what = name->what;
    hash_out(names, name);
    *(name->previous != nullptr ? &name->previous->next : &names->first) = name->next;
    *(name->next != nullptr ? &name->next->previous : &names->last) = name->previous;
    names->count--;
    folder_name_free(name);
    return what;
}

void folder_names_end(struct folder_names *names)
{
    if (names->buckets > 0) {
        store_give((void *)names->bucket, names->buckets * sizeof(struct folder_name *));
        names->buckets = 0;
    }
}
