// SPDX-License-Identifier: MIT
// The event loop. A run goes through four phases: RUNNING; DRAINING, when the machine stands still
// and what it said is still being read and passed on; QUITTING, when QEMU was told to end; and
// GONE, when the process has ended and the rest of its channels is read. Facts are gathered on the
// way and judged at the end (outcome.h), so their order doesn't matter.
//
// Nothing here blocks but poll(). A full standard output stops the reading of the channel that
// feeds it, QEMU then stops accepting the guest's bytes, and none is lost.
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "accelerator.h"
#include "ask.h"
#include "consent.h"
#include "console.h"
#include "control.h"
#include "crash.h"
#include "guest.h"
#include "keys.h"
#include "learn.h"
#include "live.h"
#include "machine.h"
#include "message.h"
#include "outcome.h"
#include "program.h"
#include "qemu.h"
#include "queue.h"
#include "symbols.h"
#include "terminal.h"

constexpr int64_t NEVER = INT64_MAX;
constexpr int64_t DEFAULT_LIMIT_MS = 60'000;
constexpr int64_t CRASH_PAUSE_MS = 2'000; // silence after which a crash record counts as ended
constexpr int64_t POWER_OFF_MS = 5'000;   // from the command's status to power-off
constexpr int64_t PAUSE_MS = 1'000;       // for QEMU to stop the machine
constexpr int64_t QUIT_MS = 1'000;        // for QEMU to end in an orderly way
constexpr int64_t URGENT_MS = 1'500;      // for everything, once the person wants to leave
constexpr int64_t GRACE_MS = 2'000;       // for a program that was asked to end
constexpr int64_t HASTE_MS = 2'000;       // three interrupts within this time end the run
constexpr int HASTE = 3;
constexpr size_t PIECE = 4'096;
constexpr size_t REFUSED = 128;           // permissions of a run in the record
constexpr char RUN_PROGRAM[] = "linux @"; // tells init to run what kozo.control says
constexpr uint8_t END_OF_INPUT = 0x04;    // Ctrl-D

enum phase : int {
    PHASE_RUNNING,
    PHASE_DRAINING,
    PHASE_QUITTING,
    PHASE_GONE,
};

// The descriptors that poll() watches.
enum watch : int {
    WATCH_SIGNALS,
    WATCH_PROCESS,
    WATCH_LOG,
    WATCH_ERRORS,
    WATCH_QMP,
    WATCH_CONSOLE,
    WATCH_CRASH,
    WATCH_CONTROL,
    WATCH_INPUT,
    WATCH_OUTPUT,
    WATCH_FILES,
    WATCHES,
};

// Those of a machine with a program, behind them.
constexpr int PROGRAM_WATCHES = GUEST_WATCHES + CONSENT_WATCHES + LIVE_WATCHES;

