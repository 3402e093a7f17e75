// SPDX-License-Identifier: MIT
// What the tests of the kernel's interface share. Every test starts with the same memory, all of it
// free, and empty slots; what it made is taken apart after it, whether it passed or not.
#pragma once

#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <kozo/start.h>
#include <kozo/stubs.h>

#include "test.h"

constexpr uint64_t ALL_RIGHTS = KOZO_ALL_RIGHTS;
constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

// User addresses that nothing else uses, all under one page table.
constexpr uint64_t FREE_ADDRESS = KOZO_PROCESS_FREE;

// The priority that the test itself runs at.
constexpr uint64_t OWN_PRIORITY = 100;

// The test's own memory, and its own parts.
struct kozo_untyped memory(void);
struct kozo_cnode own_cnode(void);
struct kozo_address_space own_space(void);
struct kozo_thread own_thread(void);

// The first of `count` empty slots. They are emptied again after the test.
uint64_t empty_slots(uint64_t count);

static inline uint64_t empty_slot(void)
{
    return empty_slots(1);
}

// Retypes the test's memory, one object.
enum kozo_error carve(enum kozo_object_type type, uint64_t size, uint64_t slot);

// A new object; a failure counts as one of the test, and gives handle 0.
uint64_t make_sized(enum kozo_object_type type, uint64_t size);

static inline uint64_t make(enum kozo_object_type type)
{
    return make_sized(type, 0);
}

// A copy with some of the rights, in a new slot; a failure counts as one of the test.
uint64_t with_rights(uint64_t handle, uint64_t rights);
uint64_t with_badge(uint64_t handle, uint64_t badge);

static inline struct kozo_slot slot(uint64_t handle)
{
    return (struct kozo_slot){handle};
}

static inline enum kozo_error mint(uint64_t from, uint64_t to, uint64_t rights, uint64_t value)
{
    return kozo_cnode_mint(slot(from), slot(to), kozo_rights(rights), value);
}

static inline enum kozo_object_type type_in(uint64_t handle)
{
    return kozo_cnode_inspect(slot(handle)).type;
}

static inline struct kozo_message message(uint32_t label, uint64_t first)
{
    return (struct kozo_message){.info = {.length = 1, .label = label}, .word = {first}};
}

// A thread of the test's own process: runs `function(argument)`, at most four at a time. It has a
// SchedContext with a turn of one millisecond, and is not resumed yet. When the function ends the
// thread waits for good.
struct kozo_thread make_thread(void (*function)(void *argument), void *argument, uint64_t priority);

// The same, and resumed.
struct kozo_thread start_thread(void (*function)(void *argument), void *argument,
                                uint64_t priority);

// Where the faults of threads made from now on in this test go.
void set_fault_handler(struct kozo_endpoint handler);

// The state of a thread.
static inline uint64_t state_of(struct kozo_thread thread)
{
    return kozo_thread_info(thread).state;
}

// Lets threads of the same priority run for some turns.
void let_others_run(void);

// Waits some milliseconds by the clock, without giving way.
void spin(uint64_t milliseconds);
