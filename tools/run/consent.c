// SPDX-License-Identifier: MIT
#include "consent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "query.h"

constexpr int64_t NEVER = INT64_MAX;
constexpr int64_t QUERY_PAUSE = 100;   // milliseconds of each query
constexpr int64_t QUERY_AHEAD = 2'000; // that may be taken at once
static const struct policy_consent NO = {.answer = POLICY_ANSWER_NO};

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

static struct grants *grants_of(const struct consent *consent)
{
    return consent->program->grants;
}

// --- The record ---------------------------------------------------------------------------------

static void record(struct consent *consent, enum policy_event event,
                   const struct policy_permission *permission, const char *because)
{
    struct policy_record line = {.event = event,
                                 .time = state_now(),
                                 .program = consent->identity.name,
                                 .instance = (uint64_t)getpid(),
                                 .permission = permission,
                                 .because = because};
    if (consent->kept && !state_record(&consent->state, &line, 1)) {
        message("%s", consent->state.problem);
        consent->kept = false;
    }
}

// What the run begins with.
static void record_begun(struct consent *consent)
{
    static struct policy_record records[GRANTS_NAMES];
    const struct grants *grants = grants_of(consent);
    for (size_t i = 0; i < grants->begun; i++) {
        records[i] = (struct policy_record){
            .event = POLICY_EVENT_GRANT,
            .time = consent->begun,
            .program = consent->identity.name,
            .instance = (uint64_t)getpid(),
            .permission = &grants->allow[i],
            .because = i < grants->commanded ? "command" : "decision",
        };
    }
    if (grants->begun > 0 && consent->kept &&
        !state_record(&consent->state, records, grants->begun)) {
        message("%s", consent->state.problem);
        consent->kept = false;
    }
}

// --- Telling the machine ------------------------------------------------------------------------

static void answer(struct consent *consent, unsigned number, const char *word)
{
    char line[48];
    (void)snprintf(line, sizeof line, "answer %u %s\n", number, word);
    guest_tell(consent->guest, line);
}

// Answers a query. The program may come again when there is no room now.
static void tell(struct consent *consent, unsigned number, const char *words)
{
    static char bytes[QUERY_ANSWER + 32];
    bool fits = queue_room(&consent->guest->to_control) >= strlen(words) + 64;
    int length = snprintf(bytes, sizeof bytes, "%u %s", number, fits ? words : "later\n");
    guest_tell_frame(consent->guest, "told", bytes, (size_t)length);
}

static void answer_query(struct consent *consent, const struct asked *asked, bool allowed)
{
    static char words[QUERY_ANSWER];
    struct policy_text text = policy_text(words, sizeof words);
    enum policy_id id = query_needs(asked->path);
    if (allowed) {
        query_answer(consent, asked->path, &text);
    } else {
        bool there = policy_service_is_there(policy_name(id)->service);
        policy_add(&text, "no\nthis needs %s, which %s\n", policy_name(id)->text,
                   there ? "this program was not given" : "KOZO gives to no program yet");
    }
    tell(consent, asked->number, words);
}

// Answers what the machine asked: yes, once, or no.
static void answer_asked(struct consent *consent, const struct asked *asked, const char *word)
{
    if (asked->query) {
        answer_query(consent, asked, strcmp(word, "no") != 0);
    } else {
        answer(consent, asked->number, word);
    }
}

// Makes the places as the permissions now say: the file server first, then the machine.
static bool change(struct consent *consent, const char *word, struct program_records *records)
{
    if (!program_change(consent->program, records)) {
        return false;
    }
    guest_tell_frame(consent->guest, word, records->bytes, records->length);
    return true;
}

// --- Grants -------------------------------------------------------------------------------------

// Whether giving it changes what the file server may open.
static bool is_of_files(const struct policy_permission *permission)
{
    return policy_name(permission->id)->service != POLICY_SERVICE_SELF;
}

// Gives what was asked for. False, and nothing was given: `problem` of the grants says why.
static bool give(struct consent *consent, const struct asked *asked,
                 const struct policy_permission *permission, const struct consent_grant *how)
{
    struct grants *grants = grants_of(consent);
    struct program_records records = {};
    size_t index = grants->allowed;
    bool of_files = is_of_files(permission);
    if (!(of_files ? grants_add_path(grants, permission, asked->path)
                   : grants_add_name(grants, permission))) {
        return false;
    }
    consent->grant[index] = *how;
    consent->grant[index].number = ++consent->last_number;
    consent->grant[index].asked = asked->number;
    consent->grant[index].lease = asked->lease;
    bool given = !of_files || change(consent, "given", &records);
    if (!given) {
        grants_remove(grants, index);
        free(records.bytes);
        records = (struct program_records){};
        (void)change(consent, "taken", &records);
    }
    free(records.bytes);
    return given;
}

