// SPDX-License-Identifier: MIT
//
// The emitters: each appends one output to a text, from a model without mistakes. What they emit is
// formatted as .clang-format wants it and depends on nothing but the model.
#pragma once

#include "model.h"
#include "text.h"

void emit_abi_h(struct text *text, const struct model *model);
void emit_stubs_h(struct text *text, const struct model *model);
void emit_protocol_h(struct text *text, const struct model *model);
void emit_operations_h(struct text *text, const struct model *model);
void emit_abi_inc(struct text *text, const struct model *model);
void emit_abi_rs(struct text *text, const struct model *model);
void emit_trace_tbl(struct text *text, const struct model *model);
void emit_manual(struct text *text, const struct model *model);
