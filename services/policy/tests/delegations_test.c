// SPDX-License-Identifier: MIT
// What was delegated: places are held, used, ended and used again; Leases are only noted, and the list is read as the file server
// reads it.
#include "../delegations.h"

#include <string.h>

#include "test.h"

constexpr uint64_t NOW = 1'764'452'385;
constexpr uint64_t CLIENT = 9ul << 32 | 7; // the badge of a client's session with the file server

static struct policy policy;
static struct kozo_delegations list;
static struct {
    bool made;
    bool open;
    struct lease_terms terms;
    uint64_t badge;
} lease[KOZO_DELEGATIONS];
static bool is_down;  // the file server
static bool is_short; // of memory
static size_t told;   // how often the file server was

// --- In place of lease.c ------------------------------------------------------------------------

struct kozo_delegations *lease_list(void)
{
    return is_down ? nullptr : &list;
}

enum kozo_error lease_make(size_t number, struct lease_terms terms, uint64_t badge)
{
    CHECK(!lease[number].made && list.delegation[number].badge == 0);
    if (is_short) {
        return KOZO_NO_MEMORY;
    }
    lease[number].made = true;
    lease[number].open = true;
    lease[number].terms = terms;
    lease[number].badge = badge;
    return KOZO_OK;
}

uint64_t lease_capability(size_t number)
{
    return 100 + number;
}

bool lease_is_open(size_t number)
{
    return lease[number].open;
}

void lease_close(size_t number)
{
    CHECK(lease[number].made);
    lease[number].open = false;
}

void lease_forget(size_t number)
{
    CHECK(lease[number].made && !lease[number].open);
    lease[number].made = false;
}

void lease_tell(void)
{
    told++;
}

// --- Helpers ------------------------------------------------------------------------------------

static bool store(void *context, const char *line, size_t length)
{
    (void)context;
    (void)line;
    (void)length;
    return true;
}

static void begin(void)
{
    memset(&policy, 0, sizeof policy);
    memset(&list, 0, sizeof list);
    memset(lease, 0, sizeof lease);
    is_down = false;
    is_short = false;
    told = 0;
    CHECK(policy_database_begin(&policy.database, store, nullptr));
    policy.folders = (struct policy_folders){"", "", "", ""};
    policy.services = ~0U;
    policy.person = true;
    policy.boot = 3;
    delegations_start(5);
}

static struct policy_request request_for(const char *name, uint64_t instance)
{
    struct policy_parsed parsed = policy_parse(name, strlen(name));
    CHECK(parsed.fault == POLICY_FAULT_NONE);
    return (struct policy_request){
        .program = "editor", .instance = instance, .permission = parsed.permission};
}

static uint64_t decide(const char *name, enum policy_answer answer, unsigned minutes)
{
    struct policy_request request = request_for(name, 1);
    struct policy_consent consent = {.answer = answer, .minutes = minutes};
    CHECK(policy_answered(&policy, &request, consent, POLICY_BY_PERSON, NOW));
    return policy.database.next - 1;
}

static struct delegation *hold(const char *name, uint64_t instance)
{
    struct policy_request request = request_for(name, instance);
    return delegations_hold(&request, CLIENT);
}

// Holds and gives; null when it can't be.
static struct delegation *give(const char *name, uint64_t instance, uint64_t rule)
{
    struct delegation *held = hold(name, instance);
    bool begun = held != nullptr && delegations_begin(held, &policy, rule, NOW) == KOZO_OK;
    return begun ? held : nullptr;
}

static const struct delegation *find(const char *name, uint64_t instance)
{
    struct policy_request request = request_for(name, instance);
    return delegations_find(instance, &request.permission);
}

static size_t listed(void)
{
    size_t count = 0;
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        count += list.delegation[i].badge != 0 ? 1 : 0;
    }
    return count;
}

// --- Tests --------------------------------------------------------------------------------------

