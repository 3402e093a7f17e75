// SPDX-License-Identifier: MIT
// One pass over the derivation tree finds all slots and through them all objects; everything else
// is compared with that. All tables here are indexed by 64-byte units of RAM; those of slots have a
// unit more for each that stands in struct kernel.
#include "invariants.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "kernel.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/extended_state.h"
#include "object/irq_handler.h"
#include "object/lease.h"
#include "object/mapping.h"
#include "object/notification.h"
#include "object/pool.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/timer.h"
#include "sched/extra.h"

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

static struct {
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
} found;

static char message[200];

static bool broken(const char *rule, const void *where)
{
    (void)snprintf(message, sizeof(message), "%s (at %#llx)", rule,
                   (unsigned long long)arch_physical(where));
    return false;
}

#define RULE(condition, rule, where)                                                               \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return broken(rule, where);                                                            \
        }                                                                                          \
    } while (false)

static unsigned unit_of(const void *pointer)
{
    return (unsigned)(arch_physical(pointer) / KOZO_SLOT_SIZE);
}

static bool in_ram(link_t link)
{
    return link != 0 && link < UNITS;
}

// The unit of a place for a slot; SLOT_UNITS for anything else.
static unsigned slot_unit(link_t link)
{
    for (unsigned i = 0; i < AUDIT_RINGS; i++) {
        if (link == link_to(&kernel.audit[i].memory)) {
            return UNITS + i;
        }
    }
    return in_ram(link) ? link : SLOT_UNITS;
}

static bool is_zero(const void *memory, uint64_t size)
{
    const unsigned char *byte = memory;

    return size == 0 || (byte[0] == 0 && memcmp(byte, byte + 1, size - 1) == 0);
}

// --- Slots and the tree -------------------------------------------------------------------------

static bool names_same(const struct slot *slot, const struct slot *parent)
{
    if (slot->type != parent->type) {
        return false;
    }
    return object_types[slot->type].has_object ? slot->object == parent->object
                                               : slot->type != KOZO_TYPE_UNTYPED;
}

static bool lies_in(const struct slot *slot, uint64_t base, uint64_t size)
{
    return slot->base >= base && slot->size <= size && slot->base - base <= size - slot->size;
}

static bool check_copy(const struct slot *slot, const struct slot *parent)
{
    RULE((slot->rights & ~parent->rights) == 0, "S3: a copy has no more rights than its parent",
         slot);
    RULE((parent->flags & SLOT_WATCHED) == 0 || (slot->flags & SLOT_WATCHED) != 0,
         "S6: a copy of a watched capability is watched", slot);
    switch (slot->type) {
    case KOZO_TYPE_FRAME:
        RULE(lies_in(slot, parent->base, parent->size), "a copy of a Frame lies inside it", slot);
        RULE((slot->flags & SLOT_DEVICE) == (parent->flags & SLOT_DEVICE),
             "a copy of a Frame is as much a device", slot);
        break;
    case KOZO_TYPE_IO_PORT:
        RULE(slot->value >= parent->value && slot->size <= parent->size &&
                 slot->value - parent->value <= parent->size - slot->size,
             "a copy of an IoPort lies inside it", slot);
        break;
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        RULE(parent->value == 0 || (slot->flags & SLOT_PLACE) == SLOT_IN_THREAD ||
                 slot->value == parent->value,
             "a badge stays", slot);
        break;
    default:
        break;
    }
    return true;
}

static uint64_t object_size(const struct object *object)
{
    const struct object_header *header = &object->grave.header;

    switch (header->type) {
    case KOZO_TYPE_CNODE:
        return (uint64_t)KOZO_SLOT_SIZE << header->bits;
    case KOZO_TYPE_EXTENDED_STATE:
        return (uint64_t)1 << header->bits;
    default:
        return (uint64_t)1 << object_types[header->type].bits;
    }
}

static bool check_carved(const struct slot *slot, const struct slot *untyped)
{
    physical_t base = slot->base;
    uint64_t size = slot->size;

    if (object_types[slot->type].has_object) {
        base = arch_physical(slot_object(slot));
        size = object_size(slot_object(slot));
    }
    const struct slot range = {.base = base, .size = size};
    RULE(lies_in(&range, untyped->base, untyped->value),
         "U2: children of an Untyped lie below its watermark", slot);
    return true;
}

// Where a slot would hang if no revoke were in progress.
static const struct slot *parent_beyond_revocations(const struct slot *parent)
{
    while (parent->type == SLOT_REVOCATION) {
        const struct slot *first = parent;
        while (first->up == 0) {
            first = slot_at(first->previous);
        }
        parent = slot_at(first->up);
    }
    return parent;
}

static bool check_parent(const struct slot *slot, const struct slot *parent)
{
    parent = parent_beyond_revocations(parent);
    if (slot->type == SLOT_REVOCATION || parent == slot_at(link_to(&kernel.root))) {
        return true;
    }
    RULE(parent->type != KOZO_TYPE_NONE, "S1: the parent is not empty", slot);
    if (names_same(slot, parent)) {
        return check_copy(slot, parent);
    }
    if (slot->type == KOZO_TYPE_MAPPING && parent->type == KOZO_TYPE_FRAME) {
        RULE((slot->rights & ~parent->rights) == 0, "a Mapping has no right beyond its Frame",
             slot);
        RULE(lies_in(slot, parent->base, parent->size), "a Mapping lies inside its Frame", slot);
        return true;
    }
    RULE(parent->type == KOZO_TYPE_UNTYPED && (parent->flags & SLOT_PLACE) == 0,
         "S1: a capability is derived from its like, from a Frame or from an Untyped", slot);
    return check_carved(slot, parent);
}

