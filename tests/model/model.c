// SPDX-License-Identifier: MIT
// Read it beside abi/object: first finding slots, then the tree, then threads and time, then
// destroying, then one function for each operation. As there, all that can be refused comes first
// and changes nothing.
#include "model.h"

#include <string.h>

#include "object/address_space.h"
#include "object/cnode.h"
#include "object/lease.h"
#include "object/pool.h"
#include "object/thread.h"
#include "object/untyped.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;
constexpr uint64_t TABLE_PAGES = 1 << ARCH_TABLE_BITS;
constexpr unsigned READ = KOZO_RIGHT_READ;
constexpr unsigned WRITE = KOZO_RIGHT_WRITE;
constexpr unsigned CONTROL = KOZO_RIGHT_CONTROL;
constexpr unsigned MEMORY = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
constexpr uint64_t NO_LIMIT = UINT64_MAX;

// Where the capabilities in a thread and in a Pool stand.
constexpr name_t PART_CSPACE = offsetof(struct thread, cspace) / KOZO_SLOT_SIZE;
constexpr name_t PART_SPACE = offsetof(struct thread, space) / KOZO_SLOT_SIZE;
constexpr name_t PART_HANDLER = offsetof(struct thread, fault_handler) / KOZO_SLOT_SIZE;
constexpr name_t PART_CONTEXT = offsetof(struct thread, context) / KOZO_SLOT_SIZE;
constexpr name_t PART_DONORS = offsetof(struct pool, donor) / KOZO_SLOT_SIZE;

// One system call being made.
struct making {
    struct model *model;
    name_t caller;
    uint64_t handle;
    uint64_t *argument; // of the caller; results go there too
    name_t slot;        // of the capability that is invoked, for operations on one
    name_t object;      // that it names
    bool is_open;       // see struct outcome
};

// --- Facts --------------------------------------------------------------------------------------

static struct model_slot *slot_in(struct model *model, name_t place)
{
    return &model->slot[place];
}

static struct model_object *object_in(struct model *model, name_t place)
{
    return &model->object[place];
}

static struct model_thread *thread_in(struct model *model, name_t place)
{
    return &model->object[place].thread;
}

static bool has_object(uint64_t type)
{
    return type != KOZO_TYPE_NONE && type != KOZO_TYPE_UNTYPED && type != KOZO_TYPE_FRAME &&
           type != KOZO_TYPE_MAPPING;
}

static bool can_be_copied(unsigned type)
{
    return type != KOZO_TYPE_UNTYPED && type != KOZO_TYPE_MAPPING && type != KOZO_TYPE_REPLY;
}

// log2 of the bytes of an object of a type; 0 for those of many sizes.
static unsigned size_bits(uint64_t type)
{
    switch (type) {
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
    case KOZO_TYPE_REPLY:
    case KOZO_TYPE_LEASE:
    case KOZO_TYPE_SCHED_CONTEXT:
    case KOZO_TYPE_ADDRESS_SPACE:
        return 7;
    case KOZO_TYPE_THREAD:
    case KOZO_TYPE_POOL:
        return 10;
    case KOZO_TYPE_IRQ_HANDLER:
        return 8;
    default:
        return 0;
    }
}

static unsigned fresh_rights(uint64_t type)
{
    switch (type) {
    case KOZO_TYPE_UNTYPED:
    case KOZO_TYPE_FRAME:
        return MEMORY | KOZO_RIGHT_PHYS;
    case KOZO_TYPE_CNODE:
    case KOZO_TYPE_NOTIFICATION:
        return READ | WRITE;
    case KOZO_TYPE_ENDPOINT:
        return READ | WRITE | KOZO_RIGHT_GRANT;
    default:
        return READ | CONTROL;
    }
}

// --- From a handle to a slot --------------------------------------------------------------------

struct model_place {
    bool exists;
    name_t slot, cnode;
    unsigned rights; // of the capability to the CNode
    uint64_t index, slots;
};

static struct model_place find_place(const struct making *call, uint64_t handle)
{
    name_t at = call->caller + PART_CSPACE;

    while (slot_in(call->model, at)->type == KOZO_TYPE_CNODE) {
        const struct model_slot *way = slot_in(call->model, at);
        unsigned bits = object_in(call->model, way->object)->bits;
        uint64_t index = handle % (1u << bits);
        handle >>= bits;
        at = (name_t)(way->object + index);
        if (index == 0) {
            break;
        }
        if (handle == 0) {
            return (struct model_place){true, at, way->object, way->rights, index, 1u << bits};
        }
    }
    return (struct model_place){};
}

static name_t find(const struct making *call, uint64_t handle)
{
    struct model_place place = find_place(call, handle);

    return place.exists && slot_in(call->model, place.slot)->type != KOZO_TYPE_NONE ? place.slot
                                                                                    : 0;
}

static enum kozo_error check_empty(const struct making *call, const struct model_place *place)
{
    if (!place->exists) {
        return KOZO_BAD_HANDLE;
    }
    if ((place->rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    return slot_in(call->model, place->slot)->type == KOZO_TYPE_NONE ? KOZO_OK : KOZO_SLOT_TAKEN;
}

static enum kozo_error find_typed(const struct making *call, uint64_t handle, unsigned type,
                                  unsigned rights, name_t *slot)
{
    *slot = find(call, handle);
    if (*slot == 0) {
        return KOZO_BAD_HANDLE;
    }
    if (slot_in(call->model, *slot)->type != type) {
        return KOZO_BAD_TYPE;
    }
    return (slot_in(call->model, *slot)->rights & rights) == rights ? KOZO_OK : KOZO_NO_RIGHT;
}

// --- The tree -----------------------------------------------------------------------------------

static name_t find_child(struct model *model, name_t parent)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->slot[i].type != KOZO_TYPE_NONE && model->slot[i].parent == parent) {
            return i;
        }
    }
    return 0;
}

static void give_children(struct model *model, name_t from, name_t to)
{
    for (name_t child = find_child(model, from); child != 0; child = find_child(model, from)) {
        slot_in(model, child)->parent = to;
    }
}

static void empty_slot(struct model *model, name_t slot)
{
    name_t parent = slot_in(model, slot)->parent;

    give_children(model, slot, parent);
    memset(slot_in(model, slot), 0, sizeof(struct model_slot));
    if (parent != 0 && slot_in(model, parent)->type == KOZO_TYPE_UNTYPED &&
        find_child(model, parent) == 0) {
        slot_in(model, parent)->value = 0;
    }
}

static void move_slot(struct model *model, name_t from, name_t to, enum model_where where)
{
    *slot_in(model, to) = *slot_in(model, from);
    slot_in(model, to)->where = where;
    give_children(model, from, to);
    memset(slot_in(model, from), 0, sizeof(struct model_slot));
}

static void copy_slot(struct model *model, name_t from, name_t to, enum model_where where)
{
    *slot_in(model, to) = *slot_in(model, from);
    slot_in(model, to)->where = where;
    slot_in(model, to)->parent = from;
    if (has_object(slot_in(model, from)->type)) {
        object_in(model, slot_in(model, from)->object)->references++;
    }
}

// --- Queues -------------------------------------------------------------------------------------

static void queue_leave(struct model_queue *queue, name_t thread)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (queue->thread[i] != thread) {
            queue->thread[kept++] = queue->thread[i];
        }
    }
    while (kept < MODEL_THREADS) {
        queue->thread[kept++] = 0;
    }
}

static void queue_join(struct model_queue *queue, name_t thread)
{
    unsigned at = 0;

    while (queue->thread[at] != 0) {
        at++;
    }
    queue->thread[at] = thread;
}

static void queue_join_first(struct model_queue *queue, name_t thread)
{
    memmove(&queue->thread[1], &queue->thread[0], (MODEL_THREADS - 1) * sizeof(queue->thread[0]));
    queue->thread[0] = thread;
}

static bool queue_has(const struct model_queue *queue, name_t thread)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (queue->thread[i] == thread) {
            return true;
        }
    }
    return false;
}

