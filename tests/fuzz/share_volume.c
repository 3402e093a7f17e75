// SPDX-License-Identifier: MIT
// The volume of the host's files with a host that says anything: the input is what clients ask, and
// the bytes that the host answers, some of them in the form of answers to what was asked.
#include "tests/client.h"

#include <stdlib.h>

#include "input.h"
#include "request.h"
#include "wire.h"

static void ask(struct input *input)
{
    uint64_t word[6];
    uint32_t label = 1 + input_byte(input) % 18;
    for (size_t i = 0; i < 6; i++) {
        word[i] = input_byte(input);
    }
    // Names and records that may be anything.
    (void)input_take(input, client_memory, 40);
    uint64_t number = client_call(input_byte(input) % 3, label, 6, word);
    if (input_byte(input) % 8 == 0) {
        (void)request_cancel(0, number);
    }
}

// A message with a header that fits, of fields that may be anything.
static bool answer(struct input *input)
{
    uint8_t bytes[256] = {};
    size_t size = NINE_HEADER + input_byte(input) % 200;
    struct wire_writer out = {.bytes = bytes, .size = sizeof bytes};
    (void)input_take(input, bytes, size);
    wire_patch(&out, 0, size, 4);
    // The type and tag of a message that was sent lately, perhaps.
    if (client_sent_length >= NINE_HEADER && input_byte(input) % 2 == 0) {
        bytes[4] = client_sent[4] + 1;
        bytes[5] = client_sent[5];
        bytes[6] = client_sent[6];
        struct wire_reader first = {.at = client_sent, .left = 4};
        size_t length = wire_read(&first, 4);
        client_sent_length -= length;
        memmove(client_sent, client_sent + length, client_sent_length);
    }
    return share_take(bytes, size);
}

static bool act(struct input *input)
{
    uint8_t bytes[64];
    uint8_t what = input_byte(input);
    switch (what % 8) {
    case 0:
        return share_take(bytes, input_take(input, bytes, input_byte(input) % sizeof bytes));
    case 1:
        client_room = (uint64_t)input_byte(input) * 64;
        share_work();
        return true;
    case 2:
        request_left(input_byte(input) % 3);
        return true;
    case 3:
    case 4:
        ask(input);
        return true;
    default:
        return answer(input);
    }
}

// What an honest host says at first.
static bool greet(void)
{
    uint8_t bytes[64];
    struct wire_writer out = {.bytes = bytes, .used = NINE_HEADER, .size = sizeof bytes};
    wire_write(&out, SHARE_MESSAGE, 4);
    wire_write_text(&out, NINE_VERSION_NAME, sizeof NINE_VERSION_NAME - 1);
    wire_patch(&out, 0, out.used, 4);
    wire_patch(&out, 4, NINE_VERSION + 1, 1);
    wire_patch(&out, 5, NINE_NO_TAG, 2);
    size_t root = out.used;
    out.used += NINE_HEADER;
    wire_write(&out, NINE_FOLDER, 1);
    wire_write(&out, 0, 4);
    wire_write(&out, 1, 8);
    wire_patch(&out, root, out.used - root, 4);
    wire_patch(&out, root + 4, NINE_ATTACH + 1, 1);
    wire_patch(&out, root + 5, 32, 2); // the tag behind those of requests
    client_room = CLIENT_STREAM - client_sent_length;
    bool sound = share_take((const uint8_t *)NINE_GREETING, sizeof NINE_GREETING - 1);
    sound = sound && share_take(bytes, out.used) && share_is_ready();
    client_sent_length = 0;
    return sound;
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size};
    client_start();
    bool sound = greet();
    if (!sound) {
        abort();
    }
    while (input.left > 0) {
        sound = sound && act(&input);
        if (!sound) {
            share_lose();
            sound = greet();
        }
    }
    share_lose();
    if (client_strays != 0) {
        abort();
    }
    return 0;
}
