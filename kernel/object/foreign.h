// SPDX-License-Identifier: MIT
// Foreign threads: those that run programs of another system.
//
// A foreign thread has no way to call the kernel. What it does goes as a message to its fault
// handler, which answers in its place:
//
//                          outside of the exempt range, with an entry
//              SYSCALL ──────────────────────────────────────────────▶ goes on at the entry
//                 │
//                 ▼          RESUME, RESULT
//   READY ──▶ SENDING, CALLING ──────────▶ READY, or first INTERRUPTED
//     ▲       (faulted)        STOP, or the handler is gone
//     │           └──────────────────────▶ FAULTED, before its SYSCALL
//     └──── resume ────────────────────────────┘
//
// So a result is one that the handler gave, or there is none yet.
#pragma once

#include "kozo/abi.h"

struct call;
struct cpu;
struct thread;

// System calls that the program answers itself.
struct foreign {
    uint64_t entry;               // where the thread goes on; 0 for nowhere
    uint64_t exempt, exempt_size; // instructions whose system calls go to the handler all the same
};

// Whether a system call of the thread makes it go on at its entry.
[[nodiscard]] bool foreign_enters(const struct thread *thread);

// A system call of the current thread, which is foreign, in all cases; ipc/fast.c takes those that are
// common before.
[[gnu::noinline]] enum kozo_error foreign_call_generally(struct call *call);

// An answer's info word says that word 0 is the result.
[[nodiscard]] bool foreign_is_result(uint64_t info);

// The thread is READY again, in whatever way: if it is to be interrupted, its handler hears of it.
void foreign_continue(struct cpu *cpu, struct thread *thread);

enum kozo_error thread_set_foreign_call(struct call *call);
enum kozo_error thread_interrupt_call(struct call *call);
