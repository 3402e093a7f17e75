// SPDX-License-Identifier: MIT
#include "shared.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../core/tree.h"
#include "../file/file.h"
#include "backing.h"

constexpr size_t GROUP_PAGES = 32;
constexpr uint64_t GROUP_BYTES = GROUP_PAGES * PAGE_BYTES;

// Pages that follow one another in the file; 0 for those that nobody has touched.
struct group {
    struct tree_node node; // by offset
    page_number page[GROUP_PAGES];
};

struct shared {
    struct tree groups;
    uint64_t size;
};

static struct group *group_of(struct tree_node *node)
{
    return TREE_OWNER(node, struct group, node);
}

static struct group *group_at(struct shared *shared, uint64_t offset)
{
    uint64_t base = offset / GROUP_BYTES * GROUP_BYTES;
    struct group *group = group_of(tree_floor(&shared->groups, base));
    if (group != nullptr && group->node.key == base) {
        return group;
    }
    group = store_take(sizeof *group);
    if (group != nullptr) {
        group->node.key = base;
        tree_insert(&shared->groups, &group->node);
    }
    return group;
}

static int64_t shared_pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    (void)write;
    struct shared *shared = file->own;
    if (offset >= shared->size) {
        return -ENXIO;
    }
    struct group *group = group_at(shared, offset);
    if (group == nullptr) {
        return -ENOMEM;
    }
    page_number *page = &group->page[offset / PAGE_BYTES % GROUP_PAGES];
    if (*page == 0) {
        *page = page_take();
    }
    if (*page == 0) {
        return -ENOMEM;
    }
    page_keep(*page);
    *run = (struct page_run){
        .start = offset & ~(PAGE_BYTES - 1),
        .size = PAGE_BYTES,
        .page = *page,
        .writable = true,
    };
    return 0;
}

static void shared_close(struct file *file)
{
    struct shared *shared = file->own;
    struct tree_node *node = tree_first(&shared->groups);
    while (node != nullptr) {
        struct group *group = group_of(node);
        node = tree_next(node);
        for (size_t i = 0; i < GROUP_PAGES; i++) {
            if (group->page[i] != 0) {
                page_drop(group->page[i]);
            }
        }
        tree_remove(&shared->groups, &group->node);
        store_give(group, sizeof *group);
    }
    store_give(shared, sizeof *shared);
}

static const struct file_operations operations = {
    .kind = "/dev/zero",
    .pages = shared_pages,
    .close = shared_close,
};

struct file *shared_make(uint64_t size)
{
    constexpr uint32_t read_write = 2;
    struct shared *shared = store_take(sizeof *shared);
    if (shared == nullptr) {
        return nullptr;
    }
    shared->size = size;
    struct file *file = file_make(&operations, read_write, shared);
    if (file == nullptr) {
        store_give(shared, sizeof *shared);
    }
    return file;
}
