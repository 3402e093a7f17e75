// SPDX-License-Identifier: MIT
#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct description description;
static char *const files[] = {"a", "b", "c", "d"};

static void compile(const char *text)
{
    description_read(&description, text, strlen(text));
    description_order(&description, files, 4);
}

static bool refused(const char *text, size_t line)
{
    compile(text);
    return description.fault != nullptr && description.line == line;
}

// The service of a name, or else the program of a file.
static const struct kozo_system_program *find(const struct kozo_system *system, const char *name)
{
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        if (strcmp(program->name[0] != 0 ? program->name : program->file, name) == 0) {
            return program;
        }
    }
    return nullptr;
}

// Writes the same line some times.
static void repeat(char *to, const char *line, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        size_t length = strlen(line);
        memcpy(to, line, length + 1);
        to += length;
    }
}

TEST("a description gives services and programs, and what each is given")
{
    compile("# the usual\n"
            "service serial a\n"
            "    ports com1 0x3f8 8\n"
            "    irq com1 4 # a remark\n"
            "\n"
            "service console b\n"
            "    uses serial\n"
            "    terminal\n"
            "    restart never\n"
            "program c\n"
            "    memory 8M\n"
            "    self");
    REQUIRE(description.fault == nullptr && description.system.programs == 3);
    const struct kozo_system *system = &description.system;
    const struct kozo_system_program *serial = find(system, "serial");
    REQUIRE(serial != nullptr && serial->grants == 2 && serial->restart == 1);
    CHECK(serial->grant[0].kind == KOZO_GRANT_PORTS && serial->grant[0].first == 0x3f8);
    CHECK(serial->grant[0].count == 8 && strcmp(serial->grant[0].name, "com1") == 0);
    CHECK(serial->grant[1].kind == KOZO_GRANT_IRQ && serial->grant[1].first == 4);
    CHECK(serial->places == 1);
    const struct kozo_system_program *console = find(system, "console");
    REQUIRE(console != nullptr && console->uses == 1 && console->terminal == 1);
    CHECK(console->restart == 0 && console->use[0].place == 0 && console->places == 1);
    const struct kozo_system_program *program = find(system, "c");
    REQUIRE(program != nullptr && program->grants == 2 && program->name[0] == 0);
    CHECK(program->grant[0].kind == KOZO_GRANT_MEMORY && program->grant[0].first == 23);
    CHECK(kozo_system_check(system, sizeof *system) == nullptr);
}

TEST("an empty description has no programs")
{
    compile("\n\n   \n#\n");
    CHECK(description.fault == nullptr && description.system.programs == 0);
}

TEST("services come after those that they use or wait for, wherever they stand")
{
    compile(
        "service one a\n uses three\n after two\nservice two b\n uses three\nservice three c\n");
    REQUIRE(description.fault == nullptr);
    CHECK(strcmp(description.system.program[0].name, "three") == 0);
    CHECK(strcmp(description.system.program[1].name, "two") == 0);
    CHECK(strcmp(description.system.program[2].name, "one") == 0);
    CHECK(description.system.program[0].places == 2);
    CHECK(description.system.program[2].use[0].program == 0);
    CHECK(description.system.program[2].use[0].place == 1);
    CHECK(description.system.program[2].after[0] == 1);
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
}

