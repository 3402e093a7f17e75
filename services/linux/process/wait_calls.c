// SPDX-License-Identifier: MIT
// wait4 and waitid.
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "process.h"
#include "usage.h"

enum wait_options : uint64_t {
    WAIT_NOW = 1,
    WAIT_STOPPED = 2,
    WAIT_EXITED = 4,
    WAIT_CONTINUED = 8,
    WAIT_KEEP = 0x0100'0000,
    WAIT_KINDS = 0xe000'0000, // __WNOTHREAD, __WALL, __WCLONE
    WAIT_ALL = 0x4000'0000,
    WAIT_CLONE = 0x8000'0000,
};

enum id_kind : int { ID_ALL = 0, ID_PROCESS = 1, ID_GROUP = 2, ID_DESCRIPTOR = 3 };

struct wanted {
    enum id_kind kind;
    uint32_t id;
    uint64_t options;
};

// What was found.
struct found {
    struct process *child; // null for none
    bool any;              // there is a child that may come to be found
    int status;            // as wait4 gives it
    struct signal_info info;
};

static bool is_meant(const struct process *child, const struct wanted *wanted)
{
    bool clone = child->exit_signal != SIGNAL_CHILD;
    if ((wanted->options & WAIT_ALL) == 0 && clone != ((wanted->options & WAIT_CLONE) != 0)) {
        return false;
    }
    return wanted->kind == ID_ALL ||
           (wanted->kind == ID_PROCESS && child->caller.process == wanted->id) ||
           (wanted->kind == ID_GROUP && child->caller.group == wanted->id);
}

static bool has_news(struct process *child, const struct wanted *wanted, struct found *found)
{
    constexpr int stopped = 5, continued = 6;
    constexpr int stop_mark = 0x7f, continue_mark = 0xffff;
    bool keep = (wanted->options & WAIT_KEEP) != 0;
    if (child->state == PROCESS_ZOMBIE) {
        found->status = child->exit_status;
        found->info = child_info(child, child->exit_status);
        return (wanted->options & WAIT_EXITED) != 0;
    }
    if (child->stopped && !child->stop_told && (wanted->options & WAIT_STOPPED) != 0) {
        found->status = child->stop_signal << 8 | stop_mark;
        found->info = child_info(child, 0);
        found->info.code = stopped;
        found->info.from.value = (uint64_t)child->stop_signal;
        child->stop_told = !keep;
        return true;
    }
    if (child->continued && !child->continue_told && (wanted->options & WAIT_CONTINUED) != 0) {
        found->status = continue_mark;
        found->info = child_info(child, 0);
        found->info.code = continued;
        found->info.from.value = SIGNAL_CONTINUE;
        child->continue_told = !keep;
        return true;
    }
    return false;
}

static struct found look(const struct wanted *wanted)
{
    struct found found = {};
    for (struct process *child = process_now()->children; child != nullptr;
         child = child->next_sibling) {
        if (!is_meant(child, wanted)) {
            continue;
        }
        found.any = true;
        if (has_news(child, wanted, &found)) {
            found.child = child;
            return found;
        }
    }
    return found;
}

// Waits until a child is found. An error, or 0; with WAIT_NOW there may be none.
static int64_t wait_for_child(const struct wanted *wanted, struct found *found)
{
    while (true) {
        *found = look(wanted);
        if (found->child != nullptr) {
            return 0;
        }
        if (!found->any) {
            return -ECHILD;
        }
        if ((wanted->options & WAIT_NOW) != 0) {
            return 0;
        }
        if (wait_on(&process_now()->children_changed, NO_DEADLINE) == WAKE_INTERRUPT) {
            *found = look(wanted);
            return found->child != nullptr ? 0 : RESTART_CALL;
        }
    }
}

static void take_away(struct process *child, const struct wanted *wanted)
{
    if (child->state == PROCESS_ZOMBIE && (wanted->options & WAIT_KEEP) == 0) {
        process_reap(child);
    }
}

int64_t call_wait4(const struct call *call)
{
    int64_t number = (int32_t)call->argument[0];
    struct user status = {call->argument[1]};
    struct user usage = {call->argument[3]};
    constexpr uint64_t known = WAIT_NOW | WAIT_STOPPED | WAIT_CONTINUED | WAIT_KINDS;
    uint64_t options = call->argument[2] & UINT32_MAX;
    if ((options & ~known) != 0) {
        return -EINVAL;
    }
    if (number == INT32_MIN) {
        return -ESRCH;
    }
    struct wanted wanted = {.options = options | WAIT_EXITED};
    if (number > 0) {
        wanted.kind = ID_PROCESS;
        wanted.id = (uint32_t)number;
    } else if (number != -1) {
        wanted.kind = ID_GROUP;
        wanted.id = number == 0 ? caller()->group : (uint32_t)-number;
    }
    struct found found;
    int64_t error = wait_for_child(&wanted, &found);
    if (error != 0 || found.child == nullptr) {
        return error;
    }
    uint32_t child = found.child->caller.process;
    if (usage.address != 0) {
        error = usage_write(usage, &found.child->ended, &found.child->children_usage);
    }
    take_away(found.child, &wanted);
    if (status.address != 0 && error == 0) {
        error = user_write(status, &found.status, sizeof found.status);
    }
    return error != 0 ? error : child;
}

int64_t call_waitid(const struct call *call)
{
    constexpr uint64_t known =
        WAIT_NOW | WAIT_STOPPED | WAIT_EXITED | WAIT_CONTINUED | WAIT_KEEP | WAIT_KINDS;
    struct user to = {call->argument[2]};
    struct user usage = {call->argument[4]};
    int kind = (int)call->argument[0];
    struct wanted wanted = {
        .kind = (enum id_kind)kind,
        .id = (uint32_t)call->argument[1],
        .options = call->argument[3] & UINT32_MAX,
    };
    if ((wanted.options & ~known) != 0 ||
        (wanted.options & (WAIT_EXITED | WAIT_STOPPED | WAIT_CONTINUED)) == 0 || kind < ID_ALL ||
        kind > ID_DESCRIPTOR) {
        return -EINVAL;
    }
    if (kind == ID_DESCRIPTOR) {
        return -EBADF;
    }
    if (kind == ID_GROUP && wanted.id == 0) {
        wanted.id = caller()->group;
    }
    if (kind == ID_PROCESS && (int32_t)wanted.id <= 0) {
        return -EINVAL;
    }
    struct found found;
    int64_t error = wait_for_child(&wanted, &found);
    if (error != 0) {
        return error;
    }
    if (found.child != nullptr && usage.address != 0) {
        error = usage_write(usage, &found.child->ended, &found.child->children_usage);
    }
    struct signal_info info = {};
    if (found.child != nullptr) {
        info = found.info;
        take_away(found.child, &wanted);
    }
    if (to.address != 0 && error == 0) {
        error = user_write(to, &info, 48);
    }
    return error;
}
