// SPDX-License-Identifier: MIT
// Volumes made by mkfs from a folder, read back; then damaged ones.
#include "ext.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

constexpr size_t MOST = 16 << 20;
constexpr size_t BIG = 300'000;

static char top[32];
static uint8_t *image;
static struct ext_volume *volume;
static bool failing;

static const char *inside(const char *path)
{
    static char text[512];
    (void)snprintf(text, sizeof text, "%s/%s", top, path);
    return text;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void close_volume(void)
{
    if (volume != nullptr) {
        ext_close(volume);
        volume = nullptr;
    }
}

void test_clean(void)
{
    close_volume();
    free(image);
    image = nullptr;
    failing = false;
    if (top[0] != '\0') {
        (void)nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        top[0] = '\0';
    }
}

static uint8_t big_byte(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static bool put_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(inside(path), "w");
    if (file == nullptr) {
        return false;
    }
    bool written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

static bool make_folder(void)
{
    strcpy(top, "/tmp/kozo-ext-XXXXXX");
    if (mkdtemp(top) == nullptr || mkdir(inside("in"), 0755) != 0 ||
        mkdir(inside("in/folder"), 0711) != 0 || mkdir(inside("in/many"), 0755) != 0) {
        return false;
    }
    static uint8_t big[BIG];
    for (size_t i = 0; i < BIG; i++) {
        big[i] = big_byte(i);
    }
    char link[300] = {};
    memset(link, 'x', sizeof link - 1);
    bool made = put_file("in/hello", (const uint8_t *)"hello", 5) &&
                put_file("in/folder/big", big, BIG) && put_file("in/empty", big, 0) &&
                symlink("folder/big", inside("in/short")) == 0 &&
                symlink(link, inside("in/long")) == 0 && mkfifo(inside("in/pipe"), 0600) == 0;
    for (unsigned i = 0; made && i < 500; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "in/many/file-%u", i);
        made = put_file(name, (const uint8_t *)name, strlen(name));
    }
    int sparse = open(inside("in/sparse"), O_CREAT | O_WRONLY, 0600);
    made = made && sparse >= 0 && ftruncate(sparse, 5LL << 30) == 0 &&
           pwrite(sparse, "end", 3, (5LL << 30) - 3) == 3;
    (void)close(sparse);
    return made;
}

// Makes an image of the folder, with options for mkfs up to a null.
static bool make_image(const char *kind, const char *options)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char folder[64];
        char file[64];
        (void)snprintf(folder, sizeof folder, "%s/in", top);
        (void)snprintf(file, sizeof file, "%s/image", top);
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
            _exit(1);
        }
        (void)execl("/sbin/mke2fs", "mke2fs", "-q", "-F", "-t", kind, "-O", options, "-d", folder,
                    file, "16M", nullptr);
        _exit(1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        return false;
    }
    image = malloc(MOST);
    FILE *file = fopen(inside("image"), "r");
    if (file == nullptr) {
        return false;
    }
    bool read = image != nullptr && fread(image, 1, MOST, file) == MOST;
    return fclose(file) == 0 && read;
}

static bool read_image(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    (void)context;
    memcpy(buffer, image + offset, bytes);
    return !failing;
}

static enum ext_error open_volume(void)
{
    static const struct ext_device device = {.size = MOST, .read = read_image};
    return ext_open(&device, &volume);
}

static bool begin(const char *kind, const char *options)
{
    return make_folder() && make_image(kind, options) && open_volume() == EXT_OK;
}

static uint32_t find(const char *path)
{
    uint32_t inode = EXT_ROOT;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (ext_find(volume, inode, path, length, &inode) != EXT_OK) {
            return 0;
        }
        path += length;
        path += *path == '/';
    }
    return inode;
}

static bool reads(const char *path, uint64_t offset, const char *text, size_t length)
{
    char found[64];
    size_t got;
    return ext_read(volume, find(path), offset, found, sizeof found, &got) == EXT_OK &&
           got == length && memcmp(found, text, length) == 0;
}

// --- What it reads

static bool big_is_right(void)
{
    static uint8_t found[BIG];
    size_t got;
    if (ext_read(volume, find("folder/big"), 0, found, BIG, &got) != EXT_OK || got != BIG) {
        return false;
    }
    for (size_t i = 0; i < BIG; i++) {
        if (found[i] != big_byte(i)) {
            return false;
        }
    }
    return true;
}

