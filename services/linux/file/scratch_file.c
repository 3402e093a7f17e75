// SPDX-License-Identifier: MIT
// Open files of a layer. Each has a file of its own on the node that counts, below or above, and changes over when contents have
// come up. A list goes through the names below first, without those that differ, and then through those that were added.
#include "scratch.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "changes.h"
#include "folder.h"
#include "linux.h"

#include <string.h>

constexpr size_t PIECE = 1u << 15;
constexpr uint64_t ADDED = UINT64_C(1) << 60; // offsets of names that were added begin here

// A file on a node that stands for no descriptor; null: no memory.
static struct file *open_inner(struct node *node, int64_t *error)
{
    static const struct file_operations nothing = {.kind = "file"};
    struct file *inner = file_make(&nothing, O_RDWR, nullptr);
    *error = inner == nullptr ? -ENFILE : 0;
    if (inner != nullptr) {
        node_keep(node);
        inner->node = node;
        *error = node->operations->open(node, inner);
        if (*error != 0) {
            inner->operations = &nothing;
            file_drop(inner);
            inner = nullptr;
        }
    }
    return inner;
}

// The file on the node that counts now; null and why when it can't be opened.
static struct file *inner_of(struct file *file, int64_t *error)
{
    struct file *inner = file->own;
    struct node *now = scratch_now(scratch_of(file->node));
    *error = 0;
    if (inner == nullptr || inner->node != now) {
        struct file *anew = open_inner(now, error);
        // Somebody else may have done so meanwhile.
        inner = file->own;
        if (anew != nullptr) {
            if (inner != nullptr) {
                file_drop(inner);
            }
            file->own = anew;
            inner = anew;
        }
    }
    return *error == 0 ? inner : nullptr;
}

static int64_t read_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    int64_t error = 0;
    struct file *inner = inner_of(file, &error);
    if (inner == nullptr) {
        return error;
    }
    // Who writes meanwhile opens another one.
    file_keep(inner);
    int64_t done = inner->operations->read(inner, transfer, offset);
    file_drop(inner);
    return done;
}

// Contents come up, and the change is noted under the name by which the file was opened.
static struct file *open_to_change(struct file *file, uint64_t size, int64_t *error)
{
    struct scratch_node *scratch = scratch_of(file->node);
    bool first = scratch->above == nullptr;
    *error = scratch_bring_up(scratch, size);
    struct file *inner = *error == 0 ? inner_of(file, error) : nullptr;
    if (inner != nullptr && first) {
        change_note(file->entry);
    }
    return inner;
}

static int64_t write_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    int64_t error = 0;
    struct file *inner = open_to_change(file, UINT64_MAX, &error);
    if (inner == nullptr) {
        return error;
    }
    file_keep(inner);
    int64_t done = inner->operations->write(inner, transfer, offset);
    file_drop(inner);
    return done;
}

static int64_t resize(struct file *file, uint64_t size)
{
    int64_t error = 0;
    struct linux_stat stat = {.size = size};
    if (open_to_change(file, size, &error) == nullptr) {
        return error;
    }
    return file->node->operations->change(file->node, &stat, CHANGE_SIZE);
}

static int64_t allocate(struct file *file, int mode, uint64_t offset, uint64_t size)
{
    int64_t error = 0;
    struct file *inner = open_to_change(file, UINT64_MAX, &error);
    return inner == nullptr ? error : inner->operations->allocate(inner, mode, offset, size);
}

static int64_t settle(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0;
}

static int64_t pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    int64_t error = 0;
    struct file *inner = write ? open_to_change(file, UINT64_MAX, &error) : inner_of(file, &error);
    if (inner == nullptr) {
        return error;
    }
    file_keep(inner);
    error = inner->operations->pages(inner, offset, write, run);
    file_drop(inner);
    return error;
}

static void end(struct file *file)
{
    if (file->own != nullptr) {
        file_drop(file->own);
    }
}

static const struct file_operations file_operations = {
    .kind = "file",
    .read = read_file,
    .write = write_file,
    .truncate = resize,
    .sync = settle,
    .allocate = allocate,
    .pages = pages,
    .close = end,
    .sized = true,
};

int64_t scratch_copy(struct node *from, struct node *to, uint64_t size)
{
    int64_t error = 0;
    struct file *source = open_inner(from, &error);
    struct file *target = source != nullptr ? open_inner(to, &error) : nullptr;
    uint8_t *piece = target != nullptr ? store_take(PIECE) : nullptr;
    error = error == 0 && piece == nullptr ? -ENOSPC : error;
    for (uint64_t done = 0; error == 0 && done < size;) {
        struct transfer in = transfer_own(piece, size - done < PIECE ? size - done : PIECE);
        int64_t read = source->operations->read(source, &in, done);
        if (read <= 0) {
            error = read;
            break; // it has become shorter
        }
        struct transfer out = transfer_own(piece, (size_t)read);
        int64_t written = target->operations->write(target, &out, done);
        error = written == read ? 0 : -ENOSPC;
        done += (uint64_t)read;
    }
    if (piece != nullptr) {
        store_give(piece, PIECE);
    }
    if (target != nullptr) {
        file_drop(target);
    }
    if (source != nullptr) {
        file_drop(source);
    }
    return error;
}

// Lists.

// What was listed below, entry by entry.
struct listed {
    struct file *inner;
    uint8_t *piece;
    size_t length, at;
};

