// SPDX-License-Identifier: MIT
#include "live.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../common/runs.h"
#include "why.h"

static_assert(sizeof((struct live *)nullptr)->request == RUNS_REQUEST);

constexpr int64_t PATIENCE_MS = 2'000;
constexpr size_t ANSWER = 65'536;

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

void live_begin(struct live *live)
{
    *live = (struct live){.listener = runs_listen(), .client = -1};
}

static void part(struct live *live)
{
    if (live->client >= 0) {
        (void)close(live->client);
    }
    live->client = -1;
    live->length = 0;
}

void live_end(struct live *live)
{
    part(live);
    if (live->listener >= 0) {
        (void)close(live->listener);
    }
    live->listener = -1;
}

void live_watch(const struct live *live, struct pollfd *list)
{
    list[0] = (struct pollfd){.fd = live->listener, .events = POLLIN};
    list[1] = (struct pollfd){.fd = live->client, .events = POLLIN};
}

// --- Requests: each says whether it was done, and adds text for the person ----------------------

static bool tell_list(struct consent *consent, const char *rest, struct policy_text *text)
{
    (void)rest;
    policy_add_shown(text, consent->identity.path, strlen(consent->identity.path), 60);
    policy_add(text, "\n");
    consent_list(consent, text);
    return true;
}

static bool take_back(struct consent *consent, const char *rest, struct policy_text *text)
{
    (void)text;
    return consent_revoke(consent, rest);
}

static bool tell_why(struct consent *consent, const char *rest, struct policy_text *text)
{
    struct policy_permission permission;
    return consent_read(rest, &permission, text) && why_explain(consent, &permission, text);
}

static bool give(struct consent *consent, const char *rest, struct policy_text *text)
{
    struct policy_consent how;
    size_t length = strcspn(rest, " ");
    // One use can't be told apart from the next before it is asked for.
    if (rest[length] == ' ' && policy_read_how(rest, length, &how) &&
        how.answer != POLICY_ANSWER_ONCE) {
        return consent_give(consent, rest + length + 1, how, text);
    }
    policy_add(text,
               "it can be given until it closes (close), for minutes (m5), for an hour (hour), "
               "until the restart (restart), or always");
    return false;
}

// A whole request has come, which ends with a zero in the place of its newline.
static void answer(struct live *live, struct consent *consent)
{
    static const struct {
        const char *word;
        bool (*act)(struct consent *consent, const char *rest, struct policy_text *text);
    } requests[] = {
        {"list", tell_list}, {"revoke ", take_back}, {"why ", tell_why}, {"grant ", give}};
    static char bytes[ANSWER];
    static char words[ANSWER - 8];
    struct policy_text text = policy_text(bytes, sizeof bytes);
    struct policy_text told = policy_text(words, sizeof words);
    bool done = false;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        size_t length = strlen(requests[i].word);
        if (strncmp(live->request, requests[i].word, length) == 0) {
            done = requests[i].act(consent, live->request + length, &told);
            break;
        }
    }
    policy_add(&text, "%s\n%s", done ? "yes" : "no", words);
    // What does not fit into the socket's buffer is for nobody.
    (void)send(live->client, bytes, text.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    part(live);
}

static void read_request(struct live *live, struct consent *consent)
{
    ssize_t got = recv(live->client, live->request + live->length,
                       sizeof live->request - live->length, MSG_DONTWAIT);
    live->length += got > 0 ? (size_t)got : 0;
    char *end = memchr(live->request, '\n', live->length);
    if (end != nullptr) {
        *end = '\0';
        answer(live, consent);
    } else if (got <= 0 || live->length == sizeof live->request) {
        part(live);
    }
}

void live_take(struct live *live, const struct pollfd *list, struct consent *consent)
{
    if (list[1].fd >= 0 && list[1].revents != 0) {
        read_request(live, consent);
    }
    bool waits = list[0].fd >= 0 && (list[0].revents & POLLIN) != 0;
    if (waits && (live->client < 0 || live->until <= now())) {
        part(live);
        live->client = runs_accept(live->listener);
        live->until = now() + PATIENCE_MS;
    }
}
