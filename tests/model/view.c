// SPDX-License-Identifier: MIT
// The kernel's state, translated into a model: what the one keeps in links and lists, the other has
// in tables.
#include <stdio.h>
#include <string.h>

#include "mem/table.h"
#include "model.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/lease.h"
#include "object/notification.h"
#include "object/pool.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/timer.h"

static enum model_where where_of(const struct slot *slot)
{
    if ((slot->flags & SLOT_PLACE) == SLOT_IN_THREAD) {
        return IN_THREAD;
    }
    if ((slot->flags & SLOT_PLACE) == SLOT_IN_POOL) {
        return IN_POOL;
    }
    return (slot->flags & SLOT_GRAVE) != 0 ? IN_HEADER : IN_CNODE;
}

static void see_slot(struct model *model, const struct slot *slot, link_t parent)
{
    struct model_slot *seen = &model->slot[link_to(slot)];
    bool sized = slot->type == KOZO_TYPE_UNTYPED || slot->type == KOZO_TYPE_FRAME ||
                 slot->type == KOZO_TYPE_MAPPING;

    seen->type = slot->type;
    seen->where = where_of(slot);
    seen->device = (slot->flags & SLOT_DEVICE) != 0;
    seen->rights = slot->rights;
    seen->parent = parent == link_to(&kernel.root) ? 0 : (name_t)parent;
    seen->object = (name_t)slot->object;
    seen->lease = (slot->flags & SLOT_LEASED) != 0 ? (name_t)slot->lease : 0;
    seen->value = seen->where == IN_POOL ? 0 : slot->value;
    seen->base = sized ? slot->base : 0;
    seen->size = sized ? slot->size : 0;
}

static void see_queue(struct model_queue *seen, const struct thread_queue *queue)
{
    unsigned count = 0;

    for (link_t at = queue->first; at != 0 && count < MODEL_THREADS;
         at = thread_at(at)->queue_next) {
        seen->thread[count++] = (name_t)at;
    }
}

static void see_registers(struct model_registers *seen, const struct thread *thread)
{
    seen->operation = thread->registers.operation;
    seen->handle = thread->registers.handle;
    memcpy(seen->argument, thread->registers.argument, sizeof(seen->argument));
}

static void see_thread(struct model_thread *seen, const struct thread *thread, bool is_caller)
{
    bool sends = thread->state == SENDING;

    seen->state = thread->state;
    seen->priority = thread->priority;
    seen->own_priority = thread->own_priority;
    seen->calls = sends && thread->calls;
    seen->faulted = thread->faulted;
    seen->fault = thread->faulted ? (uint8_t)thread->fault.kind : 0;
    seen->foreign = thread->foreign;
    seen->interrupt = thread->interrupt;
    seen->instruction = thread->registers.instruction;
    seen->entry = thread->answers.entry;
    seen->exempt = thread->answers.exempt;
    seen->exempt_size = thread->answers.exempt_size;
    seen->waiting_on = (name_t)thread->waiting_on;
    seen->reply = (name_t)thread->reply;
    seen->notification = (name_t)thread->notification;
    seen->endpoint = (name_t)thread->endpoint;
    seen->server = (name_t)(thread->server == 0 && thread->state == CALLING ? thread->borrower
                                                                            : thread->server);
    seen->lender = (name_t)thread->lender;
    seen->borrower = (name_t)thread->borrower;
    seen->time = (name_t)thread->time;
    seen->badge = sends ? thread->badge : 0;
    if (!is_caller) {
        see_registers(&seen->registers, thread);
    }
}

static void see_buffers(struct model *model)
{
    for (unsigned i = 0; i < WORLD_BUFFERS && world_buffer[i] != 0; i++) {
        const struct kozo_ipc_buffer *buffer = arch_window(world_buffer[i]);
        struct model_buffer *seen = &model->buffer[i];
        memcpy(seen->words, buffer->words, sizeof(seen->words));
        memcpy(seen->caps, buffer->caps, sizeof(seen->caps));
        seen->receive_slot = buffer->receive_slot;
        seen->receive_count = buffer->receive_count;
    }
}

static void see_lease(struct model_object *seen, const struct lease *lease)
{
    seen->lease.deadline = lease->deadline;
    seen->lease.uses = lease->uses;
    seen->lease.opened = lease->opened;
    seen->lease.closed = lease->closed;
    seen->lease.depth = lease->depth;
    seen->lease.outer = (name_t)lease->outer;
}

static void see_timer(struct model_object *seen, const struct timer *timer)
{
    seen->timer.set = alarm_is_set(&timer->alarm);
    seen->timer.deadline = timer->alarm.node.key;
    seen->timer.period = timer->period;
    seen->timer.expired = timer->expired;
}

