// SPDX-License-Identifier: MIT
#include "server.h"

#include <kozo/print.h>
#include <kozo/start.h>
#include <kozo/stream.h>
#include <string.h>

void server_tell(const struct server *server, size_t place)
{
    (void)server;
    // A client that is gone needs no telling.
    (void)kozo_notification_signal((struct kozo_notification){KOZO_PROCESS_SESSION_SLOT + place});
}

// --- Sessions -----------------------------------------------------------------------------------

// Takes up a session where its page stands, so that what the last life of the service left in the
// streams goes on.
static void adopt(struct server *server, size_t place, uint64_t badge)
{
    struct kozo_session_page *page = kozo_board_session(server->board, place);
    server->session[place] = (struct server_session){
        .badge = badge,
        .page = page,
        .request_tail = page->requests.tail,
        .completion_head = page->completions.head,
        .up_tail = page->up.tail,
        .down_head = page->down.head,
    };
    server->life = page->life;
    if (server->handlers->came != nullptr) {
        server->handlers->came(place);
    }
}

// Forgets a session; false when it can't be forgotten yet.
static bool drop(struct server *server, size_t place)
{
    server->session[place].pending = 0;
    if (server->handlers->left != nullptr && !server->handlers->left(place)) {
        server->leaving = true;
        return false;
    }
    server->session[place] = (struct server_session){};
    return true;
}

// Compares what is known with what the board says.
static void look_at_board(struct server *server)
{
    struct kozo_board *board = server->board;
    bool changed = false;
    server->leaving = false;
    for (size_t place = 0; place < server->places; place++) {
        uint64_t badge = __atomic_load_n(&board->badge[place], __ATOMIC_ACQUIRE);
        struct server_session *session = &server->session[place];
        if (session->badge == badge) {
            continue;
        }
        if (session->badge != 0 && !drop(server, place)) {
            continue;
        }
        if (badge != 0) {
            adopt(server, place, badge);
        }
        __atomic_store_n(&board->seen[place], badge, __ATOMIC_RELEASE);
        changed = true;
    }
    if (changed) {
        // init may wait for a place to be cleared.
        (void)kozo_notification_signal(server->manager);
    }
    __atomic_store_n(&board->beat, board->asked, __ATOMIC_RELEASE);
}

static struct server_session *session_at(struct server *server, size_t place)
{
    bool live = place < server->places && server->session[place].badge != 0;
    return live ? &server->session[place] : nullptr;
}

size_t server_read(struct server *server, size_t place, char *bytes, size_t most)
{
    struct server_session *session = session_at(server, place);
    if (session == nullptr) {
        return 0;
    }
    size_t count = kozo_stream_take(&session->page->up, &session->up_tail, session->page->up_byte,
                                    KOZO_SESSION_UP, bytes, most);
    if (count > 0) {
        server_tell(server, place);
    }
    return count;
}

size_t server_peek(const struct server *server, size_t place, char *bytes, size_t most)
{
    const struct server_session *session = &server->session[place];
    if (place >= server->places || session->badge == 0) {
        return 0;
    }
    uint32_t there = kozo_index_count(&session->page->up.head, session->up_tail, KOZO_SESSION_UP);
    size_t count = most < there ? most : there;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (char)session->page->up_byte[(session->up_tail + i) % KOZO_SESSION_UP];
    }
    return count;
}

size_t server_write(struct server *server, size_t place, const char *bytes, size_t length)
{
    struct server_session *session = session_at(server, place);
    if (session == nullptr) {
        return 0;
    }
    size_t count = kozo_stream_put(&session->page->down, &session->down_head,
                                   session->page->down_byte, KOZO_SESSION_DOWN, bytes, length);
    if (count > 0) {
        server_tell(server, place);
    }
    return count;
}

size_t server_room(const struct server *server, size_t place)
{
    const struct server_session *session = &server->session[place];
    if (place >= server->places || session->badge == 0) {
        return 0;
    }
    return kozo_index_room(&session->page->down.tail, session->down_head, KOZO_SESSION_DOWN);
}

uint8_t *server_data(const struct server *server, size_t place, uint64_t offset, uint64_t length)
{
    if (place >= server->places || server->session[place].badge == 0) {
        return nullptr;
    }
    uint64_t size = server->board->data_size[place];
    if (offset > size || length > size - offset) {
        return nullptr;
    }
    return (uint8_t *)server->board->data[place] + offset;
}

// --- Requests -----------------------------------------------------------------------------------

// Completions that have room beside those that are promised already.
static uint32_t promises_left(const struct server_session *session)
{
    uint32_t room = kozo_index_room(&session->page->completions.tail, session->completion_head,
                                    KOZO_SESSION_ENTRIES);
    return room > session->pending ? room - session->pending : 0;
}

