// SPDX-License-Identifier: MIT
// Refused paths.
#include "refusal.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "linux.h"

#include <string.h>

constexpr unsigned REFUSALS_MOST = 128;

static struct refusal refusal[REFUSALS_MOST];
static unsigned refusals;
static uint64_t not_noted;

// What programs look for wherever they run, and do without when it is not there; but not when it is there and refused.
static const char *const optional[] = {
    "/etc/ld.so.preload", "/etc/ld.so.nohwcap", "/etc/suid-debug", "/etc/localtime",
    "/etc/inputrc",       "/etc/terminfo",      "/lib64/tls",      "/selinux",
    "/etc/selinux",       "/etc/gitattributes", "/etc/sysless",    "/etc/syslesskey",
};

static bool is_optional(const char *path)
{
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        if (strcmp(path, optional[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void note(const char *path)
{
    for (unsigned i = 0; i < refusals; i++) {
        if (strcmp(refusal[i].path, path) == 0) {
            refusal[i].count++;
            return;
        }
    }
    uint32_t size = (uint32_t)strlen(path) + 1;
    char *copy = refusals < REFUSALS_MOST ? store_take(size) : nullptr;
    if (copy == nullptr) {
        not_noted++;
        return;
    }
    memcpy(copy, path, size);
    refusal[refusals++] = (struct refusal){copy, size, 1, is_optional(path)};
}

int64_t refusal_of(const struct entry *folder, struct name name)
{
    char *buffer = path_buffer();
    char *whole = path_buffer();
    int64_t error = -EACCES;
    if (buffer == nullptr || whole == nullptr) {
        not_noted++;
    } else {
        const char *path = path_of(folder, path_top(), buffer);
        size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);
        if (length + name.length + 2 <= LINUX_PATH_MOST) {
            memcpy(whole, path, length);
            whole[length] = '/';
            memcpy(whole + length + 1, name.bytes, name.length);
            whole[length + 1 + name.length] = '\0';
            note(whole);
            error = is_optional(whole) ? -ENOENT : -EACCES;
        }
    }
    if (whole != nullptr) {
        path_buffer_give(whole);
    }
    if (buffer != nullptr) {
        path_buffer_give(buffer);
    }
    return error;
}

const struct refusal *refusal_at(unsigned place)
{
    return place < refusals ? &refusal[place] : nullptr;
}

uint64_t refusals_not_noted(void)
{
    return not_noted;
}

void refusals_clear(void)
{
    while (refusals > 0) {
        refusals--;
        store_give(refusal[refusals].path, refusal[refusals].size);
    }
    not_noted = 0;
}
