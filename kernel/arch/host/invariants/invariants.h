// SPDX-License-Identifier: MIT
// Every rule that the kernel's state keeps between two entries, checked by looking at all of it:
// the numbered invariants of the headers (S1 in cap/slot.h, O1 in object/object.h, and so on), and
// that no link leads anywhere but to a live object that knows of it. Knows nothing of how the state
// came to be.
#pragma once

// The first rule that is broken, as a sentence; null when all hold. Valid until the next call.
const char *invariants_broken(void);