static void check_all(void)
{
    CHECK(reads("hello", 0, "hello", 5) && reads("hello", 3, "lo", 2) && reads("hello", 5, "", 0));
    CHECK(reads("empty", 0, "", 0) && reads("hello", 1ULL << 40, "", 0));
    CHECK(reads("many/file-499", 0, "in/many/file-499", 16));
    CHECK(big_is_right());
    struct ext_status status;
    CHECK(ext_status(volume, find("folder/big"), &status) == EXT_OK);
    CHECK(status.size == BIG && status.kind == EXT_FILE && status.taken >= BIG);
    struct stat host;
    CHECK(stat(inside("in/folder/big"), &host) == 0);
    CHECK(status.modified.seconds == host.st_mtim.tv_sec && status.owner == host.st_uid);
    CHECK(ext_status(volume, find("folder"), &status) == EXT_OK);
    CHECK(status.kind == EXT_DIRECTORY && status.permissions == 0711);
    CHECK(ext_status(volume, find("pipe"), &status) == EXT_OK && status.kind == EXT_OTHER);
    char link[EXT_LINK_MOST];
    size_t length;
    CHECK(ext_read_link(volume, find("short"), link, sizeof link, &length) == EXT_OK);
    CHECK(length == 10 && memcmp(link, "folder/big", 10) == 0);
    CHECK(ext_read_link(volume, find("long"), link, sizeof link, &length) == EXT_OK);
    CHECK(length == 299 && link[298] == 'x');
    CHECK(ext_read_link(volume, find("long"), link, 298, &length) == EXT_TOO_LONG);
}

TEST("an ext4 volume is read")
{
    REQUIRE(begin("ext4", "metadata_csum,64bit"));
    check_all();
    CHECK(reads("sparse", (5ULL << 30) - 3, "end", 3));
    char zeros[64] = {};
    CHECK(reads("sparse", 1ULL << 30, zeros, 64));
    CHECK(!ext_is_dirty(volume));
    CHECK(ext_space(volume).block_size * ext_space(volume).blocks == MOST);
}

TEST("an ext3 and an ext2 volume are read")
{
    REQUIRE(begin("ext3", "dir_index"));
    check_all();
    close_volume();
    free(image);
    REQUIRE(make_image("ext2", "^dir_index") && open_volume() == EXT_OK);
    check_all();
}

TEST("an ext4 volume with small files kept in their inodes is read")
{
    REQUIRE(begin("ext4", "inline_data"));
    check_all();
}

struct seen {
    unsigned entries;
    unsigned stop_at;
    bool sound;
};

static bool see(void *context, uint32_t inode, enum ext_kind kind, const char *name, size_t length)
{
    struct seen *seen = context;
    seen->entries++;
    seen->sound = seen->sound && inode != 0 && kind == EXT_FILE && length > 5 &&
                  memcmp(name, "file-", 5) == 0;
    return seen->entries != seen->stop_at;
}

TEST("a directory shows each of its entries, until the visitor has enough")
{
    REQUIRE(begin("ext4", "metadata_csum"));
    struct seen seen = {.sound = true};
    CHECK(ext_visit(volume, find("many"), &(struct ext_visitor){&seen, see}) == EXT_OK);
    CHECK(seen.entries == 500 && seen.sound);
    seen = (struct seen){.stop_at = 7, .sound = true};
    CHECK(ext_visit(volume, find("many"), &(struct ext_visitor){&seen, see}) == EXT_OK);
    CHECK(seen.entries == 7);
}

// --- What it refuses

