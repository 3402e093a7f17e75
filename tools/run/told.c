// SPDX-License-Identifier: MIT
#include "told.h"

#include <stdlib.h>
#include <string.h>

void told_take(struct told *told, const uint8_t *bytes, size_t length)
{
    if (told->text == nullptr) {
        told->text = malloc(TOLD_SIZE);
    }
    size_t room = told->text != nullptr ? TOLD_SIZE - told->length : 0;
    size_t taken = length < room ? length : room;
    if (taken > 0) {
        memcpy(told->text + told->length, bytes, taken);
        told->length += taken;
    }
}

void told_end(struct told *told)
{
    free(told->text);
    *told = (struct told){};
}
