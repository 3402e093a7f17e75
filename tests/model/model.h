// SPDX-License-Identifier: MIT
// The reference model: what each operation does to the state, written to be obvious, not fast.
//
// It knows tables instead of links: a slot names its parent, and whoever wants a slot's children
// looks at all slots. It counts, searches and compares where the kernel keeps lists and counters. A
// call happens at once, however long it takes the kernel. Things are named by their place: the
// number of the 64-byte unit of RAM where a slot stands or an object begins, which is the only
// thing that the model has to agree on with the kernel's memory.
#pragma once

#include <stddef.h>

#include "state.h"
#include "worlds.h"

constexpr unsigned MODEL_THREADS = 4;
constexpr unsigned MODEL_SPACES = 4;
constexpr unsigned MODEL_PAGES = 1 << (ARCH_TABLE_BITS * ARCH_LEVELS);
constexpr unsigned MODEL_PRIORITIES = 3;
constexpr unsigned MODEL_RESULTS = 9;
constexpr unsigned MODEL_WORDS = 4; // of an IPC buffer that may ever change

typedef uint16_t name_t; // a place; 0 for none

enum model_where : uint8_t { IN_CNODE, IN_THREAD, IN_POOL, IN_HEADER };

struct model_slot {
    uint8_t type; // enum kozo_object_type
    enum model_where where;
    bool device;
    uint16_t rights;
    name_t parent; // 0: derived from nothing
    name_t object; // Mapping: the AddressSpace
    name_t lease;
    uint64_t value, base,
        size; // as in struct slot, but for a donor, whose watermark is the Pool's affair
};

// First come, first served; the rest is 0.
struct model_queue {
    name_t thread[MODEL_THREADS];
};

// A thread's registers, as far as they hold messages and results.
struct model_registers {
    uint64_t operation; // or the answer
    uint64_t handle;    // or the badge
    uint64_t argument[MODEL_RESULTS];
};

struct model_thread {
    uint8_t state; // enum thread_state
    uint8_t priority, own_priority;
    bool calls, faulted;
    bool foreign, interrupt;
    uint8_t fault; // enum kozo_fault_kind, while it is faulted
    name_t waiting_on, reply, notification, endpoint, lender, borrower, time;
    name_t server; // that it waits for, as far as that is known
    uint64_t badge;
    uint64_t instruction;                // where it goes on
    uint64_t entry, exempt, exempt_size; // foreign: see Thread.set_foreign
    struct model_registers registers;
};

struct model_object {
    uint8_t type; // enum kozo_object_type; NONE: no object here
    uint8_t bits; // CNode: log2 of its slots
    uint16_t references;
    union {
        struct model_thread thread;
        struct {
            struct model_queue queue;
            uint64_t signals; // Notification
            name_t bound;     // the thread
        } meeting;            // Endpoint, Notification
        struct {
            name_t thread;
        } reply;
        struct {
            uint64_t deadline, uses;
            bool opened, closed;
            uint8_t depth;
            name_t outer;
        } lease;
        struct {
            name_t owner;
            bool has_budget;
        } context;
        struct {
            bool set;
            uint64_t deadline, period, expired;
        } timer;
        struct {
            uint64_t donated, taken;
        } pool;
        struct {
            name_t pool;
        } space;
    };
};

// An IPC buffer: user memory that the kernel reads and writes.
struct model_buffer {
    uint64_t words[MODEL_WORDS];
    uint64_t caps[KOZO_MESSAGE_CAPS];
    uint64_t receive_slot, receive_count;
};

// The page tables of one AddressSpace: what each page shows, and which tables there are.
struct model_map {
    name_t space;
    uint32_t page[MODEL_PAGES]; // address | rights, 0 for nothing
    bool table[1 << ARCH_TABLE_BITS];
    bool large[1 << ARCH_TABLE_BITS]; // one large page in the place of a table
};

struct model {
    struct model_slot slot[UNITS];
    struct model_object object[UNITS];
    struct model_map
        map[MODEL_SPACES]; // by place of the space; those without page tables are not here
    struct model_buffer buffer[WORLD_BUFFERS]; // at world_buffer
    struct model_queue ready[MODEL_PRIORITIES];
    name_t current;
    uint64_t now;
};

// What the caller of a system call sees.
struct outcome {
    bool waits; // or is stopped or gone: there are no results yet
    struct model_registers registers;
};

// Makes a step, and tells what its caller sees.
struct outcome model_step(struct model *model, const struct step *step);

// --- The kernel, seen as a model ----------------------------------------------------------------

// The registers of `caller`, who has just made a call, are left out: see kernel_outcome.
void model_see(struct model *model, const struct thread *caller);
struct outcome kernel_outcome(const struct thread *caller);

// A difference is told as text.
bool outcome_is(const struct outcome *expected, const struct outcome *found, char *text,
                size_t size);
bool model_is(const struct model *expected, const struct model *found, char *text, size_t size);

// Whether all memory of Frames, which nobody writes to but for IPC buffers, is zero.
bool frames_are_zero(void);
