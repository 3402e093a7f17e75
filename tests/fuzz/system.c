// SPDX-License-Identifier: MIT
// A system description that may be anything.
#include "system.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static struct system system;

    system_read(&system, (const char *)byte, size);
    if (system.programs > SYSTEM_PROGRAMS) {
        abort();
    }
    for (size_t i = 0; i < system.programs; i++) {
        const struct system_program *program = &system.program[i];
        if (program->grants > SYSTEM_GRANTS ||
            memchr(program->file, 0, sizeof(program->file)) == nullptr) {
            abort();
        }
    }
    return 0;
}
