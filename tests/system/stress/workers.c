// SPDX-License-Identifier: MIT
#include "stress.h"

constexpr unsigned WORDS_MOST = KOZO_MESSAGE_WORDS;
constexpr uint64_t FACTOR = UINT64_C(0x9e3779b97f4a7c15);

uint64_t worker_random(struct worker *worker, uint64_t end)
{
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return (worker->random * UINT64_C(0x2545f4914f6cdd1d) >> 16) % end;
}

static void linger(struct worker *worker, uint64_t most)
{
    uint64_t rounds = worker_random(worker, most);

    for (uint64_t i = 0; i < rounds && !stress.stopping; i++) {
        (void)kozo_kernel_yield();
    }
}

// --- Messages -----------------------------------------------------------------------------------

// Word number `number` of the message with this token.
static uint64_t word_of(uint64_t token, unsigned number)
{
    return number == 0 ? token : (token + number) * FACTOR;
}

// A message of `length` words, all of which follow from its token.
static struct kozo_message write(struct worker *worker, uint64_t token, unsigned length,
                                 unsigned caps)
{
    struct kozo_message message = {
        .info = {.length = (uint8_t)length, .caps = (uint8_t)caps, .label = LABEL}};

    for (unsigned i = 0; i < length; i++) {
        if (i < KOZO_REGISTER_WORDS) {
            message.word[i] = word_of(token, i);
        } else {
            worker->buffer->words[i - KOZO_REGISTER_WORDS] = word_of(token, i);
        }
    }
    for (unsigned i = 0; i < caps; i++) {
        worker->buffer->caps[i] = stress.gift.handle;
    }
    return message;
}

// Whether the words that came follow from the first one.
static bool read(const struct worker *worker, const struct kozo_message *message)
{
    uint64_t token = message->word[0];

    for (unsigned i = 0; i < message->info.length; i++) {
        uint64_t word = i < KOZO_REGISTER_WORDS ? message->word[i]
                                                : worker->buffer->words[i - KOZO_REGISTER_WORDS];
        if (word != word_of(token, i)) {
            return false;
        }
    }
    return message->info.label == LABEL && message->info.length > 0;
}

static void expect_capabilities(struct worker *worker)
{
    worker->buffer->receive_slot = worker->slots;
    worker->buffer->receive_count = KOZO_MESSAGE_CAPS;
}

// Looks at what arrived, and throws it away.
static void drop_capabilities(struct worker *worker, const struct kozo_message *message)
{
    uint64_t step = UINT64_C(1) << kozo_process_info()->cnode_bits;

    demand(message->info.arrived == message->info.caps, "a capability did not arrive");
    for (unsigned i = 0; i < message->info.arrived; i++) {
        struct kozo_slot slot = {worker->slots + i * step};
        demand(kozo_cnode_inspect(slot).type == KOZO_TYPE_NOTIFICATION,
               "what arrived is not the capability that was sent");
        demand(kozo_cnode_delete(slot) == KOZO_OK, "what arrived can't be deleted");
        worker->capabilities++;
    }
}

static unsigned random_length(struct worker *worker)
{
    return 1 + (unsigned)worker_random(worker, worker_random(worker, 2) == 0 ? KOZO_REGISTER_WORDS
                                                                             : WORDS_MOST);
}

static unsigned random_caps(struct worker *worker)
{
    return worker_random(worker, 4) == 0 ? 1 + (unsigned)worker_random(worker, KOZO_MESSAGE_CAPS)
                                         : 0;
}

// --- Calls --------------------------------------------------------------------------------------

// The answer to a call has the token after that of the question.
static struct kozo_message serve(struct worker *worker, const struct kozo_received *received)
{
    const struct kozo_message *message = &received->message;

    demand(read(worker, message), "the words of a call changed on their way");
    demand(received->badge > 0 && received->badge <= stress.workers, "a call has a wrong badge");
    drop_capabilities(worker, message);
    (void)__atomic_add_fetch(&stress.served[received->badge - 1], 1, __ATOMIC_SEQ_CST);
    worker->taken++;
    worker->sum += message->word[0];
    worker->progress++;
    expect_capabilities(worker);
    return write(worker, message->word[0] + 1, random_length(worker), random_caps(worker));
}

static void run_server(struct worker *worker, struct kozo_endpoint endpoint)
{
    expect_capabilities(worker);
    struct kozo_received received = kozo_endpoint_recv(endpoint, worker->reply);
    while (!stress.stopping) {
        if (received.error == KOZO_OK) {
            struct kozo_message answer = serve(worker, &received);
            received = kozo_endpoint_reply_recv(endpoint, worker->reply, answer);
        } else {
            demand(received.error == KOZO_CANCELLED, "a server's receive was refused");
            worker->progress++;
            received = kozo_endpoint_recv(endpoint, worker->reply);
        }
    }
}

