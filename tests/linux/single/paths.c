// SPDX-License-Identifier: MIT
// Paths, names, permissions, and what stat tells.
#include "paths.h"

TEST("a file is there once it was made")
{
    fresh();
    CHECK(stat_of("a") == -ENOENT);
    CHECK(make("a") == 0);
    CHECK(stat_of("a") == 0);
    CHECK(told.st_mode == (S_IFREG | 0644) && told.st_nlink == 1 && told.st_size == 0);
    CHECK(make("a") == -EEXIST);
}

TEST("paths with dots, double slashes and slashes at their end")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(make("d/a") == 0);
    CHECK(stat_of(".//d///./a") == 0);
    CHECK(stat_of("d/../d/a") == 0);
    CHECK(stat_of("/../../tmp/..") == 0);
    CHECK(stat_of("d/") == 0);
    CHECK(stat_of("d/a/") == -ENOTDIR);
    CHECK(stat_of("d/a/b") == -ENOTDIR);
    CHECK(stat_of("d/a/..") == -ENOTDIR);
    CHECK(stat_of("") == -ENOENT);
    CHECK(stat_of(".") == 0);
}

TEST("names are any bytes, up to 255 of them")
{
    fresh();
    char name[300] = "a\xFF\x01 \n";
    CHECK(make(name) == 0);
    CHECK(stat_of(name) == 0);
    memset(name, 'x', 256);
    name[255] = '\0';
    CHECK(make(name) == 0);
    CHECK(stat_of(name) == 0);
    name[255] = 'x';
    CHECK(make(name) == -ENAMETOOLONG);
}

TEST("a path has at most 4095 bytes")
{
    fresh();
    char path[4098];
    memset(path, '/', sizeof path);
    path[4095] = '\0';
    CHECK(stat_of(path) == 0);
    path[4095] = '/';
    path[4096] = '\0';
    CHECK(stat_of(path) == -ENAMETOOLONG);
    CHECK(SYS(stat, NOWHERE, AT(&told)) == -EFAULT);
    CHECK(SYS(stat, AT("."), NOWHERE) == -EFAULT);
}

TEST("relative paths begin at the working directory")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(chdir, AT("d")) == 0);
    CHECK(make("a") == 0);
    CHECK(stat_of("../d/a") == 0);
    CHECK(strcmp(current(), "/d") == 0);
    CHECK(SYS(chdir, AT("..")) == 0);
    CHECK(strcmp(current(), "/") == 0);
    CHECK(SYS(chdir, AT("d/a")) == -ENOTDIR);
    CHECK(SYS(chdir, AT("nothing")) == -ENOENT);
}

TEST("getcwd counts the zero, and refuses a buffer that is too small")
{
    fresh();
    char path[8];
    CHECK(SYS(chdir, AT("/")) == 0);
    CHECK(SYS(getcwd, AT(path), 8) == 2);
    CHECK(SYS(getcwd, AT(path), 1) == -ERANGE);
    CHECK(SYS(getcwd, NOWHERE, 8) == -EFAULT);
}

TEST("fchdir goes to a folder that is open")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(make("a") == 0);
    CHECK(SYS(open, AT("d"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 1);
    CHECK(SYS(fchdir, 0) == 0);
    CHECK(strcmp(current(), "/d") == 0);
    CHECK(SYS(fchdir, 1) == -ENOTDIR);
    CHECK(SYS(fchdir, 7) == -EBADF);
}

TEST("a working directory that was removed has no path")
{
    fresh();
    char path[64];
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(chdir, AT("d")) == 0);
    CHECK(SYS(rmdir, AT("../d")) == 0);
    CHECK(SYS(getcwd, AT(path), sizeof path) == -ENOENT);
    CHECK(make("a") == -ENOENT);
    CHECK(stat_of("..") == 0);
}

TEST("the calls with at begin at a descriptor")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(open, AT("d"), O_RDONLY | O_DIRECTORY) == 0);
    CHECK(SYS(openat, 0, AT("a"), O_CREAT | O_WRONLY, 0600) == 1);
    CHECK(stat_of("d/a") == 0);
    CHECK(SYS(mkdirat, 0, AT("e"), 0755) == 0);
    CHECK(SYS(newfstatat, 0, AT("e"), AT(&told), 0) == 0);
    CHECK(SYS(unlinkat, 0, AT("e"), AT_REMOVEDIR) == 0);
    CHECK(SYS(unlinkat, 0, AT("a"), 0) == 0);
    CHECK(SYS(openat, 9, AT("a"), O_RDONLY) == -EBADF);
    CHECK(SYS(openat, 9, AT("/"), O_RDONLY) == 2);
    CHECK(SYS(openat, 1, AT("a"), O_RDONLY) == -ENOTDIR);
}

