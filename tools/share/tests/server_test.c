// SPDX-License-Identifier: MIT
// The file server as a guest meets it. Each test has a folder of its own:
//
//     top/secret              a file beside the granted folder
//     top/place/file          "hello"
//     top/place/folder/inner  "inside"
//     top/place/up, /etc, …   links that lead out
#include "../handover.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nine.h"
#include "test.h"
#include "wire.h"

enum request : uint8_t {
    STATFS = 8,
    OPEN = 12,
    CREATE = 14,
    SYMLINK = 16,
    READLINK = 22,
    GETATTR = 24,
    SETATTR = 26,
    XATTRWALK = 30,
    XATTRCREATE = 32,
    READDIR = 40,
    FSYNC = 50,
    LOCK = 52,
    LINK = 70,
    MKDIR = 72,
    RENAME = 74,
    UNLINK = 76,
    VERSION = 100,
    ATTACH = 104,
    FLUSH = 108,
    WALK = 110,
    READ = 116,
    WRITE = 118,
    CLUNK = 120,
};

static char top[32];
static struct place places[2];
static struct server server;
static uint8_t request_bytes[SERVER_MESSAGE_MOST];
static uint8_t answer_bytes[SERVER_MESSAGE_MOST];
static struct wire_writer request;
static struct wire_reader answer;

