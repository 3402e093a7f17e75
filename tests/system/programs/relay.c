// SPDX-License-Identifier: MIT
// The machine's side of a run, for tests of channels and of the runner: it reads from kozo.control what
// to run, as the Linux server does, and then does what the name of the program says:
//
//     cat, errors   standard input to standard output, or to standard error
//     show          prints the records that it was started with
//     status N, killed N, failed, trace, report, nonsense    says so on kozo.control
//     hear          prints what comes on kozo.control, until a signal, which ends it
//     screen        gives back what comes from the terminal, until a q
//     rules         breaks the rules of channels, and tells which were kept
//     hold          reads no input, and ends when the host has closed standard output
//
// It is given: a session with `channels`, with memory.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t PIECE = 0x10000;
constexpr size_t CONTROL_AT = 0; // in the session's memory, then two pieces of contents
constexpr size_t CONTENTS_AT = PIECE;
constexpr size_t RECORDS = 0x10000;
constexpr size_t COMPLETIONS = 16;

static struct kozo_session channels;
static uint64_t control;
static size_t control_ahead; // bytes of kozo.control that were read and not used yet
static size_t control_next;
static char records[RECORDS];
static size_t records_length;

// Completions that came before they were awaited.
static struct kozo_entry early[COMPLETIONS];

[[noreturn]] static void give_up(const char *why)
{
    kozo_print(why);
    kozo_print("\n");
    kozo_exit(1);
}

