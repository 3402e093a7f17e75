// SPDX-License-Identifier: MIT
#include "kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../run/state.h"

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

// The value of a key in a line, as it stands there; empty when there is none.
static void take_field(char *value, size_t size, const char *line, const char *key)
{
    char start[32];
    size_t used = 0;
    (void)snprintf(start, sizeof start, "\"%s\":", key);
    const char *at = strstr(line, start);
    if (at != nullptr) {
        at += strlen(start);
        bool text = *at == '"';
        for (at += text ? 1 : 0; *at != '\0' && used + 2 < size; at++) {
            if (text ? *at == '"' : *at == ',' || *at == '}') {
                break;
            }
            if (*at == '\\' && at[1] != '\0') {
                value[used++] = *at++;
            }
            value[used++] = *at;
        }
    }
    value[used] = '\0';
}

static void show(const char *line)
{
    static const char *const keys[] = {"n", "event", "program", "permission", "scope", "because"};
    char value[sizeof keys / sizeof keys[0]][POLICY_RECORD_SIZE];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        take_field(value[i], sizeof value[i], line, keys[i]);
    }
    printf("%5s %-7s %s %s%s%s (%s)\n", value[0], value[1], value[2], value[3],
           value[4][0] != '\0' ? ":" : "", value[4], value[5]);
}

int kept_record(bool json)
{
    char path[STATE_PATH + 16];
    static char line[POLICY_RECORD_SIZE];
    if (!begin()) {
        return fail();
    }
    (void)snprintf(path, sizeof path, "%s/record", state.folder);
    FILE *file = fopen(path, "re");
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr) {
        if (json) {
            (void)fputs(line, stdout);
        } else {
            show(line);
        }
    }
    if (file != nullptr) {
        (void)fclose(file);
    }
    return 0;
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
