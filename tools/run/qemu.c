// SPDX-License-Identifier: MIT
// Starting QEMU. The order is: open files, make channels, compose the command line, fork, and let
// go of the child's ends. Each failure prints its message and releases what was opened.
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware.h"
#include "message.h"

// A microvm has 24 places for virtio devices, one behind the other in memory, eight in a page, each with
// its interrupt (QEMU, hw/i386/microvm.c). KOZO gives drivers whole pages, and to one driver each.
enum mmio_place : unsigned {
    MMIO_ENTROPY,
    MMIO_DISK,
    MMIO_CHANNELS,
    MMIO_PLACES,
};
constexpr unsigned MMIO_BASE = 0xfeb0'0000;
constexpr unsigned MMIO_SIZE = 512;
constexpr unsigned MMIO_IN_PAGE = 8;
constexpr unsigned MMIO_LINE = 24; // the first of the second I/O APIC

static bool has_channels(const struct qemu_files *files)
{
    for (int i = 0; i < CHANNELS; i++) {
        if (files->channel[i] >= 0) {
            return true;
        }
    }
    return false;
}

static void add(struct qemu_arguments *arguments, const char *value)
{
    if (arguments->count + 1 >= sizeof arguments->value / sizeof arguments->value[0]) {
        arguments->overflow = true;
        return;
    }
    arguments->value[arguments->count++] = (char *)(uintptr_t)value; // exec's type; never written
    arguments->value[arguments->count] = nullptr;
}

[[gnu::format(printf, 2, 3)]]
static void add_text(struct qemu_arguments *arguments, const char *format, ...)
{
    char *start = arguments->text + arguments->used;
    size_t room = sizeof arguments->text - arguments->used;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(start, room, format, values);
    va_end(values);
    if (length < 0 || (size_t)length >= room) {
        arguments->overflow = true;
        return;
    }
    arguments->used += (size_t)length + 1;
    add(arguments, start);
}

// A microvm has the first one only by -serial.
static void add_serial(struct qemu_arguments *arguments, const struct options *options,
                       unsigned index, const char *name, int descriptor)
{
    add(arguments, "-chardev");
    add_text(arguments, "socket,id=%s,fd=%d", name, descriptor);
    if (options->machine == MACHINE_MICROVM && index > 0) {
        add(arguments, "-device");
        add_text(arguments, "isa-serial,chardev=%s,index=%u", name, index);
        return;
    }
    add(arguments, "-serial");
    add_text(arguments, "chardev:%s", name);
}

// A drive on inherited descriptors, writable if there are two. Sets of descriptors are numbered as
// the first descriptor is; QEMU takes the one of a set that was opened as it wants to use it.
static void add_drive(struct qemu_arguments *arguments, int descriptor, int reader,
                      const char *rest)
{
    add(arguments, "-add-fd");
    add_text(arguments, "fd=%d,set=%d", descriptor, descriptor);
    if (reader >= 0) {
        add(arguments, "-add-fd");
        add_text(arguments, "fd=%d,set=%d", reader, descriptor);
    }
    add(arguments, "-drive");
    add_text(arguments, "format=raw,file=/dev/fdset/%d,readonly=%s,%s", descriptor,
             reader >= 0 ? "off" : "on", rest);
}

// A virtio device: on PCI, or at its place in memory. `settings` begins with a comma, or is empty.
static void add_virtio(struct qemu_arguments *arguments, const struct options *options,
                       const char *kind, enum mmio_place place, const char *settings)
{
    add(arguments, "-device");
    if (options->machine == MACHINE_MICROVM) {
        add_text(arguments, "virtio-%s-device,bus=virtio-mmio-bus.%u%s", kind, place * MMIO_IN_PAGE,
                 settings);
    } else {
        add_text(arguments, "virtio-%s-pci-non-transitional%s", kind, settings);
    }
}

static void add_machine(struct qemu_arguments *arguments, const struct options *options,
                        enum accelerator accelerator)
{
    static const char *const machines[] = {
        [MACHINE_Q35] = "q35",
        [MACHINE_PC] = "pc",
        // The second I/O APIC comes with places for devices in three pages rather than in one.
        [MACHINE_MICROVM] = "microvm,acpi=on,ioapic2=on,pit=on,pic=on,rtc=on,isa-serial=on",
    };
    add(arguments, "-machine");
    add_text(arguments, "%s,accel=%s", machines[options->machine],
             accelerator == ACCELERATOR_KVM ? "kvm" : "tcg");
    if (options->machine == MACHINE_MICROVM) {
        add(arguments, "-global");
        add(arguments, "virtio-mmio.force-legacy=false");
    }
    add(arguments, "-cpu");
    add(arguments, "max");
    add(arguments, "-m");
    add_text(arguments, "%u", options->memory);
    add(arguments, "-smp");
    add_text(arguments, "%u", options->processors);
    if (options->icount) {
        add(arguments, "-icount");
        add(arguments, "shift=0,sleep=off");
        // The clock of the date goes by instructions as well: none of its interrupts comes by the host's time.
        add(arguments, "-rtc");
        add(arguments, "base=utc,clock=vm");
    }
}

