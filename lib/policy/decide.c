// SPDX-License-Identifier: MIT
#include "decide.h"

#include <string.h>

constexpr uint64_t MINUTE = 60;
constexpr uint64_t HOUR = 3'600;
constexpr uint64_t DAY = 86'400;
constexpr size_t SHOWN_MOST = 50; // cells of a phrase in an explanation

// --- The decision -------------------------------------------------------------------------------

static bool holds(const struct policy *policy, const struct policy_rule *rule,
                  const struct policy_request *request, uint64_t now)
{
    if (strcmp(rule->program, request->program) != 0) {
        return false;
    }
    switch (rule->until) {
    case POLICY_UNTIL_TIME:
        return now < rule->limit && now >= rule->made;
    case POLICY_UNTIL_CLOSE:
        return rule->limit == request->instance && rule->boot == policy->boot;
    case POLICY_UNTIL_ONCE:
        return rule->boot == policy->boot;
    case POLICY_UNTIL_RESTART:
        return rule->boot == policy->restart;
    case POLICY_UNTIL_ALWAYS:
    default:
        return true;
    }
}

// The first rule that holds and says this about what is asked for, or null.
static const struct policy_rule *rule_for(const struct policy *policy,
                                          const struct policy_request *request, bool allow,
                                          uint64_t now)
{
    const struct policy_database *database = &policy->database;
    for (size_t i = 0; i < database->count; i++) {
        const struct policy_rule *rule = &database->rule[i];
        if (rule->allow == allow && holds(policy, rule, request, now) &&
            policy_covers(&policy->folders, &rule->permission, &request->permission)) {
            return rule;
        }
    }
    return nullptr;
}

static bool is_default(const struct policy *policy, const struct policy_permission *permission)
{
    static const struct policy_permission system = {.id = POLICY_FILES_SYSTEM_READ};
    return policy_covers(&policy->folders, &system, permission);
}

static bool is_wished(const struct policy *policy, const struct policy_profile *profile,
                      const struct policy_permission *permission)
{
    for (size_t i = 0; i < profile->count; i++) {
        if (policy_covers(&policy->folders, &profile->wish[i].permission, permission)) {
            return true;
        }
    }
    return false;
}

static const struct policy_asker *asker_of(const struct policy *policy, const char *program)
{
    for (size_t i = 0; i < POLICY_ASKERS; i++) {
        if (strcmp(policy->asker[i].program, program) == 0) {
            return &policy->asker[i];
        }
    }
    return nullptr;
}

static bool asks_too_often(const struct policy *policy, const char *program, uint64_t now)
{
    const struct policy_asker *asker = asker_of(policy, program);
    // `next` is the place of the oldest question.
    uint64_t oldest = asker != nullptr ? asker->asked[asker->next] : 0;
    return oldest != 0 && now < oldest + POLICY_QUESTIONS_TIME;
}

static struct policy_decision decided(bool allow, enum policy_because because, uint64_t rule)
{
    enum policy_verdict verdict = allow ? POLICY_ALLOWED : POLICY_REFUSED;
    return (struct policy_decision){.verdict = verdict, .because = because, .rule = rule};
}

struct policy_decision policy_decide(const struct policy *policy,
                                     const struct policy_profile *profile,
                                     const struct policy_request *request, uint64_t now)
{
    const struct policy_permission *permission = &request->permission;
    if ((policy->services >> policy_name(permission->id)->service & 1) == 0) {
        return decided(false, POLICY_BECAUSE_NO_SERVICE, 0);
    }
    const struct policy_rule *rule = rule_for(policy, request, false, now);
    if (rule != nullptr) {
        return decided(false, POLICY_BECAUSE_RULE, rule->id);
    }
    rule = rule_for(policy, request, true, now);
    if (rule != nullptr) {
        return decided(true, POLICY_BECAUSE_RULE, rule->id);
    }
    if (is_default(policy, permission)) {
        return decided(true, POLICY_BECAUSE_DEFAULT, 0);
    }
    if (profile != nullptr && !is_wished(policy, profile, permission)) {
        return decided(false, POLICY_BECAUSE_PROFILE, 0);
    }
    if (!policy->person) {
        return decided(false, POLICY_BECAUSE_NOBODY, 0);
    }
    if (asks_too_often(policy, request->program, now)) {
        return decided(false, POLICY_BECAUSE_MANY, 0);
    }
    return (struct policy_decision){.verdict = POLICY_ASK, .because = POLICY_BECAUSE_UNDECIDED};
}

