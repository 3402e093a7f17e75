// SPDX-License-Identifier: MIT
// Processes: how they begin, end and are waited for, what they are called, and what they may.
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

extern char **environ;

// As who nothing else runs; nobody for those who may not become another one.
static bool become_other(void)
{
    uid_t other = 50000 + (uid_t)getpid() % 10000;
    return getuid() == 0 && setresuid(other, other, other) == 0;
}

static void *return_at_once(void *argument)
{
    return argument;
}

static int give(void *status)
{
    return (int)(long)status;
}

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

// --- fork, exit, wait

TEST("a child has its own number, and its parent's is what getppid gives")
{
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        _exit(getppid() == self && getpid() != self ? 0 : 1);
    }
    CHECK(child > 0 && child != self && end_of(child) == 0);
}

TEST("the status of a child is the low eight bits of what it exits with")
{
    CHECK(end_of(start(give, (void *)7)) == 7);
    CHECK(end_of(start(give, (void *)255)) == 255);
    CHECK(end_of(start(give, (void *)(256 + 3))) == 3);
}

TEST("a child that was waited for is gone: ECHILD")
{
    pid_t child = start(nothing, NULL);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(FAILS(waitpid(child, NULL, 0), ECHILD));
    CHECK(FAILS(wait(NULL), ECHILD));
}

static int sleep_and_give(void *status)
{
    pause_ms(50);
    return (int)(long)status;
}

TEST("WNOHANG gives 0 while no child has ended")
{
    pid_t child = start(sleep_and_give, (void *)3);
    CHECK(waitpid(child, NULL, WNOHANG) == 0);
    CHECK(end_of(child) == 3);
}

TEST("wait gives whichever child ends")
{
    bool seen[3] = {false};
    pid_t children[3];
    for (long i = 0; i < 3; i++) {
        children[i] = start(give, (void *)(i + 1));
    }
    for (int i = 0; i < 3; i++) {
        int status;
        pid_t ended = wait(&status);
        CHECK(WIFEXITED(status) && ended == children[WEXITSTATUS(status) - 1]);
        seen[WEXITSTATUS(status) - 1] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2]);
}

TEST("waitpid with options that there are not is EINVAL")
{
    CHECK(FAILS(waitpid(-1, NULL, 0x1000), EINVAL));
}

TEST("waitpid 0 waits for children of the own group only")
{
    pid_t other = fork();
    if (other == 0) {
        setpgid(0, 0);
        pause_ms(100);
        _exit(1);
    }
    setpgid(other, other);
    pid_t own = start(give, (void *)5);
    int status;
    CHECK(waitpid(0, &status, 0) == own && WEXITSTATUS(status) == 5);
    CHECK(waitpid(-other, &status, 0) == other && WEXITSTATUS(status) == 1);
}

TEST("waitid tells about a child, and with WNOWAIT leaves it")
{
    pid_t child = start(give, (void *)9);
    siginfo_t info = {0};
    CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    CHECK(info.si_pid == child && info.si_code == CLD_EXITED && info.si_status == 9);
    CHECK(info.si_signo == SIGCHLD);
    CHECK(end_of(child) == 9);
}

TEST("waitid without WEXITED, WSTOPPED or WCONTINUED is EINVAL")
{
    siginfo_t info;
    CHECK(FAILS(waitid(P_ALL, 0, &info, WNOHANG), EINVAL));
}

TEST("a child that a signal ends is told so")
{
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    CHECK(kill(child, SIGTERM) == 0);
    CHECK(end_of(child) == 1000 + SIGTERM);
}

TEST("a child that is stopped and goes on is told of with WUNTRACED and WCONTINUED")
{
    pid_t child = fork();
    if (child == 0) {
        while (true) {
            pause();
        }
    }
    int status;
    CHECK(kill(child, SIGSTOP) == 0);
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    CHECK(kill(child, SIGKILL) == 0 && end_of(child) == 1000 + SIGKILL);
}

TEST("an orphan's parent is another process, and it ends in peace")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        pid_t old = getpid();
        if (fork() == 0) {
            while (getppid() == old) {
                pause_ms(1);
            }
            (void)!write(ends[1], "x", 1);
            _exit(0);
        }
        _exit(0);
    }
    CHECK(end_of(middle) == 0);
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1);
}

