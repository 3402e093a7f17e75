// SPDX-License-Identifier: MIT
// Requests about what is in files and folders: open, read, write, sync, and the entries of a folder.
#pragma once

#include "exchange.h"

[[nodiscard]] int answer_open(struct exchange *exchange);
[[nodiscard]] int answer_read(struct exchange *exchange);
[[nodiscard]] int answer_write(struct exchange *exchange);
[[nodiscard]] int answer_fsync(struct exchange *exchange);
[[nodiscard]] int answer_readdir(struct exchange *exchange);
