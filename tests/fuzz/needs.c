// SPDX-License-Identifier: MIT
// What the runner reads of a program's file: names end inside of the file, whatever it is.
#include "needs.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    // Of exactly this size, so that a read past the end is seen.
    uint8_t *copy = malloc(size + 1);
    if (copy == nullptr) {
        return 0;
    }
    memcpy(copy, byte, size);
    struct needs needs;
    needs_read(&needs, copy, size);
    size_t length = needs.interpreter != nullptr ? strlen(needs.interpreter) : 0;
    length += needs.rpath != nullptr ? strlen(needs.rpath) : 0;
    for (size_t i = 0; i < needs.libraries; i++) {
        length += strlen(needs.library[i]);
    }
    if (length > NEEDS_LIBRARIES * (size + NEEDS_LINE)) {
        abort();
    }
    free(copy);
    return 0;
}
