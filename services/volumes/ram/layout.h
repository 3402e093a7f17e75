// SPDX-License-Identifier: MIT
// How a RAM volume lies in its memory, which outlives the process that serves it.
//
// The memory is cut into pages. First come the head, the descriptions of all pages and the tables of
// hashes; every later page is free, holds contents, or is cut into items of one size: nodes, or
// entries with shorter or longer names. Items are known by references: their offset in units of 32
// bytes, so that nothing depends on where the memory is seen.
//
// A step changes words only through `ram_set`, which keeps the old value in a log. A step that was
// cut off by the end of the process is undone by the next one, so what is here is always whole.
#pragma once

#include <stdint.h>

constexpr uint64_t RAM_MAGIC = 0x316d61722d7a6f6b; // "koz-ram1"
constexpr uint32_t RAM_UNIT = 32;
constexpr uint32_t RAM_LOG = 512; // words that one step may change
constexpr uint32_t RAM_NAME_SHORT = 64;
constexpr uint32_t RAM_NAME_LONG = 256;

enum ram_page_kind : uint32_t {
    RAM_PAGE_FREE,
    RAM_PAGE_FIXED,    // the head and the tables
    RAM_PAGE_CONTENTS, // of a file, or the target of a link
    RAM_PAGE_NODES,
    RAM_PAGE_SHORT, // entries
    RAM_PAGE_LONG,
};

struct ram_page {
    uint32_t kind;
    uint32_t node;  // whose contents
    uint32_t index; // which page of the file
    uint32_t chain; // next in the table of hashes
    uint32_t next;  // of the file, or of the free pages; 0 for none
    uint32_t previous;
};

struct ram_node {
    uint32_t kind; // 0: free
    uint32_t mode;
    uint32_t links;
    uint32_t user;
    uint32_t group;
    uint32_t parent; // of a folder
    uint32_t first;  // of a folder: its entries in the order of their making; otherwise its pages
    uint32_t last;
    uint32_t count;
    uint32_t next; // of free nodes, or of those without names
    uint32_t previous;
    uint32_t spare;
    uint64_t size;
    uint64_t accessed;
    uint64_t modified;
    uint64_t changed;
    uint64_t reserved[6];
};
static_assert(sizeof(struct ram_node) == 128);

struct ram_entry {
    uint32_t folder; // 0: free
    uint32_t node;
    uint32_t chain; // next in the table of hashes
    uint32_t next;  // in the folder, or of free entries
    uint32_t previous;
    uint32_t length;
    uint64_t sequence; // entries of a folder have rising numbers
    char name[];
};

struct ram_change {
    uint32_t word; // which word of the memory
    uint32_t old;
};

struct ram {
    uint64_t magic;
    uint64_t size;
    uint64_t sequence;
    uint32_t pages;
    uint32_t tables; // pages of the head and the tables
    uint32_t buckets;
    uint32_t free_page;
    uint32_t free_pages;
    uint32_t free_node;
    uint32_t free_short;
    uint32_t free_long;
    uint32_t nameless; // nodes without names that are still known
    uint32_t root;
    uint32_t page_at; // where tables begin, as words of the memory
    uint32_t content_at;
    uint32_t name_at;
    uint32_t logged;
    struct ram_change log[RAM_LOG];
};
