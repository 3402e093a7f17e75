// SPDX-License-Identifier: MIT
// What a PVH loader tells: Xen, docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h.
#pragma once

#include "boot/boot.h"
#include "memory_view.h"

// Adds what the start info at `address` says to `boot`: memory, first module, command line, RSDP.
// False when it is not one. The initrd is taken over unchecked: it may lie anywhere.
[[nodiscard]] bool pvh_read(const struct memory_view *view, physical_t address, struct boot *boot);
