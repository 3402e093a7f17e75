// SPDX-License-Identifier: MIT
// How the caches are filled: what handlers need and do not find, they fetch here, and run again.
// Each function answers OK when what is wanted is there, else PENDING or an error.
#pragma once

#include "node.h"
#include "operation.h"

// What is known of a node, in its `stat`.
[[nodiscard]] struct kozo_message fetch_stat(struct node *node, struct operation *operation);

// What a name in a folder means, for name_find.
[[nodiscard]] struct kozo_message fetch_name(struct node *folder, const char *name, size_t length,
                                             struct operation *operation);

// Contents: a page that cache_find gave, or the pages of its run from there on.
[[nodiscard]] struct kozo_message fetch_page(struct node *node, uint32_t page,
                                             struct operation *operation);

// Reads on behind a page, for nobody yet.
void fetch_ahead(struct node *node, uint32_t page);

[[nodiscard]]
static inline bool is_ok(const struct kozo_message *message)
{
    return message->info.label == KOZO_OK;
}
