// SPDX-License-Identifier: MIT
// Questions that wait, and what has come of them.
#include "consent.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "begin.h"
#include "entry.h"
#include "files.h"
#include "gate.h"
#include "host_system.h"
#include "lease.h"
#include "linux.h"
#include "terminal.h"

#include <string.h>

// Lives with the call that waits.
struct question {
    struct question *next;
    uint64_t number;
    bool come;
    enum answered answered;
    char *picked; // where the path of a file that is picked goes; null when none is to be
    struct wait_queue queue;
};

// Records of places that are still to be mounted.
struct given {
    struct given *next;
    size_t size; // of the records behind this
};

static const struct consent_way *way;
static bool only_leased;
static struct question *questions;
static uint64_t last_number;
static struct given *given_first, **given_end = &given_first;
static struct gate mounting;

// What was given to a call that is under way.
struct use {
    struct use *next;
    const struct thread *thread; // whose call it is
    uint64_t number;             // of the question
    bool once;                   // it was given for this call alone
    bool changes;
    uint32_t size; // of the path behind this, with its zero
};

uint32_t consent_uses;
static struct use *uses;

void consent_begin(const struct consent_way *to, bool leased)
{
    way = to;
    only_leased = leased;
}

uint64_t consent_number(void)
{
    return ++last_number;
}

// --- Asking -----------------------------------------------------------------------------------------

static void forget(const struct question *question)
{
    struct question **place = &questions;
    while (*place != question) {
        place = &(*place)->next;
    }
    *place = question->next;
}

// Mounts what has come. True when there was any.
static bool mount_given(void)
{
    bool any = false;
    gate_enter(&mounting);
    while (given_first != nullptr) {
        struct given *given = given_first;
        given_first = given->next;
        given_end = given_first == nullptr ? &given_first : given_end;
        const char *record = (const char *)(given + 1);
        for (size_t at = 0; at < given->size; at += strlen(record + at) + 1) {
            // A place that is not there after all is refused when it is looked for again.
            any =
                (strncmp(record + at, "mount=", 6) == 0 && tree_mount(record + at + 6) == 0) || any;
        }
        store_give(given, sizeof *given + given->size + 1);
    }
    gate_leave(&mounting);
    return any;
}

static bool was_given(const char *path, bool changes)
{
    for (const struct use *use = uses; use != nullptr; use = use->next) {
        if (use->thread == strand_thread() && use->changes == changes &&
            strcmp((const char *)(use + 1), path) == 0) {
            return true;
        }
    }
    return false;
}

static struct use *make_use(const char *path, bool changes)
{
    uint32_t size = (uint32_t)strlen(path) + 1;
    struct use *use = store_take(sizeof *use + size);
    if (use != nullptr) {
        *use = (struct use){.thread = strand_thread(), .changes = changes, .size = size};
        memcpy(use + 1, path, size);
    }
    return use;
}

static void give_use(struct use *use)
{
    store_give(use, sizeof *use + use->size);
}

// What programs wrote before stands above the question. False when a signal came meanwhile.
static bool show_before(void)
{
    return begin_terminal() == nullptr || terminal_show(begin_terminal()) == 0;
}

// What the host knows a lease by: a number from the same row as those of questions.
static uint64_t number_of(struct lease *lease)
{
    if (lease == nullptr) {
        return 0;
    }
    lease->number = lease->number != 0 ? lease->number : consent_number();
    return lease->number;
}

// Asks, and waits for the answer. False when a signal came before.
static bool put_question(struct question *question, char kind, uint64_t lease, const char *text)
{
    question->next = questions;
    question->number = consent_number();
    questions = question;
    way->ask(question->number, kind, lease, text);
    enum wake why = WAKE_EVENT;
    while (!question->come && why != WAKE_INTERRUPT) {
        struct wait wait = {};
        wait_enter(&wait, &question->queue);
        why = wait_until(NO_DEADLINE);
        wait_leave(&wait);
    }
    forget(question);
    if (!question->come) {
        way->withdraw(question->number);
    }
    return question->come;
}

