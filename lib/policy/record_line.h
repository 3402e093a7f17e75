// SPDX-License-Identifier: MIT
// A line of the record (record.h) as a person reads it: number, event, program, permission, and because of what. What it holds is
// escaped as in JSON, so nothing of it can move a cursor.
#pragma once

#include "text.h"

// Adds the line, without its end.
void policy_add_line(struct policy_text *text, const char *line, size_t length);
