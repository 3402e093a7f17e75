// SPDX-License-Identifier: MIT
// Objects, the places for slots in them, and the memory that they stand in.
#include "found.h"
#include "object/cnode.h"
#include "object/irq_handler.h"
#include "object/mapping.h"
#include "object/pool.h"
#include "object/thread.h"
#include "object/timer.h"
#include "rules.h"

bool use_memory(physical_t base, uint64_t size, enum use use, const void *who)
{
    RULE(base % KOZO_SLOT_SIZE == 0 && base <= HOST_RAM && size <= HOST_RAM - base,
         "ordinary memory is RAM", who);
    for (uint64_t unit = base / KOZO_SLOT_SIZE; unit < (base + size) / KOZO_SLOT_SIZE; unit++) {
        bool both_frames = use == USED_FRAME && found.use[unit] == USED_FRAME;
        RULE(found.use[unit] == UNUSED || both_frames, "memory is used for one thing only",
             link_target((link_t)unit));
        found.use[unit] = use;
    }
    return true;
}

static void places(const struct slot *first, uint64_t count, enum place_kind kind)
{
    for (uint64_t i = 0; i < count; i++) {
        link_t link = link_to(first + i);
        unsigned unit = slot_unit(link);
        found.place[unit] = kind;
        if (!found.seen[unit]) {
            found.empty_place[found.empty_places++] = link;
        }
    }
}

static void object_places(const struct object *object)
{
    found.place[unit_of(object)] = PLACE_GRAVE;
    switch (object->grave.header.type) {
    case KOZO_TYPE_CNODE: {
        const struct cnode *cnode = (const struct cnode *)object;
        places(&cnode->slot[0] + 1, cnode_slots(cnode) - 1, PLACE_CNODE);
        break;
    }
    case KOZO_TYPE_THREAD:
        places(&((const struct thread *)object)->cspace, 6, PLACE_THREAD);
        break;
    case KOZO_TYPE_POOL:
        places(((const struct pool *)object)->donor, POOL_DONORS, PLACE_POOL);
        break;
    case KOZO_TYPE_IRQ_HANDLER:
        places(&((const struct irq_handler *)object)->notification, 1, PLACE_HANDLER);
        break;
    case KOZO_TYPE_TIMER:
        places(&((const struct timer *)object)->notification, 1, PLACE_HANDLER);
        break;
    default:
        break;
    }
}
static_assert(offsetof(struct thread, revocation) - offsetof(struct thread, cspace) ==
              5 * sizeof(struct slot));

static bool check_object(const struct object *object)
{
    const struct object_header *header = &object->grave.header;
    link_t link = link_to(object);

    RULE(arch_physical(object) % object_size(object) == 0,
         "O3: an object lies at a multiple of its size", object);
    if (!use_memory(arch_physical(object), object_size(object), USED_OBJECT, object)) {
        return false;
    }
    object_places(object);
    if (!is_dying(object)) {
        RULE(header->references == found.capabilities[link],
             "O1: a live object counts its capabilities", object);
        return true;
    }
    RULE(found.capabilities[link] == 1 && object->grave.object == link && found.seen[link] &&
             (object->grave.flags & SLOT_GRAVE) != 0,
         "O2: a dying object has one capability, in its own header", object);
    return true;
}

bool check_dying(void)
{
    unsigned listed = 0;
    unsigned dying = 0;
    link_t previous = 0;

    for (unsigned i = 0; i < found.objects; i++) {
        const struct object *object = link_target(found.object[i]);
        if (!check_object(object)) {
            return false;
        }
        dying += is_dying(object);
    }
    for (link_t at = kernel.dying; at != 0; at = slot_at(at)->list_next) {
        RULE(in_ram(at) && found.capabilities[at] > 0 && is_dying(link_target(at)) &&
                 slot_at(at)->list_previous == previous && listed < dying,
             "O2: the list of the dying holds each once", link_target(at));
        previous = at;
        listed++;
    }
    RULE(listed == dying, "O2: the list of the dying holds all", &kernel);
    return true;
}

