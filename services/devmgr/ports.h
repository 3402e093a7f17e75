// SPDX-License-Identifier: MIT
// Configuration space through the I/O ports 0xcf8 and 0xcfc (PCI Local Bus Specification 3.0,
// section 3.2.2.3.2).
#pragma once

#include <kozo/stubs.h>

#include "pci.h"

// The ports must outlive the access.
void ports_access(struct pci_access *access, struct kozo_io_port *ports);
