// SPDX-License-Identifier: MIT
#include "recent.h"

#include <string.h>

#include "kept.h"

static struct kind {
    struct policy_record record; // its permission and program are the copies beside it
    struct policy_permission permission;
    char program[POLICY_PROGRAM_SIZE];
    uint64_t since;
    uint64_t repeats;
} kinds[RECENT_KINDS];

static bool is_like(const struct kind *kind, const struct policy_record *record)
{
    const struct policy_record *own = &kind->record;
    return kind->since != 0 && own->event == record->event && own->rule == record->rule &&
           own->instance == record->instance && own->because == record->because &&
           strcmp(kind->program, record->program) == 0 &&
           memcmp(&kind->permission, record->permission, sizeof kind->permission) == 0;
}

// Reasons are words that live as long as the service.
static void begin(struct kind *kind, const struct policy_record *record)
{
    *kind =
        (struct kind){.record = *record, .permission = *record->permission, .since = record->time};
    size_t length = strlen(record->program);
    memcpy(kind->program, record->program,
           length < sizeof kind->program ? length : sizeof kind->program - 1);
}

static void tell(struct kind *kind, uint64_t now)
{
    if (kind->repeats > 0) {
        kind->record.permission = &kind->permission;
        kind->record.program = kind->program;
        kind->record.time = now;
        kind->record.count = kind->repeats;
        kept_record(&kind->record);
        kind->repeats = 0;
    }
}

bool recent_takes(const struct policy_record *record)
{
    bool repeats = record->event == POLICY_EVENT_USE || record->event == POLICY_EVENT_REFUSE;
    if (!repeats || record->permission == nullptr || record->program == nullptr) {
        return false;
    }
    struct kind *oldest = &kinds[0];
    for (size_t i = 0; i < RECENT_KINDS; i++) {
        struct kind *kind = &kinds[i];
        if (is_like(kind, record) && record->time - kind->since < RECENT_PERIOD) {
            kind->repeats++;
            return true;
        }
        if (is_like(kind, record)) {
            tell(kind, record->time);
            begin(kind, record);
            return false;
        }
        oldest = kind->since < oldest->since ? kind : oldest;
    }
    tell(oldest, record->time);
    begin(oldest, record);
    return false;
}

void recent_flush(uint64_t now, bool all)
{
    for (size_t i = 0; i < RECENT_KINDS; i++) {
        if (all || now - kinds[i].since >= RECENT_PERIOD) {
            tell(&kinds[i], now);
        }
    }
}
