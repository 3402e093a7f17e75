// SPDX-License-Identifier: MIT
// Uses and refusals that repeat: the first one within a minute is a line of the record at once, and how many like it followed is one
// further line at the minute's end. So a busy program can't wash the record away, and nothing that happened is untold for long.
#pragma once

#include "record.h"

constexpr uint64_t RECENT_PERIOD = 60; // seconds
constexpr size_t RECENT_KINDS = 32;    // that are told apart at a time

// Whether an event is like one of the last minute; it is counted then, and no line is due.
[[nodiscard]] bool recent_takes(const struct policy_record *record);

// Writes the counts that are due; `all`: those of minutes that go on as well.
void recent_flush(uint64_t now, bool all);
