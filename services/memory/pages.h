// SPDX-License-Identifier: MIT
// The service's memory as numbered pages, and how the kernel shows them to clients.
//
// Pages come in chunks, each one Frame that this process sees whole; init gives one when those before
// are used up. A client sees a page by a Mapping in a CNode that holds nothing else. Page tables for
// that come out of memory of this process's own, and are charged to the client.
#pragma once

#include "vmm.h"

// Makes ready what is needed. Null, or what is wrong.
[[nodiscard]] const char *pages_start(struct vmm *vmm);

// Takes back what a client's page tables were made of. The client is gone.
void pages_leave(size_t client);