static void put_completion(struct server *server, size_t place, uint64_t number,
                           const struct kozo_message *answer)
{
    struct server_session *session = &server->session[place];
    struct kozo_entry *entry =
        &session->page->completion[session->completion_head % KOZO_SESSION_ENTRIES];
    size_t words = answer->info.length < KOZO_RING_WORDS ? answer->info.length : KOZO_RING_WORDS;
    *entry = (struct kozo_entry){
        .number = number, .label = answer->info.label, .length = (uint32_t)words};
    memcpy(entry->word, answer->word, words * sizeof entry->word[0]);
    kozo_index_set(&session->page->completions.head, ++session->completion_head);
    server_tell(server, place);
}

void server_complete(struct server *server, size_t place, uint64_t number,
                     const struct kozo_message *answer)
{
    struct server_session *session = session_at(server, place);
    if (session == nullptr || session->pending == 0) {
        return;
    }
    session->pending--;
    put_completion(server, place, number, answer);
}

static struct kozo_message cancel(struct server *server, const struct kozo_caller *caller,
                                  const struct kozo_message *message)
{
    uint64_t number = message->word[0];
    if (message->info.length < 1) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (server->handlers->cancel == nullptr || !server->handlers->cancel(caller->session, number)) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    struct kozo_message cancelled = kozo_answer(KOZO_CANCELLED);
    server_complete(server, caller->badge & KOZO_BADGE_PLACE, number, &cancelled);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve(struct server *server, struct kozo_caller *caller,
                                 const struct kozo_message *message)
{
    return message->info.label == KOZO_REQUEST_CANCEL ? cancel(server, caller, message)
                                                      : server->handlers->serve(caller, message);
}

// The session of a badge, which may have begun just now; null when there is none.
static struct server_session *session_of(struct server *server, uint64_t badge)
{
    size_t place = badge & KOZO_BADGE_PLACE;
    struct server_session *session = session_at(server, place);
    if (session == nullptr || session->badge != badge) {
        look_at_board(server);
        session = session_at(server, place);
    }
    return session != nullptr && session->badge == badge ? session : nullptr;
}

bool server_knows(struct server *server, uint64_t badge)
{
    return session_of(server, badge) != nullptr;
}

static struct kozo_message serve_fault(struct server *server, uint64_t badge,
                                       const struct kozo_message *message)
{
    uint64_t client = badge & ~KOZO_BADGE_FAULT;
    struct kozo_caller caller = {
        .server = server, .badge = client, .session = client & KOZO_BADGE_PLACE};
    if (server->handlers->faulted == nullptr || session_of(server, client) == nullptr) {
        return (struct kozo_message){.info.label = KOZO_ANSWER_STOP};
    }
    return server->handlers->faulted(&caller, message);
}

// A request that was called, for a session within that of the place where it completes, or for that itself. Without room
// for its completion it can't be answered later.
static struct kozo_message serve_called(struct server *server, uint64_t badge, size_t number,
                                        const struct kozo_message *message)
{
    struct server_session *session = &server->session[badge & KOZO_BADGE_PLACE];
    bool room = promises_left(session) > 0;
    struct kozo_caller caller = {.server = server,
                                 .badge = badge,
                                 .session = number,
                                 .number = room ? KOZO_CALLED | ++server->called : 0};
    // Counted beforehand: it may complete before the handler returns.
    session->pending += room ? 1 : 0;
    struct kozo_message answer = serve(server, &caller, message);
    if (answer.info.label == KOZO_PENDING && room) {
        answer.info.length = 1;
        answer.word[0] = caller.number;
        return answer;
    }
    session->pending -= room ? 1 : 0;
    return answer.info.label == KOZO_PENDING ? kozo_answer(KOZO_WOULD_BLOCK) : answer;
}

static struct kozo_message serve_call(struct server *server, uint64_t badge,
                                      const struct kozo_message *message)
{
    if ((badge & KOZO_BADGE_DELEGATED) == 0) {
        return session_of(server, badge) != nullptr
                   ? serve_called(server, badge, badge & KOZO_BADGE_PLACE, message)
                   : kozo_answer(KOZO_BAD_STATE);
    }
    // What it was when it was sent may have ended since.
    size_t number = server->handlers->delegated != nullptr ? server->handlers->delegated(badge) : 0;
    return number != 0 ? serve_called(server, badge, number, message) : kozo_answer(KOZO_EXPIRED);
}

// A request out of a ring, copied once.
static void serve_entry(struct server *server, size_t place, const struct kozo_entry *entry)
{
    struct server_session *session = &server->session[place];
    size_t words = entry->length < KOZO_RING_WORDS ? entry->length : KOZO_RING_WORDS;
    struct kozo_message message = {.info = {.label = entry->label, .length = (uint8_t)words}};
    memcpy(message.word, entry->word, words * sizeof entry->word[0]);
    struct kozo_caller caller = {
        .server = server, .badge = session->badge, .session = place, .number = entry->number};
    session->pending++;
    struct kozo_message answer = serve(server, &caller, &message);
    if (answer.info.label != KOZO_PENDING) {
        server_complete(server, place, entry->number, &answer);
    }
}

static void take_requests(struct server *server, size_t place)
{
    struct server_session *session = &server->session[place];
    struct kozo_session_page *page = session->page;
    while (promises_left(session) > 0 &&
           kozo_index_count(&page->requests.head, session->request_tail, KOZO_SESSION_ENTRIES) >
               0) {
        struct kozo_entry entry = page->request[session->request_tail % KOZO_SESSION_ENTRIES];
        kozo_index_set(&page->requests.tail, ++session->request_tail);
        if (entry.number >> 32 == (server->life & INT32_MAX)) {
            serve_entry(server, place, &entry);
        }
    }
}

static void hear_pressure(struct server *server)
{
    uint64_t pressed = __atomic_load_n(&server->board->pressed, __ATOMIC_ACQUIRE);
    bool more = pressed != server->pressed;
    server->pressed = pressed;
    if (more && server->handlers->pressed != nullptr) {
        server->handlers->pressed();
    }
}

static void hear_signals(struct server *server, uint64_t bits)
{
    if ((bits & KOZO_SIGNAL_BOARD) != 0) {
        look_at_board(server);
        hear_pressure(server);
        if (server->handlers->looked != nullptr) {
            server->handlers->looked();
        }
    }
    uint64_t own = bits & ~(KOZO_SIGNAL_BOARD | KOZO_SIGNAL_ARRIVAL);
    if (own != 0 && server->handlers->signalled != nullptr) {
        server->handlers->signalled(own);
    }
}

static void work(struct server *server)
{
    if (server->leaving) {
        look_at_board(server);
    }
    if (server->handlers->work != nullptr) {
        server->handlers->work();
    }
}

// Who puts a request into a ring, or makes room for more completions, signals: a call needs no look.
static void take_all_requests(struct server *server)
{
    for (size_t place = 0; place < server->places; place++) {
        if (server->session[place].badge != 0) {
            take_requests(server, place);
        }
    }
}

void server_wait(struct server *server, uint64_t bits)
{
    struct kozo_notification signal = {kozo_granted("signal")};
    while (true) {
        struct kozo_notification_wait_result waited = kozo_notification_wait(signal);
        if ((waited.bits & KOZO_SIGNAL_BOARD) != 0 && server->board != nullptr) {
            __atomic_store_n(&server->board->beat, server->board->asked, __ATOMIC_RELEASE);
        }
        server->held |= waited.bits & ~bits;
        if (waited.error != KOZO_OK || (waited.bits & bits) != 0) {
            return;
        }
    }
}

// --- The loop -----------------------------------------------------------------------------------

static bool start(struct server *server, const struct server_handlers *handlers)
{
    uint64_t held = server->held;
    *server = (struct server){
        .held = held,
        .handlers = handlers,
        .service = {kozo_granted("service")},
        .reply = {kozo_granted("reply")},
        .manager = {kozo_granted("manager")},
        .board = (struct kozo_board *)kozo_process_info()->board,
    };
    if (server->service.handle == 0 || server->reply.handle == 0 || server->board == nullptr) {
        return false;
    }
    server->pressed = server->board->pressed;
    server->places = server->board->sessions < KOZO_BOARD_SESSIONS ? server->board->sessions
                                                                   : KOZO_BOARD_SESSIONS;
    look_at_board(server);
    const char *name = kozo_process_info()->text; // the first argument is the service's name
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    return kozo_namespace_announce(parent, name, strlen(name)) == KOZO_OK;
}

// What came while a handler waited. A request in a ring may wait in turn.
static void hear_held(struct server *server)
{
    while (server->held != 0) {
        uint64_t bits = server->held;
        server->held = 0;
        hear_signals(server, bits);
        take_all_requests(server);
    }
}

int server_run(struct server *server, const struct server_handlers *handlers)
{
    if (!start(server, handlers)) {
        kozo_print("it was not started as a service\n");
        return 1;
    }
    work(server);
    take_all_requests(server);
    struct kozo_received received = kozo_endpoint_recv(server->service, server->reply);
    while (received.error == KOZO_OK) {
        if (received.badge < KOZO_BADGE_LEAST) {
            hear_signals(server, received.badge);
            work(server);
            take_all_requests(server);
            hear_held(server);
            received = kozo_endpoint_recv(server->service, server->reply);
            continue;
        }
        struct kozo_message answer = (received.badge & KOZO_BADGE_FAULT) != 0
                                         ? serve_fault(server, received.badge, &received.message)
                                         : serve_call(server, received.badge, &received.message);
        hear_held(server);
        work(server);
        received = kozo_endpoint_reply_recv(server->service, server->reply, answer);
    }
    kozo_print("its endpoint is gone\n");
    return 1;
}