TEST("AT_EMPTY_PATH means the descriptor itself")
{
    fresh();
    CHECK(make("a") == 0);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(newfstatat, 0, AT(""), AT(&told), AT_EMPTY_PATH) == 0);
    CHECK(S_ISREG(told.st_mode));
    CHECK(SYS(newfstatat, 0, AT(""), AT(&told), 0) == -ENOENT);
    CHECK(SYS(newfstatat, 0, AT(""), AT(&told), 0x40000000) == -EINVAL);
    CHECK(SYS(newfstatat, HERE, AT(""), AT(&told), AT_EMPTY_PATH) == 0);
    CHECK(S_ISDIR(told.st_mode));
}

TEST("links are followed, but for the last one if it was asked so")
{
    fresh();
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(symlink, AT("a"), AT("l")) == 0);
    CHECK(stat_of("l") == 0 && S_ISREG(told.st_mode));
    CHECK(SYS(lstat, AT("l"), AT(&told)) == 0);
    CHECK(S_ISLNK(told.st_mode) && told.st_size == 1);
    CHECK(SYS(open, AT("l"), O_RDONLY | O_NOFOLLOW) == -ELOOP);
    CHECK(SYS(open, AT("l"), O_PATH | O_NOFOLLOW) == 0);
    CHECK(SYS(fstat, 0, AT(&told)) == 0 && S_ISLNK(told.st_mode));
}

TEST("readlink gives the target without a zero, cut to the buffer")
{
    fresh();
    char text[8] = "xxxxxxx";
    CHECK(SYS(symlink, AT("some/place"), AT("l")) == 0);
    CHECK(SYS(readlink, AT("l"), AT(text), 4) == 4);
    CHECK(memcmp(text, "somexxx", 8) == 0);
    CHECK(SYS(readlink, AT("."), AT(text), 4) == -EINVAL);
    CHECK(SYS(readlink, AT("l"), AT(text), 0) == -EINVAL);
    CHECK(SYS(readlink, AT("no"), AT(text), 4) == -ENOENT);
    CHECK(SYS(readlink, AT("l"), NOWHERE, 4) == -EFAULT);
}

TEST("links through folders, and one behind the other")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(write_text("d/a", "deep") == 4);
    CHECK(SYS(symlink, AT("d"), AT("e")) == 0);
    CHECK(SYS(symlink, AT("e"), AT("f")) == 0);
    CHECK(SYS(symlink, AT("../f/./a"), AT("d/b")) == 0);
    CHECK(strcmp(read_text("f/b"), "deep") == 0);
    CHECK(stat_of("f/../d/a") == 0);
}

TEST("a ring of links ends")
{
    fresh();
    CHECK(SYS(symlink, AT("b"), AT("a")) == 0);
    CHECK(SYS(symlink, AT("a"), AT("b")) == 0);
    CHECK(stat_of("a") == -ELOOP);
    CHECK(make("a/x") == -ELOOP);
}

TEST("forty links in one path are followed, and not one more")
{
    fresh();
    char from[8] = "l00", to[8] = "l00";
    CHECK(make("l00") == 0);
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(from, sizeof from, "l%02d", i - 1);
        (void)snprintf(to, sizeof to, "l%02d", i);
        CHECK(SYS(symlink, AT(from), AT(to)) == 0);
    }
    CHECK(stat_of("l40") == 0);
    CHECK(stat_of("l41") == -ELOOP);
}

TEST("a link that leads nowhere: open makes its target, unless exclusively")
{
    fresh();
    CHECK(SYS(symlink, AT("t"), AT("l")) == 0);
    CHECK(stat_of("l") == -ENOENT);
    CHECK(SYS(open, AT("l"), O_CREAT | O_EXCL | O_WRONLY, 0600) == -EEXIST);
    CHECK(SYS(open, AT("l"), O_CREAT | O_WRONLY, 0600) == 0);
    CHECK(stat_of("t") == 0);
}