// Who is refused to read a part is not to have it with the right to change the whole, and the other way round.
uint64_t policy_refused_within(const struct policy *policy, const struct policy_request *request,
                               uint64_t now)
{
    const char *place = policy_path(&policy->folders, &request->permission);
    for (size_t i = 0; place != nullptr && i < policy->database.count; i++) {
        const struct policy_rule *rule = &policy->database.rule[i];
        const char *path = policy_path(&policy->folders, &rule->permission);
        bool meets =
            (policy_rights(rule->permission.id) & policy_rights(request->permission.id)) != 0;
        if (!rule->allow && path != nullptr && meets && policy_path_is_below(path, place) &&
            holds(policy, rule, request, now)) {
            return rule->id;
        }
    }
    return 0;
}

void policy_asked(struct policy *policy, const char *program, uint64_t now)
{
    struct policy_asker *asker = nullptr;
    for (size_t i = 0; i < POLICY_ASKERS && asker == nullptr; i++) {
        asker = strcmp(policy->asker[i].program, program) == 0 ? &policy->asker[i] : nullptr;
    }
    if (asker == nullptr) {
        asker = &policy->asker[policy->next_asker++ % POLICY_ASKERS];
        memset(asker, 0, sizeof *asker);
        memcpy(asker->program, program, strnlen(program, sizeof asker->program - 1));
    }
    asker->asked[asker->next] = now;
    asker->next = (asker->next + 1) % POLICY_QUESTIONS;
}

// --- Answers ------------------------------------------------------------------------------------

bool policy_answered(struct policy *policy, const struct policy_request *request,
                     struct policy_consent consent, enum policy_giver giver, uint64_t now)
{
    static const struct {
        bool allow;
        enum policy_until until;
        uint64_t seconds;
    } meaning[] = {
        [POLICY_ANSWER_NO] = {false, POLICY_UNTIL_TIME, POLICY_REST},
        [POLICY_ANSWER_ONCE] = {true, POLICY_UNTIL_ONCE, 0},
        [POLICY_ANSWER_HOUR] = {true, POLICY_UNTIL_TIME, HOUR},
        [POLICY_ANSWER_CLOSE] = {true, POLICY_UNTIL_CLOSE, 0},
        [POLICY_ANSWER_ALWAYS] = {true, POLICY_UNTIL_ALWAYS, 0},
        [POLICY_ANSWER_NEVER] = {false, POLICY_UNTIL_ALWAYS, 0},
        [POLICY_ANSWER_MINUTES] = {true, POLICY_UNTIL_TIME, 0},
        [POLICY_ANSWER_RESTART] = {true, POLICY_UNTIL_RESTART, 0},
    };
    enum policy_answer known =
        consent.answer <= POLICY_ANSWER_RESTART ? consent.answer : POLICY_ANSWER_NO;
    uint64_t minutes = known == POLICY_ANSWER_MINUTES ? consent.minutes : 0;
    if (minutes > POLICY_MINUTES_MOST) {
        return false;
    }
    struct policy_rule rule = {
        .allow = meaning[known].allow,
        .until = meaning[known].until,
        .giver = giver,
        .made = now,
        .permission = request->permission,
    };
    rule.boot = rule.until == POLICY_UNTIL_RESTART ? policy->restart : policy->boot;
    rule.limit = rule.until == POLICY_UNTIL_TIME ? now + meaning[known].seconds + minutes * MINUTE
                 : rule.until == POLICY_UNTIL_CLOSE ? request->instance
                                                    : 0;
    memcpy(rule.program, request->program, strnlen(request->program, sizeof rule.program - 1));
    return policy_database_add(&policy->database, &rule);
}