TEST("copies are entries of their own, each with its own place at the same service")
{
    compile("program a\nuses one\ncopies 3\nservice one b\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system *system = &description.system;
    CHECK(system->programs == 4 && system->program[0].places == 3);
    for (size_t i = 1; i < 4; i++) {
        CHECK(strcmp(system->program[i].file, "a") == 0 && system->program[i].uses == 1);
        CHECK(system->program[i].use[0].place == i - 1);
    }
    CHECK(kozo_system_check(system, sizeof *system) == nullptr);
    CHECK(refused("program a\ncopies 0\n", 2));
    CHECK(refused("program a\ncopies x\n", 2));
    CHECK(refused("program a\ncopies 64\nprogram b\n", 1));
    CHECK(refused("service one a\ncopies 2\n", 2));
    CHECK(refused("program a\nirq x 3\ncopies 2\n", 2));
}

TEST("a pager is a session with a limit, one for each program, with a service that has its own "
     "parts")
{
    compile("service one a\nself\nprogram b\npager one 2M\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system_use *use = &description.system.program[1].use[0];
    CHECK(use->limit == 512 && use->pages == 0 && description.system.program[0].places == 1);
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
    CHECK(refused("service one a\nself\nprogram b\npager one\n", 4));
    CHECK(refused("service one a\nself\nprogram b\npager one 0\n", 4));
    CHECK(refused("service one a\nself\nprogram b\npager one 5\n", 4));
    CHECK(refused("service one a\nself\nprogram b\npager one 64G\npager one 4K\n", 5));
    CHECK(refused("service one a\nprogram b\npager one 4K\n", 3));
}

TEST("a driver names its device by vendor and number")
{
    compile("service one a\ndriver 1af4:1042\nservice two b\ndriver 8086:10D3\n");
    CHECK(description.fault != nullptr); // digits are small letters
    compile("service one a\ndriver 1af4:1042\nentropy\n");
    REQUIRE(description.fault == nullptr && description.system.program[0].grants == 2);
    CHECK(description.system.program[0].grant[0].first == 0x10421af4);
    CHECK(refused("service one a\ndriver\n", 2));
    CHECK(refused("service one a\ndriver 1af4\n", 2));
    CHECK(refused("service one a\ndriver 1af4:104\n", 2));
    CHECK(refused("service one a\ndriver 1af4:10422\n", 2));
    CHECK(refused("service one a\ndriver 1af4-1042\n", 2));
    CHECK(refused("service one a\ndriver 1ag4:1042\n", 2));
}

TEST("memory is given by size, or the most that is free")
{
    compile("program a\nmemory 2G\nprogram b\nmemory most\n");
    REQUIRE(description.fault == nullptr);
    CHECK(description.system.program[0].grant[0].first == 31);
    CHECK(description.system.program[1].grant[0].first == KOZO_MEMORY_MOST);
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
}

TEST("memory that is taken when it is needed has a limit, in whole pages")
{
    compile("service a a\nmemory 64K\nmemory up to 12K\nkeeps up to 16G\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system_grant *grant = description.system.program[0].grant;
    CHECK(grant[1].kind == KOZO_GRANT_SUPPLY && grant[1].first == 12 << 10);
    CHECK(grant[2].kind == KOZO_GRANT_STORE && grant[2].first == 16ul << 30);
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
    CHECK(refused("program a\nmemory up to\n", 2));
    CHECK(refused("program a\nmemory down to 4K\n", 2));
    CHECK(refused("program a\nmemory up 4K\n", 2));
    CHECK(refused("program a\nmemory up to 0\n", 2));
    CHECK(refused("program a\nmemory up to 6000\n", 2));
    CHECK(refused("program a\nmemory up to 17G\n", 2));
    CHECK(refused("program a\nkeeps up to 4K\n", 2));
}

TEST("a session with a service that may be down is asked for by a word of its own")
{
    compile("service clock a\nservice files b\nasks clock\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system_program *server = &description.system.program[1];
    CHECK(server->uses == 1 && server->use[0].optional == 1 && server->use[0].program == 0);
    CHECK(refused("service files b\nasks clock\n", 2));
    CHECK(refused("service clock a\nservice files b\nasks\n", 3));
    CHECK(refused("program c\nasks anameofaservicethatfitsnowhere\n", 2) &&
          strcmp(description.fault, "the name is too long") == 0);
}

TEST("a service may delegate sessions of one that may be down, with memory for the list of them")
{
    compile("service clock a\nservice files b\ndelegates clock 12K\nprogram c\nuses clock\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system_use *use = &description.system.program[1].use[0];
    CHECK(use->delegates == 1 && use->optional == 1 && use->program == 0 && use->pages == 3);
    CHECK(description.system.program[2].use[0].delegates == 0);
    CHECK(refused("service clock a\nservice files b\ndelegates clock\n", 3));
    CHECK(refused("service clock a\nservice files b\ndelegates clock 100\n", 3));
    CHECK(refused("service files b\ndelegates clock 4K\n", 2));
}

TEST("memory for bulk data lies side by side, each session's apart from the others'")
{
    compile("service one a\nservice two b\nuses one 64K\nservice three c\nuses one\n"
            "program d\nuses one 1M\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system *system = &description.system;
    CHECK(system->program[0].pages == 16 + 256);
    CHECK(system->program[1].use[0].pages == 16 && system->program[1].use[0].first == 0);
    CHECK(system->program[2].use[0].pages == 0);
    CHECK(system->program[3].use[0].pages == 256 && system->program[3].use[0].first == 16);
    CHECK(kozo_system_check(system, sizeof *system) == nullptr);
}

TEST("a file server has volumes that may be down, commands, and users with places")
{
    compile("service ram a\nkeeps 64K\nservice files b\nmount /ram ram 1M\nalias /tmp ram tmp\n"
            "commands 64K\n"
            "program c\nuses files 4K\nplace / r\nplace /ram/home rw\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system *system = &description.system;
    CHECK(system->program[0].grant[0].kind == KOZO_GRANT_KEEPS);
    CHECK(system->program[0].grant[0].first == 16);
    const struct kozo_system_program *server = &system->program[1];
    CHECK(server->uses == 1 && server->use[0].optional == 1 && server->use[0].pages == 256);
    CHECK(server->mounts == 2 && server->mount[0].use == 0 && server->mount[1].use == 0);
    CHECK(strcmp(server->mount[1].inside, "tmp") == 0 && server->mount[0].inside[0] == 0);
    CHECK(strcmp(server->mount[0].path, "/ram") == 0);
    // init's own session comes first, also in the memory for bulk data.
    CHECK(server->commands == 16 && server->pages == 17 && server->places == 2);
    const struct kozo_system_program *program = &system->program[2];
    CHECK(program->use[0].place == 1 && program->use[0].first == 16);
    CHECK(program->paths == 2 && program->path[0].writable == 0 && program->path[1].writable == 1);
    CHECK(strcmp(program->path[1].path, "/ram/home") == 0);
    CHECK(kozo_system_check(system, sizeof *system) == nullptr);
}

TEST("a volume is mounted below one of a line above, and that one may be below another")
{
    compile("service ram a\nservice two a\nservice three b\nservice files c\nmount /ram ram 1M\n"
            "mount /ram/in/two two 64K\nalias /t ram t\nmount /ram/in/two/three three 64K\n"
            "program d\nuses files\nplace /ram/in/two rw\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system_program *server = find(&description.system, "files");
    REQUIRE(server != nullptr && server->mounts == 4 && server->uses == 3);
    CHECK(strcmp(server->mount[1].path, "/ram/in/two") == 0 && server->mount[1].use == 1);
    CHECK(kozo_system_mount_under(server, 0) == 0 && kozo_system_mount_under(server, 1) == 0);
    CHECK(kozo_system_mount_under(server, 2) == 2 && kozo_system_mount_under(server, 3) == 1);
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
}

TEST("a session with a file server may have a limit of what it stores, in whole pages")
{
    compile("service ram a\nservice files b\nmount /ram ram 1M\n"
            "program c\ncopies 2\nuses ram\nuses files 4K\nlimit 8M\nplace / rw\nprogram d\nuses "
            "files\n");
    REQUIRE(description.fault == nullptr);
    const struct kozo_system *system = &description.system;
    CHECK(system->program[2].use[0].most == 0 && system->program[2].use[1].most == 2048);
    CHECK(find(system, "d")->use[0].most == 0 && system->program[4].use[1].most == 2048);
    CHECK(kozo_system_check(system, sizeof *system) == nullptr);
    static const char before[] = "service ram a\nservice files b\nmount /ram ram 1M\nprogram c\n";
    static const char *const wrong[][2] = {
        {"limit 8M\n\n", "no session is named yet"},
        {"uses files\nlimit 0\n", "a limit is in whole pages"},
        {"uses files\nlimit 5000\n", "a limit is in whole pages"},
        {"uses files\nlimit x\n", "not a number"},
        {"uses ram\nlimit 8M\n", "that service has no volumes"},
        {"uses files\nlimit\n", "the first word is unknown"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[256];
        memcpy(text, before, sizeof before);
        memcpy(text + sizeof before - 1, wrong[i][0], strlen(wrong[i][0]) + 1);
        CHECK(refused(text, i == 0 ? 5 : 6) && strcmp(description.fault, wrong[i][1]) == 0);
    }
    CHECK(refused("service ram a\nservice files b\nmount /ram ram 1M\nprogram c\nuses files\n"
                  "limit 4K\nlimit 8K\n",
                  7) &&
          strcmp(description.fault, "that session has a limit already") == 0);
}

static bool refuses_mount(const char *line, const char *reason)
{
    static const char before[] =
        "service ram a\nservice two b\nservice files c\nmount /ram ram 1M\n";
    char text[256];
    memcpy(text, before, sizeof before);
    memcpy(text + sizeof before - 1, line, strlen(line) + 1);
    return refused(text, 5) && strcmp(description.fault, reason) == 0;
}

TEST("a mount below the top on nothing, in a circle, at a place that is taken or above another is "
     "refused")
{
    CHECK(refuses_mount("mount /a/b two 1M\n", "it lies on no volume of the lines above"));
    CHECK(refuses_mount("mount /ramp/b two 1M\n", "it lies on no volume of the lines above"));
    CHECK(refuses_mount("mount /two/b two 1M\n", "it lies on no volume of the lines above"));
    CHECK(refuses_mount("mount /ram two 1M\n", "another volume is at this place"));
    CHECK(refuses_mount("mount /ram/ram two 1M\n", "another volume has this name"));
    CHECK(refuses_mount("mount /ram/in ram 1M\n", "that volume is mounted already"));
    CHECK(refuses_mount("mount /in ram 1M\n", "that volume is mounted already"));
    CHECK(refuses_mount("mount /ram/ two 1M\n", "it is no path from the top"));
    CHECK(refuses_mount("mount /ram/../in two 1M\n", "it is no path from the top"));
    CHECK(refuses_mount("mount /ram/averyveryverylongnameofafolderthatfitsnowherein two 1M\n",
                        "it is no path from the top"));
    CHECK(refuses_mount("alias /ram/in ram in\n", "a slash and one name are due"));
    CHECK(refuses_mount("alias /ram ram in\n", "another volume is at this place"));
    // Lines that come in the wrong order.
    CHECK(refused("service ram a\nservice two b\nservice files c\nmount /ram/in two 1M\n"
                  "mount /ram ram 1M\n",
                  4));
    CHECK(refused("service ram a\nservice two b\nservice three c\nservice files d\n"
                  "mount /ram ram 1M\nmount /ram/in/two two 1M\nmount /ram/in three 1M\n",
                  7) &&
          strcmp(description.fault, "it would hide a volume of a line above") == 0);
    // An alias is no volume.
    CHECK(refused("service ram a\nservice two b\nservice files c\nmount /ram ram 1M\n"
                  "alias /t ram t\nmount /t/in two 1M\n",
                  6));
}

TEST("a table with a mount that lies on nothing is refused")
{
    compile("service ram a\nservice two b\nservice files c\nmount /ram ram 1M\n"
            "mount /ram/in two 1M\n");
    REQUIRE(description.fault == nullptr);
    struct kozo_system_program *server = &description.system.program[2];
    server->mount[0].path[1] = 'x';
    CHECK(kozo_system_check(&description.system, sizeof description.system) != nullptr);
    server->mount[0].path[1] = 'r';
    CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
    server->mount[1].inside[0] = 'x'; // an alias is at the top
    CHECK(kozo_system_check(&description.system, sizeof description.system) != nullptr);
}

TEST("mounts, places, commands and kept memory that can't be are refused")
{
    CHECK(refused("service ram a\nservice files b\nmount ram ram 1M\n", 3));
    CHECK(refused("service ram a\nservice files b\nmount / ram 1M\n", 3));
    CHECK(refused("service files b\nmount /ram ram 1M\n", 2));
    CHECK(refused("service ram a\nservice files b\nalias /tmp ram tmp\n", 3));
    CHECK(refused("service ram a\nservice files b\nmount /ram ram 1M\nalias /t ram a/b\n", 4));
    CHECK(refused("service ram a\nservice files b\nmount /ram ram 1M\nalias t ram a\n", 4));
    CHECK(refused("service a a\nservice b b\nuses a\nplace home rw\n", 4));
    CHECK(refused("service a a\nservice b b\nuses a\nplace /a/../b rw\n", 4));
    CHECK(refused("service a a\nservice b b\nuses a\nplace /a/ rw\n", 4));
    CHECK(refused("service a a\nservice b b\nuses a\nplace / x\n", 4));
    CHECK(refused("program a\nplace / r\n", 2));
    CHECK(refused("program a\ncommands 4K\n", 2));
    CHECK(refused("service a a\ncommands 4K\nservice b b\ncommands 4K\n", 3));
    CHECK(refused("service a a\nterminal\ncommands 4K\n", 3));
    CHECK(refused("service a a\ncommands 4K\nterminal\n", 3));
    CHECK(refused("program a\nkeeps 4K\n", 2));
    CHECK(refused("service a a\nkeeps most\n", 2));
}

TEST("a line that can't be read is refused and named")
{
    CHECK(refused("program a\nnonsense\n", 2));
    CHECK(refused("ports a 1 2\n", 1));
    CHECK(refused("program\n", 1));
    CHECK(refused("program a b\n", 1));
    CHECK(refused("service a\n", 1));
    CHECK(refused("service averyveryverylongname a\n", 1));
    CHECK(refused("program a\nports a 1\n", 2));
    CHECK(refused("program a\nports a 0xffff 2\n", 2));
    CHECK(refused("program a\nports a 1 0\n", 2));
    CHECK(refused("program a\nports a 99999999999999999999 1\n", 2));
    CHECK(refused("program a\nirq a x\n", 2));
    CHECK(refused("program a\nmemory 3M\n", 2));
    CHECK(refused("program a\nmemory M\n", 2));
    CHECK(refused("program a\nmemory 0\n", 2));
    CHECK(refused("program a\nmemory 2048G\n", 2));
    CHECK(refused("program a\nmemory all\n", 2));
    CHECK(refused("program a\nself x\n", 2));
    CHECK(refused("program a\nterminal\n", 2));
    CHECK(refused("service a a\nrestart sometimes\n", 2));
    CHECK(refused("service one a\nservice two b\nuses one 5000\n", 3));
    CHECK(refused("service one a\nservice two b\nuses one x\n", 3));
    CHECK(refused("service one a\nservice two b\nuses one 257M\n", 3));
    CHECK(refused("program a\nuses averyveryverylongname\n", 2));
    CHECK(refused("program a\nuses averyveryverylongname 4K\n", 2));
    CHECK(refused("service one a\nservice two b\nuses one 140M\nservice three c\nuses one 140M\n",
                  5));
}

TEST("an unknown file, an unknown service and a double name are refused")
{
    CHECK(refused("program a\nprogram nosuch\n", 2));
    CHECK(refused("service one a\n\nuses two\n", 3));
    CHECK(refused("service one a\nafter two\n", 2));
    CHECK(refused("service one a\nservice one b\n", 2));
    CHECK(refused("program a\nprogram a\n", 2));
    CHECK(refused("service one a\nterminal\nservice two b\nterminal\n", 3));
}

TEST("a cycle is refused, however long")
{
    CHECK(refused("service one a\nuses one\n", 1));
    CHECK(refused("service one a\nuses two\nservice two b\nafter one\n", 1));
    CHECK(refused("service four d\nservice one a\nuses two\nservice two b\nuses three\n"
                  "service three c\nafter one\n",
                  2));
}

TEST("two owners of one device are refused")
{
    CHECK(refused("service one a\nports x 0x100 8\nservice two b\nports x 0x107 1\n", 4));
    CHECK(refused("service one a\nirq x 4\nprogram b\nirq x 4\n", 4));
    CHECK(refused("service one a\nports x 0x100 8\nports y 0x100 8\n", 3));
    compile("service one a\nports x 0x100 8\nservice two b\nports x 0x108 1\n");
    CHECK(description.fault == nullptr);
}

TEST("too much of anything is refused")
{
    char text[8192] = "";
    repeat(text, "program a\n", KOZO_SYSTEM_PROGRAMS + 1);
    CHECK(refused(text, KOZO_SYSTEM_PROGRAMS + 1));
    repeat(text, "program a\n", 1);
    repeat(text + strlen(text), "self\n", KOZO_SYSTEM_GRANTS + 1);
    CHECK(refused(text, KOZO_SYSTEM_GRANTS + 2));
    repeat(text, "service one a\n", 1);
    repeat(text + strlen(text), "uses one\n", KOZO_SYSTEM_USES + 1);
    CHECK(refused(text, KOZO_SYSTEM_USES + 2));
}

TEST("bytes that are no text are refused or mean nothing")
{
    char text[256];
    memset(text, 'x', sizeof text);
    description_read(&description, text, sizeof text);
    CHECK(description.fault != nullptr);
    memset(text, 0, sizeof text);
    description_read(&description, text, sizeof text);
    CHECK(description.fault != nullptr);
    srand(3);
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < 200; i++) {
            text[i] = "program self\n ports 0x1\t#service uses a"[rand() % 39];
        }
        description_read(&description, text, 200);
        description_order(&description, files, 4);
        if (description.fault == nullptr) {
            CHECK(kozo_system_check(&description.system, sizeof description.system) == nullptr);
        }
    }
}

TEST("a table with any byte changed is refused, or has nothing in it out of range")
{
    compile("service one a\nports x 0x100 8\nterminal\nservice two b\nuses one\nprogram c\nself\n");
    REQUIRE(description.fault == nullptr);
    struct kozo_system *changed = malloc(sizeof *changed);
    REQUIRE(changed != nullptr);
    for (size_t i = 0; i < sizeof *changed; i++) {
        *changed = description.system;
        ((uint8_t *)changed)[i] ^= 0xff;
        if (kozo_system_check(changed, sizeof *changed) == nullptr) {
            CHECK(changed->programs <= KOZO_SYSTEM_PROGRAMS && changed->magic == KOZO_SYSTEM_MAGIC);
        }
    }
    *changed = description.system;
    CHECK(kozo_system_check(changed, sizeof *changed - 1) != nullptr);
    changed->program[1].use[0].program = 1;
    CHECK(kozo_system_check(changed, sizeof *changed) != nullptr);
    *changed = description.system;
    changed->program[1].use[0].place = 2;
    CHECK(kozo_system_check(changed, sizeof *changed) != nullptr);
    free(changed);
}
