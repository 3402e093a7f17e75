// SPDX-License-Identifier: MIT
// The layer in which what may only be read can be changed, for this run: over files that never change, and over those that may.
#include "fake.h"
#include "fake_files.h"

#include "../file/begin.h"
#include "../file/changes.h"
#include "../file/linux.h"
#include "../file/refusal.h"
#include "../memory/backing.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct stat told;

static int64_t stat_of(const char *path)
{
    return SYS(stat, AT(path), AT(&told));
}

static int64_t open_at(const char *path, uint64_t flags)
{
    return SYS(open, AT(path), flags, 0644);
}

// A file of the host with this text; a folder without one.
static void host(const char *path, const char *text)
{
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s/host/%s", fake_folder, path);
    if (text == nullptr) {
        CHECK(mkdir(whole, 0755) == 0);
        return;
    }
    FILE *file = fopen(whole, "w");
    CHECK(file != nullptr && fputs(text, file) >= 0 && fclose(file) == 0);
}

// What the host has there; empty when there is no such file.
static const char *on_host(const char *path)
{
    static char text[256];
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s/host/%s", fake_folder, path);
    FILE *file = fopen(whole, "r");
    size_t length = file != nullptr ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file != nullptr) {
        (void)fclose(file);
    }
    return text;
}

// A place with files of the host, in a layer; the working directory is there.
static void layer_world(const char *path)
{
    char value[64];
    scratch_world();
    host("", nullptr);
    host("share", nullptr);
    host("share/a", "from the host");
    host("share/b", "another");
    host("share/d", nullptr);
    host("share/d/x", "deeper");
    host("share/d/y", "deepest");
    (void)snprintf(value, sizeof value, "%s\tshare\tro", path);
    CHECK(tree_mount(value) == 0);
    CHECK(SYS(chdir, AT(path)) == 0);
}

// The names of a folder in their order, with a blank before each.
static const char *names_of(const char *path)
{
    static char names[1024];
    int64_t file = open_at(path, O_RDONLY | O_DIRECTORY);
    alignas(8) char buffer[128];
    int64_t got = 0;
    names[0] = '\0';
    while ((got = SYS(getdents64, (uint64_t)file, AT(buffer), sizeof buffer)) > 0) {
        for (int64_t at = 0; at < got;) {
            const struct linux_entry *entry = (const struct linux_entry *)(buffer + at);
            at += entry->length;
            if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) {
                size_t length = strlen(names);
                (void)snprintf(names + length, sizeof names - length, " %s", entry->name);
            }
        }
    }
    CHECK(got == 0 && SYS(close, (uint64_t)file) == 0);
    return names;
}

static bool has(const char *path, const char *name)
{
    char padded[64];
    char list[1024];
    (void)snprintf(padded, sizeof padded, " %s ", name);
    (void)snprintf(list, sizeof list, "%s ", names_of(path));
    const char *found = strstr(list, padded);
    return found != nullptr && strstr(found + 1, padded) == nullptr; // and once only
}

// Whether just these paths are told of as changed, in any order.
static bool changed(const char *const *paths, unsigned count)
{
    unsigned there = 0;
    for (; change_at(there) != nullptr; there++) {
        bool expected = false;
        for (unsigned i = 0; i < count; i++) {
            expected = expected || strcmp(change_at(there), paths[i]) == 0;
        }
        CHECK(expected);
    }
    return there == count;
}