static bool note_object(const struct slot *slot)
{
    if (!object_types[slot->type].has_object) {
        return true;
    }
    RULE(in_ram(slot->object), "a capability names an object in RAM", slot);
    struct object *object = slot_object(slot);
    RULE(object->grave.header.type == slot->type, "a capability names an object of its type", slot);
    if (found.capabilities[slot->object]++ == 0) {
        found.object[found.objects++] = slot->object;
    }
    return true;
}

static bool note_slot(const struct slot *slot, const struct slot *parent)
{
    RULE(slot->type != KOZO_TYPE_NONE && slot->type < OBJECT_TYPES &&
             object_types[slot->type].name != nullptr,
         "S1: a slot in the tree is not empty", slot);
    unsigned unit = slot_unit(link_to(slot));
    RULE(unit < SLOT_UNITS, "a slot is in RAM or in a ring of the log", slot);
    RULE(!found.seen[unit], "S1: a slot is in one ring", slot);
    found.seen[unit] = true;
    found.slot[found.slots++] = link_to(slot);
    return note_object(slot) && check_parent(slot, parent);
}

static bool walk_ring(const struct slot *parent, unsigned *depth)
{
    const struct slot *slot = slot_at(parent->child);

    RULE(slot->up == (link_t)(arch_physical(parent) / KOZO_SLOT_SIZE),
         "S2: the first of a ring knows its parent", slot);
    do {
        if (!note_slot(slot, parent)) {
            return false;
        }
        RULE(slot_unit(slot->next) < SLOT_UNITS && slot_at(slot->next)->previous == link_to(slot),
             "S1: next and previous agree", slot);
        RULE((slot->up != 0) == (link_to(slot) == parent->child),
             "S2: only the first of a ring knows its parent", slot);
        if (slot->child != 0) {
            found.stack[(*depth)++] = link_to(slot);
        }
        slot = slot_at(slot->next);
    } while (link_to(slot) != parent->child);
    return true;
}

static bool walk_tree(void)
{
    unsigned depth = 0;

    RULE(kernel.root.type == KOZO_TYPE_NONE && kernel.root.next == 0 && kernel.root.up == 0,
         "the root is in no ring", &kernel.root);
    if (kernel.root.child != 0) {
        found.stack[depth++] = link_to(&kernel.root);
    }
    while (depth > 0) {
        if (!walk_ring(slot_at(found.stack[--depth]), &depth)) {
            return false;
        }
    }
    return true;
}

// --- Objects ------------------------------------------------------------------------------------

static bool is_dying(const struct object *object)
{
    return object->grave.type != KOZO_TYPE_NONE;
}

// An object of this type, dying or not.
static bool is_object(link_t link, enum kozo_object_type type)
{
    return in_ram(link) && found.capabilities[link] > 0 &&
           ((struct object *)link_target(link))->grave.header.type == type;
}

// The next object of a type at or after the `*at`th that was found; null when there is none.
static void *next_object(unsigned *at, enum kozo_object_type type)
{
    while (*at < found.objects) {
        struct object *object = link_target(found.object[(*at)++]);
        if (object->grave.header.type == type) {
            return object;
        }
    }
    return nullptr;
}

static bool use_memory(physical_t base, uint64_t size, enum use use, const void *who)
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

static bool check_dying(void)
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

static bool check_places(void)
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

// --- Memory -------------------------------------------------------------------------------------

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

static bool check_memory(void)
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

// --- Threads and time ---------------------------------------------------------------------------

static bool waits_in_queue(const struct thread *thread)
{
    return thread->state == SENDING || thread->state == RECEIVING || thread->state == WAITING;
}

static bool check_time(const struct thread *thread)
{
    const struct sched_context *time = link_target(thread->time);
    const struct thread *lender = link_target(thread->lender);
    const struct thread *borrower = link_target(thread->borrower);

    if (thread->time != 0) {
        RULE(is_object(thread->time, KOZO_TYPE_SCHED_CONTEXT) && time->user == link_to(thread),
             "T5: a SchedContext's user is the one thread that uses it", thread);
        RULE((thread->time == thread->context.object) == (lender == nullptr),
             "T4: a thread uses its own time exactly when it has borrowed none", thread);
    }
    RULE(lender == nullptr ||
             (is_object(thread->lender, KOZO_TYPE_THREAD) && lender->borrower == link_to(thread)),
         "T4: lender and borrower agree", thread);
    RULE(borrower == nullptr || (is_object(thread->borrower, KOZO_TYPE_THREAD) &&
                                 borrower->lender == link_to(thread) && thread->time == 0),
         "T4: borrower and lender agree, and what is lent is gone", thread);
    RULE(thread->lender == 0 || thread->borrower != 0 || thread->time != 0,
         "T4: the end of a chain of lenders has the time", thread);
    return true;
}

