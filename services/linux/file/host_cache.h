// SPDX-License-Identifier: MIT
// Contents of files of the host that the sandbox has in pages of its own: what is mapped, and what was read of files that do not
// change. They come in chunks of 64 KiB, so that mapping and small reads ask the file server seldom. When there are many, or
// memory is short, the oldest go; mappings count their pages themselves. Of a file that may change those stay that are mapped, so that
// all see the same pages, and those that were written to and not sent.
#pragma once

#include "../memory/backing.h"

struct gate;
struct node;

constexpr unsigned CHUNK_ORDER = 4;
constexpr uint32_t CHUNK_OF_PAGES = 1u << CHUNK_ORDER;
constexpr uint64_t CHUNK_SIZE = CHUNK_OF_PAGES * PAGE_BYTES;

// A bit for each page of a chunk.
typedef uint16_t chunk_pages;
static_assert(8 * sizeof(chunk_pages) == CHUNK_OF_PAGES);

// Chunks with pages that were written to, in the order in which they were noted.
struct chunk_list {
    struct chunk *first, *last;
};

struct chunk {
    struct chunk *hash_next;
    struct chunk *newer, *older;
    struct chunk_list *list; // null: nothing of it was written to
    struct chunk *next, *previous;
    uint64_t note;       // when it came into the list, counted
    chunk_pages written; // not sent yet
    const struct node *node;
    uint64_t index; // in the file, in chunks
    page_number first;
};

struct chunk_result {
    int64_t error;
    page_number first; // a run of CHUNK_OF_PAGES pages, counted once each for the caller
};

// The pages of a chunk, read from the file server if they are not there. What is beyond the end is zero. May wait, and passes the
// gate, if there is one, to read.
[[nodiscard]] struct chunk_result chunk_get(const struct node *node, uint64_t file, uint64_t index,
                                            struct gate *gate);

// A chunk that is there; null if it is not. Good until the next wait.
[[nodiscard]] struct chunk *chunk_find(const struct node *node, uint64_t index);

// Notes pages as written to, and takes the notes off again: which there were.
void chunk_note(struct chunk *chunk, chunk_pages pages, struct chunk_list *list);
[[nodiscard]] chunk_pages chunk_take(struct chunk *chunk);
// The last note that was made.
[[nodiscard]] uint64_t chunk_last_note(void);

// The sandbox itself has written to a file: what is there of it follows.
void chunks_write(const struct node *node, uint64_t offset, const uint8_t *bytes, size_t size);

// What was read from a file is as if the noted pages had been sent.
void chunks_lay_over(const struct node *node, uint64_t offset, uint8_t *bytes, size_t size);

// A file ends here, or did: what is there of it behind that is zero, and was not written to.
void chunks_cut(const struct node *node, uint64_t size);

// Forgets a file.
void chunks_forget(const struct node *node);
