// SPDX-License-Identifier: MIT
// The volume with the host's own file server, and with a host that lies. Each test has a folder:
//
//     top/file          "hello"
//     top/folder/inner  "inside"
//     top/link          a link to "file"
#include "share.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "request.h"
#include "server.h"
#include "test.h"
#include "wire.h"

constexpr uint64_t ROOT = 1;
constexpr uint64_t DATA_AT = 0x10000;

static char top[32];
static struct place places[2];
static struct server server;
static bool serves; // the host answers

static const char *inside(const char *path)
{
    static char text[256];
    (void)snprintf(text, sizeof text, "%s/%s", top, path);
    return text;
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
    size_t length = file != nullptr ? fread(found, 1, sizeof found - 1, file) : 0;
    if (file != nullptr) {
        (void)fclose(file);
    }
    return file != nullptr && length == strlen(text) && memcmp(found, text, length) == 0;
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

// --- A host

// Lets the server answer so many messages, and the volume hear that in small pieces.
static void exchange_some(size_t most)
{
    static uint8_t answer[SERVER_MESSAGE_MOST];
    size_t at = 0;
    for (size_t i = 0; i < most && serves && at < client_sent_length; i++) {
        struct wire_reader reader = {.at = client_sent + at, .left = 4};
        size_t size = wire_read(&reader, 4);
        size_t answered = server_answer(&server, client_sent + at + 4, size - 4, answer);
        at += size;
        client_room += size;
        for (size_t done = 0; done < answered;) {
            size_t piece = answered - done < 1'000 ? answered - done : 1'000;
            CHECK(share_take(answer + done, piece));
            done += piece;
        }
        share_work();
    }
    if (serves) {
        client_sent_length -= at;
        memmove(client_sent, client_sent + at, client_sent_length);
    }
}

static void exchange(void)
{
    exchange_some(SIZE_MAX);
}

static void exchange_one(void)
{
    exchange_some(1);
}

static bool greet(void)
{
    return share_take((const uint8_t *)NINE_GREETING, sizeof NINE_GREETING - 1);
}

static bool begin(void)
{
    strcpy(top, "/tmp/kozo-share-XXXXXX");
    bool made = mkdtemp(top) != nullptr && mkdir(inside("folder"), 0755) == 0;
    put_file("file", "hello");
    put_file("folder/inner", "inside");
    made = made && symlink("file", inside("link")) == 0;
    made = made && place_open(&places[0], "mine", top, true) == 0 &&
           place_open(&places[1], "seen", top, false) == 0;
    server_begin(&server, places, 2);
    serves = true;
    client_start();
    made = made && greet();
    exchange();
    return made && share_is_ready();
}

// --- A client

static struct client_result ask(uint32_t label, size_t words, const uint64_t *word)
{
    uint64_t number = client_call(0, label, words, word);
    exchange();
    return client_result(number);
}

// Bytes without a zero, as the protocol has names.
static void put(size_t at, const char *text)
{
    for (; *text != '\0'; text++) {
        client_memory[at++] = (uint8_t)*text;
    }
}

static size_t name(const char *text)
{
    put(0, text);
    return strlen(text);
}

// The node of a name; 0 when it is refused.
static uint64_t look(uint64_t folder, const char *text)
{
    struct client_result result =
        ask(KOZO_VOLUME_LOOK, 3, (const uint64_t[]){folder, 0, name(text)});
    return result.label == KOZO_OK ? result.word[0] : 0;
}

static uint32_t look_error(uint64_t folder, const char *text)
{
    return ask(KOZO_VOLUME_LOOK, 3, (const uint64_t[]){folder, 0, name(text)}).label;
}

static struct client_result read_at(uint64_t node, uint64_t offset, uint64_t length)
{
    return ask(KOZO_VOLUME_READ, 4, (const uint64_t[]){node, offset, DATA_AT, length});
}

static struct client_result write_at(uint64_t node, uint64_t offset, const char *text)
{
    put(DATA_AT, text);
    return ask(KOZO_VOLUME_WRITE, 5, (const uint64_t[]){node, offset, DATA_AT, strlen(text), 0});
}

static struct client_result make(uint64_t folder, uint64_t kind, const char *text,
                                 const char *target)
{
    size_t length = name(text);
    put(length, target);
    return ask(
        KOZO_VOLUME_MAKE, 6,
        (const uint64_t[]){folder, kind | 0640 << KOZO_MODE_SHIFT, 0, length, strlen(target), 0});
}

static uint32_t remove_name(uint64_t folder, const char *text)
{
    return ask(KOZO_VOLUME_REMOVE, 3, (const uint64_t[]){folder, 0, name(text)}).label;
}

static uint32_t rename_name(uint64_t folder, const char *text, uint64_t target, const char *second)
{
    size_t length = name(text);
    put(length, second);
    return ask(KOZO_VOLUME_RENAME, 6,
               (const uint64_t[]){folder, target, 0, length, strlen(second), 0})
        .label;
}

static struct kozo_node_stat stat_of(uint64_t node)
{
    struct kozo_node_stat stat = {};
    if (ask(KOZO_VOLUME_STAT, 2, (const uint64_t[]){node, 0}).label == KOZO_OK) {
        memcpy(&stat, client_memory, sizeof stat);
    }
    return stat;
}

static bool data_is(const char *text)
{
    return memcmp(client_memory + DATA_AT, text, strlen(text)) == 0;
}

// --- What it serves

TEST("the root holds the places, a name leads to the same node each time, and to another one in "
     "another place")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t seen = look(ROOT, "seen");
    // The same folder of the host, with other rights.
    REQUIRE(mine != 0 && seen != 0 && seen != mine);
    CHECK(look(mine, "file") != look(seen, "file"));
    CHECK(look(mine, "file") == look(mine, "file") && look(mine, "file") != look(mine, "folder"));
    CHECK(look_error(mine, "none") == KOZO_BAD_HANDLE);
    CHECK(look_error(ROOT, "other") == KOZO_BAD_HANDLE);
    CHECK(look_error(look(mine, "file"), "x") == KOZO_BAD_TYPE);
}

