// SPDX-License-Identifier: MIT
#include "host.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/store.h"
#include "../core/table.h"
#include "../file/begin.h"
#include "../file/channel.h"
#include "../file/files.h"
#include "../file/gate.h"
#include "../file/linux.h"
#include "../file/refusal.h"
#include "../memory/backing.h"
#include "exec.h"
#include "process.h"
#include "sandbox.h"

#include <kozo/format.h>
#include <string.h>

constexpr size_t LINE = 64;
constexpr size_t RECORDS_MOST = 1u << 20;
constexpr size_t TEXTS = 4096; // arguments, and variables

static struct channel *control;
static char *records;
static size_t records_size, records_room;

static struct {
    const char *program, *folder, *terminal;
    uint64_t rows, columns, user, group, mask, time;
    const char **arguments, **environment;
    size_t argument_count, variable_count;
    bool reports;
} start;

bool host_is_there(void)
{
    return control != nullptr;
}

// --- Reading the record -----------------------------------------------------------------------------

// Takes exactly so many bytes; false when the channel ends before.
static bool take(void *to, size_t size)
{
    uint8_t *bytes = to;
    while (size > 0) {
        size_t part = channel_take(control, bytes, size);
        bytes += part;
        size -= part;
        if (part == 0) {
            if (channel_ended(control)) {
                return false;
            }
            struct wait wait = {};
            wait_enter(&wait, channel_queue(control));
            if (channel_waiting(control) == 0 && !channel_ended(control)) {
                (void)wait_through(NO_DEADLINE);
            }
            wait_leave(&wait);
        }
    }
    return true;
}

static uint64_t number(const char *text, unsigned base)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text < (char)('0' + (base < 10 ? base : 10)); text++) {
        value = value * base + (uint64_t)(*text - '0');
    }
    return value;
}

static bool take_line(char line[LINE])
{
    for (size_t i = 0; i < LINE; i++) {
        if (!take(&line[i], 1)) {
            return false;
        }
        if (line[i] == '\n') {
            line[i] = 0;
            return true;
        }
    }
    return false;
}

// The value of a record with this key; null for another one.
static const char *value_of(const char *record, const char *key)
{
    size_t length = strlen(key);
    return strncmp(record, key, length) == 0 && record[length] == '=' ? record + length + 1
                                                                      : nullptr;
}

static void note(const char *record)
{
    static const struct {
        const char *key;
        uint64_t *value;
        unsigned base;
    } numbers[] = {{"rows", &start.rows, 10}, {"columns", &start.columns, 10},
                   {"uid", &start.user, 10},  {"gid", &start.group, 10},
                   {"umask", &start.mask, 8}, {"time", &start.time, 10}};
    static const struct {
        const char *key;
        const char **value;
    } texts[] = {{"program", &start.program}, {"cwd", &start.folder}, {"tty", &start.terminal}};
    const char *value;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        value = value_of(record, numbers[i].key);
        if (value != nullptr) {
            *numbers[i].value = number(value, numbers[i].base);
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        value = value_of(record, texts[i].key);
        if (value != nullptr) {
            *texts[i].value = value;
        }
    }
    value = value_of(record, "arg");
    if (value != nullptr && start.argument_count < TEXTS - 1) {
        start.arguments[start.argument_count++] = value;
    }
    value = value_of(record, "env");
    if (value != nullptr && start.variable_count < TEXTS - 1) {
        start.environment[start.variable_count++] = value;
    }
    sandbox.traces |= value_of(record, "trace") != nullptr;
    start.reports |= value_of(record, "report") != nullptr;
}

static const char *next_record(const char *record)
{
    const char *next = record + strlen(record) + 1;
    return next < records + records_size ? next : nullptr;
}

const char *host_begin(void)
{
    char line[LINE];
    control = channels_open("channels") ? channel_open("kozo.control") : nullptr;
    if (control == nullptr) {
        return "there is no channel to the host";
    }
    if (!take_line(line) || strncmp(line, "start ", 6) != 0) {
        return "the host did not say what to run";
    }
    records_size = number(line + 6, 10);
    records_room = records_size + 1;
    records = records_size < RECORDS_MOST ? store_take(records_room) : nullptr;
    start.arguments = (const char **)store_take(TEXTS * sizeof *start.arguments);
    start.environment = (const char **)store_take(TEXTS * sizeof *start.environment);
    if (records == nullptr || start.arguments == nullptr || start.environment == nullptr) {
        return "its arguments and environment are too long";
    }
    if (!take(records, records_size)) {
        return "the host did not say all of what to run";
    }
    start.folder = "/";
    start.terminal = "";
    for (const char *record = records; record != nullptr && records_size > 0;
         record = next_record(record)) {
        note(record);
    }
    return start.program == nullptr ? "the host named no program" : nullptr;
}

// --- Setting up -------------------------------------------------------------------------------------

static int64_t make_tree(void)
{
    int64_t error = 0;
    for (const char *record = records; record != nullptr && error == 0;
         record = next_record(record)) {
        const char *mount = value_of(record, "mount");
        const char *link = value_of(record, "link");
        if (mount != nullptr) {
            error = tree_mount(mount);
        } else if (link != nullptr) {
            error = tree_link(link);
        }
    }
    // What was looked for to make it, no program has asked for.
    refusals_clear();
    return error;
}

// A working directory that is not there is the root, as after a login without a home.
static void enter_folder(struct folders *folders)
{
    constexpr int64_t here = -100;
    struct walked walked;
    if (path_walk(here, start.folder, WALK_FOLDER, &walked) == 0) {
        entry_drop(folders->current);
        folders->current = walked.entry;
    }
}

