// SPDX-License-Identifier: MIT
#include "system.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct system description;

static void read(const char *text)
{
    system_read(&description, text, strlen(text));
}

// Writes the same line some times.
static void repeat(char *to, const char *line, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        for (const char *at = line; *at != 0; at++) {
            *to++ = *at;
        }
    }
    *to = 0;
}

static bool refused(const char *text)
{
    read(text);
    return description.fault != nullptr;
}

TEST("a system description gives programs and what each is given")
{
    read("# the usual\n"
         "console drivers/uart\n"
         "    ports com1 0x3f8 8\n"
         "    irq com1 4 # a remark\n"
         "\n"
         "program test/all\n"
         "    memory 8M\n"
         "    self");
    REQUIRE(description.fault == nullptr && description.programs == 2);
    const struct system_program *console = system_console(&description);
    REQUIRE(console != nullptr && console->grants == 2);
    CHECK(strcmp(console->file, "drivers/uart") == 0);
    CHECK(console->grant[0].kind == SYSTEM_PORTS && console->grant[0].first == 0x3f8);
    CHECK(console->grant[0].count == 8 && strcmp(console->grant[0].name, "com1") == 0);
    CHECK(console->grant[1].kind == SYSTEM_IRQ && console->grant[1].first == 4);
    const struct system_program *test = system_find(&description, "test/all");
    REQUIRE(test != nullptr && test->grants == 2 && !test->console);
    CHECK(test->grant[0].kind == SYSTEM_MEMORY && test->grant[0].first == 23);
    CHECK(system_find(&description, "nosuch") == nullptr);
}

TEST("an empty system description has no programs")
{
    CHECK(!refused("") && description.programs == 0 && system_console(&description) == nullptr);
    CHECK(!refused("\n\n   \n#\n"));
}

TEST("a system description with a mistake is refused, and its line is named")
{
    CHECK(refused("program a\nnonsense\n") && description.line == 2);
    CHECK(refused("ports a 1 2\n") && description.line == 1);
    CHECK(refused("program\n"));
    CHECK(refused("program a b\n"));
    CHECK(refused("program a\nports a 1\n"));
    CHECK(refused("program a\nports a 0xffff 2\n"));
    CHECK(refused("program a\nports a 1 0\n"));
    CHECK(refused("program a\nports a 99999999999999999999 1\n"));
    CHECK(refused("program a\nports averyveryverylongname 1 1\n"));
    CHECK(refused("program a\nirq a x\n"));
    CHECK(refused("program a\nmemory 3M\n"));
    CHECK(refused("program a\nmemory M\n"));
    CHECK(refused("program a\nmemory 0\n"));
    CHECK(refused("program a\nself x\n"));
}

TEST("a system description that is too large or is no text is refused")
{
    char text[8192] = "";
    repeat(text, "program a\n", 17);
    CHECK(refused(text) && description.line == 17);
    repeat(text, "program a\n", 1);
    repeat(text + strlen(text), "self\n", 9);
    CHECK(refused(text) && description.line == 10);
    memset(text, 'x', sizeof text);
    system_read(&description, text, sizeof text);
    CHECK(description.fault != nullptr);
    memset(text, 0, sizeof text);
    system_read(&description, text, sizeof text);
    CHECK(description.fault != nullptr);
    srand(3);
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < 200; i++) {
            text[i] = "program self\n ports 0x1\t#console"[rand() % 32];
        }
        system_read(&description, text, 200);
    }
}
