// SPDX-License-Identifier: MIT
// Crash records: whole, cut, hostile; and what a Crash-ID depends on.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crash.h"
#include "test.h"

static const char whole[] = "KOZO-CRASH 1\n"
                            "build 00ff12\n"
                            "kind panic\n"
                            "reason a slot is linked twice\n"
                            "cpu 3\n"
                            "register rip ffffffff80001010\n"
                            "register r8 0\n"
                            "trace ffffffff80001010\n"
                            "trace ffffffff80002020\n"
                            "end\n";

static struct crash read_text(const char *text, size_t length)
{
    struct crash crash = {};
    crash_read(&crash, (const uint8_t *)text, length);
    return crash;
}

static struct crash read_string(const char *text)
{
    return read_text(text, strlen(text));
}

// Symbols at 0x1000 and 0x2000 above a base.
static struct symbols symbols_at(uint64_t base, struct symbol *list)
{
    list[0] = (struct symbol){base + 0x1000, 0x100, "slot_link"};
    list[1] = (struct symbol){base + 0x2000, 0x100, "kernel_syscall"};
    return (struct symbols){.list = list, .count = 2};
}

// The same crash of a kernel that lies at a base, with a reason.
static struct crash_id identify(uint64_t base, const char *reason)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "KOZO-CRASH 1\nkind panic\nreason %s\ntrace %llx\ntrace %llx\nend\n", reason,
                   (unsigned long long)base + 0x1010, (unsigned long long)base + 0x2020);
    struct symbol list[2];
    struct symbols symbols = symbols_at(base, list);
    struct crash crash = read_string(text);
    return crash_identify(&crash, &symbols);
}

static bool equal(struct crash_id left, struct crash_id right)
{
    return strcmp(left.text, right.text) == 0;
}

TEST("a whole record is read")
{
    struct crash crash = read_string(whole);
    CHECK(crash.state == CRASH_WHOLE && crash.refused == 0 && !crash.cut);
    CHECK(strcmp(crash.build, "00ff12") == 0 && strcmp(crash.kind, "panic") == 0);
    CHECK(strcmp(crash.reason, "a slot is linked twice") == 0 && crash.cpu == 3);
    CHECK(crash.registers == 2 && crash.register_[0].value == 0xffffffff80001010);
    CHECK(crash.traces == 2 && crash.trace[1] == 0xffffffff80002020);
}

TEST("the record may come byte by byte")
{
    struct crash crash = {};
    for (size_t i = 0; i < strlen(whole); i++) {
        crash_read(&crash, (const uint8_t *)whole + i, 1);
    }
    CHECK(crash.state == CRASH_WHOLE && crash.traces == 2 && crash.refused == 0);
}