// --- Threads and time ---------------------------------------------------------------------------

static struct model_queue *ready_list(struct model *model, name_t thread)
{
    return &model->ready[thread_in(model, thread)->priority];
}

static name_t own_context(struct model *model, name_t thread)
{
    name_t context = slot_in(model, thread + PART_CONTEXT)->object;

    return context != 0 && object_in(model, context)->context.owner == thread ? context : 0;
}

// A thread that has lent its time has none. Else it has that of the first of its lenders, which may
// be itself.
static name_t time_of(struct model *model, name_t thread)
{
    if (thread_in(model, thread)->borrower != 0) {
        return 0;
    }
    while (thread_in(model, thread)->lender != 0) {
        thread = thread_in(model, thread)->lender;
    }
    return own_context(model, thread);
}

static bool can_run(struct model *model, name_t thread)
{
    return thread_in(model, thread)->state == READY && time_of(model, thread) != 0;
}

static void leave_ready(struct model *model, name_t thread)
{
    queue_leave(ready_list(model, thread), thread);
}

// Joins its ready list, last, if it can run and is not there.
static void join_ready(struct model *model, name_t thread)
{
    if (can_run(model, thread) && thread != model->current &&
        !queue_has(ready_list(model, thread), thread)) {
        queue_join(ready_list(model, thread), thread);
    }
}

static void lend(struct model *model, name_t caller, name_t server)
{
    if (time_of(model, caller) != 0) {
        leave_ready(model, caller);
        leave_ready(model, server);
        thread_in(model, caller)->borrower = server;
        thread_in(model, server)->lender = caller;
    }
}

static name_t last_borrower(struct model *model, name_t thread)
{
    while (thread_in(model, thread)->borrower != 0) {
        thread = thread_in(model, thread)->borrower;
    }
    return thread;
}

// Cuts the chain between `first` (0: its beginning) and its end. Everybody has their own time
// again.
static void cut_chain(struct model *model, name_t first, name_t end)
{
    leave_ready(model, end);
    while (end != first && thread_in(model, end)->lender != 0) {
        name_t lender = thread_in(model, end)->lender;
        thread_in(model, end)->lender = 0;
        thread_in(model, lender)->borrower = 0;
        join_ready(model, end);
        end = lender;
    }
    join_ready(model, end);
}

static void send_time_home(struct model *model, name_t server)
{
    bool on = true;

    while (on && thread_in(model, server)->lender != 0 && thread_in(model, server)->borrower == 0) {
        name_t lender = thread_in(model, server)->lender;
        cut_chain(model, lender, server);
        server = lender;
        on = thread_in(model, lender)->state == FAULTED;
    }
}

static void take_time_back(struct model *model, name_t lender)
{
    name_t end = last_borrower(model, lender);

    if (end != lender) {
        cut_chain(model, lender, end);
    }
}

static void give_up(struct model *model, name_t thread)
{
    thread_in(model, thread)->faulted = false;
    thread_in(model, thread)->state = FAULTED;
    send_time_home(model, thread);
}

static void wake(struct model *model, name_t thread, enum kozo_error error)
{
    struct model_thread *woken = thread_in(model, thread);

    if (woken->faulted && error != KOZO_OK) {
        give_up(model, thread);
        return;
    }
    if (!woken->faulted) {
        woken->registers.operation = error;
    }
    woken->faulted = false;
    woken->state = READY;
    join_ready(model, thread);
}

static void forget_reply(struct model *model, name_t thread)
{
    name_t reply = thread_in(model, thread)->reply;

    if (reply != 0) {
        object_in(model, reply)->reply.thread = 0;
        thread_in(model, thread)->reply = 0;
    }
}

static void stop_waiting(struct model *model, name_t thread)
{
    struct model_thread *waiter = thread_in(model, thread);

    if (waiter->waiting_on != 0) {
        queue_leave(&object_in(model, waiter->waiting_on)->meeting.queue, thread);
        waiter->waiting_on = 0;
    }
    waiter->calls = false;
    waiter->badge = 0;
}

static void cancel(struct model *model, name_t thread, enum kozo_error error)
{
    stop_waiting(model, thread);
    forget_reply(model, thread);
    take_time_back(model, thread);
    wake(model, thread, error);
}

static bool is_waiting(unsigned state)
{
    return state == SENDING || state == RECEIVING || state == CALLING || state == WAITING;
}

static void stop(struct model *model, name_t thread)
{
    if (is_waiting(thread_in(model, thread)->state)) {
        cancel(model, thread, KOZO_CANCELLED);
    }
    leave_ready(model, thread);
    thread_in(model, thread)->state = STOPPED;
    take_time_back(model, thread);
    send_time_home(model, thread);
}

// Nobody has the time of this SchedContext any more.
static void take_time_away(struct model *model, name_t context)
{
    name_t owner = object_in(model, context)->context.owner;
    bool parked = owner == 0 || thread_in(model, owner)->lender != 0;

    object_in(model, context)->context.owner = 0;
    if (!parked) {
        cut_chain(model, 0, last_borrower(model, owner));
    }
}

// --- Page tables --------------------------------------------------------------------------------

static struct model_map *map_of(struct model *model, name_t space)
{
    for (unsigned i = 0; i < MODEL_SPACES; i++) {
        if (space != 0 && model->map[i].space == space) {
            return &model->map[i];
        }
    }
    return nullptr;
}

static void map_add(struct model *model, name_t space)
{
    unsigned at = 0;

    while (model->map[at].space != 0 && model->map[at].space < space) {
        at++;
    }
    memmove(&model->map[at + 1], &model->map[at], (MODEL_SPACES - 1 - at) * sizeof(model->map[0]));
    memset(&model->map[at], 0, sizeof(model->map[0]));
    model->map[at].space = space;
}

static void map_drop(struct model *model, struct model_map *map)
{
    size_t at = (size_t)(map - model->map);

    memmove(map, map + 1, (MODEL_SPACES - 1 - at) * sizeof(*map));
    memset(&model->map[MODEL_SPACES - 1], 0, sizeof(*map));
}

static uint64_t count_tables(const struct model_map *map)
{
    uint64_t count = 1;

    for (unsigned i = 0; i < TABLE_PAGES; i++) {
        count += map->table[i];
    }
    return count;
}

static uint64_t count_missing(const struct model_map *map, uint64_t first, uint64_t pages)
{
    uint64_t count = 0;

    for (uint64_t i = first / TABLE_PAGES; i <= (first + pages - 1) / TABLE_PAGES; i++) {
        count += !map->table[i];
    }
    return count;
}

static struct model_object *pool_of_map(struct model *model, const struct model_map *map)
{
    return object_in(model, object_in(model, map->space)->space.pool);
}

static bool has_tables(struct model *model, const struct model_map *map, uint64_t first,
                       uint64_t pages)
{
    const struct model_object *pool = pool_of_map(model, map);

    return count_missing(map, first, pages) <= pool->pool.donated - pool->pool.taken;
}

// Lets `pages` pages of a Mapping, from `offset` on, allow `rights`.
static void show(struct model *model, name_t mapping, uint64_t offset, uint64_t pages,
                 unsigned rights)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t page = (slot->value + offset) / PAGE + i;
        if (!map->table[page / TABLE_PAGES]) {
            map->table[page / TABLE_PAGES] = true;
            pool_of_map(model, map)->pool.taken++;
        }
        map->page[page] = (uint32_t)(slot->base + offset + i * PAGE) | rights;
    }
}

// Clears what is the Mapping's own: its translation, with no right beyond its bound.
static void hide(struct model *model, name_t mapping, uint64_t offset, uint64_t pages)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);

    for (uint64_t i = 0; map != nullptr && i < pages; i++) {
        uint32_t *page = &map->page[(slot->value + offset) / PAGE + i];
        unsigned rights = *page & MEMORY;
        if (rights != 0 && *page - rights == slot->base + offset + i * PAGE &&
            (rights & ~(unsigned)slot->rights) == 0) {
            *page = 0;
        }
    }
}

