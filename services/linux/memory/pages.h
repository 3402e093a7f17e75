// SPDX-License-Identifier: MIT
// The sandbox's memory, page by page. It comes in chunks: Frames of 4 MiB, each mapped once in linuxd, made when they are
// needed. Within a chunk pages are handed out in runs of a power of two, and each page is counted by itself. The first
// pages of a chunk hold what is known of its pages.
//
// A page that nobody uses keeps its contents until it is taken again; only then is it cleared.
#pragma once

#include "backing.h"

#include <kozo/stubs.h>

constexpr unsigned CHUNK_BITS = 10; // log2 of the pages of a chunk
constexpr uint64_t CHUNK_PAGES = 1u << CHUNK_BITS;
constexpr uint64_t CHUNK_BYTES = CHUNK_PAGES * PAGE_BYTES;

// Where chunks are mapped in linuxd, one after the other. Page 0 is never handed out.
constexpr uint64_t PAGES_WINDOW = 0x1000'0000'0000;

// A run of 2^order pages that follow one another, each counted once, contents undefined; 0 when there is none.
[[nodiscard]] page_number pages_take(unsigned order);

// How often a page is counted.
[[nodiscard]] uint32_t page_count(page_number page);

// The most pages that were in use at a time.
[[nodiscard]] uint64_t pages_most(void);

// Drops pages that follow one another.
void pages_drop(page_number page, uint32_t count);

// Clears whole pages. Stores of eight bytes: emulators count string instructions by the byte.
void pages_clear(void *bytes, uint32_t count);
void page_copy(page_number to, page_number from);

// The Frame that a page is part of, and where in it.
[[nodiscard]] struct kozo_frame page_frame(page_number page);
static inline uint64_t page_offset(page_number page)
{
    return (page & (CHUNK_PAGES - 1)) * PAGE_BYTES;
}
