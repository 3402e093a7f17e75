// SPDX-License-Identifier: MIT
// An initrd that may be anything. Each entry lies inside of it, and the walk comes to an end.
#include "kozo/cpio.h"

#include <stdlib.h>

#include "input.h"

constexpr size_t LEAST = 110; // bytes of a header

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct kozo_cpio cpio = {.data = byte, .size = size};
    uint8_t sum = 0;

    for (size_t steps = 0;; steps++) {
        struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
        if (entry.step != KOZO_CPIO_ENTRY) {
            break;
        }
        if (steps > size / LEAST || entry.data < byte || entry.size > size ||
            (size_t)(entry.data - byte) > size - entry.size ||
            strlen(entry.name) > KOZO_CPIO_NAME_MOST) {
            abort();
        }
        for (size_t i = 0; i < entry.size; i++) {
            sum ^= entry.data[i];
        }
    }
    struct kozo_cpio_entry found = kozo_cpio_find(byte, size, sum == 0 ? "a" : "b/c");
    return found.step == KOZO_CPIO_ENTRY && found.size > size ? (abort(), 0) : 0;
}
