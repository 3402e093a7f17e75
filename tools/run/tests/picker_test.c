// SPDX-License-Identifier: MIT
// Choosing a file: what may be given, and how lines that are typed are taken. The folder is not in /tmp, where programs have files of
// their own.
#include "../picker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char root[] = "/var/tmp/kozo-picker-XXXXXX";
static struct picker picker;
static char problem[160];
static char real[POLICY_SCOPE_SIZE];
static bool folder;

static void make_file(const char *name)
{
    char path[POLICY_SCOPE_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "we");
    CHECK(file != nullptr && fclose(file) == 0);
}

// Names in folders stand before those.
static void forget(void)
{
    static const char *const names[] = {"/sub/inner", "/sub",       "/a",    "/.env", "/fifo",
                                        "/link",      "/to-secret", "/loop", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[POLICY_SCOPE_SIZE];
        (void)snprintf(path, sizeof path, "%s%s", root, names[i]);
        (void)remove(path);
    }
}

static void make_others(void)
{
    char path[POLICY_SCOPE_SIZE];
    (void)snprintf(path, sizeof path, "%s/sub", root);
    CHECK(mkdir(path, 0755) == 0);
    (void)snprintf(path, sizeof path, "%s/fifo", root);
    CHECK(mkfifo(path, 0644) == 0);
    (void)snprintf(path, sizeof path, "%s/link", root);
    CHECK(symlink("a", path) == 0);
    (void)snprintf(path, sizeof path, "%s/to-secret", root);
    CHECK(symlink(".env", path) == 0);
    (void)snprintf(path, sizeof path, "%s/loop", root);
    CHECK(symlink("loop", path) == 0);
}

// a, fifo, link → a, loop → itself, sub/inner, to-secret → .env
static void begin(void)
{
    static bool made;
    if (!made) {
        CHECK(mkdtemp(root) != nullptr && atexit(forget) == 0);
        make_others();
        make_file("a");
        make_file(".env");
        make_file("sub/inner");
        made = true;
    }
    picker_begin(&picker, root, false);
}

static bool resolves(const char *path)
{
    struct policy_text text = policy_text(problem, sizeof problem);
    return picker_resolve(root, path, false, real, &folder, &text);
}

static bool is_refused(const char *path, const char *words)
{
    return !resolves(path) && strstr(problem, words) != nullptr;
}

static enum picker_turn take(const char *line)
{
    return picker_take(&picker, line, strlen(line), 47);
}

TEST("an ordinary file is given by where it really is")
{
    begin();
    char whole[POLICY_SCOPE_SIZE];
    (void)snprintf(whole, sizeof whole, "%s/a", root);
    CHECK(resolves("a") && strcmp(real, whole) == 0);
    CHECK(resolves("link") && strcmp(real, whole) == 0);
    CHECK(resolves("sub/../a") && strcmp(real, whole) == 0);
    CHECK(resolves(whole) && strcmp(real, whole) == 0 && !folder);
    CHECK(setenv("HOME", root, 1) == 0 && resolves("~/a") && strcmp(real, whole) == 0);
}

TEST("what is no ordinary file, is not there, is secret or a program's own is refused in words")
{
    begin();
    CHECK(is_refused("sub", "it is a folder") && folder);
    CHECK(is_refused("none", "there is no such file") && !folder);
    CHECK(is_refused("a/b", "there is no such file") && is_refused("loop", "no such file"));
    CHECK(is_refused("fifo", "no ordinary file") && is_refused("/dev/null", "no ordinary file"));
    CHECK(is_refused("to-secret", "only --allow gives that"));
    CHECK(is_refused(".env", "only --allow gives that"));
    char path[2 * POLICY_SCOPE_SIZE] = "";
    memset(path, 'x', sizeof path - 1);
    CHECK(!resolves(path));
    char name[] = "/tmp/kozo-picker-XXXXXX";
    int file = mkstemp(name);
    CHECK(file >= 0 && is_refused(name, "files of its own there"));
    CHECK(close(file) == 0 && unlink(name) == 0);
}

TEST("a number of the list or a path behind the digits chooses, and a folder is looked into")
{
    begin();
    CHECK(picker.count == 6 && !picker.more && strcmp(picker.name[0].text, "a") == 0);
    CHECK(take("47 1") == PICKER_CHOSEN && strstr(picker.path, "/a") != nullptr);
    begin();
    CHECK(take(" 47link \r") == PICKER_CHOSEN);
    begin();
    CHECK(take("47 sub") == PICKER_ELSEWHERE && picker.count == 1);
    CHECK(take("47 ..") == PICKER_ELSEWHERE && picker.count == 6);
    CHECK(take("47 sub") == PICKER_ELSEWHERE && take("471") == PICKER_CHOSEN);
    CHECK(strstr(picker.path, "/sub/inner") != nullptr);
}

TEST("a line of its own or an n is a no, and anything without the digits is no answer")
{
    begin();
    CHECK(take("") == PICKER_NO && take("  ") == PICKER_NO);
    CHECK(take("47n") == PICKER_NO && take("47 n") == PICKER_NO);
    static const char *const wrong[] = {"a", "1", "47", "47 ", "48 1", "74a", "4", "47 99", "47 7"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(take(wrong[i]) == PICKER_UNCLEAR && picker.problem[0] != '\0');
    }
    CHECK(picker.path[0] == '\0');
}

TEST("no name can draw anything of its own, and no line is longer than 80 cells")
{
    static char buffer[16'384];
    begin();
    for (size_t i = 0; i < PICKER_NAMES; i++) {
        struct picker_name *name = &picker.name[i];
        memset(name->text, i % 2 == 0 ? '\x1b' : 'x', sizeof name->text - 1);
        name->folder = i % 3 == 0;
    }
    picker.count = PICKER_NAMES;
    picker.more = true;
    struct policy_text text = policy_text(buffer, sizeof buffer);
    picker_draw(&picker, &text, 47);
    CHECK(!text.cut && strchr(buffer, 0x1b) == nullptr);
    for (const char *line = buffer; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        CHECK(length <= POLICY_QUESTION_CELLS);
        line += length + (line[length] == '\n');
    }
}