static void call_once(struct worker *worker)
{
    uint64_t token = worker_random(worker, UINT32_MAX);

    expect_capabilities(worker);
    struct kozo_received received = kozo_endpoint_call(
        worker->endpoint, write(worker, token, random_length(worker), random_caps(worker)));
    worker->progress++;
    if (received.error == KOZO_OK) {
        demand(read(worker, &received.message), "the words of an answer changed on their way");
        demand(received.message.word[0] == token + 1, "an answer belongs to another call");
        drop_capabilities(worker, &received.message);
        worker->done_well++;
        return;
    }
    bool lent = worker->role == BORROWER;
    demand(received.error == KOZO_CANCELLED || received.error == KOZO_NO_REPLY ||
               (lent && (received.error == KOZO_EXPIRED || received.error == KOZO_BAD_HANDLE)),
           "a call was refused");
    worker->broken++;
    if (lent) {
        (void)kozo_kernel_yield();
    }
}

static void run_caller(struct worker *worker)
{
    while (!stress.stopping) {
        call_once(worker);
        linger(worker, 3);
    }
}

// --- Mail ---------------------------------------------------------------------------------------

static void run_sender(struct worker *worker)
{
    while (!stress.stopping) {
        uint64_t token = worker_random(worker, UINT32_MAX);
        struct kozo_message message = write(worker, token, random_length(worker), 0);
        enum kozo_error error = worker_random(worker, 3) == 0
                                    ? kozo_endpoint_try_send(worker->endpoint, message)
                                    : kozo_endpoint_send(worker->endpoint, message);
        worker->progress++;
        if (error == KOZO_OK) {
            worker->done_well++;
            worker->sum += token;
        } else {
            demand(error == KOZO_CANCELLED || error == KOZO_WOULD_BLOCK, "a send was refused");
            worker->broken++;
        }
        linger(worker, 3);
    }
}

// Each bit was set by somebody, and is seen for the first time.
static void see_signals(struct worker *worker, uint64_t bits)
{
    uint64_t was = __atomic_fetch_and(&stress.pending[worker->target], ~bits, __ATOMIC_SEQ_CST);

    demand((was & bits) == bits, "a signal was seen that nobody set");
    worker->taken += (uint64_t)__builtin_popcountll(bits);
}

static void run_receiver(struct worker *worker)
{
    worker->buffer->receive_count = 0;
    while (!stress.stopping) {
        struct kozo_received received = kozo_endpoint_recv(stress.mail, (struct kozo_reply){});
        worker->progress++;
        if (received.error != KOZO_OK) {
            demand(received.error == KOZO_CANCELLED, "a receive was refused");
        } else if (received.message.info.label == 0) {
            see_signals(worker, received.badge);
        } else {
            demand(read(worker, &received.message), "the words of a message changed on their way");
            // The number of messages is kept apart from that of signals.
            worker->done_well++;
            worker->sum += received.message.word[0];
        }
    }
}

// --- Signals ------------------------------------------------------------------------------------

static void run_waiter(struct worker *worker)
{
    while (!stress.stopping) {
        struct kozo_notification_wait_result result = kozo_notification_wait(worker->notification);
        worker->progress++;
        if (result.error == KOZO_OK) {
            see_signals(worker, result.bits);
        } else {
            demand(result.error == KOZO_CANCELLED, "a wait was refused");
        }
    }
}

static void run_signaller(struct worker *worker)
{
    while (!stress.stopping) {
        unsigned target = (unsigned)worker_random(worker, stress.targets);
        unsigned bit = (unsigned)worker_random(worker, SIGNAL_BITS);
        uint64_t mask = UINT64_C(1) << bit;
        uint64_t was = __atomic_fetch_or(&stress.pending[target], mask, __ATOMIC_SEQ_CST);
        if ((was & mask) == 0) {
            struct kozo_notification to = {stress.signal_slot[target][bit]};
            demand(kozo_notification_signal(to) == KOZO_OK, "a signal was refused");
            worker->done_well++;
        }
        worker->progress++;
        linger(worker, 4);
    }
}

// --- Breaking in --------------------------------------------------------------------------------

static bool can_break(const struct worker *worker)
{
    switch (worker->role) {
    case SERVER:
    case CALLER:
    case BORROWER:
    case SENDER:
    case RECEIVER:
    case WAITER:
        return true;
    default:
        return false;
    }
}

