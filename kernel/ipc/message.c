// SPDX-License-Identifier: MIT
#include "ipc/message.h"

#include "cap/lookup.h"
#include "object/cnode.h"
#include "object/thread.h"

static unsigned info_length(uint64_t info)
{
    return (unsigned)(info & 0xff);
}

static unsigned info_caps(uint64_t info)
{
    return (unsigned)(info >> 8 & 0xff);
}

static uint64_t info_make(uint32_t label, unsigned length, unsigned caps, unsigned arrived)
{
    return (uint64_t)label << 32 | (uint64_t)arrived << 16 | (uint64_t)caps << 8 | length;
}

static struct slot *message_capability(struct thread *sender, uint64_t handle)
{
    struct slot *slot = lookup(sender, handle);

    return slot != nullptr && object_types[slot->type].can_copy ? slot : nullptr;
}

enum kozo_error message_check(struct thread *sender, unsigned rights)
{
    uint64_t info = sender->registers.argument[0];
    unsigned caps = info_caps(info);

    if (info_length(info) > KOZO_MESSAGE_WORDS || caps > KOZO_MESSAGE_CAPS) {
        return KOZO_BAD_ARGUMENT;
    }
    if (info_length(info) <= KOZO_REGISTER_WORDS && caps == 0) {
        return KOZO_OK;
    }
    const struct kozo_ipc_buffer *buffer = thread_buffer(sender);
    if (buffer == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    if (caps > 0 && (rights & KOZO_RIGHT_GRANT) == 0) {
        return KOZO_NO_RIGHT;
    }
    for (unsigned i = 0; i < caps; i++) {
        if (message_capability(sender, buffer->caps[i]) == nullptr) {
            return KOZO_BAD_HANDLE;
        }
    }
    return KOZO_OK;
}

// Gives how many words arrive.
static unsigned carry_words(struct thread *sender, struct thread *receiver, unsigned length)
{
    message_carry_words(&sender->registers, &receiver->registers, length);
    if (length <= KOZO_REGISTER_WORDS) {
        return length;
    }
    if (thread_buffer(sender) == nullptr || thread_buffer(receiver) == nullptr) {
        return KOZO_REGISTER_WORDS;
    }
    message_carry_buffer(sender, receiver, length);
    return length;
}

// Gives how many capabilities arrive: they fill the receiver's slots from the first one on.
static unsigned carry_capabilities(struct thread *sender, struct thread *receiver, unsigned caps)
{
    const struct kozo_ipc_buffer *source = thread_buffer(sender);
    const struct kozo_ipc_buffer *target = thread_buffer(receiver);
    if (source == nullptr || target == nullptr) {
        return 0;
    }
    uint64_t count = target->receive_count;
    struct place place = lookup_place(receiver, target->receive_slot);
    if (place.error != KOZO_OK || (place.rights & KOZO_RIGHT_WRITE) == 0) {
        return 0;
    }
    unsigned arrived = 0;
    for (unsigned i = 0; i < caps && arrived < count; i++) {
        struct slot *capability = message_capability(sender, source->caps[i]);
        if (place.index >= cnode_slots(place.cnode) || place_slot(&place)->type != KOZO_TYPE_NONE) {
            break;
        }
        if (capability != nullptr) {
            capability_copy(capability, place_slot(&place), 0);
            place.index++;
            arrived++;
        }
    }
    return arrived;
}

constexpr unsigned FAULT_WORDS = 5;

void message_carry_fault(const struct thread *sender, struct thread *receiver)
{
    const struct fault *fault = &sender->fault;
    uint64_t *to = &receiver->registers.argument[MESSAGE_FIRST_WORD];
    unsigned length = FAULT_WORDS;

    if (fault->kind == KOZO_FAULT_SYSCALL) {
        arch_registers_call(&sender->registers, to);
        length = KOZO_REGISTER_WORDS;
    } else {
        to[0] = fault->address;
        to[1] = arch_registers_instruction(&sender->registers);
        to[2] = fault->access;
        to[3] = fault->exception;
        to[4] = fault->code;
    }
    receiver->registers.argument[0] = info_make(fault->kind, length, 0, 0);
}

void message_carry(struct thread *sender, struct thread *receiver, uint64_t badge)
{
    uint64_t info = sender->registers.argument[0];
    unsigned caps = info_caps(info);

    receiver->registers.handle = badge;
    if (sender->faulted) {
        message_carry_fault(sender, receiver);
        return;
    }
    unsigned length = carry_words(sender, receiver, info_length(info));
    unsigned arrived = caps == 0 ? 0 : carry_capabilities(sender, receiver, caps);
    receiver->registers.argument[0] = info_make((uint32_t)(info >> 32), length, caps, arrived);
}
