// SPDX-License-Identifier: MIT
// Processes: how they begin, end, and are taken away.
#include "process.h"

#include "../core/clock.h"
#include "../core/loop.h"
#include "../core/store.h"
#include "../file/descriptors.h"
#include "../file/lease.h"
#include "../file/path.h"
#include "../memory/space.h"
#include "number.h"
#include "sandbox.h"
#include "timer.h"

struct process *process_first;

static void link_child(struct process *parent, struct process *child)
{
    child->parent = parent;
    child->caller.parent = parent->caller.process;
    child->previous_sibling = nullptr;
    child->next_sibling = parent->children;
    if (parent->children != nullptr) {
        parent->children->previous_sibling = child;
    }
    parent->children = child;
}

static void unlink_child(struct process *child)
{
    *(child->previous_sibling == nullptr ? &child->parent->children
                                         : &child->previous_sibling->next_sibling) =
        child->next_sibling;
    if (child->next_sibling != nullptr) {
        child->next_sibling->previous_sibling = child->previous_sibling;
    }
}

struct process *process_make(struct process *parent)
{
    struct process *process = store_take(sizeof *process);
    if (process == nullptr) {
        return nullptr;
    }
    if (parent != nullptr) {
        process->caller = parent->caller;
        process->nice = parent->nice;
        process->score_adjust = parent->score_adjust;
        process->personality = parent->personality;
        process->no_new_privileges = parent->no_new_privileges;
    }
    process->caller.process = number_take_process(process);
    if (process->caller.process == 0) {
        store_give(process, sizeof *process);
        return nullptr;
    }
    process->caller.descriptors = nullptr;
    process->caller.folders = nullptr;
    process->caller.lease = nullptr;
    process->exit_signal = SIGNAL_CHILD;
    process->dumpable = true;
    process->started = clock_monotonic();
    if (parent != nullptr) {
        link_child(parent, process);
    }
    sandbox.forks++;
    return process;
}

static void release(struct process *process)
{
    timers_drop(process);
    if (process->space != nullptr) {
        space_drop(process->space);
        process->space = nullptr;
    }
    if (process->caller.descriptors != nullptr) {
        descriptors_drop(process->caller.descriptors);
        process->caller.descriptors = nullptr;
    }
    if (process->caller.folders != nullptr) {
        folders_drop(process->caller.folders);
        process->caller.folders = nullptr;
    }
    if (process->handlers != nullptr) {
        handlers_drop(process->handlers);
        process->handlers = nullptr;
    }
    if (process->program != nullptr) {
        file_drop(process->program);
        process->program = nullptr;
    }
    signals_forget(&process->signals.queue);
    lease_drop(process->caller.lease);
    process->caller.lease = nullptr;
}

void process_unmake(struct process *process)
{
    release(process);
    if (process->parent != nullptr) {
        unlink_child(process);
    }
    number_give_process(process->caller.process);
    store_give(process, sizeof *process);
}

void process_reap(struct process *process)
{
    struct process *parent = process->parent;
    parent->children_usage.user_ns += process->ended.user_ns + process->children_usage.user_ns;
    parent->children_usage.system_ns +=
        process->ended.system_ns + process->children_usage.system_ns;
    parent->children_usage.faults += process->ended.faults + process->children_usage.faults;
    unlink_child(process);
    number_give_process(process->caller.process);
    store_give(process, sizeof *process);
}

void process_end(struct process *process, int status)
{
    if (process->state != PROCESS_LIVES) {
        return;
    }
    process->state = PROCESS_ENDS;
    process->exit_status = status;
    process->stopped = false;
    process_end_threads(process, nullptr);
}

// Who takes over the children of a process that ends.
static struct process *heir_of(const struct process *process)
{
    for (struct process *heir = process->parent; heir != nullptr; heir = heir->parent) {
        if (heir->reaper && heir->state == PROCESS_LIVES) {
            return heir;
        }
    }
    return process_first;
}

static void tell_parent(struct process *process);

static void hand_over_children(struct process *process)
{
    struct process *heir = heir_of(process);
    while (process->children != nullptr) {
        struct process *child = process->children;
        unlink_child(child);
        link_child(heir, child);
        if (child->parent_death_signal != 0) {
            struct signal_info info = {.signal = child->parent_death_signal};
            signal_to_process(child, &info);
        }
        child->exit_signal = SIGNAL_CHILD;
        if (child->state == PROCESS_ZOMBIE) {
            tell_parent(child);
        }
    }
}

static bool parent_does_not_care(const struct process *process)
{
    const struct process *parent = process->parent;
    if (parent->handlers == nullptr || process->exit_signal != SIGNAL_CHILD) {
        return false;
    }
    const struct action *action = &parent->handlers->action[SIGNAL_CHILD];
    return action->handler == ACTION_IGNORE || (action->flags & FLAG_NO_CHILD_WAIT) != 0;
}

static void tell_parent(struct process *process)
{
    struct process *parent = process->parent;
    bool lost = parent_does_not_care(process);
    if (process->exit_signal != 0 && parent->state == PROCESS_LIVES) {
        struct signal_info info = child_info(process, process->exit_status);
        info.signal = process->exit_signal;
        signal_to_process(parent, &info);
    }
    if (lost) {
        process_reap(process);
    }
    (void)wait_wake(&parent->children_changed, SIZE_MAX);
}

struct signal_info child_info(const struct process *process, int status)
{
    constexpr int exited = 1, killed = 2, dumped = 3;
    int signal = status & 0x7f;
    struct signal_info info = {.signal = SIGNAL_CHILD};
    info.code = signal == 0 ? exited : (status & 0x80) != 0 ? dumped : killed;
    info.from.process = process->caller.process;
    info.from.user = process->caller.credentials.user;
    info.from.value = (uint64_t)(signal == 0 ? status >> 8 & 0xff : signal);
    constexpr uint64_t tick_ns = 10'000'000;
    info.from.user_time = process->ended.user_ns / tick_ns;
    info.from.system_time = process->ended.system_ns / tick_ns;
    return info;
}

void process_become_zombie(struct process *process)
{
    if (process->state == PROCESS_LIVES) {
        // Its last thread ended by itself; it has left the status that counts.
        process->state = PROCESS_ENDS;
    }
    if (process->space != nullptr) {
        process->ended.faults += process->space->faults;
    }
    release(process);
    process->state = PROCESS_ZOMBIE;
    if (process == process_first) {
        sandbox_end(process->exit_status);
    }
    hand_over_children(process);
    tell_parent(process);
}