static name_t find_mapping(struct model *model, name_t space)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->slot[i].type == KOZO_TYPE_MAPPING && model->slot[i].object == space) {
            return i;
        }
    }
    return 0;
}

static unsigned count_spaces(struct model *model, name_t pool)
{
    unsigned count = 0;

    for (name_t i = 1; i < UNITS; i++) {
        count +=
            model->object[i].type == KOZO_TYPE_ADDRESS_SPACE && model->object[i].space.pool == pool;
    }
    return count;
}

// The AddressSpace goes off its Pool. The tables go back if the Pool itself stays.
static void leave_pool(struct model *model, name_t space, bool give_back)
{
    name_t pool = object_in(model, space)->space.pool;
    struct model_map *map = map_of(model, space);

    for (name_t i = find_mapping(model, space); i != 0; i = find_mapping(model, space)) {
        empty_slot(model, i);
    }
    if (map != nullptr) {
        object_in(model, pool)->pool.taken -= give_back ? count_tables(map) : 0;
        map_drop(model, map);
    }
    object_in(model, space)->space.pool = 0;
    if (count_spaces(model, pool) == 0) {
        object_in(model, pool)->pool.taken = 0;
    }
}

static void clear_pool(struct model *model, name_t pool)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_ADDRESS_SPACE &&
            model->object[i].space.pool == pool) {
            leave_pool(model, i, false);
        }
    }
}

static uint64_t donor_pages(const struct model_slot *donor)
{
    uint64_t start = (donor->base + PAGE - 1) / PAGE * PAGE;

    return start < donor->base + donor->size ? (donor->base + donor->size - start) / PAGE : 0;
}

// --- Deleting -----------------------------------------------------------------------------------

// Objects whose last capability is gone, and that are to be taken apart.
struct dying {
    name_t object[UNITS];
    unsigned count;
};

// The object that a slot stands in.
static name_t owner_of(struct model *model, name_t slot)
{
    while (model->object[slot].type == KOZO_TYPE_NONE) {
        slot--;
    }
    return slot;
}

static void delete_slot(struct model *model, struct dying *dying, name_t place)
{
    struct model_slot *slot = slot_in(model, place);
    name_t object = has_object(slot->type) ? slot->object : 0;

    if (slot->where == IN_THREAD && slot->type == KOZO_TYPE_SCHED_CONTEXT) {
        take_time_away(model, slot->object);
    }
    if (slot->where == IN_THREAD && slot->type == KOZO_TYPE_ADDRESS_SPACE) {
        stop(model, owner_of(model, place));
    }
    if (slot->where == IN_POOL) {
        clear_pool(model, owner_of(model, place));
        object_in(model, owner_of(model, place))->pool.donated -= donor_pages(slot);
    }
    if (slot->type == KOZO_TYPE_MAPPING) {
        hide(model, place, 0, slot->size / PAGE);
    }
    if (slot->type != KOZO_TYPE_NONE) {
        empty_slot(model, place);
    }
    if (object != 0 && --object_in(model, object)->references == 0) {
        dying->object[dying->count++] = object;
    }
}

static void end_meeting(struct model *model, name_t object)
{
    name_t bound = object_in(model, object)->meeting.bound;

    if (bound != 0) {
        thread_in(model, bound)->notification = 0;
    }
    for (name_t first; (first = object_in(model, object)->meeting.queue.thread[0]) != 0;) {
        cancel(model, first, KOZO_CANCELLED);
    }
}

static void end_reply(struct model *model, name_t reply)
{
    name_t thread = object_in(model, reply)->reply.thread;

    if (thread != 0 && thread_in(model, thread)->state == CALLING) {
        cancel(model, thread, KOZO_NO_REPLY);
    } else if (thread != 0) {
        forget_reply(model, thread);
    }
}

static void end_thread(struct model *model, struct dying *dying, name_t thread)
{
    name_t notification = thread_in(model, thread)->notification;

    stop(model, thread);
    if (notification != 0) {
        object_in(model, notification)->meeting.bound = 0;
    }
    for (name_t part = PART_CSPACE; part <= PART_CONTEXT; part++) {
        delete_slot(model, dying, thread + part);
    }
    if (model->current == thread) {
        model->current = 0;
    }
}

static void end_lease(struct model *model, struct dying *dying, name_t lease)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_LEASE && model->object[i].lease.outer == lease) {
            model->object[i].lease.outer = 0;
            model->object[i].lease.closed = true;
        }
        if (model->slot[i].type != KOZO_TYPE_NONE && model->slot[i].lease == lease) {
            delete_slot(model, dying, i);
        }
    }
}

static void end_object(struct model *model, struct dying *dying, name_t object)
{
    const struct model_object *ended = object_in(model, object);

    switch (ended->type) {
    case KOZO_TYPE_CNODE:
        for (name_t i = 1; i < 1u << ended->bits; i++) {
            delete_slot(model, dying, object + i);
        }
        break;
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        end_meeting(model, object);
        break;
    case KOZO_TYPE_REPLY:
        end_reply(model, object);
        break;
    case KOZO_TYPE_THREAD:
        end_thread(model, dying, object);
        break;
    case KOZO_TYPE_SCHED_CONTEXT:
        take_time_away(model, object);
        break;
    case KOZO_TYPE_LEASE:
        end_lease(model, dying, object);
        break;
    case KOZO_TYPE_POOL:
        clear_pool(model, object);
        for (name_t i = 0; i < POOL_DONORS; i++) {
            delete_slot(model, dying, object + PART_DONORS + i);
        }
        break;
    case KOZO_TYPE_ADDRESS_SPACE:
        if (ended->space.pool != 0) {
            leave_pool(model, object, true);
        }
        break;
    default:
        break;
    }
    memset(object_in(model, object), 0, sizeof(struct model_object));
}

static void end_all(struct model *model, struct dying *dying)
{
    while (dying->count > 0) {
        end_object(model, dying, dying->object[--dying->count]);
    }
}

static void revoke(struct model *model, name_t slot)
{
    struct dying dying = {};

    for (name_t child = find_child(model, slot);
         child != 0 && slot_in(model, slot)->type != KOZO_TYPE_NONE;
         child = find_child(model, slot)) {
        delete_slot(model, &dying, child);
        end_all(model, &dying);
    }
}

// --- Untyped ------------------------------------------------------------------------------------

static unsigned retype_bits(uint64_t type, uint64_t size)
{
    switch (type) {
    case KOZO_TYPE_CNODE:
        return size >= 2 && size <= 24 ? (unsigned)size + SLOT_BITS : 0;
    case KOZO_TYPE_FRAME:
        return size >= ARCH_PAGE_BITS && size <= 40 ? (unsigned)size : 0;
    case KOZO_TYPE_UNTYPED:
        return size >= 6 && size <= 47 ? (unsigned)size : 0;
    default:
        return size == 0 ? size_bits(type) : 0;
    }
}

static bool can_be_made(uint64_t type, bool device)
{
    return type == KOZO_TYPE_FRAME || type == KOZO_TYPE_UNTYPED ||
           (!device && (type == KOZO_TYPE_CNODE || size_bits(type) != 0));
}

static void make_one(struct model *model, name_t untyped, name_t slot, uint64_t type, uint64_t size,
                     uint64_t base, uint64_t bytes)
{
    struct model_slot *made = slot_in(model, slot);

    made->type = (uint8_t)type;
    made->device = slot_in(model, untyped)->device;
    made->rights = (uint16_t)fresh_rights(type);
    made->parent = untyped;
    if (has_object(type)) {
        made->object = (name_t)(base / KOZO_SLOT_SIZE);
        memset(object_in(model, made->object), 0, sizeof(struct model_object));
        object_in(model, made->object)->type = (uint8_t)type;
        object_in(model, made->object)->bits = (uint8_t)size;
        object_in(model, made->object)->references = 1;
    } else {
        made->base = base;
        made->size = bytes;
    }
}

