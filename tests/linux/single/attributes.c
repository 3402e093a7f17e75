// SPDX-License-Identifier: MIT
// Extended attributes, of the namespace `user`. Where the machine's own file system has none, there is nothing to compare.
#include <calls.h>

static char value[64];

static int64_t set(const char *path, const char *name, const char *text)
{
    return SYS(setxattr, AT(path), AT(name), AT(text), strlen(text), 0);
}

static int64_t get(const char *path, const char *name)
{
    memset(value, 0, sizeof value);
    return SYS(getxattr, AT(path), AT(name), AT(value), sizeof value - 1);
}

static bool is(const char *path, const char *name, const char *text)
{
    return get(path, name) == (int64_t)strlen(text) && strcmp(value, text) == 0;
}

// A file, and whether it can have attributes.
static bool begin(void)
{
    fresh();
    CHECK(write_text("file", "x") == 1);
    return set("file", "user.first", "one") != -EOPNOTSUPP;
}

TEST("an attribute is set, read, set anew, listed and removed")
{
    if (!begin()) {
        return;
    }
    CHECK(is("file", "user.first", "one"));
    CHECK(set("file", "user.first", "another") == 0 && is("file", "user.first", "another"));
    CHECK(SYS(listxattr, AT("file"), AT(value), sizeof value) == 11);
    CHECK(memcmp(value, "user.first", 11) == 0);
    CHECK(set("file", "user.b", "") == 0 && get("file", "user.b") == 0);
    CHECK(SYS(listxattr, AT("file"), AT(value), sizeof value) == 18);
    CHECK(SYS(removexattr, AT("file"), AT("user.first")) == 0);
    CHECK(get("file", "user.first") == -ENODATA);
    CHECK(SYS(removexattr, AT("file"), AT("user.first")) == -ENODATA);
    CHECK(SYS(listxattr, AT("file"), AT(value), sizeof value) == 7);
}

TEST("attributes are the file's, by whatever name and descriptor, and a folder has its own")
{
    if (!begin()) {
        return;
    }
    CHECK(SYS(link, AT("file"), AT("second")) == 0 && SYS(rename, AT("file"), AT("third")) == 0);
    CHECK(is("second", "user.first", "one"));
    CHECK(SYS(open, AT("third"), O_RDONLY) == 0);
    CHECK(SYS(fsetxattr, 0, AT("user.fd"), AT("two"), 3, 0) == 0 && is("third", "user.fd", "two"));
    CHECK(SYS(fgetxattr, 0, AT("user.first"), AT(value), 3) == 3 && memcmp(value, "one", 3) == 0);
    CHECK(SYS(flistxattr, 0, 0, 0) == 11 + 8);
    CHECK(SYS(fremovexattr, 0, AT("user.fd")) == 0 && SYS(flistxattr, 0, 0, 0) == 11);
    CHECK(SYS(unlink, AT("second")) == 0 && SYS(unlink, AT("third")) == 0);
    CHECK(SYS(fgetxattr, 0, AT("user.first"), 0, 0) == 3);
    CHECK(SYS(mkdir, AT("folder"), 0755) == 0);
    CHECK(get("folder", "user.first") == -ENODATA && set("folder", "user.x", "y") == 0);
    CHECK(is("folder/.", "user.x", "y"));
}

TEST("a size of 0 asks how large it is, and one that is too small is ERANGE")
{
    if (!begin()) {
        return;
    }
    CHECK(SYS(getxattr, AT("file"), AT("user.first"), NOWHERE, 0) == 3);
    CHECK(SYS(getxattr, AT("file"), AT("user.first"), AT(value), 2) == -ERANGE);
    CHECK(SYS(getxattr, AT("file"), AT("user.first"), NOWHERE, 3) == -EFAULT);
    CHECK(SYS(listxattr, AT("file"), NOWHERE, 0) == 11);
    CHECK(SYS(listxattr, AT("file"), AT(value), 10) == -ERANGE);
    CHECK(SYS(listxattr, AT("file"), NOWHERE, 11) == -EFAULT);
    CHECK(SYS(removexattr, AT("file"), AT("user.first")) == 0);
    CHECK(SYS(listxattr, AT("file"), NOWHERE, 11) == 0);
}