TEST("a target with the rest of the path may be too long")
{
    fresh();
    char target[4096];
    char path[4096];
    memset(target, 'x', sizeof target);
    target[4090] = '\0';
    CHECK(SYS(symlink, AT(target), AT("l")) == 0);
    (void)snprintf(path, sizeof path, "l/%s", "long enough");
    CHECK(stat_of(path) == -ENAMETOOLONG);
    CHECK(SYS(symlink, AT(""), AT("m")) == -ENOENT);
}

TEST("what open refuses by its flags")
{
    fresh();
    CHECK(make("a") == 0);
    CHECK(SYS(open, AT("tmp"), O_WRONLY) == -EISDIR);
    CHECK(SYS(open, AT("tmp"), O_RDWR | O_CREAT, 0600) == -EISDIR);
    CHECK(SYS(open, AT("a"), O_RDONLY | O_DIRECTORY) == -ENOTDIR);
    CHECK(SYS(open, AT("b/"), O_CREAT | O_WRONLY, 0600) == -EISDIR);
    CHECK(SYS(open, AT("no/b"), O_CREAT | O_WRONLY, 0600) == -ENOENT);
    CHECK(SYS(open, AT("a"), O_CREAT | O_DIRECTORY, 0600) == -EINVAL);
}

TEST("O_TRUNC empties a file")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_WRONLY | O_TRUNC) == 0);
    CHECK(stat_of("a") == 0 && told.st_size == 0);
}

TEST("a file without a name lives as long as it is open, and can be given one")
{
    fresh();
    CHECK(SYS(open, AT("tmp"), O_TMPFILE | O_RDWR, 0600) == 0);
    CHECK(SYS(write, 0, AT("abc"), 3) == 3);
    CHECK(SYS(fstat, 0, AT(&told)) == 0 && told.st_nlink == 0 && told.st_size == 3);
    CHECK(SYS(linkat, 0, AT(""), HERE, AT("tmp/b"), AT_EMPTY_PATH) == 0);
    CHECK(strcmp(read_text("tmp/b"), "abc") == 0);
    CHECK(SYS(open, AT("tmp"), O_TMPFILE | O_RDONLY, 0600) == -EINVAL);
    CHECK(SYS(open, AT("tmp/b"), O_TMPFILE | O_RDWR, 0600) == -ENOTDIR);
}

TEST("the umask takes permissions away")
{
    fresh();
    CHECK(SYS(umask, 077) == 022);
    CHECK(make("a") == 0);
    CHECK(SYS(mkdir, AT("d"), 0777) == 0);
    CHECK(SYS(umask, 0) == 077);
    CHECK(stat_of("a") == 0 && (told.st_mode & 07777) == 0600);
    CHECK(stat_of("d") == 0 && (told.st_mode & 07777) == 0700);
}

TEST("mkdir and rmdir, and what they refuse")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(mkdir, AT("d"), 0755) == -EEXIST);
    CHECK(SYS(mkdir, AT("."), 0755) == -EEXIST);
    CHECK(SYS(mkdir, AT("d/."), 0755) == -EEXIST);
    CHECK(SYS(mkdir, AT("d/e/"), 0755) == 0);
    CHECK(SYS(mkdir, AT("x/y"), 0755) == -ENOENT);
    CHECK(stat_of("d") == 0 && told.st_nlink == 3);
    CHECK(SYS(rmdir, AT("d")) == -ENOTEMPTY);
    CHECK(SYS(rmdir, AT("d/e/.")) == -EINVAL);
    CHECK(SYS(rmdir, AT("d/e/..")) == -ENOTEMPTY);
    CHECK(SYS(rmdir, AT("d/e")) == 0);
    CHECK(stat_of("d") == 0 && told.st_nlink == 2);
    CHECK(SYS(rmdir, AT("d/")) == 0);
    CHECK(SYS(rmdir, AT("d")) == -ENOENT);
    CHECK(make("a") == 0);
    CHECK(SYS(rmdir, AT("a")) == -ENOTDIR);
}

TEST("unlink takes a name away; the file lives while it is open")
{
    fresh();
    CHECK(write_text("a", "hello") == 5);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(unlink, AT("a")) == 0);
    CHECK(stat_of("a") == -ENOENT);
    char text[8] = {};
    CHECK(SYS(read, 0, AT(text), 8) == 5);
    CHECK(SYS(fstat, 0, AT(&told)) == 0 && told.st_nlink == 0);
    CHECK(SYS(unlink, AT("a")) == -ENOENT);
    CHECK(SYS(unlink, AT("tmp")) == -EISDIR);
    CHECK(SYS(unlink, AT("tmp/.")) == -EISDIR);
    CHECK(make("b") == 0);
    CHECK(SYS(unlink, AT("b/")) == -ENOTDIR);
}

