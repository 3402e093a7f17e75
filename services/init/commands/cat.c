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

static int show_path(struct init *init, const char *path)
{
    struct files_file file = files_open(init, path, true);
    struct kozo_session *session = &init->files.session;
    enum kozo_error error = file.error;
    uint8_t last = '\n';
    for (uint64_t offset = 0; error == KOZO_OK;) {
        error = files_await(
            init, kozo_files_read_begin(session, file.number, offset, 0, files_size(init)));
        uint64_t done = kozo_files_read_end(&init->files.entry).done;
        if (error != KOZO_OK || done == 0 || done > files_size(init)) {
            break;
        }
        write_shown(init, session->data, done);
        last = session->data[done - 1];
        offset += done;
    }
    if (file.error == KOZO_OK) {
        files_close(init, file.number);
    }
    if (last != '\n') {
        terminal_write(init, "\n", 1);
    }
    if (error != KOZO_OK) {
        say(init, "cat: %.256s: %s\n", path, files_reason(error));
        return STATUS_FAILED;
    }
    return 0;
}

int command_cat(struct init *init, const struct call *call)
{
    if (files_is_path(call->word[1])) {
        return show_path(init, call->word[1]);
    }
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
