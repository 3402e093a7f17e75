// SPDX-License-Identifier: MIT
// A broker that is a child process: it reads the question, says a text, and ends.
#include "../broker.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

constexpr int LONG = 20'000; // milliseconds, never waited for
constexpr int SHORT = 100;

static char heard[2'048];

static bool reads(const char *line, enum policy_answer answer)
{
    bool good = false;
    struct policy_consent consent = broker_read(line, strlen(line), 7, &good);
    return consent.answer == answer && consent.minutes == 0 && good;
}

static bool reads_minutes(const char *line, unsigned minutes)
{
    bool good = false;
    struct policy_consent consent = broker_read(line, strlen(line), 7, &good);
    return consent.answer == POLICY_ANSWER_MINUTES && consent.minutes == minutes && good;
}

static bool refuses(const char *line)
{
    bool good = true;
    return broker_read(line, strlen(line), 7, &good).answer == POLICY_ANSWER_NO && !good;
}

// Asks once a broker that says this; keeps what it was asked.
static enum policy_answer ask(const char *says, int silence, struct broker *broker)
{
    int pair[2] = {-1, -1};
    int back[2] = {-1, -1};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(back) == 0);
    pid_t child = fork();
    if (child == 0) {
        char question[2'048];
        (void)close(pair[0]);
        ssize_t length = read(pair[1], question, sizeof question);
        (void)!write(back[1], question, length > 0 ? (size_t)length : 0);
        (void)!write(pair[1], says, strlen(says));
        // Until the other side has had enough.
        (void)!read(pair[1], question, 1);
        _exit(0);
    }
    (void)close(pair[1]);
    (void)close(back[1]);
    *broker = (struct broker){.socket = pair[0]};
    static const char name[] = "files.path.read:/a\"b";
    struct policy_parsed parsed = policy_parse(name, sizeof name - 1);
    enum policy_answer answer =
        broker_ask(broker, "/bin/x", "why \"not\"", &parsed.permission, silence).answer;
    ssize_t length = read(back[0], heard, sizeof heard - 1);
    heard[length > 0 ? length : 0] = '\0';
    (void)close(back[0]);
    int kept = broker->socket;
    if (kept >= 0) {
        (void)shutdown(kept, SHUT_RDWR);
    }
    (void)waitpid(child, nullptr, 0);
    return answer;
}

TEST("each answer is read, with or without the spaces of JSON")
{
    CHECK(reads("{\"v\":1,\"id\":7,\"answer\":\"once\"}", POLICY_ANSWER_ONCE));
    CHECK(reads("{\"v\": 1, \"id\": 7, \"answer\": \"hour\"}", POLICY_ANSWER_HOUR));
    CHECK(reads(" {\"v\":1,\t\"id\":7,\"answer\":\"close\"}\r", POLICY_ANSWER_CLOSE));
    CHECK(reads("{\"v\":1,\"id\":7,\"answer\":\"always\"}", POLICY_ANSWER_ALWAYS));
    CHECK(reads("{\"v\":1,\"id\":7,\"answer\":\"no\"}", POLICY_ANSWER_NO));
    CHECK(reads("{\"v\":1,\"id\":7,\"answer\":\"never\"}", POLICY_ANSWER_NEVER));
    CHECK(reads("{\"v\":1,\"id\":7,\"answer\":\"restart\"}", POLICY_ANSWER_RESTART));
    CHECK(reads_minutes("{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":15}", 15));
    CHECK(reads_minutes("{\"v\":1,\"id\":7,\"answer\":\"minutes\", \"minutes\": 1440}", 1'440));
}

TEST("anything else is a no: another id, version, word, key, order, or no JSON at all")
{
    static const char *const lines[] = {
        "",
        "always",
        "{}",
        "{\"v\":1,\"id\":8,\"answer\":\"always\"}",
        "{\"v\":2,\"id\":7,\"answer\":\"always\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"yes\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"al ways\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"always\",\"for\":\"all\"}",
        "{\"id\":7,\"v\":1,\"answer\":\"always\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"\\u0061lways\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"always\"}}",
        "{\"v\":1,\"id\":7,\"answer\":\"always\"",
        "{\"v\":1,\"id\":7,\"answer\":\"always",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":0}",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":1441}",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":-1}",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":\"5\"}",
        "{\"v\":1,\"id\":7,\"answer\":\"minutes\",\"minutes\":}",
        "{\"v\":1,\"id\":7,\"answer\":\"hour\",\"minutes\":5}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(refuses(lines[i]));
    }
    char longer[400];
    memset(longer, ' ', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK(refuses(longer));
}

TEST("a question is one line of JSON, and its answer counts")
{
    struct broker broker;
    CHECK(ask("{\"v\":1,\"id\":1,\"answer\":\"always\"}\n", LONG, &broker) == POLICY_ANSWER_ALWAYS);
    CHECK(strcmp(heard,
                 "{\"v\":1,\"id\":1,\"program\":\"/bin/x\",\"permission\":\"files.path.read\","
                 "\"scope\":\"/a\\\"b\",\"reason\":\"why \\\"not\\\"\"}\n") == 0);
    CHECK(broker.socket >= 0);
    broker_end(&broker);
}

TEST("silence, half an answer, nonsense and an end are a no, and so is every question after that")
{
    static const char *const says[] = {"", "{\"v\":1,\"id\":1,\"answer\":\"always\"}", "hello\n",
                                       "{\"v\":1,\"id\":2,\"answer\":\"always\"}\n"};
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        struct broker broker;
        struct policy_permission permission = {.id = POLICY_FILES_HOME_READ};
        CHECK(ask(says[i], SHORT, &broker) == POLICY_ANSWER_NO);
        CHECK(broker.socket < 0);
        CHECK(broker_ask(&broker, "/bin/x", nullptr, &permission, LONG).answer == POLICY_ANSWER_NO);
    }
}

TEST("a broker that is not there is told")
{
    struct broker broker;
    char path[200];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK(!broker_begin(&broker, "/nowhere/socket"));
    CHECK(!broker_begin(&broker, path));
    CHECK(broker.socket < 0);
}