static const char *inside(const char *path)
{
    static char text[2][8'192];
    static unsigned turn;
    turn ^= 1;
    (void)snprintf(text[turn], sizeof text[turn], "%s/%s", top, path);
    return text[turn];
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(inside(path), "w");
    if (file != nullptr) {
        (void)fputs(text, file);
        (void)fclose(file);
    }
}

static bool holds(const char *path, const char *text)
{
    char found[64] = {};
    FILE *file = fopen(inside(path), "r");
    if (file == nullptr) {
        return false;
    }
    size_t length = fread(found, 1, sizeof found - 1, file);
    (void)fclose(file);
    return length == strlen(text) && memcmp(found, text, length) == 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void test_clean(void)
{
    if (top[0] != '\0') {
        server_end(&server);
        place_close(&places[0]);
        place_close(&places[1]);
        nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        top[0] = '\0';
    }
}

// --- A client

static void ask(uint8_t type)
{
    request = (struct wire_writer){.bytes = request_bytes, .size = sizeof request_bytes};
    wire_write(&request, type, 1);
    wire_write(&request, 7, 2);
}

static void number(uint64_t value, size_t bytes)
{
    wire_write(&request, value, bytes);
}

static void text(const char *value)
{
    wire_write_text(&request, value, strlen(value));
}

// The error of the answer, 0 for success; the answer's fields are read next.
static int result(void)
{
    size_t size = server_answer(&server, request.bytes, request.used, answer_bytes);
    answer = (struct wire_reader){.at = answer_bytes, .left = size};
    size_t said = wire_read(&answer, 4);
    uint8_t type = (uint8_t)wire_read(&answer, 1);
    bool sound =
        size == said && wire_read(&answer, 2) == 7 && (type == 7 || type == request.bytes[0] + 1);
    if (!sound) {
        return -1;
    }
    return type == 7 ? (int)wire_read(&answer, 4) : 0;
}

static int attach(uint32_t fid, const char *name)
{
    ask(ATTACH);
    number(fid, 4);
    number(UINT32_MAX, 4);
    text("nobody");
    text(name);
    number(0, 4);
    return result();
}

static int walk_parts(uint32_t fid, uint32_t to, unsigned count, const char *const *parts)
{
    ask(WALK);
    number(fid, 4);
    number(to, 4);
    number(count, 2);
    for (unsigned i = 0; i < count; i++) {
        text(parts[i]);
    }
    int error = result();
    if (error == 0 && wire_read(&answer, 2) != count) {
        return -2;
    }
    return error;
}

static int walk(uint32_t fid, uint32_t to, const char *name)
{
    return walk_parts(fid, to, name == nullptr ? 0 : 1, &name);
}

static int open_file(uint32_t fid, unsigned flags)
{
    ask(OPEN);
    number(fid, 4);
    number(flags, 4);
    return result();
}

static int clunk(uint32_t fid)
{
    ask(CLUNK);
    number(fid, 4);
    return result();
}

// The data is left in `answer`; returns its length or -errno.
static long read_at(uint32_t fid, uint64_t offset, uint32_t count)
{
    ask(READ);
    number(fid, 4);
    number(offset, 8);
    number(count, 4);
    int error = result();
    return error != 0 ? -error : (long)wire_read(&answer, 4);
}

static long write_at(uint32_t fid, uint64_t offset, const char *data)
{
    ask(WRITE);
    number(fid, 4);
    number(offset, 8);
    number(strlen(data), 4);
    for (size_t i = 0; data[i] != '\0'; i++) {
        number((uint8_t)data[i], 1);
    }
    int error = result();
    return error != 0 ? -error : (long)wire_read(&answer, 4);
}

static int create(uint32_t fid, const char *name, unsigned flags, unsigned mode)
{
    ask(CREATE);
    number(fid, 4);
    text(name);
    number(flags, 4);
    number(mode, 4);
    number(0, 4);
    return result();
}

static int make_folder(uint32_t fid, const char *name)
{
    ask(MKDIR);
    number(fid, 4);
    text(name);
    number(0755, 4);
    number(0, 4);
    return result();
}

static int unlink_name(uint32_t fid, const char *name, unsigned flags)
{
    ask(UNLINK);
    number(fid, 4);
    text(name);
    number(flags, 4);
    return result();
}

static int rename_name(uint32_t from, const char *name, uint32_t to, const char *new_name)
{
    ask(RENAME);
    number(from, 4);
    text(name);
    number(to, 4);
    text(new_name);
    return result();
}

static int make_link(uint32_t fid, const char *name, const char *target)
{
    ask(SYMLINK);
    number(fid, 4);
    text(name);
    text(target);
    number(0, 4);
    return result();
}

static bool begin(void)
{
    strcpy(top, "/tmp/kozo-share-XXXXXX");
    bool made = mkdtemp(top) != nullptr && mkdir(inside("place"), 0755) == 0 &&
                mkdir(inside("place/folder"), 0755) == 0;
    put_file("secret", "secret");
    put_file("place/file", "hello");
    put_file("place/folder/inner", "inside");
    made = made && symlink("../secret", inside("place/up")) == 0 &&
           symlink("/etc", inside("place/etc")) == 0 &&
           symlink("file", inside("place/near")) == 0 && mkfifo(inside("place/pipe"), 0600) == 0;
    made = made && place_open(&places[0], "mine", inside("place"), true) == 0 &&
           place_open(&places[1], "seen", inside("place"), false) == 0;
    server_begin(&server, places, 2);
    ask(VERSION);
    number(65'536, 4);
    text("9P2000.L");
    return made && result() == 0 && attach(0, "mine") == 0 && attach(1, "seen") == 0;
}

// --- What it serves

TEST("the version and the length of messages are agreed upon")
{
    REQUIRE(begin());
    ask(VERSION);
    number(1 << 30, 4);
    text("9P2000.L");
    CHECK(result() == 0 && wire_read(&answer, 4) == SERVER_MESSAGE_MOST);
    CHECK(wire_read_text(&answer).length == strlen("9P2000.L"));
    ask(VERSION);
    number(65'536, 4);
    text("9P2000");
    CHECK(result() == 0 && wire_read(&answer, 4) == 65'536);
    CHECK(memcmp(wire_read_text(&answer).text, "unknown", 7) == 0);
    ask(VERSION);
    number(100, 4);
    text("9P2000.L");
    CHECK(result() == EINVAL);
}

TEST("a file is read from any place in it")
{
    REQUIRE(begin());
    REQUIRE(walk(1, 2, "file") == 0 && open_file(2, O_RDONLY) == 0);
    CHECK(read_at(2, 0, 100) == 5 && memcmp(answer.at, "hello", 5) == 0);
    CHECK(read_at(2, 1, 3) == 3 && memcmp(answer.at, "ell", 3) == 0);
    CHECK(read_at(2, 5, 100) == 0);
    CHECK(read_at(2, 1ULL << 40, 100) == 0);
    CHECK(clunk(2) == 0);
    CHECK(clunk(2) == EBADF);
}

TEST("a walk of several parts arrives, and one that fails says how far it came")
{
    REQUIRE(begin());
    CHECK(walk_parts(1, 2, 2, (const char *const[]){"folder", "inner"}) == 0);
    CHECK(open_file(2, O_RDONLY) == 0 && read_at(2, 0, 100) == 6);
    ask(WALK);
    number(1, 4);
    number(3, 4);
    number(2, 2);
    text("folder");
    text("nothing");
    CHECK(result() == 0 && wire_read(&answer, 2) == 1);
    CHECK(clunk(3) == EBADF);
    CHECK(walk(1, 3, "nothing") == ENOENT);
    CHECK(walk_parts(1, 3, 2, (const char *const[]){"file", "inner"}) == -2);
}

TEST("a folder is listed, whatever the length of an answer")
{
    REQUIRE(begin());
    REQUIRE(walk(1, 2, nullptr) == 0 && open_file(2, O_DIRECTORY) == 0);
    unsigned seen = 0;
    bool pipe_seen = false;
    uint64_t offset = 0;
    for (bool more = true; more;) {
        ask(READDIR);
        number(2, 4);
        number(offset, 8);
        number(60, 4);
        REQUIRE(result() == 0);
        more = wire_read(&answer, 4) != 0;
        while (answer.left != 0) {
            (void)wire_read_bytes(&answer, 13);
            offset = wire_read(&answer, 8);
            (void)wire_read(&answer, 1);
            struct wire_text name = wire_read_text(&answer);
            pipe_seen = pipe_seen || (name.length == 4 && memcmp(name.text, "pipe", 4) == 0);
            seen++;
        }
    }
    CHECK(seen == 5 && !pipe_seen);
}

TEST("what is written is in the host's file")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, nullptr) == 0 && create(2, "new", O_RDWR, 04777) == 0);
    CHECK(write_at(2, 0, "words") == 5 && write_at(2, 5, " more") == 5);
    CHECK(read_at(2, 0, 100) == 10);
    ask(FSYNC);
    number(2, 4);
    CHECK(result() == 0);
    CHECK(holds("place/new", "words more"));
    struct stat status;
    CHECK(stat(inside("place/new"), &status) == 0 && (status.st_mode & 07000) == 0);
}

TEST("attributes are told and changed")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, "file") == 0);
    ask(SETATTR);
    number(2, 4);
    number(1 | 8 | 32 | 256, 4);
    number(04600, 4);
    number(0, 8);
    number(2, 8);
    number(0, 8);
    number(0, 8);
    number(1'000, 8);
    number(5, 8);
    CHECK(result() == 0);
    ask(GETATTR);
    number(2, 4);
    number(UINT64_MAX, 8);
    CHECK(result() == 0 && wire_read(&answer, 8) == 0x7ff);
    (void)wire_read_bytes(&answer, 13);
    CHECK(wire_read(&answer, 4) == (S_IFREG | 0600));
    (void)wire_read_bytes(&answer, 8 + 8 + 8);
    CHECK(wire_read(&answer, 8) == 2);
    (void)wire_read_bytes(&answer, 16 + 16);
    CHECK(wire_read(&answer, 8) == 1'000);
    CHECK(wire_read(&answer, 8) == 5);
    CHECK(holds("place/file", "he"));
}

// Sets an attribute by a number of its own, which is 9 and free again then.
static int set_attribute(uint32_t fid, const char *name, const char *value, unsigned flags)
{
    int error = walk(fid, 9, nullptr);
    if (error == 0) {
        ask(XATTRCREATE);
        number(9, 4);
        text(name);
        number(strlen(value), 8);
        number(flags, 4);
        error = result();
        long put = error == 0 && value[0] != '\0' ? write_at(9, 0, value) : 0;
        error = put < 0 ? (int)-put : error;
        CHECK(clunk(9) == 0);
    }
    return error;
}

static int walk_attribute(uint32_t fid, uint32_t to, const char *name)
{
    ask(XATTRWALK);
    number(fid, 4);
    number(to, 4);
    text(name);
    return result();
}

// Whether it has this value; an empty name stands for the names of all.
static bool attribute_is(uint32_t fid, const char *name, const char *value, size_t size)
{
    if (walk_attribute(fid, 8, name) != 0) {
        return false;
    }
    bool same = wire_read(&answer, 8) == size && read_at(8, 0, 100) == (long)size &&
                memcmp(answer.at, value, size) == 0 && read_at(8, size, 100) == 0;
    return clunk(8) == 0 && same;
}

constexpr unsigned REMOVE = 0x8000'0000;

TEST("extended attributes of the user's are read, listed, set and removed, also of a folder")
{
    REQUIRE(begin() && walk(0, 2, "file") == 0 && walk(0, 3, "folder") == 0);
    if (set_attribute(2, "user.one", "first", 0) == EOPNOTSUPP) {
        return; // this file system has none
    }
    CHECK(attribute_is(2, "user.one", "first", 5) && attribute_is(2, "", "user.one", 9));
    CHECK(set_attribute(2, "user.one", "second", 2) == 0);
    CHECK(attribute_is(2, "user.one", "second", 6));
    CHECK(set_attribute(2, "user.none", "", 1) == 0 && attribute_is(2, "user.none", "", 0));
    CHECK(set_attribute(3, "user.of", "folder", 0) == 0 && attribute_is(3, "user.of", "folder", 6));
    CHECK(set_attribute(2, "user.one", "x", 1) == EEXIST);
    CHECK(set_attribute(2, "user.other", "x", 2) == ENODATA);
    CHECK(set_attribute(2, "user.one", "", REMOVE) == 0);
    CHECK(walk_attribute(2, 8, "user.one") == ENODATA && clunk(8) == EBADF);
    CHECK(set_attribute(2, "user.one", "", REMOVE) == ENODATA);
    // By an open number too, and of one without a name.
    REQUIRE(walk(0, 4, "file") == 0 && open_file(4, O_RDONLY) == 0);
    CHECK(unlink_name(0, "file", 0) == 0 && attribute_is(4, "user.none", "", 0));
}

TEST("attributes of other namespaces are not there, and none of links and of the folder of all "
     "places")
{
    REQUIRE(begin() && walk(0, 2, "file") == 0 && walk(0, 3, "near") == 0 && attach(4, "") == 0);
    static const char *const other[] = {
        "security.capability", "system.posix_acl_access", "trusted.x", "user.", "user", "x"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        CHECK(walk_attribute(2, 8, other[i]) == EOPNOTSUPP);
        CHECK(set_attribute(2, other[i], "x", 0) == EOPNOTSUPP);
        CHECK(set_attribute(2, other[i], "", REMOVE) == EOPNOTSUPP);
    }
    CHECK(walk_attribute(3, 8, "user.x") == ELOOP && set_attribute(3, "user.x", "x", 0) == ELOOP);
    CHECK(walk_attribute(4, 8, "user.x") == EOPNOTSUPP &&
          set_attribute(4, "user.x", "x", 0) == EROFS);
}

TEST("an attribute can't be changed where the file can't")
{
    static const char *const protected[] = {"folder", nullptr};
    REQUIRE(begin());
    places[0].except_write = protected;
    REQUIRE(walk(1, 2, "file") == 0 && walk(0, 3, "folder") == 0);
    CHECK(set_attribute(2, "user.x", "x", 0) == EROFS &&
          set_attribute(3, "user.x", "x", 0) == EROFS);
    CHECK(set_attribute(2, "user.x", "", REMOVE) == EROFS);
    int read = walk_attribute(2, 8, "user.x");
    CHECK(read == ENODATA || read == EOPNOTSUPP);
}

static int begin_attribute(uint32_t fid, uint64_t size, unsigned flags)
{
    ask(XATTRCREATE);
    number(fid, 4);
    text("user.x");
    number(size, 8);
    number(flags, 4);
    return result();
}

TEST("values of attributes have a limit, come in order, and only so many are on their way")
{
    REQUIRE(begin() && walk(0, 2, "file") == 0 && walk(0, 3, nullptr) == 0);
    CHECK(begin_attribute(2, 7'937, 0) == E2BIG && begin_attribute(2, UINT64_MAX, 0) == E2BIG);
    CHECK(begin_attribute(2, 1, 4) == EINVAL && begin_attribute(2, 1, REMOVE) == EINVAL);
    CHECK(begin_attribute(77, 1, 0) == EBADF);
    CHECK(begin_attribute(2, 3, 0) == 0);
    CHECK(begin_attribute(2, 3, 0) == EBADF);
    CHECK(read_at(2, 0, 1) == -EBADF && open_file(2, O_RDONLY) == EBADF);
    CHECK(write_at(2, 1, "x") == -EINVAL && write_at(2, 0, "long") == -EINVAL);
    long last = write_at(2, 0, "ab") == 2 ? write_at(2, 2, "c") : 0;
    CHECK(last == 1 || last == -EOPNOTSUPP);
    CHECK(write_at(2, 3, "d") == -EBADF);
    uint32_t used = 10;
    while (walk(0, used, nullptr) == 0 && begin_attribute(used, 1, 0) == 0) {
        used++;
    }
    CHECK(used == 10 + ATTRIBUTE_MOST - 1 && begin_attribute(used, 1, 0) == ENOMEM);
    CHECK(clunk(2) == 0 && begin_attribute(used, 1, 0) == 0);
    if (last == 1) {
        CHECK(walk(0, 2, "file") == 0 && walk_attribute(2, 8, "user.x") == ENOMEM);
        CHECK(clunk(8) == EBADF && clunk(used) == 0 && attribute_is(2, "user.x", "abc", 3));
        CHECK(walk_attribute(2, 3, "user.x") == EEXIST);
    }
}

TEST("folders, links and second names are made, renamed and removed")
{
    REQUIRE(begin());
    CHECK(make_folder(0, "made") == 0);
    CHECK(make_folder(0, "made") == EEXIST);
    CHECK(make_link(0, "link", "anywhere/at all") == 0);
    REQUIRE(walk(0, 2, "link") == 0);
    ask(READLINK);
    number(2, 4);
    CHECK(result() == 0 && wire_read_text(&answer).length == strlen("anywhere/at all"));
    REQUIRE(walk(0, 3, "file") == 0);
    ask(LINK);
    number(0, 4);
    number(3, 4);
    text("second");
    CHECK(result() == 0 && holds("place/second", "hello"));
    CHECK(unlink_name(0, "made", 0) == EISDIR && unlink_name(0, "made", 0x200) == 0);
    CHECK(unlink_name(0, "second", 0) == 0);
    CHECK(unlink_name(0, "second", 0) == ENOENT);
    ask(STATFS);
    number(0, 4);
    CHECK(result() == 0 && wire_read(&answer, 4) == 0x01021997);
}

TEST("numbers follow a rename by the guest, in the folder that was renamed too")
{
    REQUIRE(begin());
    REQUIRE(walk_parts(0, 2, 2, (const char *const[]){"folder", "inner"}) == 0);
    CHECK(rename_name(0, "folder", 0, "other") == 0);
    CHECK(open_file(2, O_RDONLY) == 0 && read_at(2, 0, 100) == 6);
    CHECK(walk(0, 3, "folder") == ENOENT);
}

TEST("an open file outlives its name")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, "file") == 0 && open_file(2, O_RDWR) == 0);
    CHECK(unlink_name(0, "file", 0) == 0);
    CHECK(read_at(2, 0, 100) == 5 && write_at(2, 0, "J") == 1);
}