static void see_map(struct model *model, link_t link, const struct address_space *space)
{
    unsigned at = 0;

    if (space->root == 0) {
        return;
    }
    while (at < MODEL_SPACES - 1 && model->map[at].space != 0) {
        at++;
    }
    struct model_map *seen = &model->map[at];
    const arch_entry_t *root = arch_window(space->root);
    seen->space = (name_t)link;
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        seen->table[i] = arch_entry_is_table(root[i], 1);
        seen->large[i] = arch_entry_present(root[i]) && !seen->table[i];
    }
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        arch_entry_t entry = host_entry(space->root, i * ARCH_PAGE_SIZE);
        if (arch_entry_present(entry)) {
            seen->page[i] = (uint32_t)(arch_entry_address(entry, 0) | arch_entry_rights(entry));
        }
    }
}

static void see_object(struct model *model, link_t link, const struct thread *caller)
{
    struct model_object *seen = &model->object[link];
    const void *object = link_target(link);
    const struct object_header *header = &((const struct object *)object)->grave.header;
    const struct waitable *waitable = object;

    seen->type = header->type;
    seen->bits = header->bits;
    seen->references = (uint16_t)header->references;
    switch (header->type) {
    case KOZO_TYPE_THREAD:
        see_thread(&seen->thread, object, object == caller);
        break;
    case KOZO_TYPE_NOTIFICATION:
        seen->meeting.signals = ((const struct notification *)object)->bits;
        seen->meeting.bound = (name_t)((const struct notification *)object)->bound;
        see_queue(&seen->meeting.queue, &waitable->queue);
        break;
    case KOZO_TYPE_ENDPOINT:
        seen->meeting.bound = (name_t)((const struct endpoint *)object)->bound;
        see_queue(&seen->meeting.queue, &waitable->queue);
        break;
    case KOZO_TYPE_REPLY:
        seen->reply.thread = (name_t)((const struct reply *)object)->thread;
        break;
    case KOZO_TYPE_LEASE:
        see_lease(seen, object);
        break;
    case KOZO_TYPE_TIMER:
        see_timer(seen, object);
        break;
    case KOZO_TYPE_SCHED_CONTEXT:
        seen->context.owner = (name_t)((const struct sched_context *)object)->owner;
        seen->context.has_budget = ((const struct sched_context *)object)->budget != 0;
        break;
    case KOZO_TYPE_POOL:
        seen->pool.donated = ((const struct pool *)object)->donated;
        seen->pool.taken = ((const struct pool *)object)->taken;
        break;
    case KOZO_TYPE_ADDRESS_SPACE:
        seen->space.pool = (name_t)((const struct address_space *)object)->pool;
        see_map(model, link, object);
        break;
    default:
        break;
    }
}

void model_see(struct model *model, const struct thread *caller)
{
    bool found[UNITS] = {};
    struct walk walk;
    const struct slot *slot;

    memset(model, 0, sizeof(*model));
    walk_begin(&walk);
    while ((slot = walk_next(&walk)) != nullptr) {
        see_slot(model, slot, walk.parent);
        if (object_types[slot->type].has_object) {
            found[slot->object] = true;
        }
    }
    for (link_t link = 1; link < UNITS; link++) {
        if (found[link]) {
            see_object(model, link, caller);
        }
    }
    see_buffers(model);
    for (unsigned i = 0; i < MODEL_PRIORITIES; i++) {
        see_queue(&model->ready[i], &kernel.cpu[0].queue[i]);
    }
    model->current = (name_t)link_to(kernel.cpu[0].current);
    model->now = host.now;
}

struct outcome kernel_outcome(const struct thread *caller)
{
    struct outcome outcome = {};

    if (caller->object.grave.header.type != KOZO_TYPE_THREAD || caller->state != READY) {
        outcome.waits = true;
        return outcome;
    }
    see_registers(&outcome.registers, caller);
    return outcome;
}

static bool is_buffer(physical_t base)
{
    for (unsigned i = 0; i < WORLD_BUFFERS; i++) {
        if (world_buffer[i] != 0 && world_buffer[i] == base) {
            return true;
        }
    }
    return false;
}

bool frames_are_zero(void)
{
    struct walk walk;
    const struct slot *slot;

    walk_begin(&walk);
    while ((slot = walk_next(&walk)) != nullptr) {
        if (slot->type != KOZO_TYPE_FRAME || (slot->flags & SLOT_DEVICE) != 0 ||
            is_buffer(slot->base)) {
            continue;
        }
        const unsigned char *byte = arch_window(slot->base);
        if (byte[0] != 0 || memcmp(byte, byte + 1, slot->size - 1) != 0) {
            return false;
        }
    }
    return true;
}

// --- Differences --------------------------------------------------------------------------------

