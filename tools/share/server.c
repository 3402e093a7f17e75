// SPDX-License-Identifier: MIT
#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "handover.h"
#include "nine.h"
#include "wire.h"

constexpr uint64_t ATTRIBUTES = 0x000007ff; // those that getattr answers: mode to blocks

// One exchange: what came and what goes back.
struct exchange {
    struct server *server;
    bool taken_back; // it was about a file whose grant has ended
    struct wire_reader in;
    struct wire_writer out;
};

// A name or path that ends with a zero.
struct name {
    char text[NINE_NAME_MOST + 1];
};

struct path {
    char text[PLACE_PATH];
};

// --- Decoding

static int decoded(const struct exchange *exchange)
{
    return exchange->in.broken || exchange->in.left != 0 ? EINVAL : 0;
}

// The same for a request about a file, which must be known.
static int decoded_for(const struct exchange *exchange, const struct file *file)
{
    int error = decoded(exchange);
    return error == 0 && file == nullptr ? EBADF : error;
}

// What a number stands for; null also when its grant has ended.
static struct file *read_file(struct exchange *exchange)
{
    struct file *file = file_find(&exchange->server->files, (uint32_t)wire_read(&exchange->in, 4));
    if (file != nullptr && file->taken_back) {
        exchange->taken_back = true;
        return nullptr;
    }
    return file;
}

// One part of a path. What is none becomes empty.
static struct name read_name(struct exchange *exchange)
{
    struct wire_text text = wire_read_text(&exchange->in);
    struct name name = {};
    bool fits = text.length <= NINE_NAME_MOST && memchr(text.text, '/', text.length) == nullptr &&
                memchr(text.text, '\0', text.length) == nullptr;
    if (fits) {
        memcpy(name.text, text.text, text.length);
    }
    if (strcmp(name.text, ".") == 0 || strcmp(name.text, "..") == 0) {
        name.text[0] = '\0';
    }
    return name;
}

// False: the path would be too long.
static bool join(struct path *path, const char *folder, const char *name)
{
    size_t length = strlen(folder);
    size_t added = strlen(name);
    if (length + 1 + added >= sizeof path->text) {
        return false;
    }
    memcpy(path->text, folder, length);
    if (length != 0) {
        path->text[length++] = '/';
    }
    memcpy(path->text + length, name, added + 1);
    return true;
}

// --- Answering

// What tells the files of a place from the same files in another one: the rights to them may be others there.
static uint64_t place_number(const struct place *place)
{
    uint64_t number = 14'695'981'039'346'656'037u;
    for (const char *byte = place->name; byte != nullptr && *byte != '\0'; byte++) {
        number = (number ^ (uint8_t)*byte) * 1'099'511'628'211u;
    }
    return number & 0xffff'0000'0000;
}

// A qid: kind, version and number of a file, as 9P wants it to be told from others. The number mixes
// the device in, since a place may span several, and the place.
static void write_qid(struct exchange *exchange, const struct place *place,
                      const struct stat *status)
{
    uint8_t kind = S_ISDIR(status->st_mode)   ? NINE_FOLDER
                   : S_ISLNK(status->st_mode) ? NINE_LINKED
                                              : 0;
    uint64_t changed =
        (uint64_t)status->st_ctim.tv_sec * 1'000'000'000 + (uint64_t)status->st_ctim.tv_nsec;
    wire_write(&exchange->out, kind, 1);
    wire_write(&exchange->out, changed, 4);
    wire_write(&exchange->out,
               status->st_ino ^ (uint64_t)status->st_dev << 48 ^ place_number(place), 8);
}

// The qid of something that was just made.
static int answer_made(struct exchange *exchange, const struct file *folder, const char *name)
{
    struct path path;
    struct stat status;
    if (!join(&path, folder->path, name)) {
        return ENAMETOOLONG;
    }
    int found = place_find(folder->place, path.text, &status);
    if (found < 0) {
        return -found;
    }
    close(found);
    write_qid(exchange, folder->place, &status);
    return 0;
}

// The folder of all places, which the host does not have.
static bool is_top(const struct exchange *exchange, const struct file *file)
{
    return file->place == &exchange->server->top;
}

