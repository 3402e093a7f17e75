// SPDX-License-Identifier: MIT
// `kozo-audit`: the record of what programs asked for, were given, and were refused. `--json` shows it as
// it is kept; `--verify` checks that nothing in it was changed.
//
// It is given: a session with `policy`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

constexpr int STATUS_USAGE = 2;
constexpr size_t FIELD = 600; // bytes of a value

static struct kozo_session policy;

static int fail(void)
{
    kozo_print("kozo-audit: the policy service does not answer\n");
    return 1;
}

// --- Lines --------------------------------------------------------------------------------------

// The value of a key in a line of the record, as it stands there; empty when there is none.
static void take_field(char *value, const char *line, size_t length, const char *key)
{
    size_t size = strlen(key);
    size_t used = 0;
    value[0] = '\0';
    for (size_t at = 0; at + size + 3 < length; at++) {
        // A key follows a comma or the first brace; inside of texts quotation marks are escaped.
        if ((line[at] != ',' && line[at] != '{') || line[at + 1] != '"' ||
            memcmp(line + at + 2, key, size) != 0 || line[at + 2 + size] != '"' ||
            line[at + 3 + size] != ':') {
            continue;
        }
        at += size + 4;
        bool text = line[at] == '"';
        for (at += text ? 1 : 0; at < length && used + 2 < FIELD; at++) {
            if (text ? line[at] == '"' : line[at] == ',' || line[at] == '}') {
                break;
            }
            if (line[at] == '\\' && at + 1 < length) {
                value[used++] = line[at++];
            }
            value[used++] = line[at];
        }
        value[used] = '\0';
        return;
    }
}

static void show_line(const char *line, size_t length)
{
    static const char *const keys[] = {"n", "event", "program", "permission", "scope", "because"};
    static char value[sizeof keys / sizeof keys[0]][FIELD];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        take_field(value[i], line, length, keys[i]);
    }
    kozo_printf("%5s %-7s %s", value[0], value[1], value[2]);
    if (value[3][0] != '\0') {
        kozo_printf(" %s%s%s", value[3], value[4][0] != '\0' ? ":" : "", value[4]);
    }
    if (value[5][0] != '\0') {
        kozo_printf(" (%s)", value[5]);
    }
    kozo_print("\n");
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

static int show(bool json)
{
    uint64_t offset = 0;
    while (true) {
        struct kozo_policy_record_result result =
            kozo_policy_record(policy.service, offset, 0, policy.data_size);
        if (result.error != KOZO_OK) {
            return fail();
        }
        uint64_t shown = show_lines((const char *)policy.data, result.done, json);
        if (shown == 0) {
            return 0;
        }
        offset += shown;
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
    };
    if (result.found != KOZO_FOUND_WHOLE) {
        kozo_printf("line %lu %s\n", result.line, words[result.found & 3]);
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
    const char *option = count == 2 ? arguments[1] : "";
    if (!kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        return fail();
    }
    if (strcmp(option, "--verify") == 0) {
        return verify();
    }
    if (count == 1 || strcmp(option, "--json") == 0) {
        return show(count == 2);
    }
    kozo_print("usage: kozo-audit [--verify|--json]\n");
    return STATUS_USAGE;
}
