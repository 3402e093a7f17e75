// SPDX-License-Identifier: MIT
#include "store.h"

#include <string.h>

void store_start(struct store *store, const struct store_operations *operations, void *context)
{
    *store = (struct store){.operations = operations, .context = context, .first_free = STORE_NONE};
}

void *store_look(const struct store *store, uint32_t page)
{
    return store->operations->look(store->context, page);
}

static void make_free(struct store *store, uint32_t page)
{
    store->page[page] = (struct store_page){.next = store->first_free};
    store->first_free = page;
    store->free++;
}

// The new pages come out in the order of their numbers.
static void grow(struct store *store)
{
    uint32_t more = store->operations->grow(store->context);
    uint32_t room = STORE_PAGES - store->count;
    more = more < room ? more : room;
    for (uint32_t i = more; i > 0; i--) {
        make_free(store, store->count + i - 1);
    }
    store->count += more;
}

uint32_t store_take(struct store *store)
{
    if (store->first_free == STORE_NONE && store->count < STORE_PAGES) {
        grow(store);
    }
    uint32_t page = store->first_free;
    if (page == STORE_NONE) {
        return STORE_NONE;
    }
    store->first_free = store->page[page].next;
    store->free--;
    store->page[page] = (struct store_page){.uses = 1, .next = STORE_NONE};
    memset(store_look(store, page), 0, STORE_PAGE_SIZE);
    return page;
}

bool store_give(struct store *store, uint32_t page)
{
    if (--store->page[page].uses > 0) {
        return false;
    }
    make_free(store, page);
    return true;
}
