// SPDX-License-Identifier: MIT
// What was changed in this run only.
#include "changes.h"

#include "linux.h"
#include "noted.h"

static struct noted_paths changes;

// Whether the name of an entry is another one than before the run. A top of a mount has no name that could come or go.
static bool differs(const struct entry *entry)
{
    struct node *folder = entry->parent->node;
    return entry->parent == entry ||
           folder->operations->differs(folder, (struct name){entry->name, entry->length});
}

void change_note(const struct entry *entry)
{
    const struct node *folder = entry != nullptr ? entry->parent->node : nullptr;
    if (folder == nullptr || !folder->system->scratch || entry->gone) {
        return;
    }
    bool changed = differs(entry);
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        changes.missed++;
        return;
    }
    const char *path = path_of(entry, path_top(), buffer);
    if (changed) {
        (void)noted_add(&changes, path);
    } else {
        noted_take_out(&changes, path);
    }
    path_buffer_give(buffer);
}

const char *change_at(unsigned place)
{
    return place < changes.count ? changes.path[place].path : nullptr;
}

uint64_t changes_not_noted(void)
{
    return changes.missed;
}

void changes_clear(void)
{
    noted_take_out(&changes, "");
    changes.missed = 0;
}
