// SPDX-License-Identifier: MIT
// Pseudo-terminals: the master is the other end of a terminal, held by a program. Numbers, and the nodes in /dev/pts that show them,
// are given out here, to the main terminal too.
#include "terminal.h"

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "linux.h"
#include "open.h"
#include "ram.h"

#include <kozo/format.h>
#include <signal.h>
#include <string.h>

constexpr uint32_t TERMINALS_MOST = 64;
constexpr size_t PART = 256;

static struct terminal *terminals[TERMINALS_MOST];
static struct node *system_root; // of /dev/pts; counted

void pty_system_set(struct node *root)
{
    system_root = root;
}

static struct name name_of(uint32_t number, char digits[12])
{
    return (struct name){digits, kozo_format(digits, 12, "%u", number)};
}

bool pty_take_number(struct terminal *terminal)
{
    uint32_t number = 0;
    while (number < TERMINALS_MOST && terminals[number] != nullptr) {
        number++;
    }
    if (number == TERMINALS_MOST || system_root == nullptr) {
        return false;
    }
    terminal->number = number;
    char digits[12];
    struct new_node what = {.mode = S_IFCHR | 0620, .group = 5};
    what.user = caller() != nullptr ? caller()->credentials.file_user : 0;
    what.special = terminal_device(terminal);
    struct node_result made =
        system_root->operations->make(system_root, name_of(number, digits), &what);
    if (made.error != 0) {
        return false;
    }
    node_drop(made.node);
    terminals[number] = terminal;
    return true;
}

void pty_give_number(struct terminal *terminal)
{
    char digits[12];
    terminals[terminal->number] = nullptr;
    if (system_root != nullptr) {
        (void)system_root->operations->remove(system_root, name_of(terminal->number, digits),
                                              nullptr, false);
    }
}

struct terminal *pty_by_number(uint32_t number)
{
    return number < TERMINALS_MOST ? terminals[number] : nullptr;
}

bool pty_is_there(const struct terminal *terminal)
{
    for (uint32_t number = 0; number < TERMINALS_MOST; number++) {
        if (terminals[number] == terminal) {
            return terminal != nullptr;
        }
    }
    return false;
}

// The master.

static struct terminal *terminal_of(const struct file *file)
{
    return file->own;
}

// No program has the terminal open any more.
static bool is_left(const struct terminal *terminal)
{
    return terminal->been_open && terminal->files == 0;
}

static int64_t wait_for_change(struct file *file)
{
    if ((file->flags & O_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    bool broken = wait_on(&terminal_of(file)->other_queue, NO_DEADLINE) == WAKE_INTERRUPT;
    return broken ? RESTART_CALL : 0;
}

static int64_t read_master(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct terminal *terminal = terminal_of(file);
    const uint8_t *bytes = nullptr;
    while (transfer->size > 0 && terminal_look(terminal, &bytes) == 0) {
        int64_t error = is_left(terminal) ? -EIO : wait_for_change(file);
        if (error != 0) {
            return error;
        }
    }
    uint8_t part[PART];
    size_t there = 0;
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0 &&
           (there = terminal_look(terminal, &bytes)) > 0) {
        size_t left = transfer_left(transfer);
        size_t size = left < there ? left : there;
        size = size < sizeof part ? size : sizeof part;
        memcpy(part, bytes, size);
        terminal_look_on(terminal, size);
        error = transfer_give(transfer, part, size);
    }
    return transfer_result(transfer, error);
}

static int64_t type_part(struct file *file, const uint8_t *part, size_t size, size_t *done)
{
    struct terminal *terminal = terminal_of(file);
    while (*done < size) {
        if (terminal_type(terminal, part[*done])) {
            (*done)++;
            continue;
        }
        int64_t error = wait_for_change(file);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int64_t write_master(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    uint8_t part[PART];
    int64_t error = 0;
    size_t written = 0;
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t size = left < sizeof part ? left : sizeof part;
        size_t done = 0;
        error = transfer_take(transfer, part, size);
        if (error == 0) {
            error = type_part(file, part, size, &done);
            written += done;
        }
    }
    return written > 0 ? (int64_t)written : error;
}

static uint32_t ready(struct file *file)
{
    const struct terminal *terminal = terminal_of(file);
    const uint8_t *bytes = nullptr;
    uint32_t bits = terminal_look(terminal, &bytes) > 0 ? READY_IN : 0;
    bits |= terminal_has_room(terminal) ? READY_OUT : 0;
    return bits | (is_left(terminal) ? READY_HANG_UP : 0);
}

static struct wait_queue *queue(struct file *file)
{
    return &terminal_of(file)->other_queue;
}

static int64_t set_lock(struct terminal *terminal, struct user argument)
{
    int32_t locked = 0;
    if (user_read(&locked, argument, sizeof locked) != 0) {
        return -EFAULT;
    }
    terminal->locked = locked != 0;
    return 0;
}

static int64_t open_peer(struct terminal *terminal, uint32_t flags)
{
    char path[32];
    struct file *file = nullptr;
    (void)kozo_format(path, sizeof path, "/dev/pts/%u", terminal->number);
    int64_t error = open_path(AT_FDCWD, path, flags, 0, 0, &file);
    return error != 0 ? error : descriptor_put(file, (flags & O_CLOEXEC) != 0, 0);
}

static int64_t control(struct file *file, uint64_t request, struct user argument)
{
    struct terminal *terminal = terminal_of(file);
    const uint8_t *bytes = nullptr;
    int32_t number = 0;
    switch (request) {
    case TIOCGPTN:
        return user_write(argument, &terminal->number, sizeof terminal->number);
    case TIOCSPTLCK:
        return set_lock(terminal, argument);
    case TIOCGPTLCK:
        number = terminal->locked;
        return user_write(argument, &number, sizeof number);
    case TIOCGPTPEER:
        return open_peer(terminal, (uint32_t)argument.address);
    case FIONREAD:
        number = (int32_t)terminal_look(terminal, &bytes);
        return user_write(argument, &number, sizeof number);
    case TIOCGPGRP:
        return user_write(argument, &terminal->group, sizeof terminal->group);
    case TIOCSIG:
        if (terminal->group != 0) {
            signal_group(terminal->group, (int)argument.address);
        }
        return 0;
    default:
        return terminal_control(file, terminal, request, argument);
    }
}

static void end(struct file *file)
{
    struct terminal *terminal = terminal_of(file);
    terminal_hang_up(terminal);
    terminal_drop(terminal);
}

static const struct file_operations operations = {
    .kind = "terminal",
    .read = read_master,
    .write = write_master,
    .ready = ready,
    .queue = queue,
    .control = control,
    .close = end,
};

int64_t pty_open(struct file *file)
{
    struct terminal *terminal = terminal_make();
    if (terminal == nullptr) {
        return -ENOSPC;
    }
    terminal->locked = true;
    file->operations = &operations;
    file->own = terminal;
    return 0;
}
