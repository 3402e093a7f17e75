// SPDX-License-Identifier: MIT
#include "message.h"

#include <string.h>

#include "node.h"

constexpr uint64_t ATTRIBUTES = 0x7ff; // mode to blocks
constexpr uint64_t SECOND = 1'000'000'000;
constexpr size_t NUMBERS_MOST =
    128; // bytes of all fields of a message that are no texts or contents

// Bits of a mode (inode(7)).
constexpr uint32_t MODE_KIND = 0170000;
constexpr uint32_t MODE_FILE = 0100000;
constexpr uint32_t MODE_FOLDER = 0040000;
constexpr uint32_t MODE_LINK = 0120000;

enum nine_request message_type(enum step step)
{
    static const enum nine_request types[STEPS] = {
        [STEP_STATFS] = NINE_STATFS,
        [STEP_WALK] = NINE_WALK,
        [STEP_CLONE] = NINE_WALK,
        [STEP_OPEN] = NINE_OPEN,
        [STEP_CREATE] = NINE_CREATE,
        [STEP_FOLDER] = NINE_MKDIR,
        [STEP_SYMLINK] = NINE_SYMLINK,
        [STEP_GETATTR] = NINE_GETATTR,
        [STEP_SETATTR] = NINE_SETATTR,
        [STEP_READ] = NINE_READ,
        [STEP_READLINK] = NINE_READLINK,
        [STEP_READDIR] = NINE_READDIR,
        [STEP_WRITE] = NINE_WRITE,
        [STEP_FSYNC] = NINE_FSYNC,
        [STEP_LINK] = NINE_LINK,
        [STEP_UNLINK] = NINE_UNLINK,
        [STEP_RENAME] = NINE_RENAME,
        [STEP_ATTRIBUTE_WALK] = NINE_ATTRIBUTE_WALK,
        [STEP_ATTRIBUTE_READ] = NINE_READ,
        [STEP_ATTRIBUTE_CREATE] = NINE_ATTRIBUTE_CREATE,
        [STEP_ATTRIBUTE_WRITE] = NINE_WRITE,
    };
    return types[step];
}

size_t message_most(const struct job *job)
{
    bool writes = job->step == STEP_WRITE || job->step == STEP_ATTRIBUTE_WRITE;
    return NUMBERS_MOST + (writes ? job->asked : job->name_length + job->target_length);
}

static void put_name(struct wire_writer *out, const struct job *job)
{
    wire_write_text(out, job->name, job->name_length);
}

static void put_change(struct wire_writer *out, const struct job *job)
{
    uint32_t mask = 0;
    mask |= (job->what & KOZO_CHANGE_MODE) != 0 ? NINE_CHANGE_MODE : 0;
    mask |= (job->what & KOZO_CHANGE_OWNER) != 0 ? NINE_CHANGE_OWNER | NINE_CHANGE_GROUP : 0;
    mask |= (job->what & KOZO_CHANGE_SIZE) != 0 ? NINE_CHANGE_SIZE : 0;
    mask |= (job->what & KOZO_CHANGE_ACCESSED) != 0 ? NINE_CHANGE_ACCESSED | NINE_CHANGE_ACCESSED_TO
                                                    : 0;
    mask |= (job->what & KOZO_CHANGE_MODIFIED) != 0 ? NINE_CHANGE_MODIFIED | NINE_CHANGE_MODIFIED_TO
                                                    : 0;
    wire_write(out, mask, 4);
    wire_write(out, job->stat.mode, 4);
    wire_write(out, job->stat.user, 4);
    wire_write(out, job->stat.group, 4);
    wire_write(out, job->stat.size, 8);
    wire_write(out, job->stat.accessed / SECOND, 8);
    wire_write(out, job->stat.accessed % SECOND, 8);
    wire_write(out, job->stat.modified / SECOND, 8);
    wire_write(out, job->stat.modified % SECOND, 8);
}

static void put_walk(struct wire_writer *out, const struct job *job, const struct node *node,
                     const struct node *second)
{
    bool renames = job->kind == JOB_RENAME;
    wire_write(out, renames ? second->walk : node->walk, 4);
    wire_write(out, job->file, 4);
    wire_write(out, 1, 2);
    if (renames) {
        wire_write_text(out, job->target, job->target_length);
    } else {
        put_name(out, job);
    }
}

