// SPDX-License-Identifier: MIT
// Who a process is: numbers, groups, sessions, users.
#include "../core/call.h"
#include "../core/errno.h"
#include "../core/user.h"
#include "process.h"

int64_t call_getpid(const struct call *call)
{
    return call->thread->process->caller.process;
}

int64_t call_gettid(const struct call *call)
{
    return call->thread->number;
}

int64_t call_getppid(const struct call *call)
{
    return call->thread->process->caller.parent;
}

int64_t call_getuid(const struct call *call)
{
    return call->thread->process->caller.credentials.user;
}

int64_t call_geteuid(const struct call *call)
{
    return call->thread->process->caller.credentials.effective_user;
}

int64_t call_getgid(const struct call *call)
{
    return call->thread->process->caller.credentials.group;
}

int64_t call_getegid(const struct call *call)
{
    return call->thread->process->caller.credentials.effective_group;
}

// --- Groups and sessions ----------------------------------------------------------------------------

// The process of a number, or the calling one for 0; null when there is none.
static struct process *named(uint64_t number)
{
    return (uint32_t)number == 0 ? process_now() : process_find((uint32_t)number);
}

int64_t call_getpgrp(const struct call *call)
{
    (void)call;
    return caller()->group;
}

int64_t call_getpgid(const struct call *call)
{
    const struct process *process = named(call->argument[0]);
    return process == nullptr ? -ESRCH : (int64_t)process->caller.group;
}

int64_t call_getsid(const struct call *call)
{
    const struct process *process = named(call->argument[0]);
    return process == nullptr ? -ESRCH : (int64_t)process->caller.session;
}

static bool is_group_of_session(uint32_t group, uint32_t session)
{
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        if (process->caller.group == group && process->caller.session == session) {
            return true;
        }
    }
    return false;
}

int64_t call_setpgid(const struct call *call)
{
    struct process *self = process_now();
    struct process *process = named(call->argument[0]);
    if ((int32_t)call->argument[1] < 0) {
        return -EINVAL;
    }
    if (process == nullptr || (process != self && process->parent != self)) {
        return -ESRCH;
    }
    uint32_t group = (uint32_t)call->argument[1];
    group = group == 0 ? process->caller.process : group;
    if (process != self && process->executed) {
        return -EACCES;
    }
    if (process->caller.session == process->caller.process ||
        process->caller.session != self->caller.session) {
        return -EPERM;
    }
    if (group != process->caller.process && !is_group_of_session(group, self->caller.session)) {
        return -EPERM;
    }
    process->caller.group = group;
    return 0;
}

int64_t call_setsid(const struct call *call)
{
    struct caller *self = caller();
    (void)call;
    if (self->group == self->process || is_group_of_session(self->process, self->session)) {
        return -EPERM;
    }
    self->session = self->process;
    self->group = self->process;
    self->terminal = nullptr;
    return self->process;
}

// --- Users and groups -------------------------------------------------------------------------------

constexpr uint32_t SAME = UINT32_MAX;

// Real, effective, saved and file-system number, as places of the caller's credentials.
struct identity {
    uint32_t *real, *effective, *saved, *file;
};

static struct identity user_of(struct caller *self)
{
    struct credentials *c = &self->credentials;
    return (struct identity){&c->user, &c->effective_user, &c->saved_user, &c->file_user};
}

static struct identity group_of(struct caller *self)
{
    struct credentials *c = &self->credentials;
    return (struct identity){&c->group, &c->effective_group, &c->saved_group, &c->file_group};
}

static bool is_root(void)
{
    return caller()->credentials.effective_user == 0;
}

static bool may_become(const struct identity *identity, uint32_t number)
{
    return number == SAME || is_root() || number == *identity->real ||
           number == *identity->effective || number == *identity->saved;
}

static int64_t set_all(struct identity identity, const uint64_t *argument)
{
    uint32_t real = (uint32_t)argument[0];
    uint32_t effective = (uint32_t)argument[1];
    uint32_t saved = (uint32_t)argument[2];
    if (!may_become(&identity, real) || !may_become(&identity, effective) ||
        !may_become(&identity, saved)) {
        return -EPERM;
    }
    *identity.real = real == SAME ? *identity.real : real;
    *identity.effective = effective == SAME ? *identity.effective : effective;
    *identity.saved = saved == SAME ? *identity.saved : saved;
    *identity.file = *identity.effective;
    return 0;
}

static int64_t set_two(struct identity identity, const uint64_t *argument)
{
    uint32_t real = (uint32_t)argument[0];
    uint32_t effective = (uint32_t)argument[1];
    bool real_allowed =
        real == SAME || is_root() || real == *identity.real || real == *identity.effective;
    if (!real_allowed || !may_become(&identity, effective)) {
        return -EPERM;
    }
    uint32_t before = *identity.real;
    *identity.real = real == SAME ? *identity.real : real;
    *identity.effective = effective == SAME ? *identity.effective : effective;
    if (real != SAME || (effective != SAME && effective != before)) {
        *identity.saved = *identity.effective;
    }
    *identity.file = *identity.effective;
    return 0;
}

