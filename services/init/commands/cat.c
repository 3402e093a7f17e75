// SPDX-License-Identifier: MIT
#include <string.h>

#include "commands.h"
#include "init.h"

// Control bytes other than tab and newline would change the terminal, so each is shown as a dot.
static void write_shown(struct init *init, const uint8_t *data, size_t size)
{
    char part[256];
    while (size > 0) {
        size_t length = size < sizeof part ? size : sizeof part;
        for (size_t i = 0; i < length; i++) {
            bool plain = (data[i] >= ' ' && data[i] != 0x7f) || data[i] == '\n' || data[i] == '\t';
            part[i] = '.';
            if (plain) {
                part[i] = (char)data[i];
            }
        }
        terminal_write(init, part, length);
        data += length;
        size -= length;
    }
}

int command_cat(struct init *init, const struct call *call)
{
    struct kozo_cpio_entry file = init_file(init, call->word[1]);
    if (file.step != KOZO_CPIO_ENTRY) {
        say(init, "cat: no such file: %.64s\n", call->word[1]);
        return STATUS_FAILED;
    }
    write_shown(init, file.data, file.size);
    if (file.size > 0 && file.data[file.size - 1] != '\n') {
        terminal_write(init, "\n", 1);
    }
    return 0;
}
