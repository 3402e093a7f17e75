// SPDX-License-Identifier: MIT
// The tree that a sandbox begins with: devices, /proc, /sys, standard input and output, and places of the host.
#include "fake.h"
#include "fake_channel.h"
#include "fake_files.h"

#include "../file/begin.h"
#include "../file/files.h"
#include "../file/linux.h"
#include "../file/open.h"
#include "../file/opened.h"
#include "../file/proc.h"
#include "../file/refusal.h"
#include "../memory/backing.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

extern struct caller *other_process;

static struct stat told;

static int64_t open_at(const char *path, uint64_t flags)
{
    return SYS(open, AT(path), flags, 0644);
}

static int64_t stat_of(const char *path)
{
    return SYS(stat, AT(path), AT(&told));
}

// Whether a path was noted as refused, as one that programs do without or as another.
static bool noted(const char *path, bool optional)
{
    for (unsigned i = 0; refusal_at(i) != nullptr; i++) {
        if (strcmp(refusal_at(i)->path, path) == 0) {
            return (refusal_at(i)->kind == REFUSAL_OPTIONAL) == optional;
        }
    }
    return false;
}

// How many entries a folder has.
static int count_entries(const char *path)
{
    int64_t file = open_at(path, O_RDONLY | O_DIRECTORY);
    alignas(8) char buffer[512];
    int count = 0;
    int64_t got = 0;
    while ((got = SYS(getdents64, (uint64_t)file, AT(buffer), sizeof buffer)) > 0) {
        for (int64_t at = 0; at < got; count++) {
            at += ((struct linux_entry *)(buffer + at))->length;
        }
    }
    CHECK(got == 0);
    CHECK(SYS(close, (uint64_t)file) == 0);
    return count;
}

TEST("/dev/null swallows all and gives nothing")
{
    tree_world();
    char text[4];
    CHECK(open_at("/dev/null", O_RDWR) == 0);
    CHECK(SYS(write, 0, AT("xyz"), 3) == 3);
    CHECK(SYS(read, 0, AT(text), 4) == 0);
    CHECK(SYS(lseek, 0, 100, SEEK_SET) == 0);
    CHECK(stat_of("/dev/null") == 0 && S_ISCHR(told.st_mode) && told.st_rdev == 0x103);
    CHECK(SYS(ioctl, 0, 0x5401, AT(text)) == -ENOTTY);
}

TEST("/dev/zero gives zeros, /dev/full is full, /dev/urandom gives different bytes")
{
    tree_world();
    char text[600];
    memset(text, 'x', sizeof text);
    CHECK(open_at("/dev/zero", O_RDWR) == 0);
    CHECK(SYS(read, 0, AT(text), 600) == 600 && text[0] == 0 && text[599] == 0);
    CHECK(open_at("/dev/full", O_RDWR) == 1);
    CHECK(SYS(write, 1, AT(text), 1) == -ENOSPC);
    CHECK(open_at("/dev/urandom", O_RDONLY) == 2);
    CHECK(SYS(read, 2, AT(text), 600) == 600 && (text[0] != text[1] || text[1] != text[2]));
    struct file *file = descriptor_file(0);
    struct page_run run;
    CHECK(file_pages(file, 0, true, &run) == 0);
    page_drop(run.page);
    file_drop(file);
}

TEST("the private places of a sandbox are there and take files")
{
    tree_world();
    CHECK(write_text("/tmp/a", "x") == 1);
    CHECK(write_text("/var/tmp/a", "x") == 1);
    CHECK(write_text("/dev/shm/a", "x") == 1);
    CHECK(write_text("/run/a", "x") == 1);
    CHECK(strcmp(read_text("/var/run/a"), "x") == 0);
    CHECK(stat_of("/tmp") == 0 && (told.st_mode & 07777) == 01777);
    CHECK(stat_of("/srv") == -EACCES);
    CHECK(stat_of("/var/lib") == -EACCES);
    CHECK(stat_of("/tmp/no") == -ENOENT);
    CHECK(tree_home("/srv/me") == 0);
    CHECK(stat_of("/srv/me/.profile") == -ENOENT);
    CHECK(stat_of("/srv/me/.ssh") == -ENOENT);
    CHECK(write_text("/srv/me/own", "x") == -EACCES);
    CHECK(noted("/srv/me/.profile", true) && noted("/srv/me/.ssh", false));
    CHECK(noted("/srv/me/own", false));
    CHECK(tree_home("/tmp") == 0 && stat_of("/tmp/absent") == -ENOENT);
    CHECK(!noted("/tmp/absent", false) && (stat_of("/tmp") == 0 && told.st_uid == 0));
    CHECK(stat_of("/srv/you") == -EACCES);
}