static bool check_links(const struct thread *thread)
{
    const struct reply *reply = link_target(thread->reply);
    const struct notification *notification = link_target(thread->notification);
    bool replied = thread->state == CALLING || thread->state == RECEIVING;

    RULE(reply == nullptr ||
             (is_object(thread->reply, KOZO_TYPE_REPLY) && reply->thread == link_to(thread)),
         "T3: thread and Reply agree", thread);
    RULE(reply == nullptr || replied, "T3: only a caller or a receiver has a Reply", thread);
    RULE(thread->state != CALLING || reply != nullptr, "T3: a caller has a Reply", thread);
    RULE(notification == nullptr || (is_object(thread->notification, KOZO_TYPE_NOTIFICATION) &&
                                     notification->bound == link_to(thread)),
         "a thread and its bound notification agree", thread);
    RULE((thread->state != RECEIVING && thread->state != CALLING) ||
             thread->space.type == KOZO_TYPE_ADDRESS_SPACE,
         "a thread that waits for a message has an address space", thread);
    RULE((thread->waiting_on != 0) == waits_in_queue(thread),
         "T2: a thread waits on something exactly in a state of waiting", thread);
    RULE(!thread->faulted || thread->state == SENDING || thread->state == CALLING,
         "a thread that waits for its fault handler is in a call", thread);
    RULE(!thread->foreign || thread->faulted || thread->state == STOPPED ||
             thread->state == READY || thread->state == FAULTED,
         "T6: a foreign thread waits for its fault handler only", thread);
    RULE(!thread->interrupt || (thread->foreign && thread->state != READY),
         "T6: a thread that is to be interrupted is foreign, and has not gone on", thread);
    return true;
}

// --- Who waits for whom -------------------------------------------------------------------------

static bool check_node(const void *object, size_t offset, link_t root);

constexpr size_t WAITS_NODE = offsetof(struct thread, wait);

static const struct thread *known_server(const struct thread *thread)
{
    return thread->server != 0        ? thread_at(thread->server)
           : thread->state == CALLING ? thread_at(thread->borrower)
                                      : nullptr;
}

static bool check_bound(const struct thread *thread)
{
    const struct endpoint *endpoint = link_target(thread->endpoint);
    const struct endpoint *at = thread->state == SENDING || thread->state == RECEIVING
                                    ? link_target(thread->waiting_on)
                                    : nullptr;

    RULE(endpoint == nullptr || (is_object(thread->endpoint, KOZO_TYPE_ENDPOINT) &&
                                 endpoint->bound == link_to(thread)),
         "E2: a thread and its bound endpoint agree", thread);
    RULE(at == nullptr || thread->state != RECEIVING || at->bound == 0 ||
             at->bound == link_to(thread),
         "E2: nobody else receives on a bound endpoint", thread);
    RULE(at == nullptr || thread->state != SENDING || at->bound == 0 || thread->server == at->bound,
         "W2: who queues at a bound endpoint waits for its thread", thread);
    return true;
}

static bool check_waits(const struct thread *thread)
{
    const struct thread *server = thread_at(thread->server);
    unsigned passed =
        thread->waiters == 0
            ? 0
            : KOZO_PRIORITIES - 1 - (unsigned)heap_node(thread->waiters, WAITS_NODE)->key;
    unsigned steps = 0;

    RULE(thread->priority == (passed > thread->own_priority ? passed : thread->own_priority),
         "W1: a thread runs at its own priority, or that of one who waits for it", thread);
    const struct thread *borrower = thread_at(thread->borrower);
    RULE(server == nullptr || thread->state == SENDING || thread->state == CALLING,
         "W2: only who waits stands in a heap", thread);
    RULE(server != nullptr || thread->state != CALLING || borrower == nullptr ||
             thread->priority <= borrower->own_priority,
         "W2: a caller of higher priority than its server stands in a heap", thread);
    RULE((thread->server == 0) == (thread->wait.rank == 0), "W2: a thread names the heap it is in",
         thread);
    RULE(server == nullptr || is_object(thread->server, KOZO_TYPE_THREAD),
         "W2: a thread waits for a thread", thread);
    if (server != nullptr) {
        RULE(thread->wait.key == KOZO_PRIORITIES - 1 ||
                 thread->wait.key == KOZO_PRIORITIES - 1u - thread->priority,
             "W1: a thread passes on the priority that it runs at", thread);
    }
    for (const struct thread *at = known_server(thread); at != nullptr; at = known_server(at)) {
        RULE(at != thread && steps++ < UNITS, "W3: nobody waits for itself", thread);
    }
    return check_bound(thread) &&
           check_node(thread, WAITS_NODE, server == nullptr ? 0 : server->waiters);
}

static bool check_extra(const struct thread *thread)
{
    const struct extended_state *state = link_target(thread->extended);
    bool any = thread->foreign || state != nullptr || arch_debug_in_use(&thread->registers);

    RULE(state == nullptr || (is_object(thread->extended, KOZO_TYPE_EXTENDED_STATE) &&
                              state->thread == link_to(thread)),
         "X1: a thread and its ExtendedState name each other", thread);
    RULE(thread->extra == (any ? link_to(thread) : 0),
         "X2: a thread with something extra names itself", thread);
    return true;
}

static bool check_extended_states(void)
{
    const struct extended_state *state;

    for (unsigned at = 0; (state = next_object(&at, KOZO_TYPE_EXTENDED_STATE)) != nullptr;) {
        RULE(state->thread == 0 || (is_object(state->thread, KOZO_TYPE_THREAD) &&
                                    thread_at(state->thread)->extended == link_to(state)),
             "X1: an ExtendedState and its thread name each other", state);
    }
    return true;
}

static bool check_thread(const struct thread *thread)
{
    const struct sched_context *time = link_target(thread->time);
    bool runnable = thread->state == READY && time != nullptr && !sched_context_is_spent(time);

    RULE(thread->cpu < kernel.processors && (time == nullptr || thread->cpu == time->cpu),
         "V1: a thread belongs to the processor of its time", thread);
    RULE(thread->queued == (runnable && thread != kernel.cpu[thread->cpu].current),
         "T1: a thread is in a ready list exactly when it can run and does not", thread);
    RULE(thread->queued || waits_in_queue(thread) ||
             (thread->queue_next == 0 && thread->queue_previous == 0),
         "a thread that is in no queue has no neighbours", thread);
    RULE(thread->context.type == KOZO_TYPE_NONE ||
             sched_context_of(&thread->context)->owner == link_to(thread),
         "a thread owns the SchedContext in its slot", thread);
    return check_time(thread) && check_links(thread) && check_waits(thread) && check_extra(thread);
}