static int64_t open_list(const struct scratch_node *folder, struct listed *listed)
{
    int64_t error = 0;
    *listed = (struct listed){.inner = open_inner(folder->below, &error)};
    if (listed->inner != nullptr) {
        listed->piece = store_take(PIECE);
        error = listed->piece == nullptr ? -ENOMEM : 0;
    }
    return error;
}

static void close_list(struct listed *listed)
{
    if (listed->piece != nullptr) {
        store_give(listed->piece, PIECE);
    }
    if (listed->inner != nullptr) {
        file_drop(listed->inner);
    }
}

// The next entry below; its name ends with a zero. 0 behind the last, 1, or an error.
static int64_t next_entry(struct listed *listed, struct linux_entry *entry, const char **name)
{
    constexpr size_t HEAD = offsetof(struct linux_entry, name);
    if (listed->at >= listed->length) {
        struct transfer transfer = transfer_own(listed->piece, PIECE);
        int64_t done = listed->inner->operations->list(listed->inner, &transfer);
        if (done <= 0) {
            return done;
        }
        listed->length = (size_t)done;
        listed->at = 0;
    }
    memcpy(entry, listed->piece + listed->at, HEAD);
    *name = (const char *)listed->piece + listed->at + HEAD;
    listed->at += entry->length;
    return 1;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// Names below that are still as they were, from the file's offset on.
static int64_t list_below(struct file *file, struct transfer *transfer)
{
    const struct scratch_node *folder = scratch_of(file->node);
    struct listed listed;
    int64_t error = open_list(folder, &listed);
    if (error == 0) {
        listed.inner->offset = file->offset;
    }
    while (error == 0) {
        struct linux_entry entry;
        const char *text = nullptr;
        error = next_entry(&listed, &entry, &text);
        if (error <= 0) {
            file->offset = error == 0 ? ADDED : file->offset;
            break;
        }
        error = 0;
        struct name name = {text, strlen(text)};
        if (is_dots(text) || folder_name_find(&folder->names, name) == nullptr) {
            uint64_t inode = strcmp(text, ".") == 0 ? file->node->inode : entry.inode;
            error =
                list_entry(transfer, name, inode, (uint64_t)entry.next, (uint32_t)entry.kind << 12);
        }
        file->offset = error == 0 ? (uint64_t)entry.next : file->offset;
    }
    close_list(&listed);
    return error;
}

static int64_t list_dots(struct file *file, struct transfer *transfer)
{
    static const struct name dots[] = {{".", 1}, {"..", 2}};
    int64_t error = 0;
    while (error == 0 && file->offset < 2) {
        error =
            list_entry(transfer, dots[file->offset], file->node->inode, file->offset + 1, S_IFDIR);
        file->offset += error == 0;
    }
    if (error == 0) {
        file->offset = ADDED;
    }
    return error;
}

// Names that were added; a name never changes its place, and the walk begins anew after each, since giving one may wait.
static int64_t list_added(struct file *file, struct transfer *transfer)
{
    const struct scratch_node *folder = scratch_of(file->node);
    int64_t error = 0;
    while (error == 0) {
        const struct folder_name *name = folder->names.first;
        while (name != nullptr && (ADDED + name->place < file->offset || name->what == nullptr)) {
            name = name->next;
        }
        if (name == nullptr) {
            break;
        }
        const struct node *node = name->what;
        uint64_t next = ADDED + name->place + 1;
        struct name shown = {name->bytes, name->length};
        error = list_entry(transfer, shown, node->inode, next, node->mode);
        file->offset = error == 0 ? next : file->offset;
    }
    return error;
}

static int64_t list(struct file *file, struct transfer *transfer)
{
    int64_t error = 0;
    if (file->offset < ADDED) {
        error = scratch_of(file->node)->below != nullptr ? list_below(file, transfer)
                                                         : list_dots(file, transfer);
    }
    if (error == 0) {
        error = list_added(file, transfer);
    }
    return error < 0 ? transfer_result(transfer, error) : (int64_t)transfer->done;
}

int64_t scratch_empty(const struct scratch_node *folder)
{
    for (const struct folder_name *name = folder->names.first; name != nullptr; name = name->next) {
        if (name->what != nullptr) {
            return -ENOTEMPTY;
        }
    }
    if (folder->below == nullptr) {
        return 0;
    }
    struct listed listed;
    int64_t error = open_list(folder, &listed);
    while (error == 0) {
        struct linux_entry entry;
        const char *text = nullptr;
        error = next_entry(&listed, &entry, &text);
        if (error <= 0) {
            break;
        }
        struct name name = {text, strlen(text)};
        bool there = !is_dots(text) && folder_name_find(&folder->names, name) == nullptr;
        error = there ? -ENOTEMPTY : 0;
    }
    close_list(&listed);
    return error;
}

static const struct file_operations folder_operations = {
    .kind = "folder",
    .seek = file_seek_folder,
    .sync = settle,
    .list = list,
};

int64_t scratch_open(struct node *node, struct file *file)
{
    if (!S_ISREG(node->mode) && !S_ISDIR(node->mode)) {
        struct node *now = scratch_now(scratch_of(node));
        return now->operations->open(now, file);
    }
    file->operations = S_ISDIR(node->mode) ? &folder_operations : &file_operations;
    return 0;
}
