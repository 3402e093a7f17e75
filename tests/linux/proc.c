// SPDX-License-Identifier: MIT
// /proc, /dev and /sys, as programs read them.
#include "calls.h"

static struct stat told;

static int64_t stat_of(const char *path)
{
    return SYS(stat, AT(path), AT(&told));
}

static const char *link_of(const char *path)
{
    static char target[256];
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    return target;
}

// The value of a line "NAME: VALUE" in a text.
static long value_of(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL ? strtol(line + strlen(name), NULL, 10) : -1;
}

TEST("/proc/self is the process that asks")
{
    char path[64], number[16];
    (void)snprintf(number, sizeof number, "%d", getpid());
    CHECK(strcmp(link_of("/proc/self"), number) == 0);
    (void)snprintf(path, sizeof path, "/proc/%d/stat", getpid());
    CHECK(stat_of(path) == 0 && S_ISREG(told.st_mode));
    CHECK(stat_of("/proc/0") == -ENOENT);
    CHECK(stat_of("/proc/999999999") == -ENOENT);
}

TEST("stat tells number, parent, group and session")
{
    int number = 0, parent = 0, group = 0, session = 0;
    char state = 0;
    const char *text = read_text("/proc/self/stat");
    const char *behind = strrchr(text, ')');
    CHECK(behind != NULL);
    CHECK(sscanf(text, "%d", &number) == 1 && number == getpid());
    CHECK(sscanf(behind, ") %c %d %d %d", &state, &parent, &group, &session) == 4);
    CHECK(state == 'R' && parent == getppid() && group == getpgrp() && session == getsid(0));
}

TEST("status has what stat has, by name")
{
    const char *text = read_text("/proc/self/status");
    CHECK(value_of(text, "\nPid:\t") == getpid());
    CHECK(value_of(text, "\nPPid:\t") == getppid());
    CHECK(value_of(text, "\nTgid:\t") == getpid());
    CHECK(value_of(text, "\nThreads:\t") == 1);
    CHECK(value_of(text, "\nUid:\t") == (long)getuid());
    CHECK(value_of(text, "\nVmSize:\t") > 0);
    CHECK(value_of(text, "\nVmRSS:\t") > 0);
}

TEST("cmdline and environ are the program's own")
{
    int file = open("/proc/self/cmdline", O_RDONLY);
    char text[256];
    ssize_t size = read(file, text, sizeof text);
    CHECK(size > 1 && text[size - 1] == '\0' && strlen(text) > 0);
    file = open("/proc/self/environ", O_RDONLY);
    CHECK(file >= 0 && read(file, text, sizeof text) >= 0);
}

TEST("exe and cwd are links to the places")
{
    fresh();
    CHECK(link_of("/proc/self/exe")[0] == '/');
    char path[PATH_MAX];
    CHECK(getcwd(path, sizeof path) != NULL && strcmp(link_of("/proc/self/cwd"), path) == 0);
    CHECK(strcmp(link_of("/proc/self/root"), "/") == 0);
    CHECK(mkdir("d", 0755) == 0 && stat_of("/proc/self/cwd/d") == 0);
}

TEST("fd lists what is open, as links")
{
    fresh();
    char path[PATH_MAX + 8];
    int32_t ends[2];
    CHECK(write_text("a", "inside") == 6);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(getcwd(path, PATH_MAX) != NULL);
    strcat(path, "/a");
    CHECK(strcmp(link_of("/proc/self/fd/0"), path) == 0);
    CHECK(unlink("a") == 0);
    strcat(path, " (deleted)");
    CHECK(strcmp(link_of("/proc/self/fd/0"), path) == 0);
    CHECK(SYS(pipe, AT(ends)) == 0);
    CHECK(strncmp(link_of("/proc/self/fd/1"), "pipe:[", 6) == 0);
    CHECK(SYS(eventfd2, 0, 0) == 3);
    CHECK(strcmp(link_of("/proc/self/fd/3"), "anon_inode:[eventfd]") == 0);
    CHECK(SYS(socket, AF_UNIX, SOCK_STREAM, 0) == 4);
    CHECK(strncmp(link_of("/proc/self/fd/4"), "socket:[", 8) == 0);
    CHECK(SYS(memfd_create, AT("name"), 0) == 5);
    CHECK(strcmp(link_of("/proc/self/fd/5"), "/memfd:name (deleted)") == 0);
    CHECK(stat_of("/proc/self/fd/99") == -ENOENT);
}

