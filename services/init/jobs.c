// SPDX-License-Identifier: MIT
#include "jobs.h"

#include <kozo/machine.h>

#include "init.h"

struct process *jobs_find(struct init *init, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < PROCESSES_MOST; i++) {
        struct process *process = &init->processes.process[i];
        if (process->live && process->job == number) {
            return process;
        }
    }
    return nullptr;
}

static uint32_t free_number(struct init *init)
{
    uint32_t number = 1;
    while (jobs_find(init, number) != nullptr) {
        number++;
    }
    return number;
}

uint32_t jobs_begin(struct init *init, struct process *process)
{
    process->job = free_number(init);
    process->started = kozo_ticks();
    if (kozo_thread_resume(process->process.thread) != KOZO_OK) {
        processes_end(init, process);
        return 0;
    }
    return process->job;
}

void jobs_stop(struct init *init, struct process *process)
{
    notice(init, "[%u] %s: stopped\n", process->job, process->name);
    processes_end(init, process);
}

void jobs_reap(struct init *init)
{
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        struct process *process = &init->processes.process[i];
        if (process->live && process->job != 0 && process->ended) {
            notice(init, "[%u] %s: ended with status %d\n", process->job, process->name,
                   process->status);
            processes_end(init, process);
        }
    }
}
