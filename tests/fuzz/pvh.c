// SPDX-License-Identifier: MIT
// A PVH start info that may be anything, inside memory that ends where the input does.
#include "pvh.h"

#include <stdlib.h>

#include "input.h"

constexpr uint64_t BASE = 0x10000;

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static struct boot boot;
    struct memory_view view = {.bytes = byte, .base = BASE, .size = size};

    boot = (struct boot){};
    (void)pvh_read(&view, BASE, &boot);
    if (boot.ranges > BOOT_RANGES ||
        memchr(boot.command_line, 0, sizeof(boot.command_line)) == nullptr) {
        abort();
    }
    return 0;
}
