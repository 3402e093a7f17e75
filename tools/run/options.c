// SPDX-License-Identifier: MIT
// One table names each option, the field it fills and how. "--name value" and "--name=value" are
// the same.
#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "message.h"

constexpr unsigned LARGEST_MEMORY = 1'048'576; // MiB
constexpr unsigned USUAL_MEMORY = 512;         // MiB
constexpr unsigned PROGRAM_MEMORY = 1'024;     // MiB, for a Linux program
constexpr unsigned MOST_CPUS = 255;
constexpr unsigned LONGEST_LIMIT = 1'000'000; // seconds

enum option_kind : int {
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_FLAG,
    OPTION_NUMBER,
    OPTION_SECONDS,
    OPTION_ARCH,
    OPTION_FIRMWARE,
    OPTION_ACCELERATOR,
    OPTION_MACHINE,
    OPTION_DEVICE,
};

struct option_row {
    const char *name;
    size_t offset; // of the field
    enum option_kind kind;
    unsigned most; // of a number
};

static const struct option_row rows[] = {
    {"--arch", 0, OPTION_ARCH, 0},
    {"--kernel", offsetof(struct options, kernel), OPTION_TEXT, 0},
    {"--initrd", offsetof(struct options, initrd), OPTION_TEXT, 0},
    {"--image", offsetof(struct options, image), OPTION_TEXT, 0},
    {"--iso", offsetof(struct options, iso), OPTION_TEXT, 0},
    {"--firmware", offsetof(struct options, firmware), OPTION_FIRMWARE, 0},
    {"--exec", offsetof(struct options, exec), OPTION_TEXT, 0},
    {"--mem", offsetof(struct options, memory), OPTION_NUMBER, LARGEST_MEMORY},
    {"--smp", offsetof(struct options, processors), OPTION_NUMBER, MOST_CPUS},
    {"--cpus", offsetof(struct options, processors), OPTION_NUMBER, MOST_CPUS},
    {"--disk", offsetof(struct options, disks), OPTION_LIST, 0},
    {"--machine", 0, OPTION_MACHINE, 0},
    {"--device", 0, OPTION_DEVICE, 0},
    {"--icount", offsetof(struct options, icount), OPTION_FLAG, 0},
    {"--accel", offsetof(struct options, accelerator), OPTION_ACCELERATOR, 0},
    {"--timeout", offsetof(struct options, limit_ms), OPTION_SECONDS, LONGEST_LIMIT},
    {"--append", offsetof(struct options, append), OPTION_TEXT, 0},
    {"--symbols", offsetof(struct options, symbols), OPTION_TEXT, 0},
    {"--until", offsetof(struct options, until), OPTION_TEXT, 0},
    {"--share", offsetof(struct options, shares), OPTION_LIST, 0},
    {"--allow", offsetof(struct options, allow), OPTION_LIST, 0},
    {"--deny", offsetof(struct options, deny), OPTION_LIST, 0},
    {"--profile", offsetof(struct options, profile), OPTION_TEXT, 0},
    {"--prompt", offsetof(struct options, prompt), OPTION_FLAG, 0},
    {"--sudo", offsetof(struct options, sudo), OPTION_FLAG, 0},
    {"--scratch", offsetof(struct options, scratch), OPTION_FLAG, 0},
    {"--learn", offsetof(struct options, learn), OPTION_TEXT, 0},
    {"--broker", offsetof(struct options, broker), OPTION_TEXT, 0},
    {"--root", offsetof(struct options, root), OPTION_TEXT, 0},
    {"--env", offsetof(struct options, environment), OPTION_LIST, 0},
    {"--report", offsetof(struct options, report), OPTION_TEXT, 0},
    {"--trace", offsetof(struct options, trace), OPTION_FLAG, 0},
    {"--command", offsetof(struct options, command), OPTION_TEXT, 0},
    {"--verbose", offsetof(struct options, verbose), OPTION_FLAG, 0},
};