TEST("names that are none are refused before the host hears of them")
{
    REQUIRE(begin());
    static const char *const names[] = {"", ".", "..", "a/b", "/"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK(look_error(ROOT, names[i]) == KOZO_BAD_ARGUMENT);
        CHECK(make(ROOT, KOZO_NODE_FOLDER, names[i], "").label == KOZO_BAD_ARGUMENT);
    }
    CHECK(ask(KOZO_VOLUME_LOOK, 3, (const uint64_t[]){ROOT, 0, 256}).label == KOZO_BAD_ARGUMENT);
    CHECK(ask(KOZO_VOLUME_LOOK, 3, (const uint64_t[]){ROOT, CLIENT_MEMORY, 1}).label ==
          KOZO_BAD_ARGUMENT);
}

TEST("contents are read in one piece or several, up to the end")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    struct client_result result = read_at(file, 0, 100);
    CHECK(result.label == KOZO_OK && result.word[0] == 5 && data_is("hello"));
    result = read_at(file, 2, 2);
    CHECK(result.word[0] == 2 && data_is("ll"));
    CHECK(read_at(file, 5, 10).word[0] == 0 && read_at(file, 1'000, 10).word[0] == 0);
    uint64_t link = look(look(ROOT, "mine"), "link");
    CHECK(read_at(link, 0, 100).word[0] == 4 && data_is("file"));
    CHECK(read_at(look(ROOT, "mine"), 0, 100).label == KOZO_BAD_TYPE);
}

TEST("a file larger than a message is read and written whole")
{
    REQUIRE(begin());
    uint64_t node = make(look(ROOT, "mine"), KOZO_NODE_FILE, "large", "").word[0];
    for (size_t i = 0; i < 3 * SHARE_DATA; i++) {
        client_memory[DATA_AT + i] = (uint8_t)(i * 7 + i / 251);
    }
    struct client_result result =
        ask(KOZO_VOLUME_WRITE, 5, (const uint64_t[]){node, 11, DATA_AT, 3 * SHARE_DATA - 5, 0});
    CHECK(result.label == KOZO_OK && result.word[0] == 3 * SHARE_DATA - 5);
    memset(client_memory + DATA_AT, 0, 3 * SHARE_DATA);
    result = read_at(node, 11, 3 * SHARE_DATA);
    CHECK(result.word[0] == 3 * SHARE_DATA - 5);
    bool equal = true;
    for (size_t i = 0; i < result.word[0]; i++) {
        equal = equal && client_memory[DATA_AT + i] == (uint8_t)(i * 7 + i / 251);
    }
    CHECK(equal);
    CHECK(stat_of(node).size == 3 * SHARE_DATA + 6);
}

TEST("a folder is listed in pieces, each entry once")
{
    REQUIRE(begin());
    for (unsigned i = 0; i < 300; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "folder/%u-%0*u", i, (int)(i % 20 + 1), i);
        put_file(text, "");
    }
    uint64_t folder = look(look(ROOT, "mine"), "folder");
    unsigned count = 0;
    uint64_t from = 0;
    bool more = true;
    while (more) {
        struct client_result result =
            ask(KOZO_VOLUME_LIST, 4, (const uint64_t[]){folder, from, DATA_AT, 600});
        REQUIRE(result.label == KOZO_OK && result.word[0] <= 600);
        more = result.word[0] > 0;
        for (size_t at = 0; at < result.word[0];) {
            struct kozo_folder_entry entry;
            memcpy(&entry, client_memory + DATA_AT + at, sizeof entry);
            CHECK(entry.kind == KOZO_NODE_FILE && entry.length > 0);
            from = entry.next;
            at += (sizeof entry + entry.length + 7) / 8 * 8;
            count++;
        }
    }
    CHECK(count == 301);
    CHECK(ask(KOZO_VOLUME_LIST, 4, (const uint64_t[]){folder, 0, DATA_AT, 8}).label ==
          KOZO_BAD_ARGUMENT);
}