// --- Explanations -------------------------------------------------------------------------------

// Days of the Gregorian calendar are counted from 0000-03-01, so that a leap day ends its year.
void policy_add_time(struct policy_text *text, uint64_t seconds)
{
    uint64_t days = seconds / DAY + 719'468;
    uint64_t era = days / 146'097;
    uint64_t of_era = days % 146'097;
    uint64_t year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t shifted = (5 * of_year + 2) / 153;
    uint64_t day = of_year - (153 * shifted + 2) / 5 + 1;
    uint64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    uint64_t of_day = seconds % DAY;
    policy_add(text, "%lu-%02lu-%02lu %02lu:%02lu UTC", year + era * 400 + (month <= 2 ? 1 : 0),
               month, day, of_day / HOUR, of_day % HOUR / 60);
}

static void explain_rule(struct policy_text *text, const struct policy *policy,
                         const struct policy_decision *decision, uint64_t now)
{
    char name[POLICY_NAME_SIZE];
    const struct policy_rule *rule = policy_database_find(&policy->database, decision->rule);
    if (rule == nullptr) {
        policy_add(text, "rule %lu, which has ended since", decision->rule);
        return;
    }
    policy_write(name, sizeof name, &rule->permission);
    policy_add(text, "rule %lu %s ", rule->id, rule->allow ? "allows" : "refuses");
    policy_add_shown(text, name, strlen(name), SHOWN_MOST);
    policy_add(text, " ");
    policy_add_until(text, rule, now);
    policy_add(text, "; decided by %s on ", policy_giver_text(rule->giver));
    policy_add_time(text, rule->made);
    if (rule->used != 0) {
        policy_add(text, ", last used on ");
        policy_add_time(text, rule->used);
    }
}

void policy_add_verdict(struct policy_text *text, const char *program, const char *may,
                        const struct policy_permission *permission, size_t most)
{
    char phrase[POLICY_PHRASE_SIZE];
    policy_phrase(phrase, sizeof phrase, permission);
    policy_add_shown(text, program, strlen(program), POLICY_PROGRAM_SIZE);
    policy_add(text, " %s ", may);
    policy_add_shown(text, phrase, strlen(phrase), most);
    policy_add(text, ": ");
}

void policy_explain(struct policy_text *text, const struct policy *policy,
                    const struct policy_request *request, const struct policy_decision *decision,
                    uint64_t now)
{
    static const char *const verdicts[] = {"may not", "may", "has to ask whether it may"};
    const struct policy_name *name = policy_name(request->permission.id);
    policy_add_verdict(text, request->program, verdicts[decision->verdict], &request->permission,
                       SHOWN_MOST);
    switch (decision->because) {
    case POLICY_BECAUSE_RULE:
        explain_rule(text, policy, decision, now);
        break;
    case POLICY_BECAUSE_DEFAULT:
        policy_add(text, "files.system.read is given to every program, unless it is denied");
        break;
    case POLICY_BECAUSE_NO_SERVICE:
        policy_add(text, "KOZO has no %s yet, which would do it",
                   policy_service_name(name->service));
        break;
    case POLICY_BECAUSE_NOBODY:
        policy_add(text, "nothing allows it, and nobody is there to be asked");
        break;
    case POLICY_BECAUSE_PROFILE:
        policy_add(text, "its profile does not name it");
        break;
    case POLICY_BECAUSE_MANY:
        policy_add(text, "it asked %lu times within a minute", POLICY_QUESTIONS);
        break;
    case POLICY_BECAUSE_UNDECIDED:
    default:
        policy_add(text, "nothing was decided about it");
        break;
    }
    policy_add(text, ".\n");
}