static void add_paths(const struct grants *grants, size_t index, struct program_records *records)
{
    for (size_t i = 0; i < grants->entries; i++) {
        const struct grants_entry *entry = &grants->entry[i];
        if (entry->by == index && entry->kind != GRANTS_LINK) {
            program_record(records, "path", entry->path);
        }
    }
}

// Takes a permission away at once.
static void end_grant(struct consent *consent, size_t index, enum policy_event event,
                      const char *because)
{
    struct grants *grants = grants_of(consent);
    struct program_records records = {};
    struct policy_permission permission = grants->allow[index];
    add_paths(grants, index, &records);
    grants_remove(grants, index);
    memmove(&consent->grant[index], &consent->grant[index + 1],
            (grants->allowed - index) * sizeof consent->grant[0]);
    if (is_of_files(&permission) && !change(consent, "taken", &records)) {
        message("%s", grants->problem);
        files_stop(&consent->program->view.files); // nothing is given rather than too much
    }
    free(records.bytes);
    record(consent, event, &permission, because);
}

// A call that was asked for is over: what was given for it alone is closed.
static void end_use(struct consent *consent, unsigned number)
{
    struct grants *grants = grants_of(consent);
    struct program_records records = {};
    for (size_t i = 0; i < grants->allowed; i++) {
        struct consent_grant *grant = &consent->grant[i];
        if (grant->once && !grant->used && grant->asked == number) {
            grant->used = true;
            grants_close(grants, i);
        }
    }
    if (!change(consent, "taken", &records)) {
        files_stop(&consent->program->view.files);
    }
    free(records.bytes);
    answer(consent, number, "no");
}

// Ends a rule that is kept, so that it does not give the same again.
static void end_rule(struct consent *consent, uint64_t rule)
{
    struct state *state = &consent->state;
    if (rule != 0 && consent->kept && state_open(state)) {
        (void)policy_database_end(&state->policy.database, rule, POLICY_END_REVOKED, state_now());
        state_close(state);
    }
}

// A command of sudo is over, and with it what it was given, however that is used.
static void end_lease(struct consent *consent, unsigned lease)
{
    for (size_t i = grants_of(consent)->allowed; i > 0; i--) {
        if (lease != 0 && consent->grant[i - 1].lease == lease) {
            end_grant(consent, i - 1, POLICY_EVENT_EXPIRE, "sudo");
        }
    }
    answer(consent, lease, "no");
}

static void take_back(struct consent *consent, size_t index, bool broker)
{
    struct policy_permission permission = grants_of(consent)->allow[index];
    uint64_t rule = consent->grant[index].rule;
    if (consent->refused < GRANTS_NAMES) {
        consent->refusal[consent->refused++] =
            (struct consent_refusal){permission, broker, state_now()};
    }
    end_grant(consent, index, POLICY_EVENT_REVOKE, "person");
    end_rule(consent, rule);
}

bool consent_revoke(struct consent *consent, const char *text)
{
    const struct grants *grants = grants_of(consent);
    unsigned long number = strtoul(text, nullptr, 10);
    bool found = false;
    for (size_t i = grants->allowed; i > 0; i--) {
        char name[POLICY_NAME_SIZE];
        policy_write(name, sizeof name, &grants->allow[i - 1]);
        if (strcmp(name, text) == 0 || consent->grant[i - 1].number == number) {
            take_back(consent, i - 1, false);
            found = true;
        }
    }
    return found;
}

// Takes back what the answer to a question of the broker gave.
static void revoke_of_broker(struct consent *consent, uint64_t id)
{
    for (size_t i = grants_of(consent)->allowed; i > 0; i--) {
        if (consent->grant[i - 1].broker == id) {
            take_back(consent, i - 1, true);
        }
    }
}