static struct stat top_status(void)
{
    return (struct stat){
        .st_ino = 1, .st_mode = S_IFDIR | 0555, .st_nlink = 2, .st_blksize = 4'096};
}

static int file_status(const struct file *file, struct stat *status)
{
    if (file->place->root < 0) {
        *status = top_status();
        return 0;
    }
    if (file->descriptor >= 0) {
        return fstat(file->descriptor, status) == 0 ? 0 : errno;
    }
    int found = place_find(file->place, file->path, status);
    if (found < 0) {
        return -found;
    }
    close(found);
    return 0;
}

static int may_change(const struct exchange *exchange, const struct file *file)
{
    int error = decoded_for(exchange, file);
    return error == 0 && !place_may_change(file->place, file->path) ? EROFS : error;
}

// The checks that everything shares that makes, renames or removes a name.
static int may_name(const struct exchange *exchange, const struct file *folder,
                    const struct name *name)
{
    struct path path;
    int error = decoded_for(exchange, folder);
    if (error != 0) {
        return error;
    }
    // Where nothing may be changed, nothing is told about names either.
    if (!folder->place->write && folder->place->writable == nullptr) {
        return EROFS;
    }
    if (name->text[0] == '\0') {
        return EINVAL;
    }
    if (!join(&path, folder->path, name->text)) {
        return ENAMETOOLONG;
    }
    if (!place_shows(folder->place, folder->path, name->text) ||
        place_is_closed(folder->place, path.text)) {
        return EACCES;
    }
    return place_may_move(folder->place, path.text) ? 0 : EROFS;
}

// --- The connection

static int answer_version(struct exchange *exchange)
{
    uint64_t most = wire_read(&exchange->in, 4);
    struct wire_text asked = wire_read_text(&exchange->in);
    if (decoded(exchange) != 0 || most < SERVER_MESSAGE_LEAST) {
        return EINVAL;
    }
    bool known = asked.length == strlen(NINE_VERSION_NAME) &&
                 memcmp(asked.text, NINE_VERSION_NAME, asked.length) == 0;
    struct server *server = exchange->server;
    file_remove_all(&server->files);
    server->message_most = most < SERVER_MESSAGE_MOST ? most : SERVER_MESSAGE_MOST;
    wire_write(&exchange->out, server->message_most, 4);
    if (known) {
        wire_write_text(&exchange->out, NINE_VERSION_NAME, strlen(NINE_VERSION_NAME));
    } else {
        wire_write_text(&exchange->out, "unknown", strlen("unknown"));
    }
    return 0;
}

static const struct place *find_place(const struct server *server, struct wire_text name)
{
    for (size_t i = 0; i < server->place_count; i++) {
        const char *known = server->places[i].name;
        if (name.length == strlen(known) && memcmp(name.text, known, name.length) == 0) {
            return &server->places[i];
        }
    }
    return nullptr;
}

static int answer_attach(struct exchange *exchange)
{
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4);   // a number from authentication, which there is none of
    (void)wire_read_text(&exchange->in); // who, which is not believed
    struct wire_text name = wire_read_text(&exchange->in);
    (void)wire_read(&exchange->in, 4);
    int error = decoded(exchange);
    if (error != 0) {
        return error;
    }
    struct stat status = top_status();
    const struct place *place = &exchange->server->top;
    if (name.length != 0) {
        place = find_place(exchange->server, name);
        int found = place == nullptr ? -ENOENT : place_find(place, "", &status);
        if (found < 0) {
            return -found;
        }
        close(found);
    }
    error = file_add(&exchange->server->files, number, place, "", true);
    if (error == 0) {
        write_qid(exchange, place, &status);
    }
    return -error;
}

// Every request is answered before the next one is read, so there is nothing left to give up.
static int answer_flush(struct exchange *exchange)
{
    (void)wire_read(&exchange->in, 2);
    return decoded(exchange);
}

// --- Names

// Where a walk is.
struct walk {
    const struct place *place;
    struct path path;
    struct stat status;
};

// From the folder of all places into one of them.
static int walk_into_place(const struct exchange *exchange, struct walk *walk, const char *name)
{
    struct wire_text text = {.text = name, .length = strlen(name)};
    const struct place *place = find_place(exchange->server, text);
    int found = place == nullptr ? -ENOENT : place_find(place, "", &walk->status);
    if (found < 0) {
        return -found;
    }
    close(found);
    walk->place = place;
    return 0;
}

