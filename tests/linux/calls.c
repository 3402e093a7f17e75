// SPDX-License-Identifier: MIT
// What tests of single calls have in common.
#include "calls.h"

#include <grp.h>

volatile sig_atomic_t last_signal;

static char base[PATH_MAX];

static void note(int signal)
{
    last_signal = signal;
}

// The standard output stays, at a high number.
static void move_output(void)
{
    const int high = 1000;
    int output = fcntl(1, F_DUPFD_CLOEXEC, high);
    fflush(stdout);
    close_range(0, high - 1, 0);
    stdout = fdopen(output, "w");
}

void fresh(void)
{
    const char *place = getenv("TMPDIR");
    (void)snprintf(base, sizeof base, "%s/calls-XXXXXX", place != NULL ? place : "/tmp");
    if (mkdtemp(base) == NULL || chdir(base) != 0 || chmod(base, 0755) != 0 ||
        mkdir("tmp", 0777) != 0 || chmod("tmp", 01777) != 0) {
        printf("# no folder for the test: %s\n", strerror(errno));
        exit(1);
    }
    umask(022);
    move_output();
    const int noted[] = {SIGPIPE, SIGXFSZ, SIGWINCH, SIGINT, SIGQUIT, SIGTSTP, SIGHUP};
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++) {
        signal(noted[i], note);
    }
}

void fresh_with_devices(void)
{
    fresh();
}

const char *current(void)
{
    static char path[PATH_MAX];
    if (getcwd(path, sizeof path) == NULL) {
        return "";
    }
    size_t length = strlen(base);
    return strncmp(path, base, length) != 0 ? path : path[length] == '\0' ? "/" : path + length;
}

bool is_root(void)
{
    return geteuid() == 0;
}

void become(unsigned user)
{
    // The saved user stays root, so that there is a way back.
    (void)!seteuid(0);
    (void)!setgroups(0, NULL);
    (void)!setresgid(user, user, 0);
    (void)!setresuid(user, user, 0);
}

int own_process(void)
{
    return getpid();
}

int own_user(void)
{
    return (int)getuid();
}

void new_session(void)
{
    check(setsid() > 0, "setsid", __FILE__, __LINE__);
}

void set_limit(int which, rlim_t soft)
{
    struct rlimit limit;
    getrlimit(which, &limit);
    limit.rlim_cur = soft;
    setrlimit(which, &limit);
}

pid_t child_of(void (*run)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run();
        _exit(0);
    }
    return child;
}

int64_t write_text(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (file < 0) {
        return -errno;
    }
    ssize_t done = write(file, text, strlen(text));
    close(file);
    return done;
}

const char *read_text(const char *path)
{
    static char text[4096];
    text[0] = '\0';
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return text;
    }
    ssize_t done = read(file, text, sizeof text - 1);
    text[done < 0 ? 0 : done] = '\0';
    close(file);
    return text;
}
