// SPDX-License-Identifier: MIT
// A pattern is one or more parts of a path. It matches where its parts stand behind each other in the
// path, from any folder on, and then what lies below is secret as well; one that begins with a slash
// starts at the root. In a part, * stands for any bytes.
#include "secret.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *pattern, *what;
} secrets[] = {
    {".ssh", "a key"},
    {".gnupg", "a key"},
    {"id_rsa", "a key"},
    {"id_ecdsa", "a key"},
    {"id_ed25519", "a key"},
    {"*.pem", "a key"},
    {"*.key", "a key"},
    {"*.p12", "a key"},
    {"*.pfx", "a key"},
    {"*.jks", "a key"},
    {"*.keystore", "a key"},
    {"/etc/ssl/private", "a key"},
    {"/etc/ssh/ssh_host_*_key", "a key"},
    {"/etc/wireguard", "a key"},
    {"/etc/letsencrypt", "a key"},
    {".local/share/keyrings", "a keyring"},
    {".local/share/kwalletd", "a keyring"},
    {".password-store", "a keyring"},
    {"*.kdbx", "a keyring"},
    {".config/Bitwarden", "a keyring"},
    {".config/1Password", "a keyring"},
    {".config/op", "a keyring"},
    {".mozilla", "a browser profile"},
    {".thunderbird", "a mail profile"},
    {".config/google-chrome*", "a browser profile"},
    {".config/chromium", "a browser profile"},
    {".config/BraveSoftware", "a browser profile"},
    {".config/microsoft-edge*", "a browser profile"},
    {".config/vivaldi", "a browser profile"},
    {".config/opera", "a browser profile"},
    {".config/Signal", "private messages"},
    {".config/discord", "private messages"},
    {".config/Slack", "private messages"},
    {".local/share/TelegramDesktop", "private messages"},
    {"/etc/shadow*", "passwords"},
    {"/etc/gshadow*", "passwords"},
    {"/etc/security/opasswd", "passwords"},
    {"/etc/sudoers*", "passwords"},
    {".netrc", "passwords"},
    {".pgpass", "passwords"},
    {".my.cnf", "passwords"},
    {".git-credentials", "passwords"},
    {".config/git/credentials", "passwords"},
    {".env", "passwords in settings"},
    {".env.*", "passwords in settings"},
    {"*.env", "passwords in settings"},
    {".envrc", "passwords in settings"},
    {".htpasswd", "passwords"},
    {".aws", "access to a cloud"},
    {".azure", "access to a cloud"},
    {".config/gcloud", "access to a cloud"},
    {".kube", "access to a cloud"},
    {".config/gh", "access to a service"},
    {".config/hub", "access to a service"},
    {".docker/config.json", "access to a service"},
    {".npmrc", "access to a service"},
    {".pypirc", "access to a service"},
    {".cargo/credentials*", "access to a service"},
    {".terraform.d", "access to a service"},
    {"wallet.dat", "money"},
    {".bitcoin", "money"},
    {".ethereum", "money"},
    {".electrum", "money"},
    {".bash_history", "what was typed"},
    {".zsh_history", "what was typed"},
    {".python_history", "what was typed"},
    {".psql_history", "what was typed"},
    {".mysql_history", "what was typed"},
    {".local/share/fish/fish_history", "what was typed"},
};

// Whether a part of a path is what a part of a pattern says. A part has at most one *.
static bool part_matches(const char *pattern, size_t length, const char *part, size_t size)
{
    const char *star = memchr(pattern, '*', length);
    if (star == nullptr) {
        return length == size && memcmp(pattern, part, size) == 0;
    }
    size_t before = (size_t)(star - pattern);
    size_t after = length - before - 1;
    return size >= before + after && memcmp(pattern, part, before) == 0 &&
           memcmp(star + 1, part + size - after, after) == 0;
}

// Whether the parts of a pattern are those that a path begins with.
static bool begins(const char *path, const char *pattern)
{
    while (true) {
        size_t size = strcspn(path, "/");
        size_t length = strcspn(pattern, "/");
        if (!part_matches(pattern, length, path, size)) {
            return false;
        }
        if (pattern[length] == '\0') {
            return true;
        }
        if (path[size] == '\0') {
            return false;
        }
        pattern += length + 1;
        path += size + 1;
    }
}

static bool matches(const char *path, const char *pattern)
{
    if (pattern[0] == '/') {
        return begins(path + 1, pattern + 1);
    }
    for (const char *at = path; at != nullptr; at = strchr(at + 1, '/')) {
        if (begins(at + 1, pattern)) {
            return true;
        }
    }
    return false;
}

const char *policy_secret(const char *path)
{
    for (size_t i = 0; path[0] == '/' && i < sizeof secrets / sizeof secrets[0]; i++) {
        if (matches(path, secrets[i].pattern)) {
            return secrets[i].what;
        }
    }
    return nullptr;
}
