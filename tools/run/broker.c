// SPDX-License-Identifier: MIT
#include "broker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

constexpr size_t LINE_MOST = 256; // bytes of an answer

bool broker_begin(struct broker *broker, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *broker = (struct broker){.socket = -1};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    broker->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (broker->socket >= 0 &&
        connect(broker->socket, (const struct sockaddr *)&address, sizeof address) != 0) {
        broker_end(broker);
    }
    return broker->socket >= 0;
}

void broker_end(struct broker *broker)
{
    if (broker->socket >= 0) {
        int error = errno;
        (void)close(broker->socket);
        errno = error;
    }
    broker->socket = -1;
}

// --- The answer ---------------------------------------------------------------------------------

// Takes out the spaces that JSON allows between its parts. False: there is a text that is odd.
static bool squeeze(const char *line, size_t length, char *to)
{
    bool text = false;
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = line[i];
        if (byte == '\\' || byte == '\0') {
            return false;
        }
        text = byte == '"' ? !text : text;
        if (text || (byte != ' ' && byte != '\t' && byte != '\r')) {
            to[used++] = byte;
        }
    }
    to[used] = '\0';
    return !text;
}

enum policy_answer broker_read(const char *line, size_t length, uint64_t id, bool *good)
{
    static const char *const words[] = {
        [POLICY_ANSWER_NO] = "no",         [POLICY_ANSWER_ONCE] = "once",
        [POLICY_ANSWER_HOUR] = "hour",     [POLICY_ANSWER_CLOSE] = "close",
        [POLICY_ANSWER_ALWAYS] = "always", [POLICY_ANSWER_NEVER] = "never",
    };
    char squeezed[LINE_MOST + 1];
    *good = false;
    if (length > LINE_MOST || !squeeze(line, length, squeezed)) {
        return POLICY_ANSWER_NO;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char expected[LINE_MOST];
        (void)snprintf(expected, sizeof expected, "{\"v\":1,\"id\":%" PRIu64 ",\"answer\":\"%s\"}",
                       id, words[i]);
        if (strcmp(squeezed, expected) == 0) {
            *good = true;
            return (enum policy_answer)i;
        }
    }
    return POLICY_ANSWER_NO;
}

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

// Reads one line. Gives its length without its end, or -1.
static ssize_t read_line(const struct broker *broker, char *line, int silence)
{
    int64_t deadline = now() + silence;
    for (size_t length = 0; length < LINE_MOST;) {
        int64_t left = deadline - now();
        struct pollfd list = {.fd = broker->socket, .events = POLLIN};
        int count = left > 0 ? poll(&list, 1, (int)left) : 0;
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0 || read(broker->socket, line + length, 1) != 1) {
            return -1;
        }
        if (line[length] == '\n') {
            return (ssize_t)length;
        }
        length++;
    }
    return -1;
}

// --- The question -------------------------------------------------------------------------------

static void add_text(struct policy_text *text, const char *key, const char *value)
{
    policy_add(text, ",\"%s\":\"", key);
    policy_add_json(text, value, strlen(value));
    policy_add(text, "\"");
}

static bool send_question(const struct broker *broker, const char *program, const char *reason,
                          const struct policy_permission *permission)
{
    char line[16 * POLICY_SCOPE_SIZE];
    struct policy_text text = policy_text(line, sizeof line);
    policy_add(&text, "{\"v\":1,\"id\":%lu", broker->id);
    add_text(&text, "program", program);
    add_text(&text, "permission", policy_name(permission->id)->text);
    if (permission->scope[0] != '\0') {
        add_text(&text, "scope", permission->scope);
    }
    if (reason != nullptr) {
        add_text(&text, "reason", reason);
    }
    policy_add(&text, "}\n");
    for (size_t done = 0; !text.cut && done < text.length;) {
        ssize_t sent = send(broker->socket, line + done, text.length - done, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        done += (size_t)sent;
    }
    return !text.cut;
}

enum policy_answer broker_ask(struct broker *broker, const char *program, const char *reason,
                              const struct policy_permission *permission, int silence)
{
    char line[LINE_MOST];
    bool good = false;
    enum policy_answer answer = POLICY_ANSWER_NO;
    broker->id++;
    if (broker->socket >= 0 && send_question(broker, program, reason, permission)) {
        ssize_t length = read_line(broker, line, silence);
        if (length >= 0) {
            answer = broker_read(line, (size_t)length, broker->id, &good);
        }
    }
    if (!good) {
        broker_end(broker);
    }
    return answer;
}
