// SPDX-License-Identifier: MIT
// `kozo-cap`: what each program may do, and the questions that wait for the person.
//
// It is given: a session with `policy`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

#include "question.h"

constexpr int STATUS_USAGE = 2;

static struct kozo_session policy;

static int usage(void)
{
    kozo_print("usage: kozo-cap list\n"
               "       kozo-cap grant PROGRAM NAME[:SCOPE] [once|m5|hour|close|restart|always]\n"
               "       kozo-cap refuse PROGRAM NAME[:SCOPE]\n"
               "       kozo-cap revoke NUMBER\n"
               "       kozo-cap why PROGRAM NAME[:SCOPE]\n"
               "       kozo-cap questions\n"
               "       kozo-cap answer DIGITS-AND-LETTER\n");
    return STATUS_USAGE;
}

static int fail(enum kozo_error error)
{
    const char *why = error == KOZO_BAD_ARGUMENT
                          ? "there is no such program, permission or question"
                      : error == KOZO_BAD_HANDLE ? "there is no such rule"
                      : error == KOZO_BAD_STATE  ? "this program does not run"
                      : error == KOZO_NO_MEMORY  ? "no more can be kept"
                      : error == KOZO_NO_RIGHT   ? "this program may not do that"
                                                 : "the policy service does not answer";
    kozo_printf("kozo-cap: %s\n", why);
    return 1;
}

// Shows text that the service put into the shared memory.
static void show(uint64_t length)
{
    kozo_write((const char *)policy.data, length < policy.data_size ? length : policy.data_size);
}

// Puts words into the shared memory, with a space between them. Gives their length; 0 for too many.
static uint64_t put_words(char *const *words, int count)
{
    uint64_t length = 0;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(words[i]);
        if (length + size + 1 > policy.data_size) {
            return 0;
        }
        if (i > 0) {
            policy.data[length++] = ' ';
        }
        memcpy(policy.data + length, words[i], size);
        length += size;
    }
    return length;
}

static int list(void)
{
    for (uint64_t place = 0;; place++) {
        struct kozo_policy_list_result result =
            kozo_policy_list(policy.service, place, 0, policy.data_size);
        if (result.error != KOZO_OK) {
            return fail(result.error);
        }
        if (result.rule == 0) {
            return 0;
        }
        show(result.length);
        kozo_print("\n");
    }
}

static int decide(struct policy_consent how, char *const *words)
{
    struct kozo_policy_decide_result result = kozo_policy_decide(
        policy.service, (uint64_t)how.answer, how.minutes, 0, put_words(words, 2));
    if (result.error != KOZO_OK) {
        return fail(result.error);
    }
    kozo_printf("rule %lu\n", result.rule);
    return 0;
}

static int grant(char *const *words, const char *how)
{
    struct policy_consent consent;
    return policy_read_how(how, strlen(how), &consent) ? decide(consent, words) : usage();
}

// A number of decimal digits; 0 for anything else.
static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number < UINT32_MAX; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
    }
    return *text == '\0' ? number : 0;
}

static int revoke(const char *text)
{
    enum kozo_error error = kozo_policy_revoke(policy.service, number_of(text));
    return error == KOZO_OK ? 0 : fail(error);
}

static int why(char *const *words)
{
    struct kozo_policy_why_result result =
        kozo_policy_why(policy.service, 0, put_words(words, 2), policy.data_size);
    if (result.error != KOZO_OK) {
        return fail(result.error);
    }
    show(result.done);
    return 0;
}

static int questions(void)
{
    for (uint64_t place = 0;; place++) {
        struct kozo_policy_question_result result =
            kozo_policy_question(policy.service, place, 0, policy.data_size);
        if (result.error != KOZO_OK) {
            return fail(result.error);
        }
        if (result.length == 0) {
            return 0;
        }
        show(result.length);
        kozo_print("kozo-cap answer …\n");
    }
}

static int answer(char *const *words)
{
    struct kozo_policy_settle_result result =
        kozo_policy_settle(policy.service, 0, put_words(words, 1));
    if (result.error != KOZO_OK) {
        return fail(result.error);
    }
    kozo_print(result.verdict == KOZO_VERDICT_ALLOWED ? "allowed\n" : "refused\n");
    return 0;
}

int main(int count, char **arguments)
{
    const char *verb = count > 1 ? arguments[1] : "";
    char **rest = arguments + 2;
    if (!kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        return fail(KOZO_NO_REPLY);
    }
    if (strcmp(verb, "list") == 0 && count == 2) {
        return list();
    }
    if (strcmp(verb, "grant") == 0 && (count == 4 || count == 5)) {
        return grant(rest, count == 5 ? rest[2] : "always");
    }
    if (strcmp(verb, "refuse") == 0 && count == 4) {
        return decide((struct policy_consent){.answer = POLICY_ANSWER_NEVER}, rest);
    }
    if (strcmp(verb, "revoke") == 0 && count == 3) {
        return revoke(rest[0]);
    }
    if (strcmp(verb, "why") == 0 && count == 4) {
        return why(rest);
    }
    if (strcmp(verb, "questions") == 0 && count == 2) {
        return questions();
    }
    if (strcmp(verb, "answer") == 0 && count == 3) {
        return answer(rest);
    }
    return usage();
}
