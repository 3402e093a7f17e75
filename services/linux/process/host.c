// SPDX-License-Identifier: MIT
#include "host.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/store.h"
#include "../core/table.h"
#include "../file/begin.h"
#include "../file/changes.h"
#include "../file/channel.h"
#include "../file/consent.h"
#include "../file/files.h"
#include "../file/gate.h"
#include "../file/lease.h"
#include "../file/linux.h"
#include "../file/opened.h"
#include "../file/query.h"
#include "../file/refusal.h"
#include "../memory/backing.h"
#include "../memory/pages.h"
#include "../programs/table.h"
#include "exec.h"
#include "process.h"
#include "sandbox.h"

#include <text.h>

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
    bool leased;  // only what runs under sudo may ask
    bool paths;   // of what is opened are wanted in the report
    bool scratch; // what is changed where only reading was given is kept for this run
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
    start.paths |= value_of(record, "paths") != nullptr;
    start.scratch |= value_of(record, "scratch") != nullptr;
    const char *asks = value_of(record, "asks");
    sandbox.asks |= asks != nullptr;
    start.leased |= asks != nullptr && strcmp(asks, "sudo") == 0;
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

// The place that is the root of all, if the host has a whole system for us; null otherwise.
static const char *root_place(void)
{
    static char name[LINE];
    for (const char *record = records; record != nullptr; record = next_record(record)) {
        const char *mount = value_of(record, "mount");
        if (mount != nullptr && strncmp(mount, "/\t", 2) == 0) {
            size_t length = strcspn(mount + 2, "\t");
            memcpy(name, mount + 2, length < LINE ? length : LINE - 1);
            return name;
        }
    }
    return nullptr;
}

static const char *variable(const char *name)
{
    for (size_t i = 0; i < start.variable_count; i++) {
        const char *value = value_of(start.environment[i], name);
        if (value != nullptr) {
            return value;
        }
    }
    return nullptr;
}

