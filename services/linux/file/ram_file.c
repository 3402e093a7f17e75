// SPDX-License-Identifier: MIT
// Contents of files in RAM: a table of leaves, each with the pages of 2 MiB. Reading a hole takes no page. A page that is being
// copied is counted meanwhile, since copying may wait.
#include "ram.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "device.h"
#include "linux.h"
#include "pipe.h"

#include <string.h>

constexpr uint64_t LEAF_BYTES = LEAF_PAGES * PAGE_BYTES;
constexpr uint32_t LEAVES_MOST = 8192; // 16 GiB

constexpr uint32_t SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_WRITE = 8,
                   SEAL_FUTURE_WRITE = 16;

static page_number *slot_of(const struct ram_contents *contents, uint64_t page)
{
    uint64_t leaf = page / LEAF_PAGES;
    if (leaf >= contents->leaves || contents->leaf[leaf] == nullptr) {
        return nullptr;
    }
    return &contents->leaf[leaf][page % LEAF_PAGES];
}

static bool grow_table(struct ram_contents *contents, uint64_t leaf)
{
    uint32_t leaves = contents->leaves > 0 ? contents->leaves : 4;
    while (leaves <= leaf) {
        leaves *= 2;
    }
    page_number **table = (page_number **)store_take(leaves * sizeof(page_number *));
    if (table == nullptr) {
        return false;
    }
    if (contents->leaves > 0) {
        memcpy((void *)table, (const void *)contents->leaf,
               contents->leaves * sizeof(page_number *));
        store_give((void *)contents->leaf, contents->leaves * sizeof(page_number *));
    }
    contents->leaf = table;
    contents->leaves = leaves;
    return true;
}

// The page at a place in the file, made if it is a hole. 0: no memory, or too far out.
static page_number page_at(struct ram_contents *contents, uint64_t page)
{
    uint64_t leaf = page / LEAF_PAGES;
    if (leaf >= LEAVES_MOST || (leaf >= contents->leaves && !grow_table(contents, leaf))) {
        return 0;
    }
    if (contents->leaf[leaf] == nullptr) {
        contents->leaf[leaf] = store_take(LEAF_PAGES * sizeof(page_number));
        if (contents->leaf[leaf] == nullptr) {
            return 0;
        }
    }
    page_number *slot = &contents->leaf[leaf][page % LEAF_PAGES];
    if (*slot == 0) {
        *slot = page_take();
        contents->pages += *slot != 0;
    }
    return *slot;
}

static void drop_page(struct ram_contents *contents, page_number *slot)
{
    if (*slot != 0) {
        page_drop(*slot);
        *slot = 0;
        contents->pages--;
    }
}

// Gives up all pages from one on.
static void drop_from(struct ram_contents *contents, uint64_t first)
{
    for (uint64_t leaf = first / LEAF_PAGES; leaf < contents->leaves; leaf++) {
        page_number *pages = contents->leaf[leaf];
        if (pages == nullptr) {
            continue;
        }
        uint64_t start = leaf * LEAF_PAGES;
        for (uint64_t i = first > start ? first - start : 0; i < LEAF_PAGES; i++) {
            drop_page(contents, &pages[i]);
        }
        if (first <= start) {
            store_give(pages, LEAF_PAGES * sizeof(page_number));
            contents->leaf[leaf] = nullptr;
        }
    }
}

void ram_free_contents(struct ram_node *node)
{
    drop_from(&node->contents, 0);
    if (node->contents.leaves > 0) {
        store_give((void *)node->contents.leaf, node->contents.leaves * sizeof(page_number *));
    }
}

static uint64_t round_up(uint64_t size)
{
    return (size + PAGE_BYTES - 1) / PAGE_BYTES;
}

static void cut(struct ram_node *node, uint64_t size)
{
    uint64_t pages = round_up(size);
    drop_from(&node->contents, pages);
    page_number *last = slot_of(&node->contents, size / PAGE_BYTES);
    size_t inside = size % PAGE_BYTES;
    if (inside > 0 && last != nullptr && *last != 0) {
        memset((uint8_t *)page_bytes(*last) + inside, 0, PAGE_BYTES - inside);
    }
    mappings_cut(&node->node, pages * PAGE_BYTES);
}

int64_t ram_set_size(struct ram_node *node, uint64_t size)
{
    gate_enter(&node->gate);
    int64_t error = 0;
    if ((size < node->size && (node->seals & SEAL_SHRINK) != 0) ||
        (size > node->size && (node->seals & SEAL_GROW) != 0)) {
        error = -EPERM;
    } else {
        if (size < node->size) {
            cut(node, size);
        }
        node->size = size;
        node->modified = clock_realtime();
        node->changed = node->modified;
    }
    gate_leave(&node->gate);
    return error;
}

