// SPDX-License-Identifier: MIT
#include "running.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/runs.h"

constexpr size_t ANSWER = 65'536;

// What a run said.
struct answer {
    bool heard; // it goes on, and answered
    bool done;
    const char *text;
};

static struct answer ask(pid_t run, const char *request)
{
    static char answer[ANSWER + 1];
    size_t length = 0;
    int server = runs_connect(run);
    if (server < 0 || send(server, request, strlen(request), MSG_NOSIGNAL) < 0) {
        if (server >= 0) {
            (void)close(server);
        }
        return (struct answer){};
    }
    for (ssize_t got = 1; got > 0 && length < ANSWER; length += got > 0 ? (size_t)got : 0) {
        got = recv(server, answer + length, ANSWER - length, 0);
    }
    (void)close(server);
    answer[length] = '\0';
    bool done = strncmp(answer, "yes\n", 4) == 0;
    bool heard = done || strncmp(answer, "no\n", 3) == 0;
    return (struct answer){heard, done, answer + (done ? 4 : heard ? 3 : 0)};
}

static void list_one(void *context, pid_t run)
{
    (void)context;
    struct answer answer = ask(run, "list\n");
    if (answer.done) {
        printf("run %d of %s", run, answer.text);
    }
}

int running_list(void)
{
    runs_each(list_one, nullptr);
    return 0;
}

// What is to be taken back, and from how many runs it was.
struct revocation {
    char request[RUNS_REQUEST];
    size_t done;
};

static void revoke_one(void *context, pid_t run)
{
    struct revocation *revocation = context;
    revocation->done += ask(run, revocation->request).done ? 1 : 0;
}

int running_revoke(const char *what)
{
    struct revocation revocation = {};
    char *rest = nullptr;
    long run = strtol(what, &rest, 10);
    bool numbered = run > 0 && rest[0] == '/';
    int length = snprintf(revocation.request, sizeof revocation.request, "revoke %s\n",
                          numbered ? rest + 1 : what);
    if (length > 0 && (size_t)length < sizeof revocation.request) {
        if (numbered) {
            revoke_one(&revocation, (pid_t)run);
        } else {
            runs_each(revoke_one, &revocation);
        }
    }
    if (revocation.done == 0) {
        (void)fprintf(stderr, "kozo: no program that runs was given that (./kozo cap list)\n");
    }
    return revocation.done > 0 ? 0 : 1;
}

// --- One run ------------------------------------------------------------------------------------

// Sends `WORD NAME` to a run, and prints what it says. False: there is no such run, or it refuses.
static bool tell(pid_t run, const char *word, const char *name)
{
    char request[RUNS_REQUEST];
    int length = snprintf(request, sizeof request, "%s %s\n", word, name);
    if (length < 0 || (size_t)length >= sizeof request || strchr(name, '\n') != nullptr) {
        (void)fprintf(stderr, "kozo: that is no permission (./kozo permissions)\n");
        return false;
    }
    struct answer answer = ask(run, request);
    if (!answer.heard) {
        (void)fprintf(stderr, "kozo: there is no run %d (./kozo cap list)\n", run);
    } else if (!answer.done) {
        (void)fprintf(stderr, "kozo: run %d: %s\n", run, answer.text);
    } else {
        (void)fputs(answer.text, stdout);
    }
    return answer.done;
}

// The run that a text names; 0 for none, and then a message was printed.
static pid_t run_of(const char *text)
{
    char *rest = nullptr;
    long run = strtol(text, &rest, 10);
    if (run <= 0 || run > INT_MAX || *rest != '\0') {
        (void)fprintf(stderr, "kozo: a run is given by its number (./kozo cap list)\n");
        return 0;
    }
    return (pid_t)run;
}

// What each run says about a name.
struct question {
    const char *name;
    size_t asked;
    bool good;
};

static void why_one(void *context, pid_t run)
{
    struct question *question = context;
    question->asked++;
    printf("run %d: ", run);
    (void)fflush(stdout);
    question->good = tell(run, "why", question->name) && question->good;
}

int running_why(const char *run, const char *name)
{
    struct question question = {.name = name, .good = true};
    if (run != nullptr) {
        pid_t one = run_of(run);
        return one != 0 && tell(one, "why", name) ? 0 : 1;
    }
    runs_each(why_one, &question);
    if (question.asked == 0) {
        (void)fprintf(stderr, "kozo: no program runs\n");
    }
    return question.asked > 0 && question.good ? 0 : 1;
}

int running_give(const char *run, const char *name, const char *how)
{
    char word[32];
    pid_t one = run_of(run);
    (void)snprintf(word, sizeof word, "grant %.16s", how);
    return one != 0 && tell(one, word, name) ? 0 : 1;
}
