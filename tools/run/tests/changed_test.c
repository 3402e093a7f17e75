// SPDX-License-Identifier: MIT
#include "../changed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static char said[8'192];

// What is said about paths, as it arrives on standard error.
static size_t tell(const char *paths, size_t length)
{
    struct told changed = {};
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    CHECK(file != nullptr && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
    // In pieces, as they come.
    for (size_t done = 0; done < length; done += 5) {
        size_t piece = length - done < 5 ? length - done : 5;
        told_take(&changed, (const uint8_t *)paths + done, piece);
    }
    size_t count = changed_tell(&changed);
    CHECK(dup2(kept, STDERR_FILENO) == STDERR_FILENO && close(kept) == 0);
    CHECK(fseek(file, 0, SEEK_SET) == 0);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    CHECK(fclose(file) == 0);
    told_end(&changed);
    return count;
}

TEST("what was changed is said, a line for each path, and nothing when nothing was")
{
    static const char paths[] = "/users/me/.bashrc\0/usr/bin/a";
    CHECK(tell(paths, sizeof paths) == 2);
    CHECK(strcmp(said, "kozo: changed only in this run: /users/me/.bashrc\n"
                       "kozo: changed only in this run: /usr/bin/a\n") == 0);
    CHECK(tell("", 0) == 0 && said[0] == '\0');
}

TEST("what is no path, or half a one, is passed over, and none can draw")
{
    static const char paths[] = "\0relative\0/a/../b\0/\x1b[2J\0/a\xe2\x80\xae"
                                "b\0/half";
    CHECK(tell(paths, sizeof paths - 1) == 1);
    CHECK(strcmp(said, "kozo: changed only in this run: /a\\u{202e}b\n") == 0);
}

TEST("of many paths the first few are shown, and a guest that never ends is heard up to a limit")
{
    static char paths[4'000'000];
    size_t length = 0;
    while (length < sizeof paths - 16) {
        length += (size_t)snprintf(paths + length, 16, "/f%zu", length) + 1;
    }
    CHECK(tell(paths, length) > CHANGED_LINES);
    CHECK(strstr(said, "/f0\n") != nullptr && strstr(said, " more\n") != nullptr);
    CHECK(strlen(said) < 600);
}