struct run {
    const struct options *options;
    enum phase phase;
    int64_t started;   // all times are milliseconds of the monotonic clock
    int64_t limit_at;  // time limit
    int64_t crash_at;  // a crash record that has begun is taken as ended
    int64_t leave_at;  // the next phase comes even if the machine doesn't do its part
    int64_t finish_at; // the run is over, whatever is left
    int signals;
    int output; // standard output
    bool input_open;
    bool input_held; // input waits for the guest's hello
    struct qemu qemu;
    struct machine machine;
    struct control control;
    struct console console;
    struct crash crash;
    struct keys keys;
    struct terminal terminal;
    struct finder fault; // in QEMU's log
    struct facts facts;
    struct queue to_output;
    struct queue to_console;
    struct queue to_control;
    struct program program; // the folders that it shares, in any case
    struct guest guest;
    struct consent consent; // of a machine with a program
    struct live live;       // likewise
    int interrupts;         // in a row
    int64_t interrupted_at; // the first of them
    size_t said_length;
    char said[512]; // the end of what init printed about the program
    int wait_status;
    size_t errors_length;
    char errors[1'024]; // the end of what QEMU printed on its standard error
};

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

static bool has_program(const struct run *run)
{
    return run->options->program != nullptr;
}

// What init is told to do; null: to show its prompt.
static const char *command_of(const struct options *options)
{
    if (options->program == nullptr) {
        return options->exec;
    }
    return options->command != nullptr ? options->command : RUN_PROGRAM;
}

static bool in_console_mode(const struct run *run)
{
    return command_of(run->options) == nullptr;
}

// ---- Phases

static void start_quitting(struct run *run)
{
    run->phase = PHASE_QUITTING;
    run->leave_at = now() + QUIT_MS;
    machine_quit(&run->machine);
}

// The guest is done: read all it said, pass it on, and end QEMU.
static void end_calmly(struct run *run)
{
    if (run->phase != PHASE_RUNNING) {
        return;
    }
    run->phase = PHASE_DRAINING;
    run->leave_at = now() + PAUSE_MS;
    if (run->machine.state == MACHINE_RUNNING) {
        machine_pause(&run->machine);
    }
}

// The guest need not be heard any further, but what it said so far is passed on.
static void end_now(struct run *run)
{
    if (run->phase < PHASE_QUITTING) {
        start_quitting(run);
    }
}

// The person wants to leave, or nobody listens.
static void end_urgently(struct run *run)
{
    if (run->finish_at == NEVER) {
        run->finish_at = now() + URGENT_MS;
    }
    end_now(run);
}

// ---- QEMU's channels

static void close_channel(int *descriptor)
{
    (void)close(*descriptor);
    *descriptor = -1;
}

// Reads one piece of a channel and closes it at its end. Returns how many bytes came.
static size_t read_channel(int *descriptor, uint8_t *bytes, size_t size)
{
    size_t length = 0;
    if (transfer_read(*descriptor, bytes, size, &length) == TRANSFER_CLOSED) {
        close_channel(descriptor);
    }
    return length;
}

static void write_channel(struct queue *queue, int *descriptor)
{
    if (*descriptor >= 0 && queue_write(queue, *descriptor) == TRANSFER_CLOSED) {
        queue->length = 0; // what is left to read comes first; the reader closes it
    }
}

static void tell_mark(const struct run *run, const char *what)
{
    if (run->options->verbose) {
        message("%s after %" PRId64 " ms", what, now() - run->started);
    }
}

static void read_console(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t room = in_console_mode(run) ? queue_room(&run->to_output) : PIECE;
    size_t size = room < PIECE ? room : PIECE;
    if (size == 0) {
        return;
    }
    size_t length = read_channel(&run->qemu.console, bytes, size);
    struct console_news news = console_read(&run->console, bytes, length);
    if (news.first) {
        tell_mark(run, "first console byte");
    }
    if (in_console_mode(run)) {
        queue_put(&run->to_output, bytes, length);
    }
    if (news.prompt) {
        tell_mark(run, "prompt");
    }
    if (news.until) {
        (void)dprintf(STDERR_FILENO, "until: %" PRId64 " ms\n", now() - run->started);
        run->facts.found = true;
        end_now(run);
    }
}

static void read_crash(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t length = read_channel(&run->qemu.crash, bytes, sizeof bytes);
    crash_read(&run->crash, bytes, length);
    if (run->crash.state == CRASH_NONE) {
        return;
    }
    run->facts.crashed = true;
    run->crash_at = now() + CRASH_PAUSE_MS;
    if (run->crash.state == CRASH_WHOLE) {
        end_calmly(run);
    }
}

// The guest is ready: say what it shall do, and let held input flow.
static void answer_hello(struct run *run)
{
    run->input_held = false;
    char answer[64] = "console\n";
    const char *command = command_of(run->options);
    size_t length = command != nullptr ? strlen(command) : 0;
    if (!in_console_mode(run)) {
        (void)snprintf(answer, sizeof answer, "exec %zu\n", length);
    }
    queue_put(&run->to_control, answer, strlen(answer));
    if (length > 0) {
        queue_put(&run->to_control, command, length);
    }
}

// Keeps the end of a text in a buffer.
static void keep_end(char *kept, size_t size, size_t *length, const uint8_t *bytes, size_t count)
{
    if (count > size) {
        bytes += count - size;
        count = size;
    }
    size_t over = *length + count > size ? *length + count - size : 0;
    memmove(kept, kept + over, *length - over);
    memcpy(kept + *length - over, bytes, count);
    *length += count - over;
}

// What init prints goes to the person, but for what it prints about a program: that is kept, and told
// if the program did not run.
static void take_output(struct run *run, const struct control_event *event)
{
    if (has_program(run)) {
        keep_end(run->said, sizeof run->said, &run->said_length, event->bytes, event->length);
    } else {
        queue_put(&run->to_output, event->bytes, event->length);
    }
}

static void take_control(struct run *run, const struct control_event *event)
{
    switch (event->kind) {
    case CONTROL_HELLO:
        answer_hello(run);
        break;
    case CONTROL_OUTPUT:
        take_output(run, event);
        break;
    case CONTROL_EXIT:
        run->facts.exited = true;
        run->facts.status = event->status;
        if (run->phase == PHASE_RUNNING) {
            run->leave_at = now() + POWER_OFF_MS;
        }
        break;
    case CONTROL_BROKEN:
        run->facts.problem = event->problem;
        end_now(run);
        break;
    case CONTROL_MORE:
    default:
        break;
    }
}

static void read_control(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t room = queue_room(&run->to_output);
    size_t size = room < PIECE ? room : PIECE;
    size_t length = size > 0 ? read_channel(&run->qemu.control, bytes, size) : 0;
    for (size_t used = 0; used < length;) {
        struct control_event event = control_read(&run->control, bytes + used, length - used);
        take_control(run, &event);
        if (event.kind == CONTROL_BROKEN) {
            return;
        }
        used += event.used;
    }
}

// Finds what QEMU's log of resets says of a triple fault.
static struct finder fault_finder(void)
{
    return finder_begin("Triple fault\n");
}

static void take_reboot(struct run *run)
{
    if (run->phase != PHASE_RUNNING) {
        return;
    }
    // With --exec a firmware may reset before KOZO is there; after that, it ends the run.
    if (!in_console_mode(run) && run->control.greeted) {
        run->facts.rebooted = true;
        end_calmly(run);
        return;
    }
    if (run->options->verbose) {
        message("KOZO reboots");
    }
    run->fault = fault_finder();
    machine_restart(&run->machine);
}

static void take_machine_news(struct run *run, enum machine_news news)
{
    switch (news) {
    case MACHINE_POWERED_OFF:
        run->facts.powered_off = true;
        end_calmly(run);
        break;
    case MACHINE_REBOOT:
        take_reboot(run);
        break;
    case MACHINE_TRIPLE_FAULT:
        run->facts.triple_fault = true;
        end_calmly(run);
        break;
    case MACHINE_RESTARTED:
        run->control = control_begin(!in_console_mode(run));
        run->input_held = run->terminal.descriptor < 0;
        break;
    case MACHINE_CONTROL_OPENED:
        if (has_program(run)) {
            tell_mark(run, "the program is asked for");
            guest_opened(&run->guest);
            run->facts.begun = true;
        }
        break;
    case MACHINE_FILES_OPENED:
        files_restart(&run->program.view.files);
        break;
    case MACHINE_STOPPED:
        run->facts.stopped = run->phase == PHASE_RUNNING;
        end_calmly(run);
        break;
    case MACHINE_NOTHING:
    default:
        break;
    }
}

static void read_qmp(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t length = read_channel(&run->qemu.qmp, bytes, sizeof bytes);
    for (size_t used = 0; used < length;) {
        size_t taken = 0;
        enum machine_news news = machine_read(&run->machine, bytes + used, length - used, &taken);
        take_machine_news(run, news);
        used += taken;
    }
}

static void read_log(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t length = read_channel(&run->qemu.log, bytes, sizeof bytes);
    if (finder_read(&run->fault, bytes, length)) {
        run->machine.fault_logged = true;
    }
}

// Keeps the end of QEMU's own messages.
static void read_errors(struct run *run)
{
    uint8_t bytes[512];
    size_t length = read_channel(&run->qemu.errors, bytes, sizeof bytes);
    keep_end(run->errors, sizeof run->errors, &run->errors_length, bytes, length);
}

// ---- The person's side

// All input has been read: the guest gets Ctrl-D, and a limited time to power off.
static void end_input(struct run *run)
{
    run->input_open = false;
    queue_put(&run->to_console, &END_OF_INPUT, 1);
    if (!run->options->limited) {
        run->limit_at = now() + DEFAULT_LIMIT_MS;
    }
}

static void press(struct run *run, uint8_t byte)
{
    switch (keys_press(&run->keys, byte)) {
    case KEY_SEND:
        queue_put(&run->to_console, &byte, 1);
        break;
    case KEY_END:
        run->facts.ended = true;
        end_urgently(run);
        break;
    case KEY_HELP:
        message("Ctrl-A x ends KOZO, Ctrl-A Ctrl-A sends Ctrl-A.");
        break;
    case KEY_NOTHING:
    default:
        break;
    }
}

// Called only while nothing waits for the console, so there is room for a whole piece.
static void read_input(struct run *run)
{
    uint8_t bytes[PIECE];
    size_t length = 0;
    enum transfer done = transfer_read(STDIN_FILENO, bytes, sizeof bytes, &length);
    if (done == TRANSFER_CLOSED) {
        end_input(run);
    }
    if (run->terminal.descriptor < 0) {
        queue_put(&run->to_console, bytes, length);
    }
    for (size_t i = 0; i < length && run->terminal.descriptor >= 0; i++) {
        press(run, bytes[i]);
    }
}

static void stop_for_a_while(struct run *run)
{
    bool raw = run->terminal.raw;
    terminal_restore(&run->terminal);
    (void)raise(SIGSTOP);
    if (raw) {
        terminal_raw(&run->terminal, !has_program(run));
    }
}

// A signal for the program. One that asks it to end is a limit too, and a person who interrupts again
// and again wants to leave.
static void pass_signal(struct run *run, int signal)
{
    int64_t time = now();
    guest_signal(&run->guest, signal);
    if (signal == SIGTERM || signal == SIGHUP) {
        run->facts.signal = signal;
        run->leave_at = run->leave_at < time + GRACE_MS ? run->leave_at : time + GRACE_MS;
    }
    if (signal == SIGINT && time - run->interrupted_at > HASTE_MS) {
        run->interrupted_at = time;
        run->interrupts = 0;
    }
    run->interrupts += signal == SIGINT ? 1 : 0;
    if (run->guest.state == GUEST_WAITING || run->interrupts >= HASTE) {
        run->facts.signal = signal;
        end_urgently(run);
    }
}

static void take_program_signal(struct run *run, int signal)
{
    if (signal == SIGWINCH) {
        guest_resized(&run->guest);
    } else if (signal == SIGTSTP) {
        guest_signal(&run->guest, SIGTSTP);
        guest_flush(&run->guest);
        stop_for_a_while(run);
        guest_signal(&run->guest, SIGCONT);
        guest_resized(&run->guest);
    } else if (run->guest.state != GUEST_ENDED) {
        pass_signal(run, signal);
    } else {
        run->facts.signal = signal;
        end_urgently(run);
    }
}

static void read_signals(struct run *run)
{
    struct signalfd_siginfo information;
    if (read(run->signals, &information, sizeof information) != (ssize_t)sizeof information) {
        return;
    }
    if (has_program(run)) {
        take_program_signal(run, (int)information.ssi_signo);
        return;
    }
    if (information.ssi_signo == SIGTSTP) {
        stop_for_a_while(run);
        return;
    }
    run->facts.signal = (int)information.ssi_signo;
    end_urgently(run);
}

static void lose_output(struct run *run)
{
    // After a calm end nothing may be left to print, and then the reader's leaving changes nothing.
    if (run->phase == PHASE_RUNNING || run->to_output.length > 0) {
        run->facts.unread = true;
    }
    run->output = -1; // poll() would report its error for ever
    end_urgently(run);
}

// ---- Poll

static void watch(struct pollfd *list, enum watch which, int descriptor, bool reading, bool writing)
{
    short events = (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0));
    list[which] = (struct pollfd){.fd = reading || writing ? descriptor : -1, .events = events};
}

