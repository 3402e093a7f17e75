// SPDX-License-Identifier: MIT
// A small running system for tests: one thread with a CNode, an address space, time, and all of the
// machine's authority. A test makes system calls as user code does: it fills in the registers of
// the current thread and enters the kernel. After every entry all invariants of
// arch/host/invariants/invariants.h are checked, and a broken one fails the test.
//
//     TEST("copy refuses a slot that is taken")
//     {
//         world_begin();
//         CHECK(CALL(CNODE_COPY, AT_THREAD, AT_CNODE) == KOZO_SLOT_TAKEN);
//     }
#pragma once

#include <stdint.h>
#include <string.h>

#include "arch/host/host.h"
#include "kernel.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/irq_handler.h"
#include "object/notification.h"
#include "object/pool.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "test.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;

// The slots of the first thread's CNode. Those from AT_FREE on are empty.
enum world_slot : uint64_t {
    AT_CNODE = 1,
    AT_SPACE,
    AT_POOL,
    AT_THREAD,
    AT_CONTEXT,
    AT_BUFFER, // a Frame of one page
    AT_IRQ_CONTROL,
    AT_PORTS,
    AT_SCHED_CONTROL,
    AT_MEMORY,  // an Untyped with all of the RAM that is left
    AT_DEVICES, // an Untyped with the devices' range
    AT_AUDIT_LOG,
    AT_AUDIT_DIGEST,
    AT_ENTROPY,
    AT_FREE,
};
constexpr unsigned WORLD_CNODE_BITS = 6;
constexpr uint64_t WORLD_SLOTS = 1 << WORLD_CNODE_BITS;
constexpr uint64_t WORLD_TABLES = 12; // pages in the first Pool
constexpr uint8_t WORLD_PRIORITY = 100;

// What a system call gives that has not come back: its thread waits, is stopped, or is gone.
constexpr unsigned WAITS = 0xff;

// What the last finished system call left in its registers.
struct world {
    uint64_t result[9];
    uint64_t badge;
    unsigned entries;  // into the kernel, in all
    unsigned restarts; // of the last system call

    // For explore.c: where a thread stands that has to start its system call again, plus 1, by the
    // unit of its memory.
    uint64_t again_at[HOST_RAM / KOZO_SLOT_SIZE];
};
extern struct world world;

// How often an invariant was broken, in all.
extern unsigned world_broken;

void world_begin(void);

// A system call of the current thread, with its restarts: what it answered, or WAITS.
#define CALL(operation, handle, ...)                                                               \
    world_call(KOZO_OP_##operation, handle, (const uint64_t[9]){__VA_ARGS__})
unsigned world_call(uint64_t operation, uint64_t handle, const uint64_t argument[9]);

// The same without restarts: one entry. Gives false when the call is to start again.
bool world_enter(uint64_t operation, uint64_t handle, const uint64_t argument[9]);

// Goes on with the system call that the current thread was to start again.
unsigned world_again(void);

// The other entries; each checks the invariants.
void world_fault(uint64_t address);
void world_timer(void);
void world_interrupt(unsigned interrupt);

struct thread *world_current(void);

// Lets a second processor run, which is idle; its SchedControl goes to a slot.
void world_second_processor(uint64_t slot);

// From now on the entries are those of this processor, and its thread is the current one.
void world_on(unsigned processor);

// Moves the thread of world_thread(slot) to the processor of that SchedControl.
void world_move(uint64_t slot, uint64_t sched_control);

// Lets the others yield until `thread` is current. False when it does not get its turn.
[[nodiscard]] bool world_run(const struct thread *thread);

// What the last system call of a thread, which waited, came back with.
enum kozo_error world_answer(const struct thread *thread);
uint64_t world_badge(const struct thread *thread);
uint64_t world_info(const struct thread *thread);
uint64_t world_word(const struct thread *thread, unsigned number);

// One object in a slot of the first thread's CNode. Fails the test when it can't be made.
void world_make(enum kozo_object_type type, uint64_t size, uint64_t slot);

// A thread that shares the current one's CNode and address space, with its own time, ready to run.
// It takes slots `slot` (Thread) and `slot` + 1 (SchedContext).
struct thread *world_thread(uint64_t slot);

// The same with an IPC buffer, whose Frame takes `slot` + 2.
struct thread *world_thread_with_buffer(uint64_t slot);

struct slot *world_slot(uint64_t number);
struct object *world_object(uint64_t slot);
struct sched_context *world_context(uint64_t slot);
bool world_is_empty(uint64_t slot);

// A message's info word.
uint64_t info_word(uint32_t label, unsigned length, unsigned caps);

// A hash of everything that can be told apart: all RAM and struct kernel, but for the registers of
// `except` and for what depends on the number of entries.
uint64_t world_hash(const struct thread *except);
