// SPDX-License-Identifier: MIT
// The store (core/store.h): pieces of a few sizes, many to a page, and whole runs of pages for large ones.
#include "../core/store.h"

#include "pages.h"

#include <string.h>

constexpr size_t SIZES[] = {32, 64, 96, 128, 192, 256, 384, 512, 680, 1024, 1360, 2048};
constexpr size_t KINDS = sizeof SIZES / sizeof SIZES[0];
constexpr size_t LARGEST = 1u << 20;

// A free piece.
struct piece {
    struct piece *next;
};

static struct piece *lists[KINDS];

static size_t kind_of(size_t size)
{
    size_t kind = 0;
    while (kind < KINDS && SIZES[kind] < size) {
        kind++;
    }
    return kind;
}

static unsigned order_of(size_t size)
{
    unsigned order = 0;
    while (PAGE_BYTES << order < size) {
        order++;
    }
    return order;
}

// Cuts a page into pieces.
static bool refill(size_t kind)
{
    page_number page = pages_take(0);
    if (page == 0) {
        return false;
    }
    uint8_t *bytes = page_bytes(page);
    for (size_t at = 0; at + SIZES[kind] <= PAGE_BYTES; at += SIZES[kind]) {
        struct piece *piece = (struct piece *)(bytes + at);
        piece->next = lists[kind];
        lists[kind] = piece;
    }
    return true;
}

void *store_take(size_t size)
{
    if (size == 0 || size > LARGEST) {
        return nullptr;
    }
    size_t kind = kind_of(size);
    if (kind == KINDS) {
        unsigned order = order_of(size);
        page_number page = pages_take(order);
        if (page == 0) {
            return nullptr;
        }
        pages_clear(page_bytes(page), 1u << order);
        return page_bytes(page);
    }
    if (lists[kind] == nullptr && !refill(kind)) {
        return nullptr;
    }
    struct piece *piece = lists[kind];
    lists[kind] = piece->next;
    uint64_t *word = (uint64_t *)piece;
    for (size_t i = 0; i < (size + 7) / 8; i++) {
        word[i] = 0;
    }
    return piece;
}

void store_give(void *piece, size_t size)
{
    if (piece == nullptr) {
        return;
    }
    size_t kind = kind_of(size);
    if (kind == KINDS) {
        page_number page = (page_number)(((uint64_t)piece - PAGES_WINDOW) / PAGE_BYTES);
        pages_drop(page, 1u << order_of(size));
        return;
    }
    struct piece *freed = piece;
    freed->next = lists[kind];
    lists[kind] = freed;
}