static int walk_step(struct exchange *exchange, struct walk *walk)
{
    struct name name = read_name(exchange);
    struct path next;
    if (!S_ISDIR(walk->status.st_mode)) {
        return ENOTDIR;
    }
    if (name.text[0] == '\0') {
        return exchange->in.broken ? EINVAL : EACCES;
    }
    if (walk->place == &exchange->server->top) {
        return walk_into_place(exchange, walk, name.text);
    }
    if (!join(&next, walk->path.text, name.text)) {
        return ENAMETOOLONG;
    }
    int found = place_is_closed(walk->place, next.text)
                    ? -EACCES
                    : place_find(walk->place, next.text, &walk->status);
    if (found < 0) {
        return -found;
    }
    close(found);
    walk->path = next;
    return 0;
}

// Walks part by part and stops where there is no more. The new number stands for the end only if
// every part was found.
static int answer_walk(struct exchange *exchange)
{
    struct file_table *files = &exchange->server->files;
    struct file *from = read_file(exchange);
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    unsigned count = (unsigned)wire_read(&exchange->in, 2);
    if (exchange->in.broken || count > NINE_WALK_MOST) {
        return EINVAL;
    }
    if (from == nullptr || from->descriptor >= 0) {
        return EBADF;
    }
    struct file *taken = file_find(files, number);
    if (taken != nullptr && taken != from) {
        return EEXIST;
    }
    size_t counted = exchange->out.used;
    wire_write(&exchange->out, 0, 2);
    struct walk walk = {.place = from->place,
                        .status.st_mode = from->directory ? S_IFDIR : S_IFREG};
    memcpy(walk.path.text, from->path, strlen(from->path) + 1);
    int error = 0;
    unsigned walked = 0;
    while (walked < count && error == 0) {
        error = walk_step(exchange, &walk);
        if (error == 0) {
            write_qid(exchange, walk.place, &walk.status);
            walked++;
        }
    }
    if (walked == 0 && count != 0) {
        return error;
    }
    wire_patch(&exchange->out, counted, walked, 2);
    if (walked < count) {
        return 0;
    }
    bool directory = S_ISDIR(walk.status.st_mode);
    if (taken == from) {
        from->place = walk.place;
        return -file_move(from, walk.path.text, directory);
    }
    return -file_add(files, number, walk.place, walk.path.text, directory);
}

static int answer_clunk(struct exchange *exchange)
{
    struct file *file = file_find(&exchange->server->files, (uint32_t)wire_read(&exchange->in, 4));
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    file_remove(&exchange->server->files, file);
    return 0;
}

static int answer_create(struct exchange *exchange)
{
    struct file *folder = read_file(exchange);
    struct name name = read_name(exchange);
    int flags = (int)wire_read(&exchange->in, 4);
    mode_t mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4); // the group, which is always the runner's
    int error = may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    struct path path;
    if (!join(&path, folder->path, name.text)) {
        return ENAMETOOLONG;
    }
    if (folder->descriptor >= 0) {
        return EBADF;
    }
    int created = place_create(folder->place, folder->path, name.text, flags, mode);
    if (created < 0) {
        return -created;
    }
    struct stat status;
    error = fstat(created, &status) == 0 ? -file_move(folder, path.text, false) : errno;
    if (error != 0) {
        close(created);
        return error;
    }
    folder->descriptor = created;
    folder->writes = (flags & O_ACCMODE) != O_RDONLY;
    write_qid(exchange, folder->place, &status);
    wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
    return 0;
}

static int answer_mkdir(struct exchange *exchange)
{
    struct file *folder = read_file(exchange);
    struct name name = read_name(exchange);
    mode_t mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4);
    int error = may_name(exchange, folder, &name);
    if (error == 0) {
        error = -place_make_folder(folder->place, folder->path, name.text, mode);
    }
    return error != 0 ? error : answer_made(exchange, folder, name.text);
}

static int answer_symlink(struct exchange *exchange)
{
    struct file *folder = read_file(exchange);
    struct name name = read_name(exchange);
    struct wire_text target = wire_read_text(&exchange->in);
    (void)wire_read(&exchange->in, 4);
    int error = may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    struct path copy = {};
    if (target.length >= sizeof copy.text) {
        return ENAMETOOLONG;
    }
    if (memchr(target.text, '\0', target.length) != nullptr) {
        return EINVAL;
    }
    memcpy(copy.text, target.text, target.length);
    error = -place_make_link(folder->place, folder->path, name.text, copy.text);
    return error != 0 ? error : answer_made(exchange, folder, name.text);
}

