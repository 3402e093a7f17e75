// SPDX-License-Identifier: MIT
#include "permission.h"

#include <string.h>

#include "test.h"

static struct policy_parsed parse(const char *text)
{
    return policy_parse(text, strlen(text));
}

static enum policy_fault fault_of(const char *text)
{
    return parse(text).fault;
}

static bool comes_back(const char *text)
{
    char written[POLICY_NAME_SIZE];
    struct policy_parsed parsed = parse(text);
    policy_write(written, sizeof written, &parsed.permission);
    return parsed.fault == POLICY_FAULT_NONE && strcmp(written, text) == 0;
}

static bool says(const char *text, const char *phrase)
{
    char written[POLICY_PHRASE_SIZE];
    struct policy_parsed parsed = parse(text);
    policy_phrase(written, sizeof written, &parsed.permission);
    return parsed.fault == POLICY_FAULT_NONE && strcmp(written, phrase) == 0;
}

// Lower-case letters in two or three parts between dots.
static bool is_formed(const char *text)
{
    size_t dots = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool dot = text[i] == '.';
        bool inner = i > 0 && text[i - 1] != '.' && text[i + 1] != '\0';
        if (dot ? !inner : text[i] < 'a' || text[i] > 'z') {
            return false;
        }
        dots += dot ? 1 : 0;
    }
    return dots == 1 || dots == 2;
}

TEST("each name of the list is area.object.verb or area.verb, with a verb of the list of verbs")
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        CHECK(is_formed(policy_name((enum policy_id)i)->text));
        CHECK(policy_rights((enum policy_id)i) != 0);
    }
}

TEST("no name stands in the list twice, and each is found by its text")
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        const char *text = policy_name((enum policy_id)i)->text;
        CHECK(policy_find(text, strlen(text)) == i);
    }
}

TEST("a phrase has a place for the scope exactly when the name has one, and fits into a line")
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        const struct policy_name *name = policy_name((enum policy_id)i);
        const char *mark = strchr(name->phrase, '%');
        CHECK((mark != nullptr) == (name->scope != POLICY_SCOPE_NONE));
        CHECK(mark == nullptr || strchr(mark + 1, '%') == nullptr);
        CHECK(strlen(name->phrase) + strlen(name->any) <= 68);
    }
}

TEST("what is equal to total control is marked so")
{
    CHECK(policy_name(POLICY_FILES_HOME_WRITE)->risk == POLICY_RISK_TOTAL);
    CHECK(policy_name(POLICY_PERMISSIONS_CONFIGURE)->risk == POLICY_RISK_TOTAL);
    CHECK(policy_name(POLICY_FILES_PATH_READ)->risk != POLICY_RISK_TOTAL);
    CHECK(strcmp(policy_risk_text(POLICY_RISK_TOTAL), "total control") == 0);
}

TEST("the verb of a name gives its rights, and what stands before it is the object")
{
    CHECK(policy_rights(POLICY_FILES_HOME_READ) == POLICY_READ);
    CHECK(policy_rights(POLICY_FILES_HOME_WRITE) == (POLICY_READ | POLICY_WRITE));
    CHECK(policy_object(POLICY_FILES_HOME_WRITE) == strlen("files.home"));
    CHECK(policy_object(POLICY_CAMERA_USE) == strlen("camera"));
    CHECK(strcmp(policy_service_name(policy_name(POLICY_FILES_HOME_READ)->service), "fsd") == 0);
}

TEST("a permission is parsed and written back, with and without a scope")
{
    CHECK(comes_back("files.home.read"));
    CHECK(comes_back("files.path.read:/etc/passwd"));
    CHECK(comes_back("files.path.write:/"));
    CHECK(comes_back("files.path.read:/a:b"));
    CHECK(comes_back("network.connect"));
    CHECK(comes_back("network.connect:example.org"));
    CHECK(comes_back("network.connect:example.org:443"));
    CHECK(comes_back("network.connect:[2001:db8::1]:443"));
    CHECK(comes_back("network.connect:[::1]"));
    CHECK(comes_back("network.listen:65535"));
    CHECK(comes_back("usb.use:Security Key"));
}

TEST("a permission is told in words, with its scope or with what stands for any")
{
    CHECK(says("files.path.read:/etc/passwd", "read /etc/passwd"));
    CHECK(says("network.connect:example.org:443", "connect to example.org:443"));
    CHECK(says("network.connect", "connect to any computer of the network and the internet"));
    CHECK(says("camera.use", "see through the camera"));
}

