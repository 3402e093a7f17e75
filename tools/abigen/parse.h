// SPDX-License-Identifier: MIT
//
// Reads .abi files into the model. Only the form is judged here; what the words mean is the matter
// of check.h. Mistakes are reported and counted, and reading goes on after them.
#pragma once

#include "model.h"

// Reads one file. `path` is what messages name; `file` is the path from the project's root.
void parse_file(struct model *model, const char *path, const char *file);
