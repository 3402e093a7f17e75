// SPDX-License-Identifier: MIT
#include "invariants.h"

#include <stdio.h>

#include "found.h"
#include "object/irq_handler.h"
#include "rules.h"

struct found found;

static char message[200];

bool broken(const char *rule, const void *where)
{
    (void)snprintf(message, sizeof(message), "%s (at %#llx)", rule,
                   (unsigned long long)arch_physical(where));
    return false;
}

// --- Interrupts and the audit log

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
