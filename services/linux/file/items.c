// SPDX-License-Identifier: MIT
// File systems that tell.
//
// A node is only a place: it is made anew for each look, and the cache of names keeps the old one when it is the same. A text is made as
// a whole when a file is read from its beginning, and kept until it is closed, so that reading it in pieces fits together.
#include "items.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "file.h"
#include "folder.h"
#include "linux.h"
#include "proc.h"

#include <kozo/format.h>
#include <stdarg.h>
#include <string.h>

constexpr size_t ROOM_AT_FIRST = 1024;
constexpr size_t ROOM_MOST = 65'536;
constexpr uint64_t FIRST_ITEM = 2;        // offset in a folder, behind "." and ".."
constexpr uint64_t FIRST_NUMBER = 65'536; // behind all items

struct items {
    struct file_system system;
    const struct item *items;
    uint16_t count;
    uint64_t started;
};

static const struct node_operations operations;
static const struct node_operations jump_operations;

static const struct items *items_of(const struct node *node)
{
    return node->system->own;
}

static struct place place_of(const struct node *node)
{
    return (struct place){(uint16_t)node->number[0], (uint32_t)node->number[1],
                          (uint32_t)(node->number[1] >> 32)};
}

static const struct item *item_of(const struct node *node)
{
    return &items_of(node)->items[(uint16_t)node->number[0]];
}

// Text.

static bool grow(struct text *text, size_t size)
{
    size_t room = text->room > 0 ? text->room : ROOM_AT_FIRST;
    while (room < size && room < ROOM_MOST) {
        room *= 2;
    }
    if (room < size) {
        return false;
    }
    char *bytes = store_take(room);
    if (bytes == nullptr) {
        return false;
    }
    if (text->room > 0) {
        memcpy(bytes, text->bytes, text->used);
        store_give(text->bytes, text->room);
    }
    text->bytes = bytes;
    text->room = room;
    return true;
}

void text_put_bytes(struct text *text, const char *bytes, size_t size)
{
    if (text->used + size <= text->room || grow(text, text->used + size)) {
        memcpy(text->bytes + text->used, bytes, size);
        text->used += size;
    }
}

void text_put(struct text *text, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    size_t length = kozo_format_list(line, sizeof line, format, arguments);
    va_end(arguments);
    text_put_bytes(text, line, length < sizeof line ? length : sizeof line - 1);
}

// Nodes.

static uint64_t inode_of(struct place place)
{
    return 1 + place.item + ((uint64_t)place.process << 10) + ((uint64_t)place.number << 40);
}

static struct node *make_node(struct file_system *system, struct place place)
{
    const struct items *items = system->own;
    struct node *node = store_take(sizeof *node);
    if (node != nullptr) {
        *node = (struct node){
            .operations = items->items[place.item].jump != nullptr ? &jump_operations : &operations,
            .system = system,
            .count = 1,
            .mode = items->items[place.item].mode,
            .inode = inode_of(place),
            .number = {place.item, place.process | (uint64_t)place.number << 32},
        };
    }
    return node;
}

static void drop(struct node *node)
{
    store_give(node, sizeof *node);
}

static bool is_there(const struct node *node)
{
    struct place place = place_of(node);
    const struct item *item = item_of(node);
    if (item->there != nullptr) {
        return item->there(&place);
    }
    return place.process == 0 || process_next(place.process) == place.process;
}

// A name as a number: digits without zeros before them. -1 for anything else.
static int64_t number_of(struct name name)
{
    int64_t number = 0;
    if (name.length == 0 || name.length > 10 || (name.bytes[0] == '0' && name.length > 1)) {
        return -1;
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.bytes[i] < '0' || name.bytes[i] > '9') {
            return -1;
        }
        number = number * 10 + (name.bytes[i] - '0');
    }
    return number <= INT32_MAX ? number : -1;
}

static struct place below(const struct node *folder, uint16_t item)
{
    struct place place = place_of(folder);
    place.item = item;
    return place;
}

// The place of a number in a folder of numbers: a process where there is none yet.
static struct place numbered(const struct node *folder, uint32_t number)
{
    struct place place = below(folder, item_of(folder)->numbered);
    if (place.process == 0) {
        place.process = number;
    } else {
        place.number = number;
    }
    return place;
}