TEST("files, folders and links are made, found, and removed")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    struct client_result file = make(mine, KOZO_NODE_FILE, "new", "");
    REQUIRE(file.label == KOZO_OK && look(mine, "new") == file.word[0]);
    CHECK(write_at(file.word[0], 0, "words").word[0] == 5 && holds("new", "words"));
    CHECK(stat_of(file.word[0]).mode == 0640 && stat_of(file.word[0]).kind == KOZO_NODE_FILE);
    CHECK(make(mine, KOZO_NODE_FILE, "new", "").label == KOZO_SLOT_TAKEN);
    struct client_result folder = make(mine, KOZO_NODE_FOLDER, "deep", "");
    CHECK(folder.label == KOZO_OK &&
          make(folder.word[0], KOZO_NODE_FILE, "x", "").label == KOZO_OK);
    CHECK(remove_name(mine, "deep") == KOZO_BAD_STATE);
    CHECK(remove_name(folder.word[0], "x") == KOZO_OK && remove_name(mine, "deep") == KOZO_OK);
    struct client_result link = make(mine, KOZO_NODE_LINK, "way", "../some/where");
    CHECK(link.label == KOZO_OK && read_at(link.word[0], 0, 100).word[0] == 13);
    CHECK(data_is("../some/where") && remove_name(mine, "way") == KOZO_OK);
    CHECK(make(mine, KOZO_NODE_OTHER, "pipe", "").label == KOZO_BAD_TYPE);
    CHECK(make(mine, KOZO_NODE_LINK, "empty", "").label == KOZO_BAD_ARGUMENT);
    CHECK(remove_name(mine, "none") == KOZO_BAD_HANDLE);
}

TEST("a file that lost its name, or was written over by a rename, is still there for who knows it")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    CHECK(remove_name(mine, "file") == KOZO_OK);
    CHECK(read_at(file, 0, 100).word[0] == 5 && data_is("hello") && stat_of(file).links == 0);
    uint64_t inner = look(look(mine, "folder"), "inner");
    CHECK(make(mine, KOZO_NODE_FILE, "other", "").label == KOZO_OK);
    CHECK(rename_name(mine, "other", look(mine, "folder"), "inner") == KOZO_OK);
    CHECK(read_at(inner, 0, 100).word[0] == 6 && data_is("inside"));
    CHECK(look(look(mine, "folder"), "inner") != inner && holds("folder/inner", ""));
}

