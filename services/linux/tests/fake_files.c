// SPDX-License-Identifier: MIT
// A file server over a folder of this machine, for the tests: as abi/proto/files.abi says, with grants that can be taken away, and
// answers that can be made to wait.
#include "fake_files.h"

#include "../core/strand.h"
#include "../file/files.h"
#include "../memory/backing.h"

#include <kozo/protocol.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

constexpr size_t FILES = 512; // that may be open at a time
constexpr size_t LIVES = 4;
constexpr size_t PIECE = 8192;
constexpr size_t PIECES = 4;
constexpr uint64_t TOP = 1;

char fake_folder[64];
bool files_wait;
bool files_refuse;
bool files_are_gone;
bool files_full;
unsigned files_asked;
unsigned files_refreshed;
int files_most = FILES;

static uint32_t life = 1;
static size_t forgotten; // how often all that was open was
static char *paths[LIVES * FILES];
static uint8_t memory[PIECES][PIECE];
static bool taken[PIECES];

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

void fake_files_begin(void)
{
    (void)snprintf(fake_folder, sizeof fake_folder, "/tmp/kozo-files-XXXXXX");
    if (mkdtemp(fake_folder) == nullptr) {
        abort();
    }
}

void fake_files_end(void)
{
    for (size_t i = 0; i < LIVES * FILES; i++) {
        if (paths[i] != nullptr) {
            (void)fprintf(stderr, "file %zu was left open: %s\n", i, paths[i]);
            abort();
        }
    }
    if (fake_folder[0] != '\0') {
        (void)nftw(fake_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        fake_folder[0] = '\0';
    }
    files_wait = files_refuse = files_are_gone = files_full = false;
    files_refreshed = 0;
    files_most = FILES;
    life = 1;
    forgotten = 0;
}

uint32_t files_life(void)
{
    return life;
}

void fake_files_forget(void)
{
    for (size_t i = 0; i < LIVES * FILES; i++) {
        free(paths[i]);
        paths[i] = nullptr;
    }
    forgotten++;
}

void fake_files_begin_life(void)
{
    fake_files_forget();
    life++;
}

// Every request may have to wait. One about a file that is not open is refused: as one of a former life, or as one that
// its volume has lost.
static enum kozo_error ask(uint64_t file)
{
    files_asked++;
    if (files_wait) {
        struct wait wait = {};
        struct wait_queue queue = {};
        extern uint64_t fake_now;
        wait_enter(&wait, &queue);
        (void)wait_through(fake_now + 1);
        wait_leave(&wait);
    }
    return files_are_gone                          ? KOZO_NO_REPLY
           : files_refuse                          ? KOZO_NO_RIGHT
           : file != TOP && paths[file] == nullptr ? (life > 1 ? KOZO_BAD_HANDLE : KOZO_NO_REPLY)
                                                   : KOZO_OK;
}

static enum kozo_error error_now(void)
{
    switch (errno) {
    case ENOENT:
        return KOZO_BAD_HANDLE;
    case EEXIST:
        return KOZO_SLOT_TAKEN;
    case ENOTDIR:
    case EISDIR:
        return KOZO_BAD_TYPE;
    case ENOTEMPTY:
        return KOZO_BAD_STATE;
    case EACCES:
        return KOZO_NO_RIGHT;
    default:
        return KOZO_BAD_ARGUMENT;
    }
}

struct files_piece files_piece_take(void)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (!taken[i]) {
            taken[i] = true;
            return (struct files_piece){memory[i], i * PIECE, PIECE};
        }
    }
    abort();
}

void files_piece_give(struct files_piece piece)
{
    taken[piece.at / PIECE] = false;
}

static uint64_t open_path(const char *path)
{
    for (size_t i = forgotten * FILES + 2; i < forgotten * FILES + (size_t)files_most; i++) {
        if (paths[i] == nullptr) {
            paths[i] = strdup(path);
            return i;
        }
    }
    return 0;
}

static uint32_t kind_of(mode_t mode)
{
    return S_ISREG(mode)   ? KOZO_NODE_FILE
           : S_ISDIR(mode) ? KOZO_NODE_FOLDER
           : S_ISLNK(mode) ? KOZO_NODE_LINK
                           : KOZO_NODE_OTHER;
}

