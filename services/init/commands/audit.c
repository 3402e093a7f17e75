// SPDX-License-Identifier: MIT
// Shows the kernel's log, and checks what was kept of it.
//
// Reading takes records out of the kernel, so init keeps them: the latest AUDIT_KEPT of each ring,
// and the digest of the chain before the oldest one kept. With that, the chain over what is kept
// must end in the kernel's own digest. Between two readings the kernel has places for as many, in
// memory that init gives it at the start.
#include <chain/chain.h>
#include <kozo/operations.h>
#include <kozo/stubs.h>
#include <string.h>

#include "commands.h"
#include "init.h"

constexpr size_t AUDIT_KEPT = 512;
constexpr size_t RINGS = 2;

struct kept {
    uint64_t first, end; // numbers of records in the order of reading, not their sequence
    struct kozo_digest before;
    struct kozo_audit_record record[AUDIT_KEPT];
};

static struct kept logs[RINGS];
static const char *const ring_names[RINGS] = {"authority", "refusals"};

#define NAME(number, object, operation, type, rights, debug, audited)                              \
    [number] = {#object, #operation},
static const struct {
    const char *object, *operation;
} operation_names[] = {KOZO_OPERATIONS(NAME)};

// What a record is about, as `object.operation`.
static void say_operation(struct init *init, uint32_t number)
{
    bool known = number < sizeof operation_names / sizeof operation_names[0] &&
                 operation_names[number].object != nullptr;
    if (known) {
        say(init, "%s.%s", operation_names[number].object, operation_names[number].operation);
    } else {
        say(init, "operation %u", number);
    }
}

static void keep(struct kept *log, const struct kozo_audit_record *record)
{
    if (log->end - log->first == AUDIT_KEPT) {
        log->before = kozo_chain_add(&log->before, &log->record[log->first % AUDIT_KEPT]);
        log->first++;
    }
    log->record[log->end++ % AUDIT_KEPT] = *record;
}

// Takes everything out of one ring of the kernel.
static void drain(size_t ring)
{
    while (true) {
        struct kozo_audit_log_read_result read =
            kozo_audit_log_read((struct kozo_audit_log){KOZO_BOOT_SLOT_AUDIT_LOG}, ring);
        if (read.error != KOZO_OK) {
            return;
        }
        struct kozo_audit_record record = {
            .sequence = read.sequence,
            .time = read.time,
            .subject = read.subject,
            .operation = (uint32_t)read.what,
            .result = (uint32_t)(read.what >> 32),
            .object = read.object,
            .handle = read.handle,
            .badge = read.badge,
            .count = read.count,
        };
        keep(&logs[ring], &record);
    }
}

static void show(struct init *init, const struct kept *log)
{
    uint64_t expected = log->first == log->end ? 0 : log->record[log->first % AUDIT_KEPT].sequence;
    for (uint64_t i = log->first; i < log->end; i++) {
        const struct kozo_audit_record *record = &log->record[i % AUDIT_KEPT];
        if (record->sequence != expected) {
            say(init, "%8s %lu not kept\n", "...", record->sequence - expected);
        }
        expected = record->sequence + 1;
        say(init, "%8lu thread %lx ", record->sequence, record->subject);
        say_operation(init, record->operation);
        say(init, " of slot %lx, object %lx: %s, %lu times\n", record->handle, record->object,
            record->result == KOZO_OK ? "done" : "refused", record->count);
    }
}

// Whether the chain over what was kept ends where the kernel says.
static bool is_whole(size_t ring)
{
    const struct kept *log = &logs[ring];
    struct kozo_audit_digest_get_result kernel =
        kozo_audit_digest_get((struct kozo_audit_digest){KOZO_BOOT_SLOT_AUDIT_DIGEST}, ring);
    uint64_t words[] = {kernel.digest0, kernel.digest1, kernel.digest2, kernel.digest3};
    struct kozo_digest digest = log->before;
    static_assert(sizeof words == sizeof digest);
    for (uint64_t i = log->first; i < log->end; i++) {
        digest = kozo_chain_add(&digest, &log->record[i % AUDIT_KEPT]);
    }
    return kernel.error == KOZO_OK && memcmp(&digest, words, sizeof digest) == 0;
}

static int verify(struct init *init)
{
    int status = 0;
    for (size_t ring = 0; ring < RINGS; ring++) {
        bool whole = is_whole(ring);
        say(init, "%s: %lu records read, %s\n", ring_names[ring], logs[ring].end,
            whole ? "the chain is whole" : "the chain is broken");
        status = whole ? status : STATUS_FAILED;
    }
    return status;
}

void audit_start(struct init *init)
{
    for (uint64_t ring = 0; ring < RINGS; ring++) {
        struct kozo_taken memory =
            kozo_memory_take(&init->memory, kozo_order_of(sizeof(logs[ring].record)));
        if (memory.slot == 0 ||
            kozo_audit_log_grow((struct kozo_audit_log){KOZO_BOOT_SLOT_AUDIT_LOG}, ring,
                                (struct kozo_untyped){memory.slot}) != KOZO_OK) {
            say(init, "init: the log of the kernel stays short\n");
        }
    }
}

int command_audit(struct init *init, const struct call *call)
{
    for (size_t ring = 0; ring < RINGS; ring++) {
        drain(ring);
    }
    if (call->count == 2 && strcmp(call->word[1], "--verify") == 0) {
        return verify(init);
    }
    if (call->count == 2) {
        say(init, "usage: audit [--verify]\n");
        return STATUS_USAGE;
    }
    for (size_t ring = 0; ring < RINGS; ring++) {
        say(init, "%s\n", ring_names[ring]);
        show(init, &logs[ring]);
    }
    return 0;
}