TEST("a file has more names, another size and mode, and is known by the same number")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    CHECK(ask(KOZO_VOLUME_LINK, 5, (const uint64_t[]){file, mine, 0, name("second"), 0}).label ==
          KOZO_OK);
    CHECK(look(mine, "second") == file && stat_of(file).links == 2);
    struct kozo_node_stat change = {.size = 2, .mode = 0600};
    memcpy(client_memory + 512, &change, sizeof change);
    CHECK(ask(KOZO_VOLUME_CHANGE, 3,
              (const uint64_t[]){file, 512, KOZO_CHANGE_SIZE | KOZO_CHANGE_MODE})
              .label == KOZO_OK);
    CHECK(holds("second", "he") && stat_of(file).mode == 0600);
    CHECK(ask(KOZO_VOLUME_CHANGE, 3, (const uint64_t[]){file, 512, KOZO_CHANGE_OWNER}).label ==
          KOZO_NO_RIGHT);
    CHECK(rename_name(mine, "file", look(mine, "folder"), "moved") == KOZO_OK);
    CHECK(holds("folder/moved", "he") && look(look(mine, "folder"), "moved") == file);
}

// --- Extended attributes

static struct client_result attribute(uint64_t node, const char *text, size_t room)
{
    return ask(KOZO_VOLUME_ATTRIBUTE, 4, (const uint64_t[]){node, 0, name(text), room});
}

static uint32_t set_attribute(uint64_t node, const char *text, const char *value, uint64_t way)
{
    size_t length = name(text);
    put(length, value);
    return ask(KOZO_VOLUME_SET_ATTRIBUTE, 6,
               (const uint64_t[]){node, 0, length, strlen(value), way, 0})
        .label;
}

static uint32_t remove_attribute(uint64_t node, const char *text)
{
    return ask(KOZO_VOLUME_REMOVE_ATTRIBUTE, 3, (const uint64_t[]){node, 0, name(text)}).label;
}

static bool attribute_is(uint64_t node, const char *text, const char *value)
{
    struct client_result told = attribute(node, text, 100);
    return told.label == KOZO_OK && told.word[0] == strlen(value) &&
           memcmp(client_memory, value, strlen(value)) == 0;
}