// Gives the number of threads in a queue, each of which `belongs`; UNITS when something is wrong.
static unsigned queue_length(const struct thread_queue *queue,
                             bool (*belongs)(const struct thread *thread, const void *context),
                             const void *context)
{
    unsigned length = 0;
    link_t previous = 0;

    for (link_t at = queue->first; at != 0; at = thread_at(at)->queue_next) {
        const struct thread *thread = thread_at(at);
        if (!is_object(at, KOZO_TYPE_THREAD) || thread->queue_previous != previous ||
            !belongs(thread, context) || length == UNITS) {
            return UNITS;
        }
        previous = at;
        length++;
    }
    return queue->last == previous ? length : UNITS;
}

static bool belongs_ready(const struct thread *thread, const void *context)
{
    const struct thread_queue *queue = context;
    const struct cpu *cpu = &kernel.cpu[thread->cpu];

    return thread->queued && queue == &cpu->queue[thread->priority];
}

static bool belongs_waiting(const struct thread *thread, const void *context)
{
    const struct waitable *waitable = context;
    const struct thread *first = thread_at(waitable->queue.first);

    return thread->waiting_on == link_to(waitable) && thread->state == first->state;
}

static bool check_ready(const struct cpu *cpu, unsigned *queued)
{
    for (unsigned priority = 0; priority < KOZO_PRIORITIES; priority++) {
        const struct thread_queue *queue = &cpu->queue[priority];
        unsigned length = queue_length(queue, belongs_ready, queue);
        bool marked = (cpu->ready[priority / 64] >> priority % 64 & 1) != 0;
        RULE(length < UNITS, "V2: a ready list holds the queued threads of its priority", cpu);
        RULE(marked == (length > 0), "the bitmap tells which ready lists are not empty", cpu);
        *queued -= length;
    }
    return true;
}

static bool check_threads(void)
{
    const struct thread *thread;
    unsigned queued = 0;

    for (unsigned at = 0; (thread = next_object(&at, KOZO_TYPE_THREAD)) != nullptr;) {
        if (!check_thread(thread)) {
            return false;
        }
        queued += thread->queued;
    }
    for (unsigned i = 0; i < kernel.processors; i++) {
        if (!check_ready(&kernel.cpu[i], &queued)) {
            return false;
        }
    }
    RULE(queued == 0, "T1: every queued thread is in a ready list", &kernel);
    return true;
}

static bool check_waitable(const struct waitable *waitable, bool notification, unsigned *waiting)
{
    unsigned length = queue_length(&waitable->queue, belongs_waiting, waitable);
    const struct thread *first = thread_at(waitable->queue.first);

    RULE(length < UNITS, "E1: all threads in a queue wait for the same", waitable);
    RULE(first == nullptr || (first->state == WAITING) == notification,
         "T2: threads send and receive on endpoints, and wait on notifications", waitable);
    *waiting += length;
    return true;
}

static bool check_notification(const struct notification *notification)
{
    const struct thread *bound = thread_at(notification->bound);

    RULE(bound == nullptr || (is_object(notification->bound, KOZO_TYPE_THREAD) &&
                              bound->notification == link_to(notification)),
         "a bound notification and its thread agree", notification);
    RULE(notification->bits == 0 || (notification->waitable.queue.first == 0 &&
                                     (bound == nullptr || bound->state != RECEIVING)),
         "N1: bits are kept only while nobody waits for them", notification);
    return true;
}

static bool check_waiting(void)
{
    const struct waitable *waitable;
    const struct thread *thread;
    unsigned waiting = 0;

    for (unsigned at = 0; (waitable = next_object(&at, KOZO_TYPE_ENDPOINT)) != nullptr;) {
        const struct endpoint *endpoint = (const struct endpoint *)waitable;
        RULE(endpoint->bound == 0 || (is_object(endpoint->bound, KOZO_TYPE_THREAD) &&
                                      thread_at(endpoint->bound)->endpoint == link_to(endpoint)),
             "E2: a bound endpoint and its thread agree", endpoint);
        if (!check_waitable(waitable, false, &waiting)) {
            return false;
        }
    }
    for (unsigned at = 0; (waitable = next_object(&at, KOZO_TYPE_NOTIFICATION)) != nullptr;) {
        if (!check_waitable(waitable, true, &waiting) ||
            !check_notification((const struct notification *)waitable)) {
            return false;
        }
    }
    for (unsigned at = 0; (thread = next_object(&at, KOZO_TYPE_THREAD)) != nullptr;) {
        waiting -= thread->waiting_on != 0;
    }
    RULE(waiting == 0, "T2: a thread that waits is in the queue of what it waits on", &kernel);
    return true;
}

static bool check_replies(void)
{
    const struct reply *reply;

    for (unsigned at = 0; (reply = next_object(&at, KOZO_TYPE_REPLY)) != nullptr;) {
        RULE(reply->thread == 0 || (is_object(reply->thread, KOZO_TYPE_THREAD) &&
                                    thread_at(reply->thread)->reply == link_to(reply)),
             "T3: Reply and thread agree", reply);
    }
    return true;
}

