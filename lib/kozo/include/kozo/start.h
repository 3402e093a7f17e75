// SPDX-License-Identifier: MIT
// How a native program begins, speaks and ends.
#pragma once

#include <kozo/process_info.h>
#include <kozo/stubs.h>

// The program. Its result is the exit status, of which the low 8 bits count.
int main(int argument_count, char **arguments);

// Called by _start with the page of the process (for init: BootInfo) and its IPC buffer. The
// library has one that calls main; init has its own.
[[noreturn]] void kozo_start(const void *info, struct kozo_ipc_buffer *buffer);

// Sets up what the library itself needs. `random` seeds the guard of the stack protector.
void kozo_library_start(struct kozo_ipc_buffer *buffer, uint64_t random);

// Ends the program.
[[noreturn]] void kozo_exit(int status);

// Ends the program by a fault, when going on would be wrong.
[[noreturn]] void kozo_abort(void);

// What this program was told.
[[nodiscard]] const struct kozo_process_info *kozo_process_info(void);

// The handle of a capability that the program was given; 0 when there is none of this name.
[[nodiscard]] uint64_t kozo_granted(const char *name);
