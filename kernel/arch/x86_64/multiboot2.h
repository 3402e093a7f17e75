// SPDX-License-Identifier: MIT
// What a Multiboot2 loader tells: Multiboot2 specification 2.0, section 3.6.
#pragma once

#include "boot/boot.h"
#include "memory_view.h"

// Adds what the boot information at `address` says to `boot`: memory, first module, command line,
// RSDP. False when it is none. The initrd is taken over unchecked: it may lie anywhere. The loader
// hands over a copy of the RSDP inside the boot information: its pages become RESERVED, so that it
// stays.
[[nodiscard]] bool multiboot2_read(const struct memory_view *view, physical_t address,
                                   struct boot *boot);
