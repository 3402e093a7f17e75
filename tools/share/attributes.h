// SPDX-License-Identifier: MIT
// Extended attributes. A number of the guest stands for an attribute once it was walked to or created, and its value
// goes by read and write, in pieces; what is written takes effect with its last byte.
#pragma once

#include "exchange.h"

[[nodiscard]] int answer_attribute_walk(struct exchange *exchange);
[[nodiscard]] int answer_attribute_create(struct exchange *exchange);

// Reads from an attribute that was walked to.
[[nodiscard]] int attribute_read(struct exchange *exchange, const struct attribute *attribute,
                                 uint64_t offset, size_t count);

// Takes the next piece of an attribute that was created.
[[nodiscard]] int attribute_write(struct exchange *exchange, const struct file *file,
                                  uint64_t offset, struct wire_text data);