TEST("extended attributes of the host's files are set, read, listed and removed")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    size_t before = server.files.count;
    if (set_attribute(file, "user.one", "first", KOZO_ATTRIBUTE_EITHER) == KOZO_BAD_OPERATION) {
        return; // the file system of the tests has none
    }
    CHECK(attribute_is(file, "user.one", "first"));
    CHECK(set_attribute(file, "user.one", "", KOZO_ATTRIBUTE_OVER) == KOZO_OK);
    CHECK(attribute_is(file, "user.one", ""));
    CHECK(set_attribute(file, "user.one", "x", KOZO_ATTRIBUTE_NEW) == KOZO_SLOT_TAKEN);
    CHECK(set_attribute(file, "user.two", "x", KOZO_ATTRIBUTE_OVER) == KOZO_BAD_HANDLE);
    CHECK(set_attribute(mine, "user.folder", "value", KOZO_ATTRIBUTE_NEW) == KOZO_OK);
    CHECK(attribute_is(mine, "user.folder", "value"));
    CHECK(attribute(mine, "user.folder", 4).word[0] == 5 && client_memory[0] == 'u');
    struct client_result names = ask(KOZO_VOLUME_ATTRIBUTES, 3, (const uint64_t[]){file, 0, 100});
    CHECK(names.word[0] == 9 && memcmp(client_memory, "user.one", 9) == 0);
    CHECK(remove_attribute(file, "user.one") == KOZO_OK);
    CHECK(remove_attribute(file, "user.one") == KOZO_BAD_HANDLE);
    CHECK(attribute(file, "user.one", 100).label == KOZO_BAD_HANDLE);
    CHECK(ask(KOZO_VOLUME_ATTRIBUTES, 3, (const uint64_t[]){file, 0, 100}).word[0] == 0);
    // A large one goes in pieces over a host that takes small messages only.
    char large[3'001] = {};
    memset(large, 'v', sizeof large - 1);
    CHECK(set_attribute(file, "user.large", large, KOZO_ATTRIBUTE_EITHER) == KOZO_OK);
    CHECK(attribute(file, "user.large", 3'000).word[0] == 3'000 &&
          memcmp(client_memory, large, 3'000) == 0);
    CHECK(server.files.count == before && server.files.attributes == 0);
}

TEST("attributes that can't be are refused, most of them before the host hears of them")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    uint64_t link = look(mine, "link");
    CHECK(attribute(link, "user.x", 1).label == KOZO_BAD_TYPE);
    CHECK(set_attribute(link, "user.x", "x", 0) == KOZO_BAD_TYPE);
    CHECK(attribute(99'999, "user.x", 1).label == KOZO_BAD_HANDLE);
    CHECK(attribute(file, "", 1).label == KOZO_BAD_ARGUMENT);
    CHECK(set_attribute(file, "user.x", "x", 3) == KOZO_BAD_ARGUMENT);
    CHECK(ask(KOZO_VOLUME_ATTRIBUTE, 4, (const uint64_t[]){file, 0, 256, 1}).label ==
          KOZO_BAD_ARGUMENT);
    CHECK(ask(KOZO_VOLUME_ATTRIBUTE, 4, (const uint64_t[]){file, CLIENT_MEMORY, 1, 1}).label ==
          KOZO_BAD_ARGUMENT);
    CHECK(ask(KOZO_VOLUME_ATTRIBUTES, 3, (const uint64_t[]){file, 1, CLIENT_MEMORY}).label ==
          KOZO_BAD_ARGUMENT);
    CHECK(
        ask(KOZO_VOLUME_SET_ATTRIBUTE, 6, (const uint64_t[]){file, 0, 1, UINT64_MAX, 0, 0}).label ==
        KOZO_BAD_ARGUMENT);
    CHECK(attribute(file, "security.capability", 100).label == KOZO_BAD_OPERATION);
    CHECK(set_attribute(file, "trusted.x", "x", 0) == KOZO_BAD_OPERATION);
    CHECK(remove_attribute(file, "system.x") == KOZO_BAD_OPERATION);
    CHECK(set_attribute(look(look(ROOT, "seen"), "file"), "user.x", "x", 0) == KOZO_NO_RIGHT);
}

TEST("nothing in a place that is only read can be changed")
{
    REQUIRE(begin());
    // By `seen` alone: the folder is the same one as that of `mine`.
    uint64_t seen = look(ROOT, "seen");
    CHECK(make(seen, KOZO_NODE_FILE, "new", "").label == KOZO_NO_RIGHT);
    CHECK(make(seen, KOZO_NODE_FOLDER, "new", "").label == KOZO_NO_RIGHT);
    CHECK(make(seen, KOZO_NODE_LINK, "new", "x").label == KOZO_NO_RIGHT);
    CHECK(remove_name(seen, "file") == KOZO_NO_RIGHT);
    CHECK(rename_name(seen, "file", seen, "x") == KOZO_NO_RIGHT);
    CHECK(write_at(look(seen, "file"), 0, "x").label == KOZO_NO_RIGHT);
    CHECK(holds("file", "hello"));
}

TEST("what is synced was written to, and all of it can be synced at once")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    CHECK(ask(KOZO_VOLUME_SYNC, 1, (const uint64_t[]){file}).label == KOZO_OK);
    CHECK(ask(KOZO_VOLUME_SYNC, 1, (const uint64_t[]){0}).label == KOZO_OK);
    CHECK(write_at(file, 0, "J").label == KOZO_OK);
    CHECK(ask(KOZO_VOLUME_SYNC, 1, (const uint64_t[]){file}).label == KOZO_OK);
    CHECK(ask(KOZO_VOLUME_SYNC, 1, (const uint64_t[]){0}).label == KOZO_OK);
    CHECK(ask(KOZO_VOLUME_SYNC, 1, (const uint64_t[]){12'345}).label == KOZO_BAD_HANDLE);
}

TEST("what nobody knows any more is given back to the host")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    size_t before = server.files.count;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t file = look(mine, "file");
        CHECK(read_at(file, 0, 1).label == KOZO_OK && write_at(file, 0, "h").label == KOZO_OK);
        CHECK(ask(KOZO_VOLUME_FORGET, 1, (const uint64_t[]){file}).label == KOZO_OK);
        CHECK(ask(KOZO_VOLUME_FORGET, 1, (const uint64_t[]){file}).label == KOZO_BAD_HANDLE);
    }
    CHECK(server.files.count == before);
    (void)look(mine, "folder");
    request_left(0);
    exchange();
    CHECK(server.files.count == 1); // the root
}

// The host takes back all that leads to a name, as it does when a grant ends.
static void take_back(const char *path)
{
    for (size_t i = 0; i < sizeof server.files.bucket / sizeof server.files.bucket[0]; i++) {
        for (struct file *file = server.files.bucket[i]; file != nullptr; file = file->next) {
            file->taken_back = file->taken_back || strcmp(file->path, path) == 0;
        }
    }
}

TEST("what the host took back is refused, and what it gives again is there for who looks again")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    CHECK(read_at(file, 0, 100).label == KOZO_OK && write_at(file, 0, "J").label == KOZO_OK);
    size_t before = server.files.count;
    take_back("file");
    CHECK(read_at(file, 0, 100).label == KOZO_EXPIRED);
    CHECK(write_at(file, 0, "x").label == KOZO_EXPIRED);
    CHECK(ask(KOZO_VOLUME_STAT, 2, (const uint64_t[]){file, 512}).label == KOZO_EXPIRED);
    CHECK(look(mine, "file") == file && stat_of(file).size == 5);
    CHECK(read_at(file, 0, 100).word[0] == 5 && data_is("Jello"));
    CHECK(write_at(file, 0, "h").label == KOZO_OK && holds("file", "hello"));
    CHECK(server.files.count == before);
    take_back("file");
    CHECK(look(mine, "file") == file && stat_of(file).size == 5 &&
          read_at(file, 0, 100).word[0] == 5);
}

TEST("an attribute of what the host took back, or did not hand over, is asked for once more")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    if (set_attribute(file, "user.x", "x", 0) == KOZO_BAD_OPERATION) {
        return;
    }
    CHECK(read_at(file, 0, 1).label == KOZO_OK);
    take_back("file");
    CHECK(attribute(file, "user.x", 1).label == KOZO_EXPIRED);
    CHECK(look(look(ROOT, "mine"), "file") == file && attribute_is(file, "user.x", "x"));
    // The number of the value is taken back between walk and read.
    serves = false;
    uint64_t number =
        client_call(0, KOZO_VOLUME_ATTRIBUTE, 4, (const uint64_t[]){file, 0, name("user.x"), 1});
    serves = true;
    exchange_one();
    for (size_t i = 0; i < sizeof server.files.bucket / sizeof server.files.bucket[0]; i++) {
        for (struct file *other = server.files.bucket[i]; other != nullptr; other = other->next) {
            other->taken_back = other->taken_back || other->attribute != nullptr;
        }
    }
    exchange();
    CHECK(client_result(number).label == KOZO_OK && client_memory[0] == 'x');
    CHECK(server.files.attributes == 0);
}

TEST("two clients know of the same file, and each forgets for itself")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    size_t length = name("mine");
    (void)client_call(3, KOZO_VOLUME_LOOK, 3, (const uint64_t[]){ROOT, 0, length});
    exchange();
    CHECK(ask(KOZO_VOLUME_FORGET, 1, (const uint64_t[]){mine}).label == KOZO_OK);
    CHECK(look(mine, "file") != 0);
    request_left(3);
    exchange();
    CHECK(look_error(mine, "folder") == KOZO_NO_REPLY);
}

// --- Waiting

TEST("many requests are under way at a time, and all are answered")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    uint64_t number[32];
    for (size_t i = 0; i < 32; i++) {
        number[i] = client_call(0, KOZO_VOLUME_READ, 4,
                                (const uint64_t[]){file, i % 5, DATA_AT + 8 * i, 8});
    }
    uint64_t more = client_call(0, KOZO_VOLUME_STAT, 2, (const uint64_t[]){file, 0});
    CHECK(client_result(more).label == KOZO_WOULD_BLOCK);
    exchange();
    for (size_t i = 0; i < 32; i++) {
        CHECK(client_result(number[i]).label == KOZO_OK);
        CHECK(client_memory[DATA_AT + 8 * i] == (uint8_t)"hello"[i % 5]);
    }
    CHECK(client_strays == 0);
}

