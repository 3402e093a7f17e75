// SPDX-License-Identifier: MIT
// How a RAM volume lies in its memory, which outlives the process that serves it.
//
// The memory is cut into pages. First come the head, the descriptions of all pages and the tables of
// hashes; every later page is free, holds contents, or is cut into items of one size: nodes, or
// entries with shorter or longer names. Items are known by references: their offset in units of 32
// bytes, so that nothing depends on where the memory is seen.
//
// Only as much memory is there as has a use: it comes and goes in pieces of 64 pages. Pieces that are
// there and have free pages are in a list, those in which every page is free at its end, so that they
// stay so when others do. A piece that is not there keeps the list of its free pages.
//
// Whoever pays for a page of contents, a node or an entry stands at it, and what each account has stored is counted in units.
// Pages that are cut into items are nobody's.
//
// A step changes words only through `ram_set`, which keeps the old value in a log. A step that was
// cut off by the end of the process is undone by the next one, so what is here is always whole.
#pragma once

#include <kozo/protocol.h>
#include <stdint.h>

constexpr uint64_t RAM_MAGIC = 0x336d61722d7a6f6b; // "koz-ram3"
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
    RAM_PAGE_VALUE, // of an extended attribute
};

struct ram_page {
    uint32_t kind;
    uint32_t node;  // whose contents
    uint32_t index; // which page of the file
    uint32_t chain; // next in the table of hashes
    uint32_t next;  // of the file or value, or of the free pages of its piece; 0 for none
    uint32_t previous;
    uint32_t account; // who pays for contents or a value; 0: nobody
};

constexpr uint32_t RAM_PIECE = 64; // pages
constexpr uint64_t RAM_PIECE_SIZE = RAM_PIECE * 4096ul;

struct ram_piece {
    uint32_t there; // 1: it has memory
    uint32_t free;  // first of its free pages; 0 for none
    uint32_t used;  // pages that are not free
    uint32_t next;  // in the list, numbers from 1 on; 0 for none
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
    uint32_t attributes; // first of its extended attributes, the newest
    uint64_t size;
    uint64_t accessed;
    uint64_t modified;
    uint64_t changed;
    uint32_t account; // who pays for it; 0: nobody
    uint32_t reserved[11];
};
static_assert(sizeof(struct ram_node) == 128);

// A name: of a node in a folder, or of an extended attribute. The owner of the latter is its node's reference with
// the lowest bit set, which no folder's has: a folder may have a name and an attribute that are called alike.
struct ram_entry {
    uint32_t owner; // 0: free
    union {
        uint32_t node;
        uint32_t value; // first page of the value; 0 for none
    };
    uint32_t chain; // next in the table of hashes
    uint32_t next;  // of the owner, or of free entries
    uint32_t previous;
    uint32_t length;
    union {
        uint32_t sequence; // entries of a folder have rising numbers
        uint32_t size;     // bytes of the value
    };
    uint32_t account; // who pays for it; 0: nobody
    char name[];
};
constexpr uint32_t RAM_ATTRIBUTE = 1; // in `owner`

struct ram_change {
    uint32_t word; // which word of the memory
    uint32_t old;
};

struct ram {
    uint64_t magic;
    uint64_t size;
    uint32_t sequence;
    uint32_t payer; // of what is stored next; no part of a step, as is its most
    uint32_t most;  // pages that it may have stored
    uint32_t pages;
    uint32_t tables; // pages of the head and the tables
    uint32_t buckets;
    uint32_t free_pages; // also of pieces that are not there
    uint32_t here_pages; // free ones of pieces that are
    uint32_t piece_first;
    uint32_t piece_last;
    uint32_t empty_pieces; // that are there
    uint32_t is_short;     // 1: there was no memory when more was wanted last; no part of a step
    uint32_t free_node;
    uint32_t free_short;
    uint32_t free_long;
    uint32_t nameless; // nodes without names that are still known
    uint32_t root;
    uint32_t page_at; // where tables begin, as words of the memory
    uint32_t piece_at;
    uint32_t content_at;
    uint32_t name_at;
    uint32_t stored[KOZO_ACCOUNTS]; // by each account, in units
    uint32_t logged;
    struct ram_change log[RAM_LOG];
};