// An open number says more of a file than its path: it may have lost its name.
static uint32_t best_file(const struct node *node)
{
    if (node->read != NINE_NO_FILE) {
        return node->read;
    }
    return node->write != NINE_NO_FILE ? node->write : node->walk;
}

static void put_place(struct wire_writer *out, const struct job *job, uint32_t file)
{
    wire_write(out, file, 4);
    wire_write(out, job->offset + (job->step == STEP_READDIR ? 0 : job->done), 8);
    wire_write(out, job->asked, 4);
}

static void put_contents(struct wire_writer *out, const struct job *job, const uint8_t *contents)
{
    memcpy(out->bytes + out->used, contents, job->asked);
    out->used += job->asked;
}

enum kozo_error message_put(const struct job *job, const uint8_t *contents, struct wire_writer *out)
{
    const struct node *node = node_find(job->node);
    const struct node *second = node_find(job->second);
    if (node == nullptr || (job->second != 0 && second == nullptr)) {
        // No name is absent because its folder is not known any more.
        return job->kind == JOB_LOOK ? KOZO_NO_REPLY : KOZO_BAD_HANDLE;
    }
    switch (job->step) {
    case STEP_STATFS:
    case STEP_READLINK:
        wire_write(out, node->walk, 4);
        break;
    case STEP_WALK:
        put_walk(out, job, node, second);
        break;
    case STEP_CLONE:
        wire_write(out, node->walk, 4);
        wire_write(out, job->file, 4);
        wire_write(out, 0, 2);
        break;
    case STEP_OPEN:
        wire_write(out, job->file, 4);
        wire_write(out, job->flags, 4);
        break;
    case STEP_CREATE:
        wire_write(out, job->file, 4);
        put_name(out, job);
        wire_write(out, job->flags, 4);
        wire_write(out, job->mode, 4);
        wire_write(out, 0, 4);
        break;
    case STEP_FOLDER:
        wire_write(out, node->walk, 4);
        put_name(out, job);
        wire_write(out, job->mode, 4);
        wire_write(out, 0, 4);
        break;
    case STEP_SYMLINK:
        wire_write(out, node->walk, 4);
        put_name(out, job);
        wire_write_text(out, job->target, job->target_length);
        wire_write(out, 0, 4);
        break;
    case STEP_GETATTR:
        wire_write(out, best_file(node), 4);
        wire_write(out, ATTRIBUTES, 8);
        break;
    case STEP_SETATTR:
        wire_write(out, node->write != NINE_NO_FILE ? node->write : node->walk, 4);
        put_change(out, job);
        break;
    case STEP_READ:
    case STEP_READDIR:
        put_place(out, job, node->read);
        break;
    case STEP_WRITE:
        put_place(out, job, node->write);
        put_contents(out, job, contents);
        break;
    case STEP_FSYNC:
        wire_write(out, node->write != NINE_NO_FILE ? node->write : node->read, 4);
        wire_write(out, 0, 4);
        break;
    case STEP_LINK:
        wire_write(out, second->walk, 4);
        wire_write(out, node->walk, 4);
        put_name(out, job);
        break;
    case STEP_UNLINK:
        wire_write(out, node->walk, 4);
        put_name(out, job);
        wire_write(out, job->folder ? NINE_UNLINK_FOLDER : 0, 4);
        break;
    case STEP_RENAME:
        wire_write(out, node->walk, 4);
        put_name(out, job);
        wire_write(out, second->walk, 4);
        wire_write_text(out, job->target, job->target_length);
        break;
    case STEP_ATTRIBUTE_WALK:
        wire_write(out, best_file(node), 4);
        wire_write(out, job->file, 4);
        put_name(out, job);
        break;
    case STEP_ATTRIBUTE_READ:
        put_place(out, job, job->file);
        break;
    case STEP_ATTRIBUTE_CREATE:
        wire_write(out, job->file, 4);
        put_name(out, job);
        wire_write(out, job->length, 8);
        wire_write(out, job->what, 4);
        break;
    case STEP_ATTRIBUTE_WRITE:
        put_place(out, job, job->file);
        put_contents(out, job, contents);
        break;
    case STEP_DONE:
    case STEPS:
        return KOZO_BAD_STATE;
    }
    return KOZO_OK;
}

