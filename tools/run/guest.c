// SPDX-License-Identifier: MIT
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "outcome.h"

constexpr size_t PIECE = 4'096;
constexpr uint8_t LEAVE_KEY = 0x1d; // Ctrl-]
constexpr unsigned LEAVE_PRESSES = 3;

// --- Beginning

// A descriptor of our own for a standard one, which is shared with others who expect it to block.
static int open_own(int descriptor, int flags)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

// Standard error as one of our own, but for a file: there it shares its place with what the runner says.
static int open_errors(void)
{
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode)) {
        return STDERR_FILENO;
    }
    int own = open_own(STDERR_FILENO, O_WRONLY);
    return own >= 0 ? own : STDERR_FILENO;
}

static bool open_report(struct guest *guest)
{
    const char *path = guest->options->report;
    guest->report = -1;
    if (path == nullptr) {
        return true;
    }
    guest->report = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (guest->report < 0) {
        char clean[PIECE];
        message("can't write the report to %s: %s",
                message_escape(path, strlen(path), clean, sizeof clean), strerror(errno));
    }
    return guest->report >= 0;
}

// The streams that are not the terminal's. What is the terminal's ends at once, or never speaks.
static void begin_streams(struct guest *guest, struct qemu *qemu, int output)
{
    const bool *terminal = guest->program->terminal;
    int *channel = qemu->channel;
    pump_begin(&guest->stream[GUEST_INPUT], STDIN_FILENO, channel[CHANNEL_STDIN], true);
    if (terminal[0]) {
        guest->stream[GUEST_INPUT].state = PUMP_DRAINS;
    }
    pump_begin(&guest->stream[GUEST_OUTPUT], channel[CHANNEL_STDOUT], output, false);
    pump_begin(&guest->stream[GUEST_ERRORS], channel[CHANNEL_STDERR], open_errors(), false);
    if (guest->terminal >= 0) {
        pump_begin(&guest->stream[GUEST_SCREEN], channel[CHANNEL_TTY], guest->terminal, false);
    }
    if (guest->terminal >= 0 && terminal[0]) {
        pump_begin(&guest->stream[GUEST_KEYS], guest->terminal, channel[CHANNEL_TTY], false);
    }
}

bool guest_begin(struct guest *guest, const struct options *options, const struct program *program,
                 struct qemu *qemu, int output)
{
    guest->options = options;
    guest->program = program;
    guest->control = qemu->channel[CHANNEL_CONTROL];
    guest->terminal =
        program->terminal_descriptor < 0 ? -1 : open_own(program->terminal_descriptor, O_RDWR);
    if (!open_report(guest)) {
        return false;
    }
    begin_streams(guest, qemu, output);
    return true;
}

void guest_end(struct guest *guest)
{
    free(guest->frame);
    told_end(&guest->blocked);
    told_end(&guest->changed);
    if (guest->report >= 0) {
        (void)close(guest->report);
    }
}

// --- Telling it

void guest_tell(struct guest *guest, const char *line)
{
    size_t length = strlen(line);
    // A queue this full means that nobody listens.
    if (guest->state == GUEST_STARTED && queue_room(&guest->to_control) >= length) {
        queue_put(&guest->to_control, line, length);
    }
}

void guest_tell_frame(struct guest *guest, const char *word, const char *bytes, size_t length)
{
    char head[48];
    int size = snprintf(head, sizeof head, "%s %zu\n", word, length);
    if (guest->state != GUEST_STARTED) {
        return;
    }
    if (queue_room(&guest->to_control) < (size_t)size + length) {
        guest->problem = "it does not listen";
        return;
    }
    queue_put(&guest->to_control, head, (size_t)size);
    queue_put(&guest->to_control, bytes, length);
}

// The machine asks when the host has all that was written before; it may not have been read here yet.
void guest_clear(struct guest *guest)
{
    pump_gather(&guest->stream[GUEST_SCREEN]);
    guest->hold = GUEST_CLEARS;
}

