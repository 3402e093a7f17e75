// SPDX-License-Identifier: MIT
// The policy service: who asks (by the session), what was decided (the database), what the person says
// (a question), and what happened (the record). A client's text is copied once and then read.
//
// It is given: sessions with those who ask, `clock`, `initrd` (the description of the system), `keeps`, and what
// it delegates from: a session with the file server, and `memory` for Leases.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>
#include <kozo/system.h>
#include <kozo/wall.h>
#include <string.h>

#include "clients.h"
#include "delegations.h"
#include "followers.h"
#include "kept.h"
#include "kernel_log.h"
#include "recent.h"
#include "server.h"
#include "waiting.h"

constexpr size_t TEXT_MOST = POLICY_NAME_SIZE + POLICY_PROGRAM_SIZE + 1;
constexpr uint64_t SECOND = 1'000'000'000;

static struct server server;
static struct policy policy;

static uint64_t now(void)
{
    uint64_t wall = kozo_wall_now();
    return (wall != 0 ? wall : kozo_clock_now()) / SECOND;
}

// --- Texts --------------------------------------------------------------------------------------

// A text of a client, copied.
struct copied {
    bool good;
    size_t length;
    char text[TEXT_MOST + 1];
};

static struct copied copy_text(const struct kozo_caller *caller, uint64_t at, uint64_t length)
{
    struct copied copied = {.length = length};
    const uint8_t *bytes = server_data(&server, caller->session, at, length);
    if (bytes != nullptr && length <= TEXT_MOST) {
        memcpy(copied.text, bytes, length);
        copied.good = true;
    }
    return copied;
}

// Puts a text into a client's memory, as much as there is room for; gives how much that was.
static size_t give_text(const struct kozo_caller *caller, uint64_t at, uint64_t size,
                        const char *text, size_t length)
{
    size_t given = length < size ? length : size;
    uint8_t *bytes = server_data(&server, caller->session, at, given);
    if (bytes == nullptr) {
        return 0;
    }
    memcpy(bytes, text, given);
    return given;
}

// The name of a program, a space, and a permission.
struct subject {
    bool good;
    char program[POLICY_PROGRAM_SIZE];
    struct policy_permission permission;
};

static struct subject read_subject(const struct copied *copied)
{
    struct subject subject = {};
    const char *space = copied->good ? memchr(copied->text, ' ', copied->length) : nullptr;
    size_t length = space != nullptr ? (size_t)(space - copied->text) : 0;
    if (!policy_is_program(copied->text, length)) {
        return subject;
    }
    struct policy_parsed parsed = policy_parse(space + 1, copied->length - length - 1);
    memcpy(subject.program, copied->text, length);
    subject.permission = parsed.permission;
    subject.good = parsed.fault == POLICY_FAULT_NONE;
    return subject;
}

// --- What happens -------------------------------------------------------------------------------

static void note(enum policy_event event, const char *program, uint64_t instance,
                 const struct policy_permission *permission, uint64_t rule, const char *because)
{
    struct policy_record record = {.event = event,
                                   .time = now(),
                                   .program = program,
                                   .instance = instance,
                                   .permission = permission,
                                   .rule = rule,
                                   .because = because};
    if (!recent_takes(&record)) {
        kept_record(&record);
    }
}

static struct policy_request request_of(const struct kozo_caller *caller,
                                        const struct policy_permission *permission)
{
    return (struct policy_request){.program = clients_name(caller->session),
                                   .instance = caller->badge,
                                   .permission = *permission};
}

// Carries a decision out: what is allowed is used now, if that can be noted.
static enum kozo_policy_verdict finish(const struct policy_request *request,
                                       const struct policy_decision *decision)
{
    const char *because = policy_because_word(decision->because);
    bool allowed = decision->verdict == POLICY_ALLOWED;
    kept_make_room(&policy);
    if (allowed && decision->rule != 0 &&
        !policy_database_use(&policy.database, decision->rule, now())) {
        allowed = false;
        because = "full";
    }
    note(allowed ? POLICY_EVENT_USE : POLICY_EVENT_REFUSE, request->program, request->instance,
         &request->permission, decision->rule, because);
    return allowed ? KOZO_VERDICT_ALLOWED : KOZO_VERDICT_REFUSED;
}

static uint64_t newest_rule(void)
{
    return policy.database.next - 1;
}