TEST("/dev/fd leads to what is open")
{
    tree_world();
    char text[4] = {};
    CHECK(write_text("/tmp/a", "abc") == 3);
    CHECK(open_at("/tmp/a", O_RDONLY) == 0);
    CHECK(open_at("/dev/stdin", O_RDONLY) == 1);
    CHECK(SYS(read, 1, AT(text), 3) == 3 && strcmp(text, "abc") == 0);
    CHECK(open_at("/dev/fd/1", O_RDONLY) == 2);
    CHECK(open_at("/dev/fd/9", O_RDONLY) == -ENOENT);
}

TEST("a pipe is opened again through /proc/self/fd")
{
    tree_world();
    int32_t ends[2];
    char text[64] = {};
    CHECK(SYS(pipe, AT(ends)) == 0);
    int64_t length = SYS(readlink, AT("/proc/self/fd/0"), AT(text), sizeof text);
    CHECK(length > 6 && strncmp(text, "pipe:[", 6) == 0);
    CHECK(stat_of("/proc/self/fd/0") == 0 && S_ISFIFO(told.st_mode));
    CHECK(open_at("/dev/fd/1", O_WRONLY) == 2);
    CHECK(SYS(write, 2, AT("x"), 1) == 1);
    CHECK(SYS(close, 2) == 0 && SYS(close, 1) == 0);
    CHECK(SYS(read, 0, AT(text), 4) == 1);
    CHECK(SYS(read, 0, AT(text), 4) == 0);
}

TEST("/proc shows the processes that there are")
{
    tree_world();
    other_process = process_make(200);
    CHECK(stat_of("/proc/100") == 0 && S_ISDIR(told.st_mode));
    CHECK(stat_of("/proc/200/status") == 0);
    CHECK(stat_of("/proc/300") == -ENOENT);
    CHECK(stat_of("/proc/0100") == -ENOENT);
    CHECK(stat_of("/proc/self/stat") == 0 && told.st_size == 0);
    CHECK(count_entries("/proc/200/task") == 4);
    CHECK(stat_of("/proc/200/task/201/comm") == 0);
    CHECK(stat_of("/proc/200/task/202") == -ENOENT);
    int with = count_entries("/proc");
    CHECK(open_at("/proc/200/stat", O_RDONLY) == 0);
    process_end(other_process);
    other_process = nullptr;
    CHECK(count_entries("/proc") == with - 1);
    char text[8];
    CHECK(SYS(read, 0, AT(text), 8) == -ESRCH);
}

TEST("texts of /proc have the form that programs read")
{
    tree_world();
    CHECK(strncmp(read_text("/proc/self/stat"), "100 (fake) S 1 100 100 ", 23) == 0);
    CHECK(strstr(read_text("/proc/self/status"), "Pid:\t100\n") != nullptr);
    CHECK(memcmp(read_text("/proc/self/cmdline"), "fake\0-x\0", 8) == 0);
    CHECK(strlen(read_text("/proc/self/environ")) == 2000);
    CHECK(strcmp(read_text("/proc/self/comm"), "fake\n") == 0);
    CHECK(strncmp(read_text("/proc/self/maps"), "00001000-00002000 rw-p 00000000 00:00 0 \n", 41) ==
          0);
    CHECK(strstr(read_text("/proc/self/maps"), " [heap]\n") != nullptr);
    CHECK(strstr(read_text("/proc/self/limits"),
                 "Max open files            1024                 4096") != nullptr);
    CHECK(strstr(read_text("/proc/mounts"), "tmpfs /tmp tmpfs rw,relatime 0 0\n") != nullptr);
    CHECK(strstr(read_text("/proc/self/mountinfo"), " / /proc rw,relatime - proc proc rw\n") !=
          nullptr);
    CHECK(strncmp(read_text("/proc/kozo"), "slots ", 6) == 0);
    CHECK(strncmp(read_text("/proc/meminfo"), "MemTotal:         262144 kB\n", 28) == 0);
    CHECK(strstr(read_text("/proc/cpuinfo"), "processor\t: 1\n") != nullptr);
    CHECK(strncmp(read_text("/proc/stat"), "cpu  0 0 0 0", 12) == 0);
    CHECK(strcmp(read_text("/proc/loadavg"), "0.00 0.00 0.00 1/3 200\n") == 0);
    CHECK(strcmp(read_text("/proc/sys/kernel/hostname"), "here\n") == 0);
    CHECK(strlen(read_text("/proc/sys/kernel/random/uuid")) == 37);
    CHECK(strcmp(read_text("/sys/devices/system/cpu/online"), "0-1\n") == 0);
}