static uint64_t time_of(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1'000'000'000 + (uint64_t)time.tv_nsec;
}

static enum kozo_error put_stat(const char *path, uint8_t *to)
{
    struct stat stat;
    if (lstat(path, &stat) != 0) {
        return error_now();
    }
    struct kozo_node_stat record = {
        .node = stat.st_ino,
        .kind = kind_of(stat.st_mode),
        .mode = stat.st_mode & 07777,
        .size = (uint64_t)stat.st_size,
        .blocks = (uint64_t)stat.st_blocks,
        .links = stat.st_nlink,
        .accessed = time_of(stat.st_atim),
        .modified = time_of(stat.st_mtim),
        .changed = time_of(stat.st_ctim),
    };
    memcpy(to, &record, sizeof record);
    return KOZO_OK;
}

static const char *path_of(uint64_t folder, const uint8_t *name, size_t length)
{
    static char path[2][4200];
    static unsigned turn;
    const char *start = folder == TOP ? fake_folder : paths[folder];
    turn = !turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s%s%.*s", start, length > 0 ? "/" : "",
                   (int)length, name);
    return path[turn];
}

struct files_walked files_walk(uint64_t folder, const struct files_piece *piece, size_t length)
{
    enum kozo_error error = ask(folder);
    if (error != KOZO_OK) {
        return (struct files_walked){.error = error};
    }
    const char *path = path_of(folder, piece->bytes, length);
    struct stat stat;
    if (lstat(path, &stat) != 0) {
        return (struct files_walked){.error = error_now()};
    }
    uint64_t file = open_path(path);
    if (file == 0) {
        return (struct files_walked){.error = KOZO_NO_MEMORY};
    }
    (void)put_stat(path, piece->bytes);
    return (struct files_walked){KOZO_OK, file, kind_of(stat.st_mode)};
}

void files_close(uint64_t file)
{
    free(paths[file]);
    paths[file] = nullptr;
}

enum kozo_error files_stat(uint64_t file, const struct files_piece *piece)
{
    enum kozo_error error = ask(file);
    return error != KOZO_OK ? error : put_stat(paths[file], piece->bytes);
}

struct files_moved files_read(uint64_t file, uint64_t offset, const struct files_piece *piece,
                              size_t length)
{
    enum kozo_error error = ask(file);
    if (error != KOZO_OK) {
        return (struct files_moved){.error = error};
    }
    ssize_t done = readlink(paths[file], (char *)piece->bytes, length);
    if (done < 0) {
        int open_file = open(paths[file], O_RDONLY);
        if (open_file < 0) {
            return (struct files_moved){.error = error_now()};
        }
        done = pread(open_file, piece->bytes, length, (off_t)offset);
        error = done < 0 ? error_now() : KOZO_OK;
        (void)close(open_file);
    }
    return (struct files_moved){error, (uint64_t)(done < 0 ? 0 : done), 0};
}

struct files_moved files_write(uint64_t file, uint64_t offset, const struct files_piece *piece,
                               size_t length)
{
    enum kozo_error error = ask(file);
    if (error != KOZO_OK) {
        return (struct files_moved){.error = error};
    }
    if (files_full) {
        return (struct files_moved){.error = KOZO_NO_MEMORY};
    }
    int open_file = open(paths[file], O_WRONLY);
    if (open_file < 0) {
        return (struct files_moved){.error = error_now()};
    }
    if (offset == UINT64_MAX) {
        offset = (uint64_t)lseek(open_file, 0, SEEK_END);
    }
    ssize_t done = pwrite(open_file, piece->bytes, length, (off_t)offset);
    error = done < 0 ? error_now() : KOZO_OK;
    (void)close(open_file);
    return (struct files_moved){error, (uint64_t)(done < 0 ? 0 : done),
                                offset + (uint64_t)(done < 0 ? 0 : done)};
}