TEST("without room messages wait, and go on when there is some")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    client_room = 0;
    uint64_t number = client_call(0, KOZO_VOLUME_READ, 4, (const uint64_t[]){file, 0, DATA_AT, 8});
    exchange();
    CHECK(client_result(number).label == KOZO_PENDING && client_sent_length == 0);
    client_room = CLIENT_STREAM;
    share_work();
    exchange();
    CHECK(client_result(number).label == KOZO_OK);
}

TEST("a request that is cancelled is not answered, and its answer harms nobody")
{
    REQUIRE(begin());
    uint64_t mine = look(ROOT, "mine");
    uint64_t file = look(mine, "file");
    size_t files = server.files.count;
    serves = false;
    memset(client_memory + DATA_AT, 'x', 16);
    uint64_t read = client_call(0, KOZO_VOLUME_READ, 4, (const uint64_t[]){file, 0, DATA_AT, 8});
    uint64_t walk =
        client_call(0, KOZO_VOLUME_LOOK, 3, (const uint64_t[]){mine, 0, name("folder")});
    CHECK(request_cancel(0, read) && request_cancel(0, walk) && !request_cancel(0, read));
    CHECK(!request_cancel(1, walk));
    serves = true;
    exchange();
    CHECK(client_result(read).label == KOZO_PENDING && client_result(walk).label == KOZO_PENDING);
    CHECK(client_memory[DATA_AT] == 'x' && server.files.count == files + 1); // it is open now
    CHECK(read_at(file, 0, 8).word[0] == 5);
}

