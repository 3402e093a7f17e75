// SPDX-License-Identifier: MIT
#include "ask.h"

#include <chain/chain.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/policy/profile.h"
#include "message.h"
#include "outcome.h"
#include "state.h"

constexpr size_t PROFILE_MOST = 64 << 10; // bytes
constexpr size_t EVENTS = 256;            // of one run in the record

static const char *shown(const char *text)
{
    static char clean[512];
    struct policy_text to = policy_text(clean, sizeof clean);
    policy_add_shown(&to, text, strlen(text), 100);
    return clean;
}

// --- Who the program is -------------------------------------------------------------------------

static bool search(const char *name, char *path)
{
    const char *folders = getenv("PATH");
    for (; folders != nullptr && folders[0] != '\0';) {
        char candidate[PATH_MAX];
        size_t length = strcspn(folders, ":");
        int size = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, folders, name);
        if (size > 0 && (size_t)size < sizeof candidate && access(candidate, X_OK) == 0 &&
            realpath(candidate, path) != nullptr) {
            return true;
        }
        folders += length + (folders[length] == ':' ? 1 : 0);
    }
    return false;
}

// A name that stays the same as long as the program is at the same place, and that no other place has.
struct identity ask_identify(const struct options *options)
{
    struct identity identity = {};
    const char *given = options->program[0];
    bool found = strchr(given, '/') != nullptr ? realpath(given, identity.path) != nullptr
                                               : search(given, identity.path);
    if (!found) {
        (void)snprintf(identity.path, sizeof identity.path, "%s", given);
    }
    struct kozo_digest digest = kozo_blake2s(identity.path, strlen(identity.path));
    const char *slash = strrchr(identity.path, '/');
    const char *last = slash != nullptr ? slash + 1 : identity.path;
    size_t used = 0;
    for (; last[used] != '\0' && used < 32; used++) {
        bool good =
            policy_is_program(last + used, 1) || (used > 0 && strchr(".-", last[used]) != nullptr);
        identity.name[used] = '_';
        if (good) {
            identity.name[used] = last[used];
        }
    }
    (void)snprintf(identity.name + used, sizeof identity.name - used, "+%02x%02x%02x%02x",
                   digest.bytes[0], digest.bytes[1], digest.bytes[2], digest.bytes[3]);
    return identity;
}

// --- The profile --------------------------------------------------------------------------------

static bool read_profile(struct policy_profile *profile, const char *path)
{
    static char text[PROFILE_MOST];
    char problem[256];
    struct policy_text fault = policy_text(problem, sizeof problem);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, sizeof text) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    if (length < 0) {
        message("the profile %s can't be read: %s", shown(path), strerror(errno));
        return false;
    }
    size_t line = (size_t)length < sizeof text
                      ? policy_profile_read(profile, text, (size_t)length, &fault)
                      : 1;
    if (line != 0) {
        message("%s:%zu: %s", shown(path), line,
                problem[0] != '\0' ? problem : "the profile is too long");
    }
    return line == 0;
}

// --- Asking -------------------------------------------------------------------------------------

bool asker_begin(struct asker *asker, const struct options *options)
{
    asker->broker.socket = -1;
    asker->prompt.terminal = -1;
    asker->person = options->prompt;
    if (options->prompt && !prompt_begin(&asker->prompt)) {
        message("--prompt needs a terminal");
        return false;
    }
    if (options->prompt) {
        prompt_greet(&asker->prompt);
    }
    if (options->broker != nullptr && !broker_begin(&asker->broker, options->broker)) {
        message("nobody answers at %s: %s", shown(options->broker), strerror(errno));
        return false;
    }
    return true;
}

bool asker_is_there(const struct asker *asker)
{
    return asker->prompt.terminal >= 0 || asker->broker.socket >= 0;
}

void asker_end(struct asker *asker)
{
    prompt_end(&asker->prompt);
    broker_end(&asker->broker);
    free(asker->profile);
    asker->profile = nullptr;
}

static struct policy_consent ask(struct asker *asker, const char *program,
                                 const struct policy_wish *wish)
{
    return asker->person
               ? prompt_ask(&asker->prompt, program, wish->reason, &wish->permission, ASK_SILENCE,
                            -1)
               : broker_ask(&asker->broker, program, wish->reason, &wish->permission, ASK_SILENCE);
}