// Lends a capability to a borrower, under a Lease of a few uses, or takes it away.
static void lend_or_close(struct worker *worker, const struct worker *borrower)
{
    struct kozo_slot lease = {worker->slots};
    struct kozo_slot lent = {borrower->endpoint.handle};

    // Closing is a delete of the Lease, which empties the slot that was lent.
    (void)kozo_cnode_delete(lease);
    if (worker_random(worker, 2) != 0 ||
        kozo_untyped_retype(stress_memory(), KOZO_TYPE_LEASE, 0, lease, 1) != KOZO_OK) {
        return;
    }
    demand(kozo_lease_open((struct kozo_lease){lease.handle}, 0, 1 + worker_random(worker, 20),
                           (struct kozo_lease){}) == KOZO_OK,
           "a new Lease can't be opened");
    enum kozo_error error =
        kozo_cnode_lend((struct kozo_slot){stress.calls.handle}, lent, kozo_rights(KOZO_ALL_RIGHTS),
                        borrower->number + 1, (struct kozo_lease){lease.handle});
    demand(error == KOZO_OK || error == KOZO_SLOT_TAKEN, "lending was refused");
}

static void run_breaker(struct worker *worker)
{
    constexpr uint64_t lend_most = 2000; // Leases are memory that comes back at the end only
    uint64_t lent = 0;

    while (!stress.stopping) {
        const struct worker *other = &stress.worker[worker_random(worker, stress.workers)];
        if (other->role == BORROWER && other->processor == worker->processor &&
            worker_random(worker, 2) == 0 && lent < lend_most) {
            lend_or_close(worker, other);
            lent++;
        } else if (can_break(other)) {
            demand(kozo_thread_suspend(other->thread) == KOZO_OK, "suspend was refused");
            linger(worker, 3);
            // Another breaker may have been quicker.
            enum kozo_error error = kozo_thread_resume(other->thread);
            demand(error == KOZO_OK || error == KOZO_BAD_STATE, "resume was refused");
            worker->done_well++;
        }
        worker->progress++;
        linger(worker, 8);
    }
}

// --- Destroying ---------------------------------------------------------------------------------

static bool make_victim(struct worker *victim)
{
    static const enum kozo_object_type types[] = {KOZO_TYPE_THREAD, KOZO_TYPE_SCHED_CONTEXT,
                                                  KOZO_TYPE_REPLY, KOZO_TYPE_ENDPOINT,
                                                  KOZO_TYPE_NOTIFICATION};
    uint64_t step = UINT64_C(1) << kozo_process_info()->cnode_bits;
    struct kozo_untyped home = {victim->slots};

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct kozo_slot slot = {victim->thread.handle + i * step};
        if (kozo_untyped_retype(home, types[i], 0, slot, 1) != KOZO_OK) {
            return false;
        }
    }
    return worker_configure(victim) && kozo_thread_resume(victim->thread) == KOZO_OK;
}

// Revokes the memory that a worker's objects are made of.
static void revoke_home(const struct worker *worker)
{
    struct kozo_untyped home = {worker->slots};

    demand(kozo_cnode_revoke((struct kozo_slot){worker->slots}) == KOZO_OK, "revoke was refused");
    struct kozo_untyped_info_result info = kozo_untyped_info(home);
    demand(info.error == KOZO_OK && info.free == info.size,
           "memory of what was destroyed did not come back");
}

static void run_destroyer(struct worker *worker)
{
    while (!stress.stopping) {
        for (unsigned i = 0; i < stress.workers; i++) {
            struct worker *victim = &stress.worker[i];
            if (victim->role != VICTIM || victim->owner != worker->number ||
                worker_random(worker, 2) == 0) {
                continue;
            }
            revoke_home(victim);
            demand(make_victim(victim), "a victim can't be made");
            worker->done_well++;
        }
        worker->progress++;
        linger(worker, 10);
    }
    for (unsigned i = 0; i < stress.workers; i++) {
        struct worker *victim = &stress.worker[i];
        if (victim->role == VICTIM && victim->owner == worker->number) {
            revoke_home(victim);
            victim->ended = true;
        }
    }
}

// Does whatever leads to waiting, on objects of its own kind. Any of them may be gone.
static void run_victim(struct worker *worker)
{
    while (true) {
        const struct worker *other = &stress.worker[worker_random(worker, stress.workers)];
        if (other->role != VICTIM) {
            continue;
        }
        struct kozo_message message = {.info = {.length = 1, .label = LABEL}};
        switch (worker_random(worker, 6)) {
        case 0:
            (void)kozo_endpoint_send(other->endpoint, message);
            break;
        case 1:
            (void)kozo_notification_wait(other->notification);
            break;
        case 2:
            (void)kozo_notification_signal(other->notification);
            break;
        case 3:
            (void)kozo_endpoint_recv(other->endpoint, worker->reply);
            break;
        case 4:
            (void)kozo_endpoint_reply_recv(worker->endpoint, worker->reply, message);
            break;
        default:
            (void)kozo_endpoint_call(other->endpoint, message);
            break;
        }
    }
}

// --- Revoking -----------------------------------------------------------------------------------