TEST("a text is read in pieces that fit together")
{
    tree_world();
    char text[32] = {};
    CHECK(open_at("/proc/self/stat", O_RDONLY) == 0);
    for (size_t i = 0; i < 10; i++) {
        CHECK(SYS(read, 0, AT(text + i), 1) == 1);
    }
    CHECK(strcmp(text, "100 (fake)") == 0);
    CHECK(SYS(pread64, 0, AT(text), 3, 0) == 3);
    CHECK(SYS(lseek, 0, 0, SEEK_SET) == 0);
}

TEST("what may be written in /proc, and what not")
{
    tree_world();
    CHECK(open_at("/proc/self/comm", O_WRONLY) == 0);
    CHECK(SYS(write, 0, AT("name"), 4) == 4);
    CHECK(open_at("/proc/self/oom_score_adj", O_WRONLY | O_TRUNC) == 1);
    CHECK(SYS(write, 1, AT("-500\n"), 5) == 5);
    CHECK(SYS(write, 1, AT("many"), 4) == -EINVAL);
    CHECK(SYS(write, 1, AT("-2000"), 5) == -EINVAL);
    CHECK(open_at("/proc/nothing", O_CREAT | O_WRONLY) == -EPERM);
    CHECK(SYS(unlink, AT("/proc/stat")) == -EPERM);
    CHECK(SYS(mkdir, AT("/proc/x"), 0755) == -EPERM);
}

TEST("links of a process lead to its places")
{
    tree_world();
    char text[64] = {};
    CHECK(SYS(mkdir, AT("/tmp/d"), 0755) == 0);
    CHECK(SYS(chdir, AT("/tmp/d")) == 0);
    CHECK(SYS(readlink, AT("/proc/self/cwd"), AT(text), sizeof text) == 6);
    CHECK(memcmp(text, "/tmp/d", 6) == 0);
    CHECK(stat_of("/proc/self/root"
                  "/tmp") == 0);
    CHECK(SYS(readlink, AT("/proc/self"), AT(text), sizeof text) == 3);
    CHECK(write_text("/tmp/program", "x") == 1);
    CHECK(open_at("/tmp/program", O_RDONLY) == 0);
    CHECK(SYS(readlink, AT("/proc/self/exe"), AT(text), sizeof text) == 12);
    CHECK(SYS(chdir, AT("/proc/self/fd")) == 0);
    CHECK(SYS(getcwd, AT(text), sizeof text) == 13);
    CHECK(strcmp(text, "/proc/100/fd") == 0);
    CHECK(SYS(unlink, AT("/tmp/program")) == 0);
    CHECK(SYS(readlink, AT("/proc/self/exe"), AT(text), sizeof text) == 22);
    CHECK(memcmp(text, "/tmp/program (deleted)", 22) == 0);
}

TEST("/proc/self/fd lists what is open, and fdinfo tells about it")
{
    tree_world();
    CHECK(open_at("/dev/null", O_RDWR | O_CLOEXEC) == 0);
    CHECK(SYS(dup2, 0, 9) == 9);
    CHECK(count_entries("/proc/self/fd") == 5);
    CHECK(strstr(read_text("/proc/self/fdinfo/0"), "flags:\t02") != nullptr);
    CHECK(strncmp(read_text("/proc/self/fdinfo/9"), "pos:\t0\n", 7) == 0);
}

// Standard input and output.

TEST("standard input reads what the host sends, and ends")
{
    tree_world();
    fake_channels[STDIN].there = true;
    fake_channels[STDOUT].there = true;
    CHECK(descriptors_begin("", 0, 0) == 0);
    struct fake_channel *in = &fake_channels[STDIN];
    memcpy(in->in, "hello\0world", 11);
    in->in_last = 11;
    char text[16] = {};
    CHECK(SYS(read, 0, AT(text), 5) == 5 && strcmp(text, "hello") == 0);
    int32_t unread = 0;
    CHECK(SYS(ioctl, 0, FIONREAD, AT(&unread)) == 0 && unread == 6);
    CHECK(SYS(read, 0, AT(text), 16) == 6 && text[0] == '\0');
    CHECK(SYS(read, 0, AT(text), 16) == RESTART_CALL);
    CHECK(SYS(fcntl, 0, F_SETFL, O_NONBLOCK) == 0);
    CHECK(SYS(read, 0, AT(text), 16) == -EAGAIN);
    in->ended = true;
    fake_channel_changed(STDIN);
    CHECK(SYS(read, 0, AT(text), 16) == 0);
    struct pollfd look = {0, POLLIN, 0};
    CHECK(SYS(poll, AT(&look), 1, 0) == 1 && look.revents == POLLHUP);
    CHECK(SYS(write, 0, AT(text), 1) == -EBADF);
    struct stat kind;
    CHECK(SYS(fstat, 0, AT(&kind)) == 0 && S_ISFIFO(kind.st_mode));
}