static void watch_all(const struct run *run, struct pollfd *list)
{
    bool room = queue_room(&run->to_output) > 0;
    bool input = run->input_open && !run->input_held && run->to_console.length == 0;
    bool to_control = run->to_control.length > 0;
    watch(list, WATCH_SIGNALS, run->signals, true, false);
    watch(list, WATCH_PROCESS, run->qemu.watch, run->phase != PHASE_GONE, false);
    watch(list, WATCH_LOG, run->qemu.log, true, false);
    watch(list, WATCH_ERRORS, run->qemu.errors, true, false);
    watch(list, WATCH_QMP, run->qemu.qmp, true, run->machine.out.length > 0);
    watch(list, WATCH_CONSOLE, run->qemu.console, room || !in_console_mode(run),
          run->to_console.length > 0);
    watch(list, WATCH_CRASH, run->qemu.crash, true, false);
    watch(list, WATCH_CONTROL, run->qemu.control, room, to_control);
    watch(list, WATCH_INPUT, STDIN_FILENO, input && run->phase == PHASE_RUNNING, false);
    watch(list, WATCH_OUTPUT, run->output, false, run->to_output.length > 0);
    watch(list, WATCH_FILES, run->program.view.files.watch, run->phase == PHASE_RUNNING, false);
    // Without events poll() still tells when the reader has gone.
    list[WATCH_OUTPUT].fd = has_program(run) ? -1 : run->output;
    if (has_program(run)) {
        guest_watch(&run->guest, list + WATCHES);
        consent_watch(&run->consent, list + WATCHES + GUEST_WATCHES);
        live_watch(&run->live, list + WATCHES + GUEST_WATCHES + CONSENT_WATCHES);
    }
}

