// SPDX-License-Identifier: MIT
#include "why.h"

#include <string.h>

constexpr size_t SHOWN_MOST = 100; // cells of a path or a name

static void add_name(struct policy_text *to, const struct policy_permission *permission)
{
    char name[POLICY_NAME_SIZE];
    policy_write(name, sizeof name, permission);
    policy_add_shown(to, name, strlen(name), SHOWN_MOST);
}

// Who gave it, and through whom that came here.
static void add_giver(struct policy_text *to, const struct consent *consent,
                      const struct consent_grant *grant)
{
    switch (grant->way) {
    case CONSENT_BY_COMMAND:
        policy_add(to, "given by the command that started it");
        return;
    case CONSENT_BY_PROFILE:
        policy_add(to, "its profile names it, and it was allowed before the program began");
        return;
    case CONSENT_BY_RULE:
        policy_add(to, "given through rule %lu, which was decided before", grant->rule);
        return;
    case CONSENT_BY_TERMINAL:
        policy_add(to, "given by you through ./kozo cap grant");
        return;
    case CONSENT_BY_PICKER:
        policy_add(to, "chosen by %s when it asked for a file",
                   grant->broker == 0 ? "you" : "the broker");
        return;
    case CONSENT_BY_QUESTION:
    default:
        if (grant->broker == 0) {
            policy_add(to, "given by you through a question on its terminal");
            return;
        }
        policy_add(to, "given by the broker through its answer to question %lu at ", grant->broker);
        const char *socket = consent->options->broker;
        policy_add_shown(to, socket, strlen(socket), SHOWN_MOST);
        return;
    }
}

static void explain_given(struct policy_text *to, const struct consent *consent, size_t index)
{
    const struct consent_grant *grant = &consent->grant[index];
    policy_add(to, "number %u, ", grant->number);
    add_name(to, &consent->program->grants->allow[index]);
    policy_add(to, ", ");
    add_giver(to, consent, grant);
    policy_add(to, " on ");
    policy_add_time(to, grant->made);
    policy_add(to, ", ");
    consent_add_until(to, grant);
    policy_add(to, ".\n");
}

// Nothing of this run says it: the decision, as it would be made if the program asked now.
static bool explain_kept(struct policy_text *to, struct consent *consent,
                         const struct policy_permission *permission)
{
    struct policy *policy = &consent->state.policy;
    struct policy_request request = consent_request(consent, permission);
    if (!consent->kept || !state_open(&consent->state)) {
        policy_add(to, "%s", consent->state.problem);
        return false;
    }
    policy->person = asker_is_there(&consent->program->asker);
    struct policy_decision decision =
        policy_decide(policy, consent->program->asker.profile, &request, state_now());
    policy_explain(to, policy, &request, &decision, state_now());
    state_close(&consent->state);
    return true;
}

bool why_explain(struct consent *consent, const struct policy_permission *permission,
                 struct policy_text *to)
{
    const struct grants *grants = consent->program->grants;
    const char *program = consent->identity.name;
    struct consent_found found = consent_find(consent, permission);
    switch (found.standing) {
    case CONSENT_DENIED:
        policy_add_verdict(to, program, "may not", permission, SHOWN_MOST);
        policy_add(to, "the command that started it denies ");
        add_name(to, &grants->deny[found.index]);
        policy_add(to, ".\n");
        return true;
    case CONSENT_GIVEN:
        policy_add_verdict(to, program, "may", permission, SHOWN_MOST);
        explain_given(to, consent, found.index);
        return true;
    case CONSENT_TAKEN_BACK:
        policy_add_verdict(to, program, "may not", permission, SHOWN_MOST);
        add_name(to, &consent->refusal[found.index].permission);
        policy_add(to, " was taken back from it by %s on ",
                   consent->refusal[found.index].broker ? "the broker" : "you");
        policy_add_time(to, consent->refusal[found.index].made);
        policy_add(to, ".\n");
        return true;
    case CONSENT_OPEN:
    default:
        return explain_kept(to, consent, permission);
    }
}
