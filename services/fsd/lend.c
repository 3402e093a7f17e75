// SPDX-License-Identifier: MIT
// Lending memory of the cache: a client is given a Frame for a run of pages, and maps it where it
// wants. The server keeps a capability of its own for each such run, from which the clients' derive:
// so it learns when nobody has one any more, and can take them all back.
//
// The memory is several Frames: that which holds pages 2^k to 2^(k+1) - 1 is the one of order k.
#include "lend.h"

#include <kozo/start.h>
#include <string.h>

#include "access.h"
#include "cache.h"
#include "fetch.h"
#include "requests.h"
#include "write.h"

constexpr size_t LENT_MOST = 512;

static struct {
    uint64_t frames;  // slot of the Frame of order 0
    uint64_t passing; // slot through which capabilities go to clients
    uint64_t first;   // of the slots of runs that are lent
    size_t count;
    uint32_t run[LENT_MOST]; // which; 0 for a free slot
    size_t hint;
} state;

void lend_start(uint64_t frames, uint64_t passing, uint64_t first, size_t count)
{
    state.frames = frames;
    state.passing = passing;
    state.first = first;
    state.count = count < LENT_MOST ? count : LENT_MOST;
}

static struct kozo_slot slot_at(size_t number)
{
    return (struct kozo_slot){state.first + number};
}

// The number of the slot of a run; LENT_MOST when it has none.
static size_t find(uint32_t run)
{
    uint32_t number = cache_page(run)->slot;
    return number > 0 ? number - 1 : LENT_MOST;
}

bool lend_is_over(uint32_t run)
{
    struct kozo_cnode_inspect_result told = kozo_cnode_inspect(slot_at(find(run)));
    if (told.error != KOZO_OK || told.children) {
        return false;
    }
    lend_end(run);
    return true;
}

void lend_end(uint32_t run)
{
    size_t number = find(run);
    (void)kozo_cnode_revoke(slot_at(number));
    (void)kozo_cnode_delete(slot_at(number));
    state.run[number] = 0;
    cache_page(run)->slot = 0;
    cache_page(run)->flags &= (uint8_t)~(CACHE_LENT | CACHE_WRITABLE);
}

static size_t free_slot(void)
{
    for (size_t i = 0; i < state.count; i++) {
        size_t number = (state.hint + i) % state.count;
        if (state.run[number] == 0 || lend_is_over(state.run[number])) {
            state.hint = (number + 1) % state.count;
            return number;
        }
    }
    return LENT_MOST;
}

// The capability of a run, from which those of clients derive.
static enum kozo_error hold_run(uint32_t run, struct kozo_slot *slot)
{
    size_t number = find(run);
    if (number == LENT_MOST) {
        number = free_slot();
        if (number == LENT_MOST) {
            return KOZO_NO_MEMORY;
        }
        unsigned order = 31 - (unsigned)__builtin_clz(run);
        uint64_t start = run - (1u << order);
        enum kozo_error error =
            kozo_cnode_mint((struct kozo_slot){state.frames + order}, slot_at(number),
                            KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE,
                            start | (1ul << cache_page(run)->order) << 32);
        if (error != KOZO_OK) {
            return error;
        }
        state.run[number] = run;
        cache_page(run)->slot = (uint16_t)(number + 1);
        cache_page(run)->flags |= CACHE_LENT;
    }
    *slot = slot_at(number);
    return KOZO_OK;
}

static struct kozo_message lend(struct node *node, uint32_t run, bool write)
{
    struct kozo_slot held = {};
    struct kozo_slot passing = {state.passing};
    uint32_t rights = KOZO_RIGHT_READ | (write ? KOZO_RIGHT_WRITE : KOZO_RIGHT_EXECUTE);
    (void)kozo_cnode_delete(passing); // what was passed on is handed to its run
    enum kozo_error error = hold_run(run, &held);
    if (error == KOZO_OK) {
        error = kozo_cnode_mint(held, passing, rights, 0);
    }
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    if (write) {
        cache_page(run)->flags |= CACHE_WRITABLE;
        write_notice_lent(node);
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
        while (order > 0 && (index % (1ul << order) != 0 || 1ul << order >= 2 * left)) {
            order--;
        }
        page = cache_take(node, index, order);
    }
    if (page == 0) {
        return write_for_room() ? operation_wait(operation, write_waiting())
                                : kozo_answer(KOZO_NO_MEMORY);
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
    return lend(node, cache_run(page), asked->write);
}
