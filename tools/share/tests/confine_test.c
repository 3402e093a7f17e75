// SPDX-License-Identifier: MIT
// A process that has confined itself, and what it still can do. Each attempt is one of a child, which
// tells by its exit status: 0 for success, else the error.
#include "../confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "test.h"

static char top[64];
static struct place places[2]; // read and write, and to be read only

static void clean(void)
{
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf %s", top);
    if (top[0] != '\0' && system(command) != 0) {
        top[0] = '\0';
    }
}

// The folders mine and seen, each with a file; and a secret beside them.
static bool begin(void)
{
    static bool made;
    if (made) {
        return true;
    }
    strcpy(top, "/tmp/kozo-confine-XXXXXX");
    char command[512];
    bool good = mkdtemp(top) != nullptr && atexit(clean) == 0;
    (void)snprintf(command, sizeof command,
                   "cd %s && mkdir mine seen && echo a > mine/file && echo b > seen/file && "
                   "mkdir mine/deep && echo c > secret",
                   top);
    good = good && system(command) == 0;
    char path[96];
    (void)snprintf(path, sizeof path, "%s/mine", top);
    good = good && place_open(&places[0], "mine", path, true) == 0;
    (void)snprintf(path, sizeof path, "%s/seen", top);
    made = good && place_open(&places[1], "seen", path, false) == 0;
    return made;
}

// Lets a confined child do one thing; gives its error, 0 for success, -1 when it died.
static int attempt(int (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (!confine(places, 2)) {
            _exit(255);
        }
        _exit(act());
    }
    int status = 0;
    bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    return ended ? WEXITSTATUS(status) : -1;
}

static int result_of(long result)
{
    return result < 0 ? (int)-result : 0;
}

static int result_of_call(long result)
{
    return result < 0 ? errno : 0;
}

static int read_both(void)
{
    int one = place_open_file(&places[0], "file", O_RDONLY);
    int two = place_open_file(&places[1], "file", O_RDONLY);
    char byte;
    if (one < 0 || two < 0) {
        return result_of(one < 0 ? one : two);
    }
    return read(one, &byte, 1) == 1 && byte == 'a' && read(two, &byte, 1) == 1 && byte == 'b' ? 0
                                                                                              : 1;
}

static int change_mine(void)
{
    int file = place_create(&places[0], "deep", "new", O_RDWR, 0600);
    struct place_change change = {
        .mode = true,
        .new_mode = 0640,
        .size = true,
        .new_size = 3,
        .times = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}},
    };
    if (file < 0 || write(file, "words", 5) != 5 || fsync(file) != 0) {
        return file < 0 ? -file : errno;
    }
    int error = place_change(&places[0], "deep/new", &change);
    error = error != 0 ? error : place_rename(&places[0], "deep", "new", "", "moved");
    error = error != 0 ? error : place_add_name(&places[0], "moved", "deep", "second");
    error = error != 0 ? error : place_make_folder(&places[0], "", "folder", 0700);
    error = error != 0 ? error : place_make_link(&places[0], "", "link", "anywhere");
    error = error != 0 ? error : place_remove(&places[0], "", "link", false);
    error = error != 0 ? error : place_remove(&places[0], "", "folder", true);
    return result_of(error);
}

TEST("a confined process reads the granted places, and changes what it may")
{
    REQUIRE(begin());
    CHECK(attempt(read_both) == 0);
    CHECK(attempt(change_mine) == 0);
}

static int mark_mine(void)
{
    int file = place_open_file(&places[0], "file", O_RDONLY);
    int error = place_set_attribute(file, "user.x", (const uint8_t *)"x", 1, 0);
    uint8_t byte = 0;
    char names[16];
    if (error == -EOPNOTSUPP) {
        return 0; // this file system has none
    }
    bool read = place_attribute(file, "user.x", &byte, 1) == 1 && byte == 'x' &&
                place_attributes(file, names, sizeof names) == 7;
    return result_of(error != 0 ? error : place_remove_attribute(file, "user.x")) + (read ? 0 : 1);
}

static int mark_secret(void)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/secret", top);
    return result_of_call(setxattr(path, "user.x", "x", 1, 0));
}

TEST("it changes extended attributes of what it has opened, and none by a path")
{
    REQUIRE(begin());
    CHECK(attempt(mark_mine) == 0 && attempt(mark_secret) == EPERM);
}

static int open_secret(void)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/secret", top);
    return result_of_call(open(path, O_RDONLY));
}

static int open_accounts(void)
{
    return result_of_call(openat(AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static int climb_out(void)
{
    return result_of_call(openat(places[0].root, "../secret", O_RDONLY));
}

static int change_seen(void)
{
    return result_of_call(openat(places[1].root, "file", O_WRONLY));
}

static int make_in_seen(void)
{
    return result_of_call(mkdirat(places[1].root, "new", 0700));
}

TEST("it opens nothing beside them, and changes nothing that is only to be read")
{
    REQUIRE(begin());
    if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) < 1) {
        return; // this Linux has no Landlock
    }
    CHECK(attempt(open_secret) == EACCES && attempt(open_accounts) == EACCES);
    CHECK(attempt(climb_out) == EACCES);
    CHECK(attempt(change_seen) == EACCES && attempt(make_in_seen) == EACCES);
}

static int make_socket(void)
{
    return result_of_call(socket(AF_INET, SOCK_STREAM, 0));
}

static int make_process(void)
{
    return result_of_call(syscall(SYS_clone, 17, 0, 0, 0, 0));
}

static int become_another(void)
{
    return result_of_call(execl("/bin/true", "true", nullptr));
}

static int send_signal(void)
{
    return result_of_call(syscall(SYS_kill, getppid(), 0));
}

TEST("it makes no connection and no process, and reaches no other one")
{
    REQUIRE(begin());
    CHECK(attempt(make_socket) == EPERM && attempt(make_process) == EPERM);
    CHECK(attempt(become_another) == EPERM && attempt(send_signal) == EPERM);
}