TEST("standard output goes to the host until the host closes it")
{
    tree_world();
    fake_channels[STDOUT].there = true;
    CHECK(descriptors_begin("", 0, 0) == 0);
    CHECK(SYS(write, 1, AT("hello"), 5) == 5);
    CHECK(fake_channels[STDOUT].out_size == 5 &&
          memcmp(fake_channels[STDOUT].out, "hello", 5) == 0);
    CHECK(SYS(write, 2, AT("lost"), 4) == 4);
    fake_channels[STDOUT].full = true;
    CHECK(SYS(write, 1, AT("hello"), 5) == RESTART_CALL);
    CHECK(SYS(fcntl, 1, F_SETFL, O_NONBLOCK) == 0);
    CHECK(SYS(write, 1, AT("hello"), 5) == -EAGAIN);
    fake_channels[STDOUT].broken = true;
    CHECK(SYS(write, 1, AT("hello"), 5) == -EPIPE);
    CHECK(last_signal == SIGPIPE);
}

// Places of the host.

static void host_file(const char *path, const char *text)
{
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s/%s", fake_folder, path);
    FILE *file = fopen(whole, "w");
    if (file == nullptr) {
        abort();
    }
    (void)fputs(text, file);
    (void)fclose(file);
}

static void host_folder(const char *path)
{
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s/%s", fake_folder, path);
    CHECK(mkdir(whole, 0755) == 0);
}

static void host_world(const char *how)
{
    char value[64];
    tree_world();
    host_folder("host");
    host_folder("host/share");
    host_file("host/share/a", "from the host");
    host_folder("host/share/d");
    host_file("host/share/d/b", "deeper");
    (void)snprintf(value, sizeof value, "%s\tshare\t%s", strcmp(how, "ro") == 0 ? "/usr" : "/work",
                   how);
    CHECK(tree_mount(value) == 0);
}

TEST("files of the host are read where they are mounted")
{
    host_world("ro");
    CHECK(strcmp(read_text("/usr/a"), "from the host") == 0);
    CHECK(strcmp(read_text("/usr/d/b"), "deeper") == 0);
    CHECK(strcmp(read_text("/usr/d/../a"), "from the host") == 0);
    CHECK(stat_of("/usr/a") == 0 && S_ISREG(told.st_mode) && told.st_size == 13);
    CHECK(stat_of("/usr/no") == -ENOENT);
    CHECK(count_entries("/usr") == 4);
    CHECK(open_at("/usr/a", O_WRONLY) == -EROFS);
    CHECK(open_at("/usr/new", O_CREAT | O_WRONLY) == -EROFS);
    CHECK(SYS(unlink, AT("/usr/a")) == -EROFS);
    CHECK(SYS(chmod, AT("/usr/a"), 0600) == -EROFS);
    CHECK(SYS(access, AT("/usr/a"), 2) == -EROFS);
    static const char *const changed[] = {"/usr/a", "/usr/new"};
    static const uint32_t times[] = {3, 1}; // asking alone changes nothing
    for (unsigned i = 0; i < 2; i++) {
        const struct refusal *refusal = refusal_at(i);
        REQUIRE(refusal != nullptr && refusal->kind == REFUSAL_CHANGE);
        CHECK(strcmp(refusal->path, changed[i]) == 0 && refusal->count == times[i]);
    }
    CHECK(refusal_at(2) == nullptr);
}