TEST("what comes before and after the record is ignored")
{
    char text[1'024];
    (void)snprintf(text, sizeof text, "noise\n\nKOZO-CRASH 2\n%strace 1\n", whole);
    struct crash crash = read_string(text);
    CHECK(crash.state == CRASH_WHOLE && crash.traces == 2 && crash.refused == 0);
}

TEST("a record cut anywhere keeps its whole lines")
{
    for (size_t cut = 0; cut < strlen(whole); cut++) {
        struct crash crash = read_text(whole, cut);
        CHECK(crash.state == (cut < strlen("KOZO-CRASH 1\n") ? CRASH_NONE : CRASH_BEGUN));
        CHECK(crash.refused == 0 && strlen(crash_identify(&crash, &(struct symbols){}).text) == 16);
    }
}

TEST("lines that make no sense are counted and left out")
{
    struct crash crash = read_string("KOZO-CRASH 1\n"
                                     "build XYZ\nkind Panic Now\nreason \ncpu -1\ncpu 999999\n"
                                     "register rip\nregister  1\nregister a-b 1\ntrace 0x\n"
                                     "trace 11112222333344445\ntrace g\nunknown 1\n\nend\n");
    CHECK(crash.refused == 13 && crash.state == CRASH_WHOLE);
    CHECK(crash.build[0] == '\0' && crash.kind[0] == '\0' && crash.traces == 0);
}

TEST("too many registers and addresses are left out")
{
    struct crash crash = read_string("KOZO-CRASH 1\n");
    for (size_t i = 0; i < 100; i++) {
        crash_read(&crash, (const uint8_t *)"register a 1\ntrace 1\n", 21);
    }
    CHECK(crash.registers == CRASH_REGISTERS && crash.traces == CRASH_TRACE && crash.refused == 72);
}

TEST("a record that never ends is cut at its largest size")
{
    struct crash crash = read_string("KOZO-CRASH 1\nkind panic\n");
    for (size_t i = 0; i < 1'000; i++) {
        crash_read(&crash, (const uint8_t *)"reason x", 8);
    }
    CHECK(crash.cut && crash.state == CRASH_WHOLE);
}

TEST("a long line is cut and harms nothing")
{
    char text[3'000] = "KOZO-CRASH 1\nreason ";
    memset(text + strlen(text), 'y', 2'900);
    struct crash crash = read_text(text, 2'900);
    crash_read(&crash, (const uint8_t *)"\nend\n", 5);
    CHECK(crash.state == CRASH_WHOLE && strlen(crash.reason) == CRASH_TEXT_SIZE - 1);
}

TEST("zero bytes hide nothing")
{
    struct crash crash = read_text("KOZO-CRASH 1\nend\0x\nkind a\0b\n", 28);
    CHECK(crash.state == CRASH_BEGUN && crash.refused == 2 && crash.kind[0] == '\0');
}

TEST("a Crash-ID does not depend on where the kernel lies")
{
    CHECK(equal(identify(0xffffffff80000000, "out of slots"), identify(0x7000, "out of slots")));
}

TEST("a Crash-ID does not depend on addresses in the reason")
{
    CHECK(equal(identify(0, "read of 0x10 failed"), identify(0, "read of 0xffff800012 failed")));
    CHECK(
        equal(identify(0, "read of ffff8000 failed"), identify(0, "read of ffff80001234 failed")));
}

TEST("a Crash-ID does not depend on registers, processor and build")
{
    struct crash crash = read_string(whole);
    struct crash_id one = crash_identify(&crash, &(struct symbols){});
    crash.cpu = 1;
    crash.build[0] = 'a';
    crash.registers = 1;
    CHECK(equal(one, crash_identify(&crash, &(struct symbols){})));
}

TEST("a Crash-ID does not depend on what compilers add to names")
{
    struct symbol list[2];
    struct symbols symbols = symbols_at(0xffffffff80000000, list);
    struct crash crash = read_string(whole);
    struct crash_id one = crash_identify(&crash, &symbols);
    list[1].name = "kernel_syscall.llvm.77";
    CHECK(equal(one, crash_identify(&crash, &symbols)));
}

TEST("a Crash-ID depends on kind, reason and the names of the trace")
{
    struct symbol list[2];
    struct symbols symbols = symbols_at(0xffffffff80000000, list);
    struct crash crash = read_string(whole);
    struct crash_id one = crash_identify(&crash, &symbols);
    CHECK(!equal(identify(0, "out of slots"), identify(0, "out of time")));
    CHECK(!equal(identify(0, "error 3"), identify(0, "error 4")));
    list[0].name = "slot_cut";
    CHECK(!equal(one, crash_identify(&crash, &symbols)));
    list[0].name = "slot_link";
    (void)strcpy(crash.kind, "exception");
    CHECK(!equal(one, crash_identify(&crash, &symbols)));
}

TEST("a return address behind a function's last call belongs to that function")
{
    struct symbol list[] = {{0x1000, 0x100, "caller"}, {0x1100, 0x100, "next"}};
    struct symbols symbols = {.list = list, .count = 2};
    struct crash behind = read_string("KOZO-CRASH 1\ntrace 1100\nend\n");
    struct crash inside = read_string("KOZO-CRASH 1\ntrace 1050\nend\n");
    struct crash exact = read_string("KOZO-CRASH 1\nregister rip 1100\ntrace 1100\nend\n");
    CHECK(equal(crash_identify(&behind, &symbols), crash_identify(&inside, &symbols)));
    CHECK(!equal(crash_identify(&exact, &symbols), crash_identify(&inside, &symbols)));
}

TEST("random records harm nothing")
{
    srand(2);
    for (int round = 0; round < 2'000; round++) {
        char text[400] = "KOZO-CRASH 1\nregister rip trace 0x cpu build kind reason end\n\n 12ab";
        for (size_t i = 0; i < 40; i++) {
            text[13 + (size_t)rand() % 380] = (char)(rand() % 4 == 0 ? 10 : rand() % 128);
        }
        struct crash crash = read_text(text, sizeof text);
        CHECK(strlen(crash_identify(&crash, &(struct symbols){}).text) == 16);
    }
}
