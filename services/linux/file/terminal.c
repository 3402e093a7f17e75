// SPDX-License-Identifier: MIT
// The line discipline: what becomes of each byte that is typed, and of each that a program writes.
#include "terminal.h"

#include "../core/call.h"
#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "linux.h"

#include <signal.h>
#include <string.h>
#include <termios.h>

constexpr uint8_t DELETE = 0x7F;
constexpr uint8_t NO_CHARACTER = 0; // _POSIX_VDISABLE
constexpr uint8_t TAB_WIDTH = 8;
constexpr uint32_t PSEUDO = 136; // major number
constexpr uint64_t TENTH = 100'000'000;
constexpr size_t PART = 256; // of a write, by way of the strand's stack

static struct terminal *main_terminal;

// Rings count on without end; the sizes are powers of two.

static uint8_t *typed_at(struct terminal *terminal, uint32_t place)
{
    return &terminal->typed[place % TERMINAL_TYPED];
}

static bool ends_line(const struct terminal *terminal, uint32_t place)
{
    place %= TERMINAL_TYPED;
    return (terminal->ends[place / 8] >> place % 8 & 1) != 0;
}

static void set_end(struct terminal *terminal, uint32_t place, bool end)
{
    place %= TERMINAL_TYPED;
    uint8_t bit = (uint8_t)(1u << place % 8);
    uint8_t *byte = &terminal->ends[place / 8];
    *byte = end ? *byte | bit : *byte & (uint8_t)~bit;
}

static size_t room_to_show(const struct terminal *terminal)
{
    return TERMINAL_SHOWN - (terminal->shown_last - terminal->shown_first);
}

static bool is_local(const struct terminal *terminal, uint32_t flag)
{
    return (terminal->settings.local & flag) != 0;
}

static bool is_character(const struct terminal *terminal, uint8_t byte, unsigned which)
{
    uint8_t character = terminal->settings.character[which];
    return character == byte && character != NO_CHARACTER;
}

// Showing.

static void show_raw(struct terminal *terminal, uint8_t byte)
{
    if (room_to_show(terminal) > 0) {
        terminal->shown[terminal->shown_last++ % TERMINAL_SHOWN] = byte;
    }
}

static void show_newline(struct terminal *terminal)
{
    if ((terminal->settings.output & ONLCR) != 0) {
        show_raw(terminal, '\r');
        terminal->column = 0;
    }
    show_raw(terminal, '\n');
}

static void show_tab(struct terminal *terminal)
{
    uint32_t spaces = TAB_WIDTH - terminal->column % TAB_WIDTH;
    terminal->column += spaces;
    if ((terminal->settings.output & TABDLY) != XTABS) {
        show_raw(terminal, '\t');
        return;
    }
    for (; spaces > 0; spaces--) {
        show_raw(terminal, ' ');
    }
}

// Shows a byte as a program wrote it; at most eight bytes come of it.
static void show(struct terminal *terminal, uint8_t byte)
{
    uint32_t output = terminal->settings.output;
    if ((output & OPOST) == 0) {
        show_raw(terminal, byte);
    } else if (byte == '\n') {
        show_newline(terminal);
    } else if (byte == '\r') {
        if ((output & ONOCR) == 0 || terminal->column > 0) {
            terminal->column = 0;
            show_raw(terminal, (output & OCRNL) != 0 ? '\n' : '\r');
        }
    } else if (byte == '\t') {
        show_tab(terminal);
    } else {
        terminal->column += byte == '\b' ? (terminal->column > 0 ? UINT32_MAX : 0) : byte >= ' ';
        show_raw(terminal, byte);
    }
}

static bool shows_as_two(const struct terminal *terminal, uint8_t byte)
{
    bool control = byte < ' ' || byte == DELETE;
    return control && is_local(terminal, ECHOCTL) && byte != '\t' && byte != '\n';
}

static void echo(struct terminal *terminal, uint8_t byte)
{
    if (shows_as_two(terminal, byte)) {
        show(terminal, '^');
        show(terminal, byte ^ 0x40);
    } else {
        show(terminal, byte);
    }
}

