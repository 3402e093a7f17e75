// SPDX-License-Identifier: MIT
#include "sched/waits.h"

#include "audit/audit.h"
#include "object/endpoint.h"
#include "object/thread.h"
#include "sched/scheduler.h"

constexpr size_t WAITS_NODE = offsetof(struct thread, wait);
constexpr unsigned HIGHEST = KOZO_PRIORITIES - 1;

// The thread that one waits for; null when none is known.
static struct thread *server_of(const struct thread *thread)
{
    if (thread->server != 0) {
        return thread_at(thread->server);
    }
    return thread->state == CALLING ? thread_at(thread->borrower) : nullptr;
}

static void note_circle(struct cpu *cpu, const struct thread *caller, struct thread *at)
{
    audit_wait(cpu, caller, at);
    while (at != caller) {
        struct thread *next = server_of(at);
        audit_wait(cpu, at, next);
        at = next;
    }
}

enum kozo_error waits_check(struct cpu *cpu, const struct thread *thread,
                            const struct endpoint *endpoint)
{
    struct thread *first = thread_at(endpoint->bound);
    unsigned steps = 0;

    for (const struct thread *at = first; at != nullptr; at = server_of(at)) {
        if (at == thread) {
            note_circle(cpu, thread, first);
            return KOZO_DEADLOCK;
        }
        if (steps++ == WAITS_MOST) {
            return KOZO_TOO_DEEP;
        }
    }
    return KOZO_OK;
}

static void heap_leave(struct thread *thread)
{
    heap_remove(&thread_at(thread->server)->waiters, link_to(thread), WAITS_NODE);
    thread->server = 0;
}

// Puts the thread where W2 wants it, at the priority that it has now.
static void heap_join(struct thread *thread, struct thread *server)
{
    if (thread->server != 0) {
        heap_leave(thread);
    }
    if (thread->state == SENDING || thread->borrower != link_to(server) ||
        thread->priority > server->own_priority) {
        unsigned passed = thread->cpu == server->cpu ? thread->priority : 0;
        thread->server = link_to(server);
        heap_add(&server->waiters, link_to(thread), WAITS_NODE, HIGHEST - passed);
    }
}

static uint8_t due_priority(const struct thread *thread)
{
    unsigned passed =
        thread->waiters == 0 ? 0 : HIGHEST - (unsigned)heap_node(thread->waiters, WAITS_NODE)->key;

    return passed > thread->own_priority ? (uint8_t)passed : thread->own_priority;
}

static void settle(struct cpu *cpu, struct thread *thread)
{
    for (unsigned i = 0; i < WAITS_MOST && thread->priority != due_priority(thread); i++) {
        scheduler_remove(cpu, thread);
        thread->priority = due_priority(thread);
        scheduler_add(cpu, thread);
        scheduler_disturb(cpu);

        struct thread *server = server_of(thread);
        if (server == nullptr) {
            return;
        }
        heap_join(thread, server);
        thread = server;
    }
}

void waits_set_priority(struct cpu *cpu, struct thread *thread, uint8_t priority)
{
    struct thread *lender = thread_at(thread->lender);

    thread->own_priority = priority;
    if (lender != nullptr && server_of(lender) == thread) {
        heap_join(lender, thread);
    }
    settle(cpu, thread);
}

void waits_begin(struct cpu *cpu, struct thread *thread, struct thread *server)
{
    if (thread->server == 0) {
        heap_join(thread, server);
        settle(cpu, server);
    }
}

void waits_end(struct cpu *cpu, struct thread *thread)
{
    struct thread *server = thread_at(thread->server);

    if (server != nullptr) {
        heap_leave(thread);
        settle(cpu, server);
    }
}