static enum kozo_error do_retype(struct making *call)
{
    struct model *model = call->model;
    struct model_slot *untyped = slot_in(model, call->slot);
    uint64_t type = call->argument[0];
    uint64_t count = call->argument[3];

    if (!can_be_made(type, untyped->device)) {
        return KOZO_BAD_TYPE;
    }
    unsigned bits = retype_bits(type, call->argument[1]);
    if (bits == 0 || count == 0 || count > 256) {
        return KOZO_BAD_ARGUMENT;
    }
    struct model_place place = find_place(call, call->argument[2]);
    enum kozo_error error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }
    if (place.index + count > place.slots) {
        return KOZO_BAD_HANDLE;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (slot_in(model, (name_t)(place.slot + i))->type != KOZO_TYPE_NONE) {
            return KOZO_SLOT_TAKEN;
        }
    }
    uint64_t bytes = UINT64_C(1) << bits;
    uint64_t base = (untyped->base + untyped->value + bytes - 1) / bytes * bytes;
    if (base + count * bytes > untyped->base + untyped->size) {
        return KOZO_NO_MEMORY;
    }

    for (uint64_t i = 0; i < count; i++) {
        make_one(model, call->slot, (name_t)(place.slot + i), type, call->argument[1],
                 base + i * bytes, bytes);
    }
    untyped->value = base + count * bytes - untyped->base;
    return KOZO_OK;
}

static enum kozo_error do_untyped_info(struct making *call)
{
    const struct model_slot *untyped = slot_in(call->model, call->slot);

    call->argument[0] = (untyped->rights & KOZO_RIGHT_PHYS) != 0 ? untyped->base : 0;
    call->argument[1] = untyped->size;
    call->argument[2] = untyped->size - untyped->value;
    call->argument[3] = untyped->device;
    return KOZO_OK;
}

// --- CNode --------------------------------------------------------------------------------------

// What minting with `value` makes of a capability.
static enum kozo_error mint_value(struct model_slot *slot, uint64_t value)
{
    uint64_t first = value & UINT32_MAX;
    uint64_t count = value >> 32;

    if (value == 0) {
        return KOZO_OK;
    }
    if (slot->type == KOZO_TYPE_ENDPOINT || slot->type == KOZO_TYPE_NOTIFICATION) {
        bool set = slot->value != 0;
        slot->value = value;
        return set ? KOZO_BAD_ARGUMENT : KOZO_OK;
    }
    if (slot->type != KOZO_TYPE_FRAME || count == 0 || (first + count) * PAGE > slot->size) {
        return KOZO_BAD_ARGUMENT;
    }
    slot->base += first * PAGE;
    slot->size = count * PAGE;
    return KOZO_OK;
}

static enum kozo_error derive(struct making *call, uint64_t rights, uint64_t value, name_t lease)
{
    struct model *model = call->model;
    name_t source = find(call, call->handle);
    if (source == 0) {
        return KOZO_BAD_HANDLE;
    }
    struct model_slot made = *slot_in(model, source);
    if (!can_be_copied(made.type)) {
        return KOZO_BAD_TYPE;
    }
    enum kozo_error error = mint_value(&made, value);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_place place = find_place(call, call->argument[0]);
    error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }

    copy_slot(model, source, place.slot, IN_CNODE);
    slot_in(model, place.slot)->rights = made.rights & (uint16_t)rights;
    slot_in(model, place.slot)->value = made.value;
    slot_in(model, place.slot)->base = made.base;
    slot_in(model, place.slot)->size = made.size;
    slot_in(model, place.slot)->lease = lease != 0 ? lease : made.lease;
    return KOZO_OK;
}

static enum kozo_error do_copy(struct making *call)
{
    return derive(call, UINT64_MAX, 0, 0);
}

static enum kozo_error do_mint(struct making *call)
{
    return derive(call, call->argument[1], call->argument[2], 0);
}