static struct node_result found(const struct node *folder, struct place place)
{
    struct node *node = make_node(folder->system, place);
    return (struct node_result){node != nullptr ? 0 : -ENOMEM, node};
}

static struct node_result look(struct node *folder, struct name name)
{
    const struct items *items = items_of(folder);
    const struct item *own = item_of(folder);
    if (!S_ISDIR(folder->mode)) {
        return (struct node_result){.error = -ENOTDIR};
    }
    if (!is_there(folder)) {
        return (struct node_result){.error = -ENOENT};
    }
    for (uint16_t i = 1; i < items->count; i++) {
        const struct item *item = &items->items[i];
        if (item->name != nullptr && &items->items[item->inside] == own &&
            strlen(item->name) == name.length && memcmp(item->name, name.bytes, name.length) == 0) {
            return found(folder, below(folder, i));
        }
    }
    int64_t number = own->next != nullptr ? number_of(name) : -1;
    struct place place = place_of(folder);
    if (number >= 0 && own->next(&place, (uint32_t)number) == number) {
        return found(folder, numbered(folder, (uint32_t)number));
    }
    return (struct node_result){.error = -ENOENT};
}

static int64_t tell(struct node *node, struct linux_stat *stat)
{
    constexpr uint64_t NANOSECONDS = 1'000'000'000;
    if (!is_there(node)) {
        return -ENOENT;
    }
    *stat = (struct linux_stat){
        .device = node->system->device,
        .inode = node->inode,
        .mode = node->mode,
        .links = S_ISDIR(node->mode) ? 2 : 1,
        .user = node->user,
        .group = node->group,
        .block_size = 1024,
    };
    stat->modified_s = (int64_t)(items_of(node)->started / NANOSECONDS);
    stat->accessed_s = stat->modified_s;
    stat->changed_s = stat->modified_s;
    return 0;
}

static int64_t link_target(struct node *node, char *target, size_t size)
{
    struct place place = place_of(node);
    const struct item *item = item_of(node);
    return item->link != nullptr ? item->link(&place, target, size) : -EINVAL;
}

// Links that are no paths follow the item's own jump; where it has none, the walk reads them.
static int64_t jump(struct node *node, struct entry **entry)
{
    struct place place = place_of(node);
    const struct item *item = item_of(node);
    return item->jump(&place, entry);
}

// Files.

static int64_t make_text(struct file *file, struct text *text)
{
    struct place place = place_of(file->node);
    const struct item *item = item_of(file->node);
    if (!is_there(file->node)) {
        return -ESRCH;
    }
    text->used = 0;
    if (item->fixed != nullptr) {
        text_put_bytes(text, item->fixed, strlen(item->fixed));
        return 0;
    }
    return item->tell != nullptr ? item->tell(&place, text) : -EINVAL;
}

static int64_t read_text(struct file *file, struct transfer *transfer, uint64_t offset)
{
    struct text *text = file->own;
    if (text == nullptr) {
        text = store_take(sizeof *text);
        file->own = text;
    }
    int64_t error = text == nullptr                  ? -ENOMEM
                    : offset == 0 || text->room == 0 ? make_text(file, text)
                                                     : 0;
    if (error == 0 && offset < text->used) {
        size_t left = transfer_left(transfer);
        size_t there = text->used - offset;
        size_t part = left < there ? left : there;
        error = transfer_give(transfer, text->bytes + offset, part);
    }
    return transfer_result(transfer, error);
}

static int64_t write_text(struct file *file, struct transfer *transfer, uint64_t offset)
{
    constexpr size_t MOST = 256;
    (void)offset;
    struct place place = place_of(file->node);
    const struct item *item = item_of(file->node);
    char bytes[MOST];
    if (item->take == nullptr) {
        return -EINVAL;
    }
    size_t size = transfer->size < sizeof bytes ? transfer->size : sizeof bytes;
    int64_t error = transfer_take(transfer, bytes, size);
    if (error == 0) {
        error = item->take(&place, bytes, size);
    }
    return error != 0 ? error : (int64_t)size;
}

static int64_t keep_size(struct file *file, uint64_t size)
{
    (void)file;
    (void)size;
    return 0;
}

static void end(struct file *file)
{
    struct text *text = file->own;
    if (text == nullptr) {
        return;
    }
    if (text->room > 0) {
        store_give(text->bytes, text->room);
    }
    store_give(text, sizeof *text);
}

