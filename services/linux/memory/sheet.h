// SPDX-License-Identifier: MIT
// Sheets: what of an address space is there, and the Mappings that show it. Part of space.h's own.
#pragma once

#include "space.h"

// Makes the kernel's part of a space, and takes everything apart again.
[[nodiscard]] bool space_open(struct space *space);
void space_close(struct space *space);

// The sheet of an address; null when there is none, or no memory for one.
[[nodiscard]] struct sheet *sheet_find(struct space *space, uint64_t address);
[[nodiscard]] struct sheet *sheet_make(struct space *space, uint64_t address);

static inline size_t sheet_index(uint64_t address)
{
    return address / PAGE_BYTES % SHEET_PAGES;
}

// Pages that follow one another, from `index` on, for as many pages of the program.
struct show {
    size_t index;
    page_number page;
    uint32_t count;
    uint32_t rights; // of the Mapping, and for now of its pages
    bool shared;
};

// Shows pages in place of what was there. Takes over a count of each page, in any case. 0 or -ENOMEM.
[[nodiscard]] int64_t sheet_show(struct space *space, struct sheet *sheet, const struct show *show);

// Gives one page that is there other rights: -ENOMEM, or 0.
[[nodiscard]] int64_t sheet_allow(struct space *space, struct sheet *sheet, size_t index,
                                  uint32_t rights, bool shared);

void sheets_release(struct space *space, uint64_t start, uint64_t end);
// After an area's rights have changed.
[[nodiscard]] int64_t sheets_protect(struct space *space, const struct area *area);
// Takes the right to write from pages of a shared area.
void sheets_guard(struct space *space, uint64_t start, uint64_t end);
[[nodiscard]] int64_t sheets_move(struct space *space, uint64_t from, uint64_t size, uint64_t to,
                                  bool shared);
[[nodiscard]] bool sheets_clone(struct space *to, struct space *from);
