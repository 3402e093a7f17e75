// SPDX-License-Identifier: MIT
#include "account.h"

#include <string.h>

constexpr uint32_t PAGE_BLOCKS = STORE_PAGE_SIZE / (BLOCK_ENTRIES * sizeof(uint32_t));
constexpr uint32_t ALL_BLOCKS = (1U << PAGE_BLOCKS) - 1;
static_assert(PAGE_BLOCKS == 16);

void account_start(struct account *account, struct store *store, uint64_t limit)
{
    *account = (struct account){.store = store, .limit = limit, .tables = STORE_NONE};
}

bool account_charge(struct account *account, uint64_t pages)
{
    if (pages > account->limit - account->used) {
        return false;
    }
    account->used += pages;
    return true;
}

void account_discharge(struct account *account, uint64_t pages)
{
    account->used -= pages;
}

uint32_t account_take(struct account *account)
{
    if (!account_charge(account, 1)) {
        return STORE_NONE;
    }
    uint32_t page = store_take(account->store);
    if (page == STORE_NONE) {
        account_discharge(account, 1);
    }
    return page;
}

void account_give(struct account *account, uint32_t page)
{
    if (store_give(account->store, page)) {
        account_discharge(account, 1);
    }
}

// --- Blocks: numbered from 1, so that 0 is none -------------------------------------------------

uint32_t *account_block(const struct account *account, uint32_t block)
{
    uint32_t *page = store_look(account->store, (block - 1) / PAGE_BLOCKS);
    return page + (size_t)((block - 1) % PAGE_BLOCKS) * BLOCK_ENTRIES;
}

// A page of tables with a free block, a new one if need be.
static uint32_t page_with_room(struct account *account)
{
    struct store_page *pages = account->store->page;
    uint32_t page = account->tables;
    while (page != STORE_NONE && pages[page].uses == ALL_BLOCKS) {
        page = pages[page].next;
    }
    if (page != STORE_NONE) {
        return page;
    }
    page = account_take(account);
    if (page != STORE_NONE) {
        pages[page] = (struct store_page){.uses = 0, .next = account->tables};
        account->tables = page;
    }
    return page;
}

uint32_t account_block_take(struct account *account)
{
    uint32_t page = page_with_room(account);
    if (page == STORE_NONE) {
        return BLOCK_NONE;
    }
    uint32_t *uses = &account->store->page[page].uses;
    uint32_t number = (uint32_t)__builtin_ctz(~*uses);
    *uses |= 1U << number;
    uint32_t block = page * PAGE_BLOCKS + number + 1;
    memset(account_block(account, block), 0, BLOCK_ENTRIES * sizeof(uint32_t));
    return block;
}

static void leave_list(struct account *account, uint32_t page)
{
    uint32_t *at = &account->tables;
    while (*at != page) {
        at = &account->store->page[*at].next;
    }
    *at = account->store->page[page].next;
}

void account_block_give(struct account *account, uint32_t block)
{
    uint32_t page = (block - 1) / PAGE_BLOCKS;
    uint32_t *uses = &account->store->page[page].uses;
    *uses &= ~(1U << (block - 1) % PAGE_BLOCKS);
    if (*uses == 0) {
        leave_list(account, page);
        *uses = 1; // as a page that is given back has it
        account_give(account, page);
    }
}
