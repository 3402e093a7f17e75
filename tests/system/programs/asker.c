// SPDX-License-Identifier: MIT
// Asks the policy service for permissions, one for each argument, and tells what was decided. `look:NAME`
// only looks; `steal` tries what only the person's tools may do; `flood` asks more than it may.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

static struct kozo_session policy;
static const char *const verdicts[] = {"refused", "allowed", "undecided"};

static uint64_t put(const char *text)
{
    size_t length = strlen(text);
    memcpy(policy.data, text, length);
    return length;
}

static void tell(const char *name, enum kozo_error error, uint64_t verdict)
{
    if (error != KOZO_OK) {
        kozo_printf("asker: %s: error %d\n", name, (int)error);
    } else {
        kozo_printf("asker: %s: %s\n", name, verdicts[verdict % 3]);
    }
}

// Through the ring: who is asked may take a minute to answer, or may end meanwhile.
static void ask(const char *name)
{
    uint64_t number = kozo_policy_ask_begin(&policy, 0, put(name));
    struct kozo_entry entry = {};
    while (!kozo_session_next(&policy, &entry)) {
        if (kozo_session_lost(&policy, number)) {
            kozo_printf("asker: %s: lost\n", name);
            return;
        }
        (void)kozo_kernel_yield();
    }
    struct kozo_policy_ask_result result = kozo_policy_ask_end(&entry);
    tell(name, result.error, result.verdict);
}

static void look(const char *name)
{
    struct kozo_policy_look_result result = kozo_policy_look(policy.service, 0, put(name));
    tell(name, result.error, result.verdict);
}

// What is for the person's tools alone: each is refused with NO_RIGHT.
static void steal(void)
{
    uint64_t size = policy.data_size;
    uint64_t length = put("asker audit.read");
    bool refused = kozo_policy_list(policy.service, 0, 0, size).error == KOZO_NO_RIGHT &&
                   kozo_policy_decide(policy.service, KOZO_ANSWER_ALWAYS, 0, 0, length).error ==
                       KOZO_NO_RIGHT &&
                   kozo_policy_revoke(policy.service, 1) == KOZO_NO_RIGHT &&
                   kozo_policy_why(policy.service, 0, length, size).error == KOZO_NO_RIGHT &&
                   kozo_policy_question(policy.service, 0, 0, size).error == KOZO_NO_RIGHT &&
                   kozo_policy_settle(policy.service, 0, length).error == KOZO_NO_RIGHT &&
                   kozo_policy_record(policy.service, 0, 0, size).error == KOZO_NO_RIGHT &&
                   kozo_policy_verify(policy.service).error == KOZO_NO_RIGHT;
    kozo_printf("asker: everything that is not for it was %s\n", refused ? "refused" : "GIVEN");
    refused = kozo_policy_ask(policy.service, UINT64_MAX, 8).error == KOZO_BAD_ARGUMENT &&
              kozo_policy_ask(policy.service, 0, UINT64_MAX).error == KOZO_BAD_ARGUMENT &&
              kozo_policy_ask(policy.service, 0, 0).error == KOZO_BAD_ARGUMENT &&
              kozo_policy_look(policy.service, size, 1).error == KOZO_BAD_ARGUMENT;
    kozo_printf("asker: what is malformed was %s\n", refused ? "refused" : "TAKEN");
}

// Asks and gives up again and again. Gives how often it was asked before it was refused.
static void flood(void)
{
    unsigned asked = 0;
    while (asked < 100) {
        struct kozo_policy_ask_result result =
            kozo_policy_ask(policy.service, 0, put("audit.read"));
        if (result.error != KOZO_OK || result.pending == 0) {
            break;
        }
        asked++;
        (void)kozo_cancel(policy.service, result.pending);
        struct kozo_entry entry;
        while (!kozo_session_next(&policy, &entry)) {
            (void)kozo_kernel_yield();
        }
    }
    kozo_printf("asker: %u questions, then refused\n", asked);
}

int main(int count, char **arguments)
{
    if (!kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        kozo_print("asker: there is no policy service\n");
        return 1;
    }
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        if (strcmp(word, "steal") == 0) {
            steal();
        } else if (strcmp(word, "flood") == 0) {
            flood();
        } else if (strncmp(word, "look:", 5) == 0) {
            look(word + 5);
        } else {
            ask(word);
        }
    }
    return 0;
}
