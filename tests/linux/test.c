// SPDX-License-Identifier: MIT
#include "test.h"

struct test *tests, **tests_end = &tests;

void check(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        printf("# %s:%d: %s (errno %d)\n", file, line, text, errno);
        fflush(stdout);
        _exit(1);
    }
}

pid_t start(int (*function)(void *), void *argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(function(argument));
    }
    check(child > 0, "fork", __FILE__, __LINE__);
    return child;
}

int end_of(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

void pause_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

long now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool passes(const struct test *test)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        // A test that hangs is a test that fails.
        signal(SIGALRM, SIG_DFL);
        alarm(20);
        test->run();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        printf("# ended by signal %d\n", WTERMSIG(status));
    }
    return status == 0;
}

// With a number, that test only.
int main(int count, char **arguments)
{
    int number = 0, failed = 0;
    int only = count > 1 ? atoi(arguments[1]) : 0;
    for (struct test *test = tests; test != NULL; test = test->next) {
        number++;
        if (only != 0 && number != only) {
            continue;
        }
        bool good = passes(test);
        failed += !good;
        printf("%sok %d - %s\n", good ? "" : "not ", number, test->sentence);
        fflush(stdout);
    }
    printf("1..%d\n", number);
    return failed != 0;
}
