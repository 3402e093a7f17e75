// SPDX-License-Identifier: MIT
// Turning the machine off, and resetting it.
#pragma once

struct init;

// Both come back only when it did not work, with the reason in words.
[[nodiscard]] const char *power_off(struct init *init);
[[nodiscard]] const char *power_reset(struct init *init);