static const char manual[] =
    "Usage: kozo-run [OPTION]… (--kernel ELF [--initrd CPIO] | --image FILE | --iso FILE)\n"
    "                [-- PROGRAM ARGUMENT…]\n"
    "\n"
    "Boots KOZO in QEMU on this terminal. Ctrl-A x ends it; all other keys go to KOZO. With a\n"
    "PROGRAM, runs that Linux program of this host in it, as if it ran here; Ctrl-] three times\n"
    "ends it.\n"
    "\n"
    "  --kernel ELF         boot a kernel directly (PVH)\n"
    "  --initrd CPIO        with this initrd\n"
    "  --append TEXT        and this command line\n"
    "  --image FILE         boot a raw disk image, which is not written to\n"
    "  --iso FILE           boot an ISO\n"
    "  --firmware bios|uefi for an image or ISO (bios)\n"
    "  --exec CMD           run one Init> command: print its output only, exit with its status\n"
    "  --until TEXT         end as soon as the console has printed TEXT, and say after how long\n"
    "  --share DIR[:rw]     let KOZO read, or also change, this folder; /share there, or with a\n"
    "                       PROGRAM at its own path\n"
    "  --allow NAME[:SCOPE] give the program a permission (./kozo permissions lists all)\n"
    "  --deny NAME[:SCOPE]  take it out of what others allow\n"
    "  --profile FILE       what the program says that it needs and wants, and why\n"
    "  --prompt             ask on this terminal for what the profile needs\n"
    "  --broker SOCKET      ask whoever listens there instead (docs/policy.md)\n"
    "  --sudo               with one of these: while it runs, only what it runs by sudo may ask\n"
    "  --scratch            let it change what it may only read, in this run only\n"
    "  --learn FILE         let it read all but secrets, and propose a profile in this file\n"
    "  --root DIR           take the program and its system from this folder, not from this host;\n"
    "                       without a PROGRAM, what `linux` runs at the prompt\n"
    "  --env NAME[=VALUE]   give the program this variable\n"
    "  --report FILE        write what the program used into this file (JSON)\n"
    "  --trace              print the program's system calls on standard error\n"
    "  --command CMD        what init is told instead of to run a Linux program, for tests\n"
    "  --arch x86_64        the machine's architecture\n"
    "  --mem MIB            memory (512, with a PROGRAM 1024)\n"
    "  --smp N, --cpus N    processors (1)\n"
    "  --disk FILE          a raw virtual disk (virtio), which is written to; twice for two\n"
    "  --machine KIND       q35: with PCI Express; pc: with PCI only; microvm: on no bus, its\n"
    "                       devices have their registers in memory, one disk at most (q35)\n"
    "  --device edu         with QEMU's device for lessons\n"
    "  --icount             count instructions: virtual time advances 1 ns an instruction\n"
    "  --accel tcg|kvm|auto emulate (tcg, the default), use KVM, or use KVM if it works\n"
    "  --timeout S          time limit in seconds; 0 is none. Without it: 60 with --exec and\n"
    "                       --until, 60 from the end of input if input ends, otherwise none\n"
    "  --symbols ELF        names for crash reports (the kernel given with --kernel)\n"
    "  --verbose            say what is done, and when the console first spoke\n"
    "  --help               this text\n"
    "\n"
    "Exit status: 0 after power-off, or the status of the command or program; 2 wrong usage; 124\n"
    "time limit; 125 KOZO failed or QEMU can't run it; 126 the program can't be run; 127 there is\n"
    "no such program; 141 nobody reads the output; 128+n ended by signal n.\n";

void options_help(void)
{
    (void)fputs(manual, stdout);
}

// A number of decimal digits from 0 to most, or -1.
static int64_t parse_number(const char *text, size_t length, int64_t most)
{
    if (length == 0) {
        return -1;
    }
    int64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
        if (value > most) {
            return -1;
        }
    }
    return value;
}

// Seconds with at most three decimals, as milliseconds, or -1.
static int64_t parse_seconds(const char *text, int64_t most)
{
    size_t whole = strcspn(text, ".");
    int64_t seconds = parse_number(text, whole, most);
    if (seconds < 0) {
        return -1;
    }
    if (text[whole] == '\0') {
        return seconds * 1'000;
    }
    size_t decimals = strlen(text + whole + 1);
    int64_t part = parse_number(text + whole + 1, decimals, 999);
    if (part < 0 || decimals > 3) {
        return -1;
    }
    for (size_t i = decimals; i < 3; i++) {
        part *= 10;
    }
    return seconds * 1'000 + part;
}

