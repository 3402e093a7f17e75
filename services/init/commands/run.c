// SPDX-License-Identifier: MIT
// Runs a program of the initrd. The status is the program's own; 127 when there is no such file,
// 126 when it can't be run, 130 when it was ended by Ctrl-C, 139 when it faulted.
#include "commands.h"
#include "init.h"

// Waits until services have forgotten the last life of a program. A service that does not is ended.
static void wait_until_free(struct init *init, const struct kozo_system_program *entry)
{
    while (!services_are_free_for(init, entry)) {
        events_wait(init);
    }
}

static int run(struct init *init, const char *file, char *const *arguments, size_t count)
{
    if (init_file(init, file).step != KOZO_CPIO_ENTRY) {
        say(init, "run: no such file: %.64s\n", file);
        return STATUS_NOT_FOUND;
    }
    const struct kozo_system_program *entry = kozo_system_find(init->system, file);
    if (entry != nullptr && entry->name[0] != 0) {
        say(init, "run: %s is a service\n", file);
        return STATUS_NOT_RUNNABLE;
    }
    wait_until_free(init, entry);
    struct processes_result result =
        processes_create(init, file, entry, nullptr, arguments, count, PRIORITY_PROGRAM);
    if (result.reason != nullptr) {
        say(init, "run: %.64s can't be run: it %s\n", file, result.reason);
        return STATUS_NOT_RUNNABLE;
    }
    int status = processes_run(init, result.process);
    // What it wrote to a service comes before what init says next.
    wait_until_free(init, entry);
    // In words for a person; the runner gets the number.
    bool own = status != 0 && status != STATUS_INTERRUPTED && status != STATUS_FAULT;
    if (own && init->terminal.kind != TERMINAL_CONTROL) {
        say(init, "%.64s: ended with status %d\n", file, status);
    }
    return status;
}

int command_run(struct init *init, const struct call *call)
{
    return run(init, call->word[1], call->word + 1, call->count - 1);
}

int command_linux(struct init *init, const struct call *call)
{
    return run(init, "services/linux", call->word, call->count);
}
