// SPDX-License-Identifier: MIT
// One step: a system call, from its number to its result, a fault, or the end of a turn.
#include <string.h>

#include "reference.h"

#define ROW(operation, type, rights, function)                                                     \
    {KOZO_OP_##operation, KOZO_TYPE_##type, rights, function},

static const struct {
    enum kozo_operation operation;
    uint8_t type;
    unsigned rights;
    enum kozo_error (*make)(struct making *call);
} operations[] = {MODEL_OPERATIONS(ROW)};
constexpr unsigned OPERATIONS = sizeof(operations) / sizeof(operations[0]);

static void count_use(struct model *model, name_t lease)
{
    for (name_t at = lease; at != 0; at = object_in(model, at)->lease.outer) {
        if (object_in(model, at)->lease.uses != NO_LIMIT) {
            object_in(model, at)->lease.uses--;
        }
    }
}

static enum kozo_error make_call(struct making *call, uint16_t operation)
{
    unsigned at = 0;

    while (at < OPERATIONS && operations[at].operation != operation) {
        at++;
    }
    if (at == OPERATIONS) {
        return KOZO_BAD_OPERATION;
    }
    if (operations[at].type == KOZO_TYPE_NONE) {
        return operations[at].make(call);
    }
    enum kozo_error error =
        find_typed(call, call->handle, operations[at].type, operations[at].rights, &call->slot);
    if (error != KOZO_OK) {
        return error;
    }
    name_t lease = slot_in(call->model, call->slot)->lease;
    call->object = slot_in(call->model, call->slot)->object;
    if (lease != 0 && !lease_is_open(call->model, lease)) {
        return KOZO_EXPIRED;
    }
    error = operations[at].make(call);
    if (error == KOZO_OK) {
        count_use(call->model, lease);
    }
    return error;
}

// Lets the one run who is to: the current thread, unless it can't or somebody of a higher priority
// is ready.
static void choose(struct model *model)
{
    name_t current = model->current != 0 && can_run(model, model->current) ? model->current : 0;
    int highest = MODEL_PRIORITIES - 1;

    while (highest >= 0 && model->ready[highest].thread[0] == 0) {
        highest--;
    }
    if (current != 0 && highest <= thread_in(model, current)->priority) {
        return;
    }
    if (current != 0) {
        queue_join_first(ready_list(model, current), current);
    }
    model->current = highest < 0 ? 0 : model->ready[highest].thread[0];
    if (highest >= 0) {
        queue_leave(&model->ready[highest], model->current);
    }
}

static void end_turn(struct model *model)
{
    timers_expire(model, model->now + WORLD_TURN);
    name_t thread = model->current;

    model->current = 0;
    join_ready(model, thread);
}

static void step_call(struct model *model, const struct step *step, name_t caller)
{
    struct model_registers *registers = &thread_in(model, caller)->registers;
    struct making call = {
        .model = model, .caller = caller, .handle = step->handle, .argument = registers->argument};

    registers->operation = step->operation;
    registers->handle = step->handle;
    memset(registers->argument, 0, sizeof(registers->argument));
    memcpy(registers->argument, step->argument, sizeof(step->argument));
    thread_in(model, caller)->instruction = CALL_AT + HOST_SYSCALL_SIZE;
    if (thread_in(model, caller)->foreign) {
        foreign_call(model, caller);
        return;
    }
    enum kozo_error error = make_call(&call, step->operation);
    registers->operation = error;
}

static void write_buffer(struct model *model, name_t thread, const struct step *step)
{
    constexpr unsigned caps = offsetof(struct kozo_ipc_buffer, caps) / sizeof(uint64_t);
    constexpr unsigned slot = offsetof(struct kozo_ipc_buffer, receive_slot) / sizeof(uint64_t);
    struct model_buffer *buffer = buffer_of(model, thread);
    uint64_t at = step->argument[0];

    if (buffer == nullptr) {
        return;
    }
    if (at < caps) {
        buffer->words[at] = step->argument[1];
    } else if (at < slot) {
        buffer->caps[at - caps] = step->argument[1];
    } else if (at == slot) {
        buffer->receive_slot = step->argument[1];
    } else {
        buffer->receive_count = step->argument[1];
    }
}

// T5: who has which time follows from who lent to whom.
static void note_times(struct model *model)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_THREAD) {
            model->object[i].thread.time = time_of(model, i);
        }
    }
}

struct outcome model_step(struct model *model, const struct step *step)
{
    name_t caller = model->current;
    struct outcome outcome = {};

    switch (step->kind) {
    case STEP_CALL:
        step_call(model, step, caller);
        break;
    case STEP_FAULT:
        fault(model, caller, KOZO_FAULT_PAGE);
        break;
    case STEP_TURN:
        end_turn(model);
        break;
    case STEP_LATER:
        model->now = WORLD_DEADLINE + 1;
        break;
    case STEP_WRITE:
        write_buffer(model, caller, step);
        break;
    case STEP_AGAIN:
        break;
    }
    choose(model);
    note_times(model);
    if (model->object[caller].type != KOZO_TYPE_THREAD ||
        thread_in(model, caller)->state != READY) {
        outcome.waits = true;
    } else {
        outcome.registers = thread_in(model, caller)->registers;
    }
    if (model->object[caller].type == KOZO_TYPE_THREAD) {
        memset(&thread_in(model, caller)->registers, 0, sizeof(struct model_registers));
    }
    return outcome;
}