TEST("flags say whether an attribute may be there")
{
    if (!begin()) {
        return;
    }
    CHECK(SYS(setxattr, AT("file"), AT("user.first"), AT("2"), 1, 1) == -EEXIST);
    CHECK(SYS(setxattr, AT("file"), AT("user.other"), AT("2"), 1, 2) == -ENODATA);
    CHECK(SYS(setxattr, AT("file"), AT("user.other"), AT("2"), 1, 1) == 0);
    CHECK(SYS(setxattr, AT("file"), AT("user.first"), AT("2"), 1, 2) == 0);
    CHECK(SYS(setxattr, AT("file"), AT("user.first"), AT("2"), 1, 4) == -EINVAL);
    CHECK(is("file", "user.first", "2") && is("file", "user.other", "2"));
}

TEST("names have up to 255 bytes and a namespace, and values up to 64 KiB")
{
    if (!begin()) {
        return;
    }
    char name[257] = "user.";
    memset(name + 5, 'n', 251);
    CHECK(set("file", name, "x") == -ERANGE && get("file", name) == -ERANGE);
    CHECK(SYS(removexattr, AT("file"), AT(name)) == -ERANGE);
    name[255] = '\0';
    CHECK(set("file", name, "x") == 0 && is("file", name, "x"));
    CHECK(set("file", "", "x") == -ERANGE && get("file", "") == -ERANGE);
    CHECK(set("file", "user.", "x") == -EINVAL && get("file", "user.") == -EINVAL);
    CHECK(set("file", "plain", "x") == -EOPNOTSUPP && get("file", "plain") == -EOPNOTSUPP);
    CHECK(SYS(setxattr, AT("file"), AT("user.x"), AT(value), 65537, 0) == -E2BIG);
    CHECK(SYS(setxattr, AT("file"), AT("user.x"), NOWHERE, 1, 0) == -EFAULT);
    CHECK(SYS(setxattr, AT("file"), NOWHERE, AT(value), 1, 0) == -EFAULT);
    CHECK(get("absent", "user.x") == -ENOENT && set("absent", "user.x", "x") == -ENOENT);
    CHECK(SYS(fgetxattr, 9, AT("user.x"), 0, 0) == -EBADF);
}

TEST("links, pipes and places have no attributes of this kind")
{
    if (!begin()) {
        return;
    }
    CHECK(SYS(symlink, AT("file"), AT("link")) == 0 && is("link", "user.first", "one"));
    CHECK(SYS(lgetxattr, AT("link"), AT("user.first"), 0, 0) == -ENODATA);
    CHECK(SYS(lsetxattr, AT("link"), AT("user.x"), AT("x"), 1, 0) == -EPERM);
    CHECK(SYS(lremovexattr, AT("link"), AT("user.x")) == -EPERM);
    CHECK(SYS(llistxattr, AT("link"), 0, 0) == 0);
    CHECK(SYS(lgetxattr, AT("file"), AT("user.first"), 0, 0) == 3);
    CHECK(SYS(mknod, AT("pipe"), S_IFIFO | 0600, 0) == 0);
    CHECK(get("pipe", "user.x") == -ENODATA && set("pipe", "user.x", "x") == -EPERM);
    CHECK(SYS(open, AT("file"), O_PATH) == 0);
    CHECK(SYS(fgetxattr, 0, AT("user.first"), 0, 0) == -EBADF);
    CHECK(SYS(fsetxattr, 0, AT("user.x"), AT("x"), 1, 0) == -EBADF);
}

TEST("attributes are read by who may read the file, and changed by who may write it")
{
    if (!begin() || !is_root()) {
        return;
    }
    CHECK(SYS(mkdir, AT("sticky"), 01777) == 0 && SYS(chmod, AT("sticky"), 01777) == 0);
    CHECK(write_text("secret", "x") == 1 && SYS(chmod, AT("secret"), 0600) == 0);
    become(1000);
    CHECK(is("file", "user.first", "one") && set("file", "user.first", "two") == -EACCES);
    CHECK(SYS(removexattr, AT("file"), AT("user.first")) == -EACCES);
    CHECK(get("secret", "user.x") == -EACCES && SYS(listxattr, AT("secret"), 0, 0) == 0);
    CHECK(set("sticky", "user.x", "x") == -EPERM);
    become(0);
}

TEST("a change of an attribute is a change of the file, not of its contents")
{
    if (!begin()) {
        return;
    }
    struct stat before, after;
    CHECK(SYS(stat, AT("file"), AT(&before)) == 0);
    pause_ms(20);
    CHECK(set("file", "user.first", "two") == 0);
    CHECK(SYS(stat, AT("file"), AT(&after)) == 0);
    CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
          after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    CHECK(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
          after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
}
