// SPDX-License-Identifier: MIT
// Paths, names and what stat tells, in files in RAM.
#include "../../../tests/linux/single/paths.h"

#include "../file/entry.h"
#include "../file/linux.h"
#include "../file/ram.h"
#include "../file/refusal.h"

#include <sys/xattr.h>

TEST("permissions are checked for owner, group and others")
{
    world();
    CHECK(write_text("/a", "x") == 1);
    CHECK(SYS(chmod, AT("/a"), 0640) == 0);
    CHECK(SYS(chown, AT("/a"), 1000, 50) == 0);
    become(1000);
    CHECK(SYS(open, AT("/a"), O_RDWR) == 0);
    become(2000);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == -EACCES);
    caller()->credentials.group_count = 1;
    caller()->credentials.groups[0] = 50;
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 1);
    CHECK(SYS(open, AT("/a"), O_RDWR) == -EACCES);
    CHECK(SYS(access, AT("/a"), 4) == 0);
    CHECK(SYS(access, AT("/a"), 2) == -EACCES);
    CHECK(SYS(access, AT("/a"), 9) == -EINVAL);
    CHECK(make("/b") == -EACCES);
    CHECK(make("/tmp/b") == 0);
    CHECK(SYS(chmod, AT("/a"), 0777) == -EPERM);
    CHECK(SYS(chown, AT("/a"), 2000, 50) == -EPERM);
}

TEST("access asks for the real user, faccessat2 for the effective one if told so")
{
    world();
    CHECK(write_text("/a", "x") == 1);
    CHECK(SYS(chmod, AT("/a"), 0600) == 0);
    caller()->credentials.user = 1000;
    CHECK(SYS(access, AT("/a"), 4) == -EACCES);
    CHECK(SYS(faccessat2, (uint64_t)AT_FDCWD, AT("/a"), 4, AT_EACCESS) == 0);
    CHECK(SYS(faccessat2, (uint64_t)AT_FDCWD, AT("/a"), 4, 1) == -EINVAL);
    CHECK(SYS(access, AT("/no"), 0) == -ENOENT);
}