TEST("names that are not there, and objects of another kind, are told")
{
    REQUIRE(begin("ext4", "metadata_csum"));
    uint32_t inode;
    struct ext_status status;
    char buffer[8];
    size_t got;
    CHECK(ext_find(volume, EXT_ROOT, "nothing", 7, &inode) == EXT_NONE);
    CHECK(ext_find(volume, EXT_ROOT, "hello", 4, &inode) == EXT_NONE);
    CHECK(ext_find(volume, EXT_ROOT, "", 0, &inode) == EXT_NONE);
    char name[300] = {'a'};
    CHECK(ext_find(volume, EXT_ROOT, name, sizeof name, &inode) == EXT_NONE);
    CHECK(ext_find(volume, find("hello"), "x", 1, &inode) == EXT_NO_DIRECTORY);
    CHECK(ext_read(volume, EXT_ROOT, 0, buffer, 8, &got) == EXT_NO_FILE);
    CHECK(ext_read(volume, find("pipe"), 0, buffer, 8, &got) == EXT_NO_FILE);
    CHECK(ext_read_link(volume, find("hello"), buffer, 8, &got) == EXT_NO_LINK);
    CHECK(ext_visit(volume, find("hello"), &(struct ext_visitor){nullptr, see}) ==
          EXT_NO_DIRECTORY);
    CHECK(ext_status(volume, 0, &status) == EXT_BROKEN);
    CHECK(ext_status(volume, UINT32_MAX, &status) == EXT_BROKEN);
    CHECK(ext_attribute(volume, find("hello"), "user.none", buffer, 8, &got) == EXT_NONE);
    CHECK(ext_attributes(volume, find("hello"), buffer, 8, &got) == EXT_OK && got == 0);
    CHECK(ext_attributes(volume, UINT32_MAX, buffer, 8, &got) == EXT_BROKEN);
}

TEST("what is no ext volume, and one that is cut short, is refused")
{
    REQUIRE(make_folder() && make_image("ext4", "metadata_csum"));
    static const struct ext_device half = {.size = MOST / 2, .read = read_image};
    static const struct ext_device none = {.size = 0, .read = read_image};
    CHECK(ext_open(&half, &volume) == EXT_BROKEN);
    CHECK(ext_open(&none, &volume) == EXT_BROKEN);
    memset(image, 0, 2'048);
    CHECK(open_volume() == EXT_UNKNOWN_FORMAT);
    volume = nullptr;
}

TEST("a volume that was not unmounted says so")
{
    REQUIRE(make_folder() && make_image("ext4", "^metadata_csum"));
    image[1'024 + 0x60] |= 4; // s_feature_incompat: the journal needs to be replayed
    REQUIRE(open_volume() == EXT_OK);
    CHECK(ext_is_dirty(volume));
}

TEST("a device that fails is told, and is tried again at the next call")
{
    REQUIRE(begin("ext4", "metadata_csum"));
    uint32_t big = find("folder/big");
    char buffer[8];
    size_t got;
    failing = true;
    CHECK(ext_read(volume, big, BIG / 2, buffer, 8, &got) == EXT_BROKEN);
    failing = false;
    CHECK(ext_read(volume, big, BIG / 2, buffer, 8, &got) == EXT_OK && got == 8);
}

// --- Damage

static bool use_entry(void *context, uint32_t inode, enum ext_kind kind, const char *name,
                      size_t length)
{
    unsigned *left = context;
    struct ext_status status;
    static char buffer[8'192];
    size_t got = 0;
    uint32_t found;
    (void)kind;
    bool sound = ext_status(volume, inode, &status) == EXT_OK;
    if (sound && ext_read(volume, inode, status.size / 2, buffer, sizeof buffer, &got) == EXT_OK) {
        CHECK(got <= sizeof buffer);
    }
    (void)!ext_read_link(volume, inode, buffer, sizeof buffer, &got);
    (void)!ext_attribute(volume, inode, "user.x", buffer, sizeof buffer, &got);
    (void)!ext_attributes(volume, inode, buffer, sizeof buffer, &got);
    (void)!ext_find(volume, inode, name, length, &found);
    return --*left != 0;
}

static void use_all(void)
{
    if (open_volume() != EXT_OK) {
        return;
    }
    for (uint32_t inode = EXT_ROOT; inode < 40; inode++) {
        unsigned left = 40;
        (void)!ext_visit(volume, inode, &(struct ext_visitor){&left, use_entry});
    }
    close_volume();
}

static void damage(const char *kind, const char *options)
{
    REQUIRE(make_folder() && make_image(kind, options));
    uint8_t *sound = malloc(MOST);
    REQUIRE(sound != nullptr);
    memcpy(sound, image, MOST);
    uint64_t state = 1;
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i <= round % 32; i++) {
            state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            // Most damage goes where the structures are: the first 256 KiB.
            uint64_t where = (state >> 20) % ((state >> 60) != 0 ? 256 << 10 : MOST);
            image[where] = (uint8_t)(state >> 52);
        }
        use_all();
        memcpy(image, sound, MOST);
    }
    free(sound);
}

TEST("a damaged ext4 volume harms nobody")
{
    damage("ext4", "^metadata_csum,64bit");
}

TEST("a damaged ext2 volume harms nobody")
{
    damage("ext2", "dir_index");
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