static bool check_budget(const struct sched_context *context)
{
    int64_t sum = context->left;

    RULE(context->left <= (int64_t)context->budget, "no more is left than the budget", context);
    RULE(context->refills <= REFILLS, "a SchedContext has its refills", context);
    for (unsigned i = 0; i < context->refills; i++) {
        sum += context->refill[i].amount;
        RULE(i == 0 || context->refill[i].at > context->refill[i - 1].at,
             "B1: refills are in the order of time", context);
    }
    RULE(context->period == 0 ? context->refills == 0 && context->left >= 0
                              : sum == (int64_t)context->budget,
         "B1: what is left and what comes back is the budget", context);
    RULE(!sched_context_is_spent(context) ||
             (context->left <= 0 && context->alarm.node.key == context->refill[0].at),
         "B2: a spent SchedContext waits for its first refill", context);
    return true;
}

static bool check_contexts(void)
{
    const struct sched_context *context;

    for (unsigned at = 0; (context = next_object(&at, KOZO_TYPE_SCHED_CONTEXT)) != nullptr;) {
        RULE(context->user == 0 || (is_object(context->user, KOZO_TYPE_THREAD) &&
                                    thread_at(context->user)->time == link_to(context)),
             "T5: a SchedContext's user uses it", context);
        RULE(context->owner == 0 || (is_object(context->owner, KOZO_TYPE_THREAD) &&
                                     thread_at(context->owner)->context.object == link_to(context)),
             "a SchedContext's owner holds it", context);
        RULE(context->user == 0 || context->owner != 0, "time that is used has an owner", context);
        if (!check_budget(context)) {
            return false;
        }
    }
    return true;
}

// --- Heaps --------------------------------------------------------------------------------------

static uint32_t rank_of(link_t object, size_t offset)
{
    return object == 0 ? 0 : heap_node(object, offset)->rank;
}

static bool is_child(link_t child, link_t parent, size_t offset)
{
    return child == 0 ||
           (heap_node(child, offset)->up == parent && heap_node(child, offset)->rank != 0 &&
            heap_node(child, offset)->key >= heap_node(parent, offset)->key);
}

// Whether the node is in the heap: the way up leads to the root.
static bool is_in_heap(link_t object, size_t offset, link_t root)
{
    for (unsigned steps = 0; steps < UNITS; steps++) {
        link_t up = heap_node(object, offset)->up;
        if (up == 0) {
            return object == root;
        }
        if (heap_node(up, offset)->left != object && heap_node(up, offset)->right != object) {
            return false;
        }
        object = up;
    }
    return false;
}

static bool check_node(const void *object, size_t offset, link_t root)
{
    link_t self = link_to(object);
    const struct heap_node *node = heap_node(self, offset);

    if (node->rank == 0) {
        RULE(is_zero(node, sizeof(*node)), "H1: a node in no heap is zero", object);
        return true;
    }
    RULE(is_child(node->left, self, offset) && is_child(node->right, self, offset),
         "H1: a node comes before those below it, which know it", object);
    RULE(rank_of(node->left, offset) >= rank_of(node->right, offset) &&
             node->rank == rank_of(node->right, offset) + 1,
         "H1: the right side of a node is the shorter one", object);
    RULE(is_in_heap(self, offset, root), "H1: a node is in its heap", object);
    return true;
}

static bool check_alarms(void)
{
    static const enum kozo_object_type types[] = {KOZO_TYPE_TIMER, KOZO_TYPE_SCHED_CONTEXT};
    const struct alarm *alarm;

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (unsigned at = 0; (alarm = next_object(&at, types[i])) != nullptr;) {
            if (!check_node(alarm, ALARM_NODE, kernel.cpu[alarm->cpu].alarms)) {
                return false;
            }
        }
    }
    for (unsigned i = 0; i < kernel.processors; i++) {
        const struct cpu *cpu = &kernel.cpu[i];
        RULE(cpu->alarms == 0 || is_object(cpu->alarms, KOZO_TYPE_TIMER) ||
                 is_object(cpu->alarms, KOZO_TYPE_SCHED_CONTEXT),
             "K1: an alarm is a Timer or a SchedContext", cpu);
        RULE(cpu->alarms == 0 || host_deadline(cpu) <= heap_node(cpu->alarms, ALARM_NODE)->key,
             "K1: the hardware timer fires at the first alarm", cpu);
    }
    return true;
}

// Whether the extra state in a processor is that of a thread that has stepped aside.
static bool is_aside(link_t extra)
{
    link_t thread = extra & ~EXTRA_ASIDE;

    return thread != extra && kernel.processors == 1 && is_object(thread, KOZO_TYPE_THREAD) &&
           thread_at(thread)->extra == thread;
}

