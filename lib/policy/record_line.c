// SPDX-License-Identifier: MIT
#include "record_line.h"

#include <string.h>

// A value, as it stands in the line.
struct value {
    const char *at;
    size_t length;
};

// The value of a key; empty when there is none. A key follows a comma or the first brace: inside of texts quotation marks
// are escaped.
static struct value value_of(const char *line, size_t length, const char *key)
{
    size_t size = strlen(key);
    for (size_t at = 0; at + size + 4 < length; at++) {
        if ((line[at] != ',' && line[at] != '{') || line[at + 1] != '"' ||
            memcmp(line + at + 2, key, size) != 0 || line[at + 2 + size] != '"' ||
            line[at + 3 + size] != ':') {
            continue;
        }
        size_t start = at + size + 4;
        bool text = line[start] == '"';
        start += text ? 1 : 0;
        size_t end = start;
        while (end < length && (text ? line[end] != '"' : line[end] != ',' && line[end] != '}')) {
            end += line[end] == '\\' ? 2 : 1;
        }
        return (struct value){line + start, end < length ? end - start : length - start};
    }
    return (struct value){"", 0};
}

static void add(struct policy_text *text, struct value value)
{
    policy_add(text, "%.*s", (int)value.length, value.at);
}

void policy_add_line(struct policy_text *text, const char *line, size_t length)
{
    struct value number = value_of(line, length, "n");
    struct value event = value_of(line, length, "event");
    struct value permission = value_of(line, length, "permission");
    struct value scope = value_of(line, length, "scope");
    struct value because = value_of(line, length, "because");
    policy_add(text, "%5.*s %-7.*s ", (int)number.length, number.at, (int)event.length, event.at);
    add(text, value_of(line, length, "program"));
    if (permission.length > 0) {
        policy_add(text, " ");
        add(text, permission);
    }
    if (scope.length > 0) {
        policy_add(text, ":");
        add(text, scope);
    }
    if (because.length > 0) {
        policy_add(text, " (");
        add(text, because);
        policy_add(text, ")");
    }
}
