// SPDX-License-Identifier: MIT
// Files in RAM without a place in the tree.
#pragma once

// Gives their file system up, for the end of tests.
void memfd_clear(void);
