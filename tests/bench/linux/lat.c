// SPDX-License-Identifier: MIT
/*
 * lat: small lmbench-like latency suite for x86-64 Linux and whatever claims
 * to run its binaries.
 *
 *   cc      -O2 -static -o lat-glibc lat.c
 *   musl-gcc -O2 -static -o lat-musl  lat.c
 *
 *   lat [-l] [-r PASSES] [-s PERCENT] [-n ITERATIONS] [-d DIR] [NAME...]
 *
 * Each item runs a fixed number of iterations (its default times PERCENT, or
 * ITERATIONS outright), after an untimed tenth of that as warm-up. No NAME
 * means every item; a pass runs the chosen items once, in table order. Output
 * is one line per item, as soon as it is known:
 *
 *   NAME NS_PER_OP ITERATIONS TSC_PER_OP [MB_PER_S]
 *   NAME unsupported ERRNO
 *
 * and lines beginning with '#' for people. NAME is written before the item
 * starts, so that a hang or a crash names its culprit. No alarms, no timeouts:
 * every loop is bounded by its iteration count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KIB         1024L
#define MIB         (1024L * KIB)
#define PAGE        4096L
#define FILE_BYTES  (8 * MIB)
#define CHUNK       (64 * KIB)
#define FAULT_PAGES 1024L
#define NFDS        10

/* musl-tools ships no kernel headers */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

extern char **environ;

static const char *self;  /* what to exec for fork_exec and posix_spawn */
static char scratch[256]; /* a file in DIR */

/* ------------------------------------------------------------- timing --- */

struct run {
    long n;           /* operations to do */
    uint64_t ns, tsc; /* spent between begin() and end(), summed */
    uint64_t ns0, tsc0;
};

static uint64_t now_ns(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void begin(struct run *r)
{
    r->ns0 = now_ns();
    r->tsc0 = __builtin_ia32_rdtsc();
}

static void end(struct run *r)
{
    r->tsc += __builtin_ia32_rdtsc() - r->tsc0;
    r->ns += now_ns() - r->ns0;
}

/* -------------------------------------------------------------- items --- */
/* Each does r->n operations and returns 0, or the errno that stopped it.    */

static int fail(void)
{
    return errno ? errno : EIO;
}

/* Calibration: exactly two instructions per operation, no kernel in it. */
static int b_loop(struct run *r)
{
    long n = r->n;

    begin(r);
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
    end(r);
    return 0;
}

/* Clears a page the way kernels do when the processor claims ERMS; emulators
 * tend to count, and pay for, every byte of it. */
static int b_rep_stosb(struct run *r)
{
    static char page[PAGE];

    begin(r);
    for (long i = 0; i < r->n; i++) {
        void *p = page;
        long n = PAGE;

        __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(0) : "memory");
    }
    end(r);
    return 0;
}

static int b_null(struct run *r)
{
    begin(r);
    for (long i = 0; i < r->n; i++) {
        if (syscall(SYS_getppid) < 0) {
            return fail();
        }
    }
    end(r);
    return 0;
}

/* Through libc: the vDSO where there is one. */
static int b_clock(struct run *r)
{
    struct timespec t;

    begin(r);
    for (long i = 0; i < r->n; i++) {
        if (clock_gettime(CLOCK_MONOTONIC, &t)) {
            return fail();
        }
    }
    end(r);
    return 0;
}

static int b_clock_sys(struct run *r)
{
    struct timespec t;

    begin(r);
    for (long i = 0; i < r->n; i++) {
        if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t)) {
            return fail();
        }
    }
    end(r);
    return 0;
}

static int b_read_zero(struct run *r)
{
    int err = 0, fd = open("/dev/zero", O_RDONLY);
    char c;

    if (fd < 0) {
        return fail();
    }
    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        if (read(fd, &c, 1) != 1) {
            err = fail();
        }
    }
    end(r);
    close(fd);
    return err;
}

static int b_write_null(struct run *r)
{
    int err = 0, fd = open("/dev/null", O_WRONLY);
    char c = 0;

    if (fd < 0) {
        return fail();
    }
    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        if (write(fd, &c, 1) != 1) {
            err = fail();
        }
    }
    end(r);
    close(fd);
    return err;
}