static bool check_cpu(const struct cpu *cpu)
{
    const struct thread *current = cpu->current;
    unsigned lowest = current == nullptr ? 0 : current->priority + 1u;

    for (unsigned priority = lowest; priority < KOZO_PRIORITIES; priority++) {
        RULE(cpu->queue[priority].first == 0, "nobody of a higher priority waits for the processor",
             cpu);
    }

    RULE(cpu->pending == 0, "nothing is left to do", cpu);
    RULE(current == nullptr || (cpu->call.cpu == cpu && cpu->call.caller == current &&
                                cpu->call.argument == current->registers.argument &&
                                current->foreign == ((cpu->detour & DETOUR_FOREIGN) != 0)),
         "the next call is that of the current thread", cpu);
    RULE(cpu->late.first == 0, "nobody is left to be told of a timeout", cpu);
    RULE(cpu->context == 0 || is_object(cpu->context, KOZO_TYPE_SCHED_CONTEXT),
         "what is charged is a SchedContext", cpu);
    RULE(cpu->context == (current == nullptr ? 0 : current->time),
         "the SchedContext of the current thread is charged", cpu);
    link_t extra = current == nullptr ? 0 : current->extra;
    RULE(cpu->extra == extra || (extra == 0 && is_aside(cpu->extra)),
         "X3: the processor has the extra state of its current thread", cpu);
    RULE(host.extended_usable == (current != nullptr && current->extended != 0),
         "X3: the registers can be used exactly by a thread that has some", cpu);
    RULE(host.debug == (current == nullptr ? 0 : current->registers.debug),
         "X3: the breakpoint of the current thread is set", cpu);
    if (current != nullptr) {
        RULE(is_object(link_to(current), KOZO_TYPE_THREAD), "the current thread is a thread",
             current);
        RULE(current->state == READY && current->time != 0 &&
                 !sched_context_is_spent(link_target(current->time)),
             "the current thread can run", current);
        RULE(current->cpu == cpu->number, "V1: a thread is current on its own processor", current);
        RULE(thread_root(current) != 0 && cpu->arch.root == thread_root(current),
             "the current thread's address space is current", current);
        RULE(host_deadline(cpu) <=
                 cpu->charged + (uint64_t)((struct sched_context *)link_target(cpu->context))->left,
             "the timer fires before the turn ends", current);
    }
    RULE(atomic_load(&cpu->asked) == 0 && cpu->arch.locked == 0,
         "V3: nothing is asked while nobody holds the lock", cpu);
    return true;
}

static bool check_cpus(void)
{
    for (unsigned i = 0; i < kernel.processors; i++) {
        if (!check_cpu(&kernel.cpu[i])) {
            return false;
        }
    }
    RULE(kernel.init == 0 || is_object(kernel.init, KOZO_TYPE_THREAD), "init is a thread", &kernel);
    RULE(kernel.flush.processors == 0, "what was cached is forgotten before the entry ends",
         &kernel);
    return true;
}

// --- Address spaces -----------------------------------------------------------------------------

// M1: while a bound is being reduced, entries from the offset on may still have the rights of before.
static unsigned bound_of(const struct slot *mapping, uint64_t offset)
{
    bool is_done = offset < (mapping->lowering & ~(PAGE - 1));

    return mapping->rights | (is_done ? 0 : (unsigned)(mapping->lowering & LOWERING_RIGHTS));
}

static bool is_own(const struct slot *mapping, uint64_t address, unsigned level, arch_entry_t entry)
{
    bool device = (mapping->flags & SLOT_DEVICE) != 0;
    unsigned rights = arch_entry_rights(entry);
    uint64_t offset = address - mapping->value;

    return address >= mapping->value && offset < mapping->size &&
           table_span(level) <= mapping->size - offset &&
           (rights & ~bound_of(mapping, offset)) == 0 &&
           entry == arch_entry_leaf(mapping->base + offset, level, rights, device);
}

static bool is_covered(const struct address_space *space, uint64_t address, unsigned level,
                       arch_entry_t entry)
{
    for (link_t at = space->mappings; at != 0; at = slot_at(at)->list_next) {
        if (is_own(slot_at(at), address, level, entry)) {
            return true;
        }
    }
    return false;
}

static bool is_in_donor(const struct pool *pool, physical_t page)
{
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        const struct slot *donor = &pool->donor[i];
        uint64_t start = (PAGE - donor->base % PAGE) % PAGE;
        if (donor->type != KOZO_TYPE_NONE && page >= donor->base + start &&
            page < donor->base + start + donor->value) {
            return true;
        }
    }
    return false;
}

static bool note_page(const struct pool *pool, physical_t page, const void *who)
{
    RULE(page % PAGE == 0 && is_in_donor(pool, page), "P2: a table is a page of its Pool", who);
    RULE(!found.table[page / PAGE], "P2: a page of a Pool is in one place", who);
    found.table[page / PAGE] = true;
    return true;
}

// Looks at every entry of a space, table by table, and counts the tables.
static bool walk_space(const struct address_space *space, const struct pool *pool, unsigned *tables)
{
    physical_t path[ARCH_LEVELS] = {[ARCH_LEVELS - 1] = space->root};
    uint64_t index[ARCH_LEVELS] = {};
    unsigned level = ARCH_LEVELS - 1;
    uint64_t address = 0;

    *tables = 1;
    if (!note_page(pool, space->root, space)) {
        return false;
    }
    while (level < ARCH_LEVELS) {
        if (index[level] == TABLE_ENTRIES) {
            level++;
            continue;
        }
        arch_entry_t entry = ((arch_entry_t *)arch_window(path[level]))[index[level]++];
        if (arch_entry_is_table(entry, level)) {
            physical_t table = arch_entry_address(entry, level);
            path[--level] = table;
            index[level] = 0;
            ++*tables;
            if (!note_page(pool, path[level], space)) {
                return false;
            }
            continue;
        }
        RULE(!arch_entry_present(entry) || is_dying(&space->object) ||
                 is_covered(space, address, level, entry),
             "A1: every entry is that of a Mapping, with no right beyond it", space);
        RULE(!arch_entry_present(entry) || address < ARCH_USER_END, "A1: entries are for users",
             space);
        RULE(!arch_entry_present(entry) ||
                 (level <= ARCH_LARGE_LEVEL &&
                  arch_entry_address(entry, level) % table_span(level) == 0),
             "a large page is aligned", space);
        address += table_span(level);
    }
    return true;
}

