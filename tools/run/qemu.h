// SPDX-License-Identifier: MIT
// QEMU as a child process: its command line, the descriptors it inherits, its start and its end.
// QEMU gets no name in the file system but the kernel's and the initrd's: disks are descriptors
// that the runner opened, serial ports are socket pairs, and there is no network. It dies with the
// runner.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "channel.h"
#include "options.h"

// What QEMU inherits: numbers of descriptors in the runner, -1 where there is none.
struct qemu_files {
    int console; // its ends of the socket pairs
    int crash;
    int control;
    int qmp;
    int log; // the end of a pipe that QEMU writes to
    int errors;
    int boot; // image or ISO
    int disk[OPTIONS_DISKS];
    int disk_reader[OPTIONS_DISKS]; // the same files, opened for reading only: QEMU looks at a disk
                                    // before it writes
    int firmware_code;
    int firmware_variables;
    int variables_reader;
    int channel[CHANNELS];
};

// A command line under construction. Values of options point elsewhere or into text.
struct qemu_arguments {
    size_t count;
    size_t used;
    bool overflow;
    char *value[128];
    char text[8'192];
};

// The running process and the runner's ends. None of the descriptors blocks.
struct qemu {
    pid_t process;
    int watch; // a pidfd: readable when the process has ended
    int console;
    int crash;
    int control;
    int qmp;
    int log; // QEMU's log of resets, which names a triple fault under TCG
    int errors;
    int channel[CHANNELS]; // -1: the run has no such channel
};

// Composes the command line: KOZO's machine, stopped, waiting for "cont" over QMP. A guest that
// powers off or resets stops the machine and leaves the process.
void qemu_compose(struct qemu_arguments *arguments, const struct options *options,
                  enum accelerator accelerator, const struct qemu_files *files);

// Opens what the options name and starts QEMU with a set of channels. On failure a message was
// printed.
[[nodiscard]] bool qemu_start(struct qemu *qemu, const struct options *options,
                              enum accelerator accelerator, unsigned channels);

// Starts any program with standard input and output on /dev/null, standard error on a descriptor,
// and a list of descriptors inherited; it is killed when this process dies. Returns the process, or
// -1 with errno set.
[[nodiscard]] pid_t qemu_spawn(char *const *arguments, int errors, const int *inherited,
                               size_t count);

// Ends the process at once. Harmless if it has ended.
void qemu_kill(const struct qemu *qemu);

// Waits for the end and gives the wait status.
[[nodiscard]] int qemu_reap(const struct qemu *qemu);
