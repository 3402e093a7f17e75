// SPDX-License-Identifier: MIT
// GRUB on a GPT disk for BIOS machines: boot.img in sector 0 loads the first sector of core.img,
// which loads the rest of it, both from places that are written into them here. What is patched is
// GRUB's on-disk contract for i386-pc: fields at fixed places of the two images.
#pragma once

#include "file.h"

// Puts boot.img into sector 0 and core.img at sector `first`, where `room` sectors are free. The
// partition table in sector 0 is not touched.
void grub_install(struct bytes disk, struct bytes boot, struct bytes core, uint64_t first,
                  uint64_t room);