static int answer_link(struct exchange *exchange)
{
    struct file *folder = read_file(exchange);
    struct file *file = read_file(exchange);
    struct name name = read_name(exchange);
    int error = may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    if (file == nullptr) {
        return EBADF;
    }
    if (file->place != folder->place) {
        return EXDEV;
    }
    // By its new name it could be changed.
    if (!place_may_change(file->place, file->path)) {
        return EROFS;
    }
    return -place_add_name(folder->place, file->path, folder->path, name.text);
}

static int answer_rename(struct exchange *exchange)
{
    struct file *from = read_file(exchange);
    struct name name = read_name(exchange);
    struct file *to = read_file(exchange);
    struct name new_name = read_name(exchange);
    int error = may_name(exchange, from, &name);
    error = error != 0 ? error : may_name(exchange, to, &new_name);
    if (error != 0) {
        return error;
    }
    if (from->place != to->place) {
        return EXDEV;
    }
    struct path old_path;
    struct path new_path;
    if (!join(&old_path, from->path, name.text) || !join(&new_path, to->path, new_name.text)) {
        return ENAMETOOLONG;
    }
    error = -place_rename(from->place, from->path, name.text, to->path, new_name.text);
    if (error == 0) {
        file_renamed(&exchange->server->files, from->place, old_path.text, new_path.text);
    }
    return error;
}

static int answer_unlink(struct exchange *exchange)
{
    struct file *folder = read_file(exchange);
    struct name name = read_name(exchange);
    uint32_t flags = (uint32_t)wire_read(&exchange->in, 4);
    int error = may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    bool directory = (flags & NINE_UNLINK_FOLDER) != 0;
    return -place_remove(folder->place, folder->path, name.text, directory);
}

static int answer_readlink(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct path target;
    long length = place_read_link(file->place, file->path, target.text, sizeof target.text);
    if (length < 0) {
        return (int)-length;
    }
    wire_write_text(&exchange->out, target.text, (size_t)length);
    return 0;
}

// --- What a file is

static void write_time(struct exchange *exchange, struct timespec time)
{
    wire_write(&exchange->out, (uint64_t)time.tv_sec, 8);
    wire_write(&exchange->out, (uint64_t)time.tv_nsec, 8);
}

static int answer_getattr(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    (void)wire_read(&exchange->in, 8); // which ones are wanted: always all
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct stat status;
    error = file_status(file, &status);
    if (error != 0) {
        return error;
    }
    struct wire_writer *out = &exchange->out;
    wire_write(out, ATTRIBUTES, 8);
    write_qid(exchange, file->place, &status);
    wire_write(out, status.st_mode, 4);
    wire_write(out, status.st_uid, 4);
    wire_write(out, status.st_gid, 4);
    wire_write(out, status.st_nlink, 8);
    wire_write(out, 0, 8); // a device's number: there are no devices
    wire_write(out, (uint64_t)status.st_size, 8);
    wire_write(out, (uint64_t)status.st_blksize, 8);
    wire_write(out, (uint64_t)status.st_blocks, 8);
    write_time(exchange, status.st_atim);
    write_time(exchange, status.st_mtim);
    write_time(exchange, status.st_ctim);
    write_time(exchange, (struct timespec){}); // of its birth, which is not among ATTRIBUTES
    wire_write(out, 0, 8);
    wire_write(out, 0, 8);
    return 0;
}

static struct timespec read_time(struct exchange *exchange, bool change, bool to)
{
    struct timespec time = {
        .tv_sec = (time_t)wire_read(&exchange->in, 8),
        .tv_nsec = (long)(wire_read(&exchange->in, 8) % 1'000'000'000),
    };
    if (!change) {
        time.tv_nsec = UTIME_OMIT;
    } else if (!to) {
        time.tv_nsec = UTIME_NOW;
    }
    return time;
}

static int answer_setattr(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    uint32_t mask = (uint32_t)wire_read(&exchange->in, 4);
    struct place_change change = {
        .mode = (mask & NINE_CHANGE_MODE) != 0,
        .size = (mask & NINE_CHANGE_SIZE) != 0,
    };
    change.new_mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 8); // owner and group
    change.new_size = (off_t)wire_read(&exchange->in, 8);
    change.times[0] = read_time(exchange, (mask & NINE_CHANGE_ACCESSED) != 0,
                                (mask & NINE_CHANGE_ACCESSED_TO) != 0);
    change.times[1] = read_time(exchange, (mask & NINE_CHANGE_MODIFIED) != 0,
                                (mask & NINE_CHANGE_MODIFIED_TO) != 0);
    int error = may_change(exchange, file);
    if (error != 0) {
        return error;
    }
    if ((mask & (NINE_CHANGE_OWNER | NINE_CHANGE_GROUP)) != 0) {
        return EPERM;
    }
    if (file->descriptor >= 0 && change.size) {
        // An open file may have lost its name.
        error = ftruncate(file->descriptor, change.new_size) == 0 ? 0 : errno;
        change.size = false;
    }
    return error != 0 ? error : -place_change(file->place, file->path, &change);
}

