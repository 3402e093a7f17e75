// SPDX-License-Identifier: MIT
// A session: one page that a client and a service share, so that neither ever has to wait in a call
// for the other. init makes it, keeps it over the death of either, and maps it for both.
//
// In it are a ring of requests and one of completions, and a stream of bytes each way: up to the
// service, down to the client. Each index counts on without end and is written by one side only;
// each side keeps its own ones for itself too, and believes the other's just as far as they make
// sense. Whoever put something in signals the other's notification.
//
// A number of a begun request says in which life of the service it was begun. A service that was
// restarted passes over requests of lives before its own; the client learns of the new life and
// counts what was in flight as lost.
#pragma once

#include <kozo/protocol.h>

constexpr uint32_t KOZO_SESSION_ENTRIES = 16;
constexpr uint32_t KOZO_SESSION_UP = 1024;
constexpr uint32_t KOZO_SESSION_DOWN = 512;

// Where a producer and a consumer stand.
struct kozo_index {
    uint32_t head; // written by the producer
    uint32_t tail; // written by the consumer
};

struct kozo_session_page {
    uint32_t life; // of the service, from 1 on; 0 while it is down for good; written by init
    uint32_t spare;
    struct kozo_index requests;
    struct kozo_index completions;
    struct kozo_index up;
    struct kozo_index down;
    uint64_t reserved[3];
    struct kozo_entry request[KOZO_SESSION_ENTRIES];
    struct kozo_entry completion[KOZO_SESSION_ENTRIES];
    uint8_t up_byte[KOZO_SESSION_UP];
    uint8_t down_byte[KOZO_SESSION_DOWN];
};
static_assert(sizeof(struct kozo_session_page) <= KOZO_PAGE_SIZE);

// A client's end.
struct kozo_session {
    struct kozo_session_page *page;
    uint8_t *data;                    // memory shared for bulk data; null when there is none
    size_t data_size;                 // bytes of it
    struct kozo_endpoint service;     // to call it
    struct kozo_notification arrival; // tells the service that something is in the page
    uint32_t begun;                   // requests so far
    uint32_t request_head;
    uint32_t completion_tail;
    uint32_t up_head;
    uint32_t down_tail;
};

// Starts a client's end on a page that may have been in use before.
void kozo_session_start(struct kozo_session *session, struct kozo_session_page *page,
                        struct kozo_endpoint service, struct kozo_notification arrival);

// The session that this program was given under a name; false when there is none.
[[nodiscard]] bool kozo_session_open(struct kozo_session *session, const char *name);

// The next completion; false when there is none.
[[nodiscard]] bool kozo_session_next(struct kozo_session *session, struct kozo_entry *entry);

// Whether the service has begun a new life since this request was begun: if it has not completed by
// now it never will. Completions that are there are to be taken first.
[[nodiscard]] bool kozo_session_lost(const struct kozo_session *session, uint64_t number);

// Puts bytes into the stream up and tells the service. Gives how many went in.
[[nodiscard]] size_t kozo_session_write(struct kozo_session *session, const char *bytes,
                                        size_t length);

// Takes bytes out of the stream down. Gives how many there were.
[[nodiscard]] size_t kozo_session_read(struct kozo_session *session, char *bytes, size_t size);

// Whether the service has taken everything of the stream up.
[[nodiscard]] bool kozo_session_is_taken(const struct kozo_session *session);
