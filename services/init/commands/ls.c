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

static void say_entry(struct init *init, const struct kozo_node_stat *stat, const char *name,
                      size_t length)
{
    static const char letters[] = {'?', '-', 'd', 'l', '?'};
    char shown[256];
    for (size_t i = 0; i < length; i++) {
        bool plain = name[i] >= ' ' && name[i] <= '~';
        shown[i] = '.';
        if (plain) {
            shown[i] = name[i];
        }
    }
    shown[length] = 0;
    char mode[] = {letters[stat->kind <= KOZO_NODE_OTHER ? stat->kind : 0], ' ', '0', '0', '0', 0};
    for (unsigned i = 0; i < 3; i++) {
        mode[2 + i] = (char)('0' + (stat->mode >> (6 - 3 * i) & 7));
    }
    say(init, "%s %10lu %s\n", mode, stat->size, shown);
}

// What is known of an entry of an open folder. One that can't be asked for has its kind only.
static struct kozo_node_stat stat_entry(struct init *init, uint64_t folder,
                                        const struct kozo_folder_entry *entry, const char *name)
{
    struct kozo_session *session = &init->files.session;
    struct kozo_node_stat stat = {.kind = entry->kind};
    memcpy(session->data, name, entry->length);
    enum kozo_error error =
        files_await(init, kozo_files_walk_begin(session, folder, 0, entry->length));
    if (error == KOZO_OK) {
        memcpy(&stat, session->data, sizeof stat);
        files_close(init, kozo_files_walk_end(&init->files.entry).file);
    }
    return stat;
}

static int fail(struct init *init, const char *path, enum kozo_error error)
{
    say(init, "ls: %.256s: %s\n", path, files_reason(error));
    return STATUS_FAILED;
}

static int list_folder(struct init *init, const char *path, uint64_t folder)
{
    static uint8_t copy[16384];
    uint64_t from = 0;
    while (true) {
        struct kozo_session *session = &init->files.session;
        enum kozo_error error =
            files_await(init, kozo_files_list_begin(session, folder, from, 0, sizeof copy));
        uint64_t done = kozo_files_list_end(&init->files.entry).done;
        if (error != KOZO_OK || done == 0 || done > sizeof copy) {
            return error == KOZO_OK ? 0 : fail(init, path, error);
        }
        memcpy(copy, session->data, done);
        for (uint64_t at = 0; at < done;) {
            struct kozo_folder_entry entry;
            memcpy(&entry, copy + at, sizeof entry);
            const char *name = (const char *)copy + at + sizeof entry;
            struct kozo_node_stat stat = stat_entry(init, folder, &entry, name);
            say_entry(init, &stat, name, entry.length);
            from = entry.next;
            at += sizeof entry + ((entry.length + 7ul) & ~7ul);
        }
    }
}

// A folder of the file server, or one file of it.
static int list_path(struct init *init, const char *path)
{
    struct files_file file = files_open(init, path, true);
    if (file.error != KOZO_OK) {
        return fail(init, path, file.error);
    }
    int status = 0;
    if (file.stat.kind == KOZO_NODE_FOLDER) {
        status = list_folder(init, path, file.number);
    } else {
        say_entry(init, &file.stat, path, strlen(path) < 256 ? strlen(path) : 255);
    }
    files_close(init, file.number);
    return status;
}

int command_ls(struct init *init, const struct call *call)
{
    const char *folder = call->count > 1 ? call->word[1] : "";
    if (files_is_path(folder)) {
        return list_path(init, folder);
    }
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