// --- What it refuses

TEST("a place that may only be read can't be changed in any way")
{
    REQUIRE(begin());
    REQUIRE(walk(1, 2, "file") == 0);
    CHECK(open_file(2, O_RDWR) == EROFS && open_file(2, O_WRONLY) == EROFS);
    CHECK(open_file(2, O_TRUNC) == EROFS);
    CHECK(make_folder(1, "made") == EROFS && make_link(1, "link", "x") == EROFS);
    CHECK(unlink_name(1, "file", 0) == EROFS && rename_name(1, "file", 1, "other") == EROFS);
    ask(SETATTR);
    number(2, 4);
    number(1, 4);
    for (unsigned i = 0; i < 52; i++) {
        number(0, 1);
    }
    CHECK(result() == EROFS);
    ask(LINK);
    number(1, 4);
    number(2, 4);
    text("second");
    CHECK(result() == EROFS);
    REQUIRE(walk(1, 3, nullptr) == 0);
    CHECK(create(3, "new", O_RDWR, 0600) == EROFS);
    CHECK(open_file(2, O_RDONLY) == 0 && write_at(2, 0, "x") == -EBADF);
    CHECK(holds("place/file", "hello"));
}

TEST("nothing crosses from one place to another")
{
    REQUIRE(begin());
    CHECK(rename_name(0, "file", 1, "file") == EROFS);
    CHECK(rename_name(1, "file", 0, "other") == EROFS);
    REQUIRE(walk(1, 2, "file") == 0);
    ask(LINK);
    number(0, 4);
    number(2, 4);
    text("second");
    CHECK(result() == EXDEV);
    CHECK(attach(9, "other") == ENOENT && attach(9, "min") == ENOENT);
}

