// SPDX-License-Identifier: MIT
#include "cache.h"

#include <string.h>

#include "supply.h"
#include "table.h"
#include "volume.h"

constexpr uint32_t BUCKETS = 16384;

// The memory comes in pieces: those up to 2 MiB hold the pages 2^k to 2^(k+1) - 1 each.
constexpr unsigned PIECE_ORDER_LEAST = 6;
constexpr uint32_t PIECES_SMALL = CACHE_ORDER_MOST - PIECE_ORDER_LEAST;
static_assert(CACHE_PIECES == PIECES_SMALL + CACHE_PAGES_MOST / (1u << CACHE_ORDER_MOST) - 1);

static struct {
    uint8_t *bytes;
    struct page *page;
    struct table pages;
    uint32_t bucket[BUCKETS];
    uint32_t free[CACHE_ORDER_MOST + 1]; // free runs by order
    uint32_t youngest;                   // runs that are in use, by age
    uint32_t oldest;
    uint32_t stamp;
    struct {
        uint32_t node;  // whose pages stay; 0 for none
        uint64_t first; // from this one
        uint64_t last;  // to this one
    } protected;
    struct cache_space space;
    uint32_t limit;           // pages there may be, from page 0 on
    bool there[CACHE_PIECES]; // pieces that have memory
    bool is_short;            // there was none for one more
} state;

struct page *cache_page(uint32_t page)
{
    return &state.page[page];
}

uint8_t *cache_bytes(uint32_t page)
{
    return state.bytes + (size_t)page * CACHE_PAGE;
}

uint32_t cache_run(uint32_t page)
{
    return page & ~((1u << state.page[page].order) - 1);
}

struct node *cache_node(uint32_t page)
{
    return node_at(state.page[page].node);
}

struct cache_space cache_space(void)
{
    struct cache_space space = state.space;
    space.limit = state.is_short ? space.pages : state.limit;
    return space;
}

// --- Free runs ----------------------------------------------------------------------------------

static void unlink_free(uint32_t run)
{
    const struct page *page = &state.page[run];
    if (page->previous != 0) {
        state.page[page->previous].next = page->next;
    } else {
        state.free[page->order] = page->next;
    }
    if (page->next != 0) {
        state.page[page->next].previous = page->previous;
    }
}

static void link_free(uint32_t run, unsigned order)
{
    state.page[run] = (struct page){.order = (uint8_t)order, .next = state.free[order]};
    if (state.free[order] != 0) {
        state.page[state.free[order]].previous = run;
    }
    state.free[order] = run;
}

static bool is_free_run(uint32_t run, unsigned order)
{
    const struct page *page = &state.page[run];
    return run < state.limit && page->node == 0 && page->order == order &&
           (page->flags & CACHE_VALID) != 0;
}

// The first page of a free run says so by its flag; the others say nothing.
static void give_run(uint32_t run, unsigned order)
{
    state.space.free += 1u << order;
    while (order < CACHE_ORDER_MOST && is_free_run(run ^ 1u << order, order)) {
        uint32_t other = run ^ 1u << order;
        unlink_free(other);
        state.page[other].flags = 0;
        run = run < other ? run : other;
        order++;
    }
    link_free(run, order);
    state.page[run].flags = CACHE_VALID;
}

static uint32_t take_run(unsigned order)
{
    unsigned found = order;
    while (found <= CACHE_ORDER_MOST && state.free[found] == 0) {
        found++;
    }
    if (found > CACHE_ORDER_MOST) {
        return 0;
    }
    uint32_t run = state.free[found];
    unlink_free(run);
    state.page[run].flags = 0;
    while (found > order) {
        found--;
        link_free(run + (1u << found), found);
        state.page[run + (1u << found)].flags = CACHE_VALID;
    }
    state.space.free -= 1u << order;
    return run;
}

// --- Pieces -------------------------------------------------------------------------------------

struct cache_piece cache_piece(uint32_t number)
{
    bool small = number < PIECES_SMALL;
    unsigned order = small ? PIECE_ORDER_LEAST + number : CACHE_ORDER_MOST;
    return (struct cache_piece){
        .number = number,
        .first = small ? 1u << order : (number - PIECES_SMALL + 1) << CACHE_ORDER_MOST,
        .order = order,
    };
}

