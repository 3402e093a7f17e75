// SPDX-License-Identifier: MIT
// What the compiler and the C library expect to find in every program: the guard of the stack
// protector, errno, and the address of the IPC buffer.
//
// errno and the buffer belong to a thread: they are in its thread block, to which the thread
// pointer leads (see kozo/thread_block.h).
#include <kozo/start.h>

#include <kozo/thread_block.h>
#include <stdio.h>

uint64_t __stack_chk_guard;

[[noreturn]] void __stack_chk_fail(void);
int *__errno_location(void);
int *___errno_location(void);
int __uflow(FILE *file);

struct kozo_ipc_buffer *kozo_ipc_buffer(void)
{
    return kozo_thread_block()->buffer;
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
    return &kozo_thread_block()->error;
}

// The name by which musl's own files know it.
int *___errno_location(void)
{
    return __errno_location();
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
    kozo_thread_block_start(buffer);
    __stack_chk_guard = random << 8;
}
