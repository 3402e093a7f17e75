// SPDX-License-Identifier: MIT
//
// Where outputs go: into files, or beside the golden copies for comparison.
#pragma once

#include "text.h"

// A path as seen from the project's root: what stands from its last `abi/` or `docs/` on, so that
// outputs do not depend on where the project lies. Other paths give their last part.
[[nodiscard]] const char *project_path(const char *path);

// Writes a file, unless it holds the same already, so that nothing is rebuilt without need. Makes
// the folders that it lies in. Says what is wrong on standard error.
[[nodiscard]] bool output_write(const char *path, const struct text *text);

// Whether the file holds exactly this; says that it is stale when not.
[[nodiscard]] bool output_compare(const char *path, const struct text *text);
