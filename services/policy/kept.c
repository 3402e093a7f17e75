// SPDX-License-Identifier: MIT
#include "kept.h"

#include <stdatomic.h>
#include <string.h>

#include "kernel_log.h"

constexpr uint64_t MAGIC = 0x3170656b2d6f7a6b; // "kzo-kep1"
constexpr size_t HALF = 48 << 10;
constexpr size_t RESERVE = 2 * POLICY_LINE_SIZE; // room that a change may take
constexpr uint64_t JOIN_PERIOD = 60;             // seconds
constexpr uint64_t SECOND_HALF = 1ul << 63;

// Half and length in one number.
typedef _Atomic uint64_t position;

struct kept {
    uint64_t magic;
    uint64_t boot;
    position decisions;
    position record;
    struct policy_chain start[2]; // of the record, before the first line of each half
    char decisions_text[2][HALF];
    char record_text[2][HALF];
};

static struct kept *kept;
static struct policy_chain chain; // after the last line of the record
static uint64_t joined;           // when the record told last where the kernel's log stands

// What a compaction has written so far.
static size_t fresh_length;

static size_t half_of(uint64_t at)
{
    return (at & SECOND_HALF) != 0 ? 1 : 0;
}

static size_t length_of(uint64_t at)
{
    return at & ~SECOND_HALF;
}

// Puts a line at the end of the half in use.
static bool store(void *context, const char *line, size_t length)
{
    uint64_t at = atomic_load(&kept->decisions);
    (void)context;
    if (length > HALF - length_of(at)) {
        return false;
    }
    memcpy(kept->decisions_text[half_of(at)] + length_of(at), line, length);
    atomic_store(&kept->decisions, at + length);
    return true;
}

static bool store_fresh(void *context, const char *line, size_t length)
{
    size_t other = 1 - half_of(atomic_load(&kept->decisions));
    (void)context;
    if (length > HALF - fresh_length) {
        return false;
    }
    memcpy(kept->decisions_text[other] + fresh_length, line, length);
    fresh_length += length;
    return true;
}

void kept_make_room(struct policy *policy)
{
    uint64_t at = atomic_load(&kept->decisions);
    if (HALF - length_of(at) >= RESERVE) {
        return;
    }
    fresh_length = 0;
    if (policy_database_compact(&policy->database, store_fresh, nullptr)) {
        atomic_store(&kept->decisions, ((at & SECOND_HALF) ^ SECOND_HALF) + fresh_length);
    } else {
        // It stays where it was: the database was not touched.
        fresh_length = 0;
    }
    policy->database.journal.store = store;
}

static bool begin(struct policy *policy, uint64_t now)
{
    memset(kept, 0, offsetof(struct kept, decisions_text));
    kept->boot = now;
    if (!policy_database_begin(&policy->database, store, nullptr)) {
        return false;
    }
    kept->magic = MAGIC;
    return true;
}

// Takes up what the last life left. What can't be read allows nothing.
static void go_on(struct policy *policy)
{
    uint64_t at = atomic_load(&kept->decisions);
    size_t length = length_of(at) < HALF ? length_of(at) : HALF;
    struct policy_read read = policy_database_read(
        &policy->database, kept->decisions_text[half_of(at)], length, store, nullptr);
    atomic_store(&kept->decisions, (at & SECOND_HALF) + read.length);
    at = atomic_load(&kept->record);
    length = length_of(at) < HALF ? length_of(at) : HALF;
    struct policy_verification found = policy_record_verify(kept->record_text[half_of(at)], length,
                                                            &kept->start[half_of(at)], nullptr);
    atomic_store(&kept->record, (at & SECOND_HALF) + found.length);
    chain = found.chain;
}

const char *kept_start(void *memory, size_t size, struct policy *policy, uint64_t now)
{
    if (memory == nullptr || size < sizeof *kept) {
        return "it has too little memory that outlives it";
    }
    kept = memory;
    if (kept->magic == MAGIC) {
        go_on(policy);
    } else if (!begin(policy, now)) {
        return "its decisions can't be begun";
    }
    policy->boot = kept->boot;
    policy->restart = kept->boot; // the system ends with the computer
    struct policy_record start = {.event = POLICY_EVENT_START, .time = now};
    kept_record(&start);
    return nullptr;
}

// --- The record ---------------------------------------------------------------------------------

static void add_line(const struct policy_record *record)
{
    static char line[POLICY_RECORD_SIZE];
    struct policy_text text = policy_text(line, sizeof line);
    struct policy_chain next = chain;
    if (!policy_record_add(&text, &next, record)) {
        return;
    }
    uint64_t at = atomic_load(&kept->record);
    if (text.length > HALF - length_of(at)) {
        at = (at & SECOND_HALF) ^ SECOND_HALF;
        kept->start[half_of(at)] = chain;
    }
    memcpy(kept->record_text[half_of(at)] + length_of(at), line, text.length);
    atomic_store(&kept->record, at + text.length);
    chain = next;
}

// Behind a line of the record, once in a minute at most, and the first of each life.
static void join(uint64_t now)
{
    struct policy_kernel_ring rings[POLICY_KERNEL_RINGS];
    struct policy_record line = {.event = POLICY_EVENT_KERNEL, .time = now, .kernel = rings};
    bool due = joined == 0 || now < joined || now - joined >= JOIN_PERIOD;
    if (due && kernel_log_read(rings)) {
        add_line(&line);
        joined = now;
    }
}

void kept_record(const struct policy_record *record)
{
    add_line(record);
    join(record->time);
}

struct kept_text kept_text(void)
{
    uint64_t at = atomic_load(&kept->record);
    return (struct kept_text){.text = kept->record_text[half_of(at)],
                              .length = length_of(at),
                              .start = kept->start[half_of(at)]};
}

const struct policy_chain *kept_end(void)
{
    return &chain;
}
