// SPDX-License-Identifier: MIT
// Runs a program of the initrd. The status is the program's own; 127 when there is no such file,
// 126 when it can't be run, 130 when it was ended by Ctrl-C, 139 when it faulted. With & as the last
// word it runs in the background, and the status is 0 once it has begun.
#include <kozo/format.h>
#include <kozo/machine.h>
#include <string.h>

#include "../jobs.h"
#include "../words.h"
#include "commands.h"
#include "init.h"

// Waits until services have forgotten the last life of a program. A service that does not is ended.
static void wait_until_free(struct init *init, const struct kozo_system_program *entry)
{
    while (!services_are_free_for(init, entry)) {
        events_wait(init);
    }
}

static bool is_running(const struct init *init, const struct kozo_system_program *entry)
{
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        const struct process *process = &init->processes.process[i];
        if (process->live && process->entry == entry) {
            return true;
        }
    }
    return false;
}

// The entry of a file that no process runs by now; each entry is good for one at a time. `named`
// says whether there is any.
struct entry_result {
    bool named;
    const struct kozo_system_program *entry;
};

static struct entry_result free_entry(const struct init *init, const char *file)
{
    struct entry_result result = {};
    for (size_t i = 0; i < init->system->programs; i++) {
        const struct kozo_system_program *entry = &init->system->program[i];
        if (strcmp(entry->file, file) != 0) {
            continue;
        }
        result.named = true;
        if (entry->name[0] != 0 || !is_running(init, entry)) {
            result.entry = entry;
            return result;
        }
    }
    return result;
}

static int run_to_end(struct init *init, struct process *process,
                      const struct kozo_system_program *entry)
{
    int status = processes_run(init, process);
    // What it wrote to a service comes before what init says next.
    wait_until_free(init, entry);
    // In words for a person; the runner gets the number.
    bool own = status != 0 && status != STATUS_INTERRUPTED && status != STATUS_FAULT;
    if (own && init->terminal.kind != TERMINAL_CONTROL) {
        say(init, "%.64s: ended with status %d\n", process->name, status);
    }
    return status;
}

static int run_beside(struct init *init, struct process *process)
{
    uint32_t number = jobs_begin(init, process);
    if (number == 0) {
        say(init, "run: %.64s can't be started\n", process->name);
        return STATUS_NOT_RUNNABLE;
    }
    say(init, "[%u] %s\n", number, process->name);
    return 0;
}

// When memory is short, services are asked for what they can do without, and have a second for that.
static struct processes_result create(struct init *init, const char *file,
                                      const struct kozo_system_program *entry,
                                      char *const *arguments, size_t count)
{
    uint64_t deadline = kozo_ticks() + init->boot->tsc_frequency;
    struct processes_result result =
        processes_create(init, file, entry, nullptr, arguments, count, PRIORITY_PROGRAM);
    if (result.reason == KOZO_PROCESS_SHORT) {
        supply_press(init);
    }
    while (result.reason == KOZO_PROCESS_SHORT && init->clock.handle != 0 &&
           kozo_ticks() < deadline) {
        events_wait(init);
        result = processes_create(init, file, entry, nullptr, arguments, count, PRIORITY_PROGRAM);
    }
    return result;
}

static int run(struct init *init, const char *file, char *const *arguments, size_t count)
{
    bool beside = count > 1 && strcmp(arguments[count - 1], "&") == 0;
    if (init_file(init, file).step != KOZO_CPIO_ENTRY) {
        say(init, "run: no such file: %.64s\n", file);
        return STATUS_NOT_FOUND;
    }
    struct entry_result found = free_entry(init, file);
    if (found.named && found.entry == nullptr) {
        say(init, "run: %s runs already, as often as it may\n", file);
        return STATUS_NOT_RUNNABLE;
    }
    if (found.entry != nullptr && found.entry->name[0] != 0) {
        say(init, "run: %s is a service\n", file);
        return STATUS_NOT_RUNNABLE;
    }
    wait_until_free(init, found.entry);
    struct processes_result result =
        create(init, file, found.entry, arguments, count - (beside ? 1 : 0));
    if (result.reason != nullptr) {
        say(init, "run: %.64s can't be run: it %s\n", file, result.reason);
        return STATUS_NOT_RUNNABLE;
    }
    return beside ? run_beside(init, result.process)
                  : run_to_end(init, result.process, found.entry);
}

int command_run(struct init *init, const struct call *call)
{
    return run(init, call->word[1], call->word + 1, call->count - 1);
}

int command_linux(struct init *init, const struct call *call)
{
    return run(init, "services/linux", call->word, call->count);
}

// The words of `linux` are the same, with the name of the command before them.
int command_linux_shell(struct init *init, const struct call *call)
{
    char *word[WORDS_MOST + 1] = {"linux"};
    memcpy((void *)(word + 1), (const void *)call->word, call->count * sizeof word[0]);
    return run(init, "services/linux", word, call->count + 1);
}

int command_program(struct init *init, const struct call *call)
{
    char file[KOZO_SYSTEM_FILE];
    size_t length = kozo_format(file, sizeof file, "bin/%s", call->word[0]);
    if (length >= sizeof file || init_file(init, file).step != KOZO_CPIO_ENTRY) {
        say(init, "init: no such command: %.64s (try help)\n", call->word[0]);
        return STATUS_NOT_FOUND;
    }
    return run(init, file, call->word, call->count);
}
