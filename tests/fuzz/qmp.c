// SPDX-License-Identifier: MIT
// What QEMU says on its monitor, in pieces; it may be anything.
#include "qmp.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static struct qmp qmp;
    static struct qmp_event event;
    struct input input = {byte, size};
    char found[32];
    size_t piece = input_byte(&input) + 1u;

    qmp.length = 0;
    qmp.overlong = false;
    while (input.left > 0) {
        size_t length = piece < input.left ? piece : input.left;
        qmp_read(&qmp, input.byte, length, &event);
        if (event.used > length || (event.used == 0 && event.kind == QMP_MORE) ||
            memchr(event.text, 0, sizeof(event.text)) == nullptr ||
            memchr(event.name, 0, sizeof(event.name)) == nullptr) {
            abort();
        }
        input.byte += event.used;
        input.left -= event.used;
    }
    if (qmp_find((const char *)byte, size, "return.status", found, sizeof(found)) &&
        memchr(found, 0, sizeof(found)) == nullptr) {
        abort();
    }
    return 0;
}