static int make_scratch(void)
{
    int fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0) {
        return fail();
    }
    close(fd);
    return 0;
}

static int b_open_close(struct run *r)
{
    int err = make_scratch();

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        int fd = open(scratch, O_RDONLY);

        if (fd < 0 || close(fd)) {
            err = fail();
        }
    }
    end(r);
    unlink(scratch);
    return err;
}

static int b_stat(struct run *r)
{
    int err = make_scratch();
    struct stat st;

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        if (stat(scratch, &st)) {
            err = fail();
        }
    }
    end(r);
    unlink(scratch);
    return err;
}

static int reap(pid_t pid)
{
    int st;

    if (waitpid(pid, &st, 0) != pid) {
        return fail();
    }
    if (WIFEXITED(st)) {
        return WEXITSTATUS(st); /* children exit with an errno */
    }
    return EINTR;
}

/* One byte there and back between two processes; one operation is a round
 * trip. mine[0], mine[1] are this side's ends, theirs[] the child's. */
static int ping_pong(struct run *r, const int mine[2], const int theirs[2])
{
    int err = 0;
    char c = 0;
    pid_t pid = fork();

    if (pid == 0) {
        close(mine[0]);
        if (mine[1] != mine[0]) {
            close(mine[1]);
        }
        while (read(theirs[0], &c, 1) == 1 && write(theirs[1], &c, 1) == 1)
            ;
        _exit(0);
    }
    if (pid < 0) {
        err = fail();
    }
    close(theirs[0]);
    if (theirs[1] != theirs[0]) {
        close(theirs[1]);
    }
    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        if (write(mine[1], &c, 1) != 1 || read(mine[0], &c, 1) != 1) {
            err = fail();
        }
    }
    end(r);
    close(mine[0]);
    if (mine[1] != mine[0]) {
        close(mine[1]);
    }
    if (pid > 0) {
        reap(pid);
    }
    return err;
}

static int b_pipe(struct run *r)
{
    int to[2], from[2];

    if (pipe(to)) {
        return fail();
    }
    if (pipe(from)) {
        int err = fail();

        close(to[0]);
        close(to[1]);
        return err;
    }
    return ping_pong(r, (int[]){from[0], to[1]}, (int[]){to[0], from[1]});
}

static int b_unix(struct run *r)
{
    int s[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s)) {
        return fail();
    }
    return ping_pong(r, (int[]){s[0], s[0]}, (int[]){s[1], s[1]});
}

static struct {
    int turn, err;
    long n;
} fx;

static void futex_give(int to)
{
    __atomic_store_n(&fx.turn, to, __ATOMIC_SEQ_CST);
    if (syscall(SYS_futex, &fx.turn, FUTEX_WAKE_PRIVATE, 1, NULL) < 0) {
        __atomic_store_n(&fx.err, fail(), __ATOMIC_SEQ_CST);
    }
}

static int futex_await(int me)
{
    int now;

    while ((now = __atomic_load_n(&fx.turn, __ATOMIC_SEQ_CST)) != me) {
        if (__atomic_load_n(&fx.err, __ATOMIC_SEQ_CST)) {
            return 0;
        }
        if (syscall(SYS_futex, &fx.turn, FUTEX_WAIT_PRIVATE, now, NULL) < 0 && errno != EAGAIN &&
            errno != EINTR) {
            __atomic_store_n(&fx.err, fail(), __ATOMIC_SEQ_CST);
        }
    }
    return 1;
}

static void *futex_peer(void *arg)
{
    (void)arg;
    for (long i = 0; i < fx.n && futex_await(1); i++) {
        futex_give(0);
    }
    return NULL;
}

/* Between two threads; one operation is a round trip: two wakes, two waits. */
static int b_futex(struct run *r)
{
    pthread_t t;
    int err;

    fx.turn = fx.err = 0;
    fx.n = r->n;
    if (syscall(SYS_futex, &fx.turn, FUTEX_WAKE_PRIVATE, 1, NULL) < 0) {
        return fail();
    }
    if ((err = pthread_create(&t, NULL, futex_peer, NULL))) {
        return err;
    }
    begin(r);
    for (long i = 0; i < r->n; i++) {
        futex_give(1);
        if (!futex_await(0)) {
            break;
        }
    }
    end(r);
    pthread_join(t, NULL);
    return fx.err;
}