// Gives the host's file an attribute of so many bytes. False: the file system of the tests has none, or none so large.
static bool host_attribute(const char *path, size_t size)
{
    static char bytes[65'536];
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s/%s", fake_folder, path);
    memset(bytes, 'v', size);
    return setxattr(whole, "user.x", bytes, size, 0) == 0;
}

TEST("attributes of the host's files are read, and refused like other changes where they may only "
     "be "
     "read")
{
    char value[8];
    host_world("ro");
    if (!host_attribute("host/share/a", 5)) {
        return;
    }
    CHECK(SYS(getxattr, AT("/usr/a"), AT("user.x"), AT(value), 8) == 5);
    CHECK(memcmp(value, "vvvvv", 5) == 0);
    CHECK(SYS(listxattr, AT("/usr/a"), AT(value), 8) == 7 && strcmp(value, "user.x") == 0);
    CHECK(SYS(getxattr, AT("/usr/d"), AT("user.x"), AT(value), 8) == -ENODATA);
    CHECK(SYS(setxattr, AT("/usr/a"), AT("user.x"), AT("x"), 1, 0) == -EROFS);
    CHECK(SYS(removexattr, AT("/usr/a"), AT("user.x")) == -EROFS);
    const struct refusal *refusal = refusal_at(0);
    REQUIRE(refusal != nullptr && refusal->kind == REFUSAL_CHANGE && refusal->count == 2);
    CHECK(strcmp(refusal->path, "/usr/a") == 0);
    files_refuse = true;
    CHECK(SYS(getxattr, AT("/usr/a"), AT("user.x"), AT(value), 8) == -EACCES);
    files_refuse = false;
    files_are_gone = true;
    CHECK(SYS(listxattr, AT("/usr/a"), AT(value), 8) == -EIO);
}

TEST("attributes of the host's files are changed where these may be, up to a size")
{
    static char large[7'937];
    host_world("rw");
    if (!host_attribute("host/share/a", 5)) {
        return;
    }
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.x"), AT("new"), 3, 1) == -EEXIST);
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.x"), AT("new"), 3, 3) == -EEXIST);
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.y"), AT("new"), 3, 3) == -ENODATA);
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.y"), AT("new"), 3, 2) == -ENODATA);
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.x"), AT("new"), 3, 2) == 0);
    CHECK(SYS(getxattr, AT("/work/a"), AT("user.x"), AT(large), sizeof large) == 3);
    CHECK(SYS(setxattr, AT("/work/a"), AT("user.x"), AT(large), sizeof large, 0) == -ENOSPC);
    CHECK(SYS(removexattr, AT("/work/a"), AT("user.x")) == 0);
    CHECK(SYS(removexattr, AT("/work/a"), AT("user.x")) == -ENODATA);
    CHECK(SYS(listxattr, AT("/work/a"), 0, 0) == 0);
    if (host_attribute("host/share/d/b", 7'937)) {
        CHECK(SYS(getxattr, AT("/work/d/b"), AT("user.x"), AT(large), sizeof large) == -E2BIG);
    }
}

TEST("what is opened of the host is noted once for the report, if that is wanted, and nothing else "
     "is")
{
    host_world("ro");
    CHECK(open_at("/usr/a", O_RDONLY) >= 0 && opened_at(0).path == nullptr);
    opened_begin();
    CHECK(open_at("/usr/a", O_RDONLY) >= 0 && open_at("/usr/a", O_RDONLY) >= 0);
    CHECK(open_at("/usr/no", O_RDONLY) == -ENOENT && open_at("/usr/a", O_WRONLY) == -EROFS);
    CHECK(open_at("/usr/d", O_RDONLY | O_DIRECTORY) >= 0 && open_at("/usr/a", O_PATH) >= 0);
    CHECK(open_at("/tmp/own", O_CREAT | O_RDWR) >= 0);
    CHECK(strcmp(opened_at(0).path, "/usr/a") == 0 && opened_at(0).how == OPENED_READ);
    CHECK(strcmp(opened_at(1).path, "/usr/d") == 0 && opened_at(1).how == OPENED_READ);
    CHECK(opened_at(2).path == nullptr && opened_not_noted() == 0);
}

TEST("what does not change is asked for once")
{
    host_world("ro");
    CHECK(stat_of("/usr/d/b") == 0);
    CHECK(stat_of("/usr/no") == -ENOENT);
    unsigned before = files_asked;
    CHECK(stat_of("/usr/d/b") == 0);
    CHECK(stat_of("/usr/no") == -ENOENT);
    CHECK(files_asked == before);
}

TEST("what others may change is asked for each time")
{
    host_world("rw");
    CHECK(stat_of("/work/new") == -ENOENT);
    host_file("host/share/new", "x");
    CHECK(stat_of("/work/new") == 0);
    host_file("host/share/a", "changed");
    CHECK(strcmp(read_text("/work/a"), "changed") == 0);
    CHECK(stat_of("/work/a") == 0 && told.st_size == 7);
}

TEST("all changes of names reach the host")
{
    host_world("rw");
    char text[16] = {};
    CHECK(write_text("/work/new", "hello") == 5);
    CHECK(strcmp(read_text("/work/new"), "hello") == 0);
    CHECK(SYS(mkdir, AT("/work/folder"), 0755) == 0);
    CHECK(SYS(rename, AT("/work/new"), AT("/work/folder/moved")) == 0);
    CHECK(strcmp(read_text("/work/folder/moved"), "hello") == 0);
    CHECK(SYS(link, AT("/work/folder/moved"), AT("/work/second")) == 0);
    CHECK(stat_of("/work/second") == 0 && told.st_nlink == 2);
    CHECK(SYS(symlink, AT("second"), AT("/work/link")) == 0);
    CHECK(strcmp(read_text("/work/link"), "hello") == 0);
    CHECK(SYS(readlink, AT("/work/link"), AT(text), 16) == 6 && strcmp(text, "second") == 0);
    CHECK(SYS(rmdir, AT("/work/folder")) == -ENOTEMPTY);
    CHECK(SYS(unlink, AT("/work/folder/moved")) == 0);
    CHECK(SYS(rmdir, AT("/work/folder")) == 0);
    CHECK(SYS(mkdir, AT("/work/d"), 0755) == -EEXIST);
    CHECK(open_at("/work/a", O_CREAT | O_EXCL | O_WRONLY) == -EEXIST);
    CHECK(SYS(mknod, AT("/work/fifo"), S_IFIFO | 0600) == -EPERM);
    CHECK(SYS(link, AT("/work/a"), AT("/tmp/a")) == -EXDEV);
    CHECK(SYS(chown, AT("/work/a"), 0, 0) == 0);
    CHECK(SYS(chmod, AT("/work/a"), 0600) == 0);
    CHECK(stat_of("/work/a") == 0 && (told.st_mode & 0777) == 0600);
}

TEST("reading and writing of more than goes through at once")
{
    host_world("rw");
    static char block[50'000], again[50'000];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (char)(i * 7);
    }
    CHECK(open_at("/work/big", O_CREAT | O_RDWR) == 0);
    CHECK(SYS(write, 0, AT(block), sizeof block) == sizeof block);
    CHECK(SYS(pread64, 0, AT(again), sizeof again, 0) == sizeof again);
    CHECK(memcmp(block, again, sizeof block) == 0);
    CHECK(SYS(ftruncate, 0, 10) == 0);
    CHECK(SYS(pread64, 0, AT(again), sizeof again, 0) == 10);
    CHECK(SYS(fsync, 0) == 0);
    CHECK(open_at("/work/big", O_WRONLY | O_APPEND) == 1);
    CHECK(SYS(write, 1, AT("end"), 3) == 3);
    CHECK(SYS(lseek, 1, 0, SEEK_CUR) == 13);
    CHECK(SYS(write, 0, NOWHERE, 3) == -EFAULT);
}

TEST("folders of the host are listed in pieces, and again from the start")
{
    host_world("rw");
    char path[32];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof path, "host/share/d/name-%d", i);
        host_file(path, "");
    }
    CHECK(count_entries("/work/d") == 303);
}

