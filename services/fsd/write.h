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

// Pages that clients may write to by themselves count as written to.
void write_notice_lent(struct node *node);

// When memory is short: begins to write the oldest of all volumes. Who waits for memory waits here.
[[nodiscard]] bool write_for_room(void);
struct queue *write_waiting(void);

// Called now and then, with the time since the last call.
void write_look(void);
