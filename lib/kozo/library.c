// SPDX-License-Identifier: MIT
// What the compiler and the C library expect to find in every program: the guard of the stack
// protector, errno, and the address of the IPC buffer.
//
// All three belong to the process. A second thread has registers for its messages and brings its own
// buffer for longer ones; per-thread blocks come with the thread-local storage of a later step.
#include <kozo/start.h>

#include <stdio.h>

uint64_t __stack_chk_guard;

[[noreturn]] void __stack_chk_fail(void);
int *__errno_location(void);
int __uflow(FILE *file);

static struct kozo_ipc_buffer *ipc_buffer;
static int error_number;

struct kozo_ipc_buffer *kozo_ipc_buffer(void)
{
    return ipc_buffer;
}

void kozo_abort(void)
{
    __builtin_trap();
}

void __stack_chk_fail(void)
{
    kozo_abort();
}

int *__errno_location(void)
{
    return &error_number;
}

// musl's reader of numbers would call it at the end of a stream; it is only given strings.
int __uflow(FILE *file)
{
    (void)file;
    return -1;
}

// The lowest byte of the guard is zero, so that a string that runs over stops there.
[[clang::no_stack_protector]]
void kozo_library_start(struct kozo_ipc_buffer *buffer, uint64_t random)
{
    ipc_buffer = buffer;
    __stack_chk_guard = random << 8;
}
