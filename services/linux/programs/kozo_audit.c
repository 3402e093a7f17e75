// SPDX-License-Identifier: MIT
// `kozo-audit`, in a sandbox: the record of its run, as it is shown on the host. `--follow` goes on with each line that is added.
#include <kozo/format.h>
#include <string.h>

#include "ask.h"
#include "record_line.h"

constexpr int STATUS_USAGE = 2;
constexpr uint64_t PAUSE = 500; // milliseconds
constexpr size_t LINE = 8'192;  // bytes of a line that is shown

const char own_name[] = "kozo-audit: ";

static int usage(void)
{
    refuse("usage: kozo-audit [--follow] [--json], or kozo-audit --verify");
    return STATUS_USAGE;
}

static void show(const char *line, size_t length, bool json)
{
    static char shown[LINE];
    struct policy_text text = policy_text(shown, sizeof shown - 1);
    if (json) {
        policy_add(&text, "%.*s", (int)length, line);
    } else {
        policy_add_line(&text, line, length);
    }
    policy_add(&text, "\n");
    say(shown);
}

// Shows the lines from a number on, as many as come at once; moves the number behind them. False: it may not be seen.
static bool show_from(char next[32], bool json)
{
    char request[64];
    kozo_format(request, sizeof request, "record %s", next);
    struct answer answer = ask(request);
    if (!answer.done) {
        refuse(answer.text);
        return false;
    }
    size_t length = strcspn(answer.text, "\n");
    if (length < 32 && answer.text[length] == '\n') {
        memcpy(next, answer.text, length);
        next[length] = '\0';
        const char *line = answer.text + length + 1;
        for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
            show(line, strcspn(line, "\n"), json);
        }
    }
    return true;
}

static int show_all(bool follow, bool json)
{
    char next[32] = "0";
    char before[32] = "";
    while (show_from(next, json)) {
        bool more = strcmp(next, before) != 0;
        memcpy(before, next, sizeof before);
        if (!more && !follow) {
            return 0;
        }
        if (!more) {
            pause_for(PAUSE);
        }
    }
    return 1;
}

static int verify(void)
{
    struct answer answer = ask("verify");
    if (answer.done) {
        say(answer.text);
    } else {
        refuse(answer.text);
    }
    return answer.done ? 0 : 1;
}

int main(int count, char **arguments)
{
    bool follow = false;
    bool json = false;
    if (count == 2 && strcmp(arguments[1], "--verify") == 0) {
        return verify();
    }
    for (int i = 1; i < count; i++) {
        bool known = strcmp(arguments[i], "--follow") == 0 || strcmp(arguments[i], "--json") == 0;
        if (!known) {
            return usage();
        }
        follow = follow || arguments[i][2] == 'f';
        json = json || arguments[i][2] == 'j';
    }
    return show_all(follow, json);
}
