// SPDX-License-Identifier: MIT
// Lending memory of the cache: a client is given a Frame for a run of pages, and maps it where it
// wants. The server keeps a capability of its own for each such run and session, from which those of the
// session derive: so it learns when that has none any more, can take them all back, and counts for each
// session what it really has (quota.h).
//
// Each piece of the cache's memory is a Frame, which init gives when the first run in it is lent.
#include "lend.h"

#include <kozo/start.h>
#include <string.h>

#include "access.h"
#include "cache.h"
#include "fetch.h"
#include "quota.h"
#include "requests.h"
#include "write.h"

constexpr uint32_t LENT_MOST = 512;

static struct {
    uint64_t frames; // slot of the Frame of piece 0
    bool held[CACHE_PIECES];
    uint64_t passing; // slot through which capabilities go to clients
    uint64_t first;   // of the slots of runs that are lent
    uint32_t count;
    struct {
        uint32_t run;  // which; 0 for a free slot
        uint32_t next; // number of the next slot of the run, from 1 on; 0 for none
        size_t place;  // of the session
    } lent[LENT_MOST];
} state;

void lend_start(uint64_t first, size_t count)
{
    state.frames = first;
    state.passing = first + CACHE_PIECES;
    state.first = state.passing + 1;
    count = count > CACHE_PIECES + 1 ? count - CACHE_PIECES - 1 : 0;
    state.count = count < LENT_MOST ? (uint32_t)count : LENT_MOST;
    quota_set(QUOTA_LENT, state.count);
    quota_set(QUOTA_LENT_PAGES, cache_space().limit / 2);
}

static struct kozo_slot slot_at(size_t number)
{
    return (struct kozo_slot){state.first + number};
}

// The number of the slot of a run that is lent to a session; LENT_MOST when it is not.
static uint32_t find(uint32_t run, size_t place)
{
    uint32_t number = cache_page(run)->slot;
    while (number > 0 && state.lent[number - 1].place != place) {
        number = state.lent[number - 1].next;
    }
    return number > 0 ? number - 1 : LENT_MOST;
}

static uint32_t pages_of(uint32_t run)
{
    return 1u << cache_page(run)->order;
}

static void begin(uint32_t number, uint32_t run, size_t place)
{
    struct page *page = cache_page(run);
    state.lent[number].run = run;
    state.lent[number].place = place;
    state.lent[number].next = page->slot;
    page->slot = (uint16_t)(number + 1);
    page->flags |= CACHE_LENT;
    quota_take(QUOTA_LENT, place, 1);
    quota_take(QUOTA_LENT_PAGES, place, pages_of(run));
}

static void end(uint32_t number)
{
    uint32_t run = state.lent[number].run;
    struct page *page = cache_page(run);
    (void)kozo_cnode_revoke(slot_at(number));
    (void)kozo_cnode_delete(slot_at(number));
    quota_give(QUOTA_LENT, state.lent[number].place, 1);
    quota_give(QUOTA_LENT_PAGES, state.lent[number].place, pages_of(run));
    state.lent[number].run = 0;
    if (page->slot == number + 1) {
        page->slot = (uint16_t)state.lent[number].next;
    } else {
        uint32_t before = page->slot;
        while (state.lent[before - 1].next != number + 1) {
            before = state.lent[before - 1].next;
        }
        state.lent[before - 1].next = state.lent[number].next;
    }
    if (page->slot == 0) {
        page->flags &= (uint8_t)~(CACHE_LENT | CACHE_WRITABLE);
    }
}

// The session has nothing of it any more, but what it has written there is part of the file.
static void end_well(uint32_t number)
{
    if ((cache_page(state.lent[number].run)->flags & CACHE_WRITABLE) != 0) {
        write_notice_lent(cache_node(state.lent[number].run), state.lent[number].place);
    }
    end(number);
}

static bool is_over(uint32_t number)
{
    struct kozo_cnode_inspect_result told = kozo_cnode_inspect(slot_at(number));
    return told.error == KOZO_OK && !told.children;
}

bool lend_is_over(uint32_t run)
{
    for (uint32_t number = cache_page(run)->slot; number > 0;) {
        uint32_t next = state.lent[number - 1].next;
        if (is_over(number - 1)) {
            end_well(number - 1);
        }
        number = next;
    }
    return cache_page(run)->slot == 0;
}

void lend_end(uint32_t run)
{
    while (cache_page(run)->slot > 0) {
        end(cache_page(run)->slot - 1u);
    }
}

void lend_drop(size_t place)
{
    for (uint32_t i = 0; i < state.count && quota_held(QUOTA_LENT, place) > 0; i++) {
        if (state.lent[i].run != 0 && state.lent[i].place == place) {
            end_well(i);
        }
    }
}

static bool fits(uint32_t run, size_t place)
{
    return quota_has(QUOTA_LENT, place, 1) && quota_has(QUOTA_LENT_PAGES, place, pages_of(run));
}

// What was passed on is handed to its run.
static void let_passing_go(void)
{
    (void)kozo_cnode_delete((struct kozo_slot){state.passing});
}

// Whether a run may be lent to a session. What clients gave back is noticed when it is missed.
static bool may_lend(uint32_t run, size_t place)
{
    if (find(run, place) < LENT_MOST || fits(run, place)) {
        return true;
    }
    let_passing_go();
    for (uint32_t i = 0; i < state.count; i++) {
        if (state.lent[i].run != 0 && is_over(i)) {
            end_well(i);
        }
    }
    return fits(run, place);
}

