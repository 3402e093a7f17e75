// SPDX-License-Identifier: MIT
// Messages: Endpoint and Reply.
#include "reference.h"

struct model_buffer *buffer_of(struct model *model, name_t thread)
{
    const struct model_slot *slot = slot_in(model, thread + PART_BUFFER);

    for (unsigned i = 0; i < WORLD_BUFFERS; i++) {
        if (slot->type == KOZO_TYPE_FRAME && slot->base + slot->value == world_buffer[i]) {
            return &model->buffer[i];
        }
    }
    return nullptr;
}

// What a handle in the sender's buffer leads to; 0 when it can't be sent.
static name_t find_attached(struct model *model, name_t sender, uint64_t handle)
{
    const struct making search = {.model = model, .caller = sender};
    name_t slot = find(&search, handle);

    return slot != 0 && can_be_copied(slot_in(model, slot)->type) ? slot : 0;
}

// `rights` are those of what the caller sends through.
static enum kozo_error check_message(const struct making *call, unsigned rights)
{
    uint64_t length = call->argument[0] & 0xff;
    uint64_t caps = call->argument[0] >> 8 & 0xff;
    const struct model_buffer *buffer = buffer_of(call->model, call->caller);

    if (length > KOZO_MESSAGE_WORDS || caps > KOZO_MESSAGE_CAPS) {
        return KOZO_BAD_ARGUMENT;
    }
    if (buffer == nullptr && (length > KOZO_REGISTER_WORDS || caps > 0)) {
        return KOZO_BAD_ARGUMENT;
    }
    if (caps > 0 && (rights & KOZO_RIGHT_GRANT) == 0) {
        return KOZO_NO_RIGHT;
    }
    for (uint64_t i = 0; i < caps; i++) {
        if (find_attached(call->model, call->caller, buffer->caps[i]) == 0) {
            return KOZO_BAD_HANDLE;
        }
    }
    return KOZO_OK;
}

// Gives how many capabilities arrive: in the slots that the receiver named, from the first one on,
// up to the first that is taken.
static uint64_t carry_capabilities(struct model *model, name_t from, name_t to, uint64_t caps)
{
    const struct model_buffer *source = buffer_of(model, from);
    const struct model_buffer *target = buffer_of(model, to);
    const struct making search = {.model = model, .caller = to};
    uint64_t arrived = 0;

    if (source == nullptr || target == nullptr) {
        return 0;
    }
    struct model_place place = find_place(&search, target->receive_slot);
    if (!place.exists || (place.rights & WRITE) == 0) {
        return 0;
    }
    for (uint64_t i = 0; i < caps && arrived < target->receive_count; i++) {
        name_t slot = find_attached(model, from, source->caps[i]);
        name_t free = (name_t)(place.slot + arrived);
        if (place.index + arrived >= place.slots || slot_in(model, free)->type != KOZO_TYPE_NONE) {
            return arrived;
        }
        if (slot != 0) {
            copy_slot(model, slot, free, IN_CNODE);
            arrived++;
        }
    }
    return arrived;
}

static void carry_fault(const struct model_thread *sender, struct model_registers *in)
{
    const struct model_registers *out = &sender->registers;
    bool call = sender->fault == KOZO_FAULT_SYSCALL;

    in->argument[0] = (uint64_t)sender->fault << 32 | (call ? 7 : 5);
    in->argument[2] = call ? out->operation : sender->fault == KOZO_FAULT_PAGE ? PAGE : 0;
    in->argument[3] = call ? out->handle : sender->instruction;
    for (unsigned i = 0; i < 3 || (call && i < 5); i++) {
        in->argument[4 + i] = call ? out->argument[i] : 0;
    }
}

