// SPDX-License-Identifier: MIT
// A thread's registers, read and written by others in classes, through the caller's IPC buffer.
#include "ipc/message.h"
#include "lib/memory.h"
#include "object/extended_state.h"
#include "object/thread.h"
#include "sched/extra.h"
#include "syscall/call.h"

constexpr uint64_t BUFFER_WORDS = sizeof(((struct kozo_ipc_buffer *)nullptr)->words) / 8;

// Some words of one class, with all checks done that read and write share.
struct part {
    enum kozo_error error;
    struct thread *thread;
    enum kozo_register_class class;
    uint64_t first, count;
    uint64_t *words; // of the caller's IPC buffer
};

static uint64_t class_words(const struct thread *thread, uint64_t class)
{
    if (class != KOZO_REGISTERS_EXTENDED) {
        return arch_class_words(class);
    }
    return thread->extended == 0 ? 0 : arch_extended_size() / sizeof(uint64_t);
}

static struct part part_decode(const struct call *call)
{
    const uint64_t *argument = call->argument;
    struct kozo_ipc_buffer *buffer = thread_buffer(call->caller);
    struct part part = {
        .thread = thread_of(call->slot),
        .class = (enum kozo_register_class)argument[0],
        .first = argument[1],
        .count = argument[2],
        .words = buffer == nullptr ? nullptr : buffer->words,
    };
    uint64_t all = class_words(part.thread, argument[0]);

    if (buffer == nullptr || part.count > BUFFER_WORDS || part.first > all ||
        part.count > all - part.first || part.count == 0) {
        part.error = KOZO_BAD_ARGUMENT;
    }
    return part;
}

// The extended state of a thread that does not run.
static uint64_t *extended_words(struct cpu *cpu, const struct thread *thread)
{
    struct extended_state *state = link_target(thread->extended);

    extra_leave(cpu, thread);
    arch_extended_complete(state->area);
    return (uint64_t *)state->area;
}

enum kozo_error thread_read_state_call(struct call *call)
{
    uint64_t all[ARCH_CLASS_WORDS];
    struct part part = part_decode(call);

    if (part.error != KOZO_OK) {
        return part.error;
    }
    if (part.thread->state == READY) {
        return KOZO_BAD_STATE;
    }

    const uint64_t *from = all;
    if (part.class == KOZO_REGISTERS_EXTENDED) {
        from = extended_words(call->cpu, part.thread);
    } else {
        arch_class_read(&part.thread->registers, part.class, all);
    }
    memcpy(part.words, from + part.first, part.count * sizeof(uint64_t));
    return KOZO_OK;
}

static enum kozo_error write_class(struct cpu *cpu, const struct part *part)
{
    struct thread *thread = part->thread;
    uint64_t all[ARCH_CLASS_WORDS];

    arch_class_read(&thread->registers, part->class, all);
    memcpy(all + part->first, part->words, part->count * sizeof(uint64_t));
    if (!arch_class_write(&thread->registers, part->class, all)) {
        return KOZO_BAD_ARGUMENT;
    }
    // There is no system call any more that could be made again.
    if (part->class == KOZO_REGISTERS_GENERAL && thread->fault.kind == KOZO_FAULT_SYSCALL) {
        thread->fault.kind = KOZO_FAULT_INTERRUPTED;
    }
    extra_leave(cpu, thread);
    extra_decide(thread);
    return KOZO_OK;
}

enum kozo_error thread_write_state_call(struct call *call)
{
    struct part part = part_decode(call);

    if (part.error != KOZO_OK) {
        return part.error;
    }
    if (!thread_is_held(part.thread)) {
        return KOZO_BAD_STATE;
    }
    if (part.class != KOZO_REGISTERS_EXTENDED) {
        return write_class(call->cpu, &part);
    }

    uint64_t *words = extended_words(call->cpu, part.thread);
    memcpy(words + part.first, part.words, part.count * sizeof(uint64_t));
    arch_extended_check(words);
    return KOZO_OK;
}