TEST("hard links share a file")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(SYS(link, AT("a"), AT("b")) == 0);
    CHECK(stat_of("b") == 0 && told.st_nlink == 2);
    ino_t inode = told.st_ino;
    CHECK(stat_of("a") == 0 && told.st_ino == inode);
    CHECK(SYS(unlink, AT("a")) == 0);
    CHECK(strcmp(read_text("b"), "one") == 0);
    CHECK(stat_of("b") == 0 && told.st_nlink == 1);
    CHECK(SYS(link, AT("b"), AT("b")) == -EEXIST);
    CHECK(SYS(link, AT("tmp"), AT("c")) == -EPERM);
    CHECK(SYS(link, AT("no"), AT("c")) == -ENOENT);
    CHECK(SYS(link, AT("b"), AT("c/")) == -ENOENT);
}

TEST("linkat follows a link only if asked")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(SYS(symlink, AT("a"), AT("l")) == 0);
    CHECK(SYS(linkat, HERE, AT("l"), HERE, AT("m"), 0) == 0);
    CHECK(SYS(lstat, AT("m"), AT(&told)) == 0 && S_ISLNK(told.st_mode));
    CHECK(SYS(linkat, HERE, AT("l"), HERE, AT("n"), AT_SYMLINK_FOLLOW) == 0);
    CHECK(SYS(lstat, AT("n"), AT(&told)) == 0 && S_ISREG(told.st_mode));
    CHECK(SYS(linkat, HERE, AT("l"), HERE, AT("o"), 4) == -EINVAL);
}

TEST("rename moves a name, over another one")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(write_text("b", "two") == 3);
    CHECK(SYS(rename, AT("a"), AT("b")) == 0);
    CHECK(stat_of("a") == -ENOENT);
    CHECK(strcmp(read_text("b"), "one") == 0);
    CHECK(SYS(rename, AT("b"), AT("tmp/a name that is longer than the first one was")) == 0);
    CHECK(strcmp(read_text("tmp/a name that is longer than the first one was"), "one") == 0);
    CHECK(SYS(rename, AT("b"), AT("c")) == -ENOENT);
}

TEST("rename of a file onto itself or onto another name of it changes nothing")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(SYS(link, AT("a"), AT("b")) == 0);
    CHECK(SYS(rename, AT("a"), AT("a")) == 0);
    CHECK(SYS(rename, AT("a"), AT("b")) == 0);
    CHECK(stat_of("a") == 0 && stat_of("b") == 0);
}

TEST("rename moves folders with all that is in them")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(mkdir, AT("d/e"), 0755) == 0);
    CHECK(write_text("d/e/a", "deep") == 4);
    CHECK(SYS(chdir, AT("d/e")) == 0);
    CHECK(SYS(rename, AT("../../d"), AT("../../tmp/moved")) == 0);
    CHECK(strcmp(current(), "/tmp/moved/e") == 0);
    CHECK(strcmp(read_text("a"), "deep") == 0);
    CHECK(stat_of("../../../d") == -ENOENT);
    CHECK(SYS(chdir, AT("..")) == 0);
    CHECK(strcmp(current(), "/tmp/moved") == 0);
}

TEST("what rename refuses")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(mkdir, AT("d/e"), 0755) == 0);
    CHECK(SYS(mkdir, AT("f"), 0755) == 0);
    CHECK(make("a") == 0);
    CHECK(SYS(rename, AT("d"), AT("d/e/x")) == -EINVAL);
    CHECK(SYS(rename, AT("d"), AT("a")) == -ENOTDIR);
    CHECK(SYS(rename, AT("a"), AT("d")) == -EISDIR);
    CHECK(SYS(rename, AT("f"), AT("d")) == -ENOTEMPTY);
    CHECK(SYS(rename, AT("d/e"), AT("d")) == -ENOTEMPTY);
    CHECK(SYS(rename, AT("d/."), AT("x")) == -EBUSY);
    CHECK(SYS(rename, AT("d"), AT("f/..")) == -EBUSY);
    CHECK(SYS(rename, AT("a/"), AT("x")) == -ENOTDIR);
    CHECK(SYS(rename, AT("a"), AT("x/")) == -ENOTDIR);
    CHECK(SYS(rename, AT("a"), AT("no/x")) == -ENOENT);
    CHECK(SYS(rename, AT("f"), AT("d/e")) == 0);
}

