// SPDX-License-Identifier: MIT
// What a machine says on kozo.control, in pieces whose sizes are the input's first byte.
#include "talk.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct talk talk = {};
    struct input input = {byte, size};
    size_t piece = 1 + input_byte(&input) % 64;
    unsigned ends = 0;
    while (input.left > 0) {
        size_t given = input.left < piece ? input.left : piece;
        struct talk_event event = talk_read(&talk, input.byte, given);
        bool ended =
            event.kind == TALK_EXIT || event.kind == TALK_KILLED || event.kind == TALK_FAILED;
        ends += ended ? 1 : 0;
        if (event.used > given || ends > 1 || talk.reason_length > TALK_REASON_SIZE) {
            abort();
        }
        input.byte += event.used;
        input.left -= event.used;
        if (event.kind == TALK_BROKEN) {
            break;
        }
    }
    return 0;
}