struct files_moved files_list(uint64_t file, uint64_t from, const struct files_piece *piece)
{
    enum kozo_error error = ask(file);
    if (error != KOZO_OK) {
        return (struct files_moved){.error = error};
    }
    DIR *folder = opendir(paths[file]);
    if (folder == nullptr) {
        return (struct files_moved){.error = error_now()};
    }
    struct dirent *entry = nullptr;
    uint64_t place = 0;
    size_t used = 0;
    while ((entry = readdir(folder)) != nullptr) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || place++ < from) {
            continue;
        }
        struct kozo_folder_entry record = {.node = entry->d_ino,
                                           .next = place,
                                           .kind = kind_of((mode_t)entry->d_type << 12),
                                           .length = (uint32_t)strlen(entry->d_name)};
        size_t size = sizeof record + (record.length + 7) / 8 * 8;
        if (used + size > piece->size) {
            break;
        }
        memset(piece->bytes + used, 0, size);
        memcpy(piece->bytes + used, &record, sizeof record);
        memcpy(piece->bytes + used + sizeof record, entry->d_name, record.length);
        used += size;
    }
    (void)closedir(folder);
    return (struct files_moved){KOZO_OK, used, 0};
}

struct files_walked files_make(uint64_t folder, uint64_t kind, uint32_t mode,
                               const struct files_piece *piece, size_t length, size_t target)
{
    enum kozo_error error = ask(folder);
    if (error != KOZO_OK) {
        return (struct files_walked){.error = error};
    }
    const char *path = path_of(folder, piece->bytes, length);
    char text[4200];
    memcpy(text, piece->bytes + length, target);
    text[target] = '\0';
    int result = kind == KOZO_NODE_FOLDER ? mkdir(path, mode)
                 : kind == KOZO_NODE_LINK ? symlink(text, path)
                                          : open(path, O_CREAT | O_EXCL | O_WRONLY, mode);
    if (result < 0) {
        return (struct files_walked){.error = error_now()};
    }
    if (kind == KOZO_NODE_FILE) {
        (void)close(result);
    }
    return (struct files_walked){KOZO_OK, open_path(path), kind};
}

enum kozo_error files_link(uint64_t file, uint64_t folder, const struct files_piece *piece,
                           size_t length)
{
    enum kozo_error error = ask(file);
    error = error == KOZO_OK ? ask(folder) : error;
    if (error != KOZO_OK) {
        return error;
    }
    return link(paths[file], path_of(folder, piece->bytes, length)) != 0 ? error_now() : KOZO_OK;
}

enum kozo_error files_remove(uint64_t folder, const struct files_piece *piece, size_t length,
                             uint64_t kind)
{
    enum kozo_error error = ask(folder);
    if (error != KOZO_OK) {
        return error;
    }
    const char *path = path_of(folder, piece->bytes, length);
    int result = kind == KOZO_NODE_FOLDER ? rmdir(path) : unlink(path);
    return result != 0 ? error_now() : KOZO_OK;
}

// What is open below a path goes along, as with numbers of a real server.
static void follow(const char *from, const char *to)
{
    size_t length = strlen(from);
    for (size_t i = 0; i < LIVES * FILES; i++) {
        if (paths[i] != nullptr && strncmp(paths[i], from, length) == 0 &&
            (paths[i][length] == '/' || paths[i][length] == '\0')) {
            char path[4400];
            (void)snprintf(path, sizeof path, "%s%s", to, paths[i] + length);
            free(paths[i]);
            paths[i] = strdup(path);
        }
    }
}

enum kozo_error files_rename(uint64_t folder, uint64_t target, const struct files_piece *piece,
                             size_t length, size_t second, bool over)
{
    enum kozo_error error = ask(folder);
    if (error != KOZO_OK) {
        return error;
    }
    char from[4200];
    (void)snprintf(from, sizeof from, "%s", path_of(folder, piece->bytes, length));
    const char *to = path_of(target, piece->bytes + length, second);
    if (!over && access(to, F_OK) == 0) {
        return KOZO_SLOT_TAKEN;
    }
    if (rename(from, to) != 0) {
        return error_now();
    }
    follow(from, to);
    return KOZO_OK;
}