bool guest_is_clear(struct guest *guest)
{
    if (guest->hold == GUEST_CLEARS && guest->stream[GUEST_SCREEN].queue.length == 0) {
        guest->hold = GUEST_HELD;
    }
    return guest->hold == GUEST_HELD;
}

void guest_release(struct guest *guest)
{
    if (guest->hold != GUEST_FREE) {
        guest_resized(guest); // the program draws its screen anew
    }
    guest->hold = GUEST_FREE;
}

void guest_opened(struct guest *guest)
{
    if (guest->state != GUEST_WAITING) {
        return;
    }
    guest->state = GUEST_STARTED;
    guest->frame = program_start_frame(guest->program, guest->options, &guest->frame_length);
    if (guest->frame == nullptr) {
        guest->problem = "there is not enough memory to start the program";
    }
}

void guest_signal(struct guest *guest, int signal)
{
    char line[32];
    (void)snprintf(line, sizeof line, "signal %d\n", signal);
    guest_tell(guest, line);
}

void guest_resized(struct guest *guest)
{
    char line[48];
    struct winsize size = {};
    if (guest->terminal >= 0 && ioctl(guest->terminal, TIOCGWINSZ, &size) == 0) {
        (void)snprintf(line, sizeof line, "size %u %u\n", size.ws_row, size.ws_col);
        guest_tell(guest, line);
    }
}

void guest_flush(struct guest *guest)
{
    if (guest->control < 0) {
        return;
    }
    if (guest->frame_sent < guest->frame_length) {
        ssize_t written = write(guest->control, guest->frame + guest->frame_sent,
                                guest->frame_length - guest->frame_sent);
        guest->frame_sent += written > 0 ? (size_t)written : 0;
    } else if (queue_write(&guest->to_control, guest->control) == TRANSFER_CLOSED) {
        guest->to_control.length = 0; // what is left to read comes first
    }
}

// --- Hearing of it

static void end_with(struct guest *guest, int status)
{
    guest->state = GUEST_ENDED;
    guest->status = status;
}

static void take_report(struct guest *guest, const struct talk_event *event)
{
    size_t room = sizeof guest->summary - guest->summary_length;
    size_t kept = event->length < room ? event->length : room;
    memcpy(guest->summary + guest->summary_length, event->bytes, kept);
    guest->summary_length += kept;
    for (size_t done = 0; guest->report >= 0 && done < event->length;) {
        ssize_t written = write(guest->report, event->bytes + done, event->length - done);
        if (written <= 0) {
            message("the report can't be written: %s", strerror(errno));
            return;
        }
        done += (size_t)written;
    }
}

static void take_event(struct guest *guest, const struct talk_event *event)
{
    switch (event->kind) {
    case TALK_EXIT:
        end_with(guest, (int)event->number);
        break;
    case TALK_KILLED:
        end_with(guest, 128 + (int)event->number);
        break;
    case TALK_FAILED:
        guest->refused = true;
        end_with(guest, STATUS_NOT_RUNNABLE);
        break;
    case TALK_TRACE:
        queue_put(&guest->stream[GUEST_ERRORS].queue, event->bytes, event->length);
        break;
    case TALK_REPORT:
        take_report(guest, event);
        break;
    case TALK_REFUSED:
        told_take(&guest->blocked, event->bytes, event->length);
        break;
    case TALK_CHANGED:
        told_take(&guest->changed, event->bytes, event->length);
        break;
    case TALK_ASK:
    case TALK_QUERY:
    case TALK_UNASK:
    case TALK_USED:
    case TALK_OVER:
        if (guest->heard != nullptr) {
            guest->heard(guest->hearer, event);
        }
        break;
    case TALK_BROKEN:
        guest->problem = event->problem;
        break;
    case TALK_MORE:
    default:
        break;
    }
}

// Room for what may be a trace.
static size_t control_room(const struct guest *guest)
{
    size_t room = queue_room(&guest->stream[GUEST_ERRORS].queue);
    return room < PIECE ? room : PIECE;
}