// Notes what a person said, as a rule. False when it can't be stored.
static bool take_answer(const struct policy_request *request, struct policy_consent consent)
{
    kept_make_room(&policy);
    if (!policy_answered(&policy, request, consent, POLICY_BY_PERSON, now())) {
        return false;
    }
    bool allow = consent.answer != POLICY_ANSWER_NO && consent.answer != POLICY_ANSWER_NEVER;
    note(allow ? POLICY_EVENT_GRANT : POLICY_EVENT_REFUSE, request->program, request->instance,
         &request->permission, newest_rule(), "person");
    delegations_check(&policy, now());
    return true;
}

// --- Delegating ---------------------------------------------------------------------------------

// What is decided now. A place is not given as a whole when a part of it is refused.
static struct policy_decision decide(const struct policy_request *request)
{
    struct policy_decision decision = policy_decide(&policy, nullptr, request, now());
    uint64_t within = policy_refused_within(&policy, request, now());
    if (decision.verdict != POLICY_REFUSED && within != 0) {
        decision = (struct policy_decision){
            .verdict = POLICY_REFUSED, .because = POLICY_BECAUSE_RULE, .rule = within};
    }
    return decision;
}

// Whether there is a capability for a permission that a client of the file server may be given.
static bool is_delegated(const struct kozo_caller *caller,
                         const struct policy_permission *permission)
{
    return lease_is_possible() && policy_path(&policy.folders, permission) != nullptr &&
           clients_session(caller->session, caller->badge) != 0;
}

// What a request ended with: an error when what is allowed can't be given. Nothing was used then.
struct outcome {
    enum kozo_error error;
    enum kozo_policy_verdict verdict;
};

// Carries a decision out. `held` is the place for the capability, null for none.
static struct outcome carry_out(const struct policy_request *request,
                                const struct policy_decision *decision, struct delegation *held)
{
    bool allowed = decision->verdict == POLICY_ALLOWED;
    if (!allowed) {
        delegations_release(held);
    } else if (held != nullptr) {
        enum kozo_error error = delegations_begin(held, &policy, decision->rule, now());
        if (error != KOZO_OK) {
            return (struct outcome){.error = error, .verdict = KOZO_VERDICT_REFUSED};
        }
    }
    enum kozo_policy_verdict verdict = finish(request, decision);
    if (held != nullptr && allowed && verdict != KOZO_VERDICT_ALLOWED) {
        delegations_end(held);
    }
    return (struct outcome){.verdict = verdict};
}

// A completion takes no capability along: who waited for it asks once more, by a call.
static struct kozo_message answer_ask(const struct outcome *outcome, uint64_t rule,
                                      const struct delegation *given)
{
    if (outcome->error != KOZO_OK) {
        return kozo_answer(outcome->error);
    }
    struct kozo_message answer = kozo_policy_ask_answer(outcome->verdict, rule);
    if (given != nullptr && outcome->verdict == KOZO_VERDICT_ALLOWED) {
        answer.info.caps = 1;
        kozo_ipc_buffer()->caps[0] = delegations_capability(given);
    }
    return answer;
}

// What the client has already is no use of a rule that was for one.
static struct kozo_message answer_again(const struct delegation *given)
{
    struct policy_decision decision = {.verdict = POLICY_ALLOWED,
                                       .because = given->rule != 0 ? POLICY_BECAUSE_RULE
                                                                   : POLICY_BECAUSE_DEFAULT,
                                       .rule = given->rule};
    struct outcome outcome = {.verdict = KOZO_VERDICT_ALLOWED};
    if (given->once) {
        note(POLICY_EVENT_USE, given->request.program, given->request.instance,
             &given->request.permission, given->rule, policy_because_word(decision.because));
    } else {
        outcome.verdict = finish(&given->request, &decision);
    }
    return answer_ask(&outcome, given->rule, given);
}

// --- Asking -------------------------------------------------------------------------------------

// Ends a question with an answer, and tells who asked.
static enum kozo_policy_verdict settle(struct waiting *waiting, struct policy_consent consent)
{
    struct waiting done = *waiting;
    struct policy_request request = {
        .program = done.program, .instance = done.instance, .permission = done.permission};
    waiting_drop(waiting);
    struct policy_decision decision = {.verdict = POLICY_REFUSED,
                                       .because = POLICY_BECAUSE_UNDECIDED};
    if (take_answer(&request, consent)) {
        decision = decide(&request);
    }
    struct outcome outcome = carry_out(&request, &decision, delegations_held(done.instance));
    struct kozo_message message = answer_ask(&outcome, decision.rule, nullptr);
    server_complete(&server, done.place, done.number, &message);
    return outcome.verdict;
}

