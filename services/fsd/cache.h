// SPDX-License-Identifier: MIT
// Contents of files in memory: pages in runs, a power of two of them, which lie together both in the
// file and in memory. Pages are found by hash; runs are taken and given back by halves.
//
//   run    free ──▶ of a node ──▶ free              pages of it: VALID, or not yet read
//   page   clean ──▶ dirty ──▶ being written ──▶ clean
//
// A run can be lent: its capability was given to a client, which may map it. It then stays where it
// is until nobody has it any more. What is clean and not lent goes when room is needed, the longest
// unused first.
//
// Memory comes in pieces, when runs are wanted and none are free, up to a limit; it goes back when the
// system runs short of it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "node.h"

constexpr uint32_t CACHE_PAGES_MOST = 16384;
constexpr unsigned CACHE_ORDER_MOST = 9; // of a run: 2 MiB
constexpr uint32_t CACHE_PAGE = 4096;

enum cache_flag : uint8_t {
    CACHE_VALID = 1,
    CACHE_DIRTY = 2,
    CACHE_READING = 4,
    CACHE_WRITING = 8,
    CACHE_LENT = 16,     // at the first page of a run
    CACHE_WRITABLE = 32, // it may change at any time, by who it was lent to
    CACHE_QUEUED = 64,   // the run is among those that its node is to write
};

struct page {
    uint32_t index; // of the file
    uint16_t node;  // 0: free
    uint8_t order;  // of its run, or of the free run that it begins
    uint8_t flags;
    uint16_t slot; // of a run that is lent: where its capability is, from 1 on
    uint32_t chain;
    // At the first page of a run:
    uint32_t next; // by age, or of free runs
    uint32_t previous;
    uint32_t next_in; // of the node
    uint32_t previous_in;
    uint32_t dirty_next;
    uint32_t dirty_previous;
    uint32_t stamp; // when it was queued
    uint32_t busy;  // requests under way
};

// Page p is seen at bytes + p * 4096; there may be those below `limit`.
void cache_start(uint8_t *bytes, uint32_t limit);

// A piece of memory: a power of two of pages, at a multiple of their number. No run is in two.
struct cache_piece {
    uint32_t number;
    uint32_t first; // page
    unsigned order;
};
constexpr uint32_t CACHE_PIECES = 34;
[[nodiscard]] struct cache_piece cache_piece(uint32_t number);
[[nodiscard]] struct cache_piece cache_piece_of(uint32_t page);

// Memory has run short: gives back all pieces in which everything may go.
void cache_shrink(void);

// There may be more memory than when it was asked for last.
void cache_try_again(void);

// The page of a file; 0 when it is not in memory.
[[nodiscard]] uint32_t cache_find(const struct node *node, uint64_t index);

// Takes a run of at most 2^order pages that holds a page of a file. Its pages are not valid. 0 when there
// is no memory now.
[[nodiscard]] uint32_t cache_take(struct node *node, uint64_t index, unsigned order);

// While a handler makes pages of a node ready, from the first to the last, those stay. Null: it is done.
void cache_protect(const struct node *node, uint64_t first, uint64_t last);

// The order of the largest run that may begin at a page and has at most `reach` pages.
[[nodiscard]] unsigned cache_order(uint64_t index, uint64_t reach);

[[nodiscard]] struct page *cache_page(uint32_t page);
[[nodiscard]] uint8_t *cache_bytes(uint32_t page);
[[nodiscard]] uint32_t cache_run(uint32_t page); // the first page of its run
[[nodiscard]] struct node *cache_node(uint32_t page);

// A page was used.
void cache_touch(uint32_t page);

// A page was written to; the volume does not know yet.
void cache_dirty(uint32_t page);

// A page is written, or needs no writing any more.
void cache_clean(uint32_t page);

// Runs that were queued so far have a stamp up to this.
[[nodiscard]] uint32_t cache_stamp(void);

// Takes a run out of those that its node is to write.
void cache_unqueue(struct node *node, uint32_t run);

// A file ends here: what lies behind is zero, and is not to be written.
void cache_cut(struct node *node, uint64_t size);

// Drops all contents of a node, written or not. The caller uses the node, or nobody does.
void cache_drop_node(struct node *node);

struct cache_space {
    uint32_t pages; // that have memory
    uint32_t limit; // that could have, as far as is known
    uint32_t free;
    uint32_t dirty;
};
[[nodiscard]] struct cache_space cache_space(void);

// Provided by lend.c: whether a lent run is so no more; and takes it back by force.
[[nodiscard]] bool lend_is_over(uint32_t run);
void lend_end(uint32_t run);

// Likewise: a piece of memory goes, and no run in it is lent.
void lend_forget(uint32_t piece);