TEST("RENAME_NOREPLACE and RENAME_EXCHANGE")
{
    fresh();
    CHECK(write_text("a", "one") == 3);
    CHECK(write_text("tmp/a much longer name", "two") == 3);
    const uint64_t cwd = HERE;
    CHECK(SYS(renameat2, cwd, AT("a"), cwd, AT("tmp/a much longer name"), 1) == -EEXIST);
    CHECK(SYS(renameat2, cwd, AT("a"), cwd, AT("tmp/a much longer name"), 2) == 0);
    CHECK(strcmp(read_text("a"), "two") == 0);
    CHECK(strcmp(read_text("tmp/a much longer name"), "one") == 0);
    CHECK(SYS(renameat2, cwd, AT("a"), cwd, AT("no"), 2) == -ENOENT);
    CHECK(SYS(renameat2, cwd, AT("a"), cwd, AT("b"), 3) == -EINVAL);
    CHECK(SYS(renameat2, cwd, AT("a"), cwd, AT("b"), 1) == 0);
    CHECK(SYS(renameat2, cwd, AT("b"), cwd, AT("tmp"), 2) == 0);
    CHECK(stat_of("b") == 0 && S_ISDIR(told.st_mode));
}

TEST("a file that is open keeps its place after a rename")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(SYS(open, AT("d"), O_RDONLY) == 0);
    CHECK(SYS(rename, AT("d"), AT("new")) == 0);
    CHECK(SYS(openat, 0, AT("a"), O_CREAT | O_WRONLY, 0600) == 1);
    CHECK(stat_of("new/a") == 0);
}

TEST("a folder that may not be searched hides what is in it")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0700) == 0);
    CHECK(make("d/a") == 0);
    become(1000);
    CHECK(stat_of("d") == 0);
    CHECK(stat_of("d/a") == -EACCES);
    CHECK(stat_of("d/no") == -EACCES);
    CHECK(SYS(open, AT("d"), O_RDONLY) == -EACCES);
    CHECK(SYS(chdir, AT("d")) == -EACCES);
}

TEST("in a sticky folder only the owner takes names away")
{
    fresh();
    become(1000);
    CHECK(make("tmp/a") == 0);
    become(2000);
    CHECK(SYS(unlink, AT("tmp/a")) == -EPERM);
    CHECK(SYS(rename, AT("tmp/a"), AT("tmp/b")) == -EPERM);
    become(1000);
    CHECK(SYS(unlink, AT("tmp/a")) == 0);
}

TEST("root may read and write all, but run only what somebody may")
{
    fresh();
    CHECK(write_text("a", "x") == 1);
    CHECK(SYS(chmod, AT("a"), 0) == 0);
    CHECK(SYS(access, AT("a"), 6) == 0);
    CHECK(SYS(access, AT("a"), 1) == -EACCES);
    CHECK(SYS(chmod, AT("a"), 0100) == 0);
    CHECK(SYS(access, AT("a"), 1) == 0);
}

TEST("chmod, fchmod and fchmodat change permissions only")
{
    fresh();
    CHECK(make("a") == 0);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(chmod, AT("a"), 04711) == 0);
    CHECK(stat_of("a") == 0 && told.st_mode == (S_IFREG | 04711));
    CHECK(SYS(fchmod, 0, 0600) == 0);
    CHECK(stat_of("a") == 0 && told.st_mode == (S_IFREG | 0600));
    CHECK(SYS(fchmodat, HERE, AT("a"), 0644) == 0);
    CHECK(stat_of("a") == 0 && told.st_mode == (S_IFREG | 0644));
    CHECK(SYS(fchmod, 4, 0600) == -EBADF);
}

