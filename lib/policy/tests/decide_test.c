// SPDX-License-Identifier: MIT
#include "decide.h"

#include <string.h>

#include "test.h"

constexpr uint64_t NOW = 1'764'452'385;

static struct policy policy;
static bool can_store;

static bool store(void *context, const char *line, size_t length)
{
    (void)context;
    (void)line;
    (void)length;
    return can_store;
}

static void begin(void)
{
    memset(&policy, 0, sizeof policy);
    can_store = true;
    CHECK(policy_database_begin(&policy.database, store, nullptr));
    policy.folders = (struct policy_folders){
        .home = "/users/me", .documents = "", .downloads = "", .folder = "/srv"};
    policy.boot = 3;
    policy.services = ~0U;
    policy.person = true;
}

static struct policy_request request_for(const char *name)
{
    struct policy_parsed parsed = policy_parse(name, strlen(name));
    CHECK(parsed.fault == POLICY_FAULT_NONE);
    return (struct policy_request){
        .program = "busybox", .instance = 12, .permission = parsed.permission};
}

static struct policy_decision decide(const char *name, uint64_t now)
{
    struct policy_request request = request_for(name);
    return policy_decide(&policy, nullptr, &request, now);
}

static bool is(struct policy_decision decision, enum policy_verdict verdict,
               enum policy_because because)
{
    return decision.verdict == verdict && decision.because == because;
}

static bool agree(const char *name, struct policy_consent consent)
{
    struct policy_request request = request_for(name);
    return policy_answered(&policy, &request, consent, POLICY_BY_PERSON, NOW);
}

static void answer(const char *name, enum policy_answer how)
{
    CHECK(agree(name, (struct policy_consent){.answer = how}));
}

TEST("what nobody decided is asked")
{
    begin();
    CHECK(is(decide("camera.use", NOW), POLICY_ASK, POLICY_BECAUSE_UNDECIDED));
}

TEST("without a person, what nobody decided is refused")
{
    begin();
    policy.person = false;
    CHECK(is(decide("camera.use", NOW), POLICY_REFUSED, POLICY_BECAUSE_NOBODY));
}

TEST("a name without its service is refused, even where a rule allows it")
{
    begin();
    answer("camera.use", POLICY_ANSWER_ALWAYS);
    policy.services &= ~(1U << POLICY_SERVICE_MEDIA);
    CHECK(is(decide("camera.use", NOW), POLICY_REFUSED, POLICY_BECAUSE_NO_SERVICE));
    CHECK(is(decide("clipboard.read", NOW), POLICY_ASK, POLICY_BECAUSE_UNDECIDED));
}

TEST("public files are given without a question, and can be denied")
{
    begin();
    policy.person = false;
    CHECK(is(decide("files.path.read:/usr/bin/env", NOW), POLICY_ALLOWED, POLICY_BECAUSE_DEFAULT));
    CHECK(is(decide("files.path.read:/etc/passwd", NOW), POLICY_REFUSED, POLICY_BECAUSE_NOBODY));
    answer("files.system.read", POLICY_ANSWER_NEVER);
    CHECK(is(decide("files.path.read:/usr/bin/env", NOW), POLICY_REFUSED, POLICY_BECAUSE_RULE));
}

TEST("a rule allows what it covers, to its program only")
{
    begin();
    answer("files.path.read:/etc", POLICY_ANSWER_ALWAYS);
    struct policy_decision decision = decide("files.path.read:/etc/passwd", NOW);
    CHECK(is(decision, POLICY_ALLOWED, POLICY_BECAUSE_RULE) && decision.rule == 1);
    CHECK(decide("files.path.write:/etc/passwd", NOW).verdict == POLICY_ASK);
    struct policy_request other = request_for("files.path.read:/etc/passwd");
    other.program = "busybox2";
    CHECK(policy_decide(&policy, nullptr, &other, NOW).verdict == POLICY_ASK);
}

TEST("a refusal wins over a wider permission")
{
    begin();
    answer("files.home.read", POLICY_ANSWER_ALWAYS);
    answer("files.path.read:/users/me/.ssh", POLICY_ANSWER_NEVER);
    CHECK(decide("files.path.read:/users/me/a", NOW).verdict == POLICY_ALLOWED);
    CHECK(
        is(decide("files.path.read:/users/me/.ssh/id", NOW), POLICY_REFUSED, POLICY_BECAUSE_RULE));
}

