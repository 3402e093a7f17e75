// SPDX-License-Identifier: MIT
#include "object/reply.h"

#include "ipc/message.h"
#include "object/thread.h"
#include "sched/waits.h"
#include "syscall/call.h"

bool reply_at_rest(const struct object *object)
{
    const struct reply *reply = (const struct reply *)object;

    return reply->thread == 0;
}

bool reply_reap(struct cpu *cpu, struct object *object)
{
    struct reply *reply = (struct reply *)object;
    struct thread *thread = thread_at(reply->thread);

    if (reply_caller(reply) != nullptr) {
        thread_cancel(cpu, thread, KOZO_NO_REPLY);
    } else if (thread != nullptr) {
        reply_forget(thread);
    }
    return true;
}

struct thread *reply_caller(const struct reply *reply)
{
    struct thread *thread = thread_at(reply->thread);

    return thread != nullptr && thread->state == CALLING ? thread : nullptr;
}

void reply_offer(struct reply *reply, struct thread *receiver)
{
    if (reply != nullptr) {
        reply->thread = link_to(receiver);
        receiver->reply = link_to(reply);
    }
}

bool reply_hold(struct thread *receiver, struct thread *caller)
{
    struct reply *reply = link_target(receiver->reply);

    if (reply == nullptr) {
        return false;
    }
    receiver->reply = 0;
    reply->thread = link_to(caller);
    caller->reply = link_to(reply);
    return true;
}

void reply_forget(struct thread *thread)
{
    struct reply *reply = link_target(thread->reply);

    if (reply != nullptr) {
        reply->thread = 0;
        thread->reply = 0;
    }
}

void reply_answer(struct cpu *cpu, struct thread *server, struct reply *reply)
{
    struct thread *caller = reply_caller(reply);

    waits_end(cpu, caller);
    reply_forget(caller);
    if (caller->faulted) {
        uint64_t info = server->registers.argument[0];
        bool result = foreign_is_result(info);
        if (result) {
            caller->registers.operation = server->registers.argument[MESSAGE_FIRST_WORD];
        }
        thread_fault_answered(cpu, caller, result || info >> 32 == KOZO_ANSWER_RESUME);
        return;
    }
    message_carry(server, caller, 0);
    thread_wake(cpu, caller, KOZO_OK);
}

enum kozo_error reply_reply_call(struct call *call)
{
    struct reply *reply = reply_of(call->slot);
    if (reply_caller(reply) == nullptr) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = message_check(call->caller, KOZO_RIGHT_GRANT);
    if (error != KOZO_OK) {
        return error;
    }

    reply_answer(call->cpu, call->caller, reply);
    return KOZO_OK;
}