static int watches_of(const struct run *run)
{
    return WATCHES + (has_program(run) ? PROGRAM_WATCHES : 0);
}

static bool is_due(int64_t deadline, int64_t time)
{
    return deadline <= time;
}

// Milliseconds to the next deadline, for poll().
static int time_left(const struct run *run)
{
    int64_t next = run->finish_at;
    const int64_t deadlines[] = {
        run->leave_at,
        run->phase == PHASE_RUNNING ? run->limit_at : NEVER,
        run->phase == PHASE_RUNNING ? run->crash_at : NEVER,
        has_program(run) ? consent_time(&run->consent) : NEVER,
    };
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        next = deadlines[i] < next ? deadlines[i] : next;
    }
    if (next == NEVER) {
        return -1;
    }
    int64_t left = next - now();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static bool is_ready(const struct pollfd *list, enum watch which, short events)
{
    return list[which].fd >= 0 && (list[which].revents & events) != 0;
}

// What the program and its person did.
static void take_guest(struct run *run, const struct pollfd *list)
{
    struct guest *guest = &run->guest;
    bool had_ended = guest->state == GUEST_ENDED;
    guest_take(guest, list);
    if (guest->problem != nullptr && run->facts.problem == nullptr) {
        run->facts.problem = guest->problem;
        end_now(run);
    }
    if (guest->leaves && !run->facts.ended) {
        run->facts.ended = true;
        end_urgently(run);
    }
    if (guest->state == GUEST_ENDED && !had_ended) {
        consent_end(&run->consent);
        run->facts.ran = !guest->refused;
        run->facts.refused = guest->refused;
        run->facts.program_status = guest->status;
        run->facts.signal = 0; // the program had it
        run->leave_at = run->phase == PHASE_RUNNING ? now() + POWER_OFF_MS : run->leave_at;
    }
}