TEST("the folder of all places lists them by name, and a walk leads into each")
{
    REQUIRE(begin());
    REQUIRE(attach(9, "") == 0 && walk(9, 2, nullptr) == 0 && open_file(2, O_RDONLY) == 0);
    ask(READDIR);
    number(2, 4);
    number(0, 8);
    number(1'000, 4);
    REQUIRE(result() == 0 && wire_read(&answer, 4) == 2 * (13 + 8 + 1 + 2 + 4));
    static const char *const path[] = {"mine", "folder", "inner"};
    CHECK(walk_parts(9, 3, 3, path) == 0 && open_file(3, O_RDONLY) == 0);
    CHECK(read_at(3, 0, 100) == 6);
    CHECK(walk(9, 4, "min") == ENOENT && walk(9, 4, "..") == EACCES && walk(9, 4, "") == EACCES);
}

TEST("the folder of all places can't be changed or read as a file")
{
    REQUIRE(begin());
    REQUIRE(attach(9, "") == 0 && walk(9, 2, nullptr) == 0);
    CHECK(make_folder(9, "new") == EROFS && make_link(9, "new", "x") == EROFS);
    CHECK(unlink_name(9, "mine", 0x200) == EROFS && rename_name(9, "mine", 0, "x") == EROFS);
    CHECK(create(2, "new", O_RDWR, 0600) == EROFS);
    CHECK(read_at(9, 0, 10) == -EBADF && write_at(9, 0, "x") == -EBADF);
    ask(STATFS);
    number(9, 4);
    CHECK(result() == 0);
}

TEST("of a place with a list, only what is on the list is there")
{
    static const char *const only[] = {"fol*", "near", nullptr};
    REQUIRE(begin());
    places[0].only = only;
    CHECK(walk(0, 2, "file") == EACCES && walk(0, 2, "etc") == EACCES);
    CHECK(walk(0, 2, "near") == 0 && walk(0, 3, "folder") == 0);
    CHECK(walk_parts(0, 4, 2, (const char *const[]){"folder", "inner"}) == 0);
    CHECK(make_folder(0, "new") == EACCES && make_folder(0, "folds") == 0);
    CHECK(rename_name(0, "folds", 0, "else") == EACCES && rename_name(0, "file", 3, "x") == EACCES);
    CHECK(unlink_name(0, "file", 0) == EACCES && holds("place/file", "hello"));
    REQUIRE(walk(0, 5, nullptr) == 0 && open_file(5, O_RDONLY) == 0);
    ask(READDIR);
    number(5, 4);
    number(0, 8);
    number(1'000, 4);
    REQUIRE(result() == 0);
    (void)wire_read(&answer, 4);
    unsigned seen = 0;
    while (answer.left != 0) {
        (void)wire_read_bytes(&answer, 13 + 8 + 1);
        struct wire_text name = wire_read_text(&answer);
        CHECK(name.length >= 3 &&
              (memcmp(name.text, "fol", 3) == 0 || memcmp(name.text, "near", 4) == 0));
        seen++;
    }
    CHECK(seen == 3); // folder, folds and near
}

TEST("of a place with a list of paths, the folders on the way show nothing else")
{
    static const char *const only[] = {"folder/inner", "folder/new", nullptr};
    static const char *const inner[] = {"folder", "inner"};
    static const char *const other[] = {"folder", "other"};
    REQUIRE(begin());
    put_file("place/folder/other", "unseen");
    places[0].only = only;
    CHECK(walk(0, 2, "file") == EACCES && walk(0, 3, "folder") == 0);
    CHECK(walk_parts(0, 4, 2, inner) == 0 && walk_parts(0, 5, 2, other) == -2);
    CHECK(walk(3, 5, "other") == EACCES && walk(3, 5, "inne") == EACCES);
    CHECK(walk(3, 5, "inner2") == EACCES && make_folder(0, "fold") == EACCES);
    CHECK(make_folder(3, "new") == 0);
}

TEST("what was taken out of a place is not there, by no path, and whether it exists or not")
{
    static const char *const except[] = {"folder/inner", "none", nullptr};
    static const char *const inner[] = {"folder", "inner"};
    REQUIRE(begin());
    places[0].except = except;
    CHECK(walk_parts(0, 2, 2, inner) == -2);
    CHECK(walk(0, 3, "none") == EACCES && walk(0, 3, "nowhere") == ENOENT);
    CHECK(walk(0, 4, "folder") == 0);
    CHECK(make_folder(0, "none") == EACCES && unlink_name(4, "inner", 0) == EACCES);
    CHECK(rename_name(4, "inner", 0, "found") == EACCES);
    CHECK(rename_name(0, "file", 0, "none") == EACCES);
    CHECK(holds("place/folder/inner", "inside"));
}

TEST("a folder with something in it that is hidden or protected keeps its name")
{
    static const char *const except[] = {"folder/inner", nullptr};
    REQUIRE(begin());
    places[0].except = except;
    CHECK(rename_name(0, "folder", 0, "other") == EROFS);
    CHECK(unlink_name(0, "folder", 0x200) == EROFS);
    places[0].except = nullptr;
    places[0].except_write = except;
    CHECK(rename_name(0, "folder", 0, "other") == EROFS);
    places[0].except_write = nullptr;
    CHECK(rename_name(0, "folder", 0, "other") == 0);
}

TEST("what is protected can be read, and changed in no way")
{
    static const char *const protected[] = {"folder", nullptr};
    REQUIRE(begin());
    places[0].except_write = protected;
    REQUIRE(walk(0, 2, "folder") == 0 && walk(2, 3, "inner") == 0);
    CHECK(open_file(3, O_RDWR) == EROFS && open_file(3, O_RDONLY) == 0);
    CHECK(make_folder(2, "made") == EROFS && unlink_name(2, "inner", 0) == EROFS);
    CHECK(rename_name(2, "inner", 0, "inner") == EROFS);
    CHECK(rename_name(0, "file", 2, "file") == EROFS && rename_name(0, "file", 0, "moved") == 0);
}

TEST("of a place with a list, what may be changed is named as well")
{
    static const char *const only[] = {"file", "folder", "new", nullptr};
    static const char *const writable[] = {"file", "new", nullptr};
    REQUIRE(begin());
    places[0].only = only;
    places[0].write = false;
    places[0].writable = writable;
    REQUIRE(walk(0, 2, "file") == 0 && walk(0, 3, "folder") == 0 && walk(0, 4, nullptr) == 0);
    REQUIRE(walk(3, 5, "inner") == 0);
    CHECK(open_file(2, O_RDWR) == 0 && open_file(5, O_RDWR) == EROFS);
    CHECK(rename_name(0, "folder", 0, "new") == EROFS &&
          rename_name(3, "inner", 0, "new") == EROFS);
    CHECK(make_folder(0, "other") == EACCES && unlink_name(3, "inner", 0) == EROFS);
    ask(LINK);
    number(0, 4);
    number(5, 4);
    text("new");
    CHECK(result() == EROFS);
    CHECK(create(4, "new", O_RDWR, 0600) == 0);
    CHECK(holds("place/folder/inner", "inside"));
}

TEST("no name leads out of the place")
{
    REQUIRE(begin());
    static const char *const names[] = {"..", ".", "", "/", "../secret", "folder/inner", "/etc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK(walk(0, 2, names[i]) == EACCES);
        CHECK(make_folder(0, names[i]) == EINVAL && make_link(0, names[i], "x") == EINVAL);
        CHECK(unlink_name(0, names[i], 0) == EINVAL && unlink_name(0, names[i], 0x200) == EINVAL);
        CHECK(rename_name(0, "file", 0, names[i]) == EINVAL);
        CHECK(rename_name(0, names[i], 0, "other") == EINVAL);
        REQUIRE(walk(0, 3, nullptr) == 0);
        CHECK(create(3, names[i], O_RDWR, 0600) == EINVAL);
        REQUIRE(clunk(3) == 0);
    }
    ask(WALK);
    number(0, 4);
    number(2, 4);
    number(1, 2);
    wire_write_text(&request, "file\0", 5);
    CHECK(result() == EACCES);
    CHECK(holds("secret", "secret"));
}

TEST("links are data: the host follows none")
{
    REQUIRE(begin());
    CHECK(walk(0, 2, "up") == 0 && open_file(2, O_RDONLY) == ELOOP);
    CHECK(walk_parts(0, 3, 2, (const char *const[]){"etc", "passwd"}) == -2);
    CHECK(walk(0, 4, "near") == 0 && open_file(4, O_RDONLY) == ELOOP);
    ask(SETATTR);
    number(2, 4);
    number(8, 4);
    for (unsigned i = 0; i < 52; i++) {
        number(0, 1);
    }
    CHECK(result() == EINVAL);
    REQUIRE(walk(0, 5, nullptr) == 0);
    CHECK(create(5, "up", O_RDWR, 0600) == EEXIST);
    CHECK(holds("secret", "secret"));
}

TEST("a link that takes a folder's place leads nowhere for those who hold the folder")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, "folder") == 0);
    REQUIRE(walk_parts(0, 3, 2, (const char *const[]){"folder", "inner"}) == 0);
    REQUIRE(rename(inside("place/folder"), inside("away")) == 0);
    REQUIRE(symlink("../away", inside("place/folder")) == 0);
    CHECK(open_file(3, O_RDONLY) == EACCES);
    CHECK(walk(2, 4, "inner") == EACCES);
    CHECK(make_folder(2, "made") == ENOTDIR && unlink_name(2, "inner", 0) == ENOTDIR);
    CHECK(holds("away/inner", "inside"));
}