TEST("the file server may let everything wait")
{
    host_world("rw");
    files_wait = true;
    CHECK(strcmp(read_text("/work/d/b"), "deeper") == 0);
    CHECK(write_text("/work/w", "slow") == 4);
    CHECK(count_entries("/work") == 5);
    files_wait = false;
}

TEST("what the file server refuses is EACCES, and noted")
{
    host_world("rw");
    files_refuse = true;
    CHECK(stat_of("/work/a") == -EACCES);
    CHECK(stat_of("/work/nothing") == -EACCES);
    files_refuse = false;
    CHECK(open_at("/work/a", O_RDWR) == 0);
    files_refuse = true;
    CHECK(SYS(fchown, 0, 0, 0) == 0);
    CHECK(SYS(fchown, 0, 5, 5) == -EPERM);
    files_refuse = false;
    CHECK(refusal_at(0) != nullptr && strcmp(refusal_at(0)->path, "/work/a") == 0);
}

TEST("a file server that is gone is an error of the device")
{
    host_world("rw");
    CHECK(open_at("/work/a", O_RDONLY) == 0);
    files_are_gone = true;
    char text[4];
    CHECK(SYS(read, 0, AT(text), 4) == -EIO);
    CHECK(stat_of("/work/a") == -EIO);
    files_are_gone = false;
    CHECK(SYS(read, 0, AT(text), 4) == 4);
}

TEST("a new life of the file server finds again what is open, mounted and worked in, by its name")
{
    host_world("rw");
    char text[8] = {};
    CHECK(open_at("/work/a", O_RDWR) == 0);
    CHECK(SYS(chdir, AT("/work/d")) == 0);
    CHECK(open_at(".", O_RDONLY | O_DIRECTORY) == 1);
    fake_files_begin_life();
    CHECK(SYS(pread64, 0, AT(text), 2, 0) == 2);
    CHECK(SYS(pwrite64, 0, AT("new"), 3, 0) == 3);
    CHECK(SYS(fsync, 0) == 0);
    CHECK(strcmp(read_text("b"), "deeper") == 0);
    CHECK(SYS(openat, 1, AT("b"), O_RDONLY) == 2);
    CHECK(write_text("/work/made", "then") == 4);
    fake_files_begin_life();
    CHECK(count_entries(".") == 3);
    CHECK(strcmp(read_text("/work/made"), "then") == 0);
    CHECK(SYS(rename, AT("/work/made"), AT("/work/moved")) == 0);
    CHECK(SYS(unlink, AT("/work/moved")) == 0);
}

