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
        struct files_file folder = files_open(init, path, false);
        if (folder.error == KOZO_OK) {
            say_volume(init, path + 1, folder.number);
            files_close(init, folder.number);
        }
        at += sizeof entry + ((entry.length + 7ul) & ~7ul);
    }
    return 0;
}

// The name of a volume, put where requests find it; 0 when the word is no such name.
static size_t put_name(struct init *init, const char *word)
{
    const char *name = word[0] == '/' ? word + 1 : word;
    if (init->files.service != nullptr) {
        memcpy(files_data(init), name, strlen(name));
    }
    return init->files.service != nullptr ? strlen(name) : 0;
}

static int end(struct init *init, const struct call *call, enum kozo_error error)
{
    if (error == KOZO_OK) {
        return 0;
    }
    say(init, "%s: %.64s: %s\n", call->word[0], call->word[1], files_reason(error));
    return STATUS_FAILED;
}

int command_mount(struct init *init, const struct call *call)
{
    struct kozo_message message = {
        .info = {.length = 2, .label = KOZO_FILES_MOUNT},
        .word = {0, put_name(init, call->word[1])},
    };
    return end(init, call,
               message.word[1] == 0
                   ? KOZO_BAD_HANDLE
                   : files_await(init, kozo_session_begin(&init->files.session, &message)));
}

int command_umount(struct init *init, const struct call *call)
{
    size_t length = put_name(init, call->word[1]);
    return end(init, call,
               length == 0
                   ? KOZO_BAD_HANDLE
                   : files_await(init, kozo_files_unmount_begin(&init->files.session, 0, length)));
}
