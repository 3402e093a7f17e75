// SPDX-License-Identifier: MIT
// The small parts: options, keys, queue, console, messages, SHA-256, the judgement of a run, and
// the command line for QEMU.
#include <fcntl.h>
#include <kozo/sha256.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../console.h"
#include "../keys.h"
#include "../message.h"
#include "../options.h"
#include "../outcome.h"
#include "../qemu.h"
#include "../queue.h"
#include "test.h"

constexpr int MOST_WORDS = 16;

// Parses the words of a line, cut at spaces. The words live until the next call.
static struct options_parsed parse(const char *line)
{
    static char text[512];
    static char *words[MOST_WORDS];
    (void)snprintf(text, sizeof text, "kozo-run %s", line);
    int count = 0;
    char *rest = text;
    for (char *word = strsep(&rest, " "); word != nullptr && count < MOST_WORDS;
         word = strsep(&rest, " ")) {
        words[count++] = word;
    }
    return options_parse(count, words);
}

static bool refused(const char *line, const char *problem)
{
    struct options_parsed parsed = parse(line);
    return parsed.result == OPTIONS_WRONG && strstr(parsed.problem, problem) != nullptr;
}

TEST("options have their defaults")
{
    struct options_parsed parsed = parse("--kernel k");
    CHECK(parsed.result == OPTIONS_GOOD && parsed.options.memory == 512);
    CHECK(parsed.options.processors == 1 && parsed.options.accelerator == ACCELERATOR_TCG);
    CHECK(!parsed.options.limited && parsed.options.exec == nullptr);
}

TEST("options are taken with a space or an equals sign")
{
    struct options_parsed parsed = parse("--image=i --firmware uefi --mem=64 --smp 4 --icount");
    CHECK(parsed.result == OPTIONS_GOOD && strcmp(parsed.options.image, "i") == 0);
    CHECK(parsed.options.firmware == FIRMWARE_UEFI && parsed.options.memory == 64);
    CHECK(parsed.options.processors == 4 && parsed.options.icount);
}

TEST("a time limit may have decimals")
{
    CHECK(parse("--kernel k --timeout 1.5").options.limit_ms == 1'500);
    CHECK(parse("--kernel k --timeout 0.007").options.limit_ms == 7);
    CHECK(parse("--kernel k --timeout 0").options.limited);
}

TEST("unknown options and wrong values are refused in one line that names them")
{
    CHECK(refused("--kernel k --nosuch", "--nosuch") && refused("k", "k"));
    CHECK(refused("--kernel", "needs a value") && refused("--kernel k --icount=1", "no value"));
    CHECK(refused("--kernel k --mem 0", "--mem") && refused("--kernel k --mem 99999999", "--mem"));
    CHECK(refused("--kernel k --smp -1", "--smp") && refused("--kernel k --smp 1x", "--smp"));
    CHECK(refused("--kernel k --timeout 1.", "--timeout"));
    CHECK(refused("--kernel k --timeout 1.2345", "--timeout"));
    CHECK(refused("--kernel k --accel xen", "kvm") && refused("--iso i --firmware x", "bios"));
    CHECK(refused("--kernel k --arch mips", "x86_64") && refused("\x1b[2J", "\\x1b"));
}

TEST("what stands behind -- is the program's, and options before it may come several times")
{
    struct options options =
        parse("--kernel k --share /a --share /b:rw --env X=1 --cpus 2 -- sh --exec -- x").options;
    REQUIRE(options.program != nullptr && strcmp(options.program[0], "sh") == 0);
    CHECK(strcmp(options.program[1], "--exec") == 0 && strcmp(options.program[2], "--") == 0);
    CHECK(options.exec == nullptr && options.processors == 2 && options.memory == 1'024);
    CHECK(options.shares.count == 2 && strcmp(options.shares.value[1], "/b:rw") == 0);
    CHECK(options.environment.count == 1 && parse("--kernel k").options.memory == 512);
    CHECK(refused("--kernel k --", "no program") && refused("--kernel k --trace", "--trace"));
    CHECK(refused("--kernel k --exec c -- sh", "--exec"));
}

TEST("options that don't go together are refused")
{
    CHECK(refused("--mem 64", "one of") && refused("--kernel k --image i", "one of"));
    CHECK(refused("--kernel k --scratch", "--scratch"));
    CHECK(refused("--kernel k --sudo -- p", "--sudo goes with --prompt or --broker"));
    CHECK(refused("--image i --initrd c", "--initrd") && refused("--iso i --append x", "--append"));
    CHECK(refused("--kernel k --firmware uefi", "--firmware"));
    CHECK(refused("--kernel k --icount --accel kvm", "--icount"));
    CHECK(refused("--kernel k --exec c --until t", "--until"));
    CHECK(refused("--kernel k --disk a --disk b --disk c", "--disk"));
    CHECK(refused("--kernel k --machine vax", "q35, pc or microvm"));
    CHECK(refused("--kernel k --device net", "edu"));
}

TEST("QEMU gets no file name of a disk, and no network")
{
    static struct qemu_arguments arguments;
    struct options options =
        parse("--image secret.img --disk other,name.img --mem 64 --icount").options;
    struct qemu_files files = {
        10, 11, 12, 13, 14, -1, 15, {16, -1}, {17, -1}, -1, -1, -1, {20, 21, -1, -1, -1, 22}};
    qemu_compose(&arguments, &options, ACCELERATOR_TCG, &files);
    bool boot = false;
    for (size_t i = 0; i < arguments.count; i++) {
        CHECK(strstr(arguments.value[i], "secret") == nullptr);
        CHECK(strstr(arguments.value[i], "other") == nullptr);
        CHECK(strstr(arguments.value[i], "net") == nullptr);
        boot = boot || strstr(arguments.value[i], "file=/dev/fdset/15,") != nullptr;
    }
    CHECK(boot && !arguments.overflow && arguments.value[arguments.count] == nullptr);
}

// The word of the command line behind an option, or an empty one.
static const char *behind(const struct qemu_arguments *arguments, const char *option)
{
    for (size_t i = 0; i + 1 < arguments->count; i++) {
        if (strcmp(arguments->value[i], option) == 0) {
            return arguments->value[i + 1];
        }
    }
    return "";
}

static bool has_value(const struct qemu_arguments *arguments, const char *part)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strstr(arguments->value[i], part) != nullptr) {
            return true;
        }
    }
    return false;
}