static int64_t make_tree(struct caller *self)
{
    const char *root = root_place();
    int64_t error = tree_begin(root != nullptr ? TREE_OF_PLACE : TREE_OF_HOST, root, start.scratch);
    self->folders = error == 0 ? folders_make(path_top()) : nullptr;
    if (self->folders == nullptr) {
        return error != 0 ? error : -ENOMEM;
    }
    for (const char *record = records; record != nullptr && error == 0;
         record = next_record(record)) {
        const char *mount = value_of(record, "mount");
        const char *link = value_of(record, "link");
        const char *folder = value_of(record, "folder");
        if (mount != nullptr && strncmp(mount, "/\t", 2) != 0) {
            error = tree_mount(mount);
        } else if (folder != nullptr) {
            error = tree_cover(folder);
        } else if (link != nullptr) {
            error = tree_link(link);
        }
    }
    error = error == 0 ? programs_begin() : error;
    const char *home = variable("HOME");
    // With layers over everything, what is written to the home is told like the rest.
    if (error == 0 && home != nullptr && home[0] == '/' && !start.scratch) {
        error = tree_home(home);
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
    struct credentials *who = &self->credentials;
    who->user = who->effective_user = who->saved_user = who->file_user = (uint32_t)start.user;
    who->group = who->effective_group = who->saved_group = who->file_group = (uint32_t)start.group;
    if (make_tree(self) != 0) {
        return "the host's files can't be reached";
    }
    if (descriptors_begin(start.terminal, (uint16_t)start.rows, (uint16_t)start.columns) != 0) {
        return "its input and output can't be reached";
    }
    if (start.paths) {
        opened_begin();
    }
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
    if (strncmp(line, "answer ", 7) == 0) {
        const char *word = strchr(line + 7, ' ');
        bool yes = word != nullptr && strcmp(word, " yes") == 0;
        bool once = word != nullptr && strcmp(word, " once") == 0;
        consent_answered(number(line + 7, 10), yes    ? ANSWERED_YES
                                               : once ? ANSWERED_ONCE
                                                      : ANSWERED_NO);
    } else if (strncmp(line, "signal ", 7) == 0) {
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

// A frame with a body that is on its way: what is done with it when it is whole.
static struct {
    void (*act)(const char *records, size_t size);
    char *bytes; // null when there is no memory: it is read all the same
    size_t size, come;
} body;

static bool begin_body(const char *line)
{
    static const struct {
        const char *word;
        void (*act)(const char *records, size_t size);
    } kinds[] = {{"given ", consent_given},
                 {"taken ", consent_taken},
                 {"picked ", consent_picked},
                 {"told ", query_told}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].word);
        if (strncmp(line, kinds[i].word, length) == 0) {
            body.act = kinds[i].act;
            body.size = number(line + length, 10);
            body.come = 0;
            body.bytes = body.size <= RECORDS_MOST ? store_take(body.size + 1) : nullptr;
            return true;
        }
    }
    return false;
}

static void take_body(void)
{
    uint8_t piece[LINE];
    size_t left = body.size - body.come;
    uint8_t *to = body.bytes != nullptr ? (uint8_t *)body.bytes + body.come : piece;
    size_t most = body.bytes != nullptr || left < sizeof piece ? left : sizeof piece;
    size_t came = channel_take(control, to, most);
    body.come += came;
    if (body.come == body.size) {
        if (body.bytes != nullptr) {
            body.act(body.bytes, body.size);
            store_give(body.bytes, body.size + 1);
        }
        body.act = nullptr;
    }
}

static void take_line_byte(void)
{
    static char line[LINE];
    static size_t length;
    char byte;
    if (channel_take(control, &byte, 1) == 0) {
        return;
    }
    if (byte != '\n') {
        length += length + 1 < LINE ? 1 : 0;
        line[length - 1] = byte;
        return;
    }
    line[length] = 0;
    length = 0;
    if (!begin_body(line)) {
        obey(line);
    } else if (body.size == 0) {
        take_body();
    }
}

static void tell_leases(void);

// Called whenever something has come; lines and bodies may come in pieces.
static void heard(struct wait *wait)
{
    (void)wait;
    while (channel_waiting(control) > 0) {
        if (body.act != nullptr) {
            take_body();
        } else {
            take_line_byte();
        }
    }
    tell_leases();
}

static void ask(uint64_t number, char kind, uint64_t lease, const char *path);
static void withdraw(uint64_t number);
static void used(uint64_t number);
static void query(uint64_t number, const char *request);

void host_listen(void)
{
    static const struct consent_way way = {.ask = ask, .withdraw = withdraw, .used = used};
    static const struct query_way queries = {.query = query, .withdraw = withdraw};
    static struct wait wait;
    query_begin(&queries);
    if (sandbox.asks) {
        leases_begin(tell_leases);
        consent_begin(&way, start.leased);
    }
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

// Leases that are over are told by whoever comes by when there is room: where a process ends nobody can wait.
static void tell_leases(void)
{
    size_t room = 0;
    while (leases_over > 0 && !telling.taken && channel_space(control, &room) != nullptr &&
           room >= LINE) {
        char line[LINE];
        uint64_t number = lease_to_tell();
        if (number == 0) {
            return;
        }
        put(line, kozo_format(line, sizeof line, "over %lu\n", number));
    }
}

static void end_frame(void)
{
    gate_leave(&telling);
    tell_leases();
}

static void put_frame(const char *kind, const char *bytes, size_t size)
{
    char head[LINE];
    gate_enter(&telling);
    put(head, kozo_format(head, sizeof head, "%s %zu\n", kind, size));
    put(bytes, size);
    end_frame();
}

// Under a lease, and for a file that is to be picked, the thread's name goes along, as one word.
static void ask(uint64_t number, char kind, uint64_t lease, const char *path)
{
    char text[LINUX_PATH_MOST + LINE];
    char name[sizeof thread_now()->name] = "";
    memcpy(name, thread_now()->name, sizeof name - 1);
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '/') {
            name[i] = '_';
        }
    }
    bool named = lease != 0 || kind == 'R' || kind == 'W';
    size_t length = !named ? kozo_format(text, sizeof text, "%lu %c %s", number, kind, path)
                           : kozo_format(text, sizeof text, "%lu %c %lu %s %s", number, kind, lease,
                                         name, path);
    put_frame("ask", text, length);
}

