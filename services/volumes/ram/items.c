// SPDX-License-Identifier: MIT
#include "items.h"

#include <kozo/abi.h>
#include <string.h>

#include "step.h"

constexpr uint32_t NODE_SIZE = sizeof(struct ram_node);
constexpr uint32_t SHORT_SIZE = 96;
constexpr uint32_t LONG_SIZE = 288;
static_assert(offsetof(struct ram_entry, name) + RAM_NAME_SHORT == SHORT_SIZE);
static_assert(offsetof(struct ram_entry, name) + RAM_NAME_LONG == LONG_SIZE);

// --- Tables -------------------------------------------------------------------------------------

static uint32_t mix(uint64_t value)
{
    value *= 0x9e3779b97f4a7c15;
    return (uint32_t)(value >> 32);
}

static uint32_t *content_bucket(struct ram *ram, uint32_t node, uint32_t index)
{
    uint32_t hash = mix((uint64_t)node << 32 | index);
    return (uint32_t *)ram + ram->content_at + (hash & (ram->buckets - 1));
}

static uint32_t *name_bucket(struct ram *ram, uint32_t folder, const char *name, size_t length)
{
    uint64_t hash = folder;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    }
    return (uint32_t *)ram + ram->name_at + (mix(hash) & (ram->buckets - 1));
}

// --- Accounts -----------------------------------------------------------------------------------

constexpr uint32_t PAGE_UNITS = KOZO_PAGE_SIZE / RAM_UNIT;

static bool may_pay(const struct ram *ram, uint32_t units)
{
    uint64_t most = (uint64_t)ram->most * PAGE_UNITS;
    return ram->payer == 0 || (uint64_t)ram->stored[ram->payer] + units <= most;
}

// Whoever pays now pays for this until it is gone.
static void pay(struct ram *ram, uint32_t units, uint32_t *account)
{
    ram_set(ram, account, ram->payer);
    if (ram->payer != 0) {
        ram_set(ram, &ram->stored[ram->payer], ram->stored[ram->payer] + units);
    }
}

static void pay_back(struct ram *ram, uint32_t units, uint32_t *account)
{
    if (*account != 0) {
        ram_set(ram, &ram->stored[*account], ram->stored[*account] - units);
        ram_set(ram, account, 0);
    }
}

// --- Pieces -------------------------------------------------------------------------------------

static uint32_t piece_of(uint32_t page)
{
    return page / RAM_PIECE + 1;
}

static void unlink_piece(struct ram *ram, uint32_t number)
{
    const struct ram_piece *piece = ram_piece(ram, number);
    ram_set(ram, piece->previous != 0 ? &ram_piece(ram, piece->previous)->next : &ram->piece_first,
            piece->next);
    ram_set(ram, piece->next != 0 ? &ram_piece(ram, piece->next)->previous : &ram->piece_last,
            piece->previous);
}

// Puts a piece where it belongs: at the end when all of it is free.
static void link_piece(struct ram *ram, uint32_t number)
{
    struct ram_piece *piece = ram_piece(ram, number);
    bool last = piece->used == 0;
    uint32_t previous = last ? ram->piece_last : 0;
    uint32_t next = last ? 0 : ram->piece_first;
    ram_set(ram, &piece->previous, previous);
    ram_set(ram, &piece->next, next);
    ram_set(ram, previous != 0 ? &ram_piece(ram, previous)->next : &ram->piece_first, number);
    ram_set(ram, next != 0 ? &ram_piece(ram, next)->previous : &ram->piece_last, number);
}

static uint32_t pages_of(const struct ram *ram, uint32_t number)
{
    uint32_t left = ram->pages - (number - 1) * RAM_PIECE;
    return left < RAM_PIECE ? left : RAM_PIECE;
}

