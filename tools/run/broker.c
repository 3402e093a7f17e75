// SPDX-License-Identifier: MIT
#include "broker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

constexpr char REVOKE[] = "revoke";

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

// Reads `"minutes","minutes":N}`.
static struct policy_consent read_minutes(const char *text)
{
    static const char before[] = "\"minutes\",\"minutes\":";
    size_t length = strlen(text);
    size_t start = sizeof before - 1;
    if (length <= start || strncmp(text, before, start) != 0 || text[length - 1] != '}') {
        return (struct policy_consent){};
    }
    return (struct policy_consent){POLICY_ANSWER_MINUTES,
                                   policy_read_minutes(text + start, length - start - 1)};
}

struct policy_consent broker_read(const char *line, size_t length, uint64_t id, bool *good)
{
    static const char *const words[] = {
        [POLICY_ANSWER_NO] = "\"no\"}",           [POLICY_ANSWER_ONCE] = "\"once\"}",
        [POLICY_ANSWER_HOUR] = "\"hour\"}",       [POLICY_ANSWER_CLOSE] = "\"close\"}",
        [POLICY_ANSWER_ALWAYS] = "\"always\"}",   [POLICY_ANSWER_NEVER] = "\"never\"}",
        [POLICY_ANSWER_RESTART] = "\"restart\"}",
    };
    char squeezed[BROKER_LINE + 1];
    char before[BROKER_LINE];
    *good = false;
    int start = snprintf(before, sizeof before, "{\"v\":1,\"id\":%" PRIu64 ",\"answer\":", id);
    if (length > BROKER_LINE || !squeeze(line, length, squeezed) ||
        strncmp(squeezed, before, (size_t)start) != 0) {
        return (struct policy_consent){};
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i] != nullptr && strcmp(squeezed + start, words[i]) == 0) {
            *good = true;
            return (struct policy_consent){.answer = (enum policy_answer)i};
        }
    }
    struct policy_consent timed = read_minutes(squeezed + start);
    *good = timed.minutes > 0;
    return *good ? timed : (struct policy_consent){};
}

// Reads `…"file","path":"PATH"}`. False: it is no such answer to question `id`.
static bool read_picked(const char *line, size_t length, uint64_t id, char path[POLICY_SCOPE_SIZE])
{
    char squeezed[BROKER_LINE + 1];
    char before[BROKER_LINE];
    int start = snprintf(before, sizeof before,
                         "{\"v\":1,\"id\":%" PRIu64 ",\"answer\":\"file\",\"path\":\"", id);
    if (length > BROKER_LINE || !squeeze(line, length, squeezed) ||
        strncmp(squeezed, before, (size_t)start) != 0) {
        return false;
    }
    size_t size = strcspn(squeezed + start, "\"");
    if (size == 0 || size >= POLICY_SCOPE_SIZE || strcmp(squeezed + start + size, "\"}") != 0) {
        return false;
    }
    memcpy(path, squeezed + start, size);
    path[size] = '\0';
    return true;
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
    for (size_t length = 0; length < BROKER_LINE;) {
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

// Reads a line that takes something back; 0 when it is none.
static uint64_t read_revocation(const char *line, size_t length)
{
    static const char before[] = "{\"v\":1,\"id\":";
    char squeezed[BROKER_LINE + 1];
    char expected[BROKER_LINE];
    if (length > BROKER_LINE || !squeeze(line, length, squeezed) ||
        strncmp(squeezed, before, sizeof before - 1) != 0) {
        return 0;
    }
    uint64_t id = strtoul(squeezed + sizeof before - 1, nullptr, 10);
    (void)snprintf(expected, sizeof expected, "%s%" PRIu64 ",\"answer\":\"%s\"}", before, id,
                   REVOKE);
    return strcmp(squeezed, expected) == 0 ? id : 0;
}

// Whether a line answers a question that nobody waits for any more.
static bool is_late(const struct broker *broker)
{
    bool good = false;
    for (uint64_t id = broker->waits ? broker->id - 1 : broker->id; id > 0 && !good; id--) {
        char path[POLICY_SCOPE_SIZE];
        (void)broker_read(broker->line, broker->length, id, &good);
        good = good || read_picked(broker->line, broker->length, id, path);
    }
    return good;
}

static struct broker_said judge(struct broker *broker)
{
    uint64_t revoked = read_revocation(broker->line, broker->length);
    bool good = false;
    struct policy_consent consent = {};
    broker->path[0] = '\0';
    if (broker->waits) {
        consent = broker_read(broker->line, broker->length, broker->id, &good);
    }
    if (broker->waits && broker->picks) {
        good =
            good && (consent.answer == POLICY_ANSWER_NO || consent.answer == POLICY_ANSWER_NEVER);
        good = good || read_picked(broker->line, broker->length, broker->id, broker->path);
    }
    struct broker_said said = {.news = revoked != 0      ? BROKER_REVOKES
                                       : good            ? BROKER_ANSWER
                                       : is_late(broker) ? BROKER_MORE
                                                         : BROKER_FAILED,
                               .consent = consent,
                               .id = revoked};
    broker->waits = broker->waits && !good;
    broker->length = 0;
    return said;
}

struct broker_said broker_take(struct broker *broker)
{
    ssize_t got = recv(broker->socket, broker->line + broker->length, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return (struct broker_said){.news = BROKER_MORE};
    }
    if (got == 1 && broker->line[broker->length] == '\n') {
        return judge(broker);
    }
    broker->length += got == 1 ? 1 : 0;
    bool goes_on = got == 1 && broker->length < BROKER_LINE;
    return (struct broker_said){.news = goes_on ? BROKER_MORE : BROKER_FAILED};
}

bool broker_send(struct broker *broker, const char *program, const char *reason,
                 const struct policy_permission *permission)
{
    broker->id++;
    broker->picks =
        permission->id == POLICY_FILES_PICK_READ || permission->id == POLICY_FILES_PICK_WRITE;
    broker->waits = broker->socket >= 0 && send_question(broker, program, reason, permission);
    return broker->waits;
}

struct policy_consent broker_ask(struct broker *broker, const char *program, const char *reason,
                                 const struct policy_permission *permission, int silence)
{
    char line[BROKER_LINE];
    bool good = false;
    struct policy_consent consent = {};
    broker->id++;
    if (broker->socket >= 0 && send_question(broker, program, reason, permission)) {
        ssize_t length = read_line(broker, line, silence);
        if (length >= 0) {
            consent = broker_read(line, (size_t)length, broker->id, &good);
        }
    }
    if (!good) {
        broker_end(broker);
    }
    return consent;
}
