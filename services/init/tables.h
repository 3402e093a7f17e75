// SPDX-License-Identifier: MIT
// The firmware's tables in memory. What is given is seen until physical_forget.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct init;
struct physical;

// Makes a whole table visible. Null when it can't be, or is not believable.
[[nodiscard]] const uint8_t *tables_look(struct physical *physical, uint64_t address, size_t *size);

// The first table of a signature, all of it and with a right sum. Null when there is none.
[[nodiscard]] const uint8_t *tables_find(struct init *init, const char *signature, size_t *size);
