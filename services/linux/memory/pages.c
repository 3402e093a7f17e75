// SPDX-License-Identifier: MIT
// A buddy allocator over all chunks. Its records lie in the chunks, its lists by order.
#include "pages.h"

#include "../core/objects.h"

#include <kozo/rights.h>

constexpr unsigned ORDERS = CHUNK_BITS;
constexpr size_t CHUNKS_MOST = 4096;

enum page_state : uint8_t {
    PAGE_USED,
    PAGE_FREE, // the first of a free run of 2^order pages
};

struct page {
    uint32_t count;
    enum page_state state;
    uint8_t order;
    uint16_t spare;
    page_number next, previous; // in the list of free runs of its order
};
static_assert(sizeof(struct page) == 16);

constexpr page_number RECORD_PAGES = CHUNK_PAGES * sizeof(struct page) / PAGE_BYTES;

static uint64_t frames[CHUNKS_MOST];
static size_t chunks;
static page_number lists[ORDERS];
static uint64_t free_pages; // in the lists
static uint64_t most;       // pages in use at a time
static bool exhausted;

static struct page *record(page_number page)
{
    uint64_t chunk = PAGES_WINDOW + (uint64_t)(page >> CHUNK_BITS) * CHUNK_BYTES;
    return &((struct page *)chunk)[page & (CHUNK_PAGES - 1)];
}

void *page_bytes(page_number page)
{
    return (void *)(PAGES_WINDOW + (uint64_t)page * PAGE_BYTES);
}

struct kozo_frame page_frame(page_number page)
{
    return (struct kozo_frame){frames[page >> CHUNK_BITS]};
}

static void list_push(page_number page, unsigned order)
{
    struct page *first = record(page);
    *first = (struct page){.state = PAGE_FREE, .order = (uint8_t)order, .next = lists[order]};
    if (lists[order] != 0) {
        record(lists[order])->previous = page;
    }
    lists[order] = page;
}

static void list_remove(page_number page)
{
    struct page *first = record(page);
    if (first->previous != 0) {
        record(first->previous)->next = first->next;
    } else {
        lists[first->order] = first->next;
    }
    if (first->next != 0) {
        record(first->next)->previous = first->previous;
    }
    first->state = PAGE_USED;
}

// Puts a run of 2^order pages back, together with its other half as often as that is free, too.
static void put_back(page_number page, unsigned order)
{
    free_pages += 1u << order;
    while (order + 1 < ORDERS) {
        page_number other = page ^ (1u << order);
        struct page *half = record(other);
        if (half->state != PAGE_FREE || half->order != order) {
            break;
        }
        list_remove(other);
        page &= ~(1u << order);
        order++;
    }
    list_push(page, order);
}

// Puts pages back that follow one another, in as large runs as their place allows.
static void put_back_range(page_number page, uint32_t count)
{
    while (count > 0) {
        unsigned order = page == 0 ? ORDERS - 1 : (unsigned)__builtin_ctz(page);
        unsigned fits = 31u - (unsigned)__builtin_clz(count);
        order = order < fits ? order : fits;
        order = order < ORDERS ? order : ORDERS - 1;
        put_back(page, order);
        page += 1u << order;
        count -= 1u << order;
    }
}

static bool add_chunk(void)
{
    if (exhausted || chunks == CHUNKS_MOST) {
        return false;
    }
    uint64_t untyped = objects_memory(CHUNK_BITS + 12, false);
    uint64_t frame = objects_slot();
    uint64_t mapping = objects_slot();
    if (untyped == 0 || mapping == 0 ||
        kozo_untyped_retype((struct kozo_untyped){untyped}, KOZO_TYPE_FRAME, CHUNK_BITS + 12,
                            (struct kozo_slot){frame}, 1) != KOZO_OK ||
        !objects_map((struct kozo_frame){frame}, mapping, PAGES_WINDOW + chunks * CHUNK_BYTES, 0,
                     CHUNK_BYTES)) {
        exhausted = true;
        return false;
    }
    frames[chunks] = frame;
    page_number first = (page_number)(chunks << CHUNK_BITS);
    chunks++;
    put_back_range(first + RECORD_PAGES, CHUNK_PAGES - RECORD_PAGES);
    return true;
}

// The smallest order of which there is a run that holds 2^order pages; ORDERS for none.
static unsigned find_order(unsigned order)
{
    while (order < ORDERS && lists[order] == 0) {
        order++;
    }
    return order;
}

page_number pages_take(unsigned order)
{
    unsigned from = find_order(order);
    if (from == ORDERS && order < ORDERS && add_chunk()) {
        from = find_order(order);
    }
    if (from >= ORDERS) {
        return 0;
    }
    page_number page = lists[from];
    list_remove(page);
    while (from > order) {
        from--;
        list_push(page + (1u << from), from);
    }
    free_pages -= 1u << order;
    uint64_t used = chunks * (CHUNK_PAGES - RECORD_PAGES) - free_pages;
    most = used > most ? used : most;
    for (page_number i = 0; i < 1u << order; i++) {
        *record(page + i) = (struct page){.count = 1};
    }
    return page;
}

page_number page_take(void)
{
    page_number page = pages_take(0);
    if (page != 0) {
        pages_clear(page_bytes(page), 1);
    }
    return page;
}

void page_keep(page_number page)
{
    record(page)->count++;
}

uint32_t page_count(page_number page)
{
    return record(page)->count;
}

bool page_is_shared(page_number page)
{
    return record(page)->count > 1;
}

void page_drop(page_number page)
{
    struct page *known = record(page);
    known->count--;
    if (known->count == 0) {
        put_back(page, 0);
    }
}

void pages_drop(page_number page, uint32_t count)
{
    page_number first = page;
    for (page_number end = page + count; page < end; page++) {
        struct page *known = record(page);
        known->count--;
        if (known->count != 0) {
            put_back_range(first, page - first);
            first = page + 1;
        }
    }
    put_back_range(first, page - first);
}

uint64_t pages_there(void)
{
    return chunks * (CHUNK_PAGES - RECORD_PAGES) + objects_memory_free() / PAGE_BYTES;
}

uint64_t pages_most(void)
{
    return most;
}

uint64_t pages_free(void)
{
    return free_pages + (exhausted ? 0 : objects_memory_free() / PAGE_BYTES);
}

void pages_clear(void *bytes, uint32_t count)
{
    uint64_t *word = bytes;
    uint64_t *end = word + (uint64_t)count * (PAGE_BYTES / 8);
    for (; word < end; word += 16) {
        for (int i = 0; i < 16; i++) {
            __asm__ volatile("movq %1, %0" : "=m"(word[i]) : "r"(0ul));
        }
    }
}

void page_copy(page_number to, page_number from)
{
    uint64_t *target = page_bytes(to);
    const uint64_t *source = page_bytes(from);
    for (size_t i = 0; i < PAGE_BYTES / 8; i += 8) {
        uint64_t a = source[i], b = source[i + 1], c = source[i + 2], d = source[i + 3];
        uint64_t e = source[i + 4], f = source[i + 5], g = source[i + 6], h = source[i + 7];
        target[i] = a, target[i + 1] = b, target[i + 2] = c, target[i + 3] = d;
        target[i + 4] = e, target[i + 5] = f, target[i + 6] = g, target[i + 7] = h;
    }
}
