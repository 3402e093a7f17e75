// SPDX-License-Identifier: MIT
// The capabilities that linuxd works with: the memory that it was given, cut into pieces as they are needed; slots; and kernel
// objects made of them.
//
// linuxd's own CNode is small. Slots for Frames and objects come from one CNode below it, slots for Mappings in the
// programs' address spaces from others, which are made as they are needed.
#pragma once

#include <kozo/stubs.h>
#include <stddef.h>
#include <stdint.h>

struct objects {
    struct kozo_address_space space; // linuxd's own
    struct kozo_thread thread;
    struct kozo_sched_control time;
    struct kozo_endpoint inbox; // where messages of the programs' threads arrive
    struct kozo_notification
        bell; // bound to linuxd's thread: the timer, and the services that it uses
    struct kozo_timer timer;
    struct kozo_pool pool; // page tables of the programs
};

extern struct objects held;

// Bits of the badge with which the bell rings, for the loop.
constexpr uint64_t BELL_TIMER = 1ul << 62;

// Makes what is in `held`. Null, or what is missing in words.
[[nodiscard]] const char *objects_start(void);

// A slot for one capability; 0 when there is no more.
[[nodiscard]] uint64_t objects_slot(void);
void objects_slot_give(uint64_t slot); // it is empty
// How many are taken, and how many pages are tables of the programs.
[[nodiscard]] uint64_t objects_slots_taken(void);
[[nodiscard]] uint64_t objects_tables(void);

// Makes an object of its type's only size, for good; its slot, or 0.
[[nodiscard]] uint64_t objects_make(enum kozo_object_type type);

// The same, in linuxd's own CNode while there is room: what stands there the kernel finds fastest.
[[nodiscard]] uint64_t objects_make_near(enum kozo_object_type type);

// The same for a small Untyped of 2^order bytes, from which an object can be made again and again.
[[nodiscard]] uint64_t objects_nest(unsigned order);

// Untyped memory of 2^order bytes for good; its slot, or 0. `spare` says that it may be of the last that there is,
// which is kept for page tables and the like.
[[nodiscard]] uint64_t objects_memory(unsigned order, bool spare);

// Bytes of Untyped memory that are left.
[[nodiscard]] uint64_t objects_memory_free(void);

// A CNode of 2^bits slots in a slot of linuxd's own, so that objects_path leads into it; 0 when there is none.
[[nodiscard]] uint64_t objects_cabinet(unsigned bits);
[[nodiscard]] uint64_t objects_path(uint64_t cabinet, uint64_t slot);

// Maps a part of a Frame into linuxd's own address space.
[[nodiscard]] bool objects_map(struct kozo_frame frame, uint64_t slot, uint64_t address,
                               uint64_t offset, uint64_t length);

// Gives the programs' Pool more pages; false when there are none.
[[nodiscard]] bool objects_feed(struct kozo_pool pool);
