// SPDX-License-Identifier: MIT
// The command line, decoded and checked. Nothing is opened here; paths point into argv.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum accelerator : int {
    ACCELERATOR_TCG,  // emulation, works everywhere
    ACCELERATOR_KVM,  // the processor itself
    ACCELERATOR_AUTO, // KVM if a probe says that it works
};

enum firmware : int {
    FIRMWARE_BIOS,
    FIRMWARE_UEFI,
};

enum machine_kind : int {
    MACHINE_Q35,     // PCI Express, configuration space in memory
    MACHINE_PC,      // PCI, configuration space behind ports
    MACHINE_MICROVM, // no bus: each device has its registers in memory
};

constexpr size_t OPTIONS_DISKS = 2; // most disks, but one with MACHINE_MICROVM
constexpr size_t OPTIONS_LIST = 64; // most values of an option that may be given several times

struct option_list {
    size_t count;
    const char *value[OPTIONS_LIST];
};

struct options {
    const char *kernel;
    const char *initrd;
    const char *image;
    const char *iso;
    const char *exec;
    const char *append;
    const char *symbols; // the kernel's ELF file for names; the kernel itself if not given
    const char *until;
    enum firmware firmware;
    enum accelerator accelerator;
    enum machine_kind machine;
    bool edu;        // QEMU's device for lessons is there, too
    unsigned memory; // MiB
    unsigned processors;
    bool icount;
    bool verbose;
    bool limited;         // a time limit was given
    int64_t limit_ms;     // 0: none
    char *const *program; // a program of this host to run, and its arguments, up to a null; or null
    const char *root;     // whose system it is from, instead of this host's
    const char *report;   // a file for the report of the run
    const char *command;  // what init is told, instead of to run a Linux program; for tests
    bool trace;
    struct option_list disks;
    struct option_list shares; // DIR or DIR:rw
    struct option_list environment;
    struct option_list allow; // names of permissions
    struct option_list deny;  // likewise
    const char *profile;      // a file with what the program needs and wants
    const char *learn;        // a file for a proposed profile
    bool scratch;             // what it changes without a permission is so in this run only
    const char *broker;       // a socket that answers questions
    bool prompt;              // the person at the terminal answers them
    bool sudo;                // while it runs, only what runs under sudo may ask
};

enum options_result : int {
    OPTIONS_GOOD,
    OPTIONS_HELP,  // --help was asked for
    OPTIONS_WRONG, // problem is one line that says what is wrong
};

struct options_parsed {
    enum options_result result;
    struct options options;
    char problem[256];
};

[[nodiscard]] struct options_parsed options_parse(int count, char *const *arguments);

// Prints the manual on standard output.
void options_help(void);