#define CHANGED(...)                                                                               \
    CHECK(changed((const char *const[]){__VA_ARGS__},                                              \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

// Each sentence holds over both kinds of places.
static const char *const places[] = {"/usr", "/work"};

TEST("a file that is changed is another one from then on, and the host's stays")
{
    for (unsigned i = 0; i < 2; i++) {
        layer_world(places[i]);
        CHECK(strcmp(read_text("a"), "from the host") == 0 && change_at(0) == nullptr);
        CHECK(stat_of("a") == 0);
        ino_t inode = told.st_ino;
        CHECK(open_at("a", O_RDWR) == 0 && change_at(0) == nullptr);
        CHECK(SYS(pwrite64, 0, AT("FROM"), 4, 0) == 4);
        CHECK(strcmp(read_text("a"), "FROM the host") == 0);
        CHECK(SYS(close, 0) == 0);
        CHECK(stat_of("a") == 0 && told.st_size == 13 && told.st_ino == inode);
        CHECK(told.st_nlink == 1);
        CHECK(strcmp(on_host("share/a"), "from the host") == 0);
        CHECK(change_at(0) != nullptr && strcmp(strrchr(change_at(0), '/'), "/a") == 0);
        CHECK(change_at(1) == nullptr);
        test_clean();
    }
}

TEST("who has it open before sees what is written; appending and cutting")
{
    layer_world("/work");
    char text[32] = {};
    CHECK(open_at("a", O_RDONLY) == 0);
    CHECK(SYS(read, 0, AT(text), 4) == 4);
    CHECK(open_at("a", O_WRONLY | O_APPEND) == 1);
    CHECK(SYS(write, 1, AT("!"), 1) == 1);
    CHECK(SYS(read, 0, AT(text), 32) == 10 && memcmp(text, " the host!", 10) == 0);
    CHECK(SYS(ftruncate, 1, 2) == 0);
    CHECK(SYS(pread64, 0, AT(text), 32, 0) == 2);
    CHECK(SYS(truncate, AT("b"), 3) == 0 && strcmp(read_text("b"), "ano") == 0);
    CHECK(write_text("a", "new") == 3 && strcmp(read_text("a"), "new") == 0);
    CHECK(SYS(lseek, 0, 0, SEEK_END) == 3);
    CHECK(strcmp(on_host("share/b"), "another") == 0);
    CHANGED("/work/a", "/work/b");
}

TEST("files, folders, links and sockets are made there, and listed once behind those of the host")
{
    for (unsigned i = 0; i < 2; i++) {
        layer_world(places[i]);
        CHECK(write_text("new", "text") == 4 && strcmp(read_text("new"), "text") == 0);
        CHECK(open_at("new", O_CREAT | O_EXCL | O_WRONLY) == -EEXIST);
        CHECK(SYS(mkdir, AT("folder"), 0755) == 0 && SYS(mkdir, AT("d"), 0755) == -EEXIST);
        CHECK(write_text("folder/in", "in") == 2 && write_text("d/z", "in d") == 4);
        CHECK(SYS(symlink, AT("folder/in"), AT("link")) == 0);
        CHECK(strcmp(read_text("link"), "in") == 0);
        CHECK(SYS(mknod, AT("pipe"), S_IFIFO | 0644, 0) == 0);
        CHECK(open_at("pipe", O_RDWR) == 0 && SYS(write, 0, AT("x"), 1) == 1);
        CHECK(strcmp(names_of("."), " a b d new folder link pipe") == 0 || has(".", "new"));
        CHECK(has(".", "a") && has(".", "folder") && has(".", "link") && has(".", "pipe"));
        CHECK(has("d", "x") && has("d", "y") && has("d", "z") && has("folder", "in"));
        CHECK(stat_of("new") == 0 && told.st_nlink == 1 && stat_of("nothing") == -ENOENT);
        CHECK(strcmp(on_host("share/new"), "") == 0);
        test_clean();
    }
}

TEST("what is removed is gone, may be made anew, and stays on the host")
{
    for (unsigned i = 0; i < 2; i++) {
        layer_world(places[i]);
        CHECK(SYS(unlink, AT("a")) == 0);
        CHECK(stat_of("a") == -ENOENT && SYS(unlink, AT("a")) == -ENOENT);
        CHECK(!has(".", "a") && has(".", "b"));
        CHECK(write_text("a", "anew") == 4 && strcmp(read_text("a"), "anew") == 0);
        CHECK(has(".", "a"));
        CHECK(SYS(rmdir, AT("d")) == -ENOTEMPTY);
        CHECK(SYS(unlink, AT("d/x")) == 0 && SYS(rmdir, AT("d")) == -ENOTEMPTY);
        CHECK(SYS(unlink, AT("d/y")) == 0 && SYS(rmdir, AT("d")) == 0);
        CHECK(stat_of("d") == -ENOENT && stat_of("d/x") == -ENOENT && !has(".", "d"));
        // A folder of that name is a new one: nothing shines through.
        CHECK(SYS(mkdir, AT("d"), 0755) == 0 && strcmp(names_of("d"), "") == 0);
        CHECK(stat_of("d/x") == -ENOENT);
        CHECK(strcmp(on_host("share/a"), "from the host") == 0);
        CHECK(strcmp(on_host("share/d/x"), "deeper") == 0);
        test_clean();
    }
}

TEST("a file that was removed or replaced goes on for who has it open")
{
    layer_world("/work");
    char text[16] = {};
    CHECK(open_at("a", O_RDWR) == 0 && SYS(unlink, AT("a")) == 0);
    CHECK(SYS(read, 0, AT(text), 4) == 4 && memcmp(text, "from", 4) == 0);
    CHECK(SYS(pwrite64, 0, AT("X"), 1, 0) == 1 && SYS(pread64, 0, AT(text), 2, 0) == 2);
    CHECK(memcmp(text, "Xr", 2) == 0 && stat_of("a") == -ENOENT);
    CHECK(SYS(fstat, 0, AT(&told)) == 0 && told.st_nlink == 0);
    CHANGED("/work/a");
}

TEST("files and folders are moved, over others too, and their contents go along")
{
    for (unsigned i = 0; i < 2; i++) {
        layer_world(places[i]);
        CHECK(SYS(rename, AT("a"), AT("d/moved")) == 0);
        CHECK(stat_of("a") == -ENOENT && strcmp(read_text("d/moved"), "from the host") == 0);
        CHECK(SYS(rename, AT("d/moved"), AT("b")) == 0);
        CHECK(strcmp(read_text("b"), "from the host") == 0 && stat_of("d/moved") == -ENOENT);
        CHECK(SYS(rename, AT("d"), AT("e")) == 0);
        CHECK(stat_of("d") == -ENOENT && strcmp(read_text("e/x"), "deeper") == 0);
        CHECK(write_text("e/new", "new") == 3 && has("e", "y") && has("e", "new"));
        CHECK(SYS(mkdir, AT("empty"), 0755) == 0);
        CHECK(SYS(rename, AT("empty"), AT("e")) == -ENOTEMPTY);
        CHECK(SYS(rename, AT("e"), AT("empty")) == 0 &&
              strcmp(read_text("empty/y"), "deepest") == 0);
        CHECK(SYS(rename, AT("empty"), AT("empty/in")) == -EINVAL);
        CHECK(SYS(renameat2, 0 - 100ul, AT("b"), 0 - 100ul, AT("empty"), 2) == 0);
        CHECK(strcmp(read_text("b/y"), "deepest") == 0 &&
              strcmp(read_text("empty"), "from the host") == 0);
        CHECK(SYS(rename, AT("b"), AT("/tmp/out")) == -EXDEV);
        CHECK(strcmp(on_host("share/a"), "from the host") == 0);
        test_clean();
    }
}

TEST("two names of one file show the same, of the host's and of those made here")
{
    layer_world("/work");
    CHECK(SYS(link, AT("a"), AT("second")) == 0);
    CHECK(stat_of("a") == 0 && told.st_nlink == 2);
    ino_t inode = told.st_ino;
    CHECK(write_text("second", "both") == 4 && strcmp(read_text("a"), "both") == 0);
    CHECK(stat_of("second") == 0 && told.st_nlink == 2 && told.st_ino == inode);
    CHECK(SYS(unlink, AT("a")) == 0 && strcmp(read_text("second"), "both") == 0);
    CHECK(stat_of("second") == 0 && told.st_nlink == 1);
    CHECK(SYS(link, AT("second"), AT("b")) == -EEXIST);
    CHANGED("/work/a", "/work/second");
}

TEST("permissions and times of a file, a folder and a link change here only")
{
    layer_world("/work");
    CHECK(SYS(chmod, AT("a"), 0600) == 0 && stat_of("a") == 0);
    CHECK((told.st_mode & 0777) == 0600 && told.st_size == 13);
    CHECK(strcmp(read_text("a"), "from the host") == 0);
    CHECK(SYS(chmod, AT("d"), 0700) == 0 && stat_of("d") == 0 && (told.st_mode & 0777) == 0700);
    CHECK(has("d", "x") && strcmp(read_text("d/x"), "deeper") == 0);
    CHECK(SYS(chmod, AT("."), 0711) == 0 && stat_of(".") == 0 && (told.st_mode & 0777) == 0711);
    CHECK(SYS(chown, AT("b"), 5, 6) == 0 && stat_of("b") == 0 && told.st_uid == 5);
    CHANGED("/work/a", "/work/d", "/work", "/work/b");
}

TEST("what is as it was before the run is not told of")
{
    layer_world("/work");
    CHECK(write_text("new", "x") == 1 && SYS(unlink, AT("new")) == 0);
    CHECK(SYS(mkdir, AT("t"), 0755) == 0 && write_text("t/in", "x") == 1);
    CHECK(SYS(rename, AT("t"), AT("kept")) == 0);
    // As programs save: written beside it, and moved over it.
    CHECK(write_text("a.new", "saved") == 5 && SYS(rename, AT("a.new"), AT("a")) == 0);
    CHECK(SYS(rename, AT("b"), AT("c")) == 0 && SYS(rename, AT("c"), AT("b")) == 0);
    CHECK(strcmp(read_text("a"), "saved") == 0 && strcmp(read_text("b"), "another") == 0);
    CHECK(change_at(3) == nullptr);
    CHECK(strcmp(change_at(0), "/work/kept") == 0 && strcmp(change_at(1), "/work/a") == 0);
}

TEST("where nothing was given there is an empty layer, and what is not there stays refused")
{
    layer_world("/work");
    CHECK(tree_cover("/users/me") == 0);
    CHECK(write_text("/users/me/.bashrc", "x") == 1 &&
          strcmp(read_text("/users/me/.bashrc"), "x") == 0);
    CHECK(write_text("/top", "x") == 1);
    CHECK(stat_of("/users/me/.profile") == -EACCES && stat_of("/users/you/x") == -EACCES);
    CHECK(write_text("/users/you/x", "x") == -EACCES);
    CHECK(write_text("/tmp/mine", "x") == 1);
    CHECK(tree_cover("/tmp/work/here") == 0);
    CHECK(stat_of("/tmp/work/here/a") == -EACCES && write_text("/tmp/work/here/a", "x") == 1);
    CHECK(refusal_at(0) != nullptr && strcmp(refusal_at(0)->path, "/users/me/.profile") == 0);
    CHANGED("/users/me/.bashrc", "/top", "/tmp/work/here/a");
}

TEST("a place that may be changed has no layer")
{
    scratch_world();
    host("", nullptr);
    host("share", nullptr);
    host("share/a", "from the host");
    CHECK(tree_mount("/work\tshare\trw") == 0);
    CHECK(write_text("/work/a", "changed") == 7 && strcmp(on_host("share/a"), "changed") == 0);
    CHECK(change_at(0) == nullptr);
}

TEST("a mapping that may be written is of the layer")
{
    layer_world("/work");
    CHECK(open_at("a", O_RDWR) == 0);
    struct file *file = descriptor_file(0);
    struct page_run run;
    CHECK(file_pages(file, 0, true, &run) == 0 && run.writable && run.size >= PAGE_BYTES);
    CHECK(memcmp(page_bytes(run.page), "from the host", 13) == 0);
    memcpy(page_bytes(run.page), "FROM", 4);
    page_drop(run.page);
    file_drop(file);
    CHECK(strcmp(read_text("a"), "FROM the host") == 0);
    CHANGED("/work/a");
}

TEST("all of it works when the file server lets everything wait")
{
    layer_world("/work");
    files_wait = true;
    CHECK(write_text("a", "slow") == 4 && strcmp(read_text("a"), "slow") == 0);
    CHECK(SYS(rename, AT("d"), AT("e")) == 0 && strcmp(read_text("e/x"), "deeper") == 0);
    CHECK(SYS(unlink, AT("b")) == 0 && !has(".", "b"));
    files_wait = false;
}

TEST("what the file server refuses stays refused, and when it is gone nothing comes up by half")
{
    layer_world("/work");
    CHECK(open_at("b", O_RDWR) == 0);
    files_refuse = true;
    CHECK(stat_of("a") == -EACCES);
    files_refuse = false;
    files_are_gone = true;
    CHECK(SYS(pwrite64, 0, AT("X"), 1, 0) == -EIO);
    files_are_gone = false;
    CHECK(strcmp(read_text("b"), "another") == 0 && change_at(0) == nullptr);
}

TEST("without memory a change is refused, and nothing has changed")
{
    layer_world("/work");
    CHECK(stat_of("a") == 0 && stat_of("d") == 0 && stat_of("d/x") == 0 && stat_of("b") == 0);
    for (int after = 0; after < 12; after++) {
        store_fails_after = after;
        int64_t result = SYS(rename, AT("a"), AT("d/moved"));
        store_fails_after = -1;
        if (result == 0) {
            CHECK(SYS(rename, AT("d/moved"), AT("a")) == 0);
        }
        CHECK(strcmp(read_text("a"), "from the host") == 0 && stat_of("d/moved") == -ENOENT);
        store_fails_after = after;
        (void)SYS(chmod, AT("b"), 0644);
        store_fails_after = -1;
        CHECK(strcmp(read_text("b"), "another") == 0);
        store_fails_after = after;
        result = SYS(mkdir, AT("new"), 0755);
        store_fails_after = -1;
        CHECK((stat_of("new") == 0) == (result == 0));
        CHECK(result != 0 || SYS(rmdir, AT("new")) == 0);
    }
}

TEST("attributes of what is below are read and stay as they are, and what was made has its own")
{
    layer_world("/place");
    char value[8];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/host/share/a", fake_folder);
    if (setxattr(path, "user.x", "below", 5, 0) != 0) {
        return; // this file system has none
    }
    CHECK(SYS(getxattr, AT("a"), AT("user.x"), AT(value), 8) == 5 &&
          memcmp(value, "below", 5) == 0);
    CHECK(SYS(setxattr, AT("a"), AT("user.x"), AT("above"), 5, 0) == -EOPNOTSUPP);
    CHECK(SYS(removexattr, AT("a"), AT("user.x")) == -EOPNOTSUPP);
    CHECK(write_text("a", "changed") == 7 && SYS(listxattr, AT("a"), 0, 0) == 7);
    CHECK(write_text("new", "x") == 1);
    CHECK(SYS(setxattr, AT("new"), AT("user.x"), AT("above"), 5, 0) == 0);
    CHECK(SYS(getxattr, AT("new"), AT("user.x"), AT(value), 8) == 5 &&
          memcmp(value, "above", 5) == 0);
    CHECK(SYS(removexattr, AT("new"), AT("user.x")) == 0 && SYS(listxattr, AT("new"), 0, 0) == 0);
}