static int answer_statfs(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct statfs status = {.f_bsize = 4'096};
    if (!is_top(exchange, file) && fstatfs(file->place->root, &status) != 0) {
        return errno;
    }
    constexpr uint32_t NINE = 0x01021997; // V9FS_MAGIC: what the guest is to see, whatever is below
    struct wire_writer *out = &exchange->out;
    wire_write(out, NINE, 4);
    wire_write(out, (uint64_t)status.f_bsize, 4);
    wire_write(out, status.f_blocks, 8);
    wire_write(out, status.f_bfree, 8);
    wire_write(out, status.f_bavail, 8);
    wire_write(out, status.f_files, 8);
    wire_write(out, status.f_ffree, 8);
    wire_write(out, 0, 8);
    wire_write(out, NINE_NAME_MOST, 4);
    return 0;
}

// --- Contents

static int answer_open(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    int flags = (int)wire_read(&exchange->in, 4);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->descriptor >= 0 || file->attribute != nullptr) {
        return EBADF;
    }
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    if (writes && !place_may_change(file->place, file->path)) {
        return EROFS;
    }
    struct stat status = top_status();
    if (is_top(exchange, file)) {
        write_qid(exchange, file->place, &status);
        wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
        return 0;
    }
    int opened = place_open_file(file->place, file->path, flags);
    if (opened < 0) {
        return -opened;
    }
    if (fstat(opened, &status) != 0) {
        error = errno;
        close(opened);
        return error;
    }
    file->descriptor = opened;
    file->directory = S_ISDIR(status.st_mode);
    file->writes = writes;
    if (file->place->opened != nullptr) {
        file->place->opened(file->place, file->path, file->directory);
    }
    write_qid(exchange, file->place, &status);
    wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
    return 0;
}

// --- Extended attributes

// A descriptor of what a number stands for, and what has to be closed afterwards; an error below zero.
struct opened {
    int descriptor;
    int own;
};

static struct opened open_for_attribute(const struct exchange *exchange, const struct file *file)
{
    if (is_top(exchange, file)) {
        return (struct opened){-EOPNOTSUPP, -1};
    }
    if (file->descriptor >= 0) {
        return (struct opened){file->descriptor, -1};
    }
    int found = place_open_file(file->place, file->path, O_RDONLY);
    return (struct opened){found, found};
}

static void close_opened(struct opened opened)
{
    if (opened.own >= 0) {
        close(opened.own);
    }
}

// A whole name; an empty one when it is none.
static struct name read_attribute_name(struct exchange *exchange)
{
    struct wire_text text = wire_read_text(&exchange->in);
    struct name name = {};
    if (text.length <= NINE_NAME_MOST && memchr(text.text, '\0', text.length) == nullptr) {
        memcpy(name.text, text.text, text.length);
    } else {
        exchange->in.broken = true;
    }
    return name;
}

// Reads an attribute, or for an empty name the names of all, for a new number.
static int answer_attribute_walk(struct exchange *exchange)
{
    static uint8_t bytes[NINE_ATTRIBUTE_MOST];
    struct file_table *files = &exchange->server->files;
    const struct file *file = read_file(exchange);
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    struct name name = read_attribute_name(exchange);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct opened opened = open_for_attribute(exchange, file);
    long got = opened.descriptor;
    if (got >= 0) {
        got = name.text[0] == '\0'
                  ? place_attributes(opened.descriptor, (char *)bytes, sizeof bytes)
                  : place_attribute(opened.descriptor, name.text, bytes, sizeof bytes);
        close_opened(opened);
    }
    if (got < 0) {
        return (int)-got;
    }
    error = -file_add(files, number, file->place, file->path, false);
    if (error != 0) {
        return error;
    }
    struct file *made = file_find(files, number);
    struct attribute *attribute = file_add_attribute(files, made, (size_t)got);
    if (attribute == nullptr) {
        file_remove(files, made);
        return ENOMEM;
    }
    memcpy(attribute->bytes, bytes, (size_t)got);
    wire_write(&exchange->out, (uint64_t)got, 8);
    return 0;
}