static bool check_mappings(const struct address_space *space)
{
    unsigned count = 0;
    link_t previous = 0;

    for (link_t at = space->mappings; at != 0; at = slot_at(at)->list_next) {
        const struct slot *mapping = slot_at(at);
        RULE(in_ram(at) && found.seen[at] && mapping->type == KOZO_TYPE_MAPPING &&
                 mapping->object == link_to(space) && mapping->list_previous == previous,
             "A2: the list holds Mappings of the space", space);
        RULE(mapping->lowering == 0 || ((mapping->lowering & LOWERING) != 0 &&
                                        (mapping->lowering & ~(PAGE - 1)) < mapping->size),
             "M1: a bound is being reduced, or it is not", space);
        previous = at;
        count++;
    }
    RULE(count == space->mapping_count, "A2: Mappings are counted", space);
    return true;
}

static bool check_space(const struct address_space *space, const struct pool *pool)
{
    unsigned tables = 0;

    if (!check_mappings(space)) {
        return false;
    }
    RULE(space->root == 0 || space->pool != 0, "A3: a root comes from a Pool", space);
    if (space->near != 0 || space->near_end != 0) {
        RULE(space->root != 0 && space->near_end % table_span(1) == 0 &&
                 space->near_end - table_span(1) < ARCH_USER_END,
             "A4: the table found last is one of the space", space);
        uint64_t start = space->near_end - table_span(1);
        struct table_place at = table_walk(space->root, start);
        RULE(at.level == 0 && at.entry == (arch_entry_t *)arch_window(space->near),
             "A4: the table found last is the one that is there", space);
    }
    RULE(space->pool != 0 || space->mappings == 0, "A3: without a Pool there are no Mappings",
         space);
    if (space->root != 0 && !walk_space(space, pool, &tables)) {
        return false;
    }
    RULE(tables == space->tables, "a space counts its tables", space);
    return true;
}

// All Mappings are in the list of a space: their number is the sum of the lengths.
static bool check_mappings_listed(unsigned listed)
{
    for (unsigned i = 0; i < found.slots; i++) {
        const struct slot *slot = slot_at(found.slot[i]);
        if (slot->type == KOZO_TYPE_MAPPING) {
            RULE(is_object(slot->object, KOZO_TYPE_ADDRESS_SPACE),
                 "A2: a Mapping names an AddressSpace", slot);
            listed--;
        }
    }
    RULE(listed == 0, "A2: every Mapping is in the list of its space", &kernel);
    return true;
}

static bool check_spaces(void)
{
    const struct address_space *space;
    unsigned outside = kernel.processors;
    unsigned listed = 0;

    for (unsigned i = 0; i < kernel.processors; i++) {
        outside -= kernel.cpu[i].arch.root == 0;
    }

    for (unsigned at = 0; (space = next_object(&at, KOZO_TYPE_ADDRESS_SPACE)) != nullptr;) {
        RULE(space->pool == 0 || is_object(space->pool, KOZO_TYPE_POOL), "a space is on a Pool",
             space);
        if (!check_space(space, link_target(space->pool))) {
            return false;
        }
        listed += space->mapping_count;
        for (unsigned i = 0; space->root != 0 && i < kernel.processors; i++) {
            outside -= kernel.cpu[i].arch.root == space->root;
        }
    }
    RULE(outside == 0, "the page tables in use belong to an AddressSpace", &kernel);
    RULE(host_stale() == UINT64_MAX, "no translation is cached that the tables do not have",
         &kernel);
    return check_mappings_listed(listed);
}

static bool check_free_pages(const struct pool *pool, unsigned *pages)
{
    for (physical_t page = pool->free; page != 0; page = *(physical_t *)arch_window(page)) {
        if (!note_page(pool, page, pool)) {
            return false;
        }
        RULE(is_zero((physical_t *)arch_window(page) + 1, PAGE - sizeof(physical_t)),
             "a free page of a Pool is zero but for its link", pool);
        ++*pages;
    }
    return true;
}

static bool check_pool(const struct pool *pool)
{
    uint64_t tables = 0;
    uint64_t below = 0;
    uint64_t donated = 0;
    unsigned spaces = 0;
    unsigned free = 0;

    for (link_t at = pool->spaces; at != 0;) {
        const struct address_space *space = link_target(at);
        RULE(is_object(at, KOZO_TYPE_ADDRESS_SPACE) && space->pool == link_to(pool) &&
                 spaces < UNITS,
             "a Pool's list holds the spaces on it", pool);
        tables += space->tables;
        spaces++;
        at = space->pool_next;
    }
    RULE(spaces == pool->space_count, "a Pool counts its spaces", pool);
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        const struct slot *donor = &pool->donor[i];
        uint64_t start = (PAGE - donor->base % PAGE) % PAGE;
        below += donor->value / PAGE;
        donated += donor->size > start ? (donor->size - start) / PAGE : 0;
    }
    if (!check_free_pages(pool, &free)) {
        return false;
    }
    RULE(donated == pool->donated, "a Pool counts what was donated", pool);
    RULE(pool->taken >= tables, "P1: what is taken holds all tables", pool);
    RULE(below == pool->taken + free, "P2: a page of a Pool is in one place", pool);
    RULE(pool->taken == tables || pool->spaces != 0, "P1: without spaces all pages are free", pool);
    return true;
}

static bool check_pools(void)
{
    const struct pool *pool;

    for (unsigned at = 0; (pool = next_object(&at, KOZO_TYPE_POOL)) != nullptr;) {
        if (!check_pool(pool)) {
            return false;
        }
    }
    return true;
}