// There is one, since the quotas leave no more to be lent than there are slots.
static uint32_t free_slot(void)
{
    uint32_t number = 0;
    while (number < state.count && state.lent[number].run != 0) {
        number++;
    }
    return number;
}

static enum kozo_error hold_piece(struct cache_piece piece, struct kozo_slot slot)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    if (state.held[piece.number]) {
        return KOZO_OK;
    }
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = slot.handle;
    buffer->receive_count = 1;
    enum kozo_error error = kozo_supply_frame(parent, (uint64_t)cache_bytes(piece.first));
    buffer->receive_slot = 0;
    buffer->receive_count = 0;
    state.held[piece.number] = error == KOZO_OK;
    return error;
}

void lend_forget(uint32_t piece)
{
    state.held[piece] = false; // the capability goes with the memory
}

// The capability of a run, from which those of a session derive.
static enum kozo_error hold_run(uint32_t run, size_t place, struct kozo_slot *slot)
{
    uint32_t number = find(run, place);
    if (number == LENT_MOST) {
        struct cache_piece piece = cache_piece_of(run);
        struct kozo_slot frame = {state.frames + piece.number};
        number = free_slot();
        enum kozo_error error = hold_piece(piece, frame);
        if (error == KOZO_OK) {
            error = kozo_cnode_mint(frame, slot_at(number),
                                    KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE,
                                    (run - piece.first) | (1ul << cache_page(run)->order) << 32);
        }
        if (error != KOZO_OK) {
            return error;
        }
        begin(number, run, place);
    }
    *slot = slot_at(number);
    return KOZO_OK;
}

static struct kozo_message lend(struct node *node, uint32_t run, bool write, size_t place)
{
    struct kozo_slot held = {};
    struct kozo_slot passing = {state.passing};
    uint32_t rights = KOZO_RIGHT_READ | (write ? KOZO_RIGHT_WRITE : KOZO_RIGHT_EXECUTE);
    let_passing_go();
    enum kozo_error error = hold_run(run, place, &held);
    if (error == KOZO_OK) {
        error = kozo_cnode_mint(held, passing, rights, 0);
    }
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    if (write) {
        cache_page(run)->flags |= CACHE_WRITABLE;
        write_notice_lent(node, place);
    }
    struct kozo_message answer =
        kozo_files_pages_answer((uint64_t)cache_page(run)->index * CACHE_PAGE,
                                (uint64_t)CACHE_PAGE << cache_page(run)->order);
    answer.info.caps = 1;
    kozo_ipc_buffer()->caps[0] = state.passing;
    return answer;
}

// Reads all of a run that is not there yet; what lies behind the end is zero.
static struct kozo_message fill(struct node *node, uint32_t run, struct operation *operation)
{
    uint32_t last = run + (1u << cache_page(run)->order);
    for (uint32_t page = run; page < last; page++) {
        bool behind = (uint64_t)cache_page(page)->index * CACHE_PAGE >= node->stat.size;
        if (behind && (cache_page(page)->flags & CACHE_VALID) == 0) {
            memset(cache_bytes(page), 0, CACHE_PAGE);
            continue;
        }
        struct kozo_message fetched = fetch_page(node, page, operation);
        if (!is_ok(&fetched)) {
            fetch_ahead(node, page);
            return fetched;
        }
    }
    return kozo_answer(KOZO_OK);
}

struct kozo_message serve_pages(struct kozo_caller *caller,
                                const struct kozo_files_pages_arguments *asked)
{
    struct operation *operation = operation_of(caller);
    uint8_t right = asked->write ? PLACE_READ | PLACE_WRITE : PLACE_READ;
    struct access access = access_kind(caller, asked->file, right, KOZO_NODE_FILE);
    if (access.error != KOZO_OK) {
        return kozo_answer(access.error);
    }
    // What would be written there could be refused only when nobody is told any more.
    if (asked->write && place_pays(caller->session) != 0) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct node *node = access.node;
    struct kozo_message known = fetch_stat(node, operation);
    if (!is_ok(&known)) {
        return known;
    }
    if (asked->offset % CACHE_PAGE != 0 || asked->offset >= node->stat.size) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    uint64_t index = asked->offset / CACHE_PAGE;
    uint32_t page = cache_find(node, index);
    if (page == 0) {
        uint64_t left = (node->stat.size - 1) / CACHE_PAGE + 1 - index;
        unsigned order = CACHE_ORDER_MOST;
        while (order > 0 && (index % (1ul << order) != 0 || 1ul << order >= 2 * left ||
                             !quota_has(QUOTA_LENT_PAGES, caller->session, 1ul << order))) {
            order--;
        }
        page = cache_take(node, index, order);
    }
    if (page == 0) {
        return write_wait_for_room(operation);
    }
    if (!may_lend(cache_run(page), caller->session)) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    struct kozo_message filled = fill(node, cache_run(page), operation);
    if (!is_ok(&filled)) {
        return filled;
    }
    cache_touch(page);
    bool begun = operation->number != 0 && (operation->number & KOZO_CALLED) == 0;
    if (begun || operation->tries > 1) {
        return kozo_files_pages_answer(0, 0); // no capability fits a completion: it is called again
    }
    return lend(node, cache_run(page), asked->write, caller->session);
}