// All of the value has come: the attribute is set, or taken away.
static int set_attribute(const struct exchange *exchange, const struct file *file)
{
    const struct attribute *attribute = file->attribute;
    if (!place_may_change(file->place, file->path)) {
        return EROFS;
    }
    struct opened opened = open_for_attribute(exchange, file);
    if (opened.descriptor < 0) {
        return -opened.descriptor;
    }
    int error = (attribute->flags & NINE_ATTRIBUTE_REMOVE) != 0
                    ? place_remove_attribute(opened.descriptor, attribute->name)
                    : place_set_attribute(opened.descriptor, attribute->name, attribute->bytes,
                                          attribute->size, (int)attribute->flags);
    close_opened(opened);
    return -error;
}

// Lets a number stand for an attribute whose value comes by write. It is changed when the last byte is here.
static int answer_attribute_create(struct exchange *exchange)
{
    constexpr uint32_t KNOWN = NINE_ATTRIBUTE_NEW | NINE_ATTRIBUTE_OVER | NINE_ATTRIBUTE_REMOVE;
    struct file *file = read_file(exchange);
    struct name name = read_attribute_name(exchange);
    uint64_t size = wire_read(&exchange->in, 8);
    uint32_t flags = (uint32_t)wire_read(&exchange->in, 4);
    int error = may_change(exchange, file);
    if (error != 0) {
        return error;
    }
    if ((flags & ~KNOWN) != 0 || ((flags & NINE_ATTRIBUTE_REMOVE) != 0 && size != 0)) {
        return EINVAL;
    }
    if (size > NINE_ATTRIBUTE_MOST) {
        return E2BIG;
    }
    if (file->descriptor >= 0 || file->attribute != nullptr) {
        return EBADF;
    }
    struct attribute *attribute = file_add_attribute(&exchange->server->files, file, size);
    if (attribute == nullptr) {
        return ENOMEM;
    }
    attribute->sets = true;
    attribute->flags = flags;
    memcpy(attribute->name, name.text, sizeof name.text);
    return size == 0 ? set_attribute(exchange, file) : 0;
}

static int read_attribute(struct exchange *exchange, const struct attribute *attribute,
                          uint64_t offset, size_t count)
{
    struct wire_writer *out = &exchange->out;
    size_t left = offset < attribute->size ? attribute->size - offset : 0;
    size_t got = left < count ? left : count;
    if (attribute->sets) {
        return EBADF;
    }
    wire_write(out, got, 4);
    memcpy(out->bytes + out->used, attribute->bytes + (left > 0 ? offset : 0), got);
    out->used += got;
    return 0;
}

// The pieces of a value come in their order.
static int write_attribute(struct exchange *exchange, const struct file *file, uint64_t offset,
                           struct wire_text data)
{
    struct attribute *attribute = file->attribute;
    if (!attribute->sets || attribute->done == attribute->size) {
        return EBADF;
    }
    if (offset != attribute->done || data.length > attribute->size - attribute->done) {
        return EINVAL;
    }
    memcpy(attribute->bytes + offset, data.text, data.length);
    attribute->done += data.length;
    wire_write(&exchange->out, data.length, 4);
    return attribute->done == attribute->size ? set_attribute(exchange, file) : 0;
}

// How many bytes of data the answer may hold.
static size_t room(const struct exchange *exchange, uint64_t wanted)
{
    size_t most = exchange->server->message_most - NINE_DATA_HEADER;
    return wanted < most ? wanted : most;
}

static int answer_read(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->attribute != nullptr) {
        return read_attribute(exchange, file->attribute, offset, room(exchange, count));
    }
    if (file->descriptor < 0 || file->directory) {
        return EBADF;
    }
    struct wire_writer *out = &exchange->out;
    long got = pread(file->descriptor, out->bytes + NINE_DATA_HEADER, room(exchange, count),
                     (off_t)offset);
    if (got < 0) {
        return errno;
    }
    wire_write(out, (uint64_t)got, 4);
    out->used += (size_t)got;
    return 0;
}

static int answer_write(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    struct wire_text data = wire_read_bytes(&exchange->in, count);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->attribute != nullptr) {
        return write_attribute(exchange, file, offset, data);
    }
    if (file->descriptor < 0 || !file->writes) {
        return EBADF;
    }
    long written = pwrite(file->descriptor, data.text, data.length, (off_t)offset);
    if (written < 0) {
        return errno;
    }
    wire_write(&exchange->out, (uint64_t)written, 4);
    return 0;
}

