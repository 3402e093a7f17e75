// SPDX-License-Identifier: MIT
// Volumes: df, mount, umount.
#include <string.h>

#include "commands.h"
#include "init.h"

constexpr uint64_t MEBIBYTE = 1 << 20;

static void say_volume(struct init *init, const char *name, uint64_t folder)
{
    struct kozo_session *session = &init->files.session;
    enum kozo_error error = files_await(init, kozo_files_describe_begin(session, folder));
    struct kozo_files_describe_result told = kozo_files_describe_end(&init->files.entry);
    if (error != KOZO_OK || told.error != KOZO_OK) {
        say(init, "/%-12s %s\n", name, files_reason(error != KOZO_OK ? error : told.error));
        return;
    }
    say(init, "/%-12s %8lu MiB %8lu MiB free%s%s\n", name, told.blocks * told.block / MEBIBYTE,
        told.free * told.block / MEBIBYTE,
        (told.flags & KOZO_VOLUME_READ_ONLY) != 0 ? ", to read" : "",
        (told.flags & KOZO_VOLUME_DIRTY) != 0 ? ", was not unmounted" : "");
}

static void say_folder(struct init *init, const char *path)
{
    struct files_file folder = files_open(init, path, false);
    if (folder.error == KOZO_OK) {
        say_volume(init, path + 1, folder.number);
        files_close(init, folder.number);
    }
}

// Those that are not at the top: their paths have more names than one.
static void say_volumes_below(struct init *init)
{
    struct kozo_session *session = &init->files.session;
    for (uint64_t number = 0;; number++) {
        char path[FILES_PATH] = "/";
        struct kozo_message message = {
            .info = {.length = 2, .label = KOZO_FILES_MOUNTED},
            .word = {number, 0},
        };
        if (files_await(init, kozo_session_begin(session, &message)) != KOZO_OK) {
            return;
        }
        uint64_t length = init->files.entry.word[0];
        length = length < sizeof path - 1 ? length : 0;
        memcpy(path + 1, session->data, length);
        if (strchr(path + 1, '/') != nullptr) {
            say_folder(init, path);
        }
    }
}

int command_df(struct init *init, const struct call *call)
{
    static uint8_t copy[1024];
    (void)call;
    struct kozo_session *session = &init->files.session;
    enum kozo_error error =
        init->files.service == nullptr
            ? KOZO_NO_REPLY
            : files_await(init, kozo_files_list_begin(session, 1, 0, 0, sizeof copy));
    uint64_t done = kozo_files_list_end(&init->files.entry).done;
    if (error != KOZO_OK || done > sizeof copy) {
        say(init, "df: %s\n", files_reason(error));
        return STATUS_FAILED;
    }
    memcpy(copy, session->data, done);
    for (uint64_t at = 0; at < done;) {
        struct kozo_folder_entry entry;
        char path[32] = "/";
        memcpy(&entry, copy + at, sizeof entry);
        size_t length = entry.length < sizeof path - 2 ? entry.length : sizeof path - 2;
        memcpy(path + 1, copy + at + sizeof entry, length);
        say_folder(init, path);
        at += sizeof entry + ((entry.length + 7ul) & ~7ul);
    }
    say_volumes_below(init);
    return 0;
}

// A name or path, put where requests find it, from `at` on; 0 when the word is none.
static size_t put_name(struct init *init, const char *word, size_t at)
{
    const char *name = word[0] == '/' ? word + 1 : word;
    if (init->files.service != nullptr) {
        memcpy(files_data(init) + at, name, strlen(name));
    }
    return init->files.service != nullptr ? strlen(name) : 0;
}

static int end(struct init *init, const struct call *call, enum kozo_error error)
{
    if (error == KOZO_OK) {
        return 0;
    }
    bool two = call->count > 2;
    say(init, "%s: %.64s%s%.64s: %s\n", call->word[0], call->word[1], two ? " on " : "",
        two ? call->word[2] : "", files_reason(error));
    return STATUS_FAILED;
}

int command_mount(struct init *init, const struct call *call)
{
    size_t length = put_name(init, call->word[1], 0);
    size_t path = call->count > 2 ? put_name(init, call->word[2], length) : 0;
    if (call->count > 2 && path == 0) {
        return end(init, call, KOZO_BAD_ARGUMENT);
    }
    return end(init, call,
               length == 0 ? KOZO_BAD_HANDLE
                           : files_await(init, kozo_files_mount_begin(&init->files.session, 0,
                                                                      length, path)));
}

int command_umount(struct init *init, const struct call *call)
{
    size_t length = put_name(init, call->word[1], 0);
    return end(init, call,
               length == 0
                   ? KOZO_BAD_HANDLE
                   : files_await(init, kozo_files_unmount_begin(&init->files.session, 0, length)));
}