// Typing.

static void append(struct terminal *terminal, uint8_t byte, bool end)
{
    *typed_at(terminal, terminal->last) = byte;
    set_end(terminal, terminal->last, end);
    terminal->last++;
    if (end) {
        terminal->ready = terminal->last;
    }
}

bool terminal_has_room(const struct terminal *terminal)
{
    bool line_waits = is_local(terminal, ICANON) && terminal->ready != terminal->first;
    uint32_t kept = line_waits ? 1 : 0; // for the end of the line that is being typed
    return terminal->last - terminal->first < TERMINAL_TYPED - kept;
}

// Columns that a typed byte takes on the screen.
static uint32_t width_of(const struct terminal *terminal, uint8_t byte)
{
    if (shows_as_two(terminal, byte)) {
        return 2;
    }
    bool inside_a_character = (byte & 0xC0) == 0x80 && (terminal->settings.input & IUTF8) != 0;
    return byte < ' ' || inside_a_character ? 0 : 1;
}

static bool can_erase(const struct terminal *terminal)
{
    return terminal->last != terminal->ready;
}

// Takes the last byte of the line away, with all bytes of its character.
static void erase_one(struct terminal *terminal)
{
    uint32_t width = 0;
    uint8_t byte = 0;
    do {
        byte = *typed_at(terminal, --terminal->last);
        width += width_of(terminal, byte);
    } while (can_erase(terminal) && (byte & 0xC0) == 0x80 &&
             (terminal->settings.input & IUTF8) != 0);
    if (!is_local(terminal, ECHO) || !is_local(terminal, ECHOE)) {
        return;
    }
    for (; width > 0; width--) {
        show(terminal, '\b');
        show(terminal, ' ');
        show(terminal, '\b');
    }
}

static void erase(struct terminal *terminal, uint8_t byte)
{
    if (can_erase(terminal)) {
        erase_one(terminal);
        if (is_local(terminal, ECHO) && !is_local(terminal, ECHOE)) {
            echo(terminal, byte);
        }
    }
}

static bool last_is_blank(struct terminal *terminal)
{
    uint8_t byte = *typed_at(terminal, terminal->last - 1);
    return byte == ' ' || byte == '\t';
}

static void erase_word(struct terminal *terminal)
{
    while (can_erase(terminal) && last_is_blank(terminal)) {
        erase_one(terminal);
    }
    while (can_erase(terminal) && !last_is_blank(terminal)) {
        erase_one(terminal);
    }
}

static void erase_line(struct terminal *terminal, uint8_t byte)
{
    bool shows = is_local(terminal, ECHOE) && is_local(terminal, ECHOKE);
    while (can_erase(terminal)) {
        if (shows) {
            erase_one(terminal);
        } else {
            terminal->last--;
        }
    }
    if (!shows && is_local(terminal, ECHO)) {
        echo(terminal, byte);
        if (is_local(terminal, ECHOK)) {
            show(terminal, '\n');
        }
    }
}

static void show_line_again(struct terminal *terminal, uint8_t byte)
{
    echo(terminal, byte);
    show(terminal, '\n');
    for (uint32_t place = terminal->ready; place != terminal->last; place++) {
        echo(terminal, *typed_at(terminal, place));
    }
}

void terminal_flush_typed(struct terminal *terminal)
{
    terminal->first = terminal->last;
    terminal->ready = terminal->last;
}

void terminal_flush_shown(struct terminal *terminal)
{
    terminal->shown_first = terminal->shown_last;
}

// The signal that a byte stands for; 0 for none.
static int signal_of(const struct terminal *terminal, uint8_t byte)
{
    return is_character(terminal, byte, VINTR)   ? SIGINT
           : is_character(terminal, byte, VQUIT) ? SIGQUIT
           : is_character(terminal, byte, VSUSP) ? SIGTSTP
                                                 : 0;
}