TEST("a folder that was moved out of the place is gone for those who hold it")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, "folder") == 0);
    REQUIRE(rename(inside("place/folder"), inside("away")) == 0);
    CHECK(walk(2, 3, "inner") == ENOENT && make_folder(2, "made") == ENOENT);
}

TEST("pipes, sockets, devices and made-up file systems are not served")
{
    REQUIRE(begin());
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/place/socket", top);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(listener >= 0);
    REQUIRE(bind(listener, (const struct sockaddr *)&address, sizeof address) == 0);
    (void)close(listener);
    CHECK(walk(0, 2, "pipe") == EACCES && walk(0, 2, "socket") == EACCES);
    struct place other;
    CHECK(place_open(&other, "proc", "/proc", false) == -EACCES);
    CHECK(place_open(&other, "sys", "/sys", false) == -EACCES);
    REQUIRE(place_open(&other, "dev", "/dev", false) == 0);
    struct stat status;
    CHECK(place_find(&other, "null", &status) == -EACCES);
    place_close(&other);
}

TEST("owners can't be changed, and locks and devices are not here")
{
    REQUIRE(begin());
    REQUIRE(walk(0, 2, "file") == 0);
    ask(SETATTR);
    number(2, 4);
    number(2, 4);
    for (unsigned i = 0; i < 52; i++) {
        number(0, 1);
    }
    CHECK(result() == EPERM);
    static const uint8_t absent[] = {LOCK, 18, 20, 54, 102, 112, 114, 122, 124, 126, 255};
    for (size_t i = 0; i < sizeof absent; i++) {
        ask(absent[i]);
        CHECK(result() == EOPNOTSUPP);
    }
}

