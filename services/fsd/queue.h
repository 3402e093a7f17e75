// SPDX-License-Identifier: MIT
// Lists of operations that wait, first come first. An operation is in at most one.
#pragma once

#include <stdint.h>

struct operation;

struct queue {
    struct operation *first;
    struct operation *last;
};