TEST("a subreaper is the parent of orphans below it")
{
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            pause_ms(20);
            _exit(6);
        }
        _exit(0);
    }
    CHECK(end_of(middle) == 0);
    int status;
    CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 6);
}

TEST("children of a process that ignores SIGCHLD are not waited for")
{
    signal(SIGCHLD, SIG_IGN);
    pid_t child = start(nothing, NULL);
    CHECK(FAILS(waitpid(child, NULL, 0), ECHILD));
}

TEST("the times of children that were waited for are those of RUSAGE_CHILDREN")
{
    struct rusage usage;
    pid_t child = fork();
    if (child == 0) {
        struct timespec used = {0, 0};
        while (used.tv_nsec < 60000000) {
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        }
        _exit(0);
    }
    CHECK(end_of(child) == 0 && getrusage(RUSAGE_CHILDREN, &usage) == 0);
    long ms = usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
              usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
    CHECK(ms >= 20);
}

TEST("a hundred children at a time")
{
    pid_t children[100];
    for (long i = 0; i < 100; i++) {
        children[i] = start(give, (void *)i);
    }
    for (int i = 0; i < 100; i++) {
        CHECK(end_of(children[i]) == i);
    }
}

TEST("a thousand children one after the other")
{
    for (int i = 0; i < 1000; i++) {
        pid_t child = vfork();
        if (child == 0) {
            _exit(1);
        }
        CHECK(end_of(child) == 1);
    }
}

// --- vfork, clone, posix_spawn

TEST("a child of vfork shares memory, and its parent waits for it")
{
    volatile int value = 1;
    pid_t child = vfork();
    if (child == 0) {
        value = 2;
        _exit(0);
    }
    CHECK(value == 2 && end_of(child) == 0);
}

static char stack[65536] __attribute__((aligned(16)));

static int set_value(void *place)
{
    *(volatile int *)place = 5;
    return 11;
}

TEST("clone with CLONE_VM shares memory, and without a signal is waited for with __WCLONE")
{
    volatile int value = 0;
    int status;
    pid_t child = clone(set_value, stack + sizeof stack, CLONE_VM, (void *)&value);
    CHECK(child > 0);
    CHECK(waitpid(child, &status, __WCLONE) == child && WEXITSTATUS(status) == 11 && value == 5);
}

static int close_one(void *descriptor)
{
    close((int)(long)descriptor);
    return 0;
}

TEST("clone with CLONE_FILES shares descriptors, fork copies them")
{
    int file = memfd_create("x", 0);
    CHECK(end_of(start(close_one, (void *)(long)file)) == 0);
    CHECK(fcntl(file, F_GETFD) >= 0);
    pid_t child = clone(close_one, stack + sizeof stack, CLONE_FILES | SIGCHLD, (void *)(long)file);
    CHECK(end_of(child) == 0);
    CHECK(FAILS(fcntl(file, F_GETFD), EBADF));
}

TEST("clone with CLONE_THREAD but without CLONE_SIGHAND is EINVAL")
{
    CHECK(FAILS(clone(nothing, stack + sizeof stack, CLONE_THREAD | CLONE_VM, NULL), EINVAL));
}

TEST("clone with CLONE_SIGHAND but without CLONE_VM is EINVAL")
{
    CHECK(FAILS(clone(nothing, stack + sizeof stack, CLONE_SIGHAND | SIGCHLD, NULL), EINVAL));
}

TEST("CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID write where they were told")
{
    static volatile pid_t parent_number, child_number = 1;
    int flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
    pid_t child =
        clone(nothing, stack + sizeof stack, flags, NULL, &parent_number, NULL, &child_number);
    CHECK(child > 0 && end_of(child) == 0);
    CHECK(parent_number == child && child_number == 0);
}

TEST("posix_spawn runs a program with arguments, and tells when there is none")
{
    pid_t child;
    char *arguments[] = {"self", "--give", "23", NULL};
    CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
    CHECK(end_of(child) == 23);
    CHECK(posix_spawn(&child, "/tmp/nonexistent", NULL, NULL, arguments, environ) == ENOENT ||
          errno != 0);
}