static void take_events(struct run *run, const struct pollfd *list)
{
    constexpr short readable = POLLIN | POLLHUP | POLLERR;
    if (is_ready(list, WATCH_SIGNALS, readable)) {
        read_signals(run);
    }
    // The log comes before QMP: a triple fault is logged before its reset is reported.
    if (is_ready(list, WATCH_LOG, readable)) {
        read_log(run);
    }
    if (is_ready(list, WATCH_ERRORS, readable)) {
        read_errors(run);
    }
    if (is_ready(list, WATCH_QMP, readable)) {
        read_qmp(run);
    }
    if (is_ready(list, WATCH_CONSOLE, readable)) {
        read_console(run);
    }
    if (is_ready(list, WATCH_CRASH, readable)) {
        read_crash(run);
    }
    if (is_ready(list, WATCH_CONTROL, readable)) {
        read_control(run);
    }
    if (is_ready(list, WATCH_FILES, readable)) {
        files_ended(&run->program.view.files);
    }
    if (is_ready(list, WATCH_INPUT, readable)) {
        read_input(run);
    }
    if (has_program(run)) {
        consent_take(&run->consent, list + WATCHES + GUEST_WATCHES);
        live_take(&run->live, list + WATCHES + GUEST_WATCHES + CONSENT_WATCHES, &run->consent);
        take_guest(run, list + WATCHES);
        consent_look(&run->consent);
    }
    write_channel(&run->machine.out, &run->qemu.qmp);
    write_channel(&run->to_console, &run->qemu.console);
    write_channel(&run->to_control, &run->qemu.control);
    bool lost = is_ready(list, WATCH_OUTPUT, POLLERR | POLLHUP | POLLNVAL);
    if (is_ready(list, WATCH_OUTPUT, POLLOUT)) {
        lost = queue_write(&run->to_output, run->output) == TRANSFER_CLOSED;
    }
    if (lost) {
        lose_output(run);
    }
    if (run->output < 0) {
        run->to_output.length = 0;
    }
}