// A text that grows: words with a blank between each two.
struct words {
    size_t length;
    bool overflow;
    char text[4'096];
};

[[gnu::format(printf, 2, 3)]]
static void add_words(struct words *words, const char *format, ...)
{
    char *end = words->text + words->length;
    size_t room = sizeof words->text - words->length;
    int blank = snprintf(end, room, "%s", words->length > 0 ? " " : "");
    va_list values;
    va_start(values, format);
    int length = vsnprintf(end + blank, room - (size_t)blank, format, values);
    va_end(values);
    bool fits = length >= 0 && (size_t)blank + (size_t)length < room;
    words->length += fits ? (size_t)blank + (size_t)length : 0;
    words->overflow = words->overflow || !fits;
}

// What is in memory nobody else tells of: QEMU's tables have it in code only (AML).
static void add_places(struct words *words, const struct options *options,
                       const struct qemu_files *files)
{
    const bool is_there[MMIO_PLACES] = {
        [MMIO_ENTROPY] = true,
        [MMIO_DISK] = options->disks.count > 0,
        [MMIO_CHANNELS] = has_channels(files),
    };
    for (unsigned i = 0; i < MMIO_PLACES; i++) {
        if (is_there[i]) {
            unsigned number = i * MMIO_IN_PAGE;
            add_words(words, "virtio_mmio.device=512@%#x:%u", MMIO_BASE + number * MMIO_SIZE,
                      MMIO_LINE + number);
        }
    }
}

// A seed for the kernel's generator of random numbers, which the kernel wipes (without a source of
// randomness there is none), where devices are, and last what the user asked for, since of a line that
// is too long the end is lost.
static void add_command_line(struct qemu_arguments *arguments, const struct options *options,
                             const struct qemu_files *files)
{
    uint64_t seed[4];
    struct words words = {};
    if (getrandom(seed, sizeof seed, 0) == sizeof seed) {
        add_words(&words, "random=%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, seed[0],
                  seed[1], seed[2], seed[3]);
    }
    if (options->machine == MACHINE_MICROVM) {
        add_places(&words, options, files);
    }
    if (options->append != nullptr && *options->append != '\0') {
        add_words(&words, "%s", options->append);
    }
    add(arguments, "-append");
    add_text(arguments, "%s", words.text);
    arguments->overflow = arguments->overflow || words.overflow;
}

static void add_boot(struct qemu_arguments *arguments, const struct options *options,
                     const struct qemu_files *files)
{
    if (files->firmware_code >= 0) {
        add_drive(arguments, files->firmware_code, -1, "if=pflash,unit=0");
        add_drive(arguments, files->firmware_variables, files->variables_reader,
                  "if=pflash,unit=1");
    }
    if (options->kernel != nullptr) {
        add(arguments, "-kernel");
        add(arguments, options->kernel);
    }
    if (options->initrd != nullptr) {
        add(arguments, "-initrd");
        add(arguments, options->initrd);
    }
    if (options->kernel != nullptr) {
        add_command_line(arguments, options, files);
    }
    if (options->image != nullptr) {
        add_drive(arguments, files->boot, -1, "if=none,id=boot");
        add(arguments, "-device");
        add(arguments, "virtio-blk-pci,drive=boot,bootindex=0");
    }
    if (options->iso != nullptr) {
        add_drive(arguments, files->boot, -1, "if=none,id=boot,media=cdrom");
        add(arguments, "-device");
        add(arguments, "ide-cd,drive=boot,bootindex=0");
    }
    for (size_t i = 0; i < options->disks.count && i < OPTIONS_DISKS; i++) {
        static const char *const names[OPTIONS_DISKS] = {"if=none,id=disk0", "if=none,id=disk1"};
        add_drive(arguments, files->disk[i], files->disk_reader[i], names[i]);
        static const char *const drives[OPTIONS_DISKS] = {",drive=disk0", ",drive=disk1"};
        add_virtio(arguments, options, "blk", MMIO_DISK, drives[i]);
    }
}

// Devices that every machine has, and the one for lessons.
static void add_devices(struct qemu_arguments *arguments, const struct options *options)
{
    // A source of randomness that opens no file.
    add(arguments, "-object");
    add(arguments, "rng-builtin,id=entropy");
    add_virtio(arguments, options, "rng", MMIO_ENTROPY, ",rng=entropy");
    if (options->edu) {
        add(arguments, "-device");
        add(arguments, "edu,dma_mask=0xffffffff"); // all memory below 4 GiB
    }
}

static void add_channels(struct qemu_arguments *arguments, const struct options *options,
                         const struct qemu_files *files)
{
    char settings[32];
    if (!has_channels(files)) {
        return;
    }
    (void)snprintf(settings, sizeof settings, ",max_ports=%d", CHANNELS + 1);
    add_virtio(arguments, options, "serial", MMIO_CHANNELS, settings);
    for (int i = 0; i < CHANNELS; i++) {
        if (files->channel[i] < 0) {
            continue;
        }
        const char *name = channel_name((enum channel)i);
        add(arguments, "-chardev");
        add_text(arguments, "socket,id=%s,fd=%d", name, files->channel[i]);
        add(arguments, "-device");
        add_text(arguments, "virtserialport,chardev=%s,name=%s,id=" CHANNEL_DEVICE "%s", name, name,
                 name);
    }
}

void qemu_compose(struct qemu_arguments *arguments, const struct options *options,
                  enum accelerator accelerator, const struct qemu_files *files)
{
    static const char *const always[] = {
        "qemu-system-x86_64",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-S",
        "-action",
        "reboot=shutdown,shutdown=pause",
        "-d",
        "cpu_reset",
        "-D",
    };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        add(arguments, always[i]);
    }
    add_text(arguments, "/dev/fd/%d", files->log);
    add_machine(arguments, options, accelerator);
    add_serial(arguments, options, 0, "com1", files->console);
    add_serial(arguments, options, 1, "com2", files->crash);
    add_serial(arguments, options, 2, "com3", files->control);
    add(arguments, "-chardev");
    add_text(arguments, "socket,id=qmp,fd=%d", files->qmp);
    add(arguments, "-mon");
    add(arguments, "chardev=qmp,mode=control");
    add_boot(arguments, options, files);
    add_devices(arguments, options);
    add_channels(arguments, options, files);
}