TEST("opening a link of fd opens the file again, even one without a name")
{
    fresh();
    char byte = 0;
    CHECK(write_text("a", "inside") == 6);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(read, 0, AT(&byte), 1) == 1);
    CHECK(unlink("a") == 0);
    CHECK(SYS(open, AT("/proc/self/fd/0"), O_RDONLY) == 1);
    CHECK(SYS(read, 1, AT(&byte), 1) == 1 && byte == 'i');
    CHECK(SYS(open, AT("/dev/fd/0"), O_RDONLY) == 2);
}

TEST("fdinfo tells offset and flags")
{
    fresh();
    CHECK(write_text("a", "inside") == 6);
    CHECK(SYS(open, AT("a"), O_RDONLY | O_CLOEXEC) == 0);
    CHECK(SYS(lseek, 0, 3, SEEK_SET) == 3);
    const char *text = read_text("/proc/self/fdinfo/0");
    CHECK(value_of(text, "pos:\t") == 3);
    const char *flags = strstr(text, "flags:\t");
    CHECK(flags != NULL && (strtol(flags + 7, NULL, 8) & O_CLOEXEC) != 0);
}

TEST("maps shows the program, its heap and its stack")
{
    const char *text = read_text("/proc/self/maps");
    unsigned long start = 0, end = 0, here = 0;
    char rights[8];
    CHECK(sscanf(text, "%lx-%lx %4s", &start, &end, rights) == 3 && start < end);
    CHECK(strstr(text, "[stack]\n") != NULL);
    CHECK(strstr(text, "[vdso]\n") != NULL);
    bool found = false;
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) == 3) {
            here = (unsigned long)(uintptr_t)&told;
            found = found || (start <= here && here < end && strcmp(rights, "rw-p") == 0);
        }
    }
    CHECK(found);
}

TEST("comm is the name of the thread, and can be set")
{
    int file = open("/proc/self/comm", O_WRONLY);
    CHECK(file >= 0 && write(file, "other", 5) == 5);
    CHECK(strcmp(read_text("/proc/self/comm"), "other\n") == 0);
}

TEST("limits are those of the process")
{
    set_limit(RLIMIT_NOFILE, 123);
    const char *line = strstr(read_text("/proc/self/limits"), "Max open files");
    CHECK(line != NULL && value_of(line, "Max open files ") == 123);
}

static void wait_for_end(void)
{
    pause();
}

TEST("a child is seen while it lives, as a zombie, and not after that")
{
    char path[64];
    pid_t child = child_of(wait_for_end);
    (void)snprintf(path, sizeof path, "/proc/%d/stat", child);
    pause_ms(50);
    CHECK(strstr(read_text(path), ") S ") != NULL);
    CHECK(kill(child, SIGKILL) == 0);
    pause_ms(50);
    CHECK(strstr(read_text(path), ") Z ") != NULL);
    CHECK(end_of(child) == 1000 + SIGKILL);
    CHECK(stat_of(path) == -ENOENT);
}

TEST("texts about the whole system have the form that programs read")
{
    CHECK(value_of(read_text("/proc/meminfo"), "MemTotal:") > 0);
    CHECK(value_of(read_text("/proc/meminfo"), "MemFree:") > 0);
    CHECK(strncmp(read_text("/proc/stat"), "cpu  ", 5) == 0);
    CHECK(value_of(read_text("/proc/stat"), "btime ") > 0);
    CHECK(strstr(read_text("/proc/cpuinfo"), "processor\t: 0\n") != NULL);
    double up = 0;
    CHECK(sscanf(read_text("/proc/uptime"), "%lf", &up) == 1 && up >= 0);
    double load = 0;
    CHECK(sscanf(read_text("/proc/loadavg"), "%lf", &load) == 1);
    CHECK(strncmp(read_text("/proc/version"), "Linux version ", 14) == 0);
    CHECK(strstr(read_text("/proc/mounts"), " / ") != NULL);
    CHECK(strstr(read_text("/proc/self/mountinfo"), " / ") != NULL);
    CHECK(strstr(read_text("/proc/filesystems"), "proc\n") != NULL);
    CHECK(atol(read_text("/proc/sys/kernel/pid_max")) > 0);
    CHECK(strlen(read_text("/proc/sys/kernel/random/uuid")) == 37);
    CHECK(strcmp(read_text("/proc/sys/kernel/ostype"), "Linux\n") == 0);
    CHECK(read_text("/sys/devices/system/cpu/online")[0] == '0');
}