static bool is_quiet(const struct run *run, const struct pollfd *list)
{
    return (!has_program(run) || guest_is_quiet(&run->guest, list + WATCHES)) &&
           !is_ready(list, WATCH_CONSOLE, POLLIN) && !is_ready(list, WATCH_CRASH, POLLIN) &&
           !is_ready(list, WATCH_CONTROL, POLLIN) && !is_ready(list, WATCH_QMP, POLLIN);
}

static void check_deadlines(struct run *run)
{
    int64_t time = now();
    if (run->phase == PHASE_RUNNING && is_due(run->crash_at, time)) {
        end_calmly(run);
    }
    if (run->phase == PHASE_RUNNING && is_due(run->limit_at, time)) {
        run->facts.limit = true;
        end_urgently(run);
    }
    if (!is_due(run->leave_at, time)) {
        return;
    }
    run->leave_at = NEVER;
    if (run->phase == PHASE_QUITTING) {
        qemu_kill(&run->qemu);
    } else if (run->phase != PHASE_GONE) {
        start_quitting(run);
    }
}

// Goes to the next phase when this one is complete.
static void advance(struct run *run, const struct pollfd *list, bool idle)
{
    if (run->phase == PHASE_DRAINING && run->machine.state == MACHINE_PAUSED) {
        run->leave_at = NEVER; // the machine stands; only the reader's pace counts from here
        if (idle && is_quiet(run, list) && run->to_output.length == 0) {
            start_quitting(run);
        }
    }
    if (run->phase != PHASE_GONE && is_ready(list, WATCH_PROCESS, POLLIN)) {
        run->facts.died = run->phase == PHASE_RUNNING;
        run->wait_status = qemu_reap(&run->qemu);
        run->phase = PHASE_GONE;
        run->leave_at = NEVER;
    }
}

static bool is_over(const struct run *run)
{
    if (is_due(run->finish_at, now())) {
        return true;
    }
    const struct qemu *qemu = &run->qemu;
    bool open = qemu->console >= 0 || qemu->crash >= 0 || qemu->control >= 0 || qemu->qmp >= 0 ||
                qemu->log >= 0 || qemu->errors >= 0;
    bool over = !has_program(run) || guest_is_over(&run->guest);
    return run->phase == PHASE_GONE && !open && over && run->to_output.length == 0;
}

static void loop(struct run *run)
{
    while (!is_over(run)) {
        struct pollfd list[WATCHES + PROGRAM_WATCHES];
        watch_all(run, list);
        bool draining = run->phase == PHASE_DRAINING && run->machine.state == MACHINE_PAUSED &&
                        run->to_output.length == 0;
        int count = poll(list, (nfds_t)watches_of(run), draining ? 0 : time_left(run));
        if (count < 0) {
            continue; // interrupted; nothing else can go wrong here
        }
        take_events(run, list);
        check_deadlines(run);
        advance(run, list, draining);
    }
    if (run->phase != PHASE_GONE) {
        qemu_kill(&run->qemu);
        run->wait_status = qemu_reap(&run->qemu);
    }
}

// ---- Beginning and end

// Signals arrive as bytes to read. Those that were ignored when the runner started stay ignored.
static int open_signals(bool program)
{
    static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set;
    (void)sigemptyset(&set);
    if (program) {
        (void)sigaddset(&set, SIGWINCH);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct sigaction action;
        if (sigaction(wanted[i], nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            (void)sigaddset(&set, wanted[i]);
        }
    }
    (void)sigprocmask(SIG_BLOCK, &set, nullptr);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Standard output as a descriptor of our own that doesn't block. The one we were given is shared
// with others, who expect it to block; where it can't be opened anew it is used as it is, and
// poll() and small pieces keep it from blocking.
static int open_output(void)
{
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) == 0 && !S_ISREG(status.st_mode)) {
        int own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (own >= 0) {
            return own;
        }
    }
    return STDOUT_FILENO;
}

