// SPDX-License-Identifier: MIT
// The order of the tests is the order of importance: what the person did, then what KOZO did wrong,
// then how it ended.
#include "outcome.h"

// The endings that a person brought about, or asked for.
static struct outcome by_person(const struct facts *facts)
{
    if (facts->signal != 0) {
        return (struct outcome){128 + facts->signal, nullptr};
    }
    if (facts->unread) {
        return (struct outcome){STATUS_UNREAD, nullptr};
    }
    return (struct outcome){0, nullptr};
}

static struct outcome by_power_off(const struct facts *facts)
{
    if (facts->until) {
        return (struct outcome){STATUS_FAILED, "KOZO powered off before the text came"};
    }
    if (!facts->exec && !facts->program) {
        return (struct outcome){0, nullptr};
    }
    if (facts->program) {
        return (struct outcome){STATUS_FAILED, "KOZO ended before the program"};
    }
    if (facts->rebooted) {
        return (struct outcome){STATUS_FAILED, "KOZO rebooted before the command ended"};
    }
    return (struct outcome){STATUS_FAILED, "KOZO powered off before the command ended"};
}

struct outcome outcome_decide(const struct facts *facts)
{
    if (facts->signal != 0 || facts->unread || facts->ended || facts->found) {
        return by_person(facts);
    }
    if (facts->crashed) {
        return (struct outcome){STATUS_FAILED, nullptr}; // the report has said it all
    }
    if (facts->triple_fault) {
        return (struct outcome){STATUS_FAILED, "KOZO failed: triple fault"};
    }
    if (facts->problem != nullptr) {
        return (struct outcome){STATUS_FAILED, "KOZO failed: the control channel is broken"};
    }
    if (facts->stopped) {
        return (struct outcome){STATUS_FAILED, "QEMU stopped the machine"};
    }
    if (facts->ran || facts->refused) {
        return (struct outcome){facts->program_status, nullptr};
    }
    if (facts->program && facts->exited) {
        return (struct outcome){STATUS_FAILED, facts->begun ? "the program's Linux server failed"
                                                            : "KOZO did not run the program"};
    }
    if (facts->exited) {
        return (struct outcome){(int)facts->status, nullptr};
    }
    if (facts->limit) {
        return (struct outcome){STATUS_TIME_LIMIT, "the time limit was reached"};
    }
    if (facts->powered_off || facts->rebooted) {
        return by_power_off(facts);
    }
    return (struct outcome){STATUS_FAILED, "QEMU ended unexpectedly"};
}
