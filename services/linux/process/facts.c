// SPDX-License-Identifier: MIT
// What /proc shows (file/proc.h).
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/objects.h"
#include "../file/file.h"
#include "../file/proc.h"
#include "../memory/mapping.h"
#include "../memory/space.h"
#include "process.h"
#include "sandbox.h"
#include "usage.h"

#include <string.h>

uint32_t process_next(uint32_t from)
{
    const struct process *process = process_from(from == 0 ? 1 : from);
    return process == nullptr ? 0 : process->caller.process;
}

uint32_t process_thread_next(uint32_t number, uint32_t from)
{
    const struct process *process = process_find(number);
    uint32_t found = 0;
    if (process == nullptr) {
        return 0;
    }
    for (const struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        if (thread->number >= from && (found == 0 || thread->number < found)) {
            found = thread->number;
        }
    }
    return found;
}

// The thread that a process is shown by: the one with its number, or any.
static const struct thread *leader_of(const struct process *process)
{
    const struct thread *found = process->threads;
    for (const struct thread *thread = process->threads; thread != nullptr; thread = thread->next) {
        if (thread->number == process->caller.process) {
            found = thread;
        }
    }
    return found;
}

static char state_of(const struct process *process, const struct thread *thread)
{
    if (process->state == PROCESS_ZOMBIE || thread == nullptr) {
        return 'Z';
    }
    if (process->stopped) {
        return 'T';
    }
    return thread->strand == nullptr || thread == thread_now() ? 'R' : 'S';
}

static void add_signals(struct process_facts *facts, const struct process *process,
                        const struct thread *thread)
{
    facts->signals_pending = process->signals.queue.pending;
    if (thread != nullptr) {
        facts->signals_pending |= thread->signals.queue.pending;
        facts->signals_blocked = thread->signals.blocked;
    }
    for (int signal = 1; process->handlers != nullptr && signal <= SIGNALS; signal++) {
        uint64_t handler = process->handlers->action[signal].handler;
        facts->signals_ignored |= handler == ACTION_IGNORE ? signal_bit(signal) : 0;
        facts->signals_caught |= handler > ACTION_IGNORE ? signal_bit(signal) : 0;
    }
}

static void add_space(struct process_facts *facts, const struct space *space)
{
    if (space == nullptr) {
        return;
    }
    facts->size = space->size;
    facts->resident = space->resident * PAGE_BYTES;
    facts->text = space->told.code_end - space->told.code_start;
    facts->data = space->heap_end - space->heap_start;
    facts->stack = 8ul << 20;
    facts->code_start = space->told.code_start;
    facts->code_end = space->told.code_end;
    facts->stack_start = space->told.stack_start;
}

static void fill(struct process_facts *facts, const struct process *process,
                 const struct thread *thread)
{
    struct usage usage = usage_of(process);
    *facts = (struct process_facts){
        .process = process->caller.process,
        .parent = process->caller.parent,
        .group = process->caller.group,
        .session = process->caller.session,
        .state = state_of(process, thread),
        .threads = process->thread_count,
        .user_ns = usage.user_ns,
        .system_ns = usage.system_ns,
        .children_user_ns = process->children_usage.user_ns,
        .children_system_ns = process->children_usage.system_ns,
        .started_ns = process->started,
        .minor_faults = usage.faults,
        .nice = process->nice,
        .priority = 20 + process->nice,
        .score_adjust = process->score_adjust,
        .exit_code = (uint32_t)process->exit_status,
    };
    const char *name = thread != nullptr ? thread->name : process->name;
    memcpy(facts->name, name, sizeof facts->name);
    add_space(facts, process->space);
    add_signals(facts, process, thread);
}

int64_t process_facts(uint32_t number, struct process_facts *facts)
{
    const struct process *process = process_find(number);
    if (process == nullptr) {
        return -ESRCH;
    }
    fill(facts, process, leader_of(process));
    return 0;
}

int64_t process_thread_facts(uint32_t number, uint32_t thread_number, struct process_facts *facts)
{
    const struct thread *thread = thread_find(thread_number);
    if (thread == nullptr || thread->process->caller.process != number) {
        return -ESRCH;
    }
    fill(facts, thread->process, thread);
    facts->process = thread_number;
    return 0;
}

struct caller *process_caller(uint32_t number)
{
    struct process *process = process_find(number);
    return process == nullptr || process->state != PROCESS_LIVES ? nullptr : &process->caller;
}