static struct run *begin(const struct options *options)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == nullptr) {
        return nullptr;
    }
    bool limited = options->exec != nullptr || options->until != nullptr;
    bool program = options->program != nullptr;
    int64_t limit = options->limited ? options->limit_ms : limited ? DEFAULT_LIMIT_MS : 0;
    run->options = options;
    run->crash_at = NEVER;
    run->leave_at = NEVER;
    run->finish_at = NEVER;
    run->limit_at = limit > 0 ? limit : NEVER; // from the start on, which is set later
    run->signals = open_signals(program);
    run->output = open_output();
    run->control = control_begin(command_of(options) != nullptr);
    run->console = console_begin(options->until);
    run->fault = fault_finder();
    run->facts = (struct facts){
        .exec = options->exec != nullptr, .until = options->until != nullptr, .program = program};
    run->input_open = !limited && !program;
    run->terminal = limited ? (struct terminal){-1, -1, false, {}} : terminal_open(STDIN_FILENO);
    run->program.view.files.stream = -1;
    run->program.view.files.watch = -1;
    run->program.view.files.control = -1;
    run->input_held = run->terminal.descriptor < 0;
    return run;
}

static void report_crash(const struct run *run)
{
    const struct options *options = run->options;
    const char *path = options->symbols != nullptr ? options->symbols : options->kernel;
    const char *problem = "no symbols were given (--symbols)";
    struct symbols symbols = {};
    if (path != nullptr) {
        problem = symbols_load(&symbols, path);
    }
    crash_report(&run->crash, &symbols, problem);
    symbols_free(&symbols);
}

static void report_triple_fault(const struct run *run)
{
    const struct options *options = run->options;
    const char *path = options->symbols != nullptr ? options->symbols : options->kernel;
    struct symbols symbols = {};
    // Of several processors it is not known which one failed.
    if (!run->machine.pointer_known || options->processors > 1) {
        return;
    }
    if (path == nullptr || symbols_load(&symbols, path) != nullptr) {
        symbols_free(&symbols);
    }
    struct symbol_place place = symbols_find(&symbols, run->machine.pointer);
    char name[CRASH_TEXT_SIZE] = "";
    if (place.name != nullptr) {
        (void)message_escape(place.name, strlen(place.name), name, sizeof name);
    }
    if (name[0] != '\0') {
        message("  at %016" PRIx64 " %s+0x%" PRIx64, run->machine.pointer, name, place.offset);
    } else {
        message("  at %016" PRIx64, run->machine.pointer);
    }
    symbols_free(&symbols);
}

// The last line of a text that somebody else wrote, and who.
static void report_last_line(const char *text, size_t length, const char *who)
{
    char clean[1'024];
    size_t end = length;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) {
        end--;
    }
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n') {
        start--;
    }
    if (end > start) {
        message("  %s: %s", who, message_escape(text + start, end - start, clean, sizeof clean));
    }
}

// What the program used, in KOZO's own words.
static void report_summary(const struct run *run)
{
    char clean[2 * sizeof run->guest.summary];
    const struct guest *guest = &run->guest;
    if (run->options->verbose && guest->summary_length > 0) {
        message("what it used: %s",
                message_escape(guest->summary, guest->summary_length, clean, sizeof clean));
    }
}

// Why KOZO could not run the program, in its own words.
static void report_refusal(const struct run *run)
{
    char clean[2 * TALK_REASON_SIZE];
    const struct talk *talk = &run->guest.talk;
    message("%s", message_escape(talk->reason, talk->reason_length, clean, sizeof clean));
}

// What QEMU said last, and how it ended.
static void report_qemu(const struct run *run)
{
    report_last_line(run->errors, run->errors_length, "QEMU said");
    if (run->facts.died && WIFSIGNALED(run->wait_status)) {
        message("  it was ended by signal %d", WTERMSIG(run->wait_status));
    }
}