// Decides about one wish. True when it is allowed.
static bool is_allowed(struct state *state, struct asker *asker, const struct identity *identity,
                       const struct policy_wish *wish)
{
    struct policy *policy = &state->policy;
    struct policy_request request = {
        .program = identity->name, .instance = 1, .permission = wish->permission};
    struct policy_decision decision = policy_decide(policy, nullptr, &request, state_now());
    if (decision.verdict == POLICY_ASK) {
        struct policy_consent consent = ask(asker, identity->path, wish);
        enum policy_giver giver = asker->person ? POLICY_BY_PERSON : POLICY_BY_BROKER;
        bool kept = policy_answered(policy, &request, consent, giver, state_now());
        if (asker->prompt.shown) {
            prompt_close(&asker->prompt, consent, kept ? nullptr : ASK_NOT_KEPT);
        }
        if (!kept) {
            message("%s", ASK_NOT_KEPT);
            return false;
        }
        decision = policy_decide(policy, nullptr, &request, state_now());
    }
    bool allowed = decision.verdict == POLICY_ALLOWED;
    return allowed && (decision.rule == 0 ||
                       policy_database_use(&policy->database, decision.rule, state_now()));
}

static int take_wish(struct grants *grants, struct state *state, struct asker *asker,
                     const struct identity *identity, const struct policy_wish *wish)
{
    char name[POLICY_NAME_SIZE];
    policy_write(name, sizeof name, &wish->permission);
    const struct policy_name *row = policy_name(wish->permission.id);
    bool given = grants_has(grants, &wish->permission);
    if (!given && policy_service_is_there(row->service) &&
        !grants_denies(grants, &wish->permission)) {
        given = is_allowed(state, asker, identity, wish) && grants_add(grants, name, true);
    }
    if (given || !wish->need) {
        return 0;
    }
    message("%s can't do without %s (%s), which it was not given", shown(identity->path), name,
            wish->reason);
    return STATUS_NOT_RUNNABLE;
}

static int take_wishes(struct grants *grants, struct state *state, const struct options *options,
                       const struct policy_profile *profile, struct asker *asker)
{
    struct identity identity = ask_identify(options);
    state->policy.person = options->prompt || options->broker != nullptr;
    state->policy.services = policy_services();
    int status = 0;
    for (size_t i = 0; i < profile->count && status == 0; i++) {
        status = take_wish(grants, state, asker, &identity, &profile->wish[i]);
    }
    return status;
}

int ask_for_profile(struct grants *grants, const struct options *options, struct asker *asker)
{
    grants->commanded = grants->allowed;
    if (options->profile == nullptr) {
        return 0;
    }
    struct policy_profile *profile = calloc(1, sizeof *profile);
    struct state *state = calloc(1, sizeof *state);
    int status = STATUS_FAILED;
    if (profile == nullptr || state == nullptr) {
        message("there is not enough memory");
    } else if (!read_profile(profile, options->profile)) {
        status = STATUS_USAGE;
    } else if (!state_begin(state, &grants->folders) || !state_open(state)) {
        message("%s", state->problem);
    } else {
        status = take_wishes(grants, state, options, profile, asker);
        state_close(state);
    }
    asker->profile = profile;
    free(state);
    return status;
}

// --- The record ---------------------------------------------------------------------------------

void ask_record(const struct grants *grants, const struct options *options,
                const struct policy_permission *refused, size_t count)
{
    static struct policy_record records[EVENTS];
    struct identity identity = ask_identify(options);
    struct state *state = calloc(1, sizeof *state);
    size_t used = 0;
    struct policy_record record = {.time = state_now(),
                                   .program = identity.name,
                                   .instance = (uint64_t)getpid(),
                                   .event = POLICY_EVENT_REFUSE,
                                   .because = "nobody"};
    for (size_t i = 0; i < count && used < EVENTS; i++) {
        record.permission = &refused[i];
        records[used++] = record;
    }
    if (used > 0 && (state == nullptr || !state_begin(state, &grants->folders) ||
                     !state_record(state, records, used))) {
        message("%s", state != nullptr ? state->problem : "there is not enough memory");
    }
    free(state);
}