static void set_there(struct ram *ram, uint32_t number, bool there)
{
    uint32_t free = pages_of(ram, number) - ram_piece(ram, number)->used;
    uint32_t empty = ram_piece(ram, number)->used == 0 ? 1 : 0;
    ram_set(ram, &ram_piece(ram, number)->there, there ? 1 : 0);
    ram_set(ram, &ram->here_pages, there ? ram->here_pages + free : ram->here_pages - free);
    ram_set(ram, &ram->empty_pieces, there ? ram->empty_pieces + empty : ram->empty_pieces - empty);
    if (there) {
        link_piece(ram, number);
    } else {
        unlink_piece(ram, number);
    }
}

// A piece with a free page, which may come just now; 0 when there is no more memory.
static uint32_t find_piece(struct ram *ram)
{
    if (ram->piece_first != 0 || ram->free_pages == 0) {
        return ram->piece_first;
    }
    uint32_t number = 1;
    while (ram_piece(ram, number)->there != 0) {
        number++;
    }
    ram->is_short = room_take((number - 1) * RAM_PIECE_SIZE, RAM_PIECE_SIZE) ? 0 : 1;
    if (ram->is_short != 0) {
        return 0;
    }
    set_there(ram, number, true);
    return number;
}

void items_shrink(struct ram *ram, uint32_t most)
{
    uint32_t number = ram->piece_last;
    for (; most > 0 && number != 0 && ram_piece(ram, number)->used == 0; most--) {
        set_there(ram, number, false);
        ram_commit(ram);
        room_give((number - 1) * RAM_PIECE_SIZE);
        number = ram->piece_last;
    }
}

void items_agree(struct ram *ram)
{
    for (uint32_t number = 1; number <= piece_of(ram->pages - 1); number++) {
        if (ram_piece(ram, number)->there == 0) {
            room_give((number - 1) * RAM_PIECE_SIZE);
        }
    }
}

// --- Start --------------------------------------------------------------------------------------

static uint32_t count_buckets(size_t size)
{
    uint32_t buckets = 64;
    while (buckets * 2 <= size / KOZO_PAGE_SIZE) {
        buckets *= 2;
    }
    return buckets;
}

// Where the tables begin, and their end, as words of the memory.
static uint64_t lay_out(struct ram *ram, size_t size)
{
    ram->pages = (uint32_t)(size / KOZO_PAGE_SIZE);
    ram->buckets = count_buckets(size);
    ram->page_at = (uint32_t)((sizeof *ram + 63) / 64 * 16);
    ram->piece_at = ram->page_at + ram->pages * (sizeof(struct ram_page) / sizeof(uint32_t));
    ram->content_at =
        ram->piece_at + piece_of(ram->pages - 1) * (sizeof(struct ram_piece) / sizeof(uint32_t));
    ram->name_at = ram->content_at + ram->buckets;
    return (uint64_t)ram->name_at + ram->buckets;
}

size_t items_head(size_t size)
{
    struct ram head;
    return lay_out(&head, size) * sizeof(uint32_t);
}

// All pages behind the tables are free; those of the tables' own pieces are there.
static void free_all(struct ram *ram)
{
    for (uint32_t page = 0; page < ram->tables; page++) {
        ram_page(ram, page)->kind = RAM_PAGE_FIXED;
        ram_piece(ram, piece_of(page))->used++;
    }
    for (uint32_t page = ram->pages - 1; page >= ram->tables; page--) {
        struct ram_piece *piece = ram_piece(ram, piece_of(page));
        ram_page(ram, page)->next = piece->free;
        piece->free = page;
    }
    ram->free_pages = ram->pages - ram->tables;
    for (uint32_t number = 1; number <= piece_of(ram->tables - 1); number++) {
        ram_piece(ram, number)->there = 1;
    }
    uint32_t last = piece_of(ram->tables - 1);
    if (ram_piece(ram, last)->free != 0) {
        ram->here_pages = pages_of(ram, last) - ram_piece(ram, last)->used;
        link_piece(ram, last);
    }
}

