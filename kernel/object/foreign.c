// SPDX-License-Identifier: MIT
#include "object/foreign.h"

#include "ipc/fast.h"
#include "object/thread.h"
#include "sched/extra.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

bool foreign_enters(const struct thread *thread)
{
    const struct foreign *answers = &thread->answers;
    uint64_t at = arch_registers_call_site(&thread->registers);

    return answers->entry != 0 && at - answers->exempt >= answers->exempt_size;
}

enum kozo_error foreign_call_generally(struct call *call)
{
    struct thread *thread = call->caller;

    if (foreign_enters(thread)) {
        arch_registers_enter(&thread->registers, thread->answers.entry);
        call->cpu->pending |= PENDING_ANSWERED;
        return KOZO_OK;
    }
    thread->fault.kind = KOZO_FAULT_SYSCALL;
    struct thread *handler = fast_tell(call->cpu, thread);
    if (handler != nullptr) {
        return arch_exit_to(handler);
    }
    thread_tell(call->cpu, thread);
    call->cpu->pending |= PENDING_ANSWERED;
    return KOZO_OK;
}

bool foreign_is_result(uint64_t info)
{
    constexpr uint64_t one_word = 1;

    return info == ((uint64_t)KOZO_ANSWER_RESULT << 32 | one_word);
}

void foreign_continue(struct cpu *cpu, struct thread *thread)
{
    if (thread->interrupt && thread->state == READY) {
        thread->interrupt = false;
        scheduler_remove(cpu, thread);
        thread->fault = (struct fault){.kind = KOZO_FAULT_INTERRUPTED};
        thread_tell(cpu, thread);
    }
}

static bool is_user_address(uint64_t address)
{
    return address < ARCH_USER_END;
}

enum kozo_error thread_set_foreign_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);
    const uint64_t *argument = call->argument;
    uint64_t size = argument[3];

    if (argument[0] > 1 || !is_user_address(argument[1]) || !is_user_address(argument[2]) ||
        size > ARCH_USER_END - argument[2]) {
        return KOZO_BAD_ARGUMENT;
    }
    if (!thread_is_held(thread)) {
        return KOZO_BAD_STATE;
    }

    extra_leave(call->cpu, thread);
    thread->foreign = argument[0] == 1 ? DETOUR_FOREIGN : 0;
    thread->interrupt = thread->interrupt && thread->foreign != 0;
    thread->answers =
        (struct foreign){.entry = argument[1], .exempt = argument[2], .exempt_size = size};
    extra_decide(thread);
    return KOZO_OK;
}

enum kozo_error thread_interrupt_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);

    if (!thread->foreign) {
        return KOZO_BAD_STATE;
    }

    thread->interrupt = true;
    foreign_continue(call->cpu, thread);
    return KOZO_OK;
}