TEST("when the host begins anew all that was under way fails, and all is found again")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    serves = false;
    uint64_t number = client_call(0, KOZO_VOLUME_READ, 4, (const uint64_t[]){file, 0, DATA_AT, 8});
    REQUIRE(greet());
    CHECK(client_result(number).label == KOZO_NO_REPLY && !share_is_ready());
    server_end(&server);
    server_begin(&server, places, 2);
    serves = true;
    // What was sent to the old one is not for the new one: only its last message is.
    client_sent_length -= client_sent_length;
    share_lose();
    REQUIRE(share_take((const uint8_t *)"left over kozo-fil", 18) && greet());
    exchange();
    CHECK(share_is_ready() && read_at(file, 0, 8).label == KOZO_BAD_HANDLE);
    CHECK(read_at(look(look(ROOT, "mine"), "file"), 0, 8).word[0] == 5);
}

TEST("what is asked before the host has greeted waits for it")
{
    client_start();
    uint64_t number =
        client_call(0, KOZO_VOLUME_LOOK, 3, (const uint64_t[]){ROOT, 0, name("mine")});
    CHECK(client_result(number).label == KOZO_PENDING && client_sent_length == 0);
    CHECK(request_cancel(0, number));
}

// --- Lies

// Puts a message of the host together.
static struct wire_writer lie(uint8_t type, uint16_t tag)
{
    static uint8_t bytes[SHARE_MESSAGE + 64];
    struct wire_writer out = {.bytes = bytes, .used = NINE_HEADER, .size = sizeof bytes};
    wire_patch(&out, 4, type, 1);
    wire_patch(&out, 5, tag, 2);
    return out;
}

static bool believed(struct wire_writer *out)
{
    wire_patch(out, 0, out->used, 4);
    return share_take(out->bytes, out->used);
}

// Begins a request that the host does not answer; its tag is 0.
static bool begin_lie(uint32_t label, size_t words, const uint64_t *word)
{
    if (!begin()) {
        return false;
    }
    serves = false;
    return client_result(client_call(0, label, words, word)).label == KOZO_PENDING;
}

