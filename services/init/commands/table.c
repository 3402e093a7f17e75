// SPDX-License-Identifier: MIT
#include <string.h>

#include "commands.h"
#include "init.h"
#include "processes.h"
#include "words.h"

const struct command commands[] = {
    {"audit", "[--verify]", "show the kernel's log, or check what was read of it", 0, 1,
     command_audit},
    {"boot-times", "", "show how long starts took, in ticks", 0, 0, command_boot_times},
    {"caps", "[SERVICE]", "show the capabilities of init or a service, as a tree", 0, 1,
     command_caps},
    {"cat", "FILE", "show a file", 1, 1, command_cat},
    {"cp", "FILE FILE", "copy a file", 2, 2, command_cp},
    {"df", "", "show how much room volumes have", 0, 0, command_df},
    {"echo", "[WORD]...", "say the words", 0, WORDS_MOST, command_echo},
    {"help", "", "show this list", 0, 0, command_help},
    {"jobs", "", "list the programs that run in the background", 0, 0, command_jobs},
    {"kill", "SERVICE", "end a service, as if it had failed", 1, 1, command_kill},
    {"linux", "PROGRAM [WORD]...", "run a Linux program", 1, WORDS_MOST, command_linux},
    {"log", "[SERVICE]", "show what init or a service has to say", 0, 1, command_log},
    {"ls", "[FOLDER]", "list a folder, or the files of the initrd", 0, 1, command_ls},
    {"mem", "", "show what memory there is", 0, 0, command_mem},
    {"mkdir", "FOLDER", "make a folder", 1, 1, command_mkdir},
    {"mount", "VOLUME [FOLDER]", "show a volume again, or in place of a folder", 1, 2,
     command_mount},
    {"mv", "FILE FILE", "give a file or folder another name", 2, 2, command_mv},
    {"poweroff", "", "turn the machine off", 0, 0, command_poweroff},
    {"ps", "", "list the threads", 0, 0, command_ps},
    {"reboot", "", "start the machine anew", 0, 0, command_reboot},
    {"restart", "SERVICE", "end a service and start it anew", 1, 1, command_restart},
    {"rm", "FILE", "remove a file or an empty folder", 1, 1, command_rm},
    {"run", "FILE [WORD]...", "run a program of the initrd; in the background with & at the end", 1,
     WORDS_MOST, command_run},
    {"services", "", "list the services", 0, 0, command_services},
    {"sh", "[WORD]...", "run a Linux shell, where there is one", 0, WORDS_MOST,
     command_linux_shell},
    {"sha256", "FILE", "show the hash of a file", 1, 1, command_sha256},
    {"stop", "NUMBER", "end a program that runs in the background", 1, 1, command_stop},
    {"trim", "", "have services give back memory that they can do without", 0, 0, command_trim},
    {"umount", "VOLUME", "write what is due to a volume, and take it away", 1, 1, command_umount},
    {"uptime", "", "show how long the system has run", 0, 0, command_uptime},
    {"version", "", "show the version", 0, 0, command_version},
    {"write", "FILE [WORD]...", "write the words into a file", 1, WORDS_MOST, command_write},
};
const size_t commands_count = sizeof commands / sizeof commands[0];

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return nullptr;
}

int commands_run(struct init *init, const char *line, size_t length)
{
    struct words words;
    words_cut(&words, line, length);
    if (words.fault != nullptr) {
        say(init, "init: %s\n", words.fault);
        return STATUS_USAGE;
    }
    if (words.count == 0) {
        return 0;
    }
    const struct command *command = find(words.word[0]);
    if (command == nullptr) {
        struct call program = {.count = words.count, .word = words.word};
        return command_program(init, &program);
    }
    size_t arguments = words.count - 1;
    if (arguments < command->least || arguments > command->most) {
        say(init, "usage: %s%s%s\n", command->name, command->arguments[0] != 0 ? " " : "",
            command->arguments);
        return STATUS_USAGE;
    }
    struct call call = {.count = words.count, .word = words.word};
    return command->run(init, &call);
}
