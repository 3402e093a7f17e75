// SPDX-License-Identifier: MIT
// Each test has a folder of its own, which is removed at its end.
#include "../state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct state *state;
static char root[32];

static void begin(void)
{
    (void)snprintf(root, sizeof root, "/tmp/kozo-state-XXXXXX");
    CHECK(mkdtemp(root) != nullptr && setenv("XDG_STATE_HOME", root, 1) == 0);
    static const struct policy_folders none = {"", "", "", ""};
    state = calloc(1, sizeof *state);
    REQUIRE(state != nullptr);
    CHECK(state_begin(state, &none));
    state->policy.services = ~0U;
}

static void path_of(char *path, size_t size, const char *name)
{
    (void)snprintf(path, size, "%s/kozo/%s", root, name);
}

static void end(void)
{
    char path[96];
    state_close(state);
    static const char *const names[] = {"decisions", "decisions.new", "record"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(path, sizeof path, names[i]);
        (void)unlink(path);
    }
    path_of(path, sizeof path, "");
    CHECK(rmdir(path) == 0 && rmdir(root) == 0);
    free(state);
}

static struct policy_request request(void)
{
    return (struct policy_request){
        .program = "x", .instance = 1, .permission = {.id = POLICY_CAMERA_USE}};
}

static enum policy_verdict verdict(void)
{
    struct policy_request asked = request();
    return policy_decide(&state->policy, nullptr, &asked, state_now()).verdict;
}

static bool answer(enum policy_answer how)
{
    struct policy_request asked = request();
    struct policy_consent consent = {.answer = how};
    return policy_answered(&state->policy, &asked, consent, POLICY_BY_PERSON, state_now());
}

static bool open_again(void)
{
    state_close(state);
    bool good = state_open(state);
    state->policy.services = ~0U;
    return good;
}

TEST("what was decided for good is there in the next run, and what was for one run is not")
{
    begin();
    CHECK(state_open(state) && answer(POLICY_ANSWER_ALWAYS));
    CHECK(open_again() && verdict() == POLICY_ALLOWED);
    CHECK(answer(POLICY_ANSWER_RESTART));
    CHECK(usleep(10) == 0 && open_again() && verdict() == POLICY_ALLOWED);
    CHECK(answer(POLICY_ANSWER_CLOSE) && verdict() == POLICY_ALLOWED);
    CHECK(usleep(10) == 0 && open_again() && verdict() != POLICY_ALLOWED);
    CHECK(answer(POLICY_ANSWER_NEVER));
    CHECK(open_again() && verdict() == POLICY_REFUSED);
    end();
}

TEST("the files are the person's own")
{
    char path[96];
    struct stat status;
    begin();
    CHECK(state_open(state));
    path_of(path, sizeof path, "decisions");
    CHECK(stat(path, &status) == 0 && (status.st_mode & 077) == 0);
    path_of(path, sizeof path, "");
    CHECK(stat(path, &status) == 0 && (status.st_mode & 077) == 0);
    end();
}

TEST("a run that ended while it wrote leaves nothing that counts, and the next one goes on")
{
    char path[96];
    begin();
    CHECK(state_open(state) && answer(POLICY_ANSWER_NEVER));
    off_t length = state->length;
    CHECK(answer(POLICY_ANSWER_ALWAYS));
    path_of(path, sizeof path, "decisions");
    CHECK(truncate(path, state->length - 1) == 0);
    CHECK(open_again() && verdict() == POLICY_REFUSED && state->length == length);
    CHECK(answer(POLICY_ANSWER_ALWAYS) && open_again() && verdict() == POLICY_ALLOWED);
    end();
}

TEST("decisions that were changed are not believed, and it is told where")
{
    char path[96];
    begin();
    CHECK(state_open(state) && answer(POLICY_ANSWER_NEVER) && answer(POLICY_ANSWER_ALWAYS));
    path_of(path, sizeof path, "decisions");
    int file = open(path, O_WRONLY);
    CHECK(file >= 0 && pwrite(file, "k0", 2, 0) == 2 && close(file) == 0);
    CHECK(!open_again());
    CHECK(strstr(state->problem, "was changed at line 1") != nullptr);
    end();
}

TEST("decisions that take too much room are written anew")
{
    begin();
    CHECK(state_open(state) && answer(POLICY_ANSWER_ALWAYS));
    while (state->length <= 512 << 10) {
        CHECK(policy_database_use(&state->policy.database, 1, state_now()));
    }
    CHECK(open_again() && state->length < 1'000 && verdict() == POLICY_ALLOWED);
    CHECK(answer(POLICY_ANSWER_NEVER) && open_again() && verdict() == POLICY_REFUSED);
    end();
}

TEST("a folder that can't be made is told")
{
    static const struct policy_folders none = {"", "", "", ""};
    struct state *other = calloc(1, sizeof *other);
    REQUIRE(other != nullptr);
    CHECK(setenv("XDG_STATE_HOME", "/dev/null", 1) == 0);
    CHECK(!state_begin(other, &none) && other->problem[0] != '\0');
    CHECK(unsetenv("XDG_STATE_HOME") == 0 && setenv("HOME", "", 1) == 0);
    free(other);
}

TEST("the record grows from run to run, its chain goes on, and half a line is written over")
{
    char path[96];
    struct policy_verification found;
    struct policy_record record = {.event = POLICY_EVENT_USE, .program = "x"};
    const struct policy_record records[] = {record, record};
    begin();
    CHECK(state_record(state, records, 2) && state_record(state, records, 1));
    CHECK(state_verify(state, &found) && found.result == POLICY_RECORD_WHOLE);
    CHECK(found.chain.count == 3);
    path_of(path, sizeof path, "record");
    CHECK(truncate(path, (off_t)found.length - 5) == 0 && state_record(state, records, 2));
    CHECK(state_verify(state, &found) && found.result == POLICY_RECORD_WHOLE);
    CHECK(found.chain.count == 4);
    end();
}

TEST("a record that was changed is told, and is not written on")
{
    char path[96];
    struct policy_verification found;
    struct policy_record record = {.event = POLICY_EVENT_USE, .program = "x"};
    begin();
    CHECK(state_record(state, &record, 1));
    path_of(path, sizeof path, "record");
    int file = open(path, O_WRONLY);
    CHECK(file >= 0 && pwrite(file, "X", 1, 20) == 1 && close(file) == 0);
    CHECK(!state_record(state, &record, 1));
    CHECK(strstr(state->problem, "was changed at line 1") != nullptr);
    CHECK(state_verify(state, &found) && found.result == POLICY_RECORD_CHANGED);
    end();
}