TEST("/proc can be listed, and its files can't be made or removed")
{
    int file = open("/proc", O_RDONLY | O_DIRECTORY);
    _Alignas(8) char buffer[1024];
    char number[16];
    bool found = false, found_self = false;
    int64_t got = 0;
    (void)snprintf(number, sizeof number, "%d", getpid());
    while ((got = SYS(getdents64, (uint64_t)file, AT(buffer), sizeof buffer)) > 0) {
        for (int64_t at = 0; at < got;) {
            struct folder_entry *entry = (struct folder_entry *)(buffer + at);
            found = found || strcmp(entry->name, number) == 0;
            found_self = found_self || strcmp(entry->name, "self") == 0;
            at += entry->length;
        }
    }
    CHECK(found && found_self);
    CHECK(SYS(mkdir, AT("/proc/x"), 0755) < 0);
    CHECK(SYS(unlink, AT("/proc/stat")) < 0);
}

TEST("a text read byte by byte is the text read at once")
{
    char whole[4096];
    strcpy(whole, read_text("/proc/self/limits"));
    int file = open("/proc/self/limits", O_RDONLY);
    for (size_t i = 0; i < strlen(whole); i++) {
        char byte;
        CHECK(read(file, &byte, 1) == 1 && byte == whole[i]);
    }
}

// --- Devices

TEST("/dev/null, zero, full and urandom")
{
    fresh();
    char text[600];
    CHECK(SYS(open, AT("/dev/null"), O_RDWR) == 0);
    CHECK(SYS(write, 0, AT("xyz"), 3) == 3 && SYS(read, 0, AT(text), 4) == 0);
    CHECK(SYS(open, AT("/dev/zero"), O_RDWR) == 1);
    memset(text, 'x', sizeof text);
    CHECK(SYS(read, 1, AT(text), 600) == 600 && text[0] == 0 && text[599] == 0);
    CHECK(SYS(write, 1, AT(text), 5) == 5);
    CHECK(SYS(open, AT("/dev/full"), O_RDWR) == 2);
    CHECK(SYS(write, 2, AT(text), 1) == -ENOSPC);
    CHECK(SYS(open, AT("/dev/urandom"), O_RDONLY) == 3);
    char more[32] = {};
    CHECK(SYS(read, 3, AT(text), 32) == 32 && SYS(read, 3, AT(more), 32) == 32);
    CHECK(memcmp(text, more, 32) != 0);
    CHECK(stat_of("/dev/null") == 0 && S_ISCHR(told.st_mode) && told.st_rdev == 0x103);
    CHECK(SYS(ioctl, 0, TCGETS, AT(text)) == -ENOTTY);
}

TEST("/dev/zero can be mapped")
{
    int file = open("/dev/zero", O_RDWR);
    char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(memory != MAP_FAILED && memory[0] == 0 && memory[8191] == 0);
    memory[4096] = 1;
    CHECK(memory[4096] == 1 && memory[0] == 0);
}

TEST("/dev/stdin leads to descriptor 0")
{
    fresh();
    char text[8] = {};
    CHECK(write_text("a", "inside") == 6);
    CHECK(SYS(open, AT("a"), O_RDONLY) == 0);
    CHECK(SYS(open, AT("/dev/stdin"), O_RDONLY) == 1);
    CHECK(SYS(read, 1, AT(text), 8) == 6 && strcmp(text, "inside") == 0);
}
