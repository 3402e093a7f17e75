// SPDX-License-Identifier: MIT
// Refused paths.
#include "refusal.h"

#include "../core/call.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "consent.h"
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

// Settings and histories that programs look for in the home of whoever runs them.
static const char *const settings[] = {
    ".bash_aliases",   ".bash_history", ".bash_login",     ".bash_logout", ".bash_profile",
    ".bashrc",         ".cache",        ".config",         ".editrc",      ".exrc",
    ".gitconfig",      ".hgrc",         ".hushlogin",      ".inputrc",     ".less",
    ".lesshst",        ".lesskey",      ".local",          ".profile",     ".pythonstartup.py",
    ".python_history", ".sqliterc",     ".sqlite_history", ".terminfo",    ".vim",
    ".viminfo",        ".vimrc",        ".gvimrc",         ".w3m",         ".wgetrc",
    ".htoprc",         ".toprc",        ".nanorc",         ".locale",      ".lua_history",
};

// Whether a program does without a path; `at_home` is the name in the person's home that it leads to or through, or empty.
static bool is_optional(const char *path, struct name at_home)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (at_home.length == strlen(settings[i]) &&
            memcmp(at_home.bytes, settings[i], at_home.length) == 0) {
            return true;
        }
    }
    // One of them, or what lies below it.
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        size_t length = strlen(optional[i]);
        if (strncmp(path, optional[i], length) == 0 && strchr("/", path[length]) != nullptr) {
            return true;
        }
    }
    return false;
}

static void note(const char *path, enum refusal_kind kind)
{
    for (unsigned i = 0; i < refusals; i++) {
        if (refusal[i].kind == kind && strcmp(refusal[i].path, path) == 0) {
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
    refusal[refusals++] = (struct refusal){copy, size, 1, kind};
}

// A path that grows name by name, in a buffer of LINUX_PATH_MOST bytes.
struct whole {
    char *bytes;
    size_t length;
};

static bool put_name(struct whole *whole, struct name name)
{
    if (whole->length + name.length + 2 > LINUX_PATH_MOST) {
        return false;
    }
    whole->bytes[whole->length++] = '/';
    memcpy(whole->bytes + whole->length, name.bytes, name.length);
    whole->length += name.length;
    whole->bytes[whole->length] = '\0';
    return true;
}

// What was asked for behind a name that was refused. Where that goes up again, nobody knows from where, and the name is all.
static bool put_rest(struct whole *whole, const char *rest)
{
    size_t before = whole->length;
    bool fits = true;
    while (fits && *rest != '\0') {
        rest += strspn(rest, "/");
        struct name name = {rest, strcspn(rest, "/")};
        rest += name.length;
        if (name.length == 2 && memcmp(name.bytes, "..", 2) == 0) {
            whole->length = before;
            whole->bytes[before] = '\0';
            return true;
        }
        bool counts = name.length > 1 || (name.length == 1 && name.bytes[0] != '.');
        fits = !counts || put_name(whole, name);
    }
    return fits;
}

// Builds the whole path in `whole`; false when it is too long.
static bool put_path(struct whole *whole, char *buffer, const struct entry *folder,
                     struct name name, const char *rest)
{
    const char *path = path_of(folder, path_top(), buffer);
    size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);
    memcpy(whole->bytes, path, length);
    whole->length = length;
    return put_name(whole, name) && put_rest(whole, rest);
}

// What becomes of a path that was refused: it is asked for, and if that is of no use, noted.
static int64_t refuse(const char *path, struct name at_home, const struct asked *asked)
{
    bool does_without = !asked->changes && is_optional(path, at_home);
    if (!does_without && !asked->settled) {
        enum consent consent = consent_ask(path, asked->changes);
        if (consent != CONSENT_NO) {
            return consent == CONSENT_GIVEN ? LOOK_AGAIN : -EINTR;
        }
    }
    note(path, asked->changes ? REFUSAL_CHANGE : does_without ? REFUSAL_OPTIONAL : REFUSAL_READ);
    bool absent = does_without || (at_home.length > 0 && !asked->changes);
    return absent ? -ENOENT : -EACCES;
}

int64_t refusal_of(const struct entry *folder, struct name name, const struct asked *asked)
{
    if (asked->quiet) {
        return -EACCES;
    }
    char *buffer = path_buffer();
    struct whole whole = {.bytes = path_buffer()};
    int64_t error = -EACCES;
    if (buffer == nullptr || whole.bytes == nullptr ||
        !put_path(&whole, buffer, folder, name, asked->rest)) {
        not_noted++;
    } else {
        error = refuse(whole.bytes, folder->node->is_home ? name : (struct name){}, asked);
    }
    if (whole.bytes != nullptr) {
        path_buffer_give(whole.bytes);
    }
    if (buffer != nullptr) {
        path_buffer_give(buffer);
    }
    return error;
}

int64_t refusal_of_change(const struct entry *entry, int64_t error)
{
    if ((error != -EROFS && error != -EACCES) || entry == nullptr) {
        return error;
    }
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        not_noted++;
        return error;
    }
    const char *path = path_of(entry, path_top(), buffer);
    enum consent consent = consent_ask(path, true);
    if (consent == CONSENT_NO) {
        note(path, REFUSAL_CHANGE);
    } else {
        // Nothing was done yet. What is given may lie in another place than where the call has come to: it begins again.
        error = consent == CONSENT_GIVEN ? (int64_t)RESTART_CALL : -EINTR;
    }
    path_buffer_give(buffer);
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