static void send_signal(struct terminal *terminal, int signal, uint8_t byte)
{
    if (!is_local(terminal, NOFLSH)) {
        terminal_flush_typed(terminal);
        terminal_flush_shown(terminal);
    }
    terminal->stopped = false;
    if (is_local(terminal, ECHO)) {
        echo(terminal, byte);
    }
    if (terminal->group != 0) {
        signal_group(terminal->group, signal);
    }
}

// Bytes that edit the line; false when this is none of them.
static bool edit(struct terminal *terminal, uint8_t byte)
{
    bool extended = is_local(terminal, IEXTEN);
    if (is_character(terminal, byte, VERASE)) {
        erase(terminal, byte);
    } else if (is_character(terminal, byte, VKILL)) {
        erase_line(terminal, byte);
    } else if (extended && is_character(terminal, byte, VWERASE)) {
        erase_word(terminal);
    } else if (extended && is_character(terminal, byte, VREPRINT) && is_local(terminal, ECHO)) {
        show_line_again(terminal, byte);
    } else if (is_character(terminal, byte, VEOF)) {
        append(terminal, NO_CHARACTER, true);
    } else {
        return false;
    }
    return true;
}

static bool is_line_end(const struct terminal *terminal, uint8_t byte)
{
    return byte == '\n' || is_character(terminal, byte, VEOL) ||
           (is_local(terminal, IEXTEN) && is_character(terminal, byte, VEOL2));
}

static void type_plain(struct terminal *terminal, uint8_t byte, bool literal)
{
    bool canonical = is_local(terminal, ICANON);
    bool end = canonical && !literal && is_line_end(terminal, byte);
    // One line alone is too long: the last place is kept for its end.
    if (canonical && !end && terminal->last - terminal->first >= TERMINAL_TYPED - 1) {
        if ((terminal->settings.input & IMAXBEL) != 0) {
            show_raw(terminal, '\a');
        }
        return;
    }
    append(terminal, byte, end);
    bool shows =
        is_local(terminal, ECHO) || (byte == '\n' && canonical && is_local(terminal, ECHONL));
    if (shows) {
        echo(terminal, byte);
    }
}

// What is done to a byte before it counts; false: it is dropped.
static bool translate(const struct terminal *terminal, uint8_t *byte)
{
    uint32_t input = terminal->settings.input;
    if ((input & ISTRIP) != 0) {
        *byte &= 0x7F;
    }
    if (*byte == '\r') {
        if ((input & IGNCR) != 0) {
            return false;
        }
        *byte = (input & ICRNL) != 0 ? '\n' : '\r';
    } else if (*byte == '\n' && (input & INLCR) != 0) {
        *byte = '\r';
    }
    return true;
}

// Start and stop of output; false when this is neither.
static bool type_flow(struct terminal *terminal, uint8_t byte)
{
    if ((terminal->settings.input & IXON) == 0) {
        return false;
    }
    if (is_character(terminal, byte, VSTOP)) {
        terminal->stopped = true;
        return true;
    }
    if (is_character(terminal, byte, VSTART)) {
        terminal->stopped = false;
        return true;
    }
    if (terminal->stopped && (terminal->settings.input & IXANY) != 0) {
        terminal->stopped = false;
    }
    return false;
}

// Types a byte that no signal and no flow control came of.
static bool type_byte(struct terminal *terminal, uint8_t byte, bool literal)
{
    bool canonical = is_local(terminal, ICANON);
    if (!terminal_has_room(terminal)) {
        terminal->literal = literal;
        return false;
    }
    if (!literal && canonical && is_local(terminal, IEXTEN) &&
        is_character(terminal, byte, VLNEXT)) {
        terminal->literal = true;
        if (is_local(terminal, ECHO)) {
            show(terminal, '^');
            show_raw(terminal, '\b');
        }
    } else if (literal || !canonical || !edit(terminal, byte)) {
        type_plain(terminal, byte, literal);
    }
    return true;
}