static bool begin_question(const struct kozo_caller *caller, const struct policy_request *request)
{
    struct waiting wish = {.number = caller->number,
                           .place = caller->session,
                           .instance = caller->badge,
                           .deadline = kozo_clock_now() + WAITING_NANOSECONDS,
                           .program = request->program,
                           .permission = request->permission};
    if (caller->number == 0 || waiting_add(&wish) == nullptr) {
        return false;
    }
    policy_asked(&policy, request->program, now());
    note(POLICY_EVENT_ASK, request->program, request->instance, &request->permission, 0, nullptr);
    return true;
}

static struct kozo_message serve_ask(struct kozo_caller *caller,
                                     const struct kozo_policy_ask_arguments *arguments)
{
    struct copied copied = copy_text(caller, arguments->at, arguments->length);
    struct policy_parsed parsed = policy_parse(copied.text, copied.good ? copied.length : 0);
    if (parsed.fault != POLICY_FAULT_NONE || clients_name(caller->session) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct delegation *given = delegations_find(caller->badge, &parsed.permission);
    if (given != nullptr) {
        return answer_again(given);
    }
    struct policy_request request = request_of(caller, &parsed.permission);
    struct policy_decision decision = decide(&request);
    struct delegation *held = nullptr;
    if (decision.verdict != POLICY_REFUSED && is_delegated(caller, &parsed.permission)) {
        held = delegations_hold(&request, clients_session(caller->session, caller->badge));
        if (held == nullptr) {
            return kozo_answer(KOZO_NO_MEMORY);
        }
    }
    if (decision.verdict == POLICY_ASK) {
        if (begin_question(caller, &request)) {
            return kozo_later();
        }
        decision =
            (struct policy_decision){.verdict = POLICY_REFUSED, .because = POLICY_BECAUSE_MANY};
    }
    struct outcome outcome = carry_out(&request, &decision, held);
    return answer_ask(&outcome, decision.rule, held);
}

static struct kozo_message serve_look(struct kozo_caller *caller,
                                      const struct kozo_policy_look_arguments *arguments)
{
    static const enum kozo_policy_verdict verdicts[] = {
        [POLICY_REFUSED] = KOZO_VERDICT_REFUSED,
        [POLICY_ALLOWED] = KOZO_VERDICT_ALLOWED,
        [POLICY_ASK] = KOZO_VERDICT_UNDECIDED,
    };
    struct copied copied = copy_text(caller, arguments->at, arguments->length);
    struct policy_parsed parsed = policy_parse(copied.text, copied.good ? copied.length : 0);
    if (parsed.fault != POLICY_FAULT_NONE || clients_name(caller->session) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct policy_request request = request_of(caller, &parsed.permission);
    struct policy_decision decision = decide(&request);
    return kozo_policy_look_answer(verdicts[decision.verdict], decision.rule);
}

// --- The person's tools -------------------------------------------------------------------------

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_policy_list_arguments *arguments)
{
    char line[256];
    struct policy_text text = policy_text(line, sizeof line);
    char name[POLICY_NAME_SIZE];
    if (arguments->place >= policy.database.count) {
        return kozo_policy_list_answer(0, 0);
    }
    const struct policy_rule *rule = &policy.database.rule[arguments->place];
    policy_write(name, sizeof name, &rule->permission);
    policy_add(&text, "%4lu %-7s %s ", rule->id, rule->allow ? "allow" : "refuse", rule->program);
    policy_add_shown(&text, name, strlen(name), 80);
    policy_add(&text, " ");
    policy_add_until(&text, rule, now());
    policy_add(&text, ", by %s", policy_giver_text(rule->giver));
    size_t length = give_text(caller, arguments->at, arguments->size, line, text.length);
    return kozo_policy_list_answer(rule->id, length);
}

static_assert((int)POLICY_ANSWER_NEVER == (int)KOZO_ANSWER_NEVER &&
              (int)POLICY_ANSWER_RESTART == (int)KOZO_ANSWER_RESTART);

// The badge of a program that speaks with this service now; 0 when it does not run.
static uint64_t instance_of(const char *program)
{
    for (size_t place = 0; place < KOZO_BOARD_SESSIONS; place++) {
        const char *name = clients_name(place);
        if (name != nullptr && server.session[place].badge != 0 && strcmp(name, program) == 0) {
            return server.session[place].badge;
        }
    }
    return 0;
}

static struct kozo_message serve_decide(struct kozo_caller *caller,
                                        const struct kozo_policy_decide_arguments *arguments)
{
    struct copied copied = copy_text(caller, arguments->at, arguments->length);
    struct subject subject = read_subject(&copied);
    bool timed = arguments->how == POLICY_ANSWER_MINUTES;
    if (!subject.good || arguments->how > POLICY_ANSWER_RESTART ||
        (timed ? arguments->minutes == 0 || arguments->minutes > POLICY_MINUTES_MOST
               : arguments->minutes != 0)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct policy_request request = {.program = subject.program, .permission = subject.permission};
    struct policy_consent consent = {.answer = (enum policy_answer)arguments->how,
                                     .minutes = (unsigned)arguments->minutes};
    if (consent.answer == POLICY_ANSWER_CLOSE) {
        request.instance = instance_of(subject.program);
        if (request.instance == 0) {
            return kozo_answer(KOZO_BAD_STATE);
        }
    }
    if (!take_answer(&request, consent)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    return kozo_policy_decide_answer(newest_rule());
}

static struct kozo_message serve_revoke(struct kozo_caller *caller,
                                        const struct kozo_policy_revoke_arguments *arguments)
{
    const struct policy_rule *found = policy_database_find(&policy.database, arguments->rule);
    (void)caller;
    const struct delegation *ended = delegations_revoke(arguments->rule);
    if (found == nullptr && ended == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (found == nullptr) { // it was for one use, which went on
        note(POLICY_EVENT_REVOKE, ended->request.program, 0, &ended->request.permission,
             arguments->rule, "person");
        return kozo_answer(KOZO_OK);
    }
    struct policy_rule rule = *found;
    kept_make_room(&policy);
    if (!policy_database_end(&policy.database, rule.id, POLICY_END_REVOKED, now())) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    note(POLICY_EVENT_REVOKE, rule.program, 0, &rule.permission, rule.id, "person");
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve_why(struct kozo_caller *caller,
                                     const struct kozo_policy_why_arguments *arguments)
{
    char explanation[512];
    struct copied copied = copy_text(caller, arguments->at, arguments->length);
    struct subject subject = read_subject(&copied);
    if (!subject.good) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct policy_request request = {.program = subject.program, .permission = subject.permission};
    struct policy_decision decision = decide(&request);
    struct policy_text text = policy_text(explanation, sizeof explanation);
    policy_explain(&text, &policy, &request, &decision, now());
    return kozo_policy_why_answer(
        give_text(caller, arguments->at, arguments->size, explanation, text.length));
}

static struct kozo_message serve_question(struct kozo_caller *caller,
                                          const struct kozo_policy_question_arguments *arguments)
{
    char buffer[POLICY_QUESTION_SIZE];
    const struct waiting *waiting = waiting_at(arguments->place);
    if (waiting == nullptr) {
        return kozo_policy_question_answer(0);
    }
    struct policy_question question = {.word = "at the prompt",
                                       .digits = waiting->digits,
                                       .program = waiting->program,
                                       .permission = &waiting->permission};
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_ask(&text, &question);
    return kozo_policy_question_answer(
        give_text(caller, arguments->at, arguments->size, buffer, text.length));
}

static struct kozo_message serve_settle(struct kozo_caller *caller,
                                        const struct kozo_policy_settle_arguments *arguments)
{
    struct copied copied = copy_text(caller, arguments->at, arguments->length);
    struct policy_consent consent = {};
    struct waiting *waiting =
        copied.good ? waiting_answered(copied.text, copied.length, &consent) : nullptr;
    if (waiting == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_policy_settle_answer(settle(waiting, consent));
}

static struct kozo_message serve_record(struct kozo_caller *caller,
                                        const struct kozo_policy_record_arguments *arguments)
{
    if (arguments->offset == 0) {
        recent_flush(now(), true);
    }
    struct kept_text text = kept_text();
    if (arguments->offset > text.length) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_policy_record_answer(give_text(caller, arguments->at, arguments->length,
                                               text.text + arguments->offset,
                                               text.length - arguments->offset));
}

static struct kozo_message serve_verify(struct kozo_caller *caller)
{
    static const enum kozo_policy_found found_words[] = {
        [POLICY_RECORD_WHOLE] = KOZO_FOUND_WHOLE,
        [POLICY_RECORD_CHANGED] = KOZO_FOUND_CHANGED,
        [POLICY_RECORD_GAP] = KOZO_FOUND_GAP,
        [POLICY_RECORD_CUT] = KOZO_FOUND_CUT,
    };
    struct kept_text text = kept_text();
    struct policy_kernel_ring rings[POLICY_KERNEL_RINGS];
    struct policy_verification found =
        policy_record_verify(text.text, text.length, &text.start, kept_end());
    (void)caller;
    if (found.result == POLICY_RECORD_WHOLE && kernel_log_read(rings)) {
        uint64_t line = policy_joined_check(text.text, text.length, rings);
        if (line != 0) {
            return kozo_policy_verify_answer(
                KOZO_FOUND_UNJOINED, line, found.chain.count - text.start.count, text.start.count);
        }
    }
    return kozo_policy_verify_answer(found_words[found.result], found.line,
                                     found.chain.count - text.start.count, text.start.count);
}

static struct kozo_message serve_grown(struct kozo_caller *caller,
                                       const struct kozo_policy_grown_arguments *arguments)
{
    uint64_t lines = kept_end()->count;
    if (lines > arguments->seen) {
        return kozo_policy_grown_answer(lines, kept_text().start.count);
    }
    return followers_add(caller->session, caller->number, arguments->seen)
               ? kozo_later()
               : kozo_answer(KOZO_BAD_STATE);
}

// --- Events -------------------------------------------------------------------------------------

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_policy_handlers handlers = {
        .ask = serve_ask,
        .look = serve_look,
    };
    static const struct kozo_policy_handlers tool_handlers = {
        .ask = serve_ask,
        .look = serve_look,
        .list = serve_list,
        .decide = serve_decide,
        .revoke = serve_revoke,
        .why = serve_why,
        .question = serve_question,
        .settle = serve_settle,
        .record = serve_record,
        .verify = serve_verify,
        .grown = serve_grown,
    };
    bool tool = clients_is_tool(caller->session);
    if (!tool && message->info.label > KOZO_POLICY_LOOK &&
        message->info.label <= KOZO_POLICY_GROWN) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    return kozo_policy_dispatch(tool ? &tool_handlers : &handlers, caller, message);
}

static struct waiting *question_of(size_t place)
{
    for (size_t i = 0; waiting_at(i) != nullptr; i++) {
        if (waiting_at(i)->place == place) {
            return waiting_at(i);
        }
    }
    return nullptr;
}

static bool cancel(size_t place, uint64_t number)
{
    struct waiting *waiting = question_of(place);
    if (waiting == nullptr || waiting->number != number) {
        return followers_drop(place, number);
    }
    waiting_drop(waiting);
    delegations_release(delegations_held(server.session[place].badge));
    return true;
}

// What a program was given until it closes ends with it, and so does its question.
static bool left(size_t place)
{
    struct waiting *waiting = question_of(place);
    if (waiting != nullptr) {
        waiting_drop(waiting);
    }
    (void)followers_drop(place, 0);
    delegations_closed(server.session[place].badge);
    kept_make_room(&policy);
    (void)policy_database_closed(&policy.database, server.session[place].badge, now());
    return true;
}

// The record may have grown, whatever happened.
static void work(void)
{
    static uint64_t seen;
    uint64_t lines = kept_end()->count;
    for (size_t place = 0; lines != seen && place < KOZO_BOARD_SESSIONS; place++) {
        uint64_t number = followers_due(place, lines);
        if (number != 0) {
            struct kozo_message message = kozo_policy_grown_answer(lines, kept_text().start.count);
            server_complete(&server, place, number, &message);
        }
    }
    seen = lines;
}

static void looked(void)
{
    struct waiting *late = waiting_late(kozo_clock_now());
    if (late != nullptr) {
        (void)settle(late, (struct policy_consent){.answer = POLICY_ANSWER_NO});
    }
    kept_make_room(&policy);
    (void)policy_database_expire(&policy.database, now(), policy.boot, policy.restart);
    delegations_check(&policy, now());
    recent_flush(now(), false);
}

// --- Start --------------------------------------------------------------------------------------

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve, .cancel = cancel, .left = left, .looked = looked, .work = work};
    (void)argument_count;
    (void)arguments;
    (void)kozo_wall_open("clock");
    const struct kozo_system *system = nullptr;
    const char *reason = kozo_system_find(&system);
    policy.folders = (struct policy_folders){"", "", "", ""};
    policy.person = true;
    if (reason == nullptr) {
        clients_start(system, kozo_process_info()->text);
        policy.services = clients_services();
        reason = kept_start((void *)KOZO_PROCESS_KEPT, kozo_granted("keeps.size"), &policy, now());
    }
    if (reason != nullptr) {
        kozo_printf("policy: %s\n", reason);
        return 1;
    }
    lease_start(clients_service());
    delegations_start(kozo_board_session((struct kozo_board *)kozo_process_info()->board, 0)->life);
    return server_run(&server, &handlers);
}