// --- exec

// What this program does when it is run with two arguments.
__attribute__((constructor)) static void run_again(int count, char **arguments, char **variables)
{
    (void)variables;
    if (count >= 3 && strcmp(arguments[1], "--give") == 0) {
        _exit(atoi(arguments[2]));
    }
    if (count == 3 && strcmp(arguments[1], "--is-closed") == 0) {
        _exit(fcntl(atoi(arguments[2]), F_GETFD) < 0);
    }
    if (count == 3 && strcmp(arguments[1], "--ignores") == 0) {
        struct sigaction action;
        sigaction(atoi(arguments[2]), NULL, &action);
        _exit(action.sa_handler == SIG_IGN ? 1 : action.sa_handler == SIG_DFL ? 2 : 3);
    }
    if (count == 3 && strcmp(arguments[1], "--blocks") == 0) {
        sigset_t set;
        sigprocmask(SIG_BLOCK, NULL, &set);
        _exit(sigismember(&set, atoi(arguments[2])));
    }
    if (count == 3 && strcmp(arguments[1], "--variable") == 0) {
        _exit(getenv(arguments[2]) != NULL);
    }
}

static int exec_self(const char *option, const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "self", option, value, (char *)NULL);
        _exit(100);
    }
    return end_of(child);
}

TEST("exec runs another program in the same process")
{
    CHECK(exec_self("--give", "42") == 42);
}

TEST("exec of a file that is not there is ENOENT")
{
    CHECK(FAILS(execl("/tmp/nonexistent", "x", (char *)NULL), ENOENT));
}

TEST("exec of a folder, or of a file without the right, is EACCES")
{
    CHECK(FAILS(execl("/", "x", (char *)NULL), EACCES));
    char path[] = "/tmp/plain-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK(FAILS(execl(path, "x", (char *)NULL), EACCES));
    unlink(path);
}

static int script(const char *contents, const char *argument)
{
    char path[] = "/tmp/script-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, contents, strlen(contents)) == (ssize_t)strlen(contents));
    CHECK(fchmod(file, 0755) == 0 && close(file) == 0);
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, argument, (char *)NULL);
        _exit(errno == ENOEXEC ? 200 : errno == ENOENT ? 201 : errno == ELOOP ? 202 : 203);
    }
    int status = end_of(child);
    unlink(path);
    return status;
}

TEST("a file that is no program and has no #! is ENOEXEC")
{
    CHECK(script("hello", NULL) == 200);
}

TEST("a script whose interpreter is not there is ENOENT")
{
    CHECK(script("#!/tmp/nonexistent\n", NULL) == 201);
}

TEST("a script is given to its interpreter, with the argument of its line before its own name")
{
    // This program, as the interpreter, exits with the number that stands in the line.
    char self[512], line[600];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length] = 0;
    if (length > 100) {
        return;
    }
    snprintf(line, sizeof line, "#! %s --give\n", self);
    CHECK(script(line, "31") == 0); // the script's path is no number
}

TEST("exec closes descriptors with FD_CLOEXEC and keeps others")
{
    int kept = memfd_create("kept", 0);
    int closed = memfd_create("closed", MFD_CLOEXEC);
    char number[16];
    snprintf(number, sizeof number, "%d", kept);
    CHECK(exec_self("--is-closed", number) == 0);
    snprintf(number, sizeof number, "%d", closed);
    CHECK(exec_self("--is-closed", number) == 1);
}

static void handle(int number)
{
    (void)number;
}

TEST("exec keeps what is ignored, and forgets handlers")
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, handle);
    char number[16];
    snprintf(number, sizeof number, "%d", SIGUSR1);
    CHECK(exec_self("--ignores", number) == 1);
    snprintf(number, sizeof number, "%d", SIGUSR2);
    CHECK(exec_self("--ignores", number) == 2);
}

TEST("exec keeps the signal mask")
{
    sigset_t set;
    char number[16];
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    snprintf(number, sizeof number, "%d", SIGUSR1);
    CHECK(exec_self("--blocks", number) == 1);
}

