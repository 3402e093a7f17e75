// SPDX-License-Identifier: MIT
// The one interrupt of a function: a message, by MSI-X where the function has it, else by MSI. What
// the message is stays with the manager; the driver gets an IrqHandler.
#pragma once

#include "function.h"

// Makes the IrqHandler and tells the function what to write. `given` is the BAR that the driver gets:
// a function that has its MSI-X table there is refused, since a driver that could reach the table
// could make it write anywhere. BAD_STATE: it has neither.
[[nodiscard]] enum kozo_error interrupt_make(struct platform *platform, struct function *function,
                                             const struct pci_bar bars[PCI_BARS], size_t given);
