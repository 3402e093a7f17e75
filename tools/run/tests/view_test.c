// SPDX-License-Identifier: MIT
// What the runner finds out about a program before it starts a machine: the tree that the program
// will see, walks in it, and whether all that it needs is there. Each test has a folder of its own.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../closure.h"
#include "../needs.h"
#include "../view.h"
#include "test.h"

static char top[32];
static struct view view;

static const char *inside(const char *path)
{
    static char text[4][512];
    static unsigned turn;
    turn = (turn + 1) % 4;
    (void)snprintf(text[turn], sizeof text[turn], "%s/%s", top, path);
    return text[turn];
}

static void put_bytes(const char *path, const void *bytes, size_t length, mode_t mode)
{
    int file = open(inside(path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file >= 0) {
        CHECK(write(file, bytes, length) == (ssize_t)length && fchmod(file, mode) == 0);
        (void)close(file);
    }
}

static void put_text(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text), 0755);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

// Removes what the test before has left.
static void clean(void)
{
    if (top[0] != '\0') {
        view_end(&view);
        view = (struct view){};
        nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        top[0] = '\0';
    }
}

// usr, with usr/bin and usr/lib; home, shared at /house/a; the link /bin to usr/bin.
static bool begin(void)
{
    static bool registered;
    clean();
    registered = registered || atexit(clean) == 0;
    strcpy(top, "/tmp/kozo-view-XXXXXX");
    bool made = mkdtemp(top) != nullptr;
    static const char *const folders[] = {"usr", "usr/bin", "usr/lib", "usr/lib/deep", "home"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        made = made && mkdir(inside(folders[i]), 0755) == 0;
    }
    view = (struct view){.files.stream = -1, .files.watch = -1};
    return made && view_add(&view, "/usr", "usr", inside("usr"), false, nullptr) == 0 &&
           view_add(&view, "/house/a", "share", inside("home"), true, nullptr) == 0 &&
           view_add_link(&view, "/bin", "usr/bin") == 0;
}

static bool leads(const char *path, const char *whole)
{
    struct view_found found;
    return view_find(&view, path, &found) == 0 && strcmp(found.whole, whole) == 0;
}

static int error_of(const char *path)
{
    struct view_found found;
    return -view_find(&view, path, &found);
}

TEST("paths lead into places, through links of the view and of the places")
{
    REQUIRE(begin());
    put_text("usr/bin/tool", "x");
    CHECK(symlink("tool", inside("usr/bin/same")) == 0);
    CHECK(symlink("/bin/tool", inside("usr/bin/absolute")) == 0);
    CHECK(symlink("../../house/a/own", inside("usr/bin/elsewhere")) == 0);
    put_text("home/own", "x");
    CHECK(leads("/usr/bin/tool", "/usr/bin/tool") && leads("/bin/tool", "/usr/bin/tool"));
    CHECK(leads("/bin/same", "/usr/bin/tool") && leads("/bin/absolute", "/usr/bin/tool"));
    CHECK(leads("/bin/elsewhere", "/house/a/own") &&
          leads("//bin/./../bin//tool", "/usr/bin/tool"));
    CHECK(leads("/", "/") && leads("/..", "/") && leads("/house", "/house"));
}

TEST("what is not there, lies outside, or goes round in circles is told apart")
{
    REQUIRE(begin());
    struct view_found found;
    CHECK(view_find(&view, "/usr/none", &found) == -ENOENT && !found.outside);
    CHECK(view_find(&view, "/etc/passwd", &found) == -ENOENT && found.outside);
    CHECK(view_find(&view, "/house/b", &found) == -ENOENT && found.outside);
    CHECK(symlink("round", inside("usr/round")) == 0 && error_of("/usr/round") == ELOOP);
    put_text("usr/file", "x");
    CHECK(error_of("/usr/file/x") == ENOTDIR && error_of("relative") == ENOENT);
    CHECK(symlink("/etc/passwd", inside("usr/way-out")) == 0 && error_of("/usr/way-out") == ENOENT);
}