static void query(uint64_t number, const char *request)
{
    char text[QUERY_REQUEST + LINE];
    put_frame("query", text, kozo_format(text, sizeof text, "%lu %s", number, request));
}

static void tell_of(const char *word, uint64_t number)
{
    char line[LINE];
    gate_enter(&telling);
    put(line, kozo_format(line, sizeof line, "%s %lu\n", word, number));
    end_frame();
}

static void withdraw(uint64_t number)
{
    tell_of("unask", number);
}

static void used(uint64_t number)
{
    tell_of("used", number);
}

void host_trace(const char *text, size_t length)
{
    put_frame("trace", text, length);
}

// As records: kind, count, path.
static void put_refusals(void)
{
    char text[LINUX_PATH_MOST + LINE];
    for (unsigned place = 0; refusal_at(place) != nullptr; place++) {
        const struct refusal *refusal = refusal_at(place);
        size_t length = kozo_format(text, sizeof text, "%c %u %s", refusal->kind, refusal->count,
                                    refusal->path);
        if (length < sizeof text) {
            put_frame("refused", text, length + 1);
        }
    }
}

static void put_changes(void)
{
    for (unsigned place = 0; change_at(place) != nullptr; place++) {
        put_frame("changed", change_at(place), strlen(change_at(place)) + 1);
    }
}

// As large as there is memory for.
constexpr size_t REPORT_MOST = 1u << 20;
constexpr size_t REPORT_LEAST = 1u << 14;
constexpr size_t REPORT_REST = 64; // bytes for what stands behind the paths

static void add_unsupported(struct policy_text *text)
{
    const char *before = "";
    policy_add(text, "\"unsupported\":{");
    for (size_t i = 0; i < CALLS; i++) {
        if (call_unknown[i] != 0) {
            const char *name = call_table[i].name;
            policy_add(text, "%s\"%s\":%u", before, name != nullptr ? name : "?", call_unknown[i]);
            before = ",";
        }
    }
    policy_add(text, "}");
}

// Paths for which there is no room are counted.
static void add_paths(struct policy_text *text)
{
    static const char *const words[] = {
        [OPENED_READ] = "r", [OPENED_WRITE] = "w", [OPENED_READ | OPENED_WRITE] = "rw"};
    uint64_t missed = opened_not_noted();
    const char *before = "";
    text->size -= REPORT_REST;
    policy_add(text, ",\"paths\":{");
    for (unsigned place = 0; opened_at(place).path != nullptr; place++) {
        struct opened opened = opened_at(place);
        struct policy_text kept = *text;
        policy_add(text, "%s\"", before);
        policy_add_json(text, opened.path, strlen(opened.path));
        policy_add(text, "\":\"%s\"", words[opened.how]);
        if (text->cut) {
            *text = kept;
            missed++;
        }
        before = ",";
    }
    text->size += REPORT_REST;
    policy_add(text, "},\"paths_left_out\":%lu", missed);
}

static void put_report(void)
{
    size_t size = REPORT_MOST;
    char *bytes = store_take(size);
    while (bytes == nullptr && size > REPORT_LEAST) {
        size /= 2;
        bytes = store_take(size);
    }
    if (bytes == nullptr) {
        return;
    }
    constexpr uint64_t millisecond = 1'000'000;
    uint64_t memory = pages_most() * PAGE_BYTES;
    struct policy_text text = policy_text(bytes, size);
    policy_add(&text, "{\"calls\":%lu,\"processes\":%lu,\"milliseconds\":%lu,\"memory\":%lu,",
               sandbox.calls, sandbox.forks, (clock_monotonic() - sandbox.started) / millisecond,
               memory);
    add_unsupported(&text);
    if (start.paths) {
        add_paths(&text);
    }
    policy_add(&text, "}");
    put_frame("report", text.buffer, text.length);
}

static void finish(void)
{
    descriptors_settle();
    put_refusals();
    put_changes();
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