static bool take_typed(struct terminal *terminal, uint8_t byte)
{
    bool literal = terminal->literal;
    terminal->literal = false;
    if (literal) {
        return type_byte(terminal, byte, true);
    }
    int signal = is_local(terminal, ISIG) ? signal_of(terminal, byte) : 0;
    if (signal != 0) {
        send_signal(terminal, signal, byte);
        return true;
    }
    return type_flow(terminal, byte) || !translate(terminal, &byte) ||
           type_byte(terminal, byte, false);
}

// The other end.

// The main terminal's other end is a channel, which is looked at whenever something has changed. Types at most what there is room for.
static void pump(struct terminal *terminal)
{
    struct channel *channel = terminal->channel;
    uint8_t byte = 0;
    while (terminal_has_room(terminal) && channel_take(channel, &byte, 1) == 1) {
        if (!take_typed(terminal, byte)) {
            break;
        }
    }
    const uint8_t *bytes = nullptr;
    size_t size = 0;
    while ((size = terminal_look(terminal, &bytes)) > 0) {
        size_t taken = channel_put(channel, bytes, size);
        terminal->shown_first += (uint32_t)taken;
        if (taken == 0) {
            break;
        }
    }
    if (channel_is_broken(channel) || channel_ended(channel)) {
        terminal_hang_up(terminal);
    }
}

// Something may come while the channel is looked at: when a write begins, a read that was under way may be found to have ended. Nobody
// tells of it again, so it is looked at once more.
void terminal_changed(struct terminal *terminal)
{
    static bool pumping, again;
    again = again || terminal->channel != nullptr;
    if (terminal->channel != nullptr && !pumping) {
        pumping = true;
        while (again && !terminal->hung_up) {
            again = false;
            pump(terminal);
        }
        pumping = false;
    }
    (void)wait_wake(&terminal->queue, SIZE_MAX);
    (void)wait_wake(&terminal->other_queue, SIZE_MAX);
}

bool terminal_type(struct terminal *terminal, uint8_t byte)
{
    bool taken = take_typed(terminal, byte);
    terminal_changed(terminal);
    return taken;
}

static void channel_changed(struct wait *wait)
{
    terminal_changed(
        (struct terminal *)((uint8_t *)wait - offsetof(struct terminal, channel_wait)));
}

size_t terminal_look(const struct terminal *terminal, const uint8_t **bytes)
{
    uint32_t place = terminal->shown_first % TERMINAL_SHOWN;
    uint32_t there = terminal->shown_last - terminal->shown_first;
    *bytes = terminal->shown + place;
    uint32_t together = (uint32_t)TERMINAL_SHOWN - place;
    return terminal->stopped ? 0 : there < together ? there : together;
}

void terminal_look_on(struct terminal *terminal, size_t size)
{
    terminal->shown_first += (uint32_t)size;
    (void)wait_wake(&terminal->queue, SIZE_MAX);
}

void terminal_hang_up(struct terminal *terminal)
{
    if (terminal->hung_up) {
        return;
    }
    terminal->hung_up = true;
    if (terminal->session != 0) {
        signal_process(terminal->session, SIGHUP, SI_KERNEL, 0);
        signal_process(terminal->session, SIGCONT, SI_KERNEL, 0);
    }
    if (terminal->group != 0) {
        signal_group(terminal->group, SIGHUP);
        signal_group(terminal->group, SIGCONT);
    }
    (void)wait_wake(&terminal->queue, SIZE_MAX);
    (void)wait_wake(&terminal->other_queue, SIZE_MAX);
}