TEST("paths as long as they may be, and longer, harm nothing")
{
    REQUIRE(begin());
    static char path[3 * PLACE_PATH];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    CHECK(error_of(path) == ENOENT);
    path[PLACE_PATH - 1] = '\0';
    CHECK(error_of(path) != 0);
    char target[PLACE_PATH - 1];
    memset(target, 'b', sizeof target);
    target[sizeof target - 1] = '\0';
    CHECK(symlink(target, inside("usr/long")) == 0 && error_of("/usr/long/x") != 0);
}

// --- What programs need

constexpr size_t ELF_SIZE = 1'024;

struct sample {
    Elf64_Ehdr header;
    Elf64_Phdr segment[3];
    Elf64_Dyn dynamic[8];
    char interpreter[32];
    char text[256];
};
static_assert(sizeof(struct sample) <= ELF_SIZE);

// A program that needs an interpreter and a library; `path` is where it looks first.
static struct sample sample(const char *interpreter, const char *library, const char *path)
{
    struct sample elf = {
        .header =
            {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                .e_type = ET_DYN,
                .e_machine = EM_X86_64,
                .e_phoff = offsetof(struct sample, segment),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 3,
            },
        .segment =
            {
                {.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = sizeof(struct sample)},
                {.p_type = PT_INTERP,
                 .p_offset = offsetof(struct sample, interpreter),
                 .p_filesz = sizeof elf.interpreter},
                {.p_type = PT_DYNAMIC,
                 .p_offset = offsetof(struct sample, dynamic),
                 .p_filesz = sizeof elf.dynamic},
            },
        .dynamic =
            {
                {.d_tag = DT_STRTAB, .d_un.d_val = 0x1000 + offsetof(struct sample, text)},
                {.d_tag = DT_NEEDED, .d_un.d_val = 1},
                {.d_tag = path[0] != '\0' ? DT_RUNPATH : DT_DEBUG, .d_un.d_val = 100},
                {.d_tag = DT_NULL},
            },
    };
    (void)snprintf(elf.interpreter, sizeof elf.interpreter, "%s", interpreter);
    (void)snprintf(elf.text + 1, 90, "%s", library);
    (void)snprintf(elf.text + 100, 100, "%s", path);
    return elf;
}

static struct needs needs_of(const struct sample *elf, size_t size)
{
    struct needs needs;
    needs_read(&needs, elf, size);
    return needs;
}

TEST("a program's interpreter, libraries and paths are read from its file")
{
    struct sample elf = sample("/lib/ld.so", "libone.so", "/opt/lib");
    struct needs needs = needs_of(&elf, sizeof elf);
    REQUIRE(needs.kind == NEEDS_ELF && needs.libraries == 1);
    CHECK(strcmp(needs.interpreter, "/lib/ld.so") == 0 && strcmp(needs.rpath, "/opt/lib") == 0);
    CHECK(strcmp(needs.library[0], "libone.so") == 0 && needs.soname == nullptr);
}

TEST("a file that is cut short anywhere is no program, and nothing beyond it is read")
{
    struct sample elf = sample("/lib/ld.so", "libone.so", "/opt/lib");
    for (size_t size = 0; size < sizeof elf; size++) {
        void *copy = malloc(size + 1);
        REQUIRE(copy != nullptr);
        memcpy(copy, &elf, size);
        struct needs needs;
        needs_read(&needs, copy, size);
        CHECK(needs.kind == (size < SELFMAG ? NEEDS_UNKNOWN : NEEDS_WRONG));
        free(copy);
    }
}

TEST("programs of other machines and damaged ones are told apart")
{
    struct sample elf = sample("/lib/ld.so", "libone.so", "");
    elf.header.e_machine = EM_AARCH64;
    CHECK(strstr(needs_of(&elf, sizeof elf).reason, "aarch64") != nullptr);
    elf.header.e_machine = EM_RISCV;
    CHECK(strstr(needs_of(&elf, sizeof elf).reason, "another machine") != nullptr);
    elf.header.e_ident[EI_CLASS] = ELFCLASS32;
    CHECK(strstr(needs_of(&elf, sizeof elf).reason, "32-bit") != nullptr);
    elf = sample("/lib/ld.so", "libone.so", "");
    elf.header.e_type = ET_REL;
    CHECK(needs_of(&elf, sizeof elf).kind == NEEDS_WRONG);
    elf = sample("/lib/ld.so", "libone.so", "");
    elf.dynamic[1].d_un.d_val = 100'000;
    CHECK(needs_of(&elf, sizeof elf).kind == NEEDS_WRONG);
    elf.dynamic[0].d_un.d_val = UINT64_MAX;
    CHECK(needs_of(&elf, sizeof elf).libraries == 0);
}

