// SPDX-License-Identifier: MIT
#include "secret.h"

#include <string.h>

#include "test.h"

static bool is_secret(const char *path)
{
    return policy_secret(path) != nullptr;
}

TEST("keys, keyrings, browser profiles and passwords are secrets, with what lies below them")
{
    CHECK(is_secret("/users/me/.ssh"));
    CHECK(is_secret("/users/me/.ssh/id_ed25519"));
    CHECK(is_secret("/admin/.gnupg/private-keys-v1.d/a.key"));
    CHECK(is_secret("/users/me/.mozilla/firefox/x/logins.json"));
    CHECK(is_secret("/users/me/.config/google-chrome-beta/Default/Cookies"));
    CHECK(is_secret("/srv/app/.env"));
    CHECK(is_secret("/srv/app/.env.production"));
    CHECK(is_secret("/srv/app/server.pem"));
    CHECK(is_secret("/users/me/.local/share/keyrings/login.keyring"));
    CHECK(is_secret("/users/me/.docker/config.json"));
    CHECK(strcmp(policy_secret("/users/me/.ssh/id_rsa"), "a key") == 0);
}

TEST("patterns from the root match there only")
{
    CHECK(is_secret("/etc/shadow"));
    CHECK(is_secret("/etc/shadow-"));
    CHECK(is_secret("/etc/ssh/ssh_host_rsa_key"));
    CHECK(!is_secret("/srv/etc/shadow"));
    CHECK(!is_secret("/etc/ssh/ssh_host_rsa_key.pub"));
    CHECK(!is_secret("/etc/passwd"));
}

TEST("what merely looks alike is none")
{
    CHECK(!is_secret("/users/me/ssh"));
    CHECK(!is_secret("/users/me/.sshx/a"));
    CHECK(!is_secret("/users/me/environment"));
    CHECK(!is_secret("/users/me/.config/git/config"));
    CHECK(!is_secret("/users/me/.docker"));
    CHECK(!is_secret("/usr/share/keyboard"));
    CHECK(!is_secret(""));
    CHECK(!is_secret("/"));
    CHECK(!is_secret(".ssh/id_rsa"));
}