TEST("numbers have to be known, free and in the right state")
{
    REQUIRE(begin());
    CHECK(walk(77, 2, "file") == EBADF && walk(0, 1, "file") == EEXIST);
    CHECK(attach(0, "mine") == EEXIST);
    CHECK(read_at(0, 0, 10) == -EBADF && write_at(0, 0, "x") == -EBADF);
    REQUIRE(walk(0, 2, "file") == 0 && open_file(2, O_RDONLY) == 0);
    CHECK(open_file(2, O_RDONLY) == EBADF && walk(2, 3, nullptr) == EBADF);
    ask(READDIR);
    number(2, 4);
    number(0, 8);
    number(100, 4);
    CHECK(result() == EBADF);
    CHECK(read_at(2, 1ULL << 63, 10) == -EINVAL);
}

TEST("there is an end to how many numbers may be in use, and all are given back")
{
    REQUIRE(begin());
    uint32_t used = 2;
    while (walk(0, used, nullptr) == 0) {
        used++;
    }
    CHECK(used == FILE_MOST && walk(0, used, nullptr) == ENFILE);
    ask(VERSION);
    number(65'536, 4);
    text("9P2000.L");
    CHECK(result() == 0 && server.files.count == 0 && attach(0, "mine") == 0);
}

TEST("a path may be as long as Linux lets it, and no longer")
{
    REQUIRE(begin());
    char part[256] = {};
    memset(part, 'a', 255);
    CHECK(make_folder(0, part) == 0);
    uint32_t at = 0;
    unsigned depth = 0;
    int error = 0;
    while (error == 0 && depth < 32) {
        error = depth == 0 ? 0 : make_folder(at, part);
        if (error == 0) {
            error = walk(at, depth + 10, part);
            at = depth + 10;
        }
        depth++;
    }
    // Sixteen parts of 255 bytes and the slashes between them are 4,095 bytes.
    CHECK(error == ENAMETOOLONG && depth == 17);
    ask(WALK);
    number(0, 4);
    number(2, 4);
    number(1, 2);
    char longer[300];
    memset(longer, 'c', sizeof longer);
    wire_write_text(&request, longer, sizeof longer);
    CHECK(result() == EACCES);
}

// --- Hostile messages

TEST("every message, cut anywhere or with bytes behind it, is refused and harms nothing")
{
    REQUIRE(begin());
    for (uint8_t type = 8; type < 128; type += 2) {
        ask(type);
        number(0, 4);
        number(0, 8);
        text("file");
        text("other");
        number(0, 8);
        size_t whole = request.used;
        for (size_t length = 3; length <= whole; length++) {
            if (type != VERSION && type != CLUNK) {
                request.used = length;
                int error = result();
                CHECK(error >= 0);
            }
        }
    }
    CHECK(server_answer(&server, request_bytes, 2, answer_bytes) == 0);
    CHECK(server_answer(&server, request_bytes, 0, answer_bytes) == 0);
}

TEST("random messages get an answer each, and never reach what is outside")
{
    REQUIRE(begin());
    uint64_t state = 1;
    for (unsigned round = 0; round < 200'000; round++) {
        request = (struct wire_writer){.bytes = request_bytes, .size = sizeof request_bytes};
        size_t length = 3 + round % 61;
        for (size_t i = 0; i < length; i++) {
            state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            // Small values are numbers, lengths and types that mean something.
            uint8_t byte = (uint8_t)(state >> 56);
            number((state >> 40 & 3) != 0 ? byte & 3 : byte, 1);
        }
        request_bytes[0] = (uint8_t)(8 + 2 * (state >> 33 & 63));
        size_t size = server_answer(&server, request_bytes, length, answer_bytes);
        REQUIRE(size >= 7 && size <= SERVER_MESSAGE_MOST);
    }
    CHECK(holds("secret", "secret"));
}

// A host that exchanges a folder and a link to the outside as fast as it can.
static atomic_bool racing;

static void *race(void *unused)
{
    (void)unused;
    char folder[64];
    char away[64];
    char link[64];
    (void)snprintf(folder, sizeof folder, "%s/place/folder", top);
    (void)snprintf(away, sizeof away, "%s/place/away", top);
    (void)snprintf(link, sizeof link, "%s/place/link", top);
    while (racing) {
        (void)rename(folder, away);
        (void)rename(link, folder);
        (void)rename(folder, link);
        (void)rename(away, folder);
    }
    return nullptr;
}

TEST("a host that swaps a folder for a link meanwhile opens no way out")
{
    REQUIRE(begin());
    REQUIRE(mkdir(inside("outside"), 0755) == 0);
    put_file("outside/inner", "secret");
    REQUIRE(symlink("../outside", inside("place/link")) == 0);
    racing = true;
    pthread_t thread;
    REQUIRE(pthread_create(&thread, nullptr, race, nullptr) == 0);
    unsigned opened = 0;
    bool leaked = false;
    for (unsigned round = 0; round < 20'000; round++) {
        if (walk_parts(0, 2, 2, (const char *const[]){"folder", "inner"}) != 0) {
            continue;
        }
        if (open_file(2, O_RDONLY) == 0) {
            opened++;
            leaked = leaked || read_at(2, 0, 100) != 6 || memcmp(answer.at, "inside", 6) != 0;
        }
        leaked = leaked || (make_link(0, "x", "y") == 0 && unlink_name(0, "x", 0) != 0);
        REQUIRE(clunk(2) == 0);
    }
    racing = false;
    pthread_join(thread, nullptr);
    CHECK(!leaked && opened != 0);
    CHECK(holds("outside/inner", "secret"));
}

// --- The stream

static void *serve(void *stream)
{
    int descriptor = *(int *)stream;
    static bool sound;
    sound = server_greet(descriptor) && server_run(&server, descriptor, -1);
    (void)close(descriptor);
    return &sound;
}

TEST("a stream is served until its end, in pieces of any size")
{
    REQUIRE(begin());
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, nullptr, serve, &pair[1]) == 0);
    ask(FLUSH);
    number(0, 2);
    uint8_t bytes[16] = {(uint8_t)(request.used + 4)};
    memcpy(bytes + 4, request_bytes, request.used);
    for (size_t i = 0; i < request.used + 4; i++) {
        REQUIRE(write(pair[0], bytes + i, 1) == 1);
    }
    char greeting[sizeof NINE_GREETING - 1];
    CHECK(recv(pair[0], greeting, sizeof greeting, MSG_WAITALL) == sizeof greeting);
    CHECK(memcmp(greeting, NINE_GREETING, sizeof greeting) == 0);
    uint8_t got[7];
    CHECK(recv(pair[0], got, sizeof got, MSG_WAITALL) == 7 && got[0] == 7 && got[4] == FLUSH + 1);
    shutdown(pair[0], SHUT_WR);
    void *sound;
    pthread_join(thread, &sound);
    CHECK(*(bool *)sound);
    (void)close(pair[0]);
}