static int answer_fsync(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    bool data_only = exchange->in.left != 0 && wire_read(&exchange->in, 4) != 0;
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->descriptor < 0) {
        return EBADF;
    }
    int result = data_only ? fdatasync(file->descriptor) : fsync(file->descriptor);
    return result == 0 ? 0 : errno;
}

// As Linux gives directory entries (getdents64(2)).
struct entry {
    uint64_t number;
    int64_t next; // where the entry after this one is
    uint16_t size;
    uint8_t kind;
    char name[];
};

// Whether the entry is there, and of a kind that can be walked to. A file system may leave the kind
// open.
static bool is_shown(const struct file *file, const struct entry *entry)
{
    bool parent = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;
    return !parent && place_shows(file->place, file->path, entry->name) &&
           (entry->kind == DT_REG || entry->kind == DT_DIR || entry->kind == DT_LNK ||
            entry->kind == DT_UNKNOWN);
}

static bool write_entry(struct exchange *exchange, const struct place *place,
                        const struct entry *entry, size_t end)
{
    constexpr size_t FIXED = 13 + 8 + 1 + 2;
    size_t length = strlen(entry->name);
    if (exchange->out.used + FIXED + length > end) {
        return false;
    }
    struct stat status = {
        .st_ino = entry->number,
        .st_mode = entry->kind == DT_DIR   ? S_IFDIR
                   : entry->kind == DT_LNK ? S_IFLNK
                                           : S_IFREG,
    };
    write_qid(exchange, place, &status);
    wire_write(&exchange->out, (uint64_t)entry->next, 8);
    wire_write(&exchange->out, entry->kind, 1);
    wire_write_text(&exchange->out, entry->name, length);
    return true;
}

// The folder of all places; an offset is the place's number.
static int list_places(struct exchange *exchange, uint64_t offset, uint64_t count)
{
    const struct server *server = exchange->server;
    wire_write(&exchange->out, 0, 4);
    size_t start = exchange->out.used;
    size_t end = start + room(exchange, count);
    for (uint64_t i = offset; i < server->place_count; i++) {
        constexpr size_t FIXED = 13 + 8 + 1 + 2;
        const char *name = server->places[i].name;
        struct stat status;
        int found = place_find(&server->places[i], "", &status);
        if (found < 0) {
            continue;
        }
        close(found);
        if (exchange->out.used + FIXED + strlen(name) > end) {
            break;
        }
        write_qid(exchange, &server->places[i], &status);
        wire_write(&exchange->out, i + 1, 8);
        wire_write(&exchange->out, DT_DIR, 1);
        wire_write_text(&exchange->out, name, strlen(name));
    }
    wire_patch(&exchange->out, start - 4, exchange->out.used - start, 4);
    return 0;
}

