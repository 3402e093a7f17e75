// SPDX-License-Identifier: MIT
// linuxd: `linux PROGRAM ARGUMENTS` runs a Linux program of the initrd, and `linux @` one of the host.
#include "core/clock.h"
#include "core/errno.h"
#include "core/loop.h"
#include "core/objects.h"
#include "file/begin.h"
#include "file/channel.h"
#include "file/descriptors.h"
#include "file/path.h"
#include "file/port.h"
#include "memory/space.h"
#include "process/console.h"
#include "process/exec.h"
#include "process/host.h"
#include "process/process.h"
#include "process/sandbox.h"
#include "process/tree.h"

#include <kozo/clock.h>
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/session.h>
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
    process->handlers = handlers_make();
    process->space = space_make();
    if (process->caller.descriptors == nullptr || process->handlers == nullptr ||
        process->space == nullptr) {
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

// On the terminal of whoever waits for the program; one that nobody waits for only writes.
static bool open_standard_files(const struct thread *thread)
{
    int64_t error = descriptors_begin_alone();
    if (error != -ENXIO) {
        return error == 0;
    }
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

static const char *reason_of(int64_t error)
{
    switch (error) {
    case -ENOENT:
        return "there is no such file";
    case -EACCES:
        return "it may not be executed";
    case -ENOEXEC:
        return "it is no program for this machine";
    case -ENOMEM:
        return "there is too little memory";
    default:
        return "it can't be loaded";
    }
}

// Nobody can be told but at the console, unless the host is there.
[[noreturn]] static void fail(const char *program, const char *reason, int status)
{
    char text[256];
    size_t length = kozo_format(text, sizeof text, "%.150s can't be run: %s", program, reason);
    if (host_is_there()) {
        host_failed(text);
    } else {
        kozo_printf("linux: %.*s\n", (int)length, text);
    }
    kozo_exit(status);
}

static int status_of(int64_t error)
{
    return error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE;
}

// At the prompt: a tree of its own with what was shared with the machine, and the console.
static void prepare_alone(struct thread *thread, char **arguments, struct exec *exec)
{
    int64_t error = tree_begin_alone(&thread->process->caller);
    if (error != 0) {
        fail(arguments[0], "its tree of names can't be made", STATUS_FAILED);
    }
    if (!open_standard_files(thread)) {
        fail(arguments[0], reason_of(-ENOMEM), STATUS_FAILED);
    }
    *exec = (struct exec){
        .folder = -100,
        .path = tree_find_program(arguments[0]),
        .arguments = {.own = (const char *const *)arguments},
        .environment = {.own = environment},
    };
}

static void prepare_of_host(struct thread *thread, struct exec *exec)
{
    const char *reason = host_begin();
    if (reason != nullptr) {
        fail("the program", reason, STATUS_FAILED);
    }
    reason = host_prepare(thread, exec);
    if (reason != nullptr) {
        fail(exec->path, reason, STATUS_FAILED);
    }
}

static void rung(uint64_t bits)
{
    ports_rung(bits);
    channels_rung(bits);
}

// The date, as the driver of the clock tells it; 1970 without one.
static void set_date(void)
{
    struct kozo_session session;
    if (!kozo_session_open(&session, "clock")) {
        return;
    }
    struct kozo_clock_date_result date = kozo_clock_date(session.service);
    if (date.error == KOZO_OK) {
        uint64_t since = kozo_clock_nanoseconds(kozo_ticks() - date.ticks);
        clock_set_realtime(date.nanoseconds + since);
    }
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
    bool of_host = strcmp(arguments[1], "@") == 0;
    const char *reason = objects_start();
    if (reason != nullptr || !strands_reserve(1)) {
        fail("the program", reason != nullptr ? reason : reason_of(-ENOMEM), STATUS_FAILED);
    }
    set_date();
    loop_tell(rung);
    struct thread *thread = make_first();
    if (thread == nullptr) {
        fail("the program", reason_of(-ENOMEM), STATUS_FAILED);
    }
    work_for(thread);
    sandbox.started = clock_monotonic();
    struct exec exec = {};
    if (of_host) {
        prepare_of_host(thread, &exec);
    } else {
        prepare_alone(thread, arguments + 1, &exec);
    }
    int64_t result = exec_program(thread, &exec);
    if (result != CALL_SILENT) {
        fail(exec.path, reason_of(result), status_of(result));
    }
    if (of_host) {
        host_listen();
    }
    strand_now->thread = nullptr;
    strand_now->attention = nullptr;
    loop_run();
}
