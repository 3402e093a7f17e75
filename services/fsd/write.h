// SPDX-License-Identifier: MIT
// Writing what is in memory back to volumes: for a sync, when memory is short, and after a while.
//
// Two requests for the same page are never under way together, so what was written last is what
// stays. A failure is kept at the node and the volume until somebody asks: a sync tells it, once.
#pragma once

#include "volume.h"

// Begins to write as much as there are free requests for: runs that were queued with a stamp up to
// this, of one node or (null) of all.
void write_back(struct volume *volume, struct node *node, uint32_t stamp);

// Whether anything of a node, or of a whole volume, is still to be written or under way.
[[nodiscard]] bool write_is_due(const struct node *node, uint32_t stamp);
[[nodiscard]] bool write_is_due_on(const struct volume *volume, uint32_t stamp);

// Pages that clients may write to by themselves count as written to, by this session.
void write_notice_lent(struct node *node, size_t place);

// When memory is short: begins to write the oldest of all volumes; false when nothing is under way.
[[nodiscard]] bool write_for_room(void);

// For a handler that finds no memory: it waits for writing to give some, if it can.
[[nodiscard]] struct kozo_message write_wait_for_room(struct operation *operation);

// For one whose session holds as much as it may: likewise, when that is for want of writing.
[[nodiscard]] struct kozo_message write_wait_to_hold(struct operation *operation);

// Called now and then, with the time since the last call.
void write_look(void);