static void compose(struct qemu_arguments *arguments, const char *line, int channel)
{
    struct options options = parse(line).options;
    struct qemu_files files = {
        10, 11, 12, 13, 14, -1, -1, {16, -1}, {17, -1}, -1, -1, -1, {channel, -1, -1, -1, -1, -1}};
    *arguments = (struct qemu_arguments){};
    qemu_compose(arguments, &options, ACCELERATOR_TCG, &files);
}

TEST("a microvm has each of its devices in a page of its own, and the command line names those "
     "that it has")
{
    static struct qemu_arguments arguments;
    compose(&arguments, "--kernel k --machine microvm --disk d --append last", 20);
    CHECK(!arguments.overflow && !has_value(&arguments, "-pci"));
    CHECK(strncmp(behind(&arguments, "-machine"), "microvm,", 8) == 0);
    CHECK(has_value(&arguments, "virtio-rng-device,bus=virtio-mmio-bus.0,"));
    CHECK(has_value(&arguments, "virtio-blk-device,bus=virtio-mmio-bus.8,drive=disk0"));
    CHECK(has_value(&arguments, "virtio-serial-device,bus=virtio-mmio-bus.16,"));
    CHECK(strstr(behind(&arguments, "-append"),
                 " virtio_mmio.device=512@0xfeb00000:24 virtio_mmio.device=512@0xfeb01000:32"
                 " virtio_mmio.device=512@0xfeb02000:40 last") != nullptr);
    compose(&arguments, "--kernel k --machine microvm", -1);
    CHECK(strstr(behind(&arguments, "-append"), "0xfeb01000") == nullptr);
    CHECK(strstr(behind(&arguments, "-append"), "0xfeb02000") == nullptr);
    compose(&arguments, "--kernel k --machine q35 --disk d", 20);
    CHECK(!has_value(&arguments, "mmio") && has_value(&arguments, "virtio-blk-pci"));
}

TEST("a microvm takes no image, no second disk and no device on PCI")
{
    CHECK(refused("--image i --machine microvm", "goes with --kernel"));
    CHECK(refused("--kernel k --machine microvm --disk a --disk b", "one --disk"));
    CHECK(refused("--kernel k --device edu --machine microvm", "PCI"));
    CHECK(parse("--kernel k --machine microvm --disk a").result == OPTIONS_GOOD);
}

TEST("keys go to the guest, and Ctrl-A x does not")
{
    struct keys keys = {};
    CHECK(keys_press(&keys, 'x') == KEY_SEND && keys_press(&keys, 0x03) == KEY_SEND);
    CHECK(keys_press(&keys, 0x01) == KEY_NOTHING);
    CHECK(keys_press(&keys, 0x01) == KEY_SEND);
    CHECK(keys_press(&keys, 0x01) == KEY_NOTHING && keys_press(&keys, 'q') == KEY_NOTHING);
    CHECK(keys_press(&keys, 'x') == KEY_SEND);
    CHECK(keys_press(&keys, 0x01) == KEY_NOTHING && keys_press(&keys, 'x') == KEY_END);
}