TEST("a host that agrees upon another version, or too much, is not believed")
{
    static const struct {
        uint32_t most;
        const char *version;
    } wrong[] = {{SHARE_MESSAGE, "unknown"}, {SHARE_MESSAGE + 1, "9P2000.L"}, {100, "9P2000.L"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        client_start();
        REQUIRE(greet());
        struct wire_writer out = lie(NINE_VERSION + 1, NINE_NO_TAG);
        wire_write(&out, wrong[i].most, 4);
        wire_write_text(&out, wrong[i].version, strlen(wrong[i].version));
        CHECK(!believed(&out) && !share_is_ready());
    }
}

TEST("an answer with an unknown tag, of another type, or twice is not believed")
{
    static const uint64_t statfs[1] = {};
    for (uint32_t tag = 1; tag < 70'000; tag += 31) {
        REQUIRE(tag != 1 || begin_lie(KOZO_VOLUME_DESCRIBE, 1, statfs));
        struct wire_writer out = lie(NINE_CLUNK + 1, (uint16_t)(tag == 65'536 ? 1 : tag));
        CHECK((uint16_t)tag == 0 || !believed(&out));
    }
    struct wire_writer out = lie(NINE_WALK + 1, 0);
    wire_write(&out, 0, 2);
    CHECK(!believed(&out));
}

TEST("an answer that is too short, too long, or says too much is not believed")
{
    for (size_t size = 0; size < 80; size++) {
        REQUIRE(begin_lie(KOZO_VOLUME_DESCRIBE, 1, (const uint64_t[]){0}));
        struct wire_writer out = lie(NINE_STATFS + 1, 0);
        for (size_t i = 0; i < size; i++) {
            wire_write(&out, 1, 1);
        }
        CHECK(believed(&out) == (size == 60));
        test_clean();
    }
}

TEST("more contents than were asked for are not believed, and touch no memory beyond")
{
    REQUIRE(begin());
    uint64_t file = look(look(ROOT, "mine"), "file");
    REQUIRE(read_at(file, 0, 1).label == KOZO_OK);
    for (uint32_t count = 9; count < 5'000; count *= 3) {
        serves = false;
        memset(client_memory + DATA_AT, 'x', 8'192);
        (void)client_call(0, KOZO_VOLUME_READ, 4, (const uint64_t[]){file, 0, DATA_AT, 8});
        struct wire_writer out = lie(NINE_READ + 1, 0);
        wire_write(&out, count, 4);
        memset(out.bytes + out.used, 'y', count);
        out.used += count;
        CHECK(!believed(&out) && client_memory[DATA_AT] == 'x');
        test_clean();
        REQUIRE(begin());
        file = look(look(ROOT, "mine"), "file");
        REQUIRE(read_at(file, 0, 1).label == KOZO_OK);
    }
}

TEST("a value of another size than it was said to have is not believed")
{
    static const uint64_t sizes[] = {KOZO_ATTRIBUTE_MOST + 1, UINT64_MAX};
    const uint64_t asked[] = {ROOT, 0, 1, 100};
    for (size_t i = 0; i < 2; i++) {
        client_memory[0] = 'n';
        REQUIRE(begin_lie(KOZO_VOLUME_ATTRIBUTE, 4, asked));
        struct wire_writer out = lie(NINE_ATTRIBUTE_WALK + 1, 0);
        wire_write(&out, sizes[i], 8);
        CHECK(!believed(&out));
        test_clean();
    }
    for (uint32_t count = 0; count < 20; count += 9) {
        client_memory[0] = 'n';
        REQUIRE(begin_lie(KOZO_VOLUME_ATTRIBUTE, 4, asked));
        struct wire_writer out = lie(NINE_ATTRIBUTE_WALK + 1, 0);
        wire_write(&out, 8, 8);
        CHECK(believed(&out));
        out = lie(NINE_READ + 1, 0);
        wire_write(&out, count, 4);
        out.used += count;
        CHECK(!believed(&out));
        test_clean();
    }
}

TEST("a folder with names that can't be is not believed")
{
    static const char *const names[] = {"", ".", "..", "a/b", "a\0b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        REQUIRE(begin());
        uint64_t mine = look(ROOT, "mine");
        REQUIRE(ask(KOZO_VOLUME_LIST, 4, (const uint64_t[]){mine, 0, DATA_AT, 4'096}).label ==
                KOZO_OK);
        serves = false;
        (void)client_call(0, KOZO_VOLUME_LIST, 4, (const uint64_t[]){mine, 0, DATA_AT, 4'096});
        struct wire_writer out = lie(NINE_READDIR + 1, 0);
        size_t length = i == 4 ? 3 : strlen(names[i]);
        wire_write(&out, 24 + length, 4);
        wire_write(&out, 0, 13 - 8);
        wire_write(&out, 5, 8);
        wire_write(&out, 1, 8);
        wire_write(&out, 0, 1);
        wire_write_text(&out, names[i], length);
        CHECK(!believed(&out));
        test_clean();
    }
}

TEST("a message of a length that can't be is not believed")
{
    static const uint32_t sizes[] = {0, 3, 6, SHARE_MESSAGE + 1, 0xffff'ffff};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        REQUIRE(begin());
        struct wire_writer out = lie(NINE_CLUNK + 1, 0);
        wire_patch(&out, 0, sizes[i], 4);
        CHECK(!share_take(out.bytes, 4));
        test_clean();
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
