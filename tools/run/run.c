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
#include "console.h"
#include "control.h"
#include "crash.h"
#include "keys.h"
#include "machine.h"
#include "message.h"
#include "outcome.h"
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
constexpr size_t PIECE = 4'096;
constexpr uint8_t END_OF_INPUT = 0x04; // Ctrl-D

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
    WATCHES,
};

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

static bool in_console_mode(const struct run *run)
{
    return run->options->exec == nullptr;
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
    size_t length = run->options->exec != nullptr ? strlen(run->options->exec) : 0;
    if (!in_console_mode(run)) {
        (void)snprintf(answer, sizeof answer, "exec %zu\n", length);
    }
    queue_put(&run->to_control, answer, strlen(answer));
    if (length > 0) {
        queue_put(&run->to_control, run->options->exec, length);
    }
}

static void take_control(struct run *run, const struct control_event *event)
{
    switch (event->kind) {
    case CONTROL_HELLO:
        answer_hello(run);
        break;
    case CONTROL_OUTPUT:
        queue_put(&run->to_output, event->bytes, event->length);
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
    size_t kept = run->errors_length;
    size_t over = kept + length > sizeof run->errors ? kept + length - sizeof run->errors : 0;
    memmove(run->errors, run->errors + over, kept - over);
    memcpy(run->errors + kept - over, bytes, length);
    run->errors_length = kept - over + length;
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
        terminal_raw(&run->terminal);
    }
}

static void read_signals(struct run *run)
{
    struct signalfd_siginfo information;
    if (read(run->signals, &information, sizeof information) != (ssize_t)sizeof information) {
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
    // Without events poll() still tells when the reader has gone.
    list[WATCH_OUTPUT].fd = run->output;
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
    if (is_ready(list, WATCH_INPUT, readable)) {
        read_input(run);
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

static bool is_quiet(const struct pollfd *list)
{
    return !is_ready(list, WATCH_CONSOLE, POLLIN) && !is_ready(list, WATCH_CRASH, POLLIN) &&
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
        if (idle && is_quiet(list) && run->to_output.length == 0) {
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
    return run->phase == PHASE_GONE && !open && run->to_output.length == 0;
}

static void loop(struct run *run)
{
    while (!is_over(run)) {
        struct pollfd list[WATCHES];
        watch_all(run, list);
        bool draining = run->phase == PHASE_DRAINING && run->machine.state == MACHINE_PAUSED &&
                        run->to_output.length == 0;
        int count = poll(list, WATCHES, draining ? 0 : time_left(run));
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
static int open_signals(void)
{
    static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set;
    (void)sigemptyset(&set);
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
    int64_t limit = options->limited ? options->limit_ms : limited ? DEFAULT_LIMIT_MS : 0;
    run->options = options;
    run->crash_at = NEVER;
    run->leave_at = NEVER;
    run->finish_at = NEVER;
    run->limit_at = limit > 0 ? limit : NEVER; // from the start on, which is set later
    run->signals = open_signals();
    run->output = open_output();
    run->control = control_begin(options->exec != nullptr);
    run->console = console_begin(options->until);
    run->fault = fault_finder();
    run->facts =
        (struct facts){.exec = options->exec != nullptr, .until = options->until != nullptr};
    run->input_open = !limited;
    run->terminal =
        run->input_open ? terminal_open(STDIN_FILENO) : (struct terminal){-1, -1, false, {}};
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

// What QEMU said last, and how it ended.
static void report_qemu(const struct run *run)
{
    char text[1'024];
    size_t end = run->errors_length;
    while (end > 0 && (run->errors[end - 1] == '\n' || run->errors[end - 1] == '\r')) {
        end--;
    }
    size_t start = end;
    while (start > 0 && run->errors[start - 1] != '\n') {
        start--;
    }
    if (end > start) {
        message("  %s", message_escape(run->errors + start, end - start, text, sizeof text));
    }
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
    }
    bool failed = outcome->status == STATUS_TIME_LIMIT || outcome->sentence != nullptr;
    if (failed && !in_console_mode(run) &&
        console_last_line(&run->console, line, sizeof line)[0] != '\0') {
        message("  the console's last line: %s", line);
    }
}

static int finish(struct run *run)
{
    struct outcome outcome = outcome_decide(&run->facts);
    terminal_close(&run->terminal);
    if (outcome.sentence != nullptr) {
        message("%s", outcome.sentence);
    }
    report_details(run, &outcome);
    return outcome.status;
}

int run_kozo(const struct options *options)
{
    struct run *run = begin(options);
    if (run == nullptr || run->signals < 0) {
        message("can't begin: %s", strerror(errno));
        free(run);
        return STATUS_FAILED;
    }
    enum accelerator accelerator = accelerator_choose(options);
    terminal_guard(&run->terminal);
    run->started = now();
    run->limit_at += run->limit_at != NEVER ? run->started : 0;
    int status = STATUS_FAILED;
    if (qemu_start(&run->qemu, options, accelerator)) {
        machine_begin(&run->machine, accelerator == ACCELERATOR_KVM);
        if (run->terminal.descriptor >= 0) {
            message("Ctrl-A x ends KOZO.");
        }
        terminal_raw(&run->terminal);
        loop(run);
        status = finish(run);
    }
    terminal_close(&run->terminal);
    free(run);
    return status;
}