static void carry(struct model *model, name_t from, name_t to, uint64_t badge)
{
    const struct model_thread *sender = thread_in(model, from);
    struct model_registers *in = &thread_in(model, to)->registers;
    const struct model_buffer *source = buffer_of(model, from);
    struct model_buffer *target = buffer_of(model, to);
    uint64_t info = sender->registers.argument[0];
    uint64_t length = info & 0xff;
    uint64_t caps = info >> 8 & 0xff;

    in->handle = badge;
    if (sender->faulted) {
        carry_fault(sender, in);
        return;
    }
    if (length > KOZO_REGISTER_WORDS && (source == nullptr || target == nullptr)) {
        length = KOZO_REGISTER_WORDS;
    }
    for (unsigned i = 0; i < length; i++) {
        if (i < KOZO_REGISTER_WORDS) {
            in->argument[2 + i] = sender->registers.argument[2 + i];
        } else {
            target->words[i - KOZO_REGISTER_WORDS] = source->words[i - KOZO_REGISTER_WORDS];
        }
    }
    uint64_t arrived = carry_capabilities(model, from, to, caps);
    in->argument[0] = info >> 32 << 32 | arrived << 16 | caps << 8 | length;
}

static name_t first_waiting(struct model *model, name_t endpoint, unsigned state)
{
    name_t first = object_in(model, endpoint)->meeting.queue.thread[0];

    return first != 0 && thread_in(model, first)->state == state ? first : 0;
}

void wait_on(struct model *model, name_t object, name_t thread, unsigned state)
{
    thread_in(model, thread)->state = (uint8_t)state;
    thread_in(model, thread)->waiting_on = object;
    queue_join(&object_in(model, object)->meeting.queue, thread);
    if (state == SENDING) {
        begin_wait(model, thread, object_in(model, object)->meeting.bound);
    }
}

// A call goes over. NO_REPLY when the receiver offered no Reply.
static enum kozo_error meet_call(struct model *model, name_t caller, name_t receiver,
                                 uint64_t badge)
{
    name_t reply = thread_in(model, receiver)->reply;

    carry(model, caller, receiver, badge);
    thread_in(model, caller)->state = CALLING;
    thread_in(model, receiver)->registers.operation = KOZO_OK;
    thread_in(model, receiver)->state = READY;
    if (reply == 0) {
        join_ready(model, receiver);
        wake(model, caller, KOZO_NO_REPLY);
        return KOZO_NO_REPLY;
    }
    thread_in(model, receiver)->reply = 0;
    thread_in(model, caller)->reply = reply;
    object_in(model, reply)->reply.thread = caller;
    lend(model, caller, receiver);
    begin_wait(model, caller, receiver);
    return KOZO_OK;
}

static void meet_send(struct model *model, name_t sender, name_t receiver, uint64_t badge)
{
    carry(model, sender, receiver, badge);
    forget_reply(model, receiver);
    wake(model, receiver, KOZO_OK);
}

static void run_instead(struct model *model, name_t thread)
{
    leave_ready(model, thread);
    model->current = thread;
}

enum kozo_error call_endpoint(struct model *model, name_t caller, name_t endpoint, uint64_t badge)
{
    name_t receiver = first_waiting(model, endpoint, RECEIVING);

    if (receiver == 0) {
        enum kozo_error refused = check_wait(model, caller, endpoint);
        if (refused != KOZO_OK) {
            return refused;
        }
        thread_in(model, caller)->badge = badge;
        thread_in(model, caller)->calls = true;
        wait_on(model, endpoint, caller, SENDING);
        return KOZO_OK;
    }
    stop_waiting(model, receiver);
    enum kozo_error error = meet_call(model, caller, receiver, badge);
    if (error == KOZO_OK && model->current == caller) {
        run_instead(model, receiver);
    } else {
        // A thread that is interrupted calls while another one runs.
        join_ready(model, receiver);
    }
    return error;
}

enum kozo_error do_call(struct making *call)
{
    enum kozo_error error = check_message(call, slot_in(call->model, call->slot)->rights);
    if (error != KOZO_OK) {
        return error;
    }
    return call_endpoint(call->model, call->caller, call->object,
                         slot_in(call->model, call->slot)->value);
}

