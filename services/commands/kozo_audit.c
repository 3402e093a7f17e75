// SPDX-License-Identifier: MIT
// `kozo-audit`: the record of what programs asked for, were given, and were refused. `--follow` goes on with each line that is added,
// `--json` shows lines as they are kept, `--verify` checks that nothing in it was changed.
//
// It is given: a session with `policy`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

#include "record.h"
#include "record_line.h"

constexpr int STATUS_USAGE = 2;

static struct kozo_session policy;

static int fail(void)
{
    kozo_print("kozo-audit: the policy service does not answer\n");
    return 1;
}

// --- Lines --------------------------------------------------------------------------------------

static void show_line(const char *line, size_t length)
{
    static char shown[2 * POLICY_RECORD_SIZE];
    struct policy_text text = policy_text(shown, sizeof shown);
    policy_add_line(&text, line, length);
    policy_add(&text, "\n");
    kozo_write(shown, text.length);
}

// Shows the lines that are whole in a piece; gives how many bytes those are.
static uint64_t show_lines(const char *piece, uint64_t length, bool json)
{
    uint64_t done = 0;
    const char *end = memchr(piece, '\n', length);
    while (end != nullptr) {
        size_t size = (size_t)(end - piece) - done;
        if (json) {
            kozo_write(piece + done, size + 1);
        } else {
            show_line(piece + done, size);
        }
        done += size + 1;
        end = memchr(piece + done, '\n', length - done);
    }
    return done;
}

// Shows all lines from a place on, and moves it behind them. False: the service does not answer, or has no such place.
static bool show_from(uint64_t *offset, bool json)
{
    while (true) {
        struct kozo_policy_record_result result =
            kozo_policy_record(policy.service, *offset, 0, policy.data_size);
        if (result.error != KOZO_OK) {
            return false;
        }
        uint64_t shown = show_lines((const char *)policy.data, result.done, json);
        if (shown == 0) {
            return true;
        }
        *offset += shown;
    }
}

static int show(bool json)
{
    uint64_t offset = 0;
    return show_from(&offset, json) ? 0 : fail();
}

// Waits until the record has more lines than were seen.
static struct kozo_policy_grown_result wait_for_more(uint64_t seen)
{
    uint64_t number = kozo_policy_grown_begin(&policy, seen);
    struct kozo_entry entry;
    while (number != 0) {
        if (kozo_session_next(&policy, &entry)) {
            return kozo_policy_grown_end(&entry);
        }
        if (kozo_session_lost(&policy, number)) {
            break;
        }
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
    return (struct kozo_policy_grown_result){.error = KOZO_NO_REPLY};
}

// Goes on until it is ended. When old lines are given up the others are elsewhere.
static int follow(bool json)
{
    struct kozo_policy_grown_result grown = {};
    uint64_t before = 0;
    uint64_t offset = 0;
    while (true) {
        grown = wait_for_more(grown.lines);
        if (grown.error != KOZO_OK) {
            return fail();
        }
        offset = grown.before == before ? offset : 0;
        before = grown.before;
        if (!show_from(&offset, json) && !show_from(&(uint64_t){0}, json)) {
            return fail();
        }
    }
}

static int verify(void)
{
    struct kozo_policy_verify_result result = kozo_policy_verify(policy.service);
    if (result.error != KOZO_OK) {
        return fail();
    }
    static const char *const words[] = {
        [KOZO_FOUND_CHANGED] = "was changed",
        [KOZO_FOUND_GAP] = "has lines missing before it",
        [KOZO_FOUND_CUT] = "is cut off",
        [KOZO_FOUND_UNJOINED] = "does not fit the kernel's log",
    };
    if (result.found != KOZO_FOUND_WHOLE) {
        kozo_printf("line %lu %s\n", result.line, words[result.found % (KOZO_FOUND_UNJOINED + 1)]);
        return 1;
    }
    kozo_printf("%lu lines, the record is whole", result.lines);
    if (result.before > 0) {
        kozo_printf("; %lu lines before it are not kept", result.before);
    }
    kozo_print("\n");
    return 0;
}

int main(int count, char **arguments)
{
    bool follows = false;
    bool json = false;
    bool good = true;
    if (!kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        return fail();
    }
    if (count == 2 && strcmp(arguments[1], "--verify") == 0) {
        return verify();
    }
    for (int i = 1; i < count; i++) {
        bool one = strcmp(arguments[i], "--follow") == 0;
        bool other = strcmp(arguments[i], "--json") == 0;
        follows = follows || one;
        json = json || other;
        good = good && (one || other);
    }
    if (!good) {
        kozo_print("usage: kozo-audit [--follow] [--json]\n       kozo-audit --verify\n");
        return STATUS_USAGE;
    }
    return follows ? follow(json) : show(json);
}
