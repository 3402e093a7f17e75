// SPDX-License-Identifier: MIT
#include "audit/audit.h"

#include "cap/lookup.h"
#include "kernel.h"
#include "object/object.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "syscall/call.h"

constexpr uint64_t BURSTS_A_SECOND = 10;

static struct kozo_audit_record *record_at(struct audit_ring *ring, uint64_t number)
{
    return &ring->record[number % AUDIT_RING];
}

// Whether the SchedContext that pays may make one more record now.
static bool may_record(struct sched_context *context, uint64_t now)
{
    if (context == nullptr) {
        return true;
    }
    if (now - context->audit_since >= arch_frequency() / BURSTS_A_SECOND) {
        context->audit_since = now;
        context->audit_made = 0;
    }
    context->audit_made += context->audit_made <= AUDIT_BURST;
    return context->audit_made <= AUDIT_BURST;
}

// The newest record, if nobody has read it and it tells of the same thing.
static struct kozo_audit_record *find_same(struct audit_ring *ring,
                                           const struct kozo_audit_record *event)
{
    if (ring->written == ring->read) {
        return nullptr;
    }
    struct kozo_audit_record *last = record_at(ring, ring->written - 1);
    bool same = last->sequence == ring->written - 1 && last->subject == event->subject &&
                last->operation == event->operation && last->result == event->result &&
                last->object == event->object && last->handle == event->handle;
    return same ? last : nullptr;
}

static void ring_add(struct cpu *cpu, struct audit_ring *ring, struct kozo_audit_record event)
{
    struct kozo_audit_record *same = find_same(ring, &event);

    if (same != nullptr) {
        same->count++;
        return;
    }
    event.sequence = ring->written;
    event.time = arch_now();
    event.count = 1;
    if (may_record(link_target(cpu->context), event.time)) {
        *record_at(ring, ring->written) = event;
    }
    ring->written++;
    if (ring->written - ring->read > AUDIT_RING) {
        ring->read = ring->written - AUDIT_RING;
    }
}

void audit_note(struct call *call, enum kozo_error error)
{
    unsigned ring = error == KOZO_OK ? KOZO_AUDIT_AUTHORITY : KOZO_AUDIT_REFUSALS;

    if (error != KOZO_OK) {
        call_about(call, lookup(call->caller, call->handle));
    }
    ring_add(call->cpu, &kernel.audit[ring],
             (struct kozo_audit_record){
                 .subject = link_to(call->caller),
                 .operation = (uint32_t)call->number,
                 .result = error,
                 .object = call->object,
                 .handle = call->handle,
                 .badge = call->badge,
             });
}

// The oldest record that is still there; null when there is none. Numbers that were only counted
// are passed over.
static struct kozo_audit_record *ring_oldest(struct audit_ring *ring)
{
    for (; ring->read != ring->written; ring->read++) {
        struct kozo_audit_record *record = record_at(ring, ring->read);
        if (record->sequence == ring->read && record->count != 0) {
            return record;
        }
    }
    return nullptr;
}

enum kozo_error audit_log_read_call(struct call *call)
{
    if (call->argument[0] >= AUDIT_RINGS) {
        return KOZO_BAD_ARGUMENT;
    }
    struct audit_ring *ring = &kernel.audit[call->argument[0]];
    struct kozo_audit_record *record = ring_oldest(ring);
    if (record == nullptr) {
        return KOZO_WOULD_BLOCK;
    }

    const uint64_t *word = (const uint64_t *)record;
    for (unsigned i = 0; i < sizeof(*record) / sizeof(*word); i++) {
        call->argument[i] = word[i];
    }
    ring->digest = kozo_chain_add(&ring->digest, record);
    ring->read++;
    return KOZO_OK;
}

enum kozo_error audit_digest_get_call(struct call *call)
{
    if (call->argument[0] >= AUDIT_RINGS) {
        return KOZO_BAD_ARGUMENT;
    }

    const struct audit_ring *ring = &kernel.audit[call->argument[0]];
    call->argument[0] = ring->read;
    call->argument[1] = ring->written;
    for (unsigned i = 0; i < sizeof(ring->digest) / sizeof(uint64_t); i++) {
        call->argument[2 + i] = kozo_digest_word(&ring->digest, i);
    }
    return KOZO_OK;
}