struct file *process_program(uint32_t number)
{
    const struct process *process = process_find(number);
    if (process == nullptr || process->program == nullptr) {
        return nullptr;
    }
    file_keep(process->program);
    return process->program;
}

// --- Memory of another process ----------------------------------------------------------------------

static int64_t read_part(uint32_t number, uint64_t start, uint64_t end, char *to, size_t size,
                         uint64_t offset)
{
    struct process *process = process_find(number);
    if (process == nullptr || process->space == nullptr || offset >= end - start) {
        return process == nullptr ? -ESRCH : 0;
    }
    uint64_t left = end - start - offset;
    size = size < left ? size : left;
    struct space *space = process->space;
    space_keep(space);
    bool read = space_read(space, start + offset, to, size);
    space_drop(space);
    return read ? (int64_t)size : -EIO;
}

static const struct space_told *told_of(uint32_t number)
{
    static const struct space_told nothing;
    const struct process *process = process_find(number);
    return process == nullptr || process->space == nullptr ? &nothing : &process->space->told;
}

int64_t process_arguments(uint32_t number, char *to, size_t size, uint64_t offset)
{
    const struct space_told *told = told_of(number);
    return read_part(number, told->arguments, told->arguments_end, to, size, offset);
}

int64_t process_environment(uint32_t number, char *to, size_t size, uint64_t offset)
{
    const struct space_told *told = told_of(number);
    return read_part(number, told->arguments_end, told->environment_end, to, size, offset);
}

int64_t process_auxiliary(uint32_t number, char *to, size_t size, uint64_t offset)
{
    const struct space_told *told = told_of(number);
    return read_part(number, told->auxiliary, told->auxiliary_end, to, size, offset);
}

bool process_mapping(uint32_t number, uint64_t above, struct mapping_facts *facts)
{
    const struct process *process = process_find(number);
    const struct space *space = process == nullptr ? nullptr : process->space;
    const struct area *area = space == nullptr ? nullptr : space_area_above(space, above);
    if (area == nullptr) {
        return false;
    }
    *facts = (struct mapping_facts){
        .start = area->start,
        .end = area->end,
        .offset = area->offset,
        .rights = {(area->rights & AREA_READ) != 0 ? 'r' : '-',
                   (area->rights & AREA_WRITE) != 0 ? 'w' : '-',
                   (area->rights & AREA_EXECUTE) != 0 ? 'x' : '-',
                   (area->kind & AREA_SHARED) != 0 ? 's' : 'p', 0},
        .file = (area->kind & AREA_SYSTEM) != 0 ? nullptr : area->file,
        .name = (area->kind & AREA_HEAP) != 0     ? "[heap]"
                : (area->kind & AREA_STACK) != 0  ? "[stack]"
                : (area->kind & AREA_SYSTEM) != 0 ? "[vdso]"
                                                  : nullptr,
        .resident = space_resident(space, area->start, area->end) * PAGE_BYTES,
    };
    return true;
}

int64_t process_set_name(uint32_t number, const char *name, size_t length)
{
    struct thread *thread = thread_find(number);
    if (thread == nullptr) {
        return -ESRCH;
    }
    length = length < sizeof thread->name ? length : sizeof thread->name - 1;
    memset(thread->name, 0, sizeof thread->name);
    memcpy(thread->name, name, length);
    return 0;
}

int64_t process_set_score(uint32_t number, int32_t adjust)
{
    struct process *process = process_find(number);
    if (process == nullptr) {
        return -ESRCH;
    }
    process->score_adjust = adjust;
    return 0;
}

void sandbox_facts(struct sandbox_facts *facts)
{
    *facts = (struct sandbox_facts){
        .processors = 1,
        .started_ns = clock_realtime_base(),
        .forks = sandbox.forks,
        .calls = sandbox.calls,
        .host_name = sandbox.host_name,
        .slots = objects_slots_taken(),
        .blocks = blocks_there(),
        .tables = objects_tables(),
    };
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        struct usage usage = usage_of(process);
        facts->user_ns += usage.user_ns;
        facts->system_ns += usage.system_ns;
        facts->threads += process->thread_count;
        facts->newest = process->caller.process;
        for (const struct thread *thread = process->threads; thread != nullptr;
             thread = thread->next) {
            facts->running += thread->strand == nullptr || thread == thread_now();
        }
    }
    uint64_t used = facts->user_ns + facts->system_ns;
    uint64_t now = clock_monotonic();
    facts->idle_ns = now > used ? now - used : 0;
}
