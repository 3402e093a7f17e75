// SPDX-License-Identifier: MIT
// Programs in the background: what they are, and ending one.
#include "../jobs.h"

#include <kozo/machine.h>

#include "commands.h"
#include "init.h"

int command_jobs(struct init *init, const struct call *call)
{
    (void)call;
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        const struct process *process = &init->processes.process[i];
        if (process->live && process->job != 0) {
            uint64_t seconds = (kozo_ticks() - process->started) / init->boot->tsc_frequency;
            say(init, "[%u] %-40s %6lu s\n", process->job, process->name, seconds);
        }
    }
    return 0;
}

// The number that a word of digits stands for, 0 for no such word.
static uint64_t number_of(const char *word)
{
    uint64_t number = 0;
    for (; *word >= '0' && *word <= '9' && number < UINT32_MAX; word++) {
        number = number * 10 + (uint64_t)(*word - '0');
    }
    return *word == 0 ? number : 0;
}

int command_stop(struct init *init, const struct call *call)
{
    struct process *process = jobs_find(init, number_of(call->word[1]));
    if (process == nullptr) {
        say(init, "stop: no such job: %.64s (try jobs)\n", call->word[1]);
        return STATUS_FAILED;
    }
    jobs_stop(init, process);
    return 0;
}