TEST("what is given stands in the list: the badge that was minted, the client, the place and the "
     "right")
{
    begin();
    uint64_t rule = decide("files.path.write:/ram/a b", POLICY_ANSWER_ALWAYS, 0);
    const struct delegation *live = give("files.path.write:/ram/a b", 1, rule);
    REQUIRE(live != nullptr && find("files.path.write:/ram/a b", 1) == live);
    size_t number = delegations_capability(live) - 100;
    const struct kozo_delegation *entry = &list.delegation[number];
    CHECK(entry->badge == lease[number].badge && entry->client == CLIENT && entry->writable == 1);
    CHECK(strcmp(entry->path, "/ram/a b") == 0 && listed() == 1);
    CHECK((entry->badge & KOZO_BADGE_DELEGATED) != 0 && (entry->badge & KOZO_BADGE_FAULT) == 0);
    CHECK((entry->badge & KOZO_BADGE_PLACE) == 7 && entry->badge >= KOZO_BADGE_LEAST);
    (void)give("files.path.read:/ram/a b", 1, rule);
    CHECK(listed() == 2 && list.delegation[0].badge != list.delegation[1].badge);
    CHECK(list.delegation[1].writable == 0);
    CHECK(find("files.path.read:/ram", 1) == nullptr &&
          find("files.path.read:/ram/a b", 2) == nullptr);
}

TEST("a Lease is for as long as the rule holds")
{
    begin();
    CHECK(give("files.path.read:/a", 1, decide("files.path.read:/a", POLICY_ANSWER_ALWAYS, 0)));
    CHECK(lease[0].terms.seconds == 0 && lease[0].terms.uses == 0);
    CHECK(give("files.path.read:/b", 1, decide("files.path.read:/b", POLICY_ANSWER_MINUTES, 7)));
    CHECK(lease[1].terms.seconds == 420 && lease[1].terms.uses == 0);
    CHECK(give("files.path.read:/c", 1, decide("files.path.read:/c", POLICY_ANSWER_ONCE, 0)));
    CHECK(lease[2].terms.seconds == DELEGATION_ONCE && lease[2].terms.uses == DELEGATION_USES);
    CHECK(give("files.path.read:/d", 1, 0));
    CHECK(lease[3].terms.seconds == 0 && lease[3].terms.uses == 0);
}

TEST("a client holds four at most, questions that wait included, and all clients what there are "
     "places for")
{
    begin();
    struct delegation *first = give("files.path.read:/a", 1, 0);
    CHECK(give("files.path.read:/b", 1, 0) != nullptr &&
          give("files.path.read:/c", 1, 0) != nullptr);
    struct delegation *held = hold("files.path.read:/d", 1);
    CHECK(held != nullptr && delegations_held(1) == held && delegations_held(2) == nullptr);
    CHECK(hold("files.path.read:/e", 1) == nullptr);
    delegations_release(held);
    CHECK(delegations_held(1) == nullptr && give("files.path.read:/e", 1, 0) != nullptr);
    for (uint64_t instance = 2; instance < 5; instance++) {
        for (size_t i = 0; i < DELEGATIONS_EACH; i++) {
            CHECK(give("files.path.read:/a", instance, 0) != nullptr);
        }
    }
    CHECK(listed() == KOZO_DELEGATIONS && hold("files.path.read:/a", 9) == nullptr);
    delegations_end(first);
    CHECK(give("files.path.read:/a", 9, 0) == first && listed() == KOZO_DELEGATIONS);
}

TEST(
    "what ended keeps its closed Lease until no other place is left, and the oldest one goes first")
{
    begin();
    struct delegation *live[KOZO_DELEGATIONS];
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        live[i] = give("files.path.read:/a", i / DELEGATIONS_EACH, 0);
        REQUIRE(live[i] != nullptr);
    }
    delegations_end(live[6]);
    delegations_end(live[2]);
    CHECK(lease[6].made && lease[2].made && listed() == KOZO_DELEGATIONS - 2);
    CHECK(give("files.path.read:/b", 8, 0) == live[6]);
    CHECK(give("files.path.read:/b", 8, 0) == live[2]);
    CHECK(hold("files.path.read:/b", 8) == nullptr);
}

TEST("what can't be made leaves nothing behind")
{
    begin();
    is_short = true;
    struct delegation *held = hold("files.path.read:/a", 1);
    CHECK(delegations_begin(held, &policy, 0, NOW) == KOZO_NO_MEMORY);
    is_short = false;
    is_down = true;
    held = hold("files.path.read:/a", 1);
    CHECK(delegations_begin(held, &policy, 0, NOW) == KOZO_NO_REPLY);
    is_down = false;
    held = hold("audit.read", 1); // names no place
    CHECK(delegations_begin(held, &policy, 0, NOW) == KOZO_NO_REPLY);
    CHECK(listed() == 0 && delegations_held(1) == nullptr &&
          find("files.path.read:/a", 1) == nullptr);
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        CHECK(!lease[i].made);
    }
}