static enum kozo_error send(struct making *call, bool may_wait)
{
    struct model *model = call->model;
    uint64_t badge = slot_in(model, call->slot)->value;
    name_t receiver = first_waiting(model, call->object, RECEIVING);

    enum kozo_error error = check_message(call, slot_in(model, call->slot)->rights);
    if (error != KOZO_OK) {
        return error;
    }
    if (receiver != 0) {
        stop_waiting(model, receiver);
        meet_send(model, call->caller, receiver, badge);
        return KOZO_OK;
    }
    if (!may_wait) {
        return KOZO_WOULD_BLOCK;
    }
    error = check_wait(model, call->caller, call->object);
    if (error != KOZO_OK) {
        return error;
    }
    thread_in(model, call->caller)->badge = badge;
    wait_on(model, call->object, call->caller, SENDING);
    return KOZO_OK;
}

enum kozo_error do_send(struct making *call)
{
    return send(call, true);
}

enum kozo_error do_try_send(struct making *call)
{
    return send(call, false);
}

void give_signals(struct model *model, name_t receiver, uint64_t signals)
{
    thread_in(model, receiver)->registers.handle = signals;
    thread_in(model, receiver)->registers.argument[0] = 0;
}

static void offer(struct model *model, name_t reply, name_t receiver)
{
    if (reply != 0) {
        object_in(model, reply)->reply.thread = receiver;
        thread_in(model, receiver)->reply = reply;
    }
}

// Takes a signal or a message that is there already.
static bool receive_now(struct model *model, name_t receiver, name_t endpoint, name_t reply)
{
    name_t bound = thread_in(model, receiver)->notification;
    name_t sender = first_waiting(model, endpoint, SENDING);

    if (bound != 0 && object_in(model, bound)->meeting.signals != 0) {
        give_signals(model, receiver, object_in(model, bound)->meeting.signals);
        object_in(model, bound)->meeting.signals = 0;
        send_time_home(model, receiver);
        return true;
    }
    if (sender == 0) {
        return false;
    }
    bool calls = thread_in(model, sender)->calls;
    uint64_t badge = thread_in(model, sender)->badge;
    send_time_home(model, receiver);
    offer(model, reply, receiver);
    stop_waiting(model, sender);
    if (calls) {
        (void)meet_call(model, sender, receiver, badge);
    } else {
        meet_send(model, sender, receiver, badge);
        wake(model, sender, KOZO_OK);
    }
    return true;
}

static void receive(struct making *call, name_t reply)
{
    struct model *model = call->model;

    if (!receive_now(model, call->caller, call->object, reply)) {
        send_time_home(model, call->caller);
        offer(model, reply, call->caller);
        wait_on(model, call->object, call->caller, RECEIVING);
    }
}

// The Reply that the second argument names; 0 for none.
static enum kozo_error find_reply(const struct making *call, name_t *reply)
{
    name_t slot = find(call, call->argument[1]);

    name_t bound = object_in(call->model, call->object)->meeting.bound;

    *reply = 0;
    if (bound != 0 && bound != call->caller) {
        return KOZO_BAD_STATE;
    }
    if (call->argument[1] == 0) {
        return KOZO_OK;
    }
    if (slot == 0 || slot_in(call->model, slot)->type != KOZO_TYPE_REPLY) {
        return KOZO_BAD_HANDLE;
    }
    *reply = slot_in(call->model, slot)->object;
    return KOZO_OK;
}

static enum kozo_error find_free_reply(const struct making *call, name_t *reply)
{
    enum kozo_error error = find_reply(call, reply);

    if (error == KOZO_OK && *reply != 0 && object_in(call->model, *reply)->reply.thread != 0) {
        error = KOZO_BAD_STATE;
    }
    return error;
}

