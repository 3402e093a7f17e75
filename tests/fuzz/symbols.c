// SPDX-License-Identifier: MIT
// A file that may be anything, read for its symbols.
#include "symbols.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct symbols symbols = {};
    char *copy = malloc(size + 1);

    memcpy(copy, byte, size);
    if (symbols_parse(&symbols, copy, size) == nullptr) {
        for (size_t i = 0; i < symbols.count; i++) {
            struct symbol_place place = symbols_find(&symbols, symbols.list[i].address);
            if (place.name == nullptr || strlen(place.name) > size) {
                abort();
            }
        }
    }
    symbols_free(&symbols);
    return 0;
}