bool outcome_is(const struct outcome *expected, const struct outcome *found, char *text,
                size_t size)
{
    const struct model_registers *wants = &expected->registers;
    const struct model_registers *has = &found->registers;

    if (expected->waits != found->waits) {
        (void)snprintf(text, size, "the caller %s, but the model says that it %s (error %llu)",
                       found->waits ? "waits" : "goes on", expected->waits ? "waits" : "goes on",
                       (unsigned long long)(has->operation | wants->operation));
        return false;
    }
    if (wants->operation != has->operation) {
        (void)snprintf(text, size, "the call answers error %llu, but the model says %llu",
                       (unsigned long long)has->operation, (unsigned long long)wants->operation);
        return false;
    }
    if (wants->handle != has->handle) {
        (void)snprintf(text, size, "the badge is %#llx, but the model says %#llx",
                       (unsigned long long)has->handle, (unsigned long long)wants->handle);
        return false;
    }
    for (unsigned i = 0; i < MODEL_RESULTS; i++) {
        if (wants->argument[i] != has->argument[i]) {
            (void)snprintf(text, size, "result %u is %#llx, but the model says %#llx", i,
                           (unsigned long long)has->argument[i],
                           (unsigned long long)wants->argument[i]);
            return false;
        }
    }
    return true;
}

// Models are zero all over before they are filled in, bytes between members included.
static bool is_same(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size) == 0;
}

// The number of the first byte that differs.
static size_t first_difference(const void *expected, const void *found, size_t size)
{
    const unsigned char *left = expected;
    const unsigned char *right = found;
    size_t at = 0;

    while (at < size && left[at] == right[at]) {
        at++;
    }
    return at;
}

static void tell_slot(const struct model_slot *wants, const struct model_slot *has, unsigned place,
                      char *text, size_t size)
{
    (void)snprintf(text, size,
                   "the slot at unit %u: type %u, rights %#x, parent %u, object %u, lease %u, "
                   "value %#llx, base "
                   "%#llx, size %#llx; the model says type %u, rights %#x, parent %u, object %u, "
                   "lease %u, value "
                   "%#llx, base %#llx, size %#llx",
                   place, has->type, has->rights, has->parent, has->object, has->lease,
                   (unsigned long long)has->value, (unsigned long long)has->base,
                   (unsigned long long)has->size, wants->type, wants->rights, wants->parent,
                   wants->object, wants->lease, (unsigned long long)wants->value,
                   (unsigned long long)wants->base, (unsigned long long)wants->size);
}

static void tell_object(const struct model_object *wants, const struct model_object *has,
                        unsigned place, char *text, size_t size)
{
    int length =
        snprintf(text, size,
                 "the object at unit %u: type %u, %u references; the model says type %u, %u "
                 "references; first difference at byte %zu",
                 place, has->type, has->references, wants->type, wants->references,
                 first_difference(wants, has, sizeof(*has)));

    if (has->type == KOZO_TYPE_THREAD && wants->type == KOZO_TYPE_THREAD && length > 0) {
        (void)snprintf(text + length, size - (size_t)length,
                       "; thread in state %u with time %u, server %u, answer %llu; the model says "
                       "%u, %u, %u, %llu",
                       has->thread.state, has->thread.time, has->thread.server,
                       (unsigned long long)has->thread.registers.operation, wants->thread.state,
                       wants->thread.time, wants->thread.server,
                       (unsigned long long)wants->thread.registers.operation);
    }
}

static void tell_rest(const struct model *expected, const struct model *found, char *text,
                      size_t size)
{
    if (expected->current != found->current) {
        (void)snprintf(text, size, "thread %u runs, but the model says %u", found->current,
                       expected->current);
    } else if (!is_same(expected->buffer, found->buffer, sizeof(found->buffer))) {
        size_t at = first_difference(expected->buffer, found->buffer, sizeof(found->buffer));
        (void)snprintf(text, size, "IPC buffer %zu differs from the model's at byte %zu",
                       at / sizeof(found->buffer[0]), at % sizeof(found->buffer[0]));
    } else if (!is_same(expected->map, found->map, sizeof(found->map))) {
        size_t at = first_difference(expected->map, found->map, sizeof(found->map));
        (void)snprintf(text, size, "page tables differ from the model's (map %zu, byte %zu)",
                       at / sizeof(found->map[0]), at % sizeof(found->map[0]));
    } else {
        (void)snprintf(text, size, "the ready lists differ from the model's");
    }
}

bool model_is(const struct model *expected, const struct model *found, char *text, size_t size)
{
    if (is_same(expected, found, sizeof(*found))) {
        return true;
    }
    for (unsigned i = 0; i < UNITS; i++) {
        if (!is_same(&expected->slot[i], &found->slot[i], sizeof(found->slot[i]))) {
            tell_slot(&expected->slot[i], &found->slot[i], i, text, size);
            return false;
        }
    }
    for (unsigned i = 0; i < UNITS; i++) {
        if (!is_same(&expected->object[i], &found->object[i], sizeof(found->object[i]))) {
            tell_object(&expected->object[i], &found->object[i], i, text, size);
            return false;
        }
    }
    tell_rest(expected, found, text, size);
    return false;
}