const char *host_prepare(struct thread *thread, struct exec *exec)
{
    struct caller *self = &thread->process->caller;
    if (start.time != 0) {
        clock_set_realtime(start.time);
    }
    exec->path = start.program;
    if (!files_open("files")) {
        return "there is no file server";
    }
    if (make_tree() != 0) {
        return "the host's files can't be reached";
    }
    if (descriptors_begin(start.terminal, (uint16_t)start.rows, (uint16_t)start.columns) != 0) {
        return "its input and output can't be reached";
    }
    struct credentials *who = &self->credentials;
    who->user = who->effective_user = who->saved_user = who->file_user = (uint32_t)start.user;
    who->group = who->effective_group = who->saved_group = who->file_group = (uint32_t)start.group;
    self->folders->umask = (uint32_t)start.mask;
    enter_folder(self->folders);
    *exec = (struct exec){
        .folder = -100,
        .path = start.program,
        .arguments = {.own = start.arguments},
        .environment = {.own = start.environment},
    };
    return nullptr;
}

// --- While it runs ----------------------------------------------------------------------------------

static void obey(const char *line)
{
    struct terminal *terminal = begin_terminal();
    if (strncmp(line, "signal ", 7) == 0) {
        int signal = (int)number(line + 7, 10);
        uint32_t group = terminal != nullptr && terminal->group != 0 ? terminal->group
                                                                     : process_first->caller.group;
        if (signal >= 1 && signal <= SIGNALS) {
            signal_group(group, signal);
        }
    } else if (strncmp(line, "size ", 5) == 0 && terminal != nullptr) {
        const char *second = strchr(line + 5, ' ');
        if (second != nullptr) {
            terminal_set_size(terminal, (uint16_t)number(line + 5, 10),
                              (uint16_t)number(second + 1, 10));
        }
    }
}

// Called whenever something has come; lines may come in pieces.
static void heard(struct wait *wait)
{
    static char line[LINE];
    static size_t length;
    (void)wait;
    char byte;
    while (channel_take(control, &byte, 1) == 1) {
        if (byte == '\n') {
            line[length] = 0;
            length = 0;
            obey(line);
        } else if (length + 1 < LINE) {
            line[length++] = byte;
        }
    }
}

void host_listen(void)
{
    static struct wait wait;
    wait.notice = heard;
    wait_enter(&wait, channel_queue(control));
    heard(&wait);
}

// --- Telling ----------------------------------------------------------------------------------------

static void put(const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0 && !channel_is_broken(control)) {
        size_t part = channel_put(control, from, size);
        from += part;
        size -= part;
        if (part == 0) {
            struct wait wait = {};
            wait_enter(&wait, channel_queue(control));
            (void)wait_through(NO_DEADLINE);
            wait_leave(&wait);
        }
    }
}

// Frames are not to mix, and a long one may have to wait for room.
static struct gate telling;

static void put_frame(const char *kind, const char *bytes, size_t size)
{
    char head[LINE];
    gate_enter(&telling);
    put(head, kozo_format(head, sizeof head, "%s %zu\n", kind, size));
    put(bytes, size);
    gate_leave(&telling);
}

void host_trace(const char *text, size_t length)
{
    put_frame("trace", text, length);
}

// As records: kind, count, path. What the program looked for and what it wanted to change is not told apart.
static void put_refusals(void)
{
    char text[LINUX_PATH_MOST + LINE];
    for (unsigned place = 0; refusal_at(place) != nullptr; place++) {
        const struct refusal *refusal = refusal_at(place);
        size_t length = kozo_format(text, sizeof text, "%c %u %s", refusal->optional ? 'o' : 'r',
                                    refusal->count, refusal->path);
        if (length < sizeof text) {
            put_frame("refused", text, length + 1);
        }
    }
}

constexpr size_t REPORT = 1u << 16;

struct report {
    char *text;
    size_t length;
};

[[gnu::format(printf, 2, 3)]]
static void add(struct report *report, const char *format, ...)
{
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    size_t room = REPORT - report->length;
    size_t length = kozo_format_list(report->text + report->length, room, format, arguments);
    __builtin_va_end(arguments);
    report->length += length < room ? length : room - 1;
}

static void put_report(void)
{
    struct report report = {.text = store_take(REPORT)};
    if (report.text == nullptr) {
        return;
    }
    constexpr uint64_t millisecond = 1'000'000;
    add(&report, "{\"calls\":%lu,\"processes\":%lu,\"milliseconds\":%lu,\"memory\":%lu,",
        sandbox.calls, sandbox.forks, (clock_monotonic() - sandbox.started) / millisecond,
        (pages_there() - pages_free()) * PAGE_BYTES);
    add(&report, "\"unsupported\":{");
    bool first = true;
    for (size_t i = 0; i < CALLS; i++) {
        if (call_unknown[i] != 0) {
            const char *name = call_table[i].name;
            add(&report, "%s\"%s\":%u", first ? "" : ",", name != nullptr ? name : "?",
                call_unknown[i]);
            first = false;
        }
    }
    add(&report, "}}");
    put_frame("report", report.text, report.length);
}

static void finish(void)
{
    descriptors_settle();
    put_refusals();
    if (start.reports) {
        put_report();
    }
}

void host_ended(int status)
{
    char line[LINE];
    int signal = status & 0x7f;
    finish();
    gate_enter(&telling);
    put(line, kozo_format(line, sizeof line, signal != 0 ? "killed %d\n" : "exit %d\n",
                          signal != 0 ? signal : status >> 8 & 0xff));
    gate_leave(&telling);
    channel_settle(control);
}

void host_failed(const char *reason)
{
    finish();
    put_frame("failed", reason, strlen(reason));
    channel_settle(control);
}
