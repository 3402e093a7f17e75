// SPDX-License-Identifier: MIT
// A code file only works with the variables file of the same size, so they are listed in pairs.
#include "firmware.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr size_t LARGEST_VARIABLES = 16UL << 20;

struct firmware_paths {
    const char *code;
    const char *variables;
};

static const struct firmware_paths candidates[] = {
    {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
    {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
    {"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
    {"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
    {"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"},
};

// A copy of a file in memory, or -1.
static int copy_to_memory(const char *path)
{
    int source = open(path, O_RDONLY | O_CLOEXEC);
    if (source < 0) {
        return -1;
    }
    int copy = memfd_create("kozo-uefi-variables", MFD_CLOEXEC);
    struct stat status;
    bool good =
        copy >= 0 && fstat(source, &status) == 0 && (size_t)status.st_size <= LARGEST_VARIABLES;
    char block[65'536];
    while (good) {
        ssize_t count = read(source, block, sizeof block);
        if (count == 0) {
            break;
        }
        good = count > 0 && write(copy, block, (size_t)count) == count;
    }
    (void)close(source);
    if (good) {
        return copy;
    }
    if (copy >= 0) {
        (void)close(copy);
    }
    return -1;
}

// An open file once more, for reading only, or -1.
static int open_to_read(int descriptor)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return descriptor >= 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

struct firmware_files firmware_open(void)
{
    struct firmware_files files = {-1, -1, -1};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        files.code = open(candidates[i].code, O_RDONLY | O_CLOEXEC);
        if (files.code < 0) {
            continue;
        }
        files.variables = copy_to_memory(candidates[i].variables);
        files.variables_reader = open_to_read(files.variables);
        if (files.variables_reader >= 0) {
            return files;
        }
        if (files.variables >= 0) {
            (void)close(files.variables);
        }
        (void)close(files.code);
    }
    return (struct firmware_files){-1, -1, -1};
}
