// SPDX-License-Identifier: MIT
// AuditLog and AuditDigest: reading the log, proving it, and giving it memory.
#include "audit/audit.h"
#include "cap/lookup.h"
#include "kernel.h"
#include "object/untyped.h"
#include "syscall/call.h"

void audit_let_go(struct slot *memory)
{
    struct audit_ring *ring = (struct audit_ring *)memory;

    audit_drop(ring, AUDIT_RING);
    for (uint64_t place = ring->first; place != ring->end; place++) {
        ring->record[place % AUDIT_RING] = *audit_record(ring, place);
    }
    memory->value = 0;
    ring->distance = 0;
    ring->last_place = 0;
}

enum kozo_error audit_log_grow_call(struct call *call)
{
    if (call->argument[0] >= AUDIT_RINGS) {
        return KOZO_BAD_ARGUMENT;
    }
    struct audit_ring *ring = &kernel.audit[call->argument[0]];
    struct lookup found = untyped_unused(call->caller, call->argument[1]);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (ring->memory.type != KOZO_TYPE_NONE) {
        return KOZO_BAD_STATE;
    }
    uint64_t size = (uint64_t)1 << (63 - __builtin_clzll(found.slot->size));
    if (size <= sizeof(ring->record)) {
        return KOZO_BAD_ARGUMENT;
    }

    // The tree names slots as they are seen through the window.
    slot_move(found.slot, slot_at(link_to(&ring->memory)), SLOT_IN_AUDIT);
    ring->memory.value = size;
    ring->distance = (uintptr_t)arch_window(ring->memory.base) - (uintptr_t)ring->record;
    ring->last_place = size / sizeof(struct kozo_audit_record) - 1;
    for (uint64_t place = ring->first; place != ring->end; place++) {
        *audit_record(ring, place) = ring->record[place % AUDIT_RING];
    }
    return KOZO_OK;
}

enum kozo_error audit_log_read_call(struct call *call)
{
    if (call->argument[0] >= AUDIT_RINGS) {
        return KOZO_BAD_ARGUMENT;
    }
    struct audit_ring *ring = &kernel.audit[call->argument[0]];
    if (ring->first == ring->end) {
        return KOZO_WOULD_BLOCK;
    }

    struct kozo_audit_record *record = audit_record(ring, ring->first++);
    const uint64_t *word = (const uint64_t *)record;
    for (unsigned i = 0; i < sizeof(*record) / sizeof(*word); i++) {
        call->argument[i] = word[i];
    }
    ring->digest = kozo_chain_add(&ring->digest, record);
    ring->read = record->sequence + 1;
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
