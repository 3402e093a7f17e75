// SPDX-License-Identifier: MIT
// What was changed in this run only: names of file systems that are `scratch`, noted by their whole path for the report. A name that
// is as it was before the run, because what was made there is gone again, is taken out.
#pragma once

#include "path.h"

// Notes the name of an entry, which was just changed, and is not gone yet. Nothing is noted elsewhere than in a layer. May wait.
void change_note(const struct entry *entry);

// Paths in the order of their first change; null behind the last.
[[nodiscard]] const char *change_at(unsigned place);
// How many changes there was no room to note.
[[nodiscard]] uint64_t changes_not_noted(void);

void changes_clear(void);