// In the child: everything until exec. Returns only on failure, with errno set.
static void become(char *const *arguments, int errors, const int *inherited, size_t count,
                   pid_t parent)
{
    // The process leaves the terminal's group: keys that raise signals are the runner's.
    (void)setsid();
    // The parent may have died before the request took effect.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(127);
    }
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (inherited[i] >= 0 && fcntl(inherited[i], F_SETFD, 0) != 0) {
            return;
        }
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
    (void)execvp(arguments[0], arguments);
}

pid_t qemu_spawn(char *const *arguments, int errors, const int *inherited, size_t count)
{
    int report[2]; // carries errno if exec fails, and ends without a byte if it succeeds
    if (pipe2(report, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0) {
        become(arguments, errors, inherited, count, parent);
        int problem = errno;
        ssize_t written = write(report[1], &problem, sizeof problem);
        _exit(written > 0 ? 127 : 126);
    }
    int problem = process < 0 ? errno : 0;
    (void)close(report[1]);
    if (process > 0 && read(report[0], &problem, sizeof problem) > 0) {
        (void)waitpid(process, nullptr, 0);
        process = -1;
    }
    (void)close(report[0]);
    errno = problem;
    return process;
}

static bool open_file(const char *path, int flags, int *descriptor)
{
    if (path == nullptr) {
        return true;
    }
    *descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY);
    if (*descriptor >= 0) {
        return true;
    }
    int problem = errno;
    char name[512];
    message("can't open %s: %s", message_escape(path, strlen(path), name, sizeof name),
            strerror(problem));
    return false;
}

// Whether a file that QEMU opens by its name is there to read.
static bool check_file(const char *path)
{
    int descriptor = -1;
    bool good = open_file(path, O_RDONLY | O_NONBLOCK, &descriptor);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return good;
}

static bool open_disks(struct qemu_files *files, const struct options *options)
{
    bool good = true;
    for (size_t i = 0; good && i < options->disks.count; i++) {
        const char *path = options->disks.value[i];
        good = open_file(path, O_RDWR, &files->disk[i]) &&
               open_file(path, O_RDONLY, &files->disk_reader[i]);
    }
    return good;
}