TEST("what a volume has lost is found again: what is written to after one error, all else at once")
{
    host_world("rw");
    char text[8];
    CHECK(open_at("/work/a", O_RDWR) == 0);
    CHECK(SYS(chdir, AT("/work/d")) == 0);
    fake_files_forget();
    CHECK(strcmp(read_text("b"), "deeper") == 0);
    CHECK(stat_of("/work/nothing") == -ENOENT && stat_of("/work/a") == 0);
    fake_files_forget();
    CHECK(SYS(read, 0, AT(text), 4) == 4);
    fake_files_forget();
    CHECK(SYS(write, 0, AT("w"), 1) == -EIO);
    CHECK(SYS(write, 0, AT("w"), 1) == 1 && SYS(fsync, 0) == 0);
}

TEST("what can't change is found again too, and what is known of it stays")
{
    host_world("ro");
    char text[8];
    CHECK(open_at("/usr/a", O_RDONLY) == 0);
    CHECK(stat_of("/usr/d/b") == 0);
    fake_files_begin_life();
    CHECK(stat_of("/usr/d/b") == 0);
    CHECK(SYS(read, 0, AT(text), 4) == 4);
    CHECK(strcmp(read_text("/usr/d/b"), "deeper") == 0);
    CHECK(count_entries("/usr") == 4);
}

TEST("what has another name by then, or none, is lost with the life of the file server")
{
    host_world("rw");
    char text[8];
    char path[96], away[96];
    CHECK(open_at("/work/a", O_RDONLY) == 0);
    CHECK(open_at("/work/d/b", O_RDONLY) == 1);
    (void)snprintf(path, sizeof path, "%s/host/share/a", fake_folder);
    (void)snprintf(away, sizeof away, "%s/host/share/away", fake_folder);
    CHECK(rename(path, away) == 0);
    host_file("host/share/a", "another");
    fake_files_begin_life();
    CHECK(SYS(read, 0, AT(text), 1) == -EIO);
    CHECK(SYS(read, 1, AT(text), 1) == 1);
    CHECK(strcmp(read_text("/work/a"), "another") == 0);
    CHECK(stat_of("/work/away") == 0);
    // Found by its new name, it is the same again.
    CHECK(SYS(read, 0, AT(text), 1) == 1);
}

TEST("while the file server is down a file is an error of the device, and is not told to be absent")
{
    host_world("rw");
    CHECK(open_at("/work/a", O_RDONLY) == 0);
    fake_files_begin_life();
    files_are_gone = true;
    char text[4];
    CHECK(SYS(read, 0, AT(text), 4) == -EIO);
    CHECK(stat_of("/work/a") == -EIO);
    files_are_gone = false;
    CHECK(SYS(read, 0, AT(text), 1) == 1);
    CHECK(stat_of("/work/nothing") == -ENOENT);
}

TEST("when the file server has no more numbers, those of cached names are given back")
{
    host_world("ro");
    files_most = 8;
    char path[32];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof path, "host/share/d/n%d", i);
        host_file(path, "x");
        (void)snprintf(path, sizeof path, "/usr/d/n%d", i);
        CHECK(stat_of(path) == 0);
    }
}

TEST("two names of one file of the host are one file")
{
    host_world("rw");
    CHECK(SYS(link, AT("/work/a"), AT("/work/c")) == 0);
    CHECK(open_at("/work/a", O_RDWR) == 0);
    CHECK(open_at("/work/c", O_RDWR) == 1);
    struct flock lock = {.l_type = F_WRLCK};
    CHECK(SYS(fcntl, 0, F_OFD_SETLK, AT(&lock)) == 0);
    CHECK(SYS(fcntl, 1, F_OFD_SETLK, AT(&lock)) == -EAGAIN);
}

TEST("mappings of a file of the host show pages of the sandbox")
{
    host_world("ro");
    CHECK(open_at("/usr/a", O_RDONLY) == 0);
    struct file *file = descriptor_file(0);
    struct page_run run = {};
    CHECK(file_pages(file, 0, false, &run) == 0);
    CHECK(run.start == 0 && run.size == PAGE_BYTES && !run.writable);
    const char *bytes = page_bytes(run.page);
    CHECK(memcmp(bytes, "from the host\0", 14) == 0 && bytes[4095] == 0);
    page_drop(run.page);
    CHECK(file_pages(file, 4096, false, &run) == -ENXIO);
    CHECK(file_pages(file, 0, true, &run) == -EACCES);
    file_drop(file);
}

