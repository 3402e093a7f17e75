// SPDX-License-Identifier: MIT
#include "kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../run/state.h"
#include "record_line.h"

static struct state state;

static int fail(void)
{
    (void)fprintf(stderr, "kozo: %s\n", state.problem);
    return 1;
}

static bool begin(void)
{
    static const struct policy_folders none = {"", "", "", ""};
    return state_begin(&state, &none);
}

int kept_list(void)
{
    if (!begin() || !state_open(&state)) {
        return fail();
    }
    const struct policy_database *database = &state.policy.database;
    for (size_t i = 0; i < database->count; i++) {
        char line[1'024];
        char name[POLICY_NAME_SIZE];
        const struct policy_rule *rule = &database->rule[i];
        struct policy_text text = policy_text(line, sizeof line);
        policy_write(name, sizeof name, &rule->permission);
        policy_add(&text, "%4lu %-7s %s ", rule->id, rule->allow ? "allow" : "refuse",
                   rule->program);
        policy_add_shown(&text, name, strlen(name), POLICY_SCOPE_SIZE);
        policy_add(&text, " ");
        policy_add_until(&text, rule, state_now());
        policy_add(&text, ", by %s", policy_giver_text(rule->giver));
        printf("%s\n", line);
    }
    state_close(&state);
    return 0;
}

int kept_revoke(const char *number)
{
    char *end = nullptr;
    uint64_t id = strtoull(number, &end, 10);
    if (!begin() || !state_open(&state)) {
        return fail();
    }
    const struct policy_rule *found =
        *end == '\0' ? policy_database_find(&state.policy.database, id) : nullptr;
    if (found == nullptr) {
        (void)fprintf(stderr, "kozo: there is no decision %s (./kozo permissions --decisions)\n",
                      number);
        state_close(&state);
        return 1;
    }
    struct policy_rule rule = *found;
    struct policy_record record = {.event = POLICY_EVENT_REVOKE,
                                   .time = state_now(),
                                   .program = rule.program,
                                   .permission = &rule.permission,
                                   .rule = rule.id,
                                   .because = "person"};
    bool ended = policy_database_end(&state.policy.database, id, POLICY_END_REVOKED, state_now());
    state_close(&state);
    if (!ended) {
        (void)fprintf(stderr, "kozo: this can't be written, so the decision still holds\n");
        return 1;
    }
    return state_record(&state, &record, 1) ? 0 : fail();
}

// --- The record ---------------------------------------------------------------------------------

static void show(const char *line)
{
    static char shown[2 * POLICY_RECORD_SIZE];
    struct policy_text text = policy_text(shown, sizeof shown);
    policy_add_line(&text, line, strcspn(line, "\n"));
    printf("%s\n", shown);
}

// A line with its end.
static void print(const char *line, bool json)
{
    if (json) {
        (void)fputs(line, stdout);
    } else {
        show(line);
    }
}

static FILE *open_record(void)
{
    char path[STATE_PATH + 16];
    (void)snprintf(path, sizeof path, "%s/record", state.folder);
    return fopen(path, "re");
}

int kept_record(bool json)
{
    static char line[POLICY_RECORD_SIZE];
    if (!begin()) {
        return fail();
    }
    FILE *file = open_record();
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr) {
        print(line, json);
    }
    if (file != nullptr) {
        (void)fclose(file);
    }
    return 0;
}

// How far the record was followed.
struct followed {
    off_t length;              // of its lines that were shown
    struct policy_chain chain; // after them
    struct policy_verification found;
};

// Shows the lines that were added. False: what is there is no continuation.
static bool follow_on(struct followed *followed, bool json)
{
    static char line[POLICY_RECORD_SIZE];
    FILE *file = open_record();
    struct stat status;
    if (file == nullptr || fstat(fileno(file), &status) != 0) {
        if (file != nullptr) {
            (void)fclose(file);
        }
        return followed->length == 0; // nothing was recorded yet
    }
    struct policy_verification *found = &followed->found;
    *found = (struct policy_verification){.line = followed->chain.count};
    bool good = status.st_size >= followed->length;
    found->result = good ? POLICY_RECORD_WHOLE : POLICY_RECORD_CUT;
    good = good && fseeko(file, followed->length, SEEK_SET) == 0;
    while (good && fgets(line, sizeof line, file) != nullptr) {
        size_t length = strlen(line);
        if (line[length - 1] != '\n' && length + 1 < sizeof line) {
            break; // the rest is being written
        }
        *found = policy_record_verify(line, length, &followed->chain, nullptr);
        good = found->result == POLICY_RECORD_WHOLE;
        found->line = followed->chain.count + 1;
        if (good) {
            followed->chain = found->chain;
            followed->length += (off_t)length;
            print(line, json);
        }
    }
    (void)fclose(file);
    return good;
}

int kept_follow(bool json)
{
    constexpr unsigned pause = 200'000; // microseconds
    struct followed followed = {};
    char sentence[128];
    struct policy_text text = policy_text(sentence, sizeof sentence);
    if (!begin()) {
        return fail();
    }
    while (follow_on(&followed, json)) {
        (void)fflush(stdout);
        (void)usleep(pause);
    }
    (void)fflush(stdout);
    policy_add_verification(&text, &followed.found);
    (void)fprintf(stderr, "kozo: %s", sentence);
    return 1;
}

int kept_verify(void)
{
    struct policy_verification found;
    char sentence[128];
    if (!begin() || !state_verify(&state, &found)) {
        return fail();
    }
    struct policy_text text = policy_text(sentence, sizeof sentence);
    policy_add_verification(&text, &found);
    (void)fputs(sentence, stdout);
    return found.result == POLICY_RECORD_WHOLE ? 0 : 1;
}