static struct needs script(const char *text)
{
    struct needs needs;
    needs_read(&needs, text, strlen(text));
    return needs;
}

TEST("a script names its interpreter, with or without blanks, argument and newline")
{
    CHECK(strcmp(script("#!/bin/sh\nx").script, "/bin/sh") == 0);
    CHECK(strcmp(script("#! \t/bin/sh -e\n").script, "/bin/sh") == 0);
    CHECK(strcmp(script("#!/bin/sh").script, "/bin/sh") == 0);
    CHECK(script("#!\n").kind == NEEDS_WRONG && script("#!").kind == NEEDS_WRONG);
    char text[400];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "#!/", 3);
    CHECK(script(text).kind == NEEDS_WRONG && script("text").kind == NEEDS_UNKNOWN);
}

static bool is_told(const char *path, int status, const char *part)
{
    struct closure closure = closure_check(&view, path, "it");
    return closure.status == status && strstr(closure.problem, part) != nullptr;
}

TEST("a program that has all that it needs is fine, wherever it is told to look")
{
    REQUIRE(begin());
    struct sample library = sample("", "libtwo.so", "");
    struct sample last = sample("", "libone.so", "");
    struct sample elf = sample("/usr/lib/ld.so", "libone.so", "/nowhere:$ORIGIN/../lib/deep");
    put_text("usr/lib/ld.so", "x");
    put_bytes("usr/bin/tool", &elf, sizeof elf, 0755);
    CHECK(is_told("/bin/tool", 127, "it needs the library libone.so"));
    put_bytes("usr/lib/deep/libone.so", &library, sizeof library, 0644);
    CHECK(is_told("/bin/tool", 127, "it needs the library libtwo.so"));
    put_bytes("usr/lib/libtwo.so", &last, sizeof last, 0644);
    CHECK(is_told("/bin/tool", 0, ""));
    last.header.e_machine = EM_AARCH64;
    put_bytes("usr/lib/libtwo.so", &last, sizeof last, 0644);
    CHECK(is_told("/bin/tool", 127, "libtwo.so"));
}

TEST("folders of libraries are those of the settings too")
{
    REQUIRE(begin());
    struct sample library = sample("", "libone.so", "");
    struct sample elf = sample("/usr/lib/ld.so", "libone.so", "");
    put_text("usr/lib/ld.so", "x");
    put_bytes("usr/bin/tool", &elf, sizeof elf, 0755);
    put_bytes("usr/lib/deep/libone.so", &library, sizeof library, 0644);
    CHECK(is_told("/bin/tool", 127, "libone.so"));
    CHECK(mkdir(inside("etc"), 0755) == 0 && mkdir(inside("etc/ld.so.conf.d"), 0755) == 0);
    put_text("etc/ld.so.conf.d/one.conf", "# a remark\n/usr/none\n/usr/lib/deep \n");
    REQUIRE(view_add(&view, "/etc", "etc", inside("etc"), false, nullptr) == 0);
    CHECK(is_told("/bin/tool", 0, ""));
}

TEST("what can't be run is told with its reason")
{
    REQUIRE(begin());
    struct sample elf = sample("/usr/lib/none.so", "libone.so", "");
    put_bytes("usr/bin/tool", &elf, sizeof elf, 0755);
    CHECK(is_told("/bin/tool", 127, "/usr/lib/none.so"));
    CHECK(is_told("/bin/none", 127, "no program /bin/none") && is_told("/bin", 126, "folder"));
    put_bytes("usr/bin/plain", &elf, sizeof elf, 0644);
    CHECK(is_told("/bin/plain", 126, "executed"));
    put_text("usr/bin/empty", "");
    CHECK(is_told("/bin/empty", 126, "neither"));
    put_text("usr/bin/round", "#!/bin/round\n");
    CHECK(is_told("/bin/round", 126, "interpreter"));
    put_text("usr/bin/script", "#!/bin/none\n");
    CHECK(is_told("/bin/script", 127, "it can't be run: there is no program /bin/none"));
}
