// SPDX-License-Identifier: MIT
// Makes processes out of memory and ELF files, and takes them apart again.
//
// A process lies in pieces of Untyped memory of its own: its Frame (image, stack, pages), of which the
// largest segment may have one for itself; its tables, its CNode and other objects; and the memory
// that it was given. So ending it is a revoke of each, after which nothing of it is left anywhere,
// also not what it passed on.
#pragma once

#include <kozo/memory.h>
#include <kozo/slots.h>
#include <kozo/stubs.h>

// What a process that starts others works with.
struct kozo_home {
    struct kozo_slots *slots;
    struct kozo_memory *memory;
    unsigned cnode_bits; // of its own CNode
    struct kozo_address_space space;
    struct kozo_pool pool;
    struct kozo_sched_control time;
    uint64_t window; // start of free addresses, for looking into Frames
    uint64_t tsc_frequency;
};

enum kozo_give_kind : uint32_t {
    KOZO_GIVE_COPY, // of `handle`, with `rights` and `value` as for mint
    KOZO_GIVE_NEW,  // an object of `type`, made of the process's own memory
};

// One capability to put into the CNode of a new process, under a name that it can look up.
struct kozo_give {
    enum kozo_give_kind kind;
    enum kozo_object_type type;
    uint64_t handle;
    uint64_t rights;
    uint64_t value;
    char name[24];
};

constexpr size_t KOZO_PROCESS_VIEWS = 20;

// A part of a Frame that a new process sees.
struct kozo_view {
    struct kozo_frame frame;
    uint64_t address;
    uint64_t offset;
    uint64_t length;
    uint64_t rights;
};

// A word that a new process is told under a name.
struct kozo_told {
    char name[24];
    uint64_t value;
};

// What a process is to be.
struct kozo_plan {
    const void *image; // an ELF file
    size_t image_size;
    char *const *arguments; // the first is its name
    size_t argument_count;
    struct kozo_endpoint parent;        // unbadged
    uint64_t badge;                     // of its messages
    struct kozo_endpoint fault_handler; // unbadged; handle 0: the parent's
    uint64_t fault_badge;               // of the kernel's messages about its faults
    uint64_t priority;
    uint64_t budget;       // microseconds of one turn
    unsigned cnode_bits;   // of its CNode
    unsigned memory_order; // log2 of the Untyped memory to give, 0 for none
    bool extended;         // its thread may use the registers of SSE, AVX and the like
    bool self;             // also gives its own CNode, AddressSpace, Pool, Thread and SchedContext
    uint64_t random;
    uint64_t board; // where it finds its board, or 0
    const struct kozo_give *give;
    size_t gives;
    const struct kozo_view *view;
    size_t views;
    const struct kozo_told *told;
    size_t tolds;
};

// A process as its parent holds it.
struct kozo_process {
    struct kozo_taken objects; // tables, CNode and all that is of one size
    struct kozo_taken image;   // its Frame
    struct kozo_taken large;   // that of its largest segment; slot 0 for none
    struct kozo_taken given;   // the memory that it was given; slot 0 for none
    uint64_t slots;            // first of its slots in the parent's CNode; 0 for no process
    struct kozo_cnode cnode;
    struct kozo_thread thread;
    struct kozo_sched_context context;
    struct kozo_address_space space;
    struct kozo_pool pool;
};

// The reason when there is too little memory.
extern const char *const KOZO_PROCESS_SHORT;

// Makes a process that is ready to be resumed. Gives null, or the reason in words, completing
// "NAME can't be run: it …"; then nothing is left behind.
[[nodiscard]] const char *kozo_process_create(const struct kozo_home *home,
                                              const struct kozo_plan *plan,
                                              struct kozo_process *process);

// Ends the process, in whatever state it is. Its memory and slots are free again.
void kozo_process_destroy(const struct kozo_home *home, struct kozo_process *process);

// The handle by which the parent reaches a slot of the process's CNode.
[[nodiscard]] uint64_t kozo_process_slot(const struct kozo_home *home,
                                         const struct kozo_process *process, uint64_t slot);

// The slot of the process that holds what the plan gives as number `give`.
[[nodiscard]] uint64_t kozo_given_slot(size_t give);

// Maps a part of a Frame into the caller's own address space; feeds the Pool when it has run out.
[[nodiscard]] enum kozo_error kozo_home_map(const struct kozo_home *home, struct kozo_frame frame,
                                            struct kozo_slot mapping, uint64_t address,
                                            uint64_t offset, uint64_t length, uint64_t rights);