static int answer_readdir(struct exchange *exchange)
{
    struct file *file = read_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    int error = decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (is_top(exchange, file)) {
        return list_places(exchange, offset, count);
    }
    if (file->descriptor < 0 || !file->directory) {
        return EBADF;
    }
    if (lseek(file->descriptor, (off_t)offset, SEEK_SET) < 0) {
        return errno;
    }
    wire_write(&exchange->out, 0, 4);
    size_t start = exchange->out.used;
    size_t end = start + room(exchange, count);
    bool more = true;
    while (more) {
        alignas(struct entry) char buffer[4'096];
        long got = syscall(SYS_getdents64, file->descriptor, buffer, sizeof buffer);
        if (got < 0) {
            return errno;
        }
        more = got > 0;
        for (long at = 0; at < got && more;) {
            const struct entry *entry = (const struct entry *)(buffer + at);
            more = !is_shown(file, entry) || write_entry(exchange, file->place, entry, end);
            at += entry->size;
        }
    }
    wire_patch(&exchange->out, start - 4, exchange->out.used - start, 4);
    return 0;
}

// --- Messages

typedef int (*handler)(struct exchange *);

// What is not here (locks, devices, the older forms) answers EOPNOTSUPP.
static const handler handlers[NINE_REQUESTS] = {
    [NINE_STATFS] = answer_statfs,
    [NINE_OPEN] = answer_open,
    [NINE_CREATE] = answer_create,
    [NINE_SYMLINK] = answer_symlink,
    [NINE_READLINK] = answer_readlink,
    [NINE_GETATTR] = answer_getattr,
    [NINE_SETATTR] = answer_setattr,
    [NINE_READDIR] = answer_readdir,
    [NINE_FSYNC] = answer_fsync,
    [NINE_LINK] = answer_link,
    [NINE_MKDIR] = answer_mkdir,
    [NINE_RENAME] = answer_rename,
    [NINE_UNLINK] = answer_unlink,
    [NINE_VERSION] = answer_version,
    [NINE_ATTACH] = answer_attach,
    [NINE_FLUSH] = answer_flush,
    [NINE_WALK] = answer_walk,
    [NINE_READ] = answer_read,
    [NINE_WRITE] = answer_write,
    [NINE_CLUNK] = answer_clunk,
    [NINE_ATTRIBUTE_WALK] = answer_attribute_walk,
    [NINE_ATTRIBUTE_CREATE] = answer_attribute_create,
};

static int answer_by_type(struct exchange *exchange, uint8_t type)
{
    if (type >= NINE_REQUESTS || handlers[type] == nullptr) {
        return EOPNOTSUPP;
    }
    int error = handlers[type](exchange);
    if (exchange->taken_back) {
        return EKEYREVOKED;
    }
    return error == 0 && exchange->out.full ? EMSGSIZE : error;
}

void server_begin(struct server *server, const struct place *places, size_t count)
{
    *server = (struct server){
        .places = places,
        .place_count = count,
        .message_most = SERVER_MESSAGE_LEAST,
        .top = {.name = "", .root = -1},
    };
}

void server_end(struct server *server)
{
    file_remove_all(&server->files);
}

size_t server_answer(struct server *server, const uint8_t *message, size_t size, uint8_t *answer)
{
    struct exchange exchange = {
        .server = server,
        .in = {.at = message, .left = size},
        .out = {.bytes = answer, .used = NINE_HEADER, .size = server->message_most},
    };
    uint8_t type = (uint8_t)wire_read(&exchange.in, 1);
    uint16_t tag = (uint16_t)wire_read(&exchange.in, 2);
    if (exchange.in.broken) {
        return 0;
    }
    int error = answer_by_type(&exchange, type);
    if (error != 0) {
        type = NINE_ERROR;
        exchange.out.used = NINE_HEADER;
        exchange.out.full = false;
        wire_write(&exchange.out, (uint64_t)error, 4);
    }
    wire_patch(&exchange.out, 0, exchange.out.used, 4);
    wire_patch(&exchange.out, 4, type + 1U, 1);
    wire_patch(&exchange.out, 5, tag, 2);
    return exchange.out.used;
}

// --- The stream

static bool read_all(int stream, uint8_t *bytes, size_t size)
{
    while (size != 0) {
        long got = read(stream, bytes, size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        bytes += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool write_all(int stream, const uint8_t *bytes, size_t size)
{
    while (size != 0) {
        long put = write(stream, bytes, size);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

const struct place *server_place(const struct server *server, const char *name)
{
    struct wire_text text = {.text = name, .length = strlen(name)};
    return text.length == 0 ? &server->top : find_place(server, text);
}

bool server_greet(int stream)
{
    return write_all(stream, (const uint8_t *)NINE_GREETING, sizeof NINE_GREETING - 1);
}

// Waits for the next message. False: another server takes over.
static bool wait_for_message(int stream, int control)
{
    struct pollfd list[] = {{.fd = stream, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    while (poll(list, 2, -1) < 0 && errno == EINTR) {
    }
    return (list[1].revents & POLLIN) == 0;
}

bool server_run(struct server *server, int stream, int control)
{
    uint8_t *message = malloc(SERVER_MESSAGE_MOST);
    uint8_t *answer = malloc(SERVER_MESSAGE_MOST);
    bool sound = message != nullptr && answer != nullptr;
    bool stays = true;
    uint8_t length[4];
    while (sound && (stays = wait_for_message(stream, control)) &&
           read_all(stream, length, sizeof length)) {
        struct wire_reader reader = {.at = length, .left = sizeof length};
        size_t size = wire_read(&reader, sizeof length);
        sound = size >= NINE_HEADER && size <= server->message_most &&
                read_all(stream, message, size - sizeof length);
        size_t answered = sound ? server_answer(server, message, size - sizeof length, answer) : 0;
        sound = answered != 0 && write_all(stream, answer, answered);
    }
    free(message);
    free(answer);
    return sound && (stays || handover_give(server, control));
}