bool items_start(struct ram *ram, size_t size)
{
    uint64_t end = lay_out(ram, size) * sizeof(uint32_t);
    ram->tables = (uint32_t)((end + KOZO_PAGE_SIZE - 1) / KOZO_PAGE_SIZE);
    if (ram->tables + 4 > ram->pages) {
        return false;
    }
    memset((uint32_t *)ram + ram->page_at, 0, end - ram->page_at * sizeof(uint32_t));
    free_all(ram);
    ram_commit(ram);
    return true;
}

// --- Pages --------------------------------------------------------------------------------------

static uint32_t take_page(struct ram *ram, enum ram_page_kind kind)
{
    uint32_t number = find_piece(ram);
    if (number == 0) {
        return 0;
    }
    struct ram_piece *piece = ram_piece(ram, number);
    uint32_t page = piece->free;
    if (piece->used == 0) {
        ram_set(ram, &ram->empty_pieces, ram->empty_pieces - 1);
    }
    ram_set(ram, &piece->free, ram_page(ram, page)->next);
    ram_set(ram, &piece->used, piece->used + 1);
    ram_set(ram, &ram->free_pages, ram->free_pages - 1);
    ram_set(ram, &ram->here_pages, ram->here_pages - 1);
    ram_set(ram, &ram_page(ram, page)->kind, kind);
    if (piece->free == 0) {
        unlink_piece(ram, number);
    }
    return page;
}

static void free_page(struct ram *ram, uint32_t page)
{
    pay_back(ram, PAGE_UNITS, &ram_page(ram, page)->account);
    uint32_t number = piece_of(page);
    struct ram_piece *piece = ram_piece(ram, number);
    bool full = piece->free == 0;
    ram_set(ram, &ram_page(ram, page)->kind, RAM_PAGE_FREE);
    ram_set(ram, &ram_page(ram, page)->next, piece->free);
    ram_set(ram, &piece->free, page);
    ram_set(ram, &piece->used, piece->used - 1);
    ram_set(ram, &ram->free_pages, ram->free_pages + 1);
    ram_set(ram, &ram->here_pages, ram->here_pages + 1);
    if (piece->used == 0) {
        ram_set(ram, &ram->empty_pieces, ram->empty_pieces + 1);
    }
    if (!full && piece->used == 0) {
        unlink_piece(ram, number);
    }
    if (full || piece->used == 0) {
        link_piece(ram, number);
    }
}

uint32_t items_page(struct ram *ram, const struct ram_node *node, uint64_t index)
{
    uint32_t owner = ram_reference(ram, node);
    uint32_t number = index <= UINT32_MAX ? *content_bucket(ram, owner, (uint32_t)index) : 0;
    while (number != 0) {
        const struct ram_page *page = ram_page(ram, number);
        if (page->node == owner && page->index == index) {
            return number;
        }
        number = page->chain;
    }
    return 0;
}

uint32_t items_add_page(struct ram *ram, struct ram_node *node, uint64_t index)
{
    uint32_t number = may_pay(ram, PAGE_UNITS) ? take_page(ram, RAM_PAGE_CONTENTS) : 0;
    if (number == 0) {
        return 0;
    }
    pay(ram, PAGE_UNITS, &ram_page(ram, number)->account);
    // What was there before is nobody's: it needs no log.
    memset(ram_bytes(ram, number), 0, KOZO_PAGE_SIZE);
    struct ram_page *page = ram_page(ram, number);
    uint32_t owner = ram_reference(ram, node);
    uint32_t *bucket = content_bucket(ram, owner, (uint32_t)index);
    ram_set(ram, &page->node, owner);
    ram_set(ram, &page->index, (uint32_t)index);
    ram_set(ram, &page->chain, *bucket);
    ram_set(ram, bucket, number);
    ram_set(ram, &page->next, node->first);
    ram_set(ram, &page->previous, 0);
    if (node->first != 0) {
        ram_set(ram, &ram_page(ram, node->first)->previous, number);
    }
    ram_set(ram, &node->first, number);
    ram_set(ram, &node->count, node->count + 1);
    return number;
}

