// SPDX-License-Identifier: MIT
// Commands that change files: cp, mkdir, mv, rm, write.
#include <string.h>

#include "commands.h"
#include "init.h"

static int end(struct init *init, const struct call *call, const char *path, enum kozo_error error)
{
    if (error == KOZO_OK) {
        return 0;
    }
    say(init, "%s: %.256s: %s\n", call->word[0], path, files_reason(error));
    return STATUS_FAILED;
}

// Puts a name, or two, where requests find it.
static void put_names(struct init *init, const char *name, const char *second)
{
    size_t length = strlen(name);
    memcpy(files_data(init), name, length);
    memcpy(files_data(init) + length, second, strlen(second));
}

// Makes a file or folder; a file that is there is opened and made empty.
static struct files_file make(struct init *init, const char *path, enum kozo_node_kind kind)
{
    const char *name = nullptr;
    struct kozo_session *session = &init->files.session;
    struct files_file folder = files_open_folder(init, path, &name);
    if (folder.error != KOZO_OK) {
        return folder;
    }
    put_names(init, name, "");
    uint32_t mode = kind == KOZO_NODE_FOLDER ? 0755 : 0644;
    struct files_file file = {
        .error = files_await(
            init, kozo_files_make_begin(session, folder.number, kind, mode, 0, strlen(name), 0))};
    file.number = kozo_files_make_end(&init->files.entry).file;
    files_close(init, folder.number);
    if (file.error != KOZO_SLOT_TAKEN || kind != KOZO_NODE_FILE) {
        return file;
    }
    file = files_open(init, path, true);
    if (file.error == KOZO_OK) {
        struct kozo_node_stat empty = {.size = 0};
        memcpy(session->data, &empty, sizeof empty);
        file.error =
            files_await(init, kozo_files_change_begin(session, file.number, 0, KOZO_CHANGE_SIZE));
        if (file.error != KOZO_OK) {
            files_close(init, file.number);
        }
    }
    return file;
}

// Writes what is in the session's memory.
static enum kozo_error put(struct init *init, uint64_t file, uint64_t offset, uint64_t length)
{
    struct kozo_session *session = &init->files.session;
    for (uint64_t done = 0; done < length;) {
        enum kozo_error error = files_await(
            init, kozo_files_write_begin(session, file, offset + done, done, length - done));
        uint64_t written = kozo_files_write_end(&init->files.entry).done;
        if (error != KOZO_OK || written == 0 || written > length - done) {
            return error != KOZO_OK ? error : KOZO_NO_MEMORY;
        }
        done += written;
    }
    return KOZO_OK;
}

// What was written may still be in the memory of the file server: this is the last moment to learn
// that its volume can't take it.
static enum kozo_error settle(struct init *init, uint64_t file)
{
    return files_await(init, kozo_files_sync_begin(&init->files.session, file, false));
}

static enum kozo_error copy_contents(struct init *init, uint64_t from, uint64_t to)
{
    struct kozo_session *session = &init->files.session;
    for (uint64_t offset = 0;;) {
        enum kozo_error error =
            files_await(init, kozo_files_read_begin(session, from, offset, 0, files_size(init)));
        uint64_t done = kozo_files_read_end(&init->files.entry).done;
        if (error != KOZO_OK || done == 0 || done > files_size(init)) {
            return error != KOZO_OK ? error : settle(init, to);
        }
        error = put(init, to, offset, done);
        if (error != KOZO_OK) {
            return error;
        }
        offset += done;
    }
}

int command_cp(struct init *init, const struct call *call)
{
    struct files_file from = files_open(init, call->word[1], true);
    if (from.error == KOZO_OK && from.stat.kind != KOZO_NODE_FILE) {
        files_close(init, from.number);
        from.error = KOZO_BAD_TYPE;
    }
    if (from.error != KOZO_OK) {
        return end(init, call, call->word[1], from.error);
    }
    struct files_file to = make(init, call->word[2], KOZO_NODE_FILE);
    if (to.error == KOZO_OK) {
        to.error = copy_contents(init, from.number, to.number);
        files_close(init, to.number);
    }
    files_close(init, from.number);
    return end(init, call, call->word[2], to.error);
}

int command_mkdir(struct init *init, const struct call *call)
{
    struct files_file folder = make(init, call->word[1], KOZO_NODE_FOLDER);
    if (folder.error == KOZO_OK) {
        files_close(init, folder.number);
    }
    return end(init, call, call->word[1], folder.error);
}

int command_write(struct init *init, const struct call *call)
{
    struct files_file file = make(init, call->word[1], KOZO_NODE_FILE);
    if (file.error != KOZO_OK) {
        return end(init, call, call->word[1], file.error);
    }
    size_t length = 0;
    for (size_t i = 2; i < call->count; i++) {
        size_t part = strlen(call->word[i]);
        memcpy(files_data(init) + length, call->word[i], part);
        length += part;
        files_data(init)[length++] = i + 1 < call->count ? ' ' : '\n';
    }
    file.error = put(init, file.number, 0, length);
    if (file.error == KOZO_OK) {
        file.error = settle(init, file.number);
    }
    files_close(init, file.number);
    return end(init, call, call->word[1], file.error);
}

int command_rm(struct init *init, const struct call *call)
{
    const char *name = nullptr;
    struct files_file folder = files_open_folder(init, call->word[1], &name);
    if (folder.error == KOZO_OK) {
        put_names(init, name, "");
        folder.error = files_await(
            init, kozo_files_remove_begin(&init->files.session, folder.number, 0, strlen(name), 0));
        files_close(init, folder.number);
    }
    return end(init, call, call->word[1], folder.error);
}

int command_mv(struct init *init, const struct call *call)
{
    const char *name = nullptr;
    char old[FILES_PATH];
    struct files_file from = files_open_folder(init, call->word[1], &name);
    if (from.error != KOZO_OK) {
        return end(init, call, call->word[1], from.error);
    }
    memcpy(old, name, strlen(name) + 1);
    struct files_file to = files_open_folder(init, call->word[2], &name);
    if (to.error == KOZO_OK) {
        put_names(init, old, name);
        to.error =
            files_await(init, kozo_files_rename_begin(&init->files.session, from.number, to.number,
                                                      0, strlen(old), strlen(name), true));
        files_close(init, to.number);
    }
    files_close(init, from.number);
    return end(init, call, call->word[2], to.error);
}
