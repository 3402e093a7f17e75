// SPDX-License-Identifier: MIT
// The service `share`: the volume of the host's files, over the channel `kozo.files`.
//
//   ABSENT ── find ──▶ FINDING ──▶ OPEN: bytes in and out
//      ▲                 │           │ the driver of the channel began a new life, the host
//      └─────────────────┴───────────┘ closed its end, or breaks the rules
//
// Of the memory that is shared with the driver, the first part is for what comes: two pieces, of which
// one is read while the other is taken apart. The rest is a ring of messages that go: those that were
// made in one turn go together.
//
// It is given: a session with `channels`, with memory.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

#include "request.h"
#include "server.h"
#include "share.h"

constexpr size_t PIECE = 0x10000; // of what comes
constexpr size_t READS = 2;
constexpr size_t OUT_AT = READS * PIECE;
constexpr size_t WRITES = 10;       // under way at a time
constexpr unsigned FAULTS_MOST = 8; // of the host in a row, before this gives up
static const char CHANNEL[] = "kozo.files";

enum channel_state : uint8_t {
    ABSENT,
    FINDING,
    OPEN,
};

// A part of the ring of messages that is on its way.
struct outgoing {
    uint64_t number; // of the request; 0: free
    size_t end;      // where the part ends
};

static struct {
    struct server server;
    struct kozo_session channels;
    enum channel_state channel;
    uint64_t number; // of the channel
    uint64_t finding;
    uint64_t read[READS]; // requests, in turn
    size_t next_read;     // the one whose bytes come first
    unsigned faults;
    size_t out_size;  // of the ring
    size_t out_head;  // where the next message goes
    size_t out_given; // up to here it is on its way
    size_t out_tail;  // from here on it is in use
    size_t writes;    // under way, the first of them at first_write
    size_t first_write;
    struct outgoing write[WRITES];
} volume;

// --- What goes ----------------------------------------------------------------------------------

// Gives the driver what was put since.
static void push(void)
{
    size_t length = volume.out_head - volume.out_given;
    if (length == 0 || volume.channel != OPEN || volume.writes == WRITES) {
        return;
    }
    uint64_t number = kozo_channel_write_begin(&volume.channels, volume.number,
                                               OUT_AT + volume.out_given, length);
    if (number == 0) {
        return; // the ring of requests is full
    }
    size_t place = (volume.first_write + volume.writes++) % WRITES;
    volume.write[place] = (struct outgoing){.number = number, .end = volume.out_head};
    volume.out_given = volume.out_head;
}

// The ring has its free part behind the head, or before the tail once the head has gone round.
static uint8_t *room(size_t size)
{
    bool round = volume.out_head < volume.out_tail;
    size_t end = round ? volume.out_tail - 1 : volume.out_size;
    if (size > end - volume.out_head) {
        push();
        bool can_turn = !round && volume.out_given == volume.out_head && size < volume.out_tail;
        if (!can_turn) {
            return nullptr;
        }
        volume.out_head = 0;
        volume.out_given = 0;
    }
    return volume.channels.data + OUT_AT + volume.out_head;
}

static void put(size_t size)
{
    volume.out_head += size;
}

static void complete(size_t place, uint64_t number, const struct kozo_message *answer)
{
    server_complete(&volume.server, place, number, answer);
}

static uint8_t *data(size_t place, uint64_t at, uint64_t length)
{
    return server_data(&volume.server, place, at, length);
}

// --- The channel --------------------------------------------------------------------------------

static void forget_channel(void)
{
    volume.channel = ABSENT;
    volume.finding = 0;
    memset(volume.read, 0, sizeof volume.read);
    memset(volume.write, 0, sizeof volume.write);
    volume.writes = 0;
    volume.out_head = 0;
    volume.out_given = 0;
    volume.out_tail = 0;
    share_lose();
}

static void find(void)
{
    volume.finding = kozo_channel_find_begin(&volume.channels, CHANNEL, sizeof CHANNEL - 1);
    volume.channel = volume.finding != 0 ? FINDING : ABSENT;
}

