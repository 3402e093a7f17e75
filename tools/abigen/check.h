// SPDX-License-Identifier: MIT
//
// What the words of the .abi files must mean. Completes the model (types, registers, offsets,
// masks, order) and reports each mistake. The emitters may rely on everything that is checked here.
#pragma once

#include "model.h"

void check_model(struct model *model);