TEST("chown clears set-user-id, and minus one keeps what was")
{
    fresh();
    CHECK(make("a") == 0);
    CHECK(SYS(chmod, AT("a"), 04755) == 0);
    CHECK(SYS(chown, AT("a"), 7, UINT32_MAX) == 0);
    CHECK(stat_of("a") == 0 && told.st_uid == 7 && told.st_gid == 0 &&
          told.st_mode == (S_IFREG | 0755));
    CHECK(SYS(symlink, AT("a"), AT("l")) == 0);
    CHECK(SYS(lchown, AT("l"), 9, 9) == 0);
    CHECK(stat_of("a") == 0 && told.st_uid == 7);
    CHECK(SYS(fchownat, HERE, AT("l"), 8, 8, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(SYS(lstat, AT("l"), AT(&told)) == 0 && told.st_uid == 8);
}

TEST("new files in a set-group-id folder take its group, and folders the bit")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0777) == 0);
    CHECK(SYS(chown, AT("d"), 0, 50) == 0);
    CHECK(SYS(chmod, AT("d"), 02777) == 0);
    CHECK(make("d/a") == 0);
    CHECK(SYS(mkdir, AT("d/e"), 0755) == 0);
    CHECK(stat_of("d/a") == 0 && told.st_gid == 50);
    CHECK(stat_of("d/e") == 0 && told.st_gid == 50 && (told.st_mode & S_ISGID) != 0);
}

TEST("utime and utimes, in seconds and microseconds")
{
    fresh();
    CHECK(make("a") == 0);
    int64_t seconds[2] = {11, 22};
    CHECK(SYS(utime, AT("a"), AT(seconds)) == 0);
    CHECK(stat_of("a") == 0 && told.st_atim.tv_sec == 11 && told.st_mtim.tv_sec == 22);
    int64_t micro[4] = {33, 5, 44, 1000000};
    CHECK(SYS(utimes, AT("a"), AT(micro)) == -EINVAL);
    micro[3] = 6;
    CHECK(SYS(utimes, AT("a"), AT(micro)) == 0);
    CHECK(stat_of("a") == 0 && told.st_atim.tv_nsec == 5000 && told.st_mtim.tv_nsec == 6000);
}

TEST("statfs tells of the file system")
{
    fresh();
    struct system_facts told_system = {};
    CHECK(SYS(statfs, AT("tmp"), AT(&told_system)) == 0);
    CHECK(told_system.name_most == 255 && told_system.blocks > 0);
    CHECK(SYS(open, AT("tmp"), O_RDONLY) == 0);
    CHECK(SYS(fstatfs, 0, AT(&told_system)) == 0);
    CHECK(SYS(fstatfs, 5, AT(&told_system)) == -EBADF);
}

TEST("mknod makes files, fifos and sockets, but no devices")
{
    fresh();
    CHECK(SYS(mknod, AT("f"), S_IFIFO | 0600) == 0);
    CHECK(SYS(mknod, AT("s"), S_IFSOCK | 0600) == 0);
    CHECK(SYS(mknod, AT("r"), 0600) == 0);
    CHECK(SYS(mknod, AT("d"), S_IFDIR | 0600) == -EPERM);
    CHECK(stat_of("f") == 0 && S_ISFIFO(told.st_mode));
    CHECK(stat_of("r") == 0 && S_ISREG(told.st_mode));
    CHECK(SYS(open, AT("s"), O_RDONLY) == -ENXIO);
}

TEST("getdents64 gives all names once, dots first")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    char path[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(path, sizeof path, "d/n%d", i);
        CHECK(make(path) == 0);
    }
    CHECK(SYS(open, AT("d"), O_RDONLY | O_DIRECTORY) == 0);
    _Alignas(8) char buffer[256];
    bool seen[100] = {};
    int dots = 0, names = 0;
    int64_t got = 0;
    while ((got = SYS(getdents64, 0, AT(buffer), sizeof buffer)) > 0) {
        for (int64_t at = 0; at < got;) {
            struct folder_entry *entry = (struct folder_entry *)(buffer + at);
            if (entry->name[0] == '.') {
                dots++;
                CHECK(entry->kind == 4);
            } else {
                int number = atoi(entry->name + 1);
                CHECK(!seen[number]);
                seen[number] = true;
                names++;
                CHECK(entry->kind == 8);
            }
            at += entry->length;
        }
    }
    CHECK(got == 0 && dots == 2 && names == 100);
    CHECK(SYS(lseek, 0, 0, SEEK_SET) == 0);
    CHECK(SYS(getdents64, 0, AT(buffer), sizeof buffer) > 0);
    CHECK(SYS(getdents64, 0, AT(buffer), 8) == -EINVAL);
    CHECK(SYS(getdents64, 0, NOWHERE, 4096) == -EFAULT);
    CHECK(SYS(read, 0, AT(buffer), 8) == -EISDIR);
}