static struct kozo_slot slot_of_revoker(const struct worker *worker, uint64_t number)
{
    return (struct kozo_slot){worker->slots + ((number + 1) << kozo_process_info()->cnode_bits)};
}

// Everything that was derived is gone, and what it was derived from is still there.
static void check_revoked(struct worker *worker, uint64_t from, uint64_t count)
{
    struct kozo_cnode_inspect_result root = kozo_cnode_inspect((struct kozo_slot){from});

    demand(root.type != KOZO_TYPE_NONE && !root.children,
           "revoke left something, or took too much");
    for (uint64_t i = 0; i < count; i++) {
        demand(kozo_cnode_inspect(slot_of_revoker(worker, i)).type == KOZO_TYPE_NONE,
               "a slot is taken after revoke");
    }
    worker->done_well++;
    worker->taken += count;
}

static void revoke_objects(struct worker *worker)
{
    static const enum kozo_object_type types[] = {
        KOZO_TYPE_ENDPOINT, KOZO_TYPE_NOTIFICATION, KOZO_TYPE_REPLY,
        KOZO_TYPE_TIMER,    KOZO_TYPE_LEASE,
    };
    constexpr unsigned count_of_types = sizeof types / sizeof types[0];
    uint64_t count = 1 + worker_random(worker, REVOKED_MOST);
    struct kozo_untyped home = {worker->slots};

    demand(kozo_untyped_retype(home, types[worker_random(worker, count_of_types)], 0,
                               slot_of_revoker(worker, 0), count) == KOZO_OK,
           "retype was refused");
    revoke_home(worker);
    check_revoked(worker, worker->slots, count);
}

// Each is a copy of the one before, or of the first.
static void revoke_copies(struct worker *worker)
{
    uint64_t count = 1 + worker_random(worker, REVOKED_MOST);
    uint64_t first = worker->endpoint.handle;
    uint64_t from = first;

    for (uint64_t i = 0; i < count; i++) {
        struct kozo_slot to = slot_of_revoker(worker, i);
        demand(kozo_cnode_copy((struct kozo_slot){from}, to) == KOZO_OK, "copy was refused");
        from = worker_random(worker, 2) == 0 ? first : to.handle;
    }
    demand(kozo_cnode_revoke((struct kozo_slot){first}) == KOZO_OK, "revoke was refused");
    check_revoked(worker, first, count);
}

// Pages of two Frames are shown in turn at the same place, and each shows what was last written to it.
static void revoke_pages(struct worker *worker)
{
    constexpr uint64_t words = KOZO_PAGE_SIZE / sizeof(uint64_t);
    constexpr uint64_t count = 4;
    struct kozo_address_space space = {kozo_granted("self.space")};
    struct kozo_frame frame = worker->frames[worker_random(worker, REVOKED_FRAMES)];

    for (uint64_t i = 0; i < count; i++) {
        uint64_t address = (uint64_t)(worker->pages + i * words);
        demand(kozo_frame_map(frame, slot_of_revoker(worker, i), space, address, i * KOZO_PAGE_SIZE,
                              KOZO_PAGE_SIZE,
                              kozo_rights(KOZO_RIGHT_READ | KOZO_RIGHT_WRITE)) == KOZO_OK,
               "map was refused");
        uint64_t seen = worker->pages[i * words];
        demand(seen == 0 || seen == frame.handle + i, "a page shows another one's memory");
        worker->pages[i * words] = frame.handle + i;
    }
    demand(kozo_cnode_revoke((struct kozo_slot){frame.handle}) == KOZO_OK, "revoke was refused");
    check_revoked(worker, frame.handle, count);
}

static void run_revoker(struct worker *worker)
{
    while (!stress.stopping) {
        switch (worker_random(worker, 3)) {
        case 0:
            revoke_objects(worker);
            break;
        case 1:
            revoke_copies(worker);
            break;
        default:
            revoke_pages(worker);
            break;
        }
        worker->progress++;
        linger(worker, 10);
    }
}

void worker_run(struct worker *worker)
{
    switch (worker->role) {
    case SERVER:
        run_server(worker, stress.calls);
        break;
    case PASSIVE_SERVER:
        run_server(worker, stress.passive);
        break;
    case CALLER:
    case BORROWER:
    case PASSIVE_CALLER:
        run_caller(worker);
        break;
    case SENDER:
        run_sender(worker);
        break;
    case RECEIVER:
        run_receiver(worker);
        break;
    case WAITER:
        run_waiter(worker);
        break;
    case SIGNALLER:
        run_signaller(worker);
        break;
    case BREAKER:
        run_breaker(worker);
        break;
    case DESTROYER:
        run_destroyer(worker);
        break;
    case REVOKER:
        run_revoker(worker);
        break;
    case OTHER:
        worker->run(worker);
        break;
    default:
        run_victim(worker);
        break;
    }
}
