// SPDX-License-Identifier: MIT
// What one pass over the derivation tree finds: all slots, and through them all objects. Every other rule is compared with that.
// All tables here are indexed by 64-byte units of RAM; those of slots have a unit more for each that stands in struct kernel.
#pragma once

#include <string.h>

#include "host.h"
#include "kernel.h"
#include "object/object.h"

constexpr unsigned UNITS = HOST_RAM / KOZO_SLOT_SIZE;
constexpr uint64_t PAGE = (uint64_t)1 << ARCH_PAGE_BITS;
constexpr unsigned PAGES = HOST_RAM / PAGE;

// What a unit of RAM is used for. Frames may overlap one another, nothing else may.
enum use : uint8_t { UNUSED, USED_OBJECT, USED_FRAME, USED_FREE, USED_DONOR };

// Where a slot may stand.
enum place_kind : uint8_t {
    NO_PLACE,
    PLACE_CNODE,
    PLACE_THREAD,
    PLACE_POOL,
    PLACE_HANDLER,
    PLACE_AUDIT,
    PLACE_GRAVE
};

constexpr unsigned SLOT_UNITS = UNITS + AUDIT_RINGS;

struct found {
    bool seen[SLOT_UNITS];
    uint32_t capabilities[UNITS]; // to the object there
    unsigned slots, objects, empty_places;
    enum place_kind place[SLOT_UNITS];
    enum use use[UNITS];
    bool table[PAGES]; // a page table, or a free page of a Pool

    // Lists, in the order in which things were found.
    link_t slot[SLOT_UNITS];
    link_t object[UNITS];
    link_t empty_place[SLOT_UNITS];
    link_t stack[SLOT_UNITS + 1];
};

extern struct found found;

// Notes which rule is broken, and where. False, to be passed on.
bool broken(const char *rule, const void *where);

#define RULE(condition, rule, where)                                                               \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return broken(rule, where);                                                            \
        }                                                                                          \
    } while (false)

static inline unsigned unit_of(const void *pointer)
{
    return (unsigned)(arch_physical(pointer) / KOZO_SLOT_SIZE);
}

static inline bool in_ram(link_t link)
{
    return link != 0 && link < UNITS;
}

// The unit of a place for a slot; SLOT_UNITS for anything else.
static inline unsigned slot_unit(link_t link)
{
    for (unsigned i = 0; i < AUDIT_RINGS; i++) {
        if (link == link_to(&kernel.audit[i].memory)) {
            return UNITS + i;
        }
    }
    return in_ram(link) ? link : SLOT_UNITS;
}

static inline bool is_zero(const void *memory, uint64_t size)
{
    const unsigned char *byte = memory;

    return size == 0 || (byte[0] == 0 && memcmp(byte, byte + 1, size - 1) == 0);
}

static inline bool is_dying(const struct object *object)
{
    return object->grave.type != KOZO_TYPE_NONE;
}

// An object of this type, dying or not.
static inline bool is_object(link_t link, enum kozo_object_type type)
{
    return in_ram(link) && found.capabilities[link] > 0 &&
           ((struct object *)link_target(link))->grave.header.type == type;
}

// The next object of a type at or after the `*at`th that was found; null when there is none.
static inline void *next_object(unsigned *at, enum kozo_object_type type)
{
    while (*at < found.objects) {
        struct object *object = link_target(found.object[(*at)++]);
        if (object->grave.header.type == type) {
            return object;
        }
    }
    return nullptr;
}

// Bytes of an object, with all that belongs to it.
uint64_t object_size(const struct object *object);

// Notes what memory is used for. A rule is broken when it is used for something else already.
bool use_memory(physical_t base, uint64_t size, enum use use, const void *who);

// Whether two slots name the same.
bool names_same(const struct slot *slot, const struct slot *parent);

// The number of threads in a queue, each of which `belongs`; UNITS when something is wrong.
unsigned queue_length(const struct thread_queue *queue,
                      bool (*belongs)(const struct thread *, const void *), const void *context);

// A node of a heap and its children are in order, and it is in the heap with this root.
bool check_node(const void *object, size_t offset, link_t root);
