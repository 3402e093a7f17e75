// SPDX-License-Identifier: MIT
// The client's end of a session.
#include <kozo/session.h>

#include <kozo/stream.h>

void kozo_session_start(struct kozo_session *session, struct kozo_session_page *page,
                        struct kozo_endpoint service, struct kozo_notification arrival)
{
    *session = (struct kozo_session){
        .page = page,
        .service = service,
        .arrival = arrival,
        .request_head = page->requests.head,
        .completion_tail = __atomic_load_n(&page->completions.head, __ATOMIC_ACQUIRE),
        .up_head = page->up.head,
        .down_tail = __atomic_load_n(&page->down.head, __ATOMIC_ACQUIRE),
    };
    // What an earlier client left unread is not for this one.
    kozo_index_set(&page->completions.tail, session->completion_tail);
    kozo_index_set(&page->down.tail, session->down_tail);
}

// A service that is gone can't be told, and needn't be.
static void tell(const struct kozo_session *session)
{
    (void)kozo_notification_signal(session->arrival);
}

uint64_t kozo_session_begin(struct kozo_session *session, const struct kozo_message *message)
{
    struct kozo_session_page *page = session->page;
    uint64_t life = __atomic_load_n(&page->life, __ATOMIC_ACQUIRE) & INT32_MAX;
    if (message->info.length > KOZO_RING_WORDS || life == 0 ||
        kozo_index_room(&page->requests.tail, session->request_head, KOZO_SESSION_ENTRIES) == 0) {
        return 0;
    }
    struct kozo_entry *entry = &page->request[session->request_head % KOZO_SESSION_ENTRIES];
    *entry = (struct kozo_entry){
        .number = life << 32 | ++session->begun,
        .label = message->info.label,
        .length = message->info.length,
    };
    for (size_t i = 0; i < message->info.length; i++) {
        entry->word[i] = message->word[i];
    }
    uint64_t number = life << 32 | session->begun;
    kozo_index_set(&page->requests.head, ++session->request_head);
    tell(session);
    return number;
}

bool kozo_session_next(struct kozo_session *session, struct kozo_entry *entry)
{
    struct kozo_session_page *page = session->page;
    if (kozo_index_count(&page->completions.head, session->completion_tail, KOZO_SESSION_ENTRIES) ==
        0) {
        return false;
    }
    *entry = page->completion[session->completion_tail % KOZO_SESSION_ENTRIES];
    kozo_index_set(&page->completions.tail, ++session->completion_tail);
    // The service may have left requests in the ring for want of room for their completions.
    if (__atomic_load_n(&page->requests.tail, __ATOMIC_ACQUIRE) != session->request_head) {
        tell(session);
    }
    return true;
}

bool kozo_session_lost(const struct kozo_session *session, uint64_t number)
{
    uint32_t life = __atomic_load_n(&session->page->life, __ATOMIC_ACQUIRE);
    return number >> 32 != (life & INT32_MAX);
}

size_t kozo_session_write(struct kozo_session *session, const char *bytes, size_t length)
{
    size_t count = kozo_stream_put(&session->page->up, &session->up_head, session->page->up_byte,
                                   KOZO_SESSION_UP, bytes, length);
    if (count > 0) {
        tell(session);
    }
    return count;
}

size_t kozo_session_read(struct kozo_session *session, char *bytes, size_t size)
{
    size_t count = kozo_stream_take(&session->page->down, &session->down_tail,
                                    session->page->down_byte, KOZO_SESSION_DOWN, bytes, size);
    if (count > 0) {
        tell(session);
    }
    return count;
}

bool kozo_session_is_taken(const struct kozo_session *session)
{
    return __atomic_load_n(&session->page->up.tail, __ATOMIC_ACQUIRE) == session->up_head;
}