TEST("exec passes the environment")
{
    setenv("KOZO_TEST_VARIABLE", "1", 1);
    CHECK(exec_self("--variable", "KOZO_TEST_VARIABLE") == 1);
    unsetenv("KOZO_TEST_VARIABLE");
    CHECK(exec_self("--variable", "KOZO_TEST_VARIABLE") == 0);
}

TEST("exec passes a long argument")
{
    char *argument = malloc(100001);
    memset(argument, '1', 100000);
    argument[0] = '3';
    argument[1] = ' ';
    argument[100000] = 0;
    CHECK(exec_self("--give", argument) == 3);
}

TEST("exec of too many bytes is E2BIG")
{
    char *argument = malloc(200001);
    memset(argument, 'x', 200000);
    argument[200000] = 0;
    CHECK(FAILS(execl("/proc/self/exe", "self", argument, (char *)NULL), E2BIG));
}

// --- Groups and sessions

TEST("a child is in the group and session of its parent")
{
    pid_t group = getpgrp(), session = getsid(0);
    pid_t child = fork();
    if (child == 0) {
        _exit(getpgrp() == group && getsid(0) == session ? 0 : 1);
    }
    CHECK(end_of(child) == 0);
}

TEST("setpgid makes a group of its own, and refuses one of nobody: EPERM")
{
    pid_t child = fork();
    if (child == 0) {
        bool refused = FAILS(setpgid(0, getpid() + 10000), EPERM);
        _exit(refused && setpgid(0, 0) == 0 && getpgrp() == getpid() ? 0 : 1);
    }
    CHECK(end_of(child) == 0);
}

TEST("setpgid of a process that is no child is ESRCH, with a negative group EINVAL")
{
    CHECK(FAILS(setpgid(getppid(), 0), ESRCH));
    CHECK(FAILS(setpgid(0, -1), EINVAL));
}

TEST("setsid makes a session, a second time it is EPERM")
{
    pid_t child = fork();
    if (child == 0) {
        bool made = setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid();
        _exit(made && FAILS(setsid(), EPERM) ? 0 : 1);
    }
    CHECK(end_of(child) == 0);
}

TEST("getpgid and getsid of a process that is not there are ESRCH")
{
    CHECK(FAILS(getpgid(99999), ESRCH));
    CHECK(FAILS(getsid(99999), ESRCH));
}

TEST("kill of a group reaches all of it")
{
    pid_t first = fork();
    if (first == 0) {
        setpgid(0, 0);
        if (fork() == 0) {
            pause();
        }
        pause();
    }
    setpgid(first, first);
    pause_ms(30);
    CHECK(kill(-first, SIGTERM) == 0);
    CHECK(end_of(first) == 1000 + SIGTERM);
}

// --- Names and limits

TEST("uname says Linux and x86_64")
{
    struct utsname name;
    CHECK(uname(&name) == 0);
    CHECK(strcmp(name.sysname, "Linux") == 0 && strcmp(name.machine, "x86_64") == 0);
}

TEST("prctl sets and gives the name of a thread, cut to 15 bytes")
{
    char name[16];
    CHECK(prctl(PR_SET_NAME, "a-name-that-is-too-long") == 0);
    CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "a-name-that-is-") == 0);
}

TEST("prctl with a number that there is not is EINVAL")
{
    CHECK(FAILS(prctl(123456, 0, 0, 0, 0), EINVAL));
}

TEST("PR_SET_PDEATHSIG tells a child that its parent ended")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            sigset_t set;
            int number = 0;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            (void)!write(ends[1], "r", 1);
            sigwait(&set, &number);
            (void)!write(ends[1], number == SIGUSR1 ? "y" : "n", 1);
            _exit(0);
        }
        char byte;
        (void)!read(ends[0], &byte, 1);
        _exit(0);
    }
    CHECK(end_of(middle) == 0);
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'y');
}

TEST("a limit can be lowered, and is inherited")
{
    struct rlimit limit = {100, 200};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit own;
        _exit(getrlimit(RLIMIT_NOFILE, &own) == 0 && own.rlim_cur == 100 && own.rlim_max == 200
                  ? 0
                  : 1);
    }
    CHECK(end_of(child) == 0);
}