TEST("names may be taken away while a folder is read")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    char path[16];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(path, sizeof path, "d/n%d", i);
        CHECK(make(path) == 0);
    }
    CHECK(SYS(open, AT("d"), O_RDONLY | O_DIRECTORY) == 0);
    _Alignas(8) char buffer[128];
    int64_t got = 0;
    int removed = 0;
    while ((got = SYS(getdents64, 0, AT(buffer), sizeof buffer)) > 0) {
        for (int64_t at = 0; at < got;) {
            struct folder_entry *entry = (struct folder_entry *)(buffer + at);
            if (entry->name[0] != '.') {
                CHECK(SYS(unlinkat, 0, AT(entry->name), 0) == 0);
                removed++;
            }
            at += entry->length;
        }
    }
    CHECK(removed == 50);
    CHECK(SYS(rmdir, AT("d")) == 0);
}

TEST("two thousand names in one folder")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    char path[24];
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(path, sizeof path, "d/n%d", i);
        CHECK(make(path) == 0);
    }
    CHECK(stat_of("d/n1999") == 0 && stat_of("d/n2000") == -ENOENT);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(path, sizeof path, "d/n%d", i);
        CHECK(SYS(unlink, AT(path)) == 0);
    }
    CHECK(SYS(rmdir, AT("d")) == 0);
}

TEST("a process in another root sees nothing above it")
{
    fresh();
    CHECK(SYS(mkdir, AT("r"), 0755) == 0);
    CHECK(write_text("r/a", "inside") == 6);
    CHECK(write_text("outside", "x") == 1);
    CHECK(SYS(symlink, AT("/a"), AT("r/l")) == 0);
    if (is_root()) {
        CHECK(SYS(chroot, AT("r")) == 0);
        CHECK(SYS(chdir, AT("/")) == 0);
        CHECK(stat_of("/../../outside") == -ENOENT);
        CHECK(strcmp(read_text("/l"), "inside") == 0);
        become(1000);
    }
    CHECK(SYS(chroot, AT("/")) == -EPERM);
}

TEST("openat2 keeps a path beneath its folder, or takes the folder for the root")
{
    fresh();
    CHECK(SYS(mkdir, AT("d"), 0755) == 0);
    CHECK(write_text("d/a", "a") == 1);
    CHECK(write_text("b", "b") == 1);
    CHECK(SYS(symlink, AT("/b"), AT("d/up")) == 0);
    CHECK(SYS(symlink, AT("/a"), AT("d/in")) == 0);
    CHECK(SYS(open, AT("d"), O_RDONLY) == 0);
    uint64_t how[3] = {O_RDONLY, 0, 0x08}; // RESOLVE_BENEATH
    CHECK(SYS(openat2, 0, AT("a"), AT(how), sizeof how) == 1);
    CHECK(SYS(openat2, 0, AT("../b"), AT(how), sizeof how) == -EXDEV);
    CHECK(SYS(openat2, 0, AT("/b"), AT(how), sizeof how) == -EXDEV);
    CHECK(SYS(openat2, 0, AT("up"), AT(how), sizeof how) == -EXDEV);
    how[2] = 0x10; // RESOLVE_IN_ROOT
    CHECK(SYS(openat2, 0, AT("/a"), AT(how), sizeof how) == 2);
    CHECK(SYS(openat2, 0, AT("in"), AT(how), sizeof how) == 3);
    CHECK(SYS(openat2, 0, AT("../../a"), AT(how), sizeof how) == 4);
    CHECK(SYS(openat2, 0, AT("up"), AT(how), sizeof how) == -ENOENT);
    how[2] = 0x04; // RESOLVE_NO_SYMLINKS
    CHECK(SYS(openat2, 0, AT("in"), AT(how), sizeof how) == -ELOOP);
    how[2] = 0x80;
    CHECK(SYS(openat2, 0, AT("a"), AT(how), sizeof how) == -EINVAL);
    how[2] = 0;
    how[1] = 0600;
    CHECK(SYS(openat2, 0, AT("a"), AT(how), sizeof how) == -EINVAL);
    CHECK(SYS(openat2, 0, AT("a"), AT(how), 8) == -EINVAL);
    uint64_t longer[4] = {O_RDONLY, 0, 0, 0};
    CHECK(SYS(openat2, 0, AT("a"), AT(longer), sizeof longer) == 5);
    longer[3] = 1;
    CHECK(SYS(openat2, 0, AT("a"), AT(longer), sizeof longer) == -E2BIG);
}