// Reading and writing.

static void note_access(struct ram_node *node)
{
    // As Linux does by default: only when that tells something new.
    if (node->accessed <= node->modified) {
        node->accessed = clock_realtime();
    }
}

static size_t part_of_page(uint64_t offset, uint64_t size)
{
    uint64_t room = PAGE_BYTES - offset % PAGE_BYTES;
    return size < room ? size : room;
}

static int64_t give_part(const struct ram_node *node, struct transfer *transfer, uint64_t offset,
                         size_t part)
{
    const page_number *slot = slot_of(&node->contents, offset / PAGE_BYTES);
    page_number page = slot != nullptr ? *slot : 0;
    if (page == 0) {
        return transfer_give_zeros(transfer, part);
    }
    page_keep(page);
    const uint8_t *bytes = page_bytes(page);
    int64_t error = transfer_give(transfer, bytes + offset % PAGE_BYTES, part);
    page_drop(page);
    return error;
}

static int64_t read_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    struct ram_node *node = ram_of(file->node);
    int64_t error = 0;
    note_access(node);
    while (error == 0 && transfer_left(transfer) > 0 && offset < node->size) {
        uint64_t left = node->size - offset;
        size_t wanted = transfer_left(transfer);
        size_t part = part_of_page(offset, wanted < left ? wanted : left);
        error = give_part(node, transfer, offset, part);
        offset += part;
    }
    return transfer_result(transfer, error);
}

static int64_t take_part(struct ram_node *node, struct transfer *transfer, uint64_t offset,
                         size_t part)
{
    page_number page = page_at(&node->contents, offset / PAGE_BYTES);
    if (page == 0) {
        return -ENOSPC;
    }
    page_keep(page);
    uint8_t *bytes = page_bytes(page);
    size_t before = transfer->done;
    int64_t error = transfer_take(transfer, bytes + offset % PAGE_BYTES, part);
    page_drop(page);
    uint64_t end = offset + (transfer->done - before);
    node->size = node->size < end ? end : node->size;
    return error;
}

static int64_t check_write(const struct ram_node *node, uint64_t end)
{
    if ((node->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)) != 0 ||
        (end > node->size && (node->seals & SEAL_GROW) != 0)) {
        return -EPERM;
    }
    return 0;
}

static int64_t write_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    struct ram_node *node = ram_of(file->node);
    gate_enter(&node->gate);
    uint64_t start = offset == APPEND ? node->size : offset;
    int64_t error =
        transfer->size > INT64_MAX - start ? -EFBIG : check_write(node, start + transfer->size);
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t part = part_of_page(start + transfer->done, transfer_left(transfer));
        error = take_part(node, transfer, start + transfer->done, part);
    }
    if (transfer->done > 0) {
        node->modified = clock_realtime();
        node->changed = node->modified;
    }
    transfer->end = start + transfer->done;
    gate_leave(&node->gate);
    return transfer_result(transfer, error);
}

static int64_t resize(struct file *file, uint64_t size)
{
    return ram_set_size(ram_of(file->node), size);
}

static int64_t settle(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0;
}

// Makes a range read as zeros, and gives its whole pages up when nobody else has them.
static void clear_range(struct ram_node *node, uint64_t offset, uint64_t end)
{
    struct ram_contents *contents = &node->contents;
    while (offset < end) {
        size_t part = part_of_page(offset, end - offset);
        page_number *slot = slot_of(contents, offset / PAGE_BYTES);
        if (slot == nullptr) {
            // Nothing in this whole leaf.
            offset = (offset / LEAF_BYTES + 1) * LEAF_BYTES;
            continue;
        }
        if (*slot != 0 && part == PAGE_BYTES && !page_is_shared(*slot)) {
            drop_page(contents, slot);
        } else if (*slot != 0) {
            memset((uint8_t *)page_bytes(*slot) + offset % PAGE_BYTES, 0, part);
        }
        offset += part;
    }
}

static int64_t take_pages(struct ram_node *node, uint64_t offset, uint64_t end)
{
    for (uint64_t page = offset / PAGE_BYTES; page < round_up(end); page++) {
        if (page_at(&node->contents, page) == 0) {
            return -ENOSPC;
        }
    }
    return 0;
}

constexpr int KEEP_SIZE = 1, PUNCH_HOLE = 2, ZERO_RANGE = 0x10;

