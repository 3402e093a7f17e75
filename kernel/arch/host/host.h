// SPDX-License-Identifier: MIT
// What tests can set and see of the machine.
#pragma once

#include <setjmp.h>

#include "arch/arch.h"

struct cpu;
struct thread;

// Translations, and entries that lead to tables, that processors may have cached of their current address spaces.
constexpr unsigned HOST_TLB = 512;

// Words of the registers that only some threads use, and what the first of them holds at first.
constexpr unsigned HOST_EXTENDED = 8;
constexpr uint64_t HOST_EXTENDED_FIRST = 0x1f80;

constexpr unsigned HOST_CPUS = 3;

struct host_translation {
    unsigned cpu;
    uint64_t address;
    arch_entry_t entry;
    uint8_t level;
};

// What was last asked of the caches.
struct host_cache {
    enum { HOST_NOTHING, HOST_CLEAN, HOST_INVALIDATE, HOST_UNIFY } wish;
    physical_t address;
    uint64_t size;
};

struct host_port {
    uint16_t port;
    uint8_t width;
    bool written; // else read
    uint32_t value;
};

struct host {
    uint64_t now;       // arch_now
    uint64_t step;      // by how much each look at the clock moves it
    uint64_t deadline;  // what the first processor's timer is set to
    uint64_t timer_set; // how often it was set
    bool clock_is_invariant;
    bool has_entropy;
    uint64_t entropy;

    bool has_extended;
    bool extended_usable; // else a use is an exception
    uint64_t extended[HOST_EXTENDED];
    uint64_t debug; // the breakpoint that is loaded; 0 for none

    bool masked[ARCH_INTERRUPTS];
    unsigned lines; // interrupt lines that exist: those below

    struct host_port port; // the last access to a port
    uint32_t port_input;   // what a read gives

    struct host_translation tlb[HOST_TLB];
    unsigned tlb_count;
    unsigned tlb_flushes; // of a page, a space, or by a change of space

    unsigned processor;          // the one that runs
    bool interrupted[HOST_CPUS]; // by another one, and has not come in since
    void (*while_waiting)(void); // what the holder of the lock does meanwhile, once
    bool coming_in; // a processor that is told to leave its thread is about to make a system call
    struct host_cache cache;

    char console[1024];
    size_t console_length;

    jmp_buf *panic_exit; // where a panic goes; null ends the process
    const char *panic_reason;
};

extern struct host host;

// A machine that was just turned on: RAM full of rubbish, struct kernel all zero.
void host_reset(void);

// Caches every translation that the current address spaces have: the worst that processors may do.
void host_touch_all(void);

// A system call, as the entry code of a processor carries it out: the thread to resume.
struct thread *kernel_syscall(struct cpu *cpu);

// The entry of a page: that of level 0, or what a large page has instead; 0 when there is nothing.
arch_entry_t host_entry(physical_t root, uint64_t address);

// An address whose translation a processor has cached otherwise than the tables say; UINT64_MAX
// when there is none.
uint64_t host_stale(void);

// What the timer of a processor is set to.
uint64_t host_deadline(const struct cpu *cpu);

// The way out of the kernel: gives the lock back. Then those that were interrupted come in and out.
void host_exit(void);

// Calls `function`, and gives the reason of the panic that it ended in; null without one.
const char *host_panic_of(void (*function)(void));
