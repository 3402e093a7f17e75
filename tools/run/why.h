// SPDX-License-Identifier: MIT
// Why the program of a run may do something, or may not: who gave or refused it, when, until when, and through whom. It
// is the decision that would be made now, told in the order in which it is made.
#pragma once

#include "consent.h"

// Explains what a permission is in this run, in one or two sentences. False: that can't be told, and `to` says why.
[[nodiscard]] bool why_explain(struct consent *consent, const struct policy_permission *permission,
                               struct policy_text *to);
