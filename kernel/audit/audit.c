// SPDX-License-Identifier: MIT
#include "audit/audit.h"

#include "cap/lookup.h"
#include "kernel.h"
#include "object/object.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "syscall/call.h"

constexpr uint64_t BURSTS_A_SECOND = 10;

// Whether the SchedContext that pays may make one more record now.
[[gnu::always_inline]] static inline bool may_record(struct sched_context *context, uint64_t now)
{
    if (context == nullptr) {
        return true;
    }
    if ((now - context->audit_since) * BURSTS_A_SECOND >= arch_frequency()) [[clang::unlikely]] {
        context->audit_since = now;
        context->audit_made = 0;
    }
    if (context->audit_made >= AUDIT_BURST) {
        return false;
    }
    context->audit_made++;
    return true;
}

// Whether the newest record, after which nothing came, tells of the same thing, and nobody has read it.
static bool is_repeated(const struct audit_ring *ring, const struct kozo_audit_record *last,
                        const struct call *call, enum kozo_error error)
{
    return last->handle == call->handle && last->operation == call->number &&
           last->result == error && last->object == call->object &&
           last->subject == link_of(call->caller) && ring->first != ring->end;
}

// The next place for a record, with number and time.
static struct kozo_audit_record *ring_place(struct audit_ring *ring, uint64_t number, uint64_t now)
{
    struct kozo_audit_record *record = audit_record(ring, ring->end++);

    audit_drop(ring, audit_last_place(ring) + 1);
    record->sequence = number;
    record->time = now;
    return record;
}

// The next place for a record, with number and time; null when this event is merely counted.
static struct kozo_audit_record *ring_next(struct cpu *cpu, struct audit_ring *ring)
{
    uint64_t now = arch_now();
    uint64_t number = ring->written++;

    return may_record(link_target(cpu->context), now) ? ring_place(ring, number, now) : nullptr;
}

// A record of a call with the next number; nothing more than the number when this event is merely counted.
[[gnu::always_inline]] static inline void ring_note(struct audit_ring *ring,
                                                    const struct call *call, enum kozo_error error)
{
    struct kozo_audit_record *last = audit_record(ring, ring->end - 1);

    if (last->sequence == ring->written - 1 && is_repeated(ring, last, call, error)) {
        last->count++;
        return;
    }
    struct kozo_audit_record *record = nullptr;
    [[clang::always_inline]] record = ring_next(call->cpu, ring);
    if (record != nullptr) {
        record->subject = link_of(call->caller);
        record->operation = (uint32_t)call->number;
        record->result = error;
        record->object = call->object;
        record->handle = call->handle;
        record->badge = call->badge;
        record->count = 1;
    }
}

void audit_note(struct call *call)
{
    ring_note(&kernel.audit[KOZO_AUDIT_AUTHORITY], call, KOZO_OK);
}

void audit_refused(struct call *call, enum kozo_error error)
{
    call->object = 0;
    call->badge = 0;
    call_about(call, lookup(call->caller, call->handle));
    ring_note(&kernel.audit[KOZO_AUDIT_REFUSALS], call, error);
}

void audit_use(struct call *call)
{
    ring_note(&kernel.audit[KOZO_AUDIT_REFUSALS], call, KOZO_OK);
}

void audit_wait(struct cpu *cpu, const struct thread *thread, const struct thread *server)
{
    struct kozo_audit_record *record = ring_next(cpu, &kernel.audit[KOZO_AUDIT_AUTHORITY]);

    if (record != nullptr) {
        record->subject = link_of(thread);
        record->operation = KOZO_OP_ENDPOINT_CALL;
        record->result = KOZO_DEADLOCK;
        record->object = link_of(server);
        record->handle = 0;
        record->badge = 0;
        record->count = 1;
    }
}

void audit_revoked(struct cpu *cpu, const struct thread *thread, const struct slot *node)
{
    struct kozo_audit_record *record = ring_next(cpu, &kernel.audit[KOZO_AUDIT_AUTHORITY]);

    if (record != nullptr) {
        record->subject = link_of(thread);
        record->operation = KOZO_OP_CNODE_REVOKE;
        record->result = KOZO_OK;
        record->object = node->about;
        record->handle = node->handle;
        record->badge = node->badge;
        record->count = node->value;
    }
}
