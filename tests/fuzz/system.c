// SPDX-License-Identifier: MIT
// A system description that may be anything, as text and as a compiled table. What the compiler
// accepts, init accepts too.
#include "order.h"

#include <stdlib.h>

#include "input.h"

static void check_table(const uint8_t *byte, size_t size)
{
    static struct kozo_system table;
    if (size < 64) {
        return;
    }
    // The input lies over the start of a table that is whole.
    table = (struct kozo_system){.magic = KOZO_SYSTEM_MAGIC, .programs = 2};
    memcpy(&table.program[0], byte, size < 2 * sizeof(table.program[0]) ? size : 0);
    if (kozo_system_check(&table, sizeof table) != nullptr) {
        return;
    }
    for (size_t i = 0; i < table.programs; i++) {
        const struct kozo_system_program *program = &table.program[i];
        if (program->grants > KOZO_SYSTEM_GRANTS || program->uses > KOZO_SYSTEM_USES ||
            memchr(program->file, 0, sizeof program->file) == nullptr) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    static struct description description;
    static char *const files[] = {"a", "b", "drivers/uart", "test/all"};

    description_read(&description, (const char *)byte, size);
    description_order(&description, files, sizeof files / sizeof files[0]);
    if (description.fault == nullptr &&
        kozo_system_check(&description.system, sizeof description.system) != nullptr) {
        abort();
    }
    check_table(byte, size);
    return 0;
}