TEST("the end closes the Lease, takes it from the list, and tells the file server")
{
    begin();
    struct delegation *live = give("files.path.read:/a", 1, 0);
    REQUIRE(live != nullptr && told == 0 && list.ended == 0);
    delegations_end(live);
    CHECK(!lease[0].open && listed() == 0 && list.ended == 1 && told == 1);
    CHECK(find("files.path.read:/a", 1) == nullptr);
    uint64_t before = lease[0].badge;
    CHECK(give("files.path.read:/a", 1, 0) != nullptr);
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        CHECK(i == 0 || lease[i].badge != before); // none has a badge that was given before
    }
}

TEST("what has run out is found to be over when it is asked for again")
{
    begin();
    CHECK(give("files.path.read:/a", 1, 0) != nullptr);
    lease[0].open = false;
    CHECK(find("files.path.read:/a", 1) == nullptr && listed() == 0);
}

TEST("a program's end ends all that it has, and nothing of others")
{
    begin();
    CHECK(give("files.path.read:/a", 1, 0) && give("files.path.read:/b", 1, 0));
    const struct delegation *other = give("files.path.read:/a", 2, 0);
    CHECK(hold("files.path.read:/c", 1) != nullptr);
    delegations_closed(1);
    CHECK(listed() == 1 && delegations_held(1) == nullptr &&
          find("files.path.read:/a", 2) == other);
}

TEST("a rule that ends takes along what was given by it, and what was for one use ends by its "
     "number")
{
    begin();
    uint64_t always = decide("files.path.read:/a", POLICY_ANSWER_ALWAYS, 0);
    uint64_t once = decide("files.path.read:/b", POLICY_ANSWER_ONCE, 0);
    CHECK(give("files.path.read:/a", 1, always) && give("files.path.read:/b", 1, once));
    CHECK(policy_database_use(&policy.database, once, NOW));
    delegations_check(&policy, NOW);
    CHECK(listed() == 2); // though the rule for one use is used up
    CHECK(policy_database_end(&policy.database, always, POLICY_END_REVOKED, NOW));
    delegations_check(&policy, NOW);
    CHECK(listed() == 1 && find("files.path.read:/b", 1) != nullptr);
    CHECK(give("files.path.read:/c", 1, 0) != nullptr && delegations_revoke(0) == nullptr);
    CHECK(delegations_revoke(once) != nullptr && listed() == 1);
    CHECK(delegations_revoke(once) == nullptr);
}

TEST("a refusal of all of it or of a part ends it, and one beside it does not")
{
    static const char *const refused[] = {"files.path.read:/ram", "files.path.read:/ram/a",
                                          "files.path.read:/ram/a/b", "files.path.write:/ram/a/b",
                                          "files.all.read"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        begin();
        uint64_t rule = decide("files.path.read:/ram/a", POLICY_ANSWER_ALWAYS, 0);
        CHECK(give("files.path.read:/ram/a", 1, rule) != nullptr);
        (void)decide("files.path.read:/ram/ab", POLICY_ANSWER_NEVER, 0);
        (void)decide("audit.read", POLICY_ANSWER_NEVER, 0);
        delegations_check(&policy, NOW);
        CHECK(listed() == 1);
        (void)decide(refused[i], POLICY_ANSWER_NEVER, 0);
        delegations_check(&policy, NOW);
        CHECK(listed() == 0);
    }
}

TEST("a client that asks too often keeps what it has")
{
    begin();
    uint64_t once = decide("files.path.read:/a", POLICY_ANSWER_ONCE, 0);
    CHECK(give("files.path.read:/a", 1, once) != nullptr);
    CHECK(policy_database_use(&policy.database, once, NOW));
    for (size_t i = 0; i < POLICY_QUESTIONS; i++) {
        policy_asked(&policy, "editor", NOW);
    }
    delegations_check(&policy, NOW);
    CHECK(listed() == 1);
}