// The host does what it must not. Opening the channel anew makes it begin anew.
static void meet_anew(const char *why)
{
    kozo_print(why);
    kozo_print("\n");
    if (++volume.faults > FAULTS_MOST) {
        kozo_exit(1);
    }
    (void)kozo_channel_close(volume.channels.service, volume.number);
    forget_channel();
}

static void read_piece(size_t which)
{
    volume.read[which] =
        kozo_channel_read_begin(&volume.channels, volume.number, which * PIECE, PIECE);
}

static void found(const struct kozo_entry *entry)
{
    struct kozo_channel_find_result result = kozo_channel_find_end(entry);
    volume.finding = 0;
    if (result.error == KOZO_BAD_HANDLE) {
        kozo_exit(0); // the host has no files for this machine
    }
    if (result.error != KOZO_OK) {
        volume.channel = ABSENT;
        return;
    }
    volume.channel = OPEN;
    volume.number = result.channel;
    volume.next_read = 0;
    for (size_t i = 0; i < READS; i++) {
        read_piece(i);
    }
}

// Reads complete in their order. False: the conversation is over.
static bool came(size_t which, const struct kozo_entry *entry)
{
    struct kozo_channel_read_result result = kozo_channel_read_end(entry);
    if (result.error != KOZO_OK || result.done == 0 || result.done > PIECE ||
        which != volume.next_read) {
        meet_anew("the host has closed its files");
        return false;
    }
    volume.next_read = (which + 1) % READS;
    if (!share_take(volume.channels.data + which * PIECE, result.done)) {
        meet_anew("the host's files do not keep to the rules");
        return false;
    }
    volume.faults = share_is_ready() ? 0 : volume.faults;
    read_piece(which);
    return true;
}

// Writes complete in their order, too.
static void went(const struct kozo_entry *entry)
{
    struct outgoing *first = &volume.write[volume.first_write];
    if (volume.writes == 0 || first->number != entry->number) {
        return; // of a conversation before
    }
    volume.out_tail = first->end;
    *first = (struct outgoing){};
    volume.first_write = (volume.first_write + 1) % WRITES;
    volume.writes--;
    if (volume.writes == 0 && volume.out_given == volume.out_head) {
        volume.out_head = 0;
        volume.out_given = 0;
        volume.out_tail = 0;
    }
}

static void hear(void)
{
    struct kozo_entry entry;
    while (kozo_session_next(&volume.channels, &entry)) {
        bool is_read = false;
        for (size_t i = 0; i < READS && !is_read; i++) {
            is_read = entry.number == volume.read[i] && entry.number != 0;
            if (is_read && !came(i, &entry)) {
                break;
            }
        }
        if (!is_read && entry.number == volume.finding && entry.number != 0) {
            found(&entry);
        } else if (!is_read) {
            went(&entry);
        }
    }
}

// Whether what is under way was begun in a life of the driver that is over.
static bool is_lost(void)
{
    uint64_t number = volume.channel == OPEN      ? volume.read[volume.next_read]
                      : volume.channel == FINDING ? volume.finding
                                                  : 0;
    return number != 0 && kozo_session_lost(&volume.channels, number);
}

// --- The service --------------------------------------------------------------------------------

static void work(void)
{
    hear();
    if (is_lost()) {
        forget_channel();
    }
    if (volume.channel == ABSENT) {
        find();
    }
    share_work();
    push();
}

static bool left(size_t place)
{
    request_left(place);
    return true;
}

// Requests out of the ring come after the work of a turn; their messages go at once.
static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    struct kozo_message answer = request_serve(caller, message);
    push();
    return answer;
}

int main(int argument_count, char **arguments)
{
    static const struct share_link link = {
        .room = room, .put = put, .complete = complete, .data = data};
    static const struct server_handlers handlers = {
        .serve = serve, .cancel = request_cancel, .left = left, .work = work};
    (void)argument_count;
    (void)arguments;
    if (!kozo_session_open(&volume.channels, "channels") ||
        volume.channels.data_size < OUT_AT + 2 * SHARE_MESSAGE) {
        kozo_print("it was given no channels\n");
        return 1;
    }
    volume.out_size = volume.channels.data_size - OUT_AT;
    share_start(&link);
    return server_run(&volume.server, &handlers);
}