static bool open_files(struct qemu_files *files, const struct options *options)
{
    const char *boot = options->image != nullptr ? options->image : options->iso;
    if (!check_file(options->kernel) || !check_file(options->initrd) ||
        !open_file(boot, O_RDONLY, &files->boot) || !open_disks(files, options)) {
        return false;
    }
    if (options->firmware != FIRMWARE_UEFI) {
        return true;
    }
    struct firmware_files firmware = firmware_open();
    files->firmware_code = firmware.code;
    files->firmware_variables = firmware.variables;
    files->variables_reader = firmware.variables_reader;
    if (firmware.code < 0) {
        message("no UEFI firmware found; on Debian and Ubuntu it is the package ovmf");
    }
    return firmware.code >= 0;
}

static bool make_socket(int *ours, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    *ours = pair[0];
    *theirs = pair[1];
    return fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool make_pipe(int *ours, int *theirs)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return false;
    }
    *ours = pair[0];
    *theirs = pair[1];
    return fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool make_ports(struct qemu *qemu, struct qemu_files *files, unsigned channels)
{
    for (int i = 0; i < CHANNELS; i++) {
        if ((channels & channel_bit((enum channel)i)) != 0 &&
            !make_socket(&qemu->channel[i], &files->channel[i])) {
            return false;
        }
    }
    return true;
}

static bool make_channels(struct qemu *qemu, struct qemu_files *files, unsigned channels)
{
    if (make_socket(&qemu->console, &files->console) && make_socket(&qemu->crash, &files->crash) &&
        make_socket(&qemu->control, &files->control) && make_socket(&qemu->qmp, &files->qmp) &&
        make_pipe(&qemu->log, &files->log) && make_pipe(&qemu->errors, &files->errors) &&
        make_ports(qemu, files, channels)) {
        return true;
    }
    message("can't make channels: %s", strerror(errno));
    return false;
}

static void close_list(const int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i] >= 0) {
            (void)close(descriptors[i]);
        }
    }
}

static bool launch(struct qemu *qemu, const struct options *options, enum accelerator accelerator,
                   const struct qemu_files *files, const int *inherited, size_t count)
{
    struct qemu_arguments arguments = {};
    qemu_compose(&arguments, options, accelerator, files);
    if (arguments.overflow) {
        message("the command line for QEMU is too long");
        return false;
    }
    qemu->process = qemu_spawn(arguments.value, files->errors, inherited, count);
    if (qemu->process < 0) {
        message("can't start %s: %s", arguments.value[0], strerror(errno));
        return false;
    }
    qemu->watch = pidfd_open(qemu->process, 0);
    if (qemu->watch >= 0) {
        return true;
    }
    message("can't watch QEMU: %s", strerror(errno));
    (void)kill(qemu->process, SIGKILL);
    (void)waitpid(qemu->process, nullptr, 0);
    return false;
}

bool qemu_start(struct qemu *qemu, const struct options *options, enum accelerator accelerator,
                unsigned channels)
{
    // All descriptors, and a process, that are not there are -1.
    struct qemu_files files;
    memset(qemu, 0xff, sizeof *qemu);
    memset(&files, 0xff, sizeof files);
    bool good = open_files(&files, options) && make_channels(qemu, &files, channels);
    constexpr size_t single = 9 + 2 * OPTIONS_DISKS; // those that are no channels
    static_assert(OPTIONS_DISKS == 2);
    int theirs[single + CHANNELS] = {
        files.console,
        files.crash,
        files.control,
        files.qmp,
        files.log,
        files.boot,
        files.disk[0],
        files.disk[1],
        files.disk_reader[0],
        files.disk_reader[1],
        files.firmware_code,
        files.firmware_variables,
        files.variables_reader,
    };
    memcpy(theirs + single, files.channel, sizeof files.channel);
    good = good && launch(qemu, options, accelerator, &files, theirs, sizeof theirs / sizeof(int));
    close_list(theirs, sizeof theirs / sizeof(int));
    close_list(&files.errors, 1);
    if (good) {
        return true;
    }
    const int ours[] = {qemu->console, qemu->crash, qemu->control,
                        qemu->qmp,     qemu->log,   qemu->errors};
    close_list(ours, sizeof ours / sizeof(int));
    close_list(qemu->channel, CHANNELS);
    return false;
}

void qemu_kill(const struct qemu *qemu)
{
    // Fails only if the process has ended already.
    (void)pidfd_send_signal(qemu->watch, SIGKILL, nullptr, 0);
}

int qemu_reap(const struct qemu *qemu)
{
    int status = 0;
    pid_t ended;
    do {
        ended = waitpid(qemu->process, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return status;
}
