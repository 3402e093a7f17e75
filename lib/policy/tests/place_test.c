// SPDX-License-Identifier: MIT
#include "place.h"

#include <string.h>

#include "test.h"

static const struct policy_folders folders = {
    .home = "/users/me",
    .documents = "/users/me/Documents",
    .downloads = "",
    .folder = "/srv/work",
};

static bool covers(const char *granted, const char *wanted)
{
    struct policy_parsed one = policy_parse(granted, strlen(granted));
    struct policy_parsed other = policy_parse(wanted, strlen(wanted));
    CHECK(one.fault == POLICY_FAULT_NONE && other.fault == POLICY_FAULT_NONE);
    return policy_covers(&folders, &one.permission, &other.permission);
}

TEST("each permission covers itself")
{
    CHECK(covers("camera.use", "camera.use"));
    CHECK(covers("files.path.read:/etc/passwd", "files.path.read:/etc/passwd"));
    CHECK(covers("network.connect:a.org:443", "network.connect:a.org:443"));
    CHECK(covers("files.pick.read", "files.pick.read"));
    CHECK(covers("files.system.read", "files.system.read"));
}

TEST("a folder covers what is below it, and nothing beside it")
{
    CHECK(covers("files.path.read:/etc", "files.path.read:/etc/passwd"));
    CHECK(covers("files.path.read:/", "files.path.read:/etc/passwd"));
    CHECK(!covers("files.path.read:/etc/pass", "files.path.read:/etc/passwd"));
    CHECK(!covers("files.path.read:/etc/passwd", "files.path.read:/etc"));
    CHECK(!covers("files.path.read:/etc/passwd", "files.path.read:/etc/passwd-"));
}

TEST("a person's folders are places like others")
{
    CHECK(covers("files.home.read", "files.path.read:/users/me/x"));
    CHECK(covers("files.home.read", "files.documents.read"));
    CHECK(covers("files.path.read:/users", "files.home.read"));
    CHECK(covers("files.folder.read", "files.path.read:/srv/work/a"));
    CHECK(covers("files.all.read", "files.home.read"));
    CHECK(!covers("files.home.read", "files.path.read:/users/menace"));
    CHECK(!covers("files.documents.read", "files.home.read"));
}

TEST("a folder that the person does not have stands for nothing")
{
    CHECK(!covers("files.all.read", "files.downloads.read"));
    CHECK(!covers("files.downloads.read", "files.path.read:/users/me"));
    CHECK(covers("files.downloads.read", "files.downloads.read"));
}

TEST("writing includes reading, and never the other way round")
{
    CHECK(covers("files.home.write", "files.home.read"));
    CHECK(covers("files.path.write:/srv", "files.folder.read"));
    CHECK(covers("disks.write", "disks.read"));
    CHECK(covers("wifi.configure", "wifi.view"));
    CHECK(!covers("files.home.read", "files.home.write"));
    CHECK(!covers("files.all.read", "files.path.write:/a"));
    CHECK(!covers("wifi.view", "wifi.configure"));
}

TEST("names that begin alike are strangers")
{
    CHECK(!covers("network.connect", "network.view"));
    CHECK(!covers("network.configure", "network.connect"));
    CHECK(!covers("bluetooth.use", "bluetooth.configure"));
    CHECK(!covers("clipboard.control", "clipboard.read"));
    CHECK(!covers("files.all.write", "disks.read"));
}

TEST("a host covers its ports, and any covers each host")
{
    CHECK(covers("network.connect", "network.connect:a.org:443"));
    CHECK(covers("network.connect:a.org", "network.connect:a.org:443"));
    CHECK(!covers("network.connect:a.org:443", "network.connect:a.org"));
    CHECK(!covers("network.connect:a.org:443", "network.connect:a.org:80"));
    CHECK(!covers("network.connect:a.org", "network.connect:a.orgy"));
    CHECK(!covers("network.connect:a.org", "network.connect"));
    CHECK(!covers("network.listen:80", "network.listen:8080"));
}

TEST("public files are those of the list, which holds no account data")
{
    CHECK(covers("files.system.read", "files.path.read:/usr/bin/busybox"));
    CHECK(covers("files.system.read", "files.path.read:/lib64/ld-linux-x86-64.so.2"));
    CHECK(!covers("files.system.read", "files.path.read:/etc/passwd"));
    CHECK(!covers("files.system.read", "files.path.read:/etc/shadow"));
    CHECK(covers("files.system.read", "files.path.read:/etc/python3.11/x"));
    CHECK(!covers("files.system.read", "files.path.read:/etc/ssl/private/a"));
    CHECK(!covers("files.system.read", "files.path.read:/etc"));
    CHECK(!covers("files.system.read", "files.path.read:/"));
    CHECK(!covers("files.system.read", "files.path.write:/usr/bin/busybox"));
    CHECK(covers("files.all.read", "files.system.read"));
    CHECK(!covers("files.home.read", "files.system.read"));
}

TEST("the public places can be listed, and each is an absolute path")
{
    size_t count = 0;
    for (; policy_public_place(count) != nullptr; count++) {
        CHECK(policy_public_place(count)[0] == '/');
        CHECK(policy_path_is_public(policy_public_place(count)));
    }
    CHECK(count > 10);
}