// --- Leases -------------------------------------------------------------------------------------

static bool check_leased(const struct slot *slot, const struct slot *parent)
{
    bool leased = (slot->flags & SLOT_LEASED) != 0;

    RULE(!leased || ((slot->type == KOZO_TYPE_ENDPOINT || slot->type == KOZO_TYPE_NOTIFICATION) &&
                     is_object(slot->lease, KOZO_TYPE_LEASE)),
         "L1: an Endpoint or Notification is under a Lease", slot);
    if (parent != nullptr && (parent->flags & SLOT_LEASED) != 0 && names_same(slot, parent)) {
        RULE(leased && (is_dying(link_target(slot->lease)) || lease_at(slot->lease)->closed ||
                        lease_is_inside(lease_at(slot->lease), lease_at(parent->lease))),
             "L2: a copy of a capability under a Lease is under it too", slot);
    }
    return true;
}

static bool check_lease(const struct lease *lease, unsigned *listed)
{
    link_t previous = 0;
    unsigned depth = 0;

    for (link_t at = lease->slots; at != 0; at = slot_at(at)->list_next) {
        RULE(in_ram(at) && found.seen[at] && (slot_at(at)->flags & SLOT_LEASED) != 0 &&
                 slot_at(at)->lease == link_to(lease) && slot_at(at)->list_previous == previous,
             "L1: a Lease lists the slots under it", lease);
        previous = at;
        ++*listed;
    }
    for (const struct lease *at = lease_at(lease->outer); at != nullptr; at = lease_at(at->outer)) {
        RULE(is_object(link_to(at), KOZO_TYPE_LEASE) && ++depth < LEASE_DEPTH,
             "L3: Leases lie inside one another LEASE_DEPTH deep", lease);
    }
    previous = 0;
    for (link_t at = lease->inner; at != 0; at = lease_at(at)->inner_next) {
        RULE(is_object(at, KOZO_TYPE_LEASE) && lease_at(at)->outer == link_to(lease) &&
                 lease_at(at)->inner_previous == previous,
             "L3: a Lease lists those inside it", lease);
        previous = at;
    }
    return true;
}

static bool check_leases(void)
{
    const struct lease *lease;
    unsigned listed = 0;

    for (unsigned at = 0; (lease = next_object(&at, KOZO_TYPE_LEASE)) != nullptr;) {
        if (!check_lease(lease, &listed)) {
            return false;
        }
    }
    for (unsigned i = 0; i < found.slots; i++) {
        struct slot *slot = slot_at(found.slot[i]);
        if (!check_leased(slot, slot_parent(slot, UNITS))) {
            return false;
        }
        listed -= (slot->flags & SLOT_LEASED) != 0;
    }
    RULE(listed == 0, "L1: a slot under a Lease is in its list", &kernel);
    return true;
}

// --- Interrupts ---------------------------------------------------------------------------------

static bool check_interrupts(void)
{
    const struct irq_handler *handler;

    for (unsigned i = 0; i < ARCH_INTERRUPTS; i++) {
        handler = link_target(kernel.interrupt[i]);
        RULE(handler == nullptr || (is_object(kernel.interrupt[i], KOZO_TYPE_IRQ_HANDLER) &&
                                    handler->claimed == i + 1),
             "an interrupt and its handler agree", handler);
        RULE(handler != nullptr || host.masked[i], "an interrupt that nobody claimed is masked",
             &kernel);
    }
    for (unsigned at = 0; (handler = next_object(&at, KOZO_TYPE_IRQ_HANDLER)) != nullptr;) {
        RULE(handler->claimed == 0 || (handler->claimed <= ARCH_INTERRUPTS &&
                                       kernel.interrupt[handler->claimed - 1] == link_to(handler)),
             "a handler and its interrupt agree", handler);
    }
    return true;
}

static bool check_audit(void)
{
    for (unsigned i = 0; i < AUDIT_RINGS; i++) {
        struct audit_ring *ring = &kernel.audit[i];
        uint64_t least = ring->read;
        uint64_t used = ring->memory.value;
        RULE(ring->memory.type == KOZO_TYPE_NONE ||
                 (used > sizeof(ring->record) && (used & (used - 1)) == 0),
             "R2: a ring uses a power of two of its memory, more than it has itself", ring);
        struct kozo_audit_record *at = used == 0 ? ring->record : arch_window(ring->memory.base);
        RULE(audit_record(ring, 0) == at &&
                 audit_last_place(ring) ==
                     (used == 0 ? sizeof(ring->record) : used) / sizeof(*at) - 1,
             "R2: a ring's places are its own, or in its memory", ring);
        RULE(ring->first <= ring->end && ring->end - ring->first <= audit_last_place(ring) + 1,
             "R1: a ring has at most its size of records", ring);
        for (uint64_t place = ring->first; place != ring->end; place++) {
            const struct kozo_audit_record *record = audit_record(ring, place);
            RULE(record->sequence >= least && record->sequence < ring->written,
                 "R1: the numbers of a ring's records rise", record);
            least = record->sequence + 1;
        }
    }
    return true;
}

const char *invariants_broken(void)
{
    memset(&found, 0, offsetof(typeof(found), slot));
    bool hold = walk_tree() && check_dying() && check_places() && check_memory() &&
                check_threads() && check_waiting() && check_replies() && check_contexts() &&
                check_spaces() && check_pools() && check_leases() && check_interrupts() &&
                check_alarms() && check_extended_states() && check_cpus() && check_audit();
    return hold ? nullptr : message;
}