static int64_t allocate_under_gate(struct ram_node *node, int mode, uint64_t offset, uint64_t end)
{
    uint64_t size = (mode & KEEP_SIZE) != 0 || end <= node->size ? node->size : end;
    int64_t error = check_write(node, size);
    if (error != 0) {
        return error;
    }
    if ((mode & (PUNCH_HOLE | ZERO_RANGE)) != 0) {
        clear_range(node, offset, end);
    }
    if ((mode & PUNCH_HOLE) == 0) {
        error = take_pages(node, offset, end);
    }
    if (error == 0) {
        node->size = size;
        node->modified = clock_realtime();
        node->changed = node->modified;
    }
    return error;
}

static int64_t allocate(struct file *file, int mode, uint64_t offset, uint64_t size)
{
    bool known = mode == 0 || mode == KEEP_SIZE || mode == (PUNCH_HOLE | KEEP_SIZE) ||
                 (mode & ~KEEP_SIZE) == ZERO_RANGE;
    if (!known) {
        return -EOPNOTSUPP;
    }
    struct ram_node *node = ram_of(file->node);
    gate_enter(&node->gate);
    int64_t error = allocate_under_gate(node, mode, offset, offset + size);
    gate_leave(&node->gate);
    return error;
}

// SEEK_DATA and SEEK_HOLE tell pages from holes.
static int64_t seek(struct file *file, int64_t offset, int whence)
{
    const struct ram_node *node = ram_of(file->node);
    int64_t base = whence == SEEK_CUR   ? (int64_t)file->offset
                   : whence == SEEK_END ? (int64_t)node->size
                                        : 0;
    if (whence < SEEK_SET || whence > SEEK_HOLE || __builtin_add_overflow(base, offset, &offset)) {
        return -EINVAL;
    }
    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        if (offset < 0 || (uint64_t)offset >= node->size) {
            return -ENXIO;
        }
        uint64_t at = (uint64_t)offset;
        const page_number *slot = nullptr;
        while (at < node->size && ((slot = slot_of(&node->contents, at / PAGE_BYTES)) != nullptr &&
                                   *slot != 0) != (whence == SEEK_DATA)) {
            at = (at / PAGE_BYTES + 1) * PAGE_BYTES;
        }
        if (at >= node->size && whence == SEEK_DATA) {
            return -ENXIO;
        }
        offset = (int64_t)(at < node->size ? at : node->size);
    }
    if (offset < 0) {
        return -EINVAL;
    }
    file->offset = (uint64_t)offset;
    return offset;
}

static int64_t pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    struct ram_node *node = ram_of(file->node);
    bool sealed = (node->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)) != 0;
    if (write && sealed) {
        return -EPERM;
    }
    if (offset / PAGE_BYTES >= round_up(node->size)) {
        return -ENXIO;
    }
    page_number page = page_at(&node->contents, offset / PAGE_BYTES);
    if (page == 0) {
        return -ENOSPC;
    }
    page_keep(page);
    *run = (struct page_run){.start = offset / PAGE_BYTES * PAGE_BYTES,
                             .size = PAGE_BYTES,
                             .page = page,
                             .writable = !sealed};
    return 0;
}

static const struct file_operations file_operations = {
    .kind = "file",
    .read = read_file,
    .write = write_file,
    .seek = seek,
    .truncate = resize,
    .sync = settle,
    .allocate = allocate,
    .pages = pages,
    .sized = true,
};

static const struct file_operations folder_operations = {
    .kind = "folder",
    .seek = file_seek_folder,
    .list = ram_list,
    .sync = settle,
};

int64_t ram_open(struct node *node, struct file *file)
{
    if (S_ISFIFO(node->mode)) {
        return fifo_open(node, file);
    }
    if (S_ISCHR(node->mode)) {
        return device_open(node, file);
    }
    file->operations = S_ISDIR(node->mode) ? &folder_operations : &file_operations;
    return 0;
}

// Seals, and files without a place in the tree.

static struct ram_node *sealable(const struct file *file)
{
    return file->operations == &file_operations ? ram_of(file->node) : nullptr;
}

int64_t ram_seals(struct file *file)
{
    const struct ram_node *node = sealable(file);
    return node != nullptr ? (int64_t)node->seals : -EINVAL;
}

int64_t ram_add_seals(struct file *file, uint32_t seals)
{
    constexpr uint32_t KNOWN = SEAL_SEAL | SEAL_SHRINK | SEAL_GROW | SEAL_WRITE | SEAL_FUTURE_WRITE;
    struct ram_node *node = sealable(file);
    if (node == nullptr || (seals & ~KNOWN) != 0) {
        return -EINVAL;
    }
    if (!file_writes(file) || (node->seals & SEAL_SEAL) != 0) {
        return -EPERM;
    }
    if ((seals & SEAL_WRITE) != 0 && mappings_write(&node->node)) {
        return -EBUSY;
    }
    node->seals |= seals;
    return 0;
}
