// SPDX-License-Identifier: MIT
#include "client.h"

#include <string.h>

#include "request.h"

constexpr size_t REQUESTS = 4096;

uint8_t client_memory[CLIENT_MEMORY];
uint8_t client_sent[CLIENT_STREAM];
size_t client_sent_length;
size_t client_room;
size_t client_strays;
static struct client_result result[REQUESTS];
static uint64_t called;

// Texts of long messages would go through it; there are none.
struct kozo_ipc_buffer *kozo_ipc_buffer(void)
{
    static struct kozo_ipc_buffer buffer;
    return &buffer;
}

static uint8_t *room(size_t size)
{
    bool fits = size <= client_room && size <= CLIENT_STREAM - client_sent_length;
    return fits ? client_sent + client_sent_length : nullptr;
}

static void put(size_t size)
{
    client_sent_length += size;
    client_room -= size;
}

static void note(uint64_t number, const struct kozo_message *answer)
{
    struct client_result *at = &result[number % REQUESTS];
    if (at->label != KOZO_PENDING) {
        client_strays++;
    }
    at->label = answer->info.label;
    memcpy(at->word, answer->word, sizeof at->word);
}

static void complete(size_t place, uint64_t number, const struct kozo_message *answer)
{
    (void)place;
    note(number, answer);
}

static uint8_t *data(size_t place, uint64_t at, uint64_t length)
{
    (void)place;
    return at <= CLIENT_MEMORY && length <= CLIENT_MEMORY - at ? client_memory + at : nullptr;
}

void client_start(void)
{
    static const struct share_link link = {
        .room = room, .put = put, .complete = complete, .data = data};
    client_sent_length = 0;
    client_room = CLIENT_STREAM;
    client_strays = 0;
    share_start(&link);
    share_lose();
}

uint64_t client_call(size_t place, uint32_t label, size_t words, const uint64_t *word)
{
    uint64_t number = ++called;
    struct kozo_caller caller = {.session = place, .number = number};
    struct kozo_message message = {.info = {.label = label, .length = (uint8_t)words}};
    for (size_t i = 0; i < words; i++) {
        message.word[i] = word[i];
    }
    result[number % REQUESTS] = (struct client_result){.label = KOZO_PENDING};
    struct kozo_message answer = request_serve(&caller, &message);
    if (answer.info.label != KOZO_PENDING) {
        note(number, &answer);
    }
    return number;
}

struct client_result client_result(uint64_t number)
{
    return result[number % REQUESTS];
}
