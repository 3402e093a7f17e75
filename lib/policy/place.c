// SPDX-License-Identifier: MIT
#include "place.h"

#include <string.h>

// What files.system.read stands for: of /etc settings, and nothing about accounts, keys or the secrets
// of the network. A name that ends with an asterisk stands for all that begin so.
static const char *const public_places[] = {
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr",
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/bash_completion*",
    "/etc/ca-certificates.conf",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/gitconfig",
    "/etc/host.conf",
    "/etc/inputrc",
    "/etc/issue*",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf*",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic*",
    "/etc/mailcap*",
    "/etc/mime.types",
    "/etc/nanorc",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/perl",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/python*",
    "/etc/rpc",
    "/etc/services",
    "/etc/shells",
    "/etc/terminfo",
    "/etc/timezone",
    "/etc/vim",
    "/etc/xattr.conf",
    "/etc/xdg",
    "/etc/ssl/certs",
};

const char *policy_public_place(size_t number)
{
    return number < sizeof public_places / sizeof public_places[0] ? public_places[number]
                                                                   : nullptr;
}

bool policy_path_is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    if (length == 1) { // everything is below /
        return path[0] == '/';
    }
    return length > 0 && strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static bool is_at_public_place(const char *path, const char *place)
{
    size_t length = strlen(place) - 1;
    return place[length] == '*' ? strncmp(path, place, length) == 0
                                : policy_path_is_below(path, place);
}

bool policy_path_is_public(const char *path)
{
    for (size_t i = 0; i < sizeof public_places / sizeof public_places[0]; i++) {
        if (is_at_public_place(path, public_places[i])) {
            return true;
        }
    }
    return false;
}

static const char *unless_empty(const char *path)
{
    return path != nullptr && path[0] != '\0' ? path : nullptr;
}

const char *policy_path(const struct policy_folders *folders,
                        const struct policy_permission *permission)
{
    switch (permission->id) {
    case POLICY_FILES_PATH_READ:
    case POLICY_FILES_PATH_WRITE:
        return permission->scope;
    case POLICY_FILES_HOME_READ:
    case POLICY_FILES_HOME_WRITE:
        return unless_empty(folders->home);
    case POLICY_FILES_DOCUMENTS_READ:
    case POLICY_FILES_DOCUMENTS_WRITE:
        return unless_empty(folders->documents);
    case POLICY_FILES_DOWNLOADS_READ:
    case POLICY_FILES_DOWNLOADS_WRITE:
        return unless_empty(folders->downloads);
    case POLICY_FILES_FOLDER_READ:
    case POLICY_FILES_FOLDER_WRITE:
        return unless_empty(folders->folder);
    case POLICY_FILES_ALL_READ:
    case POLICY_FILES_ALL_WRITE:
        return "/";
    default:
        return nullptr;
    }
}

// --- Covering -----------------------------------------------------------------------------------

// A host covers each of its ports.
static bool scope_covers(enum policy_scope kind, const char *granted, const char *wanted)
{
    size_t length = strlen(granted);
    if (length == 0 || strcmp(granted, wanted) == 0) {
        return true;
    }
    return kind == POLICY_SCOPE_HOST && strncmp(granted, wanted, length) == 0 &&
           wanted[length] == ':' && strchr(wanted + length + 1, ':') == nullptr;
}

static bool verb_is(enum policy_id id, const char *verb)
{
    return strcmp(policy_name(id)->text + policy_object(id) + 1, verb) == 0;
}

// Who may write may read the same, and who may configure may see it.
static bool name_covers(enum policy_id granted, enum policy_id wanted)
{
    if (granted == wanted) {
        return true;
    }
    size_t length = policy_object(granted);
    bool same = policy_object(wanted) == length &&
                memcmp(policy_name(granted)->text, policy_name(wanted)->text, length) == 0;
    return same && ((verb_is(granted, "write") && verb_is(wanted, "read")) ||
                    (verb_is(granted, "configure") && verb_is(wanted, "view")));
}

static bool path_covers(const char *granted, const char *wanted, uint8_t granted_rights,
                        uint8_t wanted_rights)
{
    return (wanted_rights & ~granted_rights) == 0 && policy_path_is_below(wanted, granted);
}

bool policy_covers(const struct policy_folders *folders, const struct policy_permission *granted,
                   const struct policy_permission *wanted)
{
    const char *path = policy_path(folders, wanted);
    const char *place = policy_path(folders, granted);
    if (path != nullptr && place != nullptr) {
        return path_covers(place, path, policy_rights(granted->id), policy_rights(wanted->id));
    }
    if (path != nullptr && granted->id == POLICY_FILES_SYSTEM_READ) {
        return policy_rights(wanted->id) == POLICY_READ && policy_path_is_public(path);
    }
    if (place != nullptr && wanted->id == POLICY_FILES_SYSTEM_READ) {
        return place[1] == '\0'; // all files hold the public ones
    }
    return name_covers(granted->id, wanted->id) &&
           scope_covers(policy_name(wanted->id)->scope, granted->scope, wanted->scope);
}