static const struct file_operations text_operations = {
    .kind = "text",
    .read = read_text,
    .write = write_text,
    .truncate = keep_size,
    .close = end,
    .sized = true,
};

static int64_t list_items(struct file *file, struct transfer *transfer)
{
    const struct items *items = items_of(file->node);
    int64_t error = 0;
    while (error == 0 && file->offset >= FIRST_ITEM && file->offset < FIRST_NUMBER) {
        uint64_t index = file->offset - FIRST_ITEM + 1;
        if (index >= items->count) {
            file->offset = FIRST_NUMBER;
            break;
        }
        const struct item *item = &items->items[index];
        if (item->name != nullptr && &items->items[item->inside] == item_of(file->node)) {
            struct name name = {item->name, strlen(item->name)};
            uint64_t inode = inode_of(below(file->node, (uint16_t)index));
            error = list_entry(transfer, name, inode, file->offset + 1, item->mode);
        }
        file->offset += error == 0;
    }
    return error;
}

static int64_t list_numbers(struct file *file, struct transfer *transfer)
{
    const struct item *own = item_of(file->node);
    int64_t error = 0;
    while (error == 0 && own->next != nullptr && file->offset >= FIRST_NUMBER) {
        struct place folder = place_of(file->node);
        int64_t number = own->next(&folder, (uint32_t)(file->offset - FIRST_NUMBER));
        if (number < 0) {
            break;
        }
        char digits[12];
        struct name name = {digits, kozo_format(digits, sizeof digits, "%ld", (long)number)};
        struct place place = numbered(file->node, (uint32_t)number);
        uint64_t next = FIRST_NUMBER + (uint64_t)number + 1;
        error = list_entry(transfer, name, inode_of(place), next,
                           items_of(file->node)->items[place.item].mode);
        file->offset = error == 0 ? next : file->offset;
    }
    return error;
}

static int64_t list(struct file *file, struct transfer *transfer)
{
    const struct name dots[FIRST_ITEM] = {{".", 1}, {"..", 2}};
    int64_t error = is_there(file->node) ? 0 : -ENOENT;
    while (error == 0 && file->offset < FIRST_ITEM) {
        error =
            list_entry(transfer, dots[file->offset], file->node->inode, file->offset + 1, S_IFDIR);
        file->offset += error == 0;
    }
    if (error == 0) {
        error = list_items(file, transfer);
    }
    if (error == 0) {
        error = list_numbers(file, transfer);
    }
    return error < 0 ? transfer_result(transfer, error) : (int64_t)transfer->done;
}

static int64_t seek_folder(struct file *file, int64_t offset, int whence)
{
    if (whence != SEEK_SET || offset < 0) {
        return -EINVAL;
    }
    file->offset = (uint64_t)offset;
    return offset;
}

static const struct file_operations folder_operations = {
    .kind = "folder", .seek = seek_folder, .list = list};

static int64_t open_node(struct node *node, struct file *file)
{
    file->operations = S_ISDIR(node->mode) ? &folder_operations : &text_operations;
    return 0;
}

// Nothing can be changed; emptying a text on opening it is no change.
static int64_t change(struct node *node, const struct linux_stat *stat, uint32_t what)
{
    (void)node;
    (void)stat;
    return what == CHANGE_SIZE ? 0 : -EPERM;
}

static const struct node_operations operations = {
    .look = look,
    .stat = tell,
    .change = change,
    .link_target = link_target,
    .open = open_node,
    .drop = drop,
};

static const struct node_operations jump_operations = {
    .stat = tell,
    .link_target = link_target,
    .jump = jump,
    .drop = drop,
};

struct node *items_system(const char *type, uint32_t device, uint64_t magic,
                          const struct item *table, uint16_t count)
{
    struct items *items = store_take(sizeof *items);
    if (items == nullptr) {
        return nullptr;
    }
    items->items = table;
    items->count = count;
    items->started = clock_realtime();
    items->system = (struct file_system){.type = type,
                                         .source = type,
                                         .device = linux_device(0, device),
                                         .magic = magic,
                                         .own = items};
    struct node *root = make_node(&items->system, (struct place){});
    if (root == nullptr) {
        store_give(items, sizeof *items);
    }
    return root;
}

void items_system_drop(struct node *root)
{
    struct items *items = root->system->own;
    node_drop(root);
    store_give(items, sizeof *items);
}