void items_drop_page(struct ram *ram, struct ram_node *node, uint32_t number)
{
    struct ram_page *page = ram_page(ram, number);
    uint32_t *link = content_bucket(ram, page->node, page->index);
    while (*link != number) {
        link = &ram_page(ram, *link)->chain;
    }
    ram_set(ram, link, page->chain);
    ram_set(ram, page->previous != 0 ? &ram_page(ram, page->previous)->next : &node->first,
            page->next);
    if (page->next != 0) {
        ram_set(ram, &ram_page(ram, page->next)->previous, page->previous);
    }
    ram_set(ram, &node->count, node->count - 1);
    free_page(ram, number);
}

// --- Nodes --------------------------------------------------------------------------------------

// Cuts a page into items and puts them into a list, whose links lie at `link` bytes in each item.
static bool refill(struct ram *ram, uint32_t *list, enum ram_page_kind kind, uint32_t size,
                   size_t link)
{
    uint32_t number = take_page(ram, kind);
    if (number == 0) {
        return false;
    }
    uint8_t *bytes = ram_bytes(ram, number);
    uint32_t next = 0;
    memset(bytes, 0, KOZO_PAGE_SIZE);
    for (uint32_t i = KOZO_PAGE_SIZE / size; i > 0; i--) {
        uint8_t *item = bytes + (i - 1) * size;
        memcpy(item + link, &next, sizeof next);
        next = ram_reference(ram, item);
    }
    ram_set(ram, list, next);
    return true;
}

struct ram_node *items_add_node(struct ram *ram, uint32_t kind, uint32_t mode, uint64_t now)
{
    if (!may_pay(ram, NODE_SIZE / RAM_UNIT) ||
        (ram->free_node == 0 && !refill(ram, &ram->free_node, RAM_PAGE_NODES, NODE_SIZE,
                                        offsetof(struct ram_node, next)))) {
        return nullptr;
    }
    struct ram_node *node = ram_at(ram, ram->free_node);
    ram_set(ram, &ram->free_node, node->next);
    ram_set(ram, &node->next, 0);
    pay(ram, NODE_SIZE / RAM_UNIT, &node->account);
    ram_set(ram, &node->kind, kind);
    ram_set(ram, &node->mode, mode);
    ram_set_long(ram, &node->accessed, now);
    ram_set_long(ram, &node->modified, now);
    ram_set_long(ram, &node->changed, now);
    return node;
}

void items_drop_node(struct ram *ram, struct ram_node *node)
{
    items_drop_nameless(ram, node);
    pay_back(ram, NODE_SIZE / RAM_UNIT, &node->account);
    // A free node is all zeros, but for its link.
    uint32_t *words = (uint32_t *)node;
    for (size_t i = 0; i < NODE_SIZE / sizeof(uint32_t); i++) {
        ram_set(ram, &words[i], 0);
    }
    ram_set(ram, &node->next, ram->free_node);
    ram_set(ram, &ram->free_node, ram_reference(ram, node));
}

void items_add_nameless(struct ram *ram, struct ram_node *node)
{
    uint32_t reference = ram_reference(ram, node);
    if (ram->nameless != 0) {
        struct ram_node *first = ram_at(ram, ram->nameless);
        ram_set(ram, &first->previous, reference);
    }
    ram_set(ram, &node->next, ram->nameless);
    ram_set(ram, &ram->nameless, reference);
}

void items_drop_nameless(struct ram *ram, struct ram_node *node)
{
    uint32_t *link = &ram->nameless;
    if (node->previous != 0) {
        link = &((struct ram_node *)ram_at(ram, node->previous))->next;
    }
    ram_set(ram, link, node->next);
    if (node->next != 0) {
        struct ram_node *next = ram_at(ram, node->next);
        ram_set(ram, &next->previous, node->previous);
    }
    ram_set(ram, &node->next, 0);
    ram_set(ram, &node->previous, 0);
}

// --- Names --------------------------------------------------------------------------------------

