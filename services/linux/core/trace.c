// SPDX-License-Identifier: MIT
// A call that waits is told when it is done; one that ends its thread, before.
#include "trace.h"

#include "../process/host.h"
#include "../process/process.h"
#include "errno.h"
#include "table.h"
#include "user.h"

#include <kozo/format.h>
#include <kozo/print.h>
#include <string.h>

constexpr size_t LINE = 400;
constexpr size_t TEXT = 64; // bytes shown of a text

struct line {
    char text[LINE];
    size_t length;
};

[[gnu::format(printf, 2, 3)]]
static void add(struct line *line, const char *format, ...)
{
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    size_t room = LINE - line->length;
    size_t written = kozo_format_list(line->text + line->length, room, format, arguments);
    __builtin_va_end(arguments);
    line->length += written < room ? written : room - 1;
}

static void add_text(struct line *line, uint64_t address)
{
    char text[TEXT + 1];
    int64_t length = user_string(text, (struct user){address}, TEXT);
    if (address == 0) {
        add(line, "NULL");
    } else if (length == -EFAULT) {
        add(line, "0x%lx", address);
    } else {
        text[TEXT] = 0;
        for (char *at = text; *at != 0; at++) {
            if (*at < ' ' || *at > '~') {
                *at = '?';
            }
        }
        add(line, "\"%s\"%s", text, length < 0 ? "..." : "");
    }
}

static void add_argument(struct line *line, char kind, uint64_t value)
{
    constexpr int here = -100;
    switch (kind) {
    case 'd':
    case 'i':
    case 'S':
        add(line, "%ld",
            (int64_t)(int32_t)value == (int64_t)value ? (int64_t)value : (int64_t)(int32_t)value);
        break;
    case 'D':
        if ((int)value == here) {
            add(line, "AT_FDCWD");
        } else {
            add(line, "%d", (int)value);
        }
        break;
    case 'u':
        add(line, "%lu", value);
        break;
    case 's':
        add_text(line, value);
        break;
    case 'o':
        add(line, "0%lx", value);
        break;
    default:
        if (value == 0) {
            add(line, kind == 'p' ? "NULL" : "0");
        } else {
            add(line, "0x%lx", value);
        }
        break;
    }
}

static void add_call(struct line *line, const struct call *call)
{
    const struct call_entry *entry =
        call->number < CALLS && call_table[call->number].name != nullptr ? &call_table[call->number]
                                                                         : nullptr;
    add(line, "[%u] ", call->thread->number);
    if (entry == nullptr) {
        add(line, "call_%lu(", call->number);
    } else {
        add(line, "%s(", entry->name);
    }
    const char *kinds = entry == nullptr ? "xxxxxx" : entry->arguments;
    for (size_t i = 0; i < 6 && kinds[i] != 0; i++) {
        add(line, "%s", i > 0 ? ", " : "");
        add_argument(line, kinds[i], call->argument[i]);
    }
    add(line, ")");
}

static void tell(struct line *line)
{
    add(line, "\n");
    if (host_is_there()) {
        host_trace(line->text, line->length);
    } else {
        kozo_write(line->text, line->length);
    }
}

void trace_signal(const struct thread *thread, const struct signal_info *info, uint64_t at)
{
    struct line line = {};
    add(&line, "[%u] --- signal %d, code %d, address 0x%lx, at 0x%lx", thread->number, info->signal,
        info->code, info->address, at);
    tell(&line);
}

static bool never_returns(uint64_t number)
{
    constexpr uint64_t exit = 60, exit_group = 231, execve = 59;
    return number == exit || number == exit_group || number == execve;
}

int64_t trace_call(const struct call *call)
{
    struct line line = {};
    add_call(&line, call);
    if (never_returns(call->number)) {
        tell(&line);
    }
    int64_t result = call_carry_out(call);
    if (result == CALL_SILENT) {
        return result;
    }
    if (result < 0 && result >= -ERROR_MOST) {
        add(&line, " = -%ld", -result);
    } else {
        add(&line, " = 0x%lx", (uint64_t)result);
    }
    tell(&line);
    return result;
}