TEST("a name that is not in the list is refused")
{
    CHECK(fault_of("") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("files") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("files.home") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("files.home.rea") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("files.home.readx") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("Files.home.read") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of("files.home.read ") == POLICY_FAULT_UNKNOWN);
    CHECK(fault_of(":/etc") == POLICY_FAULT_UNKNOWN);
}

TEST("a scope is refused where there is none, and asked for where there must be one")
{
    CHECK(fault_of("files.home.read:/users") == POLICY_FAULT_NO_SCOPE);
    CHECK(fault_of("files.home.read:") == POLICY_FAULT_NO_SCOPE);
    CHECK(fault_of("files.path.read") == POLICY_FAULT_SCOPE_MISSING);
    CHECK(fault_of("files.path.read:") == POLICY_FAULT_SCOPE_MISSING);
    CHECK(fault_of("network.connect:") == POLICY_FAULT_SCOPE_MISSING);
}

TEST("a path that could lead elsewhere than it says is refused")
{
    CHECK(fault_of("files.path.read:etc/passwd") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read:/etc/../root") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read:/etc/.") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read:/..") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read://etc") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read:/etc/") == POLICY_FAULT_PATH);
    CHECK(fault_of("files.path.read:/etc/...") == POLICY_FAULT_NONE);
    CHECK(fault_of("files.path.read:/etc/.profile") == POLICY_FAULT_NONE);
    CHECK(fault_of("files.path.read:/etc/pass\nwd") == POLICY_FAULT_BYTES);
    CHECK(fault_of("files.path.read:/etc/\x7f") == POLICY_FAULT_BYTES);
    CHECK(policy_parse("files.path.read:/a\0b", 20).fault == POLICY_FAULT_BYTES);
}

TEST("a host or a port that is malformed is refused")
{
    CHECK(fault_of("network.connect:Example.org") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:-a.org") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:a-.org") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:a..org") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:a.org.") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:*.org") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect::443") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:[::1") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:2001:db8::1") == POLICY_FAULT_HOST);
    CHECK(fault_of("network.connect:a.org:") == POLICY_FAULT_PORT);
    CHECK(fault_of("network.connect:a.org:0") == POLICY_FAULT_PORT);
    CHECK(fault_of("network.connect:a.org:080") == POLICY_FAULT_PORT);
    CHECK(fault_of("network.connect:a.org:65536") == POLICY_FAULT_PORT);
    CHECK(fault_of("network.listen:80:81") == POLICY_FAULT_PORT);
    CHECK(fault_of("network.listen:-1") == POLICY_FAULT_PORT);
}

TEST("a scope of the greatest length is taken, and one byte more is refused")
{
    char text[POLICY_NAME_SIZE + 8];
    static const char name[] = "files.path.read:/";
    size_t start = sizeof name - 1;
    memcpy(text, name, start);
    memset(text + start, 'a', sizeof text - start);
    size_t most = start - 1 + POLICY_SCOPE_SIZE - 1;
    CHECK(policy_parse(text, most).fault == POLICY_FAULT_NONE);
    CHECK(policy_parse(text, most + 1).fault == POLICY_FAULT_LONG);
}

TEST("equal permissions are equal in every byte")
{
    struct policy_parsed one = parse("files.path.read:/etc/passwd");
    struct policy_parsed other = parse("files.path.read:/etc/passwd");
    CHECK(memcmp(&one.permission, &other.permission, sizeof one.permission) == 0);
}

TEST("the nearest name is proposed for one that is mistyped, and none for what is far off")
{
    CHECK(policy_nearest("files.hom.read", 14) == POLICY_FILES_HOME_READ);
    CHECK(policy_nearest("camera.us", 9) == POLICY_CAMERA_USE);
    CHECK(policy_nearest("something else", 14) == POLICY_COUNT);
    CHECK(policy_nearest("", 0) == POLICY_COUNT);
}

static const char *complaint_about(const char *text)
{
    static char buffer[256];
    struct policy_text to = policy_text(buffer, sizeof buffer);
    policy_complain(&to, text, strlen(text), fault_of(text));
    return buffer;
}

TEST("what is wrong is said in one sentence, with the name that was meant where one is near")
{
    CHECK(strcmp(complaint_about("files.hom.read"),
                 "files.hom.read is no permission; did you mean files.home.read?") == 0);
    CHECK(strcmp(complaint_about("all"), "all is no permission (./kozo permissions lists all)") ==
          0);
    CHECK(strcmp(complaint_about("files.path.read"),
                 "files.path.read needs a scope behind a colon") == 0);
    CHECK(strcmp(complaint_about("\x1b[0m"),
                 "\\u{1b}[0m is no permission (./kozo permissions lists all)") == 0);
}
