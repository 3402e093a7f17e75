// SPDX-License-Identifier: MIT
// Contents of files of the host that the sandbox has in pages of its own: what is mapped, and what was read of files that do not
// change. They come in chunks of 64 KiB, so that mapping and small reads ask the file server seldom. When there are many, or
// memory is short, the oldest go; mappings count their pages themselves.
#pragma once

#include "../memory/backing.h"

struct node;

constexpr unsigned CHUNK_ORDER = 4;
constexpr uint32_t CHUNK_OF_PAGES = 1u << CHUNK_ORDER;
constexpr uint64_t CHUNK_SIZE = CHUNK_OF_PAGES * PAGE_BYTES;

struct chunk {
    struct chunk *hash_next;
    struct chunk *newer, *older;
    const struct node *node;
    uint64_t index; // in the file, in chunks
    page_number first;
};

struct chunk_result {
    int64_t error;
    page_number first; // a run of CHUNK_OF_PAGES pages, counted once each for the caller
};

// The pages of a chunk, read from the file server if they are not there. What is beyond the end is zero. May wait.
[[nodiscard]] struct chunk_result chunk_get(const struct node *node, uint64_t file, uint64_t index);

// A chunk that is there; null if it is not. Good until the next wait.
[[nodiscard]] const struct chunk *chunk_find(const struct node *node, uint64_t index);

// The sandbox itself has written to a file: what is there of it follows.
void chunks_write(const struct node *node, uint64_t offset, const uint8_t *bytes, size_t size);

// Forgets a file.
void chunks_forget(const struct node *node);