struct cache_piece cache_piece_of(uint32_t page)
{
    unsigned order = 31u - (unsigned)__builtin_clz(page);
    return cache_piece(order < CACHE_ORDER_MOST ? order - PIECE_ORDER_LEAST
                                                : (page >> CACHE_ORDER_MOST) + PIECES_SMALL - 1);
}

void cache_start(uint8_t *bytes, uint32_t limit)
{
    state.bytes = bytes;
    state.limit = limit;
    table_start(&state.pages, TABLE_PAGES, sizeof(struct page), CACHE_PAGES_MOST);
    state.page = (struct page *)state.pages.items;
}

// Gets memory for one more piece; false when there is none, or no more is allowed.
static bool grow(void)
{
    uint32_t number = 0;
    while (number < CACHE_PIECES && state.there[number]) {
        number++;
    }
    struct cache_piece piece = cache_piece(number);
    if (state.is_short || piece.first + (1u << piece.order) > state.limit) {
        return false;
    }
    state.is_short = !table_reach(&state.pages, piece.first + (1u << piece.order)) ||
                     !supply_take(cache_bytes(piece.first), (uint64_t)CACHE_PAGE << piece.order);
    if (state.is_short) {
        return false;
    }
    state.there[number] = true;
    state.space.pages += 1u << piece.order;
    give_run(piece.first, piece.order);
    return true;
}

void cache_try_again(void)
{
    state.is_short = false;
}

// --- Runs of nodes ------------------------------------------------------------------------------

static uint32_t *bucket_of(uint32_t node, uint32_t index)
{
    uint64_t key = (uint64_t)node << 32 | index;
    return &state.bucket[(key * 0x9e3779b97f4a7c15 >> 40) % BUCKETS];
}

uint32_t cache_find(const struct node *node, uint64_t index)
{
    uint32_t owner = node_index(node);
    uint32_t page = index <= UINT32_MAX ? *bucket_of(owner, (uint32_t)index) : 0;
    while (page != 0 && (state.page[page].index != index || state.page[page].node != owner)) {
        page = state.page[page].chain;
    }
    return page;
}

static void unlink_age(uint32_t run)
{
    const struct page *page = &state.page[run];
    if (page->previous != 0) {
        state.page[page->previous].next = page->next;
    } else {
        state.youngest = page->next;
    }
    if (page->next != 0) {
        state.page[page->next].previous = page->previous;
    } else {
        state.oldest = page->previous;
    }
}

static void link_age(uint32_t run)
{
    struct page *page = &state.page[run];
    page->previous = 0;
    page->next = state.youngest;
    if (state.youngest != 0) {
        state.page[state.youngest].previous = run;
    } else {
        state.oldest = run;
    }
    state.youngest = run;
}

void cache_touch(uint32_t page)
{
    uint32_t run = cache_run(page);
    if (run != state.youngest) {
        unlink_age(run);
        link_age(run);
    }
}

static void clean(struct node *node, struct page *page)
{
    if ((page->flags & CACHE_DIRTY) != 0) {
        page->flags &= (uint8_t)~CACHE_DIRTY;
        state.space.dirty--;
        node->dirty_pages--;
        node->volume->dirty--;
    }
}

void cache_clean(uint32_t page)
{
    clean(cache_node(page), &state.page[page]);
}

// Gives a run back. Nothing is under way for it.
static void drop(struct node *node, uint32_t run)
{
    struct page *first = &state.page[run];
    unsigned order = first->order;
    if ((first->flags & CACHE_LENT) != 0) {
        lend_end(run);
    }
    cache_unqueue(node, run);
    unlink_age(run);
    if (first->previous_in != 0) {
        state.page[first->previous_in].next_in = first->next_in;
    } else {
        node->runs = first->next_in;
    }
    if (first->next_in != 0) {
        state.page[first->next_in].previous_in = first->previous_in;
    }
    for (uint32_t page = run; page < run + (1u << order); page++) {
        clean(node, &state.page[page]);
        uint32_t *link = bucket_of(state.page[page].node, state.page[page].index);
        while (*link != page) {
            link = &state.page[*link].chain;
        }
        *link = state.page[page].chain;
        state.page[page] = (struct page){};
    }
    give_run(run, order);
}