TEST("a mapping of a large file shows the pages around, and reads need no more requests")
{
    host_world("ro");
    static char block[200'000];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (char)('a' + i / 4096 % 26);
    }
    block[sizeof block - 1] = '\0';
    host_file("host/share/big", block);
    CHECK(open_at("/usr/big", O_RDONLY) == 0);
    struct file *file = descriptor_file(0);
    struct page_run run = {};
    CHECK(file_pages(file, 70'000, false, &run) == 0);
    CHECK(run.start == 65'536 && run.size == 65'536);
    for (uint32_t i = 0; i < 16; i++) {
        CHECK(*(char *)page_bytes(run.page + i) == 'a' + (16 + (int)i) % 26);
        page_drop(run.page + i);
    }
    CHECK(file_pages(file, 196'608, false, &run) == 0 && run.size == 4096);
    page_drop(run.page);
    unsigned before = files_asked;
    char text[8];
    CHECK(SYS(pread64, 0, AT(text), 8, 65'536 + 4092) == 8);
    CHECK(memcmp(text, "qqqqrrrr", 8) == 0);
    CHECK(files_asked == before);
    file_drop(file);
}

TEST("what the sandbox writes to a file of the host shows in its mapping")
{
    host_world("rw");
    CHECK(open_at("/work/a", O_RDWR) == 0);
    struct file *file = descriptor_file(0);
    struct page_run run = {};
    CHECK(file_pages(file, 0, false, &run) == 0);
    const char *bytes = page_bytes(run.page);
    CHECK(SYS(pwrite64, 0, AT("WRIT"), 4, 0) == 4);
    CHECK(memcmp(bytes, "WRIT the host", 13) == 0);
    page_drop(run.page);
    file_drop(file);
}

TEST("without memory for chunks a mapping fails, and old chunks make room")
{
    host_world("ro");
    CHECK(open_at("/usr/a", O_RDONLY) == 0);
    CHECK(open_at("/usr/d/b", O_RDONLY) == 1);
    struct file *file = descriptor_file(0);
    struct file *other = descriptor_file(1);
    struct page_run run = {};
    int64_t left = pages_left;
    pages_left = 16;
    CHECK(file_pages(file, 0, false, &run) == 0);
    page_drop(run.page);
    CHECK(file_pages(other, 0, false, &run) == 0);
    CHECK(file_pages(file, 0, false, &run) == -ENOMEM);
    page_drop(run.page);
    CHECK(file_pages(file, 0, false, &run) == 0);
    page_drop(run.page);
    pages_left += left - 16;
    file_drop(file);
    file_drop(other);
}

static int64_t opened;

static void open_new(void *unused)
{
    (void)unused;
    opened = open_at("/work/new", O_RDWR | O_CREAT);
}

TEST("two that make one file by open at the same time both have it")
{
    host_world("rw");
    struct caller *second = process_make(200);
    files_wait = true;
    opened = -1;
    strand_start(second, open_new, nullptr);
    CHECK(strands_left() == 1);
    CHECK(open_at("/work/new", O_RDWR | O_CREAT) == 0);
    files_wait = false;
    CHECK(SYS(poll, 0, 0, 1) == 0);
    strands_run();
    CHECK(opened == 0 && strands_left() == 0);
    CHECK(open_at("/work/new", O_RDWR | O_CREAT | O_EXCL) == -EEXIST);
    process_end(second);
}

TEST("single files and links can be part of the tree")
{
    host_world("ro");
    CHECK(tree_mount("/etc/passwd\tshare/a\tro") == 0);
    CHECK(strcmp(read_text("/etc/passwd"), "from the host") == 0);
    CHECK(stat_of("/etc/shadow") == -EACCES);
    CHECK(tree_link("/bin\tusr/d") == 0);
    CHECK(strcmp(read_text("/bin/b"), "deeper") == 0);
    CHECK(tree_mount("/x\tno such\tro") == -ENOENT);
    CHECK(tree_mount("/x") == -EINVAL);
    CHECK(tree_mount("/x\tshare\tand more") == -EINVAL);
    CHECK(tree_mount("x\tshare\tro") == -EINVAL);
    CHECK(tree_link("/x") == -EINVAL);
}

TEST("a program is opened only if it may be executed")
{
    host_world("rw");
    struct file *file = nullptr;
    CHECK(open_program(AT_FDCWD, "/work/a", 0, &file) == -EACCES);
    CHECK(SYS(chmod, AT("/work/a"), 0755) == 0);
    CHECK(open_program(AT_FDCWD, "/work/a", 0, &file) == 0);
    char text[8];
    CHECK(file_read_own(file, text, 4, 5) == 4 && memcmp(text, "the ", 4) == 0);
    file_drop(file);
    CHECK(open_program(AT_FDCWD, "/work/d", 0, &file) == -EACCES);
    CHECK(open_program(AT_FDCWD, "/work/no", 0, &file) == -ENOENT);
}