TEST("utimensat sets times, now, or leaves them")
{
    world();
    CHECK(make("/a") == 0);
    struct timespec times[2] = {{1'000'000, 5}, {2'000'000, 7}};
    const uint64_t cwd = (uint64_t)AT_FDCWD;
    CHECK(SYS(utimensat, cwd, AT("/a"), AT(times), 0) == 0);
    CHECK(stat_of("/a") == 0 && told.st_atim.tv_sec == 1'000'000 && told.st_atim.tv_nsec == 5);
    CHECK(told.st_mtim.tv_sec == 2'000'000 && told.st_mtim.tv_nsec == 7);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CHECK(SYS(utimensat, cwd, AT("/a"), AT(times), 0) == 0);
    CHECK(stat_of("/a") == 0 && told.st_atim.tv_sec == 1'000'000);
    CHECK(told.st_mtim.tv_sec == (int64_t)(fake_now / 1'000'000'000));
    times[0].tv_nsec = 1'000'000'000;
    CHECK(SYS(utimensat, cwd, AT("/a"), AT(times), 0) == -EINVAL);
    CHECK(SYS(utimensat, cwd, AT("/a"), 0, 0) == 0);
    CHECK(SYS(utimensat, cwd, 0, 0, 0) == -EFAULT);
    CHECK(SYS(open, AT("/a"), O_RDONLY) == 0);
    CHECK(SYS(utimensat, 0, 0, 0, 0) == 0);
}

TEST("others than the owner may only say now, and only where they may write")
{
    world();
    CHECK(make("/a") == 0);
    struct timespec times[2] = {{1, 0}, {1, 0}};
    become(1000);
    CHECK(SYS(utimensat, (uint64_t)AT_FDCWD, AT("/a"), AT(times), 0) == -EPERM);
    CHECK(SYS(utimensat, (uint64_t)AT_FDCWD, AT("/a"), 0, 0) == -EACCES);
    caller()->credentials.file_user = 0;
    CHECK(SYS(chmod, AT("/a"), 0666) == 0);
    caller()->credentials.file_user = 1000;
    CHECK(SYS(utimensat, (uint64_t)AT_FDCWD, AT("/a"), 0, 0) == 0);
}

TEST("statx tells the same as stat, and when it was born")
{
    world();
    CHECK(write_text("/a", "hello") == 5);
    struct linux_statx more = {};
    CHECK(SYS(statx, (uint64_t)AT_FDCWD, AT("/a"), 0, 0xFFF, AT(&more)) == 0);
    CHECK(more.size == 5 && more.mode == (S_IFREG | 0644) && more.links == 1);
    CHECK((more.mask & STATX_BORN) != 0 && more.born.seconds > 0);
    CHECK(SYS(statx, (uint64_t)AT_FDCWD, AT("/a"), 0x6000, 0xFFF, AT(&more)) == -EINVAL);
    CHECK(SYS(statx, (uint64_t)AT_FDCWD, AT("/a"), 0, 0x8000'0000, AT(&more)) == -EINVAL);
    CHECK(SYS(statx, (uint64_t)AT_FDCWD, AT(""), 0, 0xFFF, AT(&more)) == -ENOENT);
    CHECK(SYS(statx, (uint64_t)AT_FDCWD, 0, AT_EMPTY_PATH, 0xFFF, AT(&more)) == -EFAULT);
}

TEST("ten thousand names in one folder")
{
    world();
    CHECK(SYS(mkdir, AT("/d"), 0755) == 0);
    char path[24];
    for (int i = 0; i < 10'000; i++) {
        (void)snprintf(path, sizeof path, "/d/n%d", i);
        CHECK(make(path) == 0);
    }
    CHECK(stat_of("/d/n9999") == 0 && stat_of("/d/n10000") == -ENOENT);
    for (int i = 0; i < 10'000; i++) {
        (void)snprintf(path, sizeof path, "/d/n%d", i);
        CHECK(SYS(unlink, AT(path)) == 0);
    }
    CHECK(SYS(rmdir, AT("/d")) == 0);
}

TEST("where nothing may be seen, a name is refused whether it is there or not, and noted")
{
    world();
    path_top()->node->covers = true;
    CHECK(stat_of("/secret") == -EACCES);
    CHECK(stat_of("/secret") == -EACCES);
    CHECK(stat_of("/secret/deeper") == -EACCES);
    CHECK(SYS(open, AT("/other"), O_RDONLY) == -EACCES);
    const struct refusal *refusal = refusal_at(0);
    REQUIRE(refusal != nullptr);
    CHECK(strcmp(refusal->path, "/secret") == 0 && refusal->count == 2);
    CHECK(refusal_at(1) != nullptr && strcmp(refusal_at(1)->path, "/secret/deeper") == 0);
    CHECK(refusal_at(2) != nullptr && strcmp(refusal_at(2)->path, "/other") == 0);
    CHECK(refusal_at(3) == nullptr);
    CHECK(stat_of("/tmp/no") == -ENOENT);
    CHECK(stat_of("/etc/ld.so.preload") == -ENOENT);
    CHECK(refusal_at(3) != nullptr && refusal_at(3)->kind == REFUSAL_OPTIONAL);
}

// What was noted last.
static bool noted(const char *path, enum refusal_kind kind)
{
    const struct refusal *last = nullptr;
    for (unsigned i = 0; refusal_at(i) != nullptr; i++) {
        last = refusal_at(i);
    }
    return last != nullptr && last->kind == kind && strcmp(last->path, path) == 0;
}

TEST("of a refused path all is noted that was asked for, cleaned, and as far as it goes down")
{
    world();
    path_top()->node->covers = true;
    CHECK(stat_of("/a//b/./c/") == -EACCES && noted("/a/b/c", REFUSAL_READ));
    CHECK(stat_of("/a/b/../c") == -EACCES && noted("/a", REFUSAL_READ));
    CHECK(stat_of("/d/..") == -EACCES && noted("/d", REFUSAL_READ));
    CHECK(SYS(chdir, AT("/tmp")) == 0);
    CHECK(stat_of("../e") == -EACCES && noted("/e", REFUSAL_READ));
}

TEST("where nothing was given, nothing can be made, and what was tried is noted as a change")
{
    world();
    CHECK(make("/old") == 0);
    path_top()->node->covers = true;
    CHECK(make("/new") == -EACCES && noted("/new", REFUSAL_CHANGE));
    CHECK(SYS(mkdir, AT("/folder"), 0755) == -EACCES && noted("/folder", REFUSAL_CHANGE));
    CHECK(SYS(symlink, AT("x"), AT("/link")) == -EACCES && noted("/link", REFUSAL_CHANGE));
    CHECK(SYS(unlink, AT("/old")) == -EACCES && noted("/old", REFUSAL_CHANGE));
    CHECK(SYS(rename, AT("/old"), AT("/older")) == -EACCES);
    CHECK(SYS(link, AT("/old"), AT("/second")) == -EACCES && noted("/second", REFUSAL_CHANGE));
    CHECK(make("/deep/er/file") == -EACCES && noted("/deep/er/file", REFUSAL_CHANGE));
    CHECK(SYS(unlink, AT("/deep/er")) == -EACCES && noted("/deep/er", REFUSAL_CHANGE));
    CHECK(stat_of("/old") == 0);
}

TEST("extended attributes are kept in RAM, and whatever runs out of memory, the old value is left; "
     "mount is refused")
{
    world();
    char value[8];
    CHECK(SYS(setxattr, AT("/tmp"), AT("user.a"), AT("old"), 3, 0) == 0);
    for (int64_t fails = 0; fails < 2; fails++) {
        store_fails_after = fails;
        CHECK(SYS(setxattr, AT("/tmp"), AT("user.a"), AT("new"), 3, 0) ==
              (fails == 0 ? -ENOMEM : -ENOSPC));
        CHECK(SYS(setxattr, AT("/tmp"), AT("user.b"), AT("new"), 3, 0) < 0);
    }
    store_fails_after = 0;
    CHECK(SYS(getxattr, AT("/tmp"), AT("user.a"), AT(value), 8) == -ENOMEM);
    CHECK(SYS(listxattr, AT("/tmp"), AT(value), 8) == -ENOMEM);
    store_fails_after = -1;
    CHECK(SYS(getxattr, AT("/tmp"), AT("user.a"), AT(value), 8) == 3 &&
          memcmp(value, "old", 3) == 0);
    CHECK(SYS(listxattr, AT("/tmp"), 0, 0) == 7);
    CHECK(SYS(setxattr, AT("/tmp"), AT("security.a"), AT("x"), 1, 0) == -EOPNOTSUPP);
    CHECK(SYS(getxattr, AT("/tmp"), AT("trusted.a"), 0, 0) == -EOPNOTSUPP);
    CHECK(SYS(removexattr, AT("/tmp"), AT("system.a")) == -EOPNOTSUPP);
    CHECK(SYS(mount, 0, 0, 0, 0, 0) == -EPERM);
}

TEST("values of attributes in RAM have at most 64 KiB, as have all their names")
{
    world();
    static char value[65'537];
    CHECK(SYS(setxattr, AT("/tmp"), AT("user.a"), AT(value), 65'537, 0) == -E2BIG);
    CHECK(SYS(setxattr, AT("/tmp"), AT("user.a"), AT(value), 65'536, 0) == 0);
    CHECK(SYS(getxattr, AT("/tmp"), AT("user.a"), AT(value), 65'537) == 65'536);
    CHECK(SYS(removexattr, AT("/tmp"), AT("user.a")) == 0);
    char name[256];
    unsigned count = 0;
    int64_t error = 0;
    while (error == 0 && count < 1'000) {
        (void)snprintf(name, sizeof name, "user.%0250u", count);
        error = SYS(setxattr, AT("/tmp"), AT(name), 0, 0, 0);
        count += error == 0 ? 1 : 0;
    }
    CHECK(error == -ENOSPC && count == 256);
    CHECK(SYS(listxattr, AT("/tmp"), AT(value), 65'537) == 65'536);
}

TEST("a mount is entered and left by its name, and its name stays")
{
    world();
    struct walked walked;
    CHECK(SYS(mkdir, AT("/m"), 0755) == 0);
    CHECK(path_walk(AT_FDCWD, "/m", 0, &walked) == 0);
    struct node *root = ram_system("more", 9, 0755);
    CHECK(path_mount(walked.entry, root) == 0);
    entry_drop(walked.entry);
    CHECK(stat_of("/m") == 0 && told.st_dev != 2);
    CHECK(make("/m/a") == 0);
    CHECK(SYS(chdir, AT("/m")) == 0);
    CHECK(strcmp(current(), "/m") == 0);
    CHECK(stat_of("../tmp") == 0);
    CHECK(SYS(link, AT("/m/a"), AT("/a")) == -EXDEV);
    CHECK(SYS(rename, AT("/m/a"), AT("/a")) == -EXDEV);
    CHECK(SYS(rmdir, AT("/m")) == -EBUSY);
    CHECK(SYS(rename, AT("/m"), AT("/n")) == -EBUSY);
    uint64_t how[3] = {O_RDONLY, 0, 0x01}; // RESOLVE_NO_XDEV
    CHECK(SYS(openat2, (uint64_t)AT_FDCWD, AT("/m/a"), AT(how), sizeof how) == -EXDEV);
    CHECK(SYS(chdir, AT("/")) == 0);
    CHECK(SYS(unlink, AT("/m/a")) == 0);
    struct node *kept = root;
    node_keep(kept);
    // Taken down by hand, since sandboxes never do.
    process_end(caller());
    struct node *top = path_top()->node;
    node_keep(top);
    path_unmount_all();
    ram_system_drop(kept);
    CHECK(path_mount(nullptr, top) == 0);
    struct caller *again = process_make(100);
    process_enter(again);
    world_replace(again);
}

TEST("whatever runs out of memory while names change, nothing is lost")
{
    world();
    const uint64_t cwd = (uint64_t)AT_FDCWD;
    CHECK(write_text("/a", "one") == 3);
    CHECK(write_text("/tmp/bbbbbbbbbbbbbbbb", "two") == 3);
    for (int64_t fails = 0; fails < 12; fails++) {
        store_fails_after = fails;
        (void)SYS(mkdir, AT("/d"), 0755);
        (void)SYS(symlink, AT("x"), AT("/l"));
        (void)SYS(link, AT("/a"), AT("/h"));
        (void)SYS(renameat2, cwd, AT("/a"), cwd, AT("/tmp/bbbbbbbbbbbbbbbb"), 2);
        (void)SYS(rename, AT("/h"), AT("/another name, much longer than before"));
        store_fails_after = -1;
        (void)SYS(unlink, AT("/another name, much longer than before"));
        (void)SYS(unlink, AT("/h"));
        (void)SYS(unlink, AT("/l"));
        (void)SYS(rmdir, AT("/d"));
        CHECK(strlen(read_text("/a")) == 3 && strlen(read_text("/tmp/bbbbbbbbbbbbbbbb")) == 3);
    }
}
