// SPDX-License-Identifier: MIT
// Steps of a RAM volume: words that change all or not at all, and the references in them.
#pragma once

#include <stddef.h>

#include "layout.h"

// Changes one word of the volume's memory as a part of the current step.
void ram_set(struct ram *ram, uint32_t *word, uint32_t value);
void ram_set_long(struct ram *ram, uint64_t *word, uint64_t value);

// Ends the step: what was changed stays.
void ram_commit(struct ram *ram);

// Undoes the step that did not end.
void ram_undo(struct ram *ram);

static inline void *ram_at(struct ram *ram, uint32_t reference)
{
    return (uint8_t *)ram + (uint64_t)reference * RAM_UNIT;
}

static inline uint32_t ram_reference(const struct ram *ram, const void *item)
{
    return (uint32_t)((size_t)((const uint8_t *)item - (const uint8_t *)ram) / RAM_UNIT);
}

static inline struct ram_page *ram_page(struct ram *ram, uint32_t page)
{
    return (struct ram_page *)((uint32_t *)ram + ram->page_at) + page;
}

// Pieces are counted from 1 on.
static inline struct ram_piece *ram_piece(struct ram *ram, uint32_t number)
{
    return (struct ram_piece *)((uint32_t *)ram + ram->piece_at) + (number - 1);
}

static inline uint8_t *ram_bytes(struct ram *ram, uint32_t page)
{
    return (uint8_t *)ram + (uint64_t)page * 4096;
}
