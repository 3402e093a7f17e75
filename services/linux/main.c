// SPDX-License-Identifier: MIT
// linuxd: `linux PROGRAM ARGUMENTS` runs a Linux program.
#include "core/loop.h"
#include "core/objects.h"
#include "file/begin.h"
#include "file/descriptors.h"
#include "file/path.h"
#include "memory/space.h"
#include "process/console.h"
#include "process/exec.h"
#include "process/process.h"
#include "process/sandbox.h"
#include "process/tree.h"

#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

constexpr int STATUS_USAGE = 2;
constexpr int STATUS_FAILED = 125;
constexpr int STATUS_NOT_RUNNABLE = 126;
constexpr int STATUS_NOT_FOUND = 127;

static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "TERM=vt100",
    nullptr};

static void set_limits(struct caller *caller)
{
    constexpr uint64_t none = UINT64_MAX;
    for (unsigned i = 0; i < LIMITS; i++) {
        caller->limit[i] = (struct limit){none, none};
    }
    caller->limit[3] = (struct limit){8ul << 20, none};      // RLIMIT_STACK
    caller->limit[4] = (struct limit){0, none};              // RLIMIT_CORE
    caller->limit[6] = (struct limit){4096, 4096};           // RLIMIT_NPROC
    caller->limit[7] = (struct limit){1024, 8192};           // RLIMIT_NOFILE
    caller->limit[8] = (struct limit){8ul << 20, 8ul << 20}; // RLIMIT_MEMLOCK
    caller->limit[11] = (struct limit){1024, 1024};          // RLIMIT_SIGPENDING
    caller->limit[12] = (struct limit){819200, 819200};      // RLIMIT_MSGQUEUE
    caller->limit[13] = (struct limit){0, 0};                // RLIMIT_NICE
    caller->limit[14] = (struct limit){0, 0};                // RLIMIT_RTPRIO
}

// The first process, whose program is still to come.
static struct thread *make_first(void)
{
    struct process *process = process_make(nullptr);
    if (process == nullptr) {
        return nullptr;
    }
    process_first = process;
    set_limits(&process->caller);
    process->caller.group = process->caller.process;
    process->caller.session = process->caller.process;
    process->caller.descriptors = descriptors_make();
    process->caller.folders = tree_begin(false) == 0 ? folders_make(path_top()) : nullptr;
    process->handlers = handlers_make();
    process->space = space_make();
    if (process->caller.descriptors == nullptr || process->caller.folders == nullptr ||
        process->handlers == nullptr || process->space == nullptr) {
        return nullptr;
    }
    return thread_make(process);
}

static void work_for(struct thread *thread)
{
    strand_now->thread = thread;
    strand_now->space = thread->process->space;
    strand_now->attention = &thread->attention;
    thread->strand = strand_now;
}

static bool open_standard_files(const struct thread *thread)
{
    struct file *console = console_file();
    if (console == nullptr) {
        return false;
    }
    bool opened = true;
    for (uint32_t number = 0; number < 3; number++) {
        file_keep(console);
        opened &= descriptor_set(thread->process->caller.descriptors, number, console, false) >= 0;
    }
    file_drop(console);
    return opened;
}

[[noreturn]] static void fail(const char *program, int64_t error)
{
    constexpr int64_t absent = -2, access = -13;
    kozo_printf("linux: %s: %s\n", program,
                error == absent   ? "no such file"
                : error == access ? "not allowed"
                                  : "can't be run");
    kozo_exit(error == absent ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE);
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && strcmp(arguments[1], "--trace") == 0) {
        sandbox.traces = true;
        arguments++;
        argument_count--;
    }
    if (argument_count < 2) {
        kozo_print("linux: give a program\n");
        return STATUS_USAGE;
    }
    const char *reason = objects_start();
    if (reason != nullptr || !strands_reserve(1)) {
        kozo_printf("linux: can't start: it %s\n",
                    reason != nullptr ? reason : "has too little memory");
        return STATUS_FAILED;
    }
    struct thread *thread = make_first();
    if (thread == nullptr) {
        kozo_print("linux: can't start: too little memory\n");
        return STATUS_FAILED;
    }
    work_for(thread);
    if (!open_standard_files(thread)) {
        kozo_print("linux: can't start: too little memory\n");
        return STATUS_FAILED;
    }
    int64_t filled = tree_fill();
    if (filled != 0) {
        kozo_printf("linux: can't start: its tree of names can't be made (%d)\n", (int)-filled);
        return STATUS_FAILED;
    }
    struct exec exec = {
        .folder = -100,
        .path = arguments[1],
        .arguments = {.own = (const char *const *)arguments + 1},
        .environment = {.own = environment},
    };
    int64_t result = exec_program(thread, &exec);
    if (result != CALL_SILENT) {
        fail(arguments[1], result);
    }
    strand_now->thread = nullptr;
    strand_now->attention = nullptr;
    loop_run();
}
