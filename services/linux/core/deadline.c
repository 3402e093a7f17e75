// SPDX-License-Identifier: MIT
#include "deadline.h"

#include "clock.h"
#include "objects.h"

#include <kozo/clock.h>

static struct tree deadlines;
static uint64_t armed = UINT64_MAX; // what the timer is set to

static void arm(void)
{
    const struct tree_node *first = tree_first(&deadlines);
    uint64_t next = first == nullptr ? UINT64_MAX : first->key;
    if (next >= armed) {
        return;
    }
    armed = next;
    // One tick later than its rounded-down time, so that it is never early.
    (void)kozo_timer_set(held.timer, kozo_clock_ticks(next) + 1, 0);
}

void deadline_set(struct deadline *deadline, uint64_t nanoseconds)
{
    deadline_clear(deadline);
    deadline->node.key = nanoseconds;
    deadline->set = true;
    tree_insert(&deadlines, &deadline->node);
    arm();
}

void deadline_clear(struct deadline *deadline)
{
    if (deadline->set) {
        tree_remove(&deadlines, &deadline->node);
        deadline->set = false;
    }
}

void deadlines_look(void)
{
    uint64_t now = clock_monotonic();
    armed = UINT64_MAX;
    struct tree_node *first = tree_first(&deadlines);
    while (first != nullptr && first->key <= now) {
        struct deadline *deadline = TREE_OWNER(first, struct deadline, node);
        deadline_clear(deadline);
        deadline->due(deadline);
        first = tree_first(&deadlines);
    }
    arm();
}