static struct ram_entry *find_entry(struct ram *ram, uint32_t owner, const char *name,
                                    size_t length)
{
    uint32_t reference = *name_bucket(ram, owner, name, length);
    while (reference != 0) {
        struct ram_entry *entry = ram_at(ram, reference);
        if (entry->owner == owner && entry->length == length &&
            memcmp(entry->name, name, length) == 0) {
            return entry;
        }
        reference = entry->chain;
    }
    return nullptr;
}

static uint32_t size_of(size_t length)
{
    return length <= RAM_NAME_SHORT ? SHORT_SIZE : LONG_SIZE;
}

static struct ram_entry *take_entry(struct ram *ram, size_t length)
{
    bool is_short = length <= RAM_NAME_SHORT;
    uint32_t size = size_of(length);
    uint32_t *list = is_short ? &ram->free_short : &ram->free_long;
    if (!may_pay(ram, size / RAM_UNIT) ||
        (*list == 0 && !refill(ram, list, is_short ? RAM_PAGE_SHORT : RAM_PAGE_LONG, size,
                               offsetof(struct ram_entry, next)))) {
        return nullptr;
    }
    struct ram_entry *entry = ram_at(ram, *list);
    ram_set(ram, list, entry->next);
    pay(ram, size / RAM_UNIT, &entry->account);
    return entry;
}

// An entry that is found by its name, and in no list yet; null when there is no memory.
static struct ram_entry *add_entry(struct ram *ram, uint32_t owner, const char *name, size_t length)
{
    struct ram_entry *entry = take_entry(ram, length);
    if (entry != nullptr) {
        uint32_t *bucket = name_bucket(ram, owner, name, length);
        memcpy(entry->name, name, length); // of a free entry: needs no log
        ram_set(ram, &entry->owner, owner);
        ram_set(ram, &entry->length, (uint32_t)length);
        ram_set(ram, &entry->chain, *bucket);
        ram_set(ram, bucket, ram_reference(ram, entry));
    }
    return entry;
}

// Frees an entry that is in no list any more.
static void drop_entry(struct ram *ram, struct ram_entry *entry)
{
    uint32_t reference = ram_reference(ram, entry);
    uint32_t *link = name_bucket(ram, entry->owner, entry->name, entry->length);
    while (*link != reference) {
        link = &((struct ram_entry *)ram_at(ram, *link))->chain;
    }
    ram_set(ram, link, entry->chain);
    uint32_t *list = entry->length <= RAM_NAME_SHORT ? &ram->free_short : &ram->free_long;
    pay_back(ram, size_of(entry->length) / RAM_UNIT, &entry->account);
    ram_set(ram, &entry->owner, 0);
    ram_set(ram, &entry->next, *list);
    ram_set(ram, list, reference);
}

// --- Entries ------------------------------------------------------------------------------------

struct ram_entry *items_entry(struct ram *ram, const struct ram_node *folder, const char *name,
                              size_t length)
{
    return find_entry(ram, ram_reference(ram, folder), name, length);
}

bool items_add_entry(struct ram *ram, struct ram_node *folder, const struct ram_node *node,
                     const char *name, size_t length)
{
    struct ram_entry *entry = add_entry(ram, ram_reference(ram, folder), name, length);
    if (entry == nullptr) {
        return false;
    }
    uint32_t reference = ram_reference(ram, entry);
    ram_set(ram, &entry->node, ram_reference(ram, node));
    ram_set(ram, &ram->sequence, ram->sequence + 1);
    ram_set(ram, &entry->sequence, ram->sequence);
    ram_set(ram, &entry->next, 0);
    ram_set(ram, &entry->previous, folder->last);
    if (folder->last != 0) {
        ram_set(ram, &((struct ram_entry *)ram_at(ram, folder->last))->next, reference);
    } else {
        ram_set(ram, &folder->first, reference);
    }
    ram_set(ram, &folder->last, reference);
    ram_set(ram, &folder->count, folder->count + 1);
    return true;
}