static int b_fork(struct run *r)
{
    int err = 0;

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            _exit(0);
        }
        err = pid < 0 ? fail() : reap(pid);
    }
    end(r);
    return err;
}

static char *exit_argv[] = {"lat", "--exit", NULL};

static int b_fork_exec(struct run *r)
{
    int err = 0;

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            execve(self, exit_argv, environ);
            _exit(fail());
        }
        err = pid < 0 ? fail() : reap(pid);
    }
    end(r);
    return err;
}

static int b_spawn(struct run *r)
{
    int err = 0;

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        pid_t pid;

        err = posix_spawn(&pid, self, NULL, NULL, exit_argv, environ);
        if (!err) {
            err = reap(pid);
        }
    }
    end(r);
    return err;
}

static void *map(long bytes)
{
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }
    madvise(p, (size_t)bytes, MADV_NOHUGEPAGE); /* if that means anything */
    return p;
}

static void touch(volatile char *p, long bytes)
{
    for (long i = 0; i < bytes; i += PAGE) {
        p[i] = 1;
    }
}

/* mmap, write one byte in each of 256 pages, munmap (no madvise: too small
 * for a huge page). */
static int b_mmap(struct run *r)
{
    begin(r);
    for (long i = 0; i < r->n; i++) {
        void *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            return fail();
        }
        touch(p, MIB);
        if (munmap(p, MIB)) {
            return fail();
        }
    }
    end(r);
    return 0;
}

/* First write to an anonymous page; mapping and unmapping are not timed. */
static int b_fault(struct run *r)
{
    for (long left = r->n; left > 0; left -= FAULT_PAGES) {
        long bytes = (left < FAULT_PAGES ? left : FAULT_PAGES) * PAGE;
        char *p = map(bytes);

        if (!p) {
            return fail();
        }
        begin(r);
        touch(p, bytes);
        end(r);
        munmap(p, (size_t)bytes);
    }
    return 0;
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

static int b_sig_install(struct run *r)
{
    struct sigaction sa = {.sa_handler = on_signal};

    begin(r);
    for (long i = 0; i < r->n; i++) {
        if (sigaction(SIGUSR1, &sa, NULL)) {
            return fail();
        }
    }
    end(r);
    return 0;
}

/* kill() to oneself, through the handler and back. */
static int b_sig_catch(struct run *r)
{
    struct sigaction sa = {.sa_handler = on_signal};
    long me = syscall(SYS_getpid);

    if (sigaction(SIGUSR1, &sa, NULL)) {
        return fail();
    }
    caught = 0;
    begin(r);
    for (long i = 0; i < r->n; i++) {
        if (syscall(SYS_kill, me, SIGUSR1)) {
            return fail();
        }
    }
    end(r);
    return caught == r->n ? 0 : EIO;
}

static void *nothing(void *arg)
{
    return arg;
}

static int b_pthread(struct run *r)
{
    int err = 0;

    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        pthread_t t;

        if (!(err = pthread_create(&t, NULL, nothing, NULL))) {
            err = pthread_join(t, NULL);
        }
    }
    end(r);
    return err;
}

/* libc's memcpy of 1 MiB: mostly a measure of the (emulated) processor. */
static int b_memcpy(struct run *r)
{
    char *p = map(2 * MIB);

    if (!p) {
        return fail();
    }
    memset(p, 1, 2 * MIB);
    begin(r);
    for (long i = 0; i < r->n; i++) {
        memcpy(p, p + MIB, MIB);
        __asm__ volatile("" : : "r"(p) : "memory");
    }
    end(r);
    munmap(p, 2 * MIB);
    return 0;
}

/* 8 MiB in 64 KiB calls. Writes go to an empty file each time; its opening
 * and truncation are not timed, nor is there any fsync. */
