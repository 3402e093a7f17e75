// SPDX-License-Identifier: MIT
// Each test has a folder of its own, with files, links and folders in it.
#include "../grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct grants *grants;
static char root[] = "/tmp/kozo-grants-XXXXXX";
static char home[64];

static void make_file(const char *path)
{
    FILE *file = fopen(path, "we");
    CHECK(file != nullptr && fclose(file) == 0);
}

// Makes the folder once, and goes there: own/{a,b,.ssh/key,Docs/}, link → own/a, alias → own.
static void begin(void)
{
    static bool made;
    if (!made) {
        CHECK(mkdtemp(root) != nullptr && chdir(root) == 0);
        CHECK(mkdir("own", 0755) == 0 && mkdir("own/.ssh", 0755) == 0);
        CHECK(mkdir("own/Docs", 0755) == 0 && symlink("own/a", "link") == 0);
        CHECK(symlink("own", "alias") == 0);
        make_file("own/a");
        make_file("own/b");
        make_file("own/.ssh/key");
        made = true;
    }
    (void)snprintf(home, sizeof home, "%s/own", root);
    static const struct policy_folders none = {.documents = "", .downloads = "", .folder = ""};
    struct policy_folders folders = none;
    folders.home = home;
    grants = malloc(sizeof *grants);
    REQUIRE(grants != nullptr);
    CHECK(grants_begin(grants, &folders));
    CHECK(grants_add(grants, "files.system.read", false));
}

static void end(void)
{
    grants_end(grants);
    free(grants);
}

// A name whose scope is a path in the folder.
static bool add(const char *name, const char *path, bool allow)
{
    char text[256];
    (void)snprintf(text, sizeof text, "%s:%s%s", name, root, path);
    return grants_add(grants, text, allow);
}

static const struct grants_place *place_at(const char *path)
{
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    for (size_t i = 0; i < grants->count; i++) {
        if (strcmp(grants->place[i].path, whole) == 0) {
            return &grants->place[i];
        }
    }
    return nullptr;
}