void consent_add_until(struct policy_text *text, const struct consent_grant *grant)
{
    if (grant->ends != NEVER) {
        policy_add(text, "for %ld more seconds", (grant->ends - now()) / 1'000);
    } else {
        policy_add(text, "%s",
                   grant->used    ? "once, and used"
                   : grant->lease ? "until the command that sudo runs ends"
                                  : policy_until_words(grant->until));
    }
}

void consent_list(const struct consent *consent, struct policy_text *text)
{
    const struct grants *grants = grants_of(consent);
    for (size_t i = 0; i < grants->allowed; i++) {
        const struct consent_grant *grant = &consent->grant[i];
        char name[POLICY_NAME_SIZE];
        policy_write(name, sizeof name, &grants->allow[i]);
        policy_add(text, "  %4u ", grant->number);
        policy_add_shown(text, name, strlen(name), 100);
        policy_add(text, " ");
        consent_add_until(text, grant);
        policy_add(text, "\n");
    }
}

// --- Deciding -----------------------------------------------------------------------------------

static bool covers(const struct consent *consent, const struct policy_permission *one,
                   const struct policy_permission *other)
{
    return policy_covers(&grants_of(consent)->folders, one, other);
}

struct consent_found consent_find(const struct consent *consent,
                                  const struct policy_permission *permission)
{
    const struct grants *grants = grants_of(consent);
    for (size_t i = 0; i < grants->denied; i++) {
        if (covers(consent, &grants->deny[i], permission)) {
            return (struct consent_found){CONSENT_DENIED, i};
        }
    }
    // It may have been given by the answer to a question that waited before this one.
    for (size_t i = 0; i < grants->allowed; i++) {
        if (!consent->grant[i].used && covers(consent, &grants->allow[i], permission)) {
            return (struct consent_found){CONSENT_GIVEN, i};
        }
    }
    for (size_t i = 0; i < consent->refused; i++) {
        if (covers(consent, &consent->refusal[i].permission, permission)) {
            return (struct consent_found){CONSENT_TAKEN_BACK, i};
        }
    }
    return (struct consent_found){CONSENT_OPEN, 0};
}

// How often queries were refused for want of a permission, with this one.
static uint64_t count_blocked(struct consent *consent, enum policy_id id)
{
    struct consent_blocked *blocked = consent->blocked;
    size_t i = blocked[0].times == 0 || blocked[0].id == id ? 0 : 1;
    blocked[i].id = id;
    return ++blocked[i].times;
}

// A refused query is recorded once: a program can't fill the record with them.
static void refuse(struct consent *consent, const struct asked *asked,
                   const struct policy_permission *permission, const char *because)
{
    if (!asked->query || count_blocked(consent, permission->id) == 1) {
        record(consent, POLICY_EVENT_REFUSE, permission, because);
    }
    answer_asked(consent, asked, "no");
}

void consent_tell_blocked(const struct consent *consent)
{
    for (size_t i = 0; i < CONSENT_BLOCKED && consent->blocked[i].times > 0; i++) {
        uint64_t times = consent->blocked[i].times;
        const struct policy_name *name = policy_name(consent->blocked[i].id);
        bool there = policy_service_is_there(name->service);
        message("blocked: %s, %" PRIu64 " time%s%s%s", name->text, times, times == 1 ? "" : "s",
                there ? "; to allow it: --allow " : "", there ? name->text : "");
    }
}

// How long a rule holds in this run.
static struct consent_grant grant_of(const struct consent *consent,
                                     const struct policy_decision *decision)
{
    const struct policy_rule *rule =
        policy_database_find(&consent->state.policy.database, decision->rule);
    struct consent_grant grant = {
        .way = CONSENT_BY_RULE, .made = state_now(), .ends = NEVER, .until = POLICY_UNTIL_CLOSE};
    if (rule != nullptr) {
        uint64_t time = state_now();
        uint64_t left = rule->limit > time ? rule->limit - time : 0;
        grant.rule = rule->id;
        grant.until = rule->until;
        grant.once = rule->until == POLICY_UNTIL_ONCE;
        grant.ends = rule->until == POLICY_UNTIL_TIME ? now() + (int64_t)left * 1'000 : NEVER;
    }
    return grant;
}

// Whether a decision allows. What is allowed counts as used: for one use, that ends the rule.
static bool is_allowed(struct consent *consent, const struct policy_decision *decision)
{
    struct policy_database *database = &consent->state.policy.database;
    return decision->verdict == POLICY_ALLOWED &&
           (decision->rule == 0 || policy_database_use(database, decision->rule, state_now()));
}

static void carry_out(struct consent *consent, const struct asked *asked,
                      const struct policy_permission *permission,
                      const struct policy_decision *decision, enum consent_way way, int64_t ends)
{
    const struct asker *asker = &consent->program->asker;
    struct consent_grant grant = grant_of(consent, decision);
    grant.way = way;
    grant.ends = ends < grant.ends ? ends : grant.ends;
    grant.broker = way == CONSENT_BY_QUESTION && !asker->person ? asker->broker.id : 0;
    bool allowed = is_allowed(consent, decision);
    state_close(&consent->state);
    bool given = allowed && give(consent, asked, permission, &grant);
    if (allowed && !given) {
        message("%s", grants_of(consent)->problem);
    }
    if (!given) {
        refuse(consent, asked, permission, policy_because_word(decision->because));
        return;
    }
    record(consent, POLICY_EVENT_GRANT, permission, policy_because_word(decision->because));
    answer_asked(consent, asked, grant.once ? "once" : "yes");
    if (asked->query && grant.once) {
        consent->grant[grants_of(consent)->allowed - 1].used = true;
    }
}

struct policy_request consent_request(const struct consent *consent,
                                      const struct policy_permission *permission)
{
    return (struct policy_request){
        .program = consent->identity.name,
        .instance = (uint64_t)getpid(),
        .permission = *permission,
    };
}

// --- The question that is shown -----------------------------------------------------------------

// Who asks. Of a command of sudo that is the program of the run all the same; the command's name is its own word.
static void name_asker(struct consent *consent)
{
    const struct asked *asked = &consent->asked;
    bool leased = asked->lease != 0;
    (void)snprintf(consent->who, sizeof consent->who, "%s%s", consent->identity.path,
                   leased ? " through sudo" : "");
    if (asked->picks) {
        (void)snprintf(consent->reason, sizeof consent->reason, "%s", asked->path);
    } else {
        (void)snprintf(consent->reason, sizeof consent->reason, leased ? "%s asks for it" : "%s",
                       asked->command);
    }
}

static const char *reason_of(const struct consent *consent)
{
    return consent->reason[0] != '\0' ? consent->reason : nullptr;
}

static bool show(struct consent *consent)
{
    struct asker *asker = &consent->program->asker;
    name_asker(consent);
    if (!asker->person) {
        return broker_send(&asker->broker, consent->who, reason_of(consent), &consent->permission);
    }
    asker->prompt.leased = consent->asked.lease != 0;
    asker->prompt.picker = consent->asked.picks ? &consent->picker : nullptr;
    guest_clear(consent->guest);
    return true; // it is drawn when the terminal is clear
}

static void hide(struct consent *consent, struct policy_consent answered, const char *words)
{
    struct asker *asker = &consent->program->asker;
    if (asker->person && asker->prompt.shown) {
        prompt_close(&asker->prompt, answered, words);
    }
    asker->broker.waits = false;
    guest_release(consent->guest);
    consent->shown = false;
}

// What an answer gives to a command of sudo ends with the run at the latest. The command's end comes before; so may a time, until which
// it holds.
static struct policy_consent narrow(struct policy_consent answered, int64_t *ends)
{
    constexpr int64_t MINUTE = 60'000;
    bool timed = answered.answer == POLICY_ANSWER_MINUTES || answered.answer == POLICY_ANSWER_HOUR;
    if (timed) {
        *ends = now() + MINUTE * (answered.minutes > 0 ? (int64_t)answered.minutes : 60);
    }
    return timed || policy_outlives(answered.answer)
               ? (struct policy_consent){.answer = POLICY_ANSWER_CLOSE}
               : answered;
}

// The question is answered. The person is told when that is kept.
static void settle(struct consent *consent, struct policy_consent answered)
{
    struct policy *policy = &consent->state.policy;
    struct policy_request request = consent_request(consent, &consent->permission);
    const struct asker *asker = &consent->program->asker;
    enum policy_giver giver = asker->person ? POLICY_BY_PERSON : POLICY_BY_BROKER;
    struct policy_decision decision = {.verdict = POLICY_REFUSED,
                                       .because = POLICY_BECAUSE_UNDECIDED};
    const char *problem = nullptr;
    int64_t ends = NEVER;
    struct policy_consent kept = consent->asked.lease != 0 ? narrow(answered, &ends) : answered;
    if (!state_open(&consent->state)) {
        problem = consent->state.problem;
    } else if (!policy_answered(policy, &request, kept, giver, state_now())) {
        problem = ASK_NOT_KEPT;
    } else {
        decision = policy_decide(policy, nullptr, &request, state_now());
    }
    hide(consent, answered, problem);
    if (problem != nullptr) {
        message("%s", problem);
    }
    carry_out(consent, &consent->asked, &consent->permission, &decision, CONSENT_BY_QUESTION, ends);
}

// --- A file that is chosen ----------------------------------------------------------------------

// Keeps that nothing was chosen, so that it is not asked for again at once.
static void refuse_pick(struct consent *consent, struct policy_consent answered, const char *words)
{
    const struct asker *asker = &consent->program->asker;
    struct policy_request request = consent_request(consent, &consent->permission);
    enum policy_giver giver = asker->person ? POLICY_BY_PERSON : POLICY_BY_BROKER;
    if (state_open(&consent->state)) {
        (void)policy_answered(&consent->state.policy, &request, answered, giver, state_now());
        state_close(&consent->state);
    }
    hide(consent, answered, words);
    refuse(consent, &consent->asked, &consent->permission, "rule");
}

// Gives the file that was chosen, unless the program has it. False, and nothing was given: `problem` says why.
static bool give_picked(struct consent *consent, const struct policy_permission *permission,
                        struct policy_text *problem)
{
    const struct asker *asker = &consent->program->asker;
    struct asked asked = {.number = consent->asked.number, .lease = consent->asked.lease};
    struct consent_grant grant = {.way = CONSENT_BY_PICKER,
                                  .made = state_now(),
                                  .ends = NEVER,
                                  .until = POLICY_UNTIL_CLOSE,
                                  .broker = asker->person ? 0 : asker->broker.id};
    enum consent_standing standing = consent_find(consent, permission).standing;
    (void)snprintf(asked.path, sizeof asked.path, "%s", permission->scope);
    if (standing == CONSENT_DENIED) {
        policy_add(problem, "no: the command that started it denies that");
        return false;
    }
    if (standing == CONSENT_GIVEN || grants_has(grants_of(consent), permission)) {
        return true;
    }
    if (!give(consent, &asked, permission, &grant)) {
        policy_add(problem, "no: %s", grants_of(consent)->problem);
        return false;
    }
    return true;
}

// The person or the broker has chosen a file, by a path without links.
static void settle_picked(struct consent *consent, const char *path)
{
    char words[POLICY_QUESTION_CELLS * 4];
    struct policy_text text = policy_text(words, sizeof words);
    struct policy_permission permission = {.id = consent->asked.write ? POLICY_FILES_PATH_WRITE
                                                                      : POLICY_FILES_PATH_READ};
    (void)snprintf(permission.scope, sizeof permission.scope, "%s", path);
    if (!give_picked(consent, &permission, &text)) {
        refuse_pick(consent, NO, words);
        return;
    }
    policy_add(&text,
               "given %s: ", consent->asked.lease != 0 ? POLICY_UNTIL_COMMAND : "until it closes");
    policy_add_shown(&text, path, strlen(path), POLICY_QUESTION_CELLS - text.column - 2);
    hide(consent, NO, words);
    record(consent, POLICY_EVENT_GRANT, &permission, "picked");
    char frame[POLICY_SCOPE_SIZE + 16];
    int length = snprintf(frame, sizeof frame, "%u %s", consent->asked.number, path);
    guest_tell_frame(consent->guest, "picked", frame, (size_t)length);
}

// Looks at what was chosen once more: time has passed since a person typed it, and a broker is not helped with it.
static void settle_pick(struct consent *consent, struct policy_consent answered)
{
    const struct asker *asker = &consent->program->asker;
    char words[POLICY_QUESTION_CELLS * 4];
    char real[POLICY_SCOPE_SIZE];
    struct policy_text problem = policy_text(words, sizeof words);
    bool folder = false;
    const char *chosen = asker->person ? consent->picker.path : asker->broker.path;
    if (chosen[0] == '\0') {
        bool never = answered.answer == POLICY_ANSWER_NEVER;
        refuse_pick(consent, never ? answered : NO, nullptr);
    } else if (picker_resolve("/", chosen, consent->asked.write, real, &folder, &problem)) {
        settle_picked(consent, real);
    } else {
        message("what was chosen can't be given: %s", words);
        refuse_pick(consent, NO, words);
    }
}

static void settle_any(struct consent *consent, struct policy_consent answered)
{
    if (consent->asked.picks) {
        settle_pick(consent, answered);
    } else {
        settle(consent, answered);
    }
}

// --- Deciding about what is asked ---------------------------------------------------------------

static void begin_question(struct consent *consent, const struct asked *asked,
                           const struct policy_permission *permission)
{
    policy_asked(&consent->state.policy, consent->identity.name, state_now());
    record(consent, POLICY_EVENT_ASK, permission, nullptr);
    consent->asked = *asked;
    consent->permission = *permission;
    consent->shown = true;
    consent->silent_at = now() + ASK_SILENCE;
    picker_begin(&consent->picker, grants_of(consent)->folders.folder, asked->write);
    consent->program->asker.broker.path[0] = '\0';
    if (!show(consent)) {
        settle_any(consent, NO);
    }
}

// What is kept may refuse a picker. It can't choose: that is for somebody who is there.
static void decide_pick(struct consent *consent, const struct asked *asked)
{
    struct policy_permission permission = {.id = asked->write ? POLICY_FILES_PICK_WRITE
                                                              : POLICY_FILES_PICK_READ};
    struct policy *policy = &consent->state.policy;
    struct policy_request request = consent_request(consent, &permission);
    policy->person = asker_is_there(&consent->program->asker);
    if (consent_find(consent, &permission).standing == CONSENT_DENIED) {
        refuse(consent, asked, &permission, "rule");
        return;
    }
    if (!policy->person || !consent->kept || !state_open(&consent->state)) {
        refuse(consent, asked, &permission, "nobody");
        return;
    }
    struct policy_decision decision =
        policy_decide(policy, consent->program->asker.profile, &request, state_now());
    state_close(&consent->state);
    if (decision.verdict == POLICY_REFUSED) {
        refuse(consent, asked, &permission, policy_because_word(decision.because));
        return;
    }
    begin_question(consent, asked, &permission);
}

// Decides about a path, or begins to ask for it.
static void decide(struct consent *consent, const struct asked *asked)
{
    struct policy_permission permission = {.id = asked->query   ? query_needs(asked->path)
                                                 : asked->write ? POLICY_FILES_PATH_WRITE
                                                                : POLICY_FILES_PATH_READ};
    if (asked->picks) {
        decide_pick(consent, asked);
        return;
    }
    if (!asked->query &&
        (grants_is_own(asked->path) || !grants_resolve(asked->path, permission.scope))) {
        answer(consent, asked->number, "no");
        return;
    }
    enum consent_standing standing = consent_find(consent, &permission).standing;
    if (standing == CONSENT_GIVEN) {
        answer_asked(consent, asked, "yes");
        return;
    }
    if (standing != CONSENT_OPEN) {
        refuse(consent, asked, &permission, "rule");
        return;
    }
    struct policy *policy = &consent->state.policy;
    struct policy_request request = consent_request(consent, &permission);
    // With sudo only its commands may ask.
    policy->person =
        asker_is_there(&consent->program->asker) && !(asked->query && consent->options->sudo);
    if (!consent->kept || !state_open(&consent->state)) {
        refuse(consent, asked, &permission, "nobody");
        return;
    }
    struct policy_decision decision =
        policy_decide(policy, consent->program->asker.profile, &request, state_now());
    if (decision.verdict != POLICY_ASK) {
        carry_out(consent, asked, &permission, &decision, CONSENT_BY_RULE, NEVER);
        return;
    }
    state_close(&consent->state);
    begin_question(consent, asked, &permission);
}

static void go_on(struct consent *consent)
{
    while (!consent->shown && consent->count > 0) {
        struct asked asked = consent->queue[consent->first];
        consent->first = (consent->first + 1) % CONSENT_QUEUE;
        consent->count--;
        decide(consent, &asked);
    }
}

// Draws the question when all that came before it is on the terminal.
static void draw(struct consent *consent)
{
    struct asker *asker = &consent->program->asker;
    while (consent->shown && asker->person && !asker->prompt.shown &&
           guest_is_clear(consent->guest)) {
        if (!prompt_show(&asker->prompt, consent->who, reason_of(consent), &consent->permission)) {
            settle_any(consent, NO);
            go_on(consent);
        }
    }
}

// --- The person gives from another terminal -----------------------------------------------------

bool consent_parse(const char *text, struct policy_permission *permission,
                   struct policy_text *problem)
{
    size_t length = strlen(text);
    struct policy_parsed parsed = policy_parse(text, length);
    *permission = parsed.permission;
    if (parsed.fault != POLICY_FAULT_NONE) {
        policy_complain(problem, text, length, parsed.fault);
    }
    return parsed.fault == POLICY_FAULT_NONE;
}

bool consent_read(const char *text, struct policy_permission *permission,
                  struct policy_text *problem)
{
    if (!consent_parse(text, permission, problem)) {
        return false;
    }
    if (policy_name(permission->id)->scope != POLICY_SCOPE_PATH) {
        return true;
    }
    struct policy_permission real = {.id = permission->id};
    if (!grants_resolve(permission->scope, real.scope)) {
        policy_add(problem, "it can't be told where that path leads");
        return false;
    }
    *permission = real;
    return true;
}

static bool is_own(const char *path)
{
    return strcmp(path, "/") != 0 && grants_is_own(path);
}

// Whether a permission can be given at this path; null: it has none. False: `problem` says why not.
static bool can_give(const struct consent *consent, const struct policy_permission *permission,
                     const char *path, struct policy_text *problem)
{
    const struct policy_name *name = policy_name(permission->id);
    struct consent_found found = consent_find(consent, permission);
    bool of_files = is_of_files(permission);
    if (!policy_service_is_there(name->service)) {
        policy_add(problem, "KOZO has no %s yet, which would do it",
                   policy_service_name(name->service));
    } else if (found.standing == CONSENT_DENIED) {
        policy_add(problem, "the command that started it denies that");
    } else if (found.standing == CONSENT_GIVEN) {
        policy_add(problem, "it has that already, by number %u",
                   consent->grant[found.index].number);
    } else if (grants_has(grants_of(consent), permission)) {
        policy_add(problem, "every program may do that");
    } else if (of_files && path == nullptr) {
        policy_add(problem, "%s has no place of its own on this host", name->text);
    } else if (of_files &&
               (is_own(path) || (permission->scope[0] != '\0' && is_own(permission->scope)))) {
        policy_add(problem, "each program has files of its own there, whatever this host has");
    } else {
        return true;
    }
    return false;
}

// Keeps what the person says as a rule, and gives how it holds. False: `problem` says why.
static bool keep_given(struct consent *consent, const struct policy_permission *permission,
                       struct policy_consent how, struct consent_grant *grant,
                       struct policy_text *problem)
{
    struct policy *policy = &consent->state.policy;
    struct policy_request request = consent_request(consent, permission);
    if (!consent->kept || !state_open(&consent->state)) {
        policy_add(problem, "%s", consent->state.problem);
        return false;
    }
    bool kept = policy_answered(policy, &request, how, POLICY_BY_PERSON, state_now());
    uint64_t rule = policy->database.next - 1;
    struct policy_decision decision = policy_decide(policy, nullptr, &request, state_now());
    bool allowed = kept && is_allowed(consent, &decision);
    *grant = grant_of(consent, &decision);
    grant->way = CONSENT_BY_TERMINAL;
    if (!kept) {
        policy_add(problem, "what is decided can't be kept, so it does not hold");
    } else if (!allowed) {
        policy_explain(problem, policy, &request, &decision, state_now());
        (void)policy_database_end(&policy->database, rule, POLICY_END_REVOKED, state_now());
    }
    state_close(&consent->state);
    return allowed;
}

// What a question that is shown asks for was given meanwhile.
static void answer_shown(struct consent *consent, const struct policy_permission *given)
{
    if (consent->shown && covers(consent, given, &consent->permission)) {
        hide(consent, NO, "given from another terminal");
        answer_asked(consent, &consent->asked, "yes");
    }
}

bool consent_give(struct consent *consent, const char *text, struct policy_consent how,
                  struct policy_text *problem)
{
    struct policy_permission permission;
    struct consent_grant grant;
    struct asked asked = {};
    if (!consent_read(text, &permission, problem)) {
        return false;
    }
    // A path is given as it was named: links on the way are to be seen.
    const char *colon = strchr(text, ':');
    const char *path =
        colon != nullptr ? colon + 1 : policy_path(&grants_of(consent)->folders, &permission);
    if (!can_give(consent, &permission, path, problem) ||
        !keep_given(consent, &permission, how, &grant, problem)) {
        return false;
    }
    (void)snprintf(asked.path, sizeof asked.path, "%s", path != nullptr ? path : "");
    if (!give(consent, &asked, &permission, &grant)) {
        policy_add(problem, "%s", grants_of(consent)->problem);
        end_rule(consent, grant.rule);
        return false;
    }
    record(consent, POLICY_EVENT_GRANT, &permission, "person");
    answer_shown(consent, &permission);
    go_on(consent);
    return true;
}

// --- What the machine says ----------------------------------------------------------------------

// Whether queries come so fast that this one has to come again.
static bool is_too_fast(struct consent *consent)
{
    int64_t time = now();
    consent->paced = consent->paced > time ? consent->paced : time;
    bool fast = consent->paced - time > QUERY_AHEAD;
    consent->paced += fast ? 0 : QUERY_PAUSE;
    return fast;
}

static void queried(struct consent *consent, const char *text)
{
    struct asked asked;
    if (!asked_read_query(text, &asked)) {
        return;
    }
    if (consent->count == CONSENT_QUEUE || is_too_fast(consent)) {
        tell(consent, asked.number, "later\n");
        return;
    }
    consent->queue[(consent->first + consent->count++) % CONSENT_QUEUE] = asked;
    go_on(consent);
}

static void asked_for(struct consent *consent, const char *text)
{
    struct asked asked;
    if (!asked_read(text, &asked)) {
        return;
    }
    // What is too long to be a permission, what may not ask, and what is one too many, is refused.
    bool may_ask = !consent->options->sudo || asked.lease != 0;
    if ((asked.path[0] == '\0' && !asked.picks) || !may_ask || consent->count == CONSENT_QUEUE) {
        answer(consent, asked.number, "no");
        return;
    }
    consent->queue[(consent->first + consent->count++) % CONSENT_QUEUE] = asked;
    go_on(consent);
}

// Nobody waits for the answer any more.
static void withdrawn(struct consent *consent, unsigned number)
{
    if (consent->shown && consent->asked.number == number) {
        hide(consent, NO, "no longer asked");
        record(consent, POLICY_EVENT_REFUSE, &consent->permission, "undecided");
        go_on(consent);
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < consent->count; i++) {
        size_t from = (consent->first + i) % CONSENT_QUEUE;
        if (consent->queue[from].number != number) {
            consent->queue[(consent->first + kept++) % CONSENT_QUEUE] = consent->queue[from];
        }
    }
    consent->count = kept;
}

static void hear(void *context, const struct talk_event *event)
{
    struct consent *consent = context;
    if (event->kind == TALK_ASK) {
        asked_for(consent, event->text);
    } else if (event->kind == TALK_QUERY) {
        queried(consent, event->text);
    } else if (event->kind == TALK_UNASK) {
        withdrawn(consent, event->number);
    } else if (event->kind == TALK_USED) {
        end_use(consent, event->number);
    } else if (event->kind == TALK_OVER) {
        end_lease(consent, event->number);
    }
}

// --- The run ------------------------------------------------------------------------------------

// What was allowed before the program began because its profile names it holds as long as the rule says. A rule for
// one use is used by now, and what it gave is the run's.
static void look_up(struct consent *consent)
{
    const struct grants *grants = grants_of(consent);
    if (grants->commanded == grants->allowed || !consent->kept || !state_open(&consent->state)) {
        return;
    }
    for (size_t i = grants->commanded; i < grants->allowed; i++) {
        struct policy_request request = consent_request(consent, &grants->allow[i]);
        struct policy_decision decision =
            policy_decide(&consent->state.policy, nullptr, &request, state_now());
        struct consent_grant grant = grant_of(consent, &decision);
        if (decision.verdict == POLICY_ALLOWED && grant.rule != 0 && !grant.once) {
            grant.way = CONSENT_BY_PROFILE;
            grant.number = consent->grant[i].number;
            consent->grant[i] = grant;
        }
    }
    state_close(&consent->state);
}

void consent_begin(struct consent *consent, const struct options *options, struct program *program,
                   struct guest *guest)
{
    consent->options = options;
    consent->program = program;
    consent->guest = guest;
    consent->identity = ask_identify(options);
    consent->begun = state_now();
    struct grants *grants = grants_of(consent);
    grants->begun = grants->allowed;
    for (size_t i = 0; i < grants->allowed; i++) {
        bool commanded = i < grants->commanded;
        consent->grant[i] = (struct consent_grant){
            .number = ++consent->last_number,
            .way = commanded ? CONSENT_BY_COMMAND : CONSENT_BY_PROFILE,
            .made = state_now(),
            .ends = NEVER,
            .until = POLICY_UNTIL_CLOSE,
        };
    }
    consent->kept = state_begin(&consent->state, &grants->folders);
    consent->state.policy.services = policy_services();
    look_up(consent);
    record_begun(consent);
    guest->heard = hear;
    guest->hearer = consent;
}

void consent_end(struct consent *consent)
{
    if (consent->shown) {
        hide(consent, NO, "no longer asked");
        record(consent, POLICY_EVENT_REFUSE, &consent->permission, "undecided");
    }
}

void consent_watch(const struct consent *consent, struct pollfd *list)
{
    const struct asker *asker = &consent->program->asker;
    int person = asker->prompt.shown ? asker->prompt.terminal : -1;
    list[0] =
        (struct pollfd){.fd = asker->person ? person : asker->broker.socket, .events = POLLIN};
}

static void take_broker(struct consent *consent)
{
    struct broker *broker = &consent->program->asker.broker;
    struct broker_said said = broker_take(broker);
    if (said.news == BROKER_REVOKES) {
        revoke_of_broker(consent, said.id);
    } else if (said.news == BROKER_ANSWER && consent->shown) {
        settle_any(consent, said.consent);
    } else if (said.news == BROKER_FAILED) {
        broker_end(broker);
        if (consent->shown) {
            settle_any(consent, NO);
        }
    }
}

void consent_take(struct consent *consent, const struct pollfd *list)
{
    struct asker *asker = &consent->program->asker;
    if (list[0].fd < 0 || list[0].revents == 0) {
        return;
    }
    if (!asker->person) {
        take_broker(consent);
    } else if (asker->prompt.shown && prompt_take(&asker->prompt)) {
        settle_any(consent, asker->prompt.consent);
    } else if (consent->asked.picks) {
        consent->silent_at = now() + ASK_SILENCE; // who looks through folders is not silent
    }
    go_on(consent);
}

int64_t consent_time(const struct consent *consent)
{
    int64_t next = consent->shown ? consent->silent_at : NEVER;
    for (size_t i = 0; i < grants_of(consent)->allowed; i++) {
        next = consent->grant[i].ends < next ? consent->grant[i].ends : next;
    }
    return next;
}

void consent_look(struct consent *consent)
{
    int64_t time = now();
    for (size_t i = grants_of(consent)->allowed; i > 0; i--) {
        if (consent->grant[i - 1].ends <= time) {
            end_grant(consent, i - 1, POLICY_EVENT_EXPIRE, "time");
        }
    }
    if (consent->shown && consent->silent_at <= time) {
        // A broker that is silent has failed.
        broker_end(&consent->program->asker.broker);
        settle_any(consent, NO);
        go_on(consent);
    }
    draw(consent);
}