enum kozo_error files_change(uint64_t file, const struct files_piece *piece, uint32_t what)
{
    enum kozo_error error = ask(file);
    struct kozo_node_stat record;
    memcpy(&record, piece->bytes, sizeof record);
    if (error == KOZO_OK && (what & KOZO_CHANGE_MODE) != 0 &&
        chmod(paths[file], record.mode) != 0) {
        error = error_now();
    }
    if (error == KOZO_OK && (what & KOZO_CHANGE_SIZE) != 0 &&
        truncate(paths[file], (off_t)record.size) != 0) {
        error = error_now();
    }
    struct timespec times[2] = {
        {(time_t)(record.accessed / 1'000'000'000), (long)(record.accessed % 1'000'000'000)},
        {(time_t)(record.modified / 1'000'000'000), (long)(record.modified % 1'000'000'000)}};
    if ((what & KOZO_CHANGE_ACCESSED) == 0) {
        times[0].tv_nsec = UTIME_OMIT;
    }
    if ((what & KOZO_CHANGE_MODIFIED) == 0) {
        times[1].tv_nsec = UTIME_OMIT;
    }
    (void)utimensat(AT_FDCWD, paths[file], times, 0);
    return error;
}

static enum kozo_error attribute_error(void)
{
    switch (errno) {
    case ENODATA:
        return KOZO_BAD_HANDLE;
    case EEXIST:
        return KOZO_SLOT_TAKEN;
    case EOPNOTSUPP:
        return KOZO_BAD_OPERATION;
    default:
        return KOZO_NO_MEMORY;
    }
}

static const char *attribute_of(const struct files_piece *piece, size_t length)
{
    static char name[256];
    memcpy(name, piece->bytes, length);
    name[length] = '\0';
    return name;
}

struct files_sized files_attribute(uint64_t file, const struct files_piece *piece, size_t length,
                                   size_t room)
{
    static uint8_t value[65'536];
    enum kozo_error error = ask(file);
    ssize_t size = error == KOZO_OK
                       ? getxattr(paths[file], attribute_of(piece, length), value, sizeof value)
                       : -1;
    if (error != KOZO_OK || size < 0 || size > (ssize_t)KOZO_ATTRIBUTE_MOST) {
        error = error != KOZO_OK ? error : size < 0 ? attribute_error() : KOZO_NO_MEMORY;
        return (struct files_sized){.error = error};
    }
    memcpy(piece->bytes, value, (size_t)size <= room ? (size_t)size : 0);
    return (struct files_sized){KOZO_OK, (uint64_t)size};
}

struct files_sized files_attributes(uint64_t file, const struct files_piece *piece, size_t room)
{
    static char names[PIECE];
    enum kozo_error error = ask(file);
    ssize_t size = error == KOZO_OK ? listxattr(paths[file], names, sizeof names) : 0;
    if (size < 0) {
        return (struct files_sized){.error = attribute_error()};
    }
    memcpy(piece->bytes, names, (size_t)size <= room ? (size_t)size : 0);
    return (struct files_sized){error, (uint64_t)size};
}

enum kozo_error files_set_attribute(uint64_t file, const struct files_piece *piece, size_t length,
                                    size_t size, uint64_t way)
{
    enum kozo_error error = ask(file);
    const char *name = attribute_of(piece, length);
    bool set =
        error == KOZO_OK && setxattr(paths[file], name, piece->bytes + length, size, (int)way) == 0;
    return set || error != KOZO_OK ? error : attribute_error();
}

enum kozo_error files_remove_attribute(uint64_t file, const struct files_piece *piece,
                                       size_t length)
{
    enum kozo_error error = ask(file);
    bool removed = error == KOZO_OK && removexattr(paths[file], attribute_of(piece, length)) == 0;
    return removed || error != KOZO_OK ? error : attribute_error();
}

enum kozo_error files_sync(uint64_t file, bool all)
{
    (void)all;
    return ask(file);
}

void files_refresh(void)
{
    files_refreshed++;
}

struct files_space files_describe(uint64_t file)
{
    return (struct files_space){ask(file), 4096, 1000, 500, 0};
}

struct files_run files_pages(uint64_t file, uint64_t offset, bool write)
{
    (void)write;
    return (struct files_run){ask(file), offset, 4096, 77};
}