static struct kozo_entry await(uint64_t number)
{
    if (number == 0) {
        give_up("a request can't be begun");
    }
    for (size_t i = 0; i < COMPLETIONS; i++) {
        if (early[i].number == number) {
            struct kozo_entry entry = early[i];
            early[i] = (struct kozo_entry){};
            return entry;
        }
    }
    while (true) {
        struct kozo_entry entry;
        while (kozo_session_next(&channels, &entry)) {
            if (entry.number == number) {
                return entry;
            }
            size_t free = 0;
            while (free < COMPLETIONS - 1 && early[free].number != 0) {
                free++;
            }
            early[free] = entry;
        }
        if (kozo_session_lost(&channels, number)) {
            give_up("the channels were lost");
        }
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
}

// A channel that is not there would be waited for, without the driver.
static bool has_driver(void)
{
    struct kozo_channel_find_result found = kozo_channel_find(channels.service, "none", 4);
    if (found.pending != 0) {
        (void)kozo_cancel(channels.service, found.pending);
    }
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    return kozo_namespace_find(parent, "channels", 8).state != KOZO_SERVICE_DOWN;
}

static uint64_t find(const char *name)
{
    uint64_t number = kozo_channel_find_begin(&channels, name, strlen(name));
    struct kozo_entry entry = await(number);
    struct kozo_channel_find_result result = kozo_channel_find_end(&entry);
    if (result.error != KOZO_OK) {
        give_up("a channel is not there");
    }
    return result.channel;
}

static size_t end_read(uint64_t number)
{
    struct kozo_entry entry = await(number);
    struct kozo_channel_read_result result = kozo_channel_read_end(&entry);
    if (result.error != KOZO_OK) {
        give_up("a channel can't be read");
    }
    return result.done;
}

static size_t read_some(uint64_t channel, size_t at)
{
    return end_read(kozo_channel_read_begin(&channels, channel, at, PIECE));
}

static bool write_all(uint64_t channel, const void *bytes, size_t length)
{
    memcpy(channels.data + CONTENTS_AT, bytes, length);
    struct kozo_entry entry =
        await(kozo_channel_write_begin(&channels, channel, CONTENTS_AT, length));
    return kozo_entry_error(&entry, 0) == KOZO_OK;
}

static void say(const char *text)
{
    if (!write_all(control, text, strlen(text))) {
        give_up("kozo.control can't be written");
    }
}

// --- What to run

static char next_byte(void)
{
    if (control_next == control_ahead) {
        control_ahead = read_some(control, CONTROL_AT);
        control_next = 0;
        if (control_ahead == 0) {
            give_up("kozo.control has ended");
        }
    }
    return (char)channels.data[CONTROL_AT + control_next++];
}

static void read_line(char *line, size_t size)
{
    size_t length = 0;
    for (char byte = next_byte(); byte != '\n'; byte = next_byte()) {
        if (length + 1 < size) {
            line[length++] = byte;
        }
    }
    line[length] = 0;
}

static void read_start(void)
{
    char line[32];
    read_line(line, sizeof line);
    if (strncmp(line, "start ", 6) != 0) {
        give_up("kozo.control does not begin with start");
    }
    records_length = strtoul(line + 6, nullptr, 10);
    if (records_length == 0 || records_length > RECORDS) {
        give_up("start has a wrong length");
    }
    for (size_t i = 0; i < records_length; i++) {
        records[i] = next_byte();
    }
    records[records_length - 1] = 0;
}

// The number-th record with this key; empty when there is none.
static const char *record(const char *key, size_t number)
{
    size_t length = strlen(key);
    for (size_t at = 0; at < records_length; at += strlen(records + at) + 1) {
        if (strncmp(records + at, key, length) == 0 && records[at + length] == '=' &&
            number-- == 0) {
            return records + at + length + 1;
        }
    }
    return "";
}

// --- What programs do

// Reads one piece while the one before is written.
static void copy(uint64_t from, uint64_t to)
{
    size_t turn = 0;
    uint64_t reading = kozo_channel_read_begin(&channels, from, CONTENTS_AT, PIECE);
    uint64_t writing = 0;
    size_t done = end_read(reading);
    while (done > 0) {
        if (writing != 0) {
            (void)await(writing);
        }
        size_t at = CONTENTS_AT + turn * PIECE;
        writing = kozo_channel_write_begin(&channels, to, at, done);
        turn ^= 1;
        reading = kozo_channel_read_begin(&channels, from, CONTENTS_AT + turn * PIECE, PIECE);
        done = end_read(reading);
    }
    if (writing != 0) {
        (void)await(writing);
    }
}

static void show(uint64_t output)
{
    for (size_t at = 0; at < records_length; at += strlen(records + at) + 1) {
        bool told =
            write_all(output, records + at, strlen(records + at)) && write_all(output, "\n", 1);
        if (!told) {
            give_up("standard output can't be written");
        }
    }
}

static void hear(uint64_t output)
{
    char line[64];
    (void)write_all(output, "listening\n", 10);
    while (true) {
        read_line(line, sizeof line);
        (void)write_all(output, line, strlen(line));
        (void)write_all(output, "\n", 1);
        if (strncmp(line, "signal ", 7) == 0) {
            char answer[32];
            kozo_format(answer, sizeof answer, "killed %s\n", line + 7);
            say(answer);
            return;
        }
    }
}

static void screen(void)
{
    uint64_t terminal = find("kozo.tty");
    (void)write_all(terminal, "ready\r\n", 7);
    bool more = true;
    while (more) {
        size_t length = read_some(terminal, CONTENTS_AT + PIECE);
        uint8_t *bytes = channels.data + CONTENTS_AT + PIECE;
        more = length > 0 && memchr(bytes, 'q', length) == nullptr;
        if (length > 0) {
            (void)write_all(terminal, bytes, length);
        }
    }
    say("exit 0\n");
}

// Writes until the host has closed its end.
static void hold(uint64_t output)
{
    static const char text[] = "still here\n";
    while (write_all(output, text, sizeof text - 1)) {
    }
    say("killed 13\n");
}

// --- Rules

static enum kozo_error error_of(uint64_t number)
{
    struct kozo_entry entry = await(number);
    return kozo_entry_error(&entry, 0);
}

static enum kozo_error find_error(const char *name)
{
    return error_of(kozo_channel_find_begin(&channels, name, strlen(name)));
}

static enum kozo_error read_error(uint64_t channel, uint64_t at, uint64_t length)
{
    return error_of(kozo_channel_read_begin(&channels, channel, at, length));
}

static enum kozo_error write_error(uint64_t channel, uint64_t at, uint64_t length)
{
    return error_of(kozo_channel_write_begin(&channels, channel, at, length));
}

static void tell(uint64_t output, const char *rule, bool kept)
{
    char line[96];
    kozo_format(line, sizeof line, "%s: %s\n", rule, kept ? "kept" : "broken");
    (void)write_all(output, line, strlen(line));
}

static void break_rules(uint64_t output)
{
    size_t size = channels.data_size;
    tell(output, "an unknown name", find_error("kozo.other") == KOZO_BAD_HANDLE);
    tell(output, "no name", find_error("") == KOZO_BAD_ARGUMENT);
    tell(output, "a channel that is open", find_error("kozo.control") == KOZO_BAD_STATE);
    tell(output, "a channel that is not open",
         read_error(7, 0, 1) == KOZO_BAD_HANDLE && read_error(0, 0, 1) == KOZO_BAD_HANDLE &&
             read_error(UINT64_MAX, 0, 1) == KOZO_BAD_HANDLE &&
             write_error(7, 0, 1) == KOZO_BAD_HANDLE);
    tell(output, "memory outside",
         read_error(control, size, 1) == KOZO_BAD_ARGUMENT &&
             read_error(control, UINT64_MAX, 2) == KOZO_BAD_ARGUMENT &&
             write_error(control, 1, size) == KOZO_BAD_ARGUMENT &&
             write_error(control, 0, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    tell(output, "nothing at all", read_error(control, 0, 0) == KOZO_BAD_ARGUMENT);

    uint64_t terminal = find("kozo.tty");
    uint64_t first = kozo_channel_read_begin(&channels, terminal, 0, 1);
    uint64_t second = kozo_channel_read_begin(&channels, terminal, 0, 1);
    tell(output, "one that is cancelled",
         kozo_cancel(channels.service, first) == KOZO_OK && error_of(first) == KOZO_CANCELLED &&
             kozo_cancel(channels.service, first) == KOZO_BAD_STATE);
    tell(output, "a channel that is closed",
         kozo_channel_close(channels.service, terminal) == KOZO_OK &&
             error_of(second) == KOZO_CANCELLED && read_error(terminal, 0, 1) == KOZO_BAD_HANDLE &&
             kozo_channel_close(channels.service, terminal) == KOZO_BAD_HANDLE);
    tell(output, "a channel that is opened again", find("kozo.tty") == terminal);
    uint64_t input = find("kozo.stdin");
    // The end stays: it is read once more.
    bool is_end = read_error(input, 0, 8) == KOZO_OK;
    is_end &= read_error(input, 0, 8) == KOZO_OK;
    tell(output, "the end of the host", is_end && write_error(input, 0, 8) == KOZO_BAD_STATE);
}

static void say_number(const char *word)
{
    char line[32];
    kozo_format(line, sizeof line, "%s %s\n", word, record("arg", 1));
    say(line);
}

static void act(const char *name)
{
    if (strcmp(name, "cat") == 0 || strcmp(name, "errors") == 0) {
        copy(find("kozo.stdin"), find(strcmp(name, "cat") == 0 ? "kozo.stdout" : "kozo.stderr"));
        say("exit 0\n");
    } else if (strcmp(name, "show") == 0) {
        show(find("kozo.stdout"));
        say("exit 0\n");
    } else if (strcmp(name, "status") == 0) {
        say_number("exit");
    } else if (strcmp(name, "killed") == 0) {
        say_number("killed");
    } else if (strcmp(name, "failed") == 0) {
        say("failed 19\nthe reason\nis this\x1b");
    } else if (strcmp(name, "trace") == 0) {
        say("trace 8\nread(0)\nexit 0\n");
    } else if (strcmp(name, "report") == 0) {
        say("report 8\n{\"a\": 1}exit 0\n");
    } else if (strcmp(name, "nonsense") == 0) {
        say("exit 1x\n");
    } else if (strcmp(name, "hear") == 0) {
        hear(find("kozo.stdout"));
    } else if (strcmp(name, "screen") == 0) {
        screen();
    } else if (strcmp(name, "rules") == 0) {
        break_rules(find("kozo.stdout"));
        say("exit 0\n");
    } else if (strcmp(name, "hold") == 0) {
        hold(find("kozo.stdout"));
    } else {
        give_up("no such program");
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (!kozo_session_open(&channels, "channels") || channels.data_size < 3 * PIECE ||
        !has_driver()) {
        give_up("there are no channels");
    }
    control = find("kozo.control");
    read_start();
    const char *path = record("program", 0);
    const char *last = strrchr(path, '/');
    act(last != nullptr ? last + 1 : path);
    return 0;
}
