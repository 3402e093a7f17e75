// SPDX-License-Identifier: MIT
#include "query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

enum policy_id query_needs(const char *request)
{
    bool changes = strncmp(request, "grant", 5) == 0 || strncmp(request, "revoke", 6) == 0;
    return changes ? POLICY_PERMISSIONS_CONFIGURE : POLICY_PERMISSIONS_VIEW;
}

static bool tell_list(struct consent *consent, const char *rest, struct policy_text *text)
{
    (void)rest;
    consent_list(consent, text);
    return true;
}

static bool tell_why(struct consent *consent, const char *rest, struct policy_text *text)
{
    struct policy_permission permission;
    return consent_parse(rest, &permission, text) && why_explain(consent, &permission, text);
}

static bool tell_verified(struct consent *consent, const char *rest, struct policy_text *text)
{
    struct policy_verification found = {};
    (void)rest;
    if (!state_verify(&consent->state, &found)) {
        policy_add(text, "the record can't be read\n");
        return false;
    }
    policy_add_verification(text, &found);
    return found.result == POLICY_RECORD_WHOLE;
}

// Whether a line is of this run: of its number, and no older than it, since such numbers are used again. Keys are looked for with
// their quotation marks, which are escaped within texts.
static bool is_own(const struct consent *consent, const char *line)
{
    char instance[48];
    const char *time = strstr(line, "\"time\":");
    (void)snprintf(instance, sizeof instance, ",\"instance\":%d,", getpid());
    return strstr(line, instance) != nullptr && time != nullptr &&
           strtoull(time + 7, nullptr, 10) >= consent->begun;
}

static bool tell_record(struct consent *consent, const char *rest, struct policy_text *text)
{
    static char line[POLICY_RECORD_SIZE];
    static char lines[QUERY_ANSWER - 64];
    struct policy_text added = policy_text(lines, sizeof lines);
    char path[STATE_PATH + 16];
    uint64_t next = strtoull(rest, nullptr, 10);
    uint64_t number = 0;
    (void)snprintf(path, sizeof path, "%s/record", consent->state.folder);
    FILE *file = fopen(path, "re");
    while (file != nullptr && !added.cut && fgets(line, sizeof line, file) != nullptr) {
        size_t length = strlen(line);
        if (line[length - 1] == '\n' && is_own(consent, line) && number++ == next) {
            policy_add(&added, "%s", line);
            next += added.cut ? 0 : 1;
        }
    }
    if (file != nullptr) {
        (void)fclose(file);
    }
    policy_add(text, "%" PRIu64 "\n%s", next, lines);
    return true;
}

void query_answer(struct consent *consent, const char *request, struct policy_text *text)
{
    static const struct {
        const char *word;
        bool (*act)(struct consent *consent, const char *rest, struct policy_text *text);
    } requests[] = {{"list", tell_list},
                    {"why ", tell_why},
                    {"record ", tell_record},
                    {"verify", tell_verified}};
    static char words[QUERY_ANSWER - 8];
    struct policy_text told = policy_text(words, sizeof words);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        size_t length = strlen(requests[i].word);
        if (strncmp(request, requests[i].word, length) == 0) {
            bool done = requests[i].act(consent, request + length, &told);
            policy_add(text, "%s\n%s", done ? "yes" : "no", words);
            return;
        }
    }
    policy_add(text, "no\nthat can't be asked\n");
}
