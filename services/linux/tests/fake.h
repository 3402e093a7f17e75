// SPDX-License-Identifier: MIT
// What linuxd stands on, made of ordinary host memory, so that files can be tested without programs: a loop with strands, memory
// that can be told to run out, a clock that stands still unless somebody waits, and processes that are only what handlers see of
// them. A program's addresses are the test's own.
#pragma once

#include "../core/call.h"
#include "../core/caller.h"
#include "../file/descriptors.h"
#include "../file/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test.h"

// All handlers.
#define DECLARE_WHOLE(name) call_handler call_##name;
#define DECLARE_PART(name)  call_handler call_##name;
#define DECLARE_NONE(name)
#define CALL(number, name, support, arguments, note) DECLARE_##support(name)
#include "../core/calls.h"
#undef CALL

// Makes a system call on behalf of the process that runs: SYS(read, 0, AT(buffer), sizeof buffer).
#define SYS(name, ...) call_##name(&(struct call){.argument = {__VA_ARGS__}})
#define AT(pointer)    ((uint64_t)(uintptr_t)(pointer))

// An address where nothing is.
constexpr uint64_t NOWHERE = 0x10;

// A world for one test: a RAM file system as the root with /tmp in it, and a process that is root. Everything is given back by
// test_clean, which also checks that nothing is left.
void world(void);

// The tree of names as a sandbox begins with, and a file server whose places can be mounted into it (fake_files.h).
void tree_world(void);
// The same with layers over what can only be read.
void scratch_world(void);

// For tests that took the tree of names down and built it again: the process to end with.
void world_replace(struct caller *process);

// Another process; it shares nothing with the first one but the tree of names.
struct caller *process_make(uint32_t number);
void process_end(struct caller *process);
// Who makes the calls from now on, in this strand.
void process_enter(struct caller *process);

// Starts a strand that makes calls for a process, and runs it as far as it comes.
void strand_start(struct caller *process, void (*run)(void *), void *context);
// Lets all strands run as far as they come.
void strands_run(void);
// Strands that have not ended.
unsigned strands_left(void);
// Breaks off what a strand waits for, as a signal does. The last one that was started.
void strand_break(void);

// A wait of the test itself that nothing can end is broken off too, so it shows as RESTART_CALL.

// After so many more takes there is no memory; negative: there always is.
extern int64_t store_fails_after;
extern int64_t pages_left;
// Every copy from and to a program lets others run, as if the page had to be brought.
extern bool copies_wait;

extern uint64_t guarded; // bytes of files whose mappings lost the right to write

extern uint64_t fake_now; // both clocks, in nanoseconds
extern int last_signal;   // that was sent by a handler; 0 for none
extern uint32_t last_signal_group;
extern bool signals_held_back;
extern uint32_t orphaned_group;
extern uint64_t signals_pending; // for signalfd
extern struct wait_queue signals;

// Texts as files, for short tests.
int64_t write_text(const char *path, const char *text);
// Contents of a file, up to 4095 bytes; "" when there is none.
const char *read_text(const char *path);
