// SPDX-License-Identifier: MIT
// One message through an IPC buffer that holds anything, to a receiver whose buffer holds anything:
// info word, words, handles of capabilities, and where the receiver wants them. What arrives is
// compared with what was sent.
#include "kernel_world.h"

static void demand(bool holds, const char *what)
{
    if (!holds) {
        test_failed(__FILE__, __LINE__, what);
    }
}

// The first endpoint and the first reply of the world.
static uint64_t slot_of(enum kozo_object_type type)
{
    uint64_t slot = AT_FREE;

    while (world_slot(slot)->type != type) {
        slot++;
    }
    return slot;
}

static uint64_t most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

// What the receiver has must be what was sent, clipped to what it has room for.
static void compare(const struct thread *receiver, uint64_t info,
                    const struct kozo_ipc_buffer *sent, const uint64_t argument[9])
{
    const struct kozo_ipc_buffer *found = thread_buffer(receiver);
    uint64_t arrived = world_info(receiver);
    uint64_t length = arrived & 0xff;
    uint64_t caps = arrived >> 16 & 0xff;

    demand(world_answer(receiver) == KOZO_OK, "a receiver of a message was not told so");
    demand(arrived >> 32 == info >> 32, "another label arrives than was sent");
    demand((arrived >> 8 & 0xff) == (info >> 8 & 0xff),
           "the number of capabilities is not that of the sender");
    demand(length <= (info & 0xff), "more words arrive than were sent");
    demand(caps <= KOZO_MESSAGE_CAPS && caps <= (info >> 8 & 0xff),
           "more capabilities arrive than were sent");
    for (unsigned i = 0; i < most(length, KOZO_REGISTER_WORDS); i++) {
        demand(world_word(receiver, i) == argument[2 + i], "a word changes on its way");
    }
    for (uint64_t i = KOZO_REGISTER_WORDS; i < length; i++) {
        demand(found->words[i - KOZO_REGISTER_WORDS] == sent->words[i - KOZO_REGISTER_WORDS],
               "a word of the buffer changes on its way");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size};
    uint64_t argument[9] = {};
    struct kozo_ipc_buffer sent;

    kernel_world_begin();
    struct thread *sender = world_current();
    uint64_t endpoint = slot_of(KOZO_TYPE_ENDPOINT);

    // Another thread, with a buffer of its own, waits for a message.
    demand(CALL(KERNEL_YIELD, 0) == KOZO_OK || world_current() != sender, "nobody else runs");
    struct thread *receiver = world_current();
    demand(receiver != sender, "nobody else runs");
    struct kozo_ipc_buffer *buffer = thread_buffer(receiver);
    if (buffer == nullptr) {
        test_failed(__FILE__, __LINE__, "the receiver has no buffer");
        return 0;
    }
    buffer->receive_slot = kernel_world_value(&input, KOZO_TYPE_NONE);
    buffer->receive_count = kernel_world_value(&input, KOZO_TYPE_NONE);
    (void)CALL(ENDPOINT_RECV, endpoint, 0, slot_of(KOZO_TYPE_REPLY));
    demand(world_run(sender), "the sender does not run");

    buffer = thread_buffer(sender);
    kernel_world_fill_buffer(&input);
    argument[0] = input_number(&input, 8);
    for (unsigned i = 2; i < 9; i++) {
        argument[i] = input_number(&input, 1);
    }
    bool call = (input_byte(&input) & 1) != 0;
    (void)input_take(&input, buffer->words, sizeof(buffer->words));
    sent = *buffer;

    unsigned answer =
        world_call(call ? KOZO_OP_ENDPOINT_CALL : KOZO_OP_ENDPOINT_SEND, endpoint, argument);
    if (receiver->state == RECEIVING) {
        demand(answer != KOZO_OK && answer != WAITS, "a message that was sent did not arrive");
        return 0;
    }
    compare(receiver, argument[0], &sent, argument);
    kernel_world_end();
    return 0;
}
