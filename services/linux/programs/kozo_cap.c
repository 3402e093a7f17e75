// SPDX-License-Identifier: MIT
// `kozo-cap`, in a sandbox: what the programs in it may do, and why. They can give themselves nothing, and take nothing back.
#include <string.h>

#include "ask.h"

constexpr int STATUS_USAGE = 2;
constexpr size_t REQUEST = 512;

const char own_name[] = "kozo-cap: ";

static int usage(void)
{
    refuse("usage: kozo-cap list, or kozo-cap why NAME[:SCOPE]");
    return STATUS_USAGE;
}

// The arguments with a space between them; false when they are too long.
static bool join(char *const *words, int count, char request[REQUEST])
{
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(words[i]);
        if (size > REQUEST - 2 - length) {
            return false;
        }
        memcpy(request + length, words[i], size);
        length += size;
        request[length++] = ' ';
    }
    request[length - 1] = '\0';
    return true;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *verb;
        int least, most;
    } verbs[] = {{"list", 2, 2}, {"why", 3, 3}, {"grant", 3, 4}, {"revoke", 3, 3}};
    char request[REQUEST];
    bool known = false;
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
        known = known || (strcmp(arguments[1], verbs[i].verb) == 0 && count >= verbs[i].least &&
                          count <= verbs[i].most);
    }
    if (!known) {
        return usage();
    }
    if (!join(arguments + 1, count - 1, request)) {
        refuse("that is no permission");
        return 1;
    }
    struct answer answer = ask(request);
    if (answer.done) {
        say(answer.text);
    } else {
        refuse(answer.text);
    }
    return answer.done ? 0 : 1;
}
