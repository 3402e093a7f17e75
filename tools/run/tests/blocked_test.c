// SPDX-License-Identifier: MIT
#include "../blocked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static char said[8'192];

// What is said about records, as it arrives on standard error.
static size_t tell(const char *records, size_t length, const char *program)
{
    struct told blocked = {};
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    CHECK(file != nullptr && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
    // In pieces, as they come.
    for (size_t done = 0; done < length; done += 7) {
        size_t piece = length - done < 7 ? length - done : 7;
        told_take(&blocked, (const uint8_t *)records + done, piece);
    }
    static const struct policy_folders folders = {"/users/me", "/users/me/Documents", "",
                                                  "/users/me/work"};
    size_t count = blocked_tell(&blocked, program, &folders);
    CHECK(dup2(kept, STDERR_FILENO) == STDERR_FILENO && close(kept) == 0);
    CHECK(fseek(file, 0, SEEK_SET) == 0);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    CHECK(fclose(file) == 0);
    told_end(&blocked);
    return count;
}

TEST("what was refused is said in English, with what would allow it")
{
    static const char records[] = "r 1 /etc/passwd\0r 3 /users/me/.bashrc\0w 2 /users/me/x";
    CHECK(tell(records, sizeof records, "busybox") == 3);
    CHECK(strcmp(said, "kozo: blocked: files.path.read:/etc/passwd, 1 time\n"
                       "kozo: blocked: files.path.read:/users/me/.bashrc, 3 times\n"
                       "kozo: blocked: files.path.write:/users/me/x, 2 times\n"
                       "kozo: busybox tried to read /etc/passwd (blocked); to allow it: --allow "
                       "files.path.read:/etc/passwd\n") == 0);
}

TEST("several paths in one of a person's folders are one line, by the name of that folder")
{
    static const char records[] =
        "w 2 /users/me/.bashrc\0w 1 /users/me/.profile\0r 1 /users/me/Documents/a\0"
        "r 4 /users/me/Documents/b\0r 1 /users/me/one\0w 1 /users/me/work/x\0w 1 /srv/a\0w 1 "
        "/srv/b";
    CHECK(tell(records, sizeof records, "sh") == 8);
    CHECK(strcmp(said,
                 "kozo: blocked: files.home.write, 3 times, first /users/me/.bashrc; to allow "
                 "it: --allow files.home.write (total control)\n"
                 "kozo: blocked: files.documents.read, 5 times, first /users/me/Documents/a; "
                 "to allow it: --allow files.documents.read\n"
                 "kozo: blocked: files.path.read:/users/me/one, 1 time\n"
                 "kozo: blocked: files.path.write:/users/me/work/x, 1 time\n"
                 "kozo: blocked: files.path.write:/srv/a, 1 time\n"
                 "kozo: blocked: files.path.write:/srv/b, 1 time\n"
                 "kozo: sh tried to change /users/me/.bashrc (blocked); to allow it: --allow "
                 "files.path.write:/users/me/.bashrc\n") == 0);
}

TEST("when nothing was refused, nothing is said, and neither about what programs do without")
{
    static const char records[] = "o 1 /etc/ld.so.preload";
    CHECK(tell("", 0, "busybox") == 0 && said[0] == '\0');
    CHECK(tell(records, sizeof records, "busybox") == 0 && said[0] == '\0');
}

TEST("a record that is malformed or half is passed over")
{
    static const char records[] =
        "\0r\0r 1\0x 1 /a\0r 0 /a\0r x /a\0r 1 a\0r 1 /a/../b\0r 1  /a\0r1 /a\0"
        "r 99999999999999999999 /a\0r 1 /good\0r 1 /half";
    CHECK(tell(records, sizeof records - 1, "busybox") == 1);
    CHECK(strstr(said, "files.path.read:/good, 1 time\n") != nullptr);
}

TEST("a path can neither draw nor fill the screen")
{
    char records[600] = "r 1 /tmp/\xe2\x80\xae"
                        "dwssap\0r 1 /";
    size_t start = 2 + strlen(records) + 5;
    memset(records + start, 'x', 400);
    CHECK(tell(records, start + 401, "\x1b[2J") == 2);
    CHECK(strchr(said, 0x1b) == nullptr && strstr(said, "\\u{202e}dwssap") != nullptr);
    CHECK(strstr(said, "\\u{1b}[2J tried to read") != nullptr && strlen(said) < 600);
}

TEST("of many refusals the first few are shown, and how many more there are")
{
    static char records[1'000];
    size_t length = 0;
    for (unsigned i = 0; i < 20; i++) {
        length += (size_t)snprintf(records + length, sizeof records - length, "r 1 /f%u", i) + 1;
    }
    CHECK(tell(records, length, "busybox") == 20);
    CHECK(strstr(said, "/f7, 1 time\nkozo: and 12 more\n") != nullptr);
    CHECK(strstr(said, "/f8,") == nullptr);
}

TEST("a guest that never ends telling is heard up to a limit")
{
    struct told blocked = {};
    static uint8_t bytes[65'536];
    for (size_t i = 0; i < 32; i++) {
        told_take(&blocked, bytes, sizeof bytes);
    }
    CHECK(blocked.length == TOLD_SIZE);
    told_end(&blocked);
}