static bool has(const struct grants_list *list, const char *name)
{
    for (size_t i = 0; list->name[i] != nullptr; i++) {
        if (strcmp(list->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

TEST("without any permission there is no place, but for the public ones")
{
    begin();
    CHECK(grants_plan(grants) && grants->count == 0 && grants->links == 0);
    grants->denied = 0;
    CHECK(grants_plan(grants));
    bool etc = false;
    for (size_t i = 0; i < grants->count; i++) {
        CHECK(!grants->place[i].write && grants->place[i].writable.count == 0);
        if (strcmp(grants->place[i].path, "/etc") == 0) {
            etc = true;
            CHECK(!grants->place[i].whole && has(&grants->place[i].only, "os-release"));
            CHECK(!has(&grants->place[i].only, "passwd") && !has(&grants->place[i].only, "shadow"));
        }
    }
    CHECK(etc);
    end();
}

TEST("a folder becomes a place, to read or to change")
{
    begin();
    CHECK(add("files.path.read", "/own/Docs", true));
    CHECK(grants_add(grants, "files.home.write", true));
    CHECK(grants_plan(grants));
    REQUIRE(grants->count == 1 && place_at("/own") != nullptr);
    CHECK(place_at("/own")->whole && place_at("/own")->write);
    end();
}

TEST("a folder that may be changed stays apart from one around it that can only be read")
{
    begin();
    CHECK(add("files.path.write", "/own/Docs", true));
    CHECK(grants_add(grants, "files.home.read", true));
    CHECK(grants_plan(grants));
    REQUIRE(grants->count == 2 && place_at("/own") != nullptr && place_at("/own/Docs") != nullptr);
    CHECK(!place_at("/own")->write && place_at("/own/Docs")->write);
    end();
}

TEST("a single file is a place that shows its name and nothing beside it")
{
    begin();
    CHECK(add("files.path.read", "/own/a", true));
    CHECK(add("files.path.write", "/own/new", true));
    CHECK(grants_plan(grants));
    const struct grants_place *place = place_at("/own");
    REQUIRE(place != nullptr && grants->count == 1);
    CHECK(!place->whole && !place->write);
    CHECK(has(&place->only, "a") && has(&place->only, "new") && !has(&place->only, "b"));
    CHECK(has(&place->writable, "new") && !has(&place->writable, "a"));
    end();
}

TEST("all files are the folders of the root, but for those of which a program has its own")
{
    begin();
    CHECK(grants_add(grants, "files.all.read", true));
    CHECK(grants_plan(grants));
    for (size_t i = 0; i < grants->count; i++) {
        const char *path = grants->place[i].path;
        CHECK(strcmp(path, "/") != 0 && strcmp(path, "/proc") != 0 && strcmp(path, "/tmp") != 0);
        // The public files were denied, and they are among all files.
        CHECK(!grants->place[i].write && strcmp(path, "/usr") != 0 && strcmp(path, "/etc") != 0);
    }
    grants->denied = 0;
    CHECK(grants_plan(grants));
    bool usr = false;
    for (size_t i = 0; i < grants->count; i++) {
        usr = usr || strcmp(grants->place[i].path, "/usr") == 0;
    }
    CHECK(usr);
    end();
}

TEST("what is given below a place of single files is one of its paths")
{
    begin();
    CHECK(add("files.path.read", "/own/.ssh/key", true));
    CHECK(add("files.path.write", "/own/Docs", true));
    CHECK(add("files.path.read", "/own/a", true));
    CHECK(grants_plan(grants));
    const struct grants_place *place = place_at("/own");
    REQUIRE(place != nullptr && grants->count == 1);
    CHECK(has(&place->only, "a") && has(&place->only, ".ssh/key") && has(&place->only, "Docs"));
    CHECK(has(&place->writable, "Docs") && place->writable.count == 1 && !place->whole);
    CHECK(add("files.path.read", "/own/.ssh", false));
    CHECK(grants_plan(grants));
    place = place_at("/own");
    REQUIRE(place != nullptr);
    CHECK(!has(&place->only, ".ssh/key") && has(&place->except, ".ssh") && has(&place->only, "a"));
    end();
}

TEST("a link is given with what it leads to")
{
    begin();
    CHECK(add("files.path.read", "/link", true));
    CHECK(grants_plan(grants));
    REQUIRE(grants->links == 1 && place_at("/own") != nullptr);
    CHECK(strcmp(grants->link[0].target, "own/a") == 0);
    CHECK(has(&place_at("/own")->only, "a"));
    end();
}

TEST("a denial takes its part out of a place")
{
    begin();
    CHECK(grants_add(grants, "files.home.read", true));
    CHECK(add("files.path.read", "/own/.ssh", false));
    CHECK(grants_plan(grants));
    REQUIRE(place_at("/own") != nullptr);
    CHECK(has(&place_at("/own")->except, ".ssh"));
    end();
}

TEST("a denial of writing leaves reading")
{
    begin();
    CHECK(grants_add(grants, "files.home.write", true));
    CHECK(add("files.path.write", "/own/Docs", false));
    CHECK(grants_plan(grants));
    const struct grants_place *place = place_at("/own");
    REQUIRE(place != nullptr);
    CHECK(place->write && has(&place->except_write, "Docs") && place->except.count == 0);
    end();
}

TEST("a denial wins over an equal permission, over a narrower one, and over a single file")
{
    begin();
    CHECK(add("files.path.read", "/own/Docs", true));
    CHECK(add("files.path.write", "/own/a", true));
    CHECK(grants_add(grants, "files.home.read", false));
    CHECK(grants_plan(grants) && grants->count == 0);
    end();
    begin();
    CHECK(add("files.path.read", "/own/a", true));
    CHECK(add("files.path.read", "/own/b", true));
    CHECK(add("files.path.read", "/own/b", false));
    CHECK(grants_plan(grants));
    REQUIRE(place_at("/own") != nullptr);
    CHECK(has(&place_at("/own")->only, "a") && !has(&place_at("/own")->only, "b"));
    end();
}

TEST("a denial holds by another name of the same folder as well")
{
    begin();
    CHECK(add("files.path.read", "/alias/Docs", true));
    CHECK(add("files.path.read", "/own/Docs", false));
    CHECK(grants_plan(grants) && grants->count == 0);
    end();
    begin();
    CHECK(grants_add(grants, "files.home.read", true));
    CHECK(add("files.path.read", "/alias/.ssh", false));
    CHECK(grants_plan(grants));
    REQUIRE(place_at("/own") != nullptr);
    CHECK(has(&place_at("/own")->except, ".ssh"));
    end();
}

TEST("what is allowed can be asked for by any name that covers it")
{
    struct policy_permission wanted = {.id = POLICY_FILES_PATH_READ};
    begin();
    (void)snprintf(wanted.scope, sizeof wanted.scope, "%s/a", home);
    CHECK(!grants_has(grants, &wanted));
    CHECK(grants_add(grants, "files.home.write", true));
    CHECK(grants_has(grants, &wanted));
    CHECK(add("files.path.read", "/own/a", false));
    CHECK(!grants_has(grants, &wanted));
    end();
}

TEST("what is wrong with a name is said")
{
    begin();
    CHECK(!grants_add(grants, "files.hom.read", true));
    CHECK(strstr(grants->problem, "did you mean files.home.read?") != nullptr);
    CHECK(!grants_add(grants, "camera.use", true));
    CHECK(strcmp(grants->problem, "camera.use can't be given: KOZO has no mediad yet") == 0);
    CHECK(grants_add(grants, "camera.use", false));
    CHECK(add("files.path.read", "/nothing/file", true));
    CHECK(!grants_plan(grants));
    CHECK(strstr(grants->problem, "there is no folder") != nullptr);
    end();
}

TEST("more names than there is room for are refused")
{
    begin();
    for (size_t i = 0; i < GRANTS_NAMES; i++) {
        CHECK(grants_add(grants, "files.home.read", true));
    }
    CHECK(!grants_add(grants, "files.home.read", true));
    end();
}

TEST("a place that the person does not have can't be given")
{
    begin();
    CHECK(grants_add(grants, "files.downloads.read", true));
    CHECK(!grants_plan(grants));
    CHECK(strstr(grants->problem, "files.downloads.read") != nullptr);
    end();
}

TEST("the person's folders come from the surroundings, and the made ones go away")
{
    char path[128];
    begin();
    end();
    CHECK(setenv("HOME", home, 1) == 0);
    (void)snprintf(path, sizeof path, "%s/.config", home);
    CHECK(mkdir(path, 0755) == 0);
    FILE *file = fopen("own/.config/user-dirs.dirs", "we");
    REQUIRE(file != nullptr);
    CHECK(fputs("# folders\nXDG_DOCUMENTS_DIR=\"$HOME/Docs\"\n", file) >= 0 && fclose(file) == 0);
    struct policy_folders folders = grants_folders();
    CHECK(strcmp(folders.home, home) == 0);
    CHECK(strncmp(folders.documents, home, strlen(home)) == 0);
    CHECK(strcmp(folders.documents + strlen(home), "/Docs") == 0);
    CHECK(folders.downloads[0] == '\0');
    CHECK(strcmp(folders.folder, root) == 0);
    static const char *const made[] = {
        "own/.config/user-dirs.dirs", "own/.ssh/key", "own/a", "own/b", "link", "alias"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        CHECK(unlink(made[i]) == 0);
    }
    CHECK(rmdir("own/.config") == 0 && rmdir("own/.ssh") == 0 && rmdir("own/Docs") == 0);
    CHECK(rmdir("own") == 0 && rmdir(root) == 0);
}
