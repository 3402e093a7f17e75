// SPDX-License-Identifier: MIT
// The UEFI firmware (OVMF) of this machine: its code, which is only read, and a fresh copy of its
// variables for each run, kept in memory, so that nothing is left behind.
#pragma once

struct firmware_files {
    int code; // descriptors; -1 if no firmware was found
    int variables;
    int variables_reader; // the same copy, opened for reading only
};

// Opens the first firmware found where Debian, Ubuntu, Fedora, Arch and openSUSE put it.
[[nodiscard]] struct firmware_files firmware_open(void);
