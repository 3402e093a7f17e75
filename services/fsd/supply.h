// SPDX-License-Identifier: MIT
// Memory that the file server takes from init when it needs it, and gives back. Tests have their own.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Makes memory appear at an address, full of zeros; false when there is none, or no more is allowed.
[[nodiscard]] bool supply_take(void *address, uint64_t size);
void supply_give(void *address);

// Where the memory of a table is to be (table.h).
[[nodiscard]] uint8_t *supply_table(uint32_t place);
