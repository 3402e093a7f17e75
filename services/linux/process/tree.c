// SPDX-License-Identifier: MIT
#include "tree.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../file/begin.h"
#include "../file/file.h"
#include "../file/files.h"
#include "../file/linux.h"
#include "../file/open.h"
#include "../file/path.h"

#include <kozo/cpio.h>
#include <kozo/format.h>
#include <kozo/start.h>
#include <string.h>

constexpr char PREFIX[] = "linux/";
constexpr int64_t HERE = -100; // AT_FDCWD

static int64_t make_folder(const char *path, uint32_t mode)
{
    struct walked walked;
    int64_t error = path_walk(HERE, path, WALK_ABSENT, &walked);
    if (error != 0) {
        return error;
    }
    struct entry *entry = walked.entry;
    if (entry->node == nullptr) {
        struct node *parent = entry->parent->node;
        struct new_node new = {.mode = S_IFDIR | mode};
        struct node_result made =
            parent->operations->make(parent, (struct name){entry->name, entry->length}, &new);
        error = made.error;
        if (error == 0) {
            entry_fill(entry, made.node);
        }
    }
    entry_drop(entry);
    return error;
}

static int64_t copy_program(const struct kozo_cpio_entry *entry)
{
    struct file *file;
    char path[KOZO_CPIO_NAME_MOST + 8] = "/bin/";
    const char *name = entry->name + sizeof PREFIX - 1;
    memcpy(path + 5, name, strlen(name) + 1);
    int64_t error = open_path(HERE, path, O_WRONLY | O_CREAT | O_TRUNC, 0755, 0, &file);
    if (error != 0) {
        return error;
    }
    // The initrd is read-only memory; a transfer out of one's own memory does not write to it.
    struct transfer transfer = transfer_own((void *)(uintptr_t)entry->data, entry->size);
    int64_t written = file_write(file, &transfer, 0);
    file_drop(file);
    return written < 0 ? written : 0;
}

static int64_t fill(void)
{
    static const struct {
        const char *path;
        uint32_t mode;
    } folders[] = {
        {"/bin", 0755}, {"/etc", 0755}, {"/home", 0755}, {"/root", 0700}, {"/usr", 0755}};
    int64_t error = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && error == 0; i++) {
        error = make_folder(folders[i].path, folders[i].mode);
    }
    struct kozo_cpio cpio = {.data = (const uint8_t *)KOZO_PROCESS_INITRD,
                             .size = kozo_granted("initrd.size")};
    struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
    for (; entry.step == KOZO_CPIO_ENTRY && error == 0; entry = kozo_cpio_next(&cpio)) {
        if (entry.file && strncmp(entry.name, PREFIX, sizeof PREFIX - 1) == 0) {
            error = copy_program(&entry);
        }
    }
    return error;
}

constexpr unsigned SHARES_MOST = 9;

// The places that the person shared with the machine, as far as this sandbox has them.
static void mount_shares(void)
{
    for (unsigned number = 1; number <= SHARES_MOST; number++) {
        char name[16] = "share";
        char value[64];
        if (number > 1) {
            kozo_format(name, sizeof name, "share%u", number);
        }
        kozo_format(value, sizeof value, "/%s\t%s\trw", name, name);
        (void)tree_mount(value);
    }
}

int64_t tree_begin_alone(struct caller *caller)
{
    bool served = files_open("files");
    bool has_root = served && tree_begin(TREE_OF_PLACE, "root", false) == 0;
    int64_t error = has_root ? 0 : tree_begin(TREE_EMPTY, nullptr, false);
    if (error != 0) {
        return error;
    }
    caller->folders = folders_make(path_top());
    if (caller->folders == nullptr) {
        return -ENOMEM;
    }
    if (served) {
        mount_shares();
    }
    return has_root ? 0 : fill();
}

// Whether there is a program at a path.
static bool is_program(const char *path)
{
    struct file *file;
    if (open_program(HERE, path, 0, &file) != 0) {
        return false;
    }
    file_drop(file);
    return true;
}

static const char *search(const char *name)
{
    static const char *const folders[] = {"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/share"};
    static char path[LINUX_NAME_MOST];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (kozo_format(path, sizeof path, "%s/%s", folders[i], name) < sizeof path &&
            is_program(path)) {
            return path;
        }
    }
    return nullptr;
}

const char *tree_find_program(const char *name)
{
    if (strchr(name, '/') != nullptr) {
        return name;
    }
    const char *found = search(name);
    if (found == nullptr && strcmp(name, "sh") == 0) {
        found = search("busybox");
    }
    return found != nullptr ? found : name;
}
