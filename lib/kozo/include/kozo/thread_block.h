// SPDX-License-Identifier: MIT
// What the library keeps for each thread. It lies in the page of the thread's IPC buffer, behind
// the buffer, and the thread pointer leads to it. Its first word is its own address, as the ABI of
// the processor wants it.
#pragma once

#include <kozo/abi.h>

// Where in the page of the IPC buffer the block is.
constexpr uint64_t KOZO_THREAD_BLOCK = 2048;

struct kozo_thread_block {
    struct kozo_thread_block *self;
    struct kozo_ipc_buffer *buffer;
    int error; // errno
};

// The block of the calling thread.
[[nodiscard]]
static inline struct kozo_thread_block *kozo_thread_block(void)
{
    return __builtin_thread_pointer();
}

// Fills the block that belongs to a buffer, before the thread uses anything of the library. The
// buffer is at the start of its page.
static inline void kozo_thread_block_start(struct kozo_ipc_buffer *buffer)
{
    struct kozo_thread_block *block =
        (struct kozo_thread_block *)((unsigned char *)buffer + KOZO_THREAD_BLOCK);
    *block = (struct kozo_thread_block){.self = block, .buffer = buffer};
}