enum consent consent_ask(const char *path, bool changes)
{
    if (was_given(path, changes)) {
        return CONSENT_NO;
    }
    if (mount_given()) {
        return CONSENT_GIVEN;
    }
    struct lease *lease = caller()->lease;
    if (way == nullptr || (only_leased && lease == nullptr)) {
        return CONSENT_NO;
    }
    struct use *use = make_use(path, changes);
    if (use == nullptr) {
        return CONSENT_NO;
    }
    if (!show_before()) {
        give_use(use);
        return CONSENT_INTERRUPTED;
    }
    struct question question = {};
    bool come = put_question(&question, changes ? 'w' : 'r', number_of(lease), path);
    if (come && question.answered != ANSWERED_NO) {
        use->number = question.number;
        use->once = question.answered == ANSWERED_ONCE;
        use->next = uses;
        uses = use;
        consent_uses++;
    } else {
        give_use(use);
    }
    if (!come) {
        return CONSENT_INTERRUPTED;
    }
    if (question.answered != ANSWERED_NO) {
        (void)mount_given();
    }
    return question.answered != ANSWERED_NO ? CONSENT_GIVEN : CONSENT_NO;
}

int64_t consent_pick(bool changes, const char *reason, char *path)
{
    struct lease *lease = caller()->lease;
    if (way == nullptr || (only_leased && lease == nullptr)) {
        return -ENXIO;
    }
    struct question question = {.picked = path};
    path[0] = '\0';
    if (!show_before() || !put_question(&question, changes ? 'W' : 'R', number_of(lease), reason)) {
        return -EINTR;
    }
    (void)mount_given();
    return path[0] != '\0' ? 0 : -EACCES;
}

void consent_picked(const char *text, size_t size)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(text[at] - '0');
    }
    at++; // the space
    if (at >= size || size - at >= LINUX_PATH_MOST) {
        return;
    }
    for (struct question *question = questions; question != nullptr; question = question->next) {
        if (question->number == number && question->picked != nullptr) {
            memcpy(question->picked, text + at, size - at);
            question->picked[size - at] = '\0';
            question->come = true;
            (void)wait_wake(&question->queue, SIZE_MAX);
        }
    }
}

void consent_answered(uint64_t number, enum answered answered)
{
    for (struct question *question = questions; question != nullptr; question = question->next) {
        if (question->number == number) {
            question->come = true;
            question->answered = answered;
            (void)wait_wake(&question->queue, SIZE_MAX);
        }
    }
    lease_seen_to(number);
}

// Only when the host has seen to it is the program told how the call ended: its next one finds nothing left.
static void end_use(uint64_t number)
{
    struct question question = {.next = questions, .number = number};
    questions = &question;
    way->used(number);
    while (!question.come) {
        struct wait wait = {};
        wait_enter(&wait, &question.queue);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
    forget(&question);
}

void consent_call_ends(void)
{
    struct use **place = &uses;
    while (*place != nullptr) {
        struct use *use = *place;
        if (use->thread != strand_thread()) {
            place = &use->next;
            continue;
        }
        uint64_t number = use->once ? use->number : 0;
        *place = use->next;
        consent_uses--;
        give_use(use);
        if (number != 0) {
            end_use(number);
        }
        place = &uses; // others may have come and gone meanwhile
    }
}

void consent_given(const char *records, size_t size)
{
    struct given *given = store_take(sizeof *given + size + 1);
    if (given == nullptr) {
        return; // without memory nothing is given
    }
    given->size = size;
    memcpy(given + 1, records, size);
    *given_end = given;
    given_end = &given->next;
}

// --- Taking away ------------------------------------------------------------------------------------

static bool is_below(const char *path, const char *above)
{
    size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void doubt(struct entry *entry, void *context)
{
    const char *above = context;
    char *buffer = entry->node != nullptr ? path_buffer() : nullptr;
    if (buffer != nullptr) {
        if (is_below(path_of(entry, path_top(), buffer), above)) {
            host_node_doubt(entry->node);
        }
        path_buffer_give(buffer);
    }
}

static void take_away(char *record)
{
    if (strncmp(record, "path=", 5) == 0) {
        entries_each(doubt, record + 5);
    } else if (strncmp(record, "gone=", 5) == 0) {
        host_system_gone(record + 5);
    } else if (strncmp(record, "mount=", 6) == 0) {
        (void)tree_change_mount(record + 6);
    }
}

void consent_taken(const char *records, size_t size)
{
    char *record = store_take(size + 1);
    files_refresh();
    entries_doubt();
    if (record == nullptr) {
        return; // the file server refuses all the same
    }
    memcpy(record, records, size);
    for (size_t at = 0; at < size; at += strlen(record + at) + 1) {
        take_away(record + at);
    }
    store_give(record, size + 1);
}