void items_drop_entry(struct ram *ram, struct ram_node *folder, struct ram_entry *entry)
{
    uint32_t *before = &folder->first;
    if (entry->previous != 0) {
        before = &((struct ram_entry *)ram_at(ram, entry->previous))->next;
    }
    ram_set(ram, before, entry->next);
    uint32_t *behind = &folder->last;
    if (entry->next != 0) {
        behind = &((struct ram_entry *)ram_at(ram, entry->next))->previous;
    }
    ram_set(ram, behind, entry->previous);
    ram_set(ram, &folder->count, folder->count - 1);
    drop_entry(ram, entry);
}

const struct ram_entry *items_entry_at(struct ram *ram, uint32_t reference)
{
    uint64_t offset = (uint64_t)reference * RAM_UNIT;
    if (offset / KOZO_PAGE_SIZE >= ram->pages) {
        return nullptr;
    }
    uint32_t kind = ram_page(ram, (uint32_t)(offset / KOZO_PAGE_SIZE))->kind;
    uint32_t size = kind == RAM_PAGE_SHORT ? SHORT_SIZE : LONG_SIZE;
    bool entry = kind == RAM_PAGE_SHORT || kind == RAM_PAGE_LONG;
    uint64_t within = offset % KOZO_PAGE_SIZE;
    return entry && within % size == 0 && within + size <= KOZO_PAGE_SIZE ? ram_at(ram, reference)
                                                                          : nullptr;
}

// --- Extended attributes ------------------------------------------------------------------------

struct ram_entry *items_attribute(struct ram *ram, const struct ram_node *node, const char *name,
                                  size_t length)
{
    return find_entry(ram, ram_reference(ram, node) | RAM_ATTRIBUTE, name, length);
}

struct ram_entry *items_add_attribute(struct ram *ram, struct ram_node *node, const char *name,
                                      size_t length)
{
    struct ram_entry *entry =
        add_entry(ram, ram_reference(ram, node) | RAM_ATTRIBUTE, name, length);
    if (entry == nullptr) {
        return nullptr;
    }
    uint32_t reference = ram_reference(ram, entry);
    ram_set(ram, &entry->value, 0);
    ram_set(ram, &entry->size, 0);
    ram_set(ram, &entry->next, node->attributes);
    ram_set(ram, &entry->previous, 0);
    if (node->attributes != 0) {
        ram_set(ram, &((struct ram_entry *)ram_at(ram, node->attributes))->previous, reference);
    }
    ram_set(ram, &node->attributes, reference);
    return entry;
}

void items_drop_attribute(struct ram *ram, struct ram_node *node, struct ram_entry *attribute)
{
    uint32_t *link = &node->attributes;
    if (attribute->previous != 0) {
        link = &((struct ram_entry *)ram_at(ram, attribute->previous))->next;
    }
    ram_set(ram, link, attribute->next);
    if (attribute->next != 0) {
        ram_set(ram, &((struct ram_entry *)ram_at(ram, attribute->next))->previous,
                attribute->previous);
    }
    items_drop_value(ram, attribute->value);
    drop_entry(ram, attribute);
}

bool items_add_value(struct ram *ram, const uint8_t *bytes, size_t size, uint32_t *first)
{
    *first = 0;
    size_t pages = (size + KOZO_PAGE_SIZE - 1) / KOZO_PAGE_SIZE;
    while (pages > 0) {
        uint32_t page = may_pay(ram, PAGE_UNITS) ? take_page(ram, RAM_PAGE_VALUE) : 0;
        if (page == 0) {
            return false;
        }
        pay(ram, PAGE_UNITS, &ram_page(ram, page)->account);
        size_t at = --pages * KOZO_PAGE_SIZE;
        size_t part = size - at < KOZO_PAGE_SIZE ? size - at : KOZO_PAGE_SIZE;
        memcpy(ram_bytes(ram, page), bytes + at, part); // of a free page: needs no log
        ram_set(ram, &ram_page(ram, page)->next, *first);
        *first = page;
    }
    return true;
}

void items_drop_value(struct ram *ram, uint32_t first)
{
    while (first != 0) {
        uint32_t next = ram_page(ram, first)->next;
        free_page(ram, first);
        first = next;
    }
}
