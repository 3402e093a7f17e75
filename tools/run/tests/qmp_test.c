// SPDX-License-Identifier: MIT
// QMP lines, and what the machine makes of them.
#include <stdlib.h>
#include <string.h>

#include "../machine.h"
#include "../qmp.h"
#include "test.h"

static bool finds(const char *json, const char *path, const char *value)
{
    char text[64];
    return qmp_find(json, strlen(json), path, text, sizeof text) && strcmp(text, value) == 0;
}

// A machine that runs. It is large, so there is one for all tests.
static struct machine *fresh(bool kvm)
{
    static struct machine machine;
    memset(&machine, 0, sizeof machine);
    machine_begin(&machine, kvm);
    machine.out.length = 0;
    return &machine;
}

// The last news of some lines.
static enum machine_news tell(struct machine *machine, const char *lines)
{
    enum machine_news last = MACHINE_NOTHING;
    size_t used = 0;
    for (size_t all = 0; all < strlen(lines); all += used) {
        enum machine_news news =
            machine_read(machine, (const uint8_t *)lines + all, strlen(lines) - all, &used);
        last = news != MACHINE_NOTHING ? news : last;
    }
    return last;
}

static bool ordered(const struct machine *machine, const char *command)
{
    return memmem(machine->out.bytes + machine->out.start, machine->out.length, command,
                  strlen(command)) != nullptr;
}

#define RESET                                                                                      \
    "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\r\n"
#define STOP      "{\"event\": \"STOP\"}\r\n"
#define PORT(n)   "{\"return\": \"portb[0x0cf9] = 0x0" n "\\r\\n\", \"id\": \"reset-control\"}\r\n"
#define REGISTERS "{\"return\": \"RIP=ffffffff80001234 RFL=2\", \"id\": \"registers\"}\r\n"

TEST("values are found by their path")
{
    static const char json[] =
        "{\"a\": \"1\", \"b\": {\"a\": \"2\", \"c\": {\"a\": \"3\"}, \"d\": \"4\"},"
        " \"e\": [1, {\"x\": null}], \"f\": \"5\"}";
    CHECK(finds(json, "a", "1") && finds(json, "b.a", "2") && finds(json, "b.c.a", "3"));
    CHECK(finds(json, "b.d", "4") && finds(json, "f", "5"));
    CHECK(!finds(json, "d", "4") && !finds(json, "c.a", "3") && !finds(json, "b", "2"));
}

TEST("escapes in strings are understood")
{
    CHECK(finds("{\"a\": \"x\\\"y\\\\\\n\\u0041z\"}", "a", "x\"y\\\n?z"));
    CHECK(finds("{\"k\": \"}{\", \"a\": \"b\"}", "a", "b"));
}

TEST("a value that does not fit is cut")
{
    char text[4];
    CHECK(qmp_find("{\"a\":\"123456\"}", 14, "a", text, sizeof text) && strcmp(text, "123") == 0);
}

TEST("damaged lines are not understood, and harm nothing")
{
    CHECK(!finds("{\"a\": \"1", "a", "1") && !finds("}}}}\"a\"", "a", "1") && !finds("", "a", ""));
    CHECK(!finds("{{{{{{{{{{{{\"a\": \"1\"}", "a", "1") && !finds("{\"a\": \"\\", "a", "1"));
    srand(3);
    for (int round = 0; round < 5'000; round++) {
        static const char alphabet[] = "{}[]\"\\u:,ab \n";
        char json[64];
        for (size_t i = 0; i < sizeof json; i++) {
            json[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        }
        char text[8];
        if (qmp_find(json, sizeof json, "a.b", text, sizeof text)) {
            CHECK(strlen(text) < sizeof text);
        }
        (void)tell(fresh(false), "\n");
    }
}

TEST("power-off is told")
{
    struct machine *machine = fresh(false);
    CHECK(tell(machine,
               "{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-shutdown\"}}\n" STOP) ==
          MACHINE_POWERED_OFF);
}

TEST("a reset ordered at the reset control register is a reboot, under TCG and KVM")
{
    for (int kvm = 0; kvm < 2; kvm++) {
        struct machine *machine = fresh(kvm == 1);
        CHECK(tell(machine, RESET STOP) == MACHINE_NOTHING && ordered(machine, "0xcf9"));
        CHECK(tell(machine, PORT("2") REGISTERS) == MACHINE_REBOOT);
    }
}

TEST("a logged triple fault is one, and says where")
{
    struct machine *machine = fresh(false);
    machine->fault_logged = true;
    CHECK(tell(machine, RESET STOP PORT("0") REGISTERS) == MACHINE_TRIPLE_FAULT);
    CHECK(machine->pointer_known && machine->pointer == 0xffffffff80001234);
}

TEST("a reset by other means is a reboot under TCG and a triple fault under KVM")
{
    CHECK(tell(fresh(false), RESET STOP PORT("0") REGISTERS) == MACHINE_REBOOT);
    CHECK(tell(fresh(true), RESET STOP PORT("0") REGISTERS) == MACHINE_TRIPLE_FAULT);
    CHECK(tell(fresh(true), RESET STOP REGISTERS) == MACHINE_TRIPLE_FAULT);
}

TEST("a restart lets the machine run again, and the next reset is asked about again")
{
    struct machine *machine = fresh(true);
    CHECK(tell(machine, RESET STOP PORT("2") REGISTERS) == MACHINE_REBOOT);
    machine_restart(machine);
    CHECK(ordered(machine, "system_reset"));
    CHECK(tell(machine, "{\"event\": \"RESET\", \"data\": {\"guest\": false}}\n") ==
          MACHINE_RESTARTED);
    CHECK(machine->state == MACHINE_RUNNING && ordered(machine, "\"reboot\":\"shutdown\""));
    CHECK(tell(machine, RESET STOP PORT("0") REGISTERS) == MACHINE_TRIPLE_FAULT);
}

TEST("a stop that nobody ordered is told")
{
    CHECK(tell(fresh(false), STOP) == MACHINE_STOPPED);
    struct machine *machine = fresh(false);
    machine_pause(machine);
    CHECK(tell(machine, STOP) == MACHINE_NOTHING && machine->state == MACHINE_PAUSED);
}

TEST("a machine that can't start is told")
{
    CHECK(tell(fresh(false),
               "{\"error\": {\"class\": \"x\", \"desc\": \"no\"}, \"id\": \"cont\"}\n") ==
          MACHINE_STOPPED);
}

TEST("an endless line is skipped, and the next one understood")
{
    struct machine *machine = fresh(false);
    for (size_t i = 0; i < QMP_LINE_SIZE; i++) {
        CHECK(tell(machine, "{ab") == MACHINE_NOTHING);
    }
    CHECK(tell(machine, "\n" STOP) == MACHINE_STOPPED);
}