// The place of a word in a list that ends with null, or -1.
static int choose(const char *value, const char *const *words)
{
    for (int i = 0; words[i] != nullptr; i++) {
        if (strcmp(value, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *fill_number(unsigned *field, const char *value, unsigned most)
{
    int64_t number = parse_number(value, strlen(value), most);
    if (number <= 0) {
        return "a number above zero and within reason";
    }
    *field = (unsigned)number;
    return nullptr;
}

static const char *fill_seconds(struct options *options, const char *value, unsigned most)
{
    int64_t limit = parse_seconds(value, most);
    if (limit < 0) {
        return "seconds, such as 10 or 0.5";
    }
    options->limited = true;
    options->limit_ms = limit;
    return nullptr;
}

static const char *fill_firmware(struct options *options, const char *value)
{
    static const char *const words[] = {"bios", "uefi", nullptr};
    int word = choose(value, words);
    if (word < 0) {
        return "bios or uefi";
    }
    options->firmware = (enum firmware)word;
    return nullptr;
}

static const char *fill_accelerator(struct options *options, const char *value)
{
    static const char *const words[] = {"tcg", "kvm", "auto", nullptr};
    int word = choose(value, words);
    if (word < 0) {
        return "tcg, kvm or auto";
    }
    options->accelerator = (enum accelerator)word;
    return nullptr;
}

static const char *fill_machine(struct options *options, const char *value)
{
    static const char *const words[] = {"q35", "pc", "microvm", nullptr};
    int word = choose(value, words);
    if (word < 0) {
        return "q35, pc or microvm";
    }
    options->machine = (enum machine_kind)word;
    return nullptr;
}

static const char *fill_device(struct options *options, const char *value)
{
    options->edu = strcmp(value, "edu") == 0;
    return options->edu ? nullptr : "edu";
}

static const char *fill_list(struct option_list *list, const char *value)
{
    if (list->count == OPTIONS_LIST) {
        return "at most 64 values";
    }
    list->value[list->count++] = value;
    return nullptr;
}

// Puts a value into its field. Returns null, or what would have been right.
static const char *fill(struct options *options, const struct option_row *row, const char *value)
{
    void *field = (char *)options + row->offset;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)field = value;
        return nullptr;
    case OPTION_LIST:
        return fill_list(field, value);
    case OPTION_FLAG:
        *(bool *)field = true;
        return nullptr;
    case OPTION_NUMBER:
        return fill_number(field, value, row->most);
    case OPTION_SECONDS:
        return fill_seconds(options, value, row->most);
    case OPTION_FIRMWARE:
        return fill_firmware(options, value);
    case OPTION_ACCELERATOR:
        return fill_accelerator(options, value);
    case OPTION_MACHINE:
        return fill_machine(options, value);
    case OPTION_DEVICE:
        return fill_device(options, value);
    case OPTION_ARCH:
        return strcmp(value, "x86_64") == 0 ? nullptr : "x86_64, so far";
    default:
        return "something else";
    }
}

static const struct option_row *find_row(const char *argument, size_t length)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, argument, length) == 0) {
            return &rows[i];
        }
    }
    return nullptr;
}

// What the machine without a bus can't do.
static const char *check_microvm(const struct options *options)
{
    if (options->kernel == nullptr) {
        return "--machine microvm goes with --kernel";
    }
    if (options->edu) {
        return "--device edu needs a machine with PCI";
    }
    return options->disks.count > 1 ? "--machine microvm has one --disk at most" : nullptr;
}