TEST("beyond RLIMIT_NPROC a fork and a thread are EAGAIN, and succeed once the limit is higher")
{
    (void)become_other();
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_NPROC, &before) == 0);
    struct rlimit limit = {1, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    CHECK(FAILS(fork(), EAGAIN));
    CHECK(FAILS(vfork(), EAGAIN));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, return_at_once, NULL) == EAGAIN);
    CHECK(setrlimit(RLIMIT_NPROC, &before) == 0);
    CHECK(end_of(start(give, (void *)7)) == 7);
    CHECK(pthread_create(&thread, NULL, return_at_once, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

TEST("a child that has ended counts for RLIMIT_NPROC until it was waited for")
{
    bool alone = become_other(); // otherwise others of the user count, too
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = alone ? 2 : limit.rlim_cur;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    pid_t child = start(give, (void *)3);
    siginfo_t information;
    CHECK(waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT) == 0);
    if (alone) {
        CHECK(FAILS(fork(), EAGAIN));
    }
    CHECK(end_of(child) == 3);
    CHECK(end_of(start(give, (void *)4)) == 4);
}

TEST("who may do everything is not bound by RLIMIT_NPROC")
{
    struct rlimit limit = {1, 1};
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(5);
    }
    CHECK(getuid() == 0 ? end_of(child) == 5 : child == -1 && errno == EAGAIN);
}

TEST("a soft limit above the hard one is EINVAL, as is a limit that there is not")
{
    struct rlimit limit = {200, 100};
    CHECK(FAILS(setrlimit(RLIMIT_NOFILE, &limit), EINVAL));
    CHECK(FAILS(getrlimit(999, &limit), EINVAL));
}

TEST("RLIMIT_NOFILE limits descriptors: EMFILE")
{
    struct rlimit limit = {10, 10};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int last = 0;
    while (last >= 0 && last < 100) {
        last = dup(1);
    }
    CHECK(last == -1 && errno == EMFILE);
}

TEST("getpriority and setpriority keep a value")
{
    errno = 0;
    CHECK(getpriority(PRIO_PROCESS, 0) == 0 && errno == 0);
    CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, 0) == 5);
    CHECK(nice(100) == 19);
}

TEST("the scheduler of a process is SCHED_OTHER, with priority 0")
{
    struct sched_param parameter = {1};
    CHECK(sched_getscheduler(0) == SCHED_OTHER);
    CHECK(sched_getparam(0, &parameter) == 0 && parameter.sched_priority == 0);
    CHECK(sched_get_priority_max(SCHED_FIFO) == 99 && sched_get_priority_min(SCHED_FIFO) == 1);
    CHECK(FAILS(sched_get_priority_max(77), EINVAL));
}

TEST("sched_getaffinity names at least one processor")
{
    cpu_set_t set;
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 1);
    CHECK(FAILS(sched_getaffinity(0, 4, &set), EINVAL));
}

TEST("umask gives the old mask")
{
    umask(027);
    CHECK(umask(022) == 027);
}

TEST("the three user numbers are set and given together")
{
    uid_t real, effective, saved;
    CHECK(getresuid(&real, &effective, &saved) == 0);
    CHECK(real == getuid() && effective == geteuid());
    CHECK(setresuid(real, effective, saved) == 0);
}

TEST("root may become another user, and not come back")
{
    if (geteuid() != 0) {
        return;
    }
    CHECK(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
    CHECK(getuid() == 1000 && geteuid() == 1000);
    CHECK(FAILS(setuid(0), EPERM));
    CHECK(FAILS(setgid(0), EPERM));
    CHECK(FAILS(kill(getppid(), SIGUSR1), EPERM));
}

TEST("seteuid goes there and back")
{
    if (geteuid() != 0) {
        return;
    }
    CHECK(seteuid(1000) == 0 && geteuid() == 1000 && getuid() == 0);
    CHECK(seteuid(0) == 0 && geteuid() == 0);
}

TEST("a system call that there is not is ENOSYS")
{
    CHECK(FAILS(syscall(999), ENOSYS));
    CHECK(FAILS(syscall(-1), ENOSYS));
}
