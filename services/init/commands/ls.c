// SPDX-License-Identifier: MIT
#include <string.h>

#include "commands.h"
#include "init.h"

// Whether a name is the folder itself or lies in it. "" and "." mean the initrd as a whole.
static bool is_in(const char *name, const char *folder)
{
    size_t length = strlen(folder);
    if (length == 0 || strcmp(folder, ".") == 0 || strcmp(folder, "/") == 0) {
        return true;
    }
    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    return strncmp(name, folder, length) == 0 && (name[length] == '/' || name[length] == 0);
}

int command_ls(struct init *init, const struct call *call)
{
    const char *folder = call->count > 1 ? call->word[1] : "";
    struct kozo_cpio cpio = {
        .data = (const uint8_t *)init->boot->initrd_address,
        .size = init->initrd_size,
    };
    bool any = false;
    while (true) {
        struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
        if (entry.step != KOZO_CPIO_ENTRY) {
            break;
        }
        if (!is_in(entry.name, folder)) {
            continue;
        }
        any = true;
        if (entry.file) {
            say(init, "%10zu %s\n", entry.size, entry.name);
        }
    }
    if (!any && call->count > 1) {
        say(init, "ls: no such file or folder: %.64s\n", folder);
        return STATUS_FAILED;
    }
    return 0;
}