static void read_control(struct guest *guest)
{
    uint8_t bytes[PIECE];
    size_t length = 0;
    if (transfer_read(guest->control, bytes, control_room(guest), &length) == TRANSFER_CLOSED) {
        (void)close(guest->control);
        guest->control = -1;
    }
    for (size_t used = 0; used < length;) {
        struct talk_event event = talk_read(&guest->talk, bytes + used, length - used);
        take_event(guest, &event);
        if (event.kind == TALK_BROKEN) {
            return;
        }
        used += event.used;
    }
}

// --- Streams

// Three presses of Ctrl-] in a row; the program gets them all the same.
static void count_presses(struct guest *guest, size_t came)
{
    const struct queue *queue = &guest->stream[GUEST_KEYS].queue;
    const uint8_t *bytes = queue->bytes + queue->start + queue->length - came;
    for (size_t i = 0; i < came; i++) {
        guest->presses = bytes[i] == LEAVE_KEY ? guest->presses + 1 : 0;
        guest->leaves = guest->leaves || guest->presses >= LEAVE_PRESSES;
    }
}

// Nobody reads this any more: the program is told by the channel's end.
static void lose(struct pump *pump)
{
    if (pump->state == PUMP_LOST && pump->from >= 0) {
        (void)close(pump->from);
        pump->from = -1;
    }
}

void guest_watch(const struct guest *guest, struct pollfd list[GUEST_WATCHES])
{
    bool writing = guest->frame_sent < guest->frame_length || guest->to_control.length > 0;
    short events = (short)((control_room(guest) > 0 ? POLLIN : 0) | (writing ? POLLOUT : 0));
    list[0] = (struct pollfd){.fd = events != 0 ? guest->control : -1, .events = events};
    for (size_t i = 0; i < GUEST_STREAMS; i++) {
        pump_watch(&guest->stream[i], list + 1 + 2 * i);
    }
    if (guest->hold != GUEST_FREE) {
        list[1 + 2 * GUEST_KEYS].fd = -1;
        list[1 + 2 * GUEST_SCREEN + (guest->hold == GUEST_HELD ? 1 : 0)].fd = -1;
    }
    if (guest->state == GUEST_WAITING) {
        // Nobody there takes it yet, and it may be for who comes after this run.
        list[1 + 2 * GUEST_INPUT].fd = -1;
    }
}

void guest_take(struct guest *guest, const struct pollfd list[GUEST_WATCHES])
{
    if (list[0].fd >= 0 && (list[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        read_control(guest);
    }
    guest_flush(guest);
    for (size_t i = 0; i < GUEST_STREAMS; i++) {
        size_t came = pump_take(&guest->stream[i], list + 1 + 2 * i);
        if (i == GUEST_KEYS && came > 0) {
            count_presses(guest, came);
        }
    }
    lose(&guest->stream[GUEST_OUTPUT]);
    lose(&guest->stream[GUEST_ERRORS]);
}

bool guest_is_quiet(const struct guest *guest, const struct pollfd list[GUEST_WATCHES])
{
    bool quiet = list[0].fd < 0 || (list[0].revents & POLLIN) == 0;
    for (size_t i = 0; i < GUEST_STREAMS; i++) {
        bool outward = i == GUEST_OUTPUT || i == GUEST_ERRORS || i == GUEST_SCREEN;
        quiet = quiet && !(outward && pump_is_busy(&guest->stream[i], list + 1 + 2 * i));
    }
    return quiet;
}

bool guest_is_over(const struct guest *guest)
{
    static const enum guest_stream outward[] = {GUEST_OUTPUT, GUEST_ERRORS, GUEST_SCREEN};
    for (size_t i = 0; i < sizeof outward / sizeof outward[0]; i++) {
        enum pump_state state = guest->stream[outward[i]].state;
        if (state == PUMP_FLOWS || state == PUMP_DRAINS) {
            return false;
        }
    }
    return guest->control < 0;
}