int64_t terminal_drain(struct terminal *terminal)
{
    while (terminal->shown_first != terminal->shown_last && !terminal->hung_up &&
           terminal->channel != nullptr) {
        if (wait_on(&terminal->queue, NO_DEADLINE) == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    return 0;
}

int64_t terminal_show(struct terminal *terminal)
{
    int64_t error = terminal_drain(terminal);
    if (error == 0 && terminal->channel != nullptr) {
        channel_settle(terminal->channel);
    }
    return error;
}

void terminal_settle(struct terminal *terminal)
{
    while (terminal->shown_first != terminal->shown_last && !terminal->hung_up) {
        terminal->stopped = false;
        terminal_changed(terminal);
        // Entered only now: who is in the queue when it is woken does not wait, and nothing would ever come.
        if (terminal->shown_first != terminal->shown_last && !terminal->hung_up) {
            struct wait wait = {};
            wait_enter(&wait, &terminal->queue);
            (void)wait_through(NO_DEADLINE);
            wait_leave(&wait);
        }
    }
    channel_settle(terminal->channel);
}

// Files.

static struct terminal *terminal_of(const struct file *file)
{
    return file->own;
}

size_t terminal_readable(const struct terminal *terminal)
{
    uint32_t end = is_local(terminal, ICANON) ? terminal->ready : terminal->last;
    return end - terminal->first;
}

// When one mode follows the other, what was typed so far counts as a line.
void terminal_mode_changed(struct terminal *terminal, uint32_t before)
{
    if (((before ^ terminal->settings.local) & ICANON) == 0) {
        return;
    }
    if (terminal->last != terminal->first) {
        set_end(terminal, terminal->last - 1, is_local(terminal, ICANON));
    }
    // Also when nothing is there: what was read in raw mode has gone past it.
    terminal->ready = terminal->last;
}

// Whether a process in the background may do this; it is stopped by a signal otherwise.
static int64_t check_foreground(const struct terminal *terminal, int signal)
{
    const struct caller *process = caller();
    if (terminal_controlling() != terminal || process->group == terminal->group ||
        terminal->group == 0) {
        return 0;
    }
    if (signal_is_held_back(signal)) {
        return signal == SIGTTIN ? -EIO : 0;
    }
    if (group_is_orphaned(process->group)) {
        return -EIO;
    }
    signal_group(process->group, signal);
    return RESTART_CALL;
}

// Gives typed bytes, up to the end of a line in canonical mode. The end of file is a line end without a byte.
static int64_t give(struct terminal *terminal, struct transfer *transfer)
{
    bool canonical = is_local(terminal, ICANON);
    int64_t error = 0;
    uint8_t part[PART];
    while (error == 0 && transfer_left(transfer) > 0 && terminal_readable(terminal) > 0) {
        size_t count = 0;
        bool end = false;
        while (!end && count < sizeof part && count < transfer_left(transfer) &&
               terminal_readable(terminal) > 0) {
            uint8_t byte = *typed_at(terminal, terminal->first);
            end = canonical && ends_line(terminal, terminal->first);
            terminal->first++;
            if (!end || byte != NO_CHARACTER) {
                part[count++] = byte;
            }
        }
        error = transfer_give(transfer, part, count);
        if (end) {
            break;
        }
    }
    return error;
}

// How long to wait, and for how many bytes, outside of canonical mode.
static bool is_enough(const struct terminal *terminal, size_t wanted)
{
    size_t there = terminal_readable(terminal);
    if (is_local(terminal, ICANON)) {
        return there > 0;
    }
    size_t least = terminal->settings.character[VMIN];
    if (least == 0) {
        return there > 0 || terminal->settings.character[VTIME] == 0;
    }
    return there >= (least < wanted ? least : wanted);
}

static uint64_t deadline_of(const struct terminal *terminal)
{
    const uint8_t *character = terminal->settings.character;
    bool timed = !is_local(terminal, ICANON) && character[VTIME] > 0 &&
                 (character[VMIN] == 0 || terminal_readable(terminal) > 0);
    return timed ? clock_monotonic() + character[VTIME] * TENTH : NO_DEADLINE;
}

static int64_t wait_for_bytes(struct file *file, struct terminal *terminal, size_t wanted)
{
    uint64_t deadline = deadline_of(terminal);
    size_t before = terminal_readable(terminal);
    while (!is_enough(terminal, wanted) && !terminal->hung_up) {
        if ((file->flags & O_NONBLOCK) != 0) {
            return terminal_readable(terminal) > 0 && !is_local(terminal, ICANON) ? 0 : -EAGAIN;
        }
        enum wake wake = wait_on(&terminal->queue, deadline);
        if (wake == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
        if (wake == WAKE_TIME) {
            return 0;
        }
        // Between bytes the time begins anew.
        if (terminal_readable(terminal) != before) {
            before = terminal_readable(terminal);
            deadline = deadline_of(terminal);
        }
        int64_t error = check_foreground(terminal, SIGTTIN);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int64_t read_terminal(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct terminal *terminal = terminal_of(file);
    if (terminal->hung_up) {
        return 0;
    }
    int64_t error = check_foreground(terminal, SIGTTIN);
    if (error == 0 && transfer->size > 0) {
        error = wait_for_bytes(file, terminal, transfer->size);
    }
    if (error == 0) {
        error = give(terminal, transfer);
        terminal_changed(terminal);
    }
    return transfer_result(transfer, error);
}

// Waits until there is room to show, with the gate open meanwhile.
static int64_t wait_for_room(struct file *file, struct terminal *terminal)
{
    constexpr size_t OF_ONE_BYTE = 8;
    while ((terminal->stopped || room_to_show(terminal) < OF_ONE_BYTE) && !terminal->hung_up) {
        if ((file->flags & O_NONBLOCK) != 0) {
            return -EAGAIN;
        }
        gate_leave(&terminal->gate);
        enum wake wake = wait_on(&terminal->queue, NO_DEADLINE);
        gate_enter(&terminal->gate);
        if (wake == WAKE_INTERRUPT) {
            return RESTART_CALL;
        }
    }
    return terminal->hung_up ? -EIO : 0;
}

static int64_t write_part(struct file *file, struct terminal *terminal, const uint8_t *part,
                          size_t size, size_t *done)
{
    int64_t error = 0;
    while (error == 0 && *done < size) {
        error = wait_for_room(file, terminal);
        if (error == 0) {
            show(terminal, part[(*done)++]);
            // What waits for room at the other end is told when there is none, and at the end.
            if (room_to_show(terminal) < PART) {
                terminal_changed(terminal);
            }
        }
    }
    return error;
}

static int64_t write_terminal(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct terminal *terminal = terminal_of(file);
    if (terminal->hung_up) {
        return -EIO;
    }
    int64_t error = is_local(terminal, TOSTOP) ? check_foreground(terminal, SIGTTOU) : 0;
    if (error != 0) {
        return error;
    }
    uint8_t part[PART];
    size_t written = 0;
    gate_enter(&terminal->gate);
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t size = left < sizeof part ? left : sizeof part;
        size_t done = 0;
        error = transfer_take(transfer, part, size);
        if (error == 0) {
            error = write_part(file, terminal, part, size, &done);
            written += done;
        }
    }
    terminal_changed(terminal);
    gate_leave(&terminal->gate);
    return written > 0 ? (int64_t)written : error;
}

static uint32_t ready(struct file *file)
{
    const struct terminal *terminal = terminal_of(file);
    if (terminal->hung_up) {
        return READY_IN | READY_OUT | READY_ERROR | READY_HANG_UP;
    }
    size_t least = is_local(terminal, ICANON) ? 1 : terminal->settings.character[VMIN];
    uint32_t bits = terminal_readable(terminal) >= (least > 0 ? least : 1) ? READY_IN : 0;
    bool room = !terminal->stopped && room_to_show(terminal) >= PART;
    return bits | (room ? READY_OUT : 0);
}

static struct wait_queue *queue(struct file *file)
{
    return &terminal_of(file)->queue;
}

static int64_t control(struct file *file, uint64_t request, struct user argument)
{
    struct terminal *terminal = terminal_of(file);
    return terminal->hung_up ? -EIO : terminal_control(file, terminal, request, argument);
}

static void end(struct file *file)
{
    struct terminal *terminal = terminal_of(file);
    terminal->files--;
    if (terminal->files == 0) {
        (void)wait_wake(&terminal->other_queue, SIZE_MAX);
    }
    terminal_drop(terminal);
}

static const struct file_operations operations = {
    .kind = "terminal",
    .read = read_terminal,
    .write = write_terminal,
    .ready = ready,
    .queue = queue,
    .control = control,
    .close = end,
};

// Life.

static const uint8_t usual_characters[19] = {
    [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = DELETE, [VKILL] = 21, [VEOF] = 4,
    [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,      [VSUSP] = 26, [VREPRINT] = 18,
    [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
};

struct terminal *terminal_make(void)
{
    struct terminal *terminal = store_take(sizeof *terminal);
    if (terminal == nullptr) {
        return nullptr;
    }
    terminal->count = 1;
    terminal->settings = (struct terminal_settings){
        .input = ICRNL | IXON,
        .output = OPOST | ONLCR,
        .control = B38400 | CS8 | CREAD,
        .local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    };
    memcpy(terminal->settings.character, usual_characters, sizeof usual_characters);
    if (!pty_take_number(terminal)) {
        store_give(terminal, sizeof *terminal);
        return nullptr;
    }
    return terminal;
}

struct terminal *terminal_main(struct channel *channel)
{
    main_terminal = terminal_make();
    if (main_terminal != nullptr) {
        main_terminal->channel = channel;
        main_terminal->settings.input |= IUTF8;
        main_terminal->channel_wait.notice = channel_changed;
        wait_enter(&main_terminal->channel_wait, channel_queue(channel));
        terminal_changed(main_terminal);
    }
    return main_terminal;
}

void terminal_set_size(struct terminal *terminal, uint16_t rows, uint16_t columns)
{
    bool changed = terminal->size.ws_row != rows || terminal->size.ws_col != columns;
    terminal->size = (struct winsize){.ws_row = rows, .ws_col = columns};
    if (changed && terminal->group != 0) {
        signal_group(terminal->group, SIGWINCH);
    }
}

struct terminal *terminal_controlling(void)
{
    const struct caller *process = caller();
    struct terminal *terminal = process->terminal;
    return pty_is_there(terminal) && terminal->session == process->session ? terminal : nullptr;
}

void terminal_keep(struct terminal *terminal)
{
    terminal->count++;
}

void terminal_drop(struct terminal *terminal)
{
    if (--terminal->count > 0) {
        return;
    }
    if (terminal == main_terminal) {
        main_terminal = nullptr;
    }
    wait_leave(&terminal->channel_wait);
    pty_give_number(terminal);
    store_give(terminal, sizeof *terminal);
}

uint64_t terminal_device(const struct terminal *terminal)
{
    return linux_device(PSEUDO, terminal->number);
}

void terminal_leave_session(struct terminal *terminal, uint32_t session)
{
    if (terminal->session != session) {
        return;
    }
    if (terminal->group != 0) {
        signal_group(terminal->group, SIGHUP);
        signal_group(terminal->group, SIGCONT);
    }
    terminal->session = 0;
    terminal->group = 0;
}

// Who leads a session without a terminal gets the first one that it opens.
static void become_controlling(struct terminal *terminal, const struct file *file)
{
    struct caller *process = caller();
    if ((file->flags & O_NOCTTY) == 0 && process->session == process->process &&
        terminal_controlling() == nullptr && terminal->session == 0) {
        process->terminal = terminal;
        terminal->session = process->session;
        terminal->group = process->group;
    }
}

// The terminal that a device number stands for now.
static struct terminal *find(uint64_t special)
{
    constexpr uint32_t CALLING = 5;
    if (linux_major(special) == PSEUDO) {
        return pty_by_number(linux_minor(special));
    }
    if (linux_major(special) != CALLING) {
        return nullptr;
    }
    return linux_minor(special) == 0   ? terminal_controlling()
           : linux_minor(special) == 1 ? main_terminal
                                       : nullptr;
}

int64_t terminal_open(uint64_t special, struct file *file)
{
    if (special == linux_device(5, 2)) {
        return pty_open(file);
    }
    struct terminal *terminal = find(special);
    if (terminal == nullptr) {
        return -ENXIO;
    }
    if (terminal->locked || terminal->hung_up) {
        return -EIO;
    }
    terminal_keep(terminal);
    file->operations = &operations;
    file->own = terminal;
    terminal->files++;
    terminal->been_open = true;
    become_controlling(terminal, file);
    return 0;
}
