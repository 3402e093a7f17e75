// SPDX-License-Identifier: MIT
#include "profile.h"

#include <string.h>

#include "test.h"

static struct policy_profile profile;
static char fault[256];

static size_t read(const char *text)
{
    struct policy_text to = policy_text(fault, sizeof fault);
    return policy_profile_read(&profile, text, strlen(text), &to);
}

TEST("a profile names what a program needs and wants, with a reason each")
{
    CHECK(read("# an editor\n"
               "need files.documents.read \"open what you wrote\"\n"
               "\n"
               "  want network.connect:example.org:443   \"look for a newer version\"  \n"
               "want usb.use:My Stick \"save there\"") == 0);
    REQUIRE(profile.count == 3);
    CHECK(profile.wish[0].need && profile.wish[0].permission.id == POLICY_FILES_DOCUMENTS_READ);
    CHECK(strcmp(profile.wish[0].reason, "open what you wrote") == 0);
    CHECK(!profile.wish[1].need);
    CHECK(strcmp(profile.wish[1].permission.scope, "example.org:443") == 0);
    CHECK(strcmp(profile.wish[2].permission.scope, "My Stick") == 0);
}

TEST("an empty profile wishes nothing")
{
    CHECK(read("") == 0 && profile.count == 0);
    CHECK(read("# nothing\n\n") == 0 && profile.count == 0);
}

TEST("a line that is wrong is told by its number, and nothing of the profile counts")
{
    CHECK(read("need camera.use \"see you\"\nmust camera.use \"x\"\n") == 2);
    CHECK(strcmp(fault, "a line begins with need, want or #, not with must") == 0);
    CHECK(profile.count == 0);
    CHECK(read("\n\nneed camera.us \"see you\"\n") == 3);
    CHECK(strcmp(fault, "camera.us is no permission; did you mean camera.use?") == 0);
    CHECK(read("need \"see you\"\n") == 1);
    CHECK(read("need") == 1);
}

TEST("a reason is there, is not empty, ends, and is followed by nothing")
{
    CHECK(read("need camera.use\n") == 1);
    CHECK(strcmp(fault, "a reason is missing, between quotation marks") == 0);
    CHECK(read("need camera.use \"see\n") == 1);
    CHECK(strcmp(fault, "the reason has no quotation mark at its end") == 0);
    CHECK(read("need camera.use \"\"\n") == 1);
    CHECK(strcmp(fault, "the reason is empty") == 0);
    CHECK(read("need camera.use \"see\" always\n") == 1);
    CHECK(strcmp(fault, "something follows the reason") == 0);
}

TEST("a reason of 80 bytes is taken, and one of 81 is refused")
{
    char text[128] = "need camera.use \"";
    size_t start = strlen(text);
    memset(text + start, 'a', 80);
    text[start + 80] = '"';
    CHECK(read(text) == 0);
    text[start + 80] = 'a';
    text[start + 81] = '"';
    CHECK(read(text) == 1);
    CHECK(strcmp(fault, "the reason is longer than 80 bytes") == 0);
}

TEST("a permission that stands there twice is refused, and so is one too many")
{
    static char text[POLICY_WISHES * 40 + 40];
    size_t length = 0;
    CHECK(read("need camera.use \"a\"\nwant camera.use \"b\"\n") == 2);
    CHECK(strcmp(fault, "this permission stands in the profile already") == 0);
    for (size_t i = 0; i <= POLICY_WISHES; i++) {
        struct policy_text line = policy_text(text + length, sizeof text - length);
        policy_add(&line, "want network.listen:%lu \"x\"\n", i + 1);
        length += line.length;
    }
    CHECK(read(text) == POLICY_WISHES + 1);
    CHECK(strcmp(fault, "there are more than 64 permissions") == 0);
}

TEST("what a profile gained is counted: a new name, a wider scope, a want that became a need")
{
    static struct policy_profile before;
    CHECK(read("need files.path.read:/a \"x\"\nwant camera.use \"y\"\n") == 0);
    before = profile;
    CHECK(policy_profile_growth(&before, &profile) == 0);
    CHECK(read("need files.path.read:/a \"other words\"\n") == 0);
    CHECK(policy_profile_growth(&before, &profile) == 0);
    CHECK(read("need files.path.read:/ \"x\"\nneed camera.use \"y\"\nwant clipboard.read \"z\"") ==
          0);
    CHECK(policy_profile_growth(&before, &profile) == 3);
}
