// SPDX-License-Identifier: MIT
// The SHA-256 of a file's contents, to compare it with one elsewhere.
#include <kozo/format.h>
#include <kozo/sha256.h>

#include "commands.h"
#include "init.h"

static enum kozo_error hash_file(struct init *init, uint64_t file, struct sha256 *hash)
{
    for (uint64_t offset = 0;;) {
        enum kozo_error error = files_await(
            init, kozo_files_read_begin(&init->files.session, file, offset, 0, files_size(init)));
        uint64_t done = kozo_files_read_end(&init->files.entry).done;
        if (error != KOZO_OK || done == 0 || done > files_size(init)) {
            return error;
        }
        sha256_add(hash, files_data(init), done);
        offset += done;
    }
}

int command_sha256(struct init *init, const struct call *call)
{
    struct sha256 hash = sha256_begin();
    struct files_file file = files_open(init, call->word[1], true);
    if (file.error == KOZO_OK) {
        file.error = hash_file(init, file.number, &hash);
        files_close(init, file.number);
    }
    if (file.error != KOZO_OK) {
        say(init, "sha256: %.256s: %s\n", call->word[1], files_reason(file.error));
        return STATUS_FAILED;
    }
    struct sha256_digest digest = sha256_end(&hash);
    char text[2 * sizeof digest.bytes + 1];
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        kozo_format(text + 2 * i, 3, "%02x", digest.bytes[i]);
    }
    say(init, "%s %.256s\n", text, call->word[1]);
    return 0;
}
