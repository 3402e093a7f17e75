// SPDX-License-Identifier: MIT
// Asks a service anything: `nonsense NAME SEED COUNT LABEL:ARGUMENTS…`, requests as the table of protocols
// has them, each argument u for a number or t for a text. What they say is chosen by chance, from numbers
// that mean something more often than not: limits, and what earlier answers gave. Half of them are called,
// half are begun in the ring; some are cancelled, some are malformed, and now and then the ring's own
// indices are overwritten.
//
// `init` stands for the parent endpoint. Prints how many were answered with OK, and how many were refused.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <kozo/stream.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t KINDS = 27; // of requests; as many as a line of the prompt has words for
constexpr size_t KNOWN = 16;

static struct kozo_session session;
static bool has_ring;
static uint64_t seed;
static uint64_t known[KNOWN]; // what answers gave, and lengths of texts
static uint64_t last;         // number of a request that was begun or is pending
static uint64_t good;
static uint64_t refused;

// G. Marsaglia, "Xorshift RNGs", 2003.
static uint64_t chance(uint64_t most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % most;
}

static uint64_t number(void)
{
    static const uint64_t limits[] = {
        0,      1,      2,      3,         4,         8,          16,
        100,    255,    512,    4095,      4096,      4097,       8192,
        16'383, 16'384, 65'536, INT64_MAX, 1ul << 32, UINT32_MAX, UINT64_MAX,
    };
    switch (chance(4)) {
    case 0:
        return known[chance(KNOWN)];
    case 1:
        return chance(chance(2) == 0 ? 3 : 300);
    case 2:
        return chance(16) == 0 ? seed : chance(20'000);
    default:
        return limits[chance(sizeof limits / sizeof limits[0])];
    }
}

// Something that may be there, or anything.
static size_t put_text(char *text, size_t most)
{
    static const char *const words[] = {
        "ram", "a",      "ram/a",       "initrd/large",    "large",
        "b",   "kozo.x", "share/large", "files.home.read", "large/a"};
    static const char letters[] = "aab/..initrd ramreadme.txt:\0\x7f\xff\n";
    if (chance(2) == 0) {
        const char *word = words[chance(sizeof words / sizeof words[0])];
        size_t length = strlen(word) < most ? strlen(word) : most;
        for (size_t i = 0; i < length; i++) {
            text[i] = word[i];
        }
        known[chance(KNOWN)] = length;
        return length;
    }
    size_t length = chance(8) == 0 ? most : chance(most < 12 ? most : 12);
    for (size_t i = 0; i < length; i++) {
        text[i] = letters[chance(sizeof letters)];
    }
    return length;
}

static struct kozo_message request(const char *kind)
{
    char *arguments = nullptr;
    struct kozo_message message = {.info.label = (uint32_t)strtoul(kind, &arguments, 10)};
    size_t count = 0;
    for (const char *at = *arguments == ':' ? arguments + 1 : ""; *at != 0; at++) {
        char text[64];
        if (*at == 't' &&
            kozo_message_put_text(&message, count, text, put_text(text, sizeof text))) {
            return message;
        }
        message.word[count++ % KOZO_REGISTER_WORDS] = number();
    }
    message.info.length = (uint8_t)count;
    if (chance(16) == 0) {
        message.info.length = (uint8_t)chance(KOZO_REGISTER_WORDS + 1);
    }
    return message;
}

static void learn(uint32_t label, const uint64_t *word, size_t length)
{
    good += label == KOZO_OK ? 1 : 0;
    refused += label != KOZO_OK && label != KOZO_PENDING ? 1 : 0;
    if (label == KOZO_OK && length > 0) {
        known[chance(KNOWN)] = word[0];
    }
    if (label == KOZO_PENDING) {
        last = word[0];
    }
}

static void call(struct kozo_message message)
{
    struct kozo_received received = kozo_endpoint_call(session.service, message);
    learn(received.error != KOZO_OK ? (uint32_t)received.error : received.message.info.label,
          received.message.word, received.message.info.length);
}

static void begin(struct kozo_message message)
{
    struct kozo_entry entry;
    uint64_t begun = kozo_session_begin(&session, &message);
    last = begun != 0 ? begun : last;
    while (kozo_session_next(&session, &entry)) {
        learn(entry.label, entry.word, entry.length);
    }
}

static void spoil_ring(void)
{
    struct kozo_index *index[] = {&session.page->requests, &session.page->completions,
                                  &session.page->up, &session.page->down};
    struct kozo_index *one = index[chance(4)];
    kozo_index_set(chance(2) == 0 ? &one->head : &one->tail, (uint32_t)seed);
}

static void act(char **kinds, size_t count)
{
    struct kozo_message message = request(kinds[chance(count)]);
    if (session.data != nullptr) {
        (void)put_text((char *)session.data + chance(4) * 8, 64);
    }
    switch (has_ring ? chance(10) : 0) {
    case 0:
    case 1:
    case 2:
    case 3:
        call(message);
        return;
    case 4:
        (void)kozo_cancel(session.service, chance(2) == 0 ? last : number());
        return;
    default:
        begin(message);
        return;
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 5 || (size_t)argument_count > 4 + KINDS) {
        return 2;
    }
    seed = strtoul(arguments[2], nullptr, 10) * 0x9e37'79b9'7f4a'7c15 | 1;
    has_ring = strcmp(arguments[1], "init") != 0;
    session.service.handle = KOZO_PROCESS_PARENT;
    if (has_ring && !kozo_session_open(&session, arguments[1])) {
        kozo_print("there is no such service\n");
        return 2;
    }
    uint64_t count = strtoul(arguments[3], nullptr, 10);
    for (size_t i = 0; i < KNOWN; i++) {
        known[i] = 1; // the root, where there is one
    }
    for (uint64_t i = 0; i < count; i++) {
        act(arguments + 4, (size_t)argument_count - 4);
        if (has_ring && i > count / 10 * 9 && chance(100) == 0) {
            spoil_ring();
        }
        if (chance(64) == 0) {
            (void)kozo_kernel_yield();
        }
    }
    kozo_printf("nonsense: %lu done, %lu refused\n", good, refused);
    return 0;
}
