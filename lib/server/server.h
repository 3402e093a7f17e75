// SPDX-License-Identifier: MIT
// The loop of a service: requests by call or through the rings of sessions, signals, signs of life,
// clients that come and go. A service fills in a table of handlers and runs.
//
// One thread and one receive for everything. A handler answers at once, or gives kozo_later() and
// completes the request by its number when it can; it keeps no pointer over that, only the place of
// the session and the number. A handler never waits for anything slower than memory.
#pragma once

#include <kozo/board.h>

struct server;

// What a service does. Every function may be null but `serve`.
struct server_handlers {
    // Finds and calls the handler of a request: the generated dispatch function.
    struct kozo_message (*serve)(struct kozo_caller *caller, const struct kozo_message *message);
    // A fault of a client, whose faults this service answers: the kernel's message. The answer's
    // label is a KozoFaultAnswer. It comes at once.
    struct kozo_message (*faulted)(struct kozo_caller *caller, const struct kozo_message *message);
    // The number of a session that was delegated to a client of this service (kozo/delegation.h), by the badge of its
    // capability: from KOZO_BOARD_SESSIONS on. 0 when there is none, or none any more. The handlers below are called with this
    // number; memory and completions are those of the client's own session.
    size_t (*delegated)(uint64_t badge);
    // Drops a request that was to be answered later; false when there is no such.
    bool (*cancel)(size_t place, uint64_t number);
    // A client came into a place.
    void (*came)(size_t place);
    // A client has gone from its place, and what was pending for it is void. What it wrote before can
    // still be read. False while there is something left to do; then this is called again.
    bool (*left)(size_t place);
    // Signals of its own interrupts and of services that it uses, as in kozo/board.h.
    void (*signalled)(uint64_t bits);
    // init looked whether this service lives: twice a second or so.
    void (*looked)(void);
    // Memory has run short: what this service can do without is to be given back.
    void (*pressed)(void);
    // After anything happened: streams may have bytes, or room for some.
    void (*work)(void);
};

// A session as the service keeps it.
struct server_session {
    uint64_t badge; // 0: nobody is in this place
    struct kozo_session_page *page;
    uint32_t pending; // requests to be answered later, called ones included
    uint32_t request_tail;
    uint32_t completion_head;
    uint32_t up_tail;
    uint32_t down_head;
};

struct server {
    const struct server_handlers *handlers;
    struct kozo_endpoint service;
    struct kozo_reply reply;
    struct kozo_notification manager; // init's
    struct kozo_board *board;
    size_t places;
    uint32_t life;
    uint64_t pressed; // how often memory has run short, as far as it was heard
    bool leaving;     // clients have gone whose places are not clear yet
    uint64_t held;    // signals that came while a handler waited
    uint64_t called;  // requests that were called and are answered later, so far
    struct server_session session[KOZO_BOARD_SESSIONS];
};

// Starts to serve the name under which this program was started. Gives its exit status, when it
// can't go on.
int server_run(struct server *server, const struct server_handlers *handlers);

// For a service with one client: waits within a handler until it is signalled with any of these bits.
// Other signals wait for the loop; signs of life are given.
void server_wait(struct server *server, uint64_t bits);

// Whether a session is there, by its badge. It may have begun just now.
[[nodiscard]] bool server_knows(struct server *server, uint64_t badge);

// Completes a request. One whose client is gone is dropped.
void server_complete(struct server *server, size_t place, uint64_t number,
                     const struct kozo_message *answer);

// Takes bytes out of the stream up of a session; gives how many.
[[nodiscard]] size_t server_read(struct server *server, size_t place, char *bytes, size_t most);

// Looks at what is in the stream up without taking it; gives how many bytes are there.
[[nodiscard]] size_t server_peek(const struct server *server, size_t place, char *bytes,
                                 size_t most);

// Puts bytes into the stream down of a session; gives how many went in.
[[nodiscard]] size_t server_write(struct server *server, size_t place, const char *bytes,
                                  size_t length);

// Bytes that the stream down takes now.
[[nodiscard]] size_t server_room(const struct server *server, size_t place);

// A part of the memory that a session shares for bulk data: `length` bytes from `offset` on. Null
// when they are not all inside. The client may change them at any time: what is checked is copied.
[[nodiscard]] uint8_t *server_data(const struct server *server, size_t place, uint64_t offset,
                                   uint64_t length);

// Tells the client of a session that something changed in its page.
void server_tell(const struct server *server, size_t place);
