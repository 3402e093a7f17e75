// SPDX-License-Identifier: MIT
// `--profile FILE`: what a profile asks for, in words, or what is wrong with it.
#pragma once

// Gives the exit status: 2 when the profile can't be read, and why is said.
[[nodiscard]] int wishes_show(const char *path);