static bool may_go(uint32_t run)
{
    const struct page *page = &state.page[run];
    bool wanted = page->node == state.protected.node && page->index <= state.protected.last &&
                  page->index + (1ul << page->order) > state.protected.first;
    if (wanted || page->busy > 0 || (page->flags & (CACHE_QUEUED | CACHE_WRITABLE)) != 0) {
        return false;
    }
    return (page->flags & CACHE_LENT) == 0 || lend_is_over(run);
}

// Makes room: the oldest run that may go, among the first that are looked at.
static bool evict(void)
{
    constexpr unsigned LOOKS = 64;
    uint32_t run = state.oldest;
    for (unsigned i = 0; i < LOOKS && run != 0; i++) {
        uint32_t next = state.page[run].previous;
        if (may_go(run)) {
            drop(cache_node(run), run);
            return true;
        }
        // What can't go now is out of the way for a while.
        unlink_age(run);
        link_age(run);
        run = next;
    }
    return false;
}

// Whether a piece is one free run by now, after what may go has gone.
static bool empty_piece(struct cache_piece piece)
{
    uint32_t last = piece.first + (1u << piece.order);
    for (uint32_t page = piece.first; page < last; page++) {
        if (state.page[page].node != 0 && cache_run(page) == page && may_go(page)) {
            drop(cache_node(page), page);
        }
    }
    return is_free_run(piece.first, piece.order);
}

static void give_back(struct cache_piece piece)
{
    unlink_free(piece.first);
    state.page[piece.first] = (struct page){};
    state.there[piece.number] = false;
    state.space.free -= 1u << piece.order;
    state.space.pages -= 1u << piece.order;
    lend_forget(piece.number);
    supply_give(cache_bytes(piece.first));
}

void cache_shrink(void)
{
    for (uint32_t number = CACHE_PIECES; number > 0; number--) {
        struct cache_piece piece = cache_piece(number - 1);
        if (state.there[piece.number] && empty_piece(piece)) {
            give_back(piece);
        }
    }
}

void cache_protect(const struct node *node, uint64_t first, uint64_t last)
{
    state.protected.node = node != nullptr ? node_index(node) : 0;
    state.protected.first = first;
    state.protected.last = last;
}

static bool is_empty(const struct node *node, uint64_t index, unsigned order)
{
    for (uint64_t i = 0; i < 1ul << order; i++) {
        if (cache_find(node, index + i) != 0) {
            return false;
        }
    }
    return true;
}

uint32_t cache_take(struct node *node, uint64_t index, unsigned order)
{
    // An eighth of the memory at most, so that one large run does not drive out all others.
    while (order > 0 && 8u << order > state.limit) {
        order--;
    }
    while (order > 0 && !is_empty(node, index >> order << order, order)) {
        order--;
    }
    uint32_t run = take_run(order);
    uint32_t tries = 1u << order;
    while (run == 0) {
        // What is thrown out for a large run may lie apart: then a smaller one has to do.
        bool more = tries-- > 0 && (grow() || evict());
        if (!more && order == 0) {
            return 0;
        }
        if (!more) {
            order--;
            tries = 1u << order;
        }
        run = take_run(order);
    }
    uint32_t start = (uint32_t)(index >> order << order);
    uint16_t owner = (uint16_t)node_index(node);
    for (uint32_t i = 0; i < 1u << order; i++) {
        uint32_t *bucket = bucket_of(owner, start + i);
        state.page[run + i] = (struct page){
            .index = start + i, .node = owner, .order = (uint8_t)order, .chain = *bucket};
        *bucket = run + i;
    }
    state.page[run].next_in = node->runs;
    if (node->runs != 0) {
        state.page[node->runs].previous_in = run;
    }
    node->runs = run;
    link_age(run);
    return run + (uint32_t)(index - start);
}