TEST("a message that claims to be too long ends the stream")
{
    REQUIRE(begin());
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    static const uint8_t claim[4] = {0xff, 0xff, 0xff, 0x7f};
    REQUIRE(write(pair[0], claim, sizeof claim) == sizeof claim);
    CHECK(!server_run(&server, pair[1], -1));
    (void)close(pair[0]);
    (void)close(pair[1]);
}

// --- One server takes the place of another

// Hands the conversation to a server with other places; the old one has ended then. False when that was refused.
static bool hand_over(void)
{
    int pair[2];
    static struct server next;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
        return false;
    }
    bool given = handover_ask(pair[1]) && handover_give(&server, pair[0]);
    server_begin(&next, places, 2);
    bool taken = given && handover_take(&next, pair[1]);
    server_end(&server);
    server = next;
    for (size_t i = 0; i < 2; i++) {
        (void)close(pair[i]);
    }
    return taken;
}

static int open_at(uint32_t fid, const char *name, uint32_t flags)
{
    int error = walk(0, fid, name);
    return error != 0 ? error : open_file(fid, flags);
}

TEST("a server that takes over goes on with all that is open, a file without a name too")
{
    REQUIRE(begin() && open_at(11, "file", O_RDONLY) == 0);
    REQUIRE(walk(0, 12, "folder") == 0 && open_at(13, "gone", O_RDONLY) == ENOENT);
    put_file("place/gone", "still there");
    REQUIRE(open_at(13, "gone", O_RDWR) == 0 && unlink(inside("place/gone")) == 0);
    REQUIRE(hand_over());
    CHECK(read_at(11, 0, 100) == 5 && memcmp(answer.at, "hello", 5) == 0);
    CHECK(read_at(13, 0, 100) == 11);
    CHECK(walk(12, 14, "inner") == 0 && open_file(14, O_RDONLY) == 0 && read_at(14, 0, 100) == 6);
    CHECK(clunk(11) == 0);
    CHECK(clunk(11) == EBADF);
}

