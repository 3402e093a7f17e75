// SPDX-License-Identifier: MIT
#include "wishes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "profile.h"

constexpr size_t PROFILE_MOST = 64 << 10; // bytes

static void show(const struct policy_wish *wish)
{
    char name[POLICY_NAME_SIZE];
    char phrase[POLICY_PHRASE_SIZE];
    char line[2 * POLICY_PHRASE_SIZE];
    struct policy_text text = policy_text(line, sizeof line);
    const struct policy_name *row = policy_name(wish->permission.id);
    policy_write(name, sizeof name, &wish->permission);
    policy_phrase(phrase, sizeof phrase, &wish->permission);
    policy_add(&text, "%s to ", wish->need ? "needs" : "wants");
    policy_add_shown(&text, phrase, strlen(phrase), POLICY_PHRASE_SIZE);
    policy_add(&text, "\n  it says: ");
    policy_add_shown(&text, wish->reason, strlen(wish->reason), POLICY_REASON_SIZE);
    policy_add(&text, "\n  permission: ");
    policy_add_shown(&text, name, strlen(name), POLICY_NAME_SIZE);
    policy_add(&text, "\n  risk: %s%s", policy_risk_text(row->risk),
               policy_service_is_there(row->service) ? "" : ", not there yet");
    printf("%s\n", line);
}

int wishes_show(const char *path)
{
    static char bytes[PROFILE_MOST];
    static struct policy_profile profile;
    char problem[256] = "";
    struct policy_text fault = policy_text(problem, sizeof problem);
    FILE *file = fopen(path, "re");
    size_t length = file != nullptr ? fread(bytes, 1, sizeof bytes, file) : 0;
    bool failed = file == nullptr || ferror(file) != 0;
    if (file != nullptr) {
        (void)fclose(file);
    }
    if (failed) {
        (void)fprintf(stderr, "kozo: the profile %s can't be read: %s\n", path, strerror(errno));
        return 2;
    }
    size_t line = length < sizeof bytes ? policy_profile_read(&profile, bytes, length, &fault) : 1;
    if (line != 0) {
        (void)fprintf(stderr, "kozo: %s:%zu: %s\n", path, line,
                      problem[0] != '\0' ? problem : "the profile is too long");
        return 2;
    }
    for (size_t i = 0; i < profile.count; i++) {
        show(&profile.wish[i]);
    }
    return 0;
}
