// SPDX-License-Identifier: MIT
// Requests that walk to names, and make, change or remove them. A walk goes part by part; what makes or removes a
// name needs a folder that is granted to write.
#pragma once

#include "exchange.h"

[[nodiscard]] int answer_walk(struct exchange *exchange);
[[nodiscard]] int answer_clunk(struct exchange *exchange);
[[nodiscard]] int answer_create(struct exchange *exchange);
[[nodiscard]] int answer_mkdir(struct exchange *exchange);
[[nodiscard]] int answer_symlink(struct exchange *exchange);
[[nodiscard]] int answer_link(struct exchange *exchange);
[[nodiscard]] int answer_rename(struct exchange *exchange);
[[nodiscard]] int answer_unlink(struct exchange *exchange);
[[nodiscard]] int answer_readlink(struct exchange *exchange);
