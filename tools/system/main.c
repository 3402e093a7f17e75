// SPDX-License-Identifier: MIT
// The command: `system OUT DESCRIPTION FILE…`.
#include <stdio.h>

#include "file.h"
#include "order.h"

int main(int count, char **arguments)
{
    static struct description description;
    if (count < 3) {
        fail("usage: system OUT DESCRIPTION FILE...");
    }
    struct bytes text = file_read(arguments[2]);
    description_read(&description, (const char *)text.data, text.size);
    description_order(&description, arguments + 3, (size_t)count - 3);
    if (description.fault != nullptr) {
        (void)fprintf(stderr, "%s:%zu: %s\n", arguments[2], description.line, description.fault);
        return 1;
    }
    const char *reason = kozo_system_check(&description.system, sizeof description.system);
    if (reason != nullptr) {
        fail("%s: %s", arguments[2], reason);
    }
    file_write(arguments[1], (struct bytes){.data = (uint8_t *)&description.system,
                                            .size = sizeof description.system});
    return 0;
}
