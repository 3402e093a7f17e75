// SPDX-License-Identifier: MIT
//
// What the emitters of C share: how types are written, columns of comments, signatures.
#pragma once

#include "model.h"
#include "text.h"

// A line of code with a comment behind it.
struct commented {
    const char *code;
    const char *comment;
};

// Lines of code at `indent`, their comments aligned in one column.
void put_commented(struct text *text, const char *indent, const struct commented *lines,
                   size_t count);

// The C type of an argument or result: `uint64_t`, `struct kozo_slot`, `enum kozo_error`.
[[nodiscard]] const char *c_type(const struct type *type);

// The expression that a register gets for an argument.
[[nodiscard]] const char *c_to_word(const struct type *type, const char *name);

// The expression that makes a result of a register's value.
[[nodiscard]] const char *c_from_word(const struct type *type, const char *word);

// `[[nodiscard]]`, then the head of a static inline function up to its opening brace.
void put_function(struct text *text, const char *result, const char *name,
                  const char *const *parameters, size_t count);

// `enum kozo_… : uint32_t { … };` with its comment, followed by a blank line.
void put_enum(struct text *text, const struct enumeration *enumeration);

// `struct kozo_… { … };` with its comment and asserts of its layout, followed by a blank line.
void put_layout(struct text *text, const struct structure *structure);

// A constant with its prose.
void put_constant(struct text *text, const struct constant *constant);

// The comment that ends one file's part and begins the next.
void put_origin(struct text *text, const struct where *where);
