// SPDX-License-Identifier: MIT
#include "asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

// A number of the machine's, with a space behind it; 0: it is none. `rest` is then what stands behind that.
static unsigned read_number(const char *text, const char **rest)
{
    char *end = nullptr;
    unsigned long number = strtoul(text, &end, 10);
    bool good = number > 0 && number <= TALK_NUMBER_MOST && end[0] == ' ';
    *rest = good ? end + 1 : text;
    return good ? (unsigned)number : 0;
}

// `LEASE NAME `, where for a file to be chosen LEASE may be 0; gives what stands behind, or null.
static const char *read_lease(const char *text, struct asked *asked)
{
    const char *name = text;
    bool none = asked->picks && text[0] == '0' && text[1] == ' ';
    asked->lease = none ? 0 : read_number(text, &name);
    name += none ? 2 : 0;
    size_t length = strcspn(name, " ");
    if ((asked->lease == 0 && !none) || name[length] == '\0' || length >= sizeof asked->command) {
        return nullptr;
    }
    memcpy(asked->command, name, length);
    return name + length + 1;
}

bool asked_read(const char *text, struct asked *asked)
{
    const char *rest = nullptr;
    *asked = (struct asked){.number = read_number(text, &rest)};
    if (asked->number == 0 || rest[0] == '\0' || strchr("rwRW", rest[0]) == nullptr ||
        rest[1] != ' ') {
        return false;
    }
    asked->write = rest[0] == 'w' || rest[0] == 'W';
    asked->picks = rest[0] == 'R' || rest[0] == 'W';
    bool bare = rest[2] == '/' && !asked->picks;
    const char *path = bare ? rest + 2 : read_lease(rest + 2, asked);
    if (path == nullptr || (path[0] != '/' && !asked->picks)) {
        return false;
    }
    if (strlen(path) < sizeof asked->path) {
        memcpy(asked->path, path, strlen(path) + 1);
    }
    return true;
}

bool asked_read_query(const char *text, struct asked *asked)
{
    const char *rest = nullptr;
    *asked = (struct asked){.number = read_number(text, &rest), .query = true};
    (void)snprintf(asked->path, sizeof asked->path, "%s", rest);
    return asked->number != 0 && strlen(rest) < sizeof asked->path;
}