// What does not go together. Returns null if all is well.
static const char *check_together(const struct options *options, bool firmware_given)
{
    int sources =
        (options->kernel != nullptr) + (options->image != nullptr) + (options->iso != nullptr);
    if (sources != 1) {
        return "give one of --kernel, --image and --iso";
    }
    if (options->initrd != nullptr && options->kernel == nullptr) {
        return "--initrd goes with --kernel";
    }
    if (options->append != nullptr && options->kernel == nullptr) {
        return "--append goes with --kernel";
    }
    if (firmware_given && options->kernel != nullptr) {
        return "--firmware goes with --image or --iso";
    }
    if (options->icount && options->accelerator == ACCELERATOR_KVM) {
        return "--icount needs --accel tcg";
    }
    if (options->disks.count > OPTIONS_DISKS) {
        return "--disk can be given twice at most";
    }
    if (options->machine == MACHINE_MICROVM && check_microvm(options) != nullptr) {
        return check_microvm(options);
    }
    if (options->exec != nullptr && options->until != nullptr) {
        return "--exec and --until don't go together";
    }
    if (options->program != nullptr && (options->exec != nullptr || options->until != nullptr)) {
        return "a program goes with neither --exec nor --until";
    }
    bool of_program = options->report != nullptr || options->trace || options->command != nullptr ||
                      options->environment.count > 0;
    if (of_program && options->program == nullptr) {
        return "--env, --report, --trace and --command go with a program (-- PROGRAM)";
    }
    bool asks = options->prompt || options->broker != nullptr;
    if ((asks || options->profile != nullptr || options->allow.count + options->deny.count > 0) &&
        options->program == nullptr) {
        return "--allow, --deny, --profile, --prompt and --broker go with a program (-- PROGRAM)";
    }
    bool names =
        options->profile != nullptr || options->allow.count > 0 || options->root != nullptr;
    if (options->learn != nullptr && (names || options->program == nullptr)) {
        return "--learn goes with a program, and without --allow, --profile and --root";
    }
    if (options->scratch && options->program == nullptr) {
        return "--scratch goes with a program (-- PROGRAM)";
    }
    if (options->prompt && options->broker != nullptr) {
        return "--prompt and --broker don't go together";
    }
    if (options->sudo && !asks) {
        return "--sudo goes with --prompt or --broker";
    }
    if (options->exec != nullptr && strlen(options->exec) > CONTROL_OUTPUT_SIZE) {
        return "the command of --exec is longer than 4096 bytes";
    }
    if (options->until != nullptr && (options->until[0] == '\0' || strlen(options->until) > 255)) {
        return "the text of --until must have 1 to 255 bytes";
    }
    return nullptr;
}

// The problem is composed of text before, a part of the command line, and text behind.
static void complain(struct options_parsed *parsed, const char *before, const char *text,
                     const char *behind)
{
    char clean[160];
    (void)message_escape(text, strlen(text), clean, sizeof clean);
    parsed->result = OPTIONS_WRONG;
    (void)snprintf(parsed->problem, sizeof parsed->problem, "%s%s%s", before, clean, behind);
}

// Takes the option at arguments[*index], and its value. False if it is wrong.
static bool take(struct options_parsed *parsed, int count, char *const *arguments, int *index)
{
    const char *argument = arguments[*index];
    size_t length = strcspn(argument, "=");
    const struct option_row *row = find_row(argument, length);
    if (row == nullptr) {
        complain(parsed, "unknown option: ", argument, " (see --help)");
        return false;
    }
    const char *value = argument[length] == '=' ? argument + length + 1 : nullptr;
    if (row->kind == OPTION_FLAG && value != nullptr) {
        complain(parsed, "", row->name, " takes no value");
        return false;
    }
    if (row->kind != OPTION_FLAG && value == nullptr) {
        if (*index + 1 == count) {
            complain(parsed, "", row->name, " needs a value");
            return false;
        }
        value = arguments[++*index];
    }
    const char *right = fill(&parsed->options, row, value);
    if (right == nullptr) {
        return true;
    }
    complain(parsed, row->name, " takes ", right);
    return false;
}

struct options_parsed options_parse(int count, char *const *arguments)
{
    struct options_parsed parsed = {.options = {.processors = 1}};
    bool firmware_given = false;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--") == 0) {
            if (i + 1 == count) {
                complain(&parsed, "", "", "there is no program after --");
                return parsed;
            }
            parsed.options.program = arguments + i + 1;
            break;
        }
        if (strcmp(arguments[i], "--help") == 0) {
            parsed.result = OPTIONS_HELP;
            return parsed;
        }
        firmware_given = firmware_given || strncmp(arguments[i], "--firmware", 10) == 0;
        if (!take(&parsed, count, arguments, &i)) {
            return parsed;
        }
    }
    if (parsed.options.memory == 0) {
        parsed.options.memory = parsed.options.program != nullptr ? PROGRAM_MEMORY : USUAL_MEMORY;
    }
    const char *problem = check_together(&parsed.options, firmware_given);
    if (problem != nullptr) {
        complain(&parsed, "", "", problem);
    }
    return parsed;
}
