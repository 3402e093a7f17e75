// SPDX-License-Identifier: MIT
// memfd_create: files in RAM that have a name for people only.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "entry.h"
#include "linux.h"
#include "memfd.h"
#include "open.h"
#include "ram.h"

#include <string.h>

constexpr size_t NAME_MOST = 249;

static struct node *system_root; // of the file system that they all are in

void memfd_clear(void)
{
    if (system_root != nullptr) {
        ram_system_drop(system_root);
        system_root = nullptr;
    }
}

static struct file *make(const char *name, uint32_t flags)
{
    constexpr uint32_t ALLOW_SEALING = 2;
    constexpr uint32_t SEAL_SEAL = 1;
    constexpr uint32_t NO_EXECUTION = 8;
    constexpr uint32_t DEVICE = 1;
    if (system_root == nullptr) {
        system_root = ram_system("memfd", DEVICE, 0700);
    }
    struct ram_node *node =
        system_root != nullptr ? ram_make(system_root->system, S_IFREG | 0777) : nullptr;
    struct entry *entry = node != nullptr ? entry_alone(&node->node, name) : nullptr;
    if (entry == nullptr) {
        return nullptr;
    }
    if ((flags & NO_EXECUTION) != 0) {
        node->node.mode = S_IFREG | 0666;
    }
    node->node.user = caller()->credentials.file_user;
    node->node.group = caller()->credentials.file_group;
    node->seals = (flags & ALLOW_SEALING) != 0 ? 0 : SEAL_SEAL;
    struct file *file = nullptr;
    if (open_entry(entry, O_RDWR, &file) != 0) {
        file = nullptr;
    }
    entry_drop(entry);
    return file;
}

int64_t call_memfd_create(const struct call *call)
{
    constexpr uint32_t CLOEXEC = 1;
    constexpr uint32_t KNOWN = 1 | 2 | 8 | 16; // CLOEXEC, ALLOW_SEALING, NOEXEC_SEAL, EXEC
    constexpr char PREFIX[] = "memfd:";
    constexpr size_t PREFIX_LENGTH = sizeof PREFIX - 1;
    char name[PREFIX_LENGTH + NAME_MOST + 1] = "memfd:";
    uint32_t flags = (uint32_t)call->argument[1];
    if ((flags & ~KNOWN) != 0) {
        return -EINVAL;
    }
    int64_t length =
        user_string(name + PREFIX_LENGTH, (struct user){call->argument[0]}, NAME_MOST + 1);
    if (length < 0) {
        return length == -ENAMETOOLONG ? -EINVAL : length;
    }
    struct file *file = make(name, flags);
    return file != nullptr ? descriptor_put(file, (flags & CLOEXEC) != 0, 0) : -ENOMEM;
}