static int64_t set_one(struct identity identity, uint64_t argument)
{
    uint32_t number = (uint32_t)argument;
    if (number == SAME) {
        return -EINVAL;
    }
    if (is_root()) {
        *identity.real = number;
        *identity.saved = number;
    } else if (number != *identity.real && number != *identity.saved) {
        return -EPERM;
    }
    *identity.effective = number;
    *identity.file = number;
    return 0;
}

static int64_t set_file(struct identity identity, uint64_t argument)
{
    uint32_t before = *identity.file;
    uint32_t number = (uint32_t)argument;
    if (number != SAME && (may_become(&identity, number) || number == before)) {
        *identity.file = number;
    }
    return before;
}

static int64_t tell(struct identity identity, const struct call *call)
{
    if (user_write((struct user){call->argument[0]}, identity.real, 4) != 0 ||
        user_write((struct user){call->argument[1]}, identity.effective, 4) != 0 ||
        user_write((struct user){call->argument[2]}, identity.saved, 4) != 0) {
        return -EFAULT;
    }
    return 0;
}

int64_t call_setuid(const struct call *call)
{
    return set_one(user_of(caller()), call->argument[0]);
}

int64_t call_setgid(const struct call *call)
{
    return set_one(group_of(caller()), call->argument[0]);
}

int64_t call_setreuid(const struct call *call)
{
    return set_two(user_of(caller()), call->argument);
}

int64_t call_setregid(const struct call *call)
{
    return set_two(group_of(caller()), call->argument);
}

int64_t call_setresuid(const struct call *call)
{
    return set_all(user_of(caller()), call->argument);
}

int64_t call_setresgid(const struct call *call)
{
    return set_all(group_of(caller()), call->argument);
}

int64_t call_getresuid(const struct call *call)
{
    return tell(user_of(caller()), call);
}

int64_t call_getresgid(const struct call *call)
{
    return tell(group_of(caller()), call);
}

int64_t call_setfsuid(const struct call *call)
{
    return set_file(user_of(caller()), call->argument[0]);
}

int64_t call_setfsgid(const struct call *call)
{
    return set_file(group_of(caller()), call->argument[0]);
}

int64_t call_getgroups(const struct call *call)
{
    const struct credentials *own = &caller()->credentials;
    int32_t room = (int32_t)call->argument[0];
    if (room < 0 || (room > 0 && (uint32_t)room < own->group_count)) {
        return -EINVAL;
    }
    if (room > 0 &&
        user_write((struct user){call->argument[1]}, own->groups, own->group_count * 4) != 0) {
        return -EFAULT;
    }
    return own->group_count;
}

int64_t call_setgroups(const struct call *call)
{
    struct credentials *own = &caller()->credentials;
    uint64_t count = call->argument[0];
    uint32_t groups[GROUPS_MOST];
    if (!is_root()) {
        return -EPERM;
    }
    if (count > GROUPS_MOST) {
        return -EINVAL;
    }
    if (user_read(groups, (struct user){call->argument[1]}, count * 4) != 0) {
        return -EFAULT;
    }
    for (uint64_t i = 0; i < count; i++) {
        own->groups[i] = groups[i];
    }
    own->group_count = (uint32_t)count;
    return 0;
}

// --- Capabilities of Linux: root has all, others have none -------------------------------------------

struct capability_header {
    uint32_t version;
    int32_t process;
};

constexpr uint32_t CAPABILITY_VERSION = 0x2008'0522;
constexpr uint32_t CAPABILITY_VERSIONS[] = {0x1998'0330, 0x2007'1026, CAPABILITY_VERSION};

static int64_t capability_words(const struct call *call, size_t *words)
{
    struct capability_header header;
    if (user_read(&header, (struct user){call->argument[0]}, sizeof header) != 0) {
        return -EFAULT;
    }
    for (size_t i = 0; i < 3; i++) {
        if (header.version == CAPABILITY_VERSIONS[i]) {
            *words = i == 0 ? 1 : 2;
            return header.process < 0 ? -EINVAL : 0;
        }
    }
    if (user_write((struct user){call->argument[0]}, &CAPABILITY_VERSION, 4) != 0) {
        return -EFAULT;
    }
    return call->argument[1] == 0 ? 1 : -EINVAL;
}

int64_t call_capget(const struct call *call)
{
    size_t words = 0;
    int64_t error = capability_words(call, &words);
    if (error != 0) {
        return error < 0 ? error : 0;
    }
    constexpr uint32_t high = 0x1ff; // up to CAP_CHECKPOINT_RESTORE
    uint32_t low = is_root() ? UINT32_MAX : 0;
    uint32_t upper = is_root() ? high : 0;
    uint32_t all[6] = {low, low, 0, upper, upper, 0};
    return call->argument[1] == 0 ? 0
                                  : user_write((struct user){call->argument[1]}, all, words * 12);
}

int64_t call_capset(const struct call *call)
{
    size_t words = 0;
    int64_t error = capability_words(call, &words);
    return error < 0 ? error : 0;
}

bool group_is_orphaned(uint32_t group)
{
    for (const struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        const struct process *parent = process->parent;
        if (process->caller.group == group && process->state != PROCESS_ZOMBIE &&
            parent != nullptr && parent->caller.group != group &&
            parent->caller.session == process->caller.session) {
            return false;
        }
    }
    return true;
}

uint32_t group_session(uint32_t group)
{
    for (const struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        if (process->caller.group == group) {
            return process->caller.session;
        }
    }
    return 0;
}
