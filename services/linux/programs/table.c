// SPDX-License-Identifier: MIT
// A file system that can't be changed holds them. Its folder has no place in the tree; each file has one.
#include "table.h"

#include "../core/errno.h"
#include "../file/begin.h"
#include "../file/entry.h"
#include "../file/linux.h"
#include "../file/open.h"
#include "../file/ram.h"

#include <string.h>

constexpr uint32_t DEVICE = 22;
constexpr uint32_t WHILE_MADE = 0777, FOR_ALL = 0555;

extern const uint8_t program_kozo_pick_start[], program_kozo_pick_end[];
extern const uint8_t program_sudo_start[], program_sudo_end[];
extern const uint8_t program_kozo_cap_start[], program_kozo_cap_end[];
extern const uint8_t program_kozo_audit_start[], program_kozo_audit_end[];

static const struct program {
    const char *name;
    const uint8_t *start, *end;
    bool asks;
} programs[] = {
    {"kozo-pick", program_kozo_pick_start, program_kozo_pick_end, false},
    {"sudo", program_sudo_start, program_sudo_end, true},
    {"kozo-cap", program_kozo_cap_start, program_kozo_cap_end, false},
    {"kozo-audit", program_kozo_audit_start, program_kozo_audit_end, false},
};

static struct node *asking;

static int64_t fill(struct node *node, const struct program *program)
{
    size_t size = (size_t)(program->end - program->start);
    struct transfer transfer = transfer_own((void *)program->start, size);
    struct file *file = nullptr;
    node_keep(node);
    struct entry *entry = entry_alone(node, program->name);
    int64_t error = entry != nullptr ? open_entry(entry, O_RDWR, &file) : -ENOMEM;
    if (error == 0) {
        int64_t written = file_write(file, &transfer, 0);
        error = written == (int64_t)size ? 0 : written < 0 ? written : -ENOSPC;
        file_drop(file);
    }
    if (entry != nullptr) {
        entry_drop(entry);
    }
    return error;
}

static int64_t begin(struct file_system *system, const struct program *program)
{
    struct ram_node *made = ram_make(system, S_IFREG | WHILE_MADE);
    if (made == nullptr) {
        return -ENOMEM;
    }
    struct node *node = &made->node;
    int64_t error = fill(node, program);
    made->links = 1;
    node->mode = S_IFREG | FOR_ALL;
    asking = program->asks ? node : asking;
    if (error == 0) {
        error = tree_program(program->name, node);
    }
    return error;
}

int64_t programs_begin(void)
{
    struct node *root = ram_system("kozo", DEVICE, FOR_ALL);
    int64_t error = root != nullptr ? 0 : -ENOMEM;
    for (size_t i = 0; error == 0 && i < sizeof programs / sizeof programs[0]; i++) {
        error = begin(root->system, &programs[i]);
    }
    if (error == 0) {
        root->system->read_only = true;
    }
    return error;
}

bool program_asks(const struct node *node)
{
    return node == asking && node != nullptr;
}
