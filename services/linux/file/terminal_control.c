// SPDX-License-Identifier: MIT
// ioctl on terminals: settings, size, job control.
#include "terminal.h"

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/errno.h"
#include "linux.h"

#include <signal.h>
#include <string.h>
#include <termios.h>

// Requests that the C library's headers do not have.
constexpr uint64_t GET_SETTINGS_2 = 0x802C'542A;
constexpr uint64_t SET_SETTINGS_2 = 0x402C'542B;
constexpr uint64_t SET_SETTINGS_2_DRAINED = 0x402C'542C;
constexpr uint64_t SET_SETTINGS_2_FLUSHED = 0x402C'542D;

// With two speeds behind the settings.
struct settings_2 {
    struct terminal_settings settings;
    uint32_t input_speed, output_speed;
};
static_assert(sizeof(struct settings_2) == 44);

constexpr uint32_t SPEED = 38'400;

// Changing anything from the background stops the process, unless it holds that signal back.
static int64_t check_change(const struct terminal *terminal)
{
    const struct caller *process = caller();
    if (terminal_controlling() != terminal || process->group == terminal->group ||
        terminal->group == 0 || signal_is_held_back(SIGTTOU)) {
        return 0;
    }
    if (group_is_orphaned(process->group)) {
        return -EIO;
    }
    signal_group(process->group, SIGTTOU);
    return RESTART_CALL;
}

static int64_t set_settings(struct terminal *terminal, struct user argument, bool drain, bool flush)
{
    struct terminal_settings settings;
    if (user_read(&settings, argument, sizeof settings) != 0) {
        return -EFAULT;
    }
    int64_t error = check_change(terminal);
    if (error == 0 && drain) {
        error = terminal_drain(terminal);
    }
    if (error != 0) {
        return error;
    }
    if (flush) {
        terminal_flush_typed(terminal);
    }
    uint32_t before = terminal->settings.local;
    terminal->settings = settings;
    terminal_mode_changed(terminal, before);
    if ((settings.input & IXON) == 0) {
        terminal->stopped = false;
    }
    terminal_changed(terminal);
    return 0;
}

static int64_t get_settings_2(const struct terminal *terminal, struct user argument)
{
    struct settings_2 settings = {terminal->settings, SPEED, SPEED};
    return user_write(argument, &settings, sizeof settings);
}

static int64_t set_size(struct terminal *terminal, struct user argument)
{
    struct winsize size;
    if (user_read(&size, argument, sizeof size) != 0) {
        return -EFAULT;
    }
    bool same = memcmp(&size, &terminal->size, sizeof size) == 0;
    terminal->size = size;
    if (!same && terminal->group != 0) {
        signal_group(terminal->group, SIGWINCH);
    }
    return 0;
}

// Job control.

static int64_t get_group(const struct terminal *terminal, struct user argument)
{
    if (terminal_controlling() != terminal) {
        return -ENOTTY;
    }
    return user_write(argument, &terminal->group, sizeof terminal->group);
}

static int64_t set_group(struct terminal *terminal, struct user argument)
{
    int32_t group = 0;
    if (user_read(&group, argument, sizeof group) != 0) {
        return -EFAULT;
    }
    const struct caller *process = caller();
    if (terminal_controlling() != terminal || terminal->session != process->session) {
        return -ENOTTY;
    }
    if (group < 0) {
        return -EINVAL;
    }
    int64_t error = check_change(terminal);
    if (error != 0) {
        return error;
    }
    uint32_t session = group_session((uint32_t)group);
    if (session == 0) {
        return -ESRCH;
    }
    if (session != process->session) {
        return -EPERM;
    }
    terminal->group = (uint32_t)group;
    return 0;
}

static int64_t get_session(const struct terminal *terminal, struct user argument)
{
    if (terminal_controlling() != terminal || terminal->session == 0) {
        return -ENOTTY;
    }
    return user_write(argument, &terminal->session, sizeof terminal->session);
}

static int64_t make_controlling(struct terminal *terminal)
{
    struct caller *process = caller();
    if (terminal_controlling() == terminal) {
        return 0;
    }
    if (process->session != process->process || terminal_controlling() != nullptr ||
        terminal->session != 0) {
        return -EPERM;
    }
    process->terminal = terminal;
    terminal->session = process->session;
    terminal->group = process->group;
    return 0;
}

static int64_t give_up_controlling(struct terminal *terminal)
{
    struct caller *process = caller();
    if (terminal_controlling() != terminal) {
        return -ENOTTY;
    }
    if (process->session == process->process) {
        terminal_leave_session(terminal, process->session);
    }
    process->terminal = nullptr;
    return 0;
}

// Flow.

static int64_t flush(struct terminal *terminal, uint64_t what)
{
    int64_t error = check_change(terminal);
    if (error != 0) {
        return error;
    }
    if (what > TCIOFLUSH) {
        return -EINVAL;
    }
    if (what != TCOFLUSH) {
        terminal_flush_typed(terminal);
    }
    if (what != TCIFLUSH) {
        terminal_flush_shown(terminal);
    }
    terminal_changed(terminal);
    return 0;
}

static int64_t flow(struct terminal *terminal, uint64_t what)
{
    if (what > TCION) {
        return -EINVAL;
    }
    if (what == TCOOFF || what == TCOON) {
        terminal->stopped = what == TCOOFF;
        terminal_changed(terminal);
    }
    return 0;
}

static int64_t give_number(uint32_t number, struct user argument)
{
    return user_write(argument, &number, sizeof number);
}

static int64_t control_jobs(struct terminal *terminal, uint64_t request, struct user argument)
{
    switch (request) {
    case TIOCGPGRP:
        return get_group(terminal, argument);
    case TIOCSPGRP:
        return set_group(terminal, argument);
    case TIOCGSID:
        return get_session(terminal, argument);
    case TIOCSCTTY:
        return make_controlling(terminal);
    case TIOCNOTTY:
        return give_up_controlling(terminal);
    default:
        return -ENOTTY;
    }
}

static int64_t control_flow(struct terminal *terminal, uint64_t request, struct user argument)
{
    switch (request) {
    case TCSBRK:
    case TCSBRKP:
        return terminal_drain(terminal);
    case TCXONC:
        return flow(terminal, argument.address);
    case TCFLSH:
        return flush(terminal, argument.address);
    case FIONREAD:
        return give_number((uint32_t)terminal_readable(terminal), argument);
    case TIOCOUTQ:
        return give_number(terminal->shown_last - terminal->shown_first, argument);
    case TIOCGETD:
        return give_number(0, argument);
    case TIOCEXCL:
    case TIOCNXCL:
        return 0;
    default:
        return control_jobs(terminal, request, argument);
    }
}

int64_t terminal_control(struct file *file, struct terminal *terminal, uint64_t request,
                         struct user argument)
{
    (void)file;
    switch (request) {
    case TCGETS:
        return user_write(argument, &terminal->settings, sizeof terminal->settings);
    case GET_SETTINGS_2:
        return get_settings_2(terminal, argument);
    case TCSETS:
    case SET_SETTINGS_2:
        return set_settings(terminal, argument, false, false);
    case TCSETSW:
    case SET_SETTINGS_2_DRAINED:
        return set_settings(terminal, argument, true, false);
    case TCSETSF:
    case SET_SETTINGS_2_FLUSHED:
        return set_settings(terminal, argument, true, true);
    case TIOCGWINSZ:
        return user_write(argument, &terminal->size, sizeof terminal->size);
    case TIOCSWINSZ:
        return set_size(terminal, argument);
    default:
        return control_flow(terminal, request, argument);
    }
}
