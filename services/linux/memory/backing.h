// SPDX-License-Identifier: MIT
// What lies behind mappings of files. There are two kinds: pages of the sandbox's own memory, which files in RAM keep their contents
// in and which mappings then share with them; and Frames of the file server's page cache.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct node;

constexpr size_t PAGE_BYTES = 4096;

// A page of the sandbox's memory, by number; 0 is none. Each use of it is counted: by a file, by each address space.
typedef uint32_t page_number;

// A page full of zeros, counted once; 0 when there is no more.
[[nodiscard]] page_number page_take(void);
void page_keep(page_number page);
void page_drop(page_number page); // the last use gives it back
// Whether it is counted more than once.
[[nodiscard]] bool page_is_shared(page_number page);
// Where linuxd itself sees it.
[[nodiscard]] void *page_bytes(page_number page);

// Pages of the sandbox that there are, and that are free now.
[[nodiscard]] uint64_t pages_there(void);
[[nodiscard]] uint64_t pages_free(void);

// Answer of a file's `pages` operation: what a mapping shows from an offset on. `start` and `size` are multiples of
// PAGE_BYTES and hold the offset that was asked for.
struct page_run {
    uint64_t start; // offset in the file of the first byte
    uint64_t size;
    page_number
        page; // pages of the sandbox that follow one another from here on, counted once each for the one who asked; or 0
    uint64_t frame; // slot of a Frame capability that the one who asked then owns, when `page` is 0
    bool writable;
};

// A file was cut: mappings of it show nothing from this offset (a multiple of PAGE_BYTES) on, and faults there are SIGBUS
// until it grows again.
void mappings_cut(struct node *node, uint64_t offset);

// Who writes to a range of a file through a mapping that is shared, asks the file again first. `offset` is a multiple of PAGE_BYTES.
void mappings_guard(struct node *node, uint64_t offset, uint64_t size);

// Whether some mapping of it, shared with the file, may be written.
[[nodiscard]] bool mappings_write(const struct node *node);