enum kozo_error do_recv(struct making *call)
{
    name_t reply;
    enum kozo_error error = find_free_reply(call, &reply);

    if (error == KOZO_OK) {
        receive(call, reply);
    }
    return error;
}

enum kozo_error do_try_recv(struct making *call)
{
    name_t reply;
    enum kozo_error error = find_free_reply(call, &reply);

    if (error != KOZO_OK || receive_now(call->model, call->caller, call->object, reply)) {
        return error;
    }
    if (slot_in(call->model, call->caller + PART_CONTEXT)->type != KOZO_TYPE_NONE) {
        send_time_home(call->model, call->caller);
    }
    return KOZO_WOULD_BLOCK;
}

static name_t caller_of(struct model *model, name_t reply)
{
    name_t thread = object_in(model, reply)->reply.thread;

    return thread != 0 && thread_in(model, thread)->state == CALLING ? thread : 0;
}

static void answer(struct model *model, name_t server, name_t caller)
{
    const uint64_t *argument = thread_in(model, server)->registers.argument;
    bool result = argument[0] == (UINT64_C(2) << 32 | 1);
    bool resume = result || argument[0] >> 32 == 0;

    end_wait(model, caller);
    forget_reply(model, caller);
    if (!thread_in(model, caller)->faulted) {
        carry(model, server, caller, 0);
        wake(model, caller, KOZO_OK);
    } else if (resume) {
        if (result) {
            thread_in(model, caller)->registers.operation = argument[2];
        }
        wake(model, caller, KOZO_OK);
        continue_foreign(model, caller);
    } else {
        give_up(model, caller);
    }
}

enum kozo_error do_reply_recv(struct making *call)
{
    struct model *model = call->model;
    name_t reply;

    enum kozo_error error = find_reply(call, &reply);
    if (error != KOZO_OK) {
        return error;
    }
    if (reply == 0) {
        return KOZO_BAD_HANDLE;
    }
    name_t caller = caller_of(model, reply);
    if (caller == 0 && object_in(model, reply)->reply.thread != 0) {
        return KOZO_BAD_STATE;
    }
    error = check_message(call, KOZO_RIGHT_GRANT);
    if (error != KOZO_OK) {
        return error;
    }

    if (caller != 0) {
        answer(model, call->caller, caller);
    }
    receive(call, reply);
    if (caller != 0 && thread_in(model, call->caller)->state == RECEIVING &&
        queue_has(ready_list(model, caller), caller)) {
        run_instead(model, caller);
    }
    return KOZO_OK;
}

enum kozo_error do_reply(struct making *call)
{
    name_t caller = caller_of(call->model, call->object);

    if (caller == 0) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = check_message(call, KOZO_RIGHT_GRANT);
    if (error != KOZO_OK) {
        return error;
    }

    answer(call->model, call->caller, caller);
    return KOZO_OK;
}

enum kozo_error do_verify(struct making *call)
{
    struct model *model = call->model;
    name_t place = find(call, call->argument[0]);
    if (place == 0) {
        return KOZO_BAD_HANDLE;
    }

    const struct model_slot *slot = slot_in(model, place);
    bool same = slot->type == KOZO_TYPE_ENDPOINT && slot->object == call->object;
    uint64_t deadline = 0;
    uint64_t uses = NO_LIMIT;
    for (name_t at = slot->lease; at != 0; at = object_in(model, at)->lease.outer) {
        const struct model_object *lease = object_in(model, at);
        uses = lease->lease.uses < uses ? lease->lease.uses : uses;
        if (lease->lease.deadline != NO_LIMIT && deadline == 0) {
            deadline = lease->lease.deadline;
        }
    }
    call->argument[0] = same;
    call->argument[1] = same ? slot->value : 0;
    call->argument[2] = same ? slot->rights : 0;
    call->argument[3] = same ? deadline : 0;
    call->argument[4] = same ? uses : 0;
    return KOZO_OK;
}