TEST("a queue loses nothing between uneven writers and readers")
{
    static struct queue queue;
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0) {
        return;
    }
    uint8_t next = 0;
    uint8_t expected = 0;
    for (int round = 0; round < 2'000; round++) {
        uint8_t bytes[777];
        size_t wanted = queue_room(&queue) < sizeof bytes ? queue_room(&queue) : sizeof bytes;
        for (size_t i = 0; i < wanted; i++) {
            bytes[i] = next++;
        }
        queue_put(&queue, bytes, wanted);
        CHECK(queue_write(&queue, ends[1]) != TRANSFER_CLOSED);
        size_t length = 0;
        if (transfer_read(ends[0], bytes, 601, &length) == TRANSFER_DONE) {
            for (size_t i = 0; i < length; i++) {
                CHECK(bytes[i] == expected++);
            }
        }
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
}

TEST("a text is found across pieces, and when it overlaps itself")
{
    struct finder finder = finder_begin("aab");
    CHECK(!finder_read(&finder, (const uint8_t *)"xaaa", 4));
    CHECK(finder_read(&finder, (const uint8_t *)"b", 1));
    CHECK(!finder_read(&finder, (const uint8_t *)"aab", 3));
    finder = finder_begin("abcabd");
    CHECK(finder_read(&finder, (const uint8_t *)"abcabcabd", 9));
}

TEST("the console's first byte, prompt and last line are noticed")
{
    struct console console = console_begin(nullptr);
    struct console_news news = console_read(&console, (const uint8_t *)"a\r\n\x1b[1mInit> ", 13);
    char line[64];
    CHECK(news.first && news.prompt && !news.until);
    CHECK(strcmp(console_last_line(&console, line, sizeof line), "\\x1b[1mInit> ") == 0);
    news = console_read(&console, (const uint8_t *)"\nInit> \n", 8);
    CHECK(!news.first && !news.prompt);
    CHECK(strcmp(console_last_line(&console, line, sizeof line), "Init> ") == 0);
}

TEST("text of the guest is escaped in messages")
{
    char text[16];
    CHECK(strcmp(message_escape("a\x1b\n\xff", 4, text, sizeof text), "a\\x1b\\x0a\\xff") == 0);
    CHECK(strcmp(message_escape("abcdef", 6, text, 4), "abc") == 0);
    CHECK(strcmp(message_escape("ab\x01", 3, text, 6), "ab") == 0);
}

TEST("SHA-256 gives the values of the standard")
{
    // FIPS 180-4's own examples: "abc", nothing, and one million times "a".
    struct sha256 hash = sha256_begin();
    sha256_add(&hash, "abc", 3);
    struct sha256_digest digest = sha256_end(&hash);
    CHECK(memcmp(digest.bytes, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8) == 0);
    CHECK(memcmp(digest.bytes + 28, "\xf2\x00\x15\xad", 4) == 0);
    hash = sha256_begin();
    digest = sha256_end(&hash);
    CHECK(memcmp(digest.bytes, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8) == 0);
    hash = sha256_begin();
    for (int i = 0; i < 1'000'000; i++) {
        sha256_add(&hash, "a", 1);
    }
    digest = sha256_end(&hash);
    CHECK(memcmp(digest.bytes, "\xcd\xc7\x6e\x5c\x99\x14\xfb\x92", 8) == 0);
}

static int status_of(struct facts facts)
{
    return outcome_decide(&facts).status;
}

TEST("a run's exit status follows from its facts")
{
    CHECK(status_of((struct facts){.powered_off = true}) == 0);
    CHECK(status_of((struct facts){.exec = true, .exited = true, .status = 7}) == 7);
    CHECK(status_of((struct facts){.exec = true, .exited = true, .powered_off = true}) == 0);
    CHECK(status_of((struct facts){.ended = true}) == 0);
    CHECK(status_of((struct facts){.found = true, .died = true}) == 0);
    CHECK(status_of((struct facts){.limit = true}) == 124);
    CHECK(status_of((struct facts){.signal = 15}) == 143);
    CHECK(status_of((struct facts){.unread = true, .crashed = true}) == 141);
}

TEST("a failure of KOZO is 125 whatever else happened")
{
    CHECK(status_of((struct facts){.crashed = true, .exited = true, .powered_off = true}) == 125);
    CHECK(status_of((struct facts){.triple_fault = true, .exited = true}) == 125);
    CHECK(status_of((struct facts){.crashed = true, .limit = true}) == 125);
    CHECK(status_of((struct facts){.died = true}) == 125);
    CHECK(status_of((struct facts){.stopped = true}) == 125);
    CHECK(status_of((struct facts){.problem = "x"}) == 125);
    CHECK(status_of((struct facts){.exec = true, .powered_off = true}) == 125);
    CHECK(status_of((struct facts){.exec = true, .rebooted = true}) == 125);
    CHECK(status_of((struct facts){.until = true, .powered_off = true}) == 125);
    CHECK(status_of((struct facts){.program = true, .exited = true, .status = 139}) == 125);
    CHECK(status_of((struct facts){.program = true, .begun = true, .exited = true}) == 125);
}