unsigned cache_order(uint64_t index, uint64_t reach)
{
    unsigned order = index == 0 ? CACHE_ORDER_MOST : (unsigned)__builtin_ctzl(index);
    order = order < CACHE_ORDER_MOST ? order : CACHE_ORDER_MOST;
    while (order > 0 && 1ul << order > reach) {
        order--;
    }
    return order;
}

// --- Writing ------------------------------------------------------------------------------------

static void queue_node(struct node *node)
{
    struct volume *volume = node->volume;
    node_use(node);
    node->dirty_next = nullptr;
    node->dirty_previous = volume->dirty_last;
    if (volume->dirty_last != nullptr) {
        volume->dirty_last->dirty_next = node;
    } else {
        volume->dirty_first = node;
    }
    volume->dirty_last = node;
}

static void unqueue_node(struct node *node)
{
    struct volume *volume = node->volume;
    if (node->dirty_previous != nullptr) {
        node->dirty_previous->dirty_next = node->dirty_next;
    } else {
        volume->dirty_first = node->dirty_next;
    }
    if (node->dirty_next != nullptr) {
        node->dirty_next->dirty_previous = node->dirty_previous;
    } else {
        volume->dirty_last = node->dirty_previous;
    }
    node_written(node);
    node_release(node);
}

void cache_dirty(uint32_t number)
{
    struct page *page = &state.page[number];
    uint32_t run = cache_run(number);
    struct page *first = &state.page[run];
    struct node *node = cache_node(number);
    if ((page->flags & CACHE_DIRTY) == 0) {
        page->flags |= CACHE_DIRTY;
        state.space.dirty++;
        node->dirty_pages++;
        node->volume->dirty++;
    }
    if ((first->flags & CACHE_QUEUED) != 0) {
        return;
    }
    first->flags |= CACHE_QUEUED;
    first->stamp = ++state.stamp;
    first->dirty_next = 0;
    first->dirty_previous = node->dirty_last;
    if (node->dirty_last != 0) {
        state.page[node->dirty_last].dirty_next = run;
    } else {
        node->dirty_first = run;
        queue_node(node);
    }
    node->dirty_last = run;
}

void cache_unqueue(struct node *node, uint32_t run)
{
    struct page *first = &state.page[run];
    if ((first->flags & CACHE_QUEUED) == 0) {
        return;
    }
    first->flags &= (uint8_t)~CACHE_QUEUED;
    if (first->dirty_previous != 0) {
        state.page[first->dirty_previous].dirty_next = first->dirty_next;
    } else {
        node->dirty_first = first->dirty_next;
    }
    if (first->dirty_next != 0) {
        state.page[first->dirty_next].dirty_previous = first->dirty_previous;
    } else {
        node->dirty_last = first->dirty_previous;
    }
    if (node->dirty_first == 0) {
        unqueue_node(node);
    }
}

uint32_t cache_stamp(void)
{
    return state.stamp;
}

// --- Cutting ------------------------------------------------------------------------------------

static void cut_run(struct node *node, uint32_t run, uint64_t size)
{
    struct page *first = &state.page[run];
    uint32_t count = 1u << first->order;
    uint64_t start = (uint64_t)first->index * CACHE_PAGE;
    if (start >= size && first->busy == 0 && (first->flags & CACHE_LENT) == 0) {
        drop(node, run);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = start + (uint64_t)i * CACHE_PAGE;
        struct page *page = &state.page[run + i];
        if (at >= size) {
            clean(node, page);
            memset(cache_bytes(run + i), 0, CACHE_PAGE);
        } else if (size - at < CACHE_PAGE) {
            memset(cache_bytes(run + i) + (size - at), 0, CACHE_PAGE - (size - at));
        }
    }
}

void cache_cut(struct node *node, uint64_t size)
{
    for (uint32_t run = node->runs; run != 0;) {
        uint32_t next = state.page[run].next_in;
        cut_run(node, run, size);
        run = next;
    }
}

// Runs for which a request is under way are left to that: it finds a node that is gone.
void cache_drop_node(struct node *node)
{
    for (uint32_t run = node->runs; run != 0;) {
        uint32_t next = state.page[run].next_in;
        if (state.page[run].busy == 0) {
            drop(node, run);
        }
        run = next;
    }
}
