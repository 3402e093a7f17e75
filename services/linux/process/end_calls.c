// SPDX-License-Identifier: MIT
// exec, exit, and what a thread leaves behind.
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/store.h"
#include "../core/user.h"
#include "../file/linux.h"
#include "exec.h"
#include "futex.h"
#include "process.h"

static int64_t exec_user(const struct call *call, int64_t folder, size_t at, uint32_t flags)
{
    char *path = store_take(LINUX_PATH_MOST);
    if (path == nullptr) {
        return -ENOMEM;
    }
    int64_t length = user_string(path, (struct user){call->argument[at]}, LINUX_PATH_MOST);
    struct exec exec = {
        .folder = folder,
        .path = path,
        .flags = flags,
        .arguments = {.list = {call->argument[at + 1]}},
        .environment = {.list = {call->argument[at + 2]}},
    };
    int64_t result = length < 0 ? length : exec_program(call->thread, &exec);
    store_give(path, LINUX_PATH_MOST);
    return result;
}

int64_t call_execve(const struct call *call)
{
    constexpr int64_t here = -100;
    return exec_user(call, here, 0, 0);
}

int64_t call_execveat(const struct call *call)
{
    constexpr uint64_t known = 0x1000 | 0x100;
    if ((call->argument[4] & ~known) != 0) {
        return -EINVAL;
    }
    return exec_user(call, (int32_t)call->argument[0], 1, (uint32_t)call->argument[4]);
}

// What others wait for in memory: robust futexes, and the place that holds its number.
static void leave_behind(struct thread *thread)
{
    if (thread->process->space == nullptr) {
        return;
    }
    futex_leave_robust(thread);
    if (thread->clear_number != 0) {
        uint32_t none = 0;
        if (user_write((struct user){thread->clear_number}, &none, sizeof none) == 0) {
            (void)futex_wake(thread->clear_number, 1);
        }
    }
}

int64_t call_exit(const struct call *call)
{
    struct thread *thread = call->thread;
    leave_behind(thread);
    if (thread->process->thread_count == 1 && thread->process->state == PROCESS_LIVES) {
        process_end(thread->process, (int)(call->argument[0] & 0xff) << 8);
    }
    thread_end(thread);
    return CALL_SILENT;
}

int64_t call_exit_group(const struct call *call)
{
    struct thread *thread = call->thread;
    leave_behind(thread);
    process_end(thread->process, (int)(call->argument[0] & 0xff) << 8);
    thread_end(thread);
    return CALL_SILENT;
}

int64_t call_set_tid_address(const struct call *call)
{
    call->thread->clear_number = call->argument[0];
    return call->thread->number;
}

int64_t call_set_robust_list(const struct call *call)
{
    constexpr uint64_t size = 24;
    if (call->argument[1] != size) {
        return -EINVAL;
    }
    call->thread->robust_list = call->argument[0];
    return 0;
}

int64_t call_get_robust_list(const struct call *call)
{
    struct thread *thread =
        call->argument[0] == 0 ? call->thread : thread_find((uint32_t)call->argument[0]);
    uint64_t size = 24;
    if (thread == nullptr) {
        return -ESRCH;
    }
    if (user_write((struct user){call->argument[1]}, &thread->robust_list, 8) != 0 ||
        user_write((struct user){call->argument[2]}, &size, 8) != 0) {
        return -EFAULT;
    }
    return 0;
}