TEST("what is not granted any more is taken back: it can only be closed, and no way leads there")
{
    static const char *const hidden[] = {"folder", nullptr};
    REQUIRE(begin() && walk(0, 11, "folder") == 0);
    REQUIRE(walk(11, 12, "inner") == 0 && open_file(12, O_RDONLY) == 0 &&
            walk(11, 13, "inner") == 0);
    places[0].except = hidden;
    REQUIRE(hand_over());
    CHECK(read_at(12, 0, 100) == -EKEYREVOKED && open_file(13, O_RDONLY) == EKEYREVOKED);
    CHECK(walk(11, 14, "inner") == EKEYREVOKED && walk(0, 14, "folder") == EACCES);
    places[0].except = nullptr;
    REQUIRE(hand_over());
    CHECK(read_at(12, 0, 100) == -EKEYREVOKED); // what was taken back does not come back
    CHECK(clunk(12) == 0 && clunk(13) == 0 && walk(0, 14, "folder") == 0);
}

TEST("an attribute on its way is not handed over")
{
    REQUIRE(begin() && walk(0, 11, "file") == 0 && begin_attribute(11, 1, 0) == 0);
    REQUIRE(hand_over());
    CHECK(write_at(11, 0, "x") == -EKEYREVOKED && clunk(11) == 0);
}

TEST("what may no longer be changed is taken back from who has it open for that")
{
    REQUIRE(begin() && open_at(11, "file", O_RDWR) == 0);
    REQUIRE(open_at(12, "file", O_RDONLY) == 0);
    places[0].write = false;
    REQUIRE(hand_over());
    CHECK(read_at(11, 0, 100) == -EKEYREVOKED && read_at(12, 0, 100) == 5);
}

TEST("no way leads to what was closed; who is there already stays")
{
    static const char *const closed[] = {"file", nullptr};
    REQUIRE(begin() && walk(0, 11, "file") == 0);
    places[0].closed = closed;
    REQUIRE(hand_over());
    CHECK(open_file(11, O_RDONLY) == 0 && read_at(11, 0, 100) == 5 &&
          walk(0, 12, "file") == EACCES);
}

TEST("a server that was taken over can't hand over what it does not have")
{
    REQUIRE(begin() && open_at(11, "file", O_RDONLY) == 0);
    int secret = open(inside("secret"), O_RDONLY);
    REQUIRE(secret >= 0 && dup2(secret, file_find(&server.files, 11)->descriptor) >= 0);
    REQUIRE(walk(0, 12, "file") == 0);
    free(file_find(&server.files, 12)->path);
    file_find(&server.files, 12)->path = strdup("folder/../../secret");
    REQUIRE(hand_over());
    CHECK(read_at(11, 0, 100) == -EKEYREVOKED && open_file(12, O_RDONLY) == EKEYREVOKED);
    (void)close(secret);
}

TEST("a handover that is cut off, too long, or of anything else, is none")
{
    static const uint8_t nonsense[][12] = {{1},
                                           {1, 0, 0, 0, 0, 0, 0, 0, 'x', 0, 'y', 'z'},
                                           {1, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 'y', 0},
                                           {1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0}};
    static const size_t sizes[] = {1, 12, 12, 8};
    REQUIRE(begin());
    for (size_t i = 0; i < 4; i++) {
        int pair[2];
        server_end(&server);
        server_begin(&server, places, 2);
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
        REQUIRE(write(pair[0], nonsense[i], sizes[i]) == (ssize_t)sizes[i]);
        (void)close(pair[0]);
        CHECK(!handover_take(&server, pair[1]));
        (void)close(pair[1]);
    }
}

void test_print(const char *line)
{
    (void)fputs(line, stdout);
    (void)fflush(stdout);
}

int main(void)
{
    return test_main();
}