static enum kozo_error do_move(struct making *call)
{
    struct model_place from = find_place(call, call->handle);
    if (find(call, call->handle) == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((from.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    struct model_place to = find_place(call, call->argument[0]);
    enum kozo_error error = check_empty(call, &to);
    if (error != KOZO_OK) {
        return error;
    }

    move_slot(call->model, from.slot, to.slot, IN_CNODE);
    return KOZO_OK;
}

static enum kozo_error do_delete(struct making *call)
{
    struct dying dying = {};
    struct model_place place = find_place(call, call->handle);
    if (!place.exists) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    delete_slot(call->model, &dying, place.slot);
    end_all(call->model, &dying);
    return KOZO_OK;
}

static enum kozo_error do_revoke(struct making *call)
{
    struct model_place place = find_place(call, call->handle);
    if (find(call, call->handle) == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    revoke(call->model, place.slot);
    call->is_open = slot_in(call->model, place.slot)->type == KOZO_TYPE_NONE;
    return KOZO_OK;
}

static uint64_t inspect_value(struct model *model, const struct model_slot *slot)
{
    switch (slot->type) {
    case KOZO_TYPE_CNODE:
        return object_in(model, slot->object)->bits;
    case KOZO_TYPE_UNTYPED:
    case KOZO_TYPE_FRAME:
        return slot->size;
    default:
        return slot->value;
    }
}

static enum kozo_error do_inspect(struct making *call)
{
    struct model *model = call->model;
    struct model_place place = find_place(call, call->handle);
    if (!place.exists) {
        return KOZO_BAD_HANDLE;
    }

    const struct model_slot *slot = slot_in(model, place.slot);
    bool empty = slot->type == KOZO_TYPE_NONE;
    bool beside = slot->parent > place.cnode && slot->parent < place.cnode + place.slots;
    call->argument[0] = slot->type;
    call->argument[1] = slot->rights;
    call->argument[2] = inspect_value(model, slot);
    call->argument[3] = !empty && find_child(model, place.slot) != 0;
    call->argument[4] = beside ? (uint64_t)slot->parent - place.cnode : 0;
    return KOZO_OK;
}

// --- Lease --------------------------------------------------------------------------------------

static bool lease_is_open(struct model *model, name_t lease)
{
    for (name_t at = lease; at != 0; at = object_in(model, at)->lease.outer) {
        const struct model_object *object = object_in(model, at);
        if (!object->lease.opened || object->lease.closed || object->lease.uses == 0 ||
            model->now > object->lease.deadline) {
            return false;
        }
    }
    return true;
}

static bool lies_inside(struct model *model, name_t lease, name_t other)
{
    while (lease != 0 && lease != other) {
        lease = object_in(model, lease)->lease.outer;
    }
    return lease == other;
}

static enum kozo_error do_lend(struct making *call)
{
    name_t lease;
    name_t source = find(call, call->handle);
    if (source == 0) {
        return KOZO_BAD_HANDLE;
    }
    enum kozo_error error = find_typed(call, call->argument[3], KOZO_TYPE_LEASE, CONTROL, &lease);
    if (error != KOZO_OK) {
        return error;
    }
    const struct model_slot *lent = slot_in(call->model, source);
    name_t under = slot_in(call->model, lease)->object;
    if (lent->type != KOZO_TYPE_ENDPOINT && lent->type != KOZO_TYPE_NOTIFICATION) {
        return KOZO_BAD_TYPE;
    }
    if (!lease_is_open(call->model, under)) {
        return KOZO_EXPIRED;
    }
    if (lent->lease != 0 && !lies_inside(call->model, under, lent->lease)) {
        return KOZO_BAD_ARGUMENT;
    }
    return derive(call, call->argument[1], call->argument[2], under);
}

static enum kozo_error do_lease_open(struct making *call)
{
    struct model_object *lease = object_in(call->model, call->object);
    const struct model_object *outer = nullptr;
    name_t slot = 0;

    if (call->argument[2] != 0) {
        enum kozo_error error =
            find_typed(call, call->argument[2], KOZO_TYPE_LEASE, CONTROL, &slot);
        if (error != KOZO_OK) {
            return error;
        }
        outer = object_in(call->model, slot_in(call->model, slot)->object);
        if (!lease_is_open(call->model, slot_in(call->model, slot)->object) ||
            outer->lease.depth + 1 >= 4) {
            return KOZO_BAD_STATE;
        }
    }
    if (lease->lease.opened || lease->lease.closed) {
        return KOZO_BAD_STATE;
    }

    lease->lease.opened = true;
    lease->lease.deadline = call->argument[0] == 0 ? NO_LIMIT : call->argument[0];
    lease->lease.uses = call->argument[1] == 0 ? NO_LIMIT : call->argument[1];
    if (outer != nullptr) {
        lease->lease.outer = slot_in(call->model, slot)->object;
        lease->lease.depth = outer->lease.depth + 1;
        if (lease->lease.deadline > outer->lease.deadline) {
            lease->lease.deadline = outer->lease.deadline;
        }
    }
    return KOZO_OK;
}

static enum kozo_error do_lease_close(struct making *call)
{
    object_in(call->model, call->object)->lease.closed = true;
    return KOZO_OK;
}

static enum kozo_error do_lease_info(struct making *call)
{
    const struct model_object *lease = object_in(call->model, call->object);

    call->argument[0] = lease_is_open(call->model, call->object);
    call->argument[1] = lease->lease.deadline == NO_LIMIT ? 0 : lease->lease.deadline;
    call->argument[2] = lease->lease.uses;
    return KOZO_OK;
}

// --- Memory that is mapped ----------------------------------------------------------------------

// What is readable is implied by every other right.
static uint64_t with_read(uint64_t rights)
{
    return rights == 0 ? 0 : rights | READ;
}

static enum kozo_error do_map(struct making *call)
{
    struct model *model = call->model;
    const struct model_slot *frame = slot_in(model, call->slot);
    const uint64_t *argument = call->argument;
    uint64_t address = argument[2];
    uint64_t offset = argument[3];
    uint64_t length = argument[4];
    uint64_t rights = with_read(argument[5]);
    name_t space;

    enum kozo_error error = find_typed(call, argument[1], KOZO_TYPE_ADDRESS_SPACE, CONTROL, &space);
    if (error != KOZO_OK) {
        return error;
    }
    space = slot_in(model, space)->object;
    if ((address | offset | length) % PAGE != 0 || length == 0 || offset + length > frame->size ||
        address + length > ARCH_USER_END || (rights & ~(uint64_t)MEMORY) != 0 ||
        (rights & (WRITE | KOZO_RIGHT_EXECUTE)) == (WRITE | KOZO_RIGHT_EXECUTE)) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)frame->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (map_of(model, space) == nullptr) {
        return KOZO_BAD_STATE;
    }
    struct model_place place = find_place(call, argument[0]);
    error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }
    if (!has_tables(model, map_of(model, space), address / PAGE, length / PAGE)) {
        return KOZO_NO_MEMORY;
    }

    struct model_slot *mapping = slot_in(model, place.slot);
    mapping->type = KOZO_TYPE_MAPPING;
    mapping->device = frame->device;
    mapping->rights = (uint16_t)rights;
    mapping->parent = call->slot;
    mapping->object = space;
    mapping->value = address;
    mapping->base = frame->base + offset;
    mapping->size = length;
    if (rights != 0) {
        show(model, place.slot, 0, length / PAGE, (unsigned)rights);
    }
    return KOZO_OK;
}

static enum kozo_error do_frame_address(struct making *call)
{
    call->argument[0] = slot_in(call->model, call->slot)->base;
    call->argument[1] = slot_in(call->model, call->slot)->size;
    return KOZO_OK;
}

static enum kozo_error do_mapping_set(struct making *call)
{
    const struct model_slot *mapping = slot_in(call->model, call->slot);
    const struct model_map *map = map_of(call->model, mapping->object);
    uint64_t offset = call->argument[0];
    uint64_t length = call->argument[1];
    uint64_t rights = with_read(call->argument[2]);

    if ((offset | length) % PAGE != 0 || length == 0 || offset + length > mapping->size) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)mapping->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (map == nullptr) {
        return KOZO_BAD_STATE;
    }
    if (rights == 0) {
        hide(call->model, call->slot, offset, length / PAGE);
        return KOZO_OK;
    }
    if (!has_tables(call->model, map, (mapping->value + offset) / PAGE, length / PAGE)) {
        return KOZO_NO_MEMORY;
    }
    show(call->model, call->slot, offset, length / PAGE, (unsigned)rights);
    return KOZO_OK;
}

static enum kozo_error do_mapping_info(struct making *call)
{
    const struct model_slot *mapping = slot_in(call->model, call->slot);

    call->argument[0] = mapping->value;
    call->argument[1] = mapping->size;
    call->argument[2] = mapping->rights;
    return KOZO_OK;
}

static enum kozo_error do_donate(struct making *call)
{
    struct model *model = call->model;
    name_t untyped = find(call, call->argument[0]);
    name_t place = call->object + PART_DONORS;

