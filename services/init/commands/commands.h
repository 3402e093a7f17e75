// SPDX-License-Identifier: MIT
// The commands of the prompt. Each is one handler in a file of its own and one line in table.c.
#pragma once

#include <stddef.h>

struct init;

// What a command was called with; word 0 is its own name.
struct call {
    size_t count;
    char *const *word;
};

struct command {
    const char *name;
    const char *arguments; // as `help` shows them
    const char *help;
    size_t least; // number of arguments
    size_t most;
    int (*run)(struct init *init, const struct call *call); // gives the exit status
};

constexpr int STATUS_USAGE = 2;
constexpr int STATUS_FAILED = 1;

extern const struct command commands[];
extern const size_t commands_count;

// Carries out one line and gives its exit status: 0 also for an empty one.
[[nodiscard]] int commands_run(struct init *init, const char *line, size_t length);

// Gives the kernel memory for its log.
void audit_start(struct init *init);

int command_audit(struct init *init, const struct call *call);
int command_boot_times(struct init *init, const struct call *call);
int command_caps(struct init *init, const struct call *call);
int command_cat(struct init *init, const struct call *call);
int command_cp(struct init *init, const struct call *call);
int command_df(struct init *init, const struct call *call);
int command_echo(struct init *init, const struct call *call);
int command_help(struct init *init, const struct call *call);
int command_kill(struct init *init, const struct call *call);
int command_jobs(struct init *init, const struct call *call);
int command_log(struct init *init, const struct call *call);
int command_ls(struct init *init, const struct call *call);
int command_mem(struct init *init, const struct call *call);
int command_mkdir(struct init *init, const struct call *call);
int command_mount(struct init *init, const struct call *call);
int command_mv(struct init *init, const struct call *call);
int command_poweroff(struct init *init, const struct call *call);
// Runs the program of bin/ that has the name of the command.
int command_program(struct init *init, const struct call *call);
int command_ps(struct init *init, const struct call *call);
int command_reboot(struct init *init, const struct call *call);
int command_restart(struct init *init, const struct call *call);
int command_rm(struct init *init, const struct call *call);
int command_run(struct init *init, const struct call *call);
int command_linux(struct init *init, const struct call *call);
int command_linux_shell(struct init *init, const struct call *call);
int command_services(struct init *init, const struct call *call);
int command_sha256(struct init *init, const struct call *call);
int command_stop(struct init *init, const struct call *call);
int command_trim(struct init *init, const struct call *call);
int command_umount(struct init *init, const struct call *call);
int command_uptime(struct init *init, const struct call *call);
int command_version(struct init *init, const struct call *call);
int command_write(struct init *init, const struct call *call);
