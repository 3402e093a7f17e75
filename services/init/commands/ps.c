// SPDX-License-Identifier: MIT
#include "commands.h"
#include "init.h"

static const char *const states[] = {
    [KOZO_THREAD_STOPPED] = "stopped", [KOZO_THREAD_READY] = "ready",
    [KOZO_THREAD_SENDING] = "sending", [KOZO_THREAD_RECEIVING] = "receiving",
    [KOZO_THREAD_CALLING] = "calling", [KOZO_THREAD_WAITING] = "waiting",
    [KOZO_THREAD_FAULTED] = "faulted",
};

static void say_thread(struct init *init, const char *name, struct kozo_thread thread)
{
    struct kozo_thread_info_result info = kozo_thread_info(thread);
    if (info.error != KOZO_OK || init->boot->tsc_frequency < 1000) {
        return;
    }
    const char *state =
        info.state < sizeof states / sizeof states[0] ? states[info.state] : "unknown";
    uint64_t milliseconds = info.time / (init->boot->tsc_frequency / 1000);
    say(init, "%-28s %-10s %8lu %7lu.%03lu\n", name, state, info.priority, milliseconds / 1000,
        milliseconds % 1000);
}

int command_ps(struct init *init, const struct call *call)
{
    (void)call;
    say(init, "%-28s %-10s %8s %11s\n", "NAME", "STATE", "PRIORITY", "SECONDS");
    say_thread(init, "init", (struct kozo_thread){KOZO_BOOT_SLOT_THREAD});
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        const struct process *process = &init->processes.process[i];
        if (process->live) {
            say_thread(init, process->name, process->process.thread);
        }
    }
    return 0;
}