    if (untyped == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((find_place(call, call->argument[0]).rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    if (slot_in(model, untyped)->type != KOZO_TYPE_UNTYPED || slot_in(model, untyped)->device) {
        return KOZO_BAD_TYPE;
    }
    if (slot_in(model, untyped)->value != 0) {
        return KOZO_BAD_STATE;
    }
    if (donor_pages(slot_in(model, untyped)) == 0) {
        return KOZO_BAD_ARGUMENT;
    }
    while (slot_in(model, place)->type != KOZO_TYPE_NONE) {
        place++;
        if (place == call->object + PART_DONORS + POOL_DONORS) {
            return KOZO_BAD_STATE;
        }
    }

    move_slot(model, untyped, place, IN_POOL);
    object_in(model, call->object)->pool.donated += donor_pages(slot_in(model, place));
    return KOZO_OK;
}

static enum kozo_error do_attach(struct making *call)
{
    struct model *model = call->model;
    struct model_object *pool = object_in(model, call->object);
    name_t space;

    enum kozo_error error =
        find_typed(call, call->argument[0], KOZO_TYPE_ADDRESS_SPACE, CONTROL, &space);
    if (error != KOZO_OK) {
        return error;
    }
    space = slot_in(model, space)->object;
    if (object_in(model, space)->space.pool != 0) {
        return KOZO_BAD_STATE;
    }
    if (pool->pool.taken == pool->pool.donated) {
        return KOZO_NO_MEMORY;
    }

    object_in(model, space)->space.pool = call->object;
    pool->pool.taken++;
    map_add(model, space);
    return KOZO_OK;
}

static enum kozo_error do_pool_info(struct making *call)
{
    call->argument[0] = object_in(call->model, call->object)->pool.donated;
    call->argument[1] = object_in(call->model, call->object)->pool.taken;
    call->argument[2] = count_spaces(call->model, call->object);
    return KOZO_OK;
}

static enum kozo_error do_space_info(struct making *call)
{
    const struct model_map *map = map_of(call->model, call->object);
    uint64_t mappings = 0;

    for (name_t i = 1; i < UNITS; i++) {
        const struct model_slot *slot = slot_in(call->model, i);
        mappings += slot->type == KOZO_TYPE_MAPPING && slot->object == call->object;
    }
    call->argument[0] = mappings;
    call->argument[1] = map == nullptr ? 0 : count_tables(map);
    return KOZO_OK;
}

// --- Messages -----------------------------------------------------------------------------------

// Nobody has an IPC buffer, so that only what fits in registers can be sent.
static enum kozo_error check_message(const struct making *call)
{
    uint64_t length = call->argument[0] & 0xff;
    uint64_t caps = call->argument[0] >> 8 & 0xff;

    return length > KOZO_REGISTER_WORDS || caps > 0 ? KOZO_BAD_ARGUMENT : KOZO_OK;
}

static void carry(struct model *model, name_t from, name_t to, uint64_t badge)
{
    const struct model_thread *sender = thread_in(model, from);
    struct model_registers *in = &thread_in(model, to)->registers;

    in->handle = badge;
    if (sender->faulted) {
        in->argument[0] = (uint64_t)KOZO_FAULT_PAGE << 32 | 5;
        in->argument[2] = PAGE;
        in->argument[3] = CALL_AT + HOST_SYSCALL_SIZE;
        in->argument[4] = 0;
        return;
    }
    uint64_t length = sender->registers.argument[0] & 0xff;
    for (unsigned i = 0; i < length && i < MODEL_RESULTS - 2; i++) {
        in->argument[2 + i] = sender->registers.argument[2 + i];
    }
    in->argument[0] = sender->registers.argument[0] & ~UINT64_C(0xffffff00);
}

static name_t first_waiting(struct model *model, name_t endpoint, unsigned state)
{
    name_t first = object_in(model, endpoint)->meeting.queue.thread[0];

    return first != 0 && thread_in(model, first)->state == state ? first : 0;
}

static void wait_on(struct model *model, name_t object, name_t thread, unsigned state)
{
    thread_in(model, thread)->state = (uint8_t)state;
    thread_in(model, thread)->waiting_on = object;
    queue_join(&object_in(model, object)->meeting.queue, thread);
}

// A call goes over. NO_REPLY when the receiver offered no Reply.
static enum kozo_error meet_call(struct model *model, name_t caller, name_t receiver,
                                 uint64_t badge)
{
    name_t reply = thread_in(model, receiver)->reply;

    carry(model, caller, receiver, badge);
    thread_in(model, caller)->state = CALLING;
    thread_in(model, receiver)->registers.operation = KOZO_OK;
    thread_in(model, receiver)->state = READY;
    if (reply == 0) {
        join_ready(model, receiver);
        wake(model, caller, KOZO_NO_REPLY);
        return KOZO_NO_REPLY;
    }
    thread_in(model, receiver)->reply = 0;
    thread_in(model, caller)->reply = reply;
    object_in(model, reply)->reply.thread = caller;
    lend(model, caller, receiver);
    return KOZO_OK;
}

static void meet_send(struct model *model, name_t sender, name_t receiver, uint64_t badge)
{
    carry(model, sender, receiver, badge);
    forget_reply(model, receiver);
    wake(model, receiver, KOZO_OK);
}

static void run_instead(struct model *model, name_t thread)
{
    leave_ready(model, thread);
    model->current = thread;
}

static enum kozo_error call_endpoint(struct model *model, name_t caller, name_t endpoint,
                                     uint64_t badge)
{
    name_t receiver = first_waiting(model, endpoint, RECEIVING);

    if (receiver == 0) {
        thread_in(model, caller)->badge = badge;
        thread_in(model, caller)->calls = true;
        wait_on(model, endpoint, caller, SENDING);
        return KOZO_OK;
    }
    stop_waiting(model, receiver);
    enum kozo_error error = meet_call(model, caller, receiver, badge);
    if (error == KOZO_OK) {
        run_instead(model, receiver);
    }
    return error;
}

static enum kozo_error do_call(struct making *call)
{
    enum kozo_error error = check_message(call);
    if (error != KOZO_OK) {
        return error;
    }
    return call_endpoint(call->model, call->caller, call->object,
                         slot_in(call->model, call->slot)->value);
}

static enum kozo_error send(struct making *call, bool may_wait)
{
    struct model *model = call->model;
    uint64_t badge = slot_in(model, call->slot)->value;
    name_t receiver = first_waiting(model, call->object, RECEIVING);

    enum kozo_error error = check_message(call);
    if (error != KOZO_OK) {
        return error;
    }
    if (receiver != 0) {
        stop_waiting(model, receiver);
        meet_send(model, call->caller, receiver, badge);
        return KOZO_OK;
    }
    if (!may_wait) {
        return KOZO_WOULD_BLOCK;
    }
    thread_in(model, call->caller)->badge = badge;
    wait_on(model, call->object, call->caller, SENDING);
    return KOZO_OK;
}

static enum kozo_error do_send(struct making *call)
{
    return send(call, true);
}

static enum kozo_error do_try_send(struct making *call)
{
    return send(call, false);
}

static void give_signals(struct model *model, name_t receiver, uint64_t signals)
{
    thread_in(model, receiver)->registers.handle = signals;
    thread_in(model, receiver)->registers.argument[0] = 0;
}

static void offer(struct model *model, name_t reply, name_t receiver)
{
    if (reply != 0) {
        object_in(model, reply)->reply.thread = receiver;
        thread_in(model, receiver)->reply = reply;
    }
}

// Takes a signal or a message that is there already.
static bool receive_now(struct model *model, name_t receiver, name_t endpoint, name_t reply)
{
    name_t bound = thread_in(model, receiver)->notification;
    name_t sender = first_waiting(model, endpoint, SENDING);

    if (bound != 0 && object_in(model, bound)->meeting.signals != 0) {
        give_signals(model, receiver, object_in(model, bound)->meeting.signals);
        object_in(model, bound)->meeting.signals = 0;
        send_time_home(model, receiver);
        return true;
    }
    if (sender == 0) {
        return false;
    }
    bool calls = thread_in(model, sender)->calls;
    uint64_t badge = thread_in(model, sender)->badge;
    send_time_home(model, receiver);
    offer(model, reply, receiver);
    stop_waiting(model, sender);
    if (calls) {
        (void)meet_call(model, sender, receiver, badge);
    } else {
        meet_send(model, sender, receiver, badge);
        wake(model, sender, KOZO_OK);
    }
    return true;
}

static void receive(struct making *call, name_t reply)
{
    struct model *model = call->model;

    if (!receive_now(model, call->caller, call->object, reply)) {
        send_time_home(model, call->caller);
        offer(model, reply, call->caller);
        wait_on(model, call->object, call->caller, RECEIVING);
    }
}

// The Reply that the second argument names; 0 for none.
static enum kozo_error find_reply(const struct making *call, name_t *reply)
{
    name_t slot = find(call, call->argument[1]);

    *reply = 0;
    if (call->argument[1] == 0) {
        return KOZO_OK;
    }
    if (slot == 0 || slot_in(call->model, slot)->type != KOZO_TYPE_REPLY) {
        return KOZO_BAD_HANDLE;
    }
    *reply = slot_in(call->model, slot)->object;
    return KOZO_OK;
}

static enum kozo_error find_free_reply(const struct making *call, name_t *reply)
{
    enum kozo_error error = find_reply(call, reply);

    if (error == KOZO_OK && *reply != 0 && object_in(call->model, *reply)->reply.thread != 0) {
        error = KOZO_BAD_STATE;
    }
    return error;
}

static enum kozo_error do_recv(struct making *call)
{
    name_t reply;
    enum kozo_error error = find_free_reply(call, &reply);

    if (error == KOZO_OK) {
        receive(call, reply);
    }
    return error;
}

static enum kozo_error do_try_recv(struct making *call)
{
    name_t reply;
    enum kozo_error error = find_free_reply(call, &reply);

    if (error != KOZO_OK || receive_now(call->model, call->caller, call->object, reply)) {
        return error;
    }
    if (slot_in(call->model, call->caller + PART_CONTEXT)->type != KOZO_TYPE_NONE) {
        send_time_home(call->model, call->caller);
    }
    return KOZO_WOULD_BLOCK;
}

static name_t caller_of(struct model *model, name_t reply)
{
    name_t thread = object_in(model, reply)->reply.thread;

    return thread != 0 && thread_in(model, thread)->state == CALLING ? thread : 0;
}

static void answer(struct model *model, name_t server, name_t caller)
{
    bool resume = thread_in(model, server)->registers.argument[0] >> 32 == 0;

    forget_reply(model, caller);
    if (!thread_in(model, caller)->faulted) {
        carry(model, server, caller, 0);
        wake(model, caller, KOZO_OK);
    } else if (resume) {
        wake(model, caller, KOZO_OK);
    } else {
        give_up(model, caller);
    }
}

static enum kozo_error do_reply_recv(struct making *call)
{
    struct model *model = call->model;
    name_t reply;

    enum kozo_error error = find_reply(call, &reply);
    if (error != KOZO_OK || reply == 0) {
        return KOZO_BAD_HANDLE;
    }
    name_t caller = caller_of(model, reply);
    if (caller == 0 && object_in(model, reply)->reply.thread != 0) {
        return KOZO_BAD_STATE;
    }
    error = check_message(call);
    if (error != KOZO_OK) {
        return error;
    }

    if (caller != 0) {
        answer(model, call->caller, caller);
    }
    receive(call, reply);
    if (caller != 0 && thread_in(model, call->caller)->state == RECEIVING &&
        queue_has(ready_list(model, caller), caller)) {
        run_instead(model, caller);
    }
    return KOZO_OK;
}

static enum kozo_error do_reply(struct making *call)
{
    name_t caller = caller_of(call->model, call->object);

    if (caller == 0) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = check_message(call);
    if (error != KOZO_OK) {
        return error;
    }

    answer(call->model, call->caller, caller);
    return KOZO_OK;
}

static enum kozo_error do_verify(struct making *call)
{
    struct model *model = call->model;
    name_t place = find(call, call->argument[0]);
    if (place == 0) {
        return KOZO_BAD_HANDLE;
    }

    const struct model_slot *slot = slot_in(model, place);
    bool same = slot->type == KOZO_TYPE_ENDPOINT && slot->object == call->object;
    uint64_t deadline = 0;
    uint64_t uses = NO_LIMIT;
    for (name_t at = slot->lease; at != 0; at = object_in(model, at)->lease.outer) {
        const struct model_object *lease = object_in(model, at);
        uses = lease->lease.uses < uses ? lease->lease.uses : uses;
        if (lease->lease.deadline != NO_LIMIT && deadline == 0) {
            deadline = lease->lease.deadline;
        }
    }
    call->argument[0] = same;
    call->argument[1] = same ? slot->value : 0;
    call->argument[2] = same ? slot->rights : 0;
    call->argument[3] = same ? deadline : 0;
    call->argument[4] = same ? uses : 0;
    return KOZO_OK;
}

// --- Notification -------------------------------------------------------------------------------

static enum kozo_error do_signal(struct making *call)
{
    struct model *model = call->model;
    struct model_object *notification = object_in(model, call->object);
    uint64_t badge = slot_in(model, call->slot)->value;
    uint64_t bits = badge == 0 ? 1 : badge;
    name_t waiter = notification->meeting.queue.thread[0];
    name_t bound = notification->meeting.bound;

    if (waiter != 0) {
        stop_waiting(model, waiter);
        thread_in(model, waiter)->registers.argument[0] = bits;
        wake(model, waiter, KOZO_OK);
    } else if (bound != 0 && thread_in(model, bound)->state == RECEIVING) {
        give_signals(model, bound, bits);
        cancel(model, bound, KOZO_OK);
    } else {
        notification->meeting.signals |= bits;
    }
    return KOZO_OK;
}

static enum kozo_error do_poll(struct making *call)
{
    struct model_object *notification = object_in(call->model, call->object);

    call->argument[0] = notification->meeting.signals;
    notification->meeting.signals = 0;
    return KOZO_OK;
}

static enum kozo_error do_wait(struct making *call)
{
    if (object_in(call->model, call->object)->meeting.signals != 0) {
        return do_poll(call);
    }
    wait_on(call->model, call->object, call->caller, WAITING);
    return KOZO_OK;
}

// --- Thread and SchedContext --------------------------------------------------------------------

static enum kozo_error do_resume(struct making *call)
{
    struct model_thread *thread = thread_in(call->model, call->object);
    const struct model_slot *space = slot_in(call->model, call->object + PART_SPACE);

    if ((thread->state != STOPPED && thread->state != FAULTED) ||
        map_of(call->model, space->object) == nullptr) {
        return KOZO_BAD_STATE;
    }

    thread->state = READY;
    join_ready(call->model, call->object);
    return KOZO_OK;
}

static enum kozo_error do_suspend(struct making *call)
{
    stop(call->model, call->object);
    return KOZO_OK;
}

static enum kozo_error do_set_priority(struct making *call)
{
    uint64_t priority = call->argument[0];

    if (priority > thread_in(call->model, call->caller)->priority) {
        return KOZO_BAD_ARGUMENT;
    }

    leave_ready(call->model, call->object);
    thread_in(call->model, call->object)->priority = (uint8_t)priority;
    join_ready(call->model, call->object);
    return KOZO_OK;
}

static enum kozo_error do_bind_notification(struct making *call)
{
    struct model *model = call->model;
    struct model_thread *thread = thread_in(model, call->object);
    name_t slot;

    if (call->argument[0] == 0) {
        if (thread->notification != 0) {
            object_in(model, thread->notification)->meeting.bound = 0;
        }
        thread->notification = 0;
        return KOZO_OK;
    }
    enum kozo_error error =
        find_typed(call, call->argument[0], KOZO_TYPE_NOTIFICATION, READ, &slot);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_object *notification = object_in(model, slot_in(model, slot)->object);
    if (slot_in(model, slot)->lease != 0) {
        return KOZO_BAD_TYPE;
    }
    if (notification->meeting.bound != 0 || notification->meeting.queue.thread[0] != 0 ||
        thread->notification != 0 || thread->state == RECEIVING) {
        return KOZO_BAD_STATE;
    }

    notification->meeting.bound = call->object;
    thread->notification = slot_in(model, slot)->object;
    return KOZO_OK;
}

static enum kozo_error do_bind_context(struct making *call)
{
    struct model *model = call->model;
    struct model_object *context = object_in(model, call->object);
    name_t thread;

    enum kozo_error error = find_typed(call, call->argument[0], KOZO_TYPE_THREAD, CONTROL, &thread);
    if (error != KOZO_OK) {
        return error;
    }
    thread = slot_in(model, thread)->object;
    if (!context->context.has_budget || context->context.owner != 0 ||
        slot_in(model, thread + PART_CONTEXT)->type != KOZO_TYPE_NONE) {
        return KOZO_BAD_STATE;
    }

    copy_slot(model, call->slot, thread + PART_CONTEXT, IN_THREAD);
    context->context.owner = thread;
    join_ready(model, thread);
    return KOZO_OK;
}

static enum kozo_error do_unbind_context(struct making *call)
{
    name_t owner = object_in(call->model, call->object)->context.owner;
    struct dying dying = {};

    if (owner != 0) {
        delete_slot(call->model, &dying, owner + PART_CONTEXT);
    }
    return KOZO_OK;
}

// --- A step -------------------------------------------------------------------------------------

// Operations whose capability the kernel looks up; the others (type NONE) act on any slot.
static const struct {
    enum kozo_operation operation;
    uint8_t type;
    unsigned rights;
    enum kozo_error (*make)(struct making *call);
} operations[] = {
    {KOZO_OP_UNTYPED_RETYPE, KOZO_TYPE_UNTYPED, 0, do_retype},
    {KOZO_OP_UNTYPED_INFO, KOZO_TYPE_UNTYPED, 0, do_untyped_info},
    {KOZO_OP_CNODE_COPY, KOZO_TYPE_NONE, 0, do_copy},
    {KOZO_OP_CNODE_MINT, KOZO_TYPE_NONE, 0, do_mint},
    {KOZO_OP_CNODE_LEND, KOZO_TYPE_NONE, 0, do_lend},
    {KOZO_OP_CNODE_MOVE, KOZO_TYPE_NONE, 0, do_move},
    {KOZO_OP_CNODE_DELETE, KOZO_TYPE_NONE, 0, do_delete},
    {KOZO_OP_CNODE_REVOKE, KOZO_TYPE_NONE, 0, do_revoke},
    {KOZO_OP_CNODE_INSPECT, KOZO_TYPE_NONE, 0, do_inspect},
    {KOZO_OP_LEASE_OPEN, KOZO_TYPE_LEASE, CONTROL, do_lease_open},
    {KOZO_OP_LEASE_CLOSE, KOZO_TYPE_LEASE, CONTROL, do_lease_close},
    {KOZO_OP_LEASE_INFO, KOZO_TYPE_LEASE, READ, do_lease_info},
    {KOZO_OP_FRAME_MAP, KOZO_TYPE_FRAME, 0, do_map},
    {KOZO_OP_FRAME_ADDRESS, KOZO_TYPE_FRAME, KOZO_RIGHT_PHYS, do_frame_address},
    {KOZO_OP_MAPPING_SET, KOZO_TYPE_MAPPING, 0, do_mapping_set},
    {KOZO_OP_MAPPING_INFO, KOZO_TYPE_MAPPING, 0, do_mapping_info},
    {KOZO_OP_POOL_DONATE, KOZO_TYPE_POOL, CONTROL, do_donate},
    {KOZO_OP_POOL_ATTACH, KOZO_TYPE_POOL, CONTROL, do_attach},
    {KOZO_OP_POOL_INFO, KOZO_TYPE_POOL, READ, do_pool_info},
    {KOZO_OP_ADDRESS_SPACE_INFO, KOZO_TYPE_ADDRESS_SPACE, READ, do_space_info},
    {KOZO_OP_ENDPOINT_CALL, KOZO_TYPE_ENDPOINT, WRITE, do_call},
    {KOZO_OP_ENDPOINT_SEND, KOZO_TYPE_ENDPOINT, WRITE, do_send},
    {KOZO_OP_ENDPOINT_TRY_SEND, KOZO_TYPE_ENDPOINT, WRITE, do_try_send},
    {KOZO_OP_ENDPOINT_RECV, KOZO_TYPE_ENDPOINT, READ, do_recv},
    {KOZO_OP_ENDPOINT_TRY_RECV, KOZO_TYPE_ENDPOINT, READ, do_try_recv},
    {KOZO_OP_ENDPOINT_REPLY_RECV, KOZO_TYPE_ENDPOINT, READ, do_reply_recv},
    {KOZO_OP_ENDPOINT_VERIFY, KOZO_TYPE_ENDPOINT, READ, do_verify},
    {KOZO_OP_REPLY_REPLY, KOZO_TYPE_REPLY, 0, do_reply},
    {KOZO_OP_NOTIFICATION_SIGNAL, KOZO_TYPE_NOTIFICATION, WRITE, do_signal},
    {KOZO_OP_NOTIFICATION_WAIT, KOZO_TYPE_NOTIFICATION, READ, do_wait},
    {KOZO_OP_NOTIFICATION_POLL, KOZO_TYPE_NOTIFICATION, READ, do_poll},
    {KOZO_OP_THREAD_RESUME, KOZO_TYPE_THREAD, CONTROL, do_resume},
    {KOZO_OP_THREAD_SUSPEND, KOZO_TYPE_THREAD, CONTROL, do_suspend},
    {KOZO_OP_THREAD_SET_PRIORITY, KOZO_TYPE_THREAD, CONTROL, do_set_priority},
    {KOZO_OP_THREAD_BIND_NOTIFICATION, KOZO_TYPE_THREAD, CONTROL, do_bind_notification},
    {KOZO_OP_SCHED_CONTEXT_BIND, KOZO_TYPE_SCHED_CONTEXT, CONTROL, do_bind_context},
    {KOZO_OP_SCHED_CONTEXT_UNBIND, KOZO_TYPE_SCHED_CONTEXT, CONTROL, do_unbind_context},
};
constexpr unsigned OPERATIONS = sizeof(operations) / sizeof(operations[0]);

static void count_use(struct model *model, name_t lease)
{
    for (name_t at = lease; at != 0; at = object_in(model, at)->lease.outer) {
        if (object_in(model, at)->lease.uses != NO_LIMIT) {
            object_in(model, at)->lease.uses--;
        }
    }
}

static enum kozo_error make_call(struct making *call, uint16_t operation)
{
    unsigned at = 0;

    while (at < OPERATIONS && operations[at].operation != operation) {
        at++;
    }
    if (at == OPERATIONS) {
        return KOZO_BAD_OPERATION;
    }
    if (operations[at].type == KOZO_TYPE_NONE) {
        return operations[at].make(call);
    }
    enum kozo_error error =
        find_typed(call, call->handle, operations[at].type, operations[at].rights, &call->slot);
    if (error != KOZO_OK) {
        return error;
    }
    name_t lease = slot_in(call->model, call->slot)->lease;
    call->object = slot_in(call->model, call->slot)->object;
    if (lease != 0 && !lease_is_open(call->model, lease)) {
        return KOZO_EXPIRED;
    }
    error = operations[at].make(call);
    if (error == KOZO_OK) {
        count_use(call->model, lease);
    }
    return error;
}

// Lets the one run who is to: the current thread, unless it can't or somebody of a higher priority
// is ready.
static void choose(struct model *model)
{
    name_t current = model->current != 0 && can_run(model, model->current) ? model->current : 0;
    int highest = MODEL_PRIORITIES - 1;

    while (highest >= 0 && model->ready[highest].thread[0] == 0) {
        highest--;
    }
    if (current != 0 && highest <= thread_in(model, current)->priority) {
        return;
    }
    if (current != 0) {
        queue_join_first(ready_list(model, current), current);
    }
    model->current = highest < 0 ? 0 : model->ready[highest].thread[0];
    if (highest >= 0) {
        queue_leave(&model->ready[highest], model->current);
    }
}

static void end_turn(struct model *model)
{
    name_t thread = model->current;

    model->current = 0;
    join_ready(model, thread);
}

static void fault(struct model *model, name_t thread)
{
    const struct model_slot *handler = slot_in(model, thread + PART_HANDLER);

    if (handler->type == KOZO_TYPE_ENDPOINT) {
        thread_in(model, thread)->faulted = true;
        (void)call_endpoint(model, thread, handler->object, handler->value);
        return;
    }
    stop(model, thread);
    thread_in(model, thread)->state = FAULTED;
}

static bool step_call(struct model *model, const struct step *step, name_t caller)
{
    struct model_registers *registers = &thread_in(model, caller)->registers;
    struct making call = {
        .model = model, .caller = caller, .handle = step->handle, .argument = registers->argument};

    registers->operation = step->operation;
    registers->handle = step->handle;
    memcpy(registers->argument, step->argument, sizeof(registers->argument));
    if (step->operation == KOZO_OP_FRAME_MAP) {
        // The one operation with more arguments than registers here.
        static uint64_t argument[STEP_ARGUMENTS];
        memcpy(argument, step->argument, sizeof(argument));
        call.argument = argument;
    }
    enum kozo_error error = make_call(&call, step->operation);
    registers->operation = error;
    return call.is_open;
}

// T5: who has which time follows from who lent to whom.
static void note_times(struct model *model)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_THREAD) {
            model->object[i].thread.time = time_of(model, i);
        }
    }
}

struct outcome model_step(struct model *model, const struct step *step)
{
    name_t caller = model->current;
    struct outcome outcome = {};

    switch (step->kind) {
    case STEP_CALL:
        outcome.is_open = step_call(model, step, caller);
        break;
    case STEP_FAULT:
        fault(model, caller);
        break;
    case STEP_TURN:
        end_turn(model);
        break;
    case STEP_LATER:
        model->now = WORLD_DEADLINE + 1;
        break;
    case STEP_AGAIN:
        break;
    }
    choose(model);
    note_times(model);
    if (model->object[caller].type != KOZO_TYPE_THREAD ||
        thread_in(model, caller)->state != READY) {
        outcome.waits = true;
    } else {
        outcome.registers = thread_in(model, caller)->registers;
    }
    if (model->object[caller].type == KOZO_TYPE_THREAD) {
        memset(&thread_in(model, caller)->registers, 0, sizeof(struct model_registers));
    }
    return outcome;
}