static int move_file(struct run *r, int writing)
{
    int err = 0, fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *buf = map(CHUNK);

    if (fd < 0 || !buf) {
        err = fail();
        goto out;
    }
    memset(buf, 1, CHUNK);
    for (long k = 0; k < FILE_BYTES && !err && !writing; k += CHUNK) {
        if (write(fd, buf, CHUNK) != CHUNK) {
            err = fail();
        }
    }
    for (long i = 0; i < r->n && !err; i++) {
        if (lseek(fd, 0, SEEK_SET) || (writing && ftruncate(fd, 0))) {
            err = fail();
            break;
        }
        begin(r);
        for (long k = 0; k < FILE_BYTES && !err; k += CHUNK) {
            if ((writing ? write(fd, buf, CHUNK) : read(fd, buf, CHUNK)) != CHUNK) {
                err = fail();
            }
        }
        end(r);
    }
out:
    if (buf) {
        munmap(buf, CHUNK);
    }
    if (fd >= 0) {
        close(fd);
    }
    unlink(scratch);
    return err;
}

static int b_file_write(struct run *r)
{
    return move_file(r, 1);
}

static int b_file_read(struct run *r)
{
    return move_file(r, 0);
}

/* NFDS pipes; the last has a byte to read. */
static int open_pipes(int p[NFDS][2])
{
    for (int i = 0; i < NFDS; i++) {
        if (pipe(p[i])) {
            int err = fail();

            while (i-- > 0) {
                close(p[i][0]);
                close(p[i][1]);
            }
            return err;
        }
    }
    return write(p[NFDS - 1][1], "", 1) == 1 ? 0 : fail();
}

static void close_pipes(int p[NFDS][2])
{
    for (int i = 0; i < NFDS; i++) {
        close(p[i][0]);
        close(p[i][1]);
    }
}

static int b_select(struct run *r)
{
    int p[NFDS][2], top = 0, err = open_pipes(p);
    fd_set all, now;

    if (err) {
        return err;
    }
    FD_ZERO(&all);
    for (int i = 0; i < NFDS; i++) {
        FD_SET(p[i][0], &all);
        if (p[i][0] > top) {
            top = p[i][0];
        }
    }
    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        struct timeval zero = {0, 0};

        now = all;
        if (select(top + 1, &now, NULL, NULL, &zero) != 1) {
            err = fail();
        }
    }
    end(r);
    close_pipes(p);
    return err;
}

static int b_epoll(struct run *r)
{
    int p[NFDS][2], ep, err = open_pipes(p);
    struct epoll_event ev[NFDS];

    if (err) {
        return err;
    }
    ep = epoll_create1(0);
    if (ep < 0) {
        err = fail();
    }
    for (int i = 0; i < NFDS && !err; i++) {
        ev[0] = (struct epoll_event){.events = EPOLLIN, .data.fd = p[i][0]};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, p[i][0], &ev[0])) {
            err = fail();
        }
    }
    begin(r);
    for (long i = 0; i < r->n && !err; i++) {
        if (epoll_wait(ep, ev, NFDS, 0) != 1) {
            err = fail();
        }
    }
    end(r);
    if (ep >= 0) {
        close(ep);
    }
    close_pipes(p);
    return err;
}

static const struct item {
    const char *name;
    int (*fn)(struct run *);
    long n;     /* iterations at 100% */
    long bytes; /* moved per operation, where that is the point */
} items[] = {
    {"loop", b_loop, 20000000, 0},
    {"rep_stosb_4k", b_rep_stosb, 10000, 0},
    {"null", b_null, 100000, 0},
    {"clock_gettime", b_clock, 100000, 0},
    {"clock_gettime_sys", b_clock_sys, 50000, 0},
    {"read_zero", b_read_zero, 50000, 0},
    {"write_null", b_write_null, 50000, 0},
    {"open_close", b_open_close, 20000, 0},
    {"stat", b_stat, 20000, 0},
    {"pipe_pp", b_pipe, 10000, 0},
    {"unix_pp", b_unix, 10000, 0},
    {"futex_pp", b_futex, 10000, 0},
    {"fork_exit", b_fork, 400, 0},
    {"fork_exec", b_fork_exec, 200, 0},
    {"posix_spawn", b_spawn, 200, 0},
    {"mmap_1m", b_mmap, 200, 0},
    {"page_fault", b_fault, 20 * FAULT_PAGES, 0},
    {"sig_install", b_sig_install, 50000, 0},
    {"sig_catch", b_sig_catch, 20000, 0},
    {"pthread", b_pthread, 1000, 0},
    {"memcpy_1m", b_memcpy, 200, MIB},
    {"file_write_8m", b_file_write, 10, FILE_BYTES},
    {"file_read_8m", b_file_read, 10, FILE_BYTES},
    {"select_10", b_select, 20000, 0},
    {"epoll_10", b_epoll, 20000, 0},
};
#define NITEMS (sizeof items / sizeof *items)