TEST("each answer holds just as long as it says")
{
    begin();
    answer("camera.use", POLICY_ANSWER_HOUR);
    CHECK(decide("camera.use", NOW + 3'599).verdict == POLICY_ALLOWED);
    CHECK(decide("camera.use", NOW + 3'600).verdict == POLICY_ASK);
    answer("clipboard.read", POLICY_ANSWER_CLOSE);
    CHECK(decide("clipboard.read", NOW).verdict == POLICY_ALLOWED);
    struct policy_request next = request_for("clipboard.read");
    next.instance = 13;
    CHECK(policy_decide(&policy, nullptr, &next, NOW).verdict == POLICY_ASK);
    answer("speakers.use", POLICY_ANSWER_ALWAYS);
    answer("printers.use", POLICY_ANSWER_ONCE);
    policy.boot = 4;
    CHECK(decide("speakers.use", NOW).verdict == POLICY_ALLOWED);
    CHECK(decide("printers.use", NOW).verdict == POLICY_ASK);
    CHECK(decide("clipboard.read", NOW).verdict == POLICY_ASK);
}

TEST("an answer for some minutes holds for these, and for a day at most")
{
    begin();
    CHECK(agree("camera.use", (struct policy_consent){POLICY_ANSWER_MINUTES, 5}));
    CHECK(decide("camera.use", NOW + 299).verdict == POLICY_ALLOWED);
    CHECK(decide("camera.use", NOW + 300).verdict == POLICY_ASK);
    CHECK(agree("clipboard.read", (struct policy_consent){POLICY_ANSWER_MINUTES, 1'440}));
    CHECK(decide("clipboard.read", NOW + 86'399).verdict == POLICY_ALLOWED);
    CHECK(decide("clipboard.read", NOW + 86'400).verdict == POLICY_ASK);
    CHECK(!agree("printers.use", (struct policy_consent){POLICY_ANSWER_MINUTES, 1'441}));
    CHECK(agree("printers.use", (struct policy_consent){POLICY_ANSWER_MINUTES, 0}));
    CHECK(decide("printers.use", NOW).verdict == POLICY_ASK);
}

TEST("what holds until the restart holds in the next run of the system, and ends with the "
     "computer's")
{
    begin();
    policy.restart = 70;
    answer("camera.use", POLICY_ANSWER_RESTART);
    answer("clipboard.read", POLICY_ANSWER_ONCE);
    policy.boot = 4;
    CHECK(policy_database_expire(&policy.database, NOW, policy.boot, policy.restart) == 1);
    CHECK(decide("camera.use", NOW).verdict == POLICY_ALLOWED);
    CHECK(decide("clipboard.read", NOW).verdict == POLICY_ASK);
    policy.restart = 71;
    CHECK(decide("camera.use", NOW).verdict == POLICY_ASK);
    CHECK(policy_database_expire(&policy.database, NOW, policy.boot, policy.restart) == 1);
}

TEST("what was allowed once is used once")
{
    begin();
    answer("camera.use", POLICY_ANSWER_ONCE);
    struct policy_decision decision = decide("camera.use", NOW);
    CHECK(decision.verdict == POLICY_ALLOWED);
    CHECK(policy_database_use(&policy.database, decision.rule, NOW));
    CHECK(decide("camera.use", NOW).verdict == POLICY_ASK);
}

TEST("a no is not asked about again for a minute, and a never is not asked about again")
{
    begin();
    answer("camera.use", POLICY_ANSWER_NO);
    CHECK(is(decide("camera.use", NOW + POLICY_REST - 1), POLICY_REFUSED, POLICY_BECAUSE_RULE));
    CHECK(decide("camera.use", NOW + POLICY_REST).verdict == POLICY_ASK);
    answer("camera.use", POLICY_ANSWER_NEVER);
    CHECK(decide("camera.use", NOW + 86'400).verdict == POLICY_REFUSED);
}

TEST("an answer that can't be stored allows nothing")
{
    begin();
    can_store = false;
    CHECK(!agree("camera.use", (struct policy_consent){.answer = POLICY_ANSWER_ALWAYS}));
    CHECK(decide("camera.use", NOW).verdict == POLICY_ASK);
}

TEST("a program with a profile may ask for what stands in it, and for nothing else")
{
    static struct policy_profile profile;
    static const char text[] = "need files.home.read \"open files\"\n";
    char fault[64];
    struct policy_text to = policy_text(fault, sizeof fault);
    begin();
    CHECK(policy_profile_read(&profile, text, sizeof text - 1, &to) == 0);
    struct policy_request inside = request_for("files.path.read:/users/me/a");
    struct policy_request outside = request_for("camera.use");
    CHECK(policy_decide(&policy, &profile, &inside, NOW).verdict == POLICY_ASK);
    CHECK(is(policy_decide(&policy, &profile, &outside, NOW), POLICY_REFUSED,
             POLICY_BECAUSE_PROFILE));
}

TEST("a program that asks too often is refused, until the minute is over")
{
    begin();
    for (size_t i = 0; i < POLICY_QUESTIONS; i++) {
        CHECK(decide("camera.use", NOW + i).verdict == POLICY_ASK);
        policy_asked(&policy, "busybox", NOW + i);
    }
    CHECK(is(decide("camera.use", NOW + 59), POLICY_REFUSED, POLICY_BECAUSE_MANY));
    struct policy_request other = request_for("camera.use");
    other.program = "editor";
    CHECK(policy_decide(&policy, nullptr, &other, NOW + 59).verdict == POLICY_ASK);
    CHECK(decide("camera.use", NOW + 60).verdict == POLICY_ASK);
    policy_asked(&policy, "busybox", NOW + 60);
    CHECK(decide("camera.use", NOW + 60).verdict == POLICY_REFUSED);
}

static const char *explained(const char *name, uint64_t now)
{
    static char buffer[512];
    struct policy_text text = policy_text(buffer, sizeof buffer);
    struct policy_request request = request_for(name);
    struct policy_decision decision = policy_decide(&policy, nullptr, &request, now);
    policy_explain(&text, &policy, &request, &decision, now);
    return buffer;
}

TEST("a decision can be explained: which rule, how long, by whom, when, and its last use")
{
    begin();
    answer("files.path.read:/etc", POLICY_ANSWER_HOUR);
    CHECK(policy_database_use(&policy.database, 1, NOW + 60));
    CHECK(strcmp(explained("files.path.read:/etc/passwd", NOW + 120),
                 "busybox may read /etc/passwd: rule 1 allows files.path.read:/etc for 58 minutes "
                 "more; decided by you on 2025-11-29 21:39 UTC, last used on 2025-11-29 21:40 "
                 "UTC.\n") == 0);
}

TEST("each refusal has a reason in words")
{
    begin();
    policy.services &= ~(1U << POLICY_SERVICE_MEDIA);
    CHECK(strcmp(explained("camera.use", NOW),
                 "busybox may not see through the camera: KOZO has no "
                 "mediad yet, which would do it.\n") == 0);
    policy.person = false;
    CHECK(strcmp(explained("clipboard.read", NOW),
                 "busybox may not read what you copied in other programs: nothing allows it, and "
                 "nobody is there to be asked.\n") == 0);
}

TEST("what is asked for is not to be handed over as a whole when a rule refuses a part of it")
{
    begin();
    answer("files.path.read:/srv/a", POLICY_ANSWER_ALWAYS);
    answer("camera.use", POLICY_ANSWER_NEVER);
    answer("files.path.read:/srv/secret", POLICY_ANSWER_NEVER);
    uint64_t rule = policy.database.next - 1;
    const struct {
        const char *name;
        uint64_t rule;
    } cases[] = {
        {"files.path.read:/srv", rule},
        {"files.path.write:/srv", rule},
        {"files.path.read:/srv/secret", rule},
        {"files.all.read", rule},
        {"files.path.read:/srv/secrets", 0},
        {"files.path.read:/srv/a", 0},
        {"files.path.read:/srv/secret/deep", 0}, // which is refused anyway
        {"camera.use", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy_request request = request_for(cases[i].name);
        CHECK(policy_refused_within(&policy, &request, NOW) == cases[i].rule);
    }
    struct policy_request other = request_for("files.path.read:/srv");
    other.program = "sed";
    CHECK(policy_refused_within(&policy, &other, NOW) == 0);
}

TEST("times are right over leap years and centuries")
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } times[] = {
        {0, "1970-01-01 00:00 UTC"},
        {951'782'400, "2000-02-29 00:00 UTC"},
        {1'709'251'199, "2024-02-29 23:59 UTC"},
        {4'107'542'400, "2100-03-01 00:00 UTC"},
        {1'767'225'599, "2025-12-31 23:59 UTC"},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char buffer[64];
        struct policy_text text = policy_text(buffer, sizeof buffer);
        policy_add_time(&text, times[i].seconds);
        CHECK(strcmp(buffer, times[i].text) == 0);
    }
}