static bool check_place(const struct slot *slot, enum place_kind place)
{
    constexpr unsigned where = SLOT_PLACE | SLOT_GRAVE;
    static const uint8_t flags[] = {[PLACE_THREAD] = SLOT_IN_THREAD,
                                    [PLACE_POOL] = SLOT_IN_POOL,
                                    [PLACE_GRAVE] = SLOT_GRAVE,
                                    [PLACE_AUDIT] = SLOT_IN_AUDIT,
                                    [PLACE_HANDLER] = 0};

    RULE(place != NO_PLACE, "a capability stands in a place for one", slot);
    RULE((slot->flags & where) == flags[place], "a slot's flags tell where it stands", slot);
    RULE(slot->type != SLOT_REVOCATION || (place == PLACE_THREAD && slot->object == 0),
         "S5: a Revocation stands in a thread and has no object", slot);
    RULE(place != PLACE_POOL || slot->type == KOZO_TYPE_UNTYPED, "a donor is an Untyped", slot);
    RULE(place != PLACE_AUDIT || slot->type == KOZO_TYPE_UNTYPED,
         "R2: the memory of a ring is an Untyped", slot);
    RULE(place != PLACE_HANDLER || slot->type == KOZO_TYPE_NOTIFICATION,
         "an IrqHandler or a Timer holds a Notification", slot);
    return true;
}

bool check_places(void)
{
    for (unsigned i = 0; i < AUDIT_RINGS; i++) {
        places(&kernel.audit[i].memory, 1, PLACE_AUDIT);
    }
    for (unsigned i = 0; i < found.slots; i++) {
        if (!check_place(slot_at(found.slot[i]), found.place[slot_unit(found.slot[i])])) {
            return false;
        }
    }
    for (unsigned i = 0; i < found.empty_places; i++) {
        const struct slot *slot = slot_at(found.empty_place[i]);
        RULE(slot->type == KOZO_TYPE_NONE, "S1: a slot that is not empty is in the tree", slot);
        RULE(is_zero(slot, sizeof(*slot)), "S4: an empty slot is all zero", slot);
    }
    return true;
}

// --- Memory

static bool check_untyped(const struct slot *slot)
{
    bool device = (slot->flags & SLOT_DEVICE) != 0;

    RULE(slot->value <= slot->size && slot->zeroed <= slot->size,
         "U1: an Untyped's watermark lies inside it", slot);
    if ((slot->flags & SLOT_PLACE) != 0) {
        RULE(!device && slot->child == 0, "P2, R2: a donor is ordinary memory without children",
             slot);
        return use_memory(slot->base, slot->size, USED_DONOR, slot);
    }
    RULE((slot->value == 0) == (slot->child == 0),
         "U2: an Untyped has children exactly when its watermark is not 0", slot);
    if (device) {
        return true;
    }
    if (slot->zeroed > slot->value) {
        RULE(is_zero(arch_window(slot->base + slot->value), slot->zeroed - slot->value),
             "U1: what counts as zeroed is zero", slot);
    }
    return use_memory(slot->base + slot->value, slot->size - slot->value, USED_FREE, slot);
}

bool check_memory(void)
{
    for (unsigned i = 0; i < found.slots; i++) {
        const struct slot *slot = slot_at(found.slot[i]);
        RULE(slot->type != KOZO_TYPE_CNODE || (slot->flags & SLOT_GRAVE) != 0 ||
                 slot->size == cnode_slots(cnode_of(slot)) - 1,
             "C1: a capability to a CNode knows its last index", slot);
        bool frame = slot->type == KOZO_TYPE_FRAME || slot->type == KOZO_TYPE_MAPPING;
        if (slot->type == KOZO_TYPE_UNTYPED && !check_untyped(slot)) {
            return false;
        }
        RULE(!frame || (slot->base % PAGE == 0 && slot->size % PAGE == 0 && slot->size > 0),
             "a Frame consists of whole pages", slot);
        if (frame && (slot->flags & SLOT_DEVICE) == 0 &&
            !use_memory(slot->base, slot->size, USED_FRAME, slot)) {
            return false;
        }
    }
    return true;
}
