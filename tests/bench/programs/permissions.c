// SPDX-License-Identifier: MIT
// What permissions cost a native client: opening a file through a place that was given, being refused one that was not, and asking the
// policy service where a rule is stored.
//
// It is given: a session with `files`, with `place /ram/bench/deep rw` among others, and one with `policy`. bench/files has made the
// file before, and a rule allows `permissions` to read /ram/bench.
#include <kozo/format.h>
#include <string.h>

#include "client.h"
#include "measure.h"

constexpr uint64_t TOP = 1;

static struct kozo_session policy;

static enum kozo_error measure_open_close(void)
{
    struct client_file opened = client_walk(TOP, "ram/bench/deep/file");
    return opened.error == KOZO_OK ? client_close(opened.file) : opened.error;
}

static enum kozo_error measure_refused(void)
{
    return measure_done(client_walk(TOP, "ram/bench/other/file").error == KOZO_NO_RIGHT);
}

// --- Asking -------------------------------------------------------------------------------------

static uint64_t length; // of the question

static void put_question(unsigned number)
{
    length = kozo_format((char *)policy.data, policy.data_size, "usb.use:%u", number);
}

// Each round asks for another device, which the rule covers as well. There is no capability for one.
static enum kozo_error prepare_new(void)
{
    static unsigned number;
    put_question(number++);
    return KOZO_OK;
}

static enum kozo_error prepare_known(void)
{
    put_question(0);
    return KOZO_OK;
}

static enum kozo_error measure_look(void)
{
    return measure_done(kozo_policy_look(policy.service, 0, length).verdict ==
                        KOZO_VERDICT_ALLOWED);
}

static enum kozo_error measure_ask(void)
{
    return measure_done(kozo_policy_ask(policy.service, 0, length).verdict == KOZO_VERDICT_ALLOWED);
}

int main(int argument_count, char **arguments)
{
    static const struct measure_row rows[] = {
        {"open-close", 101, 1, nullptr, nullptr, measure_open_close, nullptr},
        {"refused", 101, 1, nullptr, nullptr, measure_refused, nullptr},
        {"look", 101, 1, nullptr, prepare_known, measure_look, nullptr},
        {"ask-new", 101, 1, nullptr, prepare_new, measure_ask, nullptr},
        {"ask-again", 101, 1, nullptr, prepare_known, measure_ask, nullptr},
    };
    (void)argument_count;
    (void)arguments;
    if (!client_open() || !kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        return 1;
    }
    // As in bench/files, the file and the folders above are open all the time, and so known to the server.
    static const char *const kept[] = {"ram/bench", "ram/bench/deep", "ram/bench/deep/file"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (client_walk(TOP, kept[i]).error != KOZO_OK) {
            return 1;
        }
    }
    return measure(rows, sizeof rows / sizeof rows[0]) == 0 ? 0 : 1;
}
