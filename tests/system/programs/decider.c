// SPDX-License-Identifier: MIT
// Decides and takes back again and again, as the person's tool, while the policy service is ended by others: `decider MILLISECONDS`.
// A test puts it in the place of bin/kozo-cap. Before that it refuses something for good.
//
// What the service said that it did must be in its list afterwards; what was asked of a life that ended may be done or not; and
// nothing else may ever be there. Prints how much was decided and lost; status 1 when the list is wrong.
//
// It is given: a session with `policy`.
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr unsigned TURN = 32; // decisions between two looks at the list

static struct kozo_session policy;
static uint64_t refusal; // the rule that is there all the time
static uint64_t newest;  // of the rules so far
static uint64_t decided;
static uint64_t lost;

static uint64_t put(const char *text)
{
    size_t length = strlen(text);
    memcpy(policy.data, text, length);
    return length;
}

// What is in the list beside the refusal.
struct listed {
    bool refusal; // it is there
    uint64_t others;
    uint64_t rule; // the last of them; 0 for none
    bool allows;   // what that says
};

static bool says(const char *word, uint64_t length)
{
    char line[256] = {};
    memcpy(line, policy.data, length < sizeof line - 1 ? length : sizeof line - 1);
    return strstr(line, word) != nullptr;
}

// False when the service ended meanwhile.
static bool read_list(struct listed *listed)
{
    *listed = (struct listed){};
    for (uint64_t place = 0;; place++) {
        struct kozo_policy_list_result result =
            kozo_policy_list(policy.service, place, 0, policy.data_size);
        if (result.error != KOZO_OK || result.rule == 0) {
            return result.error == KOZO_OK;
        }
        if (result.rule == refusal) {
            listed->refusal = says(" refuse ", result.length);
        } else {
            listed->others++;
            listed->rule = result.rule;
            listed->allows = says(" allow ", result.length);
        }
    }
}

static struct listed list(void)
{
    struct listed listed;
    while (!read_list(&listed)) {
        (void)kozo_kernel_yield();
    }
    return listed;
}

// Makes a request in the ring, where it can't be passed on to the next life of the service. False: that ended before it answered,
// and what was asked for may be done or not.
static bool request(const struct kozo_message *message, struct kozo_entry *entry)
{
    uint64_t number = kozo_session_begin(&policy, message);
    bool came = number != 0 && kozo_session_next(&policy, entry);
    while (!came && number != 0 && !kozo_session_lost(&policy, number)) {
        (void)kozo_kernel_yield();
        came = kozo_session_next(&policy, entry);
    }
    decided += came ? 1 : 0;
    lost += came ? 0 : 1;
    return came && entry->label == KOZO_OK;
}

// Gives the number of the rule, 0 when there was no answer.
static uint64_t decide(enum kozo_policy_answer answer, const char *subject)
{
    struct kozo_entry entry;
    struct kozo_message message = {.info = {.length = 4, .label = KOZO_POLICY_DECIDE},
                                   .word = {answer, 0, 0, put(subject)}};
    return request(&message, &entry) ? entry.word[0] : 0;
}

static bool revoke(uint64_t rule)
{
    struct kozo_entry entry;
    struct kozo_message message = {.info = {.length = 1, .label = KOZO_POLICY_REVOKE},
                                   .word = {rule}};
    return request(&message, &entry);
}

// Takes back what is there. Without an answer it may be there still, as it was.
static bool take_back(const struct listed *before)
{
    bool sure = revoke(before->rule);
    struct listed now = list();
    bool same = now.others == 1 && now.rule == before->rule && now.allows == before->allows;
    return now.refusal && (now.others == 0 || (!sure && same));
}

// Decides and takes back, until an answer is missing: then that rule may be there, and no other.
static bool turn(void)
{
    uint64_t rule = 0;
    bool allow = false;
    bool sure = true;
    for (unsigned i = 0; i < TURN && sure; i++) {
        allow = i % 2 == 0;
        newest = rule > newest ? rule : newest;
        rule = decide(allow ? KOZO_ANSWER_ALWAYS : KOZO_ANSWER_NEVER, "asker audit.read");
        sure = rule != 0 && revoke(rule);
    }
    struct listed now = list();
    bool good = now.refusal;
    if (now.others != 0) {
        bool known = rule != 0 ? now.rule == rule : now.rule > newest;
        good = good && !sure && now.others == 1 && now.allows == allow && known;
    }
    while (good && now.others != 0) {
        newest = now.rule;
        good = take_back(&now);
        now = list();
    }
    return good;
}

int main(int count, char **arguments)
{
    if (count != 2 || !kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        kozo_print("decider: there is no policy service\n");
        return 2;
    }
    refusal = decide(KOZO_ANSWER_NEVER, "asker permissions.view");
    newest = refusal;
    bool good = refusal != 0;
    uint64_t until = kozo_ticks() +
                     strtoul(arguments[1], nullptr, 10) * kozo_process_info()->tsc_frequency / 1000;
    while (good && kozo_ticks() < until) {
        good = turn();
    }
    kozo_printf("decider: %lu decided, %lu lost, %s\n", decided, lost,
                good ? "the list was right" : "THE LIST WAS WRONG");
    return good ? 0 : 1;
}
