// SPDX-License-Identifier: MIT
// What the program of a run asks about itself, by kozo-cap and kozo-audit in its sandbox: `list`, `why NAME`, `record N`, `verify`;
// and what it may only be refused: `grant …`, `revoke …`. It learns nothing of other runs, and nothing of this host: a path
// is taken as it is named, and never looked up.
#pragma once

#include "consent.h"

constexpr size_t QUERY_ANSWER = 16'384; // bytes that the program is told at most

// The permission that a request needs.
[[nodiscard]] enum policy_id query_needs(const char *request);

// Carries a request out. Adds `yes` or `no` and a newline, then text: of `record N`, the number of lines so far and a newline, and
// then lines of the record of this run, from the Nth on.
void query_answer(struct consent *consent, const char *request, struct policy_text *text);
