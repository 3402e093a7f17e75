// SPDX-License-Identifier: MIT
#include "changed.h"

#include <string.h>

#include "message.h"

constexpr size_t SHOWN_MOST = 100; // cells of a path in a line

bool changed_next(const struct told *changed, size_t *at, struct policy_permission *permission)
{
    while (*at < changed->length) {
        char name[POLICY_NAME_SIZE];
        const char *path = changed->text + *at;
        const char *end = memchr(path, '\0', changed->length - *at);
        if (end == nullptr) {
            return false; // half a path
        }
        *at += (size_t)(end - path) + 1;
        struct policy_text text = policy_text(name, sizeof name);
        policy_add(&text, "files.path.write:%s", path);
        struct policy_parsed parsed = policy_parse(name, text.length);
        if (!text.cut && parsed.fault == POLICY_FAULT_NONE) {
            *permission = parsed.permission;
            return true;
        }
    }
    return false;
}

size_t changed_tell(const struct told *changed)
{
    struct policy_permission permission;
    size_t count = 0;
    for (size_t at = 0; changed_next(changed, &at, &permission); count++) {
        char line[2 * POLICY_SCOPE_SIZE];
        struct policy_text text = policy_text(line, sizeof line);
        policy_add_shown(&text, permission.scope, strlen(permission.scope), SHOWN_MOST);
        if (count < CHANGED_LINES) {
            message("changed only in this run: %s", line);
        }
    }
    if (count > CHANGED_LINES) {
        message("changed only in this run: %zu more", count - CHANGED_LINES);
    }
    return count;
}
