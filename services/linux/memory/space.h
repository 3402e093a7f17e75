// SPDX-License-Identifier: MIT
// The address space of a Linux program, and what is in it.
//
// Areas are what the program asked for: ranges with rights, of a file or of nothing. They are a tree, and cost nothing but
// themselves, however long they are. Sheets are what it has got: for each 64 pages of which some were touched, which page
// of the sandbox shows there, and by which Mapping. Whatever is not on a sheet is brought when it is touched.
//
// A page may be mapped with fewer rights than its area has: a write to it then tells that it is to be copied first, or
// that its file is to know.
#pragma once

#include "../core/tree.h"
#include "backing.h"
#include "mapping.h"

#include <kozo/stubs.h>

struct file;

constexpr uint64_t SPACE_START = 0x10000;
constexpr uint64_t SPACE_END = 0x7fff'ffff'f000;
constexpr size_t SHEET_PAGES = 64;
constexpr uint64_t SHEET_BYTES = SHEET_PAGES * PAGE_BYTES;

// Rights and kinds are sets.
typedef uint8_t area_rights;
enum : uint8_t {
    AREA_READ = 1,
    AREA_WRITE = 2,
    AREA_EXECUTE = 4,
};

typedef uint8_t area_kind;
enum : uint8_t {
    AREA_SHARED = 1, // changes are seen by others, and survive a fork
    AREA_STACK = 2,
    AREA_HEAP = 4,
    AREA_SYSTEM = 8, // the vDSO and its page: not to be changed
};

// How many pages are brought at once: at first, and at most.
constexpr uint16_t AREA_WINDOW_FIRST = 4;
constexpr uint16_t AREA_WINDOW_MOST = 64;

struct area {
    struct tree_node node; // by start; value: how much is free below
    uint64_t start, end;
    struct file *file;   // counted; null for anonymous memory
    uint64_t offset;     // in the file, of the start
    uint64_t next_touch; // where the next touch is if the program goes upward
    uint16_t window;     // pages that are brought at once
    area_rights rights;
    area_kind kind;
    const char *name; // "[heap]" and the like
};

struct sheet {
    struct tree_node node; // by address
    uint64_t present;      // a bit for each page
    uint64_t writable;     // of them, those that may be written without a fault
    page_number page[SHEET_PAGES];
    mapping_number mapping[SHEET_PAGES];
};

// What exec put where, for /proc.
struct space_told {
    uint64_t code_start, code_end, stack_start;
    uint64_t arguments, arguments_end, environment_end, auxiliary, auxiliary_end;
};

struct space {
    uint32_t users;
    struct kozo_address_space handle;
    struct nest *nest; // what it is made of
    struct tree areas;
    struct tree sheets;
    struct area *last_area; // that was looked up
    struct sheet *last_sheet;
    struct block *blocks[2]; // private, shared
    uint64_t top;            // new areas are put below, highest first
    uint64_t vdso;           // where the vDSO is; 0 for none
    uint64_t heap_start, heap_end;
    uint64_t size;     // bytes of all areas
    uint64_t resident; // pages
    uint64_t faults;
    struct space *next, *previous; // among all that there are
    struct space_told told;
};

// The first of all spaces, and the one after another.
[[nodiscard]] struct space *space_next(const struct space *space);

[[nodiscard]] struct space *space_make(void);
// A copy, with private memory shared until one of the two writes to it. Null when memory is used up.
[[nodiscard]] struct space *space_fork(struct space *from);
void space_keep(struct space *space);
void space_drop(struct space *space);

enum place : uint8_t {
    PLACE_HINT,  // there if it is free, else anywhere
    PLACE_FIXED, // there, and what is there goes
    PLACE_NEW,   // there, or EEXIST
};

// Makes an area. Takes a count of the file. Its address, or an error.
[[nodiscard]] int64_t space_map(struct space *space, uint64_t address, uint64_t size,
                                enum place place, area_rights rights, area_kind kind,
                                struct file *file, uint64_t offset);
[[nodiscard]] int64_t space_unmap(struct space *space, uint64_t address, uint64_t size);
[[nodiscard]] int64_t space_protect(struct space *space, uint64_t address, uint64_t size,
                                    area_rights rights);
// Forgets what pages of a range hold; they are brought anew.
void space_forget(struct space *space, uint64_t address, uint64_t size);
// Moves an area's pages and the area itself. Both ranges have the same size, and the target is free.
[[nodiscard]] int64_t space_move(struct space *space, uint64_t from, uint64_t size, uint64_t to);

// Makes an area longer, if what follows is free.
[[nodiscard]] bool space_extend(struct space *space, struct area *area, uint64_t end);

// A free range of this size; 0 for none.
[[nodiscard]] uint64_t space_find(const struct space *space, uint64_t size);
[[nodiscard]] bool space_is_free(const struct space *space, uint64_t address, uint64_t size);

// The area of an address, or null; and the first that ends above it.
[[nodiscard]] struct area *space_area(struct space *space, uint64_t address);
[[nodiscard]] struct area *space_area_above(const struct space *space, uint64_t address);

// Why an address can't be reached: what the signal says.
enum bring : uint8_t {
    BRING_DONE,
    BRING_UNMAPPED,  // SIGSEGV, SEGV_MAPERR
    BRING_FORBIDDEN, // SIGSEGV, SEGV_ACCERR
    BRING_BEYOND,    // SIGBUS, BUS_ADRERR: beyond the end of the file
    BRING_NO_MEMORY, // there are no more pages
};

// Brings the page of an address so that the program can do what it was about to do. May wait.
[[nodiscard]] enum bring space_bring(struct space *space, uint64_t address, area_rights access);

// Where linuxd sees a byte of the program, brought if needed; null when it can't be reached. Good to the end of the
[[nodiscard]] uint8_t *space_reach(struct space *space, uint64_t address, bool write);

// Copies bytes from and to a program's memory. False when some of it can't be reached.
[[nodiscard]] bool space_read(struct space *space, uint64_t address, void *to, size_t size);
[[nodiscard]] bool space_write(struct space *space, uint64_t address, const void *from,
                               size_t size);

// How many pages of a range are there.
[[nodiscard]] uint64_t space_resident(const struct space *space, uint64_t start, uint64_t end);

[[nodiscard]] bool space_is_present(struct space *space, uint64_t address);