static void report_details(const struct run *run, const struct outcome *outcome)
{
    char line[4 * CONSOLE_TEXT_SIZE];
    if (run->facts.crashed && outcome->status == STATUS_FAILED) {
        report_crash(run);
    } else if (outcome->sentence != nullptr && run->facts.triple_fault) {
        report_triple_fault(run);
    } else if (outcome->sentence != nullptr && run->facts.problem != nullptr) {
        message("  %s", run->facts.problem);
    } else if (outcome->sentence != nullptr && (run->facts.stopped || run->facts.died)) {
        report_qemu(run);
    } else if (run->facts.refused) {
        report_refusal(run);
    } else if (outcome->sentence != nullptr && has_program(run)) {
        report_last_line(run->said, run->said_length, "init said");
    }
    bool failed = !run->facts.refused &&
                  (outcome->status == STATUS_TIME_LIMIT || outcome->sentence != nullptr);
    if (failed && !in_console_mode(run) &&
        console_last_line(&run->console, line, sizeof line)[0] != '\0') {
        message("  the console's last line: %s", line);
    }
}

// What the program was given and refused, whatever became of it.
static void report_permissions(const struct run *run)
{
    static struct policy_permission refused[REFUSED];
    if (!has_program(run)) {
        return;
    }
    const char *name = run->options->program[0];
    const char *slash = strrchr(name, '/');
    (void)blocked_tell(&run->guest.blocked, slash != nullptr ? slash + 1 : name,
                       &run->program.grants->folders);
    consent_tell_blocked(&run->consent);
    (void)changed_tell(&run->guest.changed);
    if (run->options->learn != nullptr) {
        bool written = learn_write(run->options->learn, name, &run->guest.changed);
        message(written ? "what it opened is proposed in %s" : "%s can't be written",
                run->options->learn);
    }
    size_t count = blocked_list(&run->guest.blocked, refused, REFUSED);
    ask_record(run->program.grants, run->options, refused, count);
}

static int finish(struct run *run)
{
    struct outcome outcome = outcome_decide(&run->facts);
    terminal_close(&run->terminal);
    if (outcome.sentence != nullptr) {
        message("%s", outcome.sentence);
    }
    report_details(run, &outcome);
    report_permissions(run);
    return outcome.status;
}

// Which channels the run needs.
static unsigned channels_of(const struct run *run)
{
    if (has_program(run)) {
        return CHANNELS_ALL;
    }
    return run->program.view.files.count > 0 ? channel_bit(CHANNEL_FILES) : 0;
}

// Finds out what can be known before the machine starts. 0, or the exit status.
static int prepare(struct run *run)
{
    const struct options *options = run->options;
    return options->program != nullptr ? program_plan(&run->program, options)
                                       : program_share(&run->program, options);
}

// QEMU has started: its channels are taken up, and the machine runs.
static int run_machine(struct run *run, enum accelerator accelerator)
{
    if (run->qemu.channel[CHANNEL_FILES] >= 0) {
        files_begin(&run->program.view.files, run->qemu.channel[CHANNEL_FILES]);
    }
    if (has_program(run) &&
        !guest_begin(&run->guest, run->options, &run->program, &run->qemu, run->output)) {
        qemu_kill(&run->qemu);
        (void)qemu_reap(&run->qemu);
        return STATUS_FAILED;
    }
    if (has_program(run)) {
        consent_begin(&run->consent, run->options, &run->program, &run->guest);
        live_begin(&run->live);
    }
    machine_begin(&run->machine, accelerator == ACCELERATOR_KVM);
    if (run->terminal.descriptor >= 0 && !has_program(run)) {
        message("Ctrl-A x ends KOZO.");
    }
    terminal_raw(&run->terminal, !has_program(run));
    loop(run);
    if (has_program(run)) {
        consent_end(&run->consent);
        live_end(&run->live);
    }
    int status = finish(run);
    if (has_program(run)) {
        report_summary(run);
        guest_end(&run->guest);
    }
    return status;
}

int run_kozo(const struct options *options)
{
    struct run *run = begin(options);
    if (run == nullptr || run->signals < 0) {
        message("can't begin: %s", strerror(errno));
        free(run);
        return STATUS_FAILED;
    }
    int status = prepare(run);
    if (status == 0) {
        enum accelerator accelerator = accelerator_choose(options);
        terminal_guard(&run->terminal);
        run->started = now();
        run->limit_at += run->limit_at != NEVER ? run->started : 0;
        status = STATUS_FAILED;
        if (qemu_start(&run->qemu, options, accelerator, channels_of(run))) {
            status = run_machine(run, accelerator);
        }
    }
    terminal_close(&run->terminal);
    program_end(&run->program);
    free(run);
    return status;
}