// --- Answers ------------------------------------------------------------------------------------

struct message_qid message_read_qid(struct wire_reader *in)
{
    uint8_t kind = (uint8_t)wire_read(in, 1);
    (void)wire_read(in, 4); // its version
    return (struct message_qid){
        .number = node_number(wire_read(in, 8)),
        .kind = (kind & NINE_FOLDER) != 0   ? KOZO_NODE_FOLDER
                : (kind & NINE_LINKED) != 0 ? KOZO_NODE_LINK
                                            : KOZO_NODE_FILE,
    };
}

// Nanoseconds since 1970. What lies before or beyond is 1970.
static uint64_t read_time(struct wire_reader *in)
{
    uint64_t seconds = wire_read(in, 8);
    uint64_t nanoseconds = wire_read(in, 8);
    return seconds < UINT64_MAX / SECOND && nanoseconds < SECOND ? seconds * SECOND + nanoseconds
                                                                 : 0;
}

static uint32_t kind_of_mode(uint32_t mode)
{
    switch (mode & MODE_KIND) {
    case MODE_FILE:
        return KOZO_NODE_FILE;
    case MODE_FOLDER:
        return KOZO_NODE_FOLDER;
    case MODE_LINK:
        return KOZO_NODE_LINK;
    default:
        return KOZO_NODE_OTHER;
    }
}

void message_read_stat(struct wire_reader *in, struct kozo_node_stat *stat)
{
    (void)wire_read(in, 8); // which fields are valid: those that were asked for
    (void)message_read_qid(in);
    uint32_t mode = (uint32_t)wire_read(in, 4);
    stat->kind = kind_of_mode(mode);
    stat->mode = mode & 07777;
    stat->user = wire_read(in, 4);
    stat->group = wire_read(in, 4);
    stat->links = wire_read(in, 8);
    (void)wire_read(in, 8); // a device
    stat->size = wire_read(in, 8);
    (void)wire_read(in, 8); // bytes of a block
    stat->blocks = wire_read(in, 8);
    stat->accessed = read_time(in);
    stat->modified = read_time(in);
    stat->changed = read_time(in);
    (void)read_time(in); // of its birth
    (void)wire_read(in, 8);
    (void)wire_read(in, 8);
}

enum kozo_error message_error(uint32_t number)
{
    // Linux, include/uapi/asm-generic/errno-base.h and errno.h.
    switch (number) {
    case 2:  // ENOENT
    case 9:  // EBADF
    case 61: // ENODATA
        return KOZO_BAD_HANDLE;
    case 17: // EEXIST
        return KOZO_SLOT_TAKEN;
    case 20: // ENOTDIR
    case 21: // EISDIR
    case 40: // ELOOP
        return KOZO_BAD_TYPE;
    case 16: // EBUSY
    case 39: // ENOTEMPTY
        return KOZO_BAD_STATE;
    case 1:  // EPERM
    case 13: // EACCES
    case 30: // EROFS
        return KOZO_NO_RIGHT;
    case 128: // EKEYREVOKED: what let it be reached has ended
        return KOZO_EXPIRED;
    case 7:   // E2BIG
    case 12:  // ENOMEM
    case 23:  // ENFILE
    case 24:  // EMFILE
    case 27:  // EFBIG
    case 28:  // ENOSPC
    case 31:  // EMLINK
    case 122: // EDQUOT
        return KOZO_NO_MEMORY;
    case 22: // EINVAL
    case 36: // ENAMETOOLONG
        return KOZO_BAD_ARGUMENT;
    case 18: // EXDEV
    case 95: // EOPNOTSUPP
        return KOZO_BAD_OPERATION;
    default:
        return KOZO_NO_REPLY;
    }
}

bool message_is_attribute(const char *name, size_t length)
{
    return length > 0 && length <= NINE_NAME_MOST && memchr(name, '\0', length) == nullptr;
}

bool message_is_name(const char *name, size_t length)
{
    bool special =
        (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
    return length > 0 && length <= NINE_NAME_MOST && !special &&
           memchr(name, '/', length) == nullptr && memchr(name, '\0', length) == nullptr;
}