/* --------------------------------------------------------------- main --- */

/* Straight out and drained, so that a slow console is not still busy while
 * the next item is being timed. */
static void emit(const char *s)
{
    size_t n = strlen(s);
    ssize_t k;

    for (; n && (k = write(1, s, n)) > 0; s += k, n -= (size_t)k)
        ;
    tcdrain(1);
}

static uint64_t hundredths(uint64_t total, long n)
{
    return (total * 100 + (uint64_t)n / 2) / (uint64_t)n;
}

static void run_item(const struct item *it, long n)
{
    struct run warm = {.n = n / 10 + 1}, r = {.n = n};
    char line[128];
    int err;

    snprintf(line, sizeof line, "%-18s", it->name);
    emit(line);
    err = it->fn(&warm);
    if (!err) {
        err = it->fn(&r);
    }
    if (err) {
        snprintf(line, sizeof line, "unsupported %d\n", err);
    } else {
        uint64_t ns = hundredths(r.ns, n), tsc = hundredths(r.tsc, n);
        int k = snprintf(line, sizeof line, " %11llu.%02llu %9ld %12llu.%02llu",
                         (unsigned long long)ns / 100, (unsigned long long)ns % 100, n,
                         (unsigned long long)tsc / 100, (unsigned long long)tsc % 100);

        if (it->bytes && r.ns) {
            k += snprintf(line + k, sizeof line - (size_t)k, " %9llu",
                          (unsigned long long)it->bytes * (uint64_t)n * 1000 / r.ns);
        }
        snprintf(line + k, sizeof line - (size_t)k, "\n");
    }
    emit(line);
}

static const struct item *find(const char *name)
{
    for (size_t i = 0; i < NITEMS; i++) {
        if (!strcmp(items[i].name, name)) {
            return &items[i];
        }
    }
    return NULL;
}

static int chosen(const struct item *it, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (!strcmp(it->name, names[i])) {
            return 1;
        }
    }
    return count == 0;
}

int main(int argc, char **argv)
{
    long passes = 1, percent = 100, fixed = 0;
    const char *dir = "/tmp";
    struct utsname u = {0};
    char line[512];
    int opt;

    if (argc == 2 && !strcmp(argv[1], "--exit")) {
        _exit(0);
    }

    while ((opt = getopt(argc, argv, "lr:s:n:d:")) != -1) {
        switch (opt) {
        case 'l':
            for (size_t i = 0; i < NITEMS; i++) {
                printf("%s %ld\n", items[i].name, items[i].n);
            }
            return 0;
        case 'r':
            passes = atol(optarg);
            break;
        case 's':
            percent = atol(optarg);
            break;
        case 'n':
            fixed = atol(optarg);
            break;
        case 'd':
            dir = optarg;
            break;
        default:
            fprintf(stderr, "usage: lat [-l] [-r PASSES] [-s PERCENT] "
                            "[-n ITERATIONS] [-d DIR] [NAME...]\n");
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!find(argv[i])) {
            fprintf(stderr, "lat: no item called %s (lat -l)\n", argv[i]);
            return 2;
        }
    }

    self = strchr(argv[0], '/') ? argv[0] : "/proc/self/exe";
    snprintf(scratch, sizeof scratch, "%s/lat.%ld", dir, (long)getpid());
    signal(SIGPIPE, SIG_IGN);
    uname(&u);
    snprintf(line, sizeof line,
             "# lat start_tsc=%llu %s %s %s\n"
             "# name ns_per_op iterations tsc_per_op [MB_per_s]\n",
             (unsigned long long)__builtin_ia32_rdtsc(), u.sysname, u.release, u.version);
    emit(line);

    for (long p = 0; p < passes; p++) {
        for (size_t i = 0; i < NITEMS; i++) {
            const struct item *it = &items[i];
            long n = fixed > 0 ? fixed : it->n * percent / 100;

            if (chosen(it, argv + optind, argc - optind)) {
                run_item(it, n > 0 ? n : 1);
            }
        }
    }
    emit("# lat done\n");
    return 0;
}
